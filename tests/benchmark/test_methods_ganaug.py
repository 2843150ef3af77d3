"""The table suite's short cuts, which share GANs between learners and scores, do what the package does."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from _tables import tiny_table_gan

pytest.importorskip("imblearn", reason="the table suite needs imbalanced-learn")
sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.table_suite import methods_ganaug
from benchmarks.table_suite.folds import Fold, make_fold
from benchmarks.table_suite.learners import PANELS
from benchmarks.table_suite.loaders import Table
from benchmarks.table_suite.methods_ganaug import (
    SCORINGS,
    BalancedClassifier,
    Default,
    OnFrames,
    OverSampler,
    WithoutGAN,
)
from ganaug import GANBalancedClassifier, GANOverSampler, TableGAN


def tiny() -> TableGAN:
    return tiny_table_gan(random_state=None)


@pytest.fixture
def fold(monkeypatch) -> Fold:
    monkeypatch.setattr(methods_ganaug, "TableGAN", tiny)
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [90, 20])
    X = pd.DataFrame({"a": rng.normal(size=110) + y, "b": rng.normal(size=110)})
    X["colour"] = pd.Series(np.where(rng.random(110) < 0.5 + 0.2 * y, "blue", "red"), dtype=object)
    return make_fold(Table(X, y), "toy", 0)


def frame_of(fold: Fold, rows: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[f"x{i}" for i in range(rows.shape[1])])
    return frame.astype({f"x{i}": "category" for i in fold.encoder.categorical_indices})


@pytest.mark.parametrize(("method", "dose"), [(BalancedClassifier(), "auto"), (Default(), "default")])
@pytest.mark.parametrize("learner", ["lr", "rf", "vote"])
def test_predictions_are_the_balanced_classifiers(fold, method, dose, learner):
    prediction = method.predict(method.prepare(fold, [learner]), fold, learner)
    decisions = []
    for scoring in SCORINGS:
        sampler = GANOverSampler(tiny(), dose=dose)
        classifier = GANBalancedClassifier(OnFrames(fold, learner), sampler, scoring=scoring, random_state=fold.seed)
        classifier.fit(methods_ganaug.typed_frame(fold), fold.y_train)
        decisions.append(classifier.predict(frame_of(fold, fold.test)))
    np.testing.assert_array_equal(prediction.y_ba, decisions[0])
    np.testing.assert_array_equal(prediction.y_f1, decisions[1])
    np.testing.assert_allclose(prediction.proba, classifier.predict_proba(frame_of(fold, fold.test)))


def test_predictions_are_the_samplers(fold):
    prediction = OverSampler().predict(OverSampler().prepare(fold, ["rf"]), fold, "rf")
    estimator = OnFrames(fold, "rf")
    sampler = GANOverSampler(tiny(), estimator=estimator, random_state=fold.seed)
    X, y = sampler.fit_resample(methods_ganaug.typed_frame(fold), fold.y_train)
    np.testing.assert_array_equal(prediction.y_ba, estimator.fit(X, y).predict(frame_of(fold, fold.test)))


def test_the_control_without_gans_tries_all_else_and_trains_none(fold):
    pool, trials = prepared = WithoutGAN().prepare(fold, ["rf"])
    names = [prior.names for prior in WithoutGAN().find_priors(OnFrames(fold, "rf"))]
    assert all(set(own) < {"duplicate", "smote", "duplicate_25", "smote_25"} and len(own) == 3 for own in names)
    prediction = WithoutGAN().predict(prepared, fold, "rf")
    assert prediction.proba.shape == (len(fold.test), 2)
    assert not any("gan" in vars(one) for one in (pool, *trials.pools))


def test_the_learners_kind_is_known(fold):
    from ganaug.dose_prior import family_of

    kinds = {learner: family_of(OnFrames(fold, learner)) for panel in PANELS.values() for learner in panel}
    single = {"lr": "linear", "rf": "forest", "hgb": "boosting", "mlp": "network", "knn": "neighbors"}
    assert kinds == single | {"vote": "vote"}
