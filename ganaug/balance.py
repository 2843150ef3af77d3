"""Balance the classes of a table in a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ganaug.table_files import (
    Table,
    append_column,
    check_columns,
    check_emptied,
    check_mark,
    check_table_output,
    read_table,
    spell_times,
    write_appended,
)

_MAX_VALUES = 20
_MIN_ROWS_PER_CLASS = 5


@dataclass(frozen=True)
class Balance:
    """What `balance_file` did; ``print`` it for one line.

    Attributes
    ----------
    path : Path
        What was written.
    before, after : dict
        Rows of each class.
    sources : dict
        Synthetic rows from each source.
    """

    path: Path
    before: dict[Any, int]
    after: dict[Any, int]
    sources: dict[str, int]

    def __str__(self) -> str:
        shown = [f"{label}: {n} -> {self.after[label]}" for label, n in list(self.before.items())[:20]]
        more = [f"{len(self.before) - 20} more classes"] if len(self.before) > 20 else []
        origin = ", ".join(f"{n} {source}" for source, n in self.sources.items()) or "nothing to add"
        return f"{', '.join(shown + more)} rows ({origin}); wrote {self.path}."


def balance_file(
    path: str | PathLike,
    target: str,
    out: str | PathLike,
    sampler: Any,
    *,
    id_columns: Sequence[str] = (),
    separator: str | None = None,
    mark: bool = False,
    overwrite: bool = False,
) -> Balance:
    """Write a table with synthetic rows of its rare classes below the original ones.

    Parameters
    ----------
    path, out : path-like
        Ending in .csv, .tsv or .parquet; see `ganaug.table_files` for how they are read and written.
    target : str
        The column of classes.
    sampler : GANOverSampler
    id_columns : sequence of str
        Columns that identify rows: not learned, and empty in synthetic rows.
    separator : str, optional
        Of CSV files.
    mark : bool, default False
        Add a boolean column ``synthetic``.
    overwrite : bool, default False
        Whether a file at `out` is replaced.

    Returns
    -------
    Balance

    Raises
    ------
    ValueError, TypeError, OSError, ImportError
        If files, columns or the sampler's parameters are not what they should be; found out before training, and
        nothing is written.
    """
    out = check_table_output(out, source=path, overwrite=overwrite)
    table = read_table(path, separator=separator, spelled_columns=[target])
    check_mark(table, mark)
    X, y = split_target(table, target, id_columns)
    check_emptied([*id_columns, *table.index_columns], table, out)
    labels, first, counts = np.unique(y, return_index=True, return_counts=True)
    if len(labels) == 1:
        raise ValueError(f"Column {target!r} of {path} has one class only, {labels[0]}; balancing takes two or more.")
    X_all, y_all = sampler.fit_resample(X, y)
    new = X_all.iloc[len(y) :]
    classes = np.searchsorted(labels, y_all)
    # The target's cells are copied from rows that have them: same type, and same spelling.
    cells = table.frame[target] if out.suffix.lower() == ".parquet" else table.spelled.get(target, table.frame[target])
    new = append_column(new, target, cells.iloc[first[classes[len(y) :]]])
    write_appended(table, new, out, mark=mark, overwrite=overwrite)
    after = np.bincount(classes, minlength=len(labels))
    sources = np.unique(sampler.source_[len(y) :], return_counts=True)
    return Balance(out, *(_as_dict(labels, n) for n in (counts, after)), _as_dict(*sources))


def _as_dict(names: np.ndarray, numbers: np.ndarray) -> dict[Any, int]:
    return dict(zip(names.tolist(), numbers.tolist(), strict=True))


def split_target(table: Table, target: str, id_columns: Sequence[str] = ()) -> tuple[Any, np.ndarray]:
    """Return a table's columns without the target and identifiers, and its classes.

    Returns
    -------
    X : DataFrame of shape (N, D)
    y : ndarray of shape (N,), int, bool, float or str
        Whatever is of another kind, and numbers such as 0.5, are given by their names: as they are spelled where they
        are first met, if the table keeps that.

    Raises
    ------
    ValueError
        If a column does not exist, or the target has missing values or too many distinct ones to be classes.
    """
    check_columns([target, *id_columns], table.frame, table.path)
    if target in id_columns:
        raise ValueError(f"{target!r} is given both as the target and among id_columns; name other identifiers.")
    X = table.frame.drop(columns={target, *id_columns, *table.index_columns})
    if not X.shape[1]:
        raise ValueError(f"{table.path} has no columns besides {target!r} and identifiers; there is nothing to learn.")
    column, names = table.frame[target], table.spelled.get(target)
    if names is None and target in table.dates:
        names = spell_times(column, table.dates[target])
    return X, _read_classes(column, names, f"Column {target!r} of {table.path}")


def _read_classes(column: Any, names: Any, name: str) -> np.ndarray:
    missing = np.flatnonzero(column.isna())
    if len(missing):
        raise ValueError(
            f"{name} has no value in {len(missing)} of {len(column)} rows, the first in row {missing[0] + 1}, "
            f"counted from 1; fill them in, or remove these rows."
        )
    if hasattr(column, "cat"):
        column = column.astype(column.cat.categories.dtype)
    n_values, is_float = column.nunique(), column.dtype.kind == "f"
    is_fractional = is_float and bool((column % 1 != 0).any())
    if n_values > _MAX_VALUES and (is_fractional or n_values * _MIN_ROWS_PER_CLASS > len(column)):
        kind = "is continuous" if is_float else "does not look like classes"
        raise ValueError(
            f"{name} {kind}: {n_values} distinct values in {len(column)} rows; pass a column of classes, for example "
            f"the number put into bins."
        )
    if column.dtype.kind in "biu" or (is_float and not is_fractional):
        return column.to_numpy()
    codes, values = column.factorize()
    if is_float:
        values = values.to_numpy()  # whose numbers go by the digits that their width has
    if names is not None and column.dtype.kind in "fM":
        _, first = np.unique(codes, return_index=True)
        values = names.iloc[first].str.strip()
    return np.array([str(value) for value in values])[codes]
