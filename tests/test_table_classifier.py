import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from _tables import make_labels, make_mixed, make_numbers
from scipy import sparse
from sklearn.metrics import balanced_accuracy_score
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
        (np.ones((6, 2)), [0, 1] * 3, r"Every column of X is constant \(n_samples=6\)"),
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
