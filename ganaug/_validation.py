"""Checks shared by every public entry point; each message says given, expected, and what to do."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Integral, Number, Real
from typing import Any

import numpy as np


def list_first(names: Sequence[str], n: int = 20) -> str:
    """Return the first n names, and how many more there are."""
    return ", ".join(names[:n]) + (f" and {len(names) - n} more" if len(names) > n else "")


def suggest(given: object, choices: Iterable[object]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest of `choices`, or an empty string."""
    names = {str(choice): choice for choice in choices}
    nearest = difflib.get_close_matches(str(given), names, n=1)
    return f" Did you mean {names[nearest[0]]!r}?" if nearest else ""


def check_choice(parameter: str, given: object, choices: Mapping[str, Any], members: Sequence[str] = ()) -> Any:
    """Resolve a short name to the recipe it stands for; pass any other object through.

    Parameters
    ----------
    parameter : str
        Name of the parameter, for messages.
    given : str or object
    choices : mapping of str to recipe
        None may be given itself if it is among the recipes.
    members : sequence of str
        Methods and attributes that an object must have.

    Raises
    ------
    ValueError
        If `given` is a string that `choices` does not hold; the message names the nearest choice.
    TypeError
        If `given` is an object without `members`, or a class instead of an object.
    """
    names = ", ".join(repr(name) for name in choices)
    if isinstance(given, str):
        if given in choices:
            return choices[given]
        raise ValueError(
            f"Unknown {parameter} {given!r}; choose from {names}, or pass an object.{suggest(given, choices)}"
        )
    if given is None and None in choices.values():
        return None
    if members and isinstance(given, type):
        raise TypeError(f"{parameter} is the class {given.__name__}; pass an object of it: {given.__name__}().")
    missing = [name for name in members if not hasattr(given, name)]
    if missing:
        raise TypeError(
            f"{parameter} must be one of {names}, or an object with {', '.join(members)}; got {given!r} of type "
            f"{type(given).__name__}, which lacks {', '.join(missing)}."
        )
    return given


def check_number(
    parameter: str,
    given: object,
    *,
    minimum: float = -np.inf,
    maximum: float = np.inf,
    integer: bool = False,
    optional: bool = False,
) -> None:
    """Raise a `TypeError` or `ValueError` unless `given` is a number in ``[minimum, maximum]``."""
    if optional and given is None:
        return
    kind = Integral if integer else Real
    wanted = "an integer" if integer else "a number"
    if isinstance(given, (bool, np.bool_)) or not isinstance(given, kind):
        raise TypeError(
            f"{parameter} must be {wanted}{' or None' if optional else ''}, got {given!r} "
            f"of type {type(given).__name__}."
        )
    if not minimum <= given <= maximum:  # type: ignore[operator]
        limits = f"from {minimum} up" if maximum == np.inf else f"from {minimum} to {maximum}"
        raise ValueError(f"{parameter} must be {wanted} {limits}, got {given!r}.")


def check_pair(parameter: str, given: object, *, minimum: float, maximum: float) -> None:
    """Raise a `TypeError` or `ValueError` unless `given` is two numbers in ``[minimum, maximum]``."""
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise TypeError(f"{parameter} must be a pair of numbers, got {given!r}.")
    for number in given:
        check_number(parameter, number, minimum=minimum, maximum=maximum)


def check_row_counts(strategy: Any, y: np.ndarray) -> None:
    """Raise an error if a sampling strategy that is no word or ratio does not give a number of rows to add by label.

    Raises
    ------
    TypeError
        If it is no mapping to whole numbers.
    ValueError
        If a class has more rows than that.
    """
    if isinstance(strategy, (str, Real)):
        return
    name, given = ("sampling_strategy(y)", strategy(y)) if callable(strategy) else ("sampling_strategy", strategy)
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{name} must be a dict of label to number of rows, got {given!r} of type {type(given).__name__}."
        )
    counts = Counter(y.tolist())
    for label, n in given.items():
        check_number(f"{name}[{label!r}]", n, integer=True)
        if n < counts[label]:
            raise ValueError(
                f"sampling_strategy asks for {n} rows of {label!r}, which has {counts[label]} already; rows are only "
                f"added: ask for as many or more, or leave that class out."
            )


def check_same_length(X: Any, y: Any) -> None:
    """Raise a `ValueError` unless `X` and `y` hold equally many samples."""
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} samples and y has {len(y)} labels; pass exactly one label for each sample.")


def check_y_given(estimator: Any, y: Any) -> None:
    """Raise a `ValueError`, in scikit-learn's words, if there is no target."""
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None.")


