"""Run task x method x learner x seed; each finished cell is one row."""

import hashlib
from collections.abc import Callable, Sequence
from os import PathLike

import numpy as np

from ganaug.benchmark.learners import Outcome
from ganaug.benchmark.methods import Method
from ganaug.benchmark.results import ResultsFile, Row
from ganaug.benchmark.statistics import best_logit_shift, per_class_recall
from ganaug.benchmark.tasks import Task
from ganaug.calibration import shift_logits

Learner = Callable[[Task, Method, int], Outcome]


def run(
    task: Task,
    methods: Sequence[Method],
    learners: Sequence[Learner],
    seeds: Sequence[int],
    path: str | PathLike | None = None,
    on_row: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Train every learner with every method from every seed, skipping what `path` already holds.

    Parameters
    ----------
    task : Task
    methods, learners, seeds : sequences
        Learners are called as ``learner(task, method, seed)``; their repr is part of the row's key.
    path : path, optional
        The results file (see `ResultsFile`). Rows of other tasks, methods or settings in it are left alone
        and not returned.
    on_row : callable, optional
        Called with each row, found or new, as it is ready.

    Returns
    -------
    list of dict
        One row for each cell: see `make_row`.
    """
    results = ResultsFile(path)
    finished = results.by_key()
    rows = []
    # Seeds outermost: an interrupted run leaves every method with nearly the same seeds.
    for seed in seeds:
        for learner in learners:
            for method in methods:
                row = finished.get(row_key(task, method, learner, seed))
                if row is None:
                    row = make_row(task, method, learner, seed)
                    results.append(row)
                rows.append(row)
                if on_row is not None:
                    on_row(row)
    return rows


def row_key(task: Task, method: Method, learner: Learner, seed: int) -> str:
    """Name a cell by everything that decides its result, so that other settings never pass for these."""
    settings = f"{task.fingerprint} {method.name} {method.fingerprint} {learner!r}"
    return f"{task.name}/{method.name}/{hashlib.sha256(settings.encode()).hexdigest()[:12]}/{seed}"


def make_row(task: Task, method: Method, learner: Learner, seed: int) -> Row:
    """Run one cell.

    Returns
    -------
    dict
        JSON-able. Scores are shares in [0, 1]: ``balanced_accuracy``, ``rare_recall`` and the list ``recall``
        on the test part; the same with ``_shifted`` after the logit shift ``tau``, chosen on the validation
        part; and ``val_balanced_accuracy`` with and without ``_shifted``. ``n_images`` were seen in training;
        ``curve`` holds ``[step, loss, validation score]``.
    """
    outcome = learner(task, method, seed)
    tau = best_logit_shift(outcome.val_logits, task.y_val, task.counts)
    row = {
        "key": row_key(task, method, learner, seed), "task": task.name, "method": method.name,
        "learner": repr(learner), "seed": seed, "n_images": outcome.n_images, "tau": tau,
    }  # fmt: skip
    for suffix, shift in (("", 0.0), ("_shifted", tau)):
        recall = per_class_recall(shift_logits(outcome.test_logits, task.counts, shift), task.y_test)
        val_recall = per_class_recall(shift_logits(outcome.val_logits, task.counts, shift), task.y_val)
        row[f"balanced_accuracy{suffix}"] = float(np.mean(recall))
        row[f"rare_recall{suffix}"] = float(np.mean(recall[list(task.rare_classes)]))
        row[f"recall{suffix}"] = recall.round(6).tolist()
        row[f"val_balanced_accuracy{suffix}"] = float(np.mean(val_recall))
    row["curve"] = [[step, round(loss, 5), round(score, 5)] for step, loss, score in outcome.curve]
    row["seconds"] = round(outcome.seconds, 2)
    return row
