import pickle
import re

import numpy as np
import pandas as pd
import pytest
from _tables import make_labels, make_mixed, make_numbers, tiny_table_gan
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, GroupKFold, LeaveOneGroupOut, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ganaug import GANBalancedClassifier, GANOverSampler
from ganaug.calibration import ShiftedClassifier
from ganaug.dose import CANDIDATES, N_TRIED, Choice
from ganaug.dose_prior import Prior, find_prior, find_shifted_prior
from ganaug.exceptions import SmallClassWarning
from ganaug.inner_folds import inner_folds
from ganaug.table_classifier import TableClassifier
from ganaug.trials import HELD_OUT_SCORES, HeldOut

NUMBERS, MIXED, LABELS = make_numbers(), make_mixed(), make_labels()


def make_classifier(estimator=None, scoring="balanced_accuracy", random_state=0, **sampler):
    estimator = LogisticRegression(max_iter=1000) if estimator is None else estimator
    sampler = GANOverSampler(tiny_table_gan(), **{"dose": "auto", **sampler})
    return GANBalancedClassifier(estimator, sampler, scoring=scoring, random_state=random_state)


def make_overlap(n=400, rare=30, seed=0):
    y = (np.arange(n) < rare).astype(int)
    return np.random.default_rng(seed).normal(size=(n, 2)) + 1.5 * y[:, None], y


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "f1_macro", "average_precision"])
def test_a_choice_is_made_and_done(scoring):
    X, y = make_overlap()
    fitted = make_classifier(scoring=scoring).fit(X, y)
    choice = fitted.choice_
    assert len(choice.table) == N_TRIED
    assert fitted.sampler_.dose_ == choice.candidate.dose
    assert fitted.sampler_.n_new_ == {1: round(340 * choice.candidate.dose)}
    assert fitted.verdict_.startswith(choice.verdict)
    assert choice.name == "none" or " over none " in choice.verdict or " over moved decisions alone " in choice.verdict
    assert (fitted.tau_ == 0) == (scoring == "average_precision")


@pytest.mark.parametrize("ensemble", [True, False])
def test_what_was_chosen_is_done_with_its_own_filter_and_shift(ensemble, monkeypatch):
    prior = Prior(["duplicate", "filtered_25"], np.zeros(2), np.eye(2), np.eye(2))
    seen = []

    def decide(scores, n_rare, *_):
        seen.append(n_rare)
        return Choice("filtered_25", 0.1, (0.0, 0.2), "", {})

    monkeypatch.setattr("ganaug.balanced_classifier.find_shifted_prior", lambda *_: prior)
    monkeypatch.setattr("ganaug.balanced_classifier." + ("average" if ensemble else "choose"), decide)
    taus = {"none": 1.0, "duplicate": 2.0, "filtered_25": 3.0}
    monkeypatch.setattr(HeldOut, "average", lambda self, weights, _: ([], np.empty(0), taus[next(iter(weights))]))
    fitted = make_classifier().set_params(ensemble=ensemble).fit(*make_overlap())
    sampler = fitted.sampler_
    assert (sampler.dose_, sampler.sources_, sampler.filter_) == (0.25, {"gan": 1.0}, "confidence")
    assert fitted.tau_ == 3.0
    assert seen == [10]  # rows of the rarest class in a test part


def test_it_finds_rare_rows_that_the_classifier_alone_does_not():
    X, y = make_overlap()
    X_test, y_test = make_overlap(seed=1)
    fitted = make_classifier().fit(X, y)
    plain = LogisticRegression().fit(X, y)
    scores = [balanced_accuracy_score(y_test, each.predict(X_test)) for each in (fitted, plain)]
    assert scores[0] > scores[1] + 0.1


def test_none_is_the_shifted_classifier():
    """With dose 0 nothing is left but the shift, as `ShiftedClassifier` chooses it on folds of its own."""
    X, y = make_overlap()
    fitted = make_classifier(dose=0.0).set_params(ensemble=False).fit(X, y)
    shifted = ShiftedClassifier(LogisticRegression(max_iter=1000), random_state=0).fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(X), shifted.predict_proba(X))
    assert fitted.tau_ == pytest.approx(shifted.tau_, abs=0.5)
    assert not fitted.sampler_.synthetic_mask_.any()
    assert fitted.verdict_.startswith("No new rows as the sampler says. Decisions moved by")
    assert fitted.choice_ is None


