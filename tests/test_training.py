import copy
import math
from dataclasses import replace

import pytest
import torch
from _tiny import TINY, make_state, weights
from lightning_fabric import Fabric
from torch.nn.functional import silu

from ganaug import training
from ganaug.architectures import DCGAN, _layers, residual
from ganaug.batches import Batches
from ganaug.conditioning import CONDITIONINGS, AuxiliaryClassifier
from ganaug.diffaugment import ADA, D_AUGMENTS, DiffAugment
from ganaug.exceptions import GanaugWarning, TrainingDivergedError
from ganaug.losses import LOSSES, Hinge
from ganaug.penalties import PENALTIES, R1R2, LeCam
from ganaug.training import train, train_step, trainable_copy

LABELS = torch.tensor([0] * 90 + [1] * 9 + [3])  # class 2 has no samples
SHARED = {name: loss for name, loss in LOSSES.items() if loss.shares_backward}


def record_gradients(state):
    """Run a step and return the gradients of every network, in double precision."""
    train_step(state)
    modules = filter(None, state.networks)
    return [p.grad.double().clone() for m in modules for p in m.parameters() if p.grad is not None]


class TestBatches:
    @pytest.mark.parametrize(
        ("balance", "shares"), [(0.0, [0.9, 0.09, 0, 0.01]), (0.5, [9.49, 3, 0, 1]), (1.0, [1, 1, 0, 1])]
    )
    def test_classes_are_drawn_by_their_tempered_share(self, balance, shares):
        torch.manual_seed(0)
        _, y = Batches(LABELS, balance).draw(40_000)
        expected = torch.tensor(shares) / sum(shares)
        torch.testing.assert_close(torch.bincount(y, minlength=4) / 40_000, expected, atol=0.01, rtol=0)

    def test_samples_of_a_class_are_drawn_equally_often(self):
        torch.manual_seed(0)
        index, _ = Batches(LABELS, 1.0).draw(90_000)
        counts = torch.bincount(index, minlength=100).double()
        torch.testing.assert_close(counts[:90], torch.full((90,), 30_000 / 90).double(), atol=100, rtol=0)
        torch.testing.assert_close(counts[90:99], torch.full((9,), 30_000 / 9).double(), rtol=0.1, atol=0)

    def test_indices_have_the_classes_that_are_returned(self):
        shuffled = LABELS[torch.randperm(100, generator=torch.Generator().manual_seed(0))]
        index, y = Batches(shuffled, 0.5).draw(500)
        assert torch.equal(shuffled[index], y)

    def test_one_class_alone(self):
        index, y = Batches(LABELS, 0.0, only=1).draw(500)
        assert y.unique().tolist() == [1]
        assert index.unique().tolist() == list(range(90, 99))

    def test_draws_repeat_with_the_seed(self):
        draws = []
        for _ in range(2):
            torch.manual_seed(0)
            draws.append(torch.stack(Batches(LABELS, 1.0).draw(50)))
        assert torch.equal(*draws)


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
            training,
            "_backward_once",
            lambda d, g, _, halves, leaf: training._backward_twice(d, g, list(module.parameters()), leaf),
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

        once = step(training._backward_once)
        twice = step(lambda d, g, logits, halves, leaf: training._backward_twice(d, g, list(layers.parameters()), leaf))
        for one, two in zip(once, twice, strict=True):
            torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-12)

    def test_gradients_survive_saturated_logits(self):
        leaf = torch.ones(2, 1, 1, 1, requires_grad=True)
        logits = torch.cat([torch.full((2,), 1e4), leaf.flatten() * -1e4])
        real, fake = logits.chunk(2)
        loss = LOSSES["non_saturating"]
        gradient = training._backward_once(loss.d_loss(real, fake), loss.g_loss(real, fake), logits, (real, fake), leaf)
        torch.testing.assert_close(gradient.flatten(), torch.full((2,), 0.5 * 1e4), rtol=1e-4, atol=0)

    @pytest.mark.parametrize("changes", [{"loss": Hinge()}, {"conditioning": AuxiliaryClassifier()}])
    def test_others_take_two(self, monkeypatch, changes):
        monkeypatch.setattr(training, "_backward_once", lambda *_: pytest.fail("must not share"))
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
    x_fake, g_regulariser = training._generate(replace(state, networks=networks), x_real, draws)
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


