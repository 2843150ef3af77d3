"""Tables of all column types, and GANs on rows that train in a fraction of a second."""

from typing import Any

import numpy as np
import pandas as pd
from _tiny import DEVICE

from ganaug import TableGAN, VectorGAN
from ganaug.architectures import MLP

TINY_MLP = MLP(width=8, latent_dim=2, n_blocks=1)
SMALL = {"max_steps": 2, "batch_size": 8, "min_class_size": 0, "device": DEVICE, "random_state": 0}


def tiny_table_gan(**parameters: Any) -> TableGAN:
    """Return an unfitted GAN for tables."""
    return TableGAN(**{"architecture": TINY_MLP, **SMALL, **parameters})


def tiny_vector_gan(**parameters: Any) -> VectorGAN:
    """Return an unfitted GAN for vectors."""
    return VectorGAN(**{"architecture": TINY_MLP, **SMALL, **parameters})


def make_labels(n: int = 60, rare: int = 12) -> np.ndarray:
    """Return labels of which the last are rare."""
    return np.array(["common"] * (n - rare) + ["rare"] * rare)


def make_numbers(n: int = 60) -> np.ndarray:
    """Return four numeric columns, float64."""
    return np.random.default_rng(0).normal(size=(n, 4)) * [1, 10, 0.1, 3] + [0, 100, 0, -5]


def make_mixed(n: int = 60) -> pd.DataFrame:
    """Return a frame with a column of every type, and missing cells wherever the type has them."""
    rng = np.random.default_rng(0)
    days = pd.to_datetime("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    frame = pd.DataFrame(
        {
            "float": rng.normal(5, 2, n),
            "float32": rng.normal(0, 1, n).astype("float32"),
            "integer": rng.integers(-40, 90, n),
            "small": rng.integers(0, 3, n).astype("int8"),
            "bool": rng.random(n) < 0.3,
            "category": pd.Categorical(rng.choice(["low", "high"], n), ["low", "middle", "high"], ordered=True),
            "string": rng.choice(["red", "green", "blue"], n).astype(object),
            "datetime": days,
            "zoned": days.tz_localize("Europe/Paris"),
            "duration": pd.to_timedelta(rng.integers(0, 5000, n), unit="s"),
            "Int64": pd.array(rng.integers(0, 500, n), dtype="Int64"),
            "Float64": pd.array(rng.normal(size=n), dtype="Float64"),
            "boolean": pd.array(rng.random(n) < 0.5, dtype="boolean"),
            "text": pd.array(rng.choice(["a", "b"], n), dtype="string"),
        }
    )
    for place, name in enumerate(frame.columns):
        if name not in ("integer", "small", "bool"):
            frame.loc[place :: len(frame.columns), name] = None
    return frame


def make_unit_vectors(n: int = 60, dimensions: int = 6, dtype: str = "float32") -> np.ndarray:
    """Return vectors of length one."""
    X = np.random.default_rng(0).normal(size=(n, dimensions)) + 1
    return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(dtype)


def make_copies_among_far_samples() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return training rows, held-out ones that are often near, and samples that are far, but one in ten is a copy."""
    rng = np.random.default_rng(0)
    train = rng.normal(size=(300, 2))
    near = train[rng.integers(300, size=300)] + 1e-3 * rng.normal(size=(300, 2))
    held_out = np.where(rng.random(300)[:, None] < 0.4, near, 3 * rng.normal(size=(300, 2)))
    fake = 10 + rng.normal(size=(300, 2))
    fake[:30] = train[:30]
    return train, held_out, fake
