import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_classifiers_classes,
    check_dataframe_column_names_consistency,
    parametrize_with_checks,
)
from torch.nn.functional import softplus

from ganaug import semi_supervised
from ganaug.architectures import MLP
from ganaug.exceptions import TrainingDivergedError
from ganaug.semi_supervised import ClassCritique, GANClassifier

TINY = MLP(width=16, latent_dim=4, n_blocks=1)
BRISK = {"max_steps": 30, "batch_size": 16, "learning_rate": 0.02, "final_learning_rate": 0.01, "ema_half_life": 100}


def tiny(**parameters):
    return GANClassifier(**{"architecture": TINY, **BRISK, "random_state": 0, **parameters})


def make_blobs(n=60, n_labelled=6, seed=0):
    """Return two separate blobs, and labels of which all but a few are -1."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 2
    X = rng.normal(size=(n, 5)) + 4 * truth[:, None]
    y = np.where(np.arange(n) < n_labelled, truth, -1)
    return X, y, truth


@parametrize_with_checks(
    [tiny()],
    expected_failed_checks=lambda _: {"check_classifiers_classes": "its classes are -1 and 1, and -1 marks unlabelled"},
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_minus_one_can_be_a_class():
    check_classifiers_classes("GANClassifier", tiny(unlabelled=None))


def test_column_names_are_consistent():
    check_dataframe_column_names_consistency("GANClassifier", tiny())


def test_threads_fit_what_one_alone_fits():
    X, y, _ = make_blobs()

    def fit(seed):
        return tiny(random_state=seed).fit(X, y).predict_proba(X)

    alone = [fit(seed) for seed in range(2)]
    with ThreadPoolExecutor(2) as pool:
        np.testing.assert_array_equal(list(pool.map(fit, range(2))), alone)


def test_few_labels_suffice_for_separate_classes():
    X, y, truth = make_blobs()
    classifier = tiny().fit(X, y)
    assert classifier.classes_.tolist() == [0, 1]
    assert (classifier.predict(X) == truth).mean() > 0.95


def test_marked_rows_equal_rows_given_apart():
    X, y, _ = make_blobs()
    marked = tiny().fit(X, y).predict_proba(X)
    apart = tiny(unlabelled=None).fit(X[:6], y[:6], X_unlabelled=X[6:]).predict_proba(X)
    np.testing.assert_array_equal(marked, apart)


def test_string_labels_have_a_mark_of_their_own():
    X, y, truth = make_blobs()
    names = np.array(["", "cat", "dog"])[y + 1]
    classifier = tiny(unlabelled="").fit(X, names)
    assert classifier.classes_.tolist() == ["cat", "dog"]
    assert (classifier.predict(X) == np.array(["cat", "dog"])[truth]).mean() > 0.95


def test_a_number_marks_no_string():
    X, _, truth = make_blobs()
    y = np.array(["-1", "1"], dtype=object)[truth]
    assert tiny(max_steps=1).fit(X, y).classes_.tolist() == ["-1", "1"]


def test_a_number_that_an_array_of_texts_may_have_made_a_text_of_is_not_guessed():
    X, _, truth = make_blobs()
    y = np.array(["cat", -1])[truth]
    with pytest.raises(
        ValueError, match=r"array of texts with '-1', .* Pass unlabelled='-1', or None if it is a class"
    ):
        tiny().fit(X, y)
    assert tiny(max_steps=1, unlabelled=None).fit(X, y).classes_.tolist() == ["-1", "cat"]


def test_unlabelled_rows_change_what_is_learned():
    X, y, _ = make_blobs()
    with_them, without = tiny().fit(X, y), tiny().fit(X[:6], y[:6])
    assert not np.allclose(with_them.predict_proba(X), without.predict_proba(X), atol=1e-3)


def test_weight_zero_leaves_an_ordinary_classifier():
    X, y, _ = make_blobs()
    with_them, without = (
        tiny(unlabelled_weight=0.0, entropy_weight=0.0, noise=0.0).fit(X, y, X_unlabelled=more) for more in (X, X[::-1])
    )
    np.testing.assert_allclose(with_them.predict_proba(X), without.predict_proba(X), atol=1e-6)


def test_entropy_weight_makes_predictions_for_unlabelled_rows_sharper():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 5)), np.full(80, -1)
    y[:8] = np.arange(8) % 2
    blunt, sharp = (tiny(entropy_weight=weight).fit(X, y).predict_proba(X).max(1).mean() for weight in (0.0, 3.0))
    assert sharp > blunt + 0.01


def test_the_weight_of_the_entropy_grows_linearly(monkeypatch):
    weights, judge = [], semi_supervised._judge

    def spy(*given):
        losses = judge(*given)
        losses["entropy"].register_hook(lambda gradient: weights.append(gradient.item()))
        return losses

    monkeypatch.setattr(semi_supervised, "_judge", spy)
    X, y, _ = make_blobs()
    tiny(max_steps=4, entropy_weight=2.0).fit(X, y)
    assert weights == pytest.approx([0.5, 1.0, 1.5, 2.0])


def test_losses_of_a_batch():
    named, unlabelled, false = [[2.0, 0.0]], [[1.0, 1.0]], [[-3.0, -1.0]]
    class_logits = torch.tensor(named + unlabelled + false)
    features = torch.tensor([[9.0, 9.0], [1.0, 2.0], [3.0, 5.0]])
    critique = ClassCritique(class_logits.logsumexp(1), class_logits, features)
    losses = semi_supervised._judge(critique, torch.tensor([1]))
    real, fake = class_logits.logsumexp(1)[1:]
    assert losses["class_loss"] == pytest.approx(np.log(1 + np.exp(2)))
    assert losses["source_loss"] == pytest.approx(float(softplus(-real) + softplus(fake)))
    assert losses["entropy"] == pytest.approx(np.log(2))
    assert losses["matching_loss"] == pytest.approx(2**2 + 3**2)


def test_generator_comes_to_match_features(monkeypatch):
    X, y, _ = make_blobs(n=200)

    def distance():
        return np.mean([entry["matching_loss"] for entry in tiny(max_steps=60).fit(X, y).history_[-10:]])

    learned, scalar = distance(), semi_supervised.scalar_with_gradient
    monkeypatch.setattr(semi_supervised, "scalar_with_gradient", lambda x, gradient: scalar(x, 0 * gradient))
    assert learned < 0.2 * distance()  # of a generator that stays as it is


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("noise", 3.0),
        ("weight_decay", 3.0),
        ("final_learning_rate", 1e-4),
        ("betas", (0.5, 0.5)),
        ("ema_half_life", 0),
        ("batch_size", 8),
        ("entropy_weight", 3.0),
        ("unlabelled_weight", 3.0),
    ],
)
def test_every_number_has_an_effect_on_what_is_learned(name, value):
    X, y, _ = make_blobs()
    plain, changed = (tiny(**more).fit(X, y).predict_proba(X) for more in ({}, {name: value}))
    assert np.abs(plain - changed).max() > 1e-4


def test_balance_shows_rare_classes_more_often():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [190, 10])
    X = rng.normal(size=(200, 3)) + y[:, None]
    rare = [tiny(class_balance=b, max_steps=50).fit(X, y).predict_proba(X)[:, 1].mean() for b in (0.0, 1.0)]
    assert rare[1] > 2 * rare[0]


def test_fit_repeats_and_leaves_the_global_seed_alone():
    X, y, _ = make_blobs()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, second = tiny().fit(X, y), clone(tiny()).fit(X, y)
    assert torch.rand(1) == expected
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    other = tiny(random_state=1).fit(X, y)
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


def test_pickle_keeps_predictions():
    X, y, _ = make_blobs()
    classifier = tiny(max_steps=5).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(classifier)).predict_proba(X), classifier.predict_proba(X))


def test_pipeline_and_grid_search():
    X, _, truth = make_blobs()
    pipeline = make_pipeline(StandardScaler(), tiny(unlabelled=None, max_steps=5))
    search = GridSearchCV(pipeline, {"ganclassifier__noise": [0.0, 0.2]}, cv=2).fit(X, truth)
    assert search.best_params_["ganclassifier__noise"] in (0.0, 0.2)
    assert set(search.predict(X)) <= {0, 1}


def test_frames_keep_their_column_names():
    X, y, _ = make_blobs()
    frame = pd.DataFrame(X, columns=list("abcde"))
    classifier = tiny(max_steps=2).fit(frame[6:], np.arange(54) % 2, X_unlabelled=frame[:6])
    assert classifier.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names should match"):
        tiny(max_steps=2).fit(frame, y, X_unlabelled=frame[list("edcba")])


def test_columns_that_hold_no_numbers_are_named():
    X = pd.DataFrame({"x": [0.0, 1.0] * 20, "colour": ["red", "blue"] * 20})
    message = r"Column 'colour' of X holds texts, and GANClassifier takes numbers; .*, or encode it before\."
    with pytest.raises(TypeError, match=message):
        GANClassifier().fit(X, [0, 1] * 20)
    fitted = GANClassifier(max_steps=2).fit(X[["x"]], [0, 1] * 20)
    with pytest.raises(TypeError, match=message):
        fitted.predict(X[["colour"]])


def test_unlabelled_rows_must_have_as_many_features():
    X, y, _ = make_blobs()
    with pytest.raises(ValueError, match="X has 4 features, but GANClassifier is expecting 5 features"):
        tiny().fit(X, y, X_unlabelled=X[:, :4])


def test_one_class_is_refused_with_its_likely_cause():
    X, _, truth = make_blobs()
    with pytest.raises(ValueError, match=r"y has 1 class\(es\) in 30 labelled rows.*30 rows count as unlabelled"):
        tiny().fit(X, np.where(truth, 1, -1))
    with pytest.raises(ValueError, match=r"y has 0 class\(es\) in 0 labelled rows"):
        tiny().fit(X, np.full(60, -1))


def test_diverged_training_says_what_to_do():
    X, y, _ = make_blobs()
    with pytest.raises(TrainingDivergedError, match=r"not finite at step \d+.*Lower learning_rate, now 0.02"):
        tiny(unlabelled_weight=float("1e39")).fit(X, y)


@pytest.mark.parametrize(
    ("parameter", "value", "error", "message"),
    [
        ("architecture", "mpl", ValueError, "Unknown architecture 'mpl'.*Did you mean 'mlp'"),
        ("max_steps", 0, ValueError, "max_steps must be an integer from 1"),
        ("batch_size", 2.5, TypeError, "batch_size must be an integer"),
        ("noise", -1.0, ValueError, "noise must be a number from 0"),
        ("unlabelled_weight", "much", TypeError, "unlabelled_weight must be a number"),
        ("entropy_weight", -1, ValueError, "entropy_weight must be a number from 0"),
        ("class_balance", 2, ValueError, "class_balance must be a number from 0 to 1"),
        ("betas", 0.9, TypeError, "betas must be a pair of numbers"),
        ("unlabelled", [0], TypeError, "unlabelled must be one label, such as -1 or '', or None"),
        ("random_state", "seed", TypeError, "random_state must be None, an int"),
    ],
)
def test_parameters_are_checked_before_training(parameter, value, error, message):
    X, y, _ = make_blobs()
    with pytest.raises(error, match=message):
        tiny(**{parameter: value}).fit(X, y)


@pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist, lambda y: tuple(y.tolist()), pd.Series])
def test_minus_one_stands_for_no_label_among_strings_too(form):
    X, y, truth = make_blobs()
    named = np.where(y < 0, -1, np.array(["a", "b"], dtype=object)[truth])
    fitted = tiny().fit(X, form(named))
    assert fitted.classes_.tolist() == ["a", "b"]
    np.testing.assert_array_equal(fitted.predict_proba(X), tiny().fit(X, y).predict_proba(X))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_missing_label_is_refused(missing):
    X, _, truth = make_blobs()
    y = np.array(["a", "b"], dtype=object)[truth]
    y[3] = missing
    with pytest.raises(ValueError, match="The label of row 4 of y, counted from 1, is missing"):
        tiny(unlabelled="").fit(X, pd.Series(y, dtype="string" if missing is pd.NA else object))


@pytest.mark.parametrize(
    ("unlabelled", "advice"),
    [
        ("", "by '', or pass"),
        (None, "by a value of your choice and set .* to it, such as -1, or pass"),
        (np.nan, "by a value"),
    ],
)
def test_the_advice_on_a_missing_label_can_be_followed(unlabelled, advice):
    X, _, truth = make_blobs()
    y = np.array(["a", "b"], dtype=object)[truth]
    y[3] = None
    with pytest.raises(ValueError, match=f"mark rows without label {advice}"):
        tiny(unlabelled=unlabelled).fit(X, y)
