"""Generative data augmentation for rare classes: a measured gain, or an honest "use none"."""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Resolved on first use, so that `import ganaug` costs next to nothing and a broken host library harms nobody else.
_HOMES = {
    "GANBalancedClassifier": "ganaug.balanced_classifier",
    "GANOverSampler": "ganaug.over_sampling",
    "ImageGAN": "ganaug.image",
    "TableGAN": "ganaug.table",
    "VectorGAN": "ganaug.vector",
    "SampleBank": "ganaug.bank",
    "GANAugment": "ganaug.transforms",
    "load": "ganaug.loading",
}

__all__ = [
    "GANAugment",
    "GANBalancedClassifier",
    "GANOverSampler",
    "ImageGAN",
    "SampleBank",
    "TableGAN",
    "VectorGAN",
    "__version__",
    "load",
]

if TYPE_CHECKING:
    from ganaug.balanced_classifier import GANBalancedClassifier
    from ganaug.bank import SampleBank
    from ganaug.image import ImageGAN
    from ganaug.loading import load
    from ganaug.over_sampling import GANOverSampler
    from ganaug.table import TableGAN
    from ganaug.transforms import GANAugment
    from ganaug.vector import VectorGAN


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganaug' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
