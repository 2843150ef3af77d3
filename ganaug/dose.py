"""How much synthetic data, from which sources: chosen for a classifier and a score, and none if none helps.

Scores of a few inner folds are noisy, and the best of several noisy candidates is rarely the best. So the folds are
weighed against a prior: what the candidates gained on the tables of a development suite, with the same kind of
classifier and score, how much that varied between tables, and how much the noise of a fold is for how many rare rows.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import RepeatedStratifiedKFold

from ganaug._typing import Label
from ganaug.filters import FILTERS
from ganaug.pool import Drawn, Pool, concatenate

Shares = tuple[tuple[str, float], ...]

FULL_BALANCE_SCORES = ("balanced_accuracy", "recall_macro", "geometric_mean")
"""Scores that count every class alike, whose prior is that of the balanced accuracy."""


@dataclass(frozen=True)
class Candidate:
    """A way to over-sample.

    Attributes
    ----------
    dose : float in [0, 1]
        Share of the rows that the sampling strategy asks for.
    sources : tuple of (source, share) pairs
    filter : str or None
        Name of a filter for the GAN's rows.
    """

    dose: float
    sources: Shares = (("gan", 1.0),)
    filter: str | None = None

    def draw(self, pool: Pool, n_new: Mapping[Label, int]) -> Drawn:
        """Draw the dose's share of `n_new` rows of each class."""
        wanted = {label: round(self.dose * n) for label, n in n_new.items()}
        return pool.draw(wanted, dict(self.sources), FILTERS[self.filter] if self.filter else None)

    def __str__(self) -> str:
        if not self.dose:
            return "none"
        made_of = " + ".join(f"{share:.0%} {source}" if share < 1 else source for source, share in self.sources)
        return f"{made_of} at dose {self.dose:g}" + (f", {self.filter} filter" if self.filter else "")


HALVES: Shares = (("gan", 0.5), ("smote", 0.5))
_THIRDS: Shares = (("gan", 1 / 3), ("smote", 1 / 3), ("duplicate", 1 / 3))

N_TRIED = 4
"""Candidates, beside none, that are tried on inner folds."""

CANDIDATES: dict[str, Candidate] = {
    "none": Candidate(0.0),
    "duplicate": Candidate(1.0, (("duplicate", 1.0),)),
    "smote": Candidate(1.0, (("smote", 1.0),)),
    "gan": Candidate(1.0),
    "halves": Candidate(1.0, HALVES),
    "thirds": Candidate(1.0, _THIRDS),
    "gan_25": Candidate(0.25),
    "filtered_25": Candidate(0.25, filter="confidence"),
    "halves_25": Candidate(0.25, HALVES),
    "duplicate_25": Candidate(0.25, (("duplicate", 1.0),)),
}
"""What is chosen from; the first is to do nothing."""


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


@dataclass(frozen=True)
class Choice:
    """What was chosen, and what it may be expected to gain.

    Attributes
    ----------
    name : str
        Key of `CANDIDATES`.
    gain : float
        Expected gain of the score over doing nothing.
    interval : tuple of two floats
        95 % posterior interval of the gain.
    scoring : str
    table : dict of str to tuple of (float, float)
        Every candidate's mean gain on the inner folds, and its expected gain.
    """

    name: str
    gain: float
    interval: tuple[float, float]
    scoring: str
    table: dict[str, tuple[float, float]]

    @property
    def candidate(self) -> Candidate:
        """The way to over-sample."""
        return CANDIDATES[self.name]

    @property
    def verdict(self) -> str:
        """One line for people."""
        if self.name == "none":
            return f"Use none: no candidate can be expected to raise {self.scoring}."
        low, high = self.interval
        return (
            f"Use {self.candidate}: expected gain in {self.scoring} {self.gain:+.3f} over none "
            f"(95 % interval {low:+.3f} to {high:+.3f})."
        )


