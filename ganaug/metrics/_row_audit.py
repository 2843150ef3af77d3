"""The nearest-neighbour audit for encoded rows of a table."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ganaug._features import rows_by_class
from ganaug._typing import Label
from ganaug.metrics.memorization import MAX_CHANCE, ClassAudit, MemorizationAudit, audit_memorization, exceeds_chance

_LARGE_EXCESS = 0.1


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
        With "copies" only where Fisher's exact test, too, finds more synthetic than real rows flagged, at 1 %; and
        with "cannot tell" where an excess of more than 10 points would not be told from chance.
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
    """Do not call "copies" what chance alone may do: in few columns real rows are near each other, too."""
    return replace(audit, classes=tuple(map(_judge, audit.classes)), max_chance=MAX_CHANCE)


def _judge(row: ClassAudit) -> ClassAudit:
    """Let a verdict of copying stand where Fisher's one-sided test gives it less than 1 %; any other stands.

    Where the test sees no copying, a large excess is only "ok" if the test would have seen it, were half the rows
    copies. Whether identical rows are nothing special the training rows tell as well.
    """
    if row.verdict != "copies":
        return row
    tests = [(row.fraction_flagged, row.fraction_reference, row.n_reference), _test_identical(row)]
    if any(exceeds_chance(fake, row.n_fake, real, n) for fake, real, n in tests):
        return row
    is_large = any(fake - real > _LARGE_EXCESS for fake, real, _ in tests)
    would_be_seen = all(exceeds_chance((1 + real) / 2, row.n_fake, real, n) for _, real, n in tests)
    return replace(row, verdict="cannot tell" if is_large and not would_be_seen else "ok")


def _test_identical(row: ClassAudit) -> tuple[float, float, int]:
    """Return the identical share of synthetic rows, that of real ones, and how many real ones that speaks of."""
    if row.reference == "leave-one-out":
        return row.fraction_identical, row.fraction_reference_identical, row.n_reference
    n_real = row.n_reference + row.n_train
    repeated = row.fraction_reference_identical * row.n_reference + row.fraction_train_identical * row.n_train
    return row.fraction_identical, repeated / n_real, n_real


def flagged_shares(audit: MemorizationAudit) -> tuple[float, float]:
    """Return the share of synthetic rows flagged, and what real ones show at the same class proportions."""
    judged = [row for row in audit.classes if row.verdict != "cannot tell"]
    if not judged:
        return float("nan"), float("nan")
    real = np.average([row.fraction_reference for row in judged], weights=[row.n_fake for row in judged])
    return audit.fraction_flagged, float(real)
