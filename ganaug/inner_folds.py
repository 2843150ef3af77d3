"""Inner folds: parts of the training data that are held out in turn, to see what suits a classifier."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.parallel import Parallel, delayed

from ganaug._typing import RandomState
from ganaug._validation import is_missing, list_first

Folds = list[tuple[np.ndarray, np.ndarray]]

CV_CONSTRAINT = [Interval(Integral, 2, None, closed="left"), HasMethods(["split", "get_n_splits"]), Iterable]
"""What a parameter `cv` may be."""

N_JOBS_CONSTRAINT = [Interval(Integral, 1, None, closed="left"), Interval(Integral, None, -1, closed="right"), None]
"""What a parameter `n_jobs` may be."""

_N_TRIES = 100


def inner_folds(
    y: np.ndarray,
    cv: int | Iterable | Any = 3,
    groups: Any = None,
    random_state: RandomState = None,
    X: Any = None,
) -> Folds:
    """Split rows into stratified folds, of which each class that can be held out is in every test part.

    The only row of a class cannot be, nor can the rows of a class if they are all of one group: they are in every
    training part, with the rest of their group, so that classifiers know all classes.

    Parameters
    ----------
    y : array of shape (N,)
        Labels.
    cv : int, splitter or iterable of (training rows, test rows), default 3
        Number of folds; fewer if a class that can be held out has fewer rows, or groups. A splitter of scikit-learn's,
        or a list of what it returned, is taken as it is.
    groups : array of shape (N,) or None, default None
        Rows of a group are together in the training part or together in the test part.
    random_state : None, int or RandomState
        Shuffles the rows or groups if `cv` is a number.
    X : rows, optional
        For splitters that look at them.

    Returns
    -------
    list of (training rows, test rows)
        Places, int64, sorted; empty if `cv` is a number and fewer than two classes can be held out.

    Raises
    ------
    TypeError, ValueError
        If groups are not as many as rows, missing somewhere, or leave no such folds; if given splits are not of these
        rows, train on what they test, lack a class in training, or hold out nothing, or fewer than two classes.
    """
    units = np.arange(len(y)) if groups is None else number_groups(groups, len(y))
    if not isinstance(cv, Integral):
        return _read_splits(y, cv, groups, np.zeros(len(y)) if X is None else X)
    if not len(y):
        return []
    classes = np.unique(y, return_inverse=True)[1]
    splittable = np.flatnonzero(_can_be_held_out(classes, units))
    alone = np.setdiff1d(np.arange(len(y)), splittable)
    n_units = [len(np.unique(units[splittable][classes[splittable] == c])) for c in np.unique(classes[splittable])]
    if len(n_units) < 2:
        return []
    n_folds = min(int(cv), *n_units)
    if groups is None:
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
        splits = splitter.split(np.zeros(len(splittable)), classes[splittable])
    else:
        splits = _split_groups(classes[splittable], units[splittable], n_folds, random_state)
    return [(np.sort(np.concatenate([splittable[train], alone])), splittable[test]) for train, test in splits]


def number_groups(groups: Any, n_rows: int) -> np.ndarray:
    """Return a number for each row's group, int64 of shape (n_rows,).

    Raises
    ------
    TypeError, ValueError
        If there is not one group for each row, or a group is missing or cannot be compared.
    """
    if isinstance(groups, (str, bytes, set, dict)) or not hasattr(groups, "__len__"):
        raise TypeError(f"groups is {type(groups).__name__}; expected an array with the group of each row.")
    if getattr(groups, "ndim", 1) > 1:
        if groups.shape[1:] != (1,):
            raise ValueError(f"groups has shape {groups.shape}; expected one group for each row, shape (N,).")
        groups = np.asarray(groups).ravel()
    values = groups.tolist() if hasattr(groups, "tolist") else list(groups)
    if len(values) != n_rows:
        raise ValueError(
            f"groups has {len(values)} entries for {n_rows} rows. Where a step before adds or drops rows, their groups "
            f"are not known here: keep groups from this step, for routed metadata by set_fit_request(groups=False)."
        )
    if any(map(is_missing, values)):
        raise ValueError("groups has missing values; give each row that belongs to no other a group of its own.")
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def map_in_processes(do: Callable, items: Sequence[Any], *args: Any, n_jobs: int | None) -> list[Any]:
    """Return ``do(item, *args)`` for each item, by several processes if there are to be.

    Where joblib would take threads, as inside its own processes, there is one process: GANs in threads do not repeat.
    """
    has_threads = getattr(get_active_backend()[0], "uses_threads", False)
    return Parallel(1 if has_threads else n_jobs)(delayed(do)(item, *args) for item in items)


def _can_be_held_out(classes: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return which rows can be: a class that only one unit has keeps that unit, whose other rows then stay, too."""
    kept = np.ones(len(classes), bool)
    while True:
        pairs = np.unique(np.stack([classes[kept], units[kept]]), axis=1)
        alone = np.isin(classes, np.flatnonzero(np.bincount(pairs[0], minlength=classes.max() + 1) < 2))
        stays = kept & np.isin(units, units[kept & alone])
        if not stays.any():
            return kept
        kept &= ~stays


