"""Tables written to files."""

from os import PathLike
from pathlib import Path
from typing import Any

from ganaug.table_files.csv_lines import copy_lines, find_encoding
from ganaug.table_files.parquet import write_parquet
from ganaug.table_files.table import SEPARATORS, SYNTHETIC, Table, check_mark, check_table_output, written_file


def write_table(frame: Any, path: str | PathLike, *, overwrite: bool = False) -> None:
    """Write a table, whole or not at all; see `check_table_output` for what is refused."""
    path = check_table_output(path, overwrite=overwrite)
    with written_file(path) as partial:
        if path.suffix.lower() == ".parquet":
            frame.to_parquet(partial, index=False, engine="pyarrow")
        else:
            frame.to_csv(partial, sep=SEPARATORS[path.suffix.lower()], index=False, lineterminator="\n")


def write_appended(
    table: Table, new: Any, path: str | PathLike, *, mark: bool = False, overwrite: bool = False
) -> None:
    """Write a table with new rows below it, whole or not at all.

    Parameters
    ----------
    table : Table
        From a CSV file to one of the same suffix, its lines are copied as they are; from Parquet to Parquet, the
        schema is kept; else, cells are written anew.
    new : DataFrame
        With the same columns; those it lacks are left empty in its rows.
    path : path-like
        See `check_table_output` for what is refused.
    mark : bool, default False
        Add a boolean column `SYNTHETIC`, the last.

    Raises
    ------
    ValueError
        If `mark` is true and there is a column of that name.
    """
    path = check_table_output(path, source=table.path, overwrite=overwrite)
    check_mark(table, mark)
    new = new.reindex(columns=table.frame.columns)
    with written_file(path) as partial:
        if path.suffix.lower() == ".parquet":
            write_parquet(table, new, partial, mark)
        else:
            _write_lines(table, new, partial, mark)


def _write_lines(table: Table, new: Any, path: Path, mark: bool) -> None:
    is_copied = table.path.suffix.lower() == path.suffix.lower()
    separator = table.separator if is_copied else SEPARATORS[path.suffix.lower()]
    rows = _spell(table, new)
    if mark:
        rows[SYNTHETIC] = True
    with path.open("w", encoding=find_encoding(table), newline="") as out:
        if is_copied:
            end = copy_lines(table, out, mark, bool(len(new)))
        else:
            old, end = _spell(table, table.frame), "\n"
            (old.assign(**{SYNTHETIC: False}) if mark else old).to_csv(
                out, sep=separator, index=False, lineterminator=end
            )
        rows.to_csv(out, sep=separator, index=False, header=False, lineterminator=end)


def _spell(table: Table, new: Any) -> Any:
    """Spell missing values and dates as a CSV file does."""
    spelled = new.copy()
    for name, form in table.dates.items():
        if spelled[name].dtype.kind == "M":  # Identifiers are empty.
            spelled[name] = spelled[name].dt.strftime(form)
    for name, spelling in table.missing.items():
        column = spelled[name].astype(object)
        spelled[name] = column.where(column.notna(), spelling)
    return spelled
