"""Fréchet and kernel distance and Inception Score: closed forms, invariances, reference implementations."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.stats import ortho_group

from ganaug.metrics import fidelity, frechet_distance, inception_score, kernel_distance

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(200, 6)), RNG.normal(0.3, 1.5, size=(150, 6)) ** 2


def reference_fid(real, fake):
    metric_fid = pytest.importorskip("torch_fidelity.metric_fid")
    statistics = [metric_fid.fid_features_to_statistics(torch.from_numpy(X)) for X in (real, fake)]
    return metric_fid.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]


def test_frechet_distance_agrees_with_torch_fidelity():
    assert frechet_distance(REAL, FAKE) == pytest.approx(reference_fid(REAL, FAKE), rel=1e-9)


def test_frechet_distance_agrees_with_torch_fidelity_on_fewer_samples_than_features():
    real, fake = RNG.normal(size=(20, 50)), RNG.normal(0.5, size=(12, 50))
    assert frechet_distance(real, fake) == pytest.approx(reference_fid(real, fake), rel=1e-5)
    assert frechet_distance(real, FAKE[:, :1].repeat(50, axis=1)) == pytest.approx(
        reference_fid(real, FAKE[:, :1].repeat(50, axis=1)), rel=1e-5
    )


def test_frechet_distance_agrees_with_the_matrix_square_root():
    cov_real, cov_fake = np.cov(REAL.T), np.cov(FAKE.T)
    trace = np.trace(cov_real + cov_fake - 2 * sqrtm(cov_real @ cov_fake).real)
    expected = ((REAL.mean(0) - FAKE.mean(0)) ** 2).sum() + trace
    assert frechet_distance(REAL, FAKE) == pytest.approx(expected)


def test_frechet_distance_of_gaussians_is_the_closed_form():
    deviations = np.array([1.0, 2.0, 3.0])
    # Whitening makes the sample moments exact.
    white = (REAL[:, :3] - REAL[:, :3].mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(REAL[:, :3].T))).T
    expected = 3 * 0.5**2 + ((deviations - 1.0) ** 2).sum()
    assert frechet_distance(white, white * deviations + 0.5) == pytest.approx(expected)


def test_frechet_distance_ignores_rotation_and_order_and_which_is_which():
    Q = ortho_group.rvs(6, random_state=0)
    value = frechet_distance(REAL, FAKE)
    assert frechet_distance(REAL @ Q, FAKE[::-1] @ Q) == pytest.approx(value)
    assert frechet_distance(FAKE, REAL) == pytest.approx(value)
    assert frechet_distance(REAL, REAL) == pytest.approx(0.0, abs=1e-12)


def test_frechet_distance_flattens_images():
    images = RNG.integers(0, 255, (30, 3, 4, 4), dtype=np.uint8)
    assert frechet_distance(images, images[::-1]) == pytest.approx(0.0, abs=1e-6)


def test_frechet_distance_needs_two_samples():
    with pytest.raises(ValueError, match=r"fake must hold at least 2 sample\(s\) .* got shape \(1, 6\)"):
        frechet_distance(REAL, FAKE[:1])


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance])
def test_bad_features_are_refused(metric):
    with pytest.raises(ValueError, match="real has 6 features for each sample and fake has 5"):
        metric(REAL, FAKE[:, :5])
    with pytest.raises(ValueError, match="fake holds NaN or infinite"):
        metric(REAL, FAKE * np.nan)


def reference_kid(real, fake, **options):
    metric_kid = pytest.importorskip("torch_fidelity.metric_kid")
    values = metric_kid.kid_features_to_metric(torch.from_numpy(real), torch.from_numpy(fake), **options)
    return values["kernel_inception_distance_mean"]


def test_kernel_distance_agrees_with_torch_fidelity():
    real = REAL[: len(FAKE)]
    reference = reference_kid(real, FAKE, kid_subsets=1, kid_subset_size=len(FAKE), verbose=False)
    assert kernel_distance(real, FAKE) == pytest.approx(reference, rel=1e-9)


def test_kernel_distance_averages_subsets():
    value = kernel_distance(REAL, FAKE, n_subsets=200, subset_size=60, random_state=0)
    assert value == kernel_distance(REAL, FAKE, n_subsets=200, subset_size=60, random_state=0)
    assert value == pytest.approx(kernel_distance(REAL, FAKE), rel=0.1)


def test_kernel_distance_is_unbiased_at_any_sample_size():
    draws = [kernel_distance(RNG.normal(size=(10, 3)), RNG.normal(size=(7, 3))) for _ in range(400)]
    assert abs(np.mean(draws)) < 4 * np.std(draws) / np.sqrt(len(draws))
    assert min(draws) < 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_subsets": 2, "subset_size": 1000}, "subset_size=1000 needs that many samples on both sides"),
        ({"n_subsets": 0}, "n_subsets must be an integer from 1"),
        ({"n_subsets": 1, "subset_size": 1}, "subset_size must be an integer from 2"),
    ],
)
def test_kernel_distance_refuses_impossible_subsets(options, message):
    with pytest.raises(ValueError, match=message):
        kernel_distance(REAL, FAKE, **options)


@pytest.mark.parametrize("n_splits", [1, 3])
def test_inception_score_agrees_with_torch_fidelity(n_splits):
    metric_isc = pytest.importorskip("torch_fidelity.metric_isc")
    logits = torch.from_numpy(3 * RNG.normal(size=(100, 7)))
    reference = metric_isc.isc_features_to_metric(logits, splits=n_splits, shuffle=False)
    mean, std = inception_score(logits.softmax(1).numpy(), n_splits=n_splits)
    assert mean == pytest.approx(reference["inception_score_mean"])
    assert std == pytest.approx(reference["inception_score_std"])


def test_inception_score_bounds():
    assert inception_score(np.eye(5).repeat(4, axis=0)) == pytest.approx((5.0, 0.0))
    assert inception_score(np.full((20, 5), 0.2)) == pytest.approx((1.0, 0.0))
    assert inception_score(np.eye(5)[np.zeros(20, int)]) == pytest.approx((1.0, 0.0))


def test_inception_score_refuses_logits_and_too_many_parts():
    with pytest.raises(ValueError, match="probabilities must be non-negative with rows that sum to 1"):
        inception_score(np.array([[2.0, -1.0]]))
    with pytest.raises(ValueError, match="probabilities must be non-negative with rows that sum to 1"):
        inception_score(np.array([[0.2, 0.2]]))
    with pytest.raises(ValueError, match=r"probabilities must hold at least 3 sample\(s\)"):
        inception_score(np.eye(2), n_splits=3)


def test_fid_is_the_frechet_distance_of_inception_features(monkeypatch):
    monkeypatch.setattr(fidelity, "inception_features", lambda X, weights: X * weights)
    assert fidelity.fid(REAL, FAKE, weights=2.0) == frechet_distance(2 * REAL, 2 * FAKE)
