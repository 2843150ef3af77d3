"""Go back to the last good state when losses or weights are no longer finite."""

import copy
import warnings
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

from ganaug.exceptions import GanaugWarning, TrainingDivergedError

if TYPE_CHECKING:
    from ganaug.training import TrainingState


class Snapshot:
    """The last state that was finite, and how often training had to go back to it."""

    max_rollbacks = 3

    def __init__(self, state: "TrainingState", n_rollbacks: int = 0) -> None:
        self.n_rollbacks = n_rollbacks
        self.parts = copy.deepcopy([part.state_dict() for part in self._stateful(state)])
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
        for part, saved in zip(self._stateful(state), self.parts, strict=True):
            part.load_state_dict(copy.deepcopy(saved))
        for part, saved in zip(adaptive_parts(state).values(), self.adaptive, strict=True):
            vars(part).update(copy.deepcopy(saved))

    @staticmethod
    def _stateful(state: "TrainingState") -> list[Any]:
        return [m for m in (*state.networks, state.ema) if m] + [state.optimizer]


def adaptive_parts(state: "TrainingState") -> dict[str, Any]:
    """Return penalty and d_augment where they keep numbers of their own: where they are dataclasses."""
    parts = {"penalty": state.penalty, "d_augment": state.d_augment}
    return {name: part for name, part in parts.items() if is_dataclass(part)}
