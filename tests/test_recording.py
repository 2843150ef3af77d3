from dataclasses import dataclass

import pytest
import torch
from _tiny import make_state
from torch import nn

from ganaug.architectures import DCGAN, Residual
from ganaug.conditioning import CONDITIONINGS
from ganaug.diffaugment import D_AUGMENTS
from ganaug.exceptions import GanaugWarning
from ganaug.losses import LOSSES, Relativistic
from ganaug.penalties import PENALTIES
from ganaug.recording import WARM_UP, Recorder, is_recordable, own_stream
from ganaug.training import has_recordable_steps, train


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("conditioning", CONDITIONINGS.values(), ids=CONDITIONINGS)
def test_steps_of_every_loss_and_conditioning_may_be_recorded(loss, conditioning):
    assert has_recordable_steps(make_state(loss=loss, conditioning=conditioning))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *(({"penalty": penalty}, name != "lecam") for name, penalty in PENALTIES.items()),
        *(({"d_augment": d_augment}, name != "ada") for name, d_augment in D_AUGMENTS.items()),
        ({"architecture": DCGAN(latent_dim=4)}, True),
        ({"architecture": Residual(width=8, latent_dim=4, spectral_norm=True)}, True),
    ],
)
def test_steps_with_numbers_that_python_keeps_may_not(changes, expected):
    assert has_recordable_steps(make_state(**changes)) == expected


def test_what_is_not_known_may_not():
    @dataclass(frozen=True)
    class Own(Relativistic):
        pass

    class OwnLayer(nn.Linear):
        pass

    layers = nn.Sequential(nn.Linear(2, 2))
    assert is_recordable([Relativistic(), None], [layers, None])
    assert not is_recordable([Own()], [layers])
    assert not is_recordable([], [layers.append(OwnLayer(2, 2))])


class FakeGraph:
    """A graph that runs its function again when it is replayed, on the tensors that it was recorded with."""

    function = None

    def __init__(self):
        self.inputs = self.output = None

    def pool(self):
        return "pool"

    def replay(self):
        again = FakeGraph.function(*self.inputs)
        self.output.copy_(again)


@pytest.fixture
def fake_cuda(monkeypatch):
    pools = []

    class Capture:
        def __init__(self, graph, pool=None, **_):
            self.graph = graph
            pools.append(pool)

        def __enter__(self):
            FakeGraph.capturing = self.graph

        def __exit__(self, *_):
            FakeGraph.capturing = None

    monkeypatch.setattr(torch.cuda, "CUDAGraph", FakeGraph)
    monkeypatch.setattr(torch.cuda, "graph", Capture)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: None)
    return pools


def make_recorder(function):
    def spied(*inputs):
        output = function(*inputs)
        graph = getattr(FakeGraph, "capturing", None)
        if graph is not None:
            graph.inputs, graph.output = inputs, output
        return output

    FakeGraph.function = staticmethod(function)
    return Recorder(spied)


def test_replayed_calls_return_what_the_function_would(fake_cuda):
    recorder = make_recorder(lambda a, b: a + 2 * b)
    for i in range(10):
        a, b = torch.tensor([float(i)]), torch.tensor([i**2.0])
        assert recorder(i % 2 == 0, a, b).item() == i + 2 * i**2
    assert len(fake_cuda) == 2
    assert fake_cuda == [None, "pool"]


def test_a_few_calls_of_each_key_go_ahead(fake_cuda):
    recorder = make_recorder(lambda a: a)
    for i in range(WARM_UP + 1):
        assert not fake_cuda
        recorder("rare" if i == 1 else "often", torch.zeros(1))
    assert not fake_cuda
    recorder("often", torch.zeros(1))
    assert fake_cuda == [None]


def test_the_given_tensors_are_left_alone(fake_cuda):
    recorder = make_recorder(lambda a: a.mul_(2).clone())
    for _ in range(WARM_UP):
        recorder(0, torch.ones(1))
    given = [torch.tensor([3.0]), torch.tensor([5.0])]
    assert [recorder(0, a).item() for a in given] == [6, 10]
    assert [a.item() for a in given] == [3, 5]


def test_what_cannot_be_recorded_is_called_with_one_warning(fake_cuda):
    def function(a):
        if getattr(FakeGraph, "capturing", None) is not None:
            raise RuntimeError("operation not permitted when stream is capturing")
        return a + 1

    recorder = make_recorder(function)
    with pytest.warns(GanaugWarning, match="could not be recorded, .*: operation not permitted") as caught:
        assert [recorder(0, torch.tensor([float(i)])).item() for i in range(8)] == list(range(1, 9))
    assert len(caught) == 1


def test_on_a_processor_there_is_no_stream_and_no_recorder():
    seen = []
    state = make_state(max_steps=2)
    with own_stream(torch.device("cpu")):
        train(state, [lambda s: seen.append(s.recorder)])
    assert (seen == [None, None]) == (state.fabric.device.type == "cpu")
    assert state.recorder is None