class Trials:
    """Inner folds of one data set with their pools: several classifiers and scores may be tried on them.

    Parameters
    ----------
    X, y
        Training data, as `Pool` takes them.
    make_pool : callable
        ``make_pool(X, y)`` returns a `Pool`.
    count_new : callable
        ``count_new(y)`` returns how many new rows each class would get at dose one.
    n_folds, n_repeats : int, default 3 and 1
    seed : int
    """

    def __init__(
        self,
        X: Any,
        y: np.ndarray,
        make_pool: Callable[[Any, np.ndarray], Pool],
        count_new: Callable[[np.ndarray], Mapping[Label, int]],
        *,
        n_folds: int = 3,
        n_repeats: int = 1,
        seed: int = 0,
    ) -> None:
        smallest = int(np.unique(y, return_counts=True)[1].min())
        if smallest < 2:
            raise ValueError(
                'dose="auto" compares candidates on inner folds and needs two rows of each class or more; the smallest '
                f"has {smallest}. Leave that class out, or set the dose."
            )
        splitter = RepeatedStratifiedKFold(n_splits=min(n_folds, smallest), n_repeats=n_repeats, random_state=seed)
        self.y = y
        self._folds = [
            _InnerFold(X, y, train, test, make_pool, count_new) for train, test in splitter.split(np.zeros(len(y)), y)
        ]

    @property
    def n_rare(self) -> float:
        """Rows of the rarest class in a test part, on average."""
        return float(np.mean([fold.n_rare for fold in self._folds]))

    def score(self, estimator: Any, scorers: Sequence[Callable], names: Sequence[str]) -> np.ndarray:
        """Train clones on each fold with each candidate's rows, and score them on the fold's test part.

        Parameters
        ----------
        estimator : classifier
        scorers : sequence of callables
            Called with a fitted classifier, X and y.
        names : sequence of str
            Keys of `CANDIDATES`.

        Returns
        -------
        ndarray of shape (n_scorers, n_trials, n_candidates), float64
        """
        scores = [[fold.score(estimator, scorers, CANDIDATES[name]) for name in names] for fold in self._folds]
        return np.array(scores).transpose(2, 0, 1)


class _InnerFold:
    def __init__(
        self, X: Any, y: np.ndarray, train: np.ndarray, test: np.ndarray, make_pool: Callable, count_new: Callable
    ) -> None:
        self.X, self.y = _take(X, train), y[train]
        self.X_test, self.y_test = _take(X, test), y[test]
        self.pool, self.n_new = make_pool(self.X, self.y), count_new(self.y)
        self.n_rare = int(np.unique(self.y_test, return_counts=True)[1].min())

    def score(self, estimator: Any, scorers: Sequence[Callable], candidate: Candidate) -> list[float]:
        X, y = self.X, self.y
        if candidate.dose:
            drawn = candidate.draw(self.pool, self.n_new)
            X, y = concatenate([X, drawn.X]), np.concatenate([y, drawn.y])
        fitted = clone(estimator).fit(X, y)
        return [float(scorer(fitted, self.X_test, self.y_test)) for scorer in scorers]


def _take(X: Any, rows: np.ndarray) -> Any:
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def choose(scores: np.ndarray, n_rare: float, prior: Prior, scoring: str) -> Choice:
    """Weigh the inner folds against the prior, and choose.

    Parameters
    ----------
    scores : ndarray of shape (n_trials, 1 + n)
        Scores of none and of the prior's candidates, in its order.
    n_rare : float
        Rows of the rarest class in a test part.
    prior : Prior
    scoring : str
        For the verdict.

    Returns
    -------
    Choice
        The candidate with the largest expected gain, or none if that is not positive.

    References
    ----------
    Lindley and Smith, "Bayes estimates for the linear model", JRSS B 1972, Section 2 (the posterior); Robbins, "An
    empirical Bayes approach to statistics", 1956 (a prior from similar problems).
    """
    gains = scores[:, 1:] - scores[:, :1]
    noise = prior.within / max(n_rare, 1.0) / len(gains)
    weight = prior.between @ np.linalg.pinv(prior.between + noise)
    expected = prior.mean + weight @ (gains.mean(0) - prior.mean)
    spread = np.sqrt(np.maximum(np.diag(prior.between - weight @ prior.between), 0))
    table = {name: (float(g), float(e)) for name, g, e in zip(prior.names, gains.mean(0), expected, strict=True)}
    best = int(expected.argmax())
    if expected[best] <= 0:
        return Choice("none", 0.0, (0.0, 0.0), scoring, table)
    gain, margin = float(expected[best]), float(1.96 * spread[best])
    return Choice(prior.names[best], gain, (gain - margin, gain + margin), scoring, table)


def find_prior(estimator: Any, scoring: str | Callable | None) -> Prior:
    """Return the prior of a classifier's kind and a score; of their mean where they are not known."""
    return _read_priors()[score_kind(scoring), family_of(estimator)]


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
