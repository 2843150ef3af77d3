"""Splits, and the preprocessing that every method shares; all of it learned on the training part alone."""

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from benchmarks.table_suite.loaders import Table

N_SPLITS = 5


@dataclass(frozen=True)
class Encoder:
    """Rows of one table as numbers.

    Two forms: *compact* rows hold the z-scored numbers first, then one code for each categorical column; *dense* rows
    hold the numbers and a one-hot block for each categorical column. A value that the training part lacks has code
    -1 and a block of zeros. Missing numbers become the training median, a missing category is a category; constant
    columns are dropped.

    Attributes
    ----------
    numeric, categorical : tuples of column names
    median, mean, scale : ndarrays, one entry for each numeric column
    levels : tuple of tuples of str
        The values of each categorical column.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    median: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    levels: tuple[tuple[str, ...], ...]

    @classmethod
    def fit(cls, X: pd.DataFrame, categorical: tuple[str, ...]) -> "Encoder":
        """Learn the encoding of a training part."""
        varying = [name for name in X if X[name].nunique() > 1]
        numeric = tuple(name for name in varying if name not in categorical)
        categorical = tuple(name for name in varying if name in categorical)
        numbers = X[list(numeric)].to_numpy(np.float64)
        median = np.nanmedian(numbers, axis=0) if numeric else np.empty(0)
        numbers = np.where(np.isnan(numbers), median, numbers)
        levels = tuple(tuple(sorted(X[name].unique())) for name in categorical)
        scale = np.maximum(numbers.std(axis=0), 1e-12)
        return cls(numeric, categorical, median, numbers.mean(axis=0), scale, levels)

    def encode(self, X: pd.DataFrame) -> np.ndarray:
        """Return compact rows, float64 of shape (N, columns)."""
        numbers = X[list(self.numeric)].to_numpy(np.float64)
        numbers = (np.where(np.isnan(numbers), self.median, numbers) - self.mean) / self.scale
        codes = [
            pd.Index(levels).get_indexer(X[name]) for name, levels in zip(self.categorical, self.levels, strict=True)
        ]
        return np.column_stack([numbers, *codes])

    def to_dense(self, rows: np.ndarray) -> np.ndarray:
        """Turn compact rows into dense ones, float64 of shape (N, n_numeric + all levels)."""
        n_numeric = len(self.numeric)
        blocks = [
            np.round(rows[:, n_numeric + index, None]) == np.arange(len(levels))
            for index, levels in enumerate(self.levels)
        ]
        return np.column_stack([rows[:, :n_numeric], *blocks]).astype(np.float64)

    @property
    def categorical_indices(self) -> list[int]:
        """Places of the categories in compact rows."""
        return list(range(len(self.numeric), len(self.numeric) + len(self.categorical)))


@dataclass(frozen=True)
class Fold:
    """One split of one set.

    Attributes
    ----------
    name : str
        The set.
    index : int
        Fold; ``index // 5`` is the repeat.
    encoder : Encoder
    train, test : ndarrays of compact rows
    y_train, y_test : ndarrays of int64 in [0, K)
        The rarest class is K - 1.
    """

    name: str
    index: int
    encoder: Encoder
    train: np.ndarray
    y_train: np.ndarray
    test: np.ndarray
    y_test: np.ndarray

    @property
    def n_classes(self) -> int:
        """K; every class is in every training part."""
        return int(self.y_train.max()) + 1

    @property
    def seed(self) -> int:
        """A seed that depends on the set and the fold alone, so that every method and learner shares it."""
        return zlib.crc32(f"{self.name}/{self.index}".encode()) % 2**31

    @property
    def is_mixed(self) -> bool:
        """Whether any column is categorical."""
        return bool(self.encoder.categorical)

    @cached_property
    def X_train(self) -> np.ndarray:  # noqa: N802
        """Dense training rows."""
        return self.encoder.to_dense(self.train)

    @cached_property
    def X_test(self) -> np.ndarray:  # noqa: N802
        """Dense test rows."""
        return self.encoder.to_dense(self.test)


def make_fold(table: Table, name: str, index: int) -> Fold:
    """Cut one of five stratified folds; every five indices begin another shuffle."""
    repeat, place = divmod(index, N_SPLITS)
    seed = (zlib.crc32(name.encode()) + repeat) % 2**31
    splits = StratifiedKFold(N_SPLITS, shuffle=True, random_state=seed).split(table.X, table.y)
    train, test = list(splits)[place]
    encoder = Encoder.fit(table.X.iloc[train], table.categorical)
    X_train, X_test = encoder.encode(table.X.iloc[train]), encoder.encode(table.X.iloc[test])
    return Fold(name, index, encoder, X_train, table.y[train], X_test, table.y[test])
