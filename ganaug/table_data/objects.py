"""Cells that are Python objects: numbers, booleans, or values of one hashable type."""

import datetime
from numbers import Real
from typing import Any

import numpy as np

from ganaug._validation import is_missing

MISSING = ("none", "nan", "NA", "NaT")
"""Names of the values that stand for a missing cell."""


def read_objects(name: str, values: np.ndarray) -> tuple[str, np.ndarray, np.ndarray, str]:
    """Find out what a column of objects holds.

    Parameters
    ----------
    name : str
        What messages call the column.
    values : ndarray of shape (N,), object

    Returns
    -------
    kind : {'number', 'bool', 'object'}
    values : ndarray of shape (N,)
        int64 or float64 if all objects are numbers, bool if all are booleans, else object.
    missing : ndarray of shape (N,), bool
    token : str
        Which of `MISSING` the first missing cell is; 'nan' if there is none.

    Raises
    ------
    TypeError
        If objects are of several types, or not hashable.
    ValueError
        If a number is complex, or an integer is beyond the range of float64.
    """
    cells = values.tolist()
    types = set(map(type, cells))
    if types == {str}:
        return "object", values, np.zeros(len(cells), bool), "nan"
    missing = np.fromiter(map(is_missing, cells), bool, len(cells))
    token = _name_missing(cells[int(missing.argmax())]) if missing.any() else "nan"
    present = values[~missing]
    types = set(map(type, present.tolist()))
    _check_hashable(name, present, types)
    if not types:
        return "object", values, missing, token
    if types <= {bool, np.bool_}:
        return "bool", _convert(values, missing, np.bool_), missing, token
    if all(issubclass(kind, (complex, np.complexfloating)) for kind in types):
        raise ValueError(f"Complex data not supported: {name} of X; pass its real and imaginary parts.")
    if all(issubclass(kind, Real) and not issubclass(kind, (bool, np.bool_)) for kind in types):
        is_integer = all(issubclass(kind, (int, np.integer)) for kind in types)
        fits = is_integer and all(-(2**63) <= value < 2**63 for value in present)
        return "number", _convert_numbers(name, values, missing, np.int64 if fits else np.float64), missing, token
    if len({str if issubclass(kind, str) else kind for kind in types}) > 1:
        _raise_mixed(name, present)
    return "object", values, missing, token


def missing_value(token: str) -> Any:
    """Return the object that a name among `MISSING` stands for."""
    if token == "none":
        return None
    if token == "nan":
        return np.nan
    import pandas as pd

    return getattr(pd, token)


def _name_missing(cell: Any) -> str:
    if cell is None:
        return "none"
    return {"NAType": "NA", "NaTType": "NaT", "datetime64": "NaT"}.get(type(cell).__name__, "nan")


def _check_hashable(name: str, values: np.ndarray, types: set[type]) -> None:
    if types <= {str, int, float, bool, datetime.date}:
        return
    for value in values:
        try:
            hash(value)
        except TypeError:
            # scikit-learn's checks look for "argument must be ... string ... number".
            raise TypeError(
                f"{name} of X holds {value!r} of type {type(value).__name__}, which is not hashable; each cell as an "
                f"argument must be a string, a number or another hashable value: split such cells into columns of "
                f"their own, or turn them into strings."
            ) from None


def _raise_mixed(name: str, values: np.ndarray) -> None:
    examples = {type(value).__name__: value for value in reversed(values.tolist())}
    shown = ", ".join(f"{kind} ({value!r})" for kind, value in sorted(examples.items(), key=lambda pair: pair[0]))
    raise TypeError(
        f"{name} of X mixes values of types {shown}; a column must be of one type: turn it into strings with "
        f".astype(str), or into numbers with pandas.to_numeric(..., errors='coerce')."
    )


def _convert_numbers(name: str, values: np.ndarray, missing: np.ndarray, dtype: Any) -> np.ndarray:
    try:
        return _convert(values, missing, dtype)
    except OverflowError:
        raise ValueError(
            f"{name} of X holds an integer beyond the range of float64 (1.8e308); pass its logarithm, or the column as "
            f"strings if it is a code, with .astype(str)."
        ) from None


def _convert(values: np.ndarray, missing: np.ndarray, dtype: Any) -> np.ndarray:
    return np.where(missing, 0, values).astype(dtype)
