import pytest
import torch
from torch import nn

from ganaug.adam import ALIGNMENT, Adam, flatten_parameters, give_own_memory


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
    optimizer = Adam(*networks, betas=(0.0, 0.99))
    begin = 0
    for p, q in zip(parameters, (q for m in reference if m for q in m.parameters()), strict=True):
        assert torch.equal(p, q)
        assert p.stride() == q.stride() == p.grad.stride()
        assert p.data_ptr() == optimizer.weights[begin:].data_ptr()
        assert p.grad.data_ptr() == optimizer.gradients[begin:].data_ptr()
        begin += -(-p.numel() // ALIGNMENT) * ALIGNMENT
    assert len(optimizer.weights) == begin
    optimizer.check_sharing()
    optimizer.weights.zero_()
    assert not any(p.any() for p in parameters)


def test_parameters_with_gaps_in_memory_do_not_overlap():
    gappy = nn.Linear(10, 8)
    gappy.weight = nn.Parameter(torch.randn(8, 20)[:, :10])
    after = nn.Linear(3, 2)
    before = [p.detach().clone() for m in (gappy, after) for p in m.parameters()]
    flatten_parameters(gappy, after)
    assert all(map(torch.equal, before, (p.detach() for m in (gappy, after) for p in m.parameters())))


def test_own_memory_is_given_back():
    first, _, last = make_networks()
    weights = flatten_parameters(first, last)
    before = [p.detach().clone() for p in first.parameters()]
    give_own_memory(first)
    weights.zero_()
    for p, q in zip(first.parameters(), before, strict=True):
        assert torch.equal(p, q)
        assert p.untyped_storage().nbytes() == 4 * p.numel()
        assert p.grad is None


@pytest.mark.parametrize(
    "break_it",
    [
        lambda network: network.zero_grad(),
        lambda network: network.double().float(),
        lambda network: setattr(network.weight, "data", network.weight.data.clamp(-1, 1)),
    ],
    ids=["zero_grad", "to", "data"],
)
def test_weights_that_were_replaced_are_found(break_it):
    network = nn.Linear(3, 2)
    optimizer = Adam(network, betas=(0.0, 0.99))
    break_it(network)
    with pytest.raises(RuntimeError, match=r"was replaced during training.* change weights in place"):
        optimizer.check_sharing()


def test_parameters_that_do_not_fit_one_vector_are_refused():
    network, other = nn.Linear(3, 2), nn.Linear(3, 2)
    other.bias = network.bias
    with pytest.raises(ValueError, match="Two networks share a parameter"):
        flatten_parameters(network, other)
    with pytest.raises(ValueError, match=r"one dtype and device, got .*float32.*float64"):
        flatten_parameters(network, nn.Linear(3, 2).double())
    with pytest.raises(ValueError, match="have no parameters"):
        flatten_parameters(nn.ReLU(), None)


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
    with pytest.raises(ValueError, match=r"first_moment has 1 numbers and these networks need \d+"):
        second.load_state_dict({"first_moment": torch.zeros(1)})
