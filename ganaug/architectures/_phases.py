"""Convolutions of stride two between an image of few channels and many feature maps.

Processors are slow at them: their kernels work on many channels at a time. The four pixels of a 2x2 square, taken for
channels, make a plain 3x3 convolution of them, with four times the channels, half the size, and the same sums.

References
----------
Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016, arXiv:1609.07009, Section 3.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad, pixel_shuffle, pixel_unshuffle


class PhasedConv2d(nn.Conv2d):
    """``nn.Conv2d(n_in, n_out, 5, stride=2, padding=2)`` for images of even sides."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, 5, stride=2, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        weight = _phases(self.weight).permute(0, 1, 3, 5, 2, 4).flatten(1, 3)
        x = pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        return conv2d(x, weight, self.bias, padding=1)


class PhasedConvTranspose2d(nn.ConvTranspose2d):
    """``nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1, bias=False)``."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, 5, stride=2, padding=2, output_padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        weight = _phases(self.weight).flip(2, 4).permute(1, 3, 5, 0, 2, 4).flatten(0, 2)
        return pixel_shuffle(conv2d(x, weight, padding=1), 2)


def _phases(weight: Tensor) -> Tensor:
    """Split 5x5 kernels by the parity of row and column: (A, B, 5, 5) to (A, B, 3, 2, 3, 2), zeros where they end."""
    return pad(weight, (0, 1, 0, 1)).unflatten(3, (3, 2)).unflatten(2, (3, 2))
