"""What ways to over-sample gained on the tables of a development suite, by kind of classifier and score."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

FULL_BALANCE_SCORES = ("balanced_accuracy", "recall_macro", "geometric_mean")
"""Scores that count every class alike, whose prior is that of the balanced accuracy."""


@dataclass(frozen=True)
class Prior:
    """What the candidates gained over none on the development suite, for one kind of classifier and one score.

    Attributes
    ----------
    names : list of str
        The candidates, without none.
    mean : ndarray of shape (n,)
        Mean gain over tables.
    between : ndarray of shape (n, n)
        Covariance of the gains between tables.
    within : ndarray of shape (n, n)
        Covariance of one fold's gains about its table's, times the number of rare rows in the fold's test part.
    choosing : float or None
        Mean gain over none of what was chosen on inner folds, each table's with the prior of the other tables, in the
        mean of the three scores, less its standard error over the tables; None if that was not measured. If it is not
        positive, nothing is tried: one standard error toward less.
    """

    names: list[str]
    mean: np.ndarray
    between: np.ndarray
    within: np.ndarray
    choosing: float | None = None

    @property
    def best(self) -> str:
        """The candidate with the largest mean gain; none if no gain is positive, or choosing is vain."""
        best = int(self.mean.argmax())
        return self.names[best] if self.mean[best] > 0 and not self._is_vain else "none"

    def top(self, n: int) -> "Prior":
        """Return the prior of what is worth trying: the n best candidates on average, or none if choosing is vain.

        Each more costs time and adds noise.
        """
        best = np.argsort(-self.mean, kind="stable")[: 0 if self._is_vain else n]
        return self.of([self.names[place] for place in best])

    def of(self, names: Collection[str]) -> "Prior":
        """Return the prior of these candidates alone, in the order that they have here."""
        places = [place for place, name in enumerate(self.names) if name in names]
        cross = np.ix_(places, places)
        own = [self.names[place] for place in places]
        return Prior(own, self.mean[places], self.between[cross], self.within[cross], self.choosing)

    @property
    def _is_vain(self) -> bool:
        return self.choosing is not None and self.choosing <= 0


def find_prior(estimator: Any, scoring: str | Callable | None) -> Prior:
    """Return the prior of a classifier's kind and a score; of their mean where they are not known."""
    return _read_priors()[score_kind(scoring), family_of(estimator)]


def find_shifted_prior(estimator: Any, scoring: str) -> Prior:
    """Return the prior where decisions are moved by the logit shift that suits the score, with candidates and without.

    It is one for all single classifiers. After the shift their kinds differ less than the development suite can tell:
    on its sets, each left out in turn, the common prior chose better than that of the kind. Votes of several kinds have
    their own: they gain less from new rows.
    """
    kind = score_kind(scoring)
    family = "vote" if is_vote(estimator) else "any"
    return _read_priors()[kind if kind == "average_precision" else f"shifted_{kind}", family]


def score_kind(scoring: str | Callable | None) -> str:
    """Return whose prior serves a score: 'balanced_accuracy', 'f1_macro' or 'average_precision'."""
    if scoring is None or callable(scoring) or scoring in FULL_BALANCE_SCORES:
        return "balanced_accuracy"
    if scoring.startswith(("average_precision", "roc_auc", "neg_")):
        return "average_precision"
    return "f1_macro" if scoring.startswith(("f1", "precision", "jaccard", "accuracy")) else "balanced_accuracy"


_FAMILIES = {
    "linear": ("LogisticRegression", "LinearSVC", "SGDClassifier", "RidgeClassifier", "LinearDiscriminantAnalysis"),
    "forest": ("RandomForestClassifier", "ExtraTreesClassifier", "BaggingClassifier", "DecisionTreeClassifier"),
    "boosting": (
        "HistGradientBoostingClassifier",
        "GradientBoostingClassifier",
        "XGBClassifier",
        "LGBMClassifier",
        "CatBoostClassifier",
        "AdaBoostClassifier",
    ),
    "network": ("MLPClassifier", "NeuralNetClassifier", "TabPFNClassifier"),
    "vote": ("TableClassifier", "VotingClassifier"),
    "neighbors": ("KNeighborsClassifier", "RadiusNeighborsClassifier", "SVC", "NuSVC", "GaussianProcessClassifier"),
}


def family_of(estimator: Any) -> str:
    """Return the kind of a classifier, or of a pipeline's last step: 'any' if it is not a known one."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    names = {kind.__name__ for kind in type(estimator).__mro__}
    return next((family for family, members in _FAMILIES.items() if names & set(members)), "any")


def is_vote(estimator: Any) -> bool:
    """Whether several classifiers vote, or do so in a pipeline's last step."""
    return family_of(estimator) == "vote"


@cache
def _read_priors() -> dict[tuple[str, str], Prior]:
    values = json.loads(files("ganaug").joinpath("dose_prior.json").read_text(encoding="utf-8"))
    return {
        (scoring, family): Prior(
            values["candidates"],
            *(np.array(prior[part]) for part in ("mean", "between", "within")),
            prior.get("choosing"),
        )
        for scoring, families in values["priors"].items()
        for family, prior in families.items()
    }
