"""Benchmark tasks: data made long-tailed by a stated rule, with validation and test parts kept apart."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ganaug._validation import check_choice
from ganaug.benchmark.fashion_mnist import read_fashion_mnist

FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Task:
    """One benchmark problem: the training part methods may see, and two parts they may not.

    Attributes
    ----------
    name : str
    X_train, X_val, X_test : ndarray of shape (N, C, H, W), uint8
        Validation data chooses shifts and baselines; test data is only scored.
    y_train, y_val, y_test : ndarray of shape (N,), int64 in [0, K)
    rare_classes : tuple of int
        The classes whose recall is reported apart: the three with the fewest training images.
    class_names : tuple of str, length K
    rule : str
        In words, how the parts were made.
    mirror : bool
        Whether a mirrored image keeps its label, so that ordinary augmentation may flip.
    """

    name: str
    X_train: np.ndarray
    y_train: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    rare_classes: tuple[int, ...]
    class_names: tuple[str, ...]
    rule: str = ""
    mirror: bool = False

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return len(self.class_names)

    @cached_property
    def counts(self) -> np.ndarray:
        """Training images of each class, shape (K,), int64."""
        return np.bincount(self.y_train, minlength=self.n_classes)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all six parts: results of other data never pass for results of these."""
        digest = hashlib.sha256()
        for part in (self.X_train, self.y_train, self.X_val, self.y_val, self.X_test, self.y_test):
            digest.update(repr((part.shape, part.dtype.str)).encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()[:12]


def long_tail_counts(n_classes: int, n_max: int, n_min: int) -> np.ndarray:
    """Class sizes that fall exponentially from `n_max` to `n_min`.

    Class of rank k gets ``floor(n_max * (n_min / n_max) ** (k / (n_classes - 1)))`` images.

    References
    ----------
    Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019, arXiv:1901.05555,
    Section 5.1.

    Examples
    --------
    >>> long_tail_counts(10, 1000, 10).tolist()
    [1000, 599, 359, 215, 129, 77, 46, 27, 16, 10]
    """
    if not 1 <= n_min <= n_max:
        raise ValueError(f"Expected 1 <= n_min <= n_max, got n_min={n_min} and n_max={n_max}.")
    ranks = np.arange(n_classes) / max(n_classes - 1, 1)
    return np.floor(n_max * (n_min / n_max) ** ranks + 1e-6).astype(np.int64)


def long_tail(y: np.ndarray, *, n_max: int, n_min: int, order: Sequence[int], seed: int) -> np.ndarray:
    """Choose the rows of a long-tailed subset.

    Parameters
    ----------
    y : ndarray of shape (N,), int64
        Classes of the rows to choose from.
    n_max, n_min : int
        Images of the most frequent and of the rarest class; see `long_tail_counts` for those between.
    order : sequence of int
        The classes from most frequent to rarest.
    seed : int
        Draws which rows of each class are kept.

    Returns
    -------
    ndarray of int64, sorted
        Row numbers.

    Raises
    ------
    ValueError
        If a class has fewer rows than the rule asks for.
    """
    rng = np.random.default_rng(seed)
    chosen = []
    for label, count in zip(order, long_tail_counts(len(order), n_max, n_min), strict=True):
        rows = np.flatnonzero(y == label)
        if len(rows) < count:
            raise ValueError(
                f"Class {label} has {len(rows)} images and the rule asks for {count}; lower n_max={n_max}."
            )
        chosen.append(rng.permutation(rows)[:count])
    return np.sort(np.concatenate(chosen))


def stratified_rows(y: np.ndarray, n_per_class: int | float, rng: np.random.Generator) -> np.ndarray:
    """Sorted row numbers of `n_per_class` rows of every class (a count, or a share below one)."""
    chosen = []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        count = round(n_per_class * len(rows)) if n_per_class < 1 else int(n_per_class)
        chosen.append(rows[:count])
    return np.sort(np.concatenate(chosen))


def digits(seed: int = 0, *, folder: str | os.PathLike | None = None, n_max: int = 80, n_min: int = 5) -> Task:
    """Scikit-learn's 1,797 handwritten digits (8x8), long-tailed with 0, 1 and 2 rare.

    30 % of every class is the test part, 20 % the validation part; of the rest, class 9 keeps `n_max` images,
    class 0 `n_min`, the others what `long_tail_counts` gives.

    Raises
    ------
    ValueError
        If a `folder` is given: scikit-learn brings these images with it.
    """
    if folder is not None:
        raise ValueError(f"The digits come with scikit-learn, not from a folder; drop folder={str(folder)!r}.")
    from sklearn.datasets import load_digits

    data = load_digits()
    X = np.round(data.images * (255 / 16)).astype(np.uint8)[:, None]  # (N, 1, 8, 8)
    y = data.target.astype(np.int64)
    rng = np.random.default_rng(seed)
    test = stratified_rows(y, 0.3, rng)
    rest = np.setdiff1d(np.arange(len(y)), test)
    val = rest[stratified_rows(y[rest], 2 / 7, rng)]  # 20 % of the whole
    rest = np.setdiff1d(rest, val)
    train = rest[long_tail(y[rest], n_max=n_max, n_min=n_min, order=range(9, -1, -1), seed=seed)]
    sizes = ", ".join(map(str, long_tail_counts(10, n_max, n_min)))
    return Task(
        "digits", X[train], y[train], X[val], y[val], X[test], y[test], (0, 1, 2), tuple("0123456789"),
        rule=f"scikit-learn digits; classes 9 to 0 keep {sizes} training images (exponential decay); "
        f"{len(val)} validation and {len(test)} test images, stratified; split seed {seed}",
    )  # fmt: skip


def fashion_mnist(
    seed: int = 0, *, folder: str | os.PathLike | None = None, n_max: int = 1000, n_min: int = 10
) -> Task:
    """Fashion-MNIST ``lt1000r``: long-tailed with T-shirt, Trouser and Pullover rare.

    Of the 60,000 training images, class 9 keeps `n_max`, class 0 `n_min`; 300 unused ones of every class are
    the validation part. The official 10,000 test images are the test part.

    Parameters
    ----------
    seed : int, default 0
        Draws which images are kept.
    folder : path, optional
        Where the four IDX files (``.gz`` or not) lie; see `fashion_mnist.find_fashion_mnist` for where else
        they are sought.
    """
    parts = read_fashion_mnist(folder)
    X, y = parts["X_train"][:, None], parts["y_train"].astype(np.int64)
    train = long_tail(y, n_max=n_max, n_min=n_min, order=range(9, -1, -1), seed=seed)
    unused = np.setdiff1d(np.arange(len(y)), train)
    val = unused[stratified_rows(y[unused], 300, np.random.default_rng(seed))]
    sizes = ", ".join(map(str, long_tail_counts(10, n_max, n_min)))
    return Task(
        f"fashion-mnist-lt{n_max}r", X[train], y[train], X[val], y[val],
        parts["X_test"][:, None], parts["y_test"].astype(np.int64), (0, 1, 2), FASHION_CLASSES,
        rule=f"Fashion-MNIST; classes 9 to 0 keep {sizes} training images (exponential decay); {len(val):,} "
        f"validation images from the unused ones; the official {len(parts['y_test']):,} test images; "
        f"split seed {seed}",
        mirror=True,
    )  # fmt: skip


TASKS = {"digits": digits, "fashion-mnist": fashion_mnist}


def make_task(data: str, seed: int = 0, folder: str | os.PathLike | None = None) -> Task:
    """Make the task that a short name of `TASKS` stands for; `folder` is where its files lie."""
    return check_choice("data", data, TASKS)(seed, folder=folder)
