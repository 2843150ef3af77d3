"""Tables read from files."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from ganaug.table_files.csv_columns import Column, as_text, parse
from ganaug.table_files.csv_lines import read_texts
from ganaug.table_files.parquet import read_parquet
from ganaug.table_files.table import SEPARATORS, Table, check_table_suffix, require


def read_table(
    path: str | PathLike,
    *,
    separator: str | None = None,
    text_columns: Iterable[str] = (),
    spelled_columns: Iterable[str] = (),
) -> Table:
    """Read a table.

    Parameters
    ----------
    path : path-like
        Ending in .csv, .tsv or .parquet.
    separator : str of length 1, optional
        Default: a comma for .csv, a tabulator for .tsv. Where it is no comma, numbers may have a decimal comma.
    text_columns : iterable of str
        Columns of a CSV file that are text, whatever they look like.
    spelled_columns : iterable of str
        Columns of a CSV file whose cells are kept in `Table.spelled`, too.

    Raises
    ------
    ImportError
        If pandas, or pyarrow for Parquet, is not installed.
    OSError
        If the file does not exist or cannot be read.
    ValueError
        If it is empty or not what its suffix says, a line has another number of fields than the header, or two
        columns have one name.
    """
    path = Path(path)
    suffix = check_table_suffix(path)
    require("pandas")
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist, or is not a file; pass a file ending in .csv or .parquet.")
    if suffix == ".parquet":
        return read_parquet(path)
    return _read_csv(path, separator or SEPARATORS[suffix], set(text_columns), set(spelled_columns))


def _read_csv(path: Path, separator: str, text_columns: set[str], spelled_columns: set[str]) -> Table:
    import pandas as pd

    texts = read_texts(path, separator)
    columns = {
        name: Column(as_text(cells)) if name in text_columns else parse(cells, decimal_comma=separator != ",")
        for name, cells in texts.items()
    }
    return Table(
        path,
        pd.DataFrame({name: column.values for name, column in columns.items()}),
        separator,
        missing={name: column.missing for name, column in columns.items() if column.missing},
        dates={name: column.form for name, column in columns.items() if column.form},
        decimal_commas=frozenset(name for name, column in columns.items() if column.has_decimal_comma),
        spelled={name: texts[name] for name in spelled_columns if name in texts},
    )
