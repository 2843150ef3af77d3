"""The training loop.

Both players learn from one look at one batch (simultaneous updates). The discriminator judges each sample by
itself, so its gradient with respect to a fake sample is a vector times the loss's derivative at that one logit.
A loss whose derivative never vanishes thus needs a single backward pass: rescaled per sample it serves the
generator too.
"""

import copy
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from ganaug.adam import Adam, flatten_parameters
from ganaug.architectures import Networks
from ganaug.batches import Batches
from ganaug.conditioning import Conditioning
from ganaug.devices import repeatable_convolutions
from ganaug.diffaugment import DAugment
from ganaug.exceptions import GanaugWarning
from ganaug.losses import Loss
from ganaug.penalties import Penalty, Situation
from ganaug.processes import Processes
from ganaug.random_numbers import RandomNumbers
from ganaug.recording import Recorder, is_recordable, own_stream
from ganaug.rollback import Snapshot
from ganaug.training_data import TrainingData

Callback = Callable[["TrainingState"], None]


@dataclass(frozen=True)
class Recipe:
    """How to train: the objects and numbers of one run, without any state.

    The numbers are documented at the GAN estimators, whose parameters they are.
    """

    loss: Loss
    penalty: Penalty | None
    conditioning: Conditioning
    latent_dim: int
    batch_size: int
    max_steps: int | None
    max_seconds: float | None
    learning_rate: float
    final_learning_rate: float
    betas: tuple[float, float]
    ema_half_life: float
    class_balance: float
    d_augment: DAugment | None = None
    n_snapshots: int = 1
    reconstruction_weight: float = 0.0
    kl_weight: float = 0.0


@dataclass
class TrainingState:
    """Everything that changes during training; callbacks receive it after each step.

    Attributes
    ----------
    networks : Networks
        Generator, discriminator and encoder as they are being trained. Change weights in place only: see `Adam`.
    ema : nn.Module
        Generator with exponentially averaged weights: the one that sampling uses.
    snapshots : list of nn.Module
        Earlier states of `ema` that sampling uses beside it.
    average : Tensor of shape (n,)
        All parameters of `ema`, in the order in which the generator's begin ``optimizer.weights``.
    optimizer : Adam
        Of all networks: they step at once.
    step : int
        Generator updates so far.
    progress : float in [0, 1]
        Share of the budget used.
    history : list of dict
        One entry per logged interval: step, seconds, d_loss, g_loss, samples_per_second.
    should_stop : bool
        A callback may set it to end training after this step (in all processes alike, if there are several).
    was_interrupted : bool
        The user pressed Ctrl-C.
    digest_data : callable
        Returns a string that tells data sets apart, so that no run is resumed on another one; empty if not known.
    random_numbers : RandomNumbers
        What steps draw from.
    recorder : Recorder or None
        Replays steps while training runs on a GPU, where that is possible.
    """

    recipe: Recipe
    fabric: Processes
    networks: Networks
    ema: nn.Module
    data: TrainingData
    batches: Batches
    average: Tensor
    optimizer: Adam
    penalty: Callable[[Situation], Tensor] | None
    d_augment: Any
    random_numbers: RandomNumbers
    snapshots: list[nn.Module] = field(default_factory=list)
    step: int = 0
    seconds: float = 0.0
    progress: float = 0.0
    should_stop: bool = False
    was_interrupted: bool = False
    digest_data: Callable[[], str] = str
    history: list[dict[str, float]] = field(default_factory=list)
    losses: dict[str, Tensor] = field(default_factory=dict)
    recorder: Recorder | None = None

    # Walking through modules for their parameters takes a twentieth of a small network's step.
    @cached_property
    def d_parameters(self) -> list[nn.Parameter]:
        """Those of the discriminator."""
        return list(self.networks.discriminator.parameters())

    @cached_property
    def buffer_pairs(self) -> list[tuple[Tensor, Tensor]]:
        """Buffers of the averaged generator, each with the one it is copied from."""
        return list(zip(self.ema.buffers(), self.networks.generator.buffers(), strict=True))


