import datetime
import pickle
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sklearn
from _tables import make_labels, make_mixed, make_numbers, make_unit_vectors, tiny_table_gan, tiny_vector_gan
from _tiny import make_bars, tiny_gan
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import Pipeline, make_pipeline
from joblib import parallel_config
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ganaug import GANBalancedClassifier, GANOverSampler, ImageGAN, TableGAN
from ganaug.calibration import ShiftedClassifier
from ganaug.dose import N_TRIED, Choice
from ganaug.dose_prior import Prior, find_prior
from ganaug.exceptions import QuotaError, SmallClassWarning
from ganaug.filters import FILTERS, ConfidenceFilter
from ganaug.inner_folds import inner_folds
from ganaug.semi_supervised import GANClassifier
from ganaug.table_classifier import TableClassifier

NUMBERS, MIXED, LABELS = make_numbers(), make_mixed(), make_labels()
THREE = np.array(["a"] * 30 + ["b"] * 20 + ["c"] * 10)
HALVES = {"gan": 0.5, "smote": 0.5}


def make_sampler(**parameters):
    common = {"gan": tiny_table_gan(), "dose": 1.0, "sources": HALVES, "random_state": 0}
    return GANOverSampler(**{**common, **parameters})


def make_steps(**parameters):
    return make_pipeline(make_sampler(**parameters), LogisticRegression())


def assert_tables_equal(first, second):
    if isinstance(first, pd.DataFrame):
        pd.testing.assert_frame_equal(first, second)
    else:
        np.testing.assert_array_equal(first, second)


class TestSamplingStrategy:
    @pytest.mark.parametrize(
        ("strategy", "expected"),
        [
            ("auto", {"b": 10, "c": 20}),
            ("minority", {"c": 20}),
            ("not minority", {"b": 10}),
            ("not majority", {"b": 10, "c": 20}),
            ("all", {"b": 10, "c": 20}),
            ({"c": 15}, {"c": 5}),
            ({"a": 33, "b": 20}, {"a": 3}),
            (lambda y: {"b": 22, "c": 11}, {"b": 2, "c": 1}),
        ],
        ids=lambda given: "callable" if callable(given) else str(given),
    )
    def test_every_form_asks_for_what_imbalanced_learn_would_make(self, strategy, expected):
        sampler = make_sampler(sampling_strategy=strategy, sources={"duplicate": 1})
        _, y = sampler.fit_resample(NUMBERS, THREE)
        _, reference = RandomOverSampler(sampling_strategy=strategy).fit_resample(NUMBERS, THREE)
        assert Counter(y) == Counter(reference)
        assert {label: n for label, n in sampler.n_new_.items() if n} == expected

    def test_a_float_is_the_ratio_of_two_classes(self):
        sampler = make_sampler(sampling_strategy=0.5)
        _, y = sampler.fit_resample(NUMBERS, LABELS)
        assert Counter(y) == {"common": 48, "rare": 24}
        assert sampler.n_new_ == {"rare": 12}

    @pytest.mark.parametrize(
        ("strategy", "y", "message"),
        [
            ({"c": 5}, THREE, "sampling_strategy asks for 5 rows of 'c', which has 10 already; rows are only added"),
            ({"d": 50}, THREE, "The {'d'} target class is/are not present in the data"),
            (0.1, LABELS, "required to remove samples from the minority class"),
            (0.5, THREE, "can be a float only when the type of target is binary"),
        ],
    )
    def test_what_cannot_be_made_is_refused_before_training(self, strategy, y, message, monkeypatch):
        monkeypatch.setattr(TableGAN, "fit", lambda *args: pytest.fail("trained"))
        sampler = make_sampler(sampling_strategy=strategy)
        with pytest.raises(ValueError, match=message):
            sampler.fit_resample(NUMBERS, y)
        assert not hasattr(sampler, "synthetic_mask_")


