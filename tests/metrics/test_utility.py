"""Classification accuracy score."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ganaug.metrics import classification_accuracy_score

RNG = np.random.default_rng(0)
Y = np.arange(90) % 3
X = RNG.normal(size=(90, 2, 2)) + 4.0 * np.eye(3, 4)[Y].reshape(90, 2, 2)


class NearestMean:
    """A classifier without `get_params`, as small as can be."""

    def fit(self, X, y):
        self.means = np.stack([X[y == c].mean(axis=0) for c in np.unique(y)])

    def predict(self, X):
        return ((X[:, None] - self.means) ** 2).sum(axis=2).argmin(axis=1)


@pytest.mark.parametrize("classifier", [LogisticRegression(), NearestMean()])
def test_good_fakes_teach_and_the_classifier_stays_untouched(classifier):
    before = dict(vars(classifier))
    score = classification_accuracy_score(classifier, X + 0.1, Y, X, Y)
    assert score.accuracy > 0.95
    assert vars(classifier) == before


def test_swapped_labels_show_in_the_recall_of_those_classes():
    swapped = np.array([1, 0, 2])[Y]
    score = classification_accuracy_score(LogisticRegression(), X, swapped, X, Y)
    assert score.recall[0] < 0.1
    assert score.recall[1] < 0.1
    assert score.recall[2] > 0.9
    assert score.balanced_accuracy == pytest.approx(np.mean(list(score.recall.values())))


def test_a_class_without_fakes_has_recall_zero_and_labels_may_be_anything():
    names = [("a", 1), ("a", 2), ("b", 0)]
    y = [names[label] for label in Y]
    seen = Y < 2
    score = classification_accuracy_score(
        LogisticRegression(), X[seen], [label for label, s in zip(y, seen, strict=True) if s], X, y
    )
    assert list(score.recall) == names
    assert score.recall[("b", 0)] == 0.0
    assert score.accuracy == pytest.approx(2 / 3, abs=0.05)


def test_bad_input():
    with pytest.raises(ValueError, match="y_fake needs at least 2 classes, got only 0"):
        classification_accuracy_score(LogisticRegression(), X, Y * 0, X, Y)
    with pytest.raises(ValueError, match="X_fake has 4 features for each sample and X_real has 2"):
        classification_accuracy_score(LogisticRegression(), X, Y, X[:, 0], Y)
    with pytest.raises(ValueError, match="X_real has 90 samples but its labels are 3"):
        classification_accuracy_score(LogisticRegression(), X, Y, X, Y[:3])
