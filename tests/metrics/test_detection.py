"""Telling synthetic rows from real ones."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from ganaug.metrics import detection_score

RNG = np.random.default_rng(0)
REAL, SAME = RNG.normal(size=(2, 600, 3))
BAYES = {"bayes": GaussianNB()}


def test_draws_of_one_distribution_cannot_be_told_apart():
    scores = detection_score(REAL, SAME)
    assert list(scores) == ["gradient boosting", "logistic regression"]
    assert all(abs(score - 0.5) < 0.07 for score in scores.values())


def test_a_known_shift_gives_the_area_of_two_shifted_normals():
    # P(real < synthetic) for unit normals one apart: Phi(1 / sqrt(2)) = .760.
    shifted = SAME + np.array([1.0, 0.0, 0.0])
    assert detection_score(REAL, shifted)["logistic regression"] == pytest.approx(0.760, abs=0.03)


def test_only_interactions_differ_and_only_trees_see_it():
    dependent = SAME.copy()
    dependent[:, 0] = np.abs(dependent[:, 0]) * np.sign(dependent[:, 1])
    scores = detection_score(REAL, dependent)
    assert scores["gradient boosting"] > 0.65
    assert abs(scores["logistic regression"] - 0.5) < 0.07


def test_sides_count_equally_and_repeat_by_seed():
    first, again, other = (detection_score(REAL, SAME[:90] + 0.3, classifiers=BAYES, random_state=s) for s in (0, 0, 1))
    assert first == again != other
    assert 0.5 < first["bayes"] < 0.8


def test_a_classifier_is_trained_for_each_fold(monkeypatch):
    fits, fit = [], GaussianNB.fit
    monkeypatch.setattr(GaussianNB, "fit", lambda self, X, y: fits.append(y) or fit(self, X, y))
    detection_score(REAL, SAME, classifiers=BAYES, n_folds=5)
    assert len(fits) == 5


def test_classifiers_stay_untouched():
    classifier = LogisticRegression()
    detection_score(REAL, SAME, classifiers={"mine": classifier})
    assert not hasattr(classifier, "coef_")


@pytest.mark.parametrize(
    ("error", "changes", "message"),
    [
        (ValueError, {"real": REAL[:2]}, r"real must hold at least 3 sample\(s\)"),
        (ValueError, {"synthetic": SAME[:, :2]}, "real has 3 features for each sample and synthetic has 2"),
        (ValueError, {"n_folds": 1}, "n_folds must be an integer from 2"),
        (ValueError, {"classifiers": {}}, "classifiers is empty; name at least one"),
        (TypeError, {"classifiers": GaussianNB()}, r"must be a dict of name to classifier, got GaussianNB\(\)"),
        (TypeError, {"classifiers": {"svm": LinearSVC()}}, "The classifier 'svm' has no predict_proba; wrap it"),
        (TypeError, {"classifiers": {"x": object()}}, "The classifier 'x' has no fit and no predict_proba"),
    ],
)
def test_bad_input(error, changes, message):
    given = {"real": REAL, "synthetic": SAME} | changes
    with pytest.raises(error, match=message):
        detection_score(given.pop("real"), given.pop("synthetic"), **given)
