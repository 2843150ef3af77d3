"""Can a classifier tell synthetic rows from real ones? The classifier two-sample test."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganaug._classifier import fit_clone
from ganaug._features import as_feature_pair
from ganaug._typing import RandomState
from ganaug._validation import as_seed, check_number
from ganaug.metrics._learners import check_classifiers, class_probabilities


def detection_score(
    real: Any,
    synthetic: Any,
    *,
    classifiers: Mapping[str, Any] | None = None,
    n_folds: int = 3,
    random_state: RandomState = 0,
) -> dict[str, float]:
    """Train classifiers to tell real rows from synthetic ones; return the areas under their ROC curves.

    Parameters
    ----------
    real, synthetic : array-like of shape (N, ...) and (M, ...), any real dtype
        Features; the longer side is cut to the length of the other at random. `real` should be held out from
        the generator's training: a classifier cannot tell a copy from its original, so against training data
        copying would be rewarded.
    classifiers : mapping of name to classifier with ``fit`` and ``predict_proba``, optional
        Default: histogram gradient boosting, and logistic regression on standardised features. Clones are
        trained.
    n_folds : int, default 3
        Each fold is scored by a classifier trained on the others. Raising it costs time and steadies the score.
    random_state : None, int, numpy Generator or RandomState, default 0

    Returns
    -------
    dict of classifier name to float in [0, 1]
        Mean of the folds. 0.5: cannot be told apart, the best; 1: always told apart. Chance leaves it within
        some hundredths of 0.5 on either side for a few hundred rows.

    Raises
    ------
    ValueError
        If a side has fewer than `n_folds` rows, values are not finite, widths differ, or `classifiers` is empty.
    TypeError
        If `classifiers` is no mapping to classifiers that predict probabilities.

    References
    ----------
    D. Lopez-Paz and M. Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017, arXiv:1610.06545.

    Notes
    -----
    The paper's statistic is accuracy; the area under the curve needs no threshold and sees more.

    Examples
    --------
    >>> import numpy as np
    >>> real = np.random.default_rng(0).normal(size=(60, 2))
    >>> detection_score(real, real + 100.0)
    {'gradient boosting': 1.0, 'logistic regression': 1.0}
    """
    check_number("n_folds", n_folds, minimum=2, integer=True)
    learners = check_classifiers(classifiers)
    real, synthetic = as_feature_pair(real, synthetic, n_min=n_folds, names=("real", "synthetic"))
    rng = np.random.default_rng(as_seed(random_state))
    n = min(len(real), len(synthetic))
    X = np.concatenate([side[rng.permutation(len(side))[:n]] for side in (real, synthetic)])
    is_synthetic = np.repeat([0, 1], n)
    fold = np.tile(np.arange(n) % n_folds, 2)  # Rows are in random order, so folds are random and equally mixed.
    return {name: _mean_auc(classifier, X, is_synthetic, fold) for name, classifier in learners.items()}


def _mean_auc(classifier: Any, X: np.ndarray, is_synthetic: np.ndarray, fold: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    scores = []
    for k in np.unique(fold):
        train, test = fold != k, fold == k
        rows = {side: np.flatnonzero(is_synthetic[train] == side) for side in (0, 1)}
        trained, _ = fit_clone(classifier, X[train], rows)
        scores.append(roc_auc_score(is_synthetic[test], class_probabilities(trained, X[test], 2)[:, 1]))
    return float(np.mean(scores))
