"""Tests of the scorers that doses are chosen by."""

import numpy as np
import pytest
from _tables import make_numbers
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from ganaug.scorers import find_scorer

NUMBERS = make_numbers()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("scoring", "expected"), [("balanced_accuracy", 0.5), ("f1_macro", 2 / 3), ("geometric_mean", 0.5)]
)
def test_a_class_that_was_not_held_out_counts_in_no_score(scoring, expected):
    """Half of the rows of both classes are taken for a third class."""
    y = np.array(["common", "rare"]).repeat(20)
    X = np.where(np.arange(40) % 2, y, "alone")[:, None]
    fitted = FunctionTransformer()
    fitted.predict = lambda X: X[:, 0]
    assert find_scorer(fitted, scoring, y)(fitted, X, y) == pytest.approx(expected)


@pytest.mark.parametrize("labels", [[0, 1], [1, 0], ["a", "b"], ["b", "a"], [False, True]])
@pytest.mark.parametrize("classifier", [LogisticRegression(), LinearSVC()])
def test_average_precision_is_the_rarer_classs_whatever_the_labels(classifier, labels):
    y = np.array(labels).repeat([45, 15])
    fitted = classifier.fit(NUMBERS, y)
    expected = average_precision_score(
        y == y[-1], (fitted.classes_[1] == y[-1] or -1) * fitted.decision_function(NUMBERS)
    )
    assert find_scorer(fitted, "average_precision", y)(fitted, NUMBERS, y) == pytest.approx(expected)


def test_average_precision_of_several_classes_is_their_mean():
    y = np.array(["a"] * 30 + ["b"] * 20 + ["c"] * 10)
    fitted = LogisticRegression(max_iter=1000).fit(NUMBERS, y)
    expected = average_precision_score(np.eye(3)[y.view("i4") - ord("a")], fitted.predict_proba(NUMBERS))
    assert find_scorer(fitted, "average_precision", y)(fitted, NUMBERS, y) == pytest.approx(expected)
