"""Inner folds on which ways to over-sample are tried."""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import average_precision_score

from ganaug._typing import Label
from ganaug._validation import list_first
from ganaug.calibration import (
    SHIFT_SCORES,
    choose_shift,
    pool_probabilities,
    shift_logits,
    shift_prior,
    to_logits,
)
from ganaug.dose import CANDIDATES, Candidate
from ganaug.exceptions import SmallClassWarning
from ganaug.inner_folds import inner_folds, map_in_processes
from ganaug.pool import Pool, concatenate
from ganaug.table_data import densify, formed_like


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What classifiers say of rows that they were not trained on, by the way their training rows were over-sampled.

    Attributes
    ----------
    y : list of ndarrays of shape (n,), int64
        Classes of each fold's test part, as places in the sorted labels.
    counts : ndarray of shape (K,), int64
        Rows of each class in all of the data.
    proba : dict of str to list of ndarrays of shape (n, K)
        By candidate, the probabilities of each fold's test part.
    classifiers : dict of str to list of classifiers
        By candidate, who said so: one classifier for each fold, or none if they were not kept.
    """

    y: list[np.ndarray]
    counts: np.ndarray
    proba: dict[str, list[np.ndarray]]
    classifiers: dict[str, list[Any]] = field(default_factory=dict, repr=False)

    @property
    def prior(self) -> np.ndarray:
        """Class frequencies, see `ganaug.calibration.shift_prior`."""
        return shift_prior(self.counts, np.concatenate(self.y))

    def choose_shifts(self, scoring: str) -> dict[str, float]:
        """Return, by candidate, the logit shift that suits it best on all folds together.

        Parameters
        ----------
        scoring : key of `HELD_OUT_SCORES`
            Ranks know no shift: average precision has 0.

        Returns
        -------
        dict of str to float
            Multiples of the log class frequencies for `ganaug.calibration.shift_logits`.
        """
        if scoring == "average_precision":
            return dict.fromkeys(self.proba, 0.0)
        y, prior = np.concatenate(self.y), self.prior
        return {
            name: choose_shift(to_logits(np.concatenate(proba)), y, prior, SHIFT_SCORES[scoring])
            for name, proba in self.proba.items()
        }

    def average(self, weights: Mapping[str, float], scoring: str) -> tuple[list[Any], np.ndarray, float]:
        """Let the classifiers of several candidates predict together.

        Parameters
        ----------
        weights : mapping of str to float
            By candidate, how much its classifiers count; of sum one.
        scoring : key of `HELD_OUT_SCORES`

        Returns
        -------
        classifiers : list
            Those that were kept of these candidates.
        shares : ndarray of shape (n_classifiers,), float64
            How much each of them counts, so that those of a fold have sum one.
        tau : float
            The logit shift that suits them best together, see `choose_shifts`.
        """
        parts = zip(*(self.proba[name] for name in weights), strict=True)
        pooled = {"all": [pool_probabilities(part, list(weights.values())) for part in parts]}
        tau = HeldOut(self.y, self.counts, pooled).choose_shifts(scoring)["all"]
        kept = [(one, weight) for name, weight in weights.items() for one in self.classifiers[name]]
        return [one for one, _ in kept], np.array([weight for _, weight in kept]), tau

    def score(self, scoring: str) -> tuple[np.ndarray, dict[str, float]]:
        """Score each candidate on each fold, after its shift.

        Parameters
        ----------
        scoring : key of `HELD_OUT_SCORES`
            Average precision is the rarer class's if there are two.

        Returns
        -------
        scores : ndarray of shape (n_folds, n_candidates), float64
        taus : dict of str to float
            See `choose_shifts`.
        """
        taus, prior = self.choose_shifts(scoring), self.prior

        def score_fold(proba: np.ndarray, y: np.ndarray, tau: float) -> float:
            if scoring == "average_precision":
                return average_precision(proba, y, self.counts)
            return SHIFT_SCORES[scoring](y, shift_logits(to_logits(proba), prior, tau).argmax(axis=1))

        scores = [
            [score_fold(part, y, taus[name]) for part, y in zip(proba, self.y, strict=True)]
            for name, proba in self.proba.items()
        ]
        return np.array(scores).T, taus


HELD_OUT_SCORES = (*SHIFT_SCORES, "average_precision")
"""The scores that `HeldOut` knows."""


def average_precision(proba: np.ndarray, y: np.ndarray, counts: np.ndarray | None = None) -> float:
    """Return the average precision of the rarer of two classes; of more, the mean of one against the rest.

    Parameters
    ----------
    proba : ndarray of shape (N, K), float
    y : ndarray of shape (N,), int64 in [0, K)
    counts : ndarray of shape (K,), int64, or None, default None
        Rows of each class by which one is rarer; None: those in `y`.
    """
    own = np.bincount(y, minlength=proba.shape[1])
    classes = [int((own if counts is None else counts).argmin())] if len(own) == 2 else np.flatnonzero(own).tolist()
    return float(np.mean([average_precision_score(y == c, proba[:, c]) for c in classes]))


class Trials:
    """Inner folds of one data set with their pools: several classifiers and scores may be tried on them.

    Parameters
    ----------
    X, y
        Training data, as `Pool` takes them, or sparse: classifiers get rows of the same form.
    make_pool : callable
        ``make_pool(X, y)`` returns a `Pool` of dense rows; it is called for folds that are drawn from.
    count_new : callable
        ``count_new(y)`` returns how many new rows each class would get at dose one.
    cv, groups
        See `ganaug.inner_folds.inner_folds`.
    n_jobs : int or None, default None
        Processes that the folds are shared out to; see `ganaug.inner_folds.map_in_processes`.
    seed : int
    """

    def __init__(
        self,
        X: Any,
        y: np.ndarray,
        make_pool: Callable[[Any, np.ndarray], Pool],
        count_new: Callable[[np.ndarray], Mapping[Label, int]],
        *,
        cv: Any = 3,
        groups: Any = None,
        n_jobs: int | None = None,
        seed: int = 0,
    ) -> None:
        labels, folds = np.unique(y), inner_folds(y, cv, groups, seed, X)
        if not folds:
            unit = "row" if groups is None else "group"
            raise ValueError(
                f"Inner folds need two classes of two {unit}s or more to hold out. Set the dose, and leave it at that."
            )
        tested = [np.unique(y[test]) for _, test in folds]
        n_never = len(labels) - len(np.unique(np.concatenate(tested)))
        if n_never:
            reason = "of one row" if groups is None else "of one group, or in a group with such a class"
            warnings.warn(
                f"{n_never} of {len(labels)} classes are never held out by the inner folds "
                f"({reason if isinstance(cv, Integral) else 'as cv says'}): what is chosen there is measured on the "
                f"other classes. Leave these classes out, or collect more rows.",
                SmallClassWarning,
                stacklevel=6,
            )
        self._is_comparable = all(np.array_equal(own, tested[0]) for own in tested)
        self.y, self.n_jobs = y, n_jobs
        self._folds = [_InnerFold(X, y, train, test, make_pool, count_new) for train, test in folds]

    @property
    def pools(self) -> list[Pool]:
        """Each fold's pool."""
        return [fold.pool for fold in self._folds]

    @property
    def n_rare(self) -> float:
        """Rows of the rarest class in a test part, on average."""
        return float(np.mean([fold.n_rare for fold in self._folds]))

    def check(self) -> None:
        """Read the data as the GANs will; see `Pool.check`."""
        for pool in self.pools:
            pool.check()

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
        candidates = [CANDIDATES[name] for name in names]
        self._check_comparable(candidates)
        scores = self._map(_InnerFold.score, estimator, scorers, candidates)
        return np.array(scores).transpose(2, 0, 1)

    def predict(self, estimator: Any, candidates: Mapping[str, Candidate], keep: bool = False) -> HeldOut:
        """Train clones on each fold with each candidate's rows, and predict the fold's test part.

        Parameters
        ----------
        estimator : classifier with ``predict_proba``
        candidates : mapping of str to Candidate
        keep : bool, default False
            Whether to return the classifiers, which may take much memory.
        """
        self._check_comparable(candidates)
        labels, counts = np.unique(self.y, return_counts=True)
        held_out = HeldOut([np.searchsorted(labels, fold.y_test) for fold in self._folds], counts, {})
        of_folds = self._map(_InnerFold.predict, estimator, list(candidates.values()), keep)
        for place, name in enumerate(candidates):
            held_out.proba[name] = [proba[place] for proba, _ in of_folds]
            held_out.classifiers[name] = [classifiers[place] for _, classifiers in of_folds] if keep else []
        return held_out

    def _map(self, do: Callable, *args: Any) -> list[Any]:
        """Return what is done on each fold; where several processes do it, pools are not kept."""
        return map_in_processes(do, self._folds, *args, n_jobs=self.n_jobs)

    def _check_comparable(self, candidates: Collection[Any]) -> None:
        if len(candidates) > 1 and not self._is_comparable:
            raise ValueError(
                "cv holds out some classes in some splits only, and scores of test parts with other classes do not "
                "compare. Pass a number of folds, which sees to that, with groups, too; or set the dose."
            )


