"""Convolutions of stride two.

The four pixels of a 2x2 square, taken for channels, make a plain 3x3 convolution of them, with four times the channels,
half the size, and the same sums. Processors are faster at it where there are few channels, since their kernels work on
many at a time; where there are many, it can go the way of `_fourier`, which knows no strides.

References
----------
Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016, arXiv:1609.07009.
"""

from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from ganaug.architectures._fourier import convolve, pays, positions_first, positions_last

FEW_CHANNELS = 4  # up to which phases were faster than torch's strided convolutions


class PhasedConv2d(nn.Conv2d):
    """``nn.Conv2d(n_in, n_out, 5, stride=2, padding=2)`` for images of even sides."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, 5, stride=2, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        size, shape = (x.shape[2] // 2, x.shape[3] // 2), (3, 3, 4 * self.in_channels, self.out_channels)
        is_fourier = pays(x, size, shape, self.weight.numel())
        if not is_fourier and self.in_channels > FEW_CHANNELS:
            return super().forward(x)
        weight = _phases(self.weight).permute(2, 4, 3, 5, 1, 0).flatten(2, 4)
        if is_fourier:
            y = positions_last(convolve(_split_squares(x), weight))
            return y + self.bias.to(y.dtype)[:, None, None]
        return conv2d(positions_last(_split_squares(x)), weight.permute(3, 2, 0, 1), self.bias, padding=1)


class PhasedConvTranspose2d(nn.ConvTranspose2d):
    """``nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1, bias=False)``."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, 5, stride=2, padding=2, output_padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        is_fourier = pays(x, x.shape[2:], (3, 3, self.in_channels, 4 * self.out_channels), self.weight.numel())
        if not is_fourier and self.out_channels > FEW_CHANNELS:
            return super().forward(x)
        weight = _phases(self.weight).flip(2, 4).permute(2, 4, 0, 3, 5, 1).flatten(3)
        if is_fourier:
            return _join_squares(convolve(positions_first(x), weight))
        return _join_squares(conv2d(x, weight.permute(3, 2, 0, 1), padding=1).permute(2, 3, 0, 1))


def _phases(weight: Tensor) -> Tensor:
    """Split 5x5 kernels by the parity of row and column: (A, B, 5, 5) to (A, B, 3, 2, 3, 2), zeros where they end."""
    return pad(weight, (0, 1, 0, 1)).unflatten(3, (3, 2)).unflatten(2, (3, 2))


def _split_squares(x: Tensor) -> Tensor:
    """Turn images (N, C, 2 H, 2 W) into maps (H, W, N, 4 C)."""
    # Channels go last before all else, for the gradient to come back in that order.
    x = x.permute(0, 2, 3, 1).unflatten(2, (-1, 2)).unflatten(1, (-1, 2))
    return x.permute(1, 3, 0, 2, 4, 5).flatten(3)


def _join_squares(x: Tensor) -> Tensor:
    """Turn maps (H, W, N, 4 C) into images (N, C, 2 H, 2 W), channels_last."""
    x = x.unflatten(3, (2, 2, -1)).permute(2, 0, 3, 1, 4, 5)
    return x.flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)
