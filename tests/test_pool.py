import warnings
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from _tables import make_labels, make_mixed, make_numbers, make_unit_vectors, tiny_table_gan, tiny_vector_gan
from _tiny import make_bars, tiny_gan
from sklearn.base import clone

from ganaug.dose import Candidate
from ganaug.exceptions import GanaugWarning, QuotaError, SmallClassWarning
from ganaug.filters import FILTERS, ConfidenceFilter, DiscriminatorFilter, Filter, FittedFilter, NeighbourFilter
from ganaug.pool import SOURCES, Pool, _split, check_shares, concatenate

MIXED, NUMBERS, LABELS = make_mixed(), make_numbers(), make_labels()
HALVES = {"gan": 0.5, "smote": 0.5}


def make_pool(X=NUMBERS, y=LABELS, gan=None, **options):
    return Pool(
        X, np.asarray(y), gan or tiny_table_gan(), **{"k_neighbors": 5, "min_class_size": 5, "seed": 0, **options}
    )


def rows_of(X):
    """Return rows as a set of tuples."""
    return set(map(tuple, np.asarray(X).tolist()))


class TestShares:
    def test_they_are_made_to_sum_to_one_and_zeros_are_dropped(self):
        assert check_shares({"gan": 3, "smote": 1, "duplicate": 0}) == {"gan": 0.75, "smote": 0.25}

    @pytest.mark.parametrize(
        ("shares", "kind", "message"),
        [
            ("gan", TypeError, "sources must map names to shares, such as .*; got 'gan'"),
            ({"smoke": 1}, ValueError, "Unknown source 'smoke'; choose from .*Did you mean 'smote'"),
            ({"gan": -1}, ValueError, r"sources\['gan'\] must be a number from 0"),
            ({"gan": "all"}, TypeError, r"sources\['gan'\] must be a number, got 'all'"),
            ({"gan": 0, "smote": 0.0}, ValueError, "give at least one of them a positive share"),
            ({}, ValueError, "give at least one of them a positive share"),
        ],
    )
    def test_what_is_no_share_is_refused(self, shares, kind, message):
        with pytest.raises(kind, match=message):
            check_shares(shares)

    @pytest.mark.parametrize("n", [0, 1, 2, 7, 100])
    @pytest.mark.parametrize(
        "shares", [{"gan": 1.0}, HALVES, dict.fromkeys(SOURCES, 1 / 3), {"smote": 0.1, "gan": 0.9}]
    )
    def test_a_class_is_split_by_largest_remainder(self, n, shares):
        parts = _split(n, shares)
        assert sum(parts.values()) == n
        assert all(abs(parts[source] - n * shares.get(source, 0)) < 1 for source in SOURCES)


