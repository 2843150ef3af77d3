"""Numeric columns: blocks of standardised numbers, with repeated and missing values as categories beside them."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ganaug.blocks import Block
from ganaug.table_data.cells import Cells, ColumnType, check_missing
from ganaug.table_data.grid import Grid
from ganaug.table_data.scaling import Quantile, Scaling, Standard, fit_scaling, scaling_from_dict, scaling_to_dict

_FEW_DISTINCT = 20
_ROWS_PER_DISTINCT = 5
_ATOM_SHARE = 0.05
_ATOM_CONTRAST = 5.0
_WALL_SHARE = 0.01
_LOOKUP_STEPS = 2**16
_FLOAT32 = 1e-6
_FARTHEST = 1e6
_SMALLEST_SPREAD = 0.005


@dataclass(frozen=True)
class NumberColumn:
    """What was learned of a numeric column.

    A *case* says which part of the distribution a value is from: the continuous part, one of the atoms, or
    missing. More than one case makes a category block; the continuous part makes a number block behind it.

    Attributes
    ----------
    grid : Grid or None
        What integers, times and decimals are multiples of; the other attributes count in its steps.
    scaling : Scaling or None
        None if there is no continuous part: at most two distinct values.
    atoms : tuple of float
        Single values with at least 5 % of the rows and five times those of their neighbours, such as a frequent zero,
        sorted; or the only one or two values.
    snaps : tuple of float
        All values of the continuous part, sorted, if they are few and repeated; else empty.
    low, high : float
        The seen range of the continuous part.
    standard : Standard
        Mean and standard deviation of all values, for plain features.
    has_missing : bool
    ranks : Quantile or None, default None
        Of all values, for features in place of `standard`, if that would leave nothing of most values' differences: a
        few sentinels or outliers set the standard deviation, and the distinct values' median distance from their median
        is below 0.005 of it.
    walls : tuple of two bool, default (True, True)
        Whether values pile up at `low` and at `high`, as those of a scale that ends there: at least 1 % of the
        continuous part and five times those of the next value. What a generator puts beyond a wall stands at it; what
        it puts beyond another end is reflected into the range, so that none piles up where none was seen. A smaller
        pile is blurred by this. Columns scaled by `Quantile` end at their last quantile, wall or not.

    References
    ----------
    Reflection: Schuster, "Incorporating support constraints into nonparametric estimators of densities",
    Communications in Statistics - Theory and Methods 14 (5), 1985.
    """

    grid: Grid | None
    scaling: Scaling | None
    atoms: tuple[float, ...]
    snaps: tuple[float, ...]
    low: float
    high: float
    standard: Standard
    has_missing: bool
    walls: tuple[bool, bool] = (True, True)
    ranks: Quantile | None = None

    @classmethod
    def fit(cls, cells: Cells, column_type: ColumnType) -> "NumberColumn":
        """Learn a column; its type says how exact its values are."""
        has_missing = cells.missing is not None
        values, counts = np.unique(cells.present, return_counts=True)
        if len(values) == 0:
            return cls(None, None, (), (), 0.0, 0.0, Standard(0.0, 1.0), has_missing)
        grid = _fit_grid(values, column_type)
        distinct = values if grid is None else grid.to_steps(values)
        steps = np.repeat(distinct, counts)
        standard = Standard.fit(steps)
        is_few = len(distinct) <= _FEW_DISTINCT and _ROWS_PER_DISTINCT * len(distinct) <= len(steps)
        if len(distinct) == 1 or (is_few and len(distinct) == 2):
            atoms = tuple(distinct.tolist())
            return cls(grid, None, atoms, (), atoms[0], atoms[-1], standard, has_missing)
        is_atom = np.zeros(len(distinct), bool) if is_few else _find_atoms(counts)
        rest = distinct[~is_atom]
        return cls(
            grid,
            fit_scaling(np.repeat(rest, counts[~is_atom])),
            tuple(distinct[is_atom].tolist()),
            tuple(rest.tolist()) if is_few else (),
            float(rest[0]),
            float(rest[-1]),
            standard,
            has_missing,
            (True, True) if is_few else _find_walls(counts[~is_atom]),
            Quantile.fit(steps) if _is_crushed(distinct, standard) else None,
        )

    def tells_apart(self, cells: Cells) -> bool:
        """Tell whether most of the values it learned differ in float64: not if, say, ages lie beside -2**63."""
        if self.grid is None or self.grid.is_exact:
            return True
        values = np.unique(cells.present)
        return 2 * len(np.unique(self.grid.to_steps(values))) > len(values)

    @property
    def _n_cases(self) -> int:
        return (self.scaling is not None) + len(self.atoms) + self.has_missing

    @property
    def blocks(self) -> tuple[Block, ...]:
        """A category block of the cases if there are several, then a number block if there is a continuous part."""
        cases = (Block(self._n_cases),) if self._n_cases > 1 else ()
        return cases if self.scaling is None else (*cases, Block(1))

    @property
    def n_features(self) -> int:
        is_constant = self.scaling is None and len(self.atoms) < 2
        return (not is_constant) + (self.has_missing and self._n_cases > 1)

    def encode(self, cells: Cells) -> list[np.ndarray]:
        """Return one array of shape (N,) for each block.

        Raises
        ------
        ValueError
            If a value is missing in a column where none was in training.
        """
        check_missing(cells, self.has_missing)
        steps = self._to_steps(cells)
        cases = self._find_cases(steps, cells.missing)
        blocks = [cases] if self._n_cases > 1 else []
        if self.scaling is not None:
            z = self.scaling.encode(steps)
            blocks.append(np.where(cases == 0, z, 0.0) if self._n_cases > 1 else z)
        return blocks

    def decode(self, blocks: list[np.ndarray], n_rows: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return values of shape (N,), int64 or float64, and which of them are missing."""
        if self.scaling is not None:
            steps = self._snap(self.scaling.decode(blocks[-1].astype(np.float64)))
        else:
            steps = np.zeros(n_rows)
        missing = None
        if self._n_cases > 1:
            cases = np.clip(np.rint(blocks[0]).astype(np.int64), 0, self._n_cases - 1)
            steps, missing = self._place_atoms(steps, cases)
        elif self.atoms:
            steps[:] = self.atoms[0]
        elif self.has_missing:
            missing = np.ones(n_rows, bool)
        return (steps if self.grid is None else self.grid.to_values(steps)), missing

    def features(self, cells: Cells, ignore_unseen: bool = False) -> list[np.ndarray]:
        """Return `n_features` arrays of shape (N,): the standardised number, 0 where missing; and whether it is.

        A number far beyond all seen ones counts as a million standard deviations away.

        Missing values in a column where none was in training are an error, unless that is ignored.
        """
        if not ignore_unseen:
            check_missing(cells, self.has_missing)
        z = np.clip((self.ranks or self.standard).encode(self._to_steps(cells)), -_FARTHEST, _FARTHEST)
        is_missing = np.zeros(len(z), bool) if cells.missing is None else cells.missing
        columns = [np.where(is_missing, 0.0, z), is_missing]
        is_constant = self.scaling is None and len(self.atoms) < 2
        return columns[is_constant : is_constant + self.n_features]

    def to_dict(self) -> dict[str, Any]:
        """Write the column as a JSON-able dict."""
        scalings = {
            name: own and scaling_to_dict(own) for name, own in (("scaling", self.scaling), ("ranks", self.ranks))
        }
        return {**asdict(self), "kind": "number", **scalings}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NumberColumn":
        """Read what `to_dict` wrote."""
        values = {name: tuple(value) if isinstance(value, (list, tuple)) else value for name, value in values.items()}
        del values["kind"]
        values["grid"] = None if values["grid"] is None else Grid(**values["grid"])
        for name in ("scaling", "ranks"):
            values[name] = values.get(name) and scaling_from_dict(values[name])
        values["standard"] = Standard(**values["standard"])
        return cls(**values)

    def _to_steps(self, cells: Cells) -> np.ndarray:
        steps = cells.values
        if self.grid is not None:
            is_decimal = self.grid.decimals is not None
            steps = self.grid.to_steps(steps.astype(np.float64) if is_decimal else steps)
        return steps.astype(np.float64, copy=False) if cells.missing is None else np.where(cells.missing, 0.0, steps)

    def _find_cases(self, steps: np.ndarray, missing: np.ndarray | None) -> np.ndarray:
        atoms = np.array(self.atoms)
        if self.scaling is None:
            cases = _find_nearest(atoms, steps) if len(atoms) > 1 else np.zeros(len(steps), np.int64)
        elif len(atoms):
            place = np.minimum(np.searchsorted(atoms, steps), len(atoms) - 1)
            cases = np.where(atoms[place] == steps, place + 1, 0)
        else:
            cases = np.zeros(len(steps), np.int64)
        if missing is not None:
            cases[missing] = self._n_cases - 1
        return cases

    def _snap(self, steps: np.ndarray) -> np.ndarray:
        self._reflect(steps)
        np.clip(steps, self.low, self.high, out=steps)
        if not self.snaps:
            return steps
        snaps = np.array(self.snaps)
        if self.grid is not None and self.grid.n_steps < _LOOKUP_STEPS:  # A table is faster than a search.
            table = snaps[_find_nearest(snaps, np.arange(self.grid.n_steps + 1.0))]
            return table[np.rint(steps).astype(np.int64)]
        return snaps[_find_nearest(snaps, steps)]

    def _reflect(self, steps: np.ndarray) -> None:
        """Reflect values beyond an end without a wall, in place; leave those that come out beyond the other end."""
        if all(self.walls):
            return
        step = 0.0 if self.grid is None else 0.5  # The last step of a grid is as wide as the others.
        margin = max(step, _FLOAT32 * (self.high - self.low))  # An end that went through float32 comes back as one.
        low = -np.inf if self.walls[0] else self.low - margin
        high = np.inf if self.walls[1] else self.high + margin
        outside = np.flatnonzero((steps < low) | (steps > high))
        given = steps[outside]
        reflected = np.where(given > high, 2 * high - given, 2 * low - given)
        is_near = (reflected >= self.low - margin) & (reflected <= self.high + margin)
        steps[outside] = np.where(is_near, reflected, given)

    def _place_atoms(self, steps: np.ndarray, cases: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        first = int(self.scaling is not None)
        if self.atoms:
            table = np.array([0.0] * first + list(self.atoms) + [0.0] * self.has_missing)
            steps = np.where(cases == 0, steps, table[cases]) if first else table[cases]
        missing = cases == self._n_cases - 1 if self.has_missing else None
        return steps, missing


def _fit_grid(distinct: np.ndarray, column_type: ColumnType) -> Grid | None:
    if distinct.dtype.kind != "f":
        return Grid.fit_integers(distinct, column_type.round_units)
    is_single = getattr(column_type.dtype, "itemsize", 8) < 8  # Its decimals are fewer than float64 shows.
    return Grid.fit_decimals(distinct, np.dtype(f"f{column_type.dtype.itemsize}") if is_single else np.dtype(float))


def _find_atoms(counts: np.ndarray) -> np.ndarray:
    """Say which of the sorted distinct values stand out by their count."""
    padded = np.concatenate([[0], counts, [0]])
    neighbours = np.maximum(padded[:-2], padded[2:])
    is_atom = (counts >= _ATOM_SHARE * counts.sum()) & (counts >= _ATOM_CONTRAST * neighbours)
    return is_atom & (counts > 1)


def _find_walls(counts: np.ndarray) -> tuple[bool, bool]:
    """Say whether the first and the last of the sorted distinct values stand out by their count."""
    ends, beside = counts[[0, -1]], np.array([counts[:2][-1], counts[-2:][0]])
    low, high = (ends > 1) & (ends >= _WALL_SHARE * counts.sum()) & (ends >= _ATOM_CONTRAST * beside)
    return bool(low), bool(high)


def _is_crushed(distinct: np.ndarray, standard: Standard) -> bool:
    """Say whether most of the sorted distinct values all but coincide once they are standardised."""
    z = standard.encode(distinct)
    return bool(np.median(np.abs(z - np.median(z))) < _SMALLEST_SPREAD)


def _find_nearest(sorted_values: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Return the index of the nearest of some sorted values, int64 of shape (N,)."""
    return np.searchsorted((sorted_values[1:] + sorted_values[:-1]) / 2, given)
