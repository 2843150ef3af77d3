"""Turn tables that may differ in detail into features by one codec."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganaug.exceptions import GanaugWarning
from ganaug.metrics._columns import Column, as_table
from ganaug.table_data import TableCodec


def encode_tables(
    tables: Mapping[str, Any], columns: Sequence[Sequence[Column]], discrete_columns: Sequence[Any] | None
) -> list[np.ndarray]:
    """Return each table's rows as features: standardised numbers, one-hot categories, marks of missing values.

    Parameters
    ----------
    tables : mapping of the argument's name to a DataFrame or 2-D array-like
        The codec learns from the first, and from those rows of the others that have what it lacks: a new
        category, another number in a constant column, or a missing value in a complete one.
    columns : sequence of sequences of Column
        The tables as `read_columns` returned them.
    discrete_columns : sequence of column names or positions, optional

    Returns
    -------
    list of ndarray of shape (N, D), float32
    """
    train, *others = columns
    n_rows = [len(side[0].values) for side in columns]
    learned = np.concatenate([np.ones(n_rows[0], bool), *(_has_novelty(train, other) for other in others)])
    rows = _stack([as_table(name, table) for name, table in tables.items()])
    seen = rows[learned] if isinstance(rows, np.ndarray) else rows.loc[learned]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanaugWarning)  # Folded categories concern sampling; nothing is sampled here.
        codec = TableCodec.fit(seen, discrete_columns=discrete_columns)
    return np.split(codec.features(rows), np.cumsum(n_rows)[:-1])


def _has_novelty(train: Sequence[Column], other: Sequence[Column]) -> np.ndarray:
    novel = np.zeros(len(other[0].values), bool)
    for known, given in zip(train, other, strict=True):
        seen = np.unique(known.values[known.is_present])
        if given.is_category or len(seen) <= 1:
            novel |= given.is_present & ~np.isin(given.values, seen)
        if known.is_present.all():
            novel |= ~given.is_present
    return novel


def _stack(tables: Sequence[Any]) -> Any:
    """Put tables below each other, so that the codec meets one dtype in each column."""
    if isinstance(tables[0], np.ndarray):
        return np.concatenate(tables)
    import pandas as pd

    return pd.concat([table[tables[0].columns] for table in tables], ignore_index=True)
