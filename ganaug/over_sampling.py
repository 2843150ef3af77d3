"""`GANOverSampler`: synthetic rows of the rare classes, as a step of an imbalanced-learn pipeline."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_feature_names, _check_n_features

from ganaug._classifier import refuse_other_kinds
from ganaug._parameters import check_parameters
from ganaug._typing import Label, RandomState
from ganaug._validation import (
    as_seed,
    check_choice,
    check_classes,
    check_labels,
    check_row_counts,
    refuse_infinity,
    seeded_clone,
    suggest,
)
from ganaug.base import BaseGAN
from ganaug.dose import CANDIDATES, HALVES, N_TRIED, NOTHING_TO_ADD, Candidate, Choice, choose
from ganaug.dose_prior import FULL_BALANCE_SCORES, family_of, find_prior, score_kind
from ganaug.filters import FILTERS, Filter
from ganaug.image import ImageGAN
from ganaug.inner_folds import CV_CONSTRAINT, N_JOBS_CONSTRAINT, number_groups
from ganaug.pool import Pool, check_shares, concatenate, describe_fallback, plain_label
from ganaug.scorers import find_scorer
from ganaug.table import TableGAN
from ganaug.table_data import (
    as_array,
    check_column_names,
    densify,
    formed_like,
    is_frame,
    is_list_of_rows,
    refuse_foreign,
)
from ganaug.trials import Trials

try:
    from imblearn.over_sampling.base import BaseOverSampler
    from imblearn.utils import check_sampling_strategy, check_target_type
except ModuleNotFoundError as error:
    message = 'GANOverSampler needs imblearn, which is not installed: pip install "ganaug[tables]"'
    raise ModuleNotFoundError(message, name=error.name) from error


class GANOverSampler(BaseOverSampler):
    """Over-sample rare classes with a pool of synthetic rows: a GAN's, SMOTE's and duplicates.

    It goes where imbalanced-learn's samplers go, and takes besides arrays also frames of mixed columns with missing
    values, and images.

    Parameters
    ----------
    gan : TableGAN, VectorGAN, ImageGAN or None, default None
        Cloned and fitted on the data. None is ``TableGAN()`` for tables and ``ImageGAN()`` for images. To set or search
        nested parameters such as ``gan__max_steps``, give it.
    sampling_strategy : float, str, dict or callable, default 'auto'
        Which classes shall have how many rows, as everywhere in imbalanced-learn; 'auto' brings all to the size of the
        largest.
    dose : float from 0 to 1, 'default' or 'auto', default 'default'
        Share of those new rows that is made; 0 makes none. 'default' takes, with sources and filter, what gained most
        on a suite of development tables for `estimator` and `scoring`. 'auto' tries the candidates of
        `ganaug.dose.CANDIDATES` on inner folds and weighs the result against that experience; it may end with none,
        and needs an `estimator`. Nothing is tried where choosing gained too little there.
    sources : mapping of {'gan', 'smote', 'duplicate'} to share, or None, default None
        Where the new rows come from. None leaves it to `dose`, or, if that is a number, takes half of them from the GAN
        and half from SMOTE. Not to be given with ``dose='auto'``.
    filter : {'confidence', 'neighbour', 'discriminator'}, Filter or None, default None
        Which rows of the GAN to keep. None leaves it to `dose`, or, if that is a number, keeps all. Not to be given
        with ``dose='auto'``. Without rows of the GAN there is nothing to filter.
    estimator : classifier or None, default None
        The classifier that the rows are for. 'auto' trains clones of it; 'default' looks at its kind.
    scoring : str, callable or None, default None
        The score that counts, by scikit-learn's names, or 'geometric_mean', that of the recalls. None is
        'balanced_accuracy'. 'average_precision' is the rarer class's, whatever the labels; of more than two classes the
        mean of each against the rest.
    cv : int, splitter or list of splits, default 3
        Inner folds of 'auto', see `ganaug.inner_folds.inner_folds`; each costs a fit of the GAN.
    n_jobs : int or None, default None
        Processes that train on inner folds side by side, never threads; None is one, -1 as many as there are cores.
        The result is the same for all.
    k_neighbors : int, default 5
        Neighbours that SMOTE interpolates to.
    min_class_size : int, default 5
        Classes of fewer rows are not drawn from the GAN but from SMOTE, or duplicated if there is one row; a
        `SmallClassWarning` says so, and `source_` marks the rows.
    random_state : None, int or RandomState, default None
        An int makes the result repeat exactly; it also seeds clones of `estimator` that leave theirs open.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows that `sampling_strategy` asks for, by class, before the dose.
    n_new_ : dict
        New rows made, by class.
    synthetic_mask_ : ndarray of shape (n_resampled,), bool
        Which rows of the result are new: the original ones come first, as they were.
    source_ : ndarray of shape (n_resampled,), str
        'real', 'gan', 'smote' or 'duplicate'.
    fallback_ : str
        Which classes were too small for a source that was wanted, and what made their rows; empty if none.
    gan_ : fitted estimator, or None if nothing was drawn from it
    dose_ : float
    sources_ : dict
    filter_ : str, Filter or None
    choice_ : Choice
        What 'auto' found; only then.
    verdict_ : str
        What was done and why, in one line.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only for frames whose column names are all strings.

    See Also
    --------
    GANBalancedClassifier : Chooses the dose together with a shift of the decisions, which usually gains more.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug import GANOverSampler, TableGAN
    >>> y = np.repeat(["common", "rare"], [50, 10])
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> sampler = GANOverSampler(TableGAN(max_steps=5), dose=0.5, sources={"gan": 1, "smote": 1}, random_state=0)
    >>> X_more, y_more = sampler.fit_resample(X, y)
    >>> X_more.shape, sampler.n_new_, np.unique(sampler.source_).tolist()
    ((80, 3), {'rare': 20}, ['gan', 'real', 'smote'])
    """

    __metadata_request__fit_resample: ClassVar[dict] = {"groups": True}  # What outer folds get, inner ones do.

    _parameter_constraints: ClassVar[dict] = {
        **BaseOverSampler._parameter_constraints,
        "gan": [None, BaseGAN],
        "dose": [Interval(Real, 0, 1, closed="both"), StrOptions({"default", "auto"})],
        "sources": [None, Mapping],
        "filter": [None, StrOptions(set(FILTERS)), Filter],
        "estimator": [None, HasMethods(["fit", "predict"])],
        "scoring": [None, str, callable],
        "cv": CV_CONSTRAINT,
        "n_jobs": N_JOBS_CONSTRAINT,
        "k_neighbors": [Interval(Integral, 1, None, closed="left")],
        "min_class_size": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        gan: Any = None,
        *,
        sampling_strategy: float | str | Mapping | Callable = "auto",
        dose: float | str = "default",
        sources: Mapping[str, float] | None = None,
        filter: str | Filter | None = None,
        estimator: Any = None,
        scoring: str | Callable | None = None,
        cv: Any = 3,
        n_jobs: int | None = None,
        k_neighbors: int = 5,
        min_class_size: int = 5,
        random_state: RandomState = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.gan = gan
        self.dose = dose
        self.sources = sources
        self.filter = filter
        self.estimator = estimator
        self.scoring = scoring
        self.cv = cv
        self.n_jobs = n_jobs
        self.k_neighbors = k_neighbors
        self.min_class_size = min_class_size
        self.random_state = random_state

    def fit_resample(self, X: Any, y: Any, *, groups: Any = None) -> tuple[Any, Any]:
        """Add rows.

        Parameters
        ----------
        X : DataFrame, array, list of lists or sparse matrix of shape (N, n_features), or images of shape (N, ...)
        y : array of shape (N,)
        groups : array of shape (N,) or None, default None
            Rows of a group are together in what inner folds train on, or in what they hold out.

        Returns
        -------
        X_resampled, y_resampled
            Like `X` and `y`, which come first.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data is not usable; before any training.
        QuotaError
            If the filter lets too few of the GAN's rows pass.
        """
        check_labels(y)
        check_classes(y)
        return super().fit_resample(X, y, groups=groups)

    def _check_X_y(self, X: Any, y: Any) -> tuple[Any, np.ndarray, bool]:  # noqa: N802
        refuse_foreign(X)
        y, binarize_y = check_target_type(y, indicate_one_vs_all=True)
        if y.dtype.kind in "mM" and np.datetime_data(y.dtype)[0] not in ("h", "m", "s", "ms", "us"):
            raise ValueError(f"y holds times of dtype {y.dtype}; name classes by texts or numbers: y.astype(str).")
        if is_frame(X):
            check_column_names(X)
        elif not hasattr(X, "iloc"):
            X = as_array(X) if is_list_of_rows(X) else X
            refuse_infinity(X)
            X = check_array(
                X,
                dtype=None,
                accept_sparse=["csr", "csc"],
                ensure_all_finite="allow-nan",
                allow_nd=True,
                estimator=self,
            )
        _check_feature_names(self, X, reset=True)
        if X.ndim == 1:
            raise ValueError(f"Expected 2D array, got 1D array instead, of shape {X.shape}; pass X.to_frame().")
        _check_n_features(self, X if X.ndim == 2 else X.reshape(len(X), -1), reset=True)
        check_consistent_length(X, y)
        check_row_counts(self.sampling_strategy, y)
        if len(X) if hasattr(X, "iloc") else X.shape[0]:
            return X, np.asarray(y), binarize_y
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")

    def _fit_resample(self, X: Any, y: np.ndarray, groups: Any = None) -> tuple[Any, np.ndarray]:
        self.check()
        if groups is not None:
            number_groups(groups, len(y))
        seed = as_seed(self.random_state)
        self._class_counts = Counter(y.tolist())
        vars(self).pop("choice_", None)
        self._decide(X, y, groups, seed)
        self.n_new_ = {plain_label(label): round(self.dose_ * n) for label, n in self.sampling_strategy_.items()}
        if not any(self.n_new_.values()):
            return self._keep_as_is(X, y)
        dense = densify(X)
        pool = self._make_pool(dense, y, seed)
        drawn = pool.draw(self.n_new_, self.sources_, _find_filter(self.filter_))
        self.gan_, self.fallback_ = vars(pool).get("gan"), drawn.fallback
        self.verdict_ += describe_fallback(self.fallback_)
        self.synthetic_mask_ = np.repeat([False, True], [len(y), len(drawn.y)])
        self.source_ = np.concatenate([np.full(len(y), "real"), drawn.source])
        return formed_like(X, concatenate([dense, drawn.X])), np.concatenate([y, drawn.y])

    def _keep_as_is(self, X: Any, y: np.ndarray) -> tuple[Any, np.ndarray]:
        """Return copies; sparse rows need not be made dense for it."""
        self.gan_, self.fallback_ = None, ""
        self.synthetic_mask_, self.source_ = np.zeros(len(y), bool), np.full(len(y), "real")
        return X.reset_index(drop=True) if hasattr(X, "iloc") else X.copy(), y.copy()

    def check(self) -> None:
        """Find mistakes in the parameters before any training: also in a GAN that nothing is drawn from.

        Raises
        ------
        TypeError, ValueError
            If a parameter is unusable, or does not go together with another one.
        """
        self._validate_params()
        if isinstance(self.gan, BaseGAN):
            check_parameters(self.gan)
        if self.estimator is not None:
            refuse_other_kinds("estimator", self.estimator)
        known = {*get_scorer_names(), *FULL_BALANCE_SCORES}
        if isinstance(self.scoring, str) and self.scoring not in known:
            raise ValueError(
                f"Unknown scoring {self.scoring!r}; choose 'geometric_mean' or one of "
                f"sklearn.metrics.get_scorer_names(), or pass a callable.{suggest(self.scoring, known)}"
            )
        if self.dose == "auto" and (self.sources is not None or self.filter is not None):
            raise ValueError("dose='auto' chooses sources and filter itself; leave both None, or set a dose.")

    def _decide(self, X: Any, y: np.ndarray, groups: Any, seed: int) -> None:
        """Set dose, sources and filter, and say why."""
        if self.dose == "auto":
            self._choose(X, y, groups, seed)
            return
        named = self.named()
        self._adopt(named)
        if not self._lacks_rows():
            self.verdict_ = NOTHING_TO_ADD
        elif isinstance(self.dose, Real):
            self.verdict_ = "As asked for."
        else:
            self.verdict_ = f"{named}. {self._describe_default(named)}"

    def _describe_default(self, named: Candidate) -> str:
        if named not in CANDIDATES.values():
            return "The dose is the default; what it is made of is as asked for, of which there is no experience."
        kind = family_of(self.estimator)
        whom = "classifiers of all kinds" if kind == "any" else f"classifiers of the kind {kind!r}"
        return (
            f"The default for {score_kind(self.scoring)} of {whom}, from experience with tables. Nothing was measured "
            "on this data: dose='auto' with an estimator does."
        )

    def _choose(self, X: Any, y: np.ndarray, groups: Any, seed: int) -> None:
        if self.estimator is None:
            raise ValueError(
                "dose='auto' compares candidates by the classifier that the rows are for; pass estimator=..., or set a "
                "dose."
            )
        scoring = "balanced_accuracy" if self.scoring is None else self.scoring
        prior = find_prior(self.estimator, scoring).top(N_TRIED)
        shown = scoring if isinstance(scoring, str) else "the score"
        if prior.names and self._lacks_rows():
            trials, estimator = self._make_trials(X, y, groups, seed), seeded_clone(self.estimator, seed)
            trials.check()
            scores = trials.score(estimator, [find_scorer(estimator, scoring, y)], ["none", *prior.names])[0]
            self.choice_ = choose(scores, trials.n_rare, prior, shown)
        else:
            self.choice_ = Choice.none(shown, {})
        self._adopt(self.choice_.candidate)
        self.verdict_ = self.choice_.verdict if self._lacks_rows() else NOTHING_TO_ADD

    def _lacks_rows(self) -> bool:
        """Whether the sampling strategy asks for any new rows."""
        return any(self.sampling_strategy_.values())

    def _adopt(self, candidate: Candidate) -> None:
        self.dose_, self.sources_, self.filter_ = candidate.dose, dict(candidate.sources), candidate.filter

    def _make_trials(self, X: Any, y: np.ndarray, groups: Any, seed: int) -> Trials:
        return Trials(
            X,
            y,
            partial(self._make_pool, seed=seed),
            self._count_new,
            cv=self.cv,
            groups=groups,
            n_jobs=self.n_jobs,
            seed=seed,
        )

    def start_trials(self, X: Any, y: Any, groups: Any = None) -> tuple[Trials, Candidate | None]:
        """Return the inner folds on which ways to over-sample can be tried, and the one that the parameters name.

        Parameters
        ----------
        X, y, groups
            As for `fit_resample`.

        Returns
        -------
        trials : Trials
        candidate : Candidate or None
            None for ``dose='auto'``; that of no rows if the sampling strategy asks for none.
        """
        self.check()
        X, y, _ = self._check_X_y(X, y)
        self.sampling_strategy_ = check_sampling_strategy(self.sampling_strategy, y, self._sampling_type)
        self._class_counts = Counter(y.tolist())
        trials = self._make_trials(X, y, groups, as_seed(self.random_state))
        if not self._lacks_rows():
            return trials, CANDIDATES["none"]
        return trials, None if self.dose == "auto" else self.named()

    def named(self) -> Candidate:
        """Return the way to over-sample that the parameters name, or the default if they leave it; not for 'auto'."""
        candidate = Candidate(self.dose if isinstance(self.dose, Real) else 1.0, HALVES)
        if self.dose == "default":
            candidate = CANDIDATES[find_prior(self.estimator, self.scoring).best]
        sources = candidate.sources if self.sources is None else tuple(check_shares(self.sources).items())
        filter = candidate.filter if self.filter is None else self.filter
        return Candidate(float(candidate.dose), sources, filter if dict(sources).get("gan") else None)

    def _count_new(self, y: np.ndarray) -> Mapping[Label, int]:
        """Return the new rows that the sampling strategy asks for, of a part of the data."""
        if isinstance(self.sampling_strategy, str):
            return check_sampling_strategy(self.sampling_strategy, y, self._sampling_type)
        counts, totals = Counter(y.tolist()), self._class_counts  # Numbers are meant for all of the data.
        return {label: round(n * counts[label] / totals[label]) for label, n in self.sampling_strategy_.items()}

    def _make_pool(self, X: Any, y: np.ndarray, seed: int) -> Pool:
        gan = self.gan
        if gan is None:
            gan = TableGAN() if X.ndim == 2 else ImageGAN()
        return Pool(X, y, gan, k_neighbors=self.k_neighbors, min_class_size=self.min_class_size, seed=seed)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.three_d_array = True
        return tags


def _find_filter(given: str | Filter | None) -> Filter | None:
    return check_choice("filter", given, {"none": None, **FILTERS}, ("fit",))
