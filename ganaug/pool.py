"""The pool that synthetic rows are drawn from: a GAN, SMOTE's interpolation, and plain duplication."""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import clone

from ganaug._typing import Label
from ganaug._validation import check_number, list_first, suggest
from ganaug.exceptions import GanaugWarning, QuotaError, SmallClassWarning
from ganaug.filters import Filter, FittedFilter
from ganaug.rows import RowGAN
from ganaug.table_data import TableCodec
from ganaug.table_data.missing import take_missing
from ganaug.vector_data import VectorCodec

SOURCES = ("gan", "smote", "duplicate")
_MAX_ROUNDS = 20


@dataclass(frozen=True, eq=False)
class Drawn:
    """Synthetic rows, class after class.

    Attributes
    ----------
    X : rows, typed like the training data
    y : ndarray of shape (n,)
    source : ndarray of shape (n,), str
        Which of `SOURCES` made each row.
    fallback : str
        Which classes are too small for a source that was asked for, and what made their rows instead; empty if none.
    """

    X: Any
    y: np.ndarray
    source: np.ndarray
    fallback: str


def check_shares(shares: Any) -> dict[str, float]:
    """Return the shares of the sources, summing to one.

    Raises
    ------
    TypeError, ValueError
        Unless they map names of sources to numbers that are not negative, at least one of them positive.
    """
    if not isinstance(shares, Mapping):
        raise TypeError(f"sources must map names to shares, such as {{'gan': 0.5, 'smote': 0.5}}; got {shares!r}.")
    for name, share in shares.items():
        if name not in SOURCES:
            names = ", ".join(repr(source) for source in SOURCES)
            raise ValueError(f"Unknown source {name!r}; choose from {names}.{suggest(name, SOURCES)}")
        check_number(f"sources[{name!r}]", share, minimum=0, maximum=1e12)
    total = sum(shares.values())
    if not total:
        raise ValueError(f"sources is {dict(shares)!r}; give at least one of them a positive share.")
    return {name: share / total for name, share in shares.items() if share}