class TestResult:
    @pytest.mark.parametrize("X", [NUMBERS, MIXED], ids=["array", "frame"])
    def test_originals_come_first_and_unchanged(self, X):
        before = X.copy()
        resampled, y = make_sampler().fit_resample(X, LABELS)
        assert_tables_equal(resampled[:60], X)
        assert_tables_equal(X, before)
        np.testing.assert_array_equal(y[:60], LABELS)
        assert (y[60:] == "rare").all()

    def test_mask_and_source_mark_the_new_rows(self):
        sampler = make_sampler(sources={"gan": 0.5, "smote": 0.25, "duplicate": 0.25})
        X, _ = sampler.fit_resample(NUMBERS, LABELS)
        assert sampler.synthetic_mask_.tolist() == [False] * 60 + [True] * 36
        assert sampler.source_.tolist() == ["real"] * 60 + ["gan"] * 18 + ["smote"] * 9 + ["duplicate"] * 9
        assert len(X) == 96

    def test_sources_can_be_left_out(self):
        sampler = make_sampler(sources={"gan": 0, "duplicate": 3})
        sampler.fit_resample(NUMBERS, LABELS)
        assert set(sampler.source_[60:]) == {"duplicate"}
        assert sampler.gan_ is None

    def test_the_fitted_gan_is_kept_and_the_given_one_is_not_touched(self):
        gan = tiny_table_gan()
        sampler = make_sampler(gan=gan)
        sampler.fit_resample(NUMBERS, LABELS)
        assert sampler.gan_.class_counts_ == {"common": 48, "rare": 12}
        assert not hasattr(gan, "networks_")

    @pytest.mark.parametrize("X", [NUMBERS, MIXED, make_bars(60)[0]], ids=["array", "frame", "images"])
    def test_dose_zero_returns_the_data(self, X, monkeypatch):
        monkeypatch.setattr(TableGAN, "fit", lambda *args: pytest.fail("trained"))
        sampler = make_sampler(dose=0)
        resampled, y = sampler.fit_resample(X, LABELS)
        assert_tables_equal(resampled, X)
        np.testing.assert_array_equal(y, LABELS)
        assert sampler.n_new_ == {"rare": 0}
        assert not sampler.synthetic_mask_.any()

    def test_nothing_added_gives_copies_not_the_data_itself(self):
        X, y = make_sampler(dose=0).fit_resample(NUMBERS, LABELS)
        assert not np.shares_memory(X, NUMBERS)
        assert not np.shares_memory(y, LABELS)

    @pytest.mark.parametrize(("dose", "n"), [(0.25, 9), (0.5, 18), (1.0, 36)])
    def test_the_dose_is_a_share_of_the_new_rows(self, dose, n):
        sampler = make_sampler(dose=dose, sources={"smote": 1})
        assert len(sampler.fit_resample(NUMBERS, LABELS)[0]) == 60 + n
        assert sampler.dose_ == dose

    def test_balanced_data_needs_nothing(self):
        y = np.array(["x", "y"] * 30)
        X, _ = make_sampler().fit_resample(NUMBERS, y)
        assert_tables_equal(X, NUMBERS)


