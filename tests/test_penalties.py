import dataclasses
import json

import pytest
import torch
from sklearn.base import clone
from torch import nn

from ganaug.penalties import PENALTIES, R1R2, GradientPenalty, LeCam, Situation
from ganaug.persistence import from_json, to_json

RECIPES = {name: recipe for name, recipe in PENALTIES.items() if recipe is not None}
SLOPE = torch.linspace(-1, 1, 2 * 4 * 4).view(2, 4, 4)


class LinearCritic(nn.Module):
    """Logits ``scale * <slope, x>``: their gradient has the norm ``scale * |slope|`` everywhere."""

    def __init__(self, scale=1.0):
        super().__init__()
        self.slope = nn.Parameter(scale * SLOPE)

    def forward(self, x, y):
        return (x * self.slope).flatten(1).sum(1)


def make_situation(critic=None, progress=0.0, real=None, fake=None):
    x = torch.randn(12, 2, 4, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    x_real, x_fake = x.chunk(2)
    y = torch.zeros(6, dtype=torch.int64)
    critic = critic or LinearCritic()
    real = critic(x_real, y) if real is None else torch.tensor(real)
    fake = critic(x_fake, y) if fake is None else torch.tensor(fake)
    means = real.detach().mean(), fake.detach().mean()
    return Situation(critic, x, y, real, fake, *means, progress)


@pytest.fixture(params=RECIPES, name="recipe")
def each_recipe(request):
    return RECIPES[request.param]


def test_penalty_is_a_scalar_that_reaches_the_critic(recipe):
    critic = LinearCritic(scale=3.0)
    value = recipe.start()(make_situation(critic))
    value.backward()
    assert value.shape == ()
    assert value > 0
    assert critic.slope.grad.abs().sum() > 0


def test_penalty_repeats_when_the_seed_does(recipe):
    def evaluate():
        torch.manual_seed(0)
        return recipe.start()(make_situation(LinearCritic(0.3)))

    assert torch.equal(evaluate(), evaluate())


def test_penalty_is_a_frozen_recipe(recipe):
    assert clone(recipe, safe=False) == recipe == type(recipe)()
    assert eval(repr(recipe)) == recipe
    assert from_json(json.loads(json.dumps(to_json(recipe)))) == recipe
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.gamma = 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: R1R2(gamma=0), "R1R2's gamma must be a number from 1e-12"),
        (lambda: R1R2(final_gamma=-1), "R1R2's final_gamma must be a number from 1e-12"),
        (lambda: R1R2(every=0), "R1R2's every must be an integer from 1"),
        (lambda: GradientPenalty(every=0), "GradientPenalty's every must be an integer from 1"),
    ],
)
def test_options_out_of_range_are_found_when_made(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_runs_do_not_share_state(recipe):
    first, second = recipe.start(), recipe.start()
    for _ in range(3):
        first(make_situation(LinearCritic(5.0)))
    torch.manual_seed(0)
    used_elsewhere = second(make_situation())
    torch.manual_seed(0)
    assert torch.equal(used_elsewhere, recipe.start()(make_situation()))


@pytest.mark.parametrize(("progress", "gamma"), [(0.0, 0.4), (0.5, 0.2), (1.0, 0.1)])
def test_r1r2_of_a_linear_critic_is_gamma_times_its_squared_slope(progress, gamma):
    value = R1R2(gamma=0.4, final_gamma=0.1).start()(make_situation(progress=progress))
    assert value.item() == pytest.approx(gamma * SLOPE.square().sum().item())


def test_r1r2_gradient_is_exact():
    critic = LinearCritic()
    R1R2(gamma=0.5).start()(make_situation(critic)).backward()
    torch.testing.assert_close(critic.slope.grad, 2 * 0.5 * SLOPE)


def test_r1r2_weighs_real_and_fake_alike():
    def quadratic(x, y):
        return x.flatten(1).square().sum(1) / 2  # its gradient is x itself

    at = make_situation(quadratic)
    r1, r2 = at.x.detach().flatten(1).square().sum(1).view(2, -1).mean(1)
    torch.testing.assert_close(R1R2(gamma=1.0).start()(at), (r1 + r2) / 2)


def test_gradient_penalty_of_a_linear_critic_is_its_distance_from_slope_one():
    norm = SLOPE.norm().item()
    for scale in (0.5, 2.0):
        value = GradientPenalty(weight=10).start()(make_situation(LinearCritic(scale)))
        assert value.item() == pytest.approx(10 * (scale * norm - 1) ** 2, rel=1e-4)
    assert GradientPenalty().start()(make_situation(LinearCritic(1 / norm))).item() == pytest.approx(0, abs=1e-8)


def test_gradient_penalty_looks_between_real_and_fake():
    seen = []

    def critic(x, y):
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    at = make_situation(critic)
    seen.clear()
    GradientPenalty().start()(at)
    x_real, x_fake = at.x.detach().chunk(2)
    share = (seen[0] - x_fake) / (x_real - x_fake)
    assert (share.flatten(1).std(1) < 1e-4).all()  # one share per sample
    assert (share.mean((1, 2, 3)) >= 0).all()
    assert (share.mean((1, 2, 3)) <= 1).all()


def test_gradient_penalty_of_a_flat_critic_has_a_finite_gradient():
    critic = LinearCritic(scale=0.0)
    GradientPenalty().start()(make_situation(critic)).backward()
    assert critic.slope.grad.isfinite().all()


def test_lecam_holds_each_side_to_the_running_mean_of_the_other():
    penalty = LeCam(weight=0.5, decay=0.9).start()
    first = penalty(make_situation(real=[1.0, 3.0], fake=[-1.0, 1.0]))
    # Means are 2 and 0: reals exceed 0 by 1 and 3, fakes miss 2 by 3 and 1.
    assert first.item() == pytest.approx(0.5 * ((1 + 9) / 2 + (9 + 1) / 2))
    second = penalty(make_situation(real=[-1.0, -1.0], fake=[1.0, 1.0]))
    assert penalty.real_mean.item() == pytest.approx(0.9 * 2 - 0.1)
    assert penalty.fake_mean.item() == pytest.approx(0.1)
    assert second.item() == pytest.approx(0.5 * (1.7 - 1) ** 2)  # reals below 0.1 cost nothing


def test_lecam_uses_the_means_over_all_processes():
    penalty = LeCam().start()
    at = make_situation(real=[1.0, 3.0], fake=[-1.0, 1.0])
    at.real_mean, at.fake_mean = torch.tensor(7.0), torch.tensor(-7.0)
    penalty(at)
    assert (penalty.real_mean, penalty.fake_mean) == (7.0, -7.0)


def test_none_means_no_penalty():
    assert PENALTIES["none"] is None
