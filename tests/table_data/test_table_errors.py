"""What TableCodec refuses: each message says what was given, what was expected and what to do."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from ganaug.table_data import TableCodec

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({"n": RNG.normal(size=20), "s": ["a", "b"] * 10, "c": pd.Categorical(["x", "y"] * 10)})


@pytest.fixture(scope="module")
def codec():
    return TableCodec.fit(FRAME)


@pytest.mark.parametrize("X", [np.zeros(3), [1.0, 2.0], pd.Series([1.0, 2.0]), np.float64(3)])
def test_one_dimensional_input(X):
    with pytest.raises(ValueError, match=r"Reshape your data|Expected a 2-dimensional container"):
        TableCodec.fit(X)


def test_three_dimensional_input():
    with pytest.raises(ValueError, match="Found array with dim 3"):
        TableCodec.fit(np.zeros((2, 2, 2)))


@pytest.mark.parametrize("X", [np.empty((0, 3)), pd.DataFrame({"a": []})])
def test_no_rows(X):
    with pytest.raises(ValueError, match=r"0 sample\(s\) \(shape=\(0, \d\)\) while a minimum of 1 is required"):
        TableCodec.fit(X)


@pytest.mark.parametrize("X", [np.empty((12, 0)), pd.DataFrame(index=range(12))])
def test_no_columns(X):
    with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required"):
        TableCodec.fit(X)


def test_duplicate_column_names():
    X = pd.DataFrame(np.ones((3, 3)), columns=["a", "b", "a"])
    with pytest.raises(ValueError, match=r"several columns named 'a'; give each column a name of its own"):
        TableCodec.fit(X)


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_infinite_values(infinite):
    X = RNG.normal(size=(5, 2))
    X[3, 1] = infinite
    message = r"Column {} of X holds infinity \(inf\) in 1 of 5 rows, the first in row 4, counted from 1; values must"
    with pytest.raises(ValueError, match=message.format("1")):
        TableCodec.fit(X)
    with pytest.raises(ValueError, match=message.format("'b'")):
        TableCodec.fit(pd.DataFrame(X, columns=["a", "b"]))
    with pytest.raises(ValueError, match=message.format("1")):
        TableCodec.fit(X.astype(object))
    with pytest.raises(ValueError, match=message.format("1")):
        TableCodec.fit(RNG.normal(size=(5, 2))).encode(X)


@pytest.mark.parametrize(
    "X",
    [
        np.ones((3, 1)) * 1j,
        pd.DataFrame({"a": np.ones(3) * 1j}),
        pd.DataFrame({"a": [1j, 2j]}, dtype=object),
    ],
    ids=["array", "frame", "object"],
)
def test_complex_numbers(X):
    with pytest.raises(ValueError, match="Complex data not supported"):
        TableCodec.fit(X)


def test_integers_beyond_the_range_of_floats():
    X = pd.DataFrame({"huge": [10**400, 0.5, *range(9)]}, dtype=object)
    with pytest.raises(ValueError, match=r"'huge' of X holds an integer beyond the range of float64 \(1.8e308\)"):
        TableCodec.fit(X)


@pytest.mark.parametrize("integer", [2**63, -(2**63) - 1, np.uint64(2**63), 2**20_000], ids=["+", "-", "numpy", "huge"])
def test_integers_beyond_the_range_of_int64(integer):
    X = pd.DataFrame({"code": [integer, *range(9)]}, dtype=object)
    with pytest.raises(ValueError, match="'code' of X holds integers beyond the range of int64"):
        TableCodec.fit(X)


def test_masked_cells():
    X = np.ma.masked_array(RNG.normal(size=(9, 2)), mask=np.eye(9, 2))
    with pytest.raises(ValueError, match=r"X is a masked array.*pass X\.astype\(float\)\.filled\(np\.nan\)"):
        TableCodec.fit(X)
    assert TableCodec.fit(X.filled(np.nan)).encode(X.filled(np.nan)).shape == (9, 4)
    TableCodec.fit(np.ma.masked_array(X.data))


def test_sparse_matrix():
    with pytest.raises(TypeError, match=r"dense data is required.*toarray\(\)"):
        TableCodec.fit(scipy.sparse.csr_matrix(np.eye(3)))


def test_sparse_column():
    X = pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])})
    with pytest.raises(TypeError, match=r"Column 'a' of X is sparse, but dense data is required; use X\.sparse"):
        TableCodec.fit(X)


def test_column_of_mixed_types():
    X = pd.DataFrame({"a": [1, "x", 2]}, dtype=object)
    with pytest.raises(
        TypeError, match=r"Column 'a' of X mixes values of types int \(1\), str \('x'\); .*astype\(str\)"
    ):
        TableCodec.fit(X)
    with pytest.raises(TypeError, match=r"Column 0 of X mixes"):
        TableCodec.fit(X.to_numpy())
    with pytest.raises(TypeError, match=r"Column 0 of X mixes values of types bool \(True\), int \(1\)"):
        TableCodec.fit(np.array([[True], [1]], dtype=object))


def test_unhashable_cells():
    X = RNG.normal(size=(5, 2)).astype(object)
    X[1, 0] = {"foo": "bar"}
    with pytest.raises(TypeError, match=r"Column 0 of X holds {'foo': 'bar'} of type dict.*argument must be a string"):
        TableCodec.fit(X)


def test_rows_of_unlike_lengths():
    with pytest.raises(ValueError, match=r"rows of X have from 1 to 2 values; give every row one value"):
        TableCodec.fit([[1, 2], [3]])


def test_wrong_number_of_columns():
    fitted = TableCodec.fit(np.ones((4, 4)) * np.arange(4)[:, None])
    with pytest.raises(ValueError, match="X has 3 features, but TableGAN is expecting 4 features as input"):
        fitted.encode(np.ones((2, 3)))


def test_wrong_number_of_columns_after_training_on_a_frame(codec):
    with pytest.raises(ValueError, match="X has 1 features, but TableGAN is expecting 3 features as input"):
        codec.encode(np.ones((2, 1)))


@pytest.mark.parametrize("method", ["encode", "features"])
def test_missing_and_renamed_columns(codec, method):
    with pytest.raises(ValueError, match=r"feature names should match(.|\n)*yet now missing:\n- s\n"):
        getattr(codec, method)(FRAME.drop(columns="s"))
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- z\n(.|\n)*yet now missing:\n- s\n"):
        getattr(codec, method)(FRAME.rename(columns={"s": "z"}))


def test_reordered_columns(codec):
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        codec.encode(FRAME[["s", "n", "c"]])


def test_many_unexpected_columns_are_cut_short(codec):
    X = pd.DataFrame(np.ones((2, 9)), columns=list("klmopqruv"))
    with pytest.raises(ValueError, match=r"- k\n- l\n- m\n- o\n- p\n- \.\.\.\n"):
        codec.encode(X)


@pytest.mark.parametrize("method", ["encode", "features"])
def test_unseen_category(codec, method):
    X = FRAME.assign(s="aa")
    message = r"Column 's' of X holds the category 'aa', which the training data does not have; it has 'a', 'b'\. Map"
    with pytest.raises(ValueError, match=message):
        getattr(codec, method)(X)


@pytest.mark.parametrize("values", [pd.Categorical(["x", "z"] * 10), ["x", "z"] * 10])
def test_unseen_value_of_a_category_dtype(codec, values):
    with pytest.raises(ValueError, match=r"Column 'c' of X holds the category 'z', .* it has 'x', 'y'\."):
        codec.encode(FRAME.assign(c=values))


def test_category_that_is_known_to_the_dtype_but_not_to_the_data():
    X = pd.DataFrame({"c": pd.Categorical(["x", "y"] * 5, categories=["x", "y", "z"])})
    with pytest.raises(ValueError, match=r"Column 'c' of X holds the category 'z', .* it has 'x', 'y'\."):
        TableCodec.fit(X).encode(pd.DataFrame({"c": pd.Categorical(["z"], categories=["x", "y", "z"])}))


@pytest.mark.parametrize("dtype", [object, "category"])
def test_what_was_not_seen_has_zeros_if_features_shall_ignore_it(dtype):
    X = pd.DataFrame({"s": ["a", "b"] * 10, "n": range(20)}).astype({"s": dtype})
    codec = TableCodec.fit(X)
    given = pd.DataFrame({"s": pd.Series(["b", "z", None], dtype=dtype), "n": [1, 2, None]})
    features = codec.features(given, ignore_unseen=True)
    assert features[:, :2].tolist() == [[0, 1], [0, 0], [0, 0]]
    assert features[2, 2] == 0
    np.testing.assert_array_equal(codec.features(X, ignore_unseen=True), codec.features(X))


def test_unseen_boolean_and_time_are_shown_as_such():
    with pytest.raises(ValueError, match=r"holds the category True, .* it has False"):
        TableCodec.fit(np.array([[False]] * 3)).encode(np.array([[True]]))
    days = pd.DataFrame({"d": pd.to_datetime(["2020-01-01", "2020-01-02"])})
    with pytest.raises(ValueError, match=r"holds the category 2021-01-01T.* it has 2020-01-01T"):
        TableCodec.fit(days, discrete_columns=["d"]).encode(pd.DataFrame({"d": pd.to_datetime(["2021-01-01"])}))


def test_missing_values_where_training_had_none(codec):
    for name in ("n", "s", "c"):
        X = FRAME.copy()
        X.loc[[1, 2], name] = None
        with pytest.raises(ValueError, match=rf"Column '{name}' of X has 2 missing values \(NaN\), but none was"):
            codec.encode(X)


def test_column_of_another_kind(codec):
    with pytest.raises(TypeError, match=r"Column 'n' of X holds strings .*, such as 'a', but held numbers .* float64"):
        codec.encode(FRAME.assign(n="a"))
    with pytest.raises(TypeError, match=r"Column 's' of X holds numbers, such as 3, but held strings"):
        codec.encode(FRAME.assign(s=3))
    with pytest.raises(TypeError, match=r"Column 0 of X holds strings .* but held numbers"):
        TableCodec.fit(np.ones((3, 1))).encode(np.array([["a"]]))


def test_compact_rows_of_another_shape(codec):
    with pytest.raises(ValueError, match=r"compact has shape \(2, 5\); expected \(N, 3\), one entry for each of"):
        codec.decode(np.zeros((2, 5)))


def test_unknown_discrete_column():
    with pytest.raises(ValueError, match=r"discrete_columns names 'nn', .* Did you mean 'n'\?"):
        TableCodec.fit(FRAME, discrete_columns=["nn"])
    with pytest.raises(ValueError, match=r"discrete_columns names 2, .* expected a position from -2 to 1"):
        TableCodec.fit(np.ones((3, 2)), discrete_columns=[2])


def test_discrete_columns_that_are_no_list():
    with pytest.raises(TypeError, match=r"discrete_columns must be a list of column names .* pass \['n'\]"):
        TableCodec.fit(FRAME, discrete_columns="n")


@pytest.mark.parametrize(("given", "error"), [(0, ValueError), (2.5, TypeError), (True, TypeError)])
def test_max_categories_that_is_no_positive_integer(given, error):
    with pytest.raises(error, match="max_categories must be an integer"):
        TableCodec.fit(FRAME, max_categories=given)
