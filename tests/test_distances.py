"""Neighbours by blocks of matrix products."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from ganaug import _distances
from ganaug._distances import kth_nearest_squared, nearest, product_rows, squared_distance_rows


@pytest.fixture(params=[2**23, 64])
def block_elements(request, monkeypatch):
    """Run with one block and with many small ones."""
    monkeypatch.setattr(_distances, "_BLOCK_ELEMENTS", request.param)
    monkeypatch.setattr(_distances, "_CAST_ROWS", max(3, request.param // 9))


@pytest.mark.usefixtures("block_elements")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.uint8])
def test_blocks_agree_with_scipy(dtype):
    rng = np.random.default_rng(0)
    A, B = (rng.integers(0, 50, (n, 5)).astype(dtype) for n in (37, 23))
    exact = cdist(A, B, "sqeuclidean")
    assert np.vstack([squared for _, squared in squared_distance_rows(A, B)]) == pytest.approx(exact)
    assert np.vstack([products for _, products in product_rows(A, B)]) == pytest.approx(
        A.astype(float) @ B.T.astype(float)
    )
    assert nearest(A, B) == pytest.approx(np.sqrt(exact.min(axis=1)))
    within = np.sort(cdist(A, A, "sqeuclidean"), axis=1)  # column 0 is the sample itself
    assert kth_nearest_squared(A, 3) == pytest.approx(within[:, 3])


def test_identical_rows_are_exactly_zero_apart_far_from_the_origin():
    B = np.random.default_rng(0).normal(1e6, 1.0, (50, 20))
    assert (nearest(B[::-1], B) == 0.0).all()


def test_no_block_holds_all_pairs():
    A = np.zeros((3, 2))
    B = np.zeros((_distances._BLOCK_ELEMENTS // 2, 2))
    assert [rows for rows, _ in product_rows(A, B)] == [slice(0, 2), slice(2, 3)]
