"""Compare `TableGAN` with CTGAN on Adult: what a classifier learns from their rows, and how long they take.

Both train on the same rows with their defaults, one after the other in one process on one thread; times are CPU
seconds.
A gradient boosting classifier then learns from as many synthetic rows, and is scored on real rows that neither saw.
Another part trains `TableGAN` from five seeds. A third gives both networks like layers and the same batch, and compares
rows per second of a training step, on a GPU with ``--device cuda``; a fourth times `TableGAN` on 1,000 rows and on
50,000 rows of 20 mixed columns.

    python benchmarks/tablegan_vs_ctgan.py adult.parquet [--epochs 300] [--parts quality seeds steps sizes]

Rows go to ``benchmarks/results/tablegan_vs_ctgan.jsonl``. Needs ``pip install ctgan``.
"""

import argparse
import json
import resource
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from _machine import describe_machine
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score
from sklearn.model_selection import train_test_split

from ganaug import TableGAN
from ganaug.architectures import MLP
from ganaug.devices import choose_precision
from ganaug.metrics import evaluate_table
from ganaug.table_data import TableCodec

RESULTS = Path(__file__).parent / "results" / "tablegan_vs_ctgan.jsonl"
Judge = Callable[[pd.DataFrame], dict[str, float]]
TARGET = "income"


