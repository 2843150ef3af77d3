"""Pixel values: from a user's number range to uint8 and back."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ganaug._features import as_numpy
from ganaug.exceptions import GanaugWarning

ValueRange = tuple[float, float]

BYTE_RANGE: ValueRange = (0.0, 255.0)
FLOAT_RANGES: tuple[ValueRange, ...] = ((0.0, 1.0), (-1.0, 1.0), BYTE_RANGE)
"""Ranges that float pixels may have; the first that holds all values is assumed."""

_TOLERANCE = 1e-3  # Resizing and float16 overshoot the ends by a little.
_CHUNK_VALUES = 2**20  # Small enough that temporary float copies stay in cache.
_DIM = 32


def iter_chunks(images: Any) -> Iterator[tuple[int, np.ndarray]]:
    """Yield ``(index of the first image, numpy array of some images)`` with bounded memory."""
    values_per_image = max(1, int(np.prod(images.shape[1:])))
    step = max(1, _CHUNK_VALUES // values_per_image)
    for start in range(0, len(images), step):
        yield start, as_numpy(images[start : start + step])


def measure(images: Any, name_of: Callable[[int], str] | None = None) -> ValueRange:
    """Return the smallest and the largest pixel of a batch.

    `name_of` says what messages call an image, where the batch is only a part of X.

    Raises
    ------
    ValueError
        If pixels are NaN or infinite; the message says how many and where the first is.
    """
    lows, highs = [], []
    for _, chunk in iter_chunks(images):
        lows.append(float(chunk.min()))
        highs.append(float(chunk.max()))
    low, high = float(np.min(lows)), float(np.max(highs))
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    n_bad, first = 0, -1
    for start, chunk in iter_chunks(images):
        bad = ~np.isfinite(chunk).reshape(len(chunk), -1)
        n_bad += int(bad.sum())
        if first < 0 and bad.any():
            first = start + int(bad.any(axis=1).argmax())
    name = f"image {first}" if name_of is None else name_of(first)
    raise ValueError(
        f"X holds {'at least ' if name_of else ''}{n_bad} NaN or infinite pixels, the first in {name}; "
        f"pixels must be finite: remove or repair these images."
    )


def fits(low: float, high: float, value_range: ValueRange) -> bool:
    """Say whether all values lie in the range, up to a thousandth of overshoot."""
    slack = _TOLERANCE * (value_range[1] - value_range[0])
    return value_range[0] - slack <= low and high <= value_range[1] + slack


def find_range(low: float, high: float, *, is_float: bool, expected: ValueRange | None = None) -> ValueRange:
    """Find which range pixels with these extremes were meant to have.

    Integers mean 0 to 255. Floats mean `expected` if that holds them all, and else the first of [0, 1], [-1, 1] and
    [0, 255] that does.

    Raises
    ------
    ValueError
        If no range fits.
    """
    ranges = (BYTE_RANGE,) if not is_float else FLOAT_RANGES if expected is None else (expected, *FLOAT_RANGES)
    for value_range in ranges:
        if fits(low, high, value_range):
            return value_range
    named = "[0, 1], [-1, 1] or [0, 255]" if is_float else "[0, 255]"
    kind = "float" if is_float else "integer"
    raise ValueError(
        f"Pixels range from {low:g} to {high:g}, but {kind} pixels must lie in {named}; "
        f"rescale X, for example by undoing a Normalize transform."
    )


def to_uint8(values: np.ndarray, value_range: ValueRange) -> np.ndarray:
    """Map values of the given range to the nearest of 256 levels; same shape."""
    if values.dtype.kind != "f":
        return values.astype(np.uint8)
    low, high = value_range
    scaled = values.astype(np.float32)
    if value_range != BYTE_RANGE:
        scaled -= low
        scaled *= 255 / (high - low)
    np.rint(scaled, out=scaled)
    return np.clip(scaled, 0, 255, out=scaled).astype(np.uint8)


def from_uint8(levels: np.ndarray, dtype: np.dtype, value_range: ValueRange) -> np.ndarray:
    """Map 256 levels to the given range and dtype; a contiguous copy of the same shape."""
    if dtype.kind != "f" or value_range == BYTE_RANGE:
        return levels.astype(dtype, order="C")
    low, high = value_range
    values = levels.astype(np.float64 if dtype == np.float64 else np.float32, order="C")
    values /= 255 / (high - low)
    values += low
    return values.astype(dtype, copy=False)


def warn_if_dim(high: float, dtype: str, value_range: ValueRange) -> None:
    """Warn of pixels taken as 0 to 255 that hardly leave black, such as scikit-learn's digits from 0 to 16.

    Bytes are not suspected: their range is not a guess.
    """
    if value_range == BYTE_RANGE and dtype != "uint8" and high < _DIM:
        warnings.warn(
            f"Pixels of dtype {dtype} up to {high:g} were taken as 0 to 255, so all are nearly black; "
            f"if {high:g} means white, scale X to [0, 1] or [0, 255].",
            GanaugWarning,
            stacklevel=4,
        )
