"""Filters: the contract of all of them, then the meaning of each."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from ganaug.exceptions import SmallClassWarning
from ganaug.filters import FILTERS, ConfidenceFilter, DiscriminatorFilter, NeighbourFilter


class ToyGAN:
    """Class c is a Gaussian around (4c, 0, 0, 0); the logit falls with the distance from there."""

    def sample(self, n=1, y=None, random_state=None):
        y = np.full(n, y)
        return np.random.default_rng(random_state).normal(size=(n, 2, 2)) + centre(y), y

    def score_samples(self, X, y):
        return 7.0 - 0.5 * ((X - centre(y)) ** 2).sum(axis=(1, 2))


def centre(y):
    return 4.0 * np.eye(1, 4).reshape(2, 2) * np.asarray(y)[:, None, None]


def draw(n, seed):
    y = np.arange(n) % 3
    return np.random.default_rng(seed).normal(size=(n, 2, 2)) + centre(y), y


GAN = ToyGAN()
REAL, Y_REAL = draw(150, seed=0)
FAKE, Y_FAKE = draw(300, seed=1)


@pytest.fixture(params=FILTERS)
def recipe(request):
    return FILTERS[request.param]


def test_fit_returns_a_fitted_filter_and_leaves_the_recipe_alone(recipe):
    before = dataclasses.replace(recipe)
    fitted = recipe.fit(REAL, Y_REAL, gan=GAN)
    assert recipe == before
    assert fitted.recipe is recipe
    kept = fitted.keep(FAKE, Y_FAKE)
    assert kept.dtype == bool
    assert kept.shape == (300,)
    assert 0.2 < kept.mean() < 1.0


def test_fitting_again_repeats_the_choice(recipe):
    first, second = (recipe.fit(REAL, Y_REAL, gan=GAN).keep(FAKE, Y_FAKE) for _ in range(2))
    assert (first == second).all()


def test_recipes_are_frozen_and_the_repr_of_the_fitted_names_the_recipe(recipe):
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.features = None
    assert repr(recipe) in repr(recipe.fit(REAL, Y_REAL, gan=GAN))


def test_any_hashable_labels(recipe):
    names = np.array(["a", "b", "c"], dtype=object)

    class NamedGAN(ToyGAN):
        def sample(self, n=1, y=None, random_state=None):
            return super().sample(n, list(names).index(y), random_state)

        def score_samples(self, X, y):
            return super().score_samples(X, y if np.asarray(y).dtype.kind == "i" else np.searchsorted(names, y))

    fitted = recipe.fit(REAL, names[Y_REAL], gan=NamedGAN())
    expected = recipe.fit(REAL, Y_REAL, gan=GAN).keep(FAKE, Y_FAKE)
    assert (fitted.keep(FAKE, names[Y_FAKE]) == expected).all()


def test_an_unseen_label_is_refused(recipe):
    with pytest.raises(ValueError, match=r"y holds 9, which fit has not seen; choose from \[0, 1, 2\]"):
        recipe.fit(REAL, Y_REAL, gan=GAN).keep(FAKE, np.full(300, 9))


def test_lengths_must_agree(recipe):
    with pytest.raises(ValueError, match="X has 150 samples but its labels are 149"):
        recipe.fit(REAL, Y_REAL[1:], gan=GAN)
    with pytest.raises(ValueError, match="X has 300 samples but its labels are 299"):
        recipe.fit(REAL, Y_REAL, gan=GAN).keep(FAKE, Y_FAKE[1:])


@pytest.mark.parametrize(
    "options", [{}, {"min_probability": 0.5}, {"keep_fraction": 0.8}, {"classifier": LogisticRegression()}]
)
def test_confidence_rejects_wrong_labels_first(options):
    y_wrong = Y_FAKE.copy()
    wrong = np.arange(0, 300, 10)
    y_wrong[wrong] = (y_wrong[wrong] + 1) % 3
    kept = ConfidenceFilter(**options).fit(REAL, Y_REAL).keep(FAKE, y_wrong)
    assert kept[wrong].mean() < 0.1
    assert kept.mean() > 0.45


def test_confidence_keeps_the_given_fraction_of_each_class():
    kept = ConfidenceFilter(keep_fraction=0.3).fit(REAL, Y_REAL).keep(FAKE, Y_FAKE)
    assert [kept[label == Y_FAKE].sum() for label in range(3)] == [30, 30, 30]
    assert ConfidenceFilter().fit(REAL, Y_REAL).keep(FAKE[:1], Y_FAKE[:1]).all()


def test_confidence_leaves_the_users_classifier_unfitted():
    classifier = LogisticRegression()
    ConfidenceFilter(classifier).fit(REAL, Y_REAL)
    assert not hasattr(classifier, "coef_")


def test_neighbour_keeps_the_band_between_copies_and_outliers():
    kept = NeighbourFilter().fit(REAL, Y_REAL)
    assert not kept.keep(REAL, Y_REAL).any()
    assert not kept.keep(REAL + 1e-3, Y_REAL).any()
    assert not kept.keep(REAL + 20.0, Y_REAL).any()
    assert kept.keep(FAKE, Y_FAKE).mean() > 0.7


def test_neighbour_without_copy_ratio_is_the_manifold_alone():
    assert NeighbourFilter(copy_ratio=None).fit(REAL, Y_REAL).keep(REAL, Y_REAL).all()


def test_neighbour_without_k_rejects_copies_alone():
    copies = NeighbourFilter(k=None).fit(REAL, Y_REAL)
    assert not copies.keep(REAL, Y_REAL).any()
    assert not copies.keep(REAL + 1e-3, Y_REAL).any()
    assert copies.keep(REAL + 20.0, Y_REAL).all()


def test_neighbour_scales_bytes_and_takes_features():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 3, 3), dtype=np.uint8)
    y = np.zeros(40)
    from_bytes = NeighbourFilter(k=2).fit(pixels, y).keep(255 - pixels, y)
    from_floats = NeighbourFilter(k=2).fit(pixels / 255, y).keep(1 - pixels / 255, y)
    assert (from_bytes == from_floats).all()
    first_pixel = NeighbourFilter(k=2, copy_ratio=None, features=lambda X: X[:, 0, :1])
    assert first_pixel.fit(pixels, y).keep(np.maximum(pixels, 1), y).mean() > 0.9


def test_neighbour_over_all_classes_tells_junk_but_not_classes():
    rare = np.concatenate([REAL[Y_REAL != 0], REAL[Y_REAL == 0][:2]])  # of class 0 two samples are left
    y_rare = np.concatenate([Y_REAL[Y_REAL != 0], [0, 0]])
    among_all = NeighbourFilter(per_class=False, copy_ratio=None).fit(rare, y_rare)
    elsewhere = FAKE[Y_FAKE == 1]
    claimed = np.zeros(len(elsewhere), int)  # samples of class 1, called class 0
    assert among_all.keep(elsewhere, claimed).mean() > 0.7
    assert NeighbourFilter(copy_ratio=None).fit(rare, y_rare).keep(elsewhere, claimed).mean() < 0.1
    assert not among_all.keep(elsewhere + 20.0, claimed).any()
    copies = NeighbourFilter(per_class=False).fit(rare, y_rare)
    assert not copies.keep(rare, y_rare).any()
    assert copies.keep(rare[:1], [0]).all()  # a copy, but of another class


def test_neighbour_in_tiny_classes():
    few = NeighbourFilter(k=5).fit(REAL[:6], Y_REAL[:6])  # two samples a class
    assert few.keep(REAL[:3] - 0.6 * (REAL[3:6] - REAL[:3]), Y_REAL[:3]).all()
    for k in (5, None):
        with pytest.warns(SmallClassWarning, match=r"Classes \[0, 1, 2\] have one real sample each"):
            single = NeighbourFilter(k=k).fit(REAL[:3], Y_REAL[:3])
        assert single.keep(FAKE, Y_FAKE).all()
        assert not single.keep(REAL[:3], Y_REAL[:3]).any()


def test_discriminator_accepts_the_fraction_and_prefers_high_scores():
    fakes, y = GAN.sample(3000, 1, random_state=5)
    kept = DiscriminatorFilter(keep_fraction=0.4).fit(REAL, Y_REAL, gan=GAN).keep(fakes, y)
    assert kept.mean() == pytest.approx(0.4, abs=0.05)
    scores = GAN.score_samples(fakes, y)
    assert scores[kept].mean() > scores[~kept].mean() + 0.5


def test_discriminator_turns_the_generator_into_what_the_discriminator_learned():
    """With D the log ratio to a narrower Gaussian and keep_fraction 1 / max ratio, survivors follow it."""
    fakes, y = GAN.sample(20000, 0, random_state=5)

    class NarrowGAN(ToyGAN):
        def score_samples(self, X, y):  # log N(0, 1 / 2) - log N(0, 1), up to a constant
            return -0.5 * ((X - centre(y)) ** 2).sum(axis=(1, 2))

    recipe = DiscriminatorFilter(keep_fraction=0.25, n_burn_in=5000)
    kept = recipe.fit(REAL, Y_REAL, gan=NarrowGAN()).keep(fakes, y)
    assert fakes[kept].var() == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize(
    ("recipe", "options", "error", "message"),
    [
        (ConfidenceFilter, {"keep_fraction": 0.5, "min_probability": 0.5}, ValueError, "got both"),
        (ConfidenceFilter, {"keep_fraction": 0.0}, ValueError, "keep_fraction must be a number"),
        (ConfidenceFilter, {"min_probability": 2}, ValueError, "min_probability must be a number from 0.0 to 1.0"),
        (NeighbourFilter, {"k": 0}, ValueError, "k must be an integer from 1"),
        (NeighbourFilter, {"k": None, "copy_ratio": None}, ValueError, "k and copy_ratio are both None"),
        (NeighbourFilter, {"k": "5"}, TypeError, "k must be an integer or None, got '5'"),
        (NeighbourFilter, {"per_class": "no"}, TypeError, "per_class must be True or False, got 'no'"),
        (NeighbourFilter, {"copy_ratio": 0.0}, ValueError, "copy_ratio must be a number"),
        (DiscriminatorFilter, {"keep_fraction": 1.1}, ValueError, "keep_fraction must be a number"),
        (DiscriminatorFilter, {"n_burn_in": 1}, ValueError, "n_burn_in must be an integer from 2"),
    ],
)
def test_options_out_of_range_fail_at_once(recipe, options, error, message):
    with pytest.raises(error, match=message):
        recipe(**options)


def test_confidence_needs_two_classes():
    with pytest.raises(ValueError, match="ConfidenceFilter needs 2 classes or more, got only 1"):
        ConfidenceFilter().fit(REAL[Y_REAL == 1], Y_REAL[Y_REAL == 1])


def test_discriminator_judges_each_class_by_itself():
    fakes, y = GAN.sample(60, 1, random_state=5)
    alone = DiscriminatorFilter().fit(REAL, Y_REAL, gan=GAN).keep(fakes, y)
    others, y_others = GAN.sample(30, 0, random_state=6)
    fitted = DiscriminatorFilter().fit(REAL, Y_REAL, gan=GAN)
    together = fitted.keep(np.concatenate([others, fakes]), np.concatenate([y_others, y]))
    np.testing.assert_array_equal(together[30:], alone)


def test_discriminator_needs_a_gan():
    with pytest.raises(ValueError, match=r"got gan=None; call fit\(X, y, gan=gan\)"):
        DiscriminatorFilter().fit(REAL, Y_REAL)


def test_neighbour_refuses_another_size_and_bad_values():
    fitted = NeighbourFilter().fit(REAL, Y_REAL)
    with pytest.raises(ValueError, match="the real data has 4 features for each sample and X has 2"):
        fitted.keep(FAKE[:, 0], Y_FAKE)
    with pytest.raises(ValueError, match="X holds NaN or infinite"):
        fitted.keep(FAKE * np.nan, Y_FAKE)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConfidenceFilter(LinearSVC()), r"The classifier LinearSVC\(\) has no predict_proba"),
        (lambda: ConfidenceFilter("forest"), "The classifier 'forest' has no fit and no predict_proba"),
        (lambda: ConfidenceFilter(LogisticRegression), r"pass an object of it: LogisticRegression\(\)"),
        (lambda: ConfidenceFilter(features="pixels"), "features must be a function .* got 'pixels'"),
        (lambda: NeighbourFilter(features="pixels"), "features must be a function .* got 'pixels'"),
    ],
)
def test_what_cannot_judge_is_refused_before_any_training(make, message):
    with pytest.raises(TypeError, match=message):
        make()
