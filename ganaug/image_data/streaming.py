"""Read a source of labelled images, one block after the other, into a pixel store."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganaug._typing import Label
from ganaug.exceptions import GanaugWarning
from ganaug.image_data.cache import find_entry, keep_entry, load_entry
from ganaug.image_data.data import ImageData
from ganaug.image_data.labels import clean_label
from ganaug.image_data.layout import ImageLayout, describe_image, encode_blocks
from ganaug.image_data.pil import is_pil, pil_to_array
from ganaug.image_data.pixels import ValueRange, find_range, fits, measure, warn_if_dim
from ganaug.image_data.sources import Loader, Source
from ganaug.image_data.store import PixelStore

_BLOCK = 128


@dataclass(frozen=True)
class ReadOptions:
    """The keyword arguments of `read_images`, checked; or how images are to be read like others, in `like`."""

    cache_dir: Path | None = None
    on_error: str = "raise"
    image_size: tuple[int, int] | None = None
    like: ImageLayout | None = None

    @property
    def pil_size(self) -> tuple[int, int] | None:
        """The height and width that PIL images are resized to."""
        is_pil_like = self.like is not None and self.like.container == "pil"
        return (self.like.height, self.like.width) if is_pil_like else self.image_size  # type: ignore[union-attr]

    @property
    def float_range(self) -> ValueRange | None:
        """The range that floats are in if they fit it; None if they may have any."""
        return self.like.value_range if self.like is not None and self.like.is_float else None


def read_source(source: Source, options: ReadOptions) -> ImageData:
    """Read all images of a source, or find them in the cache."""
    if not len(source):
        raise ValueError(f"{source.name} is empty; pass at least one image.")
    entry, size = None, options.image_size and [int(side) for side in options.image_size]
    if options.cache_dir is not None and source.fingerprint is not None:
        entry = find_entry(options.cache_dir, source.fingerprint, options.on_error, size)
    data = load_entry(entry) if entry else None
    if data is None:
        data = _read_in_range(source, options, entry, None)
    if data.n_skipped:
        warnings.warn(
            f"{data.n_skipped} of {len(source)} images could not be read and were skipped.",
            GanaugWarning,
            stacklevel=3,
        )
    return data


class _MixedModesError(Exception):
    """A PIL image is not of the mode that the first had; all must be read anew, as RGB."""


class _RangeWidenedError(Exception):
    """Pixels left the range that the first block had; everything must be read anew."""

    def __init__(self, value_range: ValueRange) -> None:
        self.value_range = value_range


def _read_in_range(
    source: Source, options: ReadOptions, entry: Path | None, value_range: ValueRange | None, mode: str | None = None
) -> ImageData:
    reader = _Reader(source, options, value_range, mode)
    try:
        with PixelStore(len(source), options.cache_dir) as store:
            for block in reader.blocks():
                store.append(block)
            data = reader.finish(store.finish())
            return keep_entry(data, store.folder, entry) if entry and store.folder else data
    except _RangeWidenedError as widened:
        value_range = widened.value_range
    except _MixedModesError as mixed:
        mode = "RGB"
        warnings.warn(f"{mixed}; all are read as RGB.", GanaugWarning, stacklevel=5)
    return _read_in_range(source, options, entry, value_range, mode)


class _Reader:
    """One pass over a source: checks each image against the first and counts what was skipped."""

    def __init__(self, source: Source, options: ReadOptions, value_range: ValueRange | None, mode: str | None) -> None:
        self._source = source
        self._options = options
        self._value_range = value_range
        self._mode = mode
        self._extremes = (np.inf, -np.inf)
        self._layout: ImageLayout | None = None
        self._first_name = ""
        self._labels: list[Label] = []
        self._n_skipped = 0
        self._last_error = ""

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield uint8 blocks of shape (n, C, H, W)."""
        images: list[Any] = []
        names: list[str] = []
        for name, load in self._source:
            loaded = self._load(name, load)
            if loaded is None:
                continue
            images.append(self._check(loaded[0], name))
            names.append(name)
            self._labels.append(clean_label(loaded[1], f"The label of {name}"))
            if len(images) == _BLOCK:
                yield from self._encode(images, names)
                images, names = [], []
        if images:
            yield from self._encode(images, names)
        if not self._labels:
            raise ValueError(
                f"None of the {self._n_skipped} images of {self._source.name} could be read; the last error "
                f"was {self._last_error}."
            )

    def finish(self, pixels: np.ndarray) -> ImageData:
        """Put together what was read."""
        assert self._layout is not None
        assert self._value_range is not None
        layout = replace(self._layout, value_range=self._value_range)
        warn_if_dim(self._extremes[1], layout.dtype, layout.value_range)
        present = set(self._labels)
        return ImageData(
            pixels=pixels,
            labels=self._labels,
            layout=layout,
            n_skipped=self._n_skipped,
            class_names={k: v for k, v in self._source.class_names.items() if k in present},
            label_dtype=self._source.label_dtype,
        )

    def _load(self, name: str, load: Loader) -> tuple[Any, Label] | None:
        try:
            pair = load()
            if isinstance(pair, (tuple, list)) and is_pil(pair[0]):
                pair[0].load()
        except Exception as error:  # Image decoders and users' data sets raise all kinds.
            if self._options.on_error == "skip":
                self._n_skipped += 1
                self._last_error = f"{type(error).__name__}: {error}"
                return None
            raise ValueError(
                f"Cannot read {name}: {error!r}. Repair or remove it, or pass on_error='skip' to leave out such images."
            ) from error
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(
                f"{name} is of type {type(pair).__name__}; expected a pair (image, label). Wrap the data set "
                f"so that it returns pairs, or pass the images as X and the labels as y."
            )
        return pair[0], pair[1]

    def _check(self, image: Any, name: str) -> np.ndarray | torch.Tensor:
        container = "pil" if is_pil(image) else None
        if container:
            image = pil_to_array(image, name, self._options.pil_size, self._mode)
        elif self._options.image_size is not None:
            raise ValueError(
                f"image_size resizes PIL images and files only, and {name} is a {type(image).__name__}; "
                f"resize before, for example with torchvision's Resize."
            )
        elif not isinstance(image, (np.ndarray, torch.Tensor)):
            raise TypeError(f"{name} is of type {type(image).__name__}; expected a PIL image, an array or a tensor.")
        layout = describe_image(tuple(image.shape), image, name)
        layout = replace(layout, container=container or layout.container)
        if self._layout is None:
            self._layout, self._first_name = layout, name
        elif layout.container == self._layout.container == "pil" and layout.channels != self._layout.channels:
            raise _MixedModesError(
                f"{name} has {layout.channels} channel(s), and {self._first_name} has {self._layout.channels}"
            )
        elif layout != self._layout:
            raise ValueError(_explain_mismatch(layout, name, self._layout, self._first_name))
        return image

    def _encode(self, images: list[Any], names: list[str]) -> Iterator[np.ndarray]:
        assert self._layout is not None
        batch = torch.stack(images) if isinstance(images[0], torch.Tensor) else np.stack(images)
        if self._layout.dtype == "uint8":
            self._value_range = self._layout.value_range
        else:
            self._widen(measure(batch, names.__getitem__))
        yield from encode_blocks(batch, replace(self._layout, value_range=self._value_range))

    def _widen(self, extremes: ValueRange) -> None:
        low, high = min(self._extremes[0], extremes[0]), max(self._extremes[1], extremes[1])
        self._extremes = low, high
        if self._value_range is None or not fits(low, high, self._value_range):
            is_float: bool = self._layout.is_float  # type: ignore[union-attr]
            found = find_range(low, high, is_float=is_float, expected=self._options.float_range)
            if self._value_range is not None:
                raise _RangeWidenedError(found)
            self._value_range = found


def _explain_mismatch(given: ImageLayout, name: str, first: ImageLayout, first_name: str) -> str:
    if given.channels != first.channels:
        what, one, other = "channels", given.channels, first.channels
        advice = "Convert all images to one mode, for example with image.convert('RGB')."
    elif given.shape != first.shape:
        what, one, other = "pixels", f"{given.height} x {given.width}", f"{first.height} x {first.width}"
        advice = "Pass image_size=(height, width), or resize the images first."
    else:
        what = "as kind"
        one, other = (f"{it.container} {it.dtype} {it.channel_axis}" for it in (given, first))
        advice = "Bring all images to one type, dtype and order of axes."
    return f"{name} has {one} {what}, but {first_name} has {other}; all images must be alike. {advice}"
