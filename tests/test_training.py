import copy
import math
from dataclasses import replace

import pytest
import torch
from _tiny import TINY, Zero, make_state, weights
from lightning_fabric import Fabric

from ganaug import training
from ganaug.architectures import DCGAN
from ganaug.diffaugment import ADA, D_AUGMENTS, DiffAugment
from ganaug.exceptions import GanaugWarning, TrainingDivergedError
from ganaug.penalties import PENALTIES, R1R2, LeCam
from ganaug.training import train, train_step
from ganaug.training_state import trainable_copy


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

    def test_pixels_become_the_model_range(self):
        state = make_state()
        state.data.pixels[:3, 0, 0, 0] = torch.tensor([0, 51, 255], dtype=torch.uint8)
        x = state.data.fetch(torch.arange(3), state.fabric.device)
        assert x.dtype == torch.float32
        torch.testing.assert_close(x[:, 0, 0, 0].cpu(), torch.tensor([-1.0, -0.6, 1.0]))


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
