"""The default: norm-free residual networks with a shared, class-conditional trunk."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch.nn.utils.parametrizations import spectral_norm

from ganaug.architectures._layers import (
    ResidualBlock,
    Style,
    base_size,
    crop_to,
    initialise,
    n_halvings,
    pad_to,
    with_ordered_gradient,
)
from ganaug.architectures.base import DataSpec, Networks
from ganaug.conditioning import Conditioning, Critique
from ganaug.resampling import double


@dataclass(frozen=True)
class Residual:
    """Norm-free residual generator, discriminator and encoder that share what classes have in common.

    Parameters
    ----------
    width : int, default 16
        A quarter of the channels at the coarsest resolution, about seven pixels. Each doubling of the resolution
        halves them, to no fewer than this. Raising it costs time by its square.
    latent_dim : int, default 64
    n_blocks : int, default 1
        Residual blocks per resolution.
    encoder : bool, default True
        Also learn ``q(z | x, y)`` and let half of each generator batch reconstruct real images. Without it
        the rarest classes collapse first.
    spectral_norm : bool, default False
        Divide the discriminator's weights by their largest singular value (Miyato et al., ICLR 2018,
        arXiv:1802.05957, Eq. 8).

    References
    ----------
    Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024, arXiv:2501.05441, Section 4.
    Larsen et al., "Autoencoding beyond pixels using a learned similarity metric", ICML 2016, arXiv:1512.09300
    (an encoder beside a GAN).

    Notes
    -----
    Deviations from R3GAN: no work at the full resolution but one convolution, since elementwise passes cost
    more than convolutions on a processor with matrix units; strided and transposed 4x4 convolutions instead of
    bilinear resampling; a linear map over all positions instead of a depthwise head.
    """

    width: int = 16
    latent_dim: int = 64
    n_blocks: int = 1
    encoder: bool = True
    spectral_norm: bool = False

    def build(self, spec: DataSpec, conditioning: Conditioning) -> Networks:
        """Return freshly initialised networks."""
        generator = _Generator(self, spec)
        discriminator = _Discriminator(self, spec, conditioning)
        encoder = _Encoder(self, spec) if self.encoder else None
        for module in (generator, discriminator, encoder):
            if module is not None:
                initialise(module)
        if self.spectral_norm:
            _normalise_spectrally(discriminator)
        return Networks(generator, discriminator, encoder)

    def channels(self, halvings: int) -> list[int]:
        """Return the channels from the finest resolution to the coarsest, which has four times the width."""
        return [max(self.width, 4 * self.width // 2 ** (halvings - scale)) for scale in range(halvings + 1)]


def _normalise_spectrally(module: nn.Module) -> None:
    for layer in list(module.modules()):
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.reset_parameters()  # a layer that starts at zero has no direction to normalise
            spectral_norm(layer)


class _Generator(nn.Module):
    style_dim = 128

    def __init__(self, recipe: Residual, spec: DataSpec) -> None:
        super().__init__()
        _, self.height, self.width = spec.shape
        halvings = n_halvings(self.height, self.width)
        channels = recipe.channels(halvings)
        self.style = Style(recipe.latent_dim, spec.n_classes, self.style_dim)
        self.base_shape = (channels[-1], *base_size(self.height, self.width, halvings))
        self.base = nn.Linear(self.style_dim, self.base_shape[0] * self.base_shape[1] * self.base_shape[2])
        self.blocks = nn.ModuleList()
        self.doublings = nn.ModuleList()
        for coarse, fine in zip(channels[:0:-1], channels[-2::-1], strict=True):
            self.blocks.append(nn.ModuleList(ResidualBlock(coarse, self.style_dim) for _ in range(recipe.n_blocks)))
            self.doublings.append(nn.Conv2d(coarse, fine, 3, padding=1))
        self.to_image = nn.Conv2d(channels[0], spec.shape[0], 3, padding=1)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        w = self.style(z, y)
        x = self.base(w).view(-1, *self.base_shape).contiguous(memory_format=torch.channels_last)
        for blocks, doubling in zip(self.blocks, self.doublings, strict=True):
            for block in blocks:
                x = block(x, w)
            x = leaky_relu(doubling(double(leaky_relu(x, 0.2))), 0.2)
        return crop_to(self.to_image(x), self.height, self.width).float()


class _Pyramid(nn.Module):
    """Halve images by strided convolutions between residual blocks, and flatten what is left."""

    def __init__(self, in_channels: int, spec: DataSpec, channels: list[int], n_blocks: int) -> None:
        super().__init__()
        _, height, width = spec.shape
        halvings = len(channels) - 1
        rows, columns = base_size(height, width, halvings)
        self.canvas = (rows * 2**halvings, columns * 2**halvings)
        self.n_features = channels[-1] * rows * columns
        self.halvings = nn.ModuleList()
        self.blocks = nn.ModuleList()
        for fine, coarse in zip([in_channels, *channels[1:-1]], channels[1:], strict=True):
            self.halvings.append(nn.Conv2d(fine, coarse, 4, stride=2, padding=1))
            self.blocks.append(nn.ModuleList(ResidualBlock(coarse) for _ in range(n_blocks)))

    def forward(self, x: Tensor) -> Tensor:
        x = pad_to(x, *self.canvas).contiguous(memory_format=torch.channels_last)
        for halving, blocks in zip(self.halvings, self.blocks, strict=True):
            x = leaky_relu(halving(x), 0.2)
            for block in blocks:
                x = block(x)
        return with_ordered_gradient(leaky_relu(x, 0.2)).flatten(1)


class _Discriminator(nn.Module):
    n_hidden = 256

    def __init__(self, recipe: Residual, spec: DataSpec, conditioning: Conditioning) -> None:
        super().__init__()
        halvings = n_halvings(*spec.shape[1:])
        self.condition = conditioning.build_input(spec.shape, spec.n_classes)
        self.pyramid = _Pyramid(
            spec.shape[0] + self.condition.n_added, spec, recipe.channels(halvings), recipe.n_blocks
        )
        self.features = nn.Linear(self.pyramid.n_features, self.n_hidden)
        self.head = conditioning.build_head(self.n_hidden, spec.n_classes)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        features = self.features(self.pyramid(self.condition(x, y)))
        return self.head(leaky_relu(features, 0.2), y)


class _Encoder(nn.Module):
    def __init__(self, recipe: Residual, spec: DataSpec) -> None:
        super().__init__()
        halvings = n_halvings(*spec.shape[1:])
        self.pyramid = _Pyramid(spec.shape[0], spec, recipe.channels(halvings), n_blocks=0)
        self.classes = nn.Embedding(spec.n_classes, 64)
        self.posterior = nn.Linear(self.pyramid.n_features + 64, 2 * recipe.latent_dim)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.cat([self.pyramid(x), self.classes(y)], dim=1)
        mean, log_variance = self.posterior(features).float().chunk(2, dim=1)
        return mean, log_variance
