import numpy as np
import pytest
import scipy.stats

from ganaug.benchmark.statistics import (
    balanced_accuracy,
    best_logit_shift,
    mean_interval,
    paired_difference,
    per_class_recall,
)
from ganaug.calibration import shift_logits


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    control = rng.uniform(0.7, 0.8, 8)
    return control + rng.normal(0.01, 0.02, 8), control


def test_mean_interval_agrees_with_scipy():
    values = [0.81, 0.84, 0.79, 0.9, 0.83]
    interval = mean_interval(values)
    low, high = scipy.stats.t.interval(0.95, 4, np.mean(values), scipy.stats.sem(values))
    assert (interval.low, interval.high) == pytest.approx((low, high))


def test_paired_difference_agrees_with_scipy(scores):
    difference = paired_difference(*scores, confidence=0.9)
    reference = scipy.stats.ttest_rel(*scores).confidence_interval(0.9)
    assert (difference.low, difference.high) == pytest.approx((reference.low, reference.high))
    assert difference.wilcoxon_p == pytest.approx(scipy.stats.wilcoxon(*scores).pvalue)
    n_up = int((scores[0] > scores[1]).sum())
    assert difference.sign_p == pytest.approx(scipy.stats.binomtest(n_up, 8).pvalue)


def test_wilcoxon_is_silent_below_six_pairs():
    difference = paired_difference([2, 3, 4, 5, 6], [1, 1, 1, 1, 1])
    assert difference.wilcoxon_p is None
    assert difference.sign_p == pytest.approx(0.0625)


def test_equal_scores_give_no_evidence():
    difference = paired_difference([0.5] * 6, [0.5] * 6)
    assert (difference.mean, difference.half_width, difference.sign_p, difference.wilcoxon_p) == (0, 0, 1, 1)


def test_one_seed_leaves_the_interval_open():
    assert mean_interval([0.5]).half_width == np.inf


def test_no_values_are_an_error():
    with pytest.raises(ValueError, match="No values were given"):
        mean_interval([])


def test_pairs_must_be_complete():
    with pytest.raises(ValueError, match="treated has 2 scores and control 1"):
        paired_difference([1.0, 2.0], [1.0])


def test_recall_counts_each_class_by_itself():
    logits = np.eye(3)[[0, 0, 1, 2, 2]]
    y = np.array([0, 1, 1, 2, 2])
    assert per_class_recall(logits, y).tolist() == [1.0, 0.5, 1.0]
    assert balanced_accuracy(logits, y) == pytest.approx(2.5 / 3)


def test_recall_of_an_absent_class_is_nan_and_left_out_of_the_mean():
    logits = np.eye(3)[[0, 1]]
    assert np.isnan(per_class_recall(logits, np.array([0, 0]))[1:]).all()
    assert balanced_accuracy(logits, np.array([0, 0])) == 0.5


def test_best_shift_finds_the_bias_that_was_put_in():
    rng = np.random.default_rng(0)
    prior = np.array([10.0, 100.0, 1000.0])
    y = np.repeat(np.arange(3), 500)
    fair = 2 * np.eye(3)[y] + rng.normal(size=(1500, 3))
    assert best_logit_shift(shift_logits(fair, prior, -1.5), y, prior) == pytest.approx(1.5, abs=0.35)


def test_best_shift_takes_the_middle_of_a_plateau():
    logits, y = 5.0 * np.eye(2), np.array([0, 1])
    assert best_logit_shift(logits, y, np.array([1, 2]), taus=[-100, 0, 1, 2, 100]) == 1
