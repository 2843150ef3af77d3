"""A labelled image data set in ganaug's own form."""

from dataclasses import dataclass, field

import numpy as np

from ganaug._typing import Label
from ganaug.image_data.labels import LabelCodec
from ganaug.image_data.layout import ImageLayout


@dataclass
class ImageData:
    """Pixels and labels as `read_images` found them.

    Attributes
    ----------
    pixels : ndarray of shape (N, C, H, W), uint8
        May be memory-mapped, read-only, or a view of the user's array: never write into it.
    labels : list of N hashables
        As the user gave them; numpy scalars as plain Python numbers.
    layout : ImageLayout
        What the images looked like.
    n_skipped : int
        Images left out because they could not be read.
    class_names : dict of label to str
        Names of integer classes where the data set knows them, else empty.
    label_dtype : str or None
        dtype of the labels if they came as an array.
    """

    pixels: np.ndarray
    labels: list[Label]
    layout: ImageLayout
    n_skipped: int = 0
    class_names: dict[Label, str] = field(default_factory=dict)
    label_dtype: str | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def label_codec(self) -> LabelCodec:
        """A new codec over the labels that decodes to the dtype given."""
        return LabelCodec(self.labels, self.label_dtype)
