"""Associations of pairs of columns."""

import numpy as np
import pandas as pd
import pytest
from _mixed_frames import mixed_frame

from ganaug.metrics import association_difference

RNG = np.random.default_rng(0)
REAL, _ = mixed_frame(400)
OTHER, _ = mixed_frame(300, seed=1)


def associations(table, **options):
    return association_difference(table, table, **options).real


def test_identical_tables_do_not_differ():
    difference = association_difference(REAL, REAL)
    assert difference.mean == 0.0
    assert difference.names == tuple(REAL.columns)
    np.testing.assert_array_equal(np.diag(difference.real), 1.0)


def test_pearson_agrees_with_pandas_where_values_are_missing():
    numbers = pd.DataFrame(RNG.normal(size=(80, 4)) @ RNG.normal(size=(4, 4)) + 1e6)
    numbers = numbers.mask(RNG.random(numbers.shape) < 0.2)
    np.testing.assert_allclose(associations(numbers), numbers.corr(), atol=1e-8)


def test_known_correlation_is_found_and_its_loss_shows():
    x, noise = RNG.normal(size=(2, 20_000))
    real = np.column_stack([x, 0.6 * x + 0.8 * noise])
    difference = association_difference(real, np.column_stack([x, noise]))
    assert difference.real[0, 1] == pytest.approx(0.6, abs=0.02)
    assert difference.mean == pytest.approx(0.6, abs=0.03)


def test_correlation_ratio_is_the_root_of_the_variance_between_groups():
    # Group means 1 and 5 around 3: between 4 * 4 = 16, within 4 * 1 = 4.
    table = pd.DataFrame({"group": ["a", "a", "b", "b"], "value": [0.0, 2.0, 4.0, 6.0]})
    assert associations(table)[0, 1] == pytest.approx(np.sqrt(16 / 20))


def test_theils_u_asks_which_column_explains_which():
    # Country follows from city; city has two bits of entropy, of which country knows one.
    table = pd.DataFrame({"city": list("abcd"), "country": ["x", "x", "y", "y"]})
    matrix = associations(table)
    assert matrix[1, 0] == pytest.approx(1.0)
    assert matrix[0, 1] == pytest.approx(0.5)


def test_cramers_v_agrees_with_scipy():
    from scipy.stats.contingency import association

    table = np.column_stack([RNG.integers(0, 3, 200), RNG.integers(0, 5, 200)])
    table[:60, 1] = table[:60, 0]
    counts = np.zeros((3, 5), int)
    np.add.at(counts, (table[:, 0], table[:, 1]), 1)
    matrix = associations(table, nominal="cramer", discrete_columns=[0, 1])
    assert matrix[0, 1] == matrix[1, 0] == pytest.approx(association(counts, method="cramer"))


@pytest.mark.parametrize("nominal", ["theil", "cramer"])
def test_independent_categories_have_none_and_equal_ones_all(nominal):
    a, b = np.repeat([0, 1], 2), np.tile([0, 1], 2)
    matrix = associations(np.column_stack([a, b, a]), nominal=nominal, discrete_columns=[0, 1, 2])
    assert matrix[0, 1] == pytest.approx(0.0, abs=1e-7)
    assert matrix[0, 2] == pytest.approx(1.0)


@pytest.mark.parametrize("nominal", ["theil", "cramer"])
def test_constant_and_missing_columns_are_associated_with_nothing(nominal):
    table = pd.DataFrame(
        {
            "number": [1.0, 2.0, 4.0],
            "word": ["a", "b", "a"],
            "constant number": [0.1, 0.1, 0.1],
            "constant word": ["c", "c", "c"],
            "no number": [np.nan] * 3,
            "no word": pd.Series([None] * 3, dtype=object),
        }
    )
    matrix = associations(table, nominal=nominal)
    assert matrix[0, 1] > 0.0
    matrix[0, 1] = matrix[1, 0] = 0.0
    np.testing.assert_allclose(matrix, np.eye(6), atol=1e-12)


def test_row_and_column_order_do_not_matter():
    shuffled = OTHER.sample(frac=1.0, random_state=0)[OTHER.columns[::-1]]
    assert association_difference(REAL, shuffled).mean == pytest.approx(association_difference(REAL, OTHER).mean)


def test_many_categories_need_no_large_table():
    ids = RNG.permutation(20_000).astype(str)
    assert associations(pd.DataFrame({"a": ids, "b": ids[::-1]}))[0, 1] == pytest.approx(1.0)


def test_the_worst_pair_is_the_one_that_was_broken():
    broken = REAL.assign(income=REAL["income"].sample(frac=1.0, random_state=0).to_numpy())
    a, b, real, synthetic = association_difference(REAL, broken).worst(1)[0]
    assert {a, b} == {"age", "income"}
    assert real > 0.9
    assert abs(synthetic) < 0.3


def test_a_single_column_has_no_pairs():
    difference = association_difference(REAL[["age"]], OTHER[["age"]])
    assert difference.mean == 0.0
    assert difference.worst() == []


def test_an_unknown_measure_is_named():
    with pytest.raises(ValueError, match=r"Unknown nominal 'cramers'; .* Did you mean 'cramer'\?"):
        association_difference(REAL, REAL, nominal="cramers")
