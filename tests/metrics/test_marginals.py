"""Distances of single columns."""

import numpy as np
import pandas as pd
import pytest
from _mixed_frames import mixed_frame
from scipy.stats import ks_2samp

from ganaug.metrics import column_distances

RNG = np.random.default_rng(0)
REAL, _ = mixed_frame(300)
OTHER, _ = mixed_frame(200, seed=1, missing=0.3)


def distance(real, synthetic):
    (only,) = column_distances(pd.DataFrame({"a": real}), pd.DataFrame({"a": synthetic}))
    return only


def test_identical_tables_are_at_distance_zero():
    for column in column_distances(REAL, REAL):
        assert column.distance == 0.0
        assert column.missing_difference == 0.0
        assert column.wasserstein == 0.0 or column.kind == "category"


def test_a_shift_moves_every_value_by_that_many_standard_deviations():
    real = RNG.normal(size=(500, 1))
    (column,) = column_distances(real, real + 3.0 * real.std())
    assert column.wasserstein == pytest.approx(3.0)
    assert column.kolmogorov_smirnov > 0.8


@pytest.mark.parametrize(("scale", "offset"), [(1e-6, 0.0), (1e9, 5e9)])
def test_numbers_are_free_of_units(scale, offset):
    real, fake = RNG.normal(size=(300, 1)), RNG.normal(0.5, 2.0, size=(200, 1))
    (plain,) = column_distances(real, fake)
    (scaled,) = column_distances(scale * real + offset, scale * fake + offset)
    assert scaled.wasserstein == pytest.approx(plain.wasserstein, rel=1e-5)
    assert scaled.kolmogorov_smirnov == pytest.approx(plain.kolmogorov_smirnov, abs=1e-9)


def test_kolmogorov_smirnov_agrees_with_scipy_also_with_ties():
    real, fake = RNG.integers(0, 8, (150, 2)), RNG.integers(1, 9, (90, 2))
    for place, column in enumerate(column_distances(real, fake)):
        assert column.kolmogorov_smirnov == pytest.approx(ks_2samp(real[:, place], fake[:, place]).statistic)


def test_total_variation_is_the_share_of_rows_to_change():
    # One minus SDMetrics' TVComplement of these columns: 1/2 (|.5 - .25| + |.5 - .25| + |0 - .5|).
    column = distance(["a", "a", "b", "b"], ["a", "b", "c", "c"])
    assert column.total_variation == 0.5
    assert column.kind == "category"
    assert np.isnan(column.kolmogorov_smirnov)


def test_missing_values_count_apart():
    column = distance([1.0, 2.0, None, None], [1.0, 2.0, 1.0, 2.0])
    assert (column.missing_difference, column.wasserstein, column.kolmogorov_smirnov) == (-0.5, 0.0, 0.0)
    column = distance(["a", "b"], ["a", "b", None, None])
    assert (column.missing_difference, column.total_variation) == (0.5, 0.0)


@pytest.mark.parametrize("values", [[1.0, 2.0], ["a", "b"]])
def test_a_side_without_values_is_as_far_as_can_be(values):
    nothing = pd.Series([None, None], dtype="float64" if isinstance(values[0], float) else "object")
    assert distance(values, nothing).distance == 1.0
    assert np.isnan(distance(values, nothing).wasserstein)
    assert distance(nothing, nothing).distance == 0.0


def test_an_empty_number_column_is_at_no_distance_from_another():
    nothing = np.full((3, 1), np.nan)
    assert column_distances(nothing, nothing)[0].wasserstein == 0.0


def test_a_constant_column_is_not_scaled():
    assert distance([5.0, 5.0], [7.0, 7.0]).wasserstein == 2.0


def test_row_and_column_order_do_not_matter():
    shuffled = OTHER.sample(frac=1.0, random_state=0)[OTHER.columns[::-1]]
    for a, b in zip(column_distances(REAL, OTHER), column_distances(REAL, shuffled), strict=True):
        assert a.name == b.name
        assert a.distance == pytest.approx(b.distance, abs=1e-12)


def test_discrete_columns_are_compared_as_categories():
    real, fake = np.array([[0], [1]]), np.array([[2], [1]])
    (column,) = column_distances(real, fake, discrete_columns=[0])
    assert (column.kind, column.total_variation) == ("category", 0.5)


def test_cells_that_cannot_be_hashed_are_refused():
    with pytest.raises(TypeError, match="Column 'a' holds values that cannot be told apart by hash, such as lists"):
        distance([[1], [2]], [[1], [2]])
