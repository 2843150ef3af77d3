"""Folders that are written whole or not at all."""

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_target(path: Path, overwrite: bool, kind: str, manifest: str) -> None:
    """Raise unless a folder of this kind may be written at `path`.

    Parameters
    ----------
    path : Path
    overwrite : bool
        Whether a folder of the same kind may be replaced; anything else never is.
    kind : str
        What the folder holds, such as ``'model'``.
    manifest : str
        Name of the file by which the kind is recognised.

    Raises
    ------
    FileExistsError
        If `path` holds anything, unless it is of this kind and `overwrite` is true.
    NotADirectoryError, PermissionError
        If `path` could not be made at all.
    """
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        check_writable(path)
        return
    if not (path / manifest).is_file():
        raise FileExistsError(
            f"{path} exists and is not a {kind}, so it is left alone; choose a path that does not exist yet."
        )
    if not overwrite:
        raise FileExistsError(
            f"{path} already holds a {kind}; choose another path, or pass overwrite=True to replace it."
        )


def check_writable(path: Path) -> None:
    """Raise an `OSError` if the file or folder `path` could not be made, by what is above it."""
    nearest = next(parent for parent in path.absolute().parents if parent.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(f"{path} cannot be made: {nearest} is a file; choose another path.")
    if not os.access(nearest, os.W_OK):
        raise PermissionError(f"{path} cannot be made: you may not write into {nearest}; choose another path.")


def check_free_space(path: Path, n_bytes: int, remedy: str) -> None:
    """Raise an `OSError` if the disk that will hold `path` has less than `n_bytes` left."""
    existing = next(parent for parent in path.absolute().parents if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < n_bytes:
        raise OSError(
            errno.ENOSPC,
            f"{n_bytes / 1e6:.1f} MB are needed and the disk has {free / 1e6:.1f} MB left; {remedy}",
            str(path),
        )


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a sibling folder to write into; it becomes `path` at the end, or vanishes on any error.

    A folder that was at `path` is replaced; check before with `check_target`.
    """
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}.partial"
    partial.mkdir()
    try:
        yield partial
        if path.exists():
            retired = partial.with_suffix(".old")
            path.rename(retired)
            partial.rename(path)
            shutil.rmtree(retired)
        else:
            partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
