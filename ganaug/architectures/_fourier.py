"""Convolutions between small maps of many channels, by few multiplications.

On a 7x7 map a 5x5 convolution takes 25 multiplications per position and pair of channels; on Fourier coefficients it
takes 2.5. Since the maps are small, each transform is a product with a matrix, and what lies between is one product of
matrices for each real multiplication. In return, coefficients need two to three times the memory of their maps, and
their rounding in bfloat16 makes errors three times those of a plain convolution; in float32 they are alike.

References
----------
Mathieu, Henaff and LeCun, "Fast training of convolutional networks through FFTs", ICLR 2014, arXiv:1312.5851.
Zlateski, Jia, Li and Durand, "FFT convolutions are faster than Winograd on modern CPUs, here is why", 2018,
arXiv:1809.07851 (Gauss-FFT: a complex product as three real ones).
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from ganaug.architectures._layers import with_ordered_gradient

# The share of multiplications up to which training was faster, with maps of 7x7 to 16x16, 1 to 512 of them.
WORTH_BFLOAT16, WORTH_FLOAT32 = 0.55, 0.3


class FourierConv2d(nn.Conv2d):
    """``nn.Conv2d(n_in, n_out, kernel_size, padding=kernel_size // 2, bias=False)`` for an odd kernel size."""

    def __init__(self, n_in: int, n_out: int, kernel_size: int) -> None:
        super().__init__(n_in, n_out, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        taps_first = self.weight.permute(2, 3, 1, 0)
        if not pays(x, x.shape[2:], taps_first.shape, self.weight.numel()):
            return super().forward(x)
        return positions_last(convolve(positions_first(x), taps_first))


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """Return ``conv2d(x, weight, padding=K // 2)``; what torch has last, positions and taps, comes first.

    Parameters
    ----------
    x : Tensor of shape (H, W, N, C)
    weight : Tensor of shape (K, K, C, D)
        K is odd.

    Returns
    -------
    Tensor of shape (H, W, N, D)
    """
    height, width, n, n_in = x.shape
    kernel_size, n_out = weight.shape[1], weight.shape[3]
    of_x, of_weight, to_y = (torch.from_numpy(m).to(weight) for m in _transforms(height, width, kernel_size))
    x = (of_x @ x.reshape(height * width, n * n_in)).view(len(of_x), n, n_in)
    weight = (of_weight @ weight.reshape(kernel_size**2, n_in * n_out)).view(len(of_x), n_in, n_out)
    y = torch.bmm(x, weight)
    return (to_y @ y.view(len(of_x), n * n_out)).view(height, width, n, n_out)


def positions_first(x: Tensor) -> Tensor:
    """Turn (N, C, H, W), channels_last, into (H, W, N, C)."""
    return with_ordered_gradient(x).permute(2, 3, 0, 1)


def positions_last(x: Tensor) -> Tensor:
    """Turn (H, W, N, C) into (N, C, H, W), channels_last."""
    return x.permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)


def pays(x: Tensor, size: tuple[int, int], weight_shape: tuple[int, int, int, int], n_plain: int) -> bool:
    """Tell whether `convolve` is faster than what torch has, by the number of multiplications.

    Parameters
    ----------
    x : Tensor of shape (N, ...)
        How many maps, of which type, where: a few are not worth the transform of the weight, float32 asks for a larger
        saving, since torch multiplies its matrices slower than it convolves, and devices other than processors are
        left to choose by themselves.
    size : tuple of int
        Height and width of the maps.
    weight_shape : tuple of int
        (K, K, C, D) of what `convolve` would take.
    n_plain : int
        Multiplications per position of the plain convolution.
    """
    kernel_size, _, n_in, n_out = weight_shape
    n_positions = size[0] * size[1]
    n_products = 1.5 * (size[0] + kernel_size // 2) * (size[1] + kernel_size // 2)
    # For each position and map. That of the weight counts twice: it is a small product, and its result is large.
    of_weight = 2 * kernel_size**2 * n_in * n_out / (n_positions * max(1, len(x)))
    share = n_products * (n_in * n_out / n_positions + n_in + n_out + of_weight) / n_plain
    return x.device.type == "cpu" and share < (WORTH_BFLOAT16 if x.dtype == torch.bfloat16 else WORTH_FLOAT32)


@lru_cache
def _transforms(height: int, width: int, kernel_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A, B, C with ``y = C (A x * B w)`` for each pair of channels, maps and kernels taken for vectors."""
    half = kernel_size // 2
    size = np.array([height + half, width + half])  # zeros beside the map, which its opposite sides share
    frequencies = np.indices(size).reshape(2, -1).T
    conjugates = -frequencies % size
    number, conjugate_number = (f @ [size[1], 1] for f in (frequencies, conjugates))
    frequencies = frequencies[number <= conjugate_number]  # one of each conjugate pair is enough
    is_real = (number == conjugate_number)[number <= conjugate_number]

    def waves(points: np.ndarray) -> np.ndarray:
        return np.exp(-2j * np.pi * (frequencies / size) @ points.reshape(2, -1))

    of_x = waves(np.indices((height, width))) / size.prod() ** 0.5
    of_weight = waves(np.indices((kernel_size, kernel_size)) - half).conj()
    to_y = of_x * np.where(is_real, 1, 2)[:, None]
    # (a + bi)(c + di) = ac - bd + ((a + b)(c + d) - ac - bd) i; y adds up real times cosine and imaginary times sine.
    needed = np.concatenate([np.full_like(is_real, True), ~is_real, ~is_real])
    a = np.concatenate([of_x.real, of_x.imag, of_x.real + of_x.imag])[needed]
    b = np.concatenate([of_weight.real, of_weight.imag, of_weight.real + of_weight.imag])[needed]
    c = np.concatenate([to_y.real - to_y.imag, -to_y.real - to_y.imag, to_y.imag])[needed].T
    return a, b, np.ascontiguousarray(c)
