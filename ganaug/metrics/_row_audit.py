"""The nearest-neighbour audit for encoded rows of a table."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ganaug._features import rows_by_class
from ganaug._typing import Label
from ganaug.metrics.memorization import ClassAudit, MemorizationAudit, audit_memorization

_CHANCE = 0.01


def some_rows(X: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return `n` rows at random, or all if they are no more."""
    return X if len(X) <= n else X[rng.permutation(len(X))[:n]]


def audit_rows(
    features: Sequence[np.ndarray], labels: Sequence[Sequence[Label] | None], max_rows: int, rng: np.random.Generator
) -> MemorizationAudit:
    """Audit against all training rows, with at most `max_rows` held-out and synthetic ones of each class.

    Parameters
    ----------
    features, labels : training, held-out and synthetic rows; labels may be None for all of them
        Features of shape (N, D), float32.
    max_rows : int
    rng : numpy Generator

    Returns
    -------
    MemorizationAudit
        With "copies" only where Fisher's exact test, too, finds more synthetic than real rows flagged, at 1 %.
    """
    arguments: list[Any] = []
    for place, (X, y) in enumerate(zip(features, labels, strict=True)):
        y = ["all rows"] * len(X) if y is None else y
        if place:
            kept = np.concatenate(
                [some_rows(rows, max_rows, rng) for rows in rows_by_class("table", len(X), y).values()]
            )
            X, y = X[kept], [y[row] for row in kept]
        arguments += [X, y]
    return allow_for_chance(audit_memorization(*arguments))


def allow_for_chance(audit: MemorizationAudit) -> MemorizationAudit:
    """Call "ok" what chance alone may do: in few columns real rows are near each other, too."""
    checked = (row if _exceeds_chance(row) else replace(row, verdict="ok") for row in audit.classes)
    return replace(audit, classes=tuple(checked), max_chance=_CHANCE)


def _exceeds_chance(row: ClassAudit) -> bool:
    """Tell whether a verdict of copying stands Fisher's one-sided test at 1 %; any other verdict stands."""
    if row.verdict != "copies":
        return True
    from scipy.stats import fisher_exact

    pairs = (
        (row.fraction_flagged, row.fraction_reference),
        (row.fraction_identical, row.fraction_reference_identical),
    )
    for fake, real in pairs:
        found, innocent = round(fake * row.n_fake), round(real * row.n_reference)
        counts = [[found, row.n_fake - found], [innocent, row.n_reference - innocent]]
        if fisher_exact(counts, alternative="greater").pvalue < _CHANCE:
            return True
    return False


def flagged_shares(audit: MemorizationAudit) -> tuple[float, float]:
    """Return the share of synthetic rows flagged, and what real ones show at the same class proportions."""
    judged = [row for row in audit.classes if row.verdict != "cannot tell"]
    if not judged:
        return float("nan"), float("nan")
    real = np.average([row.fraction_reference for row in judged], weights=[row.n_fake for row in judged])
    return audit.fraction_flagged, float(real)