class TestContainers:
    def test_mixed_frames_keep_columns_dtypes_and_categories(self):
        X, y = make_sampler().fit_resample(MIXED, pd.Series(LABELS, name="target"))
        assert X.columns.equals(MIXED.columns)
        assert X.dtypes.equals(MIXED.dtypes)
        assert isinstance(y, pd.Series)
        assert y.name == "target"
        assert X.index.equals(pd.RangeIndex(96))
        assert y.index.equals(X.index)

    @pytest.mark.parametrize("dtype", ["category", "string", "object"])
    def test_labels_of_pandas_keep_their_dtype(self, dtype):
        labels = pd.Series(LABELS).astype(dtype)
        _, y = make_sampler().fit_resample(MIXED, labels)
        assert y.dtype == labels.dtype
        assert Counter(y) == {"common": 48, "rare": 48}

    @pytest.mark.parametrize("dtype", ["Int64", "boolean", "bool", "int8", "float64"])
    def test_numeric_labels_keep_their_dtype(self, dtype):
        labels = pd.Series(LABELS == "rare").astype(int).astype(dtype)
        _, y = make_sampler().fit_resample(NUMBERS, labels)
        assert y.dtype == labels.dtype
        assert y.sum() == 48

    def test_any_index_is_left_behind(self):
        X = pd.DataFrame(NUMBERS, columns=list("abcd"), index=pd.date_range("2024", periods=60))
        resampled, _ = make_sampler().fit_resample(X, pd.Series(LABELS, index=X.index))
        np.testing.assert_array_equal(resampled[:60], NUMBERS)
        assert resampled.index.equals(pd.RangeIndex(96))

    def test_numpy_and_pandas_give_the_same_rows(self):
        frame = pd.DataFrame(NUMBERS, columns=list("abcd"))
        from_array, _ = make_sampler().fit_resample(NUMBERS, LABELS)
        from_frame, _ = make_sampler().fit_resample(frame, pd.Series(LABELS))
        np.testing.assert_array_equal(from_frame.to_numpy(), from_array)

    @pytest.mark.parametrize("form", ["csr", "csc"])
    @pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
    def test_sparse_in_sparse_out(self, form, dtype):
        X = sparse.random(60, 5, 0.3, format=form, random_state=0, data_rvs=lambda n: np.arange(1, n + 1))
        X = X.astype(dtype)
        resampled, _ = make_sampler().fit_resample(X, LABELS)
        assert (resampled.format, resampled.dtype, resampled.shape) == (form, X.dtype, (96, 5))
        np.testing.assert_array_equal(resampled[:60].toarray(), X.toarray())
        assert resampled.nnz < resampled.shape[0] * 5

    def test_frames_of_sparse_columns_stay_sparse(self):
        X = pd.DataFrame(np.where(NUMBERS > 0, NUMBERS, 0), columns=list("abcd")).astype(pd.SparseDtype(float, 0.0))
        resampled, _ = make_sampler().fit_resample(X, LABELS)
        pd.testing.assert_frame_equal(resampled[:60], X)
        assert resampled.dtypes.equals(X.dtypes)

    def test_lists_in_lists_out(self):
        rows = NUMBERS.tolist()
        X, y = make_sampler().fit_resample(rows, LABELS.tolist())
        assert X[:60] == rows
        assert y[60:] == ["rare"] * 36

    def test_lists_of_unlike_cells_keep_them(self):
        rows = [[i // 2, "even" if i % 2 == 0 else "odd", i / 7] for i in range(60)]
        X, _ = make_sampler().fit_resample(rows, LABELS.tolist())
        assert X[:60] == rows
        assert [type(cell) for cell in X[-1]] == [int, str, float]

    @pytest.mark.parametrize("dtype", ["uint8", "float32"])
    @pytest.mark.parametrize("channels", [0, 3])
    def test_images(self, dtype, channels):
        X, _ = make_bars(60, channels=channels)
        X = X if dtype == "uint8" else (X / 255).astype(dtype)
        sampler = make_sampler(gan=tiny_gan())
        resampled, y = sampler.fit_resample(X, LABELS)
        assert (resampled.shape, resampled.dtype) == ((96, *X.shape[1:]), X.dtype)
        np.testing.assert_array_equal(resampled[:60], X)
        assert Counter(y) == {"common": 48, "rare": 48}
        assert sampler.n_features_in_ == X[0].size
        assert isinstance(sampler.gan_, ImageGAN)

    def test_vectors_stay_on_the_sphere(self):
        X, _ = make_sampler(gan=tiny_vector_gan()).fit_resample(make_unit_vectors(), LABELS)
        np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-6)

    def test_frames_of_vectors_stay_frames(self):
        frame = pd.DataFrame(make_unit_vectors(), columns=list("abcdef"))
        X, _ = make_sampler(gan=tiny_vector_gan()).fit_resample(frame, LABELS)
        assert X.dtypes.equals(frame.dtypes)
        pd.testing.assert_frame_equal(X[:60], frame)

    @pytest.mark.parametrize(("X", "kind"), [(NUMBERS, TableGAN), (make_bars(60)[0], ImageGAN)])
    def test_the_gan_suits_the_data_by_default(self, X, kind, monkeypatch):
        def stop(gan, *_):
            raise RuntimeError(f"fitted {type(gan).__name__}")

        monkeypatch.setattr(kind, "fit", stop)
        with pytest.raises(RuntimeError, match=f"fitted {kind.__name__}"):
            make_sampler(gan=None).fit_resample(X, LABELS)

    def test_one_against_all_targets_come_back_so(self):
        onehot = np.eye(3, dtype=int)[np.unique(THREE, return_inverse=True)[1]]
        _, y = make_sampler().fit_resample(NUMBERS, onehot)
        assert y.shape == (90, 3)
        assert y.sum(0).tolist() == [30, 30, 30]


class TestRepeatability:
    @pytest.mark.parametrize("X", [NUMBERS, MIXED], ids=["array", "frame"])
    def test_an_int_repeats_everything(self, X):
        first, second = (make_sampler(gan=tiny_table_gan(random_state=None)).fit_resample(X, LABELS) for _ in range(2))
        assert_tables_equal(first[0], second[0])

    def test_a_fitted_sampler_starts_afresh(self):
        sampler = make_sampler()
        assert_tables_equal(sampler.fit_resample(NUMBERS, LABELS)[0], sampler.fit_resample(NUMBERS, LABELS)[0])

    def test_another_int_gives_other_rows(self):
        gan = tiny_table_gan(random_state=None)
        first, second = (make_sampler(gan=gan, random_state=k).fit_resample(NUMBERS, LABELS)[0] for k in (0, 1))
        assert not np.array_equal(first[60:], second[60:])

    def test_without_one_each_call_differs(self):
        sampler = make_sampler(random_state=None)
        assert not np.array_equal(*(sampler.fit_resample(NUMBERS, LABELS)[0] for _ in range(2)))

    def test_random_generators_are_taken(self):
        first, second = (
            make_sampler(random_state=np.random.RandomState(3)).fit_resample(NUMBERS, LABELS)[0] for _ in range(2)
        )
        np.testing.assert_array_equal(first, second)


class TestHosts:
    def test_nested_parameters(self):
        steps = make_steps()
        steps.set_params(ganoversampler__gan__max_steps=7, ganoversampler__gan__architecture="mlp")
        assert steps["ganoversampler"].gan.max_steps == 7
        assert steps.get_params()["ganoversampler__gan__max_steps"] == 7

    def test_a_pipeline_resamples_in_fit_alone(self):
        steps = make_steps(sources={"smote": 1}).fit(NUMBERS, LABELS)
        assert steps.predict(NUMBERS).shape == (60,)
        X, y = make_sampler(sources={"smote": 1}).fit_resample(NUMBERS, LABELS)
        np.testing.assert_array_equal(steps[-1].coef_, LogisticRegression().fit(X, y).coef_)

    def test_grid_search_reaches_into_the_gan(self):
        grid = {"ganoversampler__gan__max_steps": [1, 2], "ganoversampler__sources": [{"smote": 1}, {"gan": 1}]}
        search = GridSearchCV(make_steps(), grid, cv=StratifiedKFold(2), error_score="raise").fit(NUMBERS, LABELS)
        assert len(search.cv_results_["params"]) == 4
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert search.best_estimator_["ganoversampler"].gan.max_steps in (1, 2)

    def test_threads_give_the_scores_of_one(self):
        alone = cross_val_score(make_steps(), NUMBERS, LABELS, cv=3, error_score="raise")
        with parallel_config("threading", n_jobs=2):
            np.testing.assert_array_equal(
                cross_val_score(make_steps(), NUMBERS, LABELS, cv=3, error_score="raise"), alone
            )

    @pytest.mark.slow
    def test_job_counts_give_the_same_scores(self):
        scores = [cross_val_score(make_steps(), NUMBERS, LABELS, cv=3, n_jobs=n, error_score="raise") for n in (1, 2)]
        np.testing.assert_array_equal(*scores)

    def test_clone_keeps_parameters(self):
        sampler = make_sampler(filter=ConfidenceFilter(keep_fraction=0.7), k_neighbors=3)
        sampler.fit_resample(NUMBERS, LABELS)
        cloned = clone(sampler)
        assert repr(cloned) == repr(sampler)
        assert not hasattr(cloned, "gan_")

    def test_pickle_keeps_the_fit(self):
        sampler = make_sampler(filter="confidence")
        X, _ = sampler.fit_resample(MIXED, LABELS)
        read = pickle.loads(pickle.dumps(sampler))
        np.testing.assert_array_equal(read.source_, sampler.source_)
        assert_tables_equal(read.gan_.sample(5)[0], sampler.gan_.sample(5)[0])
        assert_tables_equal(read.fit_resample(MIXED, LABELS)[0], X)

    def test_metadata_routing_leaves_the_sampler_out_of_it(self):
        with sklearn.config_context(enable_metadata_routing=True):
            for sampler in (make_sampler(), RandomOverSampler(random_state=0)):
                classifier = (
                    LogisticRegression().set_score_request(sample_weight=True).set_fit_request(sample_weight=False)
                )
                steps = Pipeline([("sampler", sampler), ("classifier", classifier)])
                scores = cross_val_score(
                    steps, NUMBERS, LABELS, cv=2, params={"sample_weight": np.ones(60)}, error_score="raise"
                )
                assert scores.shape == (2,)

    def test_groups_pass_through_a_pipeline(self, monkeypatch):
        seen = []
        monkeypatch.setattr(
            "ganaug.trials.inner_folds",
            lambda y, cv, groups, *_: seen.append(groups) or inner_folds(y, cv, groups),
        )
        sampler = make_sampler(dose="auto", sources=None, estimator=LogisticRegression())
        steps = Pipeline([("sampler", sampler), ("classifier", LogisticRegression())])
        groups = np.arange(60) % 20
        with sklearn.config_context(enable_metadata_routing=True):
            steps.fit(NUMBERS, LABELS, groups=groups)
        sampler.fit_resample(NUMBERS, LABELS, groups=groups)
        assert [own.tolist() for own in seen] == [groups.tolist()] * 2

    def test_feature_names(self):
        sampler = make_sampler(sources={"smote": 1})
        sampler.fit_resample(MIXED, LABELS)
        assert sampler.feature_names_in_.tolist() == MIXED.columns.tolist()
        assert sampler.get_feature_names_out().tolist() == MIXED.columns.tolist()
        sampler.fit_resample(NUMBERS, LABELS)
        assert sampler.n_features_in_ == 4
        assert not hasattr(sampler, "feature_names_in_")


class TestFilters:
    @pytest.mark.parametrize("filter", [*FILTERS, ConfidenceFilter(keep_fraction=0.4)], ids=str)
    def test_names_and_objects(self, filter):
        X = MIXED if filter != "neighbour" else MIXED[["float"]]  # Hardly trained, it misses a manifold of 14 columns.
        sampler = make_sampler(filter=filter)
        resampled, _ = sampler.fit_resample(X, LABELS)
        assert Counter(sampler.source_) == {"real": 60, "gan": 18, "smote": 18}
        assert resampled.dtypes.equals(X.dtypes)

    def test_a_filter_changes_which_rows_are_kept(self):
        plain, filtered = (
            make_sampler(sources={"gan": 1}, filter=name).fit_resample(NUMBERS, LABELS)[0]
            for name in (None, "confidence")
        )
        assert not np.array_equal(plain[60:], filtered[60:])

    def test_a_quota_that_cannot_be_met_says_so(self):
        X = np.where(LABELS == "rare", 900.0, 0.0)[:, None] + NUMBERS[:, :1]
        with pytest.raises(QuotaError, match=r"Only .* rows of 'rare' passed ConfidenceFilter.*or a smaller dose"):
            make_sampler(filter=ConfidenceFilter(min_probability=1.0)).fit_resample(X, LABELS)


def test_without_a_seed_folds_are_drawn_too():
    sampler = make_sampler(dose="auto", sources=None, estimator=LogisticRegression(), random_state=None)
    assert len(sampler.fit_resample(NUMBERS, LABELS)[1]) >= 60


def test_a_ratio_for_all_rows_need_not_hold_in_inner_folds():
    y = np.repeat(["common", "rare"], [40, 20])  # of which folds of 3 have 27 and 13, or 26 and 14
    sampler = make_sampler(dose="auto", sources=None, estimator=LogisticRegression(), sampling_strategy=0.55)
    sampler.fit_resample(NUMBERS, y)
    assert sampler.sampling_strategy_ == {"rare": 2}


@pytest.mark.parametrize("strategy", [{"rare": 36}, 0.75, lambda y: {"rare": 36}], ids=["dict", "ratio", "callable"])
def test_inner_folds_get_their_share_of_the_new_rows(strategy):
    trials, _ = make_sampler(sampling_strategy=strategy).start_trials(NUMBERS, LABELS)
    assert [fold.n_new for fold in trials._folds] == [{"rare": 16}] * 3  # of 24, for 8 of 12 rows


def test_numbers_reach_the_pools_and_the_inner_folds():
    options = {"k_neighbors": 2, "min_class_size": 7, "cv": 4}
    trials, _ = make_sampler(**options).start_trials(NUMBERS, LABELS)
    assert [(pool.k_neighbors, pool.min_class_size) for pool in trials.pools] == [(2, 7)] * 4


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Ridge(), r"estimator is the regressor Ridge\(\), and rows of classes are for classifiers"),
        (make_pipeline(StandardScaler(), Ridge()), "estimator is the regressor Pipeline"),
        (GridSearchCV(KMeans(), {"n_clusters": [2, 3]}), "estimator is the clusterer GridSearchCV"),
        (
            LogisticRegression,
            r"estimator is the class LogisticRegression; pass an object of it: LogisticRegression\(\)",
        ),
    ],
)
@pytest.mark.parametrize("dose", ["auto", "default"])
def test_an_estimator_that_is_no_classifier_is_refused_before_training(estimator, message, dose, monkeypatch):
    monkeypatch.setattr("ganaug.training.train", lambda *_: pytest.fail("trained"))
    with pytest.raises(TypeError, match=message):
        make_sampler(dose=dose, sources=None, estimator=estimator).fit_resample(NUMBERS, LABELS)


