"""ImageLayout: user images to pixels and back."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from ganaug.image_data import ImageLayout, read_images

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (4, 3, 8, 10), dtype=np.uint8)
RANGES = [(0.0, 255.0), (0.0, 1.0), (-1.0, 1.0)]


def make_layout(container="numpy", channels=3, axis="last", dtype="uint8", value_range=(0.0, 255.0)):
    return ImageLayout(container, 8, 10, channels, axis, dtype, value_range)


@pytest.mark.parametrize("value_range", RANGES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    ("container", "axis"),
    [("numpy", "none"), ("numpy", "first"), ("numpy", "last"), ("torch", "none"), ("torch", "first")],
)
def test_float_round_trip_is_exact(container, axis, dtype, value_range):
    channels = 1 if axis == "none" else 3
    layout = make_layout(container, channels, axis, dtype, value_range)
    images = layout.decode(PIXELS[:, :channels])
    assert str(images.dtype).removeprefix("torch.") == dtype
    np.testing.assert_array_equal(layout.encode(images), PIXELS[:, :channels])


@pytest.mark.parametrize("value_range", RANGES)
def test_bfloat16_round_trip_is_within_its_8_bits(value_range):
    layout = make_layout("torch", axis="first", dtype="bfloat16", value_range=value_range)
    images = layout.decode(PIXELS)
    assert images.dtype == torch.bfloat16
    assert np.abs(layout.encode(images).astype(int) - PIXELS).max() <= 1


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64"])
@pytest.mark.parametrize("container", ["numpy", "torch"])
def test_integer_round_trip_is_exact(container, dtype):
    layout = make_layout(container, axis="first", dtype=dtype)
    images = layout.decode(PIXELS)
    assert str(images.dtype).removeprefix("torch.") == dtype
    np.testing.assert_array_equal(layout.encode(images), PIXELS)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_pil_round_trip(channels, mode):
    layout = make_layout("pil", channels, "none" if channels == 1 else "last")
    pixels = RNG.integers(0, 256, (2, channels, 8, 10), dtype=np.uint8)
    images = layout.decode(pixels)
    assert [image.mode for image in images] == [mode, mode]
    assert images[0].size == (10, 8)
    np.testing.assert_array_equal(layout.encode(images), pixels)


@pytest.mark.parametrize("container", ["numpy", "torch", "pil"])
def test_decode_one_equals_decode_of_one(container):
    layout = make_layout(container, axis="first" if container == "torch" else "last")
    np.testing.assert_array_equal(np.asarray(layout.decode_one(PIXELS[1])), np.asarray(layout.decode(PIXELS)[1]))


@pytest.mark.parametrize("container", ["numpy", "torch"])
def test_decode_returns_a_copy(container):
    pixels = PIXELS.copy()
    images = make_layout(container, axis="first").decode(pixels)
    images[:] = 0
    np.testing.assert_array_equal(pixels, PIXELS)


def test_float_levels_are_those_of_torchvision():
    layout = make_layout("torch", axis="first", dtype="float32", value_range=(0.0, 1.0))
    assert torch.equal(layout.decode(PIXELS), torch.from_numpy(PIXELS).float().div(255))


def test_dict_round_trip_through_json():
    layout = make_layout(dtype="float32", value_range=(-1.0, 1.0))
    assert ImageLayout.from_dict(json.loads(json.dumps(layout.to_dict()))) == layout


@pytest.mark.parametrize(
    "convert",
    [
        lambda images: images,
        lambda images: torch.from_numpy(images).movedim(-1, 1),
        lambda images: [Image.fromarray(image) for image in images],
        lambda images: list(images),
        lambda images: list(torch.from_numpy(images).movedim(-1, 1)),
        lambda images: images.astype("int64"),
        lambda images: images / 255,
    ],
)
def test_encode_takes_other_containers_and_dtypes(convert):
    images = np.ascontiguousarray(PIXELS.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(make_layout().encode(convert(images)), PIXELS)


def test_encode_uses_the_range_of_training():
    layout = make_layout(dtype="float32", value_range=(-1.0, 1.0))
    assert layout.encode(np.zeros((1, 8, 10, 3), "float32")).max() == 128


def test_encode_of_uint8_does_not_copy():
    images = np.zeros((2, 8, 10, 3), np.uint8)
    assert np.shares_memory(make_layout().encode(images), images)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((2, 8, 10)), ValueError, "X has images of 1 channels, but the training images have 3"),
        (np.zeros((2, 8, 12, 3)), ValueError, "X has images of 8 x 12 pixels .* images have 8 x 10; resize"),
        (np.zeros((0, 8, 10, 3)), ValueError, "X is empty"),
        ([], ValueError, "X is empty"),
        ("folder", TypeError, "X must be an array, a tensor, or a list of images, got str; read folders"),
        ([np.zeros((8, 10, 3)), 3], TypeError, "Image 1 of X is of type int; a list must hold only"),
        ([np.zeros((8, 10, 3)), np.zeros((8, 9, 3))], ValueError, r"Image 1 of X has shape \(8, 9, 3\), but"),
    ],
)
def test_encode_refuses(images, error, message):
    with pytest.raises(error, match=message):
        make_layout().encode(images)


def test_encode_refuses_another_float_range():
    layout = read_images(np.zeros((1, 8, 8), "float32"), ["a"]).layout
    with pytest.raises(ValueError, match=r"range from 0 to 200, but .* taken to lie in \[0, 1\]; scale X as"):
        layout.encode(np.linspace(0, 200, 64).reshape(1, 8, 8))