class TestStep:
    @pytest.mark.parametrize("d_augment", D_AUGMENTS)
    @pytest.mark.parametrize("penalty", PENALTIES)
    def test_step_updates_every_network(self, d_augment, penalty):
        state = make_state(penalty=PENALTIES[penalty], d_augment=D_AUGMENTS[d_augment])
        before = [weights(m) for m in (*state.networks, state.ema)]
        for _ in range(2):
            train_step(state)
        after = [weights(m) for m in (*state.networks, state.ema)]
        assert all(not torch.equal(a, b) and b.isfinite().all() for a, b in zip(before, after, strict=True))
        assert state.step == 2

    def test_step_draws_from_torch_alone_and_repeats(self):
        runs = []
        for _ in range(2):
            state = make_state(d_augment=DiffAugment())
            train_step(state)
            runs.append(weights(state.ema))
        assert torch.equal(*runs)

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

    def test_pixels_become_the_model_range(self):
        state = make_state()
        state.data.pixels[:3, 0, 0, 0] = torch.tensor([0, 51, 255], dtype=torch.uint8)
        x = state.data.fetch(torch.arange(3), state.fabric.device)
        assert x.dtype == torch.float32
        torch.testing.assert_close(x[:, 0, 0, 0].cpu(), torch.tensor([-1.0, -0.6, 1.0]))

    def test_reconstruction_pulls_the_generator_towards_the_data(self):
        state = make_state(reconstruction_weight=100.0, learning_rate=3e-3, max_steps=60, penalty=None)
        errors = []
        generate = training._generate

        def spy(state, x_real, draws):
            x_fake, regulariser = generate(state, x_real, draws)
            errors.append(regulariser[0].item())
            return x_fake, regulariser

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training, "_generate", spy)
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


class Zero:
    """A loss that teaches nothing."""

    shares_backward = False

    def d_loss(self, real, fake):
        return 0 * (real.sum() + fake.sum())

    g_loss = d_loss


class TestEma:
    def test_half_life_is_counted_in_images(self):
        state = make_state(batch_size=8, ema_half_life=16.0)
        train_step(state)
        state.step = 10_000  # past the warm-up
        old = weights(state.ema)
        target = weights(state.networks.generator)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(state.optimizer, "step", lambda learning_rate: None)
            for _ in range(2):  # 16 images
                training._update(state)
        torch.testing.assert_close(weights(state.ema), (old + target) / 2)

    def test_average_is_warmed_up(self):
        state = make_state(ema_half_life=1e9)
        start = weights(state.ema)
        train_step(state)
        expected = torch.lerp(start, weights(state.networks.generator), 10 / 11)
        torch.testing.assert_close(weights(state.ema), expected)

    def test_no_half_life_means_no_average(self):
        state = make_state(ema_half_life=0)
        for _ in range(3):
            train_step(state)
        torch.testing.assert_close(weights(state.ema), weights(state.networks.generator))

    def test_buffers_are_those_of_the_generator(self):
        state = make_state(architecture=DCGAN(latent_dim=4))
        for _ in range(2):
            train_step(state)
        for name, buffer in state.networks.generator.named_buffers():
            assert torch.equal(buffer, state.ema.get_buffer(name))

    def test_average_takes_no_gradients(self):
        state = make_state()
        assert not any(p.requires_grad for p in state.ema.parameters())
        assert all(p.requires_grad for p in trainable_copy(state.ema).parameters())