def main() -> None:
    """Measure, print and append a line for each part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("adult", type=Path, help="Adult as a Parquet file with the column 'income'")
    parser.add_argument("--epochs", type=int, default=300, help="epochs of CTGAN (default: its own, 300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", nargs="*", default=["sizes", "steps", "quality", "seeds"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="where both train in the part 'steps'")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    frame = pd.read_parquet(options.adult).fillna("missing")  # CTGAN takes no missing category
    train, test = train_test_split(frame, train_size=20_000, random_state=options.seed, stratify=frame[TARGET])
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "quality": lambda: compare_quality(train, test, options.epochs, options.seed),
        "seeds": lambda: measure_seeds(train, test),
        "steps": lambda: compare_steps(train, options.device),
        "sizes": measure_sizes,
    }
    for name in options.parts:
        row = {"benchmark": "tablegan_vs_ctgan", "part": name, "machine": describe_machine(), **parts[name]()}
        print(json.dumps(row, indent=1), flush=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def compare_quality(train: pd.DataFrame, test: pd.DataFrame, epochs: int, seed: int) -> dict[str, Any]:
    """Train both, draw, and train a classifier on what they drew."""
    judge = make_judge(train, test)
    own = measure_tablegan(train, test, judge, seed)
    row = {"real": judge(train), **{f"tablegan_{name}": value for name, value in own.items()}}
    from ctgan import CTGAN

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - CTGAN draws from the global stream
    peer = CTGAN(epochs=epochs, enable_gpu=False)
    discrete = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
    _, peer_seconds = timed(lambda: peer.fit(train, discrete))
    rows, peer_drawing = timed(lambda: peer.sample(len(train)))
    row |= {"ctgan_scores": judge(rows), "ctgan_quality": measure_quality(train, test, rows)}
    row |= {"ctgan_epochs": epochs, "ctgan_cpu_seconds": peer_seconds}
    return row | {"ctgan_sampling_cpu_seconds": peer_drawing, "ratio": round(peer_seconds / own["cpu_seconds"], 1)}


def measure_tablegan(train: pd.DataFrame, test: pd.DataFrame, judge: Judge, seed: int) -> dict[str, Any]:
    """Train, draw as many rows, and return what they teach, how near they are, and CPU seconds."""
    columns, gan = train.drop(columns=TARGET), TableGAN(random_state=seed)
    _, seconds = timed(lambda: gan.fit(columns, train[TARGET]))
    (X, y), drawing = timed(lambda: gan.sample(len(train)))
    rows = X.assign(**{TARGET: y})
    row = {"scores": judge(rows), "quality": measure_quality(train, test, rows)}
    return row | {"cpu_seconds": seconds, "sampling_cpu_seconds": drawing, "repr": repr(gan)}


def measure_quality(train: pd.DataFrame, test: pd.DataFrame, rows: pd.DataFrame) -> dict[str, Any]:
    """Return how near synthetic rows are to the training rows, and the test rows to them where that can be said."""
    quality = evaluate_table(train, test, rows, target=TARGET)
    measures = {name: (measure.synthetic, measure.real) for name, measure in quality.summary.items()}
    named = {
        "number_distance": measures["columns: Kolmogorov-Smirnov"],
        "category_distance": measures["columns: total variation"],
        "association_difference": measures["pairs: association difference"],
        "detection": measures["detection, gradient boosting"],
        "detection_linear": measures["detection, logistic regression"],
        "rows_near_a_training_row": measures["rows near a training row"],
    }
    values = {
        name: [None if np.isnan(value) else round(float(value), 4) for value in pair] for name, pair in named.items()
    }
    return {"synthetic_and_test_rows": values, "memorization": quality.memorization.verdict}


def measure_seeds(train: pd.DataFrame, test: pd.DataFrame, seeds: Sequence[int] = range(5)) -> dict[str, Any]:
    """Train `TableGAN` again from other random numbers: how much of a score is chance."""
    judge = make_judge(train, test)
    rows = [measure_tablegan(train, test, judge, seed) for seed in seeds]
    scores = pd.DataFrame([row["scores"] for row in rows])
    means = scores.mean().round(4).to_dict()
    return {"seeds": list(seeds), "tablegan": rows, "mean": means}


def make_judge(train: pd.DataFrame, test: pd.DataFrame) -> Judge:
    """Return a function that trains a classifier on rows, and scores it on the test part."""
    columns = train.drop(columns=TARGET)
    codec = TableCodec.fit(pd.concat([columns, test.drop(columns=TARGET)]))

    def judge(rows: pd.DataFrame) -> dict[str, float]:
        classifier = HistGradientBoostingClassifier(random_state=0)
        classifier.fit(codec.features(rows[columns.columns]), rows[TARGET])
        features = codec.features(test.drop(columns=TARGET))
        predicted, rare = classifier.predict(features), classifier.classes_[1]
        scores = {
            "balanced_accuracy": balanced_accuracy_score(test[TARGET], predicted),
            "f1_macro": f1_score(test[TARGET], predicted, average="macro"),
            "average_precision": average_precision_score(
                test[TARGET] == rare, classifier.predict_proba(features)[:, 1]
            ),
        }
        return {name: round(float(value), 4) for name, value in scores.items()}

    return judge


def compare_steps(train: pd.DataFrame, device: str, batch_size: int = 500) -> dict[str, Any]:
    """Rows per second with hidden layers of 256 in both networks, latents of 128, and batches of 500.

    Seconds are those of the CPU, or the clock's where a GPU works.

    Ours have a matrix of 256 x 256 more in each network; the inputs of CTGAN's generator's layers are wider, since what
    each makes stands beside what it got.
    By default CTGAN's critic judges packs of ten rows as one, a tenth as many inputs through a first layer ten times as
    wide; with ``pac=1`` its layers are those of ours. Both are measured; so are ours by default, which is bfloat16 for
    layers of this size where that is fast, and in float32. The difference of two runs takes out what comes before
    training, and the recording of steps on a GPU.
    """
    from ctgan import CTGAN

    discrete = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
    X, y = train.drop(columns=TARGET), train[TARGET]
    per_epoch = len(train) // batch_size
    n_epochs, clock = (10, time.perf_counter) if device == "cuda" else (3, time.process_time)
    architecture = MLP(width=256, latent_dim=128, n_blocks=1)

    def fit_peer(epochs: int, pac: int) -> float:
        peer = CTGAN(epochs=epochs, batch_size=batch_size, pac=pac, enable_gpu=device == "cuda")
        return timed(lambda: peer.fit(train, discrete), clock)[1]

    def fit_ours(epochs: int, precision: str) -> float:
        steps = {"max_steps": epochs * per_epoch, "batch_size": batch_size}
        gan = TableGAN(architecture, **steps, precision=precision, device=device)
        return timed(lambda: gan.fit(X, y), clock)[1]

    fits: dict[str, Callable[[int], float]] = {
        "ctgan": lambda n: fit_peer(n, 10),
        "ctgan_unpacked": lambda n: fit_peer(n, 1),
        "tablegan_default": lambda n: fit_ours(n, "auto"),
        "tablegan_float32": lambda n: fit_ours(n, "32-true"),
    }
    for fit in fits.values():
        fit(1)  # the first step of a process takes longer
    n_rows = n_epochs * per_epoch * batch_size
    rates: dict[str, list[float]] = {name: [] for name in fits}
    for _ in range(3):
        for name, fit in fits.items():
            rates[name].append(n_rows / (fit(1 + n_epochs) - fit(1)))
    medians = {name: round(float(np.median(values))) for name, values in rates.items()}
    ratios = {
        f"{ours} to {peer}": round(medians[ours] / medians[peer], 2)
        for ours in ("tablegan_default", "tablegan_float32")
        for peer in ("ctgan", "ctgan_unpacked")
    }
    rates_name = "rows_per_second" if device == "cuda" else "rows_per_cpu_second"
    return {"device": device, "auto": choose_precision("auto", device), rates_name: medians, "ratio": ratios}


def measure_sizes() -> dict[str, Any]:
    """Fit small and large tables, and sample. The first fit of a process also waits for torch's own late imports.

    Small fits are medians of five on one thread and on two, in turn: the machine's pace varies by a half.
    """
    row: dict[str, Any] = {"first": time_fit(1_000, 1)[1]}
    small: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for _ in range(5):
        for n_threads, fits in small.items():
            fits.append(time_fit(1_000, n_threads)[1])
    for n_threads, fits in small.items():
        row[f"1000x20_{n_threads}_threads"] = {name: float(np.median([fit[name] for fit in fits])) for name in fits[0]}
    gan, row["50000x20"] = time_fit(50_000, 2)
    for n_threads in (1, 2):
        gan.set_params(n_threads=n_threads)
        begin = time.perf_counter()
        gan.sample(200_000)
        row[f"sampled_rows_per_second_{n_threads}_threads"] = round(200_000 / (time.perf_counter() - begin))
    row["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return row


def time_fit(n_rows: int, n_threads: int) -> tuple[TableGAN, dict[str, float]]:
    """Return a GAN that was fitted on so many rows, and its seconds."""
    X, y = make_mixed(n_rows)
    begin = time.perf_counter()
    gan, seconds = timed(lambda: TableGAN(random_state=0, n_threads=n_threads).fit(X, y))
    return gan, {"fit_cpu_seconds": seconds, "fit_seconds": round(time.perf_counter() - begin, 2)}


def make_mixed(n_rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Ten numbers and ten categories of 3 to 40 values; one row in ten is of the rare class."""
    rng = np.random.default_rng(0)
    y = rng.random(n_rows) < 0.1
    numbers = {f"n{i}": rng.normal(y * i / 10, 1, n_rows) for i in range(10)}
    categories = {f"c{i}": rng.integers(0, 3 + 4 * i, n_rows).astype(str) for i in range(10)}
    return pd.DataFrame({**numbers, **categories}), y.astype(int)


def timed(work: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> tuple[Any, float]:
    """Return what `work` returns, and the seconds that it took: the CPU's, unless `clock` tells others."""
    begin = clock()
    result = work()
    return result, round(clock() - begin, 2)


if __name__ == "__main__":
    main()
