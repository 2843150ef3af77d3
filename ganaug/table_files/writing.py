"""Tables written to files."""

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TextIO

from ganaug._folders import written_file
from ganaug.table_files.csv_columns import find_form, spell_times, spell_with_comma
from ganaug.table_files.csv_lines import copy_lines, find_encoding
from ganaug.table_files.parquet import write_parquet
from ganaug.table_files.table import SEPARATORS, SYNTHETIC, Table, check_mark, check_table_output


def write_table(
    frame: Any, path: str | PathLike, *, dates: Mapping[str, str] | None = None, overwrite: bool = False
) -> None:
    """Write a table, whole or not at all.

    Parameters
    ----------
    frame : DataFrame
    path : path-like
        See `check_table_output` for what is refused.
    dates : mapping of str to str, optional
        Formats of a CSV file's columns of dates and times; of others, the shortest that tells them apart.
    """
    path = Path(path)
    with written_file(path, lambda: check_table_output(path, overwrite=overwrite)) as partial:
        if path.suffix.lower() == ".parquet":
            frame.to_parquet(partial, index=False, engine="pyarrow")
            return
        times = [name for name in frame if frame[name].dtype.kind == "M"]
        forms = {name: find_form(frame[name]) for name in times} | dict(dates or {})
        with partial.open("w", encoding="utf-8", newline="") as out:
            _write_rows(_spell(frame, forms), out, SEPARATORS[path.suffix.lower()], "\n", header=True)


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
    path = Path(path)
    check_mark(table, mark)
    with written_file(path, lambda: check_table_output(path, source=table.path, overwrite=overwrite)) as partial:
        if path.suffix.lower() == ".parquet":
            write_parquet(table, new, partial, mark)
        else:
            _write_lines(table, new.reindex(columns=table.frame.columns), partial, mark)


def _write_lines(table: Table, new: Any, path: Path, mark: bool) -> None:
    is_copied = table.path.suffix.lower() == path.suffix.lower()
    separator = table.separator if is_copied else SEPARATORS[path.suffix.lower()]
    rows = _spell(new, table.dates, table.missing, table.decimal_commas if is_copied else ())
    if mark:
        rows[SYNTHETIC] = True
    with path.open("w", encoding=find_encoding(table), newline="") as out:
        if is_copied:
            end = copy_lines(table, out, mark, bool(len(new)))
        else:
            old, end = _spell(table.frame, table.dates, table.missing), "\n"
            _write_rows(old.assign(**{SYNTHETIC: False}) if mark else old, out, separator, end, header=True)
        _write_rows(rows, out, separator, end, header=False)


def _write_rows(rows: Any, out: TextIO, separator: str, end: str, header: bool) -> None:
    # pandas quotes cells that hold a character of the lines' end; so all that end lines anywhere must be among these.
    rows.to_csv(_Lines(out, end), sep=separator, index=False, header=header, lineterminator="\r\n")


class _Lines:
    """What lines that end in a carriage return and a line feed are written to, to end otherwise."""

    def __init__(self, out: TextIO, end: str) -> None:
        self._out, self._end = out, end

    def write(self, line: str) -> int:
        return self._out.write(line.removesuffix("\r\n") + self._end)


def _spell(
    rows: Any,
    dates: Mapping[str, str],
    missing: Mapping[str, str] | None = None,
    decimal_commas: Iterable[str] = (),
) -> Any:
    """Spell missing values, dates and decimals as a CSV file does."""
    spelled = rows.copy()
    for name, form in dates.items():
        if form and spelled[name].dtype.kind == "M":  # Identifiers are empty.
            spelled[name] = spell_times(spelled[name], form)
    for name in decimal_commas:
        spelled[name] = spell_with_comma(spelled[name])
    for name, spelling in (missing or {}).items():
        column = spelled[name].astype(object)
        spelled[name] = column.where(column.notna(), spelling)
    return spelled
