"""A table from a file, and what is checked before one is read or written."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from ganaug._folders import check_writable
from ganaug._validation import list_first, suggest

SYNTHETIC = "synthetic"
"""Name of the boolean column that tells synthetic rows."""
SEPARATORS = {".csv": ",", ".tsv": "\t"}
_SUFFIXES = (*SEPARATORS, ".parquet")


@dataclass(frozen=True, eq=False)
class Table:
    """A table that was read from a file.

    Attributes
    ----------
    path : Path
    frame : DataFrame
    separator : str, or None for Parquet
    missing : dict of str to str
        How missing numbers and dates of a CSV file's columns are spelled.
    dates : dict of str to str
        Formats of columns of dates and times.
    decimal_commas : frozenset of str
        A CSV file's columns of numbers that have a decimal comma.
    spelled : dict of str to Series of str
        The cells of some of a CSV file's columns, as they are spelled.
    arrow : pyarrow.Table, or None for CSV
    index_columns : tuple of str
        Columns of a Parquet file that were a DataFrame's index.
    """

    path: Path
    frame: Any
    separator: str | None
    missing: dict[str, str] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)
    decimal_commas: frozenset[str] = frozenset()
    spelled: dict[str, Any] = field(default_factory=dict)
    arrow: Any = None
    index_columns: tuple[str, ...] = ()


def check_table_suffix(path: Path) -> str:
    """Return the suffix in lower case; raise a `ValueError` unless it is that of a table."""
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise ValueError(f"{path} ends in {path.suffix or 'no suffix'!r}; tables end in .csv, .tsv or .parquet.")
    return suffix


def check_table_output(
    path: str | PathLike, *, source: str | PathLike | None = None, overwrite: bool | None = False
) -> Path:
    """Return the path that a table may be written to.

    Parameters
    ----------
    path : path-like
    source : path-like, optional
        What the table is made from.
    overwrite : bool or None, default False
        Whether a file there may be replaced. None if the caller cannot be told so.

    Raises
    ------
    FileExistsError
        If it exists, and is not a file or `overwrite` is false.
    ValueError
        If it is `source`, or its suffix is not that of a table.
    OSError, ImportError
        If it could not be written.
    """
    path = Path(path)
    if check_table_suffix(path) == ".parquet":
        require("pyarrow")
    if source is not None and path.resolve() == Path(source).resolve():
        raise ValueError(f"{path} is both input and output; write into another file.")
    if path.is_dir():
        raise FileExistsError(f"{path} is a folder; choose the name of a file.")
    if path.exists() and not overwrite:
        remedy = "" if overwrite is None else ", or pass overwrite=True to replace it"
        raise FileExistsError(f"{path} exists; choose another path{remedy}.")
    check_writable(path)
    return path


def check_columns(names: Iterable[str], frame: Any, path: Path) -> None:
    """Raise a `ValueError` that names the nearest column, unless all names are columns of a table."""
    for name in names:
        if name in frame.columns:
            continue
        known = list(frame.columns)
        shown = list_first(list(map(repr, known)))
        if len(known) == 1 and any(separator in known[0] for separator in ";\t|,"):
            hint = " Is another separator needed, as in --separator ';'?"
        else:
            same = [own for own in known if own.strip().casefold() == name.strip().casefold()]
            hint = suggest(same[0] if same else name, known)
        raise ValueError(f"{path} has no column {name!r}; its columns are {shown}.{hint}")


def check_emptied(names: Iterable[str], table: Table, out: Path) -> None:
    """Raise a `ValueError` if columns that are to be empty in new rows may not be so in a Parquet file."""
    if table.arrow is None or out.suffix.lower() != ".parquet":
        return
    required = [name for name in names if not table.arrow.schema.field(name).nullable]
    if required:
        raise ValueError(
            f"Column {required[0]!r} of {table.path} must have a value in each row by the file's schema, and new rows "
            f"have none for identifiers; make it nullable, leave it out of the table, or write a CSV file."
        )


def append_column(frame: Any, name: str, cells: Any) -> Any:
    """Return a frame with one more column, the last; both are taken row by row, whatever their indices."""
    import pandas as pd

    # Assigned instead, it would give a warning where there are a hundred columns.
    return pd.concat([frame.reset_index(drop=True), pd.Series(cells, name=name).reset_index(drop=True)], axis=1)


def check_mark(table: Table, mark: bool) -> None:
    """Raise a `ValueError` if a table that is to be marked has a column of the mark's name."""
    if mark and SYNTHETIC in table.frame.columns:
        raise ValueError(f"{table.path} already has a column {SYNTHETIC!r}; rename it, or write without the mark.")


def require(module: str) -> None:
    """Raise an `ImportError` that names the pip command unless a module of the extras for tables is there."""
    try:
        __import__(module)
    except ImportError as error:
        extra = "tables,parquet" if module == "pyarrow" else "tables"
        raise ImportError(f'{module} is needed for this table: pip install "ganaug[{extra}]" ({error})') from error
