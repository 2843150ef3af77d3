"""numpy and pandas dtypes written as JSON."""

import re
from typing import Any

import numpy as np

from ganaug.table_data.scalars import from_json, to_json


def dtype_to_json(dtype: Any) -> Any:
    """Return a dtype's name, or for dtypes that a name does not tell, ``{kind: parts}``.

    Raises
    ------
    TypeError
        If it is one that cannot be written.
    """
    written = _write(dtype)
    try:
        is_read = dtype_from_json(written) == dtype
    except (AttributeError, TypeError, ValueError):
        is_read = False
    if not is_read:
        raise TypeError(
            f"A column's dtype {dtype} cannot be saved; to save, convert the column before fit: a time zone to one "
            "that has a name, anything else to strings or numbers, as in X[column].astype(str)."
        )
    return written


def _write(dtype: Any) -> Any:
    name = type(dtype).__name__
    if name == "CategoricalDtype":
        categories = dtype.categories
        values = [to_json(value) for value in categories.tolist()]
        return {"category": [values, _write(categories.dtype), bool(dtype.ordered)]}
    if name == "StringDtype":
        return {"string": [dtype.storage, "nan" if dtype.na_value is np.nan else "NA"]}
    if name == "ArrowDtype":
        return {"arrow": _arrow_name(dtype.pyarrow_dtype)}
    return str(dtype)


def dtype_from_json(value: Any) -> Any:
    """Read what `dtype_to_json` wrote."""
    import pandas as pd

    if isinstance(value, str):
        return pd.api.types.pandas_dtype(value)
    ((kind, parts),) = value.items()
    if kind == "category":
        values, dtype, ordered = parts
        index = pd.Index([from_json(part) for part in values], dtype=dtype_from_json(dtype), tupleize_cols=False)
        return pd.CategoricalDtype(index, ordered=ordered)
    if kind == "string":
        return pd.StringDtype(parts[0]) if parts[1] == "NA" else pd.StringDtype(parts[0], na_value=np.nan)
    import pyarrow as pa

    name, *arguments = parts
    return pd.ArrowDtype(getattr(pa, name)(*arguments))


def _arrow_name(arrow_type: Any) -> list[Any]:
    """Return the name of pyarrow's function that makes a type, and its arguments."""
    names = {"double": "float64", "float": "float32", "halffloat": "float16", "bool": "bool_"}
    kind = re.split(r"[\[(]", str(arrow_type))[0]
    if kind in ("timestamp", "duration", "time32", "time64"):
        zone = getattr(arrow_type, "tz", None)
        return [kind, arrow_type.unit, *([zone] if zone else [])]
    if kind in ("decimal128", "decimal256"):
        return [kind, arrow_type.precision, arrow_type.scale]
    name = names.get(str(arrow_type), str(arrow_type))
    return [{"date32[day]": "date32", "date64[ms]": "date64"}.get(name, name)]
