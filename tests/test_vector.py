import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from _tables import make_labels, make_unit_vectors, tiny_vector_gan
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ganaug import VectorGAN, load
from ganaug.architectures import MLP
from ganaug.conditioning import CONDITIONINGS
from ganaug.losses import LOSSES
from ganaug.metrics import column_distances

UNIT, LABELS = make_unit_vectors(), make_labels()
FREE = np.random.default_rng(1).normal(2, 3, size=(60, 6))


@pytest.fixture(scope="module")
def fitted() -> VectorGAN:
    return tiny_vector_gan().fit(UNIT, LABELS)


class TestUnitNorm:
    @pytest.mark.parametrize("unit_norm", ["auto", True])
    def test_samples_of_unit_vectors_have_unit_norm(self, unit_norm):
        X, _ = tiny_vector_gan(unit_norm=unit_norm).fit(UNIT, LABELS).sample(50)
        np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-6)

    def test_auto_leaves_other_vectors_in_their_seen_range(self):
        X, _ = tiny_vector_gan().fit(FREE, LABELS).sample(200)
        assert np.linalg.norm(X, axis=1).std() > 0.01
        assert (FREE.min(0) <= X).all()
        assert (FREE.max(0) >= X).all()

    def test_true_takes_only_the_direction(self):
        X, _ = tiny_vector_gan(unit_norm=True).fit(FREE, LABELS).sample(50)
        np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-12)

    def test_false_clips_unit_vectors_too(self):
        X, _ = tiny_vector_gan(unit_norm=False).fit(UNIT, LABELS).sample(50)
        assert np.linalg.norm(X, axis=1).std() > 1e-3

    def test_numpys_booleans_are_some(self):
        X, _ = tiny_vector_gan(unit_norm=np.bool_(True)).fit(UNIT, LABELS).sample(50)
        np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=1e-5)

    def test_another_value_is_refused(self):
        with pytest.raises(ValueError, match="unit_norm must be True, False or 'auto', got 'yes'"):
            tiny_vector_gan(unit_norm="yes").fit(UNIT, LABELS)

    def test_a_zero_vector_is_refused_only_if_its_direction_matters(self):
        vectors = FREE.copy()
        vectors[3] = 0
        tiny_vector_gan().fit(vectors, LABELS)
        with pytest.raises(ValueError, match="Row 3 of X is zero"):
            tiny_vector_gan(unit_norm=True).fit(vectors, LABELS)


class TestContainers:
    @pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
    def test_arrays_keep_their_dtype(self, dtype):
        X, y = tiny_vector_gan().fit(FREE.astype(dtype), LABELS).sample(3, "rare")
        assert (X.shape, X.dtype, y.tolist()) == ((3, 6), np.dtype(dtype), ["rare"] * 3)

    def test_tensors_are_taken(self):
        labels = torch.tensor([0] * 48 + [1] * 12)
        from_tensor = tiny_vector_gan().fit(torch.from_numpy(UNIT), labels).sample(10)[0]
        np.testing.assert_array_equal(from_tensor, tiny_vector_gan().fit(UNIT, labels.numpy()).sample(10)[0])

    def test_frames_come_back_as_frames(self):
        frame = pd.DataFrame(UNIT, columns=[f"e{i}" for i in range(6)])
        gan = tiny_vector_gan().fit(frame, pd.Series(LABELS))
        X, _ = gan.sample(10)
        assert X.columns.equals(frame.columns)
        assert X.dtypes.equals(frame.dtypes)
        np.testing.assert_array_equal(X, tiny_vector_gan().fit(UNIT, LABELS).sample(10)[0])

    def test_lists_are_taken(self):
        assert tiny_vector_gan().fit(FREE.tolist(), LABELS.tolist()).sample(2)[0].dtype == np.float64


class TestCopies:
    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda gan: pickle.loads(pickle.dumps(gan))])
    def test_copies_sample_alike(self, fitted, duplicate):
        np.testing.assert_array_equal(duplicate(fitted).sample(20)[0], fitted.sample(20)[0])

    @pytest.mark.parametrize("X", [UNIT, pd.DataFrame(UNIT, columns=list("abcdef"))], ids=["array", "frame"])
    def test_save_and_load_sample_and_score_alike(self, X, tmp_path):
        gan = tiny_vector_gan().fit(X, LABELS)
        gan.save(tmp_path / "gan")
        loaded = load(tmp_path / "gan")
        assert isinstance(loaded, VectorGAN)
        assert type(loaded.sample(5)[0]) is type(X)
        np.testing.assert_array_equal(loaded.sample(20)[0], gan.sample(20)[0])
        np.testing.assert_array_equal(loaded.score_samples(X, LABELS), gan.score_samples(X, LABELS))

    def test_random_state_repeats_fit_and_sample(self, fitted):
        np.testing.assert_array_equal(tiny_vector_gan().fit(UNIT, LABELS).sample(20)[0], fitted.sample(20)[0])

    def test_a_clone_is_unfitted(self, fitted):
        with pytest.raises(NotFittedError):
            clone(fitted).sample(1)


