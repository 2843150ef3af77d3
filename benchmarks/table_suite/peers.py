"""Samplers of imbalanced-learn and smote-variants, with their defaults, and dose-matched controls.

One tuning is granted to all that interpolate between neighbours: ``min(5, n - 1)`` neighbours, n being the rows of the
rarest class in the training part, where five would not exist.
"""

from importlib import import_module

import numpy as np

from benchmarks.table_suite.folds import Fold
from benchmarks.table_suite.methods import (
    EasyEnsembleOfLearners,
    Method,
    OwnClassifier,
    Sampler,
    ThresholdShift,
    TrainingRows,
    class_weights,
    target_counts,
    unchanged,
)


def n_neighbors(y: np.ndarray) -> int:
    """Neighbours for an interpolating sampler: five, or as many as the rarest class has others."""
    return int(max(1, min(5, np.bincount(y).min() - 1)))


def _imblearn(name: str, class_name: str, neighbors: str | None = None, dose: float = 1.0) -> Sampler:
    """Wrap an over-sampler; `neighbors` names its parameter for the number of neighbours."""

    def resample(fold: Fold) -> TrainingRows:
        parameters = {} if neighbors is None else {neighbors: n_neighbors(fold.y_train)}
        if dose < 1:
            parameters["sampling_strategy"] = target_counts(fold.y_train, dose)
        sampler = getattr(import_module("imblearn.over_sampling"), class_name)(random_state=fold.seed, **parameters)
        return TrainingRows(*sampler.fit_resample(fold.X_train, fold.y_train))

    return Sampler(name, resample, f"{class_name} {neighbors} {dose}")


def _smotenc(fold: Fold) -> TrainingRows:
    from imblearn.over_sampling import SMOTENC

    sampler = SMOTENC(fold.encoder.categorical_indices, k_neighbors=n_neighbors(fold.y_train), random_state=fold.seed)
    rows, y = sampler.fit_resample(fold.train, fold.y_train)
    return TrainingRows(fold.encoder.to_dense(rows), y)


def _prowsyn(fold: Fold) -> TrainingRows:
    """Sample each smaller class in turn against all the others: ProWSyn is for two classes."""
    from smote_variants import ProWSyn

    counts = np.bincount(fold.y_train)
    X, y = [fold.X_train], [fold.y_train]
    for c in np.flatnonzero(counts < counts.max()):
        is_class = (fold.y_train == c).astype(int)
        n_lacking, n_rest = counts.max() - counts[c], (is_class == 0).sum()
        # Its `proportion` is of what the class lacks to the rest, not to the largest class.
        sampler = ProWSyn(proportion=n_lacking / (n_rest - counts[c]), random_state=fold.seed, n_jobs=1)
        drawn = sampler.sample(fold.X_train, is_class)[0][len(fold.X_train) :]
        if len(drawn) == 0:
            raise RuntimeError(f"ProWSyn returned no row of class {c}.")
        X.append(drawn)
        y.append(np.full(len(drawn), c))
    return TrainingRows(np.concatenate(X), np.concatenate(y))


CHEAP: tuple[Method, ...] = (
    Sampler("none", unchanged),
    Sampler("class_weights", class_weights),
    _imblearn("random", "RandomOverSampler"),
    _imblearn("smote", "SMOTE", "k_neighbors"),
    Sampler("smotenc", _smotenc, mixed_only=True),
    _imblearn("borderline", "BorderlineSMOTE", "k_neighbors"),
    _imblearn("adasyn", "ADASYN", "n_neighbors"),
    _imblearn("svmsmote", "SVMSMOTE", "k_neighbors"),
    _imblearn("kmeanssmote", "KMeansSMOTE", "k_neighbors"),
    Sampler("prowsyn", _prowsyn),
    ThresholdShift(),
    # Ten AdaBoosts of 50 stumps, each on a balanced undersample (Liu, Wu and Zhou, IEEE Trans. SMC-B 2009).
    OwnClassifier("easy_ensemble", "EasyEnsembleClassifier"),
    EasyEnsembleOfLearners(),
    # 100 trees, each on a balanced bootstrap sample (Chen, Liaw and Breiman, 2004).
    OwnClassifier("balanced_forest", "BalancedRandomForestClassifier"),
    _imblearn("random_25", "RandomOverSampler", dose=0.25),
    _imblearn("smote_25", "SMOTE", "k_neighbors", dose=0.25),
)
"""Peers and controls that take seconds; ``_25`` adds a quarter of the rows that full balance takes."""
