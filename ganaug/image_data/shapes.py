"""Shapes and dtypes: which arrays are images, and where their channels are."""

from typing import Any, Literal

import numpy as np
import torch

from ganaug._typing import Images
from ganaug.image_data.pil import is_pil, pil_to_array

ChannelAxis = Literal["none", "first", "last"]

CHANNELS = (1, 3, 4)
MIN_SIDE, MAX_SIDE = 8, 256

_AXIS_NAMES = {"none": "(H, W)", "first": "(C, H, W)", "last": "(H, W, C)"}
_DTYPE_ADVICE = {
    "int8": "It ends at 127, and white is 255: use X.astype('uint8').",
    "bool": "Scale to bytes with X.astype('uint8') * 255.",
    "object": "Images of different shapes make such arrays: bring all to one shape, then use np.stack.",
}


def find_dtype(owner: Any, name: str) -> str:
    """Return the name of the dtype of an array or tensor.

    Raises
    ------
    TypeError
        If it is neither an integer nor a float type.
    """
    if isinstance(owner, torch.Tensor):
        dtype = str(owner.dtype).removeprefix("torch.")
        is_number = not (owner.dtype.is_complex or owner.dtype == torch.bool)
    else:
        dtype = owner.dtype.name
        is_number = owner.dtype.kind in "uif"
    if is_number and dtype != "int8":
        return dtype
    raise TypeError(
        f"{name} has dtype {dtype}; pixels must be uint8, another integer type from 0 to 255, or float. "
        f"{_DTYPE_ADVICE.get(dtype, 'Convert the images to numbers first.')}"
    )


def find_axes(shape: tuple[int, ...], owner: Any, name: str) -> tuple[ChannelAxis, int, int, int]:
    """Return ``(channel axis, channels, height, width)`` of one image of this shape.

    Tensors have their channels first. Arrays have them last, or first if only that gives 1, 3 or 4 of them.

    Raises
    ------
    ValueError
        If these are not 1, 3 or 4 channels, or a side is not from 8 to 256 pixels.
    """
    axis = _find_channel_axis(shape, isinstance(owner, torch.Tensor), name)
    if axis == "none":
        channels, (height, width) = 1, shape
    elif axis == "first":
        channels, height, width = shape
    else:
        height, width, channels = shape
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise ValueError(
            f"{name} holds {height} x {width} pixels for each image (shape {shape} read as "
            f"{_AXIS_NAMES[axis]}); each side must be from {MIN_SIDE} to {MAX_SIDE}. Resize the images."
        )
    return axis, channels, height, width


def _find_channel_axis(shape: tuple[int, ...], is_tensor: bool, name: str) -> ChannelAxis:
    if len(shape) == 2:
        return "none"
    if len(shape) != 3:
        raise ValueError(f"{name} holds images of shape {shape}; each must have shape (H, W), (H, W, C) or (C, H, W).")
    has_channels_first, has_channels_last = shape[0] in CHANNELS, shape[2] in CHANNELS
    if has_channels_last and not is_tensor:
        return "last"
    if has_channels_first:
        return "first"
    read_as, channels = ("(C, H, W)", shape[0]) if is_tensor else ("(H, W, C)", shape[2])
    hint = " Move them first with X.movedim(-1, -3)." if has_channels_last else ""
    raise ValueError(
        f"{name} holds images of shape {shape}, read as {read_as} with {channels} channels; "
        f"images must have 1, 3 or 4.{hint}"
    )


def stack_images(X: Images) -> Any:
    """Turn a list of PIL images, arrays or tensors into one batch; arrays and tensors pass through.

    Raises
    ------
    TypeError, ValueError
        If `X` is no batch of images, is empty, or holds images of different shapes.
    """
    if isinstance(X, (np.ndarray, torch.Tensor)):
        return X
    if not isinstance(X, (list, tuple)):
        raise TypeError(
            f"X must be an array, a tensor, or a list of images, got {type(X).__name__}; "
            f"read folders and data sets with ganaug.image_data.read_images first."
        )
    if not X:
        raise ValueError("X is empty; pass at least one image.")
    images = [pil_to_array(image, f"Image {i} of X") if is_pil(image) else image for i, image in enumerate(X)]
    kind = torch.Tensor if isinstance(images[0], torch.Tensor) else np.ndarray
    for index, image in enumerate(images):
        if not isinstance(image, kind):
            raise TypeError(
                f"Image {index} of X is of type {type(image).__name__}; a list must hold only PIL images, "
                f"only arrays, or only tensors."
            )
        if image.shape != images[0].shape:
            raise ValueError(
                f"Image {index} of X has shape {tuple(image.shape)}, but image 0 has "
                f"{tuple(images[0].shape)}; bring all images to one shape first."
            )
    return torch.stack(images) if kind is torch.Tensor else np.stack(images)
