"""Fidelity and diversity apart: precision, recall, density and coverage of nearest-neighbour manifolds."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ganaug._distances import kth_nearest_squared, squared_distance_rows
from ganaug._features import as_feature_pair
from ganaug._validation import check_number

DEFAULT_K = 5


@dataclass(frozen=True)
class ManifoldMetrics:
    """Fidelity and diversity of synthetic samples; all are 1 or near it when both distributions agree.

    Attributes
    ----------
    precision : float in [0, 1]
        Share of fakes inside some real sample's ball: do fakes look real?
    recall : float in [0, 1]
        Share of real samples inside some fake's ball: is every kind of real sample generated?
    density : float, at least 0
        Mean number of real balls around a fake, over k. As precision, but robust to real outliers; may exceed
        1.
    coverage : float in [0, 1]
        Share of real balls that hold a fake. As recall, but robust to outlying fakes.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_metrics(real: Any, fake: Any, k: int = DEFAULT_K) -> ManifoldMetrics:
    """Measure precision, recall, density and coverage in one pass.

    Parameters
    ----------
    real, fake : array-like of shape (N, ...) and (M, ...), any real dtype
        Features; trailing axes are flattened.
    k : int, default 5
        A sample's ball reaches to its k-th nearest other sample of the same side. Raising k widens the
        manifolds and raises all four numbers.

    Returns
    -------
    ManifoldMetrics

    Raises
    ------
    ValueError
        If either side has no more than `k` samples, holds NaN or infinity, or the widths differ.

    References
    ----------
    T. Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS
    2019, arXiv:1904.06991, Eq. 1 and 2 (with k = 3).
    M. F. Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020,
    arXiv:2002.09797, Eq. 3 and 5 (with k = 5).

    Notes
    -----
    Balls are open, as in the reference code of Naeem et al. Time is O(NM), memory O(N + M).

    Examples
    --------
    >>> import numpy as np
    >>> real = np.random.default_rng(0).normal(size=(200, 2))
    >>> manifold_metrics(real, real + 100.0)
    ManifoldMetrics(precision=0.0, recall=0.0, density=0.0, coverage=0.0)
    """
    real, fake = as_feature_pair(real, fake)
    check_number("k", k, minimum=1, integer=True)
    for name, X in (("real", real), ("fake", fake)):
        if len(X) <= k:
            raise ValueError(
                f"k={k} needs at least {k + 1} {name} samples, got {len(X)}; lower k or draw more samples."
            )
    real_radii, fake_radii = kth_nearest_squared(real, k), kth_nearest_squared(fake, k)
    n_balls_around_fake = np.zeros(len(fake), np.int64)
    recalled, covered = np.empty(len(real), bool), np.empty(len(real), bool)
    for rows, squared in squared_distance_rows(real, fake):
        in_real_ball = squared < real_radii[rows, None]
        n_balls_around_fake += in_real_ball.sum(axis=0)
        covered[rows] = in_real_ball.any(axis=1)
        recalled[rows] = (squared < fake_radii).any(axis=1)
    return ManifoldMetrics(
        precision=float((n_balls_around_fake > 0).mean()),
        recall=float(recalled.mean()),
        density=float(n_balls_around_fake.mean() / k),
        coverage=float(covered.mean()),
    )


def precision(real: Any, fake: Any, k: int = DEFAULT_K) -> float:
    """Return the share of fakes on the real manifold; see `manifold_metrics`."""
    return manifold_metrics(real, fake, k).precision


def recall(real: Any, fake: Any, k: int = DEFAULT_K) -> float:
    """Return the share of real samples on the fake manifold; see `manifold_metrics`."""
    return manifold_metrics(real, fake, k).recall


def density(real: Any, fake: Any, k: int = DEFAULT_K) -> float:
    """Return how many real balls hold a fake on average, over k; see `manifold_metrics`."""
    return manifold_metrics(real, fake, k).density


def coverage(real: Any, fake: Any, k: int = DEFAULT_K) -> float:
    """Return the share of real balls that hold a fake; see `manifold_metrics`."""
    return manifold_metrics(real, fake, k).coverage
