"""Checkpoints: a training run that was cut off goes on as if nothing had happened."""

import copy
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganaug import persistence
from ganaug._validation import check_number
from ganaug.exceptions import ModelFormatError
from ganaug.rollback import adaptive_parts
from ganaug.training_state import TrainingState


@dataclass(frozen=True)
class Checkpoint:
    """Callback that keeps the whole training state in a folder.

    Parameters
    ----------
    path : path-like
        The folder; each checkpoint of a run replaces the last, whole or not at all.
    every : int, default 500
        Steps between two checkpoints; a cut-off run loses no more than these, but for `fine_tune_steps`, which begin
        anew. Steps with weights that are not finite are passed over.
    overwrite : bool, default False
        Whether the checkpoint of another run may be replaced. That of the run that is resumed is, in any case.
    """

    path: str | PathLike
    every: int = 500
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_number("Checkpoint's every", self.every, minimum=1, integer=True)

    def check_before_fit(self, resume_from: str | PathLike | None) -> None:
        """Raise a `FileExistsError`, before any training, if the folder holds something else or another run's state."""
        path = Path(self.path)
        is_resumed = resume_from is not None and Path(resume_from).resolve() == path.resolve()
        persistence.check_replaceable(path, "checkpoint", True)
        if (path / persistence.CONFIG).exists() and not (self.overwrite or is_resumed):
            raise FileExistsError(
                f"{path} holds the checkpoint of another run; go on from it with resume_from={str(path)!r}, choose "
                f"another folder, or pass overwrite=True to replace it."
            )

    def __call__(self, state: TrainingState) -> None:
        """Write the checkpoint if its time has come."""
        if state.step % self.every == 0 and not state.fabric.global_rank and _is_finite(state):
            save(state, self.path)


def _is_finite(state: TrainingState) -> bool:
    return bool(state.optimizer.weights.isfinite().all() and state.average.isfinite().all())


def save(state: TrainingState, path: str | PathLike) -> None:
    """Write everything that `resume` needs, random numbers included."""
    tensors = state.random_numbers.state_dict()
    for name, module in _modules(state).items():
        tensors |= persistence.weights_of(module, name)
    config = {"step": state.step, "seconds": state.seconds, "history": state.history}
    config |= {"earlier_generators": len(state.snapshots), "data": state.digest_data(), "recipe": _describe(state)}
    parts = {name: vars(part) for name, part in adaptive_parts(state).items()}
    for name, part in {"optimizer": state.optimizer.state_dict(), **parts}.items():
        numbers, arrays = _split(part)
        config[name] = numbers
        tensors |= {f"{name}.{key}": value for key, value in arrays.items()}
    persistence.write_folder(path, "checkpoint", config, tensors, overwrite=True)


def resume(state: TrainingState, path: str | PathLike) -> None:
    """Put a fresh state where the checkpoint left off.

    Raises
    ------
    ModelFormatError
        If the folder is not a whole checkpoint, or its networks, data or recipe are not those of `state`; the recipe's
        budgets may differ.
    """
    config, tensors = persistence.read_folder(path, "checkpoint")
    begun, n_snapshots = config.get("recipe", {}), config.get("earlier_generators")
    is_whole = isinstance(begun, dict) and isinstance(config.get("step"), int)
    if not is_whole or n_snapshots != persistence.count_modules(tensors, "snapshot_"):
        raise ModelFormatError(f"The checkpoint in {path} is damaged; train from the start.")
    _check_recipe(begun, _describe(state), path)
    digest = state.digest_data()
    if digest and config.get("data") not in ("", None, digest):
        raise ModelFormatError(
            f"The checkpoint in {path} is of other data: columns or shapes, ranges or the classes' sizes differ. "
            f"Resume on the same data, or train from the start."
        )
    try:
        state.snapshots = [copy.deepcopy(state.ema) for _ in range(n_snapshots)]
        for name, module in _modules(state).items():
            persistence.load_weights(module, tensors, name)
        state.optimizer.load_state_dict(_join("optimizer", config, tensors, state.fabric.device))
        for name, adaptive in adaptive_parts(state).items():
            vars(adaptive).update(_join(name, config, tensors, state.fabric.device))
        state.step, state.seconds, state.history = config["step"], config["seconds"], config["history"]
        state.random_numbers.load_state_dict(tensors)
    except KeyError as error:
        raise ModelFormatError(f"The checkpoint in {path} lacks {error}; train from the start.") from error
    except torch.OutOfMemoryError:
        raise
    except (AttributeError, OverflowError, RuntimeError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ModelFormatError(f"The checkpoint in {path} is of other networks: {error}") from error


def _describe(state: TrainingState) -> dict[str, str]:
    """Return how the recipe's parts are written, but for the budgets, which a resumed run may change."""
    parts = {name: part for name, part in vars(state.recipe).items() if name not in ("max_steps", "max_seconds")}
    return {name: _write(part) for name, part in parts.items()}


def _write(part: Any) -> str:
    try:
        persistence.to_json(part)
    except TypeError:
        return type(part).__qualname__  # Its text may hold a place in memory.
    return repr(part)


def _check_recipe(begun: dict[str, str], given: dict[str, str], path: str | PathLike) -> None:
    for name in begun.keys() & given.keys():
        if begun[name] != given[name]:
            raise ModelFormatError(
                f"The checkpoint in {path} is of a training with {name} = {begun[name]}, and now it is {given[name]}; "
                f"resume with the parameters that it began with (max_steps and max_seconds may change), or train from "
                f"the start."
            )


def _modules(state: TrainingState) -> dict[str, torch.nn.Module]:
    modules = {**state.networks._asdict(), "ema": state.ema}
    modules |= {f"snapshot_{index}": module for index, module in enumerate(state.snapshots)}
    return {name: module for name, module in modules.items() if module is not None}


def _split(values: dict[str, Any]) -> tuple[dict[str, float], dict[str, Tensor]]:
    numbers = {key: value for key, value in values.items() if isinstance(value, (int, float))}
    return numbers, {key: value for key, value in values.items() if isinstance(value, Tensor)}


def _join(name: str, config: dict[str, Any], tensors: dict[str, Tensor], device: torch.device) -> dict[str, Any]:
    """Undo `_split`, and put tensors onto the device."""
    own = {key[len(name) + 1 :]: t.to(device) for key, t in tensors.items() if key.startswith(f"{name}.")}
    return config[name] | own
