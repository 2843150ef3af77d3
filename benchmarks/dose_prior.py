"""Learn the prior of `ganaug.dose` on the development half of the table suite.

Every candidate is measured on outer folds of every development set, with every learner of a panel of the suite: one
JSON line for each panel, set and fold in ``benchmarks/results/dose_candidates.jsonl``, which a restart continues.
``--write`` turns the lines into ``ganaug/dose_prior.json``; ``--check`` prints what the choice would have gained on
each set with a prior that was learned without it, ``--curve`` with priors of fewer sets.

    python benchmarks/dose_prior.py [--panels five vote] [--folds 0 1 2] [--sets ...] [--write] [--check] [--curve]
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # Before anything loads OpenMP.

import argparse
import json
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.table_suite.folds import Fold, make_fold
from benchmarks.table_suite.learners import PANELS
from benchmarks.table_suite.methods_ganaug import (
    OnFrames,
    add_rows,
    make_pool,
    make_trials,
    typed_frame,
)
from benchmarks.table_suite.sets import SETS, sets_in
from ganaug.calibration import SHIFT_SCORES, shift_logits, to_logits
from ganaug.dose import CANDIDATES, N_TRIED, choose
from ganaug.dose_prior import Prior
from ganaug.trials import average_precision

RESULTS = Path(__file__).parent / "results" / "dose_candidates.jsonl"
PRIOR = Path(__file__).parents[1] / "ganaug" / "dose_prior.json"
FAMILIES = {"lr": "linear", "rf": "forest", "hgb": "boosting", "mlp": "network", "knn": "neighbors", "vote": "vote"}
COMMON = {"any": list(PANELS["five"]), "vote": list(PANELS["vote"])}
"""Learners that have one prior in common where decisions are shifted, by its name; see `find_shifted_prior`."""

SCORES = ("balanced_accuracy", "f1_macro", "average_precision", "shifted_balanced_accuracy", "shifted_f1_macro")
INNER = {"shifted_balanced_accuracy": 5, "shifted_f1_macro": 6, "average_precision": 7}
"""Where a candidate's numbers have its score on inner folds."""
NAMES = [name for name in CANDIDATES if name != "none"]


def main() -> None:
    """Measure what is missing, then write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", nargs="*", choices=PANELS, default=list(PANELS))
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--sets", nargs="*", default=sets_in("development"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--write", action="store_true", help="write ganaug/dose_prior.json from the lines")
    parser.add_argument("--check", action="store_true", help="leave-one-set-out gains of the choice")
    parser.add_argument("--curve", action="store_true", help="those gains with priors of fewer sets")
    options = parser.parse_args()
    for panel in options.panels:
        measure_all(panel, options.sets, options.folds, options.out, measure)
    rows = [json.loads(line) for line in options.out.read_text(encoding="utf-8").splitlines()]
    if options.check:
        check(rows)
    if options.curve:
        print_curve(rows)
    if options.write:
        text = json.dumps(learn_priors(rows), indent=1)
        one_line_each = re.sub(r"\[[^][]*\]", lambda found: " ".join(found[0].split()), text)
        PRIOR.write_text(one_line_each + "\n", encoding="utf-8")


def measure_all(panel: str, sets: list[str], folds: list[int], out: Path, measure: Callable) -> None:
    """Append ``measure(fold, learners)`` for each of the panel's sets and folds that has no line."""
    import torch

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    learners = PANELS[panel]
    finished = {(row["set"], row["fold"]) for row in map(json.loads, lines) if row["s"].keys() == learners.keys()}
    for index in folds:
        for name in sets:
            if (name, index) not in finished:
                row = measure(make_fold(SETS[name].load(), name, index), learners)
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                print(panel, name, index, flush=True)


