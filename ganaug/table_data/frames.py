"""Tables as pandas DataFrames; pandas is imported only when one comes in."""

import datetime
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganaug.table_data.arrays import as_array, check_n_columns
from ganaug.table_data.cells import Cells, ColumnType, check_kind, make_cells
from ganaug.table_data.dtypes import dtype_from_json, dtype_to_json
from ganaug.table_data.objects import read_objects, write_objects
from ganaug.table_data.scalars import from_json, to_json

_KINDS = {"b": "bool", "i": "number", "u": "number", "f": "number", "c": "number", "M": "datetime", "m": "timedelta"}
_NUMBERS, _TIMES = ("integer", "floating", "mixed-integer-float", "decimal"), ("datetime64", "datetime", "date")
_CATEGORY_WORDS = {**dict.fromkeys(_NUMBERS, "numbers"), **dict.fromkeys(_TIMES, "times"), "string": "strings"}


def is_frame(X: Any) -> bool:
    """Say whether `X` is a pandas DataFrame, without importing pandas."""
    return hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2


@dataclass(frozen=True)
class FrameType(ColumnType):
    """A column of a DataFrame; see `ColumnType`."""

    kind: str
    dtype: Any
    missing: str = "nan"
    form: str = ""

    @property
    def unit(self) -> str:
        """Resolution of times."""
        if self.form:
            return super().unit
        if _is_arrow(self.dtype):
            return getattr(self.dtype.pyarrow_dtype, "unit", "D" if "32" in str(self.dtype) else "ms")  # else dates
        return self.dtype.unit if hasattr(self.dtype, "unit") else super().unit

    def write(self, values: np.ndarray, missing: np.ndarray | None) -> Any:
        """Return an array of shape (N,) of the user's dtype, as a DataFrame takes it; see `ColumnType`."""
        if self.form:
            return self._write_objects(values, missing)
        if _is_period(self.dtype):
            return self._write_periods(values, missing)
        if _is_arrow(self.dtype):
            return self._write_arrow(values, missing)
        if self.kind == "category":
            import pandas as pd

            codes = values if missing is None else np.where(missing, -1, values)
            return pd.Categorical.from_codes(codes, dtype=self.dtype)
        if self.kind in ("datetime", "timedelta"):
            return self._write_times(values, missing)
        if self.dtype == np.dtype(object):
            return self._write_objects(values, missing)
        if isinstance(self.dtype, np.dtype):
            typed = values.view(np.uint64) if self.dtype == np.uint64 else values.astype(self.dtype, copy=False)
            return typed if missing is None else np.where(missing, self.dtype.type("nan"), typed)
        mask = np.zeros(len(values), bool) if missing is None else missing
        typed = values.view(np.uint64) if self.dtype.kind == "u" else values
        return self.dtype.construct_array_type()(typed.astype(self.dtype.numpy_dtype), mask)

    def write_codes(self, levels: np.ndarray, codes: np.ndarray) -> Any:
        """Return ``levels[codes]`` as an array of the user's dtype; see `ColumnType`."""
        if self.kind != "object" or self.dtype == np.dtype(object):
            return super().write_codes(levels, codes)
        import pandas as pd

        return pd.array(levels.tolist(), dtype=self.dtype).take(codes, allow_fill=bool((codes < 0).any()))

    def show(self, level: Any) -> str:
        """Say what a level is, for messages; see `ColumnType`."""
        if _is_period(self.dtype):
            return str(self._write_periods(np.array([level]), None)[0])
        return super().show(self.dtype.categories[level] if self.kind == "category" else level)

    def to_dict(self) -> dict[str, Any]:
        """Write the type as a JSON-able dict."""
        return {"kind": self.kind, "dtype": dtype_to_json(self.dtype), "missing": self.missing, "form": self.form}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "FrameType":
        """Read what `to_dict` wrote."""
        return cls(values["kind"], dtype_from_json(values["dtype"]), values["missing"], values.get("form", ""))

    def _write_objects(self, values: np.ndarray, missing: np.ndarray | None) -> Any:
        import pandas as pd

        objects = write_objects(values, missing, self.kind, self.form, self.missing)
        return pd.Series(objects, dtype=self.dtype)  # A DataFrame would guess a dtype for an array.

    def _write_arrow(self, values: np.ndarray, missing: np.ndarray | None) -> Any:
        import pandas as pd
        import pyarrow as pa

        kind = self.dtype.kind
        views = {"u": "u8", "M": f"M8[{self.unit}]", "m": f"m8[{self.unit}]"} if kind in "uMm" else {}
        typed = values.astype(bool) if kind == "b" else values.view(views.get(kind, values.dtype))
        return pd.arrays.ArrowExtensionArray(pa.array(typed, mask=missing).cast(self.dtype.pyarrow_dtype))

    def _write_periods(self, values: np.ndarray, missing: np.ndarray | None) -> Any:
        import pandas as pd

        ordinals = values if missing is None else np.where(missing, np.iinfo(np.int64).min, values)  # NaT
        return pd.PeriodIndex.from_ordinals(ordinals, freq=self.dtype.freq)

    def _write_times(self, values: np.ndarray, missing: np.ndarray | None) -> Any:
        times = values.copy().view(f"{'M' if self.kind == 'datetime' else 'm'}8[{self.unit}]")
        if missing is not None:
            times[missing] = "NaT"
        if isinstance(self.dtype, np.dtype):
            return times
        import pandas as pd

        return pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(self.dtype.tz)


