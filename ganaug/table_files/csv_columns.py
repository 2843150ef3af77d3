"""The columns of a CSV file: what their cells, all of them text, stand for."""

import contextlib
import re
from dataclasses import dataclass
from typing import Any

_MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?")
# Codes with leading zeros, and integers that no 64 bits hold.
_CODES = r"[+-]?(?:0\d|\d{19,}$)"
_PHONE_NUMBER = r"\+\d+"
_DECIMAL_COMMA = r"[+-]?\d*,?\d+"
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:([ T])\d\d:\d\d(:\d\d(\.\d{3}(?:\d{3})?)?)?(Z?))?")
_MILLISECONDS = "%3f"
"""What three digits of a second are called in formats here; Python has a name for six alone."""


@dataclass(frozen=True, eq=False)
class Column:
    """What a column's cells stand for.

    Attributes
    ----------
    values : Series
        Numbers, dates or text.
    missing : str
        How missing numbers and dates are spelled.
    form : str
        The format of dates.
    has_decimal_comma : bool
    """

    values: Any
    missing: str = ""
    form: str = ""
    has_decimal_comma: bool = False


def parse(text: Any, *, decimal_comma: bool = False) -> Column:
    """Return what a column of text stands for; numbers may be spelled with a decimal comma if that is said."""
    stripped = text.str.strip()
    is_missing = stripped.isin(_MISSING)
    present = stripped[~is_missing]
    parsed, form, has_comma = None, "", False
    if len(present) and not _are_codes(present):
        parsed = _as_numbers(present)
        if parsed is None and decimal_comma and present.str.fullmatch(_DECIMAL_COMMA).all():
            parsed, has_comma = _as_numbers(present.str.replace(",", ".", regex=False)), True
        if parsed is None:
            parsed, form = _as_dates(present)
    if parsed is None:
        return Column(as_text(text))
    spelling = str(text[is_missing].mode()[0]) if is_missing.any() else ""
    if is_missing.any() and parsed.dtype.kind in "iu":
        parsed = parsed.astype("Int64")
    return Column(parsed.reindex(text.index), spelling, form, has_comma)


def _are_codes(present: Any) -> bool:
    return present.str.match(_CODES).any() or present.str.fullmatch(_PHONE_NUMBER).all()


def _as_numbers(present: Any) -> Any:
    import pandas as pd

    with contextlib.suppress(ValueError, TypeError):
        numbers = pd.to_numeric(present)
        if numbers.dtype.kind in "iuf":
            return numbers.astype(numbers.dtype.name.lower())  # Some kinds of text give nullable numbers.
    return None


def _as_dates(present: Any) -> tuple[Any, str]:
    """Return dates or times, and their format, if all are spelled alike: as ISO 8601, in UTC or of no zone."""
    import pandas as pd

    first = _TIME.fullmatch(present.iloc[0])
    if first:
        between, seconds, fraction, zone = first.groups()
        form = "%Y-%m-%d" + (f"{between}%H:%M" if between else "") + (":%S" if seconds else "")
        form += {None: "", 4: f".{_MILLISECONDS}", 7: ".%f"}[fraction and len(fraction)] + (zone or "")
        spelled_alike = re.sub(r"\d", r"\\d", re.escape(first[0]))
        if present.str.fullmatch(spelled_alike).all():
            with contextlib.suppress(ValueError):
                return pd.to_datetime(present, format=form.replace(_MILLISECONDS, "%f")), form
    return None, ""


def spell_times(times: Any, form: str) -> Any:
    """Return times as text; missing ones stay missing."""
    if _MILLISECONDS not in form:
        return times.dt.strftime(form)
    return times.dt.strftime(form.replace(_MILLISECONDS, "%f")).str.replace(r"(\.\d{3})\d{3}", r"\1", regex=True)


def spell_with_comma(numbers: Any) -> Any:
    """Return numbers as text with a decimal comma; missing ones stay missing."""
    return numbers.map(lambda number: str(number).replace(".", ","), na_action="ignore")


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