@pytest.mark.parametrize("wrap", [make_pipeline, CalibratedClassifierCV, lambda own: GridSearchCV(own, {"C": [1.0]})])
def test_wrapped_classifiers_and_those_without_tags_are_taken(wrap):
    make_sampler(estimator=wrap(LogisticRegression())).check()
    make_sampler(estimator=SimpleNamespace(fit=print, predict=print)).check()


def test_auto_trains_seeded_clones_scores_them_as_asked_and_does_what_was_chosen(monkeypatch):
    seeds, seen = set(), []

    def scoring(fitted, X, y):
        seeds.add(fitted.random_state)
        return 0.25

    def choose(scores, n_rare, *_):
        seen.append((scores.tolist(), n_rare))
        return Choice("duplicate_25", 0.1, (0.0, 0.2), "", {"duplicate_25": (0.1, 0.1)})

    prior = Prior(["duplicate_25"], np.zeros(1), np.eye(1), np.eye(1))
    monkeypatch.setattr("ganaug.over_sampling.find_prior", lambda *_: prior)
    monkeypatch.setattr("ganaug.over_sampling.choose", choose)
    tree = DecisionTreeClassifier()
    sampler = make_sampler(dose="auto", sources=None, estimator=tree, scoring=scoring, random_state=3)
    sampler.fit_resample(NUMBERS, LABELS)
    assert seeds == {3}
    assert seen == [([[0.25, 0.25]] * 3, 4)]
    assert (sampler.dose_, sampler.n_new_, set(sampler.source_)) == (0.25, {"rare": 9}, {"real", "duplicate"})
    assert sampler.choice_.name == "duplicate_25"
    sampler.set_params(dose=0.0).fit_resample(NUMBERS, LABELS)
    assert not hasattr(sampler, "choice_")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"estimator": None}, "dose='auto' compares candidates .* pass estimator="),
        ({"gan": tiny_table_gan(discrete_columns=[99])}, "99"),
        (
            {"scoring": "g_mean"},
            r"Unknown scoring 'g_mean'; choose 'geometric_mean' or .*Did you mean 'geometric_mean'\?",
        ),
    ],
)
def test_auto_finds_mistakes_before_it_trains_a_classifier(parameters, message, monkeypatch):
    monkeypatch.setattr(LogisticRegression, "fit", lambda *_: pytest.fail("trained"))
    auto = {"dose": "auto", "sources": None, "estimator": LogisticRegression()}
    with pytest.raises(ValueError, match=message):
        make_sampler(**{**auto, **parameters}).fit_resample(NUMBERS, LABELS)


