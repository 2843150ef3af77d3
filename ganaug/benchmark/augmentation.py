"""Ordinary augmentation for whole batches of tensors: the baselines that synthetic samples have to beat.

Every recipe is called with a batch and its targets and returns both: ``augment(x, targets, generator)`` with
`x` a Tensor of shape (N, C, H, W), float32 in [-1, 1], and `targets` of shape (N, K), float32, each row a
distribution over classes. All randomness comes from `generator`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

Augmentation = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class NoAugmentation:
    """Return batch and targets unchanged."""

    def __call__(self, x: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return x, targets


@dataclass(frozen=True)
class Affine:
    """Shift, rotate, scale and perhaps mirror and cut a hole into each image, each by its own random amount.

    Parameters
    ----------
    shift : float, default 0.1
        Largest shift along each axis, as a share of the image's side.
    degrees : float, default 10
        Largest rotation either way.
    scale : float, default 0.1
        Largest relative change of size.
    hole : float, default 0
        Side of the square set to the darkest value, as a share of the image's side; zero cuts none.
    mirror : bool, default False
        Whether half of the images are mirrored; only right where a mirrored image keeps its label.

    References
    ----------
    The hole: DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
    2017, arXiv:1708.04552.
    """

    shift: float = 0.1
    degrees: float = 10.0
    scale: float = 0.1
    hole: float = 0.0
    mirror: bool = False

    def __call__(self, x: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        shift_x, shift_y, turn, size = _uniform(4, len(x), generator)
        theta = affine_matrices(
            degrees=turn * self.degrees,
            scale=1 + size * self.scale,
            shift_x=2 * self.shift * shift_x,
            shift_y=2 * self.shift * shift_y,
        )
        if self.mirror:
            theta[:, :, 0] *= torch.randint(0, 2, (len(x), 1), generator=generator) * 2 - 1
        x = warp(x, theta)
        return (cut_hole(x, self.hole, generator) if self.hole else x), targets


@dataclass(frozen=True)
class RandomOperations:
    """Apply random operations of random strength to each image: RandAugment and TrivialAugment for batches.

    The operations are: nothing, shear and shift along either axis, rotation, brightness, contrast, solarize,
    posterize, a hole. All geometric ones of an image act as one warp before the others.

    Parameters
    ----------
    n_operations : int, default 2
        Operations an image; more distort more.
    magnitude : float or None, default 0.3
        Strength as a share of the largest one. None draws it anew for each image, evenly up to the largest.
    mirror : bool, default False
        As for `Affine`.

    References
    ----------
    Cubuk et al., "RandAugment", NeurIPS 2020, arXiv:1909.13719 (two operations, fixed magnitude); Müller and
    Hutter, "TrivialAugment", ICCV 2021, arXiv:2103.10158, Algorithm 1 (one operation, random magnitude).

    Notes
    -----
    Both papers also use colour balance, equalize and sharpness, and fix the order of an image's operations at
    random.
    """

    n_operations: int = 2
    magnitude: float | None = 0.3
    mirror: bool = False

    def __call__(self, x: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        strengths = sum(self._draw(len(x), generator) for _ in range(self.n_operations))
        shear_x, shear_y, shift_x, shift_y, turn, brightness, contrast, solarize, posterize, hole = strengths
        theta = affine_matrices(
            degrees=40 * turn, shear_x=0.4 * shear_x, shear_y=0.4 * shear_y,
            shift_x=0.6 * shift_x, shift_y=0.6 * shift_y,
        )  # fmt: skip
        if self.mirror:
            theta[:, :, 0] *= torch.randint(0, 2, (len(x), 1), generator=generator) * 2 - 1
        x = warp(x, theta)
        x = _photometric(x, *(v[:, None, None, None] for v in (brightness, contrast, solarize, posterize)))
        return cut_hole(x, 0.6 * hole.abs(), generator), targets

    def _draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Signed strength of each operation for each image, (10, n) in [-1, 1]; all but one are zero."""
        strength = _uniform(1, n, generator)[0]
        if self.magnitude is not None:
            strength = self.magnitude * strength.sign()
        chosen = torch.randint(0, 11, (n,), generator=generator)  # The eleventh is to do nothing.
        return torch.nn.functional.one_hot(chosen, 11).T[:10] * strength