class TestDraw:
    def test_each_class_gets_its_rows_from_its_sources(self):
        drawn = make_pool().draw({"rare": 10, "common": 3}, dict.fromkeys(SOURCES, 1 / 3))
        assert Counter(zip(drawn.y, drawn.source, strict=True)) == {
            ("rare", "gan"): 4,
            ("rare", "smote"): 3,
            ("rare", "duplicate"): 3,
            ("common", "gan"): 1,
            ("common", "smote"): 1,
            ("common", "duplicate"): 1,
        }
        assert drawn.X.shape == (13, 4)
        assert drawn.y.tolist() == ["rare"] * 10 + ["common"] * 3

    def test_nothing_wanted_is_nothing_drawn_and_nothing_trained(self):
        pool = make_pool(MIXED)
        drawn = pool.draw({"rare": 0}, HALVES)
        assert (len(drawn.X), len(drawn.y), len(drawn.source)) == (0, 0, 0)
        assert drawn.X.columns.equals(MIXED.columns)
        assert "gan" not in vars(pool)

    def test_a_source_without_a_share_is_not_fitted(self):
        pool = make_pool()
        pool.draw({"rare": 5}, {"smote": 1.0})
        assert "gan" not in vars(pool)

    @pytest.mark.parametrize("X", [NUMBERS, MIXED], ids=["array", "frame"])
    def test_duplicates_are_rows_of_the_class(self, X):
        drawn = make_pool(X).draw({"rare": 30}, {"duplicate": 1.0})
        wanted = rows_of(pd.DataFrame(X)[LABELS == "rare"].astype(str))
        assert rows_of(pd.DataFrame(drawn.X).astype(str)) <= wanted

    def test_numbers_of_smote_lie_between_neighbours_of_the_class(self):
        line = np.arange(60.0)[:, None] * [1.0, 2.0]
        drawn = make_pool(line).draw({"rare": 40}, {"smote": 1.0})
        np.testing.assert_allclose(drawn.X[:, 1], 2 * drawn.X[:, 0], atol=1.1)  # values are rounded as the data is
        assert drawn.X[:, 0].min() >= 48
        assert drawn.X[:, 0].max() <= 59
        assert len(np.unique(drawn.X[:, 0])) > 5

    def test_smote_reaches_to_the_nearest_neighbours_alone(self):
        X = np.random.default_rng(0).normal(size=(60, 2))
        X[48:54] += 100
        X[54:] -= 100
        drawn = make_pool(X, k_neighbors=3).draw({"rare": 50}, {"smote": 1.0})
        assert (np.abs(drawn.X[:, 0]) > 90).all()

    @pytest.mark.parametrize("source", SOURCES)
    def test_rows_repeat_with_the_seed_alone(self, source):
        drawn = [make_pool(seed=seed).draw({"rare": 20}, {source: 1.0}).X for seed in (1, 1, 2)]
        np.testing.assert_array_equal(drawn[0], drawn[1])
        assert not np.array_equal(drawn[0], drawn[2])

    @pytest.mark.parametrize("source", SOURCES)
    def test_a_pool_drawn_from_twice_gives_the_same(self, source):
        pool = make_pool()
        first, second = (pool.draw({"rare": 20}, {source: 1.0}) for _ in range(2))
        np.testing.assert_array_equal(first.X, second.X)

    @pytest.mark.parametrize("y", [LABELS, LABELS == "rare", (LABELS == "rare") * 2, LABELS.astype(object)])
    def test_labels_keep_their_dtype(self, y):
        drawn = make_pool(y=y).draw({y[-1]: 4}, dict.fromkeys(SOURCES, 1 / 3))
        assert drawn.y.dtype == y.dtype
        assert (drawn.y == y[-1]).all()

    def test_the_users_gan_stays_as_it_was(self):
        gan = tiny_table_gan(random_state=None)
        pool = make_pool(gan=gan)
        pool.draw({"rare": 2}, {"gan": 1.0})
        assert gan.random_state is None
        assert not hasattr(gan, "networks_")
        assert pool.gan.get_params() == clone(gan).set_params(random_state=0).get_params()


