"""ganaug's own methods: what `GANBalancedClassifier` and `GANOverSampler` do for each learner and score.

The GANs are trained once for all learners and scores of a fold; what is done with them is the package's own code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

from benchmarks.table_suite.folds import Fold
from benchmarks.table_suite.generators import as_frame
from benchmarks.table_suite.learners import make_learner
from benchmarks.table_suite.methods import Method, Prediction
from ganaug import TableGAN
from ganaug.calibration import pool_probabilities, shift_logits, to_logits
from ganaug.dose import CANDIDATES, N_TRIED, Candidate, average, choose
from ganaug.dose_prior import Prior, find_prior, find_shifted_prior, is_vote
from ganaug.pool import Pool
from ganaug.trials import Trials

RECIPE = 9
"""Raise when defaults of ganaug change, so that rows of the old ones do not pass for the new."""

SCORINGS = ("balanced_accuracy", "f1_macro", "average_precision")


@dataclass(frozen=True)
class Choice:
    """What is drawn for a score, how far decisions move, which inner folds' classifiers join, and what each counts."""

    candidate: str
    tau: float = 0.0
    committee: Sequence[Any] = ()
    shares: Sequence[float] = ()


@dataclass(frozen=True)
class OverSampler:
    """``GANOverSampler(estimator=learner, scoring=score)``: the dose that suits both, by the prior alone.

    Average precision, Brier score and calibration error are those of the classifier that was trained for average
    precision; so they are for all methods here.
    """

    name: str = "ganaug_sampler"
    settings: str = f"default, recipe {RECIPE}"

    def applies_to(self, fold: Fold) -> bool:
        """Always."""
        return True

    def prepare(self, fold: Fold, learners: Sequence[str]) -> Pool:
        """Fit the GAN, and draw once from each source."""
        pool = make_pool(typed_frame(fold), fold.y_train, fold.seed)
        CANDIDATES["thirds"].draw(pool, count_new(fold.y_train))
        return pool

    def predict(self, prepared: Pool, fold: Fold, learner: str) -> Prediction:
        """Train on what each score's default draws."""
        estimator = OnFrames(fold, learner)
        return _predict(prepared, fold, learner, [Choice(find_prior(estimator, name).best) for name in SCORINGS])


@dataclass(frozen=True)
class BalancedClassifier(OverSampler):
    """``GANBalancedClassifier(learner, scoring=score)``: candidates compared on inner folds, each with its shift."""

    name: str = "ganaug"
    settings: str = f"dose auto, shift, averaged candidates, recipe {RECIPE}"

    def prepare(self, fold: Fold, learners: Sequence[str]) -> tuple[Pool, Trials]:
        """Fit the GANs of the inner folds and that of all rows, unless nothing is to be tried."""
        trials = make_trials(fold)
        if not any(prior.names for learner in learners for prior in self.find_priors(OnFrames(fold, learner))):
            return make_pool(typed_frame(fold), fold.y_train, fold.seed), trials
        for pool in trials.pools:
            pool.gan  # noqa: B018 - trained at first use, and counts to the preparation
        return super().prepare(fold, learners), trials

    def predict(self, prepared: tuple[Pool, Trials], fold: Fold, learner: str) -> Prediction:
        """Choose for each score, and train on what the choice draws."""
        pool, trials = prepared
        estimator = OnFrames(fold, learner)
        return _predict(pool, fold, learner, self.choose(trials, estimator))

    def choose(self, trials: Trials, estimator: Any) -> list[Choice]:
        """Return what is done for each score."""
        priors = self.find_priors(estimator)
        names = ["none", *dict.fromkeys(name for prior in priors for name in prior.names)]
        joins = not is_vote(estimator)
        held_out = trials.predict(estimator, {name: CANDIDATES[name] for name in names}, keep=joins)
        choices = []
        for prior, scoring in zip(priors, SCORINGS, strict=True):
            scores, _ = held_out.score(scoring)
            tried = scores[:, [names.index(name) for name in ("none", *prior.names)]]
            choice = (average if joins else choose)(tried, trials.n_rare, prior, scoring)
            committee, shares, tau = held_out.average(choice.weights, scoring)
            choices.append(Choice(choice.name, tau, committee, shares))
        return choices

    def find_priors(self, estimator: Any) -> list[Prior]:
        """Return each score's prior of what is tried."""
        return [find_shifted_prior(estimator, scoring).top(N_TRIED) for scoring in SCORINGS]


@dataclass(frozen=True)
class WithoutGAN(BalancedClassifier):
    """The same with duplicates and SMOTE's rows only: the control for what GANs add."""

    name: str = "no_gan"
    settings: str = "dose auto, shift, averaged candidates, duplicates and smote"

    def prepare(self, fold: Fold, learners: Sequence[str]) -> tuple[Pool, Trials]:
        """Train no GAN."""
        return make_pool(typed_frame(fold), fold.y_train, fold.seed), make_trials(fold)

    def find_priors(self, estimator: Any) -> list[Prior]:
        """Return each score's prior of what is tried."""
        known = [name for name, candidate in CANDIDATES.items() if "gan" not in dict(candidate.sources)]
        return [find_shifted_prior(estimator, scoring).of(known).top(N_TRIED) for scoring in SCORINGS]


