"""Measure what augmentation does to a classifier: tasks, methods, paired statistics, a report, a demo."""

import importlib
from typing import TYPE_CHECKING

# Resolved on first use, so that whoever only reads rows waits for nothing else.
_HOMES = {
    "Batches": "methods",
    "ImageClassifier": "image_classifier",
    "Method": "methods",
    "ResidualNetwork": "learners",
    "Synthetic": "methods",
    "Task": "tasks",
    "best_logit_shift": "statistics",
    "candidate_augmentations": "augmentation",
    "judge": "tables",
    "long_tail": "tasks",
    "make_task": "tasks",
    "paired_difference": "statistics",
    "rare_class_dose": "methods",
    "run": "runner",
    "run_demo": "demo",
    "write_report": "report",
}

__all__ = [
    "Batches",
    "ImageClassifier",
    "Method",
    "ResidualNetwork",
    "Synthetic",
    "Task",
    "best_logit_shift",
    "candidate_augmentations",
    "judge",
    "long_tail",
    "make_task",
    "paired_difference",
    "rare_class_dose",
    "run",
    "run_demo",
    "write_report",
]

if TYPE_CHECKING:
    from ganaug.benchmark.augmentation import candidate_augmentations
    from ganaug.benchmark.demo import run_demo
    from ganaug.benchmark.image_classifier import ImageClassifier
    from ganaug.benchmark.learners import ResidualNetwork
    from ganaug.benchmark.methods import Batches, Method, Synthetic, rare_class_dose
    from ganaug.benchmark.report import write_report
    from ganaug.benchmark.runner import run
    from ganaug.benchmark.statistics import best_logit_shift, paired_difference
    from ganaug.benchmark.tables import judge
    from ganaug.benchmark.tasks import Task, long_tail, make_task


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganaug.benchmark' has no attribute {name!r}")
    return getattr(importlib.import_module(f"ganaug.benchmark.{_HOMES[name]}"), name)
