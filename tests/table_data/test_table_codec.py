"""TableCodec: features, reading of other containers, lateness of pandas, speed."""

import json
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from dateutil import tz

from ganaug.table_data import TableCodec
from ganaug.table_data.dtypes import dtype_from_json, dtype_to_json
from ganaug.table_data.scalars import from_json, to_json

RNG = np.random.default_rng(0)


def test_features_are_standardised_numbers_and_one_hot_categories():
    X = pd.DataFrame({"n": [1.0, 2.0, np.nan, 3.0], "c": ["b", None, "a", "a"], "k": [1, 1, 1, 1]})
    features = TableCodec.fit(X).features(X)
    assert features.dtype == np.float32
    step = np.sqrt(1.5)
    expected = [
        [-step, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
        [0, 1, 1, 0, 0],
        [step, 0, 1, 0, 0],
    ]
    np.testing.assert_allclose(features, expected, rtol=1e-6)


def test_features_of_an_array_are_z_scores_whatever_the_blocks():
    X = np.column_stack([RNG.normal(size=300), RNG.lognormal(0, 2, 300), np.where(RNG.random(300) < 0.5, 0, 9.5)])
    np.testing.assert_allclose(TableCodec.fit(X).features(X), (X - X.mean(0)) / X.std(0), atol=1e-4)


@pytest.mark.parametrize("far", [[1e9], [-1e9, 1e300], [99999.0] * 150])
def test_features_tell_values_apart_beside_sentinels(far):
    values = np.concatenate([RNG.normal(size=300), far])
    for X in (values[:, None], np.concatenate([np.arange(3).repeat(100), far])[:, None]):
        codec = TableCodec.fit(X)
        features = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict()))).features(X)[:, 0]
        near = np.argsort(X[:300, 0], kind="stable")
        assert np.unique(features).size > 0.9 * np.unique(X).size
        assert (np.diff(features[near]) >= 0).all()
        assert features[:300].std() > 0.5
        assert np.abs(features).max() < 10


def test_features_of_decoded_rows_equal_those_of_the_rows():
    X = pd.DataFrame({"n": RNG.normal(size=80), "c": pd.Categorical(RNG.choice(["a", "b"], 80))})
    codec = TableCodec.fit(X)
    np.testing.assert_allclose(codec.features(codec.decode(codec.encode(X))), codec.features(X), atol=1e-5)


def test_arrays_are_read_by_position_after_training_on_a_frame():
    X = pd.DataFrame({"a": RNG.normal(size=30), "b": RNG.choice(["x", "y"], 30)})
    codec = TableCodec.fit(X)
    np.testing.assert_array_equal(codec.encode(X.to_numpy()), codec.encode(X))


def test_frames_are_read_by_position_after_training_on_an_array():
    X = RNG.normal(size=(30, 2))
    codec = TableCodec.fit(X)
    np.testing.assert_array_equal(codec.encode(pd.DataFrame(X, columns=["a", "b"])), codec.encode(X))


def test_fit_and_use_leave_the_table_unchanged():
    X = pd.DataFrame({"n": [1.0, np.nan, 3.0], "t": pd.to_datetime(["2020", None, "2021"]), "s": ["a", None, "b"]})
    before = X.copy(deep=True)
    codec = TableCodec.fit(X)
    compact = codec.encode(X)
    kept = compact.copy()
    codec.decode(compact)
    codec.features(X)
    pd.testing.assert_frame_equal(X, before)
    np.testing.assert_array_equal(compact, kept)


def test_decoded_arrays_are_writable_and_own_their_memory():
    X = RNG.normal(size=(5, 2))
    codec = TableCodec.fit(X)
    codec.decode(codec.encode(X))[:] = 0
    assert codec.decode(codec.encode(X)).any()


def test_codec_is_immutable():
    codec = TableCodec.fit(RNG.normal(size=(5, 2)))
    with pytest.raises(AttributeError):
        codec.columns = ()


def test_table_of_constants_has_no_blocks_and_comes_back():
    X = pd.DataFrame({"a": [1, 1, 1], "b": ["x", "x", "x"]})
    codec = TableCodec.fit(X)
    assert codec.blocks == ()
    pd.testing.assert_frame_equal(codec.decode(codec.encode(X)), X)