def test_classifiers_of_the_inner_folds_join_the_final_one():
    X, y = make_overlap()
    alone = make_classifier(dose=0.0).set_params(ensemble=False).fit(X, y)
    together = make_classifier(dose=0.0).fit(X, y)
    assert alone.estimators_ == [alone.estimator_]
    assert len(together.estimators_) == 4
    assert together.tau_ == alone.tau_
    proba = [one.predict_proba(X) for one in together.estimators_]
    np.testing.assert_array_equal(proba[0], alone.predict_proba(X))
    assert np.abs(proba[1] - proba[0]).max() > 1e-3
    expected = np.exp(np.mean(np.log(proba), axis=0))
    np.testing.assert_allclose(together.predict_proba(X), expected / expected.sum(1, keepdims=True))


def test_a_vote_takes_the_shift_alone_without_a_gan(monkeypatch):
    monkeypatch.setattr("ganaug.TableGAN.fit", lambda *args: pytest.fail("trained"))
    X, y = make_overlap(120)
    fitted = GANBalancedClassifier(random_state=0).fit(X, y)
    assert fitted.choice_.name == "none"
    assert fitted.tau_ > 0
    assert fitted.verdict_.startswith(
        "Use none: with such a classifier, choosing among candidates gained no more than its standard "
        "error on the tables of the development suite, in the mean of balanced accuracy, macro-F1 and average "
        "precision, so none was tried. Decisions moved by"
    )
    assert fitted.estimators_ == [fitted.estimator_]
    together = GANBalancedClassifier(ensemble=True, random_state=0).fit(X, y)
    assert [type(one) for one in together.estimators_] == [TableClassifier] * 4


def test_sparse_rows_that_nothing_is_added_to_are_never_made_dense(monkeypatch):
    for module in ("over_sampling", "trials"):
        monkeypatch.setattr(f"ganaug.{module}.densify", lambda X: pytest.fail("made dense"))
    X, y = make_overlap(120)
    rows, vote = sparse.csr_matrix(X), VotingClassifier([("linear", LogisticRegression())], voting="soft")
    fitted = GANBalancedClassifier(vote, random_state=0).fit(rows, y)
    np.testing.assert_array_equal(fitted.predict(rows), fitted.predict(X))


class SeesShares(LogisticRegression):
    """Remembers the share of rare rows that it was trained on."""

    def fit(self, X, y):
        self.rare_share_ = y.mean()
        return super().fit(X, y)


@pytest.mark.parametrize("dose", ["auto", 0.5])
def test_the_ensemble_is_that_of_what_was_chosen(dose, monkeypatch):
    first = lambda scores, n, prior, scoring, baseline: Choice(prior.names[0], 0.1, (0.0, 0.2), scoring, {})  # noqa: E731
    monkeypatch.setattr("ganaug.balanced_classifier.average", first)
    fitted = make_classifier(SeesShares(), dose=dose).fit(*make_overlap())
    final, *inner = [one.rare_share_ for one in fitted.estimators_]
    assert final > 2 * 30 / 400
    assert inner == pytest.approx([final] * 3, abs=0.01)
    np.testing.assert_allclose(fitted.weights_, 0.25)


