"""Make the rows: one JSON line for each set, fold and method, holding the scores of a panel of learners.

``{"key": "yeast4/0/smote/1f2e3d4c", "n": 2292, "t": 0.013, "mb": 1.2, "s": {"lr": [...], "rf": [...], ...}}``

- ``key``: set, fold, method, and a checksum of what else decides the result;
- ``n``: rows that the learners were trained on; ``t``: CPU seconds of `prepare`, shared by the learners;
- ``mb``: by how many MiB the process's resident memory at its peak during `prepare` exceeded that before it;
- ``s``: for each learner the scores of `SCORES`, to four digits, then the CPU seconds of training and predicting;
  a text instead says why the learner failed;
- ``error`` instead of all these: why the set or the method failed.

CPU seconds are the process's, so that a busy machine changes them little; a package's import counts to its first row.
A row is at most 400 bytes, so that all can be committed.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.table_suite.folds import Fold, make_fold
from benchmarks.table_suite.generators import DEEP
from benchmarks.table_suite.learners import PANELS
from benchmarks.table_suite.loaders import Table
from benchmarks.table_suite.methods import Method
from benchmarks.table_suite.methods_ganaug import OURS
from benchmarks.table_suite.peers import CHEAP
from benchmarks.table_suite.scores import score
from benchmarks.table_suite.sets import SETS
from ganaug.benchmark.results import ResultsFile, Row

SUITE = 1
"""Raise when a set, the folds, the preprocessing, a learner or a score changes: every row is then made again."""

METHODS: dict[str, Method] = {method.name: method for method in (*CHEAP, *DEEP, *OURS)}
"""Every method, by name."""

Cell = tuple[str, int, str]


def row_key(cell: Cell, panel: str = "five") -> str:
    """Name a (set, fold, method) by everything that decides its row."""
    name, fold, method = cell
    settings = f"{SUITE} {METHODS[method].settings}" + (f" {panel}" if panel != "five" else "")
    return f"{name}/{fold}/{method}/{hashlib.sha256(settings.encode()).hexdigest()[:8]}"


def run(
    cells: Sequence[Cell],
    path: Path,
    n_workers: int = 1,
    retry_failed: bool = False,
    on_row: Callable[[Row], None] | None = None,
    panel: str = "five",
) -> None:
    """Make every row that `path` lacks, and append each as it is ready.

    Parameters
    ----------
    cells : sequence of (set, fold, method)
    path : Path
        The JSON lines to continue or to begin; a line cut off by an interruption is dropped and made again.
    n_workers : int, default 1
        Processes, each with one thread.
    retry_failed : bool, default False
        Make rows that hold an error again; of two rows with one key the later counts.
    on_row : callable, optional
        Called with each new row.
    panel : key of `PANELS`, default "five"
        The learners. Each panel has a file of its own, since tables are of one panel.
    """
    results = ResultsFile(path)
    finished = {row["key"] for row in results.rows if not (retry_failed and has_failed(row))}
    lacking = [cell for cell in cells if row_key(cell, panel) not in finished]
    for row in _make_rows(lacking, n_workers, panel):
        if row is not None:
            results.append(row)
            if on_row is not None:
                on_row(row)


def has_failed(row: Row) -> bool:
    """Whether the set, the method or any learner failed."""
    return "error" in row or any(isinstance(scores, str) for scores in row["s"].values())


def _make_rows(cells: Sequence[Cell], n_workers: int, panel: str) -> Iterator[Row | None]:
    make = partial(make_row, panel=panel)
    if n_workers == 1:
        yield from map(make, cells)
        return
    with ProcessPoolExecutor(n_workers, mp_context=get_context("spawn"), initializer=prepare_process) as pool:
        for future in as_completed([pool.submit(make, cell) for cell in cells]):
            yield future.result()


def prepare_process() -> None:
    """Keep to one thread, and quiet third parties down; failures are in the rows."""
    import logging
    import warnings

    import torch

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)


@cache
def _load(name: str) -> Table:
    return SETS[name].load()


def make_row(cell: Cell, load: Callable[[str], Table] = _load, panel: str = "five") -> Row | None:
    """Run one cell; None if the method is not meant for the set."""
    name, index, method_name = cell
    method, row = METHODS[method_name], {"key": row_key(cell, panel)}
    begin = time.process_time()
    try:
        fold = make_fold(load(name), name, index)
        if not method.applies_to(fold):
            return None
        peak = PeakMemory()
        begin = time.process_time()
        prepared = method.prepare(fold, list(PANELS[panel]))
    except Exception as error:  # Whatever a third party raises is a result.
        return row | {"t": _seconds(begin), "error": _describe(error)}
    row |= {"n": _n_rows(prepared, fold), "t": _seconds(begin), "mb": peak.increase()}
    return row | {"s": {learner: _evaluate(method, prepared, fold, learner) for learner in PANELS[panel]}}


def _evaluate(method: Method, prepared: Any, fold: Fold, learner: str) -> list[float] | str:
    begin = time.process_time()
    try:
        prediction = method.predict(prepared, fold, learner)
        scores = score(prediction.proba, fold.y_test, prediction.y_ba, prediction.y_f1)
    except Exception as error:  # As above: one learner's failure is not another's.
        return _describe(error)
    return [*(_digits(value) for value in scores), _seconds(begin)]


def _n_rows(prepared: Any, fold: Fold) -> int:
    return len(prepared.y) if hasattr(prepared, "y") else len(fold.y_train)


def _digits(value: float) -> float:
    return round(float(value), 4)


def _seconds(begin: float) -> float:
    return round(time.process_time() - begin, 2)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


class PeakMemory:
    """The rise of the process's peak resident memory from here on; None where Linux's counters are missing."""

    def __init__(self) -> None:
        try:
            Path("/proc/self/clear_refs").write_text("5")  # Sets VmHWM back to the present.
        except OSError:
            self.begin = None
        else:
            self.begin = _status("VmRSS")

    def increase(self) -> float | None:
        """MiB above the beginning, to one digit."""
        return None if self.begin is None else round(max(0, _status("VmHWM") - self.begin) / 1024, 1)


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))