def test_no_row_decodes_to_an_empty_table_of_the_same_types():
    X = pd.DataFrame({"n": [1, 2, 3], "c": pd.Categorical(["a", "b", "a"]), "s": ["x", "y", None]})
    codec = TableCodec.fit(X)
    decoded = codec.decode(np.empty((0, len(codec.blocks)), np.float32))
    pd.testing.assert_frame_equal(decoded, X.iloc[:0].reset_index(drop=True))


@pytest.mark.parametrize("X", [RNG.normal(size=(9, 2)), np.array([[1, "a"], [2, None]], dtype=object)])
def test_arrays_need_no_pandas(monkeypatch, X):
    monkeypatch.setitem(sys.modules, "pandas", None)
    codec = TableCodec.from_dict(TableCodec.fit(X).to_dict())
    assert codec.decode(codec.encode(X)).shape == X.shape


def test_mixed_table_is_fast_enough_for_large_samples():
    n = 20_000
    numbers = {f"n{i}": RNG.normal(size=n) for i in range(12)}
    words = {f"s{i}": RNG.choice(["a", "b", "c", "d"], n) for i in range(8)}
    X = pd.DataFrame({**numbers, **words})
    codec = TableCodec.fit(X)
    start = time.perf_counter()
    compact = codec.encode(X)
    encoded = time.perf_counter()
    codec.decode(compact)
    decoded = time.perf_counter()
    # Generous, for busy machines: a Python loop over rows would take far longer.
    assert encoded - start < 2
    assert decoded - encoded < 1


@pytest.mark.parametrize("value", [None, 1, 1.5, True, "a", b"\xff", ("a", (1, 2))])
def test_scalars_survive_json(value):
    assert from_json(to_json(value)) == value


def test_numpy_scalars_become_plain():
    assert to_json(np.int8(3)) == 3
    assert to_json(np.str_("a")) == "a"


@pytest.mark.parametrize(
    "dtype",
    [
        pd.ArrowDtype(pa.time32("s")),
        pd.ArrowDtype(pa.time64("us")),
        pd.ArrowDtype(pa.decimal128(10, 2)),
        pd.ArrowDtype(pa.timestamp("ms", "Europe/Berlin")),
        pd.ArrowDtype(pa.duration("s")),
        pd.ArrowDtype(pa.large_string()),
        pd.IntervalDtype("int64", "left"),
        pd.CategoricalDtype(pd.interval_range(0, 3)),
    ],
    ids=str,
)
def test_unusual_dtypes_survive_json(dtype):
    assert dtype_from_json(json.loads(json.dumps(dtype_to_json(dtype)))) == dtype


def test_dtypes_that_json_cannot_hold_are_refused_when_saving():
    zone = tz.gettz("Europe/Berlin")
    X = pd.DataFrame({"x": pd.date_range("2024-01-01", periods=30, tz=zone)})
    with pytest.raises(TypeError, match=r"dtype datetime64.* cannot be saved; .* a time zone to one that has a name"):
        TableCodec.fit(X).to_dict()


def test_intervals_of_integers_come_back():
    X = pd.DataFrame({"x": pd.interval_range(0, 30)})
    codec = TableCodec.fit(X)
    pd.testing.assert_frame_equal(codec.decode(codec.encode(X)), X)


def test_times_of_another_unit_are_read_in_arrays_too():
    days = np.arange("2024-01-01", "2024-03-01", dtype="M8[D]")[:, None]
    codec = TableCodec.fit(days)
    np.testing.assert_array_equal(codec.encode(days.astype("M8[ns]")), codec.encode(days))


def test_objects_that_json_cannot_hold_are_refused_only_when_saving():
    X = pd.DataFrame({"x": [1j.__class__, int, float]}, dtype=object)
    codec = TableCodec.fit(X)
    assert codec.decode(codec.encode(X))["x"].tolist() == X["x"].tolist()
    with pytest.raises(TypeError, match=r"of type type cannot be saved; to save, turn the column into strings"):
        codec.to_dict()


def test_features_of_a_constant_table_are_one_column_of_zeros():
    X = pd.DataFrame({"n": [1.0, 1.0], "c": ["a", "a"], "m": [None, None]})
    for ignore_unseen in (False, True):
        np.testing.assert_array_equal(TableCodec.fit(X).features(X, ignore_unseen=ignore_unseen), [[0], [0]])
