"""What a user's images look like, and the way to uint8 (N, C, H, W) and back."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from ganaug._typing import Container, Images
from ganaug.image_data.pil import array_to_pil
from ganaug.image_data.pixels import (
    BYTE_RANGE,
    ValueRange,
    find_range,
    fits,
    from_uint8,
    iter_chunks,
    measure,
    to_uint8,
)
from ganaug.image_data.shapes import ChannelAxis, find_axes, find_dtype, stack_images


@dataclass(frozen=True)
class ImageLayout:
    """Container, shape, dtype and value range of a user's images.

    Learned from the training data, so that synthetic images come back in exactly the same form.

    Attributes
    ----------
    container : {'numpy', 'torch', 'pil'}
        What a batch is: an array, a tensor or a list of PIL images.
    height, width : int
        Sides in pixels, each from 8 to 256.
    channels : int
        1 (grey), 3 (RGB) or 4 (RGBA).
    channel_axis : {'none', 'first', 'last'}
        Where the channels are in one image: (H, W), (C, H, W) or (H, W, C). PIL mode L counts as 'none'.
    dtype : str
        Name of the pixel type, such as ``'uint8'`` or ``'float32'``.
    value_range : tuple of two floats
        What black and white are: (0, 255), (0, 1) or (-1, 1).

    Examples
    --------
    >>> import numpy as np
    >>> layout = ImageLayout("numpy", 8, 8, 1, "none", "float32", (0.0, 1.0))
    >>> pixels = layout.encode(np.full((2, 8, 8), 0.2, dtype="float32"))
    >>> pixels.shape, int(pixels[0, 0, 0, 0])
    ((2, 1, 8, 8), 51)
    >>> layout.decode(pixels).shape
    (2, 8, 8)
    """

    container: Container
    height: int
    width: int
    channels: int
    channel_axis: ChannelAxis
    dtype: str
    value_range: ValueRange = BYTE_RANGE

    @property
    def is_float(self) -> bool:
        return "float" in self.dtype

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.channels, self.height, self.width

    def to_dict(self) -> dict[str, Any]:
        """Write the layout as a JSON-able dict."""
        return {**asdict(self), "value_range": list(self.value_range)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ImageLayout":
        """Read what `to_dict` wrote."""
        low, high = values["value_range"]
        return cls(**{**values, "value_range": (float(low), float(high))})

    def decode(self, pixels: np.ndarray) -> Images:
        """Give pixels the form of the user's images.

        Parameters
        ----------
        pixels : ndarray of shape (N, C, H, W), uint8

        Returns
        -------
        ndarray, Tensor or list of N PIL images
            A copy: changing it leaves `pixels` as they are.
        """
        if self.container == "pil":
            return [array_to_pil(image) for image in pixels]
        if self.channel_axis == "none":
            pixels = pixels[:, 0]
        elif self.channel_axis == "last":
            pixels = pixels.transpose(0, 2, 3, 1)
        is_bfloat16 = self.dtype == "bfloat16"
        values = from_uint8(pixels, np.dtype("float32" if is_bfloat16 else self.dtype), self.value_range)
        if self.container == "numpy":
            return values
        return torch.from_numpy(values).bfloat16() if is_bfloat16 else torch.from_numpy(values)

    def decode_one(self, pixels: np.ndarray) -> Any:
        """Give one image of shape (C, H, W), uint8, the form of one of the user's images."""
        return self.decode(pixels[None])[0]

    def encode(self, X: Images) -> np.ndarray:
        """Turn images like the training data into pixels.

        Parameters
        ----------
        X : ndarray, Tensor, or list of arrays, tensors or PIL images
            The container, dtype and place of the channels may differ from the training data; channels and
            size may not. Integers mean 0 to 255; floats have the training data's range if that was float,
            and otherwise the first of [0, 1], [-1, 1], [0, 255] that holds them.

        Returns
        -------
        ndarray of shape (N, C, H, W), uint8
            May share memory with `X`.

        Raises
        ------
        TypeError, ValueError
            If `X` is not a batch of images, is empty, or differs in channels, size or range.
        """
        X = stack_images(X)
        given = describe_batch(X)
        self._check_shape(given)
        if given.dtype == "uint8":
            return move_channels_first(X, given)
        low, high = measure(X)
        if not (given.is_float and self.is_float):
            value_range = find_range(low, high, is_float=given.is_float)
        elif fits(low, high, self.value_range):
            value_range = self.value_range
        else:
            raise ValueError(
                f"Pixels of X range from {low:g} to {high:g}, but the training images were taken to lie in "
                f"[{self.value_range[0]:g}, {self.value_range[1]:g}]; scale X as for training."
            )
        return np.concatenate(list(encode_blocks(X, replace(given, value_range=value_range))))

    def _check_shape(self, given: "ImageLayout") -> None:
        if given.channels != self.channels:
            raise ValueError(
                f"X has images of {given.channels} channels, but the training images have {self.channels}; "
                f"convert the images first."
            )
        if given.shape != self.shape:
            raise ValueError(
                f"X has images of {given.height} x {given.width} pixels (height x width), but the training "
                f"images have {self.height} x {self.width}; resize the images first."
            )


def describe_batch(X: np.ndarray | torch.Tensor) -> ImageLayout:
    """Find out the layout of a batch of images; the value range of floats is left open.

    Raises
    ------
    TypeError, ValueError
        If shape or dtype are not those of images.
    """
    find_dtype(X, "X")
    if X.ndim not in (3, 4):
        raise ValueError(
            f"X has shape {tuple(X.shape)}; images must have shape (N, H, W), (N, H, W, C) or (N, C, H, W). "
            f"Reshape X, for example with X.reshape(-1, 28, 28)."
        )
    if not len(X):
        raise ValueError("X is empty; pass at least one image.")
    return describe_image(tuple(X.shape[1:]), X, "X")


def describe_image(shape: tuple[int, ...], owner: np.ndarray | torch.Tensor, name: str) -> ImageLayout:
    """Find out the layout of images of this shape, with the container and dtype of `owner`."""
    axis, channels, height, width = find_axes(shape, owner, name)
    container: Container = "torch" if isinstance(owner, torch.Tensor) else "numpy"
    return ImageLayout(container, height, width, channels, axis, find_dtype(owner, name))


def move_channels_first(X: np.ndarray | torch.Tensor, layout: ImageLayout) -> np.ndarray:
    """View a batch as a numpy array of shape (N, C, H, W); copies only what lies on a GPU."""
    array = X if isinstance(X, np.ndarray) else X.detach().cpu().numpy()
    if layout.channel_axis == "none":
        return array[:, None]
    return array.transpose(0, 3, 1, 2) if layout.channel_axis == "last" else array


def encode_blocks(X: np.ndarray | torch.Tensor, layout: ImageLayout) -> Iterator[np.ndarray]:
    """Yield the pixels of a batch that was checked, as uint8 blocks of shape (n, C, H, W)."""
    for _, chunk in iter_chunks(X):
        yield move_channels_first(to_uint8(chunk, layout.value_range), layout)
