"""Take the labels out of tables, in whichever form they are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from ganaug._features import list_labels
from ganaug._typing import Label
from ganaug._validation import is_missing
from ganaug.metrics.tstr import check_known_labels


@dataclass(frozen=True)
class LabelledTable:
    """Rows, their labels as plain Python objects or None, and the name of the label column."""

    X: Any
    y: list[Label] | None
    target: Any


def split_tables(tables: Mapping[str, Any], target: Any) -> dict[str, LabelledTable]:
    """Part each table, given by its argument's name, into rows and labels.

    Parameters
    ----------
    tables : mapping of argument name to tuple (X, y), DataFrame or array-like of shape (N, D)
        The first is the training table.
    target : column name or position, or None
        Only for tables that are no tuples.

    Raises
    ------
    ValueError
        If labels are missing, continuous, not as many as rows or unknown to the first table, or `target` is no
        column.
    TypeError
        If some tables are tuples and others not, or `target` is given for tuples.
    """
    paired = [name for name, table in tables.items() if isinstance(table, tuple)]
    alone = [name for name in tables if name not in paired]
    if paired and alone:
        raise TypeError(f"{paired} came with labels and {alone} without; pass (X, y) for all or none of them.")
    if paired and target is not None:
        raise TypeError(f"Labels came twice, as (X, y) and as target={target!r}; drop one.")
    target = _find_target(next(iter(tables.values())), target)
    split = {name: _split(name, table, target) for name, table in tables.items()}
    (first, train), *others = split.items()
    for name, table in others:
        if train.y is not None and table.y is not None:
            check_known_labels(f"The labels of {name}", dict.fromkeys(table.y), first, dict.fromkeys(train.y))
    return split


def _split(name: str, table: Any, target: Any) -> LabelledTable:
    if isinstance(table, tuple):
        if len(table) != 2:
            raise ValueError(f"{name} must be (X, y) or a table, got a tuple of {len(table)}.")
        X, y = table
        label_column = getattr(y, "name", None)
        return LabelledTable(X, _labels(name, X, y), "target" if label_column is None else label_column)
    if target is None:
        return LabelledTable(table, None, None)
    if hasattr(table, "iloc"):
        if target not in table.columns:
            raise ValueError(
                f"target={target!r} is no column of {name}; choose from {list(table.columns)}, or give a position."
            )
        X, y = table.drop(columns=[target]), table[target]
    else:
        table = table if hasattr(table, "dtype") else np.array(table, dtype=object)
        if table.ndim != 2 or not _is_position(target, table):
            raise ValueError(
                f"target={target!r} is no column of {name}, an array of shape {table.shape}; pass a position."
            )
        X, y = np.delete(table, target, axis=1), table[:, target]
    return LabelledTable(X, _labels(name, X, y), target)


def _find_target(table: Any, target: Any) -> Any:
    """Return the name of a frame's column that was given by its position; anything else as it is."""
    if isinstance(table, tuple) or not hasattr(table, "iloc") or table.ndim != 2:
        return target
    has_numbers = any(isinstance(name, Integral) for name in table.columns)
    return target if has_numbers or not _is_position(target, table) else table.columns[target]


def _is_position(target: Any, table: Any) -> bool:
    is_integer = isinstance(target, Integral) and not isinstance(target, bool)
    return is_integer and -table.shape[1] <= target < table.shape[1]


def _labels(name: str, X: Any, y: Any) -> list[Label]:
    labels = list_labels(y)
    if len(labels) != len(X):
        raise ValueError(f"{name} has {len(X)} rows and {len(labels)} labels; pass exactly one label for each row.")
    if any(is_missing(label) for label in labels):
        raise ValueError(f"{name} has rows without a label; drop them.")
    fraction = next((label for label in labels if isinstance(label, float) and not label.is_integer()), None)
    if fraction is not None:
        raise ValueError(f"{name} has the continuous label {fraction!r}; pass classes, or no labels at all.")
    return labels
