"""Measure a GAN on long-tailed Fashion-MNIST: precision, recall, copying and label agreement, class by class.

The data is `lt1000r` of `ganaug.benchmark.tasks` (10 to 1000 images per class, the three rarest being T-shirt,
Trouser and Pullover). Features are the last hidden layer of a classifier that was trained on all 60,000 training
images; real samples are the 10,000 test images, which nothing here was tuned on.

Each GAN keeps several generators of its training, and is measured twice: as it samples by itself, and as a bank that
draws from wider latents, widest for the rare classes. A classifier of the 2,478 training images filters the bank:
what it finds probable is kept, unless it is a copy. Both lines go to ``benchmarks/results/image_quality.jsonl``, with
the processor seconds of GAN, filter and drawing together. The number of generators, scales and probability were chosen
on training images that the task leaves out.

    python benchmarks/image_quality.py [--steps 7000] [--seeds 0 1 2]
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _machine import describe_machine
from safetensors.torch import load_file, save_file
from sklearn.frozen import FrozenEstimator
from torch import nn

from ganaug import ImageGAN, SampleBank
from ganaug.benchmark import ImageClassifier
from ganaug.benchmark.augmentation import candidate_augmentations
from ganaug.benchmark.fashion_mnist import read_fashion_mnist
from ganaug.benchmark.learners import ResidualNetwork, build_network, predict_logits
from ganaug.benchmark.methods import Method
from ganaug.benchmark.tasks import Task, fashion_mnist
from ganaug.callbacks import write_grid
from ganaug.filters import ConfidenceFilter, NeighbourFilter
from ganaug.metrics import audit_memorization, manifold_metrics
from ganaug.training_state import TrainingState

RESULTS = Path(__file__).parent / "results"
JUDGE = ResidualNetwork(n_steps=3000, batch_size=128, width=16)


def main() -> None:
    """Train, measure, print and append a line for each seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=7000, help="training steps of the GAN (default 7000)")
    parser.add_argument("--cpu-seconds", type=float, default=600, help="its limit of processor time (default 600)")
    parser.add_argument("--snapshots", type=int, default=8, help="generators of one training (default 8)")
    parser.add_argument("--rare", type=int, default=50, help="images that make a class no rare one (default 50)")
    parser.add_argument("--scale", type=float, nargs=2, default=[2.4, 1.8], metavar=("RARE", "OTHER"),
                        help="latents' width in the filtered bank (default 2.4 1.8)")  # fmt: skip
    parser.add_argument("--probability", type=float, nargs=2, default=[0.8, 0.98], metavar=("RARE", "OTHER"),
                        help="what the classifier asks for (default 0.8 0.98)")  # fmt: skip
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="parameters of ImageGAN to change")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--part", choices=["test", "val"], default="test", help="real images to compare with")
    parser.add_argument("--folder", type=Path, help="where Fashion-MNIST's files are")
    parser.add_argument("--out", type=Path, default=RESULTS / "image_quality.jsonl")
    parser.add_argument("--picture", type=Path, help="write a grid of the first seed's samples here")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    judge, accuracy = train_judge(options.folder)
    print(f"judge: {accuracy:.4f} accuracy on the test images", flush=True)
    for seed in options.seeds:
        task = fashion_mnist(seed, folder=options.folder)
        gan, seconds = train_gan(task, seed, options)
        row = {"benchmark": "image_quality", "seed": seed, "judge_accuracy": accuracy, "machine": describe_machine()}
        row |= {"part": options.part, "steps": gan.history_[-1]["step"], "gan": repr(gan)}
        for bank in (fill_bank, fill_filtered_bank):
            pixels, labels, provenance, more_seconds = bank(gan, task, options)
            row |= {"cpu_seconds": round(seconds + more_seconds, 1), "bank": provenance}
            row |= measure(pixels, labels, task, judge, options.part)
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(summarise(row), flush=True)
            if options.picture and seed == options.seeds[0]:
                rows = np.concatenate([np.flatnonzero(labels == c)[:14] for c in range(10)])
                name = options.picture.stem + ("-filtered" if provenance[0]["filters"] else "")
                write_grid(pixels[rows], options.picture.with_stem(name), 14)


def train_judge(folder: Path | None) -> tuple[nn.Module, float]:
    """Return a classifier trained on all training images, kept in the user's cache, and its test accuracy."""
    parts = read_fashion_mnist(folder)
    X, y = parts["X_train"][:, None], parts["y_train"].astype(np.int64)
    task = replace(fashion_mnist(0, folder=folder), name="fashion-mnist-full", X_train=X, y_train=y)
    path = Path.home() / ".cache" / "ganaug" / f"judge-{task.fingerprint}-{JUDGE.n_steps}.safetensors"
    network = build_network(task, JUDGE.width, seed=0)
    if path.exists():
        network.load_state_dict(load_file(path))
    else:
        augment = candidate_augmentations(mirror=True)["gentle affine"]
        network, _ = JUDGE.train(task, Method("judge", balanced=False, augment=augment), seed=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: t.contiguous() for name, t in network.state_dict().items()}, path)
    network.eval()
    return network, float((predict_logits(network, task.X_test).argmax(1) == task.y_test).mean())