@dataclass(frozen=True)
class Default(BalancedClassifier):
    """``GANBalancedClassifier(learner, GANOverSampler(dose="default"))``: the prior's best, and its shift."""

    name: str = "ganaug_default"
    settings: str = f"default, shift, ensemble, recipe {RECIPE}"

    def choose(self, trials: Trials, estimator: Any) -> list[Choice]:
        """Return each score's default."""
        names = [find_shifted_prior(estimator, scoring).best for scoring in SCORINGS]
        return _choose_shifts(trials, estimator, names, ensemble=not is_vote(estimator))


@dataclass(frozen=True)
class ShiftedSMOTE(WithoutGAN):
    """SMOTE's rows alone, with the same shift and ensemble: the control for what choosing adds."""

    name: str = "smote_shift"
    settings: str = "smote, shift, 3 inner folds, ensemble"
    candidates: tuple[str, str, str] = ("smote", "smote", "smote_25")

    def choose(self, trials: Trials, estimator: Any) -> list[Choice]:
        """Take full balance for decisions, and a quarter for ranks."""
        return _choose_shifts(trials, estimator, self.candidates)


@dataclass(frozen=True)
class ShiftedEnsemble(ShiftedSMOTE):
    """No rows, but the same shift and ensemble: the control for what all synthetic rows add."""

    name: str = "none_shift"
    settings: str = "none, shift, 3 inner folds, ensemble"
    candidates: tuple[str, str, str] = ("none", "none", "none")


class OnFrames(ClassifierMixin, BaseEstimator):
    """A learner of the suite that takes the sampler's frames, as a pipeline's encoder and classifier would."""

    def __init__(self, fold: Fold, learner: str) -> None:
        self.fold, self.learner = fold, learner

    def build(self, n_rows: int) -> Any:
        """Return the learner for so many rows."""
        return make_learner(self.learner, n_rows, self.fold.seed)

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "OnFrames":
        """Encode and train."""
        self.fitted = self.build(len(y)).fit(to_dense(self.fold, X), y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Encode and predict."""
        return self.fitted.predict_proba(to_dense(self.fold, X))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Encode and predict."""
        return self.fitted.predict(to_dense(self.fold, X))

    @property
    def steps(self) -> list[tuple[str, Any]]:
        """The learner, where a pipeline has its last step: it tells the kind of classifier."""
        return [("learner", self.build(1))]


def make_pool(X: pd.DataFrame, y: np.ndarray, seed: int) -> Pool:
    """Return the pool that `GANOverSampler` makes by default."""
    return Pool(X, y, TableGAN(), k_neighbors=5, min_class_size=5, seed=seed)


def make_trials(fold: Fold) -> Trials:
    """Return the inner folds that `GANBalancedClassifier` makes by default."""
    pool_of = lambda X, y: make_pool(X, y, fold.seed)  # noqa: E731
    return Trials(typed_frame(fold), fold.y_train, pool_of, count_new, seed=fold.seed)


def count_new(y: np.ndarray) -> Mapping[int, int]:
    """Return the new rows of each class at full balance."""
    counts = np.bincount(y)
    return {c: int(counts.max() - n) for c, n in enumerate(counts) if n < counts.max()}


def typed_frame(fold: Fold) -> pd.DataFrame:
    """Return the training rows with categorical columns as such."""
    frame = as_frame(fold)
    for index in fold.encoder.categorical_indices:
        frame[f"x{index}"] = frame[f"x{index}"].astype("category")
    return frame


def to_dense(fold: Fold, X: pd.DataFrame) -> np.ndarray:
    """Return dense rows of a typed frame."""
    # Categories come back as the strings of their codes.
    return fold.encoder.to_dense(pd.DataFrame({name: X[name].astype(float) for name in X}).to_numpy())


def add_rows(pool: Pool, fold: Fold, candidate: Candidate) -> tuple[np.ndarray, np.ndarray]:
    """Return dense training rows with what the candidate draws below them."""
    if not candidate.dose:
        return fold.X_train, fold.y_train
    drawn = candidate.draw(pool, count_new(fold.y_train))
    return np.concatenate([fold.X_train, to_dense(fold, drawn.X)]), np.concatenate([fold.y_train, drawn.y])


def _choose_shifts(trials: Trials, estimator: Any, names: Sequence[str], ensemble: bool = True) -> list[Choice]:
    held_out = trials.predict(estimator, {name: CANDIDATES[name] for name in names}, ensemble)
    choices = []
    for name, scoring in zip(names, SCORINGS, strict=True):
        committee, shares, tau = held_out.average({name: 1.0}, scoring)
        choices.append(Choice(name, tau, committee, shares))
    return choices


def _predict(pool: Pool, fold: Fold, learner: str, choices: list[Choice]) -> Prediction:
    prior, fitted, proba, logits = np.bincount(fold.y_train), {}, [], []
    for choice in choices:
        if choice.candidate not in fitted:
            X, y = add_rows(pool, fold, CANDIDATES[choice.candidate])
            fitted[choice.candidate] = make_learner(learner, len(X), fold.seed).fit(X, y)
        everyone = [fitted[choice.candidate], *(one.fitted for one in choice.committee)]
        said = [one.predict_proba(fold.X_test) for one in everyone]
        proba.append(pool_probabilities(said, np.append(1.0, choice.shares)))
        logits.append(shift_logits(to_logits(proba[-1]), prior, choice.tau))
    return Prediction(proba[2], logits[0].argmax(axis=1), logits[1].argmax(axis=1))


OURS: tuple[Method, ...] = (
    BalancedClassifier(), Default(), OverSampler(), WithoutGAN(), ShiftedSMOTE(), ShiftedEnsemble()
)  # fmt: skip
"""The classifier with dose and shift chosen on inner folds, its default, the sampler alone, and three controls."""
