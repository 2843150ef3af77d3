"""The training loop: step after step, until the budget is used, and back to the last good state where one fails."""

import copy
import time
import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from ganaug.devices import repeatable_convolutions
from ganaug.exceptions import GanaugWarning
from ganaug.gradients import compute_gradients, is_penalised
from ganaug.recording import Recorder, is_recordable, own_stream
from ganaug.rollback import Snapshot
from ganaug.training_state import Callback, Draws, Recipe, TrainingState


def train(state: TrainingState, callbacks: Sequence[Callback] = ()) -> None:
    """Train until the budget of steps or seconds is used, a callback stops it, or the user interrupts.

    Parameters
    ----------
    state : TrainingState
        Changed in place.
    callbacks : sequence of callables
        Each is called with the state after every step.

    Raises
    ------
    TrainingDivergedError
        If losses or weights were not finite more often than training may go back to its last good state.
    """
    with own_stream(state.fabric.device), repeatable_convolutions():
        state.recorder = _make_recorder(state)
        try:
            _train(state, callbacks)
        finally:
            state.recorder = None  # what it holds on the GPU


def _train(state: TrainingState, callbacks: Sequence[Callback]) -> None:
    begin = time.perf_counter() - state.seconds
    good = Snapshot(state)
    try:
        is_over = _is_over(state)
        while not (is_over or state.should_stop):
            with state.random_numbers.lent():
                train_step(state)
            state.seconds = time.perf_counter() - begin
            is_over = _is_over(state)
            _take_snapshot(state)
            is_recorded = is_over or state.step % _interval(state.recipe) == 0
            if is_recorded:
                good = _record_or_roll_back(state, good)
            for callback in callbacks:
                callback(state)
            if state.should_stop and not is_recorded:
                _record_or_roll_back(state, good)
    except KeyboardInterrupt:
        state.was_interrupted = True
        message = f"Training was interrupted at step {state.step}; the model is usable as it is."
        warnings.warn(message, GanaugWarning, stacklevel=3)


def train_step(state: TrainingState) -> None:
    """Update discriminator, generator and average once."""
    draws = _draw(state)
    x_real = state.data.fetch(draws.index, state.fabric.device)
    if state.recorder is None:
        state.losses = compute_gradients(state, x_real, draws, state.progress)
    else:
        progress = torch.full((), state.progress, device=x_real.device)
        state.losses = state.recorder(_kind_of_step(state), x_real, draws.y, draws.z, draws.augment, progress)
    _update(state)


def _make_recorder(state: TrainingState) -> Recorder | None:
    """Return what records and replays `compute_gradients`; None where that is not possible."""
    if state.fabric.device.type != "cuda" or state.fabric.world_size > 1 or not has_recordable_steps(state):
        return None

    def compute(x_real: Tensor, y: Tensor, z: Tensor, augment: Tensor, progress: Tensor) -> dict[str, Tensor]:
        return compute_gradients(state, x_real, Draws(y, y, z, augment), progress)

    return Recorder(compute)


def has_recordable_steps(state: TrainingState) -> bool:
    """Tell whether nothing in a step depends on numbers that Python keeps; see `ganaug.recording.is_recordable`."""
    recipe = state.recipe
    parts = (recipe.loss, recipe.conditioning, recipe.penalty, recipe.d_augment, state.penalty, state.d_augment)
    return is_recordable(parts, state.networks)


def _kind_of_step(state: TrainingState) -> tuple[Recipe, bool]:
    """Return what steps must have in common for one to be replayed in place of another."""
    return state.recipe, is_penalised(state)


def _update(state: TrainingState) -> None:
    _average_gradients(state)
    state.optimizer.step(_learning_rate(state))
    state.step += 1
    decay = ema_decay(state.recipe.ema_half_life, state.recipe.batch_size, state.step)
    state.average.lerp_(state.optimizer.weights[: len(state.average)], 1 - decay)
    for average, buffer in state.buffer_pairs:
        average.copy_(buffer)


def ema_decay(half_life: float, batch_size: int, step: int) -> float:
    """Return what the average keeps of itself at this step, counted from 1; less in the first steps."""
    decay = 0.5 ** (batch_size / half_life) if half_life else 0.0
    return min(decay, step / (step + 10))


def _take_snapshot(state: TrainingState) -> None:
    """Keep the averaged generator if training has come to one of the places from its middle on, equally far apart."""
    n_taken, n_wanted = len(state.snapshots), state.recipe.n_snapshots - 1
    if n_taken == n_wanted or state.progress < (1 + n_taken / n_wanted) / 2:
        return
    if state.average.isfinite().all():
        state.snapshots.append(copy.deepcopy(state.ema))


def _average_gradients(state: TrainingState) -> None:
    """Average gradients over processes, in one message."""
    if state.fabric.world_size > 1:
        gradients = state.optimizer.gradients
        gradients.copy_(state.fabric.all_reduce(gradients, reduce_op="mean"))


def _draw(state: TrainingState) -> Draws:
    recipe, fabric = state.recipe, state.fabric
    n = recipe.batch_size
    index, y = state.batches.draw(n)
    z = torch.randn(n, recipe.latent_dim)
    augment = torch.rand(2, n, recipe.d_augment.n_draws if recipe.d_augment else 0)
    mine = slice(fabric.global_rank, None, fabric.world_size)
    draws = Draws(index[mine], y[mine], z[mine], augment[:, mine].flatten(0, 1))
    return Draws(*(t.to(fabric.device, non_blocking=True) for t in vars(draws).values()))


def _is_over(state: TrainingState) -> bool:
    recipe = state.recipe
    seconds = state.fabric.broadcast(state.seconds) if recipe.max_seconds else state.seconds
    shares = [state.step / recipe.max_steps] if recipe.max_steps else []
    # A process's first steps are slow: counting them would make a run that ends by steps depend on the clock.
    if recipe.max_seconds and (not shares or seconds >= 0.1 * recipe.max_seconds):
        shares.append(seconds / recipe.max_seconds)
    state.progress = min(1.0, max(shares))
    return state.progress >= 1


def _learning_rate(state: TrainingState) -> float:
    recipe = state.recipe
    return recipe.learning_rate * (recipe.final_learning_rate / recipe.learning_rate) ** state.progress


def _interval(recipe: Recipe) -> int:
    return max(1, min(20, (recipe.max_steps or 2000) // 100))


def _record_or_roll_back(state: TrainingState, good: Snapshot) -> Snapshot:
    state.optimizer.check_sharing()
    values = state.fabric.all_reduce(torch.stack(list(state.losses.values())), reduce_op="mean")
    if not values.isfinite().all() or not _has_finite_weights(state):
        good.restore(state)
        return good
    last = state.history[-1] if state.history else {"step": 0, "seconds": 0.0}
    n_samples = (state.step - last["step"]) * state.recipe.batch_size
    speed = n_samples / max(state.seconds - last["seconds"], 1e-9)
    losses = dict(zip(state.losses, values.tolist(), strict=True))
    state.history.append({"step": state.step, "seconds": state.seconds, **losses, "samples_per_second": speed})
    return Snapshot(state, good.n_rollbacks) if len(state.history) % 5 == 0 else good


def _has_finite_weights(state: TrainingState) -> bool:
    return bool((state.optimizer.weights.norm() + state.average.norm()).isfinite())
