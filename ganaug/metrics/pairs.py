"""Whether a synthetic table's columns hang together as the real ones do: associations of all pairs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ganaug._validation import check_choice
from ganaug.metrics._columns import Column, read_columns

_ROUNDING = 1e-13  # Deviations below this share of the values are rounding: the column is constant.


@dataclass(frozen=True, eq=False)
class AssociationDifference:
    """Association matrices of a real and a synthetic table.

    Attributes
    ----------
    names : tuple of column names, or positions in an array
    real, synthetic : ndarray of shape (D, D), float64
        From -1 to 1 for two numbers, else from 0 to 1; the diagonal is 1.
    """

    names: tuple[Any, ...]
    real: np.ndarray
    synthetic: np.ndarray

    @property
    def mean(self) -> float:
        """Mean absolute difference over all pairs of different columns; 0 for a single column."""
        off_diagonal = ~np.eye(len(self.names), dtype=bool)
        return float(np.abs(self.real - self.synthetic)[off_diagonal].mean()) if off_diagonal.any() else 0.0

    def worst(self, n: int = 5) -> list[tuple[Any, Any, float, float]]:
        """Return the `n` pairs that differ most: both names, real and synthetic association."""
        n_columns = len(self.names)
        difference = np.abs(self.real - self.synthetic)
        pairs = [(a, b) if difference[a, b] >= difference[b, a] else (b, a) for a in range(n_columns) for b in range(a)]
        pairs.sort(key=lambda pair: -difference[pair])
        return [
            (self.names[a], self.names[b], float(self.real[a, b]), float(self.synthetic[a, b])) for a, b in pairs[:n]
        ]


def association_difference(
    real: Any, synthetic: Any, *, nominal: str = "theil", discrete_columns: Sequence[Any] | None = None
) -> AssociationDifference:
    """Compare the associations between all pairs of columns: correlations, and their like for categories.

    Two numbers: Pearson's correlation. A category and a number: the correlation ratio, the square root of the
    share of the number's variance that lies between the categories. Two categories: see `nominal`.

    Parameters
    ----------
    real, synthetic : DataFrame or array-like of shape (N, D) and (M, D)
        Mixed types; missing values anywhere. `real` decides which columns are numbers.
    nominal : {"theil", "cramer"}, default "theil"
        "theil": Theil's U, where entry (i, j) is the share of column i's entropy that column j explains, so the
        matrix is not symmetric. "cramer": Cramér's V, symmetric.
    discrete_columns : sequence of column names or positions, optional
        Numbers to treat as categories.

    Returns
    -------
    AssociationDifference

    Raises
    ------
    ValueError
        If `nominal` is unknown, columns differ or repeat, a table is empty, or a number is infinite or cannot be
        read as one.

    References
    ----------
    Z. Zhao, A. Kunar, H. Van der Scheer, R. Birke and L. Y. Chen, "CTAB-GAN: Effective Table Data Synthesizing",
    ACML 2021, arXiv:2102.08369, Section 4.2 ("Diff. Corr.").

    Notes
    -----
    CTAB-GAN sums the differences; their mean can be compared between tables of different width. Each pair is
    measured on the rows where both are present, and is 0 where one of them is constant there. All but Pearson's
    are biased upwards in small tables with many categories; tables of equal length share that bias, and it
    cancels.

    Examples
    --------
    >>> import numpy as np
    >>> real = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> association_difference(real, real * [1.0, -1.0]).mean
    2.0
    """
    return difference_of(*read_columns({"real": real, "synthetic": synthetic}, discrete_columns), nominal)


def difference_of(real: Sequence[Column], synthetic: Sequence[Column], nominal: str) -> AssociationDifference:
    """Compare columns that were read together; see `association_difference`."""
    measure = check_choice("nominal", nominal, NOMINAL_ASSOCIATIONS)
    names = tuple(column.name for column in real)
    return AssociationDifference(names, _associations(real, measure), _associations(synthetic, measure))


def _associations(columns: Sequence[Column], nominal: "NominalAssociation") -> np.ndarray:
    matrix = np.eye(len(columns))
    numbers = [place for place, column in enumerate(columns) if not column.is_category]
    if len(numbers) > 1:
        matrix[np.ix_(numbers, numbers)] = _pearson(np.stack([columns[place].values for place in numbers]))
    for i, a in enumerate(columns):
        for j, b in enumerate(columns[:i]):
            if a.is_category and b.is_category:
                matrix[i, j], matrix[j, i] = _of_categories(a, b, nominal)
            elif a.is_category or b.is_category:
                category, number = (a, b) if a.is_category else (b, a)
                matrix[i, j] = matrix[j, i] = _correlation_ratio(category, number)
    return matrix


def _pearson(numbers: np.ndarray) -> np.ndarray:
    """Return correlations of the rows of `numbers`, (D, N), each on the entries where both are present."""
    present = (~np.isnan(numbers)).astype(np.float64)
    n_present = np.maximum(present.sum(axis=1, keepdims=True), 1.0)
    filled = np.where(present > 0, numbers, 0.0)
    rounding = _ROUNDING * np.abs(filled).max(axis=1, keepdims=True)
    filled = np.where(present > 0, filled - filled.sum(axis=1, keepdims=True) / n_present, 0.0)
    deviations = np.sqrt((filled**2).sum(axis=1, keepdims=True) / n_present)
    filled /= np.where(deviations > rounding, deviations, np.inf)
    n = np.maximum(present @ present.T, 1.0)  # Entry (i, j) sums over rows where i and j are present; so do all below.
    sums = filled @ present.T
    variances = (filled**2) @ present.T - sums**2 / n
    covariances = filled @ filled.T - sums * sums.T / n
    scale = np.sqrt(np.maximum(variances * variances.T, 0.0))
    is_constant = np.minimum(variances, variances.T) <= _ROUNDING * n
    correlations = np.where(is_constant, 0.0, covariances / np.where(is_constant, 1.0, scale))
    np.fill_diagonal(correlations, 1.0)
    return np.clip(correlations, -1.0, 1.0)


def _correlation_ratio(category: Column, number: Column) -> float:
    both = category.is_present & number.is_present
    if not both.any():
        return 0.0
    codes, values = category.values[both], number.values[both]
    values = values - values.mean()
    if values.std() <= _ROUNDING * np.abs(number.values[both]).max():
        return 0.0
    counts = np.bincount(codes, minlength=category.n_categories)
    sums = np.bincount(codes, weights=values, minlength=category.n_categories)
    between = (sums**2 / np.maximum(counts, 1)).sum()
    return float(min(1.0, np.sqrt(between / (values**2).sum())))


def _of_categories(a: Column, b: Column, measure: "NominalAssociation") -> tuple[float, float]:
    both = a.is_present & b.is_present
    if not both.any():
        return 0.0, 0.0
    # Only cells that occur are kept: two columns of 10,000 categories would have 100 million.
    cells, counts = np.unique(a.values[both] * b.n_categories + b.values[both], return_counts=True)
    joint = counts / counts.sum()
    rows = np.unique(cells // b.n_categories, return_inverse=True)[1]
    columns = np.unique(cells % b.n_categories, return_inverse=True)[1]
    share_a, share_b = np.bincount(rows, weights=joint), np.bincount(columns, weights=joint)
    n_smaller = min(len(share_a), len(share_b))
    return measure(joint, share_a[rows], share_b[columns], n_smaller)


def _theils_u(joint: np.ndarray, of_a: np.ndarray, of_b: np.ndarray, n_smaller: int) -> tuple[float, float]:
    """Return U(a | b) and U(b | a) from the shares of the cells, of their rows and of their columns."""
    if n_smaller < 2:
        return 0.0, 0.0
    information = float((joint * np.log(joint / (of_a * of_b))).sum())
    entropies = (-float((joint * np.log(share)).sum()) for share in (of_a, of_b))
    u_a, u_b = (min(1.0, max(0.0, information / entropy)) for entropy in entropies)
    return u_a, u_b


def _cramers_v(joint: np.ndarray, of_a: np.ndarray, of_b: np.ndarray, n_smaller: int) -> tuple[float, float]:
    """Return Cramér's V, twice, as it is symmetric."""
    if n_smaller < 2:
        return 0.0, 0.0
    chi_squared = max(0.0, float((joint**2 / (of_a * of_b)).sum()) - 1.0)  # Over the number of rows.
    v = min(1.0, np.sqrt(chi_squared / (n_smaller - 1)))
    return float(v), float(v)


NominalAssociation: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray, int], tuple[float, float]]

NOMINAL_ASSOCIATIONS: dict[str, NominalAssociation] = {"theil": _theils_u, "cramer": _cramers_v}