def test_candidates_count_by_their_weights(monkeypatch):
    prior = Prior(["duplicate", "smote"], np.zeros(2), np.eye(2), np.eye(2))
    weights = {"none": 0.2, "duplicate": 0.8}
    several = lambda *_: Choice("duplicate", 0.1, (0.0, 0.2), "", {}, weights=weights)  # noqa: E731
    monkeypatch.setattr("ganaug.balanced_classifier.find_shifted_prior", lambda *_: prior)
    monkeypatch.setattr("ganaug.balanced_classifier.average", several)
    X, y = make_overlap()
    fitted = make_classifier(SeesShares()).fit(X, y)
    shares = [one.rare_share_ for one in fitted.estimators_]
    assert shares == pytest.approx([0.5] + [30 / 400] * 3 + [0.5] * 3, abs=0.01)
    np.testing.assert_allclose(fitted.weights_, np.array([1.0] + [0.2] * 3 + [0.8] * 3) / 4)
    logits = np.average([np.log(one.predict_proba(X)) for one in fitted.estimators_], axis=0, weights=fitted.weights_)
    expected = np.exp(logits)
    np.testing.assert_allclose(fitted.predict_proba(X), expected / expected.sum(1, keepdims=True))


@pytest.mark.parametrize("form", ["csr", "frame"])
def test_inner_classifiers_see_sparse_rows_as_the_final_one_does(form):
    X, y = make_overlap(120)
    X[X < 0] = 0
    rows = sparse.csr_matrix(X) if form == "csr" else pd.DataFrame(X).astype(pd.SparseDtype("float64", 0.0))
    fitted = make_classifier(KNeighborsClassifier(), dose=0.5).fit(rows, y)
    methods = {one._fit_method for one in fitted.estimators_}
    assert len(fitted.estimators_) == 4
    assert methods == {"brute"}  # what nearest neighbours do with sparse rows
    np.testing.assert_allclose(fitted.predict_proba(rows).sum(1), 1)


@pytest.mark.parametrize("dose", ["auto", 0.0])
def test_without_a_seed_each_fit_draws_its_own(dose):
    fitted = make_classifier(dose=dose, random_state=None).fit(NUMBERS, LABELS)
    assert fitted.predict(NUMBERS).shape == (60,)


def test_sources_and_filter_of_the_sampler_hold_for_the_default_dose():
    fitted = make_classifier(dose="default", sources={"duplicate": 1}).fit(NUMBERS, LABELS)
    assert fitted.sampler_.sources_ == {"duplicate": 1}
    assert fitted.sampler_.gan_ is None
    fitted = make_classifier(dose="default", filter="neighbour").fit(NUMBERS, LABELS)
    assert fitted.sampler_.filter_ == "neighbour"


@pytest.mark.parametrize("change", [{"dose": 5.0}, {"dose": "Auto"}, {"filter": "bogus"}, {"k_neighbors": 0}])
def test_the_sampler_is_checked_before_any_training(change):
    class Untouched(LogisticRegression):
        def fit(self, X, y):
            raise AssertionError("trained")

    with pytest.raises(ValueError, match=f"'{next(iter(change))}' parameter of GANOverSampler must be"):
        make_classifier(Untouched(), **change).fit(NUMBERS, LABELS)


def test_auto_is_refused_beside_sources_also_where_a_class_has_one_row():
    y = np.array(["common"] * 59 + ["rare"])
    with pytest.raises(ValueError, match="dose='auto' chooses sources and filter itself"):
        make_classifier(sources={"duplicate": 1}).fit(NUMBERS, y)


def test_a_named_way_is_taken_and_only_the_shift_chosen():
    fitted = make_classifier(dose=0.5, sources={"duplicate": 1}).fit(NUMBERS, LABELS)
    assert fitted.choice_ is None
    assert set(fitted.sampler_.source_) == {"real", "duplicate"}
    assert fitted.sampler_.n_new_ == {"rare": 18}
    assert fitted.verdict_.startswith("duplicate at dose 0.5 as the sampler says")


def test_the_default_way_is_the_priors_best():
    forest = RandomForestClassifier(5, random_state=0)
    fitted = make_classifier(forest, dose="default").fit(NUMBERS, LABELS)
    assert fitted.choice_ is None
    best = CANDIDATES[find_shifted_prior(forest, "balanced_accuracy").best]
    sampler = fitted.sampler_
    assert (sampler.dose_, sampler.sources_, sampler.filter_) == (best.dose, dict(best.sources), best.filter)


