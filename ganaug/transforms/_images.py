"""Give samples of the bank the type, dtype, range and device of the images they replace."""

from typing import Any

import numpy as np
import torch
from PIL import Image

from ganaug.image_data import ImageLayout

FloatRange = tuple[float, float]

PIL_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_TOLERANCE = 1e-3  # resizing and half precision overshoot the ends by a little


def check_float_range(given: Any) -> FloatRange:
    """Return ``(low, high)`` as floats.

    Raises
    ------
    ValueError
        If `given` is not two rising numbers.
    """
    try:
        low, high = (float(value) for value in given)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high:
        raise ValueError(f"float_range must be two rising numbers such as (0.0, 1.0), got {given!r}.")
    return low, high


def pil_like(image: Image.Image, pixels: np.ndarray) -> Image.Image:
    """Turn uint8 (C, H, W) into a PIL image of the same mode as `image`.

    Raises
    ------
    ValueError
        If the mode is not the one for C channels.
    """
    channels, height, width = pixels.shape
    mode = PIL_MODES[channels]
    if image.mode != mode:
        raise ValueError(
            f"The image has PIL mode {image.mode!r} and the bank's samples have {mode!r}; convert the images "
            f"with image.convert({mode!r}) before GANAugment."
        )
    # PIL reads channels row by row (";L") as well as pixel by pixel, and numpy reorders rows much faster. The
    # image takes the bytes over where it can, and copies them when somebody draws into it.
    rows = pixels.transpose(1, 0, 2).tobytes()  # (H, C, W)
    raw_mode = f"{mode};L" if channels > 1 else mode
    return Image.frombuffer(mode, (width, height), rows, "raw", raw_mode, 0, 1)


def tensor_like(image: torch.Tensor, pixels: np.ndarray, float_range: FloatRange) -> torch.Tensor:
    """Turn uint8 pixels into a plain tensor with the dtype and device of `image`, and its range if float.

    Raises
    ------
    TypeError
        If `image` is neither uint8 nor floating.
    ValueError
        If values of a floating `image` leave `float_range`.
    """
    samples = torch.from_numpy(pixels)
    if image.dtype == torch.uint8:
        return samples.to(image.device)
    if not image.dtype.is_floating_point:
        raise TypeError(
            f"GANAugment takes images of dtype uint8 or floating, got {image.dtype}; convert them with "
            f"v2.ToDtype(torch.uint8)."
        )
    low, high = (value.item() for value in torch.aminmax(image.detach()))
    _check_values(low, high, float_range)
    return _rescaled(samples.to(image.device, torch.float32), float_range).to(image.dtype)


def array_like(image: np.ndarray, pixels: np.ndarray, float_range: FloatRange) -> np.ndarray:
    """Turn uint8 (C, H, W) into an array with the axes (H, W) or (H, W, C) and the dtype of `image`.

    Raises
    ------
    TypeError, ValueError
        As for :func:`tensor_like`.
    """
    arranged = pixels[0] if image.ndim == 2 else pixels.transpose(1, 2, 0)
    arranged = np.ascontiguousarray(arranged)
    if image.dtype == np.uint8:
        return arranged
    if image.dtype.kind != "f":
        raise TypeError(
            f"GANAugment takes images of dtype uint8 or floating, got {image.dtype}; convert them with "
            f"image.astype('uint8')."
        )
    _check_values(float(image.min()), float(image.max()), float_range)
    return _rescaled(arranged.astype(np.float32), float_range).astype(image.dtype, copy=False)


def tensor_size(image: torch.Tensor, layout: ImageLayout, n: int | None = None) -> tuple[int, int]:
    """Return height and width of one image, or of a batch of `n`, after checking its shape.

    Raises
    ------
    ValueError
        If the shape is not (C, H, W), or (n, C, H, W) for a batch; the channel axis may lack if C is 1.
    """
    lead = () if n is None else (n,)
    shape, channels = tuple(image.shape), layout.channels
    without_channels = channels == 1 and len(shape) == len(lead) + 2
    if shape[: len(lead)] == lead and (without_channels or shape[len(lead) : -2] == (channels,)):
        return shape[-2], shape[-1]
    expected = ", ".join(str(size) for size in (*lead, channels))
    what = "one label" if n is None else f"{n} labels"
    raise ValueError(
        f"Beside {what} stands an image tensor of shape {shape}; the bank's samples have {channels} "
        f"channels, so ({expected}, height, width) was expected. Give one label per image, and convert the "
        f"images to {PIL_MODES[channels]} before GANAugment."
    )


def array_size(image: np.ndarray, layout: ImageLayout) -> tuple[int, int]:
    """Return height and width of an array (H, W) or (H, W, C) after checking its channels.

    Raises
    ------
    ValueError
        If the array has another shape or number of channels than the bank.
    """
    channels = layout.channels
    if image.shape[2:] == (channels,) or (channels == 1 and image.ndim == 2):
        return image.shape[0], image.shape[1]
    raise ValueError(
        f"The image is an array of shape {image.shape}; the bank's samples have {channels} channels, so "
        f"(height, width, {channels}){' or (height, width)' if channels == 1 else ''} was expected. Convert "
        f"the images before GANAugment."
    )


def _check_values(low: float, high: float, float_range: FloatRange) -> None:
    slack = _TOLERANCE * (float_range[1] - float_range[0])
    if float_range[0] - slack <= low and high <= float_range[1] + slack:
        return
    raise ValueError(
        f"The image's values go from {low:g} to {high:g}, and floating images are taken to lie in "
        f"[{float_range[0]:g}, {float_range[1]:g}]; put GANAugment before Normalize, or pass "
        f"float_range=(low, high) if black and white are other values."
    )


def _rescaled(levels: Any, float_range: FloatRange) -> Any:
    low, high = float_range
    levels *= (high - low) / 255
    levels += low
    return levels
