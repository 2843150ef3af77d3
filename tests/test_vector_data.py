import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from _tables import make_unit_vectors

from ganaug.blocks import Block
from ganaug.vector_data import VectorCodec, check_vectors

X = np.random.default_rng(0).normal(3, [1, 5, 0.2], size=(50, 3))


@pytest.mark.parametrize("unit_norm", [False, True])
def test_decode_undoes_encode(unit_norm):
    vectors = make_unit_vectors(dtype="float64") if unit_norm else X
    codec = VectorCodec.fit(vectors, unit_norm)
    np.testing.assert_allclose(codec.decode(codec.encode(vectors)), vectors, atol=1e-5)


def test_rows_are_centred_and_of_unit_mean_square():
    rows = VectorCodec.fit(X, False).encode(X)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.mean(0), 0, atol=1e-5)
    assert np.square(rows).mean() == pytest.approx(1, abs=1e-5)


def test_one_scale_keeps_the_ratios_of_distances():
    codec = VectorCodec.fit(X, False)
    rows = codec.encode(X)
    before, after = (np.linalg.norm(a[1:] - a[:1], axis=1) for a in (X, rows))
    np.testing.assert_allclose(before / after, codec.scale, rtol=1e-4)


def test_decoded_vectors_stay_in_the_seen_range():
    decoded = VectorCodec.fit(X, False).decode(np.full((2, 3), 100.0) * [[1], [-1]])
    np.testing.assert_array_equal(decoded, [X.max(0), X.min(0)])


def test_unit_norm_puts_anything_onto_the_sphere():
    codec = VectorCodec.fit(X, unit_norm=True)
    decoded = codec.decode(np.random.default_rng(1).normal(size=(20, 3)) * 7)
    np.testing.assert_allclose(np.linalg.norm(decoded, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(codec.encode(X), codec.encode(X * 5), atol=1e-6)  # lengths say nothing


@pytest.mark.parametrize(
    ("given", "returned"),
    [("float64", "float64"), ("float32", "float32"), ("float16", "float16"), ("int64", "float64")],
)
def test_floats_keep_their_dtype(given, returned):
    vectors = (X * 10).astype(given)
    codec = VectorCodec.fit(vectors, False)
    decoded = codec.decode(codec.encode(vectors))
    assert decoded.dtype == returned
    assert (decoded >= vectors.min(0)).all()
    assert (decoded <= vectors.max(0)).all()
    assert VectorCodec.fit(pd.DataFrame(vectors), False).dtype == returned


@pytest.mark.parametrize(
    ("dtype", "returned"),
    [(torch.float32, "float32"), (torch.float16, "float16"), (torch.bfloat16, "float32"), (torch.int64, "float64")],
)
def test_tensors_are_read(dtype, returned):
    tensor = torch.from_numpy(X).to(dtype)
    codec = VectorCodec.fit(tensor, False)
    assert codec.dtype == returned
    standardised = (tensor.double().numpy() - codec.mean) / codec.scale
    np.testing.assert_allclose(codec.features(tensor), standardised, rtol=1e-6, atol=1e-6)


def test_tensors_that_learn_are_read():
    np.testing.assert_array_equal(check_vectors(torch.from_numpy(X).requires_grad_()), X)


def test_frames_come_back_with_their_columns():
    frame = pd.DataFrame(X.astype("float32"), columns=["a", "b", "c"])
    codec = VectorCodec.fit(frame, False)
    decoded = codec.decode(codec.encode(frame))
    pd.testing.assert_frame_equal(decoded, frame, atol=1e-5)


def test_constant_vectors_are_not_divided_by_zero():
    codec = VectorCodec.fit(np.ones((5, 2)), False)
    assert not codec.encode(np.ones((5, 2))).any()
    assert codec.decode(np.zeros((1, 2))).tolist() == [[1, 1]]


def test_each_dimension_is_one_number():
    codec = VectorCodec.fit(X, False)
    assert (codec.blocks, codec.n_features) == ((Block(1),) * 3, 3)


@pytest.mark.parametrize("vectors", [X, pd.DataFrame(X, columns=["a", 1, 2.5])], ids=["array", "frame"])
def test_the_codec_survives_json(vectors):
    codec = VectorCodec.fit(vectors, False)
    read = VectorCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    rows = codec.encode(X)
    np.testing.assert_array_equal(read.encode(X), rows)
    np.testing.assert_array_equal(read.decode(rows), codec.decode(rows))
    assert (read.unit_norm, read.dtype, read.columns) == (codec.unit_norm, codec.dtype, codec.columns)


@pytest.mark.parametrize(
    "columns",
    [
        pd.DatetimeIndex(["2024-01-01", "2024-01-02"], name="day"),
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["part", "place"]),
        pd.RangeIndex(2, name="dimension"),
        pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    ],
    ids=["dates", "levels", "range", "tuples"],
)
def test_frames_keep_the_index_of_their_columns(columns):
    codec = VectorCodec.fit(pd.DataFrame(X[:, :2], columns=columns), False)
    read = VectorCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    for own in (codec, read):
        pd.testing.assert_index_equal(own.decode(own.encode(X[:, :2])).columns, columns, exact="equiv")


def test_labels_that_json_cannot_hold_are_named():
    codec = VectorCodec.fit(pd.DataFrame(X[:, :1], columns=[frozenset("a")]), False)
    with pytest.raises(TypeError, match=r"frozenset.*cannot be saved"):
        codec.to_dict()


class TestErrors:
    @pytest.mark.parametrize(
        ("vectors", "message"),
        [
            (X[0], "Expected 2D array, got 1D"),
            (X[None], "dim 3"),
            (X[:0], "0 sample"),
            (X[:, :0], "0 feature"),
            (np.where(X > 9, np.inf, X), r"infinity \(inf\), first in row \d+, column \d"),
            (np.where(X > 9, np.nan, X), "contains NaN"),
            (X.astype(complex), "Complex data not supported"),
            ([["a", "b"]], "could not convert string"),
        ],
        ids=["1-D", "3-D", "no rows", "no columns", "infinite", "missing", "complex", "strings"],
    )
    def test_what_is_no_vector_is_refused_in_scikit_learns_words(self, vectors, message):
        with pytest.raises(ValueError, match=message):
            VectorCodec.fit(vectors, False)

    def test_sparse_vectors_are_refused(self):
        from scipy import sparse

        with pytest.raises(TypeError, match="Sparse data was passed for X, but dense data is required"):
            check_vectors(sparse.csr_matrix(X))

    def test_a_zero_vector_has_no_direction(self):
        vectors = X.copy()
        vectors[7] = 0
        message = "Row 7 of X is zero and has no direction; leave it out, or set unit_norm=False"
        with pytest.raises(ValueError, match=message):
            VectorCodec.fit(vectors, unit_norm=True)
        with pytest.raises(ValueError, match=message):
            VectorCodec.fit(X, unit_norm=True).encode(vectors)

    def test_vectors_of_another_length(self):
        with pytest.raises(ValueError, match="X has 2 features, but VectorGAN is expecting 3 features"):
            VectorCodec.fit(X, False).encode(X[:, :2])

    def test_two_columns_of_one_name(self):
        with pytest.raises(ValueError, match=r"several columns named 'a'; give each column a name of its own"):
            VectorCodec.fit(pd.DataFrame(X, columns=["a", "b", "a"]), False)


@pytest.mark.parametrize("factor", [1e-165, 1e-30, 1e30, 1e160])
def test_numbers_of_any_scale_are_standardised(factor):
    vectors = np.random.default_rng(0).normal(size=(50, 3))
    codec = VectorCodec.fit(vectors * factor, False)
    np.testing.assert_allclose(
        codec.encode(vectors * factor), VectorCodec.fit(vectors, False).encode(vectors), rtol=1e-5
    )
    np.testing.assert_allclose(codec.decode(codec.encode(vectors * factor)), vectors * factor, rtol=1e-5)


@pytest.mark.parametrize("factor", [1e-165, 1e200])
def test_vectors_of_any_length_have_a_direction(factor):
    vectors = np.random.default_rng(0).normal(size=(50, 3))
    codec = VectorCodec.fit(vectors * factor, True)
    decoded = codec.decode(codec.encode(vectors * factor))
    np.testing.assert_allclose(decoded, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), rtol=1e-5)


