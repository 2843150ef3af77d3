"""What a training step fetches its real samples from: pixels, or the rows of a table."""

from typing import Protocol

import torch
from torch import Tensor

from ganaug.blocks import Layout


class TrainingData(Protocol):
    """Real samples in the form in which they are kept."""

    def to(self, device: torch.device) -> "TrainingData":
        """Return the data on an accelerator, if it fits there."""

    def fetch(self, index: Tensor, device: torch.device) -> Tensor:
        """Return the samples of n indices as float32 (n, ...), as the networks see them."""


class Pixels:
    """Images as uint8, normalised when a step needs them.

    Parameters
    ----------
    pixels : Tensor of shape (N, C, H, W), uint8
        May be a view of a memory-mapped file.
    """

    def __init__(self, pixels: Tensor) -> None:
        self.pixels = pixels

    def to(self, device: torch.device) -> "Pixels":
        """Return the images on the device; see `TrainingData`."""
        return Pixels(_place(self.pixels, device))

    def fetch(self, index: Tensor, device: torch.device) -> Tensor:
        """Return images of shape (n, C, H, W), float32 in [-1, 1], channels last."""
        x = self.pixels[index.to(self.pixels.device)].to(device)
        return x.to(torch.float32, memory_format=torch.channels_last).div_(127.5).sub_(1)


class Rows:
    """Compact rows of a table, made dense when a step needs them.

    Parameters
    ----------
    rows : Tensor of shape (N, n_blocks), float32
        Standardised numbers and category indices.
    layout : Layout
    noise : float, default 0
        Standard deviation of the noise that each fetch adds to numbers: it smooths the few points of a small table
        into a density. Each process draws its own.
    """

    def __init__(self, rows: Tensor, layout: Layout, noise: float = 0.0) -> None:
        self.rows, self.layout, self.noise = rows, layout, noise

    def to(self, device: torch.device) -> "Rows":
        """Return the rows on the device; see `TrainingData`."""
        return Rows(_place(self.rows, device), self.layout, self.noise)

    def fetch(self, index: Tensor, device: torch.device) -> Tensor:
        """Return dense rows of shape (n, layout.width), float32."""
        x = self.layout.expand(self.rows[index.to(self.rows.device)].to(device))
        n_numbers = len(self.layout.numbers)
        if self.noise and n_numbers:
            x[:, :n_numbers] += self.noise * torch.randn(len(x), n_numbers).to(device)
        return x


def _place(data: Tensor, device: torch.device) -> Tensor:
    """Put data on the accelerator if it takes less than half of the free memory there."""
    if device.type == "cuda" and data.nbytes < torch.cuda.mem_get_info(device)[0] / 2:
        return data.to(device)
    return data
