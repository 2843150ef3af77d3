import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ganaug.dose import CANDIDATES
from ganaug.dose_prior import Prior, family_of, find_prior, find_shifted_prior, score_kind
from ganaug.table_classifier import TableClassifier


class OwnForest(RandomForestClassifier):
    """A user's subclass."""


@pytest.mark.parametrize(
    ("estimator", "family"),
    [
        (LogisticRegression(), "linear"),
        (DecisionTreeClassifier(), "forest"),
        (OwnForest(), "forest"),
        (HistGradientBoostingClassifier(), "boosting"),
        (MLPClassifier(), "network"),
        (make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), KNeighborsClassifier())), "neighbors"),
        (TableClassifier(), "vote"),
        (VotingClassifier([("linear", LogisticRegression())], voting="soft"), "vote"),
        (object(), "any"),
        (None, "any"),
    ],
)
def test_family(estimator, family):
    assert family_of(estimator) == family


@pytest.mark.parametrize(
    ("scoring", "kind"),
    [
        (None, "balanced_accuracy"),
        ("geometric_mean", "balanced_accuracy"),
        ("f1_weighted", "f1_macro"),
        ("roc_auc_ovr", "average_precision"),
        ("neg_brier_score", "average_precision"),
        (len, "balanced_accuracy"),
        ("something of the user's", "balanced_accuracy"),
    ],
)
def test_score_kind(scoring, kind):
    assert score_kind(scoring) == kind


@pytest.mark.parametrize(
    "prior",
    [
        *(
            find_prior(estimator, scoring)
            for estimator in (
                None,
                LogisticRegression(),
                RandomForestClassifier(),
                KNeighborsClassifier(),
                TableClassifier(),
            )
            for scoring in ("balanced_accuracy", "f1_macro", "average_precision")
        ),
        *(
            find_shifted_prior(estimator, scoring)
            for estimator in (None, TableClassifier())
            for scoring in ("balanced_accuracy", "f1_macro")
        ),
    ],
)
def test_every_prior_knows_every_candidate(prior):
    assert prior.names == [name for name in CANDIDATES if name != "none"]
    n = len(prior.names)
    assert prior.mean.shape == (n,)
    for covariance in (prior.between, prior.within):
        assert covariance.shape == (n, n)
        assert np.linalg.eigvalsh(covariance).min() > 0


@pytest.mark.parametrize("estimator", [None, TableClassifier()])
def test_ranks_have_one_prior_with_the_shift_and_without(estimator):
    assert find_shifted_prior(estimator, "average_precision") is find_prior(estimator, "average_precision")


def test_single_classifiers_have_one_prior_with_the_shift_and_votes_their_own():
    priors = [
        find_shifted_prior(estimator, "f1_macro") for estimator in (None, LogisticRegression(), TableClassifier())
    ]
    assert priors[0] is priors[1]
    assert priors[0] is not priors[2]


def test_top_keeps_the_best_in_their_order():
    covariance = np.arange(9.0).reshape(3, 3)
    prior = Prior(["a", "b", "c"], np.array([0.1, -0.2, 0.3]), covariance, covariance)
    top = prior.top(2)
    assert top.names == ["a", "c"]
    assert top.mean.tolist() == [0.1, 0.3]
    assert top.between.tolist() == [[0, 2], [6, 8]]
    assert prior.best == "c"


def test_priors_of_some_candidates_keep_their_order():
    covariance = np.arange(9.0).reshape(3, 3)
    some = Prior(["a", "b", "c"], np.array([0.1, -0.2, 0.3]), covariance, covariance, 0.2).of({"c", "b", "unknown"})
    assert some.names == ["b", "c"]
    assert some.mean.tolist() == [-0.2, 0.3]
    assert some.within.tolist() == [[4, 5], [7, 8]]
    assert some.choosing == 0.2


def test_best_is_none_if_nothing_gained():
    assert Prior(["a"], np.array([-0.1]), np.eye(1), np.eye(1)).best == "none"


@pytest.mark.parametrize(("choosing", "is_tried"), [(None, True), (0.01, True), (0.0, False), (-0.01, False)])
def test_nothing_is_tried_where_choosing_gained_nothing(choosing, is_tried):
    prior = Prior(["gan", "smote"], np.array([0.1, 0.2]), np.eye(2), np.eye(2), choosing)
    assert prior.top(1).names == (["smote"] if is_tried else [])
    assert prior.best == ("smote" if is_tried else "none")


def test_votes_are_advised_against_new_rows_once_their_decisions_are_moved():
    vote = TableClassifier()
    scorings = ("balanced_accuracy", "f1_macro", "average_precision")
    assert [find_shifted_prior(vote, scoring).best for scoring in scorings] == ["none"] * 3
    assert find_prior(vote, "balanced_accuracy").best != "none"