class _InnerFold:
    def __init__(
        self,
        X: Any,
        y: np.ndarray,
        train: np.ndarray,
        test: np.ndarray,
        make_pool: Callable,
        count_new: Callable,
    ) -> None:
        self.X, self.y, self.X_test, self.y_test = _take(X, train), y[train], _take(X, test), y[test]
        self._make_pool, self.n_new = make_pool, count_new(self.y)
        self.n_rare = int(np.unique(self.y_test, return_counts=True)[1].min())

    @cached_property
    def _dense(self) -> Any:
        return densify(self.X)

    @cached_property
    def pool(self) -> Pool:
        pool = self._make_pool(self._dense, self.y)
        pool.warns = False  # What the folds lack for a while is not what the data lacks.
        return pool

    def fit(self, estimator: Any, candidate: Candidate) -> Any:
        X, y = self.X, self.y
        if candidate.dose:
            drawn = candidate.draw(self.pool, self.n_new)
            X, y = formed_like(X, concatenate([self._dense, drawn.X])), np.concatenate([y, drawn.y])
        try:
            return clone(estimator).fit(X, y)
        except (TypeError, ValueError) as error:
            if names := _find_texts(X):
                error.add_note(
                    f"The classifier gets columns as they are, and {list_first(names, 10)} hold no numbers: pass a "
                    f"pipeline that encodes them before the classifier."
                )
            raise

    def predict(
        self, estimator: Any, candidates: Sequence[Candidate], keep: bool
    ) -> tuple[list[np.ndarray], list[Any]]:
        """Return what clones say of the test part, one for each candidate, and the clones if they are to be kept."""
        proba, classifiers = [], []
        for candidate in candidates:
            classifier = self.fit(estimator, candidate)
            proba.append(classifier.predict_proba(self.X_test))
            if keep:
                classifiers.append(classifier)
        return proba, classifiers

    def score(self, estimator: Any, scorers: Sequence[Callable], candidates: Sequence[Candidate]) -> list[list[float]]:
        """Return each candidate's scores."""
        return [self._score(self.fit(estimator, candidate), scorers) for candidate in candidates]

    def _score(self, fitted: Any, scorers: Sequence[Callable]) -> list[float]:
        try:
            return [float(scorer(fitted, self.X_test, self.y_test)) for scorer in scorers]
        except ValueError as error:
            if lacking := set(self.y.tolist()) - set(self.y_test.tolist()):
                error.add_note(
                    f"Rows to score on were held out of each class but {list_first(sorted(map(repr, lacking)))}, which "
                    f"has one row; leave such classes out, choose a score that can do without, or set the dose."
                )
            raise


def _find_texts(X: Any) -> list[str]:
    """Return the names of a frame's columns that hold no numbers."""
    if not hasattr(X, "iloc"):
        return []
    return [repr(name) for name, dtype in X.dtypes.items() if getattr(dtype, "kind", "O") not in "biufc"]


def _take(X: Any, rows: np.ndarray) -> Any:
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]
