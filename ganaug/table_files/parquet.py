"""Parquet files; pyarrow is imported only when one is read or written."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from ganaug.table_files.csv_columns import find_form
from ganaug.table_files.table import SYNTHETIC, Table, require

_NULLABLE = {f"{sign}int{bits}": f"{sign.upper()}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
"""What pandas calls integers that may be missing."""


def read_parquet(path: Path) -> Table:
    """Read a table; see `read_table`."""
    require("pyarrow")
    import pyarrow as pa
    from pyarrow import parquet

    try:
        arrow = parquet.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"Cannot read {path} as Parquet: {error}") from error
    if not arrow.num_rows:
        raise ValueError(f"{path} has no rows; pass a table with rows.")
    names = arrow.column_names
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{path} has several columns named {repeated[0]!r}; give each column a name of its own.")
    index = (arrow.schema.pandas_metadata or {}).get("index_columns", [])
    frame = _as_frame(arrow)
    forms = {name: find_form(frame[name]) for name in frame if frame[name].dtype.kind == "M"}
    return Table(
        path,
        frame,
        None,
        dates={name: form for name, form in forms.items() if form},
        arrow=arrow,
        index_columns=tuple(name for name in index if name in names),
    )


def _as_frame(arrow: Any) -> Any:
    """Return a DataFrame in which integers and booleans with missing values stay what they are, and dates are times.

    Decimals become floats, which hold theirs up to the 15th digit.
    """
    import pandas as pd
    import pyarrow as pa

    kinds = [f"{sign}{bits}" for sign in ("Int", "UInt") for bits in (8, 16, 32, 64)]
    nullable = {getattr(pa, kind.lower())(): pd.api.types.pandas_dtype(kind) for kind in kinds}
    nullable[pa.bool_()] = pd.BooleanDtype()
    # By way of their text, since a cast of its own is off by a rounding error in every seventh decimal.
    floats = arrow.cast(_without_decimals(arrow.schema, pa.string())).cast(_without_decimals(arrow.schema))
    frame = floats.to_pandas(types_mapper=nullable.get, ignore_metadata=True, date_as_object=False)
    whole = [name for name in frame if arrow[name].type in nullable and not arrow[name].null_count]
    return frame.astype({name: frame[name].dtype.numpy_dtype for name in whole})


def _without_decimals(schema: Any, kind: Any = None) -> Any:
    """Return a schema with decimals as floats, or as what `kind` says."""
    import pyarrow as pa

    kind = kind or pa.float64()
    return pa.schema([field.with_type(kind) if pa.types.is_decimal(field.type) else field for field in schema])


def _adapt_metadata(old: Any, new: Any) -> dict[bytes, bytes] | None:
    """Return a table's metadata as it suits the table with new rows.

    Integers that new rows lack are such as may be missing: pandas would read them as floats, and change those beyond
    2**53. It does so in an index whatever is noted, so that an index with such large ones becomes columns, all its
    levels together. A range goes on.
    """
    metadata = dict(old.schema.metadata or {})
    if b"pandas" not in metadata:
        return metadata or None
    notes = json.loads(metadata[b"pandas"])
    emptied = set()
    for note in notes["columns"]:
        if note["field_name"] not in new and note["numpy_type"] in _NULLABLE:
            note["numpy_type"] = _NULLABLE[note["numpy_type"]]
            emptied.add(note["field_name"])
    levels = notes["index_columns"]
    if any(level in emptied and not _are_exact_floats(old[level]) for level in levels if not isinstance(level, dict)):
        levels = []
    for level in levels:
        if isinstance(level, dict):
            level["stop"] = level["start"] + level["step"] * (old.num_rows + len(new))
    return metadata | {b"pandas": json.dumps({**notes, "index_columns": levels}).encode()}


def _are_exact_floats(integers: Any) -> bool:
    from pyarrow import compute

    bounds = compute.min_max(integers).as_py().values()
    return all(bound is None or abs(bound) <= 2**53 for bound in bounds)


def _number_rows(table: Table, new: Any) -> Any:
    """Return new rows whose numbers go on from the largest, where an index has numbers and no name.

    Such numbers are those that rows once had in a larger table; an index with a name identifies them.
    """
    for name in table.index_columns:
        numbers = table.frame[name]
        if name.startswith("__index_level_") and numbers.dtype.kind in "iu":
            end = int(numbers.max()) + 1 + len(new)
            if end <= np.iinfo(numbers.dtype).max:
                new = new.assign(**{name: np.arange(end - len(new), end, dtype=numbers.dtype)})
    return new


def write_parquet(table: Table, new: Any, path: Path, mark: bool) -> None:
    """Write a table with new rows below it; see `write_appended`."""
    import pyarrow as pa
    from pyarrow import parquet

    old = pa.Table.from_pandas(table.frame, preserve_index=False) if table.arrow is None else table.arrow
    new = _number_rows(table, new)
    given = pa.schema([field for field in old.schema if field.name in new])
    made = pa.Table.from_pandas(new, schema=_without_decimals(given), preserve_index=False).cast(given)
    columns = [made[field.name] if field.name in new else pa.nulls(len(new), field.type) for field in old.schema]
    rows = pa.table(columns, schema=old.schema)
    joined = pa.concat_tables([old.replace_schema_metadata(_adapt_metadata(old, new)), rows])
    if mark:
        joined = joined.append_column(SYNTHETIC, pa.array([False] * old.num_rows + [True] * rows.num_rows))
    parquet.write_table(joined, path)
