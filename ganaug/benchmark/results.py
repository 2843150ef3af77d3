"""A results file: one JSON line for each finished row, safe against interruption at any moment."""

import json
import os
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class ResultsFile:
    """Append-only rows on disk; without a path, in memory only.

    Every row is flushed to the disk before the next begins. A line cut off by a crash is dropped when the
    file is next read or written; a broken line anywhere else is an error, as it cannot come from an
    interruption.

    Parameters
    ----------
    path : path, optional
        The ``results.jsonl`` to continue or to begin.

    Raises
    ------
    ValueError
        If a line before the last is not JSON.
    """

    def __init__(self, path: str | os.PathLike | None = None):
        self.path = None if path is None else Path(path)
        self.rows = _read(self.path) if self.path is not None and self.path.exists() else []

    def append(self, row: Row) -> None:
        """Add one row and make sure it is on the disk."""
        self.rows.append(row)
        if self.path is None:
            return
        _drop_cut_off_line(self.path)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def by_key(self) -> dict[str, Row]:
        """The rows by their ``"key"``; the first of several equal ones counts."""
        return {row["key"]: row for row in reversed(self.rows)}


def _read(path: Path) -> list[Row]:
    lines = path.read_bytes().split(b"\n")
    rows = []
    for number, line in enumerate(lines[:-1], start=1):  # What follows the last newline is cut off.
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise ValueError(
                f"{path}, line {number}, is not JSON: {line[:40]!r}. Delete it; its row will be redone."
            ) from error
    return rows


def _drop_cut_off_line(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)
