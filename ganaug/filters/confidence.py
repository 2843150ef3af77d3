"""Keep what a classifier recognises."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganaug._classifier import check_classifier, fit_clone
from ganaug._features import rows_by_class
from ganaug._typing import Label
from ganaug._validation import check_number
from ganaug.filters._base import Features, Filter, FittedFilter, check_features, check_fraction, extract, known_rows


@dataclass(frozen=True)
class ConfidenceFilter(Filter):
    """Keep samples that a classifier trained on real data takes for their own class.

    It removes samples with the wrong label and those between classes, at the price of diversity near the
    borders.

    Parameters
    ----------
    classifier : object with ``fit(X, y)`` and ``predict_proba(X)``, or None, default None
        Cloned and trained on features and classes numbered from 0. None is a class-balanced random forest. For images,
        `ganaug.benchmark.ImageClassifier` judges better, in minutes instead of seconds.
    keep_fraction : float in (0, 1] or None, default None
        Keep this share of each class in every call, the most probable first. Raising it keeps more.
        One half if `min_probability` is None too. Behind another filter it is a share of what that one has left.
    min_probability : float in [0, 1] or None, default None
        Keep samples whose own class has at least this probability. Raising it keeps fewer.
    features : callable or None, default None
        Turns X into an (N, D) array. None flattens, with uint8 scaled to [0, 1].
    random_state : int, default 0
        Seeds the default classifier.

    References
    ----------
    R. He et al., "Is Synthetic Data from Generative Models Ready for Image Recognition?", ICLR 2023,
    arXiv:2210.07574, Section 3.1: filtering by a classifier's confidence (there CLIP's) in the label.
    """

    classifier: Any = None
    keep_fraction: float | None = None
    min_probability: float | None = None
    features: Features | None = None
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.keep_fraction is not None and self.min_probability is not None:
            raise ValueError(
                f"Expected keep_fraction or min_probability, got both ({self.keep_fraction} and "
                f"{self.min_probability}); leave one of them None."
            )
        check_fraction("keep_fraction", self.keep_fraction, optional=True)
        check_number("min_probability", self.min_probability, minimum=0.0, maximum=1.0, optional=True)
        if self.classifier is not None:
            check_classifier(f"The classifier {self.classifier!r}", self.classifier)
        check_features(self.features)

    def fit(self, X: Any, y: Iterable[Label], gan: Any = None) -> "FittedConfidence":
        """Train the classifier on real samples; see `Filter.fit`."""
        X = extract(self.features, X)
        rows = rows_by_class("X", len(X), y)
        if len(rows) < 2:
            raise ValueError(f"ConfidenceFilter needs 2 classes or more, got only {next(iter(rows))!r}; add one.")
        classifier = _random_forest(self.random_state) if self.classifier is None else self.classifier
        return FittedConfidence(self, *fit_clone(classifier, X, rows))


@dataclass(frozen=True, eq=False)
class FittedConfidence(FittedFilter):
    """A fitted `ConfidenceFilter`."""

    recipe: ConfidenceFilter
    classifier: Any = field(repr=False)
    codes: dict[Label, int] = field(repr=False)

    def keep(self, X: Any, y: Iterable[Label]) -> np.ndarray:
        """Judge samples; see `FittedFilter.keep`."""
        X = extract(self.recipe.features, X)
        rows = known_rows(len(X), y, self.codes)
        probabilities = self.classifier.predict_proba(X)
        kept = np.zeros(len(X), bool)
        for label, indices in rows.items():
            own = probabilities[indices, self.codes[label]]
            if self.recipe.min_probability is not None:
                kept[indices] = own >= self.recipe.min_probability
            else:
                fraction = 0.5 if self.recipe.keep_fraction is None else self.recipe.keep_fraction
                best = np.argsort(-own, kind="stable")[: int(np.ceil(fraction * len(own)))]
                kept[indices[best]] = True
        return kept


def _random_forest(random_state: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        n_estimators=100, min_samples_leaf=2, class_weight="balanced", random_state=random_state
    )