def test_mixed_frames_reach_a_pipeline_as_they_are():
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["category", "bool"]), remainder="drop")
    fitted = make_classifier(make_pipeline(encode, LogisticRegression()), dose=1.0).fit(MIXED, LABELS)
    assert set(fitted.predict(MIXED)) <= {"common", "rare"}
    assert fitted.feature_names_in_.tolist() == list(MIXED)
    assert fitted.n_features_in_ == MIXED.shape[1]


def test_without_an_estimator_a_table_of_any_columns_is_classified():
    fitted = GANBalancedClassifier(sampler=GANOverSampler(tiny_table_gan(), dose=0.5), random_state=0)
    fitted.fit(MIXED, LABELS)
    assert [type(one) for one in fitted.estimators_] == [TableClassifier]
    assert set(fitted.predict(MIXED)) == {"common", "rare"}
    assert fitted.estimator is None
    again = clone(fitted).fit(MIXED, LABELS)
    np.testing.assert_array_equal(again.predict_proba(MIXED), fitted.predict_proba(MIXED))


def test_inner_folds_may_lack_what_tells_rows_apart():
    X = MIXED[["float"]].assign(rare=pd.Series([3.5, *[None] * 59], dtype=object), flag=[1, *[0] * 59])
    for columns in (["float", "rare"], ["flag"]):
        fitted = GANBalancedClassifier(sampler=GANOverSampler(tiny_table_gan(), dose=0.5), random_state=0)
        assert len(fitted.fit(X[columns], LABELS).predict(X[columns])) == 60


def test_images_need_an_estimator():
    images = np.zeros((60, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match=r"X has shape \(60, 8, 8, 3\), and without an estimator only tables"):
        GANBalancedClassifier().fit(images, LABELS)


def test_an_int_repeats_and_pickle_keeps():
    X, y = make_overlap()
    first, second = make_classifier().fit(X, y), clone(make_classifier()).fit(X, y)
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert first.tau_ == second.tau_
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(first)).predict(X), first.predict(X))


def test_cross_validation_and_search_reach_inside():
    X, y = make_overlap(120, 20)
    assert cross_val_score(make_classifier(), X, y, cv=2, scoring="balanced_accuracy").min() > 0.5
    grid = {"estimator__C": [0.1, 1.0], "sampler__gan__max_steps": [1]}
    assert GridSearchCV(make_classifier(dose=1.0), grid, cv=2).fit(X, y).best_estimator_.sampler_.gan_.max_steps == 1


class TestInnerFolds:
    GROUPS = np.arange(400) % 20

    def test_groups_stay_together(self, monkeypatch):
        X, y = make_overlap()
        seen, fit = [], KNeighborsClassifier.fit
        monkeypatch.setattr(KNeighborsClassifier, "fit", lambda self, X, y: seen.append(X) or fit(self, X, y))
        fitted = make_classifier(KNeighborsClassifier(), dose=0.0).fit(X, y, groups=self.GROUPS)
        assert len(fitted.estimators_) == 4
        group_of = {row.tobytes(): group for row, group in zip(X, self.GROUPS, strict=True)}
        in_training = [{group_of[row.tobytes()] for row in part} for part in seen]
        assert [len(part) for part in in_training[-1:]] == [20]
        for own, rows in zip(in_training[:-1], seen, strict=False):
            assert len(rows) == 20 * len(own) < 400

    def test_splits_may_be_given_even_as_an_iterator(self):
        X, y = make_overlap()
        splits = list(StratifiedKFold(2).split(X, y))
        fitted = [
            make_classifier(dose=0.0).set_params(cv=cv).fit(X, y) for cv in (splits, iter(splits), StratifiedKFold(2))
        ]
        assert {len(one.estimators_) for one in fitted} == {3}
        assert len({one.tau_ for one in fitted}) == 1

    def test_processes_find_what_one_does(self):
        X, y = make_overlap()
        one, two = (make_classifier().set_params(n_jobs=n).fit(X, y) for n in (None, 2))
        assert one.verdict_ == two.verdict_
        np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))

    def test_groups_of_outer_folds_reach_the_inner_ones(self, monkeypatch):
        X, y = make_overlap()
        seen = []
        monkeypatch.setattr(
            "ganaug.trials.inner_folds",
            lambda y, cv, groups, *_: seen.append(groups) or inner_folds(y, cv, groups),
        )
        steps = make_pipeline(StandardScaler(), make_classifier(dose=0.0))
        with config_context(enable_metadata_routing=True):
            cross_val_score(steps, X, y, cv=GroupKFold(2), params={"groups": self.GROUPS}, error_score="raise")
        assert [len(np.unique(groups)) for groups in seen] == [10, 10]

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("scoring", HELD_OUT_SCORES)
    def test_decisions_move_by_all_test_parts_together_even_if_some_lack_a_class(self, scoring):
        X, y = make_overlap()
        groups = np.where(y == 1, np.arange(400) % 4, np.arange(400) % 10)
        classifier = make_classifier(dose=1.0, sources={"smote": 1}, scoring=scoring).set_params(cv=LeaveOneGroupOut())
        assert len(classifier.fit(X, y, groups=groups).estimators_) == 11

    @pytest.mark.parametrize("cv", [1, 2.5, None, 0])
    def test_other_numbers_are_refused(self, cv):
        with pytest.raises(ValueError, match="'cv' parameter of GANBalancedClassifier must be"):
            make_classifier().set_params(cv=cv).fit(NUMBERS, LABELS)


