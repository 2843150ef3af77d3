"""Inner folds: parts of the training data that are held out in turn, to see what suits a classifier."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils._param_validation import HasMethods, Interval

from ganaug._typing import RandomState
from ganaug._validation import list_first

Folds = list[tuple[np.ndarray, np.ndarray]]

CV_CONSTRAINT = [Interval(Integral, 2, None, closed="left"), HasMethods(["split", "get_n_splits"]), Iterable]
"""What a parameter `cv` may be."""


def inner_folds(
    y: np.ndarray, cv: int | Iterable | Any = 3, groups: Any = None, random_state: RandomState = None
) -> Folds:
    """Split rows into stratified folds, of which each class that can be held out is in every test part.

    The only row of a class cannot be, nor can the rows of a class if they are all of one group: they are in every
    training part, so that classifiers know all classes.

    Parameters
    ----------
    y : array of shape (N,)
        Labels.
    cv : int, splitter or iterable of (training rows, test rows), default 3
        Number of folds; fewer if a class that can be held out has fewer rows, or groups. A splitter of scikit-learn's,
        or what it returned, is taken as it is.
    groups : array of shape (N,) or None, default None
        Rows of a group are together in the training part or together in the test part.
    random_state : None, int or RandomState
        Shuffles the rows or groups if `cv` is a number.

    Returns
    -------
    list of (training rows, test rows)
        Places, int64, sorted; empty if fewer than two classes can be held out.

    Raises
    ------
    ValueError
        If groups are not as many as rows, or leave no such folds; if a splitter's training part lacks a class, or a
        test part one that another test part has.
    """
    classes = np.unique(y, return_inverse=True)[1]
    units = np.arange(len(y)) if groups is None else _number_groups(groups, y)
    if not isinstance(cv, Integral):
        splits = check_cv(cv, y, classifier=True).split(np.zeros(len(y)), y, None if groups is None else units)
        return _check_given(y, [(np.sort(train), np.sort(test)) for train, test in splits])
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


def _number_groups(groups: Any, y: np.ndarray) -> np.ndarray:
    groups = column_or_1d(groups, warn=True)
    check_consistent_length(groups, y)
    if any(group is None or group != group for group in groups.tolist()):
        raise ValueError("groups has missing values; give each row that belongs to no other a group of its own.")
    return np.unique(groups, return_inverse=True)[1]


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
    """Return as many folds as possible of which every part has every class."""
    n_classes = len(np.unique(classes))
    for n in range(n_folds, 1, -1):
        splitter = StratifiedGroupKFold(n, shuffle=True, random_state=random_state)
        splits = list(splitter.split(np.zeros(len(classes)), classes, units))
        if all(len(np.unique(classes[part])) == n_classes for split in splits for part in split):
            return splits
    raise ValueError(
        "The groups cannot be split so that every class is in every part: some class has most of its rows in few "
        "groups. Pass cv with the splits that you want, or set the dose."
    )


def _check_given(y: np.ndarray, folds: Folds) -> Folds:
    held_out = np.unique(np.concatenate([y[:0], *(y[test] for _, test in folds)]))
    if not len(held_out):
        raise ValueError("cv holds out no rows at all; pass a number of folds, or splits with test rows.")
    for number, (train, test) in enumerate(folds):
        if lacking := np.setdiff1d(y, y[train]).tolist():
            raise ValueError(
                f"cv leaves no row to train on of {list_first(list(map(repr, lacking)))} in split {number}; every "
                f"training part needs rows of every class. A number of folds sees to that."
            )
        if lacking := np.setdiff1d(held_out, y[test]).tolist():
            raise ValueError(
                f"cv holds out no row of {list_first(list(map(repr, lacking)))} in split {number}, but elsewhere it "
                f"does; scores of test parts with other classes do not compare. A number of folds sees to that, with "
                f"groups, too."
            )
    return folds
