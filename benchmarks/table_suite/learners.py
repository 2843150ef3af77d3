"""The five classifiers, with the settings of this suite, and the one that ganaug brings; all on one thread."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from ganaug.table_classifier import (
    TableClassifier,
    gradient_boosting,
    logistic_regression,
    neural_network,
    random_forest,
)


class WeightedNeighbors(KNeighborsClassifier):
    """k nearest neighbours whose votes count as much as their class's weight, so that class weights apply to it."""

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> "WeightedNeighbors":
        """Keep the rows; a class's vote weighs the mean of its rows' weights."""
        super().fit(X, y)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.class_weight_ = np.array([weight[y == label].mean() for label in self.classes_])
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return the weighted shares of the votes."""
        votes = super().predict_proba(X) * self.class_weight_
        return votes / votes.sum(axis=1, keepdims=True)


def _neighbors(n_rows: int, seed: int) -> WeightedNeighbors:
    return WeightedNeighbors(5)


def _vote(n_rows: int, seed: int) -> TableClassifier:
    return TableClassifier(random_state=seed)


LEARNERS: dict[str, Callable[[int, int], Any]] = {
    "lr": logistic_regression,
    "rf": random_forest,
    "hgb": gradient_boosting,
    "mlp": neural_network,
    "knn": _neighbors,
}
"""Short name -> builder of an unfitted classifier from the number of training rows and a seed."""

PANELS: dict[str, dict[str, Callable[[int, int], Any]]] = {"five": LEARNERS, "vote": {"vote": _vote}}
"""Learners whose scores are averaged, ranked and compared together.

``"five"`` asks what a method does for a classifier that is given; ``"vote"`` what is reached by those who leave the
classifier to ganaug, as they do to EasyEnsemble. It votes on the same dense rows that every method and learner gets.
"""


def make_learner(name: str, n_rows: int, seed: int) -> Any:
    """Return an unfitted learner of any panel."""
    return next(panel[name] for panel in PANELS.values() if name in panel)(n_rows, seed)


def fit_learner(name: str, X: np.ndarray, y: np.ndarray, seed: int, weight: np.ndarray | None = None) -> Any:
    """Fit one learner on dense rows, with row weights if there are any."""
    learner = make_learner(name, len(X), seed)
    return learner.fit(X, y) if weight is None else learner.fit(X, y, sample_weight=weight)
