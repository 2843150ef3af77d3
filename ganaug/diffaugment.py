"""Differentiable augmentation in front of the discriminator, against its over-fitting to few images.

A recipe splits chance from work: `draw` makes one row of uniform numbers for each sample, `apply` turns images
and rows into images. Several processes that share a batch can thus draw alike and work on a part each.
"""

import math
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.functional import affine_grid

from ganaug.resampling import resample


class DAugment(Protocol):
    """A recipe for the discriminator's augmentation."""

    n_draws: ClassVar[int]

    def start(self) -> "Applied":
        """Return the callable that lives in one training run."""


class Applied(Protocol):
    """What training calls: images in, images out; and what it tells of the discriminator."""

    def __call__(self, x: Tensor, draws: Tensor) -> Tensor:
        """Augment x of shape (N, C, H, W) by uniform draws of shape (N, n_draws)."""

    def observe(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        """See the logits of a step, to adapt."""


@dataclass(frozen=True)
class DiffAugment:
    """Random brightness, scale, rotation, translation and cutout, differentiable in the image.

    Parameters
    ----------
    brightness : float, default 0.3
        Largest shift, as a share of the range [-1, 1]'s half.
    scale : float, default 0.2
        Largest relative zoom, in and out.
    rotation : float, default 0.15
        Largest angle in radians.
    translation : float, default 0.125
        Largest shift as a share of the side.
    cutout : float, default 0.5
        Side of the square that is blanked, as a share of the image's; 0 switches it off.

    References
    ----------
    Zhao et al., "Differentiable augmentation for data-efficient GAN training", NeurIPS 2020, arXiv:2006.10738,
    Eq. 4 and Section 3.

    Notes
    -----
    Scale and rotation are additions of ours: one bilinear resampling does all three geometric changes.
    """

    brightness: float = 0.3
    scale: float = 0.2
    rotation: float = 0.15
    translation: float = 0.125
    cutout: float = 0.5
    n_draws: ClassVar[int] = 7

    def start(self) -> Applied:
        """Return the stateless augmentation."""
        return _Always(self)

    def apply(self, x: Tensor, draws: Tensor) -> Tensor:
        """Augment images.

        Parameters
        ----------
        x : Tensor of shape (N, C, H, W), float32 in [-1, 1]
        draws : Tensor of shape (N, 7), float32 in [0, 1)
            0.5 everywhere leaves the image in place (but for the cutout's square).

        Returns
        -------
        Tensor of shape (N, C, H, W), float32
        """
        symmetric = draws * 2 - 1
        x = resample(x, self._grid(x, symmetric))
        x = x + (self.brightness * symmetric[:, 0]).view(-1, 1, 1, 1)
        return x * self._kept(x, draws) if self.cutout else x

    def _grid(self, x: Tensor, symmetric: Tensor) -> Tensor:
        zoom = 1 + self.scale * symmetric[:, 1]
        angle = self.rotation * symmetric[:, 2]
        aspect = x.shape[3] / x.shape[2]
        cosine, sine = zoom * angle.cos(), zoom * angle.sin()
        shift = 2 * self.translation * symmetric[:, 3:5]
        rows = [cosine, -sine / aspect, shift[:, 0], sine * aspect, cosine, shift[:, 1]]
        return affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(x.shape), align_corners=False)

    def _kept(self, x: Tensor, draws: Tensor) -> Tensor:
        """Return 0 inside each sample's square and 1 outside, of shape (N, 1, H, W)."""

        def outside(size: int, centre: Tensor) -> Tensor:
            half = max(1, round(size * self.cutout)) / 2
            position = torch.arange(size, device=x.device) + 0.5
            return (position - centre[:, None] * size).abs() > half  # (N, size)

        rows, columns = outside(x.shape[2], draws[:, 5]), outside(x.shape[3], draws[:, 6])
        return (rows[:, None, :, None] | columns[:, None, None, :]).to(x.dtype)


@dataclass(frozen=True)
class _Always:
    recipe: DiffAugment

    def __call__(self, x: Tensor, draws: Tensor) -> Tensor:
        return self.recipe.apply(x, draws)

    def observe(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        pass


@dataclass(frozen=True)
class ADA:
    """Augment each sample with a probability that follows the discriminator's over-fitting.

    Parameters
    ----------
    policy : DiffAugment
        What is done to the chosen samples.
    target : float, default 0.6
        Wanted mean sign of real against fake logits; lowering it augments more.
    speed : float, default 0.005
        Change of the probability per step.

    References
    ----------
    Karras et al., "Training generative adversarial networks with limited data", NeurIPS 2020, arXiv:2006.06676,
    Section 3 and Eq. 1 (r_t).

    Notes
    -----
    The paper's ``r_t = E[sign(D(real))]`` presumes logits centred on zero. Relativistic losses leave their
    offset free, so the sign is taken of the difference to the mean fake logit.
    """

    policy: DiffAugment = field(default_factory=DiffAugment)
    target: float = 0.6
    speed: float = 0.005
    n_draws: ClassVar[int] = DiffAugment.n_draws + 1

    def start(self) -> Applied:
        """Return an augmentation that begins at probability zero."""
        return _Adaptive(self)


@dataclass
class _Adaptive:
    recipe: ADA
    probability: float = 0.0

    def __call__(self, x: Tensor, draws: Tensor) -> Tensor:
        chosen = (draws[:, -1] < self.probability).view(-1, 1, 1, 1)
        return torch.where(chosen, self.recipe.policy.apply(x, draws[:, :-1]), x)

    def observe(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        overfit = (real_logits - fake_logits.mean()).sign().mean().item()
        step = math.copysign(self.recipe.speed, overfit - self.recipe.target)
        self.probability = min(1.0, max(0.0, self.probability + step))


D_AUGMENTS = {"diffaugment": DiffAugment(), "ada": ADA(), "none": None}
