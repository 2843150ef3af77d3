"""Choose one way to over-sample, or average the classifiers of several, on the development half of the table suite.

What `GANBalancedClassifier` may do with the candidates that it tried on inner folds: keep the classifiers of the one
that can be expected to gain most (`ganaug.dose.choose`), or let all count by their chance of being the best
(`ganaug.dose.average`); of two, three or four candidates. A set's prior is learned on the other sets, from the lines of
``dose_prior.py``. One JSON line for each set and fold in ``benchmarks/results/averaging.jsonl``, which a restart
continues; then a table of what each design gained over nothing with the same ensemble and shift.

    python benchmarks/averaging.py [--folds 0 1 2] [--sets ...]
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # Before anything loads OpenMP.

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.dose_prior import COMMON, INNER, SCORES, learn_prior, measure_all, score_test_part
from benchmarks.dose_prior import RESULTS as PRIOR_LINES
from benchmarks.table_suite.folds import Fold
from benchmarks.table_suite.methods_ganaug import SCORINGS, OnFrames, add_rows, make_pool, make_trials, typed_frame
from benchmarks.table_suite.sets import sets_in
from ganaug.calibration import pool_probabilities
from ganaug.dose import CANDIDATES, Choice, average, choose
from ganaug.dose_prior import Prior
from ganaug.trials import HeldOut

RESULTS = Path(__file__).parent / "results" / "averaging.jsonl"
DESIGNS: dict[str, tuple[Callable, int]] = {
    f"{how.__name__} {n}": (how, n) for how in (choose, average) for n in (2, 3, 4)
}
"""By name, how it is decided and among how many candidates beside none."""


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--sets", nargs="*", default=sets_in("development"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    measure_all("five", options.sets, options.folds, options.out, measure)
    print_table([json.loads(line) for line in options.out.read_text(encoding="utf-8").splitlines()])


def measure(fold: Fold, learners: Mapping[str, Callable[[int, int], Any]]) -> dict[str, Any]:
    """Return the scores of nothing and of each design, with every learner, on one fold."""
    priors = learn_without(fold.name)
    scores = {learner: score(said, priors, fold) for learner, said in predict(fold, priors, learners).items()}
    return {"set": fold.name, "fold": fold.index, "s": scores}


def learn_without(name: str) -> list[Prior]:
    """Return each score's prior, learned on the other sets."""
    rows = [json.loads(line) for line in PRIOR_LINES.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["set"] != name]
    shifted = sorted(INNER, key=lambda scoring: SCORINGS.index(scoring.removeprefix("shifted_")))
    return [learn_prior(rows, COMMON["any"], SCORES.index(scoring)) for scoring in shifted]


def predict(
    fold: Fold, priors: list[Prior], learners: Mapping[str, Callable[[int, int], Any]]
) -> dict[str, tuple[HeldOut, float, Mapping[str, np.ndarray]]]:
    """Return, by learner, what is needed to score any design.

    That is what classifiers say of the inner folds, with what these say of the test rows in place of themselves; rows
    of the rarest class in an inner test part; and what is said of the test rows after training on all rows.
    """
    most = max(n for _, n in DESIGNS.values())
    names = ["none", *dict.fromkeys(name for prior in priors for name in prior.top(most).names)]
    pool, trials = make_pool(typed_frame(fold), fold.y_train, fold.seed), make_trials(fold)
    training_rows = {name: add_rows(pool, fold, CANDIDATES[name]) for name in names}
    said = {}
    for learner, build in learners.items():
        held_out = trials.predict(OnFrames(fold, learner), {name: CANDIDATES[name] for name in names}, keep=True)
        inner = {
            name: [one.fitted.predict_proba(fold.X_test) for one in kept] for name, kept in held_out.classifiers.items()
        }
        final = {
            name: build(len(X), fold.seed).fit(X, y).predict_proba(fold.X_test)
            for name, (X, y) in training_rows.items()
        }
        said[learner] = HeldOut(held_out.y, held_out.counts, held_out.proba, inner), trials.n_rare, final
    return said


def score(
    said: tuple[HeldOut, float, Mapping[str, np.ndarray]], priors: list[Prior], fold: Fold
) -> dict[str, list[float]]:
    """Return the scores of nothing and of each design on the test rows."""
    held_out, n_rare, final = said
    scores: dict[str, list[float]] = {"none": [], **{name: [] for name in DESIGNS}}
    for prior, scoring in zip(priors, SCORINGS, strict=True):
        for name, own in scores.items():
            choice = Choice.none(scoring, {})
            if name != "none":
                decide, n = DESIGNS[name]
                few = prior.top(n)
                tried = HeldOut(held_out.y, held_out.counts, {x: held_out.proba[x] for x in ("none", *few.names)})
                choice = decide(tried.score(scoring)[0], n_rare, few, scoring)
            inner, shares, tau = held_out.average(choice.weights, scoring)
            proba = pool_probabilities([final[choice.name], *inner], np.append(1.0, shares))
            own.append(round(float(score_test_part(proba, fold, tau, scoring)), 4))
    return scores


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print what each design gained over nothing: mean over sets and learners, with its standard error over sets."""
    print(f"{'':12}", *(f"{scoring:>20}" for scoring in (*SCORINGS, "mean of the three")))
    for design in DESIGNS:
        own = []
        for name in sorted({row["set"] for row in rows}):
            scores = [part for row in rows if row["set"] == name for part in row["s"].values()]
            own.append(np.mean([np.subtract(part[design], part["none"]) for part in scores], axis=0))
        gains = np.column_stack([own, np.mean(own, axis=1)])
        errors = gains.std(axis=0, ddof=1) / np.sqrt(len(gains))
        print(f"{design:12}", *(f"{f'{m:+.4f} ± {e:.4f}':>20}" for m, e in zip(gains.mean(0), errors, strict=True)))


if __name__ == "__main__":
    main()
