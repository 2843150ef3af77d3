"""Scores of a classifier, the logit-shift control, and paired statistics over seeds; all plain functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganaug.calibration import SHIFT_GRID, choose_shift

FEWEST_FOR_WILCOXON = 6  # With five pairs even five equal signs give p = 0.0625: the test can never speak.


def per_class_recall(logits: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of each class's samples whose largest logit is their own.

    Parameters
    ----------
    logits : ndarray of shape (N, K), float
    y : ndarray of shape (N,), int64 in [0, K)

    Returns
    -------
    ndarray of shape (K,), float64 in [0, 1]
        NaN for a class without samples. Its mean is the balanced accuracy.
    """
    hits = logits.argmax(axis=1) == y
    n_classes = logits.shape[1]
    totals = np.bincount(y, minlength=n_classes)
    with np.errstate(invalid="ignore"):
        return np.bincount(y, weights=hits, minlength=n_classes) / totals


def balanced_accuracy(logits: np.ndarray, y: np.ndarray) -> float:
    """Mean recall over the classes that `y` holds; arguments as in `per_class_recall`."""
    return float(np.nanmean(per_class_recall(logits, y)))


def best_logit_shift(
    logits: np.ndarray, y: np.ndarray, prior: np.ndarray, taus: Sequence[float] | np.ndarray = SHIFT_GRID
) -> float:
    """Choose the logit shift with the best balanced accuracy on held-out data.

    Anything that only moves the decision threshold towards rare classes can be had for free by this shift, so
    a method counts as a gain only if it still gains after both sides were given their best shift. Choose it
    on validation data, never on the data that is reported. See `ganaug.calibration.choose_shift`.
    """

    def score(y: np.ndarray, predicted: np.ndarray) -> float:
        return balanced_accuracy(np.eye(logits.shape[1])[predicted], y)

    return choose_shift(logits, y, prior, score, taus)


@dataclass(frozen=True)
class Interval:
    """A mean over seeds and the half width of its t interval.

    Attributes
    ----------
    mean : float
    half_width : float
        Infinite when a single value leaves the spread unknown.
    n : int
        Number of values (seeds).
    """

    mean: float
    half_width: float
    n: int

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half_width


@dataclass(frozen=True)
class PairedDifference(Interval):
    """Mean of `treated - control` over seeds, with its interval and two distribution-free tests.

    Attributes
    ----------
    sign_p : float
        Two-sided sign test over the pairs that differ.
    wilcoxon_p : float or None
        Two-sided Wilcoxon signed-rank test; None below six pairs, where it cannot reach 0.05.
    """

    sign_p: float
    wilcoxon_p: float | None


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Mean of `values` with the half width of its two-sided t interval.

    Examples
    --------
    >>> interval = mean_interval([1.0, 2.0, 3.0])
    >>> round(interval.mean, 2), round(interval.half_width, 2)
    (2.0, 2.48)
    """
    from scipy.special import stdtrit

    values = np.asarray(values, dtype=np.float64)
    if len(values) == 0:
        raise ValueError("No values were given; a mean needs at least one (one score for each seed).")
    if len(values) == 1:
        return Interval(float(values[0]), float("inf"), 1)
    quantile = stdtrit(len(values) - 1, 0.5 + confidence / 2)
    half_width = quantile * values.std(ddof=1) / np.sqrt(len(values))
    return Interval(float(values.mean()), float(half_width), len(values))


def paired_difference(treated: Sequence[float], control: Sequence[float], confidence: float = 0.95) -> PairedDifference:
    """Compare two methods seed by seed.

    Parameters
    ----------
    treated, control : sequences of float, of equal length
        Scores of the two methods; entry i of both comes from the same seed.
    confidence : float, default 0.95
        Coverage of the interval.

    Raises
    ------
    ValueError
        If the lengths differ, or nothing was given.
    """
    if len(treated) != len(control):
        raise ValueError(
            f"treated has {len(treated)} scores and control {len(control)}; pass one of each for every seed."
        )
    differences = np.asarray(treated, dtype=np.float64) - np.asarray(control, dtype=np.float64)
    interval = mean_interval(differences, confidence)
    return PairedDifference(
        interval.mean, interval.half_width, interval.n, _sign_p(differences), _wilcoxon_p(differences)
    )


def _sign_p(differences: np.ndarray) -> float:
    from scipy.special import bdtr

    n_up, n_down = int((differences > 0).sum()), int((differences < 0).sum())
    return float(min(1.0, 2 * bdtr(min(n_up, n_down), n_up + n_down, 0.5))) if n_up + n_down else 1.0


def _wilcoxon_p(differences: np.ndarray) -> float | None:
    if len(differences) < FEWEST_FOR_WILCOXON:
        return None
    if not differences.any():
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences).pvalue)
