import threading

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, get_scorer
from sklearn.model_selection import RepeatedStratifiedKFold

from ganaug.calibration import SHIFT_SCORES, choose_shift, shift_logits, to_logits
from ganaug.dose import CANDIDATES
from ganaug.exceptions import SmallClassWarning
from ganaug.trials import HELD_OUT_SCORES, HeldOut, Trials, average_precision


class FakePool:
    """A pool that repeats the first row of a class."""

    def __init__(self, X, y):
        self.X, self.y = X, y

    def draw(self, n_new, shares, filter=None):
        rows = np.concatenate([np.repeat(np.flatnonzero(self.y == c)[:1], n) for c, n in n_new.items()])
        return type("Drawn", (), {"X": self.X[rows], "y": self.y[rows]})


def count_new(y):
    labels, counts = np.unique(y, return_counts=True)
    return {label: counts.max() - n for label, n in zip(labels, counts, strict=True) if n < counts.max()}


def make_data(n=90, rare=12):
    y = np.array(["common"] * (n - rare) + ["rare"] * rare)
    X = np.random.default_rng(0).normal(size=(n, 2)) + 1.5 * (y == "rare")[:, None]
    return X, y


def make_trials(**options):
    return Trials(*make_data(), FakePool, count_new, **options)


class Memory:
    """A classifier that remembers what it was trained on."""

    seen: list = []  # noqa: RUF012

    def __sklearn_clone__(self):
        return Memory()

    def fit(self, X, y):
        Memory.seen.append((X, y))
        return self

    def predict_proba(self, X):
        return np.tile([0.5, 0.5], (len(X), 1))


def test_candidates_are_trained_with_their_rows_and_tested_on_others(monkeypatch):
    monkeypatch.setattr(Memory, "seen", [])
    held_out = make_trials().predict(Memory(), {name: CANDIDATES[name] for name in ("none", "smote", "smote_25")})
    assert Memory.seen[0][0].shape == (60, 2)
    assert [sum(len(y) for _, y in Memory.seen[start::3]) for start in range(3)] == [180, 312, 213]
    assert [len(y) for y in held_out.y] == [30, 30, 30]
    assert [p.shape for p in held_out.proba["smote"]] == [(30, 2)] * 3


def test_scores_and_predictions_see_the_same_folds():
    trials, estimator = (
        make_trials(cv=RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)),
        LogisticRegression(),
    )
    names = ["none", "smote"]
    scores = trials.score(
        estimator, [lambda fitted, X, y: average_precision(fitted.predict_proba(X), y == "rare")], names
    )
    held_out, _ = trials.predict(estimator, {name: CANDIDATES[name] for name in names}).score("average_precision")
    assert scores.shape == (1, 6, 2)
    np.testing.assert_allclose(scores[0], held_out)
    assert trials.n_rare == 4


def test_processes_find_what_one_does():
    candidates = {name: CANDIDATES[name] for name in ("none", "smote")}
    one, two = (make_trials(n_jobs=n).predict(LogisticRegression(), candidates, keep=True) for n in (None, 2))
    for name in candidates:
        np.testing.assert_array_equal(np.concatenate(one.proba[name]), np.concatenate(two.proba[name]))
        assert [own.coef_.tolist() for own in one.classifiers[name]] == [
            own.coef_.tolist() for own in two.classifiers[name]
        ]
    scores = [make_trials(n_jobs=n).score(LogisticRegression(), [get_scorer("accuracy")], ["smote"]) for n in (1, 2)]
    np.testing.assert_array_equal(*scores)


def test_a_test_part_that_lacks_a_class_compares_nothing_but_moves_decisions():
    X, y = make_data()
    rows = np.arange(90)
    splits = [(np.setdiff1d(rows, test), test) for test in (np.arange(20), np.arange(70, 85))]
    trials = Trials(X, y, FakePool, count_new, cv=splits)
    for do in (
        lambda names: trials.predict(LogisticRegression(), {name: CANDIDATES[name] for name in names}),
        lambda names: trials.score(LogisticRegression(), [get_scorer("accuracy")], names),
    ):
        do(["none"])
        with pytest.raises(ValueError, match="cv holds out some classes in some splits only"):
            do(["none", "smote"])


