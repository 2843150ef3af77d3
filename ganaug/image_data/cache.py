"""Data sets read once and recognised later: pixels, labels and layout in one folder."""

import contextlib
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ganaug.image_data.data import ImageData
from ganaug.image_data.labels import LabelCodec
from ganaug.image_data.layout import ImageLayout
from ganaug.image_data.store import PIXELS_FILE

_VERSION = 1


def find_entry(cache_dir: Path, *fingerprint: Any) -> Path:
    """Return the folder in which a data set with this fingerprint is kept."""
    digest = hashlib.sha256(json.dumps([_VERSION, fingerprint], sort_keys=True).encode()).hexdigest()
    return cache_dir / digest[:24]


def load_entry(entry: Path) -> ImageData | None:
    """Return the data set kept in a folder, or None if there is none or it is damaged."""
    try:
        record = json.loads((entry / "cache.json").read_text(encoding="utf-8"))
        pixels = np.load(entry / PIXELS_FILE, mmap_mode="r")
        indices = np.load(entry / "labels.npy")
        classes = LabelCodec.from_list(record["labels"]).classes
        names = {classes[index]: name for index, name in record["class_names"]}
        return ImageData(
            pixels=pixels,
            labels=[classes[index] for index in indices],
            layout=ImageLayout.from_dict(record["layout"]),
            n_skipped=record["n_skipped"],
            class_names=names,
            label_dtype=record["label_dtype"],
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None


def keep_entry(data: ImageData, folder: Path, entry: Path) -> ImageData:
    """Complete the folder that holds the pixels of `data`, and give it its final name in one step.

    A folder under its final name is therefore always whole.
    """
    codec = data.label_codec
    names = [[codec.classes.index(label), name] for label, name in data.class_names.items()]
    record = {
        "labels": codec.to_list(),
        "class_names": names,
        "layout": data.layout.to_dict(),
        "n_skipped": data.n_skipped,
        "label_dtype": data.label_dtype,
    }
    np.save(folder / "labels.npy", codec.encode(data.labels))
    (folder / "cache.json").write_text(json.dumps(record), encoding="utf-8")
    if load_entry(entry) is None:
        shutil.rmtree(entry, ignore_errors=True)
        with contextlib.suppress(OSError):  # Another process was first with the same data.
            folder.rename(entry)
    return load_entry(entry) or data
