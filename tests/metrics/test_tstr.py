"""Train on synthetic rows, test on real ones."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score

from ganaug.metrics import train_synthetic_test_real

RNG = np.random.default_rng(0)
ONE = {"logistic": LogisticRegression()}


def draw(n, shares=(0.8, 0.2)):
    y = RNG.choice(len(shares), n, p=shares)
    return RNG.normal(size=(n, 4)) + 1.5 * np.eye(4)[y], y


TRAIN, TEST, GOOD = draw(400), draw(300), draw(400)


def score(synthetic, train=TRAIN, test=TEST, classifiers=ONE):
    return train_synthetic_test_real(*train, *test, *synthetic, classifiers=classifiers)


def test_fresh_draws_teach_as_much_as_real_rows():
    for result in score(GOOD, classifiers=None):
        assert result.ratio.balanced_accuracy == pytest.approx(1.0, abs=0.12)
        assert result.ratio.average_precision == pytest.approx(1.0, abs=0.2)


def test_the_training_rows_themselves_have_the_ratio_one():
    (result,) = score(TRAIN)
    assert result.classifier == "logistic"
    assert vars(result.ratio) == dict.fromkeys(vars(result.real), 1.0)


def test_shuffled_labels_teach_nothing():
    X, y = GOOD
    (result,) = score((X, RNG.permutation(y)))
    assert result.synthetic.balanced_accuracy == pytest.approx(0.5, abs=0.05)
    assert result.real.balanced_accuracy > 0.7


@pytest.mark.parametrize("shares", [(0.8, 0.2), (0.2, 0.8), (0.6, 0.3, 0.1)])
def test_scores_agree_with_scikit_learn(shares):
    train, (X, y) = draw(300, shares), draw(200, shares)
    (result,) = score(train, train, (X, y))
    fitted = LogisticRegression().fit(*train)
    predicted, shares_of = fitted.predict(X), fitted.predict_proba(X)
    judged = [int(np.argmin(shares))] if len(shares) == 2 else range(len(shares))
    assert result.real.balanced_accuracy == pytest.approx(balanced_accuracy_score(y, predicted))
    assert result.real.macro_f1 == pytest.approx(f1_score(y, predicted, average="macro"))
    assert result.real.average_precision == pytest.approx(
        np.mean([average_precision_score(y == c, shares_of[:, c]) for c in judged])
    )


def test_test_rows_of_one_class_have_no_average_precision():
    train, (X, y) = draw(300, (0.7, 0.3)), draw(200, (0.7, 0.3))
    (result,) = score(train, train, (X[y == 0], y[y == 0]))
    assert np.isnan([result.synthetic.average_precision, result.real.average_precision]).all()
    assert result.real.balanced_accuracy > 0.6


def test_a_class_without_synthetic_rows_counts_as_never_found():
    train, test = draw(300, (0.5, 0.3, 0.2)), draw(200, (0.5, 0.3, 0.2))
    X, y = train
    (result,) = score((X[y != 1], y[y != 1]), train, test)
    assert result.synthetic.balanced_accuracy < 2 / 3
    assert result.real.balanced_accuracy > 0.6


def test_labels_may_be_words():
    words = [(X, np.array(["no", "yes"])[y]) for X, y in (GOOD, TRAIN, TEST)]
    assert score(*words) == score(GOOD)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"synthetic": (GOOD[0], GOOD[1] * 0)}, "y_synthetic needs at least 2 classes, got only 0"),
        ({"synthetic": (GOOD[0], GOOD[1] + 7)}, "y_synthetic holds 7, which is no class of y_train"),
        ({"test": (TEST[0], TEST[1] + 1)}, r"y_test holds 2, which is no class of y_train; .* Classes: \[0, 1\]"),
        ({"synthetic": (GOOD[0][:, :2], GOOD[1])}, "X_train has 4 features for each sample and X_synthetic has 2"),
        ({"test": (TEST[0], TEST[1][:-1])}, "X_test has 300 samples but its labels are 299"),
        ({"test": (TEST[0], np.where(TEST[1], np.nan, 0.0))}, r"Labels of X_test are missing \(nan\)"),
        ({"test": (TEST[0], np.eye(2)[TEST[1]])}, "The labels of X_test have several columns"),
        ({"classifiers": {}}, "classifiers is empty"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(ValueError, match=message):
        score(**({"synthetic": GOOD} | changes))


def test_labels_may_be_a_column():
    assert score((GOOD[0], GOOD[1][:, None])) == score(GOOD)
