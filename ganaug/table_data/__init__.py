"""User tables in, compact rows out, and back: the only place that knows what users' tables look like."""

from ganaug.table_data.arrays import as_array
from ganaug.table_data.codec import TableCodec

__all__ = ["TableCodec", "as_array"]
