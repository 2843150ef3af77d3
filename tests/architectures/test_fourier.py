import pytest
import torch
from torch.nn.functional import conv2d

from ganaug.architectures import _fourier
from ganaug.architectures._fourier import FourierConv2d, convolve, pays


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (7, 7), (4, 9), (8, 6)])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_the_convolution_is_torchs(size, kernel_size):
    torch.manual_seed(0)
    x = torch.randn(2, 3, *size, dtype=torch.double)
    weight = torch.randn(4, 3, kernel_size, kernel_size, dtype=torch.double)
    y = convolve(x.permute(2, 3, 0, 1), weight.permute(2, 3, 1, 0))
    torch.testing.assert_close(y.permute(2, 3, 0, 1), conv2d(x, weight, padding=kernel_size // 2))


def test_bfloat16_loses_at_most_four_times_as_much_as_in_a_plain_convolution():
    torch.manual_seed(0)
    inputs = torch.randn(16, 256, 7, 7) + 0.5, torch.randn(128, 256, 5, 5) / 80
    upstream = torch.randn(16, 128, 7, 7)

    def run(layer, dtype):
        x, weight = (t.to(dtype).requires_grad_() for t in inputs)
        y = layer(x, weight)
        return [y, *torch.autograd.grad(y, [x, weight], upstream.to(dtype))]

    def plain(x, weight):
        return conv2d(x, weight, padding=2)

    def fourier(x, weight):
        return convolve(x.permute(2, 3, 0, 1), weight.permute(2, 3, 1, 0)).permute(2, 3, 0, 1)

    exact = run(plain, torch.double)
    ours, theirs = (run(layer, torch.bfloat16) for layer in (fourier, plain))
    for one, other, truth in zip(ours, theirs, exact, strict=True):
        assert (one - truth).norm() < 4 * (other - truth).norm()
        assert (one - truth).norm() < 0.01 * truth.norm()


def test_no_maps_stay_no_maps():
    assert convolve(torch.empty(7, 7, 0, 4), torch.empty(5, 5, 4, 3)).shape == (7, 7, 0, 3)


class TestLayer:
    def test_many_maps_of_many_channels_go_the_short_way(self, monkeypatch):
        layer, x = FourierConv2d(256, 128, 5), torch.randn(64, 256, 7, 7)
        expected = conv2d(x, layer.weight, padding=2)
        monkeypatch.setattr(torch.nn.Conv2d, "forward", lambda *_: pytest.fail("must not convolve plainly"))
        y = layer(x)
        assert y.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize(
        ("n", "channels", "size"), [(2, 256, 7), (64, 4, 7), (2, 256, 40)], ids=["few maps", "few channels", "large"]
    )
    def test_others_go_the_plain_way(self, monkeypatch, n, channels, size):
        monkeypatch.setattr(_fourier, "convolve", lambda *_: pytest.fail("does not pay"))
        layer, x = FourierConv2d(channels, 128, 5), torch.randn(n, channels, size, size)
        torch.testing.assert_close(layer(x), conv2d(x, layer.weight, padding=2))

    def test_other_devices_choose_by_themselves(self):
        x, weight = torch.empty(64, 256, 7, 7), torch.empty(5, 5, 256, 128)
        assert pays(x, (7, 7), weight.shape, weight.numel())
        assert not pays(x.to("meta"), (7, 7), weight.shape, weight.numel())

    def test_it_learns_after_inference_mode(self, monkeypatch):
        monkeypatch.setattr(_fourier, "pays", lambda *_: True)
        layer, x = FourierConv2d(4, 3, 5), torch.randn(2, 4, 3, 5)  # a size of no other test
        with torch.inference_mode():
            expected = layer(x)
        y = layer(x)
        torch.testing.assert_close(y, expected)
        y.sum().backward()
        assert layer.weight.grad.abs().sum() > 0
