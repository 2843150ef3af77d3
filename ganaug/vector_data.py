"""Turn feature vectors, such as embeddings, into standardised rows and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from ganaug._features import as_numpy
from ganaug._validation import refuse_infinity
from ganaug.blocks import Block
from ganaug.table_data.frames import check_column_names, is_frame, make_columns
from ganaug.table_data.scalars import from_json, to_json


@dataclass(frozen=True, eq=False)
class VectorCodec:
    """Shift and scale vectors; on the way back clip them to the seen range, or put them onto the unit sphere.

    One scale serves all dimensions, so that distances and angles between vectors keep their meaning.

    Attributes
    ----------
    mean, lowest, highest : ndarray of shape (D,), float64
    scale : float
        Root mean square of the centred values.
    unit_norm : bool
    dtype : str
        That of the training data; integers come back as float64, since an embedding has none, and bfloat16 tensors as
        float32, since arrays know no bfloat16.
    columns : tuple of hashable, or None
        The labels of a DataFrame's columns; None for arrays.
    level_names : tuple of hashable
        The names of the columns' index.
    """

    mean: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    scale: float
    unit_norm: bool
    dtype: str
    columns: tuple[Any, ...] | None = None
    level_names: tuple[Any, ...] = (None,)

    @classmethod
    def fit(cls, X: Any, unit_norm: bool) -> "VectorCodec":
        """Learn from vectors of shape (N, D).

        Raises
        ------
        TypeError
            If a column of a frame holds categories or times.
        ValueError
            If X is not a 2-D array of finite numbers, has two columns of one name, or is to have unit norm and holds
            a vector of length zero.
        """
        is_pandas = is_frame(X)
        given = {str(dtype) for dtype in (X.dtypes if is_pandas else [getattr(X, "dtype", "")])}
        columns, level_names = (tuple(X.columns.tolist()), tuple(X.columns.names)) if is_pandas else (None, (None,))
        X = check_vectors(X)
        if unit_norm:
            X = _onto_sphere(X, check=True)
        mean = X.mean(0, dtype=np.float64)
        scale = _root_mean_square(X - mean) or 1.0
        lowest, highest = X.min(0).astype(np.float64), X.max(0).astype(np.float64)
        dtype = "float16" if given <= {"float16", "torch.float16"} else X.dtype.name
        return cls(mean, lowest, highest, scale, unit_norm, dtype, columns, level_names)

    @property
    def n_features(self) -> int:
        """Length D of a vector."""
        return len(self.mean)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """One number per dimension."""
        return (Block(1),) * self.n_features

    @property
    def cases(self) -> dict[int, int]:
        """No number comes with a block of cases; see `TableCodec.cases`."""
        return {}

    @property
    def missing(self) -> tuple[tuple[slice, int], ...]:
        """No value is missing; see `TableCodec.missing`."""
        return ()

    def encode(self, X: Any) -> np.ndarray:
        """Return standardised rows of shape (N, D), float32.

        Raises
        ------
        ValueError
            If X is not usable, or has another length than the training vectors.
        """
        X = check_vectors(X)
        if X.shape[1] != self.n_features:
            raise ValueError(
                f"X has {X.shape[1]} features, but VectorGAN is expecting {self.n_features} features as input."
            )
        if self.unit_norm:
            X = _onto_sphere(X, check=True)
        return ((X - self.mean) / self.scale).astype(np.float32)

    def features(self, X: Any, *, ignore_unseen: bool = False) -> np.ndarray:
        """Return X as float32 of shape (N, D), centred and scaled as a whole: a vector is its own feature.

        Nothing in it can be unseen; see `TableCodec.features`.
        """
        return ((check_vectors(X) - self.mean) / self.scale).astype(np.float32)

    def decode(self, rows: np.ndarray, seed: int = 0) -> Any:
        """Return vectors of shape (N, D) with the training data's dtype and container; nothing is left to the seed."""
        X = rows.astype(np.float64) * self.scale + self.mean
        X = (_onto_sphere(X) if self.unit_norm else np.clip(X, self.lowest, self.highest)).astype(self.dtype)
        if self.columns is None:
            return X
        import pandas as pd

        return pd.DataFrame(X, columns=make_columns(self.columns, self.level_names))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values.

        Raises
        ------
        TypeError
            If a column's label is of a kind that cannot be saved.
        """
        arrays = {name: getattr(self, name).tolist() for name in ("mean", "lowest", "highest")}
        columns = None if self.columns is None else [to_json(label) for label in self.columns]
        level_names = [to_json(name) for name in self.level_names]
        plain = {name: getattr(self, name) for name in ("scale", "unit_norm", "dtype")}
        return {**arrays, **plain, "columns": columns, "level_names": level_names}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "VectorCodec":
        """Read what `to_dict` wrote."""
        arrays = {name: np.asarray(values[name], np.float64) for name in ("mean", "lowest", "highest")}
        columns = None if values["columns"] is None else tuple(map(from_json, values["columns"]))
        level_names = tuple(map(from_json, values.get("level_names", (None,))))
        plain = {name: values[name] for name in ("scale", "unit_norm", "dtype")}
        return cls(**arrays, **plain, columns=columns, level_names=level_names)


def check_vectors(X: Any) -> np.ndarray:
    """Return X as a 2-D array of finite float32 or float64.

    Raises
    ------
    TypeError, ValueError
        scikit-learn's own messages: sparse, complex, not 2-D, empty, not finite. Besides, if a column of a frame holds
        categories or times, or two have one name, or if cells are vectors themselves.
    """
    check_cells(X)
    X = as_numpy(X)
    refuse_infinity(X.to_numpy() if is_frame(X) else X)
    return check_array(X, dtype=[np.float64, np.float32], input_name="X", estimator="VectorGAN")


def check_cells(X: Any, whose: str = "VectorGAN", remedy: str = "or use TableGAN") -> None:
    """Raise a `TypeError` if cells are whole vectors, or a frame's columns are no numbers.

    Parameters
    ----------
    X
    whose, remedy : str
        Estimator that takes numbers only, and what else may be done.

    Raises
    ------
    TypeError
    ValueError
        If two columns of a frame have one name.
    """
    if isinstance(X, np.ndarray) and X.dtype.kind == "O":
        first = X.ravel()[:1]
    else:
        first = np.asarray(X.iloc[:1], dtype=object).ravel() if hasattr(X, "iloc") else ()
    for cell in first:
        if isinstance(cell, (list, tuple, np.ndarray)):
            raise TypeError(
                f"X holds a {type(cell).__name__} of {len(cell)} values in one cell, and {whose} takes one number a "
                f"cell; pass np.stack(column), of shape (N, D)."
            )
    if is_frame(X):
        _check_columns(X, whose, remedy)


def _check_columns(X: Any, whose: str, remedy: str) -> None:
    check_column_names(X)
    for name, dtype in X.dtypes.items():
        held = "categories" if str(dtype) == "category" else "times" if getattr(dtype, "kind", "O") in "mM" else None
        if held is None and getattr(dtype, "kind", "O") == "O" and any(isinstance(cell, str) for cell in X[name]):
            held = "texts"
        if held:
            raise TypeError(
                f"Column {name!r} of X holds {held}, and {whose} takes numbers; turn it into some with "
                f".astype(float), {remedy}."
            )


def _onto_sphere(X: np.ndarray, check: bool = False) -> np.ndarray:
    lengths = _lengths(X)
    if check and not lengths.all():
        row = int(np.flatnonzero(lengths.ravel() == 0)[0])
        raise ValueError(f"Row {row} of X is zero and has no direction; leave it out, or set unit_norm=False.")
    return X / np.where(lengths == 0, 1, lengths)


def _root_mean_square(X: np.ndarray) -> float:
    """Return the root of the mean square of all numbers, also where squares would be beyond the range of floats."""
    with np.errstate(over="ignore", under="ignore"):
        root = float(np.sqrt(np.square(X).mean()))
    if 1e-140 < root < 1e140:
        return root
    largest = float(np.abs(X).max())
    return largest * float(np.sqrt(np.square(X / largest).mean())) if largest else 0.0


def _lengths(X: np.ndarray) -> np.ndarray:
    """Return the lengths of vectors (N, D) as (N, 1), also where their squares would be beyond the range of floats."""
    with np.errstate(over="ignore", under="ignore"):
        lengths = np.linalg.norm(X, axis=1, keepdims=True)
    extremes = np.finfo(X.dtype)
    if ((lengths > extremes.tiny**0.25) & (lengths < extremes.max**0.25)).all():
        return lengths
    largest = np.abs(X).max(axis=1, keepdims=True)
    return largest * np.linalg.norm(X / np.where(largest == 0, 1, largest), axis=1, keepdims=True)
