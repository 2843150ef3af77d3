import pytest
import torch
from torch import nn
from torch.nn.functional import leaky_relu

from ganaug.architectures import DataSpec, Residual, residual
from ganaug.conditioning import Concat, Projection

SPEC = DataSpec((3, 16, 16), 3)


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_the_coarsest_resolution_has_four_times_the_width_at_any_size():
    assert Residual(width=8).channels(1) == [16, 32]
    assert Residual(width=8).channels(4) == [8, 8, 8, 16, 32]


def test_more_blocks_and_width_mean_more_weights():
    small = Residual(width=8).build(SPEC, Projection())
    for larger in (Residual(width=16), Residual(width=8, n_blocks=2)):
        networks = larger.build(SPEC, Projection())
        assert count(networks.generator) > count(small.generator)
        assert count(networks.discriminator) > count(small.discriminator)


def test_encoder_can_be_left_out():
    assert Residual(width=8, encoder=False).build(SPEC, Projection()).encoder is None


def test_spectral_norm_leaves_singular_values_of_one():
    torch.manual_seed(0)
    discriminator = Residual(width=8, spectral_norm=True).build(SPEC, Concat()).discriminator
    x, y = torch.randn(2, *SPEC.shape), torch.tensor([0, 2])
    for _ in range(30):  # each pass in training mode is a step of the power iteration
        discriminator(x, y)
    layers = [m for m in discriminator.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert len(layers) >= 5
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        assert largest.item() == pytest.approx(1.0, abs=0.05)


def test_spectral_norm_is_for_the_discriminator_alone():
    networks = Residual(width=8, spectral_norm=True).build(SPEC, Projection())
    for module in (networks.generator, networks.encoder):
        assert not any("parametrizations" in name for name, _ in module.named_modules())


def test_gradients_of_the_last_maps_come_back_channels_last(monkeypatch):
    outputs, seen = [], []

    def watched(x, slope):
        outputs.append(leaky_relu(x, slope))
        return outputs[-1]

    discriminator = Residual(width=8).build(SPEC, Projection()).discriminator
    monkeypatch.setattr(residual, "leaky_relu", watched)
    x = discriminator.pyramid(torch.randn(4, *SPEC.shape))
    outputs[-1].register_hook(lambda gradient: seen.append(gradient.stride()))
    x.square().sum().backward()
    assert seen == [outputs[-1].stride()]
    assert outputs[-1].is_contiguous(memory_format=torch.channels_last)
