import pytest
import torch
from torch.nn.functional import conv2d

from ganaug.architectures._fourier import FourierConv2d, convolve, pays


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (7, 7), (4, 9), (8, 6)])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_the_convolution_is_torchs(size, kernel_size):
    torch.manual_seed(0)
    x = torch.randn(2, 3, *size, dtype=torch.double)
    weight = torch.randn(4, 3, kernel_size, kernel_size, dtype=torch.double)
    y = convolve(x.permute(2, 3, 0, 1), weight.permute(2, 3, 1, 0))
    torch.testing.assert_close(y.permute(2, 3, 0, 1), conv2d(x, weight, padding=kernel_size // 2))


def test_bfloat16_loses_as_little_as_in_a_plain_convolution():
    torch.manual_seed(0)
    x, weight = torch.randn(16, 64, 7, 7) + 0.5, torch.randn(32, 64, 5, 5) / 40
    exact = conv2d(x.double(), weight.double(), padding=2)
    x, weight = x.bfloat16(), weight.bfloat16()

    def error(y):
        return (y - exact).norm() / exact.norm()

    ours = convolve(x.permute(2, 3, 0, 1), weight.permute(2, 3, 1, 0)).permute(2, 3, 0, 1)
    assert error(ours) < 3 * error(conv2d(x, weight, padding=2)) < 0.02


def test_a_layer_of_many_channels_goes_the_short_way():
    layer = FourierConv2d(256, 128, 5)
    x = torch.randn(2, 256, 7, 7)
    taps_first = layer.weight.permute(2, 3, 1, 0)
    assert pays(x, (7, 7), taps_first, layer.weight.numel())
    assert not pays(x, (64, 64), taps_first, layer.weight.numel())
    assert not pays(x.to("meta"), (7, 7), taps_first, layer.weight.numel())
    y = layer(x)
    assert y.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(y, conv2d(x, layer.weight, padding=2), rtol=1e-4, atol=1e-5)


def test_large_maps_go_the_plain_way():
    layer = FourierConv2d(4, 3, 5)
    x = torch.randn(1, 4, 40, 40)
    torch.testing.assert_close(layer(x), conv2d(x, layer.weight, padding=2))


def test_a_layer_used_in_inference_mode_can_learn_afterwards():
    layer = FourierConv2d(256, 128, 5)
    x = torch.randn(2, 256, 3, 5)  # a size of no other test, whose transforms are yet to be made
    with torch.inference_mode():
        expected = layer(x)
    y = layer(x)
    torch.testing.assert_close(y, expected)
    y.sum().backward()
    assert layer.weight.grad.abs().sum() > 0