@dataclass(frozen=True)
class CutMix:
    """Paste a rectangle of another image of the batch and mix the targets by area.

    Parameters
    ----------
    first : augmentation, default `Affine()`
        Applied to the batch before mixing.
    share : float, default 0.5
        Share of batches that are mixed.

    References
    ----------
    Yun et al., "CutMix", ICCV 2019, arXiv:1905.04899, Eq. 1 and 2 with alpha = 1. One rectangle for each
    batch, as there.
    """

    first: Augmentation = field(default_factory=Affine)
    share: float = 0.5

    def __call__(self, x: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        x, targets = self.first(x, targets, generator)
        mixed, area, centre_y, centre_x = torch.rand(4, generator=generator).tolist()
        if mixed >= self.share:
            return x, targets
        height, width = x.shape[-2:]
        rows = _span(centre_y, area**0.5, height)
        columns = _span(centre_x, area**0.5, width)
        order = torch.randperm(len(x), generator=generator)
        pasted = x.clone()
        pasted[:, :, rows, columns] = x[order][:, :, rows, columns]
        kept = 1 - (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)
        return pasted, kept * targets + (1 - kept) * targets[order]


def affine_matrices(
    *,
    degrees: Tensor,
    shift_x: Tensor,
    shift_y: Tensor,
    scale: Tensor | float = 1.0,
    shear_x: Tensor | float = 0.0,
    shear_y: Tensor | float = 0.0,
) -> Tensor:
    """Matrices for `warp`, shape (N, 2, 3), from one amount for each image; shifts in [-1, 1] coordinates."""
    radians = torch.deg2rad(degrees)
    cos, sin = torch.cos(radians) / scale, torch.sin(radians) / scale
    top = torch.stack([cos + sin * shear_y, cos * shear_x + sin, shift_x], dim=1)
    bottom = torch.stack([cos * shear_y - sin, cos - sin * shear_x, shift_y], dim=1)
    return torch.stack([top, bottom], dim=1)


def warp(x: Tensor, theta: Tensor) -> Tensor:
    """Resample each image under its affine matrix; what comes from outside is the darkest value."""
    grid = affine_grid(theta, list(x.shape), align_corners=False)
    return grid_sample(x + 1, grid, align_corners=False) - 1


def cut_hole(x: Tensor, side: Tensor | float, generator: torch.Generator) -> Tensor:
    """Set a square around a random point of each image to the darkest value.

    `side`, a number or a Tensor of shape (N,), is a share of the image's side; the square may reach over the
    edge.
    """
    n, _, height, width = x.shape
    side = torch.as_tensor(side, dtype=x.dtype).expand(n)[:, None]
    centre_y, centre_x = torch.rand(2, n, 1, generator=generator)
    in_rows = ((torch.arange(height) + 0.5) / height - centre_y).abs() < side / 2  # (N, H)
    in_columns = ((torch.arange(width) + 0.5) / width - centre_x).abs() < side / 2  # (N, W)
    return x.masked_fill((in_rows[:, :, None] & in_columns[:, None, :])[:, None], -1.0)


def _photometric(x: Tensor, brightness: Tensor, contrast: Tensor, solarize: Tensor, posterize: Tensor) -> Tensor:
    """Signed strengths of shape (N, 1, 1, 1); zero leaves an image as it is."""
    unit = (x + 1) / 2
    unit = unit * (1 + 0.9 * brightness)
    mean = unit.mean(dim=(1, 2, 3), keepdim=True)
    unit = ((unit - mean) * (1 + 0.9 * contrast) + mean).clamp(0, 1)
    unit = torch.where(unit > 1 - solarize.abs(), 1 - unit, unit)
    levels = torch.round(255 * (1 - posterize.abs()) ** 3).clamp(min=3)  # From all 256 grey values down to four.
    return torch.where(posterize == 0, unit, torch.round(unit * levels) / levels) * 2 - 1


def _uniform(n_rows: int, n: int, generator: torch.Generator) -> Tensor:
    return torch.rand(n_rows, n, generator=generator) * 2 - 1


def _span(centre: float, share: float, size: int) -> slice:
    """Pixels of an interval of `share` of the side around a relative `centre`, cut at the image's edge."""
    half, middle = share * size / 2, centre * size
    return slice(max(0, round(middle - half)), min(size, round(middle + half)))


def candidate_augmentations(mirror: bool = False) -> dict[str, Augmentation]:
    """The ordinary augmentations a demo chooses its baseline from, by name; `mirror` as for `Affine`."""
    affine = Affine(shift=0.1, degrees=20.0, scale=0.2, mirror=mirror)
    return {
        "gentle affine": Affine(shift=0.1, degrees=10.0, scale=0.1, mirror=mirror),
        "affine": affine,
        "affine + cutout": replace(affine, hole=0.35),
        "RandAugment": RandomOperations(n_operations=2, magnitude=0.3, mirror=mirror),
        "TrivialAugment": RandomOperations(n_operations=1, magnitude=None, mirror=mirror),
        "CutMix": CutMix(affine),
    }