def is_missing(value: Any) -> bool:
    """Tell whether a Python value is None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, _NOT_EQUAL_IF_MISSING) and bool(value != value)


_NOT_EQUAL_IF_MISSING = (float, np.floating, np.datetime64, np.timedelta64, Decimal)


def refuse_infinity(X: Any) -> None:
    """Raise a `ValueError` that says where, if an array or a sparse matrix holds infinity."""
    pairs = X.tocoo() if hasattr(X, "tocoo") else None
    values = X if pairs is None else pairs.data
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f" or not np.isinf(values).any():
        return
    first = np.argwhere(np.isinf(values))[0]
    row, *column = first if pairs is None else (pairs.row[first[0]], pairs.col[first[0]])
    shown = f"row {row + 1}" + (f", column {column[0] + 1}" if len(column) == 1 else "")
    raise ValueError(
        f"X holds infinity (inf), first in {shown}, counted from 1; values must be finite: replace them by the largest "
        f"finite value, or leave such rows out."
    )


def check_labels(y: Any, remedy: str = "give each row a label, or leave it out") -> None:
    """Raise a `ValueError` unless scikit-learn reads a target's labels as what they are.

    Where one is missing, it fails to tell their kind; and it makes nullable integers beyond 2**53 equal to others.
    """
    dtype = getattr(y, "dtype", None)
    if isinstance(getattr(dtype, "kind", None), str) and dtype.kind in "iu" and not isinstance(dtype, np.dtype):
        large = [label for label in y.dropna().tolist() if abs(label) > 2**53]
        if large:
            raise ValueError(
                f"y holds {large[0]}, and scikit-learn reads integers of dtype {dtype} as floats, which tell not "
                f"all apart beyond 2**53; pass y.astype('{str(dtype).lower().partition('[')[0]}')."
            )
    labels = y if isinstance(y, (list, tuple)) else np.asarray(y) if hasattr(y, "__array__") else ()
    if isinstance(labels, np.ndarray):
        labels = labels.ravel()
        is_float = labels.dtype.kind == "f"
        labels = labels.tolist() if labels.dtype.kind == "O" or (is_float and np.isnan(labels).any()) else ()
    for row, label in enumerate(labels):
        if is_missing(label):
            raise ValueError(f"The label of row {row + 1} of y, counted from 1, is missing ({label!r}); {remedy}.")


def check_classes(y: Any) -> None:
    """Raise a `ValueError` unless a target is of classes: in scikit-learn's words, but for dates and other objects."""
    from sklearn.utils.multiclass import check_classification_targets

    try:
        check_classification_targets(y)
    except (TypeError, ValueError):
        labels = np.asarray(y, dtype=object)
        first = {isinstance(label, str): label for label in reversed(labels.ravel())}
        if len(first) == 2:
            raise ValueError(
                f"Unknown label type: y mixes texts such as {first[True]!r} with {first[False]!r} of type "
                f"{type(first[False]).__name__}; name all classes by texts: [str(label) for label in y]."
            ) from None
        if labels.ndim != 1 or not len(labels):
            raise
        if getattr(getattr(y, "dtype", None), "kind", "") == "O" and all(isinstance(own, Number) for own in labels):
            raise ValueError(
                f"Unknown label type: y is of dtype object and holds numbers such as {labels[0]!r}; pass "
                f"y.astype(int), or other labels with y.astype(str)."
            ) from None
        if isinstance(labels[0], (str, bytes, Number)):
            raise
        raise ValueError(
            f"Unknown label type: y holds objects such as {labels[0]!r} of type {type(labels[0]).__name__}; name "
            f"classes by texts or numbers, for example with [str(label) for label in y]."
        ) from None


def seeded_clone(estimator: Any, seed: int) -> Any:
    """Clone an estimator, and seed what it or its parts leave to chance."""
    from sklearn.base import clone  # brings pandas along, which is slow

    cloned = clone(estimator)
    left_open = {
        name: seed % 2**32  # scikit-learn takes no larger one
        for name, value in cloned.get_params().items()
        if value is None and (name == "random_state" or name.endswith("__random_state"))
    }
    return cloned.set_params(**left_open) if left_open else cloned


def as_seed(random_state: object) -> int:
    """Turn None, an int, or a numpy random generator into one seed of at most 63 bits.

    None draws a fresh seed from the operating system, so two calls differ; it has 32 bits, as scikit-learn takes them.
    """
    check_random_state(random_state)
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63 - 1))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)


def check_random_state(random_state: object) -> None:
    """Raise a `TypeError` or `ValueError` unless `as_seed` takes this, without drawing from it."""
    if random_state is None or isinstance(random_state, (np.random.Generator, np.random.RandomState)):
        return
    if not isinstance(random_state, Integral) or isinstance(random_state, bool):
        raise TypeError(
            f"random_state must be None, an int, a numpy Generator or a RandomState, "
            f"got {random_state!r} of type {type(random_state).__name__}."
        )
    if not 0 <= random_state < 2**63:
        raise ValueError(f"random_state must be from 0 to 2**63 - 1, got {random_state}.")
