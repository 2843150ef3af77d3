"""Residual multilayer perceptrons for the rows of tables and for feature vectors."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, silu, softmax

from ganaug.architectures.base import DataSpec, Networks
from ganaug.blocks import Layout
from ganaug.conditioning import Conditioning, Critique, append_class


@dataclass(frozen=True)
class MLP:
    """Small residual perceptrons; categories leave the generator as one-hot samples that gradients pass through.

    Parameters
    ----------
    width : int, default 96
        Hidden units. Raising it costs time by its square, and serves tables of many columns and rows.
    latent_dim : int, default 16
    n_blocks : int, default 2
        Residual blocks, in generator and discriminator alike.
    temperature : float, default 0.5
        Of the Gumbel-softmax whose gradient stands in for the one-hot sample's. Lowering it makes the gradient less
        biased and noisier.

    References
    ----------
    He et al., "Identity mappings in deep residual networks", ECCV 2016, arXiv:1603.05027 (the blocks).
    Jang et al., "Categorical reparameterization with Gumbel-softmax", ICLR 2017, arXiv:1611.01144, Eq. 2 and
    Section 2.2 (straight-through).
    """

    width: int = 96
    latent_dim: int = 16
    n_blocks: int = 2
    temperature: float = 0.5

    def build(self, spec: DataSpec, conditioning: Conditioning) -> Networks:
        """Return freshly initialised networks; there is no encoder."""
        with warnings.catch_warnings():
            # Of columns that are all constant nothing is left to learn, which torch remarks upon.
            warnings.filterwarnings("ignore", "Initializing zero-element tensors")
            return Networks(_Generator(self, spec), _Discriminator(self, spec, conditioning))


class _Block(nn.Module):
    """Two layers beside a skip; the second starts at zero, so the block starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(silu(self.first(x)))


class _Generator(nn.Module):
    def __init__(self, recipe: MLP, spec: DataSpec) -> None:
        super().__init__()
        layout = Layout([]) if spec.layout is None else spec.layout
        self.n_classes = spec.n_classes
        self.layers = nn.Sequential(
            nn.Linear(recipe.latent_dim + spec.n_classes, recipe.width),
            *(_Block(recipe.width) for _ in range(recipe.n_blocks)),
            nn.SiLU(),
            nn.Linear(recipe.width, spec.shape[0]),
        )
        self.layout, self.temperature = layout, recipe.temperature
        self.block_shapes = [(len(group.columns), group.size) for group in layout.groups]
        self.split_sizes = [len(layout.numbers), spec.shape[0] - len(layout.numbers)]
        self.register_buffer("block_starts", layout.starts - len(layout.numbers), persistent=False)
        masked = torch.zeros(spec.shape[0])
        if layout.groups:
            masked.masked_fill_(layout.padding(), -torch.inf)
        self.register_buffer("masked", masked, persistent=False)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        logits = self.row_logits(z, y)
        if not self.layout.groups:
            return logits
        numbers, categories = logits.split(self.split_sizes, dim=1)
        one_hot_blocks = _sample_one_hot(categories, self.block_shapes, self.block_starts, self.temperature)
        return torch.cat([numbers, one_hot_blocks], dim=1)

    def row_logits(self, z: Tensor, y: Tensor) -> Tensor:
        """Return numbers, and the logits from which `forward` samples categories: shape (N, width), float32."""
        *hidden, last = self.layers
        x = append_class(z, y, self.n_classes)
        for layer in hidden:
            x = layer(x)
        return linear(x, last.weight, last.bias + self.masked).float()


def _sample_one_hot(logits: Tensor, shapes: Sequence[tuple[int, int]], starts: Tensor, temperature: float) -> Tensor:
    """Sample a one-hot vector for each block of columns; its gradient is the relaxed sample's.

    Parameters
    ----------
    logits : Tensor of shape (N, width)
    shapes : sequence of (n, size)
        Runs of n blocks of that size, which together make up the width.
    starts : Tensor of shape (n_blocks,), int64
        Where in logits each block begins.
    temperature : float
    """
    # Logarithms of uniform numbers take a third of the time of torch's own exponential ones.
    exponential = torch.rand_like(logits).clamp_(min=1e-20).log_().neg_()
    noisy = (logits - exponential.log_()) / temperature
    runs = [
        run.unflatten(1, shape)
        for run, shape in zip(noisy.split([n * size for n, size in shapes], dim=1), shapes, strict=True)
    ]
    soft = torch.cat([softmax(run, dim=2).flatten(1) for run in runs], dim=1)
    hard = torch.zeros_like(soft)
    hard.scatter_(1, torch.cat([run.argmax(2) for run in runs], dim=1) + starts, 1.0)
    return hard + (soft - soft.detach())


class _Discriminator(nn.Module):
    def __init__(self, recipe: MLP, spec: DataSpec, conditioning: Conditioning) -> None:
        super().__init__()
        self.condition = conditioning.build_input(spec.shape, spec.n_classes)
        self.layers = nn.Sequential(
            nn.Linear(spec.shape[0] + self.condition.n_added, recipe.width),
            *(_Block(recipe.width) for _ in range(recipe.n_blocks)),
            nn.SiLU(),
        )
        self.head = conditioning.build_head(recipe.width, spec.n_classes)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        return self.head(self.layers(self.condition(x, y)), y)