def test_a_class_that_is_never_held_out_counts_as_the_most_frequent():
    held_out = HeldOut([np.array([0, 1, 0])], np.array([60, 30, 6]), {})
    np.testing.assert_allclose(held_out.prior, np.array([60, 30, 60]) / 150)


def test_the_rarer_class_is_that_of_all_rows():
    proba = np.random.default_rng(0).dirichlet([1, 1], 30)
    held_out = HeldOut([np.repeat([0, 1], [10, 20])], np.array([50, 40]), {"none": [proba]})
    assert held_out.score("average_precision")[0][0, 0] == average_precision_score(held_out.y[0] == 1, proba[:, 1])


def test_threads_are_not_taken(monkeypatch):
    monkeypatch.setattr(Memory, "seen", [])
    used = set()
    monkeypatch.setattr(Memory, "fit", lambda self, X, y: used.add(threading.get_ident()) or self)
    with joblib.parallel_config("threading", n_jobs=3):
        make_trials(n_jobs=3).predict(Memory(), {"none": CANDIDATES["none"]})
    assert used == {threading.get_ident()}


def test_a_class_of_one_group_is_never_held_out():
    groups = np.arange(90) % 30
    groups[78:] = 30  # all rare rows
    X, y = make_data()
    y[:20] = "other"
    with pytest.warns(SmallClassWarning, match=r"1 of 3 classes are never held out .*\(of one group, or in a group"):
        trials = Trials(X, y, FakePool, count_new, groups=groups)
    assert {label for fold in trials._folds for label in fold.y_test} == {"common", "other"}
    with pytest.raises(ValueError, match=r"need two classes of two groups or more to hold out\. Set"):
        Trials(*make_data(), FakePool, count_new, groups=groups)


def test_each_candidate_is_scored_after_its_own_shift():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [400, 100])
    fair = np.column_stack([1 - y, y]) * 2 + rng.normal(size=(500, 2))
    proba = {name: np.exp(shift_logits(fair, np.bincount(y), -tau)) for name, tau in (("moved", 1.5), ("fair", 0.0))}
    proba = {name: p / p.sum(axis=1, keepdims=True) for name, p in proba.items()}
    halves = [np.arange(500)[0::2], np.arange(500)[1::2]]
    held_out = HeldOut(
        [y[half] for half in halves], np.bincount(y), {name: [p[half] for half in halves] for name, p in proba.items()}
    )
    scores, taus = held_out.score("balanced_accuracy")
    assert taus["moved"] - taus["fair"] == pytest.approx(1.5, abs=0.11)
    np.testing.assert_allclose(scores[:, 0], scores[:, 1], atol=0.02)
    predicted = shift_logits(to_logits(proba["fair"][halves[0]]), np.bincount(y), taus["fair"]).argmax(1)
    assert scores[0, 1] == pytest.approx(balanced_accuracy_score(y[halves[0]], predicted))


def test_the_classifiers_of_several_candidates_predict_together():
    rng = np.random.default_rng(0)
    y = [np.repeat([0, 1], [40, 10]) for _ in range(2)]
    proba = {name: [rng.dirichlet([3, 1], 50) for _ in y] for name in ("none", "smote", "gan")}
    held_out = HeldOut(y, np.array([80, 20]), proba, {name: [f"{name} {fold}" for fold in (0, 1)] for name in proba})
    classifiers, shares, tau = held_out.average({"none": 0.25, "gan": 0.75}, "balanced_accuracy")
    assert classifiers == ["none 0", "none 1", "gan 0", "gan 1"]
    assert shares.tolist() == [0.25, 0.25, 0.75, 0.75]
    logits = 0.25 * np.log(np.concatenate(proba["none"])) + 0.75 * np.log(np.concatenate(proba["gan"]))
    score = SHIFT_SCORES["balanced_accuracy"]
    assert tau == choose_shift(logits, np.concatenate(y), held_out.prior, score)
    assert held_out.average({"smote": 1.0}, "f1_macro")[2] == held_out.choose_shifts("f1_macro")["smote"]
    assert held_out.average({"none": 0.25, "gan": 0.75}, "average_precision")[2] == 0


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_scores_are_scikit_learns(n_classes):
    rng = np.random.default_rng(1)
    y, predicted = rng.integers(n_classes, size=(2, 60))
    assert set(HELD_OUT_SCORES) == {*SHIFT_SCORES, "average_precision"}
    assert SHIFT_SCORES["f1_macro"](y, predicted) == f1_score(y, predicted, average="macro")
    assert SHIFT_SCORES["balanced_accuracy"](y, predicted) == balanced_accuracy_score(y, predicted)