class TestTypes:
    FRAMES: ClassVar[dict] = {
        "mixed": MIXED,
        "numbers": MIXED[["float", "integer"]],
        "categories": MIXED[["category", "string", "text", "boolean"]],
        "times": MIXED[["datetime", "duration"]],
        "constant": pd.DataFrame({"one": np.ones(60, int), "word": ["same"] * 60}),
    }

    @pytest.mark.parametrize("source", SOURCES)
    @pytest.mark.parametrize("X", FRAMES.values(), ids=FRAMES)
    def test_frames_of_any_columns_keep_their_types(self, source, X):
        drawn = make_pool(X).draw({"rare": 15}, {source: 1.0})
        assert drawn.X.columns.equals(X.columns)
        assert drawn.X.dtypes.equals(X.dtypes)
        assert len(drawn.X) == 15
        for name in X.select_dtypes(["number", "datetime"]):
            assert drawn.X[name].dropna().between(X[name].min(), X[name].max()).all(), name

    @pytest.mark.parametrize("source", SOURCES)
    @pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool", "object"])
    def test_arrays_keep_their_dtype(self, source, dtype):
        X = np.abs(NUMBERS).astype(dtype)
        drawn = make_pool(X).draw({"rare": 6}, {source: 1.0})
        assert (drawn.X.dtype, drawn.X.shape) == (X.dtype, (6, 4))

    @pytest.mark.parametrize("source", SOURCES)
    def test_booleans_beside_vectors_stay_as_rare_as_they_are(self, source):
        rng = np.random.default_rng(0)
        X = pd.DataFrame({"number": rng.normal(size=200), "flag": rng.random(200) < 0.1})
        labels = np.array(["common", "rare"] * 100)
        gan = tiny_vector_gan(max_steps=100)
        frame = make_pool(X, labels, gan).draw({"rare": 200}, {source: 1.0}).X
        array = make_pool(X[["flag"]].to_numpy(), labels, gan).draw({"rare": 200}, {source: 1.0}).X
        assert frame["flag"].dtype == array.dtype == bool
        assert frame["flag"].mean() < 0.3
        assert array.mean() < 0.3

    def test_columns_that_the_gan_takes_for_categories_are_such_to_smote(self):
        X = pd.DataFrame({"code": np.array([10, 20, 70, 75] * 15), "x": np.arange(60.0)})
        gan = tiny_table_gan(discrete_columns=["code"])
        drawn = make_pool(X, gan=gan).draw({"rare": 60}, {"smote": 1.0})
        assert set(drawn.X["code"]) <= {10, 20, 70, 75}

    @pytest.mark.parametrize("others", [[], ["x"]], ids=["categories alone", "beside numbers"])
    def test_categories_of_smote_are_those_of_neighbours_and_none_between(self, others):
        kind = np.where(LABELS == "rare", np.where(np.arange(60) % 2, "a", "c"), "b")
        X = pd.DataFrame({"kind": kind, "other": ["u", "v", "w"] * 20, "x": NUMBERS[:, 0]})
        drawn = make_pool(X[["kind", "other", *others]]).draw({"rare": 100}, {"smote": 1.0})
        assert set(drawn.X["kind"]) <= {"a", "c"}

    @pytest.mark.parametrize("source", SOURCES)
    def test_unit_vectors_stay_on_the_sphere(self, source):
        X = make_unit_vectors()
        drawn = make_pool(X, gan=tiny_vector_gan()).draw({"rare": 20}, {source: 1.0})
        np.testing.assert_allclose(np.linalg.norm(drawn.X, axis=1), 1, atol=1e-6)
        assert drawn.X.dtype == X.dtype

    @pytest.mark.parametrize("source", SOURCES)
    def test_whole_vectors_stay_whole(self, source):
        X = (NUMBERS * 3).astype("int32")
        frame = pd.DataFrame(X, columns=list("abcd")).astype({"a": "float64"})
        from_array = make_pool(X, gan=tiny_vector_gan()).draw({"rare": 20}, {source: 1.0}).X
        from_frame = make_pool(frame, gan=tiny_vector_gan()).draw({"rare": 20}, {source: 1.0}).X
        assert from_array.dtype == X.dtype
        assert from_frame.dtypes.equals(frame.dtypes)

    @pytest.mark.parametrize("source", SOURCES)
    @pytest.mark.parametrize("channels", [0, 3])
    @pytest.mark.parametrize("dtype", ["uint8", "float32"])
    def test_images(self, source, channels, dtype):
        X, y = make_bars(30, channels=channels)
        X = X if dtype == "uint8" else (X / 255).astype(dtype)
        drawn = make_pool(X, y, gan=tiny_gan()).draw({1: 6}, {source: 1.0})
        assert (drawn.X.shape, drawn.X.dtype) == ((6, *X.shape[1:]), X.dtype)
        assert drawn.X.min() >= 0
        assert drawn.X.max() <= (255 if dtype == "uint8" else 1)

    def test_pixels_of_smote_are_between_those_of_two_images(self):
        X, y = make_bars(30)
        drawn = make_pool(X, y, gan=tiny_gan()).draw({1: 20}, {"smote": 1.0})
        dark, bright = drawn.X[..., :4], drawn.X[:, 2:-2, 4:]
        assert dark.max() < 40
        assert bright.min() >= 150


