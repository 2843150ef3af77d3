"""Tests of what interpolated rows take from real ones where values are missing."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTENC

from ganaug.table_data import TableCodec
from ganaug.table_data.missing import take_missing


def interpolate(codec, rows, n):
    """Return `n` rows between the given ones, as SMOTE-NC makes them, and those with real ones' missing values."""
    categories = [place for place, block in enumerate(codec.blocks) if block.size > 1]
    both = np.vstack([rows, np.zeros((len(rows) + n, rows.shape[1]))])
    labels = np.repeat([1, 0], [len(rows), len(rows) + n])
    smote = SMOTENC(categories, sampling_strategy={1: len(rows) + n}, random_state=0)
    drawn = smote.fit_resample(both, labels)[0][len(both) :]
    return drawn, take_missing(codec, drawn, rows)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_values_that_are_missing_at_random_keep_about_their_rate(rate):
    chance = np.random.default_rng(0)
    X = chance.normal(size=(200, 6))
    X[chance.random(X.shape) < rate] = np.nan
    codec = TableCodec.fit(X)
    voted, taken = (np.isnan(codec.decode(rows)) for rows in interpolate(codec, codec.encode(X).astype(float), 800))
    real = np.isnan(X).mean()
    assert abs(taken.mean() - real) < 0.05
    assert abs(voted.mean() - real) > 0.05  # What this is for.


def test_missing_values_go_with_what_they_go_with_in_real_rows():
    chance = np.random.default_rng(0)
    X = pd.DataFrame({"a": chance.normal(size=300), "kind": chance.choice(["none", "x", "y"], 300)})
    X["of kind"] = np.where(X["kind"] == "none", np.nan, chance.normal(size=300))
    X["below one"] = np.where(X["a"] > 1, np.nan, chance.normal(size=300))
    X["named"] = np.where(X["a"] < -1, None, chance.choice(["p", "q"], 300))
    codec = TableCodec.fit(X)
    new = codec.decode(interpolate(codec, codec.encode(X).astype(float), 500)[1])
    assert ((new["kind"] == "none") == new["of kind"].isna()).mean() > 0.98
    assert ((new["a"] > 1) == new["below one"].isna()).mean() > 0.98
    assert ((new["a"] < -1) == new["named"].isna()).mean() > 0.9
    assert 0.5 < new["of kind"].isna().mean() / X["of kind"].isna().mean() < 1.5


def test_cells_are_interpolated_where_nothing_is_missing():
    X = np.arange(40.0).reshape(20, 2) ** 1.5
    X[3, 1] = np.nan
    codec = TableCodec.fit(X)
    rows = codec.encode(X).astype(float)
    between = np.delete((rows[:-1] + rows[1:]) / 2, [2, 3], axis=0)
    between[:, 1] = 0  # present
    np.testing.assert_array_equal(take_missing(codec, between, rows[np.arange(20) != 3]), between)


def test_tables_without_missing_values_are_left_alone():
    codec = TableCodec.fit(np.arange(40.0).reshape(20, 2))
    rows = np.ones((3, 2))
    assert take_missing(codec, rows, rows) is rows
