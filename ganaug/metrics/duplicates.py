"""Rows that a synthetic table repeats from the training table, value for value."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganaug.metrics._columns import Column, read_columns


def duplicate_share(train: Any, other: Any, *, discrete_columns: Sequence[Any] | None = None) -> float:
    """Return the share of rows of `other` that are also rows of `train`, equal in every column.

    Compare a synthetic table's share with that of held-out real rows: tables of few categories repeat
    themselves without any copying.

    Parameters
    ----------
    train, other : DataFrame or array-like of shape (N, D) and (M, D)
        Mixed types; missing values equal each other.
    discrete_columns : sequence of column names or positions, optional
        Numbers to compare as categories.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If columns differ or repeat, a table is empty, or a number is infinite or cannot be read as one.

    Examples
    --------
    >>> duplicate_share([[1, "a"], [2, "b"]], [[2, "b"], [2, "a"]])
    0.5
    """
    return duplicate_share_of(*read_columns({"train": train, "other": other}, discrete_columns))


def duplicate_share_of(train: Sequence[Column], other: Sequence[Column]) -> float:
    """Compare the rows of columns that were read together; see `duplicate_share`."""
    n_train = len(train[0].values)
    rows = np.zeros(n_train + len(other[0].values), np.int64)
    for a, b in zip(train, other, strict=True):
        # Number the distinct rows so far: pairs of a row's number and the next column's, again numbered.
        both = [side.values if side.codes is None else side.codes for side in (a, b)]
        values = np.unique(np.concatenate(both), return_inverse=True)[1]
        rows = np.unique(rows * (values.max() + 1) + values, return_inverse=True)[1]
    return float(np.isin(rows[n_train:], rows[:n_train]).mean())
