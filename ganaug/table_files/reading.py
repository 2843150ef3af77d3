"""Tables read from files."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from ganaug.table_files.csv_columns import as_text, parse
from ganaug.table_files.csv_lines import read_texts
from ganaug.table_files.parquet import read_parquet
from ganaug.table_files.table import SEPARATORS, Table, check_table_suffix, require


def read_table(path: str | PathLike, *, separator: str | None = None, text_columns: Iterable[str] = ()) -> Table:
    """Read a table.

    Parameters
    ----------
    path : path-like
        Ending in .csv, .tsv or .parquet.
    separator : str of length 1, optional
        Default: a comma for .csv, a tabulator for .tsv.
    text_columns : iterable of str
        Columns of a CSV file that are text, whatever they look like.

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
    return (
        read_parquet(path) if suffix == ".parquet" else _read_csv(path, separator or SEPARATORS[suffix], text_columns)
    )


def _read_csv(path: Path, separator: str, text_columns: Iterable[str]) -> Table:
    frame, missing, dates = read_texts(path, separator), {}, {}
    kept = set(text_columns)
    for name in frame.columns:
        if name in kept:
            frame[name] = as_text(frame[name])
            continue
        frame[name], spelling, form = parse(frame[name])
        missing |= {name: spelling} if spelling else {}
        dates |= {name: form} if form else {}
    return Table(path, frame, separator, missing, dates)
