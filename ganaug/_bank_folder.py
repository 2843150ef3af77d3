"""The folder a bank lives in: written whole or not at all, and checked file by file when opened."""

import json
import math
import os
import shutil
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ganaug._folders import check_free_space, check_target, written_whole
from ganaug.exceptions import ModelFormatError
from ganaug.image_data import ImageLayout, LabelCodec

MANIFEST, PIXELS, LABELS = "bank.json", "pixels.npy", "labels.npy"
FORMAT, VERSION = "ganaug-bank", 1


@dataclass(frozen=True)
class BankFolder:
    """What a bank's folder holds.

    Attributes
    ----------
    layout : ImageLayout
        What the images look like to the user.
    codec : LabelCodec
        Translates class indices into the user's labels.
    counts : tuple of int
        Samples of each class, in the codec's order.
    provenance : dict
        Where the samples came from; JSON-able.
    pixels : memmap of shape (N, C, H, W), uint8
        All samples, sorted by class.
    """

    layout: ImageLayout
    codec: LabelCodec
    counts: tuple[int, ...]
    provenance: dict[str, Any]
    pixels: np.ndarray


class TemporaryFolder:
    """A folder that is removed with the last object that holds this one, in the process that made it."""

    def __init__(self, path: Path) -> None:
        self._finalizer = weakref.finalize(self, _remove_if_owner, str(path), os.getpid())


def _remove_if_owner(path: str, owner: int) -> None:
    # A forked worker inherits this finalizer; its copy going away must not take the parent's files.
    if os.getpid() == owner:
        shutil.rmtree(path, ignore_errors=True)


def write_folder(
    path: Path,
    overwrite: bool,
    layout: ImageLayout,
    codec: LabelCodec,
    counts: list[int],
    fill: Callable[[np.ndarray], dict[str, Any]],
) -> None:
    """Write a bank, after checking all that can go wrong before it is filled.

    Parameters
    ----------
    path, overwrite
        As for :func:`ganaug._folders.check_target`.
    layout, codec, counts
        As in :class:`BankFolder`.
    fill : callable
        Fills an array of shape (N, C, H, W), uint8, and returns the provenance.

    Raises
    ------
    FileExistsError, OSError
        If the path is taken or the disk too full.
    TypeError
        If labels cannot be written as JSON.
    """
    check = partial(check_target, path, overwrite, "bank", MANIFEST, (PIXELS, LABELS))
    check()
    shape = (sum(counts), *layout.shape)
    check_free_space(path, math.prod(shape), "free some, lower n_per_class, or choose another disk")
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "layout": layout.to_dict(),
        "classes": codec.to_list(),
        "counts": counts,
    }
    with written_whole(path, check) as folder:
        pixels = np.lib.format.open_memmap(folder / PIXELS, mode="w+", dtype=np.uint8, shape=shape)
        manifest["provenance"] = fill(pixels)
        pixels.flush()
        class_of_sample = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        np.save(folder / LABELS, class_of_sample, allow_pickle=False)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def read_folder(path: Path) -> BankFolder:
    """Open a bank's folder, checking every file against the others.

    Raises
    ------
    ModelFormatError
        If a file is missing, damaged, foreign, or contradicts another; the message names it.
    """
    manifest = _read_manifest(path)
    try:
        layout = ImageLayout.from_dict(manifest["layout"])
        codec = LabelCodec.from_list(manifest["classes"])
        counts = tuple(int(n) for n in manifest["counts"])
        provenance = dict(manifest["provenance"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _damaged(path, MANIFEST, f"an entry is missing or malformed ({error!r})") from error
    if len(counts) != len(codec.classes) or min(counts, default=0) < 0:
        raise _damaged(path, MANIFEST, f"{len(codec.classes)} classes have the counts {counts}")

    pixels = _read_array(path, PIXELS, mmap=True)
    shape = (sum(counts), *layout.shape)
    if pixels.dtype != np.uint8 or pixels.shape != shape:
        raise _damaged(path, PIXELS, f"uint8 {shape} was announced, found {pixels.dtype} {pixels.shape}")
    labels = _read_array(path, LABELS, mmap=False)
    if not np.array_equal(labels, np.repeat(np.arange(len(counts)), counts)):
        raise _damaged(path, LABELS, f"its classes are not sorted with the counts {counts}")
    return BankFolder(layout, codec, counts, provenance, pixels)


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise _not_a_bank(path) from None
    except (OSError, ValueError) as error:
        raise _damaged(path, MANIFEST, str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _damaged(path, MANIFEST, f"it does not say format {FORMAT!r}")
    if manifest.get("version") != VERSION:
        raise ModelFormatError(
            f"{path / MANIFEST} has bank version {manifest.get('version')!r} and this ganaug reads version "
            f"{VERSION}; upgrade ganaug, or make the bank again with SampleBank.from_gan."
        )
    return manifest


def _read_array(path: Path, name: str, mmap: bool) -> np.ndarray:
    try:
        return np.load(path / name, mmap_mode="r" if mmap else None, allow_pickle=False)
    except FileNotFoundError:
        raise _damaged(path, name, "the file is missing") from None
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, name, str(error)) from error


def _damaged(path: Path, name: str, why: str) -> ModelFormatError:
    return ModelFormatError(
        f"{path / name} is damaged or foreign: {why}. Make the bank again with SampleBank.from_gan."
    )


def _not_a_bank(path: Path) -> ModelFormatError:
    if not path.exists():
        return ModelFormatError(
            f"There is no bank at {path}. A bank made without path= is removed together with the object that "
            f"made it; give from_gan a path to keep one."
        )
    return ModelFormatError(
        f"{path} is not a bank: it has no {MANIFEST}. Pass a folder written by SampleBank.from_gan."
    )
