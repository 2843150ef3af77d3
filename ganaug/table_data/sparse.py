"""Sparse matrices and frames of sparse columns: dense for what has no use for sparsity, and back."""

from typing import Any

from scipy import sparse

from ganaug.table_data.frames import is_frame


def densify(X: Any) -> Any:
    """Return a dense array or frame; others as they are."""
    if sparse.issparse(X):
        return X.toarray()
    if is_frame(X):
        dense = {name: dtype.subtype for name, dtype in _sparse_dtypes(X).items()}
        return X.astype(dense) if dense else X
    return X


def formed_like(X: Any, rows: Any) -> Any:
    """Undo `densify`: return rows in the form of X."""
    if sparse.issparse(X):
        kind = sparse.csr_array if isinstance(X, sparse.sparray) else sparse.csr_matrix
        return kind(rows).asformat(X.format)
    if is_frame(X):
        dtypes = _sparse_dtypes(X)
        return rows.astype(dtypes) if dtypes else rows
    return rows


def _sparse_dtypes(X: Any) -> dict[str, Any]:
    import pandas as pd

    return {name: dtype for name, dtype in X.dtypes.items() if isinstance(dtype, pd.SparseDtype)}