@dataclass
class Draws:
    """One batch's share of chance, of this process: all processes draw alike and slice."""

    index: Tensor  # (n,)
    y: Tensor  # (n,)
    z: Tensor  # (n, latent_dim)
    augment: Tensor  # (2 n, n_draws)


def start(
    recipe: Recipe,
    fabric: Processes,
    networks: Networks,
    data: TrainingData,
    batches: Batches,
    random_numbers: RandomNumbers | None = None,
) -> TrainingState:
    """Make the state of a new run.

    Parameters
    ----------
    data : TrainingData
    batches : Batches
        Draws from their indices.
    random_numbers : RandomNumbers, optional
        Default: torch's own go on from where they are.
    """
    networks = Networks(*(m and m.to(fabric.device, memory_format=torch.channels_last) for m in networks))
    ema = copy.deepcopy(networks.generator).eval().requires_grad_(False)
    return TrainingState(
        recipe=recipe,
        fabric=fabric,
        networks=networks,
        ema=ema,
        data=data.to(fabric.device),
        batches=batches,
        average=flatten_parameters(ema),
        optimizer=Adam(*networks, betas=recipe.betas),
        penalty=recipe.penalty and recipe.penalty.start(),
        d_augment=recipe.d_augment and recipe.d_augment.start(),
        random_numbers=random_numbers or RandomNumbers(fabric.device),
    )


def trainable_copy(module: nn.Module) -> nn.Module:
    """Return a copy whose parameters learn."""
    return copy.deepcopy(module).train().requires_grad_(True)


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
        state.losses = _compute_gradients(state, x_real, draws, state.progress)
    else:
        progress = torch.full((), state.progress, device=x_real.device)
        state.losses = state.recorder(_kind_of_step(state), x_real, draws.y, draws.z, draws.augment, progress)
    _update(state)


def _compute_gradients(
    state: TrainingState, x_real: Tensor, draws: Draws, progress: float | Tensor
) -> dict[str, Tensor]:
    """Put the gradients of all networks into the optimizer's vector, and return the losses."""
    state.optimizer.zero_grad()
    x_fake, g_regulariser = _generate(state, x_real, draws)
    leaf = x_fake.detach().requires_grad_()
    gradient, losses = _judge(state, x_real, leaf, draws, progress)
    sum(g_regulariser, start=scalar_with_gradient(x_fake, gradient)).backward()
    return losses


def _make_recorder(state: TrainingState) -> Recorder | None:
    """Return what records and replays `_compute_gradients`; None where that is not possible."""
    if state.fabric.device.type != "cuda" or state.fabric.world_size > 1 or not has_recordable_steps(state):
        return None

    def compute(x_real: Tensor, y: Tensor, z: Tensor, augment: Tensor, progress: Tensor) -> dict[str, Tensor]:
        return _compute_gradients(state, x_real, Draws(y, y, z, augment), progress)

    return Recorder(compute)


def has_recordable_steps(state: TrainingState) -> bool:
    """Tell whether nothing in a step depends on numbers that Python keeps; see `ganaug.recording.is_recordable`."""
    recipe = state.recipe
    parts = (recipe.loss, recipe.conditioning, recipe.penalty, recipe.d_augment, state.penalty, state.d_augment)
    return is_recordable(parts, state.networks)


def _kind_of_step(state: TrainingState) -> tuple[Recipe, bool]:
    """Return what steps must have in common for one to be replayed in place of another."""
    return state.recipe, _is_penalised(state)


def scalar_with_gradient(x: Tensor, gradient: Tensor) -> Tensor:
    """Return a scalar to start back-propagation from, whose gradient at x is this one.

    ``x.backward(gradient)`` does the same, but its first call imports sympy, for half a second.
    """
    return (x * gradient).sum()


def _generate(state: TrainingState, x_real: Tensor, draws: Draws) -> tuple[Tensor, list[Tensor]]:
    """Return fakes, and what the generator pays beside them: the encoder's reconstruction loss."""
    generator, _, encoder = state.networks
    with state.fabric.autocast():
        if encoder is None:
            return generator(draws.z, draws.y), []
        half = len(draws.y) // 2
        mean, log_variance = encoder(x_real[:half], draws.y[:half])
        posterior = mean + draws.z[:half] * (log_variance / 2).exp()
        x_fake = generator(torch.cat([posterior, draws.z[half:]]), draws.y)
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
    reconstruction = l1_loss(x_fake[:half], x_real[:half])
    recipe = state.recipe
    return x_fake, [recipe.reconstruction_weight * reconstruction + recipe.kl_weight * divergence]


