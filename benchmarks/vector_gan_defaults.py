"""What `VectorGAN`'s defaults rest on: its settings compared in what a classifier learns from sentence embeddings.

Logistic regression learns from synthetic rows alone, as many of each class as there are real ones; and from real rows
that were balanced by the GAN, or by the GAN and SMOTE in halves. Scored rows are those that ``vectors.py --part val``
scores on, whose test rows are left alone; and of Banking77 as it is, all training rows but 7,000.

    python benchmarks/vector_gan_defaults.py --data FOLDER [--embeddings FOLDER] [--seeds 0 1 2 3 4]

FOLDER as for ``vectors.py``. Appends a line for each set and seed to ``benchmarks/results/vector_gan_defaults.jsonl``,
which a restart continues, and prints means and paired differences from the first setting.
"""

import argparse
import itertools
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from vectors import POOLS, Data, Split, make_learners, score

from ganaug import VectorGAN
from ganaug.benchmark.results import ResultsFile, Row
from ganaug.benchmark.statistics import paired_difference
from ganaug.pool import Pool, concatenate

RESULTS = Path(__file__).parent / "results" / "vector_gan_defaults.jsonl"
SETTINGS: dict[str, dict[str, Any]] = {
    f"{n_steps} steps, classes of {size} rows matched": {"max_steps": n_steps, "min_match_size": size}
    for n_steps, size in ((1000, 500), (600, 500), (600, 60), (600, 20), (1000, 20))
}
"""By name; the last is the default."""

SETS = ("phrasebank", "banking77", "banking77_whole")
USES = {"GAN alone": {"gan": 1.0}, **POOLS}


def main() -> None:
    """Add the rows that are missing, and print what all of them say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--embeddings", type=Path, help="folder to keep embeddings in (default: DATA/embeddings)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    data, results = Data(options.data, options.embeddings, "val"), ResultsFile(options.out)
    finished = {(row["set"], row["seed"]) for row in results.rows}
    for seed, name in itertools.product(options.seeds, SETS):
        if (name, seed) not in finished:
            results.append({"set": name, "seed": seed, "settings": measure(name, load_split(data, name, seed), seed)})
            print(name, seed, flush=True)
    print_means(results.rows)


def load_split(data: Data, name: str, seed: int) -> Split:
    """Return rows to learn from and rows to score on."""
    if name != "banking77_whole":
        return getattr(data, name)(seed)
    X, y = data.sentences("banking77/train.csv")
    order = np.random.default_rng(seed).permutation(len(y))
    fit, scored = order[:7000], order[7000:]
    return Split(X[fit], y[fit], X[scored], y[scored])


def measure(name: str, split: Split, seed: int) -> dict[str, Row]:
    """Return each setting's CPU seconds of the GAN's fit, and its scores by use."""
    counts = pd.Series(split.y).value_counts()
    wanted = {use: (counts.max() - counts).to_dict() for use in USES} | {"GAN alone": counts.to_dict()}
    rows = {}
    for setting, parameters in SETTINGS.items():
        pool = Pool(split.X, split.y, VectorGAN(**parameters), k_neighbors=5, min_class_size=5, seed=seed)
        start = time.process_time()
        pool.gan  # noqa: B018 - trained at first use
        rows[setting] = {"seconds": round(time.process_time() - start, 2)}
        for use, shares in USES.items():
            drawn = pool.draw(wanted[use], shares)
            X, y = drawn.X, drawn.y
            if use != "GAN alone":
                X, y = concatenate([split.X, X]), np.concatenate([split.y, y])
            classifier = make_learners(name.removesuffix("_whole"), use, seed)["logistic regression"]
            rows[setting][use] = score(classifier.fit(X, y), split)
    return rows


def print_means(rows: list[Row]) -> None:
    """Print the first setting's means over seeds, and the others' less them, with intervals."""
    print("| set | use | setting | seconds | balanced accuracy | macro-F1 |\n|---|---|---|---|---|---|")
    first = next(iter(SETTINGS))
    for name, use, setting in itertools.product(SETS, USES, SETTINGS):
        own = [row["settings"] for row in rows if row["set"] == name]
        cells = [f"{np.mean([row[setting]['seconds'] for row in own]):.1f}"]
        for of in ("ba", "f1"):
            values, others = (np.array([row[which][use][of] for row in own]) for which in (setting, first))
            change = paired_difference(values, others)
            is_first = setting == first
            cells.append(f"{values.mean():.3f}" if is_first else f"{change.mean:+.3f} ± {change.half_width:.3f}")
        print(f"| {name} | {use} | {setting} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
