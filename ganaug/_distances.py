"""Exact Euclidean neighbours by matrix products, block by block: memory stays linear in the samples."""

from collections.abc import Iterator

import numpy as np

_BLOCK_ELEMENTS = 2**23  # 64 MiB of float64 products at a time
_CAST_ROWS = 4096


def product_rows(A: np.ndarray, B: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield ``(rows, A[rows] @ B.T)`` in float64 for successive blocks of rows of `A`."""
    n_rows = max(1, _BLOCK_ELEMENTS // len(B))
    for start in range(0, len(A), n_rows):
        rows = slice(start, min(start + n_rows, len(A)))
        block = A[rows].astype(np.float64)
        products = np.empty((len(block), len(B)))
        for first in range(0, len(B), _CAST_ROWS):
            columns = slice(first, first + _CAST_ROWS)
            products[:, columns] = block @ B[columns].astype(np.float64, copy=False).T
        yield rows, products


def squared_distance_rows(A: np.ndarray, B: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield ``(rows, squared distances of A[rows] to all of B)`` for successive blocks of rows of `A`."""
    A_norms, B_norms = _squared_norms(A), _squared_norms(B)
    for rows, squared in product_rows(A, B):
        squared *= -2.0
        squared += A_norms[rows, None]
        squared += B_norms
        yield rows, np.maximum(squared, 0.0, out=squared)


def nearest(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Return the distance from each row of `A` to its nearest row of `B`: exactly zero for identical rows.

    The neighbour is found by matrix products, and its distance then computed from the difference.
    """
    distances = np.empty(len(A))
    for rows, squared in squared_distance_rows(A, B):
        difference = A[rows].astype(np.float64)
        difference -= B[squared.argmin(axis=1)]
        distances[rows] = np.sqrt(_squared_norms(difference))
    return distances


def kth_nearest_squared(X: np.ndarray, k: int) -> np.ndarray:
    """Return each row's squared distance to its `k`-th nearest other row; needs more than `k` rows."""
    radii = np.empty(len(X))
    for rows, squared in squared_distance_rows(X, X):
        squared[np.arange(len(squared)), np.arange(rows.start, rows.stop)] = np.inf
        radii[rows] = np.partition(squared, k - 1, axis=1)[:, k - 1]
    return radii


def _squared_norms(X: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", X, X, dtype=np.float64)