def test_the_default_is_what_is_best_for_the_estimator_and_the_score(monkeypatch):
    asked, estimator = [], LogisticRegression()

    def find_prior(*given):
        asked.append(given)
        return Prior(["gan", "duplicate_25"], np.array([0.1, 0.2]), np.eye(2), np.eye(2))

    monkeypatch.setattr("ganaug.over_sampling.find_prior", find_prior)
    sampler = make_sampler(dose="default", sources=None, estimator=estimator, scoring="f1_macro")
    sampler.fit_resample(NUMBERS, LABELS)
    assert (sampler.dose_, sampler.sources_, sampler.n_new_) == (0.25, {"duplicate": 1.0}, {"rare": 9})
    assert asked == [(estimator, "f1_macro")]
    assert sampler.verdict_.startswith(
        "duplicate at dose 0.25. The default for f1_macro of classifiers of the kind 'linear', from experience"
    )


@pytest.mark.parametrize("scoring", ["geometric_mean", "recall_macro"])
def test_the_default_for_scores_that_count_every_class_alike_is_that_of_balanced_accuracy(scoring):
    sampler = make_sampler(dose="default", sources=None, scoring=scoring)
    assert sampler.named() == make_sampler(dose="default", sources=None, scoring="balanced_accuracy").named()
    sampler.check()


