"""Go back to the last good state when losses or weights are no longer finite."""

import copy
import warnings
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ganaug.exceptions import GanaugWarning, TrainingDivergedError

if TYPE_CHECKING:
    from ganaug.training_state import TrainingState


class Snapshot:
    """The last state that was finite, and how often training had to go back to it."""

    max_rollbacks = 3

    def __init__(self, state: "TrainingState", n_rollbacks: int = 0) -> None:
        self.n_rollbacks = n_rollbacks
        self.tensors = [tensor.clone() for tensor in _weights_and_buffers(state)]
        self.optimizer = copy.deepcopy(state.optimizer.state_dict())
        self.adaptive = copy.deepcopy([vars(part) for part in adaptive_parts(state).values()])

    def restore(self, state: "TrainingState") -> None:
        """Put the state back, and count it."""
        self.n_rollbacks += 1
        remedy = f"Lower learning_rate (now {state.recipe.learning_rate}) or add a penalty such as 'r1r2'."
        if self.n_rollbacks > self.max_rollbacks:
            raise TrainingDivergedError(
                f"Losses were not finite at step {state.step}, after {self.max_rollbacks} returns to the last good "
                f"state. {remedy}"
            )
        message = f"Losses were not finite at step {state.step}; training went back to its last good state. {remedy}"
        warnings.warn(message, GanaugWarning, stacklevel=2)
        for tensor, saved in zip(_weights_and_buffers(state), self.tensors, strict=True):
            tensor.copy_(saved)
        state.optimizer.load_state_dict(self.optimizer)
        for part, saved in zip(adaptive_parts(state).values(), self.adaptive, strict=True):
            vars(part).update(copy.deepcopy(saved))


def _weights_and_buffers(state: "TrainingState") -> list[Tensor]:
    modules = [m for m in (*state.networks, state.ema) if m]
    return [state.optimizer.weights, state.average, *(b for m in modules for b in m.buffers())]


def adaptive_parts(state: "TrainingState") -> dict[str, Any]:
    """Return penalty and d_augment where they keep numbers of their own: where they are dataclasses."""
    parts = {"penalty": state.penalty, "d_augment": state.d_augment}
    return {name: part for name, part in parts.items() if is_dataclass(part)}
