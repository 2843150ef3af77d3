"""Moving a classifier's decision toward rare classes after training: costs no sample and no quality of ranking."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from scipy.special import softmax
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import _safe_indexing, check_random_state, column_or_1d, get_tags, indexable
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import _check_method_params, check_is_fitted

from ganaug._typing import RandomState
from ganaug._validation import as_seed, check_classes, check_labels, check_y_given, seeded_clone
from ganaug.inner_folds import CV_CONSTRAINT, N_JOBS_CONSTRAINT, inner_folds, map_in_processes

SHIFT_GRID = np.round(np.arange(-1.0, 4.01, 0.1), 2)
"""Multiples of the log prior that `choose_shift` tries; zero, "no shift", is among them."""


def _balanced_accuracy(y: np.ndarray, predicted: np.ndarray) -> float:
    right, n_true, _ = _count(y, predicted)
    return float(np.mean(right / n_true))


def _macro_f1(y: np.ndarray, predicted: np.ndarray) -> float:
    right, n_true, n_predicted = _count(y, predicted)
    return float(np.mean(2 * right / (n_true + n_predicted)))


def geometric_mean(y: np.ndarray, predicted: np.ndarray) -> float:
    """Return the geometric mean of the recalls of the classes that occur in `y`, both as places in the sorted labels.

    References
    ----------
    Kubat and Matwin, "Addressing the curse of imbalanced training sets", ICML 1997, Section 2.
    """
    right, n_true, _ = _count(y, predicted)
    return float(np.prod(right / n_true) ** (1 / len(n_true)))


def _count(y: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows of each class that `y` has: predicted rightly, there at all, and predicted as it."""
    n_classes = int(max(y.max(), predicted.max())) + 1
    n_true = np.bincount(y, minlength=n_classes)
    counts = np.bincount(y[y == predicted], minlength=n_classes), n_true, np.bincount(predicted, minlength=n_classes)
    return tuple(count[n_true > 0] for count in counts)


SHIFT_SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "balanced_accuracy": _balanced_accuracy,
    "f1_macro": _macro_f1,
}
"""Scores of predicted classes, as places in the sorted labels; those of the classes that occur in `y` count.

They are scikit-learn's, counted without its checks: a shift is chosen among some fifty predictions of the same rows.
"""


def shift_logits(logits: np.ndarray, prior: np.ndarray, tau: float) -> np.ndarray:
    """Subtract `tau` times the log prior from the logits, so that rare classes are predicted more often.

    Parameters
    ----------
    logits : ndarray of shape (N, K), float
    prior : ndarray of shape (K,), float, positive
        Class frequencies of the training data; any positive scale, as a constant shifts all logits alike.
    tau : float
        Zero changes nothing, one undoes the training prior of a classifier trained on natural batches.

    References
    ----------
    Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, arXiv:2007.07314, Section 4.1.
    """
    return logits - tau * np.log(prior / np.sum(prior))


def shift_prior(counts: np.ndarray, held_out: np.ndarray | None = None) -> np.ndarray:
    """Return class frequencies by which `shift_logits` may move decisions.

    A class that is never held out counts as the most frequent one: how far to move toward it cannot be measured, so
    decisions move no more toward it than toward that one.

    Parameters
    ----------
    counts : ndarray of shape (K,), int64, positive
    held_out : ndarray of shape (n,), int64 in [0, K), or None, default None
        Classes of the rows that are held out; None: those of several rows are.

    Returns
    -------
    ndarray of shape (K,), float64, of sum one
    """
    is_measured = counts > 1 if held_out is None else np.isin(np.arange(len(counts)), held_out)
    counts = np.where(is_measured, counts, counts.max())
    return counts / counts.sum()


def choose_shift(
    logits: np.ndarray,
    y: np.ndarray,
    prior: np.ndarray,
    score: Callable[[np.ndarray, np.ndarray], float],
    taus: Sequence[float] | np.ndarray = SHIFT_GRID,
) -> float:
    """Choose the logit shift with the best score on held-out data.

    Parameters
    ----------
    logits : ndarray of shape (N, K), float
        Of data that the classifier was not trained on.
    y : ndarray of shape (N,), int64
        Their classes.
    prior : ndarray of shape (K,), float, positive
        Class frequencies of the training data.
    score : callable
        ``score(y, predicted)``; higher is better.
    taus : sequence of float, default `SHIFT_GRID`
        Candidates.

    Returns
    -------
    float
        The mean of the multiples whose score is as good as the best one's, within half a standard error: with few
        rare samples the best one is so by chance.

    Notes
    -----
    The standard error is that of a mean recall at its largest, ``sqrt(sum_c 1 / (4 n_c)) / K``.
    """
    if np.ptp(prior) == 0:
        return 0.0  # Where all classes are equally frequent, no multiple moves anything.
    scores = np.array([score(y, shift_logits(logits, prior, tau).argmax(axis=1)) for tau in taus])
    counts = np.bincount(y)
    counts = counts[counts > 0]
    standard_error = np.sqrt((0.25 / counts).sum()) / len(counts)
    return float(np.asarray(taus)[scores >= scores.max() - standard_error / 2].mean())


class ShiftedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Move a classifier's decisions toward rare classes by as much as is best for a score.

    The shift is a multiple of the log class frequencies, chosen on predictions for rows that inner folds left out. It
    is the baseline that any synthetic data must beat, and goes together with it: in a pipeline with `GANOverSampler`
    the folds see the sampler, too.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``, or a pipeline that ends in one
    scoring : {'balanced_accuracy', 'f1_macro'}, default 'balanced_accuracy'
    cv : int, splitter or list of splits, default 3
        Inner folds, see `ganaug.inner_folds.inner_folds`; each costs a training.
    n_jobs : int or None, default None
        Processes that train on inner folds side by side, never threads; None is one, -1 as many as there are cores.
    random_state : None, int or RandomState, default None
        Shuffles the folds of a number; an int also seeds an estimator that leaves its own open.

    Attributes
    ----------
    classes_ : ndarray
    estimator_ : classifier
        Trained on all rows.
    tau_ : float
        The chosen multiple; 0 changes nothing. A class that is never held out, as one of a single row, has no say
        in it; if fewer than two classes are, there is nothing to choose by, and it is 0.
    prior_ : ndarray of shape (n_classes,)
        Class frequencies, see `shift_prior`.
    n_features_in_ : int
        If the estimator has it.
    feature_names_in_ : ndarray of str
        If the estimator has it.

    References
    ----------
    Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, arXiv:2007.07314, Section 4.1 (post-hoc).

    Examples
    --------
    >>> from ganaug.calibration import ShiftedClassifier
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> shifted = ShiftedClassifier(DecisionTreeClassifier(max_depth=2, random_state=0), random_state=0).fit(X, y)
    >>> shifted.predict(X[:2]).tolist()
    [0, 0]
    """

    __metadata_request__fit: ClassVar[dict] = {"groups": True}  # What outer folds get, inner ones do.

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "scoring": [StrOptions(set(SHIFT_SCORES))],
        "cv": CV_CONSTRAINT,
        "n_jobs": N_JOBS_CONSTRAINT,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        scoring: str = "balanced_accuracy",
        cv: Any = 3,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, *, groups: Any = None) -> "ShiftedClassifier":
        """Choose the shift on inner folds, then train on all rows.

        Parameters
        ----------
        X : rows, as the estimator takes them
        y : array of shape (N,)
        groups : array of shape (N,) or None, default None
            Rows of a group are together in what inner folds train on, or in what they hold out. Where scikit-learn
            routes metadata, an estimator that asks for them gets them, too.

        Raises
        ------
        TypeError, ValueError
            If a parameter is unusable, the target is not one of classes, or `cv` and groups give no inner folds.
        """
        self._validate_params()
        check_y_given(self, y)
        check_labels(y)
        check_classes(y)
        is_int = isinstance(self.random_state, Integral)
        seed = as_seed(self.random_state if is_int else check_random_state(self.random_state))
        estimator = seeded_clone(self.estimator, seed) if is_int else clone(self.estimator)
        encoder = LabelEncoder().fit(y)
        classes = encoder.transform(y)
        folds = inner_folds(column_or_1d(y), self.cv, groups, seed % 2**32, X)
        metadata = self._route(groups)
        self.estimator_ = clone(estimator).fit(X, y, **metadata)
        if hasattr(self.estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.estimator_.feature_names_in_
        self.classes_, counts = encoder.classes_, np.bincount(classes)
        self.prior_, self.tau_ = shift_prior(counts), 0.0
        if folds:
            held_out = classes[np.concatenate([test for _, test in folds])]
            self.prior_ = shift_prior(counts, held_out)
            (X,) = indexable(X)
            logits = map_in_processes(_hold_out, folds, estimator, X, np.asarray(y), metadata, n_jobs=self.n_jobs)
            self.tau_ = choose_shift(np.concatenate(logits), held_out, self.prior_, SHIFT_SCORES[self.scoring])
        return self

    def _route(self, groups: Any) -> dict[str, Any]:
        """Return what of the metadata the estimator asks for."""
        if groups is None or not get_config()["enable_metadata_routing"]:
            return {}
        return dict(process_routing(self, "fit", groups=groups).estimator.fit)

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what is asked for, here and by the estimator."""
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add_self_request(self).add(estimator=self.estimator, method_mapping=mapping)

    def predict(self, X: Any) -> np.ndarray:
        """Return the shifted decisions, of shape (N,)."""
        check_is_fitted(self)
        logits = to_logits(self.estimator_.predict_proba(X))
        return self.classes_[shift_logits(logits, self.prior_, self.tau_).argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the estimator's own probabilities, of shape (N, n_classes): they are not shifted."""
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @property
    def n_features_in_(self) -> int:
        """Columns of the training data."""
        return self.estimator_.n_features_in_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def _hold_out(
    fold: tuple[np.ndarray, np.ndarray], estimator: Any, X: Any, y: np.ndarray, metadata: dict[str, Any]
) -> np.ndarray:
    """Return logits of a fold's test part."""
    train, test = fold
    own = _check_method_params(X, metadata, indices=train)
    fitted = clone(estimator).fit(_safe_indexing(X, train), y[train], **own)
    return to_logits(fitted.predict_proba(_safe_indexing(X, test)))


def to_logits(proba: np.ndarray) -> np.ndarray:
    """Return log probabilities, those below one in a million as that."""
    return np.log(np.clip(proba, 1e-6, None))


def pool_probabilities(proba: Sequence[np.ndarray], weights: Sequence[float] | np.ndarray | None = None) -> np.ndarray:
    """Average what several classifiers say: the normalised geometric mean of their probabilities.

    Parameters
    ----------
    proba : sequence of ndarrays of shape (N, K)
        One for each classifier; a single one is returned as it is.
    weights : sequence of floats or None, default None
        How much each counts, of any positive scale; None: all alike.

    References
    ----------
    Heskes, "Selecting weighting factors in logarithmic opinion pools", NIPS 1997, Eq. 1.
    """
    if len(proba) == 1:
        return proba[0]
    return softmax(np.average([to_logits(p) for p in proba], axis=0, weights=weights), axis=1)
