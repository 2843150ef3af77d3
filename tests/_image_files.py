"""Labelled images as files, as a user of the command line has them."""

from pathlib import Path

import numpy as np
from _tiny import make_bars
from PIL import Image

NAMES = ("cat", "dog")


def write_folder(root: Path, n: int = 24, side: int = 8) -> Path:
    """Write bars as PNGs into one subfolder for each class."""
    X, y = make_bars(n, side, side)
    for index, (image, label) in enumerate(zip(X, y, strict=True)):
        place = root / NAMES[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{index:03d}.png")
    return root


def write_npz(path: Path, n: int = 24) -> Path:
    """Write bars as arrays X and y."""
    X, y = make_bars(n)
    np.savez(path, X=X, y=y)
    return path


def write_parquet(path: Path, n: int = 24) -> Path:
    """Write bars in the Hugging Face image layout."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    def encode(image: np.ndarray) -> dict:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        return {"bytes": buffer.getvalue(), "path": None}

    X, y = make_bars(n)
    pq.write_table(pa.table({"image": [encode(image) for image in X], "label": y.tolist()}), path)
    return path
