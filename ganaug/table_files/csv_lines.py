"""The lines of CSV files, read strictly and copied verbatim."""

import contextlib
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from ganaug.table_files.table import SYNTHETIC, Table

_ROWS_AT_ONCE = 50_000


def read_texts(path: Path, separator: str) -> Any:
    """Return all cells of a CSV file as they are spelled, as a DataFrame of strings.

    Raises
    ------
    ValueError
        If the file is not CSV in UTF-8 with a header and rows; the message names the line.
    """
    try:
        with _cells_of_any_length():
            return _read_rows(path, separator)
    except UnicodeDecodeError as error:
        raise ValueError(f"Cannot read {path}: it is not text in UTF-8 ({error.reason}); convert it first.") from error
    except csv.Error as error:
        raise ValueError(
            f"Cannot read {path}: {error}; correct that line, or pass the separator that it uses (--separator)."
        ) from error


@contextlib.contextmanager
def _cells_of_any_length() -> Iterator[None]:
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _read_rows(path: Path, separator: str) -> Any:
    import pandas as pd

    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        parts, rows = [], []
        try:
            header = next((row for row in reader if row), None)
            _check_header(path, header)
            for row in filter(None, reader):
                if len(row) != len(header):
                    raise csv.Error(f"{len(row)} fields, and the header has {len(header)}")
                rows.append(row)
                if len(rows) == _ROWS_AT_ONCE:  # Lists of strings take ten times the memory.
                    parts.append(pd.DataFrame(rows, columns=header, dtype=str))
                    rows = []
        except csv.Error as error:
            raise csv.Error(f"line {reader.line_num}: {error}") from error
    if not rows and not parts:
        raise ValueError(f"{path} has a header and no rows; pass a table with rows.")
    return pd.concat([*parts, pd.DataFrame(rows, columns=header, dtype=str)], ignore_index=True)


def _check_header(path: Path, header: Sequence[str] | None) -> None:
    if header is None:
        raise ValueError(f"{path} is empty; pass a table with a header and rows.")
    if any("\0" in name for name in header):
        raise ValueError(f"Cannot read {path}: it is not a text file; pass a CSV file in UTF-8.")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise ValueError(f"{path} has several columns named {repeated[0]!r}; give each column a name of its own.")


def find_encoding(table: Table) -> str:
    """Return the encoding to write a table in: UTF-8, with a byte order mark if its file has one."""
    if table.separator is None:
        return "utf-8"
    with table.path.open("rb") as file:
        return "utf-8-sig" if file.read(3) == b"\xef\xbb\xbf" else "utf-8"


def copy_lines(table: Table, out: TextIO, mark: bool, goes_on: bool) -> str:
    """Copy the lines of a CSV file, and return how they end."""
    end, seen = "", False
    with _cells_of_any_length(), table.path.open(encoding="utf-8-sig", newline="") as lines:
        taken: list[str] = []
        reader = csv.reader((taken.append(line) or line for line in lines), delimiter=table.separator, strict=True)
        for record in reader:  # A record may take several lines.
            raw = "".join(taken)
            taken.clear()
            body = raw.rstrip("\r\n")
            end = end or raw[len(body) :]
            cell = "" if not mark or not record else f"{table.separator}{False if seen else SYNTHETIC}"
            out.write(body + cell + raw[len(body) :])
            seen = seen or bool(record)
    if goes_on and body == raw:
        out.write(end or "\n")
    return end or "\n"
