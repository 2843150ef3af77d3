"""Missing values of interpolated rows, which a vote of neighbours would lose."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ganaug.table_data.codec import TableCodec
    from ganaug.vector_data import VectorCodec


def take_missing(codec: "TableCodec | VectorCodec", rows: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Give interpolated rows the missing values of their nearest real ones.

    SMOTE-NC lets neighbours vote whether a value is missing, which loses those that seldom are and adds to those that
    often are. Here a value is missing where it is in the nearest real row; one of which only the vote said so is the
    real row's. So missing values keep about their rate, and what they go with in other columns.

    Parameters
    ----------
    codec : TableCodec or VectorCodec
    rows, real : ndarray of shape (M, n_blocks) and (N, n_blocks), float64
        Compact rows: interpolated ones, and those that they lie between.

    Returns
    -------
    ndarray of shape (M, n_blocks), float64
    """
    if not codec.missing:
        return rows
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=1).fit(_embed(codec, real))
    nearest = real[near.kneighbors(_embed(codec, rows), return_distance=False)[:, 0]]
    rows = rows.copy()
    for blocks, code in codec.missing:
        first = blocks.start
        is_nearest = (rows[:, first] == code) | (nearest[:, first] == code)
        rows[is_nearest, blocks] = nearest[is_nearest, blocks]
    return rows


def _embed(codec: "TableCodec | VectorCodec", rows: np.ndarray) -> np.ndarray:
    """Return features (N, D) to measure distances by, 0 where values are missing: other categories are 1 apart."""
    missing = {blocks.start: code for blocks, code in codec.missing}
    numbered = set(codec.cases.values())  # They say which part of a number counts; the number is enough.
    columns = []
    for place, block in enumerate(codec.blocks):
        if block.size == 1:
            columns.append(rows[:, [place]])
        elif place not in numbered:
            levels = np.arange(missing.get(place, block.size))
            columns.append(np.sqrt(0.5) * (rows[:, [place]] == levels))
    return np.hstack(columns)
