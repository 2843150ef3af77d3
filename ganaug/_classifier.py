"""Train any scikit-learn-like classifier on labels of any hashable kind."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganaug._typing import Label


def check_classifier(name: str, classifier: Any) -> None:
    """Raise a `TypeError` unless this is an object that learns classes and predicts their probabilities."""
    if isinstance(classifier, type):
        raise TypeError(f"{name} is the class {classifier.__name__}; pass an object of it: {classifier.__name__}().")
    lacking = [method for method in ("fit", "predict_proba") if not hasattr(classifier, method)]
    if lacking:
        raise TypeError(
            f"{name} has no {' and no '.join(lacking)}; wrap it in sklearn's CalibratedClassifierCV, or take another."
        )


def fit_clone(classifier: Any, X: np.ndarray, rows: Mapping[Label, np.ndarray]) -> tuple[Any, dict[Label, int]]:
    """Train a fresh copy of `classifier` on classes numbered in the order of `rows`.

    Parameters
    ----------
    classifier : object with ``fit(X, y)``
        Left untouched; cloned if it is a scikit-learn estimator, else deep-copied.
    X : ndarray of shape (N, D)
    rows : mapping of label to the indices of its samples
        Each sample belongs to exactly one.

    Returns
    -------
    classifier, codes : the trained copy, and a dict of label to class number
    """
    if hasattr(classifier, "get_params"):
        from sklearn.base import clone

        classifier = clone(classifier)
    else:
        classifier = copy.deepcopy(classifier)
    y = np.empty(len(X), np.int64)
    for code, indices in enumerate(rows.values()):
        y[indices] = code
    classifier.fit(X, y)
    return classifier, {label: code for code, label in enumerate(rows)}
