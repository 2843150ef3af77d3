"""Model folders: ``config.json`` and ``weights.safetensors``, so a model file is data and never code."""

import dataclasses
import hashlib
import importlib
import json
from collections.abc import Iterable
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganaug._folders import check_free_space, check_target, written_whole
from ganaug.exceptions import ModelFormatError

CONFIG, WEIGHTS = "config.json", "weights.safetensors"
VERSION = 1


def write_folder(
    path: str | PathLike, kind: str, config: dict[str, Any], tensors: dict[str, Tensor], *, overwrite: bool
) -> None:
    """Write a model or checkpoint folder, whole or not at all.

    Raises
    ------
    FileExistsError
        If `path` is taken by something else, or by the same kind without `overwrite`.
    OSError
        If the disk is too full; found out before anything is written.
    """
    from safetensors.torch import save_file

    path = Path(path)
    check_free_space(path, sum(t.numel() * t.element_size() for t in tensors.values()), "free some space")
    # Tied or strided tensors cannot be stored: each gets memory of its own.
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    # Both files bear one mark, lest a reader take one of them from before and the other from after a replacement.
    mark = hashlib.sha256(json.dumps(config).encode()).hexdigest()[:16]
    text = json.dumps({"format": f"ganaug-{kind}", "version": VERSION, "mark": mark, **config}, indent=2)
    with written_whole(path, lambda: check_replaceable(path, kind, overwrite)) as folder:
        save_file(tensors, folder / WEIGHTS, metadata={"mark": mark})
        (folder / CONFIG).write_text(text + "\n", encoding="utf-8")


def check_replaceable(path: Path, kind: str, overwrite: bool) -> None:
    """Raise a `FileExistsError` unless `write_folder` may write at `path`.

    Many programs name a file of theirs ``config.json``, so that its content decides, not its name.
    """
    check_target(path, overwrite, kind, CONFIG, (WEIGHTS,))
    config = path / CONFIG
    if config.is_file() and f'"ganaug-{kind}"' not in config.read_text(encoding="utf-8", errors="replace"):
        raise FileExistsError(
            f"{path} exists and is not a {kind} of ganaug, so it is left alone; choose a path that does not exist yet."
        )


def read_folder(path: str | PathLike, kind: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read what `write_folder` wrote.

    Raises
    ------
    ModelFormatError
        If the folder is missing, incomplete, damaged, foreign, or of a newer version.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.exists():
        raise ModelFormatError(f"There is no {kind} at {path}: no such folder.")
    for name in (CONFIG, WEIGHTS):
        if not (path / name).is_file():
            raise ModelFormatError(
                f"{path} is not a ganaug {kind}: there is no {name}. Pass a folder that ganaug saved."
            )
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
        with safe_open(path / WEIGHTS, "pt") as file:
            tensors, about = {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (ValueError, SafetensorError, RecursionError, FileNotFoundError, RuntimeError) as error:
        raise ModelFormatError(f"The {kind} in {path} is damaged: {error}. Save it again.") from error
    if not isinstance(config, dict) or config.get("format") != f"ganaug-{kind}":
        raise ModelFormatError(f"{path / CONFIG} does not describe a ganaug {kind}; pass a folder that ganaug saved.")
    if config.get("version") != VERSION:
        raise ModelFormatError(
            f"{path} has format version {config.get('version')!r} and this ganaug reads {VERSION}; upgrade ganaug."
        )
    if "mark" in about and about["mark"] != config.get("mark", about["mark"]):
        raise ModelFormatError(
            f"{CONFIG} and {WEIGHTS} in {path} do not belong together; if another program is writing there, wait for "
            f"it. Else, save the {kind} again."
        )
    return config, tensors


def load_weights(module: torch.nn.Module, tensors: dict[str, Tensor], prefix: str) -> None:
    """Load the tensors under ``prefix.`` into a module.

    Raises
    ------
    ModelFormatError
        If names or shapes differ from the module's, or a number is not finite.
    """
    start = len(prefix) + 1
    own = {name[start:]: t for name, t in tensors.items() if name.startswith(f"{prefix}.")}
    # Buffers may hold infinity: masks do.
    expected = {name: t for name, t in module.named_parameters() if name in own}
    bad = [name for name, t in expected.items() if own[name].dtype.is_complex > t.dtype.is_complex]
    bad += [name for name in expected if not own[name].isfinite().all()]
    if bad:
        raise ModelFormatError(f"The weights {bad[0]!r} of the {prefix} are not all finite real numbers.")
    try:
        module.load_state_dict(own)
    except RuntimeError as error:
        raise ModelFormatError(f"The weights do not fit the {prefix} that the config describes: {error}") from error


def count_modules(tensors: dict[str, Tensor], start: str) -> int:
    """Return of how many modules there are weights whose names, before the first point, begin so."""
    return len({name.partition(".")[0] for name in tensors if name.startswith(start)})


def weights_of(module: torch.nn.Module, prefix: str) -> dict[str, Tensor]:
    """Return a module's tensors with ``prefix.`` before their names."""
    return {f"{prefix}.{name}": t for name, t in module.state_dict().items()}


def to_json(value: Any) -> Any:
    """Write a parameter: a plain value, or a recipe (a dataclass) with the place of its class.

    Parameters
    ----------
    value : None, bool, int, float, str, numpy scalar, path, list, tuple, dict or dataclass

    Raises
    ------
    TypeError
        If the value, or one inside it, is of another kind.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, PathLike):
        value = fspath(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {"dict": [[to_json(key), to_json(item)] for key, item in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        fields = {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
        return {"class": f"{kind.__module__}:{kind.__qualname__}", "fields": fields}
    raise TypeError(
        f"{value!r} of type {type(value).__name__} cannot be saved; make it a frozen dataclass of plain values."
    )


def from_json(value: Any, trusted: Iterable[type] = ()) -> Any:
    """Read what `to_json` wrote; lists come back as tuples.

    Raises
    ------
    ModelFormatError
        If a class is from outside ganaug and not in `trusted`.
    """
    if isinstance(value, list):
        return tuple(from_json(item, trusted) for item in value)
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {from_json(key, trusted): from_json(item, trusted) for key, item in value["dict"]}
    try:
        place, fields = value["class"], value["fields"]
        recipe = _find_class(place, trusted)
        return recipe(**{name: from_json(item, trusted) for name, item in fields.items()})
    except (KeyError, AttributeError, ImportError, TypeError) as error:
        raise ModelFormatError(f"The config names a recipe that cannot be made: {value!r} ({error}).") from error


def _find_class(place: str, trusted: Iterable[type]) -> type:
    for kind in trusted:
        if place == f"{kind.__module__}:{kind.__qualname__}":
            return kind
    module, _, name = place.partition(":")
    if not module.startswith("ganaug."):
        raise ModelFormatError(
            f"The model uses {place!r}, which is not part of ganaug. If you trust it, import that class and pass "
            f"it: ganaug.load(path, trusted=[{name}])."
        )
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise ModelFormatError(f"The config names {place!r}, which is not a recipe of ganaug.")
    return found
