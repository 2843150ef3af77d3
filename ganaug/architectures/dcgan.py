"""The classic deep convolutional GAN, with a class embedding beside the latent."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganaug.architectures._fourier import FourierConv2d
from ganaug.architectures._layers import DroppedLeakyReLU, Flatten, base_size, crop_to, pad_to
from ganaug.architectures._phases import PhasedConv2d, PhasedConvTranspose2d
from ganaug.architectures.base import DataSpec, Networks
from ganaug.conditioning import Conditioning, Critique


@dataclass(frozen=True)
class DCGAN:
    """Dense 7x7x256, transposed 5x5 convolutions 128-64-C; strided 5x5 convolutions 64-128 with dropout.

    Parameters
    ----------
    latent_dim : int, default 100
    dropout : float, default 0.3
        Dropout rate in the discriminator, rounded to a multiple of 1/256.
    class_dim : int, default 16
        Length of the class embedding that joins the latent; 0 makes the generator unconditional.

    References
    ----------
    Radford et al., "Unsupervised representation learning with deep convolutional generative adversarial
    networks", ICLR 2016, arXiv:1511.06434; in the form of TensorFlow's DCGAN tutorial for 28x28 images.

    Notes
    -----
    Other sizes start from their own quarter instead of 7x7, and are cut to size. On processors the convolutions are
    computed in shorter ways where these are faster (`_fourier`, `_phases`), equal up to rounding, which in bfloat16 is
    about three times that of plain convolutions.
    """

    latent_dim: int = 100
    dropout: float = 0.3
    class_dim: int = 16

    def build(self, spec: DataSpec, conditioning: Conditioning) -> Networks:
        """Return freshly initialised networks; there is no encoder."""
        return Networks(_Generator(self, spec), _Discriminator(self, spec, conditioning))


def _quarter(spec: DataSpec) -> tuple[int, int]:
    return base_size(spec.shape[1], spec.shape[2], 2)


class _Generator(nn.Module):
    def __init__(self, recipe: DCGAN, spec: DataSpec) -> None:
        super().__init__()
        self.size = spec.shape[1:]
        self.base_shape = (*_quarter(spec), 256)
        rows, columns, channels = self.base_shape
        self.classes = nn.Embedding(spec.n_classes, recipe.class_dim) if recipe.class_dim else None
        self.base = nn.Linear(recipe.latent_dim + recipe.class_dim, rows * columns * channels, bias=False)
        self.base_norm = nn.BatchNorm2d(channels)
        self.layers = nn.Sequential(
            nn.LeakyReLU(0.3, inplace=True),
            # A transposed convolution of stride one is a plain one.
            FourierConv2d(256, 128, 5),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.3, inplace=True),
            PhasedConvTranspose2d(128, 64),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.3, inplace=True),
            PhasedConvTranspose2d(64, spec.shape[0]),
        )

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        if self.classes is not None:
            z = torch.cat([z, self.classes(y)], dim=1)
        x = self.base(z).view(-1, *self.base_shape).permute(0, 3, 1, 2)  # channels_last already
        x = self.layers(self.base_norm(x))
        return torch.tanh(crop_to(x, *self.size).float())


class _Discriminator(nn.Module):
    def __init__(self, recipe: DCGAN, spec: DataSpec, conditioning: Conditioning) -> None:
        super().__init__()
        rows, columns = _quarter(spec)
        self.canvas = (4 * rows, 4 * columns)
        self.condition = conditioning.build_input(spec.shape, spec.n_classes)
        self.layers = nn.Sequential(
            PhasedConv2d(spec.shape[0] + self.condition.n_added, 64),
            DroppedLeakyReLU(0.3, recipe.dropout),
            PhasedConv2d(64, 128),
            DroppedLeakyReLU(0.3, recipe.dropout),
            Flatten(),
        )
        self.head = conditioning.build_head(rows * columns * 128, spec.n_classes)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        return self.head(self.layers(pad_to(self.condition(x, y), *self.canvas)), y)