class TestScores:
    def test_with_and_without_labels(self, fitted):
        by_class = [fitted.score_samples(UNIT, [label] * 60) for label in ("common", "rare")]
        np.testing.assert_array_equal(fitted.score_samples(UNIT), np.maximum(*by_class))
        assert fitted.score_samples(UNIT).dtype == np.float32

    def test_vectors_of_another_length(self, fitted):
        with pytest.raises(ValueError, match="X has 5 features, but VectorGAN is expecting 6 features"):
            fitted.score_samples(UNIT[:, :5], LABELS)

    def test_renamed_columns(self):
        frame = pd.DataFrame(UNIT, columns=list("abcdef"))
        gan = tiny_vector_gan().fit(frame, LABELS)
        with pytest.raises(ValueError, match=r"(?s)unseen at fit time.*- z"):
            gan.score_samples(frame.rename(columns={"f": "z"}), LABELS)

    def test_an_unseen_label(self, fitted):
        with pytest.raises(ValueError, match="Unknown label 'new'"):
            fitted.score_samples(UNIT, ["new"] * 60)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.where(FREE > 8, np.nan, FREE), LABELS, "contains NaN"),
        (np.where(FREE > 8, np.inf, FREE), LABELS, "infinity"),
        (FREE[0], LABELS, "Expected 2D array"),
        (FREE, np.linspace(0, 1, 60), "Unknown label type: continuous"),
        (FREE, LABELS[:3], "X has 60 samples and y has 3 labels"),
        (FREE, None, "requires y to be passed"),
    ],
    ids=["missing", "infinite", "1-D", "continuous", "lengths", "no target"],
)
def test_bad_input_is_refused_before_training(X, y, message):
    gan = tiny_vector_gan()
    with pytest.raises(ValueError, match=message):
        gan.fit(X, y, callbacks=[lambda state: pytest.fail("trained")])
    with pytest.raises(NotFittedError):
        gan.sample(1)


@pytest.mark.parametrize(
    "form", [pd.Series, lambda cells: pd.Series(cells).to_frame(), lambda cells: pd.Series(cells).to_numpy()]
)
@pytest.mark.parametrize("cells", [list(FREE), FREE.tolist()])
def test_a_column_of_vectors_is_refused_with_the_way_to_stack_it(form, cells):
    kind = type(cells[0]).__name__
    with pytest.raises(TypeError, match=rf"X holds a {kind} of 6 values in one cell.*pass np.stack\(column\)"):
        tiny_vector_gan().fit(form(cells), LABELS)


@pytest.mark.filterwarnings("ignore:.*do not tell 2 classes apart")
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_every_loss_and_conditioning_trains_on_vectors(loss, conditioning):
    gan = tiny_vector_gan(loss=loss, conditioning=conditioning, max_steps=3).fit(UNIT, LABELS)
    assert np.isfinite(gan.sample(5)[0]).all()


def test_dimensions_of_all_but_small_classes_are_matched():
    X, y = np.random.default_rng(0).exponential(size=(39, 3)), np.repeat(["a", "b"], [20, 19])
    gan = tiny_vector_gan().fit(X, y)
    far = [
        np.mean([column.distance for column in column_distances(X[y == label], gan.sample(2000, label)[0])])
        for label in ("a", "b")
    ]
    assert far[0] < 0.12 < 0.2 < far[1]


@pytest.mark.slow
def test_directions_of_classes_are_learned():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 4 // 3
    centres = rng.normal(size=(2, 16))
    X = centres[y] + 0.3 * rng.normal(size=(400, 16))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    gan = VectorGAN(MLP(width=64, latent_dim=8, n_blocks=1), max_steps=300, batch_size=64, random_state=0).fit(X, y)
    for label in (0, 1):
        fake = gan.sample(200, label, random_state=1)[0]
        own, other = (X[y == k].mean(0) for k in (label, 1 - label))
        assert (fake @ own > fake @ other).mean() > 0.95
