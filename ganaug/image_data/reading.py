"""`read_images`: one entry for every kind of labelled image data."""

import os
from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganaug._typing import Images
from ganaug._validation import check_same_length, suggest
from ganaug.image_data.data import ImageData
from ganaug.image_data.folder import FolderSource
from ganaug.image_data.huggingface import HuggingFaceSource, is_huggingface
from ganaug.image_data.labels import clean_labels
from ganaug.image_data.layout import ImageLayout, describe_batch, encode_blocks, move_channels_first
from ganaug.image_data.parquet import ParquetSource, find_parquet
from ganaug.image_data.pixels import find_range, measure, warn_if_dim
from ganaug.image_data.shapes import MAX_SIDE, MIN_SIDE
from ganaug.image_data.sources import DatasetSource, ListSource, Source
from ganaug.image_data.store import PixelStore
from ganaug.image_data.streaming import ReadOptions, read_source

_KINDS = (
    "an array, a tensor, a list of images, a data set of (image, label), a folder with one subfolder for "
    "each class, a Hugging Face data set, or a Parquet file"
)


def read_like(layout: ImageLayout, data: Any, on_error: str = "raise") -> ImageData:
    """Read images as those of a model's training data were read.

    Parameters
    ----------
    layout : ImageLayout
        What the model's images look like; if these were PIL images or files, such are resized to it. Floats have its
        range if they fit it.
    data : tuple (X, y), or whatever `read_images` takes without `y`
    on_error : {'raise', 'skip'}, default 'raise'

    Raises
    ------
    ValueError, TypeError
        As `read_images`; and if images have another shape than the model's.
    """
    X, y = data if isinstance(data, tuple) else (data, None)
    found = _read(X, y, replace(_check_options(None, on_error, None), like=layout))
    if found.layout.shape != layout.shape:
        raise ValueError(
            f"The model makes images of (channels, height, width) {layout.shape}, but the data has "
            f"{found.layout.shape}; pass data like that which the model was trained on."
        )
    return found


def read_images(
    X: Images,
    y: Any = None,
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    on_error: str = "raise",
    image_size: tuple[int, int] | None = None,
) -> ImageData:
    """Read labelled images of any supported kind into uint8 pixels.

    Images have 1, 3 or 4 channels and sides from 8 to 256 pixels, all alike.

    Parameters
    ----------
    X : array, tensor, list, data set, str or Path
        - ndarray of shape (N, H, W), (N, H, W, C) or, if only that reads as 1, 3 or 4 channels, (N, C, H, W);
        - Tensor of shape (N, H, W) or (N, C, H, W);
        - list of PIL images, arrays or tensors;
        - any data set with a length that returns (image, label), or a list of such pairs; a random transform
          is drawn once;
        - folder with one subfolder of image files for each class, whose names are the labels;
        - Hugging Face `datasets.Dataset`, or Parquet file or folder of files, with a column of images
          and a column of labels.

        Integers mean 0 to 255. Floats mean the first of [0, 1], [-1, 1], [0, 255] that holds all of them;
        ``layout.value_range`` says which. PIL modes L, RGB and RGBA stay, 1 becomes L, P and CMYK become
        RGB, LA becomes RGBA.
    y : list, ndarray, Tensor or Series of shape (N,), optional
        Labels of any hashable kind, for arrays, tensors and lists; the others bring their own.
    cache_dir : str or Path, optional
        Folder for pixels on disk, kept and recognised again for folders, Parquet files and Hugging Face data
        sets as long as these do not change. Default: pixels above 512 MiB go to a temporary file.
        Arrays and CPU tensors of uint8, memory-mapped ones too, are used in place.
    on_error : {'raise', 'skip'}
        Whether an image that cannot be read is an error, or is left out and counted in ``n_skipped``.
    image_size : (height, width), optional
        Resize PIL images and files to this size (bicubic, without keeping the aspect).

    Returns
    -------
    ImageData

    Raises
    ------
    TypeError, ValueError
        If X or y is none of the above, is empty, holds NaN or infinite pixels, pixels out of range, images
        that differ or cannot be read, or missing labels.
    FileNotFoundError
        If a path does not exist.
    OSError
        If the disk is too small for the pixels.

    Examples
    --------
    >>> import numpy as np
    >>> data = read_images(np.zeros((2, 8, 8, 3)), ["cat", "dog"])
    >>> data.pixels.shape, data.labels, data.layout.value_range
    ((2, 3, 8, 8), ['cat', 'dog'], (0.0, 1.0))
    """
    return _read(X, y, _check_options(cache_dir, on_error, image_size))


