"""How good synthetic data is: fidelity, diversity, usefulness, copying. Functions on feature arrays."""

from ganaug.metrics.features import inception_features, pixel_features
from ganaug.metrics.fidelity import fid, frechet_distance, inception_score, kernel_distance
from ganaug.metrics.manifold import (
    ManifoldMetrics,
    coverage,
    density,
    manifold_metrics,
    precision,
    recall,
)
from ganaug.metrics.memorization import ClassAudit, MemorizationAudit, audit_memorization
from ganaug.metrics.per_class import per_class
from ganaug.metrics.utility import UtilityScore, classification_accuracy_score

__all__ = [
    "ClassAudit",
    "ManifoldMetrics",
    "MemorizationAudit",
    "UtilityScore",
    "audit_memorization",
    "classification_accuracy_score",
    "coverage",
    "density",
    "fid",
    "frechet_distance",
    "inception_features",
    "inception_score",
    "kernel_distance",
    "manifold_metrics",
    "per_class",
    "pixel_features",
    "precision",
    "recall",
]
