import pytest
import torch
from torch import nn
from torch.nn.functional import leaky_relu

from ganaug.architectures._layers import (
    DroppedLeakyReLU,
    Flatten,
    ResidualBlock,
    base_size,
    crop_to,
    initialise,
    n_halvings,
    pad_to,
)


@pytest.mark.parametrize(
    ("height", "width", "halvings"), [(8, 8, 1), (9, 17, 1), (28, 28, 2), (32, 64, 2), (64, 64, 3), (256, 256, 5)]
)
def test_halvings_bring_the_shorter_side_near_seven(height, width, halvings):
    assert n_halvings(height, width) == n_halvings(width, height) == halvings


@pytest.mark.parametrize(("height", "width", "halvings"), [(8, 8, 1), (9, 17, 1), (28, 30, 2), (250, 17, 3)])
def test_base_size_covers_the_image_and_no_more(height, width, halvings):
    rows, columns = base_size(height, width, halvings)
    step = 2**halvings
    assert 0 <= rows * step - height < step
    assert 0 <= columns * step - width < step


def test_crop_undoes_pad():
    x = torch.randn(2, 3, 9, 17)
    padded = pad_to(x, 12, 20)
    assert padded.shape == (2, 3, 12, 20)
    assert padded.sum() == pytest.approx(x.sum().item(), abs=1e-3)
    assert torch.equal(crop_to(padded, 9, 17), x)
    assert torch.equal(crop_to(pad_to(x, 10, 18), 9, 17), x)


def test_pad_and_crop_of_the_right_size_are_the_identity():
    x = torch.randn(2, 3, 8, 8)
    assert pad_to(x, 8, 8) is x
    assert torch.equal(crop_to(x, 8, 8), x)


def test_initialised_layers_keep_the_size_of_signals():
    torch.manual_seed(0)
    layers = nn.Sequential(*(m for _ in range(8) for m in (nn.Conv2d(32, 32, 3), nn.LeakyReLU(0.2))))
    initialise(layers)
    x = torch.randn(4, 32, 32, 32)
    assert layers(x).square().mean().sqrt().item() == pytest.approx(1, rel=0.5)
    assert not any(layer.bias.any() for layer in layers[::2])


@pytest.mark.parametrize("style_dim", [0, 5])
def test_residual_block_starts_as_the_identity(style_dim):
    block = ResidualBlock(4, style_dim)
    initialise(block)
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(block(x, torch.randn(2, style_dim or 1)), x)


def test_style_scales_and_shifts_the_hidden_channels():
    block = ResidualBlock(4, style_dim=3)
    initialise(block)
    torch.nn.init.dirac_(block.second.weight)
    x, w = torch.randn(2, 4, 5, 5), torch.randn(2, 3)
    scale, shift = block.style(w)[:, :, None, None].chunk(2, dim=1)
    expected = x + leaky_relu(block.first(x) * (1 + scale) + shift, 0.2)
    torch.testing.assert_close(block(x, w), expected)


LAYOUTS = {
    "channels_first": lambda: torch.randn(5, 7, 9, 11),
    "channels_last": lambda: torch.randn(5, 7, 9, 11).to(memory_format=torch.channels_last),
    "flat": lambda: torch.randn(1001),
    "one pixel": lambda: torch.randn(3, 1, 1, 1),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_dropped_relu_scales_what_it_keeps(layout):
    torch.manual_seed(0)
    x = LAYOUTS[layout]()
    dropped = DroppedLeakyReLU(0.3, 0.25)(x)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], leaky_relu(x, 0.3)[kept] / 0.75)
    assert dropped.stride() == x.stride()


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.5])
def test_dropped_relu_keeps_the_mean_and_drops_at_the_rate(rate):
    torch.manual_seed(0)
    layer = DroppedLeakyReLU(0.3, rate)
    x = torch.randn(64, 16, 14, 14).to(memory_format=torch.channels_last)
    dropped = layer(x)
    assert (dropped == 0).double().mean().item() == pytest.approx(layer.rate, abs=0.005)
    assert abs(layer.rate - rate) <= 1 / 512
    assert dropped.mean().item() == pytest.approx(leaky_relu(x, 0.3).mean().item(), abs=0.01)


def test_dropped_relu_draws_each_element_by_itself():
    torch.manual_seed(0)
    kept = (DroppedLeakyReLU(0.3, 0.5)(torch.ones(40_000)) != 0).double()
    for lag in (1, 4, 8):  # eight bytes come from one draw
        assert torch.corrcoef(torch.stack([kept[lag:], kept[:-lag]]))[0, 1].abs() < 0.02


def test_dropped_relu_sends_gradients_through_the_same_factor():
    x = torch.randn(4, 6, 5, 3, requires_grad=True)
    dropped = DroppedLeakyReLU(0.3, 0.3)(x)
    dropped.sum().backward()
    torch.testing.assert_close(x.grad * x, dropped)


def test_dropped_relu_can_be_differentiated_twice():
    x = torch.randn(8, 6, requires_grad=True)
    layer, weight = DroppedLeakyReLU(0.3, 0.3), torch.ones(6, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x * weight).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    assert (weight.grad > 0).all()


def test_dropped_relu_is_plain_in_evaluation_and_repeats_with_the_seed():
    layer, x = DroppedLeakyReLU(0.3, 0.3), torch.randn(100)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        first = layer(x)
        torch.manual_seed(3)
        assert torch.equal(layer(x), first)
    assert torch.equal(layer.eval()(x), leaky_relu(x, 0.3))


def test_flatten_is_torchs_with_a_gradient_in_the_order_of_the_maps():
    x = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last).requires_grad_()
    y = Flatten()(x * 1)
    assert torch.equal(y, nn.Flatten()(x))
    (gradient,) = torch.autograd.grad((y**3).sum(), x, create_graph=True)
    assert gradient.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(gradient, 3 * x**2)
    torch.testing.assert_close(torch.autograd.grad(gradient.sum(), x)[0], 6 * x)


def test_flatten_needs_no_gradient():
    assert Flatten()(torch.ones(2, 3, 4, 4)).shape == (2, 48)
