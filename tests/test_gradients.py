import copy
from dataclasses import replace

import pytest
import torch
from _tiny import TINY, Zero, make_state
from torch.nn.functional import silu

from ganaug import gradients, training
from ganaug.architectures import _layers, residual
from ganaug.conditioning import CONDITIONINGS, AuxiliaryClassifier
from ganaug.diffaugment import DiffAugment
from ganaug.losses import LOSSES, Hinge
from ganaug.penalties import R1R2, LeCam
from ganaug.training import train_step

SHARED = {name: loss for name, loss in LOSSES.items() if loss.shares_backward}


def record_gradients(state):
    """Run a step and return the gradients of every network, in double precision."""
    train_step(state)
    modules = filter(None, state.networks)
    return [p.grad.double().clone() for m in modules for p in m.parameters() if p.grad is not None]


class TestOneBackward:
    """A single backward pass through the discriminator gives what two give."""

    @pytest.mark.parametrize("loss", SHARED.values(), ids=SHARED)
    @pytest.mark.parametrize("penalty", [None, LeCam(weight=0.3)], ids=["plain", "lecam"])
    @pytest.mark.parametrize("conditioning", ["projection", "concat"])
    def test_one_backward_equals_two(self, monkeypatch, loss, penalty, conditioning):
        def make():
            state = make_state(loss=loss, penalty=penalty, conditioning=CONDITIONINGS[conditioning])
            _perturb(state.networks.discriminator)
            return state

        once = record_gradients(make())
        monkeypatch.setattr(
            gradients,
            "_backward_once",
            lambda d, g, _, halves, leaf: gradients._backward_twice(d, g, list(module.parameters()), leaf),
        )
        state = make()
        module = state.networks.discriminator
        twice = record_gradients(state)
        for one, two in zip(once, twice, strict=True):
            torch.testing.assert_close(one, two, rtol=2e-4, atol=2e-5 * two.abs().max().item() + 1e-12)

    @pytest.mark.parametrize("loss", SHARED.values(), ids=SHARED)
    def test_one_backward_is_exact_in_double_precision(self, loss):
        chance = torch.Generator().manual_seed(0)
        layers = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.SiLU(), torch.nn.Linear(16, 1)).double()
        x_real = 3 * torch.randn(8, 1, 2, 3, generator=chance).double()
        x_fake = 3 * torch.randn(8, 1, 2, 3, generator=chance).double()

        def step(backward):
            layers.zero_grad()
            leaf = x_fake.clone().requires_grad_()
            logits = 20 * layers(torch.cat([x_real, leaf]).flatten(1)).squeeze(1)
            real, fake = logits.chunk(2)
            at_fakes = backward(loss.d_loss(real, fake), loss.g_loss(real, fake), logits, (real, fake), leaf)
            return [at_fakes, *(p.grad.clone() for p in layers.parameters())]

        once = step(gradients._backward_once)
        twice = step(
            lambda d, g, logits, halves, leaf: gradients._backward_twice(d, g, list(layers.parameters()), leaf)
        )
        for one, two in zip(once, twice, strict=True):
            torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-12)

    def test_gradients_survive_saturated_logits(self):
        leaf = torch.ones(2, 1, 1, 1, requires_grad=True)
        logits = torch.cat([torch.full((2,), 1e4), leaf.flatten() * -1e4])
        real, fake = logits.chunk(2)
        loss = LOSSES["non_saturating"]
        gradient = gradients._backward_once(
            loss.d_loss(real, fake), loss.g_loss(real, fake), logits, (real, fake), leaf
        )
        torch.testing.assert_close(gradient.flatten(), torch.full((2,), 0.5 * 1e4), rtol=1e-4, atol=0)

    @pytest.mark.parametrize("changes", [{"loss": Hinge()}, {"conditioning": AuxiliaryClassifier()}])
    def test_others_take_two(self, monkeypatch, changes):
        monkeypatch.setattr(gradients, "_backward_once", lambda *_: pytest.fail("must not share"))
        train_step(make_state(**changes))


