"""Turn tables that may differ in detail into features by one codec."""

import warnings
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from ganaug._validation import is_missing
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
    rows = _stack([as_table(name, table) for name, table in tables.items()], columns)
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


def _stack(tables: Sequence[Any], columns: Sequence[Sequence[Column]]) -> Any:
    """Put tables below each other, so that the codec meets values of one kind in each column."""
    is_array = isinstance(tables[0], np.ndarray)
    unlike = {
        place: np.concatenate([_plain(side) for side in sides])
        for place, sides in enumerate(zip(*columns, strict=True))
        if len(set().union(*(_kinds(table[:, place] if is_array else table[sides[0].name]) for table in tables))) > 1
    }
    if is_array:
        stacked = np.concatenate([table.astype(object) for table in tables] if unlike else tables)
        for place, values in unlike.items():
            stacked[:, place] = values
        return stacked
    import pandas as pd

    stacked = pd.concat([table[tables[0].columns] for table in tables], ignore_index=True)
    for place, values in unlike.items():
        stacked[stacked.columns[place]] = values
    return stacked


def _kinds(values: Any) -> set[str]:
    """Return what a column holds: numbers, text, or by the name of their dtype or type anything else."""
    dtype = getattr(values.dtype, "categories", values).dtype
    if dtype.kind != "O":
        return {_KINDS.get(dtype.kind, dtype.kind)}
    present = dict.fromkeys(type(value) for value in values if not is_missing(value))
    return {
        "number" if issubclass(kind, Real) and kind is not bool else "text" if issubclass(kind, str) else kind.__name__
        for kind in present
    }


_KINDS = {"f": "number", "i": "number", "u": "number", "b": "bool", "U": "text", "T": "text"}


def _plain(column: Column) -> np.ndarray:
    """Return numbers, or categories by their codes, as text or None."""
    if not column.is_category:
        return column.values
    return np.array([None if code < 0 else str(code) for code in column.values.tolist()], dtype=object)
