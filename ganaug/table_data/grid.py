"""Equally spaced numbers: integers, times, and decimals of a common precision."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_MAX_DECIMALS = 6
_TRUSTED_DISTINCT = 20  # With fewer distinct values, a common divisor may be chance.
_EXACT = 2.0**53  # Up to here float64 holds every integer.
_MODULUS = 2**64


@dataclass(frozen=True)
class Grid:
    """The values ``(origin + unit * step) / 10**decimals`` for step = 0 ... n_steps.

    Counting in steps keeps 64-bit integers and nanoseconds exact where float64 cannot hold the values themselves.

    Attributes
    ----------
    origin : int
        The smallest value, times ``10**decimals``.
    unit : int
        The common granularity, times ``10**decimals``.
    n_steps : int
        Steps from the smallest value to the largest.
    decimals : int or None
        Decimals of float values; None for integers and times.
    """

    origin: int
    unit: int
    n_steps: int
    decimals: int | None = None

    @classmethod
    def fit_integers(cls, distinct: np.ndarray, round_units: Sequence[int] = (1,)) -> "Grid":
        """Find the granularity of sorted distinct integers.

        Parameters
        ----------
        distinct : ndarray of shape (n,), int64 or uint64, sorted
        round_units : sequence of int, descending, default (1,)
            What to choose from if there are too few values to trust their greatest common divisor.
        """
        origin, high = int(distinct[0]), int(distinct[-1])
        divisor = int(np.gcd.reduce(distinct.view(np.uint64) - np.uint64(origin % _MODULUS)))
        unit = divisor
        if len(distinct) < _TRUSTED_DISTINCT:
            unit = next((unit for unit in round_units if divisor % unit == 0), 1)
        unit = unit or 1
        return cls(origin, unit, (high - origin) // unit)

    @classmethod
    def fit_decimals(cls, distinct: np.ndarray, dtype: np.dtype) -> "Grid | None":
        """Find the fewest decimals that hold all of sorted distinct floats, or None if more than six are needed.

        Parameters
        ----------
        distinct : ndarray of shape (n,), float64, sorted, finite
        dtype : float dtype of the user's column
            Two values that it cannot tell apart count as equal.
        """
        largest = float(np.abs(distinct[[0, -1]]).max())
        for decimals in range(_MAX_DECIMALS + 1):
            if largest * 10.0**decimals >= _EXACT:
                return None
            if all(_has_decimals(part, decimals, dtype) for part in (distinct[:32], distinct)):
                integers = np.rint(distinct * 10.0**decimals).astype(np.int64)
                grid = cls.fit_integers(integers)
                return cls(grid.origin, grid.unit, grid.n_steps, decimals)
        return None

    @property
    def is_exact(self) -> bool:
        """Whether float64 holds every step."""
        return self.n_steps < _EXACT

    def to_steps(self, values: np.ndarray) -> np.ndarray:
        """Count steps from the origin, float64 of shape (N,); values off the grid are between two steps.

        Parameters
        ----------
        values : ndarray of shape (N,), int64 or uint64, or float64 if there are decimals
        """
        if values.dtype.kind == "f":
            steps = (values * 10.0 ** (self.decimals or 0) - self.origin) / self.unit
            nearest = np.rint(steps)
            return np.where(np.abs(steps - nearest) < 1e-6, nearest, steps)
        exact = (values.view(np.uint64) - np.uint64(self.origin % _MODULUS)).view(np.int64)
        rough = values.astype(np.float64) - float(self.origin)
        if len(values) == 0 or np.abs(rough).max() < 2.0**62:
            return exact / self.unit
        return np.where(np.abs(rough) < 2.0**62, exact, rough) / self.unit

    def to_values(self, steps: np.ndarray) -> np.ndarray:
        """Return the grid's values nearest to `steps`, of shape (N,): float64 if there are decimals, else int64.

        Values of uint64 columns above 2**63 come back as their int64 view.
        """
        nearest = np.rint(steps)
        if self.decimals is not None:
            if self.unit != 1:
                nearest *= self.unit
            if self.origin != 0:
                nearest += self.origin
            return nearest / 10.0**self.decimals if self.decimals else nearest
        if self.is_exact:
            counts = nearest.astype(np.int64).view(np.uint64)
        else:
            is_last = nearest >= float(self.n_steps)  # float() may round up, out of the range of uint64
            counts = np.where(is_last, 0.0, nearest).astype(np.uint64)
            counts[is_last] = self.n_steps
        if self.unit != 1:
            counts *= np.uint64(self.unit)
        if self.origin != 0:
            counts += np.uint64(self.origin % _MODULUS)
        return counts.view(np.int64)


def _has_decimals(values: np.ndarray, decimals: int, dtype: np.dtype) -> bool:
    rounded = np.rint(values * 10.0**decimals) / 10.0**decimals
    return bool((rounded.astype(dtype) == values.astype(dtype)).all())
