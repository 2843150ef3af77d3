"""Folders and files that are written whole or not at all."""

import ctypes
import errno
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

_CLUTTER = (".DS_Store", "Thumbs.db")  # what file managers leave


def check_target(path: Path, overwrite: bool, kind: str, manifest: str, contents: Collection[str] = ()) -> None:
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
    contents : collection of str
        Names of the other files that such a folder may hold.

    Raises
    ------
    FileExistsError
        If `path` holds anything, unless it is of this kind, holds nothing else, and `overwrite` is true.
    NotADirectoryError, PermissionError, OSError
        If `path` could not be made at all, or cannot be replaced as a whole.
    """
    if path.resolve().is_mount():
        raise OSError(
            f"{path} is where a file system is mounted, so it cannot be replaced as a whole; choose a folder inside "
            f"it, such as {path / kind}."
        )
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
    others = sorted({entry.name for entry in path.iterdir()} - {manifest, *contents, *_CLUTTER})
    if others:
        raise FileExistsError(
            f"{path} holds {others[0]!r} beside the {kind}, which replacing it would delete; move that elsewhere, or "
            "choose another path."
        )
    check_writable(path)


def check_writable(path: Path) -> None:
    """Raise an `OSError` if the file or folder `path` could not be made, which is tried in the folder above it."""
    nearest = next(parent for parent in path.resolve().parents if parent.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(f"{path} cannot be made: {nearest} is a file; choose another path.")
    try:
        tempfile.TemporaryFile(dir=nearest).close()  # Permissions say nothing of file systems that take no files.
    except OSError as error:
        raise PermissionError(
            f"{path} cannot be made: you may not write into {nearest} ({error.strerror}); choose another path."
        ) from None


def check_free_space(path: Path, n_bytes: int, remedy: str) -> None:
    """Raise an `OSError` if the disk that will hold `path` has less than `n_bytes` left."""
    existing = next(parent for parent in path.resolve().parents if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < n_bytes:
        raise OSError(
            errno.ENOSPC,
            f"{n_bytes / 1e6:.1f} MB are needed and the disk has {free / 1e6:.1f} MB left; {remedy}",
            str(path),
        )


@contextmanager
def written_whole(path: Path, check: Callable[[], object]) -> Iterator[Path]:
    """Yield a sibling folder to write into; it becomes `path` at the end, or vanishes on any error.

    Parameters
    ----------
    path : Path
        A link is followed.
    check : callable
        Raises unless `path` may be written, and what is there replaced; called again before that is done, since others
        may have put something there meanwhile.
    """
    check()
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.parent / f".{uuid.uuid4().hex[:8]}.partial"
    partial.mkdir()
    try:
        yield partial
        check()
        _put(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def written_file(path: Path, check: Callable[[], object]) -> Iterator[Path]:
    """Yield a sibling file's path to write to; it becomes `path` at the end, or vanishes on any error.

    A link stays one, and it is the file that it points to which is replaced. `check` is that of `written_whole`.
    """
    check()
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{uuid.uuid4().hex[:8]}.partial{path.suffix.lower()}")
    try:
        yield partial
        check()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _put(folder: Path, path: Path) -> None:
    """Move a folder to `path`; what was there is left at `folder`, or gone."""
    if not path.exists():
        folder.rename(path)
    elif not _exchange(folder, path):
        retired = folder.with_suffix(".old")
        try:
            path.rename(retired)
            folder.rename(path)
        except BaseException:
            if retired.exists() and not path.exists():
                retired.rename(path)
            shutil.rmtree(retired, ignore_errors=True)  # Another program has put its own there meanwhile.
            raise
        shutil.rmtree(retired, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step, so that a whole one is always there; False where that cannot be."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    return rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE) == 0


_HERE, _RENAME_EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux
