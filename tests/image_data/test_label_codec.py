"""Labels: cleaned, numbered, written as JSON."""

import datetime
import enum
import json

import numpy as np
import pandas as pd
import pytest
import torch

from ganaug.image_data import LabelCodec
from ganaug.image_data.labels import clean_labels

LABELS = {
    "int": [3, 1, 3, 2],
    "str": ["b", "a", "b", "c"],
    "float": [0.5, 1.5, 0.5, 2.5],
    "bool": [True, False, True, False],
    "tuple": [("a", 1), ("b", (2, 3)), ("a", 1), ("c", 0)],
    "bytes": [b"x", b"y", b"x", b"z\xff"],
    "mixed": [1, "a", 1, ("b", 2)],
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_decode_undoes_encode(labels):
    codec = LabelCodec(labels)
    indices = codec.encode(labels)
    assert indices.dtype == np.int64
    assert codec.decode(indices).tolist() == labels


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_json_round_trip_keeps_classes_types_and_dtype(labels):
    codec = LabelCodec(labels)
    copy = LabelCodec.from_list(json.loads(json.dumps(codec.to_list())))
    assert copy == codec
    assert [type(label) for label in copy.classes] == [type(label) for label in codec.classes]


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "str", "object", "bool", "float32", "S1"])
def test_decode_returns_the_dtype_of_the_array_given(dtype):
    y = np.array([1, 0, 1]).astype(dtype)
    codec = LabelCodec(y)
    decoded = LabelCodec.from_list(codec.to_list()).decode(codec.encode(y))
    assert decoded.dtype.type == y.dtype.type
    np.testing.assert_array_equal(decoded, y)


@pytest.mark.parametrize(
    ("labels", "kind"), [([1], "i"), ([1.5], "f"), (["a"], "U"), ([True], "b"), ([(1,)], "O"), ([2**70], "O")]
)
def test_decode_finds_a_dtype_for_lists(labels, kind):
    assert LabelCodec(labels).decode([0]).dtype.kind == kind


def test_classes_are_sorted_if_comparable_and_in_order_seen_otherwise():
    assert LabelCodec([3, 1, 2]).classes == (1, 2, 3)
    assert LabelCodec(["b", 1, "a"]).classes == ("b", 1, "a")


@pytest.mark.parametrize(
    "y", [np.array([3, 5]), torch.tensor([3, 5]), pd.Series([3, 5]), [np.int64(3), np.int8(5)], (3, 5)]
)
def test_scalars_of_all_kinds_are_the_same_label(y):
    labels, _ = clean_labels(y)
    assert labels == [3, 5]
    assert {type(label) for label in labels} == {int}
    assert LabelCodec([3, 5]).encode(y).tolist() == [0, 1]


def test_list_of_scalar_tensors_is_cleaned():
    assert clean_labels([torch.tensor(3), torch.tensor(5)])[0] == [3, 5]


def test_pandas_strings_stay_strings():
    assert clean_labels(pd.Series(["a", "b"]))[0] == ["a", "b"]


@pytest.mark.parametrize(
    ("y", "remedy"),
    [
        ({"cat": 500, "dog": 3}, r"np.repeat\(list\(counts\), list\(counts.values\(\)\)\) for counts by label"),
        ({"cat", "dog"}, "a list"),
        (frozenset({"cat", "dog"}), "a list"),
    ],
)
def test_what_holds_each_label_once_is_no_list_of_labels(y, remedy):
    with pytest.raises(TypeError, match=f"one label for each sample, got a {type(y).__name__} of 2; pass {remedy}."):
        LabelCodec(["cat", "dog"]).encode(y)


def test_unseen_label_names_the_known_ones_and_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown label 'cart'; .* has 'cat', 'dog'. Did you mean 'cat'\?"):
        LabelCodec(["cat", "dog"]).encode(["dog", "cart"])


def test_unseen_label_lists_at_most_twenty_classes():
    with pytest.raises(ValueError, match="18, 19 and 80 more"):
        LabelCodec(range(100)).encode([100])


@pytest.mark.parametrize("missing", [None, float("nan"), np.float32("nan"), np.datetime64("NaT"), pd.NA, pd.NaT])
def test_missing_label_is_refused(missing):
    with pytest.raises(ValueError, match=r"Label 1 of y is missing .* give every sample a label"):
        clean_labels(["a", missing])


def test_missing_label_in_a_series_is_refused():
    with pytest.raises(ValueError, match="Label 1 of y is missing"):
        clean_labels(pd.Series(["a", None]))


@pytest.mark.parametrize("label", [["a"], {"a": 1}, ("a", ["b"]), np.zeros(2), torch.zeros(2)])
def test_unhashable_label_is_refused(label):
    with pytest.raises(TypeError, match=r"Label 0 of y is .* not hashable"):
        clean_labels([label])


def test_one_hot_labels_are_refused():
    with pytest.raises(ValueError, match=r"y has shape \(3, 3\); .* y.argmax\(axis=1\)"):
        clean_labels(np.eye(3))


@pytest.mark.parametrize("y", ["abc", b"abc", 3])
def test_labels_that_are_no_list_are_refused(y):
    with pytest.raises(TypeError, match="y must be a list or array with one label for each sample"):
        clean_labels(y)


class Animal(enum.IntEnum):
    CAT = 1
    DOG = 2


def test_members_of_an_integer_enumeration_are_their_values():
    codec = LabelCodec([Animal.DOG, Animal.CAT])
    assert codec.encode([Animal.DOG, 1]).tolist() == [1, 0]
    assert LabelCodec.from_list(json.loads(json.dumps(codec.to_list()))) == codec


def test_numpy_scalars_in_tuples_are_plain_numbers():
    codec = LabelCodec(list(zip(np.array([0, 1]), np.array(["a", "b"]), strict=True)))
    assert codec.classes == ((0, "a"), (1, "b"))
    assert LabelCodec.from_list(json.loads(json.dumps(codec.to_list()))) == codec


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="came with numpy 2")
def test_strings_of_numpy_2_are_strings():
    codec = LabelCodec(np.array(["b", "a"], dtype=np.dtypes.StringDType()))
    assert codec.decode([0]).tolist() == ["a"]
    assert codec.dtype == "str"


def test_only_saving_refuses_labels_that_json_cannot_hold():
    codec = LabelCodec([datetime.date(2020, 1, 1)])
    assert codec.decode([0]).tolist() == [datetime.date(2020, 1, 1)]
    with pytest.raises(TypeError, match=r"Label datetime.date.* of type date cannot be saved; to save, use"):
        codec.to_list()


def test_codecs_compare_and_print():
    assert repr(LabelCodec([2, 1])) == "LabelCodec([1, 2], dtype='int64')"
    assert LabelCodec([1, 2]) != LabelCodec(np.array([1, 2], "int32"))
    assert LabelCodec([1]) != 1
    assert len(LabelCodec([1, 2])) == 2
