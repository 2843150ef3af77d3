"""What is done about the rare classes: the interface, weights, thresholds, ensembles and plain samplers.

A method has two steps. `prepare` happens once for each set and fold and is timed as the method's own cost: it may draw
new rows. `predict` happens for each learner. A method that raises is a failure of its own: nothing stands in for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from sklearn.model_selection import StratifiedKFold

from benchmarks.table_suite.folds import Fold
from benchmarks.table_suite.learners import fit_learner, make_learner
from ganaug.calibration import SHIFT_SCORES, choose_shift, shift_logits


@dataclass(frozen=True)
class Prediction:
    """Probabilities of the test rows, and the classes predicted for each score; see `scores.score`."""

    proba: np.ndarray
    y_ba: np.ndarray
    y_f1: np.ndarray

    @classmethod
    def of(cls, proba: np.ndarray) -> "Prediction":
        """Predict the most probable class for every score."""
        y = proba.argmax(axis=1)
        return cls(proba, y, y)


@dataclass(frozen=True)
class TrainingRows:
    """Dense rows that a learner is to be trained on, with weights or none."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None = None


class Method(Protocol):
    """A name, what its rows' key depends on, and the two steps."""

    name: str
    settings: str

    def applies_to(self, fold: Fold) -> bool:
        """Whether the method is meant for such a table at all."""
        ...

    def prepare(self, fold: Fold, learners: Sequence[str]) -> Any:
        """Do what all these learners share; called once for each fold."""
        ...

    def predict(self, prepared: Any, fold: Fold, learner: str) -> Prediction:
        """Train `learner` and predict the test rows."""
        ...


@dataclass(frozen=True)
class Sampler:
    """A method that changes the training rows and nothing else.

    Parameters
    ----------
    name : str
    resample : callable
        ``resample(fold)`` returns `TrainingRows`.
    settings : str
        Parameters that tell versions of the method apart.
    mixed_only : bool, default False
        Whether it is only meant for tables with categories.
    """

    name: str
    resample: Callable[[Fold], TrainingRows] = field(repr=False)
    settings: str = ""
    mixed_only: bool = False

    def applies_to(self, fold: Fold) -> bool:
        """Whether the table has the columns that the method is for."""
        return fold.is_mixed or not self.mixed_only

    def prepare(self, fold: Fold, learners: Sequence[str]) -> TrainingRows:
        """Draw the rows."""
        rows = self.resample(fold)
        if not np.isfinite(rows.X).all():
            raise ValueError(f"{self.name} returned rows that are not finite.")
        return rows

    def predict(self, prepared: TrainingRows, fold: Fold, learner: str) -> Prediction:
        """Train on the rows."""
        fitted = fit_learner(learner, prepared.X, prepared.y, fold.seed, prepared.weight)
        return Prediction.of(fitted.predict_proba(fold.X_test))


@dataclass(frozen=True)
class ThresholdShift:
    """Change no row; move the decision towards rare classes by a multiple of the log prior.

    The multiple is chosen for balanced accuracy (and G-mean) and again for macro-F1, on predictions of the training
    part for rows that three inner folds left out. Probabilities stay as they are.
    """

    name: str = "threshold"
    settings: str = "3 inner folds, half an error"

    def applies_to(self, fold: Fold) -> bool:
        """Always."""
        return True

    def prepare(self, fold: Fold, learners: Sequence[str]) -> None:
        """Nothing is shared by the learners."""

    def predict(self, prepared: None, fold: Fold, learner: str) -> Prediction:
        """Train four times: on two thirds each, then on all."""
        prior = np.bincount(fold.y_train) / len(fold.y_train)
        inner = np.log(np.clip(_out_of_fold(fold, learner), 1e-6, None))
        taus = [
            choose_shift(inner, fold.y_train, prior, SHIFT_SCORES[name]) for name in ("balanced_accuracy", "f1_macro")
        ]
        proba = fit_learner(learner, fold.X_train, fold.y_train, fold.seed).predict_proba(fold.X_test)
        logits = np.log(np.clip(proba, 1e-6, None))
        y_ba, y_f1 = (shift_logits(logits, prior, tau).argmax(axis=1) for tau in taus)
        return Prediction(proba, y_ba, y_f1)


def _out_of_fold(fold: Fold, learner: str) -> np.ndarray:
    n_splits = int(min(3, np.bincount(fold.y_train).min()))
    proba = np.zeros((len(fold.y_train), fold.n_classes))
    splits = StratifiedKFold(n_splits, shuffle=True, random_state=fold.seed).split(fold.X_train, fold.y_train)
    for train, held_out in splits:
        fitted = fit_learner(learner, fold.X_train[train], fold.y_train[train], fold.seed)
        proba[held_out] = fitted.predict_proba(fold.X_train[held_out])
    return proba


@dataclass(frozen=True)
class OwnClassifier:
    """A classifier of imbalanced-learn's that takes the learner's place, so that every learner's holds its scores.

    Parameters
    ----------
    name : str
    class_name : str
        In `imblearn.ensemble`; with its defaults.
    """

    name: str
    class_name: str
    settings: str = "defaults"

    def applies_to(self, fold: Fold) -> bool:
        """Always."""
        return True

    def prepare(self, fold: Fold, learners: Sequence[str]) -> np.ndarray:
        """Return the probabilities of the test rows."""
        from imblearn import ensemble

        classifier = getattr(ensemble, self.class_name)(random_state=fold.seed, n_jobs=1)
        return classifier.fit(fold.X_train, fold.y_train).predict_proba(fold.X_test)

    def predict(self, prepared: np.ndarray, fold: Fold, learner: str) -> Prediction:
        """Return the classifier's prediction, whatever the learner."""
        return Prediction.of(prepared)


@dataclass(frozen=True)
class EasyEnsembleOfLearners:
    """EasyEnsemble of the learner itself: its vote over ten draws of as many rows of each class as the rarest has."""

    name: str = "easy_ensemble_learner"
    settings: str = "10 members"

    def applies_to(self, fold: Fold) -> bool:
        """Always."""
        return True

    def prepare(self, fold: Fold, learners: Sequence[str]) -> None:
        """Nothing is shared by the learners."""

    def predict(self, prepared: None, fold: Fold, learner: str) -> Prediction:
        """Train ten times."""
        from imblearn.ensemble import EasyEnsembleClassifier

        n_rows = int(np.bincount(fold.y_train).min()) * fold.n_classes
        member = make_learner(learner, n_rows, fold.seed)
        classifier = EasyEnsembleClassifier(10, member, random_state=fold.seed, n_jobs=1)
        return Prediction.of(classifier.fit(fold.X_train, fold.y_train).predict_proba(fold.X_test))


def target_counts(y: np.ndarray, dose: float) -> dict[int, int]:
    """Size of each class after a share `dose` of what it lacks to the largest class was added."""
    counts = np.bincount(y)
    return {c: int(n + round(dose * (counts.max() - n))) for c, n in enumerate(counts.tolist())}


def unchanged(fold: Fold) -> TrainingRows:
    """Return the training rows as they are."""
    return TrainingRows(fold.X_train, fold.y_train)


def class_weights(fold: Fold) -> TrainingRows:
    """Weigh rows by N / (K n_c); every learner here takes weights (see `WeightedNeighbors`)."""
    counts = np.bincount(fold.y_train)
    weight = len(fold.y_train) / (len(counts) * counts)
    return TrainingRows(fold.X_train, fold.y_train, weight[fold.y_train])