@pytest.mark.parametrize("loss", [LOSSES["relativistic"], Hinge()], ids=["one backward", "two"])
def test_a_step_with_r1_and_r2_has_the_gradients_of_its_formula(loss, monkeypatch):
    for module in (residual, _layers):  # of piecewise linear networks, slopes do not depend on x
        monkeypatch.setattr(module, "leaky_relu", lambda x, slope: silu(x))
    gamma = 0.7
    state = make_state(loss=loss, penalty=R1R2(gamma, gamma, every=1), d_augment=DiffAugment())
    _perturb(state.networks.discriminator)
    generator, discriminator, encoder = networks = copy.deepcopy(state.networks)
    torch.manual_seed(5)
    draws = training._draw(state)
    x_real = state.data.fetch(draws.index, state.fabric.device)
    x_fake, g_regulariser = gradients._generate(replace(state, networks=networks), x_real, draws)
    x = state.d_augment(torch.cat([x_real, x_fake]), draws.augment)
    logits = discriminator(x, torch.cat([draws.y, draws.y])).logits
    real, fake = logits.chunk(2)
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    penalty = gamma * slope.flatten(1).square().sum(1).mean()  # half of R1 and half of R2, twice as many samples
    g_parameters = [*generator.parameters(), *encoder.parameters()]
    d_parameters = list(discriminator.parameters())
    g_loss, d_loss = loss.g_loss(real, fake) + sum(g_regulariser), loss.d_loss(real, fake) + penalty
    expected = [
        *torch.autograd.grad(g_loss, g_parameters, retain_graph=True),
        *torch.autograd.grad(d_loss, d_parameters, allow_unused=True),
    ]
    torch.manual_seed(5)
    train_step(state)
    generator, discriminator, encoder = state.networks
    parameters = [*generator.parameters(), *encoder.parameters(), *discriminator.parameters()]
    for p, gradient in zip(parameters, expected, strict=True):
        gradient = torch.zeros_like(p) if gradient is None else gradient
        torch.testing.assert_close(p.grad, gradient, rtol=1e-3, atol=1e-5 * gradient.abs().max().item() + 1e-9)


def _perturb(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))


class TestGradients:
    def test_discriminator_gradient_is_its_own_loss_alone(self):
        state = make_state(architecture=replace(TINY, encoder=False), penalty=None)
        _perturb(state.networks.discriminator)
        torch.manual_seed(5)
        draws = training._draw(state)
        discriminator = copy.deepcopy(state.networks.discriminator)
        x_real = state.data.fetch(draws.index, state.fabric.device)
        x_fake = state.networks.generator(draws.z, draws.y).detach()
        real, fake = discriminator(x_real, draws.y).logits, discriminator(x_fake, draws.y).logits
        state.recipe.loss.d_loss(real, fake).backward()
        torch.manual_seed(5)
        train_step(state)
        for one, two in zip(state.networks.discriminator.parameters(), discriminator.parameters(), strict=True):
            torch.testing.assert_close(one.grad, two.grad, rtol=1e-3, atol=1e-4 * two.grad.abs().max().item())

    def test_discriminator_learns_classes_from_reals_and_generator_from_fakes(self):
        seen = []

        class Spy(AuxiliaryClassifier):
            def class_loss(self, critique, y):
                seen.append((critique, y))
                return super().class_loss(critique, y)

        state = make_state(conditioning=Spy(), loss=Zero(), penalty=None)
        train_step(state)
        (on_real, y_real), (on_fake, y_fake) = seen
        assert torch.equal(y_real, y_fake)
        assert len(on_real.class_logits) == len(on_fake.class_logits) == 8
        expected = torch.nn.functional.cross_entropy(on_real.class_logits, y_real)
        torch.testing.assert_close(state.losses["d_loss"], expected)
        expected = torch.nn.functional.cross_entropy(on_fake.class_logits, y_fake)
        torch.testing.assert_close(state.losses["g_loss"], expected)

    def test_reconstruction_pulls_the_generator_towards_the_data(self):
        state = make_state(reconstruction_weight=100.0, learning_rate=3e-3, max_steps=60, penalty=None)
        errors = []
        generate = gradients._generate

        def spy(state, x_real, draws):
            x_fake, regulariser = generate(state, x_real, draws)
            errors.append(regulariser[0].item())
            return x_fake, regulariser

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gradients, "_generate", spy)
            for _ in range(60):
                train_step(state)
        assert sum(errors[-5:]) < 0.4 * sum(errors[:5])

    def test_lazy_penalty_is_evaluated_at_its_steps_with_its_weight(self):
        calls = []

        class Spy:
            every, uses_logits = 4, False

            def start(self):
                def evaluate(at):
                    calls.append(at.progress)
                    return sum(p.sum() for p in state.networks.discriminator.parameters())

                return evaluate

        state = make_state(penalty=Spy(), loss=Zero(), architecture=replace(TINY, encoder=False))
        grads = []
        for _ in range(8):
            train_step(state)
            grads.append({p.grad.mean().item() for p in state.networks.discriminator.parameters()})
        assert len(calls) == 2
        assert grads[0] == grads[4] == {4.0}
        assert grads[1] == {0.0}
