"""Monotone maps between a column's numbers and values of about zero mean and unit variance."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import ndtr, ndtri

_MAX_DEVIATIONS = 6.0
_MAX_SKEWNESS = 2.0
_N_KNOTS = 129


class Scaling(Protocol):
    """An invertible map of numbers, float64 of shape (N,)."""

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return about standard normal numbers."""

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Undo `encode`."""


@dataclass(frozen=True)
class Standard:
    """Subtract the mean and divide by the standard deviation: for well-behaved columns.

    Attributes
    ----------
    mean, std : float
    """

    mean: float
    std: float

    @classmethod
    def fit(cls, values: np.ndarray) -> "Standard":
        """Measure mean and standard deviation; the latter is 1 where all values are equal."""
        scale = float(np.abs(values).max()) or 1.0
        unit = values / scale  # Sums of very large values would overflow,
        low = float(unit.min())
        unit -= low  # and values far from zero lose digits.
        return cls((low + float(unit.mean())) * scale, float(unit.std()) * scale or 1.0)

    def encode(self, values: np.ndarray) -> np.ndarray:
        return (values - self.mean) / self.std

    def decode(self, z: np.ndarray) -> np.ndarray:
        values = z * self.std
        values += self.mean
        return values


@dataclass(frozen=True)
class Quantile:
    """Map quantiles to those of a standard normal: for heavy-tailed and strongly skewed columns.

    Attributes
    ----------
    levels : tuple of float
        Normal quantiles at equal distances, symmetric about zero.
    quantiles : tuple of float
        The column's quantiles at the same probabilities, never decreasing.

    Notes
    -----
    Linear between knots, as scikit-learn's ``QuantileTransformer(output_distribution="normal")``; but the knots are
    equally spaced in normal quantiles instead of probabilities, which describes the tails better with fewer knots.
    """

    levels: tuple[float, ...]
    quantiles: tuple[float, ...]

    @classmethod
    def fit(cls, values: np.ndarray) -> "Quantile":
        """Take the quantiles of the values; the first and the last knot are the smallest and the largest value."""
        edge = float(ndtri(1 - 0.5 / max(len(values), 2)))
        levels = np.linspace(-edge, edge, _N_KNOTS)
        probabilities = ndtr(levels)
        probabilities[[0, -1]] = 0.0, 1.0
        quantiles = np.maximum.accumulate(np.quantile(values, probabilities))
        return cls(tuple(levels.tolist()), tuple(quantiles.tolist()))

    def encode(self, values: np.ndarray) -> np.ndarray:
        levels, quantiles = np.array(self.levels), np.array(self.quantiles)
        right = np.interp(values, quantiles, levels)
        if (quantiles[1:] > quantiles[:-1]).all():
            return right
        # A repeated value stands for a range of levels; take the middle.
        left = -np.interp(-values, -quantiles[::-1], -levels[::-1])
        return (left + right) / 2

    def decode(self, z: np.ndarray) -> np.ndarray:
        quantiles = np.array(self.quantiles)
        last = len(quantiles) - 1
        places = (z - self.levels[0]) * (last / (self.levels[-1] - self.levels[0]))  # Equal distances: no search.
        np.clip(places, 0, last, out=places)
        left = np.minimum(places.astype(np.int64), last - 1)
        places -= left
        return quantiles[left] * (1 - places) + quantiles[left + 1] * places


def fit_scaling(values: np.ndarray) -> Scaling:
    """Choose the plain standardisation unless tails are heavy: a value beyond 6 standard deviations, or skewness > 2.

    Parameters
    ----------
    values : ndarray of shape (N,), float64, finite
    """
    standard = Standard.fit(values)
    z = standard.encode(values)
    if np.abs(z).max() <= _MAX_DEVIATIONS and abs(float((z**3).mean())) <= _MAX_SKEWNESS:
        return standard
    return Quantile.fit(values)


_SCALINGS: dict[str, type] = {"standard": Standard, "quantile": Quantile}


def scaling_to_dict(scaling: Scaling) -> dict[str, Any]:
    """Write a scaling as a JSON-able dict."""
    return {"kind": type(scaling).__name__.lower(), **asdict(scaling)}  # type: ignore[call-overload]


def scaling_from_dict(values: dict[str, Any]) -> Scaling:
    """Read what `scaling_to_dict` wrote."""
    fields = {name: tuple(value) if isinstance(value, (list, tuple)) else value for name, value in values.items()}
    return _SCALINGS[fields.pop("kind")](**fields)