def measure(fold: Fold, learners: Mapping[str, Callable[[int, int], Any]]) -> dict[str, Any]:
    """Return every candidate's scores with every learner on one fold.

    For each candidate the `SCORES` on the test part, decisions of the shifted ones moved as inner folds say; then the
    scores on the inner folds themselves, see `INNER`.
    """
    pool, trials = make_pool(typed_frame(fold), fold.y_train, fold.seed), make_trials(fold)
    training_rows = {name: add_rows(pool, fold, candidate) for name, candidate in CANDIDATES.items()}
    scores: dict[str, dict[str, list[float]]] = {}
    for learner, build in learners.items():
        held_out = trials.predict(OnFrames(fold, learner), CANDIDATES)
        inner = {scoring: held_out.score(scoring) for scoring in (*SHIFT_SCORES, "average_precision")}
        scores[learner] = {}
        for place, (name, (X, y)) in enumerate(training_rows.items()):
            proba = build(len(X), fold.seed).fit(X, y).predict_proba(fold.X_test)
            taus = [inner[scoring][1][name] for scoring in SHIFT_SCORES]
            values = [score_test_part(proba, fold, 0.0, scoring) for scoring in (*SHIFT_SCORES, "average_precision")]
            values += [
                score_test_part(proba, fold, tau, scoring) for tau, scoring in zip(taus, SHIFT_SCORES, strict=True)
            ]
            values += [own[:, place].mean() for own, _ in inner.values()]
            scores[learner][name] = [round(float(value), 4) for value in values]
    n_rare = int(np.bincount(fold.y_test).min())
    return {"set": fold.name, "fold": fold.index, "n_rare": n_rare, "n_inner": trials.n_rare, "s": scores}


def score_test_part(proba: np.ndarray, fold: Fold, tau: float, scoring: str) -> float:
    """Return the score of what is said of a fold's test part, with decisions moved by `tau`."""
    if scoring == "average_precision":
        return average_precision(proba, fold.y_test)
    predicted = shift_logits(to_logits(proba), np.bincount(fold.y_train), tau).argmax(axis=1)
    return SHIFT_SCORES[scoring](fold.y_test, predicted)