@pytest.mark.parametrize("scoring", ["geometric_mean", "recall_macro"])
def test_auto_measures_scores_that_count_every_class_alike(scoring):
    sampler = make_sampler(dose="auto", sources=None, scoring=scoring, estimator=LogisticRegression())
    sampler.fit_resample(NUMBERS, LABELS)
    prior = find_prior(sampler.estimator, "balanced_accuracy").top(N_TRIED)
    assert list(sampler.choice_.table) == prior.names
    assert scoring in sampler.verdict_


@pytest.mark.parametrize("sources", [{"smote": 1}, HALVES])
def test_scikit_learns_output_container_does_not_reach_smote(sources):
    expected = make_sampler(sources=sources).fit_resample(MIXED, LABELS)[0]
    with sklearn.config_context(transform_output="pandas"):
        found = make_sampler(sources=sources).fit_resample(MIXED, LABELS)[0]
    pd.testing.assert_frame_equal(found, expected)


class TestSmallClasses:
    Y = np.array(["a"] * 40 + ["b"] * 16 + ["c"] * 3 + ["d"])

    def test_they_fall_back_with_a_warning_and_are_marked(self):
        sampler = make_sampler(sources={"gan": 1})
        with pytest.warns(SmallClassWarning, match=r"'c' \(3 rows\): 37 by smote, 'd' \(1 row\): 39 by duplicate"):
            _, y = sampler.fit_resample(NUMBERS, self.Y)
        assert Counter(zip(y[60:], sampler.source_[60:], strict=True)) == {
            ("b", "gan"): 24,
            ("c", "smote"): 37,
            ("d", "duplicate"): 39,
        }
        assert sampler.fallback_ == "'c' (3 rows): 37 by smote, 'd' (1 row): 39 by duplicate"
        assert sampler.verdict_ == f"As asked for. Classes too small for that: {sampler.fallback_}."

    def test_mixed_frames_too(self):
        with pytest.warns(SmallClassWarning):
            X, y = make_sampler().fit_resample(MIXED, self.Y)
        assert Counter(y) == dict.fromkeys("abcd", 40)
        singles = X[y == "d"].drop_duplicates()
        assert_tables_equal(singles.reset_index(drop=True), MIXED[-1:].reset_index(drop=True))


BAD = {
    "continuous target": (NUMBERS, np.linspace(0, 1, 60), ValueError, "Unknown label type: continuous"),
    "one class": (NUMBERS, ["a"] * 60, ValueError, "needs to have more than 1 class"),
    "lengths": (NUMBERS, LABELS[:50], ValueError, "inconsistent numbers of samples: .60, 50"),
    "infinite array": (np.where(NUMBERS > 100, np.inf, NUMBERS), LABELS, ValueError, r"infinity \(inf\), first in row"),
    "infinite matrix": (
        sparse.csr_matrix([[0.0, 1.0], [0.0, np.inf]] * 30),
        LABELS,
        ValueError,
        "first in row 2, column 2",
    ),
    "labels of texts and numbers": (
        NUMBERS,
        np.array(["a", 1] * 30, dtype=object),
        ValueError,
        "mixes texts such as 'a' with 1 of type int; name all classes by texts",
    ),
    "infinite frame": (MIXED.assign(float=np.inf), LABELS, ValueError, "infinity"),
    "mixed objects": (MIXED.assign(bad=[1, "one"] * 30), LABELS, TypeError, "'bad' of X mixes values of types"),
    "duplicate names": (
        MIXED[["bool", "float", "bool"]],
        LABELS,
        ValueError,
        "X has several columns named 'bool'; give each column a name of its own",
    ),
    "names of two kinds": (
        MIXED.rename(columns={"bool": 7}),
        LABELS,
        TypeError,
        "all input features have string names",
    ),
    "no rows": (MIXED[:0], LABELS[:0], ValueError, "0 sample"),
    "one dimension": (NUMBERS[:, 0], LABELS, ValueError, "Expected 2D array"),
}


@pytest.mark.parametrize(("X", "y", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_before_training(X, y, kind, message, monkeypatch):
    trained = []
    monkeypatch.setattr("ganaug.training.train", lambda *args: trained.append(args))
    sampler = make_sampler()
    with pytest.raises(kind, match=message):
        sampler.fit_resample(X, y)
    assert not trained
    assert not hasattr(sampler, "synthetic_mask_")
    assert not hasattr(sampler, "gan_")


@pytest.mark.parametrize("gan", [tiny_table_gan(), tiny_vector_gan()])
@pytest.mark.parametrize("dose", [1.0, "default", "auto"])
def test_images_for_a_gan_on_rows_are_refused_with_the_gan_that_takes_them(gan, dose, monkeypatch):
    images, y = make_bars(40)[0], np.repeat(["common", "rare"], [30, 10])
    vote = make_pipeline(FunctionTransformer(lambda X: X.reshape(len(X), -1)), LogisticRegression())
    monkeypatch.setattr(LogisticRegression, "fit", lambda *_: pytest.fail("trained"))
    message = rf"and a {type(gan).__name__} takes rows of shape \(N, D\); pass gan=ImageGAN\(\)"
    with pytest.raises(ValueError, match=message):
        make_sampler(gan=gan, dose=dose, sources=None, estimator=vote).fit_resample(images, y)


def test_images_need_no_gan_of_theirs_where_none_is_trained():
    images, y = make_bars(40)[0], np.repeat(["common", "rare"], [30, 10])
    X, _ = make_sampler(sources={"smote": 0.5, "duplicate": 0.5}).fit_resample(images, y)
    assert (X.shape, X.dtype) == ((60, 8, 8), images.dtype)


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"sources": {"tomek": 1}}, ValueError, "Unknown source 'tomek'"),
        ({"sources": {"gan": -1}}, ValueError, "must be a number from 0"),
        ({"sources": "gan"}, ValueError, "'sources' parameter of GANOverSampler must be"),
        ({"filter": "confidense"}, ValueError, "'filter' parameter of GANOverSampler must be"),
        ({"dose": 1.5}, ValueError, "'dose' parameter of GANOverSampler must be"),
        ({"scoring": "f1macro"}, ValueError, r"Unknown scoring 'f1macro'.*Did you mean 'f1_macro'\?"),
        ({"k_neighbors": 0}, ValueError, "'k_neighbors' parameter of GANOverSampler must be"),
        ({"gan": "TableGAN"}, ValueError, "'gan' parameter of GANOverSampler must be"),
        ({"gan": KMeans()}, ValueError, "'gan' parameter of GANOverSampler must be"),
        ({"gan": tiny_table_gan(loss="hing")}, ValueError, "Unknown loss 'hing'.*Did you mean 'hinge'"),
        ({"sampling_strategy": {"rare": "60"}}, TypeError, r"sampling_strategy\['rare'\] must be an integer, got '60'"),
        ({"sampling_strategy": {"rare": 30.5}}, TypeError, r"sampling_strategy\['rare'\] must be an integer, got 30.5"),
        (
            {"sampling_strategy": lambda y: None},
            TypeError,
            r"sampling_strategy\(y\) must be a dict of label to number of rows, got None of type NoneType",
        ),
        (
            {"sampling_strategy": lambda y: {"rare": 30.5}},
            TypeError,
            r"sampling_strategy\(y\)\['rare'\] must be an integer",
        ),
        ({"random_state": "one"}, ValueError, "'random_state' parameter of GANOverSampler must be an int"),
    ],
)
def test_bad_parameters_are_refused(parameters, kind, message):
    with pytest.raises(kind, match=message):
        make_sampler(**parameters).fit_resample(NUMBERS, LABELS)


class TestOddColumns:
    X = pd.DataFrame({"one": 1, "void": np.nan, "x": NUMBERS[:, 0], "word": "same"})

    @pytest.mark.parametrize("source", ["gan", "smote", "duplicate"])
    def test_constant_and_empty_columns_come_back_so(self, source):
        resampled, _ = make_sampler(sources={source: 1}).fit_resample(self.X, LABELS)
        assert resampled.dtypes.equals(self.X.dtypes)
        assert (resampled["one"] == 1).all()
        assert (resampled["word"] == "same").all()
        assert resampled["void"].isna().all()

    def test_missing_values_of_arrays_are_kept_and_made(self):
        X = NUMBERS.copy()
        X[::2, 0] = np.nan
        resampled, _ = make_sampler().fit_resample(X, LABELS)
        np.testing.assert_array_equal(resampled[:60], X)
        assert np.isnan(resampled[60:, 0]).any()
        assert not np.isnan(resampled[:, 1:]).any()


