"""`ImageGAN` on images of every kind: what goes in decides what comes out."""

import numpy as np
import pytest
import torch
from _tiny import make_bars, tiny_gan
from PIL import Image
from torch.utils.data import Dataset

from ganaug import SampleBank, load

X, Y = make_bars()


def as_pil(mode):
    channels = {"L": 0, "RGB": 3, "RGBA": 4}[mode]
    return [Image.fromarray(pixels) for pixels in make_bars(channels=channels)[0]]


FORMS = {
    "array": X,
    "array with a channel": X[..., None],
    "array RGB": make_bars(channels=3)[0],
    "array RGBA": make_bars(channels=4)[0],
    "float array": (X / 255).astype("float32"),
    "double array about zero": X / 127.5 - 1,
    "tensor": torch.from_numpy(X)[:, None],
    "tensor RGB": torch.from_numpy(make_bars(channels=3)[0]).permute(0, 3, 1, 2),
    "float tensor": torch.from_numpy(X)[:, None] / 255,
    "half tensor": torch.from_numpy(X)[:, None].half() / 255,
}


@pytest.mark.parametrize("form", FORMS)
def test_samples_are_typed_and_shaped_like_the_input(form):
    given = FORMS[form]
    samples, labels = tiny_gan().fit(given, Y).sample(5)
    assert type(samples) is type(given)
    assert samples.dtype == given.dtype
    assert samples.shape == (5, *given.shape[1:])
    assert labels.dtype == Y.dtype
    low, high = (-1, 1) if "zero" in form else (0, 1 if "float" in form or "half" in form else 255)
    assert low <= samples.min() <= samples.max() <= high
    assert samples.max() > low + 0.2 * (high - low)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_pil_images_come_back_as_pil_images(mode):
    samples, _ = tiny_gan().fit(as_pil(mode), Y).sample(3)
    assert [(s.mode, s.size) for s in samples] == [(mode, (8, 8))] * 3


@pytest.mark.parametrize(("height", "width", "channels"), [(9, 17, 3), (16, 8, 4), (28, 28, 0), (64, 64, 3)])
def test_sizes_and_channels(height, width, channels):
    images, y = make_bars(12, height, width, channels)
    gan = tiny_gan(max_steps=2).fit(images, y)
    assert gan.sample(2)[0].shape == (2, *images.shape[1:])
    assert gan.score_samples(images, y).shape == (12,)


def test_dcgan_takes_other_sizes():
    images, y = make_bars(12, 9, 17, 3)
    assert tiny_gan(architecture="dcgan", max_steps=1).fit(images, y).sample(2)[0].shape == (2, 9, 17, 3)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([5, 9], "int32"),
        np.array(["a", "bc"]),
        np.array([True, False]),
        np.array([0.5, 1.5]),
        np.array([b"x", b"y"]),
    ],
)
def test_labels_keep_their_dtype(labels):
    gan = tiny_gan(max_steps=1).fit(X, labels[Y])
    _, y = gan.sample(8)
    assert y.dtype == labels.dtype
    assert set(y) <= set(labels)
    assert gan.classes_.tolist() == sorted(labels.tolist())


class Pairs(Dataset):
    def __len__(self):
        return len(X)

    def __getitem__(self, index):
        if index >= len(X):
            raise IndexError
        return Image.fromarray(X[index]), ("left", "right")[Y[index]]


def test_a_data_set_of_pairs_trains():
    images, labels = tiny_gan().fit(Pairs()).sample(2, "right")
    assert isinstance(images[0], Image.Image)
    assert labels.tolist() == ["right", "right"]


@pytest.fixture(name="folder")
def make_folder(tmp_path):
    for index, (pixels, label) in enumerate(zip(X, Y, strict=True)):
        path = tmp_path / "data" / ("left", "right")[label] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "data"


def test_a_folder_trains_through_a_cache_on_disk(folder, tmp_path):
    gan = tiny_gan(cache_dir=tmp_path / "cache").fit(folder)
    assert gan.class_counts_ == {"left": 24, "right": 24}
    assert any((tmp_path / "cache").rglob("*"))
    in_memory = tiny_gan().fit(folder)
    assert np.array_equal(gan.sample_pixels(["left"] * 5), in_memory.sample_pixels(["left"] * 5))