def test_the_given_sampler_is_not_touched():
    classifier = make_classifier()
    classifier.fit(NUMBERS, LABELS)
    assert classifier.sampler.dose == "auto"
    assert classifier.sampler.estimator is None
    assert not hasattr(classifier.sampler, "dose_")


def test_a_class_of_one_row_falls_back_and_says_so():
    y = np.array(["common"] * 59 + ["rare"])
    with pytest.warns(SmallClassWarning) as caught:
        fitted = make_classifier().fit(NUMBERS, y)
    assert "hold out fewer than two of 2 classes, for want of rows" in str(caught[0].message)
    assert fitted.tau_ == 0
    assert set(fitted.sampler_.source_) == {"real", "duplicate"}
    assert fitted.verdict_ == fitted.sampler_.verdict_


@pytest.mark.parametrize("dose", ["auto", "default", 0.5])
@pytest.mark.parametrize("scoring", HELD_OUT_SCORES)
def test_beside_other_classes_that_of_one_row_has_no_say(dose, scoring):
    X, y = make_overlap()
    y = np.where(np.arange(len(y)) == 0, 2, y)
    with pytest.warns(SmallClassWarning) as caught:
        fitted = make_classifier(scoring=scoring, dose=dose).fit(X, y)
    assert any("measured on the other classes" in str(warning.message) for warning in caught)
    assert (fitted.tau_ == 0) == (scoring == "average_precision")
    assert fitted.predict_proba(X).shape == (len(y), 3)
    assert len(fitted.estimators_) == 4


def test_decisions_move_toward_a_class_of_one_row_as_toward_the_most_frequent():
    X, y = make_overlap()
    y = np.where(np.arange(len(y)) == 0, 2, y)
    with pytest.warns(SmallClassWarning):
        fitted = make_classifier(dose=0.0).fit(X, y)
    assert fitted.prior_ == pytest.approx(np.array([370, 29, 370]) / 769)


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "f1_macro"])
@pytest.mark.filterwarnings("ignore::ganaug.exceptions.SmallClassWarning")
def test_with_a_class_of_one_row_auto_and_default_do_the_same(scoring):
    y = np.array(["common"] * 59 + ["rare"])
    verdicts = {make_classifier(scoring=scoring, dose=dose).fit(NUMBERS, y).verdict_ for dose in ("auto", "default")}
    best = CANDIDATES[find_prior(LogisticRegression(), scoring).best]
    assert len(verdicts) == 1
    assert f"nothing to choose by: {best} by default. Decisions are not moved." in verdicts.pop()


