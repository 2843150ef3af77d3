"""User tables in, compact rows out, and back: the only place that knows what users' tables look like."""

from ganaug.table_data.arrays import as_array, is_list_of_rows, refuse_foreign
from ganaug.table_data.codec import TableCodec
from ganaug.table_data.file_columns import FileColumns
from ganaug.table_data.frames import check_column_names, is_frame
from ganaug.table_data.sparse import densify, formed_like

__all__ = [
    "FileColumns",
    "TableCodec",
    "as_array",
    "check_column_names",
    "densify",
    "formed_like",
    "is_frame",
    "is_list_of_rows",
    "refuse_foreign",
]
