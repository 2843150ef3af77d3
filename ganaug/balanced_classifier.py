"""`GANBalancedClassifier`: a classifier that takes care of rare classes, by the ordinary means or by synthetic rows."""

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted

from ganaug._typing import RandomState
from ganaug._validation import as_seed, check_classes, check_labels, check_y_given, seeded_clone
from ganaug.calibration import pool_probabilities, shift_logits, shift_prior, to_logits
from ganaug.dose import CANDIDATES, N_TRIED, NOTHING_TO_ADD, Candidate, average, choose
from ganaug.dose_prior import find_prior, find_shifted_prior, is_vote
from ganaug.exceptions import SmallClassWarning
from ganaug.inner_folds import CV_CONSTRAINT, N_JOBS_CONSTRAINT, inner_folds
from ganaug.over_sampling import GANOverSampler
from ganaug.pool import describe_fallback
from ganaug.table_classifier import TableClassifier
from ganaug.trials import HELD_OUT_SCORES


class GANBalancedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Train a classifier on rows that suit its rare classes, and move its decisions by what inner folds found best.

    What is done is chosen by measurement: nothing, duplicates (which act as class weights), SMOTE's rows, a GAN's rows
    or a pool of them, at full balance or a quarter of it; each with a logit shift, the strongest ordinary baseline. It
    is the shift alone unless more can be expected of new rows. Of the candidates that were tried, the classifiers
    count by their chance of being the best, see `ganaug.dose.average`. For votes of several classifiers,
    `TableClassifier` among them, it is always the shift alone: on the development suite, choosing gained no more than
    its standard error over it in the mean of the three scores (``python benchmarks/dose_prior.py --check``).

    A class that inner folds never hold out, as one of one row, has no say in what they find, and decisions move toward
    it as toward the most frequent class. Where they can hold out fewer than two, they find nothing: rows are added as
    `GANOverSampler` does by default, and decisions are not moved.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``, a pipeline that ends in one, or None, default None
        It gets the data as it was given, so for mixed columns a pipeline that encodes them. None is
        ``ganaug.table_classifier.TableClassifier()``, which takes tables of any columns.
    sampler : GANOverSampler or None, default None
        How to over-sample; its `estimator`, `scoring`, `cv`, `n_jobs` and `random_state` are set to those here. With
        ``dose='auto'`` the most promising of `ganaug.dose.CANDIDATES` are compared; with ``dose='default'`` the most
        promising one is used, and with a number what the parameters say, so that only the shift is chosen. None is
        ``GANOverSampler(dose='auto')``.
    scoring : {'balanced_accuracy', 'f1_macro', 'average_precision'}, default 'balanced_accuracy'
        The score that counts. Average precision is the rarer class's, of more than two the mean of each against the
        rest; it looks at ranks, so that decisions are left as they are.
    ensemble : bool or 'auto', default 'auto'
        Whether the classifiers that the inner folds have trained join the final one: log probabilities are averaged,
        those of several candidates by their chance of being the best. False keeps one classifier, trained with the
        candidate that can be expected to gain most (`ganaug.dose.choose`). Training takes no longer with the ensemble,
        predictions as many times as there are classifiers: four with three inner folds, or up to thirteen where several
        candidates count. Until the choice is made all candidates' classifiers are kept in memory. ``'auto'`` is True
        but for votes, which are ensembles already: on the development suite they gain .002 ± .007 balanced accuracy
        and lose .005 ± .009 macro-F1 by it (``none_shift`` less ``threshold``, from ``python -m benchmarks.table_suite
        --panel vote --part development --tables --against none_shift``).
    cv : int, splitter or list of splits, default 3
        Inner folds, see `ganaug.inner_folds.inner_folds`; each costs a fit of the GAN, if one is tried.
    n_jobs : int or None, default None
        Processes that train on inner folds side by side, never threads; None is one, -1 as many as there are cores.
        The result is the same for all.
    random_state : None, int or RandomState, default None
        An int makes `fit` repeat exactly on the same machine, if a splitter's splits do; it also seeds an estimator
        that leaves its own open.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    estimator_ : classifier
        Trained on original and synthetic rows.
    estimators_ : list of classifiers
        Who predicts: `estimator_`, and after it those of the inner folds, if there are any and `ensemble` says so.
    weights_ : ndarray of shape (n_estimators,), float64
        How much each of them counts, of sum one: `estimator_` as much as all that were trained on one inner fold.
    sampler_ : GANOverSampler
        As fitted on all rows; see its `dose_`, `sources_`, `filter_`, `synthetic_mask_` and `source_`.
    tau_ : float
        The multiple of the log class frequencies that decisions are moved by; 0 leaves them.
    prior_ : ndarray of shape (n_classes,)
        Class frequencies, see `ganaug.calibration.shift_prior`.
    choice_ : Choice or None
        What the inner folds said of each candidate; None if the sampler names what to do.
    verdict_ : str
        What was done, and what it can be expected to gain over the logit shift alone, in one line.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only for frames whose column names are all strings.

    Notes
    -----
    As with every classifier, `score` is the accuracy, whatever `scoring` is.

    Where one is tried, the GAN is trained once for each inner fold and once for all rows, for all candidates together;
    the classifier once for each candidate and fold, and then on all rows with those of the candidate of largest weight.
    Expected gains are those of single classifiers.

    Where rows of one person or thing are alike, inner folds that share them expect too much: pass `groups` to `fit`. It
    takes no weights of rows.

    References
    ----------
    Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, arXiv:2007.07314, Section 4.1 (the shift).
    Parmanto et al., "Improving committee diagnosis with resampling techniques", NIPS 1995 (cross-validation
    committees). Heskes, "Selecting weighting factors in logarithmic opinion pools", NIPS 1997 (averaging logarithms).
    Hoeting et al., "Bayesian model averaging: a tutorial", Statistical Science 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug import GANBalancedClassifier, GANOverSampler, TableGAN
    >>> from sklearn.linear_model import LogisticRegression
    >>> y = np.repeat([0, 1], [90, 10])
    >>> X = np.random.default_rng(0).normal(size=(100, 3)) + y[:, None]
    >>> sampler = GANOverSampler(TableGAN(max_steps=5), dose=1.0)  # leave it out for the real thing
    >>> balanced = GANBalancedClassifier(LogisticRegression(), sampler, random_state=0).fit(X, y)
    >>> balanced.predict([[2, 2, 2], [-1, -1, -1]])
    array([1, 0])
    """

    __metadata_request__fit: ClassVar[dict] = {"groups": True}  # What outer folds get, inner ones do.

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "sampler": [GANOverSampler, None],
        "scoring": [StrOptions(set(HELD_OUT_SCORES))],
        "ensemble": ["boolean", StrOptions({"auto"})],
        "cv": CV_CONSTRAINT,
        "n_jobs": N_JOBS_CONSTRAINT,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        sampler: GANOverSampler | None = None,
        *,
        scoring: str = "balanced_accuracy",
        ensemble: bool | str = "auto",
        cv: Any = 3,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.sampler = sampler
        self.scoring = scoring
        self.ensemble = ensemble
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, *, groups: Any = None) -> "GANBalancedClassifier":
        """Choose on inner folds, then train on all rows.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (N, D), or images as `GANOverSampler` takes them
        y : array of shape (N,)
        groups : array of shape (N,) or None, default None
            Rows of a group, such as those of one patient, are together in what inner folds train on, or in what they
            hold out. The classifier itself gets none: synthetic rows are of no group.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data is not usable; before any training. What the classifier itself refuses, such as
            columns that it cannot read, shows when it is trained.
        QuotaError
            If a filter lets too few of the GAN's rows pass.
        """
        self._validate_params()
        check_y_given(self, y)
        check_labels(y)
        y = column_or_1d(y, warn=True)
        check_classes(y)
        seed = as_seed(self.random_state)
        sampler = GANOverSampler(dose="auto") if self.sampler is None else clone(self.sampler)
        estimator = seeded_clone(self._find_estimator(X, seed), seed)
        sampler.set_params(estimator=estimator, scoring=self.scoring, cv=self.cv, n_jobs=self.n_jobs, random_state=seed)
        sampler.check()
        self.classes_, counts = np.unique(y, return_counts=True)
        self.prior_ = shift_prior(counts)
        self.choice_, self.tau_ = None, 0.0
        committee, shares = [], np.empty(0)
        if isinstance(self.cv, Integral) and len(counts) > 1 and not inner_folds(y, self.cv, groups, seed):
            self._fall_back(sampler, len(counts), "row" if groups is None else "group")
        else:
            committee, shares = self._choose(sampler, X, y, groups)
        X_all, y_all = sampler.fit_resample(X, y)
        self.verdict_ += describe_fallback(sampler.fallback_)
        self.sampler_, sampler.verdict_ = sampler, self.verdict_
        self.n_features_in_ = sampler.n_features_in_
        vars(self).pop("feature_names_in_", None)
        if hasattr(sampler, "feature_names_in_"):
            self.feature_names_in_ = sampler.feature_names_in_
        self.estimator_ = clone(estimator).fit(X_all, y_all)
        self.estimators_ = [self.estimator_, *committee]
        self.weights_ = np.append(1.0, shares) / (1 + shares.sum())
        return self

    def _find_estimator(self, X: Any, seed: int) -> Any:
        if self.estimator is not None:
            return self.estimator
        if getattr(X, "ndim", 2) > 2:
            raise ValueError(
                f"X has shape {X.shape}, and without an estimator only tables of shape (N, D) can be classified; pass "
                f"an estimator that takes such data."
            )
        return TableClassifier(random_state=seed)

    def _choose(self, sampler: GANOverSampler, X: Any, y: Any, groups: Any) -> tuple[list[Any], np.ndarray]:
        """Set the shift, and the sampler's parameters if they are left to the inner folds.

        Return the inner folds' classifiers for what was chosen, and how much each counts; none if they are not to join.
        """
        joins = not is_vote(sampler.estimator) if self.ensemble == "auto" else self.ensemble
        prior = find_shifted_prior(sampler.estimator, self.scoring)
        says = _say_whose(sampler.dose)
        if sampler.dose == "default":
            _set(sampler, CANDIDATES[prior.best])
        trials, named = sampler.start_trials(X, y, groups)
        prior = prior.top(N_TRIED)
        tried = {"named": named} if named is not None else {x: CANDIDATES[x] for x in ("none", *prior.names)}
        if any(candidate.dose for candidate in tried.values()):
            trials.check()
        held_out = trials.predict(sampler.estimator, tried, joins)
        self.prior_ = held_out.prior
        if named is not None:
            weights = {"named": 1.0}
            made = f"{named if named.dose else 'No new rows'} {says}."
            self.verdict_ = made if any(sampler.sampling_strategy_.values()) else NOTHING_TO_ADD
        else:
            baseline = "none" if self.scoring == "average_precision" else "moved decisions alone"
            scores, _ = held_out.score(self.scoring)
            decide = average if joins else choose
            self.choice_ = decide(scores, trials.n_rare, prior, self.scoring, baseline)
            weights = self.choice_.weights
            self.verdict_ = self.choice_.verdict
            _set(sampler, self.choice_.candidate)
        committee, shares, self.tau_ = held_out.average(weights, self.scoring)
        self.verdict_ += f" {self._describe_shift()}"
        return committee, shares

    def _describe_shift(self) -> str:
        if not self.tau_:
            return "Decisions are not moved."
        side = "rare" if self.tau_ > 0 else "frequent"
        return f"Decisions moved by {abs(self.tau_):.2f} log class frequencies toward {side} classes."

    def _fall_back(self, sampler: GANOverSampler, n_classes: int, unit: str) -> None:
        says = _say_whose(sampler.dose)
        if not isinstance(sampler.dose, Real):
            _set(sampler, CANDIDATES[find_prior(sampler.estimator, self.scoring).best])
        self.verdict_ = (
            f"Classes of one {unit} leave nothing to choose by: {sampler.named()} {says}. {self._describe_shift()}"
        )
        warnings.warn(
            f"Inner folds can hold out fewer than two of {n_classes} classes, for want of {unit}s: nothing "
            "was measured, and decisions are not moved. Collect more rows.",
            SmallClassWarning,
            stacklevel=3,
        )

    def predict(self, X: Any) -> np.ndarray:
        """Return the moved decisions, of shape (N,)."""
        logits = to_logits(self.predict_proba(X))
        return self.classes_[shift_logits(logits, self.prior_, self.tau_).argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities of shape (N, n_classes): those of `estimators_` together, which are not moved."""
        check_is_fitted(self)
        return pool_probabilities([estimator.predict_proba(X) for estimator in self.estimators_], self.weights_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(TableClassifier() if self.estimator is None else self.estimator).input_tags
        return tags


def _say_whose(dose: float | str) -> str:
    return "as the sampler says" if isinstance(dose, Real) else "by default"


def _set(sampler: GANOverSampler, candidate: Candidate) -> None:
    """Set the sampler's dose, and what it leaves open of sources and filter."""
    sources = dict(candidate.sources) if sampler.sources is None else sampler.sources
    own = candidate.filter if sources.get("gan") else None
    sampler.set_params(dose=candidate.dose, sources=sources, filter=sampler.filter or own)
