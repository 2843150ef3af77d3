"""What ways to over-sample gained on the tables of a development suite, by kind of classifier and score."""

import json
from collections.abc import Callable
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
    """

    names: list[str]
    mean: np.ndarray
    between: np.ndarray
    within: np.ndarray

    @property
    def best(self) -> str:
        """The candidate with the largest mean gain, or none if no gain is positive."""
        best = int(self.mean.argmax())
        return self.names[best] if self.mean[best] > 0 else "none"

    def top(self, n: int) -> "Prior":
        """Return the prior of the n best candidates on average: each more costs time and adds noise."""
        places = np.sort(np.argsort(-self.mean, kind="stable")[:n])
        cross = np.ix_(places, places)
        return Prior(
            [self.names[place] for place in places], self.mean[places], self.between[cross], self.within[cross]
        )


def find_prior(estimator: Any, scoring: str | Callable | None) -> Prior:
    """Return the prior of a classifier's kind and a score; of their mean where they are not known."""
    return _read_priors()[score_kind(scoring), family_of(estimator)]


def find_shifted_prior(scoring: str) -> Prior:
    """Return the prior where decisions are moved by the logit shift that suits the score, with candidates and without.

    It is one for all classifiers. After the shift their kinds differ less than the development suite can tell: on its
    sets, each left out in turn, the common prior chose better than that of the kind.
    """
    kind = score_kind(scoring)
    return _read_priors()[kind if kind == "average_precision" else f"shifted_{kind}", "any"]


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
    "neighbors": ("KNeighborsClassifier", "RadiusNeighborsClassifier", "SVC", "NuSVC", "GaussianProcessClassifier"),
}


def family_of(estimator: Any) -> str:
    """Return the kind of a classifier, or of a pipeline's last step: 'any' if it is not a known one."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    names = {kind.__name__ for kind in type(estimator).__mro__}
    return next((family for family, members in _FAMILIES.items() if names & set(members)), "any")


@cache
def _read_priors() -> dict[tuple[str, str], Prior]:
    values = json.loads(files("ganaug").joinpath("dose_prior.json").read_text(encoding="utf-8"))
    return {
        (scoring, family): Prior(
            values["candidates"], *(np.array(prior[part]) for part in ("mean", "between", "within"))
        )
        for scoring, families in values["priors"].items()
        for family, prior in families.items()
    }
