"""What an architecture is given, and what it gives."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from torch import nn

from ganaug.blocks import Layout
from ganaug.conditioning import Conditioning


@dataclass(frozen=True)
class DataSpec:
    """What the networks must know of the data.

    Attributes
    ----------
    shape : tuple (C, H, W), or (width,) of dense rows
    n_classes : int
    layout : Layout or None
        How the columns of rows lie; None for images.
    """

    shape: tuple[int, ...]
    n_classes: int
    layout: Layout | None = None


class Networks(NamedTuple):
    """The modules of one GAN.

    Attributes
    ----------
    generator : nn.Module
        Maps z of shape (N, latent_dim) and y of shape (N,) to images (N, C, H, W) in [-1, 1], or to dense rows
        (N, width). One of rows may also have a method ``row_logits(z, y)``, which returns numbers and the logits of
        categories, float32 (N, width), -inf for padding; sampling then draws from these, and matches columns. Its
        buffers must change in place.
    discriminator : nn.Module
        Maps images or rows, and y, to a `ganaug.conditioning.Critique`. It must judge each sample by itself, so without
        batch normalisation: training relies on it (see `ganaug.training`).
    encoder : nn.Module or None
        Maps them and y to mean and log-variance, each of shape (N, latent_dim).
    """

    generator: nn.Module
    discriminator: nn.Module
    encoder: nn.Module | None = None


class Architecture(Protocol):
    """A frozen recipe of networks.

    One of rows may have a number ``width`` of hidden units; without it, ``precision="auto"`` takes layers for small.
    """

    latent_dim: int

    def build(self, spec: DataSpec, conditioning: Conditioning) -> Networks:
        """Return freshly initialised networks, drawn with torch's global random numbers."""
