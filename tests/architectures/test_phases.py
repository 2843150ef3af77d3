import pytest
import torch
from torch import nn

from ganaug.architectures import _phases
from ganaug.architectures._fourier import convolve
from ganaug.architectures._phases import PhasedConv2d, PhasedConvTranspose2d

PAIRS = {
    "convolution": (PhasedConv2d, lambda i, o: nn.Conv2d(i, o, 5, stride=2, padding=2)),
    "transposed": (
        PhasedConvTranspose2d,
        lambda i, o: nn.ConvTranspose2d(i, o, 5, stride=2, padding=2, output_padding=1, bias=False),
    ),
}


@pytest.mark.parametrize("way", ["few channels", "many channels", "fourier"])
@pytest.mark.parametrize("name", PAIRS)
def test_they_are_the_plain_layers_of_torch(name, way, monkeypatch):
    monkeypatch.setattr(_phases, "pays", lambda *_: way == "fourier")
    channels = (3, 4) if way == "few channels" else (6, 5)
    torch.manual_seed(0)
    phased, plain = (make(*channels).double() for make in PAIRS[name])
    phased.load_state_dict(plain.state_dict())
    x = torch.randn(2, channels[0], 8, 12, dtype=torch.double, requires_grad=True)
    results = []
    for layer in (phased, plain):
        y = layer(x)
        (gradient,) = torch.autograd.grad(y.pow(3).sum(), x, create_graph=True)
        second = torch.autograd.grad(gradient.pow(2).sum(), list(layer.parameters()), allow_unused=True)
        results.append([y, gradient, *(g for g in second if g is not None)])
    assert len(results[0]) == len(results[1]) >= 3
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("is_worth_it", [True, False])
def test_maps_and_gradients_keep_channels_last(name, is_worth_it, monkeypatch):
    monkeypatch.setattr(_phases, "pays", lambda *_: is_worth_it)
    x = torch.randn(2, 64, 8, 8).to(memory_format=torch.channels_last).requires_grad_()
    y = PAIRS[name][0](64, 64)(x)
    (gradient,) = torch.autograd.grad(y.square().sum(), x)
    for maps in (y, gradient):
        assert maps.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("name", "channels", "size"), [("convolution", (64, 128), 14), ("transposed", (128, 64), 7)], ids=PAIRS
)
def test_the_classic_layers_go_the_short_way_in_bfloat16(name, channels, size, monkeypatch):
    calls = []
    monkeypatch.setattr(_phases, "convolve", lambda *given: calls.append(len(given)) or convolve(*given))
    layer, x = PAIRS[name][0](*channels), torch.randn(256, channels[0], size, size)
    for dtype, n_calls in ((torch.float32, 0), (torch.bfloat16, 1)):
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            y = layer(x.to(dtype))
        assert (y.dtype, len(calls)) == (dtype, n_calls)


@pytest.mark.parametrize("name", PAIRS)
def test_no_images_stay_no_images(name, monkeypatch):
    monkeypatch.setattr(_phases, "pays", lambda *_: True)
    assert PAIRS[name][0](4, 6)(torch.empty(0, 4, 8, 8)).shape[:2] == (0, 6)
