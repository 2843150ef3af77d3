import numpy as np
import pytest
from _benchmark_fakes import make_task
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ganaug.benchmark import ImageClassifier, ResidualNetwork
from ganaug.filters import ConfidenceFilter

LEARNER = ResidualNetwork(n_steps=40, batch_size=32, width=8)
TASK = make_task()
SHAPE = TASK.X_train.shape[1:]


def flat(X):
    return X.reshape(len(X), -1)


def make(shape=SHAPE, **changes):
    return ImageClassifier(shape, **{"learner": LEARNER, "augment": "gentle affine", **changes})


@pytest.mark.parametrize("form", ["channels first", "channels last", "no channels", "floats"])
def test_learns_in_any_form(form):
    X, X_test = TASK.X_train, TASK.X_test
    shapes = {"channels last": (*SHAPE[1:], SHAPE[0]), "no channels": SHAPE[1:]}
    if form == "channels last":
        X, X_test = X.transpose(0, 2, 3, 1), X_test.transpose(0, 2, 3, 1)
    if form == "floats":
        X, X_test = X / 127.5 - 1, X_test / 127.5 - 1
    labels = np.array(["x", "a", "m"])
    classifier = make(shapes.get(form, SHAPE)).fit(flat(X), labels[TASK.y_train])
    assert classifier.classes_.tolist() == ["a", "m", "x"]
    assert classifier.score(flat(X_test), labels[TASK.y_test]) > 0.9
    probabilities = classifier.predict_proba(flat(X_test))
    assert probabilities.shape == (len(X_test), 3)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)


def test_features_are_those_that_the_logits_are_made_of():
    classifier = make().fit(flat(TASK.X_train), TASK.y_train)
    features = classifier.transform(flat(TASK.X_test))
    last = classifier.network_[-1]
    logits = features @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    np.testing.assert_allclose(softmax(logits, axis=1), classifier.predict_proba(flat(TASK.X_test)), rtol=0, atol=0.01)
    with pytest.raises(NotFittedError):
        make().transform(flat(TASK.X_test))


def test_repeats_and_clones():
    few = make(learner=ResidualNetwork(n_steps=3, batch_size=8, width=4))
    first, second = (clone(few).fit(flat(TASK.X_train), TASK.y_train).predict_proba(flat(TASK.X_test)) for _ in "ab")
    assert np.array_equal(first, second)


def test_serves_as_a_filter():
    labels = np.array(["x", "a", "m"])[TASK.y_train]
    fitted = ConfidenceFilter(make(), keep_fraction=0.5).fit(TASK.X_train, labels)
    wrong = np.roll(np.array(["x", "a", "m"]), 1)[TASK.y_test]
    right = np.array(["x", "a", "m"])[TASK.y_test]
    kept = fitted.keep(np.concatenate([TASK.X_test, TASK.X_test]), np.concatenate([right, wrong]))
    n = len(TASK.X_test)
    assert kept[:n].mean() > 0.9
    assert kept[n:].mean() < 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (64,)}, r"image_shape must be \(H, W\), .* got \(64,\)"),
        ({"shape": (8, 4, 2)}, r"image_shape must be \(H, W\), .* got \(8, 4, 2\)"),
        ({"shape": (5, 5)}, r"X has \d+ values an image, and image_shape=\(5, 5\) has 25"),
        ({"augment": "RandAugmen"}, r"Unknown augment 'RandAugmen'; .* Did you mean 'RandAugment'\?"),
    ],
)
def test_bad_input_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes).fit(flat(TASK.X_train), TASK.y_train)


def test_labels_must_be_as_many_as_images():
    with pytest.raises(ValueError, match=r"X has \d+ samples and y has 3 labels"):
        make().fit(flat(TASK.X_train), TASK.y_train[:3])


def test_a_failed_fit_leaves_it_unfitted():
    classifier = make((5, 5))
    with pytest.raises(ValueError, match="image_shape"):
        classifier.fit(flat(TASK.X_train), TASK.y_train)
    with pytest.raises(NotFittedError):
        classifier.predict_proba(flat(TASK.X_train))