@dataclass(frozen=True)
class FrameTable:
    """The form of a user's DataFrame.

    Attributes
    ----------
    types : tuple of FrameType
    names : tuple of hashable
        The columns' labels.
    level_names : tuple of hashable
        The names of the columns' index.
    index_name : hashable
        Name of an integer index. Synthetic rows have a `RangeIndex`, which keeps that name: labels such as dates or
        keys belong to real rows, so that synthetic ones have none.
    """

    types: tuple[FrameType, ...]
    names: tuple[Any, ...]
    level_names: tuple[Any, ...] = (None,)
    index_name: Any = None

    @classmethod
    def fit(cls, X: Any) -> tuple["FrameTable", list[Cells]]:
        """Read a table, and learn its form.

        Raises
        ------
        ValueError, TypeError
            If `X` is empty, has two columns of one name, infinite or complex values, sparse columns, or an object
            column of unlike cells.
        """
        _check_frame(X)
        read = [_read_series(X.iloc[:, place], label) for place, label in enumerate(X.columns)]
        index_name = X.index.name if X.index.nlevels == 1 and X.index.dtype.kind in "iu" else None
        types = tuple(column_type for column_type, _ in read)
        form = cls(types, tuple(X.columns.tolist()), tuple(X.columns.names), index_name)
        return form, [cells for _, cells in read]

    def read(self, X: Any, ignore_unseen: bool = False, skip: Container[int] = ()) -> list[Cells | None]:
        """Read another table of the same form, but for the columns at the positions to skip, whose cells are None.

        An array's columns are taken by position.

        A pandas categorical's values that were not among its categories have place -1 if that is ignored.

        Raises
        ------
        ValueError, TypeError
            As `fit`; and if columns are missing, new or in another order, or one is of another kind.
        """
        if not is_frame(X):
            import pandas as pd

            array = as_array(X)
            check_n_columns(array.shape[1], len(self.types))
            X = pd.DataFrame(array, columns=make_columns(self.names, self.level_names))
        _check_frame(X)
        check_names(list(X.columns), list(self.names))
        return [
            None if place in skip else _read_like(expected, X.iloc[:, place], self.names[place], ignore_unseen)
            for place, expected in enumerate(self.types)
        ]

    def write(self, columns: list[Any], n_rows: int) -> Any:
        """Put columns, as the types wrote them, together."""
        import pandas as pd

        index = pd.RangeIndex(n_rows, name=self.index_name)
        frame = pd.DataFrame(dict(enumerate(columns)), index=index, copy=False)
        frame.columns = make_columns(self.names, self.level_names)
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Write the form as a JSON-able dict."""
        return {
            "container": "frame",
            "types": [column_type.to_dict() for column_type in self.types],
            "names": [to_json(name) for name in self.names],
            "level_names": [to_json(name) for name in self.level_names],
            "index_name": to_json(self.index_name),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "FrameTable":
        """Read what `to_dict` wrote."""
        types = tuple(FrameType.from_dict(column_type) for column_type in values["types"])
        names, level_names = (tuple(from_json(name) for name in values[key]) for key in ("names", "level_names"))
        return cls(types, names, level_names, from_json(values["index_name"]))


def make_columns(names: tuple[Any, ...], level_names: tuple[Any, ...]) -> Any:
    """Return the index of a DataFrame's columns, of one level or several."""
    import pandas as pd

    if len(level_names) > 1:
        return pd.MultiIndex.from_tuples(names, names=level_names)
    if names == tuple(range(len(names))):
        return pd.RangeIndex(len(names), name=level_names[0])
    return pd.Index(names, name=level_names[0], tupleize_cols=False)


def check_names(given: list[Any], expected: list[Any]) -> None:
    """Raise a `ValueError`, in scikit-learn's words, unless columns are those of the training data, in their order."""
    if given == expected:
        return
    lists = [
        ("Feature names unseen at fit time:", [name for name in given if name not in set(expected)]),
        ("Feature names seen at fit time, yet now missing:", [name for name in expected if name not in set(given)]),
    ]
    message = "The feature names should match those that were passed during fit.\n"
    for heading, names in lists:
        if names:
            names = sorted(names, key=str)
            message += "\n".join([heading, *(f"- {name}" for name in names[:5]), *["- ..."] * (len(names) > 5)]) + "\n"
    if not any(names for _, names in lists):
        message += "Feature names must be in the same order as they were in fit.\n"
    raise ValueError(message)


