"""What both hosts share: whether an image is replaced, and by which sample of the bank."""

from collections.abc import Hashable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ganaug._typing import RandomState
from ganaug._validation import check_number, suggest
from ganaug.bank import SampleBank

_CPU = torch.device("cpu")  # whatever the user's default device is


class ClassShare(NamedTuple):
    """How often images of one class are replaced, and where the bank keeps the samples for it."""

    p: float
    start: int
    count: int


class Replacement:
    """Decide by label, with torch's random numbers, which images are replaced by which samples.

    Parameters
    ----------
    bank : SampleBank
    p : float or mapping of label to float
        Probability of replacing an image: of every class, or of each; a class left out has 0. Classes of
        which the bank has no sample are never replaced.
    resize : bool
        Whether samples are resized to the size of the image they replace.

    Attributes
    ----------
    shares : dict of label to ClassShare

    Raises
    ------
    TypeError, ValueError
        If a probability is not a number in [0, 1], a label is unknown, or a class named in a mapping is to
        be replaced but has no samples.
    """

    def __init__(self, bank: SampleBank, p: float | Mapping[Hashable, float], resize: bool = False) -> None:
        self.bank = bank
        self.resize = resize
        probabilities = resolve_probabilities(p, bank)
        self.shares = {
            label: ClassShare(probabilities[label], bank.indices(label).start, n) for label, n in bank.counts.items()
        }
        # The same as columns, for batches.
        self._p, self._starts, self._counts = np.array(list(self.shares.values()), float).reshape(-1, 3).T
        self._positions = {label: position for position, label in enumerate(bank.classes)}
        self._sorted = _sort_integers(bank.classes)

    def share_of(self, label: Hashable) -> ClassShare:
        """Look a label up.

        Raises
        ------
        ValueError
            If the bank does not know it.
        """
        try:
            return self.shares[label]
        except (KeyError, TypeError):
            self.bank.indices(label)  # raises, naming the nearest label
            raise

    @property
    def only_label(self) -> Hashable | None:
        """The label of a bank with a single class, which needs no label to choose by; else None."""
        return self.bank.classes[0] if len(self.bank.classes) == 1 else None

    @staticmethod
    def draw(share: ClassShare) -> int | None:
        """Return the index of the sample to put in, or None to leave the image."""
        p, start, count = share
        if not p:
            return None
        # One number decides both: given u < p, u / p is uniform on [0, 1).
        u = torch.rand(1, dtype=torch.float64, device=_CPU).item()
        return start + int(u / p * count) if u < p else None

    def draw_batch(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows to replace, and for each of them the index of the sample to put in.

        Parameters
        ----------
        positions : ndarray of shape (N,), int64
            Class of each row, from :meth:`find_classes`.

        Returns
        -------
        rows, indices : ndarrays of shape (K,), int64
        """
        u = torch.rand(len(positions), dtype=torch.float64, device=_CPU).numpy()
        p = self._p[positions]
        rows = np.flatnonzero(u < p)
        chosen = positions[rows]
        offsets = (u[rows] / p[rows] * self._counts[chosen]).astype(np.int64)
        return rows, self._starts[chosen].astype(np.int64) + offsets

    def find_classes(self, labels: torch.Tensor | np.ndarray | Sequence[Hashable]) -> np.ndarray:
        """Translate a batch of N labels into the positions of their classes, int64 of shape (N,).

        Raises
        ------
        ValueError
            If the bank does not know a label.
        """
        if isinstance(labels, torch.Tensor):
            labels = labels.detach().cpu().numpy()
        if isinstance(labels, np.ndarray):
            if labels.dtype.kind in "iu" and self._sorted is not None:
                return self._search(labels)
            labels = labels.tolist()
        try:
            return np.array([self._positions[label] for label in labels], dtype=np.int64)
        except (KeyError, TypeError):
            for label in labels:
                self.share_of(label)
            raise

    def take(self, index: int | np.ndarray, height: int, width: int) -> np.ndarray:
        """Copy samples out of the bank, resized if that was asked for.

        Parameters
        ----------
        index : int or ndarray of shape (K,), int64
        height, width : int
            Size of the images to replace.

        Returns
        -------
        ndarray of shape (C, height, width) or (K, C, height, width), uint8

        Raises
        ------
        ValueError
            If the size differs from the bank's and resizing was not asked for.
        """
        pixels = self.bank.pixels[index]
        if isinstance(index, int):
            pixels = pixels.copy()
        layout = self.bank.layout
        if (height, width) == (layout.height, layout.width):
            return pixels
        if not self.resize:
            raise ValueError(
                f"The image has {height}x{width} pixels (height x width) and the bank's samples have "
                f"{layout.height}x{layout.width}; put GANAugment before the transforms that crop or resize, "
                f"or pass resize=True to resize the samples."
            )
        return _resized(pixels, height, width)

    def _search(self, labels: np.ndarray) -> np.ndarray:
        values, positions = self._sorted
        found = np.searchsorted(values, labels).clip(max=len(values) - 1)
        unknown = labels[values[found] != labels]
        if len(unknown):
            self.share_of(unknown[0].item())
        return positions[found]


def resolve_bank(source: Any, n_per_class: int | Mapping[Hashable, int], random_state: RandomState) -> SampleBank:
    """Return the bank that `source` is, holds, or can fill.

    Parameters
    ----------
    source : SampleBank, fitted GAN, or path of a bank's or a model's folder
    n_per_class, random_state
        For drawing a temporary bank from a GAN.

    Raises
    ------
    ModelFormatError
        If there is neither a bank nor a model at the path.
    TypeError
        If `source` is none of these.
    """
    if isinstance(source, SampleBank):
        return source
    if isinstance(source, (str, PathLike)):
        if not (Path(source) / "config.json").is_file():
            return SampleBank.open(source)
        from ganaug.loading import load

        source = load(source)
    if not hasattr(source, "sample_pixels"):
        raise TypeError(
            f"GANAugment takes its images from a SampleBank, a fitted ImageGAN, or the path of a folder that "
            f"holds either; got {source!r} of type {type(source).__name__}."
        )
    return SampleBank.from_gan(source, n_per_class, random_state=random_state)


def resolve_probabilities(p: float | Mapping[Hashable, float], bank: SampleBank) -> dict[Hashable, float]:
    """Return the probability of each class of the bank, 0 where it has no samples."""
    if not isinstance(p, Mapping):
        check_number("p", p, minimum=0, maximum=1)
        return {label: float(p) if n else 0.0 for label, n in bank.counts.items()}
    for label, value in p.items():
        if label not in bank.counts:
            raise ValueError(
                f"p names the class {label!r}, which the bank does not know; its classes are "
                f"{list(bank.classes)}.{suggest(label, bank.classes)}"
            )
        check_number(f"p[{label!r}]", value, minimum=0, maximum=1)
        if value > 0 and not bank.counts[label]:
            raise ValueError(
                f"p[{label!r}] is {value} but the bank holds no sample of that class; make the bank with "
                f"n_per_class above 0 there, or set p[{label!r}] to 0."
            )
    return {label: float(p.get(label, 0.0)) for label in bank.classes}


def _sort_integers(classes: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return integer classes in order and their positions, or None if some are not int64 numbers."""
    if not classes or not all(type(label) is int and -(2**63) <= label < 2**63 for label in classes):
        return None
    positions = np.argsort(classes)
    return np.array(classes, dtype=np.int64)[positions], positions


def _resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    batch = torch.from_numpy(pixels if pixels.ndim == 4 else pixels[None])
    resized = torch.nn.functional.interpolate(batch, (height, width), mode="bilinear", antialias=True).numpy()
    return resized if pixels.ndim == 4 else resized[0]