def learn_priors(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON-able priors of each score and family, and of the learners that have one in common."""
    priors: dict[str, dict[str, Any]] = {}
    choosing = {family: _to_floor(_mean_gains(rows, group)) for family, group in COMMON.items()}
    for place, scoring in enumerate(SCORES):
        own = {} if scoring.startswith("shifted") else {family: [learner] for learner, family in FAMILIES.items()}
        priors[scoring] = {
            family: _to_json(learn_prior(rows, group, place)) for family, group in (COMMON | own).items()
        }
        for family in COMMON if scoring in INNER else ():
            priors[scoring][family]["choosing"] = choosing[family]
    return {"candidates": NAMES, "priors": priors}


def _mean_gains(rows: list[dict[str, Any]], learners: list[str]) -> np.ndarray:
    """Return what choosing gains over none on each set, in the mean of the scores: one score's is mostly noise."""
    own = [row for row in rows if learners[0] in row["s"]]
    names = sorted({row["set"] for row in own})
    return np.array([_gain(own, name, names, len(names), learners) for name in names])


def _standard_error(gains: np.ndarray) -> float:
    return float(gains.std(ddof=1) / np.sqrt(len(gains)))


def _to_floor(gains: np.ndarray) -> float:
    """Return the mean less one standard error (Breiman et al., Classification and Regression Trees, 1984, 3.4.3)."""
    return round(float(gains.mean()) - _standard_error(gains), 4)


def learn_prior(rows: list[dict[str, Any]], learners: list[str], place: int) -> Prior:
    """Estimate mean and covariances of the gains by moments.

    The covariance between tables is that of their means less what the noise of the folds explains, without negative
    eigenvalues. Each learner's gains on a table count as one draw.
    """
    gains, rare = defaultdict(list), defaultdict(list)
    for row in rows:
        for learner in [known for known in learners if known in row["s"]]:
            values = row["s"][learner]
            gains[row["set"], learner].append([values[name][place] - values["none"][place] for name in NAMES])
            rare[row["set"], learner].append(row["n_rare"])
    means = np.array([np.mean(part, axis=0) for part in gains.values()])
    within, degrees = np.zeros((len(NAMES), len(NAMES))), 0
    for key, part in gains.items():
        centred = np.array(part) - np.mean(part, axis=0)
        within += np.mean(rare[key]) * centred.T @ centred
        degrees += len(part) - 1
    within = _shrink(within / max(degrees, 1))
    noise = within * np.mean([1 / (np.mean(rare[key]) * len(part)) for key, part in gains.items()])
    between = np.cov(means.T) - noise
    values, vectors = np.linalg.eigh((between + between.T) / 2)
    return Prior(NAMES, means.mean(0), _shrink((vectors * np.maximum(values, 1e-6)) @ vectors.T), within)


def _shrink(covariance: np.ndarray, share: float = 0.1) -> np.ndarray:
    """Pull a covariance of few observations toward its diagonal."""
    return (1 - share) * covariance + share * np.diag(np.diag(covariance))


def _to_json(prior: Prior) -> dict[str, Any]:
    parts = {name: getattr(prior, name) for name in ("mean", "between", "within")}
    return {name: np.round(part, 7).tolist() for name, part in parts.items()}


def check(rows: list[dict[str, Any]]) -> None:
    """Print mean scores by score and learner: of each candidate, the default, the choice, the best in hindsight.

    A set's prior is learned on the other sets; that of the scores that `GANBalancedClassifier` knows, on all learners
    that have it in common. For those scores a line gives the choice's gain over none, on average and on the worst set;
    the last lines give its mean over the scores: nothing is tried unless that exceeds its standard error over the sets.
    """
    for scoring in SCORES:
        print(scoring, " ".join(f"{name:>12.12}" for name in ["none", *NAMES, "default", "auto", "oracle"]))
        for group, learners in COMMON.items():
            for learner in learners:
                lines = _left_out(rows, learner, scoring, learners if scoring in INNER else [learner])
                means = np.mean([values for _, values in lines], axis=0)
                print(f"{learner:>17}", " ".join(f"{value:12.4f}" for value in means))
            if scoring in INNER:
                gains = _gains(rows, learners, scoring)
                worst = min(gains, key=gains.get)
                mean = np.mean(list(gains.values()))
                print(f"auto over none, {group}: {mean:+.4f}, on {worst} {gains[worst]:+.4f}")
    for group, learners in COMMON.items():
        mean = _mean_gains(rows, learners)
        error = _standard_error(mean)
        print(f"auto over none, {group}, in the mean of the scores: {mean.mean():+.4f}, standard error {error:.4f}")


def print_curve(rows: list[dict[str, Any]], n_draws: int = 10) -> None:
    """Print what the choice gains over none in the mean of the scores, with priors of so many other sets.

    Mean over the sets and over random draws of the others, and its standard error over the sets.
    """
    rng = np.random.default_rng(0)
    for group, learners in COMMON.items():
        own = [row for row in rows if learners[0] in row["s"]]
        names = sorted({row["set"] for row in own})
        for n in [n for n in (3, 7, 14, 28) if n < len(names)]:
            draws = [[_gain(own, name, rng.permutation(names), n, learners) for _ in range(n_draws)] for name in names]
            gains = np.mean(draws, axis=1)
            print(f"{group}, priors of {n} sets: {gains.mean():+.4f}, standard error {_standard_error(gains):.4f}")


def _gain(rows: list[dict[str, Any]], name: str, others: Iterable[str], n: int, learners: list[str]) -> float:
    """Return what the choice gains on a set, in the mean of the scores, with a prior of the first n others."""
    few = [other for other in others if other != name][:n]
    known, own = [row for row in rows if row["set"] in few], [row for row in rows if row["set"] == name]
    gains = []
    for scoring in INNER:
        prior = learn_prior(known, learners, SCORES.index(scoring))
        scores = [_held_out(row, learner, scoring, prior) for row in own for learner in learners]
        gains += [chosen - none for none, *_, chosen, _ in scores]
    return float(np.mean(gains))


def _gains(rows: list[dict[str, Any]], learners: list[str], scoring: str) -> dict[str, float]:
    """Return what the choice gains over none on each set, with a prior that the learners have in common."""
    gains = defaultdict(list)
    for learner in learners:
        for name, (none, *_, chosen, _) in _left_out(rows, learner, scoring, learners):
            gains[name].append(chosen - none)
    return {name: float(np.mean(part)) for name, part in gains.items()}


def _left_out(
    rows: list[dict[str, Any]], learner: str, scoring: str, learners: list[str]
) -> list[tuple[str, list[float]]]:
    """Return set and scores of each of the learner's rows, with a prior that `learners` gave on the other sets."""
    place, own = SCORES.index(scoring), [row for row in rows if learner in row["s"]]
    priors = {
        name: learn_prior([row for row in rows if row["set"] != name], learners, place)
        for name in sorted({row["set"] for row in own})
    }
    return [(row["set"], _held_out(row, learner, scoring, priors[row["set"]])) for row in own]


def _held_out(row: dict[str, Any], learner: str, scoring: str, prior: Prior) -> list[float]:
    place, values = SCORES.index(scoring), row["s"][learner]
    scores = {name: values[name][place] for name in ["none", *NAMES]}
    chosen = prior.best
    if scoring in INNER:
        few = prior.top(N_TRIED)
        tried = np.array([[values[name][INNER[scoring]] for name in ("none", *few.names)]])
        chosen = choose(tried, 3 * row["n_inner"], few, "").name
    return [*scores.values(), scores[prior.best], scores[chosen], max(scores.values())]


if __name__ == "__main__":
    main()
