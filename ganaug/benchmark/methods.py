"""Benchmark methods: from what, and in which proportions, a classifier's training batches are drawn."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ganaug.benchmark.augmentation import Augmentation, NoAugmentation
from ganaug.benchmark.tasks import Task


@dataclass(frozen=True, eq=False)
class Synthetic:
    """Synthetic samples and the share of each class's slots in a batch that they take.

    Attributes
    ----------
    pixels : ndarray of shape (M, C, H, W), uint8
    labels : ndarray of shape (M,), int64 in [0, K)
    dose : ndarray of shape (K,), float in [0, 1]
        Zero for a class leaves it real.
    """

    pixels: np.ndarray
    labels: np.ndarray
    dose: np.ndarray

    def __post_init__(self) -> None:
        lacking = np.setdiff1d(np.flatnonzero(self.dose), self.labels)
        if len(lacking):
            raise ValueError(
                f"The pool has no samples of the classes {lacking.tolist()}, which get a dose above zero; "
                f"add samples or set their dose to zero."
            )

    @property
    def fingerprint(self) -> str:
        """Hash of samples and dose."""
        digest = hashlib.sha256()
        for part in (self.pixels, self.labels, self.dose):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Method:
    """One way to make training batches; what a benchmark compares.

    Attributes
    ----------
    name : str
        How tables call it.
    balanced : bool
        Whether every class is drawn equally often; otherwise every image is.
    augment : augmentation
        Applied to every batch, real and synthetic samples alike.
    synthetic : Synthetic, optional
        Samples that take the place of some of the real ones. A batch's size never changes.
    """

    name: str
    balanced: bool = True
    augment: Augmentation = field(default_factory=NoAugmentation)
    synthetic: Synthetic | None = None

    @property
    def fingerprint(self) -> str:
        """Everything but the name that decides the batches, in words."""
        pool = "none" if self.synthetic is None else self.synthetic.fingerprint
        return f"balanced={self.balanced} augment={self.augment!r} synthetic={pool}"


def rare_class_dose(counts: np.ndarray, strength: float = 0.5) -> np.ndarray:
    """Share of each class's slots given to synthetic samples: ``strength * (1 - n_c / n_max)``.

    Parameters
    ----------
    counts : ndarray of shape (K,)
        Training images of each class.
    strength : float in [0, 1], default 0.5
        Share that a class of vanishing size gets; the most frequent class gets none.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be from 0 to 1, a share of a class's slots; got {strength}.")
    return strength * (1 - counts / counts.max())


class Batches:
    """Draws a method's training batches, repeatably for a seed.

    Which class and which real image fills a slot does not depend on `method.synthetic`: the same seed gives
    methods that differ only there the same real draws, so that their scores pair closely.

    Parameters
    ----------
    task : Task
        Its training part is all that is used.
    method : Method
    batch_size : int
    seed : int
    """

    def __init__(self, task: Task, method: Method, batch_size: int, seed: int):
        self.method, self.batch_size, self.n_classes = method, batch_size, task.n_classes
        self.real = _ByClass(task.X_train, task.y_train, task.n_classes)
        self.present = torch.from_numpy(np.flatnonzero(task.counts))
        self.synthetic = self.dose = None
        if method.synthetic is not None:
            self.synthetic = _ByClass(method.synthetic.pixels, method.synthetic.labels, task.n_classes)
            self.dose = torch.from_numpy(np.asarray(method.synthetic.dose, dtype=np.float32))
        seeds = np.random.SeedSequence(seed).generate_state(3)
        self._slots, self._replace, self._augment = (torch.Generator().manual_seed(int(s)) for s in seeds)

    def draw(self) -> tuple[Tensor, Tensor]:
        """Return `x` of shape (N, C, H, W), float32 in [-1, 1], and targets of shape (N, K), float32."""
        y = self._draw_classes()
        pixels = self.real.draw(y, self._slots)
        if self.synthetic is not None:
            replaced = torch.rand(len(y), generator=self._replace) < self.dose[y]
            pixels[replaced] = self.synthetic.draw(y[replaced], self._replace)
        targets = torch.nn.functional.one_hot(y, self.n_classes).float()
        return self.method.augment(pixels.float() / 127.5 - 1, targets, self._augment)

    def _draw_classes(self) -> Tensor:
        if self.method.balanced:
            return self.present[torch.randint(len(self.present), (self.batch_size,), generator=self._slots)]
        return self.real.y[torch.randint(len(self.real.y), (self.batch_size,), generator=self._slots)]


class _ByClass:
    """Uint8 images sorted by class, drawn evenly within wanted classes."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, n_classes: int):
        order = np.argsort(labels, kind="stable")
        self.pixels = torch.from_numpy(np.ascontiguousarray(pixels[order]))
        self.y = torch.from_numpy(np.asarray(labels)[order].astype(np.int64))
        counts = torch.bincount(self.y, minlength=n_classes)
        self.counts, self.starts = counts, counts.cumsum(0) - counts

    def draw(self, y: Tensor, generator: torch.Generator) -> Tensor:
        """One image of each of the classes `y`, uint8 (N, C, H, W)."""
        within = (torch.rand(len(y), generator=generator) * self.counts[y]).long()
        return self.pixels[self.starts[y] + torch.minimum(within, self.counts[y] - 1)]
