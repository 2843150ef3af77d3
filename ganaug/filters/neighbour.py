"""Keep what lies among the real samples of its class, but on none of them."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganaug._distances import kth_nearest_squared, nearest, squared_distance_rows
from ganaug._features import check_same_width, rows_by_class
from ganaug._typing import Label
from ganaug._validation import check_number
from ganaug.exceptions import SmallClassWarning
from ganaug.filters._base import Features, Filter, FittedFilter, check_features, check_fraction, extract, known_rows


@dataclass(frozen=True)
class NeighbourFilter(Filter):
    """Keep samples on the manifold of real ones, yet not on top of a training sample.

    The two-sided band removes both junk and copies: samples outside every real sample's ball, and samples
    nearer to a real one than real ones are to each other.

    Parameters
    ----------
    k : int or None, default 5
        A real sample's ball reaches to its k-th nearest neighbour of the class; in a class of fewer samples,
        to the farthest. Raising it keeps more. None rejects copies alone.
    copy_ratio : float in (0, 1] or None, default 0.5
        Reject samples nearer to a real one than this share of the class's median nearest-neighbour distance,
        and identical ones. Raising it rejects more. None rejects no copies.
    features : callable or None, default None
        Turns X into an (N, D) array. None flattens, with uint8 scaled to [0, 1].
    per_class : bool, default True
        Whether balls reach to the k-th neighbour within the class, and a sample must lie in one of its own class. False
        measures among all real samples, whatever their class: it tells junk where a class has too few samples to
        cover much, and leaves the classes to `ConfidenceFilter`. Copies are judged within the class either way.

    References
    ----------
    T. Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS
    2019, arXiv:1904.06991, Eq. 1: the manifold. Y. Sun et al., "Out-of-distribution detection with deep nearest
    neighbors", ICML 2022, arXiv:2204.06507: distances between a classifier's features tell what is unlike all classes.
    The lower side is the rule of `ganaug.metrics.audit_memorization` without held-out data.

    Notes
    -----
    Within a class of a single real sample nothing but its exact copies can be told, of which a warning speaks.
    """

    k: int | None = 5
    copy_ratio: float | None = 0.5
    features: Features | None = None
    per_class: bool = True

    def __post_init__(self) -> None:
        check_number("k", self.k, minimum=1, integer=True, optional=True)
        check_fraction("copy_ratio", self.copy_ratio, optional=True)
        check_features(self.features)
        if not isinstance(self.per_class, bool):
            raise TypeError(f"per_class must be True or False, got {self.per_class!r}.")
        if self.k is None and self.copy_ratio is None:
            raise ValueError("k and copy_ratio are both None, so nothing would be rejected; give one of them.")

    def fit(self, X: Any, y: Iterable[Label], gan: Any = None) -> "FittedNeighbour":
        """Measure each class's neighbourhoods; see `Filter.fit`."""
        X = extract(self.features, X)
        rows = rows_by_class("X", len(X), y)
        manifolds = {
            label: _manifold(X[own], self.k if self.per_class else None, self.copy_ratio) for label, own in rows.items()
        }
        everything = None if self.per_class else _manifold(X, self.k, None)
        single = [label for label, manifold in manifolds.items() if len(manifold.real) == 1]
        if single and (self.per_class or self.copy_ratio is not None):
            warnings.warn(
                f"Classes {single} have one real sample each, so that within them nothing but an exact copy can be "
                f"told; add real samples, or leave these classes without synthetic ones.",
                SmallClassWarning,
                stacklevel=2,
            )
        return FittedNeighbour(self, manifolds, everything)


@dataclass(frozen=True, eq=False)
class FittedNeighbour(FittedFilter):
    """A fitted `NeighbourFilter`."""

    recipe: NeighbourFilter
    manifolds: dict[Label, "_Manifold"] = field(repr=False)
    everything: "_Manifold | None" = field(repr=False)

    def keep(self, X: Any, y: Iterable[Label]) -> np.ndarray:
        """Judge samples; see `FittedFilter.keep`."""
        X = extract(self.recipe.features, X)
        kept = np.zeros(len(X), bool)
        for label, indices in known_rows(len(X), y, self.manifolds).items():
            kept[indices] = self.manifolds[label].contains(X[indices])
        return kept if self.everything is None else kept & self.everything.contains(X)


@dataclass(frozen=True, eq=False)
class _Manifold:
    """One class's real samples, their balls' squared radii, and the distance that makes a copy."""

    real: np.ndarray
    radii: np.ndarray | None
    copy_distance: float | None

    def contains(self, fake: np.ndarray) -> np.ndarray:
        check_same_width("the real data", self.real, "X", fake)
        inside = np.ones(len(fake), bool)
        if self.radii is not None:
            for rows, squared in squared_distance_rows(fake, self.real):
                inside[rows] = (squared < self.radii).any(axis=1)
        if self.copy_distance is not None:
            inside &= nearest(fake, self.real) > self.copy_distance
        return inside


def _manifold(real: np.ndarray, k: int | None, copy_ratio: float | None) -> _Manifold:
    if len(real) == 1:
        return _Manifold(real, None, None if copy_ratio is None else 0.0)
    copy_distance = None
    if copy_ratio is not None:
        copy_distance = copy_ratio * float(np.median(np.sqrt(kth_nearest_squared(real, 1))))
    radii = None if k is None else kth_nearest_squared(real, min(k, len(real) - 1))
    return _Manifold(real, radii, copy_distance)
