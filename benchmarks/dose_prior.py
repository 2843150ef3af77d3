"""Learn the prior of `ganaug.dose` on the development half of the table suite.

Every candidate is measured on outer folds of every development set, with every learner of the suite: one JSON line for
each set and fold in ``benchmarks/results/dose_candidates.jsonl``, which a restart continues. ``--write`` turns the
lines into ``ganaug/dose_prior.json``; ``--check`` prints what the choice would have gained on each set with a prior
that was learned without it.

    python benchmarks/dose_prior.py [--folds 0 1 2] [--write] [--check]
"""

import argparse
import json
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.table_suite.folds import Fold, make_fold
from benchmarks.table_suite.generators import as_frame
from benchmarks.table_suite.learners import LEARNERS
from benchmarks.table_suite.scores import score
from benchmarks.table_suite.sets import SETS, sets_in
from ganaug import TableGAN
from ganaug.dose import CANDIDATES, N_TRIED, Prior, choose
from ganaug.pool import Pool

RESULTS = Path(__file__).parent / "results" / "dose_candidates.jsonl"
PRIOR = Path(__file__).parents[1] / "ganaug" / "dose_prior.json"
FAMILIES = {"lr": "linear", "rf": "forest", "hgb": "boosting", "mlp": "network", "knn": "neighbors"}
SCORES = {"balanced_accuracy": 0, "f1_macro": 2, "average_precision": 3}
NAMES = [name for name in CANDIDATES if name != "none"]


def main() -> None:
    """Measure what is missing, then write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--write", action="store_true", help="write ganaug/dose_prior.json from the lines")
    parser.add_argument("--check", action="store_true", help="leave-one-set-out gains of the choice")
    options = parser.parse_args()
    measure_all(options.folds, options.out)
    rows = [json.loads(line) for line in options.out.read_text(encoding="utf-8").splitlines()]
    if options.check:
        check(rows)
    if options.write:
        PRIOR.write_text(json.dumps(learn_priors(rows), indent=1) + "\n", encoding="utf-8")


def measure_all(folds: list[int], out: Path) -> None:
    """Append a line for each set and fold that has none."""
    import torch

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    finished = {(row["set"], row["fold"]) for row in map(json.loads, lines)}
    for index in folds:
        for name in sets_in("development"):
            if (name, index) not in finished:
                row = measure(make_fold(SETS[name].load(), name, index))
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                print(name, index, flush=True)


def measure(fold: Fold) -> dict[str, Any]:
    """Return every candidate's scores with every learner on one fold."""
    frame, y = as_frame(fold), fold.y_train
    for index in fold.encoder.categorical_indices:
        frame[f"x{index}"] = frame[f"x{index}"].astype("category")
    counts = np.bincount(y)
    n_new = {c: int(counts.max() - n) for c, n in enumerate(counts) if n < counts.max()}
    pool = Pool(frame, y, TableGAN(), k_neighbors=5, min_class_size=5, seed=fold.seed)
    scores: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for name, candidate in CANDIDATES.items():
        X_train, y_train = fold.X_train, y
        if candidate.dose:
            drawn = candidate.draw(pool, n_new)
            numbers = pd.DataFrame({column: drawn.X[column].astype(float) for column in drawn.X}).to_numpy()
            X_train = np.concatenate([X_train, fold.encoder.to_dense(numbers)])
            y_train = np.concatenate([y, drawn.y])
        for learner, build in LEARNERS.items():
            proba = build(len(X_train), fold.seed).fit(X_train, y_train).predict_proba(fold.X_test)
            values = score(proba, fold.y_test, proba.argmax(1), proba.argmax(1))
            scores[learner][name] = [round(values[place], 4) for place in SCORES.values()]
    return {"set": fold.name, "fold": fold.index, "n_rare": int(np.bincount(fold.y_test).min()), "s": scores}


def learn_priors(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON-able priors of each score and family; 'any' is of all learners together."""
    priors: dict[str, dict[str, Any]] = {}
    for place, scoring in enumerate(SCORES):
        priors[scoring] = {
            family: _to_json(learn_prior(rows, [learner], place)) for learner, family in FAMILIES.items()
        }
        priors[scoring]["any"] = _to_json(learn_prior(rows, list(FAMILIES), place))
    return {"candidates": NAMES, "priors": priors}


def learn_prior(rows: list[dict[str, Any]], learners: list[str], place: int) -> Prior:
    """Estimate mean and covariances of the gains by moments.

    The covariance between tables is that of their means less what the noise of the folds explains, without negative
    eigenvalues. Each learner's gains on a table count as one draw.
    """
    gains, rare = defaultdict(list), defaultdict(list)
    for row in rows:
        for learner in learners:
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
    """Print mean gains over none by score and learner: of candidates, the default, the choice, the best in hindsight.

    A set's prior is learned on the other sets. The choice sees one fold less than there are, and is scored on that one.
    """
    for place, scoring in enumerate(SCORES):
        print(scoring, " ".join(f"{name:>12}" for name in [*NAMES, "default", "auto", "oracle"]))
        for learner in FAMILIES:
            lines = []
            for name in sorted({row["set"] for row in rows}):
                own = [row for row in rows if row["set"] == name]
                prior = learn_prior([row for row in rows if row["set"] != name], [learner], place)
                lines += [_held_out(own, index, learner, place, prior) for index in range(len(own))]
            print(f"{learner:>17}", " ".join(f"{value:12.4f}" for value in np.mean(lines, axis=0)))


def _held_out(own: list[dict[str, Any]], index: int, learner: str, place: int, prior: Prior) -> list[float]:
    table = np.array([[row["s"][learner][name][place] for name in ["none", *NAMES]] for row in own])
    inner = np.delete(table, index, axis=0)
    gains = dict(zip(["none", *NAMES], table[index] - table[index, 0], strict=True))
    few = prior.top(N_TRIED)
    tried = inner[:, [0, *(1 + NAMES.index(name) for name in few.names)]]
    auto = choose(tried, own[index]["n_rare"], few, "").name if len(inner) else "none"
    return [*(gains[name] for name in NAMES), gains[prior.best], gains[auto], max(gains.values())]


if __name__ == "__main__":
    main()
