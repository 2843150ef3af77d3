"""Every combination that claims to work learns bars that are left or right, not only runs.

Without an encoder nothing but the adversarial loss tells the generator what images look like.
"""

import contextlib
import itertools
from dataclasses import replace

import numpy as np
import pytest
from _tiny import make_bars, tiny_gan

from ganaug.architectures import DCGAN, Residual
from ganaug.diffaugment import D_AUGMENTS
from ganaug.losses import LOSSES
from ganaug.penalties import PENALTIES

X, Y = make_bars()
MEANS = np.stack([X[label == Y].mean(0) for label in (0, 1)])
ADVERSARIAL = Residual(width=8, latent_dim=8, encoder=False)
ARCHITECTURES = {
    "residual": ADVERSARIAL,
    "with encoder": replace(ADVERSARIAL, encoder=True),
    "spectral": replace(ADVERSARIAL, spectral_norm=True),
    "two blocks": replace(ADVERSARIAL, n_blocks=2),
    "dcgan": DCGAN(latent_dim=8),
}


def learn(architecture="residual", n_steps=100, **parameters):
    # The classic DCGAN was made for a rate of 2e-4; at five times that, unpenalised, it loses a class with every other
    # seed. Its last steps still swing from bar to bar, so it is judged by an average over a fifth of them.
    own = {"learning_rate": 3e-4, "ema_half_life": 1600} if architecture == "dcgan" else {}
    gan = tiny_gan(
        architecture=ARCHITECTURES[architecture],
        max_steps=n_steps,
        batch_size=16,
        **{"learning_rate": 2e-3, "ema_half_life": 200, "d_augment": None, **own, **parameters},
    )
    return gan.fit(X, Y)


def assert_learned(gan):
    """Samples of each class look like it: near its mean image, and nearer than to the other's."""
    samples, labels = gan.sample(y=[0, 1] * 50)
    distances = ((samples[:, None] - MEANS) ** 2).mean((2, 3))  # (100, 2)
    assert (distances.argmin(1) == labels).mean() >= 0.9
    means = np.stack([samples[labels == label].mean(0) for label in (0, 1)])
    assert abs(means - MEANS).mean() < 0.5 * abs(MEANS[0] - MEANS[1]).mean()


# Wasserstein's critic needs a bound on its slope, which neither of these gives.
UNBOUNDED = {("wasserstein", "lecam"), ("wasserstein", "none")}
PAIRS = [pair for pair in itertools.product(LOSSES, PENALTIES) if pair not in UNBOUNDED]


@pytest.mark.parametrize(("loss", "penalty"), PAIRS)
def test_every_loss_learns_with_every_penalty(loss, penalty):
    assert_learned(learn(loss=loss, penalty=penalty))


@pytest.mark.parametrize(
    ("conditioning", "loss", "d_augment"),
    [
        ("projection", "relativistic", "diffaugment"),
        ("projection", "hinge", "ada"),
        ("concat", "non_saturating", "none"),
        ("concat", "hinge", "diffaugment"),
        ("auxiliary_classifier", "relativistic", "ada"),
        ("auxiliary_classifier", "wasserstein", "none"),
    ],
)
def test_every_conditioning_and_augmentation_learns(conditioning, loss, d_augment):
    assert_learned(learn(conditioning=conditioning, loss=loss, d_augment=d_augment, n_steps=150))


@pytest.mark.filterwarnings("ignore:.*do not tell 2 classes apart")
def test_unconditional_samples_are_bars_of_either_side():
    samples, _ = learn(conditioning="unconditional", n_steps=150).sample(100)
    distances = ((samples[:, None] - MEANS) ** 2).mean((2, 3))
    assert (distances.min(1) < 0.25 * ((MEANS[0] - MEANS[1]) ** 2).mean()).mean() >= 0.9


@pytest.mark.parametrize("architecture", list(ARCHITECTURES)[1:])
def test_every_architecture_learns(architecture):
    assert_learned(learn(architecture, n_steps=60 if architecture == "dcgan" else 120))


def test_learning_is_no_accident():
    """The test's own control: an untrained generator fails it."""
    with pytest.raises(AssertionError):
        assert_learned(learn(n_steps=1))


def test_bfloat16_learns():
    assert_learned(learn(precision="bf16-mixed"))


def test_fine_tuned_generators_have_learned():
    assert_learned(learn(fine_tune_steps=20))


def test_a_rare_class_is_learned_from_four_images():
    few = np.concatenate([np.flatnonzero(Y == 0), np.flatnonzero(Y == 1)[:4]])
    gan = learn("with encoder").fit(X[few], Y[few])
    assert_learned(gan)


def test_scores_tell_the_right_label_from_the_wrong():
    gan = learn()
    assert (gan.score_samples(X, Y) > gan.score_samples(X, 1 - Y)).mean() > 0.9


CONDITIONAL = ["projection", "concat", "auxiliary_classifier"]
GRID = [
    (architecture, *rest)
    for architecture, *rest in itertools.product(["residual", "spectral"], CONDITIONAL, LOSSES, PENALTIES, D_AUGMENTS)
    if tuple(rest[1:3]) not in UNBOUNDED
    # A spectrally normalised discriminator hardly has the slope of one that this penalty asks for.
    if (architecture, rest[2]) != ("spectral", "gradient_penalty")
]


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "conditioning", "loss", "penalty", "d_augment"), GRID)
def test_the_whole_grid_learns(architecture, conditioning, loss, penalty, d_augment):
    gan = learn(architecture, 150, conditioning=conditioning, loss=loss, penalty=penalty, d_augment=d_augment)
    assert_learned(gan)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "penalty", "conditioning"),
    [
        # The Wasserstein loss needs a penalty, as its docstring says.
        *((*pair, "projection") for pair in PAIRS),
        *itertools.product(["relativistic"], ["none"], CONDITIONAL[1:]),
    ],
)
def test_dcgan_learns_with_everything(loss, penalty, conditioning):
    # Without a penalty it learns more slowly.
    n_steps = 1000 if penalty == "none" else 500
    # The classic DCGAN loses a class in one run of fifty (1 of 64 measured), and which run it is differs between
    # processors. That is the architecture's own; what does not work fails with every seed.
    for seed in range(3):
        gan = learn("dcgan", n_steps, loss=loss, penalty=penalty, conditioning=conditioning, random_state=seed)
        with contextlib.suppress(AssertionError):
            return assert_learned(gan)
    return pytest.fail("no seed of three learned both classes")