def train_gan(task: Task, seed: int, options: argparse.Namespace) -> tuple[ImageGAN, float]:
    """Fit the default recipe, no longer than its limit of processor time."""
    begin = time.process_time()

    def stop(state: TrainingState) -> None:
        state.should_stop = time.process_time() - begin > options.cpu_seconds

    changes = {name: float(value) for name, value in (change.split("=") for change in options.set)}
    gan = ImageGAN(max_steps=options.steps, n_snapshots=options.snapshots, min_class_size=0, random_state=seed)
    gan.set_params(**changes)
    gan.fit(task.X_train[:, 0], task.y_train, callbacks=[stop])
    return gan, time.process_time() - begin


Drawn = tuple[np.ndarray, np.ndarray, list[dict[str, Any]], float]  # pixels, labels, provenance, processor seconds


def fill_bank(gan: ImageGAN, task: Task, options: argparse.Namespace) -> Drawn:
    """Draw as many samples of each class as there are real ones to compare with."""
    begin = time.process_time()
    bank = SampleBank.from_gan(gan, n_wanted(task, options), random_state=0)
    return np.array(bank.pixels), bank.labels, [bank.provenance], time.process_time() - begin


def fill_filtered_bank(gan: ImageGAN, task: Task, options: argparse.Namespace) -> Drawn:
    """Draw from wider latents, and keep what is probably of its class and no copy."""
    begin = time.process_time()
    X, y = task.X_train[:, 0], task.y_train
    classifier = ImageClassifier((28, 28), mirror=task.mirror).fit(flatten(X), y)
    is_rare = task.counts < options.rare
    banks = []
    for is_drawn, scale, probability in zip((is_rare, ~is_rare), options.scale, options.probability, strict=True):
        probable = ConfidenceFilter(FrozenEstimator(classifier), min_probability=probability, features=flatten)
        filters = [probable, NeighbourFilter(k=None)]
        gan.set_params(latent_scale=scale)
        wanted = dict.fromkeys(np.flatnonzero(is_drawn).tolist(), n_wanted(task, options))
        banks.append(SampleBank.from_gan(gan, wanted, filters=filters, real=(X, y), random_state=0, max_draws=100))
    pixels, labels = (np.concatenate([getattr(bank, name) for bank in banks]) for name in ("pixels", "labels"))
    return pixels, labels, [bank.provenance for bank in banks], time.process_time() - begin


def n_wanted(task: Task, options: argparse.Namespace) -> int:
    """Return how many real images there are of each class."""
    return len(task.y_test if options.part == "test" else task.y_val) // task.n_classes


def flatten(X: np.ndarray) -> np.ndarray:
    """Return images as rows, as `ImageClassifier` takes them."""
    return X.reshape(len(X), -1)


def measure(fake: np.ndarray, y: np.ndarray, task: Task, judge: nn.Module, part: str) -> dict[str, Any]:
    """Return every number by class, from rarest to most frequent."""
    X_real, y_real = (task.X_test, task.y_test) if part == "test" else (task.X_val, task.y_val)
    features: Callable[[np.ndarray], np.ndarray] = lambda X: predict_logits(judge[:-1], X)  # noqa: E731
    real_features, fake_features = features(X_real), features(fake)
    manifolds = [manifold_metrics(real_features[y_real == c], fake_features[y == c]) for c in range(10)]
    pixels = [part.reshape(len(part), -1) / np.float32(255) for part in (task.X_train, X_real, fake)]
    audit = audit_memorization(pixels[0], task.y_train, pixels[1], y_real, pixels[2], y)
    real_agreement = predict_logits(judge, X_real).argmax(1) == y_real
    agreement = predict_logits(judge, fake).argmax(1) == y
    return {
        "n_train": task.counts.tolist(),
        "precision": [round(m.precision, 4) for m in manifolds],
        "recall": [round(m.recall, 4) for m in manifolds],
        "density": [round(m.density, 4) for m in manifolds],
        "coverage": [round(m.coverage, 4) for m in manifolds],
        "flagged": [round(row.fraction_flagged, 4) for row in audit.classes],
        "flagged_real": [round(row.fraction_reference, 4) for row in audit.classes],
        "agreement_of_real": round(float(real_agreement.mean()), 4),
        "agreement": [round(float(agreement[y == c].mean()), 4) for c in range(10)],
    }


def summarise(row: dict[str, Any]) -> str:
    """Return the numbers against their bars."""
    judged = [flagged for flagged, n in zip(row["flagged"], row["n_train"], strict=True) if n >= 27]
    kind = "filtered bank" if row["bank"][0]["filters"] else "plain samples"
    return (
        f"seed {row['seed']}: {kind} after {row['steps']} steps and {row['cpu_seconds']:.0f} CPU-seconds in all\n"
        f"  recall of the three rarest {row['recall'][:3]} (bar 0.3), precision {row['precision'][:3]} (bar 0.9)\n"
        f"  flagged at 27 or more images: at most {max(judged):.3f} (bar 0.02); below: {row['flagged'][:2]}\n"
        f"  label agreement {np.mean(row['agreement']):.3f} (bar 0.93; of real images {row['agreement_of_real']:.3f})"
    )


if __name__ == "__main__":
    main()
