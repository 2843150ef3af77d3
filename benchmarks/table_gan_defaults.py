"""What `TableGAN`'s defaults rest on: its settings compared in what classifiers learn from the rows.

They learn from synthetic rows alone, and from real rows to which synthetic ones were added until the classes are
balanced. ``matching``: the columns of every class matched to the training data, or of none; on Adult, whose rare class
is thinned to as many rows as stated, and on the table suite's development half. ``steps``: budgets and final learning
rates, on the development half. ``columns``: budgets and latent dimensions for wide tables, on made ones of as many
columns as stated, and on KEEL's movement_libras, which the suite does not use. Adult's scored rows are training rows
of `tablegan_vs_ctgan.py`, whose test rows are left alone.

    python benchmarks/table_gan_defaults.py adult.parquet [--questions matching steps columns] [--seeds 0 1 2]

Rows go to ``benchmarks/results/table_gan_defaults.jsonl``, which a restart continues; means of differences from the
first setting are printed.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # Before anything loads OpenMP.

import argparse
import itertools
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

from benchmarks.table_suite.folds import make_fold
from benchmarks.table_suite.learners import LEARNERS
from benchmarks.table_suite.loaders import read_keel
from benchmarks.table_suite.methods_ganaug import count_new, to_dense, typed_frame
from benchmarks.table_suite.sets import SETS, sets_in
from ganaug import TableGAN
from ganaug.architectures import MLP
from ganaug.benchmark.results import ResultsFile, Row
from ganaug.benchmark.statistics import paired_difference
from ganaug.calibration import SHIFT_SCORES
from ganaug.table_data import TableCodec
from ganaug.trials import average_precision

RESULTS = Path(__file__).parent / "results" / "table_gan_defaults.jsonl"
SIZES = (60, 125, 250, 500, 1000, 2000)
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "matching": {"no class": {"min_match_size": None}, "every class": {"min_match_size": 2}},
    "steps": {
        f"{n_steps} to {rate:g}": {"max_steps": n_steps, "final_learning_rate": rate}
        for n_steps, rate in ((600, 5e-4), (600, 1e-4), (1200, 5e-4), (1200, 1e-4))
    },
    "columns": {
        f"{n_steps} steps, latent {latent_dim}": {
            "max_steps": n_steps,
            "architecture": MLP(latent_dim=latent_dim),
        }
        for n_steps, latent_dim in ((600, 16), (1200, 16), (1200, 64))
    },
}
"""What each question compares, by name."""

SCORES = (*SHIFT_SCORES, "average_precision")
Score = Callable[[np.ndarray, np.ndarray], dict[str, list[float]]]
Settings = dict[str, dict[str, Any]]
Cell = tuple[str, int, Callable[[Settings], Row]]


def main() -> None:
    """Add the rows that are missing, and print what all of them say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("adult", type=Path, help="Adult as a Parquet file with the column 'income'")
    parser.add_argument("--questions", nargs="*", choices=QUESTIONS, default=list(QUESTIONS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="of the suite: folds")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    results = ResultsFile(options.out)
    finished = {(row["question"], row["part"], row["set"], row["seed"]) for row in results.rows}
    for question in options.questions:
        for part, listed in QUESTIONS[question].items():
            for name, seed, measure in listed(options):
                if (question, part, name, seed) not in finished:
                    row = measure(SETTINGS[question])
                    results.append({"question": question, "part": part, "set": name, "seed": seed, **row})
                    print(question, part, name, seed, flush=True)
    for question in QUESTIONS:
        print_means(question, [row for row in results.rows if row["question"] == question])


def list_adult(options: argparse.Namespace) -> Iterator[Cell]:
    """Yield a size of the rare class, a seed and what measures settings."""
    frame = pd.read_parquet(options.adult).fillna("missing")
    train, _ = train_test_split(frame, train_size=20_000, random_state=0, stratify=frame["income"])
    fit, scored = train_test_split(train, train_size=15_000, random_state=1, stratify=train["income"])
    for n_rare in SIZES:
        for seed in options.seeds:
            yield f"{n_rare} rare rows", seed, partial(measure_adult, fit, scored, n_rare, seed)


def measure_adult(fit: pd.DataFrame, scored: pd.DataFrame, n_rare: int, seed: int, settings: Settings) -> Row:
    """Thin the rare class, and the other to four times as many or 2,000 rows, whichever is more."""
    is_rare = fit["income"] == fit["income"].value_counts().index[-1]
    sizes = {True: n_rare, False: max(4 * n_rare, 2000)}
    X = pd.concat(fit[is_rare == own].sample(n, random_state=seed) for own, n in sizes.items()).drop(columns="income")
    y = np.repeat([1, 0], list(sizes.values()))
    codec = TableCodec.fit(pd.concat([fit, scored]).drop(columns="income"))
    X_scored = codec.features(scored.drop(columns="income"))
    y_scored = (scored["income"] == fit["income"][is_rare].iloc[0]).to_numpy().astype(int)

    score = make_score(("lr", "rf", "hgb"), seed, X_scored, y_scored)
    return compare(settings, X, y, codec.features, {1: sizes[False] - n_rare}, score, seed)


def list_suite(options: argparse.Namespace) -> Iterator[Cell]:
    """Yield a development set, a fold and what measures settings."""
    for index in options.seeds:
        for name in sets_in("development"):
            yield name, index, partial(measure_suite, name, index)


def measure_suite(name: str, index: int, settings: Settings) -> Row:
    """Fill every class up to the largest."""
    fold = make_fold(SETS[name].load(), name, index)

    score = make_score(LEARNERS, fold.seed, fold.X_test, fold.y_test)
    X = typed_frame(fold)
    n_new = count_new(fold.y_train)
    return compare(settings, X, fold.y_train, lambda rows: to_dense(fold, rows), n_new, score, fold.seed)


def list_wide(options: argparse.Namespace) -> Iterator[Cell]:
    """Yield a wide table, a seed and what measures settings."""
    tables = {f"{n} columns": partial(make_wide, n) for n in (12, 20, 30, 40, 50, 60)}
    for name, make in {**tables, "movement_libras": read_libras}.items():
        for seed in options.seeds:
            yield name, seed, partial(measure_wide, make, seed)


def make_wide(n_columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of which a third says something of two classes of several clusters each, 1360 and 240 rows."""
    return make_classification(
        1600, n_columns, n_informative=n_columns // 3, n_redundant=n_columns // 6, n_clusters_per_class=3,
        weights=[0.85], class_sep=1.2, flip_y=0.02, random_state=n_columns,
    )  # fmt: skip


def read_libras() -> tuple[np.ndarray, np.ndarray]:
    """Return 90 coordinates of hands, and whether they move by one of the first four of 15 signs."""
    table = read_keel("movement_libras", "balanced")
    signs = np.unique(table["class"], return_inverse=True)[1]
    return table.drop(columns="class").to_numpy(dtype=float), (signs < 4).astype(int)


def measure_wide(make: Callable[[], tuple[np.ndarray, np.ndarray]], seed: int, settings: Settings) -> Row:
    """Thin the rare class to a tenth of the other, at least 20 rows; score on two fifths of all rows."""
    X, y = make()
    X, X_scored, y, y_scored = train_test_split(X, y, test_size=0.4, stratify=y, random_state=seed)
    n_common = int((y == 0).sum())
    n_rare = min(int(y.sum()), max(20, n_common // 10))
    kept = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:n_rare]])
    score = make_score(("lr", "rf", "hgb", "knn"), seed, X_scored, y_scored)
    return compare(settings, X[kept], y[kept], np.asarray, {1: n_common - n_rare}, score, seed)


QUESTIONS = {
    "matching": {"adult": list_adult, "suite": list_suite},
    "steps": {"suite": list_suite},
    "columns": {"wide": list_wide},
}


def compare(
    settings: Settings,
    X: pd.DataFrame | np.ndarray,
    y: np.ndarray,
    to_features: Callable[[Any], np.ndarray],
    n_new: dict[int, int],
    score: Score,
    seed: int,
) -> Row:
    """Return sizes of classes, and the scores of what is learned with each setting's rows, by use."""
    labels = np.repeat(list(n_new), list(n_new.values()))
    scores = {}
    for name, parameters in settings.items():
        gan = TableGAN(**parameters, random_state=seed).fit(X, y)
        added = to_features(gan.sample(y=labels, random_state=seed)[0])
        alone = to_features(gan.sample(y=y, random_state=seed)[0])
        scores[name] = {
            "added": score(np.concatenate([to_features(X), added]), np.concatenate([y, labels])),
            "alone": score(alone, y),
        }
    return {"counts": np.bincount(y).tolist(), "scores": scores}


def make_score(learners: Iterable[str], seed: int, X_scored: np.ndarray, y_scored: np.ndarray) -> Score:
    """Return a function that trains these learners, and gives each one's `SCORES` on these rows."""

    def score(features: np.ndarray, labels: np.ndarray) -> dict[str, list[float]]:
        scores = {}
        for name in learners:
            proba = LEARNERS[name](len(features), seed).fit(features, labels).predict_proba(X_scored)
            values = [of(y_scored, proba.argmax(axis=1)) for of in SHIFT_SCORES.values()]
            scores[name] = [round(float(value), 4) for value in (*values, average_precision(proba, y_scored))]
        return scores

    return score


def print_means(question: str, rows: list[Row]) -> None:
    """Print means of the first setting and the others less it, with intervals: over Adult's seeds, or over sets."""
    first, *others = SETTINGS[question]
    print(f"\n| {question} | data | use | n | " + " | ".join(SCORES) + " |\n|---|---|---|---|" + "---|" * len(SCORES))
    titles = dict.fromkeys("suite" if row["part"] == "suite" else row["set"] for row in rows)
    for title, use in itertools.product(titles, ("added", "alone")):
        own = [row for row in rows if title in (row["part"], row["set"])]
        unit = "set" if title == "suite" else "seed"
        means = {name: mean_by_unit(own, unit, name, use) for name in (first, *others)}
        shown = {first: [f"{values.mean():.3f}" for values in means[first].T]}
        for name in others:
            changes = map(paired_difference, means[name].T, means[first].T)
            shown[name] = [f"{change.mean:+.3f} ± {change.half_width:.3f}" for change in changes]
        for name, cells in shown.items():
            print(f"| {name} | {title} | {use} | {len(means[name])} | " + " | ".join(cells) + " |")


def mean_by_unit(rows: list[Row], unit: str, setting: str, use: str) -> np.ndarray:
    """Return means over learners and rows, shape (units, scores)."""
    units = sorted({row[unit] for row in rows})
    of_row = [(row[unit], np.mean(list(row["scores"][setting][use].values()), axis=0)) for row in rows]
    return np.array([np.mean([values for own, values in of_row if own == name], axis=0) for name in units])


if __name__ == "__main__":
    main()
