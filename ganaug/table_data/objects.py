"""Cells that are Python objects: numbers, booleans, times, or values of one hashable type."""

import datetime
from decimal import Context, Decimal
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from ganaug._validation import is_missing

MISSING = ("none", "nan", "NA", "NaT")
"""Names of the values that stand for a missing cell."""


class Objects(NamedTuple):
    """What a column of objects holds.

    Attributes
    ----------
    kind : {'number', 'bool', 'datetime', 'object'}
    values : ndarray of shape (N,)
        int64 or float64 if all objects are numbers, int64 if they are times, bool if all are booleans, else object.
    missing : ndarray of shape (N,), bool
    token : str
        Which of `MISSING` the first missing cell is; 'nan' if there is none.
    form : str
        What `write_objects` makes objects of again: '' leaves the values as they are.
    """

    kind: str
    values: np.ndarray
    missing: np.ndarray
    token: str
    form: str = ""


def read_objects(name: str, values: np.ndarray) -> Objects:
    """Find out what a column of objects holds.

    Parameters
    ----------
    name : str
        What messages call the column.
    values : ndarray of shape (N,), object

    Raises
    ------
    TypeError
        If objects are of several types, or not hashable.
    ValueError
        If a number is complex, an integer is beyond the range of int64, or among floats beyond theirs.
    """
    cells = values.tolist()
    types = set(map(type, cells))
    if types == {str}:
        return Objects("object", values, np.zeros(len(cells), bool), "nan")
    missing = np.fromiter(map(is_missing, cells), bool, len(cells))
    token = _name_missing(cells[int(missing.argmax())]) if missing.any() else "nan"
    present = values[~missing]
    types = set(map(type, present.tolist()))
    _check_hashable(name, present, types)
    if not types:
        return Objects("object", values, missing, token)
    if types <= {bool, np.bool_}:
        return Objects("bool", _convert(values, missing, np.bool_), missing, token)
    if form := find_form(present):
        converted = from_objects(values, missing, form)
        if converted.dtype.kind == "M":
            return Objects("datetime", converted.view(np.int64), missing, token, form)
        return Objects("number", converted, missing, token, form)
    if all(issubclass(kind, (complex, np.complexfloating)) for kind in types):
        raise ValueError(f"Complex data not supported: {name} of X; pass its real and imaginary parts.")
    if all(issubclass(kind, Real) and not issubclass(kind, (bool, np.bool_)) for kind in types):
        is_integer = all(issubclass(kind, (int, np.integer)) for kind in types)
        fits = is_integer and all(-(2**63) <= value < 2**63 for value in present)
        if is_integer and not fits:
            raise ValueError(
                f"{name} of X holds integers beyond the range of int64, which would lose digits; turn them into "
                f"strings with .astype(str) if they are codes, or into floats with .astype(float)."
            )
        numbers = _convert_numbers(name, values, missing, np.int64 if fits else np.float64)
        return Objects("number", numbers, missing, token)
    if len({str if issubclass(kind, str) else kind for kind in types}) > 1:
        _raise_mixed(name, present)
    return Objects("object", values, missing, token)


def find_form(present: np.ndarray) -> str:
    """Return what objects are that stand for numbers or times, '' if they are others.

    That is ``'decimal -2'`` for decimals of at most two places, or one of `FORM_UNITS`; times with a time zone have
    none.

    Parameters
    ----------
    present : ndarray of shape (N,), object
        None of them missing.
    """
    cells = present.tolist()
    types = set(map(type, cells))
    if types == {Decimal}:
        exponents = [cell.as_tuple().exponent for cell in cells]
        return f"decimal {min([0, *(exponent for exponent in exponents if isinstance(exponent, int))])}"
    names = {kind.__name__ for kind in types if issubclass(kind, datetime.date)}
    if len(types) != 1 or not names <= FORM_UNITS.keys() or any(getattr(cell, "tzinfo", None) for cell in cells):
        return ""
    return "".join(names)


FORM_UNITS = {"date": "D", "datetime": "us", "Timestamp": "us"}
"""Resolution of objects that are times, by their type."""


def from_objects(values: np.ndarray, missing: np.ndarray, form: str) -> np.ndarray:
    """Return decimals as float64, and times as datetime64; what is missing is NaN or NaT.

    Parameters
    ----------
    values : ndarray of shape (N,), object
    missing : ndarray of shape (N,), bool
    form : str
        As `find_form` says.
    """
    if form.startswith("decimal"):
        return np.where(missing, np.nan, values).astype(np.float64)
    times = np.full(len(values), "NaT", f"M8[{FORM_UNITS[form]}]")
    times[~missing] = [np.datetime64(value) for value in values[~missing]]
    return times


def write_objects(values: np.ndarray, missing: np.ndarray | None, kind: str, form: str, token: str) -> np.ndarray:
    """Return objects again, shape (N,), from what `read_objects` returned."""
    objects = (values.astype(bool) if kind == "bool" else values).astype(object)
    if form.startswith("decimal"):
        step, exact = Decimal(1).scaleb(int(form.partition(" ")[2])), Context(prec=400)
        numbers = values if missing is None else np.where(missing, 0.0, values)
        objects[:] = [Decimal(repr(value)).quantize(step, context=exact) for value in numbers.tolist()]
    elif form == "Timestamp":
        import pandas as pd

        objects[:] = list(pd.DatetimeIndex(values.view("M8[us]")))
    elif form:
        objects[:] = values.view(f"M8[{FORM_UNITS[form]}]").tolist()
    if missing is not None:
        objects[missing] = missing_value(token)
    return objects


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
