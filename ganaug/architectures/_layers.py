"""Blocks shared by the architectures."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad


def n_halvings(height: int, width: int) -> int:
    """Return how often an image is halved until its shorter side is nearest to seven pixels."""
    return max(1, round(math.log2(min(height, width) / 7)))


def base_size(height: int, width: int, halvings: int) -> tuple[int, int]:
    """Return the size that, doubled `halvings` times, covers the image."""
    step = 2**halvings
    return -(-height // step), -(-width // step)


def crop_to(x: Tensor, height: int, width: int) -> Tensor:
    """Cut the centre of x; the identity when it has that size."""
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]


def pad_to(x: Tensor, height: int, width: int) -> Tensor:
    """Put x into the centre of a grey canvas; the identity when it has that size."""
    rows, columns = height - x.shape[2], width - x.shape[3]
    if not rows and not columns:
        return x
    return pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))


def initialise(module: nn.Module) -> None:
    """Draw weights so that signals keep their size through a network without normalisation; biases start at zero.

    The second convolution of a residual block starts at zero instead, so the block starts as the identity.

    References
    ----------
    He et al., "Delving deep into rectifiers", ICCV 2015, arXiv:1502.01852, Eq. 15.
    Zhang et al., "Fixup initialization", ICLR 2019, arXiv:1901.09321.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, a=0.2)
            nn.init.zeros_(layer.bias)
    for block in module.modules():
        if isinstance(block, ResidualBlock):
            nn.init.zeros_(block.second.weight)
            if block.style is not None:
                nn.init.normal_(block.style.weight, std=block.style.in_features**-0.5 / 4)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a skip; the second starts at zero, so the block starts as the identity.

    With `style_dim`, a linear map of the style scales and shifts the hidden channels.

    References
    ----------
    Zhang et al., "Fixup initialization", ICLR 2019, arXiv:1901.09321 (norm-free, zero last layer).
    Perez et al., "FiLM", AAAI 2018, arXiv:1709.07871, Eq. 2.
    """

    def __init__(self, channels: int, style_dim: int = 0) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.style = nn.Linear(style_dim, 2 * channels) if style_dim else None

    def forward(self, x: Tensor, w: Tensor | None = None) -> Tensor:
        h = self.first(x)
        if self.style is not None:
            scale, shift = self.style(w)[:, :, None, None].chunk(2, dim=1)
            h = torch.addcmul(shift, h, 1 + scale)
        return x + self.second(leaky_relu(h, 0.2))


class Style(nn.Module):
    """Map latent and class to a style vector: the class shifts what the latent says, and no more.

    All classes thus share the latent's directions, and a rare class varies as the frequent ones do. An MLP over
    latent and class together learned the few samples of the rare classes by heart instead.
    """

    def __init__(self, latent_dim: int, n_classes: int, style_dim: int) -> None:
        super().__init__()
        self.first = nn.Linear(latent_dim, style_dim)
        self.second = nn.Linear(style_dim, style_dim)
        self.classes = nn.Embedding(n_classes, style_dim)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        w = self.second(leaky_relu(self.first(z), 0.2))
        return leaky_relu(w + self.classes(y), 0.2)


def with_ordered_gradient(x: Tensor) -> Tensor:
    """Return x, whose gradient will be channels_last, too, whatever reads x in another order.

    All that mixes the two orders element by element is several times slower.
    """
    if x.requires_grad:
        x = x.view_as(x)  # whose hook ends with the graph, unlike that of a leaf
        x.register_hook(lambda gradient: gradient.contiguous(memory_format=torch.channels_last))
    return x


class Flatten(nn.Module):
    """Flatten feature maps that are channels_last, and hand their gradient back likewise."""

    def forward(self, x: Tensor) -> Tensor:
        return with_ordered_gradient(x).flatten(1)


class DroppedLeakyReLU(nn.Module):
    """LeakyReLU and then dropout, whose mask costs a byte of random numbers per element instead of a float.

    torch draws one Bernoulli number per element on a processor, which takes longer than most convolutions.

    Parameters
    ----------
    slope : float
    rate : float in [0, 1)
        Share of elements that become zero, rounded to a multiple of 1/256.
    """

    def __init__(self, slope: float, rate: float) -> None:
        super().__init__()
        self.slope, self.rate = slope, round(256 * rate) / 256

    def forward(self, x: Tensor) -> Tensor:
        x = leaky_relu(x, self.slope)
        return x * self._mask(x) if self.training and self.rate else x

    def _mask(self, x: Tensor) -> Tensor:
        """Return 0 or ``1 / (1 - rate)`` for each element, in the type and, for images, the memory order of x."""
        n = x.numel()
        words = torch.empty(-(-n // 8), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        is_kept = words.view(torch.uint8)[:n].ge_(round(256 * self.rate))
        mask = is_kept.to(x.dtype).mul_(1 / (1 - self.rate))
        if x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last):
            return mask.view(x.permute(0, 2, 3, 1).shape).permute(0, 3, 1, 2)
        return mask.view(x.shape)