def _read(X: Any, y: Any, options: ReadOptions) -> ImageData:
    if isinstance(X, (np.ndarray, torch.Tensor)):
        return _read_array(X, y, options)
    if isinstance(X, (list, tuple)) and not (y is None and len(X) and _is_pair(X[0])):
        labels, dtype = _check_labels(X, y)
        return read_source(ListSource(X, labels, dtype), options)
    if y is not None:
        raise ValueError(f"X, a {type(X).__name__}, brings its own labels; leave y out.")
    return read_source(_open_source(X), options)


def _check_options(cache_dir: Any, on_error: Any, image_size: Any) -> ReadOptions:
    if on_error not in ("raise", "skip"):
        raise ValueError(
            f"Unknown on_error {on_error!r}; choose 'raise' or 'skip'.{suggest(on_error, ('raise', 'skip'))}"
        )
    if image_size is not None:
        image_size = tuple(image_size) if isinstance(image_size, (tuple, list)) else (image_size,)
        if len(image_size) != 2 or not all(
            isinstance(side, Integral) and MIN_SIDE <= side <= MAX_SIDE for side in image_size
        ):
            raise ValueError(
                f"image_size must be (height, width), each an integer from {MIN_SIDE} to {MAX_SIDE}, got {image_size}."
            )
    if cache_dir is not None:
        cache_dir = Path(cache_dir).expanduser()
        if cache_dir.exists() and not cache_dir.is_dir():
            raise NotADirectoryError(f"cache_dir {cache_dir} is a file; pass a folder.")
    return ReadOptions(cache_dir, on_error, image_size)


def _check_labels(X: Any, y: Any) -> tuple[list[Any], str | None]:
    if not len(X):
        raise ValueError("X is empty; pass at least one image.")
    if y is None:
        raise ValueError("y is missing: arrays and lists carry no labels; pass y with one label for each image.")
    labels, dtype = clean_labels(y)
    check_same_length(X, labels)
    return labels, dtype


def _read_array(X: np.ndarray | torch.Tensor, y: Any, options: ReadOptions) -> ImageData:
    layout = describe_batch(X)
    if options.image_size is not None:
        raise ValueError(
            "image_size resizes PIL images and files only, and X is an array or tensor; resize before, for "
            "example with torchvision's Resize."
        )
    labels, dtype = _check_labels(X, y)
    if layout.dtype == "uint8":
        return ImageData(move_channels_first(X, layout), labels, layout, label_dtype=dtype)
    low, high = measure(X)
    layout = replace(layout, value_range=find_range(low, high, is_float=layout.is_float, expected=options.float_range))
    warn_if_dim(high, layout.dtype, layout.value_range)
    with PixelStore(len(X), options.cache_dir) as store:
        for block in encode_blocks(X, layout):
            store.append(block)
        return ImageData(store.finish(), labels, layout, label_dtype=dtype)


def _open_source(X: Any) -> Source:
    if isinstance(X, (str, os.PathLike)):
        return _open_path(Path(X).expanduser())
    if is_huggingface(X):
        return HuggingFaceSource(X)
    if isinstance(X, torch.utils.data.DataLoader):
        raise TypeError("X is a DataLoader; pass its data set, X.dataset.")
    is_sequence = hasattr(X, "__len__") and hasattr(X, "__getitem__")
    if not is_sequence or isinstance(X, (Mapping, bytes)) or hasattr(X, "iloc"):
        raise TypeError(f"X is of type {type(X).__name__}; pass {_KINDS}.")
    return DatasetSource(X)


def _open_path(path: Path) -> Source:
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; pass a folder of images or a Parquet file.")
    files = find_parquet(path)
    if files:
        return ParquetSource(files)
    if path.is_file():
        raise ValueError(f"{path} is not a Parquet file; pass {_KINDS}.")
    return FolderSource(path)


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple) and len(item) == 2
