"""Convolutions between small maps of many channels, by few multiplications.

On a 7x7 map a 5x5 convolution takes 25 multiplications per position and pair of channels; on Fourier coefficients it
takes 2.5. Since the maps are small, each transform is a product with a matrix, and what lies between is one product of
matrices per coefficient: processors with units for bfloat16 do both at full speed.

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


class FourierConv2d(nn.Conv2d):
    """``nn.Conv2d(n_in, n_out, kernel_size, padding=kernel_size // 2, bias=False)`` for an odd kernel size."""

    def __init__(self, n_in: int, n_out: int, kernel_size: int) -> None:
        super().__init__(n_in, n_out, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        taps_first = self.weight.permute(2, 3, 1, 0)
        if not pays(x, x.shape[2:], taps_first, self.weight.numel()):
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
    of_x, of_weight, to_y = _transforms(height, width, kernel_size, weight.dtype, weight.device)
    x = (of_x @ x.reshape(height * width, n * n_in)).view(-1, n, n_in)
    weight = (of_weight @ weight.reshape(kernel_size**2, n_in * n_out)).view(-1, n_in, n_out)
    y = torch.bmm(x, weight)
    return (to_y @ y.view(-1, n * n_out)).view(height, width, n, n_out)


def positions_first(x: Tensor) -> Tensor:
    """Turn (N, C, H, W), channels_last, into (H, W, N, C)."""
    return with_ordered_gradient(x).permute(2, 3, 0, 1)


def positions_last(x: Tensor) -> Tensor:
    """Turn (H, W, N, C) into (N, C, H, W), channels_last."""
    return x.permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)


def pays(x: Tensor, size: tuple[int, int], weight: Tensor, n_plain: int) -> bool:
    """Tell whether `convolve` is faster than what torch has, by the number of multiplications.

    Parameters
    ----------
    x : Tensor
        Only its type and device matter: processors without units for bfloat16 multiply matrices slower than they
        convolve, and other devices are left to choose by themselves.
    size : tuple of int
        Height and width of the maps.
    weight : Tensor of shape (K, K, C, D)
    n_plain : int
        Multiplications per position of the plain convolution.
    """
    kernel_size, _, n_in, n_out = weight.shape
    n_positions = size[0] * size[1]
    n_products = 1.5 * (size[0] + kernel_size // 2) * (size[1] + kernel_size // 2)
    share = n_products * (n_in * n_out / n_positions + n_in + n_out) / n_plain
    return x.device.type == "cpu" and share < (0.6 if x.dtype == torch.bfloat16 else 0.25)


@lru_cache
def _transforms(
    height: int, width: int, kernel_size: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
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
    with torch.inference_mode(False):  # what is made here lives on
        return tuple(torch.tensor(m.copy(), dtype=dtype, device=device) for m in (a, b, c))
