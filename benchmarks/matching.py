"""What matching columns to the training data changes, for classes of different sizes: the evidence for its default.

The same networks are sampled with every class matched (``min_match_size=2``) and with none. On Adult, classifiers learn
from synthetic rows alone, and from real rows to which synthetic ones were added until the classes are balanced; the
rare class is thinned to as many rows as stated. On the table suite's development half rows are added likewise. Adult's
scored rows are training rows of `tablegan_vs_ctgan.py`, whose test rows are left alone.

    python benchmarks/matching.py adult.parquet [--parts adult suite] [--seeds 0 1 2]

Rows go to ``benchmarks/results/matching.jsonl``, which a restart continues; means of differences are printed.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # Before anything loads OpenMP.

import argparse
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from sklearn.model_selection import train_test_split

from benchmarks.table_suite.folds import make_fold
from benchmarks.table_suite.learners import LEARNERS
from benchmarks.table_suite.methods_ganaug import count_new, to_dense, typed_frame
from benchmarks.table_suite.sets import SETS, sets_in
from ganaug import TableGAN
from ganaug.benchmark.results import ResultsFile, Row
from ganaug.benchmark.statistics import paired_difference
from ganaug.calibration import SHIFT_SCORES
from ganaug.table_data import TableCodec
from ganaug.trials import average_precision

RESULTS = Path(__file__).parent / "results" / "matching.jsonl"
SIZES = (60, 125, 250, 500, 1000, 2000)
NAMES = {"plain": None, "matched": 2}
"""`min_match_size` of what is compared."""

SCORES = (*SHIFT_SCORES, "average_precision")
Score = Callable[[np.ndarray, np.ndarray], dict[str, list[float]]]


def main() -> None:
    """Add the rows that are missing, and print what all of them say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("adult", type=Path, help="Adult as a Parquet file with the column 'income'")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="of the suite: folds")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    results = ResultsFile(options.out)
    finished = {(row["part"], row["set"], row["seed"]) for row in results.rows}
    for part in options.parts:
        for name, seed, measure in PARTS[part](options):
            if (part, name, seed) not in finished:
                results.append({"part": part, "set": name, "seed": seed, **measure()})
                print(part, name, seed, flush=True)
    print_means(results.rows)


def list_adult(options: argparse.Namespace) -> Iterator[tuple[str, int, Callable[[], Row]]]:
    """Yield a size of the rare class, a seed and what to measure."""
    frame = pd.read_parquet(options.adult).fillna("missing")
    train, _ = train_test_split(frame, train_size=20_000, random_state=0, stratify=frame["income"])
    fit, scored = train_test_split(train, train_size=15_000, random_state=1, stratify=train["income"])
    for n_rare in SIZES:
        for seed in options.seeds:
            yield f"{n_rare} rare rows", seed, lambda n=n_rare, s=seed: measure_adult(fit, scored, n, s)


def measure_adult(fit: pd.DataFrame, scored: pd.DataFrame, n_rare: int, seed: int) -> Row:
    """Thin the rare class, and the other to four times as many or 2,000 rows, whichever is more."""
    is_rare = fit["income"] == fit["income"].value_counts().index[-1]
    sizes = {True: n_rare, False: max(4 * n_rare, 2000)}
    X = pd.concat(fit[is_rare == own].sample(n, random_state=seed) for own, n in sizes.items()).drop(columns="income")
    y = np.repeat([1, 0], list(sizes.values()))
    codec = TableCodec.fit(pd.concat([fit, scored]).drop(columns="income"))
    X_scored = codec.features(scored.drop(columns="income"))
    y_scored = (scored["income"] == fit["income"][is_rare].iloc[0]).to_numpy().astype(int)

    score = make_score(("lr", "rf", "hgb"), seed, X_scored, y_scored)
    return compare(X, y, codec.features, {1: sizes[False] - n_rare}, score, seed)


def list_suite(options: argparse.Namespace) -> Iterator[tuple[str, int, Callable[[], Row]]]:
    """Yield a development set, a fold and what to measure."""
    for index in options.seeds:
        for name in sets_in("development"):
            yield name, index, lambda name=name, index=index: measure_suite(name, index)


def measure_suite(name: str, index: int) -> Row:
    """Fill every class up to the largest."""
    fold = make_fold(SETS[name].load(), name, index)

    score = make_score(LEARNERS, fold.seed, fold.X_test, fold.y_test)
    X = typed_frame(fold)
    return compare(X, fold.y_train, lambda rows: to_dense(fold, rows), count_new(fold.y_train), score, fold.seed)


PARTS = {"adult": list_adult, "suite": list_suite}


def compare(
    X: pd.DataFrame,
    y: np.ndarray,
    to_features: Callable[[Any], np.ndarray],
    n_new: dict[int, int],
    score: Score,
    seed: int,
) -> Row:
    """Return sizes of classes, and the scores of what is learned with matched and with plain rows, by use."""
    labels = np.repeat(list(n_new), list(n_new.values()))
    row: Row = {"counts": np.bincount(y).tolist()}
    for name, min_match_size in NAMES.items():
        gan = TableGAN(min_match_size=min_match_size, random_state=seed).fit(X, y)
        added = to_features(gan.sample(y=labels, random_state=seed)[0])
        alone = to_features(gan.sample(y=y, random_state=seed)[0])
        row[name] = {
            "added": score(np.concatenate([to_features(X), added]), np.concatenate([y, labels])),
            "alone": score(alone, y),
        }
    return row


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


def print_means(rows: list[Row]) -> None:
    """Print plain means and matched less plain, with intervals: over seeds for Adult, over sets for the suite."""
    print("| data | use | n | " + " | ".join(SCORES) + " |\n|---|---|---|" + "---|" * len(SCORES))
    titles = dict.fromkeys("suite" if row["part"] == "suite" else row["set"] for row in rows)
    for title in titles:
        own = [row for row in rows if title in (row["part"], row["set"])]
        unit = "set" if title == "suite" else "seed"
        for use in ("added", "alone"):
            pairs = pd.DataFrame(
                {"unit": row[unit], **{name: np.mean(list(row[name][use].values()), axis=0) for name in NAMES}}
                for row in own
            )
            means = pairs.groupby("unit")[list(NAMES)].agg(lambda values: np.mean(np.stack(values), axis=0))
            cells = []
            for place in range(len(SCORES)):
                plain, matched = ([value[place] for value in means[name]] for name in NAMES)
                change = paired_difference(matched, plain)
                cells.append(f"{np.mean(plain):.3f} {change.mean:+.3f} ± {change.half_width:.3f}")
            print(f"| {title} | {use} | {len(means)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
