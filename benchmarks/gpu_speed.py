"""Measure what replaying recorded steps (`ganaug.recording`) brings on a GPU, against launching kernel by kernel.

Steps per second of `ImageGAN` and seconds of a whole fit of `TableGAN` and `VectorGAN`, taking turns in one process,
medians over rounds; tables and vectors on two threads of the processor, too. Appends one JSON line to
``benchmarks/results/gpu_speed.jsonl``.

    python benchmarks/gpu_speed.py [--rounds 3]
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _machine import describe_machine
from tablegan_vs_ctgan import make_mixed

from ganaug import ImageGAN, TableGAN, VectorGAN
from ganaug.training_state import TrainingState

RESULTS = Path(__file__).parent / "results" / "gpu_speed.jsonl"
WARM_UP, MEASURED = 60, 160  # steps; those of both kinds are recorded in the first

IMAGES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "default, 28x28": ((28, 28), {}),
    "default, 28x28, float32": ((28, 28), {"precision": "32-true"}),
    "default, 64x64x3": ((64, 64, 3), {}),
    "dcgan, 28x28": ((28, 28), {"architecture": "dcgan", "penalty": "none"}),
}
WAYS = {"processor": "cpu", "launched": "cuda", "replayed": "cuda"}


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    row: dict[str, Any] = {"benchmark": "gpu_speed", "rounds": options.rounds, "machine": describe_machine()}
    for name, (shape, parameters) in IMAGES.items():
        ways = {way: partial(count_steps, way, shape, parameters) for way in ("launched", "replayed")}
        speeds = in_turns(options.rounds, ways)
        row[name] = {f"{way}_steps_per_second": round(speed, 1) for way, speed in speeds.items()}
        row[name]["times"] = round(speeds["replayed"] / speeds["launched"], 2)
    for name, (gan, make) in FITS.items():
        seconds = in_turns(options.rounds, {way: partial(time_fit, way, gan, make) for way in WAYS})
        row[name] = {f"{way}_seconds": round(value, 2) for way, value in seconds.items()}
    options.out.parent.mkdir(exist_ok=True)
    with options.out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row, indent=2))


def in_turns(rounds: int, measures: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Return the median of each measure over rounds."""
    results = [{name: measure() for name, measure in measures.items()} for _ in range(rounds)]
    return {name: statistics.median(result[name] for result in results) for name in measures}


def count_steps(way: str, shape: tuple[int, ...], parameters: dict[str, Any]) -> float:
    """Return steps per second, after a warm-up."""
    chance = np.random.default_rng(0)
    X, y = chance.integers(0, 255, (2000, *shape), dtype=np.uint8), np.arange(2000) % 10
    marks = {}

    def mark(state: TrainingState) -> None:
        if state.step in (WARM_UP, WARM_UP + MEASURED):
            torch.cuda.synchronize()
            marks[state.step] = time.perf_counter()
        if way == "launched":
            state.recorder = None

    ImageGAN(max_steps=WARM_UP + MEASURED, device="cuda", random_state=0, **parameters).fit(X, y, callbacks=[mark])
    return MEASURED / (marks[WARM_UP + MEASURED] - marks[WARM_UP])


def time_fit(way: str, gan: type[TableGAN | VectorGAN], make: Callable[[], tuple[Any, np.ndarray]]) -> float:
    """Return the seconds of a fit at the default settings."""

    def launch(state: TrainingState) -> None:
        if way == "launched":
            state.recorder = None

    X, y = make()
    start = time.perf_counter()
    gan(device=WAYS[way], n_threads=2, random_state=0).fit(X, y, callbacks=[launch])
    return time.perf_counter() - start


def make_vectors() -> tuple[np.ndarray, np.ndarray]:
    """Return 4,000 unit vectors of 384 dimensions around the centres of 20 classes."""
    chance = np.random.default_rng(0)
    y = np.arange(4000) % 20
    X = chance.normal(size=(20, 384))[y] + chance.normal(size=(4000, 384))
    return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32), y


FITS: dict[str, tuple[type[TableGAN | VectorGAN], Callable[[], tuple[Any, np.ndarray]]]] = {
    "TableGAN, 1000 x 20": (TableGAN, partial(make_mixed, 1000)),
    "TableGAN, 50000 x 20": (TableGAN, partial(make_mixed, 50_000)),
    "VectorGAN, 4000 x 384": (VectorGAN, make_vectors),
}


if __name__ == "__main__":
    main()
