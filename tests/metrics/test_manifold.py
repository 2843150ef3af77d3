"""Precision, recall, density and coverage."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import ortho_group

from ganaug.metrics import ManifoldMetrics, coverage, density, manifold_metrics, precision, recall

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(120, 4)), RNG.normal(0.4, 0.8, size=(90, 4))


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_agrees_exactly_with_prdc(k, dtype):
    compute_prdc = pytest.importorskip("prdc").compute_prdc
    real, fake = REAL.astype(dtype), FAKE.astype(dtype)
    expected = compute_prdc(real, fake, nearest_k=k)
    assert dataclasses.asdict(manifold_metrics(real, fake, k)) == pytest.approx(expected, rel=1e-14)


def test_single_metrics_are_the_fields():
    whole = manifold_metrics(REAL, FAKE)
    single = [metric(REAL, FAKE) for metric in (precision, recall, density, coverage)]
    assert single == list(dataclasses.astuple(whole))


def test_ignores_rotation_scale_and_order():
    Q = 3.0 * ortho_group.rvs(4, random_state=0)
    assert manifold_metrics(REAL @ Q + 1, FAKE[::-1] @ Q + 1) == manifold_metrics(REAL, FAKE)


def test_same_distribution_scores_high_and_another_scores_zero():
    same = manifold_metrics(REAL, RNG.normal(size=(120, 4)))
    assert min(dataclasses.astuple(same)) > 0.8
    assert manifold_metrics(REAL, REAL + 50) == ManifoldMetrics(0.0, 0.0, 0.0, 0.0)


def test_collapse_shows_in_recall_not_in_precision():
    collapsed = manifold_metrics(REAL, RNG.normal(0.0, 0.05, size=(120, 4)))
    assert collapsed.precision == 1.0
    assert collapsed.recall < 0.05
    assert collapsed.coverage < 0.3


def test_too_few_samples_for_k():
    with pytest.raises(ValueError, match="k=5 needs at least 6 fake samples, got 5"):
        manifold_metrics(REAL, FAKE[:5])
    with pytest.raises(ValueError, match="k=5 needs at least 6 real samples, got 2"):
        recall(REAL[:2], FAKE)


@pytest.mark.parametrize("k", [0, 1.5])
def test_k_must_be_a_positive_integer(k):
    with pytest.raises((ValueError, TypeError), match="k must be an integer"):
        manifold_metrics(REAL, FAKE, k)
