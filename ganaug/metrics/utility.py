"""Is synthetic data good enough to learn from? Train on it, test on real data."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganaug._classifier import fit_clone
from ganaug._features import as_features, check_same_width, rows_by_class
from ganaug._typing import Label


@dataclass(frozen=True)
class UtilityScore:
    """How well a classifier trained on synthetic samples does on real ones.

    Attributes
    ----------
    accuracy : float in [0, 1]
    balanced_accuracy : float in [0, 1]
        Mean of the recalls, so that each class counts the same.
    recall : dict of label to float in [0, 1]
        Share of each real class that is recognised; 0 for a class without synthetic samples.
    """

    accuracy: float
    balanced_accuracy: float
    recall: dict[Label, float]


def classification_accuracy_score(
    classifier: Any, X_fake: Any, y_fake: Iterable[Label], X_real: Any, y_real: Iterable[Label]
) -> UtilityScore:
    """Train a fresh copy of a classifier on synthetic samples and test it on real ones.

    Compare with the same classifier trained on equally many real samples: the difference is what the GAN
    lost.

    Parameters
    ----------
    classifier : object with ``fit(X, y)`` and ``predict(X)``
        Left untouched: a clone is trained, on features of shape (N, D) and classes numbered from 0.
    X_fake, X_real : array-like of shape (N, ...) and (M, ...), any real dtype
        Trailing axes are flattened. `X_real` must be held out: not what the GAN was trained on.
    y_fake, y_real : N and M labels

    Returns
    -------
    UtilityScore

    Raises
    ------
    ValueError
        If lengths or widths differ, values are not finite, or the fakes have a single class.

    References
    ----------
    S. Ravuri and O. Vinyals, "Classification Accuracy Score for Conditional Generative Models", NeurIPS 2019,
    arXiv:1905.10887.
    """
    X_fake, X_real = as_features("X_fake", X_fake), as_features("X_real", X_real)
    check_same_width("X_fake", X_fake, "X_real", X_real)
    fake_rows = rows_by_class("X_fake", len(X_fake), y_fake)
    real_rows = rows_by_class("X_real", len(X_real), y_real)
    if len(fake_rows) < 2:
        raise ValueError(f"y_fake needs at least 2 classes, got only {next(iter(fake_rows))!r}; draw more.")

    trained, code_of = fit_clone(classifier, X_fake, fake_rows)
    predicted = np.asarray(trained.predict(X_real))
    correct = {label: predicted[rows] == code_of.get(label, -1) for label, rows in real_rows.items()}
    recall = {label: float(hits.mean()) for label, hits in correct.items()}
    return UtilityScore(
        accuracy=float(np.concatenate(list(correct.values())).mean()),
        balanced_accuracy=float(np.mean(list(recall.values()))),
        recall=recall,
    )
