"""Train on synthetic rows, test on real ones, beside the same classifiers trained on real rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganaug._classifier import fit_clone
from ganaug._features import as_features, check_same_width, rows_by_class
from ganaug._typing import Label
from ganaug.metrics._learners import check_classifiers, class_probabilities


@dataclass(frozen=True)
class ClassifierScores:
    """What a classifier reaches on real test rows; each is in [0, 1], the higher the better.

    Attributes
    ----------
    balanced_accuracy : float
        Mean recall of the classes.
    macro_f1 : float
        Mean F1 of the classes.
    average_precision : float
        Of the rarer class if there are two; else the mean over the classes, each against the others. NaN if the test
        rows are of one class.
    """

    balanced_accuracy: float
    macro_f1: float
    average_precision: float


@dataclass(frozen=True)
class TSTRScore:
    """One classifier's scores on real test rows, trained on synthetic rows and on real ones.

    Attributes
    ----------
    classifier : str
    synthetic, real : ClassifierScores
        Trained on synthetic rows (TSTR) and on real rows (TRTR).
    """

    classifier: str
    synthetic: ClassifierScores
    real: ClassifierScores

    @property
    def ratio(self) -> ClassifierScores:
        """Synthetic over real: 1 where synthetic rows teach as much as real ones; NaN where real scores 0."""
        pairs = ((getattr(self.synthetic, name), getattr(self.real, name)) for name in vars(self.real))
        return ClassifierScores(*(a / b if b else float("nan") for a, b in pairs))


def train_synthetic_test_real(
    X_train: Any,
    y_train: Iterable[Label],
    X_test: Any,
    y_test: Iterable[Label],
    X_synthetic: Any,
    y_synthetic: Iterable[Label],
    *,
    classifiers: Mapping[str, Any] | None = None,
) -> tuple[TSTRScore, ...]:
    """Measure how much of what real rows teach a classifier synthetic rows teach it too.

    Parameters
    ----------
    X_train, X_test, X_synthetic : array-like of shape (N, ...), (M, ...) and (K, ...), any real dtype
        Features. `X_train` is what the generator learned from; `X_test` was seen by neither.
    y_train, y_test, y_synthetic : N, M and K labels
    classifiers : mapping of name to classifier with ``fit`` and ``predict_proba``, optional
        Default: histogram gradient boosting, and logistic regression on standardised features. Clones are
        trained, on classes numbered from 0.

    Returns
    -------
    tuple of TSTRScore, one for each classifier

    Raises
    ------
    ValueError
        If lengths or widths differ, values are not finite, one training side has a single class, a label of
        `y_test` or `y_synthetic` is not in `y_train`, or `classifiers` is empty.
    TypeError
        If `classifiers` is no mapping to classifiers that predict probabilities.

    References
    ----------
    C. Esteban, S. L. Hyland and G. Rätsch, "Real-valued (Medical) Time Series Generation with Recurrent
    Conditional GANs", 2017, arXiv:1706.02633, Section 4 (TSTR).
    L. Xu, M. Skoularidou, A. Cuesta-Infante and K. Veeramachaneni, "Modeling Tabular Data using Conditional
    GAN", NeurIPS 2019, arXiv:1907.00503, Section 5 (machine learning efficacy).

    Notes
    -----
    Draw as many synthetic rows of each class as there are real ones, lest numbers decide instead of quality.
    A class without synthetic rows counts with recall and F1 of 0, and with the average precision of chance.
    """
    learners = check_classifiers(classifiers)
    train, test, synthetic = (
        as_features(name, X) for name, X in (("X_train", X_train), ("X_test", X_test), ("X_synthetic", X_synthetic))
    )
    check_same_width("X_train", train, "X_test", test)
    check_same_width("X_train", train, "X_synthetic", synthetic)
    train_rows = rows_by_class("X_train", len(train), y_train)
    synthetic_rows = rows_by_class("X_synthetic", len(synthetic), y_synthetic)
    test_rows = rows_by_class("X_test", len(test), y_test)
    for name, rows in (("y_test", test_rows), ("y_synthetic", synthetic_rows)):
        check_known_labels(name, rows, "y_train", train_rows)
    for name, rows in (("y_train", train_rows), ("y_synthetic", synthetic_rows)):
        if len(rows) < 2:
            raise ValueError(f"{name} needs at least 2 classes, got only {next(iter(rows))!r}; add rows of another.")
    code_of = {label: code for code, label in enumerate(train_rows)}
    codes = np.empty(len(test), np.int64)
    for label, rows in test_rows.items():
        codes[rows] = code_of[label]
    rarest = code_of[min(train_rows, key=lambda label: len(train_rows[label]))]

    def scores(classifier: Any, X: np.ndarray, rows: Mapping[Label, np.ndarray]) -> ClassifierScores:
        trained, _ = fit_clone(classifier, X, rows)
        shares = np.zeros((len(test), len(code_of)))
        shares[:, [code_of[label] for label in rows]] = class_probabilities(trained, test, len(rows))
        return _scores(codes, shares, rarest)

    return tuple(
        TSTRScore(name, scores(classifier, synthetic, synthetic_rows), scores(classifier, train, train_rows))
        for name, classifier in learners.items()
    )


def check_known_labels(name: str, labels: Iterable[Label], train_name: str, known: Iterable[Label]) -> None:
    """Raise a `ValueError` if `labels` holds one that `known` lacks."""
    known = list(known)
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise ValueError(
            f"{name} holds {unknown[0]!r}, which is no class of {train_name}; drop such rows. Classes: {known}."
        )


def _scores(y: np.ndarray, shares: np.ndarray, rarest: int) -> ClassifierScores:
    from sklearn.metrics import average_precision_score, f1_score

    predicted, present = shares.argmax(axis=1), np.unique(y)
    recall = [float((predicted[y == code] == code).mean()) for code in present]
    # A class has an average precision against others alone.
    judged = [] if len(present) == 1 else [rarest] if shares.shape[1] == 2 else present
    precision = [average_precision_score(y == code, shares[:, code]) for code in judged]
    return ClassifierScores(
        balanced_accuracy=float(np.mean(recall)),
        macro_f1=float(f1_score(y, predicted, labels=present, average="macro", zero_division=0.0)),
        average_precision=float(np.mean(precision)) if precision else float("nan"),
    )
