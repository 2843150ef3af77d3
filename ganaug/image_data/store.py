"""Where pixels go: memory, or a memory-mapped file when there are too many."""

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

MEMORY_LIMIT = 512 * 2**20
"""Bytes of pixels above which they go to disk."""

PIXELS_FILE = "pixels.npy"


class PixelStore:
    """Collect blocks of images and hand them out as one array.

    Use as a context manager: what was not moved elsewhere is removed from disk at its end, whether reading
    succeeded or not. A file that is still memory-mapped then lives on, nameless, until its array is gone.

    Parameters
    ----------
    capacity : int
        The largest number of images that can come.
    cache_dir : Path or None
        Folder for the file; given, the pixels go to disk however few they are. None: the system's folder for
        temporary files, and only above `MEMORY_LIMIT`.
    """

    def __init__(self, capacity: int, cache_dir: Path | None) -> None:
        self.capacity = capacity
        self.cache_dir = cache_dir
        self.folder: Path | None = None
        self._n_images = 0
        self._memory: np.ndarray | None = None
        self._file: BinaryIO | None = None
        self._shape: tuple[int, ...] = ()

    def __enter__(self) -> "PixelStore":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()
        if self.folder is not None and self.folder.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            if self.folder.exists():  # Windows keeps files that are memory-mapped.
                atexit.register(shutil.rmtree, self.folder, ignore_errors=True)

    def append(self, block: np.ndarray) -> None:
        """Add uint8 images of shape (n, C, H, W)."""
        if self._memory is None and self._file is None:
            self._open(block.shape[1:])
        if self._memory is not None:
            self._memory[self._n_images : self._n_images + len(block)] = block
        else:
            self._file.write(np.ascontiguousarray(block).data)  # type: ignore[union-attr]
        self._n_images += len(block)

    def finish(self) -> np.ndarray:
        """Return all images, uint8 of shape (N, C, H, W); read-only if they are on disk."""
        if self._memory is not None:
            return self._memory[: self._n_images]
        assert self._file is not None
        assert self.folder is not None
        self._file.seek(0)
        self._write_header(self._n_images)
        self._file.close()
        return np.load(self.folder / PIXELS_FILE, mmap_mode="r")

    def _open(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        n_bytes = self.capacity * int(np.prod(shape))
        if self.cache_dir is None and n_bytes <= MEMORY_LIMIT:
            self._memory = np.empty((self.capacity, *shape), np.uint8)
            return
        parent = self.cache_dir or Path(tempfile.gettempdir())
        parent.mkdir(parents=True, exist_ok=True)
        _check_free_space(parent, n_bytes)
        self.folder = Path(tempfile.mkdtemp(prefix=".partial-ganaug-", dir=parent))
        self._file = (self.folder / PIXELS_FILE).open("wb")
        self._write_header(0)  # Cut off here, the file claims no images.

    def _write_header(self, n_images: int) -> None:
        # numpy pads the header so that its length does not depend on the first axis.
        header = {"descr": "|u1", "fortran_order": False, "shape": (n_images, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)


def _check_free_space(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise OSError(
            f"The pixels need {n_bytes / 2**20:,.1f} MiB of disk space, but {folder} has only "
            f"{free / 2**20:,.1f} MiB free; free some, or pass cache_dir on a larger disk."
        )
