"""Scorers of fitted classifiers on held-out rows."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring

from ganaug.calibration import SHIFT_SCORES, geometric_mean
from ganaug.trials import average_precision


def find_scorer(estimator: Any, scoring: Any, y: np.ndarray) -> Callable:
    """Return scikit-learn's scorer; for the scores that have one here, one of the classes that were held out."""
    score = _DECISION_SCORES.get(scoring) if isinstance(scoring, str) else None
    if score is not None:
        return partial(_score_decisions, score=score)
    scorer = check_scoring(estimator, scoring=scoring)
    if scoring == "average_precision":
        return partial(_score_ranks, counts=np.unique(y, return_counts=True)[1])
    return scorer


_DECISION_SCORES = {**SHIFT_SCORES, "geometric_mean": geometric_mean}


def _score_decisions(fitted: Any, X: Any, y: np.ndarray, score: Callable) -> float:
    places = np.unique(np.concatenate([y, fitted.predict(X)]), return_inverse=True)[1]
    return score(places[: len(y)], places[len(y) :])


def _score_ranks(fitted: Any, X: Any, y: np.ndarray, counts: np.ndarray) -> float:
    ranks = fitted.predict_proba(X) if hasattr(fitted, "predict_proba") else fitted.decision_function(X)
    if ranks.ndim == 1:
        ranks = np.stack([-ranks, ranks], axis=1)
    return average_precision(ranks, np.searchsorted(fitted.classes_, y), counts)
