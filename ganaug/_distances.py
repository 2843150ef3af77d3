"""Euclidean neighbours by matrix products, block by block: memory stays linear in the samples.

Squared distances are exact to about 1e-15 of the largest squared length of a row: center features that lie far out.
"""

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


def nearest(A: np.ndarray, B: np.ndarray | None = None) -> np.ndarray:
    """Return the distance from each row of `A` to its nearest row of `B`: exactly zero for identical rows.

    Without `B`, to its nearest other row of `A`, which then needs two. The neighbour is found by matrix products, and
    its distance then computed from the difference.
    """
    others = A if B is None else B
    distances = np.empty(len(A))
    for rows, squared in squared_distance_rows(A, others):
        if B is None:
            _leave_out_self(rows, squared)
        difference = A[rows].astype(np.float64)
        difference -= others[squared.argmin(axis=1)]
        distances[rows] = np.sqrt(_squared_norms(difference))
    return distances


def kth_nearest_squared(X: np.ndarray, k: int) -> np.ndarray:
    """Return each row's squared distance to its `k`-th nearest other row; needs more than `k` rows."""
    radii = np.empty(len(X))
    for rows, squared in squared_distance_rows(X, X):
        _leave_out_self(rows, squared)
        radii[rows] = np.partition(squared, k - 1, axis=1)[:, k - 1]
    return radii


def _leave_out_self(rows: slice, squared: np.ndarray) -> None:
    squared[np.arange(len(squared)), np.arange(rows.start, rows.stop)] = np.inf


def _squared_norms(X: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", X, X, dtype=np.float64)
