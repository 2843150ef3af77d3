"""Turn what users pass into checked feature matrices, and group their rows by class."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ganaug._typing import Label
from ganaug._validation import is_missing

_CHUNK_ELEMENTS = 2**22


def as_numpy(X: Any) -> Any:
    """View a tensor on any device as a numpy array, bfloat16 as float32; return anything else as it is."""
    if not hasattr(X, "detach"):
        return X
    X = X.detach().cpu()
    return (X.float() if "bfloat16" in str(X.dtype) else X).numpy()


def as_features(name: str, X: Any, *, n_min: int = 1) -> np.ndarray:
    """Return `X` as a finite numeric matrix of shape (N, D), flattening whatever follows the first axis.

    Parameters
    ----------
    name : str
        How error messages call the argument.
    X : array-like or tensor of shape (N, ...), any real dtype
    n_min : int, default 1
        Fewest samples that the caller can work with.

    Returns
    -------
    ndarray of shape (N, D), the dtype of `X`; a view where possible

    Raises
    ------
    ValueError
        If `X` is not numeric, has no sample axis, no columns, fewer than `n_min` rows, or NaN or infinite
        values.
    """
    X = np.asarray(as_numpy(X))
    if X.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be a numeric array, got dtype {X.dtype}; encode it as numbers first.")
    if X.ndim < 2:
        raise ValueError(
            f"{name} must have shape (N, D) or (N, ...), one row for each sample, got shape {X.shape}; "
            f"reshape a single feature with X.reshape(-1, 1)."
        )
    if len(X) < n_min or X[0].size == 0:
        raise ValueError(
            f"{name} must hold at least {n_min} sample(s) of one or more values each, got shape {X.shape}; add samples."
        )
    X = X.reshape(len(X), -1)
    _check_finite(name, X)
    return X


def as_feature_pair(
    X_real: Any, X_fake: Any, *, n_min: int = 1, names: tuple[str, str] = ("real", "fake")
) -> tuple[np.ndarray, np.ndarray]:
    """Return real and fake features as matrices (N, D) and (M, D) of equal width, or raise a `ValueError`."""
    real, fake = (as_features(name, X, n_min=n_min) for name, X in zip(names, (X_real, X_fake), strict=True))
    check_same_width(names[0], real, names[1], fake)
    return real, fake


def check_same_width(name_a: str, A: np.ndarray, name_b: str, B: np.ndarray) -> None:
    """Raise a `ValueError` unless both feature matrices have the same number of columns."""
    if A.shape[1] != B.shape[1]:
        raise ValueError(
            f"{name_a} has {A.shape[1]} features for each sample and {name_b} has {B.shape[1]}; "
            f"take both from one extractor, or from images or tables of one size."
        )


def pixel_features(X: Any) -> np.ndarray:
    """Flatten images to one row each; uint8 becomes floats in [0, 1], floats stay as they are.

    The plainest feature extractor: right for digits and small grey images, and for finding copies. For
    anything larger, prefer the penultimate layer of a classifier trained on the data.

    Parameters
    ----------
    X : array-like or tensor of shape (N, ...), uint8 in [0, 255], bool, or float of any range

    Returns
    -------
    ndarray of shape (N, D), float32 (float64 stays float64)

    Raises
    ------
    ValueError
        If `X` is empty, not numeric, or holds NaN or infinity.
    """
    features = as_features("X", X)
    if features.dtype == np.uint8:
        return features.astype(np.float32) / np.float32(255)
    return features if features.dtype == np.float64 else features.astype(np.float32)


def list_labels(y: Any) -> Any:
    """Return labels as a list of Python objects, those of a column too; a single label stays one."""
    if hasattr(y, "to_numpy"):
        y = y.to_numpy() if hasattr(y, "iloc") else np.asarray(y)
    if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1:
        y = y.reshape(-1)
    if isinstance(y, np.ndarray) and y.dtype.kind in "mM":
        y = y.astype(f"{y.dtype.kind}8[us]")  # Of nanoseconds Python has integers only.
    return y.tolist() if hasattr(y, "tolist") else list(y)


def rows_by_class(X_name: str, n_samples: int, y: Iterable[Label]) -> dict[Label, np.ndarray]:
    """Map each label to the indices of its samples, labels sorted where they can be.

    Raises
    ------
    ValueError
        If `y` does not hold one label for each of the `n_samples` samples called `X_name`, or one is missing.
    """
    labels = list_labels(y)
    if not isinstance(labels, list) or len(labels) != n_samples:
        n_labels = len(labels) if isinstance(labels, list) else "a single one"
        raise ValueError(
            f"{X_name} has {n_samples} samples but its labels are {n_labels}; pass exactly one label for each sample."
        )
    if any(isinstance(label, list) for label in labels):
        raise ValueError(f"The labels of {X_name} have several columns; pass exactly one label for each sample.")
    rows: dict[Label, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    missing = next((label for label in rows if is_missing(label)), ...)
    if missing is not ...:
        raise ValueError(f"Labels of {X_name} are missing ({missing!r}); give every sample a label, or leave it out.")
    try:
        order = sorted(rows)  # type: ignore[type-var]
    except TypeError:
        order = list(rows)
    return {label: np.array(rows[label]) for label in order}


def _check_finite(name: str, X: np.ndarray) -> None:
    if X.dtype.kind != "f":
        return
    n_rows = max(1, _CHUNK_ELEMENTS // X.shape[1])
    for start in range(0, len(X), n_rows):
        bad = ~np.isfinite(X[start : start + n_rows])
        if bad.any():
            row = start + int(bad.any(axis=1).argmax())
            raise ValueError(
                f"{name} holds NaN or infinite values, first in sample {row}; remove or repair such samples."
            )
