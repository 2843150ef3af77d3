"""A Hugging Face `datasets.Dataset` with an Image column and a label column."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from ganaug.image_data.columns import choose_columns, find_class_names
from ganaug.image_data.pil import decode_image
from ganaug.image_data.sources import Loader


def is_huggingface(X: object) -> bool:
    """Say whether this comes from the package `datasets`, without importing it."""
    is_named_so = type(X).__module__.split(".")[0] == "datasets"  # As users' own modules may be.
    return is_named_so and (isinstance(X, dict) or hasattr(X, "features"))


class HuggingFaceSource:
    """Rows of a data set; its format and transform are left aside.

    Raises
    ------
    TypeError
        If it is a dict of splits, or a stream without a length.
    ValueError
        If its columns are not one of images and one of labels.
    """

    name = "The data set"
    label_dtype = None

    def __init__(self, dataset: Any) -> None:
        if isinstance(dataset, dict):
            splits = ", ".join(repr(split) for split in dataset)
            raise TypeError(f"X is a dict of data sets; choose one of its splits {splits}, such as X['train'].")
        if not hasattr(dataset, "__len__"):
            raise TypeError(
                f"X is a stream ({type(dataset).__name__}) of unknown length; load it without streaming=True."
            )
        features = dataset.features
        kinds = {name: type(feature).__name__ for name, feature in features.items()}
        self._image, self._label = choose_columns(
            list(features),
            [name for name in features if kinds[name] == "Image" or _is_record(features[name])],
            [name for name, kind in kinds.items() if kind == "ClassLabel"],
            "The data set",
        )
        self._dataset = dataset.with_format(None).select_columns([self._image, self._label])
        self.class_names = find_class_names(features[self._label])
        fingerprint = getattr(dataset, "_fingerprint", None)
        self.fingerprint = ["huggingface", fingerprint] if fingerprint else None

    def __len__(self) -> int:
        return len(self._dataset)

    def __iter__(self) -> Iterator[tuple[str, Loader]]:
        for index in range(len(self)):
            yield f"row {index}", partial(self._read, index)

    def _read(self, index: int) -> tuple[Any, Any]:
        row = self._dataset[index]
        image = row[self._image]
        return decode_image(image) if isinstance(image, dict) else image, row[self._label]


def _is_record(feature: object) -> bool:
    return isinstance(feature, dict) and "bytes" in feature