def _split_groups(
    classes: np.ndarray, units: np.ndarray, n_folds: int, random_state: RandomState
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return as many folds as can be found of which every part has every class."""
    classes, units = (np.unique(codes, return_inverse=True)[1] for codes in (classes, units))
    rng = check_random_state(random_state)
    for n in range(n_folds, 1, -1):
        places = max(_assign(classes, units, n, rng), key=lambda fold: _least_share(classes, fold, n))
        if _least_share(classes, places, n):
            return [(np.flatnonzero(places != fold), np.flatnonzero(places == fold)) for fold in range(n)]
    raise ValueError(
        "No split of the groups was found that has every class in every part: some class has most of its rows in few "
        "groups. Pass cv with the splits that you want."
    )


def _assign(classes: np.ndarray, units: np.ndarray, n_folds: int, rng: np.random.RandomState) -> Iterator[np.ndarray]:
    """Yield each row's fold: as scikit-learn would have it, and only if that lacks a class somewhere at random."""
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=rng.randint(2**31 - 1))
    places = np.empty(len(units), np.int64)
    for fold, (_, test) in enumerate(splitter.split(units, classes, units)):
        places[test] = fold
    yield places
    if not _least_share(classes, places, n_folds):
        for _ in range(_N_TRIES):
            yield (rng.permutation(units.max() + 1) % n_folds)[units]


def _least_share(classes: np.ndarray, folds: np.ndarray, n_folds: int) -> float:
    """Return the smallest share of a class that a fold has."""
    counts = np.bincount(classes * n_folds + folds, minlength=(classes.max() + 1) * n_folds).reshape(-1, n_folds)
    return float((counts / counts.sum(axis=1, keepdims=True)).min())


def _read_splits(y: np.ndarray, cv: Any, groups: Any, X: Any) -> Folds:
    if isinstance(cv, str):  # which has a method of that name, too
        raise TypeError(f"cv must be a number of folds, a splitter of scikit-learn's or a list of splits, got {cv!r}.")
    try:
        splits = list(cv.split(X, y, groups) if hasattr(cv, "split") else cv)
    except ValueError as error:
        if groups is None and "groups" in str(error):
            error.add_note("Pass groups to fit, as cv splits by them.")
        raise
    if not all(isinstance(split, (tuple, list)) and len(split) == 2 for split in splits):
        raise ValueError("cv gives something else than pairs of training rows and test rows.")
    folds = [
        (_read_rows(train, len(y), number), _read_rows(test, len(y), number))
        for number, (train, test) in enumerate(splits)
    ]
    for number, (train, test) in enumerate(folds):
        if not len(test):
            raise ValueError(
                f"cv holds nothing out in split {number}; pass a number of folds, or splits with test rows."
            )
        if len(both := np.intersect1d(train, test)):
            raise ValueError(f"cv trains on {len(both)} of the rows that it tests in split {number}.")
        if lacking := np.setdiff1d(y, y[train]).tolist():
            raise ValueError(
                f"cv leaves no row to train on of {list_first(list(map(repr, lacking)))} in split {number}; every "
                f"training part needs rows of every class. A number of folds sees to that."
            )
    held_out = np.unique(np.concatenate([y[:0], *(y[test] for _, test in folds)]))
    if len(held_out) < min(2, len(np.unique(y))):
        raise ValueError(
            f"cv holds out rows of {len(held_out)} classes; what suits a classifier shows on two or more. Pass a "
            f"number of folds, or splits with other test rows."
        )
    return folds


def _read_rows(rows: Any, n_rows: int, number: int) -> np.ndarray:
    """Return places of rows, sorted, of what may be a mask, as scikit-learn takes it."""
    rows = np.asarray(rows)
    if rows.dtype == bool and len(rows) == n_rows:
        return np.flatnonzero(rows)
    if not len(rows):
        return np.arange(0)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError(f"cv gives {rows.dtype} of shape {rows.shape} in split {number}; expected numbers of rows.")
    if len(beyond := rows[(rows < -n_rows) | (rows >= n_rows)]):
        raise ValueError(
            f"cv names row {beyond[0]} of {n_rows} in split {number}: splits that are listed must be made for the "
            f"rows that fit gets. Inside a search or another cross-validation pass a splitter instead."
        )
    return np.sort(rows % n_rows)
