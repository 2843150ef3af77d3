"""A picture of real and synthetic images side by side, one row for each class."""

from collections.abc import Sequence
from os import PathLike

import numpy as np

MARGIN = 6
LABEL_WIDTH = 96
HEADER_HEIGHT = 22


def save_sample_grid(
    path: str | PathLike,
    real: tuple[np.ndarray, np.ndarray],
    synthetic: tuple[np.ndarray, np.ndarray],
    class_names: Sequence[str],
    n_columns: int = 8,
) -> None:
    """Write a PNG: for every class its name, up to `n_columns` real images, and as many synthetic ones.

    Parameters
    ----------
    path : path
        The PNG file.
    real, synthetic : tuples (pixels, labels)
        `pixels` of shape (N, C, H, W), uint8, with 1, 3 or 4 channels; `labels` of shape (N,), int64 in [0,
        K). The first images of each class are shown, so order them at random.
    class_names : sequence of str, length K
    n_columns : int, default 8
        Images of each kind in a row.
    """
    from PIL import Image, ImageDraw

    height, width = real[0].shape[-2:]
    zoom = max(1, round(32 / height))
    cell_height, cell_width = height * zoom + 2, width * zoom + 2
    block = n_columns * cell_width
    canvas = Image.new(
        "RGB",
        (LABEL_WIDTH + 2 * block + 3 * MARGIN, HEADER_HEIGHT + len(class_names) * cell_height + MARGIN),
        "white",
    )
    draw = ImageDraw.Draw(canvas)
    lefts = (LABEL_WIDTH + MARGIN, LABEL_WIDTH + block + 2 * MARGIN)
    for (pixels, labels), left, title in zip((real, synthetic), lefts, ("real", "synthetic"), strict=True):
        draw.text((left, 5), title, fill="black")
        for label in range(len(class_names)):
            top = HEADER_HEIGHT + label * cell_height
            for column, row in enumerate(np.flatnonzero(labels == label)[:n_columns]):
                canvas.paste(_as_picture(pixels[row], zoom), (left + column * cell_width, top))
    for label, name in enumerate(class_names):
        n_real = int((real[1] == label).sum())
        text = f"{name[:11]} ({n_real})"
        draw.text((MARGIN, HEADER_HEIGHT + label * cell_height + cell_height // 2 - 6), text, fill="black")
    canvas.save(path, format="PNG")


def _as_picture(pixels: np.ndarray, zoom: int):
    from PIL import Image

    pixels = np.moveaxis(pixels, 0, -1)  # (H, W, C)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else np.ascontiguousarray(pixels))
    return picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.NEAREST)
