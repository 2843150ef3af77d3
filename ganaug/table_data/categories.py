"""Columns of categories: one category block, the rarest of many values folded into one."""

import contextlib
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganaug._validation import list_first, suggest
from ganaug.blocks import Block
from ganaug.table_data.cells import Cells, ColumnType, check_missing
from ganaug.table_data.scalars import from_json, to_json

_MAX_REST = 10_000


@dataclass(frozen=True)
class CategoryColumn:
    """What was learned of a column of categories.

    Attributes
    ----------
    levels : tuple
        Values that have a category of their own, sorted if they can be compared: objects, or the integers and
        floats that `Cells` holds.
    rest : tuple
        Values folded into one category behind them, the most frequent first; at most 10,000, so that a column of
        identifiers costs no more memory than that.
    rest_counts : tuple of int
        How often each of them was seen: `decode` draws in these proportions.
    has_missing : bool
        Whether there is one more category for missing values, the last.
    """

    levels: tuple[Any, ...]
    rest: tuple[Any, ...]
    rest_counts: tuple[int, ...]
    has_missing: bool

    @classmethod
    def fit(cls, cells: Cells, max_categories: int) -> "CategoryColumn":
        """Learn a column."""
        counts = Counter(cells.present.tolist()).most_common()
        if len(counts) > max_categories:
            # Equally frequent values must not have a category of their own for standing first: rows may be sorted.
            counts.sort(key=lambda pair: (-pair[1], zlib.crc32(repr(pair[0]).encode())))
        kept, rest = counts[:max_categories], counts[max_categories:][:_MAX_REST]
        levels = [level for level, _ in kept]
        with contextlib.suppress(TypeError):  # Tuples of unlike kinds stay in the order of their counts.
            levels.sort()
        return cls(
            tuple(levels),
            tuple(level for level, _ in rest),
            tuple(count for _, count in rest),
            cells.missing is not None,
        )

    @property
    def is_capped(self) -> bool:
        return bool(self.rest)

    @property
    def _size(self) -> int:
        return len(self.levels) + self.is_capped + self.has_missing

    @property
    def blocks(self) -> tuple[Block, ...]:
        """One category block, or none if all values are equal."""
        return (Block(self._size),) if self._size > 1 else ()

    @property
    def n_features(self) -> int:
        return self._size if self._size > 1 else 0

    def encode(self, cells: Cells, column_type: ColumnType) -> list[np.ndarray]:
        """Return the index of each category, in a list with one int64 array of shape (N,), or with none.

        Raises
        ------
        ValueError
            If a value was not seen in training, unless there is a category of folded values to take it; or if a
            value is missing in a column where none was in training.
        """
        check_missing(cells, self.has_missing)
        codes = self._find_codes(cells)
        if (codes < 0).any():
            self._raise_unseen(cells.name, cells.values[codes < 0].tolist()[0], column_type)
        return [codes] if self.blocks else []

    def decode(self, blocks: list[np.ndarray], n_rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return levels and codes, the latter int64 of shape (N,); -1 stands for a missing value."""
        if not blocks:
            return _as_array(self.levels), np.full(n_rows, -1 if self.has_missing else 0, np.int64)
        codes = np.clip(np.rint(blocks[0]).astype(np.int64), 0, self._size - 1)
        missing = codes == self._size - 1 if self.has_missing else None
        if self.is_capped:
            folded = codes == len(self.levels)
            cumulative = np.cumsum(self.rest_counts)
            drawn = np.searchsorted(cumulative, rng.integers(cumulative[-1], size=int(folded.sum())), side="right")
            codes[folded] += drawn
        if missing is not None:
            codes[missing] = -1
        return _as_array(self.levels + self.rest), codes

    def features(self, cells: Cells, column_type: ColumnType, ignore_unseen: bool = False) -> list[np.ndarray]:
        """Return one 0/1 array of shape (N,) for each category, all 0 for what was not seen if that is ignored."""
        blocks = [self._find_codes(cells)] if ignore_unseen else self.encode(cells, column_type)
        return [codes == place for codes in blocks for place in range(self.n_features)]

    def _find_codes(self, cells: Cells) -> np.ndarray:
        """Return the index of each category, -1 where there is none for it."""
        index = {level: place for place, level in enumerate(self.levels)}
        unseen = len(self.levels) if self.is_capped else -1
        values, inverse = _unique(cells.present)
        found = np.array([index.get(value, unseen) for value in values], np.int64)
        codes = np.full(len(cells.values), self._size - 1 if self.has_missing else -1, np.int64)
        codes[slice(None) if cells.missing is None else ~cells.missing] = found[inverse]
        return codes

    def to_dict(self) -> dict[str, Any]:
        """Write the column as a JSON-able dict."""
        return {
            "kind": "category",
            "levels": [to_json(level) for level in self.levels],
            "rest": [to_json(level) for level in self.rest],
            "rest_counts": list(self.rest_counts),
            "has_missing": self.has_missing,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "CategoryColumn":
        """Read what `to_dict` wrote."""
        levels, rest = (tuple(from_json(level) for level in values[name]) for name in ("levels", "rest"))
        return cls(levels, rest, tuple(values["rest_counts"]), values["has_missing"])

    def _raise_unseen(self, name: str, value: Any, column_type: ColumnType) -> None:
        names = [column_type.show(level) for level in self.levels]
        raise ValueError(
            f"{name} of X holds the category {column_type.show(value)}, which the training data does not have; it has "
            f"{list_first(names) or 'missing values only'}. Map it to one of these, or train with data that has it."
            f"{suggest(column_type.show(value), names)}"
        )


def _unique(values: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Return the distinct values, and the index of each value among them."""
    if values.dtype.kind != "O":
        distinct, inverse = np.unique(values, return_inverse=True)
        return distinct.tolist(), inverse
    cells = values.tolist()
    index = {value: place for place, value in enumerate(dict.fromkeys(cells))}
    return list(index), np.fromiter(map(index.__getitem__, cells), np.int64, len(cells))


def _as_array(levels: tuple[Any, ...]) -> np.ndarray:
    kinds = {type(level) for level in levels}
    if kinds == {int}:
        return np.array(levels, np.int64 if max(levels) < 2**63 else np.uint64)
    if kinds == {float}:
        return np.array(levels, np.float64)
    array = np.empty(len(levels), object)
    for place, level in enumerate(levels):  # Assigned at once, tuples would be unpacked.
        array[place] = level
    return array
