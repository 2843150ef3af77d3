"""ganaug's own methods: what `GANOverSampler` does for each learner and score, with the GAN fitted once for all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import check_scoring

from benchmarks.table_suite.folds import Fold
from benchmarks.table_suite.generators import as_frame
from benchmarks.table_suite.learners import LEARNERS
from benchmarks.table_suite.methods import Method, Prediction
from ganaug import TableGAN
from ganaug.dose import CANDIDATES, N_TRIED, Candidate, Trials, choose, find_prior
from ganaug.pool import Pool

RECIPE = 1
"""Raise when defaults of ganaug change, so that rows of the old ones do not pass for the new."""

SCORINGS = ("balanced_accuracy", "f1_macro", "average_precision")


@dataclass(frozen=True)
class Default:
    """``GANOverSampler(estimator=learner, scoring=score)``: the dose that suits both, by the prior alone.

    Average precision, Brier score and calibration error are those of the classifier that was trained for average
    precision.
    """

    name: str = "ganaug"
    settings: str = f"default, recipe {RECIPE}"

    def applies_to(self, fold: Fold) -> bool:
        """Always."""
        return True

    def prepare(self, fold: Fold) -> Pool:
        """Fit the GAN, and draw once from each source."""
        pool = _make_pool(_as_typed_frame(fold), fold.y_train, fold.seed)
        CANDIDATES["thirds"].draw(pool, _count_new(fold.y_train))
        return pool

    def predict(self, prepared: Pool, fold: Fold, learner: str) -> Prediction:
        """Train on what each score's default draws."""
        estimator = LEARNERS[learner](len(fold.y_train), fold.seed)
        names = [find_prior(estimator, scoring).best for scoring in SCORINGS]
        return _predict(prepared, fold, learner, names)


@dataclass(frozen=True)
class Fixed(Default):
    """One candidate for every learner and score."""

    candidate: str = "halves"

    def predict(self, prepared: Pool, fold: Fold, learner: str) -> Prediction:
        """Train on what the candidate draws."""
        return _predict(prepared, fold, learner, [self.candidate] * len(SCORINGS))


@dataclass(frozen=True)
class AutoDose(Default):
    """``GANOverSampler(dose="auto", estimator=learner, scoring=score)``."""

    name: str = "ganaug_auto"
    settings: str = f"dose auto, recipe {RECIPE}"

    def prepare(self, fold: Fold) -> tuple[Pool, Trials]:
        """Fit the GANs of the inner folds and that of all rows."""
        frame = _as_typed_frame(fold)
        trials = Trials(frame, fold.y_train, lambda X, y: _make_pool(X, y, fold.seed), _count_new, seed=fold.seed)
        return super().prepare(fold), trials

    def predict(self, prepared: tuple[Pool, Trials], fold: Fold, learner: str) -> Prediction:
        """Choose for each score, and train on what the choice draws."""
        pool, trials = prepared
        estimator = _OnFrames(fold, learner)
        priors = [find_prior(estimator.build(1), scoring).top(N_TRIED) for scoring in SCORINGS]
        tried = ["none", *dict.fromkeys(name for prior in priors for name in prior.names)]
        scorers = [check_scoring(estimator.build(1), scoring=scoring) for scoring in SCORINGS]
        scores = trials.score(estimator, [_on_dense(scorer, fold) for scorer in scorers], tried)
        names = []
        for prior, own, scoring in zip(priors, scores, SCORINGS, strict=True):
            places = [tried.index(name) for name in ("none", *prior.names)]
            names.append(choose(own[:, places], trials.n_rare, prior, scoring).name)
        return _predict(pool, fold, learner, names)


class _OnFrames:
    """A learner of the suite that takes the sampler's frames, as a pipeline's encoder and classifier would."""

    def __init__(self, fold: Fold, learner: str) -> None:
        self.fold, self.learner = fold, learner

    def __sklearn_clone__(self) -> "_OnFrames":
        return _OnFrames(self.fold, self.learner)

    def build(self, n_rows: int) -> Any:
        return LEARNERS[self.learner](n_rows, self.fold.seed)

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        return self.build(len(y)).fit(_to_dense(self.fold, X), y)


def _on_dense(scorer: Any, fold: Fold) -> Any:
    if "average_precision" in repr(scorer):
        scorer = _average_precision
    return lambda fitted, X, y: scorer(fitted, _to_dense(fold, X), y)


def _average_precision(fitted: Any, X: np.ndarray, y: np.ndarray) -> float:
    from benchmarks.table_suite.scores import average_precision

    return average_precision(fitted.predict_proba(X), y)


def _predict(pool: Pool, fold: Fold, learner: str, names: list[str]) -> Prediction:
    proba = {}
    for name in dict.fromkeys(names):
        X, y = _add(pool, fold, CANDIDATES[name])
        proba[name] = LEARNERS[learner](len(X), fold.seed).fit(X, y).predict_proba(fold.X_test)
    for_balance, for_f1, for_ranking = (proba[name] for name in names)
    return Prediction(for_ranking, for_balance.argmax(axis=1), for_f1.argmax(axis=1))


def _add(pool: Pool, fold: Fold, candidate: Candidate) -> tuple[np.ndarray, np.ndarray]:
    if not candidate.dose:
        return fold.X_train, fold.y_train
    drawn = candidate.draw(pool, _count_new(fold.y_train))
    return np.concatenate([fold.X_train, _to_dense(fold, drawn.X)]), np.concatenate([fold.y_train, drawn.y])


def _make_pool(X: pd.DataFrame, y: np.ndarray, seed: int) -> Pool:
    return Pool(X, y, TableGAN(), k_neighbors=5, min_class_size=5, seed=seed)


def _count_new(y: np.ndarray) -> Mapping[int, int]:
    counts = np.bincount(y)
    return {c: int(counts.max() - n) for c, n in enumerate(counts) if n < counts.max()}


def _as_typed_frame(fold: Fold) -> pd.DataFrame:
    frame = as_frame(fold)
    for index in fold.encoder.categorical_indices:
        frame[f"x{index}"] = frame[f"x{index}"].astype("category")
    return frame


def _to_dense(fold: Fold, X: pd.DataFrame) -> np.ndarray:
    # Categories come back as the strings of their codes.
    return fold.encoder.to_dense(pd.DataFrame({name: X[name].astype(float) for name in X}).to_numpy())


OURS: tuple[Method, ...] = (
    Default(),
    AutoDose(),
    Fixed("ganaug_halves", f"halves, recipe {RECIPE}", "halves"),
    Fixed("ganaug_alone", f"gan, recipe {RECIPE}", "gan"),
)
"""The default, the dose that inner folds choose, and two fixed pools."""