def _judge(
    state: TrainingState, x_real: Tensor, leaf: Tensor, draws: Draws, progress: float | Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Back-propagate the discriminator's loss; return the generator's gradient at the fake images, and both losses."""
    recipe, discriminator = state.recipe, state.networks.discriminator
    x, y = torch.cat([x_real, leaf]), torch.cat([draws.y, draws.y])
    if state.d_augment:
        x = state.d_augment(x, draws.augment)
    with state.fabric.autocast():
        critique = discriminator(x, y)
    on_real, on_fake = critique.halves()
    real, fake = on_real.logits, on_fake.logits
    d_loss = recipe.loss.d_loss(real, fake) + recipe.conditioning.class_loss(on_real, draws.y)
    g_loss = recipe.loss.g_loss(real, fake) + recipe.conditioning.class_loss(on_fake, draws.y)
    d_loss_and_logit_penalty = d_loss + _penalise(state, x, draws.y, critique.logits, (real, fake), progress)
    if state.d_augment:
        state.d_augment.observe(*_over_processes(state, critique.logits))
    losses = {"d_loss": d_loss.detach(), "g_loss": g_loss.detach()}
    if recipe.loss.shares_backward and recipe.conditioning.shares_backward:
        return _backward_once(d_loss_and_logit_penalty, g_loss, critique.logits, (real, fake), leaf), losses
    return _backward_twice(d_loss_and_logit_penalty, g_loss, state.d_parameters, leaf), losses


def _backward_once(
    d_loss: Tensor, g_loss: Tensor, logits: Tensor, halves: tuple[Tensor, Tensor], leaf: Tensor
) -> Tensor:
    """Back-propagate through the logits once; `halves` are those of reals and of fakes, which the losses took."""
    d_seed = torch.cat(torch.autograd.grad(d_loss, halves, retain_graph=True))
    (g_seed,) = torch.autograd.grad(g_loss, halves[1], retain_graph=True)
    d_seed = d_seed.abs().clamp_(min=1e-9 / len(d_seed)).copysign_(d_seed)  # against underflow to 0 / 0
    scalar_with_gradient(logits, d_seed).backward()
    return leaf.grad * (g_seed / d_seed[len(leaf) :]).view(-1, *(1 for _ in leaf.shape[1:]))


def _backward_twice(d_loss: Tensor, g_loss: Tensor, d_parameters: list[nn.Parameter], leaf: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(g_loss, leaf, retain_graph=True)
    d_loss.backward(inputs=d_parameters)
    return gradient


def _over_processes(state: TrainingState, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits of the whole batch, of reals and of fakes, from those of each process."""
    logits = logits.detach()
    if state.fabric.world_size > 1:
        logits = state.fabric.all_gather(logits.view(2, -1)).transpose(0, 1).flatten()
    return logits.chunk(2)


def _penalise(
    state: TrainingState,
    x: Tensor,
    y: Tensor,
    logits: Tensor,
    halves: tuple[Tensor, Tensor],
    progress: float | Tensor,
) -> Tensor | float:
    """Return a penalty on logits; back-propagate one on gradients at once, to free what it adds to the graph."""
    penalty = state.recipe.penalty
    if not _is_penalised(state):
        return 0.0

    def critic(x: Tensor, y: Tensor) -> Tensor:
        with state.fabric.autocast():
            return state.networks.discriminator(x, y).logits

    means = (part.mean() for part in _over_processes(state, logits))
    situation = Situation(critic, x, y, *halves, *means, progress)
    value = penalty.every * state.penalty(situation)
    if penalty.uses_logits:
        return value
    value.backward(inputs=state.d_parameters, retain_graph=True)
    return 0.0


def _is_penalised(state: TrainingState) -> bool:
    penalty = state.recipe.penalty
    return penalty is not None and state.step % penalty.every == 0


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
