"""Bilinear resampling of images whose gradients repeat exactly on a GPU.

torch adds them up there in whatever order its threads come by, so that rounding, and after some steps all of the
training, differs from run to run. On other devices these are torch's own functions.
"""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate, pad


def double(x: Tensor) -> Tensor:
    """Double the size of images (N, C, H, W) bilinearly: without a transposed convolution's checkerboards."""
    if x.is_cuda:
        return Doubling.apply(x)
    return _double(x)


def resample(x: Tensor, grid: Tensor) -> Tensor:
    """Return the colours of images (N, C, H, W) at places (N, h, w, 2), which get no gradient; edges go on outside.

    -1 and 1 are the outer edges of the outermost pixels.
    """
    if x.is_cuda:
        return Resampling.apply(x, grid)
    return _resample(x, grid)


def _double(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _resample(x: Tensor, grid: Tensor) -> Tensor:
    return grid_sample(x, grid, padding_mode="border", align_corners=False)


class Doubling(torch.autograd.Function):
    """`double` whose gradient is a sum of four neighbours along either side: (1, 3, 3, 1) / 4."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        """Return images of twice the size."""
        return _double(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        """Return the gradient with respect to x."""
        g = pad(gradient, (1, 1, 1, 1), mode="replicate")
        g = (g[..., 0:-3:2] + g[..., 3::2]) / 4 + (g[..., 1:-2:2] + g[..., 2:-1:2]) * 0.75
        g = (g[..., 0:-3:2, :] + g[..., 3::2, :]) / 4 + (g[..., 1:-2:2, :] + g[..., 2:-1:2, :]) * 0.75
        return g.to(gradient.dtype)


class Resampling(torch.autograd.Function):
    """`resample` whose gradient is added up as integers, whose sums do not depend on the order."""

    @staticmethod
    def forward(ctx, x: Tensor, grid: Tensor) -> Tensor:
        """Return the images' colours at the places of the grid."""
        ctx.save_for_backward(grid)
        ctx.shape = x.shape
        return _resample(x, grid)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient with respect to x."""
        (grid,) = ctx.saved_tensors
        n, channels, height, width = ctx.shape
        across, down = _neighbours(grid[..., 0], width), _neighbours(grid[..., 1], height)
        unit = gradient.abs().amax().clamp(min=1e-30).double() / 2**40
        total = torch.zeros(n, channels, height * width, dtype=torch.int64, device=gradient.device)
        for row, row_weight in down:
            for column, column_weight in across:
                part = gradient * (row_weight * column_weight)[:, None]
                place = (row * width + column).view(n, 1, -1).expand(-1, channels, -1)
                total.scatter_add_(2, place, (part.double() / unit).round().long().flatten(2))
        return (total * unit).to(gradient.dtype).view(ctx.shape), None


def _neighbours(coordinates: Tensor, size: int) -> list[tuple[Tensor, Tensor]]:
    """Return the two pixels next to coordinates in [-1, 1] along a side, each with its weight."""
    place = (((coordinates + 1) * size - 1) / 2).clamp(0, size - 1)
    first = place.floor()
    share = place - first
    return [(first.long(), 1 - share), ((first.long() + 1).clamp(max=size - 1), share)]