def test_unreadable_images_are_skipped_on_demand(folder):
    (folder / "left" / "0.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"Cannot read .*0\.png.*on_error='skip'"):
        tiny_gan().fit(folder)
    with pytest.warns(UserWarning, match="1 of 48 images could not be read"):
        gan = tiny_gan(on_error="skip").fit(folder)
    assert gan.n_skipped_ == 1
    assert gan.class_counts_ == {"left": 23, "right": 24}


def test_images_are_resized_on_demand(folder):
    assert tiny_gan(image_size=(10, 12)).fit(folder).layout_.shape == (1, 10, 12)


def test_memory_mapped_pixels_train_in_place(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.array_equal(tiny_gan().fit(mapped, Y).sample(4)[0], tiny_gan().fit(X, Y).sample(4)[0])


@pytest.mark.parametrize("view", [lambda a: a[::-1], lambda a: a[:, ::-1, ::-1], lambda a: a[::2]])
def test_views_of_any_stride_train(view):
    images = view(X)
    gan = tiny_gan().fit(images, Y[: len(images)])
    assert np.array_equal(gan.sample(4)[0], tiny_gan().fit(images.copy(), Y[: len(images)]).sample(4)[0])


def test_sample_pixels_is_what_sample_decodes():
    gan = tiny_gan().fit(X, Y)
    pixels = gan.sample_pixels([0, 1, 1], random_state=3)
    assert (pixels.shape, pixels.dtype) == ((3, 1, 8, 8), np.uint8)
    assert np.array_equal(gan.layout_.decode(pixels), gan.sample(y=[0, 1, 1], random_state=3)[0])
    assert np.array_equal(gan.sample_pixels([0, 1]), gan.sample_pixels([0, 1]))


def test_scores_do_not_depend_on_the_container():
    gan = tiny_gan().fit(X, Y)
    expected = gan.score_samples(X, Y)
    for given in (torch.from_numpy(X)[:, None], as_pil("L"), (X / 255).astype("float32")):
        np.testing.assert_allclose(gan.score_samples(given, Y), expected, rtol=1e-4, atol=1e-5)


def test_scores_refuse_other_images():
    gan = tiny_gan().fit(X, Y)
    with pytest.raises(ValueError, match="X has images of 3 channels, but the training images have 1"):
        gan.score_samples(make_bars(channels=3)[0], Y)


NAN = np.where(X > 200, np.nan, X / 255)


@pytest.mark.parametrize(
    ("images", "y", "error", "message"),
    [
        (X[:0], Y[:0], ValueError, "X is empty; pass at least one image"),
        (X, Y[:5], ValueError, "X has 48 samples and y has 5 labels"),
        (X, None, ValueError, "y"),
        (NAN, Y, ValueError, "NaN|infinite|not finite"),
        (X * 1000.0, Y, ValueError, "range"),
        (X[:, :4], Y, ValueError, "8"),
        (X[0], Y, ValueError, "X has shape"),
        (X, [None, *Y[1:]], ValueError, "Label 0 of y is missing"),
        (X, [[0], *Y[1:]], TypeError, "not hashable"),
        (42, None, TypeError, "X"),
    ],
    ids=["empty", "lengths", "no labels", "nan", "range", "small", "shape", "missing", "unhashable", "number"],
)
def test_bad_data_is_refused_before_training(monkeypatch, images, y, error, message):
    monkeypatch.setattr("ganaug.training.train", lambda *_: pytest.fail("must not train"))
    with pytest.raises(error, match=message):
        tiny_gan().fit(images, y)


def test_failed_fit_leaves_the_estimator_unfitted():
    gan = tiny_gan()
    with pytest.raises(ValueError, match="samples"):
        gan.fit(X, Y[:5])
    assert not gan.__sklearn_is_fitted__()


def test_failed_second_fit_leaves_the_estimator_unfitted():
    gan = tiny_gan().fit(X, Y)

    def stop(state):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        gan.fit(X, 1 - Y, callbacks=[stop])
    assert not gan.__sklearn_is_fitted__()


def test_files_of_other_sizes_fit_filters_as_they_fit_the_model(folder):
    gan = tiny_gan(image_size=(10, 12), on_error="skip")
    (folder / "left" / "0.png").write_bytes(b"no image")
    with pytest.warns(UserWarning, match="could not be read"):
        gan.fit(folder)
    for real in (folder, (folder, None)):
        with pytest.warns(UserWarning, match="could not be read"):
            bank = SampleBank.from_gan(gan, 2, filters=["confidence"], real=real)
        assert len(bank) == 4


def test_the_latent_scale_spreads_samples_without_new_training():
    gan = tiny_gan(max_steps=40).fit(X, Y)
    spread = {}
    for scale in (0.0, 0.5, 1.0, 2.0):
        samples = gan.set_params(latent_scale=scale).sample(64, 0, random_state=0)[0]
        spread[scale] = samples.astype(float).var(0).sum()
    assert spread[0.0] == 0 < spread[0.5] < spread[1.0] < spread[2.0]


@pytest.mark.parametrize("scale", [-1.0, float("nan"), None, "2"])
def test_a_latent_scale_that_was_changed_after_fit_is_checked(scale):
    gan = tiny_gan(max_steps=1).fit(X, Y).set_params(latent_scale=scale)
    with pytest.raises((TypeError, ValueError), match="latent_scale must be a number"):
        gan.sample(1)


def test_the_latent_scale_is_saved(tmp_path):
    gan = tiny_gan(max_steps=1, latent_scale=1.5).fit(X, Y)
    gan.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert loaded.latent_scale == 1.5
    assert np.array_equal(loaded.sample(3)[0], gan.sample(3)[0])
