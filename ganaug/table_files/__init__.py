"""Read tables from CSV and Parquet files, and write them with rows appended; originals stay as they were written.

In CSV files (UTF-8, a header line), a column is of integers or of numbers if all its cells are, with blanks, ``NA``,
``?`` and the like as missing, and with a decimal comma if no comma separates the cells; of dates or times if all are
alike ``2024-01-31``, ``2024-01-31 12:00`` or ``2024-01-31T12:00:00.000Z``, each part of the time as it comes; else of
text, in which only blank cells are missing and all others stay as spelled: ``007``, ``true`` and ``31/01/2024`` are
text. In Parquet files, columns keep their types.
"""

from ganaug.table_files.csv_columns import spell_times
from ganaug.table_files.reading import read_table
from ganaug.table_files.table import (
    SYNTHETIC,
    Table,
    append_column,
    check_columns,
    check_emptied,
    check_mark,
    check_table_output,
    require,
)
from ganaug.table_files.writing import write_appended, write_table

__all__ = [
    "SYNTHETIC",
    "Table",
    "append_column",
    "check_columns",
    "check_emptied",
    "check_mark",
    "check_table_output",
    "read_table",
    "require",
    "spell_times",
    "write_appended",
    "write_table",
]
