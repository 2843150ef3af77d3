"""Rows repeated value for value."""

import numpy as np
import pandas as pd
import pytest
from _mixed_frames import mixed_frame

from ganaug.metrics import duplicate_share

REAL, _ = mixed_frame(200, missing=0.3)
OTHER, _ = mixed_frame(100, seed=1, missing=0.3)


def test_repeated_rows_are_counted_whatever_their_types_gaps_and_order():
    assert duplicate_share(REAL, REAL) == 1.0
    assert duplicate_share(REAL, OTHER) == 0.0
    mixed = pd.concat([OTHER, REAL[:25]]).sample(frac=1.0, random_state=0)
    assert duplicate_share(REAL, mixed[mixed.columns[::-1]]) == 0.2


def test_every_column_must_agree():
    real = np.array([[1, 1, 1], [2, 2, 2]])
    assert duplicate_share(real, np.array([[1, 1, 2], [2, 2, 2], [1, 2, 1], [2, 2, 2]])) == 0.5


def test_it_agrees_with_a_search_row_by_row():
    rng = np.random.default_rng(0)
    train, other = rng.integers(0, 3, (40, 4)), rng.integers(0, 3, (70, 4))
    found = {tuple(row) for row in train.tolist()}
    assert duplicate_share(train, other) == pytest.approx(np.mean([tuple(row) in found for row in other.tolist()]))


def test_columns_must_match():
    with pytest.raises(ValueError, match=r"other must have the columns of train; missing: \['age'\]"):
        duplicate_share(REAL, REAL.drop(columns="age"))


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64", object])
def test_integers_beyond_floats_are_told_apart(dtype):
    train = pd.DataFrame({"id": pd.array([2**60, 5], dtype=dtype)})
    other = pd.DataFrame({"id": pd.array([2**60 + 1, 2**60, 5, 6], dtype=dtype)})
    assert duplicate_share(train, other) == 0.5


@pytest.mark.parametrize("dtype", [float, "Float64"])
def test_large_integers_that_came_back_as_floats_count_as_equal(dtype):
    train = pd.DataFrame({"id": [2**60 + 1, 5]})
    assert duplicate_share(train, train.astype(dtype)) == 1.0
    assert duplicate_share(train.astype(dtype).astype(object), train) == 1.0