def test_features_tell_vectors_apart_far_from_the_origin():
    vectors = 1e9 + np.random.default_rng(0).normal(size=(400, 3))
    assert len(np.unique(VectorCodec.fit(vectors, False).features(vectors), axis=0)) == 400


def test_columns_of_categories_are_refused():
    X = pd.DataFrame({"a": pd.Categorical([0, 1, 2]), "b": [0.5, 1.0, 2.0]})
    with pytest.raises(TypeError, match=r"Column 'a' of X holds categories.*use TableGAN"):
        VectorCodec.fit(X, False)


@pytest.mark.parametrize("columns", [["a"], ["a", "b"]])
def test_columns_of_times_are_refused(columns):
    X = pd.DataFrame({"a": pd.date_range("2024", periods=3), "b": [0.5, 1.0, 2.0]})[columns]
    with pytest.raises(TypeError, match=r"Column 'a' of X holds times.*use TableGAN"):
        check_vectors(X)


@pytest.mark.parametrize("dtype", ["str", "string", object])
def test_columns_of_texts_are_refused(dtype):
    X = pd.DataFrame({"a": pd.Series(["u", "v"], dtype=dtype), "b": [0.5, 1.0]})
    with pytest.raises(TypeError, match=r"Column 'a' of X holds texts.*use TableGAN"):
        check_vectors(X)


def test_repeated_columns_are_refused():
    with pytest.raises(ValueError, match="X has several columns named 'a'"):
        check_vectors(pd.DataFrame(np.ones((3, 2)), columns=["a", "a"]))


def test_tables_of_other_libraries_are_read_as_arrays():
    table = pa.table({"a": X[:, 0], "b": X[:, 1]})
    np.testing.assert_allclose(check_vectors(table), X[:, :2])
    assert VectorCodec.fit(table, False).columns is None
