"""Train any scikit-learn-like classifier on labels of any hashable kind."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganaug._typing import Label


def check_classifier(name: str, classifier: Any) -> None:
    """Raise a `TypeError` unless this is an object that learns classes and predicts their probabilities."""
    _refuse_class(name, classifier)
    lacking = [method for method in ("fit", "predict_proba") if not hasattr(classifier, method)]
    if lacking:
        raise TypeError(
            f"{name} has no {' and no '.join(lacking)}; wrap it in sklearn's CalibratedClassifierCV, or take another."
        )


def refuse_other_kinds(name: str, estimator: Any) -> None:
    """Raise a `TypeError` if this is, by its tags, anything else than a classifier, such as a regressor.

    A pipeline or a search is what it ends in or searches for. What has no tags may be one.
    """
    from sklearn.utils import get_tags

    _refuse_class(name, estimator)
    kind = get_tags(estimator).estimator_type if hasattr(estimator, "__sklearn_tags__") else None
    if kind not in (None, "classifier"):
        raise TypeError(f"{name} is the {kind} {estimator!r}, and rows of classes are for classifiers; pass one.")


def _refuse_class(name: str, estimator: Any) -> None:
    if isinstance(estimator, type):
        raise TypeError(f"{name} is the class {estimator.__name__}; pass an object of it: {estimator.__name__}().")


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
