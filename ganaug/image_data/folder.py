"""A folder with one subfolder of image files for each class, as torchvision's ImageFolder reads it."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ganaug._typing import Label
from ganaug.image_data.sources import Loader

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""Those of torchvision."""

_PARTS = {"train", "training", "val", "valid", "validation", "test", "testing"}


class FolderSource:
    """Images in class subfolders, at any depth; the label is the name of the subfolder.

    Hidden files and folders are passed over. As in torchvision, Exif data do not turn an image.

    Raises
    ------
    ValueError
        If there are no class subfolders, one of them holds no image file, or they are the parts of a split.
    """

    label_dtype = None

    def __init__(self, root: Path) -> None:
        self.name = f"Folder {root}"
        self.class_names: dict[Label, str] = {}
        self._root = root
        self._files: list[tuple[Path, str]] = []
        classes = sorted(child.name for child in root.iterdir() if child.is_dir() and _is_visible(child.name))
        if not classes:
            raise ValueError(
                f"{root} has no class subfolders; expected one subfolder of images for each class, such as "
                f"{root / 'cat' / '1.png'}, or Parquet files."
            )
        if {label.lower() for label in classes} <= _PARTS and any(_has_folders(root / label) for label in classes):
            raise ValueError(
                f"{root} does not hold classes but parts of a split ({', '.join(classes)}); pass one of them, such as "
                f"{root / next((label for label in classes if label.lower().startswith('train')), classes[0])}."
            )
        for label in classes:
            files = [(path, label) for path in _find_images(root / label)]
            if not files:
                raise ValueError(
                    f"Class folder {root / label} holds no images; put files there that end in "
                    f"{', '.join(EXTENSIONS)}, or remove the folder."
                )
            self._files += files

    @property
    def fingerprint(self) -> list[Any]:
        return ["folder", str(self._root.resolve()), *(fingerprint_file(path, self._root) for path, _ in self._files)]

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[tuple[str, Loader]]:
        for path, label in self._files:
            yield str(path), partial(_read_file, path, label)


def fingerprint_file(path: Path, root: Path) -> list[Any]:
    """Return a file's place below `root`, its size and when it was changed."""
    status = path.stat()
    return [path.relative_to(root).as_posix(), status.st_size, status.st_mtime_ns]


def _has_folders(folder: Path) -> bool:
    return any(child.is_dir() and _is_visible(child.name) for child in folder.iterdir())


def _find_images(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(filter(_is_visible, folders))
        for name in sorted(filter(_is_visible, files)):
            if name.lower().endswith(EXTENSIONS):
                yield Path(parent, name)


def _is_visible(name: str) -> bool:
    return not name.startswith(".")


def _read_file(path: Path, label: Label) -> tuple[Any, Label]:
    from PIL import Image

    with Image.open(path) as image:
        image.load()
        return image, label
