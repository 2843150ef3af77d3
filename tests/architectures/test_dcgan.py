import pytest
import torch
from torch import nn

from ganaug.architectures import DCGAN, DataSpec
from ganaug.conditioning import Projection

CLASSIC = DataSpec((1, 28, 28), 10)


def test_layers_are_those_of_the_classic():
    generator, discriminator, encoder = DCGAN().build(CLASSIC, Projection())
    assert generator.base.weight.shape == (7 * 7 * 256, 100 + 16)
    shapes = [(m.in_channels, m.out_channels, m.kernel_size) for m in _convolutions(generator)]
    assert shapes == [(256, 128, (5, 5)), (128, 64, (5, 5)), (64, 1, (5, 5))]
    shapes = [(m.in_channels, m.out_channels, m.stride) for m in _convolutions(discriminator)]
    assert shapes == [(1, 64, (2, 2)), (64, 128, (2, 2))]
    assert discriminator.head.logit.in_features == 7 * 7 * 128
    assert encoder is None


def _convolutions(module):
    return [m for m in module.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]


def test_without_class_dim_the_generator_is_unconditional():
    generator = DCGAN(latent_dim=8, class_dim=0).build(DataSpec((1, 8, 8), 2), Projection()).generator.eval()
    z = torch.randn(1, 8).expand(2, -1)
    same = generator(z, torch.tensor([0, 1]))
    assert torch.equal(same[0], same[1])


def test_samples_stay_within_the_range():
    generator = DCGAN(latent_dim=8).build(DataSpec((1, 8, 8), 2), Projection()).generator
    fake = generator(100 * torch.randn(4, 8), torch.tensor([0, 1, 0, 1]))
    assert fake.abs().max() <= 1


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_dropout_acts_in_training_only(rate):
    discriminator = DCGAN(dropout=rate).build(DataSpec((1, 8, 8), 2), Projection()).discriminator
    x, y = torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 0, 1])
    assert torch.equal(discriminator(x, y).logits, discriminator(x, y).logits) == (rate == 0)
    discriminator.eval()
    assert torch.equal(discriminator(x, y).logits, discriminator(x, y).logits)
