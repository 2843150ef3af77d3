import dataclasses
import json
import math

import pytest
import torch
from _tiny import LeastSquares
from sklearn.base import clone

from ganaug.losses import LOSSES, Hinge, NonSaturating, Relativistic, Wasserstein
from ganaug.persistence import from_json, to_json

REAL = torch.tensor([2.0, -1.0, 0.5])
FAKE = torch.tensor([-0.5, 1.0, -3.0])


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def mean(values):
    return sum(values) / len(values)


@pytest.fixture(params=LOSSES, name="loss")
def each_loss(request):
    return LOSSES[request.param]


def test_losses_are_finite_scalars_even_for_huge_logits(loss):
    for real, fake in [(REAL, FAKE), (REAL * 1e6, FAKE * 1e6)]:
        for value in (loss.d_loss(real, fake), loss.g_loss(real, fake)):
            assert value.shape == ()
            assert value.isfinite()


def test_players_pull_the_logits_apart_and_together(loss):
    real, fake = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    d_real, d_fake = torch.autograd.grad(loss.d_loss(real, fake), [real, fake])
    (g_fake,) = torch.autograd.grad(loss.g_loss(real, fake), fake)
    assert (d_real < 0).all()
    assert (d_fake > 0).all()
    assert (g_fake < 0).all()


def test_shares_backward_means_that_fake_gradients_never_vanish(loss):
    real = torch.linspace(-8, 8, 65).double()
    fake = real.flip(0).clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss.d_loss(real, fake), fake)
    assert loss.shares_backward == bool((gradient > 0).all())


def test_loss_is_a_mean_over_the_batch(loss):
    for value in (loss.d_loss, loss.g_loss):
        torch.testing.assert_close(value(REAL, FAKE), value(REAL.repeat(2), FAKE.repeat(2)))


def test_loss_is_a_frozen_recipe(loss):
    assert clone(loss, safe=False) == loss == type(loss)()
    assert repr(loss) == f"{type(loss).__name__}()"
    assert from_json(json.loads(json.dumps(to_json(loss)))) == loss
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.weight = 1


def test_relativistic_is_the_log_likelihood_of_the_difference():
    loss = Relativistic()
    differences = [2.5, -2.0, 3.5]  # real - fake
    assert loss.d_loss(REAL, FAKE).item() == pytest.approx(mean([-math.log(sigmoid(d)) for d in differences]))
    assert loss.g_loss(REAL, FAKE).item() == pytest.approx(mean([-math.log(sigmoid(-d)) for d in differences]))


def test_relativistic_ignores_a_common_offset():
    loss = Relativistic()
    torch.testing.assert_close(loss.d_loss(REAL + 5, FAKE + 5), loss.d_loss(REAL, FAKE))


def test_non_saturating_is_binary_cross_entropy():
    loss = NonSaturating()
    expected = mean([-math.log(sigmoid(v)) for v in REAL.tolist()]) + mean(
        [-math.log(1 - sigmoid(v)) for v in FAKE.tolist()]
    )
    assert loss.d_loss(REAL, FAKE).item() == pytest.approx(expected)
    assert loss.g_loss(REAL, FAKE).item() == pytest.approx(mean([-math.log(sigmoid(v)) for v in FAKE.tolist()]))


def test_hinge_counts_only_what_is_inside_the_margin():
    loss = Hinge()
    assert loss.d_loss(REAL, FAKE).item() == pytest.approx(mean([0, 2, 0.5]) + mean([0.5, 2, 0]))
    assert loss.g_loss(REAL, FAKE).item() == pytest.approx(-mean(FAKE.tolist()))


def test_wasserstein_is_the_difference_of_means():
    loss = Wasserstein()
    difference = mean(FAKE.tolist()) - mean(REAL.tolist())
    assert loss.d_loss(REAL, FAKE).item() == pytest.approx(difference)
    assert loss.g_loss(REAL, FAKE).item() == pytest.approx(-mean(FAKE.tolist()))


def test_own_loss_round_trips_when_trusted():
    loss = LeastSquares(margin=2.0)
    assert from_json(to_json(loss), [LeastSquares]) == loss
