import pytest
import torch
from torch import nn

from ganaug.adam import ALIGNMENT, Adam, flatten_parameters


def make_networks():
    torch.manual_seed(0)
    first = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(), nn.Linear(5 * 4, 7)).to(memory_format=torch.channels_last)
    return first, None, nn.Linear(7, 2)


def loss_of(networks, seed):
    x = torch.randn(4, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    return networks[2](networks[0](x)).square().mean()


@pytest.mark.parametrize(("betas", "weight_decay"), [((0.0, 0.99), 0.0), ((0.9, 0.999), 0.0), ((0.5, 0.9), 0.3)])
def test_steps_are_those_of_torch(betas, weight_decay):
    ours, theirs = make_networks(), make_networks()
    optimizer = Adam(*ours, betas=betas, weight_decay=weight_decay)
    parameters = [p for m in theirs if m for p in m.parameters()]
    reference = torch.optim.AdamW(parameters, betas=betas, weight_decay=weight_decay)
    for step in range(20):
        rate = 0.01 * 0.9**step
        optimizer.zero_grad()
        loss_of(ours, step).backward()
        optimizer.step(rate)
        reference.param_groups[0]["lr"] = rate
        reference.zero_grad()
        loss_of(theirs, step).backward()
        reference.step()
    for mine, other in zip(ours, theirs, strict=True):
        for p, q in zip(mine.parameters() if mine else (), other.parameters() if other else (), strict=True):
            torch.testing.assert_close(p, q)


def test_gradients_add_up_until_they_are_forgotten():
    networks = make_networks()
    optimizer = Adam(*networks, betas=(0.0, 0.99))
    loss_of(networks, 0).backward()
    once = optimizer.gradients.clone()
    assert once.abs().sum() > 0
    loss_of(networks, 0).backward()
    torch.testing.assert_close(optimizer.gradients, 2 * once)
    optimizer.zero_grad()
    assert not optimizer.gradients.any()


def test_parameters_become_views_of_one_vector_and_keep_values_and_memory_order():
    networks, reference = make_networks(), make_networks()
    parameters = [p for m in networks if m for p in m.parameters()]
    weights, gradients = flatten_parameters(*networks)
    begin = 0
    for p, q in zip(parameters, (q for m in reference if m for q in m.parameters()), strict=True):
        assert torch.equal(p, q)
        assert p.stride() == q.stride() == p.grad.stride()
        assert p.data_ptr() == weights[begin:].data_ptr()
        assert p.grad.data_ptr() == gradients[begin:].data_ptr()
        begin += -(-p.numel() // ALIGNMENT) * ALIGNMENT
    assert len(weights) == begin
    weights.zero_()
    assert not any(p.any() for p in parameters)


def test_state_goes_from_one_optimizer_to_another():
    networks, others = make_networks(), make_networks()
    first, second = Adam(*networks, betas=(0.5, 0.9)), Adam(*others, betas=(0.5, 0.9))
    loss_of(networks, 0).backward()
    first.step(0.1)
    second.load_state_dict(first.state_dict())
    second.weights.copy_(first.weights)
    for optimizer, players in ((first, networks), (second, others)):
        optimizer.zero_grad()
        loss_of(players, 1).backward()
        optimizer.step(0.1)
    assert torch.equal(first.weights, second.weights)
    assert first.n_steps == second.n_steps == 2
    with pytest.raises(KeyError, match="second_moment"):
        second.load_state_dict({"first_moment": first.first_moment})
