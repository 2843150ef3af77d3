"""Feature matrices from what users pass."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from ganaug._features import as_feature_pair, as_features, pixel_features, rows_by_class


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            np.empty((0, 3)),
            r"must hold at least 1 sample\(s\) of one or more values each, got shape \(0, 3\)",
        ),
        (
            np.empty((3, 0)),
            r"must hold at least 1 sample\(s\) of one or more values each, got shape \(3, 0\)",
        ),
        (np.zeros(4), r"must have shape \(N, D\) or \(N, \.\.\.\).*got shape \(4,\)"),
        (np.array([["a"]]), "must be a numeric array, got dtype <U1"),
        (np.array([[0.0], [np.nan]]), "X holds NaN or infinite values, first in sample 1"),
        (np.array([[np.inf], [0.0]]), "X holds NaN or infinite values, first in sample 0"),
    ],
)
def test_unusable_arrays_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        as_features("X", X)


def test_different_widths_are_refused():
    with pytest.raises(ValueError, match="real has 3 features for each sample and fake has 2"):
        as_feature_pair(np.zeros((4, 3)), np.zeros((4, 2)))


def test_trailing_axes_are_flattened_and_tensors_taken():
    assert as_features("X", torch.zeros(5, 3, 2, 2, requires_grad=True)).shape == (5, 12)
    assert as_features("X", torch.ones(5, 2, dtype=torch.bfloat16)).tolist() == [[1.0, 1.0]] * 5


@pytest.mark.parametrize(
    ("X", "dtype", "value"),
    [
        (np.full((2, 2, 2), 255, np.uint8), np.float32, 1.0),
        (np.full((2, 2), 0.5, np.float16), np.float32, 0.5),
        (np.full((2, 2), -1.0), np.float64, -1.0),
        (np.ones((2, 2), bool), np.float32, 1.0),
    ],
)
def test_pixel_features_scale_bytes_only(X, dtype, value):
    features = pixel_features(X)
    assert features.dtype == dtype
    assert (features == value).all()


def test_rows_by_class_takes_any_hashable_labels_and_sorts_if_possible():
    assert list(rows_by_class("X", 3, np.array([2, 1, 2]))) == [1, 2]
    assert list(rows_by_class("X", 3, ["b", 1, "b"])) == ["b", 1]
    assert rows_by_class("X", 3, [(0, 1), (0, 0), (0, 1)])[(0, 1)].tolist() == [0, 2]


@pytest.mark.parametrize("y", [[0, 1], np.array(3)])
def test_rows_by_class_refuses_another_number_of_labels(y):
    with pytest.raises(ValueError, match="X has 3 samples but its labels are"):
        rows_by_class("X", 3, y)


@pytest.mark.parametrize("unit", ["D", "s", "us", "ns"])
def test_times_name_classes_whatever_their_unit(unit):
    days = np.array(["2024-01-01", "2024-01-02"], dtype=f"M8[{unit}]").repeat(2)
    expected = [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")]
    for labels in (days, pd.Series(days), list(pd.Series(days))):
        assert list(rows_by_class("X", 4, labels)) == expected


def test_labels_of_arrow_are_read():
    assert list(rows_by_class("X", 3, pa.chunked_array([["a", "b"], ["a"]]))) == ["a", "b"]
