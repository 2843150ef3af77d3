"""How good synthetic data is: fidelity, diversity, usefulness, copying. Functions on feature arrays and tables."""

from ganaug.metrics.detection import detection_score
from ganaug.metrics.duplicates import duplicate_share
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
from ganaug.metrics.marginals import ColumnDistance, column_distances
from ganaug.metrics.memorization import ClassAudit, MemorizationAudit, audit_memorization
from ganaug.metrics.pairs import AssociationDifference, association_difference
from ganaug.metrics.per_class import per_class
from ganaug.metrics.table_quality import TableQuality, evaluate_table
from ganaug.metrics.tstr import ClassifierScores, TSTRScore, train_synthetic_test_real
from ganaug.metrics.utility import UtilityScore, classification_accuracy_score

__all__ = [
    "AssociationDifference",
    "ClassAudit",
    "ClassifierScores",
    "ColumnDistance",
    "ManifoldMetrics",
    "MemorizationAudit",
    "TSTRScore",
    "TableQuality",
    "UtilityScore",
    "association_difference",
    "audit_memorization",
    "classification_accuracy_score",
    "column_distances",
    "coverage",
    "density",
    "detection_score",
    "duplicate_share",
    "evaluate_table",
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
    "train_synthetic_test_real",
]
