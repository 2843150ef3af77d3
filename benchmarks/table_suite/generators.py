"""Deep generators for tables from elsewhere: CTGAN, TVAE, tabgan; with their defaults, on one CPU thread.

They see compact rows as a DataFrame (z-scored numbers, categories as strings) and fill every class up to full balance.
A generator that cannot fill a class is a failure.
"""

from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import numpy as np
import pandas as pd

from benchmarks.table_suite.folds import Fold
from benchmarks.table_suite.methods import Method, Sampler, TrainingRows, target_counts

MOST_ROUNDS = 20
"""Times that rows of a class are asked for before a generator counts as failed."""


def as_frame(fold: Fold) -> pd.DataFrame:
    """The compact training rows as a DataFrame: float64 numbers, then categories as strings."""
    frame = pd.DataFrame(fold.train, columns=[f"x{index}" for index in range(fold.train.shape[1])])
    for index in fold.encoder.categorical_indices:
        frame[f"x{index}"] = frame[f"x{index}"].astype(int).astype(str).astype(object)
    return frame


def from_frame(fold: Fold, frame: pd.DataFrame, y: np.ndarray) -> TrainingRows:
    """Put drawn rows after the training rows, as dense rows."""
    drawn = fold.encoder.to_dense(frame.to_numpy(np.float64))
    return TrainingRows(np.concatenate([fold.X_train, drawn]), np.concatenate([fold.y_train, y]))


def fill_up(fold: Fold, draw: Callable[[int, int], pd.DataFrame]) -> TrainingRows:
    """Fill each class with what ``draw(c, n)`` returns, which may be fewer rows than asked for.

    Raises
    ------
    RuntimeError
        If a class is not full after `MOST_ROUNDS` calls.
    """
    parts, labels = [], []
    counts = np.bincount(fold.y_train)
    for c, target in target_counts(fold.y_train, 1.0).items():
        n_lacking = target - counts[c]
        for _ in range(MOST_ROUNDS):
            if n_lacking == 0:
                break
            rows = draw(c, int(n_lacking)).iloc[:n_lacking]
            parts.append(rows)
            labels.append(np.full(len(rows), c))
            n_lacking -= len(rows)
        if n_lacking:
            raise RuntimeError(f"class {c} still lacks {n_lacking} rows after {MOST_ROUNDS} draws.")
    return from_frame(fold, pd.concat(parts), np.concatenate(labels))


def _ctgan(fold: Fold) -> TrainingRows:
    """One model of all rows with the class as a column; conditioned on the class, other classes rejected."""
    from ctgan import CTGAN

    frame = as_frame(fold)
    discrete = [f"x{index}" for index in fold.encoder.categorical_indices]
    model = CTGAN(enable_gpu=False)
    model.set_random_state(fold.seed)
    model.fit(frame.assign(label=fold.y_train.astype(str).astype(object)), [*discrete, "label"])

    def draw(c: int, n: int) -> pd.DataFrame:
        rows = model.sample(max(2 * n, 500), condition_column="label", condition_value=str(c))
        return rows[rows["label"] == str(c)].drop(columns="label")

    return fill_up(fold, draw)


def _tvae(fold: Fold) -> TrainingRows:
    """One model for each smaller class: TVAE cannot be conditioned, and this is its strongest simple use."""
    from ctgan import TVAE

    frame, models = as_frame(fold), {}
    discrete = [f"x{index}" for index in fold.encoder.categorical_indices]

    def draw(c: int, n: int) -> pd.DataFrame:
        if c not in models:
            models[c] = TVAE(enable_gpu=False)
            models[c].set_random_state(fold.seed)
            models[c].fit(frame[fold.y_train == c], discrete)
        return models[c].sample(n)

    return fill_up(fold, draw)


def _tabgan(fold: Fold) -> TrainingRows:
    """One GANGenerator for each smaller class, without its filter towards the test rows, which stay unseen."""
    import torch
    from tabgan.sampler import GANGenerator

    frame = as_frame(fold)
    discrete = [f"x{index}" for index in fold.encoder.categorical_indices]

    def draw(c: int, n: int) -> pd.DataFrame:
        rows = frame[fold.y_train == c].reset_index(drop=True)
        torch.manual_seed(fold.seed)
        generator = GANGenerator(gen_x_times=(n + 1) / len(rows), cat_cols=discrete or None)
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            return generator.generate_data_pipe(rows, None, None, only_generated_data=True)[0]

    return fill_up(fold, draw)


DEEP: tuple[Method, ...] = (
    Sampler("ctgan", _ctgan, "defaults, 300 epochs"),
    Sampler("tvae", _tvae, "defaults, 300 epochs, one for each class"),
    Sampler("tabgan", _tabgan, "GANGenerator, defaults, one for each class"),
)
"""Generators that take minutes."""
