import pytest
import torch
from torch.autograd import gradcheck
from torch.nn.functional import affine_grid

from ganaug.resampling import Doubling, Resampling, double, resample

SIZES = [(1, 1), (2, 3), (5, 4), (8, 8)]


def make_images(height, width, dtype=torch.float64):
    chance = torch.Generator().manual_seed(0)
    return torch.randn(3, 2, height, width, dtype=dtype, generator=chance).requires_grad_()


def make_grid(x, strength=0.5):
    chance = torch.Generator().manual_seed(1)
    theta = torch.eye(2, 3, dtype=x.dtype) + strength * torch.randn(3, 2, 3, dtype=x.dtype, generator=chance)
    return affine_grid(theta, list(x.shape), align_corners=False)


def gradients_of(function, x, *rest):
    y = function(x, *rest)
    chance = torch.Generator().manual_seed(2)
    (gradient,) = torch.autograd.grad(y, x, torch.randn(y.shape, dtype=y.dtype, generator=chance))
    return y, gradient


def test_double_doubles_the_size_and_keeps_flat_images_flat():
    assert double(torch.randn(2, 3, 5, 7)).shape == (2, 3, 10, 14)
    assert torch.equal(double(torch.full((1, 1, 4, 4), 0.3)), torch.full((1, 1, 8, 8), 0.3))


@pytest.mark.parametrize("size", SIZES)
def test_doubling_is_torchs(size):
    x = make_images(*size)
    own, torchs = gradients_of(Doubling.apply, x), gradients_of(double, x)
    torch.testing.assert_close(own, torchs)
    assert gradcheck(Doubling.apply, (x,))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("strength", [0.0, 0.2, 2.0])  # within, at the edges, and far outside
def test_resampling_is_torchs(size, strength):
    x = make_images(*size)
    grid = make_grid(x, strength)
    own, torchs = gradients_of(Resampling.apply, x, grid), gradients_of(resample, x, grid)
    torch.testing.assert_close(own, torchs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_gradients_keep_type_and_precision_at_any_scale(dtype, scale):
    x = make_images(6, 5, dtype)
    grid = make_grid(x.float(), 0.2).to(dtype)
    for function, rest in ((Doubling.apply, ()), (Resampling.apply, (grid,))):
        y = function(x, *rest)
        (gradient,) = torch.autograd.grad(y, x, torch.full_like(y, scale))
        exact = x.detach().double().requires_grad_()
        wide = function(exact, *(g.double() for g in rest))
        (expected,) = torch.autograd.grad(wide, exact, torch.full_like(wide, scale))
        assert gradient.dtype == dtype
        tolerance = 1e-5 if dtype == torch.float32 else 0.05
        torch.testing.assert_close(gradient.double() / scale, expected / scale, rtol=tolerance, atol=tolerance)


def test_a_gradient_of_zeros_stays_zero():
    x = make_images(4, 4)
    y = Resampling.apply(x, make_grid(x))
    (gradient,) = torch.autograd.grad(y, x, torch.zeros_like(y))
    assert not gradient.any()