def test_a_class_that_is_only_predicted_has_no_score_of_its_own():
    y, predicted = np.array([0, 0, 0, 1]), np.array([0, 0, 2, 1])
    assert SHIFT_SCORES["balanced_accuracy"](y, predicted) == pytest.approx((2 / 3 + 1) / 2)
    assert SHIFT_SCORES["f1_macro"](y, predicted) == pytest.approx((4 / 5 + 1) / 2)


def test_average_precision_is_of_the_rarer_class_or_of_all():
    rng = np.random.default_rng(2)
    proba = rng.dirichlet([1, 1], 30)
    y = (np.arange(30) < 20).astype(int)
    assert average_precision(proba, y) == average_precision_score(y == 0, proba[:, 0])
    proba, y = rng.dirichlet([1, 1, 1], 30), np.arange(30) % 3
    assert average_precision(proba, y) == pytest.approx(average_precision_score(np.eye(3)[y], proba))


def test_one_class_of_more_than_a_row_is_too_few():
    X, y = make_data(rare=1)
    with pytest.raises(ValueError, match=r"need two classes of two rows or more to hold out\. Set"):
        Trials(X, y, FakePool, count_new)


def test_the_only_row_of_a_class_is_always_learned_from_and_never_scored():
    X, y = make_data()
    X, y = np.concatenate([X, [[9.0, 9.0]]]), np.concatenate([y, ["alone"]])
    with pytest.warns(SmallClassWarning, match=r"1 of 3 classes are never held out .*\(of one row\): what"):
        trials = Trials(X, y, FakePool, count_new)
    held_out = trials.predict(LogisticRegression(), {"none": CANDIDATES["none"]})
    assert [p.shape[1] for p in held_out.proba["none"]] == [3] * 3
    assert not (np.concatenate(held_out.y) == 0).any()  # "alone" is the first label
    assert len(np.concatenate(held_out.y)) == len(y) - 1
    for scoring in HELD_OUT_SCORES:
        scores, taus = held_out.score(scoring)
        assert np.isfinite(scores).all()
        assert np.isfinite(list(taus.values())).all()


@pytest.mark.filterwarnings("ignore::ganaug.exceptions.SmallClassWarning")
def test_a_score_that_needs_every_class_is_explained():
    X, y = make_data()
    trials = Trials(np.concatenate([X, [[9.0, 9.0]]]), np.concatenate([y, ["alone"]]), FakePool, count_new)
    with pytest.raises(ValueError, match="Number of classes") as caught:
        trials.score(LogisticRegression(), [get_scorer("roc_auc_ovr")], ["none"])
    assert "held out of each class but 'alone', which has one row" in caught.value.__notes__[0]


def test_folds_are_no_more_than_the_rarest_class_has_rows():
    X, y = make_data(rare=2)
    held_out = Trials(X, y, FakePool, count_new).predict(LogisticRegression(), {"none": CANDIDATES["none"]})
    assert [(part == 1).sum() for part in held_out.y] == [1, 1]


def test_a_classifier_that_cannot_read_a_frame_is_explained():
    X, y = make_data()
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(colour="red")
    with pytest.raises(ValueError, match=r"could not convert|Cannot cast") as caught:
        Trials(frame, y, FakePool, count_new).predict(LogisticRegression(), {"none": CANDIDATES["none"]})
    assert caught.value.__notes__ == [
        "The classifier gets columns as they are, and 'colour' hold no numbers: pass a pipeline that encodes them "
        "before the classifier."
    ]
