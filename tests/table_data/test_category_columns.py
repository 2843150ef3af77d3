"""Categories: capped, discrete by wish, booleans."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest

from ganaug.blocks import Block
from ganaug.exceptions import GanaugWarning
from ganaug.table_data import TableCodec

RNG = np.random.default_rng(0)
CITIES = pd.DataFrame({"city": [f"c{i}" for i in RNG.zipf(1.6, 4000) % 1000], "x": RNG.normal(size=4000)})


@pytest.fixture(scope="module")
def capped():
    with pytest.warns(GanaugWarning, match=r"more than 10 categories: 'city'\. .* Raise max_categories"):
        return TableCodec.fit(CITIES, max_categories=10)


def test_capped_column_keeps_the_most_frequent_and_folds_the_rest(capped):
    assert capped.capped == ("city",)
    assert capped.blocks == (Block(11), Block(1))
    assert set(capped.columns[0].levels) == set(CITIES["city"].value_counts().index[:10])
    decoded = capped.decode(capped.encode(CITIES))
    kept = CITIES["city"].isin(capped.columns[0].levels)
    assert (decoded["city"][kept] == CITIES["city"][kept]).all()
    assert not decoded["city"][~kept].isin(capped.columns[0].levels).any()


def test_folded_values_are_drawn_in_the_proportions_of_the_training_data(capped):
    drawn = capped.decode(np.tile([10.0, 0.0], (20000, 1)).astype("float32"), seed=3)["city"]
    rest = CITIES["city"][~CITIES["city"].isin(capped.columns[0].levels)]
    difference = (drawn.value_counts(normalize=True) - rest.value_counts(normalize=True)).dropna().abs()
    assert difference.max() < 0.01
    assert set(drawn) <= set(rest)


def test_the_seed_decides_what_is_drawn(capped):
    compact = np.tile([10.0, 0.0], (50, 1)).astype("float32")
    pd.testing.assert_frame_equal(capped.decode(compact, seed=1), capped.decode(compact, seed=1))
    assert not capped.decode(compact, seed=1).equals(capped.decode(compact, seed=2))


def test_capped_codec_survives_json(capped):
    copy = TableCodec.from_dict(json.loads(json.dumps(capped.to_dict())))
    assert copy == capped


def test_unseen_value_joins_the_folded_ones(capped):
    assert capped.encode(pd.DataFrame({"city": ["nowhere"], "x": [0.0]}))[0, 0] == 10
    assert capped.features(pd.DataFrame({"city": ["nowhere"], "x": [0.0]}))[0, 10] == 1


def test_one_warning_names_all_capped_columns():
    names = [str(i) for i in range(100)]
    X = pd.DataFrame({"a": names, "b": names, "c": pd.Categorical(names), "d": ["x", "y"] * 50})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TableCodec.fit(X)
    (warning,) = [w for w in caught if issubclass(w.category, GanaugWarning)]
    assert "'a', 'b', 'c'. Each keeps its 64" in str(warning.message)


def test_capped_column_keeps_its_missing_values():
    X = pd.DataFrame({"id": [None, None, *(f"r{i}" for i in range(98))]})
    with pytest.warns(GanaugWarning):
        codec = TableCodec.fit(X, max_categories=5)
    assert codec.blocks == (Block(7),)
    decoded = codec.decode(codec.encode(X))["id"]
    assert decoded.isna().tolist() == X["id"].isna().tolist()


def test_identifiers_cost_bounded_memory():
    X = pd.DataFrame({"id": [f"row {i}" for i in range(30_000)]})
    with pytest.warns(GanaugWarning):
        codec = TableCodec.fit(X)
    assert len(codec.columns[0].rest) == 10_000
    assert codec.features(X.head(3)).shape == (3, 65)


def test_as_many_categories_as_allowed_are_not_capped():
    assert TableCodec.fit(np.array([["a"], ["b"], ["c"]]), max_categories=3).capped == ()


@pytest.mark.parametrize("given", [["code"], [1], np.array([1])])
def test_discrete_columns_are_categories_although_they_hold_numbers(given):
    X = pd.DataFrame({"x": RNG.normal(size=50), "code": RNG.choice([10, 20, 75, 80], 50)})
    codec = TableCodec.fit(X, discrete_columns=given)
    assert codec.blocks == (Block(1), Block(4))
    pd.testing.assert_frame_equal(codec.decode(codec.encode(X)), X)


@pytest.mark.parametrize(
    "values",
    [
        RNG.choice([0.5, np.nan, 3.25], 60),
        pd.Series(pd.to_datetime(["2020-01-01", None, "2021-06-01"] * 20)),
        pd.Series([1, None, 2**62] * 20, dtype="Int64"),
        pd.Series([1.5, None, 3] * 20, dtype=object),
    ],
    ids=["float", "datetime", "Int64", "object"],
)
def test_discrete_columns_keep_their_dtype_and_missing_values(values):
    X = pd.DataFrame({"x": values})
    codec = TableCodec.fit(X, discrete_columns=["x"])
    assert codec.blocks == (Block(3),)
    copy = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    pd.testing.assert_frame_equal(copy.decode(codec.encode(X)), X)


def test_discrete_columns_of_an_array_are_positions():
    X = np.column_stack([RNG.normal(size=60), RNG.choice([1, 2, 3], 60)])
    assert TableCodec.fit(X, discrete_columns=[1]).blocks == (Block(1), Block(3))


def test_name_goes_before_position():
    X = pd.DataFrame({1: [1, 2, 3] * 9, 0: np.arange(27)})
    assert TableCodec.fit(X, discrete_columns=[1]).blocks == (Block(3), Block(1))


def test_category_dtype_of_another_order_is_read_by_name():
    X = pd.DataFrame({"x": pd.Categorical(["a", "b", None, "c"])})
    codec = TableCodec.fit(X)
    other = pd.DataFrame({"x": X["x"].cat.reorder_categories(["c", "b", "a"])})
    np.testing.assert_array_equal(codec.encode(other), codec.encode(X))
    np.testing.assert_array_equal(codec.encode(X.astype(object)), codec.encode(X))


def test_strings_and_categories_may_stand_for_each_other():
    X = pd.DataFrame({"x": ["a", "b", "c"]})
    np.testing.assert_array_equal(TableCodec.fit(X).encode(X.astype("category"))[:, 0], [0, 1, 2])


def test_indices_from_a_generator_are_rounded_and_clipped():
    codec = TableCodec.fit(pd.DataFrame({"x": ["a", "b", "c"]}))
    assert codec.decode(np.array([[-0.2], [1.4], [7.0]]))["x"].tolist() == ["a", "b", "c"]


@pytest.mark.filterwarnings("ignore::ganaug.exceptions.GanaugWarning")
def test_which_of_equally_frequent_values_are_folded_does_not_depend_on_the_rows_order():
    ids = [f"id{i}" for i in range(300)]
    forward, backward = (TableCodec.fit(pd.DataFrame({"id": order, "x": range(300)})) for order in (ids, ids[::-1]))
    assert forward.columns[0].levels == backward.columns[0].levels
    places = sorted(ids.index(level) for level in forward.columns[0].levels)
    assert places[-1] > 200


def test_a_table_of_very_many_columns_is_read_with_a_warning():
    with pytest.warns(GanaugWarning, match=r"X has 10,001 columns, .* TruncatedSVD"):
        codec = TableCodec.fit(np.zeros((2, 10_001)))
    assert codec.decode(np.empty((1, 0))).shape == (1, 10_001)
