"""Tables as 2-D arrays and lists of rows."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_array

from ganaug.table_data.cells import Cells, ColumnType, check_kind, make_cells
from ganaug.table_data.objects import read_objects, write_objects


@dataclass(frozen=True)
class ArrayType(ColumnType):
    """A column of an array; `dtype` is the whole array's."""

    kind: str
    dtype: np.dtype
    missing: str = "nan"
    form: str = ""

    def write(self, values: np.ndarray, missing: np.ndarray | None) -> np.ndarray:
        """Return an array of shape (N,) of the user's dtype; see `ColumnType`."""
        dtype = self.dtype
        if dtype.kind == "O":
            return write_objects(values, missing, self.kind, self.form, self.missing)
        if dtype.kind in "mM" or dtype == np.uint64:
            written = values.view(dtype)
        else:
            written = values.astype(dtype, copy=False)
        if missing is not None:
            written = written.copy()
            written[missing] = np.nan if dtype.kind == "f" else "NaT"
        return written

    def to_dict(self) -> dict[str, Any]:
        """See `ColumnType`."""
        return {"kind": self.kind, "dtype": self.dtype.str, "missing": self.missing, "form": self.form}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ArrayType":
        """Read what `to_dict` wrote."""
        return cls(values["kind"], np.dtype(values["dtype"]), values["missing"], values.get("form", ""))


@dataclass(frozen=True)
class ArrayTable:
    """The form of a user's array: its columns' types.

    Lists of rows are read as arrays, and come back as arrays.
    """

    types: tuple[ArrayType, ...]
    names: None = None

    @classmethod
    def fit(cls, X: Any) -> tuple["ArrayTable", list[Cells]]:
        """Read a table, and learn its form.

        Raises
        ------
        ValueError, TypeError
            If `X` is not 2-D, sparse, complex or empty, has infinite values, or an object column of unlike cells.
        """
        array = as_array(X)
        read = [_read_column(array[:, place], place) for place in range(array.shape[1])]
        return cls(tuple(column_type for column_type, _ in read)), [cells for _, cells in read]

    def read(self, X: Any, ignore_unseen: bool = False, skip: Container[int] = ()) -> list[Cells | None]:
        """Read another table of the same form, but for the columns at the positions to skip, whose cells are None.

        Arrays have no categories that could be unseen here.

        Raises
        ------
        ValueError, TypeError
            As `fit`; and if the number of columns or the kind of a column is another one.
        """
        array = as_array(X)
        check_n_columns(array.shape[1], len(self.types))
        columns: list[Cells | None] = []
        for place, expected in enumerate(self.types):
            if place in skip:
                columns.append(None)
                continue
            found, cells = _read_column(array[:, place], place)
            columns.append(check_kind(cells, found, expected))
        return columns

    def write(self, columns: list[np.ndarray], n_rows: int) -> np.ndarray:
        """Put columns, as the types wrote them, together."""
        array = np.empty((n_rows, len(columns)), self.types[0].dtype)
        for place, column in enumerate(columns):
            array[:, place] = column
        return array

    def to_dict(self) -> dict[str, Any]:
        """Write the form as a JSON-able dict."""
        return {"container": "array", "types": [column_type.to_dict() for column_type in self.types]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ArrayTable":
        """Read what `to_dict` wrote."""
        return cls(tuple(ArrayType.from_dict(column_type) for column_type in values["types"]))


def as_array(X: Any) -> np.ndarray:
    """Return a 2-D array with scikit-learn's checks and messages; cells of unlike types stay objects."""
    refuse_foreign(X)
    if isinstance(X, (list, tuple)) and X and isinstance(X[0], (list, tuple)):
        lengths = sorted({len(row) for row in X if isinstance(row, (list, tuple))})
        if len(lengths) > 1:
            raise ValueError(
                f"The rows of X have from {lengths[0]} to {lengths[-1]} values; give every row one value for each "
                f"column, and None or NaN where it is missing."
            )
        objects = np.array(X, dtype=object)
        X = objects if objects.ndim == 2 and np.array(X).dtype.kind in "USO" else X
    return check_array(X, dtype=None, ensure_all_finite=False, input_name="X")


def refuse_foreign(X: Any) -> None:
    """Refuse what would be read as something else.

    Raises
    ------
    TypeError
        For a table of polars, pyarrow or the like, which would lose its columns' types.
    ValueError
        For an array that masks cells, which would be read as what is below the mask.
    """
    if np.ma.is_masked(X):
        raise ValueError(
            "X is a masked array, and its masked cells would be read as any others; pass "
            "X.astype(float).filled(np.nan) to make them missing."
        )
    if hasattr(X, "to_pandas") and not hasattr(X, "iloc"):
        kind = type(X)
        raise TypeError(
            f"X is a {kind.__name__} of {kind.__module__.partition('.')[0]}; pass X.to_pandas(), and results come back "
            f"as DataFrames of pandas."
        )


def check_n_columns(given: int, expected: int) -> None:
    """Raise a `ValueError`, in scikit-learn's words, unless there are as many columns as in training."""
    if given != expected:
        raise ValueError(
            f"X has {given} features, but TableGAN is expecting {expected} features as input. Pass the columns that "
            f"the training data had, in their order."
        )


def _read_column(values: np.ndarray, label: Any) -> tuple[ArrayType, Cells]:
    name, dtype = f"Column {label!r}", values.dtype
    if dtype.kind in "mM":
        kind = "datetime" if dtype.kind == "M" else "timedelta"
        values = np.ascontiguousarray(values)
        return ArrayType(kind, dtype), make_cells(name, values.view(np.int64), np.isnat(values))
    if dtype.kind in "US":
        return ArrayType("object", dtype), Cells(name, values.astype(object))
    if dtype.kind == "O":
        kind, values, missing, token, form = read_objects(name, values)
        return ArrayType(kind, dtype, token, form), make_cells(name, values, missing)
    return ArrayType("bool" if dtype.kind == "b" else "number", dtype), make_cells(name, values)


def is_list_of_rows(X: Any) -> bool:
    """Say whether X is a table as a list, whose cells may be of unlike types, rather than a list of images."""
    is_nested = isinstance(X, (list, tuple)) and len(X) and isinstance(X[0], (list, tuple))
    return bool(is_nested and not any(isinstance(cell, (list, tuple)) for cell in X[0]))
