"""Distances between the distributions of real and synthetic samples, and the Inception Score."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ganaug._distances import product_rows
from ganaug._features import as_feature_pair, as_features
from ganaug._typing import RandomState
from ganaug._validation import as_seed, check_number
from ganaug.metrics.features import inception_features


def frechet_distance(real: Any, fake: Any) -> float:
    """Compare mean and covariance of real and synthetic features: 0 is alike, larger is worse.

    It is the squared 2-Wasserstein distance between the Gaussians fitted to both. Only with Inception-V3
    features is it called FID, see `fid`.

    Parameters
    ----------
    real, fake : array-like of shape (N, ...) and (M, ...), any real dtype
        Features; trailing axes are flattened. N and M may differ.

    Returns
    -------
    float, at least 0, in squared units of the features

    Raises
    ------
    ValueError
        If either has fewer than 2 samples, holds NaN or infinity, or the numbers of features differ.

    References
    ----------
    M. Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
    NeurIPS 2017, arXiv:1706.08500, Eq. 6.

    Notes
    -----
    The estimate is biased upwards at small N: compare values of equal N only.

    With covariances ``F'F`` and ``G'G``, the trace of their product's square root is the sum of the singular
    values of ``FG'``. No matrix root, complex number or jitter is needed, also when N is below the number of
    features.

    Examples
    --------
    >>> import numpy as np
    >>> real = np.random.default_rng(0).normal(size=(500, 3))
    >>> round(frechet_distance(real, real + 2.0), 6)
    12.0
    """
    real, fake = as_feature_pair(real, fake, n_min=2)
    mean_real, root_real = _mean_and_covariance_root(real)
    mean_fake, root_fake = _mean_and_covariance_root(fake)
    root_trace = np.linalg.svd(root_real @ root_fake.T, compute_uv=False).sum()
    traces = np.square(root_real).sum() + np.square(root_fake).sum()
    return max(float(np.square(mean_real - mean_fake).sum() + traces - 2.0 * root_trace), 0.0)


def fid(real_images: Any, fake_images: Any, *, weights: str | Path | None = None) -> float:
    """Return the Fréchet Inception Distance: `frechet_distance` of `inception_features`.

    Parameters
    ----------
    real_images, fake_images : uint8 arrays of shape (N, H, W), (N, H, W, C) or (N, C, H, W), C of 1 or 3
    weights : path or None, default None
        As in `inception_features`.

    Returns
    -------
    float, at least 0

    Raises
    ------
    ValueError, ImportError, FileNotFoundError
        As `frechet_distance` and `inception_features` do.
    """
    return frechet_distance(
        inception_features(real_images, weights=weights), inception_features(fake_images, weights=weights)
    )


def kernel_distance(
    real: Any,
    fake: Any,
    *,
    n_subsets: int | None = None,
    subset_size: int = 1000,
    random_state: RandomState = None,
) -> float:
    """Estimate the squared kernel distance without bias: about 0 when alike, slightly negative by chance.

    Unlike the Fréchet distance it may be compared between sample sizes, so it is the one for small classes.

    Parameters
    ----------
    real, fake : array-like of shape (N, ...) and (M, ...), any real dtype
    n_subsets : int or None, default None
        None uses all pairs, the estimate of least variance. A number averages over that many random subsets,
        as published values of the kernel inception distance do (100 subsets of 1000).
    subset_size : int, default 1000
        Samples drawn from each side for a subset; read only with `n_subsets`.
    random_state : int, numpy generator or None
        Draws the subsets.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If either has fewer than 2 samples or fewer than `subset_size`, NaN or infinity, or the widths differ.

    References
    ----------
    M. Binkowski et al., "Demystifying MMD GANs", ICLR 2018, arXiv:1801.01401, Section 4: the unbiased MMD of
    Gretton et al. (2012) with the kernel ``(x'y / D + 1) ** 3``.
    """
    real, fake = as_feature_pair(real, fake, n_min=2)
    if n_subsets is None:
        return _unbiased_mmd(real, fake)
    check_number("n_subsets", n_subsets, minimum=1, integer=True)
    check_number("subset_size", subset_size, minimum=2, integer=True)
    if subset_size > min(len(real), len(fake)):
        raise ValueError(
            f"subset_size={subset_size} needs that many samples on both sides, got {len(real)} real and "
            f"{len(fake)} fake; lower subset_size or leave n_subsets=None to use all pairs."
        )
    rng = np.random.default_rng(as_seed(random_state))
    draws = [
        _unbiased_mmd(*(X[rng.choice(len(X), subset_size, replace=False)] for X in (real, fake)))
        for _ in range(n_subsets)
    ]
    return float(np.mean(draws))


def inception_score(probabilities: Any, n_splits: int = 1) -> tuple[float, float]:
    """Score samples by a classifier: each should look like one class, all together like every class.

    Parameters
    ----------
    probabilities : array-like of shape (N, K), float in [0, 1], rows summing to 1
        Any classifier's class probabilities for the synthetic samples. Say which classifier it was.
    n_splits : int, default 1
        Consecutive parts to score on their own; the paper uses 10. More parts give a spread and lower the
        mean.

    Returns
    -------
    mean, std : float
        From 1 (useless) to K. The standard deviation is over parts, and 0 for a single one.

    Raises
    ------
    ValueError
        If the rows are no probabilities, or there are fewer samples than parts.

    References
    ----------
    T. Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, arXiv:1606.03498, Section 4.
    """
    check_number("n_splits", n_splits, minimum=1, integer=True)
    p = as_features("probabilities", probabilities, n_min=n_splits).astype(np.float64)
    if p.min() < 0.0 or np.abs(p.sum(axis=1) - 1.0).max() > 1e-3:
        raise ValueError(
            f"probabilities must be non-negative with rows that sum to 1, got values from {p.min():.3g} to "
            f"{p.max():.3g} and row sums from {p.sum(axis=1).min():.3g} to {p.sum(axis=1).max():.3g}; "
            f"apply a softmax to logits first."
        )
    bounds = [part * len(p) // n_splits for part in range(n_splits + 1)]
    scores = [_exp_mutual_information(p[start:stop]) for start, stop in pairwise(bounds)]
    return float(np.mean(scores)), float(np.std(scores))


def _mean_and_covariance_root(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and a matrix F with ``F'F`` the unbiased covariance, of as few rows as can be."""
    mean = X.mean(axis=0, dtype=np.float64)
    centred = X - mean
    if len(X) <= X.shape[1]:
        return mean, centred / np.sqrt(len(X) - 1)
    values, vectors = np.linalg.eigh(centred.T @ centred / (len(X) - 1))
    return mean, np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T


def _unbiased_mmd(real: np.ndarray, fake: np.ndarray) -> float:
    within = [
        (_kernel_sum(X, X) - _kernel(np.einsum("nd,nd->n", X, X, dtype=np.float64), X.shape[1]).sum())
        / (len(X) * (len(X) - 1))
        for X in (real, fake)
    ]
    return float(sum(within) - 2.0 * _kernel_sum(real, fake) / (len(real) * len(fake)))


def _kernel_sum(A: np.ndarray, B: np.ndarray) -> float:
    return sum(_kernel(products, A.shape[1]).sum() for _, products in product_rows(A, B))


def _kernel(products: np.ndarray, n_features: int) -> np.ndarray:
    base = products / n_features + 1.0
    return base * base * base


def _exp_mutual_information(p: np.ndarray) -> float:
    marginal = np.broadcast_to(p.mean(axis=0), p.shape)
    ratio = np.divide(p, marginal, out=np.ones_like(p), where=p > 0.0)
    return float(np.exp((p * np.log(ratio)).sum(axis=1).mean()))
