"""The cells of one column, whatever container they came in."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ganaug.table_data.objects import FORM_UNITS

_NANOSECONDS = (86_400 * 10**9, 3600 * 10**9, 60 * 10**9, 10**9, 10**6, 10**3)
_FARTHEST = np.iinfo(np.int64).max - 2**47  # numpy rounds what lies within a day of the very end to the other end
_TIMES = {"datetime": "M", "timedelta": "m"}
_WORDS = {
    "number": "numbers",
    "bool": "booleans",
    "datetime": "times",
    "timedelta": "durations",
    "category": "categories",
    "object": "strings or other objects",
}


@dataclass(frozen=True)
class Cells:
    """One column's values.

    Attributes
    ----------
    name : str
        What messages call the column, such as ``"Column 'age'"``.
    values : ndarray of shape (N,), int64, uint64, float64 or object
        Numbers, times as integers, places of a pandas categorical's categories, or any hashable objects.
        Undefined where missing.
    missing : ndarray of shape (N,), bool, or None
        None if no cell is missing.
    """

    name: str
    values: np.ndarray
    missing: np.ndarray | None = None

    @property
    def present(self) -> np.ndarray:
        """The values that are not missing."""
        return self.values if self.missing is None else self.values[~self.missing]

    @property
    def n_missing(self) -> int:
        return 0 if self.missing is None else int(self.missing.sum())


def make_cells(name: str, values: np.ndarray, missing: np.ndarray | None = None) -> Cells:
    """Widen numbers to 64 bits, and find which floats are missing.

    Raises
    ------
    ValueError
        If a value is infinite or complex.
    """
    kind = values.dtype.kind
    if kind == "c":
        raise ValueError(f"Complex data not supported: {name} is {values.dtype}; pass its real and imaginary parts.")
    if kind == "f":
        values = np.ascontiguousarray(values, dtype=np.float64)
        is_nan = np.isnan(values)
        missing = is_nan if missing is None else missing | is_nan
        check_finite(name, values, missing)
    elif kind != "O":
        values = np.ascontiguousarray(values, dtype=np.uint64 if values.dtype == np.uint64 else np.int64)
    if missing is not None and not missing.any():
        missing = None
    return Cells(name, values, missing)


def convert_times(values: np.ndarray, unit: str) -> np.ndarray:
    """Return times or durations in another resolution; those beyond its reach become the farthest that it holds.

    Parameters
    ----------
    values : ndarray of dtype datetime64 or timedelta64
    unit : str
        Such as ``'ns'``, which holds the years 1678 to 2262.
    """
    wanted, days = (np.dtype(f"{values.dtype.kind}8[{own}]") for own in (unit, "D"))
    reach = np.array([_FARTHEST]).view(wanted).astype(days).astype(np.int64) if _is_finer(wanted, days) else _FARTHEST
    places = values.astype(days).astype(np.int64)
    is_beyond = ~np.isnat(values) & (np.abs(places) >= reach)
    converted = np.where(is_beyond, values.dtype.type(0, np.datetime_data(values.dtype)), values).astype(wanted)
    converted[is_beyond] = np.where(places > 0, _FARTHEST, -_FARTHEST)[is_beyond].view(wanted)
    return converted


def _is_finer(one: np.dtype, other: np.dtype) -> bool:
    return np.promote_types(one, other) == one != other


def check_finite(name: str, values: np.ndarray, missing: np.ndarray) -> None:
    """Raise a `ValueError` if a value that is not missing is infinite."""
    infinite = np.isinf(values) & ~missing
    if infinite.any():
        raise ValueError(
            f"{name} of X holds infinity (inf) in {int(infinite.sum())} of {len(values)} rows, the first in row "
            f"{int(infinite.argmax()) + 1}, counted from 1; values must be finite: replace them by NaN, which counts "
            f"as missing, or by the largest finite value."
        )


def check_missing(cells: Cells, has_missing: bool) -> None:
    """Raise a `ValueError` if cells are missing in a column where none was in training."""
    if cells.missing is not None and not has_missing:
        raise ValueError(
            f"{cells.name} of X has {cells.n_missing} missing values (NaN), but none was missing in the training data; "
            f"fill them in, or train with data in which some are missing."
        )


class ColumnType:
    """A user's type of column: how to read its cells, and how to give values that type again.

    Attributes
    ----------
    kind : {'number', 'bool', 'datetime', 'timedelta', 'category', 'object'}, or such as 'period[M]'
        What its cells are. 'category' is a pandas categorical; strings count as objects; periods count up.
    dtype : numpy dtype or pandas extension dtype
    missing : str
        Among objects, what a missing value looks like: one of `objects.MISSING`.
    form : str
        What objects are that stand for numbers or times, see `objects.find_form`; '' if they do not.
    """

    kind: str
    dtype: Any
    missing: str
    form: str

    @property
    def is_number(self) -> bool:
        """Whether values are ordered and have distances, unless the user says otherwise."""
        return self.kind == "number" or self.kind in _TIMES or self.kind.startswith("period")

    @property
    def round_units(self) -> tuple[int, ...]:
        """Granularities to expect, descending: for times a day, an hour, ... in their resolution."""
        if self.kind not in _TIMES:
            return (1,)
        one = np.timedelta64(1, self.unit).astype("m8[ns]").astype(np.int64)
        return tuple(int(size // one) for size in _NANOSECONDS if size >= one) or (1,)

    @property
    def unit(self) -> str:
        """Resolution of times."""
        return FORM_UNITS[self.form] if self.form else np.datetime_data(self.dtype)[0]

    def write(self, values: np.ndarray, missing: np.ndarray | None) -> Any:
        """Give values, of shape (N,) and as `Cells` has them, the user's type."""
        raise NotImplementedError

    def write_codes(self, levels: np.ndarray, codes: np.ndarray) -> Any:
        """Give ``levels[codes]`` the user's type; a code of -1 stands for a missing value."""
        if len(levels) == 0:
            return self.write(np.zeros(len(codes), np.int64), np.ones(len(codes), bool))
        missing = codes < 0
        return self.write(levels[codes], missing if missing.any() else None)

    def show(self, level: Any) -> str:
        """Say what a level is, for messages."""
        if self.kind in _TIMES:
            return str(np.int64(level).view(f"{_TIMES[self.kind]}8[{self.unit}]"))
        return repr(bool(level) if self.kind == "bool" else level)

    def to_dict(self) -> dict[str, Any]:
        """Write the type as a JSON-able dict."""
        raise NotImplementedError


def check_kind(cells: Cells, found: ColumnType, expected: ColumnType) -> Cells:
    """Return cells of the kind that the training data had, if only because none holds a value; times in its unit.

    Raises
    ------
    TypeError
        If they are of another kind; booleans count as numbers.
    """
    if len(cells.present) == 0:
        return Cells(cells.name, np.zeros(len(cells.values), np.int64), cells.missing)
    kinds = {found.kind, expected.kind}
    if len(kinds) == 1 and expected.kind in _TIMES and found.unit != expected.unit:
        times = cells.values.view(f"{_TIMES[expected.kind]}8[{found.unit}]")
        return Cells(cells.name, convert_times(times, expected.unit).view(np.int64), cells.missing)
    if len(kinds) == 1 or kinds == {"number", "bool"}:
        return cells
    holds, held = (_WORDS.get(kind, kind) for kind in (found.kind, expected.kind))
    raise TypeError(
        f"{cells.name} of X holds {holds}, such as {found.show(cells.present.tolist()[0])}, but held {held} in the "
        f"training data; convert it to {expected.dtype}."
    )
