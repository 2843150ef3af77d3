"""PIL images: which modes are understood, and how they become arrays."""

import io
import os
import sys
from typing import Any

import numpy as np

_CONVERTED_MODES = {
    "1": "L",
    "P": "RGB",
    "PA": "RGBA",
    "LA": "RGBA",
    "La": "RGBA",
    "CMYK": "RGB",
    "YCbCr": "RGB",
    "RGBX": "RGB",
}


def is_pil(image: object) -> bool:
    """Say whether this is a PIL image, without importing PIL."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(image, module.Image)


def pil_to_array(
    image: Any, name: str, image_size: tuple[int, int] | None = None, mode: str | None = None
) -> np.ndarray:
    """Turn a PIL image into uint8 (H, W) for mode L, or (H, W, C) for RGB and RGBA; its own mode if none is given.

    Raises
    ------
    ValueError
        If the mode holds more than 8 bits a channel (I, I;16, F) or is not an image mode (Lab, HSV).
    """
    own = _CONVERTED_MODES.get(image.mode, image.mode)
    if own not in ("L", "RGB", "RGBA"):
        raise ValueError(
            f"{name} has PIL mode {image.mode!r}; ganaug reads L, RGB and RGBA, and converts 1, P, LA and "
            f"CMYK. Convert it first: scale to 8 bits, or use image.convert('RGB')."
        )
    mode = mode or own
    if mode != image.mode:
        image = image.convert(mode)
    if image_size is not None and image.size != (image_size[1], image_size[0]):
        from PIL import Image

        image = image.resize((image_size[1], image_size[0]), Image.Resampling.BICUBIC)
    return np.asarray(image)


def decode_image(encoded: Any) -> Any:
    """Return the PIL image in the bytes of a file, or in a Hugging Face record ``{bytes, path}``, turned upright.

    As in Hugging Face's `datasets`, the file at ``path`` counts where there are no bytes, and a photo is turned as its
    Exif data say.

    Raises
    ------
    ValueError
        If there are neither bytes nor a file.
    """
    from PIL import Image, ImageOps

    path = None
    if isinstance(encoded, dict):
        encoded, path = encoded.get("bytes"), encoded.get("path")
    if encoded is None and not (path and os.path.isfile(path)):
        raise ValueError("it holds no image bytes")
    return ImageOps.exif_transpose(Image.open(path if encoded is None else io.BytesIO(encoded)))


def array_to_pil(pixels: np.ndarray) -> Any:
    """Turn uint8 (C, H, W) into a PIL image of mode L, RGB or RGBA."""
    from PIL import Image

    if len(pixels) == 1:
        return Image.fromarray(np.ascontiguousarray(pixels[0]))
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
