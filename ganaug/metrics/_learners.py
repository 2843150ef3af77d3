"""The classifiers that judge synthetic tables unless others are given."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganaug._classifier import check_classifier


def check_classifiers(classifiers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return `classifiers`, or the default pair: one that sees interactions, one that is linear.

    Raises
    ------
    TypeError
        If it is no mapping of names to classifiers with ``fit`` and ``predict_proba``.
    ValueError
        If it is empty.
    """
    if classifiers is None:
        return _defaults()
    if not isinstance(classifiers, Mapping):
        raise TypeError(
            f"classifiers must be a dict of name to classifier, got {classifiers!r}; pass "
            f"{{'mine': {type(classifiers).__name__}(...)}}, for instance."
        )
    if not classifiers:
        raise ValueError("classifiers is empty; name at least one, or pass None for the default pair.")
    for name, classifier in classifiers.items():
        check_classifier(f"The classifier {name!r}", classifier)
    return dict(classifiers)


def class_probabilities(classifier: Any, X: np.ndarray, n_classes: int) -> np.ndarray:
    """Return predicted probabilities of shape (N, n_classes), zero for classes that were not in the training data."""
    shares = np.zeros((len(X), n_classes))
    known = np.asarray(getattr(classifier, "classes_", range(n_classes)), dtype=np.int64)
    shares[:, known] = classifier.predict_proba(X)
    return shares


def _defaults() -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "gradient boosting": HistGradientBoostingClassifier(random_state=0),
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    }
