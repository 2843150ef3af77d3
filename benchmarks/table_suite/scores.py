"""The scores of one learner on one test part."""

import numpy as np
from sklearn.metrics import f1_score

from ganaug.benchmark.statistics import per_class_recall
from ganaug.trials import average_precision

SCORES = ("ba", "gm", "f1", "ap", "brier", "ece")
"""Balanced accuracy, geometric mean of the recalls, macro-F1, average precision, Brier score, calibration error."""

HIGHER_IS_BETTER = {"ba": True, "gm": True, "f1": True, "ap": True, "brier": False, "ece": False}
N_BINS = 10


def score(proba: np.ndarray, y: np.ndarray, y_ba: np.ndarray, y_f1: np.ndarray) -> list[float]:
    """Return the six scores, in the order of `SCORES`.

    Parameters
    ----------
    proba : ndarray of shape (N, K), float in [0, 1]
        For average precision, Brier score and calibration error.
    y : ndarray of shape (N,), int64 in [0, K)
        True classes; the rarest is K - 1.
    y_ba, y_f1 : ndarrays of shape (N,), int64
        Predicted classes for balanced accuracy and G-mean, and for macro-F1. They differ only for a method that
        chooses its threshold for the score.
    """
    recall = per_class_recall(np.eye(proba.shape[1])[y_ba], y)
    recall = recall[~np.isnan(recall)]
    geometric = float(np.prod(recall) ** (1 / len(recall)))
    macro_f1 = float(f1_score(y, y_f1, average="macro", labels=np.unique(y), zero_division=0))
    return [
        float(recall.mean()), geometric, macro_f1, average_precision(proba, y), brier_score(proba, y),
        calibration_error(proba, y),
    ]  # fmt: skip


def brier_score(proba: np.ndarray, y: np.ndarray) -> float:
    """Half the mean squared distance to the one-hot truth: for two classes the usual Brier score, in [0, 1]."""
    return float(0.5 * ((proba - np.eye(proba.shape[1])[y]) ** 2).sum(axis=1).mean())


def calibration_error(proba: np.ndarray, y: np.ndarray) -> float:
    """Expected calibration error of each class's probability in ten equal bins, averaged over the classes.

    References
    ----------
    Kull et al., "Beyond temperature scaling", NeurIPS 2019, arXiv:1910.12656, Eq. 3 (classwise ECE).
    """
    errors = []
    for c in range(proba.shape[1]):
        bins = np.minimum((proba[:, c] * N_BINS).astype(int), N_BINS - 1)
        gaps = np.bincount(bins, proba[:, c] - (y == c), minlength=N_BINS)
        errors.append(np.abs(gaps).sum() / len(y))
    return float(np.mean(errors))
