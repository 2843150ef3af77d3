"""What every filter is: a recipe, and the fitted filter that its `fit` returns; and the checks they share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ganaug._features import as_features, pixel_features, rows_by_class
from ganaug._typing import Label
from ganaug._validation import check_number

Features = Callable[[Any], np.ndarray]


class Filter(ABC):
    """A filter's recipe.

    To write your own, subclass it and return from `fit` any object with ``keep(X, y)``.
    """

    @abstractmethod
    def fit(self, X: Any, y: Iterable[Label], gan: Any = None) -> "FittedFilter":
        """Learn from real samples what a good one is.

        Parameters
        ----------
        X : array-like of shape (N, ...), uint8 in [0, 255] or float
            Real samples, like the GAN's training data.
        y : N labels
        gan : fitted GAN or None, default None
            Where the samples to be judged will come from; only `DiscriminatorFilter` needs it.

        Returns
        -------
        FittedFilter

        Raises
        ------
        ValueError
            If lengths differ, or values are not finite.
        """


class FittedFilter(ABC):
    """What a recipe's `fit` returns."""

    @abstractmethod
    def keep(self, X: Any, y: Iterable[Label]) -> np.ndarray:
        """Judge synthetic samples of the kind that the filter was fitted on.

        Parameters
        ----------
        X : array-like of shape (N, ...)
        y : N labels, each seen in `fit`

        Returns
        -------
        ndarray of shape (N,), bool
            True where the sample is to be kept.

        Raises
        ------
        ValueError
            If a label was not seen in `fit`, or the samples' size differs from the real ones.
        """


def extract(features: Features | None, X: Any) -> np.ndarray:
    """Apply the recipe's feature extractor, or the default one."""
    return pixel_features(X) if features is None else as_features("features(X)", features(X))


def check_features(features: Any) -> None:
    """Raise a `TypeError` unless a recipe's feature extractor is None or can be called."""
    if features is not None and not callable(features):
        raise TypeError(f"features must be a function that turns X into an (N, D) array, or None; got {features!r}.")


def known_rows(n_samples: int, y: Iterable[Label], known: dict[Label, Any]) -> dict[Label, np.ndarray]:
    """Group samples by class; raise a `ValueError` for a label that is not in `known`."""
    rows = rows_by_class("X", n_samples, y)
    unknown = [label for label in rows if label not in known]
    if unknown:
        raise ValueError(f"y holds {unknown[0]!r}, which fit has not seen; choose from {list(known)}.")
    return rows


def check_fraction(parameter: str, given: float | None, *, optional: bool = False) -> None:
    """Raise unless `given` is a share above 0 and up to 1."""
    check_number(parameter, given, minimum=1e-6, maximum=1.0, optional=optional)
