"""Labelled images that come one at a time."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from ganaug._typing import Label

Loader = Callable[[], Any]
"""Reads one pair (image, label); raises anything if that cannot be done."""


class Source(Protocol):
    """A labelled data set read one image at a time.

    Attributes
    ----------
    name : str
        What messages call it.
    fingerprint : list or None
        JSON-able; equal for equal data. None if that cannot be told.
    class_names : dict of label to str
    label_dtype : str or None
    """

    name: str
    fingerprint: list[Any] | None
    class_names: dict[Label, str]
    label_dtype: str | None

    def __len__(self) -> int:
        """Return the number of images, readable or not."""

    def __iter__(self) -> Iterator[tuple[str, Loader]]:
        """Yield for each image what messages call it, and a function that reads it."""


class ListSource:
    """Images in a list, labels beside it."""

    name = "X"
    fingerprint = None

    def __init__(self, images: Sequence[Any], labels: list[Label], label_dtype: str | None) -> None:
        self._images = images
        self._labels = labels
        self.label_dtype = label_dtype
        self.class_names: dict[Label, str] = {}

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[tuple[str, Loader]]:
        for index in range(len(self)):
            yield f"image {index}", partial(self._read, index)

    def _read(self, index: int) -> tuple[Any, Label]:
        return self._images[index], self._labels[index]


class DatasetSource:
    """A torchvision-style data set of (image, label).

    Its transform runs once for each image; what it draws at random is then fixed.
    """

    name = "The data set"
    fingerprint = None
    label_dtype = None

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.class_names: dict[Label, str] = {}

    def __len__(self) -> int:
        return len(self._dataset)

    def __iter__(self) -> Iterator[tuple[str, Loader]]:
        for index in range(len(self)):
            yield f"item {index}", partial(self._dataset.__getitem__, index)
