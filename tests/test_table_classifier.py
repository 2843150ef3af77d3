import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from _tables import make_labels, make_mixed, make_numbers
from scipy import sparse
from sklearn import config_context
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import cross_val_score
from sklearn.utils import estimator_checks as sklearn_checks

from ganaug.table_classifier import N_STEPS, TableClassifier

NUMBERS, MIXED, LABELS = make_numbers(), make_mixed(), make_labels()
WEIGHTS_ARE_NO_REPETITION = "trees and batches are drawn from rows at random, so that a repeated row is not a heavy one"


def expected_failures(estimator):
    """Return scikit-learn's checks that do not apply, as it does for its own forest."""
    names = [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")]
    return dict.fromkeys(names, WEIGHTS_ARE_NO_REPETITION)


@sklearn_checks.parametrize_with_checks(
    [TableClassifier(random_state=0)], expected_failed_checks=expected_failures, xfail_strict=True
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def mixed():
    return TableClassifier(random_state=0).fit(MIXED, LABELS)


def test_a_frame_of_all_types_with_missing_cells_is_learned(mixed):
    proba = mixed.predict_proba(MIXED)
    assert proba.shape == (60, 2)
    np.testing.assert_allclose(proba.sum(1), 1)
    assert balanced_accuracy_score(LABELS, mixed.predict(MIXED)) > 0.9
    assert mixed.feature_names_in_.tolist() == list(MIXED)


def test_the_mean_of_four_kinds_is_predicted(mixed):
    features = mixed.codec_.features(MIXED).astype(float)
    members = mixed.vote_.estimators_
    assert len({type(member) for member in members}) == 4
    expected = np.mean([member.predict_proba(features) for member in members], axis=0)
    np.testing.assert_allclose(mixed.predict_proba(MIXED), expected)


@pytest.mark.parametrize(
    ("column", "value"),
    [("string", "purple"), ("category", "middle"), ("float", None), ("integer", 10**6), ("text", None)],
)
def test_what_training_did_not_see_can_be_classified(mixed, column, value):
    X = MIXED.astype({"category": object}) if column == "category" else MIXED
    row = X.head(3).assign(**{column: pd.Series([value] * 3).astype(X[column].dtype)})
    assert np.isfinite(mixed.predict_proba(row)).all()


@pytest.mark.parametrize("column", ["integer", "small", "Int64", "datetime", "zoned", "duration", "bool", "string"])
def test_a_row_without_a_value_is_as_one_beside_others(mixed, column):
    two = MIXED.head(2).astype({column: object} if MIXED[column].dtype.kind not in "mM" else {})
    two.loc[0, column] = None
    one = two.head(1).assign(**{column: pd.Series([None], dtype=object)})
    np.testing.assert_allclose(mixed.predict_proba(one)[0], mixed.predict_proba(two)[0])


def test_a_list_without_a_value_is_as_one_beside_others():
    X = [[number, "p" if number % 3 else "q"] for number in range(60)]
    fitted = TableClassifier(random_state=0).fit(X, LABELS)
    one, two = fitted.predict_proba([[None, "p"]]), fitted.predict_proba([[None, "p"], [1, "q"]])
    np.testing.assert_allclose(one[0], two[0])


def test_a_column_without_a_value_in_training_is_not_looked_at():
    X = MIXED[["float", "string"]].assign(empty=np.nan, nothing=None, same=1)
    fitted = TableClassifier(random_state=0).fit(X, LABELS)
    proba = fitted.predict_proba(X)
    np.testing.assert_array_equal(fitted.predict_proba(X.assign(empty="late", nothing=3.5, same=2)), proba)


def test_without_variation_shares_are_predicted():
    proba = TableClassifier(random_state=0).fit(np.ones((60, 2)), LABELS).predict_proba(np.ones((3, 2)))
    np.testing.assert_allclose(proba[:, 1], 0.2, atol=0.02)


def test_categories_of_another_kind_are_refused():
    y = ["a", "b"] * 30
    fitted = TableClassifier(random_state=0).fit(pd.DataFrame({"zip": pd.Categorical(["1", "2"] * 30)}), y)
    for given in ([1, 2], pd.Categorical([1, 2])):
        with pytest.raises(TypeError, match="Column 'zip' of X holds numbers, but its categories were strings"):
            fitted.predict(pd.DataFrame({"zip": given}))


def test_what_is_far_away_is_far_away():
    X = pd.DataFrame({"d": pd.date_range("2020", periods=60).astype("M8[ns]"), "x": np.linspace(0, 1, 60)})
    fitted = TableClassifier(random_state=0).fit(X, np.arange(60) > 30)
    days = np.array(["1066-01-01", "2020-01-01", "9999-12-31"], "M8[s]")
    features = fitted.codec_.features(X.head(3).assign(d=days, x=[-1e300, 0, 1e300]), ignore_unseen=True)
    assert (np.diff(features, axis=0) > 1).all()
    assert features[:, 1].tolist() == [-1e6, pytest.approx(features[1, 1]), 1e6]
    assert fitted.predict(X.head(3).assign(d=days, x=[-1e300, 0, 1e300])).tolist() == [False, False, True]


def test_an_unseen_category_says_nothing():
    X = pd.DataFrame({"said": ["yes", "no"] * 30, "noise": np.random.default_rng(0).normal(size=60)})
    fitted = TableClassifier(random_state=0).fit(X, ["yes", "no"] * 30)
    row = X.head(1).assign(noise=0.0)
    known, unknown = (fitted.predict_proba(row.assign(said=said))[0, 1] for said in ("yes", "perhaps"))
    assert known > 0.9
    assert 0.15 < unknown < known - 0.1


@pytest.mark.parametrize("form", ["csr", "frame"])
def test_sparse_rows_are_those_of_dense_ones(form):
    X = np.where(NUMBERS > 0, NUMBERS, 0)
    rows = sparse.csr_matrix(X) if form == "csr" else pd.DataFrame(X).astype(pd.SparseDtype("float64", 0.0))
    dense = TableClassifier(random_state=0).fit(X, LABELS).predict_proba(X)
    np.testing.assert_array_equal(TableClassifier(random_state=0).fit(rows, LABELS).predict_proba(rows), dense)


def test_an_int_repeats_and_pickle_keeps(mixed):
    again = TableClassifier(random_state=0).fit(MIXED, LABELS)
    for other in (again, pickle.loads(pickle.dumps(mixed))):
        np.testing.assert_array_equal(other.predict_proba(MIXED), mixed.predict_proba(MIXED))
    other = TableClassifier(random_state=1).fit(MIXED, LABELS)
    assert not np.array_equal(other.predict_proba(MIXED), mixed.predict_proba(MIXED))


def test_without_a_seed_it_fits():
    assert TableClassifier().fit(NUMBERS, LABELS).predict(NUMBERS).shape == (60,)


def test_weights_raise_a_class():
    X = np.random.default_rng(1).normal(size=(60, 4))
    weights = None, np.where(LABELS == "rare", 10.0, 1.0)
    plain, weighted = (TableClassifier(random_state=0).fit(NUMBERS, LABELS, weight) for weight in weights)
    raised = weighted.vote_.transform(X) - plain.vote_.transform(X)  # one block for each of the four
    assert (raised.reshape(60, 4, 2)[:, :, 1].mean(0) > 0).all()


def test_rows_of_weight_zero_are_left_out():
    weight = np.zeros(300)
    weight[:20] = 1
    X, y = np.random.default_rng(0).normal(size=(300, 3)), np.arange(300) % 2
    weighted = TableClassifier(random_state=0).fit(X, y, weight)
    few = TableClassifier(random_state=0).fit(X[:20], y[:20], np.ones(20))
    assert weighted.vote_.named_estimators_["neural_network"].batch_size == 20
    assert np.abs(weighted.predict_proba(X) - few.predict_proba(X)).mean() < 0.05


def test_a_row_of_weight_zero_decides_nothing():
    weight = np.ones(300)
    weight[7] = 0
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = X[:, 0] + X[:, 1] > 1
    outlier = X.copy()
    outlier[7] = 1e12
    models = [TableClassifier(random_state=0).fit(own, y, weight) for own in (X, outlier, pd.DataFrame(outlier))]
    models.append(TableClassifier(random_state=0).fit(np.delete(X, 7, 0), np.delete(y, 7), np.ones(299)))
    first, *others = [model.predict_proba(own) for model, own in zip(models, (X, X, pd.DataFrame(X), X), strict=True)]
    for other in others:
        np.testing.assert_array_equal(other, first)
    with pytest.raises(ValueError, match="zero"):
        TableClassifier().fit(X, y, np.zeros(300))


@pytest.mark.parametrize("sentinel", [1e7, 1e12])
def test_sentinels_do_not_blind_it(sentinel):
    x = np.random.default_rng(0).normal(size=(600, 1))
    y = x[:, 0] > 1
    x[::100] = sentinel
    model = TableClassifier(random_state=0).fit(x, y)
    members = model.vote_.named_estimators_.values()
    features = model.codec_.features(x)
    assert min(balanced_accuracy_score(y, member.predict(features) == 1) for member in members) > 0.9


def test_negative_weights_are_refused_and_an_earlier_fit_kept():
    fitted = TableClassifier(random_state=0).fit(NUMBERS, LABELS)
    before = fitted.predict_proba(NUMBERS)
    with pytest.raises(ValueError, match="Negative values"):
        fitted.fit(MIXED[["float"]], LABELS, -np.ones(60))
    np.testing.assert_array_equal(fitted.predict_proba(NUMBERS), before)


def test_weights_pass_with_metadata_routing():
    with config_context(enable_metadata_routing=True):
        model = TableClassifier(random_state=0).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=False)
        scores = cross_val_score(model, NUMBERS, LABELS, cv=2, params={"sample_weight": np.ones(60)})
    assert scores.min() > 0.5


@pytest.mark.parametrize("random_state", [2**40, np.random.RandomState(0), np.random.default_rng(0)])
def test_any_seed_will_do(random_state):
    assert TableClassifier(random_state=random_state).fit(NUMBERS, LABELS).predict(NUMBERS).shape == (60,)


@pytest.mark.parametrize("n", [60, 300])
def test_the_network_takes_as_many_steps_for_any_number_of_rows(n):
    X, y = np.random.default_rng(0).normal(size=(n, 2)), np.arange(n) % 2
    network = TableClassifier(random_state=0).fit(X, y).vote_.named_estimators_["neural_network"]
    assert network.n_iter_ * np.ceil(n / 128) == pytest.approx(N_STEPS, rel=0.01)


def test_training_and_prediction_are_silent():
    ids = pd.DataFrame({"id": [f"row {i}" for i in range(100)], "x": np.arange(100.0)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = TableClassifier(random_state=0).fit(ids, np.arange(100) % 2)
        fitted.predict(ids.assign(id="new"))


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (NUMBERS, ["only"] * 60, "y has one class only, 'only'; classifying takes two or more"),
        (NUMBERS, None, "requires y to be passed, but the target y is None"),
        (NUMBERS, LABELS[:9], "inconsistent numbers of samples"),
        (NUMBERS, np.linspace(0, 1, 60), "Unknown label type: continuous"),
        (np.where(NUMBERS > 100, np.inf, NUMBERS), LABELS, "holds infinity"),
    ],
)
def test_bad_input_is_refused_before_training(X, y, message, monkeypatch):
    monkeypatch.setattr("ganaug.table_classifier.VotingClassifier", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(ValueError, match=message):
        TableClassifier().fit(X, y)


def test_renamed_and_lacking_columns_are_refused(mixed):
    with pytest.raises(ValueError, match="feature names should match"):
        mixed.predict(MIXED.rename(columns={"float": "other"}))
    with pytest.raises(ValueError, match="X has 3 features, but TableClassifier is expecting 4"):
        TableClassifier(random_state=0).fit(NUMBERS, LABELS).predict(NUMBERS[:, :3])


def test_a_class_without_weight_is_told_from_one_without_rows():
    with pytest.raises(ValueError, match="y, in rows whose sample_weight is not zero, has one class only"):
        TableClassifier().fit(NUMBERS, LABELS, sample_weight=LABELS[0] == LABELS)
