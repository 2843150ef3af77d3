"""User data in, uint8 pixels out, and back: the only place that knows what users' images look like."""

from ganaug.image_data.data import ImageData
from ganaug.image_data.labels import LabelCodec
from ganaug.image_data.layout import ImageLayout
from ganaug.image_data.reading import read_images, read_like

__all__ = ["ImageData", "ImageLayout", "LabelCodec", "read_images", "read_like"]
