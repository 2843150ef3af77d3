"""Columns that follow from another one, as a state does from a city: generators need not learn them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from ganaug.table_data.categories import CategoryColumn
from ganaug.table_data.cells import Cells
from ganaug.table_data.numbers import NumberColumn

_CHANCE = np.log(1e-9)
_FIRST_LOOK = 256


@dataclass(frozen=True)
class Dependency:
    """A functional dependency: rows with the same category in one column have the same value in another.

    Attributes
    ----------
    column, source : int
        Places of the column that follows, and of the category that it follows from.
    values : tuple of int, float or None
        What the column holds beside each of the source's categories: numbers as `Cells` hold them, None if missing; or
        indices of categories.

    References
    ----------
    Codd, "Further normalization of the data base relational model", IBM Research Report RJ909, 1971, Section 3.
    """

    column: int
    source: int
    values: tuple[float | int | None, ...]

    def fill(self, categories: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return values of shape (N,) and which are missing, None if none can be, from the source's categories."""
        codes = np.clip(np.rint(categories).astype(np.int64), 0, len(self.values) - 1)
        missing = np.array([value is None for value in self.values])
        values = np.array([0 if value is None else value for value in self.values])
        return values[codes], missing[codes] if missing.any() else None


def find_dependencies(
    columns: Sequence[NumberColumn | CategoryColumn], cells: Sequence[Cells], encode: Callable[[int], list[np.ndarray]]
) -> tuple[Dependency, ...]:
    """Find columns that follow from a category, where chance does not explain it.

    Of columns that follow from each other the first is the source. What follows is no source itself.

    Parameters
    ----------
    columns : sequence of NumberColumn or CategoryColumn
        Columns with folded categories take no part.
    cells : sequence of Cells
        Each column's training cells.
    encode : callable
        ``encode(place)`` returns a column's blocks for all training rows, arrays of shape (N,).

    Returns
    -------
    tuple of Dependency, by column

    Notes
    -----
    Chance: had the distinct rows of each category drawn their values independently, from the column's frequencies
    ``p_b``, they would agree within all of them with probability ``prod_c sum_b p_b ** n_c``. This must be below 1e-9.
    What a category decides in all but a few of a thousand rows may pass for a dependency where these are not seen.
    """
    sources = [
        place
        for place, column in enumerate(columns)
        if isinstance(column, CategoryColumn) and column.blocks and not column.is_capped
    ]
    if not sources:
        return ()
    sizes = {place: columns[place].blocks[0].size for place in sources}
    sources.sort(key=lambda place: -sizes[place])  # stable: the first of equally fine ones
    codes = dict(_code_columns(columns, cells, encode, sizes[sources[0]]))
    look = np.linspace(0, len(cells[0].values) - 1, _FIRST_LOOK).astype(np.int64)
    look = np.concatenate([look, [_find_rarest(own) for own in codes.values()]]).astype(np.int64)
    glance = {place: own[look] for place, own in codes.items()}
    found: dict[int, Dependency] = {}
    used: set[int] = set()
    distinct = None
    for source in sources:
        if source in found or source not in codes:
            continue
        others = [place for place in codes if place != source and place not in found and place not in used]
        for column in _follow(glance, source, others, sizes[source]):
            if not _follow(codes, source, [column], sizes[source]):
                continue
            if distinct is None:
                distinct = _distinct_rows([block for place in range(len(columns)) for block in encode(place)])
            if _log_chance(codes[source][distinct], codes[column][distinct]) < _CHANCE:
                used.add(source)
                rows = np.unique(codes[source], return_index=True)[1]  # one for each category
                is_category = isinstance(columns[column], CategoryColumn)
                values = codes[column][rows].tolist() if is_category else _cells_at(cells[column], rows)
                found[column] = Dependency(column, source, tuple(values))
    return tuple(found[column] for column in sorted(found))


def _code_columns(
    columns: Sequence[NumberColumn | CategoryColumn],
    cells: Sequence[Cells],
    encode: Callable[[int], list[np.ndarray]],
    most_values: int,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield places of columns that can take part, with an integer for each row, equal where the values are."""
    for place, column in enumerate(columns):
        if not column.blocks or getattr(column, "is_capped", False):
            continue
        codes = encode(place)[0] if isinstance(column, CategoryColumn) else _code_numbers(cells[place], most_values)
        if codes is None:
            continue
        counts = np.bincount(codes)
        n_values = np.count_nonzero(counts)
        # A value that nearly all rows share agrees with anything.
        if 1 < n_values <= most_values and len(codes) * np.log(counts.max() / len(codes)) < _CHANCE:
            yield place, codes


def _code_numbers(cells: Cells, most_values: int) -> np.ndarray | None:
    """Return an integer for each row, 0 where missing; None if a few rows show that there are too many values."""
    if len(np.unique(cells.present[: 2 * most_values])) > most_values:
        return None
    codes = np.zeros(len(cells.values), np.int64)
    codes[slice(None) if cells.missing is None else ~cells.missing] = (
        np.unique(cells.present, return_inverse=True)[1] + 1
    )
    return codes


def _find_rarest(codes: np.ndarray) -> int:
    """Return a row with the rarest value: rare ones are the last to tell columns apart."""
    counts = np.bincount(codes)
    return int(np.argmax(codes == np.where(counts > 0, counts, len(codes)).argmin()))


def _follow(codes: dict[int, np.ndarray], source: int, columns: list[int], size: int) -> list[int]:
    """Return which columns have one value within each of the source's categories, as far as these rows tell."""
    if not columns:
        return []
    own, others = codes[source], np.stack([codes[column] for column in columns], axis=1)
    values = np.zeros((size, len(columns)), others.dtype)
    values[own] = others
    agree = (values[own] == others).all(axis=0)
    return [column for column, follows in zip(columns, agree, strict=True) if follows]


def _distinct_rows(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Return places of rows, one of each kind: repeated rows agree in all columns, and are no evidence."""
    rows = np.stack(blocks, axis=1).astype(np.float64)
    return np.unique(rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel(), return_index=True)[1]


def _log_chance(source: np.ndarray, column: np.ndarray) -> float:
    """Return the logarithm of the probability in the notes of `find_dependencies`."""
    shares = np.bincount(column) / len(column)
    sizes, n_categories = np.unique(np.bincount(source), return_counts=True)
    agree = logsumexp(np.log(shares[shares > 0])[:, None] * sizes, axis=0)
    return float((agree * n_categories).sum())


def _cells_at(cells: Cells, rows: np.ndarray) -> list[float | int | None]:
    values = cells.values[rows].tolist()
    if cells.missing is None:
        return values
    return [None if missing else value for value, missing in zip(values, cells.missing[rows].tolist(), strict=True)]
