import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from ganaug import GANOverSampler
from ganaug.calibration import (
    SHIFT_GRID,
    SHIFT_SCORES,
    ShiftedClassifier,
    choose_shift,
    shift_logits,
)


def make_overlap(n=600, rare=40, seed=0):
    """Return two overlapping classes, one of them rare, so that a classifier hardly ever predicts it."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < rare).astype(int)
    return rng.normal(size=(n, 2)) + 1.2 * y[:, None], y


def test_shift_by_one_undoes_the_prior():
    prior = np.array([1, 9])
    posterior = np.array([[0.3, 0.7]])  # Balanced odds: 0.3 / 0.1 against 0.7 / 0.9.
    shifted = np.exp(shift_logits(np.log(posterior), prior, 1.0))
    assert shifted[0, 0] / shifted[0, 1] == pytest.approx((0.3 / 0.1) / (0.7 / 0.9))


@pytest.mark.parametrize("name", SHIFT_SCORES)
def test_chosen_shift_is_nearly_the_best_of_the_grid(name):
    rng = np.random.default_rng(0)
    y, prior = np.repeat(np.arange(3), 2000), np.array([1, 5, 50])
    logits, score = shift_logits(np.eye(3)[y] + rng.normal(size=(6000, 3)), prior, -1.0), SHIFT_SCORES[name]
    tau = choose_shift(logits, y, prior, score)
    best = max(score(y, shift_logits(logits, prior, each).argmax(1)) for each in SHIFT_GRID)
    assert score(y, shift_logits(logits, prior, tau).argmax(1)) == pytest.approx(best, abs=0.005)
    assert tau == pytest.approx(1, abs=0.2)


def test_a_shift_that_is_best_by_chance_is_averaged_with_its_like():
    """One lucky row makes tau = 2 the best of these; 1 and 3 are within half a standard error."""
    y, prior = np.repeat([0, 1], [8, 2]), np.array([8, 2])
    scores = dict.fromkeys([0.0, 1.0, 2.0, 3.0, 4.0], 0.5) | {1.0: 0.85, 2.0: 0.9, 3.0: 0.85}
    given = iter(scores.values())
    assert choose_shift(np.zeros((10, 2)), y, prior, lambda *_: next(given), list(scores)) == 2.0
    given = iter([0.5, 0.5, 0.9, 0.85, 0.5])
    assert choose_shift(np.zeros((10, 2)), y, prior, lambda *_: next(given), list(scores)) == 2.5


@parametrize_with_checks([ShiftedClassifier(LogisticRegression())])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("scoring", "score"),
    [("balanced_accuracy", balanced_accuracy_score), ("f1_macro", lambda *y: f1_score(*y, average="macro"))],
)
def test_rare_rows_are_found_without_touching_the_probabilities(scoring, score):
    X, y = make_overlap()
    X_test, y_test = make_overlap(seed=1)
    plain = LogisticRegression().fit(X, y)
    shifted = ShiftedClassifier(LogisticRegression(), scoring=scoring, random_state=0).fit(X, y)
    assert shifted.tau_ > 0
    assert score(y_test, shifted.predict(X_test)) > score(y_test, plain.predict(X_test)) + 0.02
    np.testing.assert_array_equal(shifted.predict_proba(X_test), plain.predict_proba(X_test))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scoring", SHIFT_SCORES)
def test_a_class_of_one_row_has_no_say(scoring):
    X, y = make_overlap()
    with_one = np.where(np.arange(len(y)) == 599, 2, y)
    shifted, without = (
        ShiftedClassifier(LogisticRegression(), scoring=scoring, random_state=0).fit(X[:n], labels[:n])
        for n, labels in ((600, with_one), (599, y))
    )
    assert shifted.tau_ == pytest.approx(without.tau_, abs=0.2)
    assert shifted.predict_proba(X).shape == (600, 3)
    assert np.mean(shifted.predict(X[:599]) == without.predict(X[:599])) > 0.98


def test_classes_of_one_row_beside_one_other_leave_the_decisions_as_they_are():
    X, y = make_overlap()
    y = np.where(np.arange(len(y)) == 599, 2, 0)
    shifted = ShiftedClassifier(LogisticRegression()).fit(X, y)
    assert shifted.tau_ == 0
    np.testing.assert_array_equal(shifted.predict(X), LogisticRegression().fit(X, y).predict(X))


def test_there_are_as_many_folds_as_asked_for(monkeypatch):
    fits, fit = [], LogisticRegression.fit
    monkeypatch.setattr(LogisticRegression, "fit", lambda self, X, y: fits.append(y) or fit(self, X, y))
    ShiftedClassifier(LogisticRegression(), cv=5).fit(*make_overlap())
    assert len(fits) == 5 + 1


def test_groups_stay_together(monkeypatch):
    X, y = make_overlap()
    groups, seen, fit = np.arange(len(y)) // 2 % 40, [], LogisticRegression.fit
    monkeypatch.setattr(LogisticRegression, "fit", lambda self, X, y: seen.append(X) or fit(self, X, y))
    ShiftedClassifier(LogisticRegression(), random_state=0).fit(X, y, groups=groups)
    group_of = {row.tobytes(): group for row, group in zip(X, groups, strict=True)}
    assert len(seen) == 1 + 3
    for part in seen[1:]:
        counts = np.bincount([group_of[row.tobytes()] for row in part], minlength=40)
        assert set(counts / np.bincount(groups)) == {0, 1}


def test_routed_groups_reach_a_sampler_before_the_classifier(monkeypatch):
    X, y = make_overlap()
    seen, groups = [], np.arange(len(y)) % 30
    sampler = GANOverSampler(dose=0)
    fit_resample = GANOverSampler.fit_resample
    monkeypatch.setattr(
        GANOverSampler,
        "fit_resample",
        lambda self, X, y, *, groups=None: seen.append(groups) or fit_resample(self, X, y),
    )
    shifted = ShiftedClassifier(make_pipeline(sampler, GaussianNB()), random_state=0)
    shifted.fit(X, y, groups=groups)
    assert seen == [None] * 4
    with config_context(enable_metadata_routing=True):
        shifted.fit(X, y, groups=groups)
    assert [len(np.unique(own)) for own in seen[4:]] == [30, 20, 20, 20]


def test_processes_find_what_one_does():
    X, y = make_overlap()
    assert len({ShiftedClassifier(GaussianNB(), n_jobs=n, random_state=0).fit(X, y).tau_ for n in (None, 2)}) == 1


def test_labels_come_back_and_frames_go_through():
    X, y = make_overlap()
    labels = np.array(["common", "rare"])[y]
    shifted = ShiftedClassifier(LogisticRegression(), random_state=0).fit(pd.DataFrame(X, columns=["a", "b"]), labels)
    assert set(shifted.predict(pd.DataFrame(X, columns=["a", "b"]))) == {"common", "rare"}
    assert shifted.classes_.tolist() == ["common", "rare"]


def test_goes_around_a_pipeline_with_a_sampler():
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.pipeline import make_pipeline

    X, y = make_overlap()
    balanced = make_pipeline(RandomOverSampler(random_state=0), LogisticRegression())
    shifted = ShiftedClassifier(balanced, random_state=0).fit(X, y)
    assert shifted.tau_ < ShiftedClassifier(LogisticRegression(), random_state=0).fit(X, y).tau_


def test_clones_repeat_and_search_reaches_inside():
    X, y = make_overlap()
    search = GridSearchCV(ShiftedClassifier(LogisticRegression(), random_state=0), {"estimator__C": [0.1, 1.0]}, cv=2)
    search.fit(X, y)
    assert clone(search.best_estimator_).fit(X, y).tau_ == search.best_estimator_.tau_


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scoring": "accuracy"}, "'scoring' parameter of ShiftedClassifier must be a str among"),
        ({"cv": 1}, "'cv' parameter of ShiftedClassifier must be an int in the range"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    X, y = make_overlap()
    with pytest.raises(ValueError, match=message):
        ShiftedClassifier(LogisticRegression(), **parameters).fit(X, y)


def test_an_int_seeds_the_estimator_and_names_of_columns_are_kept():
    X, y = make_overlap()
    frame = pd.DataFrame(X, columns=["a", "b"])
    first, second = (ShiftedClassifier(RandomForestClassifier(5), random_state=3).fit(frame, y) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(frame), second.predict_proba(frame))
    assert first.tau_ == second.tau_
    assert first.feature_names_in_.tolist() == ["a", "b"]


def test_without_a_seed_numpys_global_numbers_decide():
    X, y = make_overlap()
    fits = []
    for _ in range(2):
        np.random.seed(0)  # noqa: NPY002 - it is what scikit-learn's None means
        fits.append(ShiftedClassifier(RandomForestClassifier(5)).fit(X, y))
    np.testing.assert_array_equal(fits[0].predict_proba(X), fits[1].predict_proba(X))
    assert fits[0].estimator_.random_state is None


def test_a_target_is_asked_for():
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        ShiftedClassifier(LogisticRegression()).fit(make_overlap()[0], None)
