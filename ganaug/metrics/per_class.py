"""Any metric of real and fake samples, class by class: averages hide what happens to rare classes."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ganaug._features import as_feature_pair, rows_by_class
from ganaug._typing import Label

Value = TypeVar("Value")


def per_class(
    metric: Callable[[Any, Any], Value],
    real: Any,
    y_real: Iterable[Label],
    fake: Any,
    y_fake: Iterable[Label],
) -> dict[Label, Value]:
    """Compute ``metric(real, fake)`` for each class on its own.

    Parameters
    ----------
    metric : callable
        Takes real and fake features; set its options with `functools.partial`.
    real, fake : array-like of shape (N, ...) and (M, ...), any real dtype
    y_real, y_fake : N and M labels, both of the same classes

    Returns
    -------
    dict of label to the metric's value

    Raises
    ------
    ValueError
        If lengths differ, a class is missing on one side, or the metric fails for a class, which is then
        named.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.metrics import precision
    >>> real = np.random.default_rng(0).normal(size=(40, 2))
    >>> per_class(precision, real, ["a", "b"] * 20, real + 0.01, ["a", "b"] * 20)
    {'a': 1.0, 'b': 1.0}
    """
    real, fake = as_feature_pair(real, fake)
    real_rows = rows_by_class("real", len(real), y_real)
    fake_rows = rows_by_class("fake", len(fake), y_fake)
    if real_rows.keys() != fake_rows.keys():
        raise ValueError(
            f"y_real and y_fake must hold the same classes; only real: {_listed(real_rows, fake_rows)}, "
            f"only fake: {_listed(fake_rows, real_rows)}. Draw from every class, or drop the class from both."
        )
    return {label: _of_class(metric, label, real[rows], fake[fake_rows[label]]) for label, rows in real_rows.items()}


def _of_class(metric: Callable[[Any, Any], Value], label: Label, real: Any, fake: Any) -> Value:
    try:
        return metric(real, fake)
    except ValueError as error:
        raise ValueError(f"Class {label!r}: {error}") from error


def _listed(rows: dict, others: dict) -> str:
    return ", ".join(repr(label) for label in rows if label not in others) or "none"
