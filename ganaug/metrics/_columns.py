"""Read real and synthetic tables column by column: numbers with NaN, or category codes that all tables share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np

from ganaug._typing import Label
from ganaug._validation import is_missing
from ganaug.table_data.objects import find_form, from_objects


@dataclass(frozen=True)
class Column:
    """One column of one table.

    Attributes
    ----------
    name : column name, or position in an array
    values : ndarray of shape (N,)
        Numbers: float64, NaN where missing; dates and times count microseconds. Categories: int64 codes from 0 to
        ``n_categories - 1``, equal in all tables that were read together, -1 where missing.
    n_categories : int
        0 for numbers.
    codes : ndarray of shape (N,), int64, or None
        Of numbers, if integers are too large for float64 to tell apart: codes in common of equal ones.
    """

    name: Any
    values: np.ndarray
    n_categories: int = 0
    codes: np.ndarray | None = None

    @property
    def is_category(self) -> bool:
        """Whether `values` are codes."""
        return self.values.dtype.kind == "i"

    @property
    def is_present(self) -> np.ndarray:
        """Mask of shape (N,), bool: where there is a value."""
        return self.values >= 0 if self.is_category else ~np.isnan(self.values)


def read_columns(tables: Mapping[str, Any], discrete_columns: Sequence[Any] | None = None) -> list[list[Column]]:
    """Read tables of the same columns; the first decides their order and which of them are categories.

    Parameters
    ----------
    tables : mapping of the argument's name, for messages, to a DataFrame or 2-D array-like
        Columns of real numbers, decimals, dates, periods and durations are numbers; all others are categories.
    discrete_columns : sequence of column names or positions, optional
        Numbers to treat as categories.

    Returns
    -------
    list of lists of Column, one for each table, all in the first table's column order

    Raises
    ------
    ValueError
        If a table is empty or not two-dimensional, column names repeat or differ between tables, a column holds
        infinity, values that cannot be read as numbers where the first table has numbers, times with a zone where
        the first table has them without or the reverse, or categories that are texts in one table and none in
        another; or if `discrete_columns` holds an unknown column.
    """
    raw = {argument: _raw_columns(argument, table) for argument, table in tables.items()}
    (first, reference), *others = raw.items()
    for argument, columns in others:
        _check_same_columns(first, reference, argument, columns)
    discrete = _resolve(discrete_columns, list(reference))
    read: list[list[Column]] = [[] for _ in tables]
    for name, values in reference.items():
        sides = {argument: columns[name] for argument, columns in raw.items()}
        if name in discrete or not _is_number(values):
            columns = category_columns(name, list(sides.values()))
            _check_like_values(name, sides)
        else:
            columns = [_number_column(name, argument, side, first, values) for argument, side in sides.items()]
            if any(map(_is_inexact, columns)) and all(map(_is_integer, sides.values())):
                exact = category_columns(name, list(sides.values()))
                columns = [replace(own, codes=codes.values) for own, codes in zip(columns, exact, strict=True)]
        for table, column in zip(read, columns, strict=True):
            table.append(column)
    return read


def category_columns(name: Any, sides: Sequence[Any]) -> list[Column]:
    """Return the column `name` of several tables as categories with codes in common, given its values in each."""
    code_of: dict[Any, int] = {}
    codes = []
    for values in sides:
        try:
            local, unique = _factorize(values)
        except TypeError as error:
            if "unhashable" not in str(error):
                raise
            raise TypeError(
                f"Column {name!r} holds values that cannot be told apart by hash, such as lists; convert or drop it."
            ) from None
        mapped = np.array([code_of.setdefault(value, len(code_of)) for value in unique] + [-1], dtype=np.int64)
        codes.append(mapped[local])
    return [Column(name, side, len(code_of)) for side in codes]


def as_table(argument: str, table: Any) -> Any:
    """Return `table` as a DataFrame with distinct column names, or as a 2-D array; neither is empty.

    Raises
    ------
    ValueError
        If it is empty or not two-dimensional, or column names repeat.
    """
    if hasattr(table, "iloc"):
        if table.ndim != 2:
            raise ValueError(f"{argument} must be two-dimensional, got one column; pass a DataFrame: X.to_frame().")
        if not table.columns.is_unique:
            twice = table.columns[table.columns.duplicated()][0]
            raise ValueError(f"{argument} has two columns named {twice!r}; rename one.")
    else:
        if hasattr(table, "detach"):
            table = table.detach().cpu().numpy()
        table = np.asarray(table) if hasattr(table, "dtype") else np.array(table, dtype=object)
        if table.ndim != 2:
            raise ValueError(f"{argument} must be two-dimensional, (rows, columns), got shape {table.shape}.")
    n_rows, n_columns = table.shape
    if not n_rows or not n_columns:
        raise ValueError(
            f"{argument} must hold at least one row and one column, got {n_rows} rows of {n_columns} columns."
        )
    return table


def _raw_columns(argument: str, table: Any) -> dict[Any, Any]:
    table = as_table(argument, table)
    columns = {name: table[name] for name in table.columns} if hasattr(table, "iloc") else dict(enumerate(table.T))
    return {name: _as_plain(values) for name, values in columns.items()}


def _as_plain(values: Any) -> Any:
    """Return decimals as floats, and periods and objects that are dates or times as such; all else as it is."""
    if type(values.dtype).__name__ == "PeriodDtype":
        return values.dt.to_timestamp()
    if values.dtype.kind != "O" or hasattr(values.dtype, "categories"):
        return values
    objects = values.to_numpy(dtype=object) if hasattr(values, "iloc") else values
    missing = np.fromiter(map(is_missing, objects.tolist()), bool, len(objects))
    form = find_form(objects[~missing])
    return from_objects(objects, missing, form) if form else values


def _check_same_columns(first: str, reference: dict[Any, Any], argument: str, columns: dict[Any, Any]) -> None:
    missing = [name for name in reference if name not in columns]
    extra = [name for name in columns if name not in reference]
    if missing or extra:
        raise ValueError(
            f"{argument} must have the columns of {first}; missing: {missing or 'none'}, extra: {extra or 'none'}. "
            f"Rename, add or drop columns, and pass both as DataFrames or both as arrays."
        )


def _resolve(discrete_columns: Sequence[Any] | None, names: list[Any]) -> set[Any]:
    if isinstance(discrete_columns, str):
        raise TypeError(f"discrete_columns must be a list of columns, got the string {discrete_columns!r}; wrap it.")
    resolved = set()
    for column in () if discrete_columns is None else discrete_columns:
        if column in names:
            resolved.add(column)
        elif isinstance(column, int | np.integer) and -len(names) <= column < len(names):
            resolved.add(names[column])
        else:
            raise ValueError(
                f"discrete_columns holds {column!r}, which is no column; choose from {names}, or give a position from "
                f"{-len(names)} to {len(names) - 1}."
            )
    return resolved


def _is_number(values: Any) -> bool:
    kind = values.dtype.kind
    if kind != "O" or hasattr(values.dtype, "categories"):
        return kind in "fiuMm"
    present = [value for value in values if not is_missing(value)]
    return bool(present) and all(
        isinstance(value, Real) and not isinstance(value, bool | np.bool_) for value in present
    )


def _number_column(name: Any, argument: str, values: Any, first: str, reference: Any) -> Column:
    _check_zones(name, {first: reference, argument: values})
    kind, given = reference.dtype.kind, values.dtype.kind
    try:
        if (kind in "Mm" or given in "Mm") and kind != given:
            raise TypeError
        numbers = _as_times(values, kind) if kind in "Mm" else _as_floats(values)
    except (TypeError, ValueError):
        raise ValueError(
            f"Column {name!r} of {argument} has dtype {values.dtype} and that of {first} has {reference.dtype}, and "
            f"not all its values can be read as such; convert it, or list it in discrete_columns."
        ) from None
    if np.isinf(numbers).any():
        raise ValueError(
            f"Column {name!r} of {argument} holds infinity, first in row {int(np.isinf(numbers).argmax()) + 1}, "
            f"counted from 1; replace it, by NaN for instance."
        )
    return Column(name, numbers)


def _check_zones(name: Any, sides: Mapping[str, Any]) -> None:
    """Raise if times of one table have a time zone and those of another have none."""
    zones = {argument: _find_zone(values) for argument, values in sides.items() if values.dtype.kind == "M"}
    zoned = next((argument for argument, zone in zones.items() if zone is not None), None)
    naive = next((argument for argument, zone in zones.items() if zone is None), None)
    if zoned is not None and naive is not None:
        raise ValueError(
            f"Column {name!r} of {zoned} holds times of the zone {zones[zoned]} and that of {naive} times without a "
            f"zone; give both the same, as by .dt.tz_localize."
        )


def _find_zone(times: Any) -> Any:
    return getattr(getattr(times.dtype, "pyarrow_dtype", times.dtype), "tz", None)


def _is_inexact(column: Column) -> bool:
    """Tell whether numbers are beyond what float64 tells apart."""
    return bool((np.abs(column.values) > 2.0**53).any())


def _is_integer(values: Any) -> bool:
    if values.dtype.kind == "O":
        return all(isinstance(value, Integral) for value in values if not is_missing(value))
    return values.dtype.kind in "iu"


def _check_like_values(name: Any, sides: Mapping[str, Any]) -> None:
    """Raise if texts stand against other values, as ``"7"`` against 7: no category would be in both."""
    are_texts = {argument: _tell_texts(side) for argument, side in sides.items()}
    texts = [argument for argument, each in are_texts.items() if each and all(each)]
    others = [argument for argument, each in are_texts.items() if each and not any(each)]
    if texts and others:
        raise ValueError(
            f"Column {name!r} of {texts[0]} holds texts and that of {others[0]} has dtype {sides[others[0]].dtype} and "
            f"holds none; convert one of them, as by astype(str)."
        )


def _tell_texts(values: Any) -> list[bool]:
    """Return of each value that is not missing whether it is a text."""
    if values.dtype.kind in "SU":
        return [True]
    if values.dtype.kind != "O":
        return [False]
    return [isinstance(value, str) for value in values if not is_missing(value)]


def _as_times(values: Any, kind: str) -> np.ndarray:
    unit = "datetime64[us]" if kind == "M" else "timedelta64[us]"
    times = values.to_numpy(dtype=unit) if hasattr(values, "iloc") else values.astype(unit)
    return np.where(np.isnat(times), np.nan, times.astype(np.int64).astype(np.float64))


def _as_floats(values: Any) -> np.ndarray:
    if values.dtype.kind == "O":
        return np.array([np.nan if is_missing(value) else value for value in values], dtype=np.float64)
    return values.to_numpy(dtype=np.float64, na_value=np.nan) if hasattr(values, "iloc") else values.astype(np.float64)


def _factorize(values: Any) -> tuple[np.ndarray, list[Any]]:
    """Return codes into the distinct values, -1 where missing, and these values as Python objects."""
    if hasattr(values, "factorize"):
        codes, unique = values.factorize()
        return np.asarray(codes, dtype=np.int64), [_plain(value) for value in unique]
    code_of: dict[Any, int] = {}
    plain = values.tolist() if hasattr(values, "tolist") else list(values)
    codes = [-1 if is_missing(value) else code_of.setdefault(value, len(code_of)) for value in plain]
    return np.array(codes, dtype=np.int64), list(code_of)


def _plain(value: Any) -> Label:
    return value.item() if isinstance(value, np.generic) else value
