"""Fashion-MNIST from disk: where its four IDX files are sought, and how they are read."""

import gzip
import os
from pathlib import Path

import numpy as np

_FILES = {
    "X_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "X_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
CACHE_FOLDER = Path("~/.cache/ganaug")


def read_fashion_mnist(folder: str | os.PathLike | None = None) -> dict[str, np.ndarray]:
    """Read the four Fashion-MNIST arrays: ``X_*`` uint8 (N, 28, 28), ``y_*`` uint8 (N,)."""
    found = find_fashion_mnist(folder)
    return {part: _read_idx(_idx_file(found, stem)) for part, stem in _FILES.items()}


def find_fashion_mnist(folder: str | os.PathLike | None = None) -> Path:
    """Find the folder with the four Fashion-MNIST files, downloading them as a last resort.

    Sought in `folder`; else in ``$GANAUG_DATA``, the Debian package's folder, and ganaug's cache, which
    `torchvision.datasets.FashionMNIST` fills.

    Raises
    ------
    FileNotFoundError
        If an explicit `folder` lacks a file, or no place has them and the download fails.
    """
    if folder is not None:
        if (found := _complete(Path(folder))) is None:
            names = ", ".join(_FILES.values())
            raise FileNotFoundError(f"{folder} does not hold the Fashion-MNIST files {names} (or the same with .gz).")
        return found
    cache = CACHE_FOLDER.expanduser()
    places = [Path(os.environ["GANAUG_DATA"])] if os.environ.get("GANAUG_DATA") else []
    for place in [*places, DEBIAN_FOLDER, cache]:
        if (found := _complete(place)) is not None:
            return found
    return _download(cache)


def _download(cache: Path) -> Path:
    try:
        from torchvision.datasets import FashionMNIST

        FashionMNIST(cache, download=True)
    except Exception as error:  # Whatever goes wrong (network, disk, torchvision), the user's ways out are the same.
        raise FileNotFoundError(
            f"Fashion-MNIST was not found, and downloading it to {cache} failed ({error}). Pass the "
            f"folder that holds its IDX files, set $GANAUG_DATA to it, install the Debian package "
            f"dataset-fashion-mnist, or go online."
        ) from error
    return _complete(cache) or cache


def _complete(place: Path) -> Path | None:
    """`place`, or the subfolder that torchvision or a copy by hand would use, if all four files are there."""
    for folder in (place, place / "fashion-mnist", place / "FashionMNIST" / "raw"):
        if all(_idx_file(folder, stem).is_file() for stem in _FILES.values()):
            return folder
    return None


def _idx_file(folder: Path, stem: str) -> Path:
    plain = folder / stem
    return plain if plain.is_file() else folder / f"{stem}.gz"


def _read_idx(path: Path) -> np.ndarray:
    """Read an IDX file of bytes: two zeros, type 8, number of axes, the big-endian sizes, the bytes."""
    content = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
    n_axes = content[3] if len(content) > 3 and content[:3] == b"\0\0\x08" else 0
    shape = np.frombuffer(content, ">u4", n_axes, offset=4) if len(content) >= 4 + 4 * n_axes else []
    if not n_axes or len(content) != 4 + 4 * n_axes + int(np.prod(shape)):
        raise ValueError(f"{path} is not a complete IDX file of bytes; fetch it again.")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape.astype(int)).copy()