def test_dose_is_chosen_by_average_precision_of_named_classes():
    sampler = make_sampler(dose="auto", sources=None, estimator=LogisticRegression(), scoring="average_precision")
    sampler.fit_resample(NUMBERS, LABELS)
    assert "average_precision" in sampler.verdict_


@pytest.mark.parametrize("filter", ["confidence", "discriminator"])
def test_a_constant_table_is_over_sampled_with_any_filter(filter):
    resampled, _ = make_sampler(filter=filter).fit_resample(np.ones((60, 2)), LABELS)
    assert (resampled == 1).all()


def test_a_filter_is_not_claimed_where_nothing_of_the_gan_is_there_to_filter():
    sampler = make_sampler(sources={"smote": 1}, filter="confidence")
    sampler.fit_resample(NUMBERS, LABELS)
    assert sampler.filter_ is None


@pytest.mark.parametrize(
    "fit",
    [
        lambda X, y: make_sampler().fit_resample(X, y),
        lambda X, y: GANBalancedClassifier().fit(X, y),
        lambda X, y: ShiftedClassifier(LogisticRegression()).fit(X, y),
        lambda X, y: TableClassifier().fit(X, y),
    ],
)
def test_missing_labels_are_named(fit):
    y = pd.Series(LABELS).astype(object)
    y.iloc[2] = None
    for labels in (y, y.astype("category"), y.astype(str).where(y.notna())):
        with pytest.raises(ValueError, match=r"The label of row 3 of y, counted from 1, is missing"):
            fit(NUMBERS, labels)


@pytest.mark.parametrize(
    "fit",
    [
        lambda X, y: make_sampler().fit_resample(X, y),
        lambda X, y: tiny_table_gan().fit(X, y),
        lambda X, y: GANBalancedClassifier().fit(X, y),
        lambda X, y: GANClassifier().fit(X, y),
        lambda X, y: ShiftedClassifier(LogisticRegression()).fit(X, y),
        lambda X, y: TableClassifier().fit(X, y),
    ],
)
@pytest.mark.parametrize("label", [datetime.date(2024, 1, 1), pd.Period("2024")])
def test_objects_as_labels_are_shown_with_what_may_name_classes(fit, label):
    other = label - datetime.timedelta(366) if isinstance(label, datetime.date) else label - 1
    y = pd.Series([label if each == LABELS[0] else other for each in LABELS])
    kind = type(label).__name__
    for labels in (y, y.tolist(), y.to_numpy(dtype=object)):
        with pytest.raises(ValueError, match=rf"Unknown label type: y holds objects such as .* of type {kind}; name"):
            fit(NUMBERS, labels)


def test_times_as_labels_are_taken_in_microseconds_alone():
    times = np.where(LABELS[0] == LABELS, np.datetime64("2024-01-01"), np.datetime64("2024-01-02"))
    with pytest.raises(ValueError, match=r"y holds times of dtype datetime64\[ns\]; name classes by texts or numbers"):
        make_sampler().fit_resample(NUMBERS, times.astype("M8[ns]"))
    assert make_sampler().fit_resample(NUMBERS, times.astype("M8[us]"))[1].dtype == "M8[us]"


@pytest.mark.parametrize("dose", [1.0, "default", "auto"])
def test_the_verdict_on_balanced_classes_is_that_nothing_is_to_be_added(dose):
    sampler = GANOverSampler(tiny_table_gan(), dose=dose, estimator=LogisticRegression(), random_state=0)
    sampler.fit_resample(NUMBERS, np.arange(60) % 2)
    assert sampler.verdict_.startswith("Nothing to add")
    assert not sampler.synthetic_mask_.any()


class ForeignFrame:
    """Like a frame of polars."""

    def __init__(self, frame):
        self.to_pandas = lambda: frame

    def __array__(self, dtype=None, copy=None):
        return self.to_pandas().to_numpy(dtype)

    def __len__(self):
        return len(self.to_pandas())


@pytest.mark.parametrize(
    "fit",
    [
        lambda X: make_sampler().fit_resample(X, LABELS),
        lambda X: GANBalancedClassifier(LogisticRegression()).fit(X, LABELS),
        lambda X: TableGAN().fit(X, LABELS),
        lambda X: TableClassifier().fit(X, LABELS),
    ],
)
def test_frames_of_other_libraries_are_refused_with_the_way_out(fit):
    with pytest.raises(TypeError, match=r"X is a ForeignFrame of .*; pass X.to_pandas\(\)"):
        fit(ForeignFrame(MIXED))