class TestSnapshots:
    @pytest.mark.parametrize(("n_snapshots", "steps"), [(1, []), (2, [6]), (3, [6, 9]), (5, [6, 8, 9, 11])])
    def test_they_are_the_average_at_equal_distances_from_the_middle_on(self, n_snapshots, steps):
        averages = {}
        state = make_state(max_steps=12, n_snapshots=n_snapshots)
        train(state, [lambda state: averages.update({state.step: weights(state.ema)})])
        assert len(state.snapshots) == len(steps)
        for step, snapshot in zip(steps, state.snapshots, strict=True):
            assert torch.equal(weights(snapshot), averages[step])

    def test_more_than_there_are_steps_left_are_fewer(self):
        state = make_state(max_steps=4, n_snapshots=10)
        train(state)
        assert len(state.snapshots) == 3  # after steps 2, 3 and 4

    def test_no_broken_one_is_kept(self):
        def spoil(state):
            if state.step == 5:
                state.average.fill_(float("nan"))

        state = make_state(max_steps=12, n_snapshots=2)
        with pytest.warns(GanaugWarning, match="not finite"):
            train(state, [spoil])
        assert len(state.snapshots) == 1
        assert weights(state.snapshots[0]).isfinite().all()


class TestBudget:
    def test_learning_rate_falls_log_linearly(self, monkeypatch):
        rates = []
        state = make_state(max_steps=5, learning_rate=1e-3, final_learning_rate=1e-4)
        monkeypatch.setattr(state.optimizer, "step", rates.append)
        train(state)
        assert rates == pytest.approx([10 ** (-3 - step / 5) for step in range(5)])

    def test_slow_first_steps_do_not_make_the_schedule_depend_on_the_clock(self, monkeypatch):
        seconds = iter([0, 5, 5.1, 5.2, 12])
        monkeypatch.setattr(training.time, "perf_counter", lambda: next(seconds))
        state, progress = make_state(max_steps=50, max_seconds=100), []

        def watch(state):
            progress.append(state.progress)
            state.should_stop = state.step == 4

        train(state, [watch])
        assert progress == pytest.approx([0.02, 0.04, 0.06, 0.12])

    def test_training_ends_after_max_steps(self):
        state = make_state(max_steps=4)
        train(state)
        assert (state.step, state.progress) == (4, 1.0)

    def test_training_ends_after_max_seconds(self):
        state = make_state(max_steps=None, max_seconds=0.3)
        train(state)
        assert 0.3 <= state.seconds < 5
        assert state.progress == 1
        assert state.history[-1]["step"] == state.step

    def test_the_budget_used_first_ends_training(self):
        state = make_state(max_steps=2, max_seconds=60)
        train(state)
        assert state.step == 2

    def test_callback_sees_every_step_and_may_stop(self):
        steps = []

        def stop(state):
            steps.append(state.step)
            state.should_stop = state.step == 3

        train(make_state(max_steps=10), [stop])
        assert steps == [1, 2, 3]

    @pytest.mark.parametrize(("max_steps", "steps"), [(3, [1, 2, 3]), (450, list(range(4, 101, 4)))])
    def test_history_has_up_to_a_hundred_entries(self, max_steps, steps):
        state = make_state(max_steps=max_steps, architecture=replace(TINY, encoder=False), penalty=None)
        state.recipe = replace(state.recipe, max_steps=max_steps)
        train(state, [_stop_at(100)])
        assert [entry["step"] for entry in state.history] == steps
        assert set(state.history[0]) == {"step", "seconds", "d_loss", "g_loss", "samples_per_second"}
        assert all(entry["samples_per_second"] > 0 for entry in state.history)

    def test_a_stopped_run_records_its_last_step(self):
        state = make_state(max_steps=400)
        train(state, [_stop_at(6)])
        assert [entry["step"] for entry in state.history] == [4, 6]


def _stop_at(step):
    def stop(state):
        state.should_stop = state.step >= step

    return stop


class Breaking:
    """A loss that is not finite at the given evaluations of `d_loss`."""

    shares_backward = False

    def __init__(self, *bad):
        self.bad, self.count = bad, 0

    def d_loss(self, real, fake):
        self.count += 1
        value = (fake - real).mean()
        return value * math.nan if self.count in self.bad else value

    def g_loss(self, real, fake):
        return -fake.mean()