@pytest.mark.parametrize("dose", ["auto", "default", 0.5])
def test_where_no_class_lacks_rows_nothing_is_made_or_moved(dose, monkeypatch):
    monkeypatch.setattr("ganaug.TableGAN.fit", lambda *args: pytest.fail("trained"))
    fitted = make_classifier(dose=dose).fit(NUMBERS, np.arange(60) % 2)
    assert fitted.verdict_ == (
        "Nothing to add: no class lacks rows of what the sampling strategy asks for. Decisions are not moved."
    )
    assert (fitted.tau_, fitted.choice_) == (0.0, None)


def test_an_estimator_without_a_seed_gets_one():
    first, second = (make_classifier(RandomForestClassifier(5), dose=0.5).fit(NUMBERS, LABELS) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(NUMBERS), second.predict_proba(NUMBERS))
    assert first.estimator.random_state is None
    kept = make_classifier(RandomForestClassifier(5, random_state=3), dose=0.5).fit(NUMBERS, LABELS)
    assert kept.estimator_.random_state == 3


def test_a_refit_on_an_array_forgets_the_names_of_columns():
    fitted = make_classifier(dose=0.0).fit(pd.DataFrame(NUMBERS).add_prefix("x"), LABELS)
    assert fitted.feature_names_in_.tolist() == [f"x{i}" for i in range(NUMBERS.shape[1])]
    assert not hasattr(fitted.fit(NUMBERS, LABELS), "feature_names_in_")


def test_a_class_too_small_for_the_gan_is_told_once_and_by_its_size_in_all_rows():
    y = np.array(["common"] * 56 + ["rare"] * 4)
    with pytest.warns(SmallClassWarning) as caught:
        fitted = make_classifier(dose=0.5, sources={"gan": 1}).fit(NUMBERS, y)
    rows = [re.search(r"'rare' \((\d) rows\)", str(one.message)).group(1) for one in caught]
    assert rows == ["4"]
    assert fitted.verdict_.endswith("Classes too small for that: 'rare' (4 rows): 26 by smote.")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scoring": "accuracy"}, "'scoring' parameter of GANBalancedClassifier must be a str among"),
        ({"estimator": object()}, "'estimator' parameter of GANBalancedClassifier must be an object implementing"),
        ({"sampler": "gan"}, "'sampler' parameter of GANBalancedClassifier must be an instance of"),
        ({"sampler__gan__max_steps": 0}, "max_steps must be an integer from 1"),
        ({"sampler__sources": {"gna": 1}, "sampler__dose": 1.0}, "Unknown source 'gna'"),
        ({"sampler__sources": {"gan": 1}}, "dose='auto' chooses sources and filter itself"),
        ({"sampler__gan__device": "tpu"}, "Unknown device 'tpu'"),
        ({"sampler__gan__precision": "half"}, "Unknown precision 'half'"),
        ({"sampler__gan__random_state": -1}, "random_state must be from 0"),
        ({"sampler__gan__discrete_columns": [99]}, "99"),
        ({"sampler__gan": LogisticRegression()}, "'gan' parameter of GANOverSampler must be None or an instance of"),
    ],
)
def test_bad_parameters_are_refused_before_training(change, message, monkeypatch):
    monkeypatch.setattr("ganaug.training.train", lambda *args: pytest.fail("trained"))
    monkeypatch.setattr(LogisticRegression, "fit", lambda *args: pytest.fail("trained"))
    with pytest.raises(ValueError, match=message):
        make_classifier().set_params(**change).fit(NUMBERS, LABELS)


def test_an_estimator_with_probabilities_that_is_no_classifier_is_refused():
    with pytest.raises(TypeError, match=r"estimator is the density_estimator GaussianMixture.* pass one"):
        make_classifier(GaussianMixture(2)).fit(NUMBERS, LABELS)


def test_a_continuous_target_is_refused():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        make_classifier().fit(NUMBERS, np.linspace(0, 1, len(NUMBERS)))


def test_pandas_targets():
    y = pd.Series(LABELS, index=range(100, 160))
    assert make_classifier(dose=1.0).fit(NUMBERS, y).classes_.tolist() == ["common", "rare"]