class TestSmallClasses:
    def test_many_are_counted_where_not_all_are_named(self):
        y = np.repeat(np.arange(13), [36, *[2] * 12])
        with pytest.warns(SmallClassWarning, match="and 2 more"):
            drawn = make_pool(y=y).draw(dict.fromkeys(range(1, 13), 3), {"gan": 1.0})
        assert drawn.fallback.endswith("and 2 more")

    Y = np.array(["a"] * 40 + ["b"] * 16 + ["c"] * 3 + ["d"])

    def test_they_fall_back_and_say_to_what(self):
        message = (
            r"2 of 4 classes are too small: a GAN needs min_class_size=5 rows, and SMOTE 2\..*"
            r"'c' \(3 rows\): 6 by smote, 'd' \(1 row\): 6 by duplicate"
        )
        with pytest.warns(SmallClassWarning, match=message):
            drawn = make_pool(y=self.Y).draw({"b": 6, "c": 6, "d": 6}, {"gan": 1.0})
        assert Counter(zip(drawn.y, drawn.source, strict=True)) == {
            ("b", "gan"): 6,
            ("c", "smote"): 6,
            ("d", "duplicate"): 6,
        }

    def test_a_single_row_has_no_neighbour_for_smote_either(self):
        with pytest.warns(SmallClassWarning, match=r"1 of 4 classes .*'d' \(1 row\): 4 by duplicate"):
            drawn = make_pool(y=self.Y).draw({"c": 4, "d": 4}, {"smote": 1.0})
        assert drawn.source.tolist() == ["smote"] * 4 + ["duplicate"] * 4
        assert rows_of(drawn.X[4:]) == rows_of(NUMBERS[-1:])

    def test_shares_of_a_single_row_are_told_together(self):
        with pytest.warns(SmallClassWarning, match=r"'d' \(1 row\): 4 by duplicate"):
            drawn = make_pool(y=self.Y).draw({"d": 4}, HALVES)
        assert drawn.source.tolist() == ["duplicate"] * 4

    def test_duplication_needs_no_fallback(self):
        assert make_pool(y=self.Y).draw({"c": 2, "d": 2}, {"duplicate": 1.0}).source.tolist() == ["duplicate"] * 4

    def test_the_floor_is_a_parameter_and_the_gan_warns_of_those_above_it(self):
        with pytest.warns(SmallClassWarning, match=r"'c' \(3\), 'd' \(1\). Their generators may copy"):
            drawn = make_pool(y=self.Y, gan=tiny_table_gan(min_class_size=5), min_class_size=1).draw(
                {"c": 2, "d": 2}, {"gan": 1.0}
            )
        assert drawn.source.tolist() == ["gan"] * 4

    def test_inner_folds_lack_rows_without_a_word(self):
        pool = make_pool(y=self.Y, gan=tiny_table_gan(min_class_size=5), min_class_size=1)
        pool.warns = False
        pool.draw({"c": 2, "d": 2}, HALVES)

    def test_neighbours_are_as_many_as_there_are(self):
        drawn = make_pool(y=self.Y, k_neighbors=50).draw({"b": 5}, {"smote": 1.0})
        assert len(drawn.X) == 5


class TestColumns:
    X = pd.DataFrame({"x": NUMBERS[:, 0], "code": [f"code {place}" for place in range(len(NUMBERS))]})

    @pytest.mark.parametrize("shares", [{"gan": 1.0}, {"smote": 1.0}, HALVES, {"smote": 0.5, "duplicate": 0.5}])
    def test_those_with_too_many_categories_are_told_once(self, shares):
        pool = make_pool(self.X, gan=tiny_table_gan(max_categories=50))
        with pytest.warns(GanaugWarning, match="These columns have more than 50 categories: 'code'"):
            pool.draw({"rare": 4}, shares)
        pool.draw({"rare": 4}, shares)

    def test_copies_fold_nothing(self):
        make_pool(self.X, gan=tiny_table_gan(max_categories=50)).draw({"rare": 4}, {"duplicate": 1.0})


@dataclass(frozen=True)
class KeepNothing(Filter):
    def fit(self, X, y, gan=None):
        return KeptNothing()


class KeptNothing(FittedFilter):
    def keep(self, X, y):
        return np.zeros(len(X), bool)