def _check_frame(X: Any) -> None:
    for count, what in ((X.shape[1], "feature"), (X.shape[0], "sample")):  # in scikit-learn's words
        if count == 0:
            raise ValueError(f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is required.")
    check_column_names(X)


def check_column_names(X: Any) -> None:
    """Raise a `ValueError` if several columns of a frame have one name."""
    if not X.columns.is_unique:
        repeated = X.columns[X.columns.duplicated()].unique().tolist()
        raise ValueError(
            f"X has several columns named {', '.join(map(repr, repeated))}; give each column a name of its own, for "
            f"example with X.columns = [...], or drop the repeated ones with X.loc[:, ~X.columns.duplicated()]."
        )


def _read_series(series: Any, label: Any) -> tuple[FrameType, Cells]:
    name, dtype = f"Column {label!r}", series.dtype
    if type(dtype).__name__ == "SparseDtype":
        raise TypeError(f"{name} of X is sparse, but dense data is required; use X.sparse.to_dense().")
    if type(dtype).__name__ == "CategoricalDtype":
        codes = series.cat.codes.to_numpy()
        return FrameType("category", dtype), make_cells(name, codes, codes < 0)
    if _is_period(dtype):
        ordinals = series.astype(np.int64).to_numpy()
        return FrameType(str(dtype), dtype), make_cells(name, ordinals, series.isna().to_numpy())
    column_type = FrameType(_KINDS.get(dtype.kind, "object"), dtype)
    if column_type.kind in ("datetime", "timedelta"):
        letter = dtype.kind
        is_date = str(dtype).startswith(("date32", "date64"))  # of Arrow, which takes no NaT for these
        empty = datetime.date(1970, 1, 1) if is_date else np.array("NaT", f"{letter}8[{column_type.unit}]")[()]
        times = series.to_numpy(dtype=f"{letter}8[{column_type.unit}]", na_value=empty)
        return column_type, make_cells(name, times.view(np.int64), series.isna().to_numpy())
    if column_type.kind == "object":
        kind, values, missing, token, form = read_objects(name, series.to_numpy(dtype=object))
        kind = kind if dtype == np.dtype(object) or form else "object"
        return FrameType(kind, dtype, token, form), make_cells(name, values, missing)
    if isinstance(dtype, np.dtype):
        return column_type, make_cells(name, series.to_numpy())
    missing = series.isna().to_numpy()
    values = series.to_numpy(dtype=dtype.numpy_dtype, na_value=False if column_type.kind == "bool" else 0)
    return column_type, make_cells(name, values, missing)


def _read_like(expected: FrameType, series: Any, label: Any, ignore_unseen: bool) -> Cells:
    """Read a column that must hold what `expected` says."""
    if expected.kind == "category":
        return _read_categories(expected, series, label, ignore_unseen)
    if type(series.dtype).__name__ == "CategoricalDtype":
        series = series.astype(object if series.hasnans else series.cat.categories.dtype)
    found, cells = _read_series(series, label)
    return check_kind(cells, found, expected)


def _read_categories(expected: FrameType, series: Any, label: Any, ignore_unseen: bool) -> Cells:
    """Return places among the training data's categories."""
    categories = expected.dtype.categories
    if type(series.dtype).__name__ == "CategoricalDtype" and series.cat.categories.equals(categories):
        codes = series.cat.codes.to_numpy()
        return make_cells(f"Column {label!r}", codes, codes < 0)
    _check_categories(categories, series, label)
    codes, missing = categories.get_indexer(series), series.isna().to_numpy()
    unseen = (codes < 0) & ~missing
    if unseen.any() and not ignore_unseen:
        raise ValueError(
            f"Column {label!r} of X holds the category {series[unseen].iloc[0]!r}, which the training data does not "
            f"have; it has {', '.join(map(repr, categories[:20]))}{' and more' * (len(categories) > 20)}. Map it to "
            f"one of these, or train with data that has it."
        )
    return make_cells(f"Column {label!r}", codes, missing)


def _check_categories(categories: Any, series: Any, label: Any) -> None:
    """Raise a `TypeError` if numbers are given for strings or the like, which would all be unseen categories."""
    from pandas.api.types import infer_dtype

    given = series.cat.categories if type(series.dtype).__name__ == "CategoricalDtype" else series
    found, expected = (_CATEGORY_WORDS.get(infer_dtype(values, skipna=True)) for values in (given, categories))
    if found and expected and found != expected:
        raise TypeError(
            f"Column {label!r} of X holds {found}, but its categories were {expected} in the training data; convert it."
        )


def _is_period(dtype: Any) -> bool:
    return type(dtype).__name__ == "PeriodDtype"


def _is_arrow(dtype: Any) -> bool:
    return type(dtype).__name__ == "ArrowDtype"
