import pytest
import torch
from torch import nn

from ganaug.architectures._phases import PhasedConv2d, PhasedConvTranspose2d

PAIRS = {
    "convolution": (PhasedConv2d, nn.Conv2d(3, 5, 5, stride=2, padding=2)),
    "transposed": (
        PhasedConvTranspose2d,
        nn.ConvTranspose2d(3, 5, 5, stride=2, padding=2, output_padding=1, bias=False),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_they_are_the_plain_layers_of_torch(name):
    make, plain = PAIRS[name]
    torch.manual_seed(0)
    phased, plain = make(3, 5).double(), plain.double()
    phased.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 8, 12, dtype=torch.double, requires_grad=True)
    results = []
    for layer in (phased, plain):
        y = layer(x)
        (gradient,) = torch.autograd.grad(y.pow(3).sum(), x, create_graph=True)
        second = torch.autograd.grad(gradient.pow(2).sum(), list(layer.parameters()), allow_unused=True)
        results.append([y, gradient, *(g for g in second if g is not None)])
    assert len(results[0]) == len(results[1]) >= 3
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)
