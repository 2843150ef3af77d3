"""Columns that follow from another one, as a state does from a city: generators need not learn them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import logsumexp

from ganaug.table_data.categories import CategoryColumn
from ganaug.table_data.numbers import NumberColumn

_CHANCE = 1e-9
_FIRST_LOOK = 1000


@dataclass(frozen=True)
class Dependency:
    """A functional dependency: rows with the same category in one column have the same entries in another.

    Attributes
    ----------
    column, source : int
        Places of the column that follows, and of the category that it follows from.
    entries : tuple of tuple of float
        For each of the source's categories, the column's entries in compact rows.

    References
    ----------
    Codd, "Further normalization of the data base relational model", IBM Research Report RJ909, 1971, Section 3.
    """

    column: int
    source: int
    entries: tuple[tuple[float, ...], ...]

    @cached_property
    def _table(self) -> np.ndarray:
        return np.array(self.entries)

    def fill(self, categories: np.ndarray) -> list[np.ndarray]:
        """Return the column's entries, one array of shape (N,) for each block, from the source's."""
        codes = np.clip(np.rint(categories).astype(np.int64), 0, len(self._table) - 1)
        return list(self._table[codes].T)


def find_dependencies(
    columns: Sequence[NumberColumn | CategoryColumn], encoded: Sequence[Sequence[np.ndarray]]
) -> tuple[Dependency, ...]:
    """Find columns that follow from a category, where chance does not explain it.

    Of columns that follow from each other the first is the source. What follows is no source itself.

    Parameters
    ----------
    columns : sequence of NumberColumn or CategoryColumn
        Columns with folded categories take no part.
    encoded : sequence of sequences of arrays of shape (N,)
        Each column's blocks for all training rows.

    Returns
    -------
    tuple of Dependency, by column

    Notes
    -----
    Chance: had the rows of each category drawn their entries independently, from the column's frequencies ``p_b``,
    they would agree within all of them with probability ``prod_c sum_b p_b ** n_c``. This must be below 1e-9.
    """
    plain = {
        place: column.blocks[0].size
        for place, column in enumerate(columns)
        if isinstance(column, CategoryColumn) and column.blocks and not column.is_capped
    }
    able = [place for place, column in enumerate(columns) if column.blocks and not getattr(column, "is_capped", False)]
    found: dict[int, Dependency] = {}
    sources: set[int] = set()
    for source in sorted(plain, key=lambda place: -plain[place]):
        if source in found:
            continue
        for column in able:
            if column in found or column == source or column in sources:
                continue
            entries = _find_entries(encoded[source][0], plain[source], encoded[column])
            if entries is not None:
                sources.add(source)
                found[column] = Dependency(column, source, tuple(map(tuple, entries.tolist())))
    return tuple(found[column] for column in sorted(found))


def _find_entries(codes: np.ndarray, size: int, blocks: Sequence[np.ndarray]) -> np.ndarray | None:
    """Return the entries of each category, float64 (size, n_blocks); None if they differ, or agree by chance."""
    rows = np.stack(blocks, axis=1)
    for n in (_FIRST_LOOK, len(codes)):  # Most columns differ within the first rows.
        entries = np.zeros((size, rows.shape[1]))
        entries[codes[:n]] = rows[:n]
        if (entries[codes[:n]] != rows[:n]).any():
            return None
    shares = np.unique(rows, axis=0, return_counts=True)[1] / len(rows)
    counts = np.bincount(codes, minlength=size)
    chance = logsumexp(np.log(shares)[:, None] * counts[counts > 0], axis=0).sum()
    return entries if chance < np.log(_CHANCE) else None
