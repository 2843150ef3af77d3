"""The columns of a CSV file: what their cells, all of them text, stand for."""

import contextlib
from typing import Any

_MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?")
# Codes with leading zeros, and integers that no 64 bits hold.
_CODES = r"[+-]?(?:0\d|\d{19,}$)"
_DATES = {"%Y-%m-%d": r"\d{4}-\d\d-\d\d", "%Y-%m-%d %H:%M:%S": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"}


def parse(text: Any) -> tuple[Any, str, str]:
    """Return a column as numbers, dates or text; how its missing values are spelled; and the format of its dates."""
    stripped = text.str.strip()
    is_missing = stripped.isin(_MISSING)
    present = stripped[~is_missing]
    parsed, form = None, ""
    if len(present) and not present.str.match(_CODES).any():
        parsed = _as_numbers(present)
        if parsed is None:
            parsed, form = _as_dates(present)
    if parsed is None:
        return as_text(text), "", ""
    spelling = str(text[is_missing].mode()[0]) if is_missing.any() else ""
    if is_missing.any() and parsed.dtype.kind in "iu":
        parsed = parsed.astype("Int64")
    return parsed.reindex(text.index), spelling, form


def _as_numbers(present: Any) -> Any:
    import pandas as pd

    with contextlib.suppress(ValueError, TypeError):
        numbers = pd.to_numeric(present)
        if numbers.dtype.kind in "iuf":
            return numbers.astype(numbers.dtype.name.lower())  # Some kinds of text give nullable numbers.
    return None


def _as_dates(present: Any) -> tuple[Any, str]:
    import pandas as pd

    for form, pattern in _DATES.items():
        if present.str.fullmatch(pattern).all():
            with contextlib.suppress(ValueError):
                return pd.to_datetime(present, format=form), form
    return None, ""


def find_form(times: Any) -> str:
    """Return the shorter of the formats that spell a column of times in full, or "" if neither does."""
    present = times.dropna()
    if present.dt.tz is not None or not len(present) or present.dt.year.min() < 1000:
        return ""
    is_full = {"D": "%Y-%m-%d", "s": "%Y-%m-%d %H:%M:%S"}
    return next((form for unit, form in is_full.items() if (present.dt.floor(unit) == present).all()), "")


def as_text(text: Any) -> Any:
    """Return a column of text as it is spelled; blank cells are missing."""
    return text.where(text != "")