class Pool:
    """Sources of synthetic rows for one data set; each is fitted when it is first drawn from.

    Parameters
    ----------
    X : DataFrame, or ndarray of shape (N, D) or, for images, (N, H, W) or (N, H, W, C)
    y : ndarray of shape (N,)
    gan : estimator
        Cloned and fitted on X and y.
    k_neighbors : int
        Neighbours that SMOTE interpolates to; in a class of fewer rows, all there are.
    min_class_size : int
        A class of fewer rows is not drawn from the GAN but from SMOTE, and one of a single row is duplicated.
    seed : int

    Attributes
    ----------
    counts : dict
        Rows of each label.
    warns : bool
        Whether to warn, once each, of classes that are too small and of columns with too many categories.
    gan : fitted estimator

    Raises
    ------
    ValueError
        When a GAN on rows is to be trained on images.
    KeyboardInterrupt
        When a GAN is trained, if the user interrupts that: there is nobody who would look at a half-trained one.
    """

    def __init__(self, X: Any, y: np.ndarray, gan: Any, *, k_neighbors: int, min_class_size: int, seed: int) -> None:
        self.X, self.y, self.seed = X, y, seed
        self._recipe, self.k_neighbors = gan, k_neighbors
        self._filters: list[tuple[Filter, FittedFilter]] = []
        self.min_class_size, self.warns = min_class_size, True
        self._has_warned, self._of_columns = False, list[warnings.WarningMessage]()
        self.labels, counts = np.unique(y, return_counts=True)
        self.counts = dict(zip(self.labels.tolist(), counts.tolist(), strict=True))

    def draw(self, n_new: Mapping[Label, int], shares: Mapping[str, float], filter: Filter | None = None) -> Drawn:
        """Draw rows.

        Parameters
        ----------
        n_new : mapping of label to int
        shares : mapping of source to share
            As `check_shares` returns them. Each class is split by them, rounded by largest remainder.
        filter : Filter or None
            Which rows of the GAN to keep.

        Raises
        ------
        QuotaError
            If too few rows of the GAN pass the filter.
        """
        n_new = {plain_label(label): n for label, n in n_new.items() if n}
        quotas, fallback = self._fall_back({label: _split(n, shares) for label, n in n_new.items()})
        if not any(quota["gan"] for quota in quotas.values()) and any(quota["smote"] for quota in quotas.values()):
            self._warn_of_columns()
        parts = [
            (source, label, X)
            for source in SOURCES
            for label, X in self._draw_from(
                source, {label: quota[source] for label, quota in quotas.items()}, filter
            ).items()
        ]
        order = {label: place for place, label in enumerate(n_new)}
        parts.sort(key=lambda part: order[part[1]])
        sizes = [len(X) for _, _, X in parts]
        return Drawn(
            concatenate([X for _, _, X in parts]) if parts else self._take(np.arange(0)),
            np.repeat(np.array([label for _, label, _ in parts], dtype=self.y.dtype), sizes),
            np.repeat(np.array([source for source, _, _ in parts], dtype=str), sizes),
            fallback,
        )

    @cached_property
    def gan(self) -> Any:
        """The fitted GAN."""
        self._check_kind()
        gan = clone(self._recipe)
        if gan.random_state is None:
            gan.set_params(random_state=self.seed)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*the model is usable as it is", GanaugWarning)  # It is not kept.
            if not self.warns or not any(self.min_class_size <= n < gan.min_class_size for n in self.counts.values()):
                warnings.simplefilter("ignore", SmallClassWarning)  # Smaller classes are not drawn from it.
            gan.fit(self.X, self.y)
        if getattr(gan, "was_interrupted_", False):
            raise KeyboardInterrupt
        return gan

    def check(self) -> None:
        """Read the data as the GAN will, so that mistakes in it are found before any training.

        Raises
        ------
        TypeError, ValueError
            As the GAN's `fit` does. Images are only looked at in training.
        """
        self._check_kind()
        if self.X.ndim == 2:
            self._codec  # noqa: B018 - learned at first use

    def _check_kind(self) -> None:
        if self.X.ndim > 2 and isinstance(self._recipe, RowGAN):
            raise ValueError(
                f"X has shape {self.X.shape}, and a {type(self._recipe).__name__} takes rows of shape (N, D); pass "
                f"gan=ImageGAN() if these are images, or X.reshape(len(X), -1)."
            )

    def _fall_back(self, quotas: dict[Label, dict[str, int]]) -> tuple[dict[Label, dict[str, int]], str]:
        """Move what a source cannot make to one that can, and say what; a warning says so at the first time."""
        moved = {}
        for label, quota in quotas.items():
            count = self.counts[label]
            if quota["gan"] and count < self.min_class_size:
                moved[label] = f"{quota['gan']} by smote"
                quota["smote"] += quota["gan"]
                quota["gan"] = 0
            if quota["smote"] and count == 1:
                moved[label] = f"{quota['smote']} by duplicate"
                quota["duplicate"] += quota["smote"]
                quota["smote"] = 0
        named = [f"{label!r} ({self.counts[label]} row{'s' * (self.counts[label] > 1)})" for label in moved]
        shown = list_first([f"{name}: {to}" for name, to in zip(named, moved.values(), strict=True)], 10)
        if moved and self.warns and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"{len(moved)} of {len(self.counts)} classes are too small: a GAN needs min_class_size="
                f"{self.min_class_size} rows, and SMOTE 2. These synthetic rows come from elsewhere: {shown}.",
                SmallClassWarning,
                stacklevel=3,
            )
        return quotas, shown

    def _warn_of_columns(self) -> None:
        """Say what the codec did when it was made; where a GAN is trained, that does."""
        self._codec  # noqa: B018 - made at first use
        of_columns, self._of_columns = self._of_columns, []
        for said in of_columns if self.warns else ():
            warnings.warn(str(said.message), said.category, stacklevel=4)

    def _draw_from(self, source: str, n_new: dict[Label, int], filter: Filter | None) -> dict[Label, Any]:
        n_new = {label: n for label, n in n_new.items() if n}
        draw: dict[str, Callable] = {
            "gan": partial(self._generate, filter=filter),
            "smote": self._interpolate,
            "duplicate": self._duplicate,
        }
        return draw[source](n_new, self._stream(source)) if n_new else {}

    def _stream(self, source: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, SOURCES.index(source)])

    def _duplicate(self, n_new: dict[Label, int], rng: np.random.Generator) -> dict[Label, Any]:
        return {label: self._take(rng.choice(np.flatnonzero(self.y == label), n)) for label, n in n_new.items()}

    def _take(self, rows: np.ndarray) -> Any:
        return self.X.iloc[rows] if hasattr(self.X, "iloc") else self.X[rows]

    def _interpolate(self, n_new: dict[Label, int], rng: np.random.Generator) -> dict[Label, Any]:
        """Chawla et al., "SMOTE", JAIR 2002, Section 4.2, on standardised numbers and category codes.

        Values are missing where they are in the nearest real row: see `take_missing`.
        """
        rows, sampler = self._compact_rows, self._smote
        if not rows.shape[1]:  # Every column is constant.
            return {label: self._decode(np.empty((n, 0)), 0) for label, n in n_new.items()}
        new = {}
        for label, n in n_new.items():
            k = min(self.k_neighbors, self.counts[label] - 1)
            smote = sampler(label, self.counts[label] + n, k, int(rng.integers(2**31)))
            with config_context(transform_output="default"):  # SMOTENC's own encoder must not make frames.
                drawn = smote.fit_resample(rows, self.y)[0][len(rows) :]
            new[label] = take_missing(self._codec, drawn, rows[self.y == label])
        return {label: self._decode(part, int(rng.integers(2**31))) for label, part in new.items()}

    @cached_property
    def _codec(self) -> TableCodec | VectorCodec:
        """A codec of the GAN's own kind, so that SMOTE sees the columns as the GAN does; images are vectors here."""
        with warnings.catch_warnings(record=True) as self._of_columns:
            warnings.simplefilter("always")
            if isinstance(self._recipe, RowGAN):
                return self._recipe.make_codec(self._rows)
            return TableCodec.fit(self._rows) if self.X.ndim == 2 else VectorCodec.fit(self._rows, unit_norm=False)

    @property
    def _rows(self) -> Any:
        return self.X if self.X.ndim == 2 else self.X.reshape(len(self.X), -1)

    @cached_property
    def _compact_rows(self) -> np.ndarray:
        return self._codec.encode(self._rows).astype(np.float64)

    def _decode(self, rows: np.ndarray, seed: int) -> Any:
        X = self._codec.decode(rows.astype(np.float32), seed)
        return self._as_given(X if self.X.ndim == 2 else X.reshape(len(X), *self.X.shape[1:]))

    def _as_given(self, X: Any) -> Any:
        """Return rows with the data's own dtypes: to a codec of vectors, integers, booleans and pixels are floats."""
        if not hasattr(X, "iloc"):
            is_whole = self.X.dtype.kind in "iub" and X.dtype.kind == "f"
            return (np.rint(X) if is_whole else X).astype(self.X.dtype, copy=False)
        if X.dtypes.equals(self.X.dtypes):
            return X
        whole = [name for name, dtype in self.X.dtypes.items() if dtype.kind in "iub"]
        return X.round(dict.fromkeys(whole, 0)).astype(self.X.dtypes)

    def _smote(self, label: Label, n_total: int, k: int, seed: int) -> Any:
        """Return imbalanced-learn's SMOTE for numbers, for categories, or for both."""
        from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

        categories = [place for place, block in enumerate(self._codec.blocks) if block.size > 1]
        common = {"sampling_strategy": {label: n_total}, "k_neighbors": k, "random_state": seed}
        if not categories:
            return SMOTE(**common)
        if len(categories) == len(self._codec.blocks):
            return SMOTEN(**common)
        return SMOTENC(categories, **common)

    def _generate(self, n_new: dict[Label, int], rng: np.random.Generator, filter: Filter | None) -> dict[Label, Any]:
        return {label: self._draw_kept(label, n, rng, filter) for label, n in n_new.items()}

    def _fit_filter(self, recipe: Filter) -> FittedFilter:
        for known, fitted in self._filters:
            if known == recipe:
                return fitted
        codec = getattr(self.gan, "codec_", None)
        takes_features = is_dataclass(recipe) and getattr(recipe, "features", ...) is None
        own = replace(recipe, features=codec.features) if takes_features and codec is not None else recipe
        with warnings.catch_warnings():
            if self.min_class_size > 1:  # Classes of one row, which a filter cannot judge, are not drawn.
                warnings.simplefilter("ignore", SmallClassWarning)
            fitted = own.fit(self.X, self.y, gan=self.gan)
        self._filters.append((recipe, fitted))
        return fitted

    def _draw_kept(self, label: Label, n: int, rng: np.random.Generator, filter: Filter | None) -> Any:
        """Draw n rows of a class that pass the filter."""
        if filter is None:
            return self._as_given(self.gan.sample(n, label, random_state=rng)[0])
        fitted = self._fit_filter(filter)
        kept, n_kept, n_drawn = [], 0, 0
        for _ in range(_MAX_ROUNDS):
            rate = max(0.05, n_kept / n_drawn) if n_drawn else 0.5
            size = math.ceil((n - n_kept) / rate)
            X, y = self.gan.sample(size, label, random_state=rng)
            passed = np.flatnonzero(fitted.keep(X, y))[: n - n_kept]
            kept.append(X.iloc[passed] if hasattr(X, "iloc") else X[passed])
            n_kept, n_drawn = n_kept + len(passed), n_drawn + size
            if n_kept == n:
                return self._as_given(concatenate(kept))
        raise QuotaError(
            f"Only {n_kept} of {n} rows of {label!r} passed {filter} in {n_drawn} draws; "
            f"choose a filter that keeps more, or a smaller dose."
        )


def plain_label(label: Any) -> Label:
    """Return a label as Python has it, not as a NumPy scalar."""
    return label.item() if isinstance(label, np.generic) else label


def concatenate(parts: list[Any]) -> Any:
    """Join frames, or arrays, one below the other; frames are numbered anew."""
    if hasattr(parts[0], "iloc"):
        import pandas as pd

        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)


def _split(n: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Split n by shares: whole parts first, then one each to the largest remainders."""
    exact = {source: n * shares.get(source, 0.0) for source in SOURCES}
    parts = {source: math.floor(value) for source, value in exact.items()}
    by_remainder = sorted(SOURCES, key=lambda source: parts[source] - exact[source])
    for source in by_remainder[: n - sum(parts.values())]:
        parts[source] += 1
    return parts


def describe_fallback(fallback: str) -> str:
    """Return what a verdict says of `GANOverSampler.fallback_`."""
    return f" Classes too small for that: {fallback}." if fallback else ""
