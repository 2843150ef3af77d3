"""Every kind of column comes back as it was, with its dtype and its missing values, and also after JSON."""

import datetime
import decimal
import json

import numpy as np
import pandas as pd
import pyarrow
import pytest

from ganaug.table_data import TableCodec

RNG = np.random.default_rng(0)
N = 120
DAYS = pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 365, N), unit="D")
WORDS = RNG.choice(["red", "green", "blue"], N)
SMALL = RNG.integers(-3, 4, N)
NORMAL = RNG.normal(5, 2, N)
FLAGS = RNG.random(N) < 0.3

COLUMNS = {
    "float64": pd.Series(NORMAL),
    "float32": pd.Series(NORMAL.astype("float32")),
    "float16": pd.Series(NORMAL.astype("float16")),
    "int64": pd.Series(SMALL),
    "int8": pd.Series(SMALL.astype("int8")),
    "uint64": pd.Series(RNG.integers(0, 2**64, N, dtype="uint64") // 2**40 * 2**40),
    "large int64": pd.Series(RNG.integers(-500, 500, N) * 2**54),
    "bool": pd.Series(FLAGS),
    "str": pd.Series(WORDS),
    "string": pd.Series(WORDS, dtype="string"),
    "string python": pd.Series(WORDS, dtype="string[python]"),
    "object str": pd.Series(WORDS, dtype=object),
    "object bool": pd.Series(FLAGS.astype(object)),
    "object int": pd.Series(SMALL.astype(object)),
    "object float": pd.Series(NORMAL.astype(object)),
    "object date": pd.Series([day.date() for day in DAYS[:5]] * (N // 5), dtype=object),
    "object decimal": pd.Series([decimal.Decimal("1.10"), decimal.Decimal("2.5")] * (N // 2), dtype=object),
    "object money": pd.Series([decimal.Decimal(f"{value:.2f}") for value in NORMAL], dtype=object),
    "object time": pd.Series(DAYS.to_pydatetime(), dtype=object),
    "object Timestamp": pd.Series(list(DAYS), dtype=object),
    "object time tz": pd.Series(DAYS[:5].tz_localize("UTC").repeat(N // 5).to_pydatetime(), dtype=object),
    "object tuple": pd.Series([(1, "a"), (2, "b")] * (N // 2), dtype=object),
    "object bytes": pd.Series([b"\xff", b"a"] * (N // 2), dtype=object),
    "category": pd.Series(pd.Categorical(WORDS, categories=["green", "unused", "blue", "red"])),
    "ordered category": pd.Series(pd.Categorical(WORDS, categories=["red", "green", "blue"], ordered=True)),
    "int category": pd.Series(pd.Categorical(SMALL)),
    "interval category": pd.Series(pd.cut(NORMAL, 4)),
    "datetime category": pd.Series(pd.Categorical(DAYS[:4].repeat(N // 4))),
    "Int64": pd.Series(SMALL, dtype="Int64"),
    "UInt8": pd.Series(SMALL + 3, dtype="UInt8"),
    "Float64": pd.Series(NORMAL, dtype="Float64"),
    "Float32": pd.Series(NORMAL, dtype="Float32"),
    "boolean": pd.Series(FLAGS, dtype="boolean"),
    "datetime": pd.Series(DAYS),
    "datetime s": pd.Series(DAYS.astype("datetime64[s]")),
    "datetime tz": pd.Series(DAYS.tz_localize("Europe/Berlin")),
    "timedelta": pd.Series(pd.to_timedelta(SMALL, unit="h")),
    "month": pd.Series(DAYS.to_period("M")),
    "arrow decimal": pd.Series(
        [decimal.Decimal(f"{value:.2f}") for value in NORMAL], dtype=pd.ArrowDtype(pyarrow.decimal128(9, 2))
    ),
    "arrow int": pd.Series(SMALL).astype("int64[pyarrow]"),
    "arrow float": pd.Series(NORMAL).astype("double[pyarrow]"),
    "arrow bool": pd.Series(FLAGS).astype("bool[pyarrow]"),
    "arrow timestamp": pd.Series(DAYS).astype("timestamp[us][pyarrow]"),
    "arrow duration": pd.Series(pd.to_timedelta(SMALL, unit="h")).astype("duration[us][pyarrow]"),
    "arrow timestamp tz": pd.Series(DAYS.tz_localize("UTC")).astype("timestamp[us, tz=UTC][pyarrow]"),
    "arrow string": pd.Series(WORDS).astype(pd.ArrowDtype(pyarrow.string())),
    "arrow date": pd.Series([day.date() for day in DAYS]).astype(pd.ArrowDtype(pyarrow.date32())),
    "constant float": pd.Series(np.full(N, 0.1)),
    "constant str": pd.Series(["same"] * N),
    "constant datetime": pd.Series([DAYS[0]] * N),
}
WITHOUT_MISSING = {"int64", "int8", "uint64", "large int64", "bool"}
ALL_MISSING = {
    "float": pd.Series(np.full(N, np.nan)),
    "object": pd.Series([None] * N, dtype=object),
    "str": pd.Series([None] * N, dtype="str"),
    "Int64": pd.Series([pd.NA] * N, dtype="Int64"),
    "boolean": pd.Series([pd.NA] * N, dtype="boolean"),
    "datetime": pd.Series([pd.NaT] * N, dtype="datetime64[ns]"),
    "category": pd.Series(pd.Categorical([None] * N, categories=["a", "b"])),
    "no categories": pd.Series(pd.Categorical([None] * N)),
}


def reload(codec):
    return TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))


def check_round_trip(X):
    codec = TableCodec.fit(X)
    compact = codec.encode(X)
    assert compact.dtype == np.float32
    assert compact.shape == (len(X), len(codec.blocks))
    for place, block in enumerate(codec.blocks):
        if block.size > 1:
            assert set(compact[:, place]) <= set(range(block.size))
    pd.testing.assert_frame_equal(codec.decode(compact), X, rtol=1e-6, atol=1e-6)
    copy = reload(codec)
    assert copy.blocks == codec.blocks
    np.testing.assert_array_equal(copy.encode(X), compact)
    pd.testing.assert_frame_equal(copy.decode(compact), codec.decode(compact))
    return codec


@pytest.mark.parametrize("name", COLUMNS)
def test_column_comes_back(name):
    codec = check_round_trip(pd.DataFrame({"x": COLUMNS[name]}))
    assert len(codec.blocks) == (not name.startswith("constant"))


@pytest.mark.parametrize("name", sorted(set(COLUMNS) - WITHOUT_MISSING))
def test_column_with_missing_cells_comes_back(name):
    column = COLUMNS[name].copy()
    column[[3, 50, 51]] = None
    codec = check_round_trip(pd.DataFrame({"x": column}))
    assert codec.blocks[0].size >= 2
    assert codec.decode(codec.encode(pd.DataFrame({"x": column})))["x"].isna().sum() == 3


@pytest.mark.parametrize("name", ALL_MISSING)
def test_column_without_any_value_comes_back_and_costs_no_block(name):
    codec = check_round_trip(pd.DataFrame({"x": ALL_MISSING[name], "other": NORMAL}))
    assert len(codec.blocks) == 1


def test_table_of_all_kinds_comes_back_in_order():
    X = pd.DataFrame({name: column for name, column in COLUMNS.items() if "object" not in name})
    codec = check_round_trip(X)
    assert codec.n_features == X.shape[1]
    assert codec.feature_names == tuple(X.columns)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
@pytest.mark.parametrize("present", [("a", "b"), (1, 2), (True, False), (pd.Timestamp(0), pd.Timestamp(1))])
def test_objects_keep_the_kind_of_their_missing_value(present, missing):
    X = pd.DataFrame({"x": pd.Series([present[0], missing, present[1]] * 5, dtype=object)})
    decoded = TableCodec.fit(X).decode(TableCodec.fit(X).encode(X))
    assert [type(cell) for cell in decoded["x"]] == [type(cell) for cell in X["x"]]


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", "uint8", "bool", "object", "datetime64[D]"])
def test_array_comes_back(dtype):
    X = RNG.integers(0, 100, (N, 3)).astype(dtype)
    codec = TableCodec.fit(X)
    decoded = reload(codec).decode(codec.encode(X))
    assert decoded.dtype == X.dtype
    assert codec.feature_names is None
    np.testing.assert_array_equal(decoded, X)


def test_array_of_strings_comes_back():
    X = np.column_stack([WORDS, WORDS[::-1]])
    codec = TableCodec.fit(X)
    decoded = reload(codec).decode(codec.encode(X))
    assert decoded.dtype == X.dtype
    np.testing.assert_array_equal(decoded, X)


def test_array_of_real_numbers_comes_back_closely():
    X = RNG.normal(size=(500, 4)) * [1, 1e-12, 1e12, 1] + [0, 0, 0, 1e6]
    X[3, 0] = np.nan
    codec = TableCodec.fit(X)
    error = np.abs(codec.decode(codec.encode(X)) - X) / np.nanstd(X, axis=0)
    assert np.nanmax(error) < 1e-6
    assert np.isnan(codec.decode(codec.encode(X))[3, 0])


def test_extreme_floats_survive():
    X = np.array([[-1e308], [0.1], [1e308]] * 4)
    codec = TableCodec.fit(X)
    assert np.isfinite(codec.encode(X)).all()
    np.testing.assert_allclose(codec.decode(codec.encode(X))[[0, 2]], X[[0, 2]])


def test_object_array_of_mixed_columns_comes_back():
    X = np.array([[1, "a", None, True], [2, "b", 2.5, False], [3, "a", 3.25, True]] * 5, dtype=object)
    codec = TableCodec.fit(X)
    decoded = reload(codec).decode(codec.encode(X))
    assert decoded.tolist() == X.tolist()


def test_list_of_rows_comes_back_as_an_array():
    rows = [[1, "a"], [2, "b"], [3, "a"]]
    decoded = TableCodec.fit(rows).decode(TableCodec.fit(rows).encode(rows))
    assert decoded.tolist() == rows
    numbers = TableCodec.fit([[1.0, 2], [3, 5]])
    assert numbers.decode(numbers.encode([[1.0, 2], [3, 5]])).dtype == np.float64


@pytest.mark.parametrize(
    "columns",
    [
        pd.RangeIndex(2),
        pd.Index([7, 3], name="code"),
        pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["letter", "digit"]),
        pd.Index([datetime.date(2020, 1, 1), "x"]),
    ],
    ids=["range", "int", "tuples", "multi", "mixed"],
)
def test_column_labels_of_any_kind_come_back(columns):
    X = pd.DataFrame(RNG.integers(0, 9, (N, 2)), columns=columns)
    check_round_trip(X)


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (pd.RangeIndex(5, 5 + N, name="row"), "row"),
        (pd.Index(np.arange(N)[::-1], name="key"), "key"),
        (pd.Index([f"r{i}" for i in range(N)], name="label"), None),
        (DAYS.rename("day"), None),
        (pd.MultiIndex.from_arrays([SMALL, WORDS]), None),
    ],
    ids=["range", "int", "str", "datetime", "multi"],
)
def test_decoded_rows_have_a_fresh_index(index, name):
    X = pd.DataFrame({"x": NORMAL}, index=index)
    codec = reload(TableCodec.fit(X))
    decoded = codec.decode(codec.encode(X))
    pd.testing.assert_index_equal(decoded.index, pd.RangeIndex(N, name=name))


def test_codec_ignores_the_index_of_its_input():
    X = pd.DataFrame({"x": NORMAL, "c": pd.Categorical(WORDS)})
    codec = TableCodec.fit(X)
    np.testing.assert_array_equal(codec.encode(X.set_index(DAYS)), codec.encode(X))