class TestFilters:
    RECIPES: ClassVar[dict] = {
        **FILTERS,
        "confidence object": ConfidenceFilter(keep_fraction=0.9),
        "neighbour object": NeighbourFilter(k=12, copy_ratio=None),
        "discriminator object": DiscriminatorFilter(keep_fraction=0.8, n_burn_in=16),
    }

    @pytest.mark.parametrize("X", [NUMBERS, MIXED], ids=["array", "frame"])
    @pytest.mark.parametrize("name", RECIPES)
    def test_every_filter_serves_tables(self, X, name):
        if name.startswith("neighbour"):  # An untrained GAN may not reach the manifold of mixed columns.
            X = NUMBERS[:, :1] if X is NUMBERS else MIXED[["float"]]
        drawn = make_pool(X).draw({"rare": 8}, HALVES, self.RECIPES[name])
        assert drawn.source.tolist() == ["gan"] * 4 + ["smote"] * 4
        assert pd.DataFrame(drawn.X).dtypes.equals(pd.DataFrame(X).dtypes)

    @pytest.mark.parametrize("filter", FILTERS.values(), ids=FILTERS)
    def test_every_filter_serves_vectors(self, filter):
        drawn = make_pool(NUMBERS[:, :1], gan=tiny_vector_gan()).draw({"rare": 2}, {"gan": 1.0}, filter)
        assert drawn.X.shape == (2, 1)

    @pytest.mark.parametrize("name", ["confidence", "discriminator"])  # Hardly trained, all are far from real images.
    def test_filters_serve_images(self, name):
        X, y = make_bars(30)
        assert make_pool(X, y, tiny_gan()).draw({1: 2}, {"gan": 1.0}, FILTERS[name]).X.shape == (2, 8, 8)

    def test_what_passes_is_what_the_classifier_recognises(self):
        X = np.where(LABELS == "rare", 0.5, -0.5)[:, None] + np.random.default_rng(0).normal(size=(60, 1))
        loose = make_pool(X).draw({"rare": 40}, {"gan": 1.0})
        strict = make_pool(X).draw({"rare": 40}, {"gan": 1.0}, ConfidenceFilter(min_probability=0.5))
        assert strict.X.mean() > loose.X.mean()

    def test_the_rows_are_exactly_as_many_as_wanted(self):
        for n in (1, 7, 33):
            drawn = make_pool().draw({"rare": n, "common": n}, {"gan": 1.0}, ConfidenceFilter(keep_fraction=0.3))
            assert Counter(drawn.y) == {"rare": n, "common": n}

    def test_smote_and_duplicates_are_not_filtered(self):
        drawn = make_pool().draw({"rare": 4}, {"smote": 0.5, "duplicate": 0.5}, KeepNothing())
        assert len(drawn.X) == 4

    def test_a_quota_that_cannot_be_met_says_so(self):
        message = r"Only 0 of 5 rows of 'rare' passed KeepNothing\(\) in \d+ draws; choose a filter that keeps more"
        with pytest.raises(QuotaError, match=message):
            make_pool().draw({"rare": 5}, {"gan": 1.0}, KeepNothing())

    def test_a_filter_is_fitted_once_for_each_recipe(self):
        fits = []

        @dataclass(frozen=True)
        class Counting(Filter):
            k: int = 0

            def fit(self, X, y, gan=None):
                fits.append(self.k)
                return FILTERS["confidence"].fit(X, y)

        pool = make_pool()
        for k in (0, 0, 1, 0):
            pool.draw({"rare": 2, "common": 2}, {"gan": 1.0}, Counting(k))
        assert fits == [0, 1]

    def test_a_filter_need_be_no_dataclass_and_not_hashable(self):
        @dataclass
        class Unhashable(Filter):
            features: None = None

            def fit(self, X, y, gan=None):
                return FILTERS["confidence"].fit(X, y)

        class Plain(Filter):
            features = None
            fit = Unhashable.fit

        for recipe in (Unhashable(), Plain()):
            assert len(Candidate(1.0, filter=recipe).draw(make_pool(), {"rare": 2}).y) == 2

    def test_classes_that_are_not_drawn_from_the_gan_raise_no_doubts(self):
        y = np.array(["a"] * 40 + ["b"] * 19 + ["d"])
        with warnings.catch_warnings():
            warnings.simplefilter("error", SmallClassWarning)
            make_pool(NUMBERS[:, :1], y).draw({"b": 1}, {"gan": 1.0}, NeighbourFilter(k=18, copy_ratio=None))


def test_frames_are_joined_and_numbered_anew():
    joined = concatenate([MIXED[5:7], MIXED[:1]])
    assert joined.index.tolist() == [0, 1, 2]
    assert joined.dtypes.equals(MIXED.dtypes)