class TestDivergence:
    def test_non_finite_losses_roll_everything_back(self):
        state = make_state(loss=Breaking(3), penalty=LeCam(), d_augment=ADA(speed=0.1), max_steps=4)
        seen = {}

        def look(state):
            seen[state.step] = copy.deepcopy([weights(m) for m in (*state.networks, state.ema)])
            moments[state.step] = copy.deepcopy(state.optimizer.state_dict())

        moments = {0: copy.deepcopy(state.optimizer.state_dict())}
        start = [weights(m) for m in (*state.networks, state.ema)]
        with pytest.warns(GanaugWarning, match="not finite at step 3; training went back to its last good state"):
            train(state, [look])
        assert all(map(torch.equal, seen[3], start))
        assert moments[2]["second_moment"].any()
        assert [moments[step]["n_steps"] for step in (0, 2, 3)] == [0, 2, 0]
        for name in ("first_moment", "second_moment"):
            assert torch.equal(moments[3][name], moments[0][name])
        assert [entry["step"] for entry in state.history] == [1, 2, 4]
        assert all(weights(m).isfinite().all() for m in (*state.networks, state.ema))
        assert state.penalty.real_mean.isfinite()

    def test_a_callback_that_puts_other_tensors_in_place_of_weights_is_found(self):
        def clip(state):
            for p in state.networks.discriminator.parameters():
                p.data = p.data.clamp(-0.1, 0.1)

        with pytest.raises(RuntimeError, match="was replaced during training"):
            train(make_state(max_steps=5), [clip])

    def test_weights_that_are_not_finite_roll_back_even_if_losses_are(self):
        def spoil(state):
            if state.step == 2:
                with torch.no_grad():
                    next(state.networks.generator.parameters()).fill_(math.inf)

        state = make_state(max_steps=5, loss=Zero())
        with pytest.warns(GanaugWarning, match="not finite"):
            train(state, [spoil])
        assert weights(state.ema).isfinite().all()

    def test_hopeless_runs_end_with_an_error(self):
        state = make_state(loss=Breaking(*range(2, 50)), max_steps=20)
        message = r"not finite at step 5, after 3 returns .* Lower learning_rate \(now 0.001\) or add a penalty"
        with pytest.warns(GanaugWarning), pytest.raises(TrainingDivergedError, match=message):
            train(state)

    def test_the_good_state_is_renewed(self):
        state = make_state(loss=Breaking(8), max_steps=8)
        seen = {}
        with pytest.warns(GanaugWarning):
            train(state, [lambda state: seen.update({state.step: weights(state.ema)})])
        assert torch.equal(seen[8], seen[5])

    def test_interruption_leaves_a_usable_state_and_warns(self):
        def interrupt(state):
            if state.step == 2:
                raise KeyboardInterrupt

        state = make_state()
        with pytest.warns(GanaugWarning, match="interrupted at step 2; the model is usable as it is"):
            train(state, [interrupt])
        assert state.was_interrupted
        assert state.step == 2
        assert weights(state.ema).isfinite().all()

    def test_other_errors_of_callbacks_are_raised(self):
        with pytest.raises(ZeroDivisionError):
            train(make_state(), [lambda state: 1 / 0])


def test_bfloat16_keeps_weights_and_losses_in_float32():
    state = make_state(fabric=Fabric(accelerator="cpu", devices=1, precision="bf16-mixed"), penalty=R1R2(every=1))
    train_step(state)
    assert all(p.dtype == torch.float32 for m in filter(None, state.networks) for p in m.parameters())
    assert all(loss.dtype == torch.float32 and loss.isfinite() for loss in state.losses.values())


def test_data_stay_where_they_are_on_a_processor():
    state = make_state()
    assert state.data.to(torch.device("cpu")).pixels is state.data.pixels
