"""What one run of training is given, and what changes while it goes on."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ganaug.adam import Adam, flatten_parameters
from ganaug.architectures import Networks
from ganaug.batches import Batches
from ganaug.conditioning import Conditioning
from ganaug.diffaugment import DAugment
from ganaug.losses import Loss
from ganaug.penalties import Penalty, Situation
from ganaug.processes import Processes
from ganaug.random_numbers import RandomNumbers
from ganaug.recording import Recorder
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
