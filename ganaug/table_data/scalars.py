"""Cells and column names written as JSON."""

import datetime
import decimal
from typing import Any


def to_json(value: Any) -> Any:
    """Return a cell as JSON: plain kinds as they are, others as ``{kind: text}``.

    Raises
    ------
    TypeError
        If the value is of a kind that cannot be written.
    """
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, tuple):
        return {"tuple": [to_json(part) for part in value]}
    if isinstance(value, decimal.Decimal):
        return {"decimal": str(value)}
    if type(value).__name__ == "Timestamp":
        return {"timestamp": value.isoformat()}
    if type(value).__name__ == "Timedelta":
        return {"timedelta": value.isoformat()}
    if type(value).__name__ == "Interval":
        return {"interval": [to_json(value.left), to_json(value.right), value.closed]}
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return {type(value).__name__: value.isoformat()}
    if hasattr(value, "item"):  # a numpy scalar
        return to_json(value.item())
    raise TypeError(
        f"The value {value!r} of type {type(value).__name__} cannot be saved; to save, turn the column into strings "
        f"or numbers before fit, as in X[column].astype(str)."
    )


def from_json(value: Any) -> Any:
    """Read what `to_json` wrote."""
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    return _READERS[kind](text)


def _read_pandas(name: str) -> Any:
    def read(text: Any) -> Any:
        import pandas as pd

        return getattr(pd, name)(text)

    return read


def _read_interval(parts: list[Any]) -> Any:
    import pandas as pd

    return pd.Interval(from_json(parts[0]), from_json(parts[1]), closed=parts[2])


_READERS: dict[str, Any] = {
    "bytes": bytes.fromhex,
    "tuple": lambda parts: tuple(from_json(part) for part in parts),
    "decimal": decimal.Decimal,
    "timestamp": _read_pandas("Timestamp"),
    "timedelta": _read_pandas("Timedelta"),
    "interval": _read_interval,
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
}
