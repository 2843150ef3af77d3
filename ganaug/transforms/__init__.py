"""Adapters that put synthetic images into other libraries' transform chains.

``ganaug.transforms.GANAugment`` is torchvision's; albumentations' is
``ganaug.transforms.albumentations.GANAugment``. Neither library is imported before its adapter is asked for.
"""

from typing import TYPE_CHECKING

__all__ = ["GANAugment"]

if TYPE_CHECKING:
    from ganaug.transforms.torchvision import GANAugment


def __getattr__(name: str) -> object:
    if name != "GANAugment":
        raise AttributeError(f"module 'ganaug.transforms' has no attribute {name!r}")
    from ganaug.transforms.torchvision import GANAugment

    return GANAugment


def __dir__() -> list[str]:
    return sorted(__all__)
