"""Record a training step's kernels on a GPU once, and replay them with one call.

The networks for small images and tables are a few hundred kernels of some microseconds a step, and launching each from
Python takes several times as long as it runs.
"""

import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganaug.exceptions import GanaugWarning

WARM_UP = 3
"""Steps of a kind before it is recorded, in which libraries choose their kernels and get their memory."""


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """Run what is inside the block on a stream of its own, since nothing can be recorded on the default one."""
    if device.type != "cuda":
        yield
        return
    outer, inner = torch.cuda.current_stream(device), torch.cuda.Stream(device)
    inner.wait_stream(outer)
    try:
        with torch.cuda.stream(inner):
            yield
    finally:
        outer.wait_stream(inner)


def is_recordable(parts: Sequence[Any], networks: Sequence[nn.Module | None]) -> bool:
    """Tell whether the step may be recorded: whether nothing in it depends on numbers that Python keeps.

    Only what is known is recorded: torch's and ganaug's layers, and ganaug's own parts, but for dataclasses that are
    not frozen, which are what keeps numbers.

    Parameters
    ----------
    parts : sequence of objects or None
        Loss, conditioning, penalty and augmentation, and what of the last two lives in the training.
    networks : sequence of modules or None
    """
    layers = {type(layer).__module__.split(".")[0] for network in networks if network for layer in network.modules()}
    return layers <= {"torch", "ganaug"} and all(part is None or _is_stateless(part) for part in parts)


def _is_stateless(part: Any) -> bool:
    owner = getattr(part, "__self__", part)  # a penalty may be a recipe's method
    keeps_numbers = is_dataclass(owner) and not owner.__dataclass_params__.frozen
    return type(owner).__module__.startswith("ganaug.") and not keeps_numbers


@dataclass
class _Recorded:
    graph: "torch.cuda.CUDAGraph"
    inputs: tuple[Tensor, ...]
    output: Any


@dataclass
class Recorder:
    """Call a function of tensors, and from some call on replay what it did.

    Parameters
    ----------
    function : callable
        ``function(*tensors)`` works on tensors of one GPU alone, always alike for one key. What it returns is
        overwritten by the next call.
    """

    function: Callable[..., Any]
    _recorded: dict[Hashable, _Recorded] = field(default_factory=dict)
    _calls: dict[Hashable, int] = field(default_factory=dict)
    _has_failed: bool = False

    def __call__(self, key: Hashable, *inputs: Tensor) -> Any:
        """Return what ``function(*inputs)`` returns; `key` tells apart what is to be recorded separately."""
        if key not in self._recorded:
            self._calls[key] = self._calls.get(key, 0) + 1
            if self._calls[key] > WARM_UP and not self._has_failed:
                self._record(key, inputs)
            if key not in self._recorded:
                return self.function(*inputs)
        recorded = self._recorded[key]
        for own, given in zip(recorded.inputs, inputs, strict=True):
            own.copy_(given)
        recorded.graph.replay()
        return recorded.output

    def _record(self, key: Hashable, inputs: tuple[Tensor, ...]) -> None:
        graph, own = torch.cuda.CUDAGraph(), tuple(t.clone() for t in inputs)
        pool = next((other.graph.pool() for other in self._recorded.values()), None)
        stream = torch.cuda.current_stream(inputs[0].device)
        try:
            with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
                output = self.function(*own)
        except RuntimeError as error:
            self._has_failed = True
            message = f"The training step could not be recorded, and is launched kernel by kernel: {error}"
            warnings.warn(message, GanaugWarning, stacklevel=2)
            return
        self._recorded[key] = _Recorded(graph, own, output)
