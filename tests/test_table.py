import copy
import itertools
import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from _tables import make_labels, make_mixed, make_numbers, tiny_table_gan, tiny_vector_gan
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import ganaug
from ganaug import TableGAN, load
from ganaug._parameters import resolve
from ganaug.architectures import MLP
from ganaug.base import BaseGAN
from ganaug.checkpoint import Checkpoint
from ganaug.conditioning import CONDITIONINGS
from ganaug.exceptions import GanaugWarning
from ganaug.losses import LOSSES
from ganaug.penalties import ROW_PENALTIES
from ganaug.table_data import FileColumns

MIXED, LABELS = make_mixed(), make_labels()
NUMBERS = make_numbers()


@pytest.fixture(scope="module")
def mixed_gan() -> TableGAN:
    return tiny_table_gan().fit(MIXED, LABELS)


@pytest.fixture(scope="module")
def learned() -> TableGAN:
    """Return a GAN that has learned the easy table."""
    return small_gan(600).fit(*make_easy())


def small_gan(max_steps: int, **parameters) -> TableGAN:
    small = {"architecture": MLP(width=32, latent_dim=4, n_blocks=1), "batch_size": 64, "random_state": 0}
    return TableGAN(**{**small, "max_steps": max_steps, **parameters})


def make_easy(n: int = 600) -> tuple[pd.DataFrame, np.ndarray]:
    """Return two clusters, a category that depends on the class, and a column of which a third is missing."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3 // 2  # a third are of class 1
    X = pd.DataFrame(
        {
            "a": rng.normal(np.where(y, 4.0, -4.0), 1.0),
            "b": rng.normal(np.where(y, -10.0, 10.0), 2.0),
            "shape": np.where(rng.random(n) < np.where(y, 0.9, 0.2), "round", "square"),
            "gaps": np.where(rng.random(n) < 1 / 3, np.nan, rng.normal(size=n)),
        }
    )
    return X, y


def assert_samples_equal(first, second):
    pd.testing.assert_frame_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


class TestMixedFrames:
    def test_columns_order_and_dtypes_are_the_users(self, mixed_gan):
        X, _ = mixed_gan.sample(40)
        assert X.columns.equals(MIXED.columns)
        assert X.dtypes.equals(MIXED.dtypes)

    def test_categories_keep_their_order_and_those_that_never_occur(self, mixed_gan):
        X, _ = mixed_gan.sample(40)
        assert X["category"].cat.categories.tolist() == ["low", "middle", "high"]
        assert X["category"].cat.ordered
        assert set(X["category"].dropna()) <= {"low", "high"}

    def test_values_stay_in_the_seen_range(self, mixed_gan):
        X, _ = mixed_gan.sample(300)
        for name in ("float", "float32", "integer", "datetime", "zoned", "duration", "Int64", "Float64"):
            assert X[name].min() >= MIXED[name].min(), name
            assert X[name].max() <= MIXED[name].max(), name

    def test_integers_and_days_stay_whole(self, mixed_gan):
        X, _ = mixed_gan.sample(100)
        assert (X["Int64"].dropna() % 1 == 0).all()
        assert (X["datetime"].dropna() == X["datetime"].dropna().dt.normalize()).all()

    def test_known_values_alone_in_categories(self, mixed_gan):
        X, _ = mixed_gan.sample(300)
        for name in ("small", "string", "text", "bool", "boolean"):
            assert set(X[name].dropna()) <= set(MIXED[name].dropna()), name

    def test_only_columns_with_missing_cells_get_them(self, mixed_gan):
        X, _ = mixed_gan.sample(300)
        assert not X[["integer", "small", "bool"]].isna().any(axis=None)
        assert X.isna().any().sum() >= 8

    @pytest.mark.parametrize(
        ("index", "expected"),
        [
            (pd.RangeIndex(60), pd.RangeIndex(5)),
            (pd.Index(range(100, 160), name="id"), pd.RangeIndex(5, name="id")),
            (pd.date_range("2020", periods=60), pd.RangeIndex(5)),
        ],
        ids=["range", "integers", "dates"],
    )
    def test_rows_are_numbered(self, index, expected):
        X = pd.DataFrame(NUMBERS, columns=list("abcd"), index=index)
        sampled, _ = tiny_table_gan().fit(X, LABELS).sample(5)
        pd.testing.assert_index_equal(sampled.index, expected)

    @pytest.mark.parametrize(
        "columns",
        [range(4), [3, "a", ("b", 1), 2.5], pd.MultiIndex.from_product([["x", "y"], [0, 1]], names=["k", "l"])],
        ids=["positions", "any objects", "levels"],
    )
    def test_any_column_labels(self, columns):
        if isinstance(columns, list):
            columns = pd.Index(columns, tupleize_cols=False)
            with pytest.raises(TypeError, match="all input features have string names"):  # scikit-learn's rule
                tiny_table_gan().fit(pd.DataFrame(NUMBERS, columns=columns), LABELS)
            return
        X = pd.DataFrame(NUMBERS, columns=columns)
        gan = tiny_table_gan().fit(X, LABELS)
        assert gan.sample(3)[0].columns.equals(X.columns)
        assert not hasattr(gan, "feature_names_in_")


class TestArrays:
    @pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "bool", "object"])
    def test_arrays_keep_their_dtype(self, dtype):
        X = np.abs(NUMBERS).astype(dtype)
        sampled, _ = tiny_table_gan().fit(X, LABELS).sample(7)
        assert isinstance(sampled, np.ndarray)
        assert (sampled.shape, sampled.dtype) == ((7, 4), np.dtype(dtype))

    def test_arrays_with_missing_values(self):
        X = NUMBERS.copy()
        X[::3, 1] = np.nan
        sampled, _ = tiny_table_gan().fit(X, LABELS).sample(200)
        assert np.isnan(sampled).any(axis=0).tolist() == [False, True, False, False]

    def test_lists_of_rows_come_back_as_arrays(self):
        rows = [[number, word] for number, word in zip([*range(20)] * 3, ["x", "y", "z"] * 20, strict=True)]
        sampled, labels = tiny_table_gan().fit(rows, LABELS.tolist()).sample(4)
        assert sampled.shape == (4, 2)
        assert {type(number) for number in sampled[:, 0]} == {int}
        assert set(sampled[:, 1]) <= {"x", "y", "z"}
        assert set(labels) <= {"common", "rare"}

    def test_frame_and_array_of_the_same_numbers_give_the_same_samples(self):
        frame = pd.DataFrame(NUMBERS, columns=list("abcd"))
        from_array, _ = tiny_table_gan().fit(NUMBERS, LABELS).sample(20, random_state=1)
        from_frame, _ = tiny_table_gan().fit(frame, pd.Series(LABELS)).sample(20, random_state=1)
        np.testing.assert_array_equal(from_frame.to_numpy(), from_array)


class TestSampling:
    def test_a_class_is_drawn_directly(self, mixed_gan, monkeypatch):
        sizes, generate = [], BaseGAN._generate
        monkeypatch.setattr(BaseGAN, "_generate", lambda *args: sizes.append(len(args[1])) or generate(*args))
        X, y = mixed_gan.sample(9, "rare")
        assert (len(X), y.tolist(), sizes) == (9, ["rare"] * 9, [9])

    def test_a_label_for_each_row(self, mixed_gan):
        wanted = ["rare", "common", "rare"]
        X, y = mixed_gan.sample(y=wanted)
        assert (len(X), y.tolist()) == (3, wanted)

    def test_the_training_proportions_are_the_default(self, mixed_gan):
        _, y = mixed_gan.sample(2000, random_state=0)
        assert (y == "rare").mean() == pytest.approx(0.2, abs=0.03)

    def test_no_rows_still_have_all_columns(self, mixed_gan):
        X, y = mixed_gan.sample(0)
        assert (X.shape, y.shape) == ((0, MIXED.shape[1]), (0,))
        assert X.dtypes.equals(MIXED.dtypes)

    def test_each_class_has_its_generator(self, mixed_gan):
        pd.testing.assert_frame_equal(
            mixed_gan.generators_["rare"](5, random_state=3), mixed_gan.sample(5, "rare", random_state=3)[0]
        )

    def test_an_unknown_label_is_named(self, mixed_gan):
        with pytest.raises(ValueError, match=r"Unknown label 'rar'.*Did you mean 'rare'"):
            mixed_gan.sample(2, "rar")

    def test_before_fit(self):
        with pytest.raises(NotFittedError, match="not fitted"):
            tiny_table_gan().sample(1)


class TestRepeatability:
    def test_an_int_repeats_fit_and_sample(self, mixed_gan):
        again = tiny_table_gan().fit(MIXED, LABELS)
        assert_samples_equal(mixed_gan.sample(30), again.sample(30))

    def test_another_int_gives_other_rows(self, mixed_gan):
        first, second = (mixed_gan.sample(30, "rare", random_state=seed)[0] for seed in (1, 2))
        assert not first["float"].equals(second["float"])

    def test_without_one_each_call_differs(self):
        gan = tiny_table_gan(random_state=None).fit(NUMBERS, LABELS)
        assert not np.array_equal(gan.sample(20, "rare")[0], gan.sample(20, "rare")[0])

    def test_the_callers_random_numbers_are_left_alone(self):
        import torch

        torch.manual_seed(5)
        before, legacy = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        tiny_table_gan().fit(NUMBERS, LABELS).sample(3)
        assert torch.equal(torch.get_rng_state(), before)
        assert np.array_equal(np.random.get_state()[1], legacy)  # noqa: NPY002


class TestCopies:
    @pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda gan: pickle.loads(pickle.dumps(gan))])
    def test_copies_sample_alike(self, mixed_gan, duplicate):
        assert_samples_equal(mixed_gan.sample(20), duplicate(mixed_gan).sample(20))

    def test_save_and_load_sample_and_score_alike(self, mixed_gan, tmp_path):
        mixed_gan.save(tmp_path / "gan")
        loaded = load(tmp_path / "gan")
        assert_samples_equal(mixed_gan.sample(20), loaded.sample(20))
        np.testing.assert_array_equal(loaded.score_samples(MIXED, LABELS), mixed_gan.score_samples(MIXED, LABELS))
        assert loaded.feature_names_in_.tolist() == MIXED.columns.tolist()
        assert (loaded.n_features_in_, loaded.class_counts_) == (14, {"common": 48, "rare": 12})

    def test_arrays_and_fine_tuned_classes_are_saved_too(self, tmp_path):
        gan = tiny_table_gan(fine_tune_steps=2).fit(NUMBERS, LABELS)
        gan.save(tmp_path / "gan")
        np.testing.assert_array_equal(load(tmp_path / "gan").sample(20)[0], gan.sample(20)[0])

    def test_how_a_file_was_laid_out_stays_with_the_model_until_it_is_fitted_again(self, tmp_path):
        gan = tiny_table_gan().fit(NUMBERS, LABELS)
        gan.file_columns_ = columns = FileColumns("y", ["a", "y", "b", "c", "d"], {"a": "%Y-%m-%d"})
        gan.save(tmp_path / "gan")
        loaded = pickle.loads(pickle.dumps(load(tmp_path / "gan")))
        loaded.save(tmp_path / "gan", overwrite=True)
        assert load(tmp_path / "gan").file_columns_ == columns
        assert loaded.fit(NUMBERS, LABELS).file_columns_ is None

    def test_a_clone_is_unfitted(self, mixed_gan):
        cloned = clone(mixed_gan)
        assert cloned.get_params() == mixed_gan.get_params()
        with pytest.raises(NotFittedError):
            cloned.sample(1)


class TestScores:
    def test_a_score_for_each_row(self, mixed_gan):
        scores = mixed_gan.score_samples(MIXED, LABELS)
        assert (scores.shape, scores.dtype) == ((60,), np.float32)
        assert np.isfinite(scores).all()

    def test_without_labels_each_row_has_the_score_of_its_best_class(self, mixed_gan):
        by_class = [mixed_gan.score_samples(MIXED, [label] * 60) for label in ("common", "rare")]
        np.testing.assert_array_equal(mixed_gan.score_samples(MIXED), np.maximum(*by_class))

    def test_synthetic_rows_can_be_scored(self, mixed_gan):
        assert np.isfinite(mixed_gan.score_samples(*mixed_gan.sample(50))).all()

    def test_an_unseen_category_is_named(self, mixed_gan):
        with pytest.raises(ValueError, match=r"'string'.*holds the category 'pink'"):
            mixed_gan.score_samples(MIXED.assign(string="pink"))
        with pytest.raises(ValueError, match=r"'category'.*holds the category 'huge'"):
            mixed_gan.score_samples(MIXED.assign(category=pd.Categorical(["huge"] * 60)))

    def test_an_unseen_label_is_named(self, mixed_gan):
        with pytest.raises(ValueError, match="Unknown label 'new'"):
            mixed_gan.score_samples(MIXED, ["new"] * 60)

    def test_as_many_labels_as_rows(self, mixed_gan):
        with pytest.raises(ValueError, match="X has 60 samples and y has 2 labels"):
            mixed_gan.score_samples(MIXED, ["rare", "rare"])

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda X: X.drop(columns="bool"), "(?s)yet now missing.*- bool"),
            (lambda X: X.rename(columns={"bool": "flag"}), "(?s)unseen at fit time.*- flag.*missing.*- bool"),
            (lambda X: X[X.columns[::-1]], "must be in the same order"),
            (lambda X: X.assign(extra=1), "(?s)unseen at fit time.*- extra"),
            (lambda X: X.assign(integer="five"), "'integer'"),
        ],
        ids=["missing", "renamed", "reordered", "added", "another type"],
    )
    def test_other_columns_than_in_training_are_named(self, mixed_gan, change, message):
        with pytest.raises((ValueError, TypeError), match=message):
            mixed_gan.score_samples(change(MIXED))

    def test_before_fit(self):
        with pytest.raises(NotFittedError):
            tiny_table_gan().score_samples(MIXED)


class TestHighCardinality:
    N = 10_000

    def test_ten_thousand_values_warn_by_name_and_stay_small(self):
        X = pd.DataFrame({"user": [f"u{i}" for i in range(self.N)], "x": np.arange(self.N) * 1.0})
        y = np.arange(self.N) % 2
        tracemalloc.start()
        with pytest.warns(GanaugWarning, match="more than 64 categories: 'user'"):
            gan = tiny_table_gan().fit(X, y)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert gan.networks_.generator.layout.width < 150
        assert peak < 60e6
        drawn = gan.sample(500)[0]["user"]
        assert set(drawn) <= set(X["user"])
        assert drawn.nunique() > 64  # the folded values come back too

    def test_the_cap_is_a_parameter(self):
        X = pd.DataFrame({"word": list("abcdefghij") * 6})
        with pytest.warns(GanaugWarning, match="more than 4 categories: 'word'"):
            tiny_table_gan(max_categories=4).fit(X, LABELS)
        tiny_table_gan(max_categories=10).fit(X, LABELS)


class TestDiscreteColumns:
    CODES = pd.DataFrame({"code": np.array([10, 20, 70, 75]).repeat(15), "x": np.arange(60.0)})

    @pytest.mark.parametrize("column", ["code", 0, -2])
    def test_by_name_and_by_position(self, column):
        gan = tiny_table_gan(discrete_columns=[column]).fit(self.CODES, LABELS)
        assert gan.codec_.blocks[0].size == 4
        assert set(gan.sample(100)[0]["code"]) <= {10, 20, 70, 75}

    @pytest.mark.parametrize("container", [tuple, np.array, pd.Index, pd.Series, set, dict.fromkeys])
    def test_any_container_of_names_is_saved(self, tmp_path, container):
        given = container(["code"])
        gan = tiny_table_gan(discrete_columns=given).fit(self.CODES, LABELS)
        assert gan.get_params()["discrete_columns"] is given
        gan.save(tmp_path / "model")
        assert load(tmp_path / "model").discrete_columns == ("code",)

    def test_what_runs_out_is_refused(self):
        with pytest.raises(TypeError, match="discrete_columns must be a list of column names or positions, got <gen"):
            tiny_table_gan(discrete_columns=(name for name in ["code"])).fit(self.CODES, LABELS)

    def test_the_guess_is_a_number(self):
        assert tiny_table_gan().fit(self.CODES, LABELS).codec_.blocks[0].size == 1

    def test_an_unknown_column_is_named(self):
        with pytest.raises(ValueError, match=r"discrete_columns names 'cod'.*Did you mean 'code'"):
            tiny_table_gan(discrete_columns=["cod"]).fit(self.CODES, LABELS)

    def test_a_bare_name_is_refused(self):
        with pytest.raises(TypeError, match=r"pass \['code'\]"):
            tiny_table_gan(discrete_columns="code").fit(self.CODES, LABELS)


class TestOddColumns:
    def test_constant_columns_come_back_constant(self):
        X = pd.DataFrame({"x": np.arange(60.0), "one": 1, "word": "same"})
        sampled, _ = tiny_table_gan().fit(X, LABELS).sample(10)
        assert (sampled["one"] == 1).all()
        assert (sampled["word"] == "same").all()

    def test_a_table_without_any_variation(self):
        X = pd.DataFrame({"one": np.ones(60, int), "word": ["same"] * 60})
        gan = tiny_table_gan().fit(X, LABELS)
        pd.testing.assert_frame_equal(gan.sample(10)[0], X[:10])
        assert gan.score_samples(X, LABELS).shape == (60,)

    def test_columns_without_a_value_come_back_so(self):
        X = pd.DataFrame({"x": np.arange(60.0), "void": np.full(60, np.nan), "none": [None] * 60})
        sampled, _ = tiny_table_gan().fit(X, LABELS).sample(10)
        assert sampled[["void", "none"]].isna().all(axis=None)
        assert sampled.dtypes.equals(X.dtypes)

    def test_one_class_alone_can_be_learned(self):
        X, y = tiny_table_gan().fit(NUMBERS, np.zeros(60, int)).sample(4)
        assert (X.shape, y.tolist()) == ((4, 4), [0] * 4)


BAD = {
    "continuous target": (MIXED, np.linspace(0, 1, 60), ValueError, "Unknown label type: continuous"),
    "no target": (MIXED, None, ValueError, "requires y to be passed"),
    "missing label": (NUMBERS, np.array(["a", None] * 30, dtype=object), ValueError, "Label 1 of y is missing"),
    "too few labels": (MIXED, LABELS[:59], ValueError, "X has 60 samples and y has 59 labels"),
    "infinite": (MIXED.assign(float=np.inf), LABELS, ValueError, "infinity"),
    "infinite array": (np.where(NUMBERS > 100, np.inf, NUMBERS), LABELS, ValueError, "infinity"),
    "duplicate names": (MIXED[["bool", "float", "bool"]], LABELS, ValueError, "several columns named 'bool'"),
    "mixed objects": (MIXED.assign(bad=[1, "one"] * 30), LABELS, TypeError, r"'bad' of X mixes .*int \(1\), str"),
    "lists in cells": (MIXED.assign(bad=[[1]] * 60), LABELS, TypeError, "'bad' of X holds .*not hashable"),
    "no rows": (MIXED[:0], LABELS[:0], ValueError, "0 sample"),
    "no columns": (MIXED[[]], LABELS, ValueError, "0 feature"),
    "one dimension": (NUMBERS[:, 0], LABELS, ValueError, "Expected 2D array"),
    "three dimensions": (NUMBERS.reshape(60, 2, 2), LABELS, ValueError, "dim 3"),
}


@pytest.mark.parametrize(("X", "y", "kind", "message"), BAD.values(), ids=BAD)
class TestBadInput:
    def test_it_is_refused_before_training_and_leaves_nothing_fitted(self, X, y, kind, message):
        gan = tiny_table_gan()
        with pytest.raises(kind, match=message):
            gan.fit(X, y, callbacks=[lambda state: pytest.fail("trained")])
        with pytest.raises(NotFittedError):
            gan.sample(1)

    def test_an_earlier_fit_goes_on_to_work(self, X, y, kind, message):
        gan = tiny_table_gan().fit(NUMBERS, LABELS)
        before = gan.sample(5)[0]
        with pytest.raises(kind, match=message):
            gan.fit(X, y)
        np.testing.assert_array_equal(gan.sample(5)[0], before)


def test_a_fit_that_breaks_off_is_not_taken_for_the_earlier_one():
    gan = tiny_table_gan().fit(NUMBERS, LABELS)

    def break_off(state):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        gan.fit(MIXED, LABELS, callbacks=[break_off])
    with pytest.raises(NotFittedError):
        gan.sample(1)


FAMILIES = list(itertools.product(LOSSES, ROW_PENALTIES, CONDITIONINGS))


@pytest.mark.filterwarnings("ignore:.*do not tell 2 classes apart")
@pytest.mark.parametrize(("loss", "penalty", "conditioning"), FAMILIES)
def test_every_combination_trains_on_rows(loss, penalty, conditioning):
    gan = tiny_table_gan(loss=loss, penalty=penalty, conditioning=conditioning, max_steps=3)
    gan.fit(MIXED[["float", "string"]], LABELS)
    assert np.isfinite([[entry["d_loss"], entry["g_loss"]] for entry in gan.history_]).all()
    assert gan.sample(5)[0]["float"].dropna().between(*MIXED["float"].agg(["min", "max"])).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("noise", 3.0),
        ("class_balance", 0.0),
        ("betas", (0.5, 0.5)),
        ("learning_rate", 0.03),
        ("final_learning_rate", 1e-5),
        ("ema_half_life", 0),
        ("batch_size", 16),
        ("fine_tune_steps", 1),
    ],
)
@pytest.mark.parametrize("make", [tiny_table_gan, tiny_vector_gan])
def test_every_number_has_an_effect_on_what_is_learned(make, name, value):
    plain, changed = (make(**{"max_steps": 5, **more}).fit(NUMBERS, LABELS) for more in ({}, {name: value}))
    assert not np.array_equal(*(gan.sample(20, random_state=0)[0] for gan in (plain, changed)))


class TestLearning:
    """What is learned on an easy table, within tolerances far from chance."""

    @pytest.mark.slow
    def test_class_conditional_means(self, learned):
        for label, (a, b) in {0: (-4, 10), 1: (4, -10)}.items():
            X, _ = learned.sample(500, label, random_state=1)
            assert X["a"].mean() == pytest.approx(a, abs=1.0)
            assert X["b"].mean() == pytest.approx(b, abs=2.5)

    @pytest.mark.slow
    def test_class_conditional_frequencies(self, learned):
        for label, share in {0: 0.2, 1: 0.9}.items():
            X, _ = learned.sample(1000, label, random_state=1)
            assert (X["shape"] == "round").mean() == pytest.approx(share, abs=0.15)

    @pytest.mark.slow
    def test_the_rate_of_missing_values(self, learned):
        X, _ = learned.sample(1000, random_state=1)
        assert X["gaps"].isna().mean() == pytest.approx(1 / 3, abs=0.12)
        assert not X[["a", "b", "shape"]].isna().any(axis=None)

    @pytest.mark.slow
    def test_junk_scores_lower_than_the_data(self, learned):
        X, y = make_easy()
        junk = X.assign(a=np.random.default_rng(1).uniform(-60, 60, len(X)))
        assert learned.score_samples(X, y).mean() > learned.score_samples(junk, y).mean()

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("loss", "penalty"),
        # Without a bound on the slope, Wasserstein's loss has none.
        [(loss, penalty) for loss in LOSSES for penalty in ROW_PENALTIES if loss != "wasserstein" or penalty == "r1r2"],
    )
    @pytest.mark.parametrize("conditioning", ["concat", "projection", "auxiliary_classifier"])
    def test_two_gaussians(self, loss, penalty, conditioning):
        X, y = make_easy(300)
        gan = small_gan(300, loss=loss, penalty=penalty, conditioning=conditioning).fit(X[["a", "b"]], y)
        means = [gan.sample(300, label, random_state=1)[0].mean() for label in (0, 1)]
        assert means[0]["a"] < -2 < 2 < means[1]["a"]
        assert means[1]["b"] < -5 < 5 < means[0]["b"]


class TestAutomaticSteps:
    @pytest.mark.parametrize(("n_rows", "n_steps"), [(40, 600), (7_000, 1400), (30_000, 4000)])
    def test_large_tables_get_more_steps(self, n_rows, n_steps):
        seen = []

        def stop(state):
            seen.append(state.recipe.max_steps)
            state.should_stop = True

        X = np.random.default_rng(0).normal(size=(n_rows, 1))
        TableGAN(random_state=0).fit(X, np.arange(n_rows) % 2, callbacks=[stop])
        assert seen == [n_steps]

    def test_they_are_saved(self, tmp_path):
        gan = tiny_table_gan(max_steps="auto", max_seconds=0.01).fit(MIXED, LABELS)
        gan.save(tmp_path / "model")
        assert load(tmp_path / "model").max_steps == "auto"

    @pytest.mark.parametrize("given", ["all", "1200"])
    def test_other_words_are_refused(self, given):
        with pytest.raises(ValueError, match=f"max_steps must be an integer, None or 'auto', got '{given}'"):
            TableGAN(max_steps=given).fit([[0.0]] * 4, [0, 1, 0, 1])


class _DenseRowsOnly(torch.nn.Module):
    """A generator without `draw`."""

    def __init__(self, generator: torch.nn.Module) -> None:
        super().__init__()
        self.inner = generator

    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.inner(z, y)


@dataclass(frozen=True)
class PlainMLP(MLP):
    def build(self, spec, conditioning):
        networks = super().build(spec, conditioning)
        return networks._replace(generator=_DenseRowsOnly(networks.generator))


def test_a_generator_may_give_dense_rows_alone():
    gan = tiny_table_gan(architecture=PlainMLP(width=8, latent_dim=4, n_blocks=1)).fit(MIXED, LABELS)
    rows, _ = gan.sample(50)
    assert rows.dtypes.equals(MIXED.dtypes)
    assert set(rows["string"].dropna()) <= set(MIXED["string"].dropna())


class TestPrecision:
    @pytest.fixture(autouse=True)
    def fast(self, monkeypatch):
        monkeypatch.setattr(ganaug.devices, "_bfloat16_speedup", lambda: 9.0)

    @pytest.mark.parametrize("architecture", ["mlp", MLP(width=256, latent_dim=4)])
    def test_small_layers_are_not_cast(self, architecture):
        assert TableGAN(architecture, max_steps=1).fit(NUMBERS, LABELS).precision_ == "32-true"

    def test_large_layers_are_cast_where_that_is_fast(self, monkeypatch):
        gan = TableGAN(MLP(width=256, latent_dim=4, n_blocks=1), batch_size=128, max_steps=1, random_state=0)
        assert gan.fit(NUMBERS, LABELS).precision_ == "bf16-mixed"
        assert pickle.loads(pickle.dumps(gan)).precision_ == "bf16-mixed"
        monkeypatch.setattr(ganaug.devices, "_bfloat16_speedup", lambda: 1.0)
        assert gan.fit(NUMBERS, LABELS).precision_ == "32-true"

    def test_an_architecture_without_a_width_counts_as_small(self):
        networks = MLP(width=8, latent_dim=4).build
        for more in ({}, {"width": (256, 256)}):
            architecture = SimpleNamespace(build=networks, latent_dim=4, **more)
            assert TableGAN(architecture, max_steps=1).fit(NUMBERS, LABELS).precision_ == "32-true"

    def test_what_is_asked_for_is_done(self):
        gan = TableGAN(max_steps=1, precision="bf16-mixed").fit(NUMBERS, LABELS)
        assert gan.precision_ == "bf16-mixed"


def test_an_interruption_after_training_keeps_what_was_trained(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ganaug.rows.MarginalMatching.fit", interrupt)
    with pytest.warns(GanaugWarning, match="Interrupted after the training of the networks; the model is usable"):
        gan = tiny_table_gan(min_match_size=2).fit(make_numbers(), make_labels())
    assert gan.was_interrupted_
    assert len(gan.sample(5, random_state=0)[0]) == 5


def test_threads_fit_what_one_alone_fits():
    kinds = [tiny_table_gan, tiny_vector_gan]

    def fit(seed):
        gan = kinds[seed % 2](random_state=seed, max_steps=20)
        return gan.fit(make_numbers(), make_labels()).sample(30, random_state=1)[0]

    alone, before = [fit(seed) for seed in range(4)], torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fit, range(4)))
    np.testing.assert_array_equal(together, alone)
    assert torch.equal(torch.get_rng_state(), before)


def test_threads_draw_what_one_alone_draws_also_during_a_fit():
    gan = tiny_table_gan().fit(make_numbers(), make_labels())
    alone, before = gan.sample(600, random_state=3)[0], torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        for drawn, _ in pool.map(lambda _: gan.sample(600, random_state=3), range(12)):
            np.testing.assert_array_equal(drawn, alone)
    assert torch.equal(torch.get_rng_state(), before)

    def sample_elsewhere(state):
        with ThreadPoolExecutor(1) as pool:
            assert len(pool.submit(gan.sample, 3).result(timeout=60)[0]) == 3

    tiny_table_gan().fit(make_numbers(), make_labels(), callbacks=iter([sample_elsewhere]))


class TestWideTables:
    """Tables of more columns than a small latent space and few steps can tell apart."""

    @staticmethod
    def make(n_columns, n=60):
        return np.random.default_rng(0).normal(size=(n, n_columns)), np.arange(n) % 2

    @pytest.mark.parametrize(("n_columns", "latent_dim", "n_steps"), [(24, 16, 600), (25, 64, 1200)])
    def test_they_get_more_latent_dimensions_and_steps(self, n_columns, latent_dim, n_steps):
        seen = []
        gan = TableGAN(random_state=0)

        def look(state):
            seen.append((state.recipe.latent_dim, state.recipe.max_steps))
            state.should_stop = True

        gan.fit(*self.make(n_columns), callbacks=[look])
        assert seen == [(latent_dim, n_steps)]
        assert gan.architecture == "mlp"

    def test_columns_that_do_not_vary_are_not_counted(self):
        X, y = self.make(24)
        gan = TableGAN(max_steps=1).fit(np.column_stack([X, np.zeros((len(X), 5))]), y)
        assert resolve(gan)["architecture"] == MLP()

    def test_a_fit_of_another_width_is_not_bound_by_an_earlier_one(self):
        gan = TableGAN(max_steps=1, random_state=0)
        for n_columns, latent_dim in ((30, 64), (3, 16), (30, 64)):
            gan.fit(*self.make(n_columns))
            assert resolve(gan)["architecture"].latent_dim == latent_dim
            assert gan.sample(2)[0].shape == (2, n_columns)

    def test_they_are_pickled_saved_and_resumed(self, tmp_path):
        X, y = self.make(30)
        gan = TableGAN(max_steps=4, random_state=0).fit(X, y, callbacks=[Checkpoint(tmp_path / "c", every=2)])
        expected = gan.sample(5)[0]
        gan.save(tmp_path / "model")
        for read in (load(tmp_path / "model"), pickle.loads(pickle.dumps(gan))):
            np.testing.assert_array_equal(read.sample(5)[0], expected)
        resumed = TableGAN(max_steps=4, random_state=1).fit(X, y, resume_from=tmp_path / "c")
        np.testing.assert_array_equal(resumed.sample(5, random_state=0)[0], gan.sample(5, random_state=0)[0])

    def test_sizes_that_are_given_stay(self):
        gan = TableGAN(MLP(width=8, latent_dim=4, n_blocks=1), max_steps=1).fit(*self.make(30))
        assert resolve(gan)["architecture"].latent_dim == 4
