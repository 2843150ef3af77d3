"""A tiny task, a learner that needs no training, and rows made from given scores."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ganaug.benchmark.learners import Outcome
from ganaug.benchmark.methods import Method
from ganaug.benchmark.results import Row
from ganaug.benchmark.tasks import Task

COUNTS = (4, 8, 24)


def make_task(name: str = "tiny", seed: int = 0) -> Task:
    """Three classes of 8x8 images, class k bright in its own third. 36 training, 30 and 30 other images."""
    rng = np.random.default_rng(seed)
    parts = [_part(counts, rng) for counts in (COUNTS, (10, 10, 10), (10, 10, 10))]
    (X_train, y_train), (X_val, y_val), (X_test, y_test) = parts
    return Task(
        name,
        X_train,
        y_train,
        X_val,
        y_val,
        X_test,
        y_test,
        (0, 1),
        ("ant", "bee", "cow"),
        rule="made of noise",
    )


def _part(counts: Sequence[int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    y = rng.permutation(np.repeat(np.arange(3), counts))
    X = rng.integers(0, 120, (len(y), 1, 8, 8), dtype=np.uint8)
    for image, label in zip(X, y, strict=True):
        image[:, 3 * label : 3 * label + 2] += 130
    return X, y.astype(np.int64)


@dataclass
class FakeLearner:
    """Return logits that are right except for some images, and count its calls; not part of the repr."""

    calls: list[tuple[str, int]] = field(default_factory=list, repr=False)

    def __call__(self, task: Task, method: Method, seed: int) -> Outcome:
        self.calls.append((method.name, seed))
        rng = np.random.default_rng(seed)
        return Outcome(_logits(task.y_val, rng), _logits(task.y_test, rng), 640, [(5, 1.0, 0.5), (10, 0.5, 0.8)], 0.1)


def _logits(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (np.eye(3)[y] + rng.normal(0, 0.5, (len(y), 3))).astype(np.float32)


def make_rows(scores: dict[str, Sequence[float]]) -> list[Row]:
    """Rows of the task of `make_task`: for each method, its balanced accuracy from each seed."""
    return [
        {
            "key": f"tiny/{method}/{seed}", "task": "tiny", "method": method, "learner": "fake", "seed": seed,
            "n_images": 640, "tau": 0.5, "balanced_accuracy": score - 0.01, "rare_recall": score - 0.1,
            "recall": [score] * 3, "balanced_accuracy_shifted": score, "rare_recall_shifted": score - 0.05,
            "recall_shifted": [score - 0.1, score, score + 0.1], "val_balanced_accuracy": score,
            "val_balanced_accuracy_shifted": score, "seconds": 0.1,
            "curve": [[5, 1.0, 0.5], [10, 0.5, score]],
        }
        for method, values in scores.items()
        for seed, score in enumerate(values)
    ]  # fmt: skip
