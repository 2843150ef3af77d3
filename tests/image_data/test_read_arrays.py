"""read_images on arrays, tensors and lists."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from ganaug.exceptions import GanaugWarning
from ganaug.image_data import read_images

RNG = np.random.default_rng(0)


def make_images(*shape):
    return RNG.integers(0, 256, shape, dtype=np.uint8)


SHAPES = [(8, 8), (8, 12), (8, 10, 1), (8, 10, 3), (8, 10, 4), (3, 8, 10), (1, 8, 8)]


def check_round_trip(X, value_range):
    data = read_images(X, [0, 1, 0, 1, 0])
    assert data.pixels.dtype == np.uint8
    assert data.pixels.shape == (5, *data.layout.shape)
    assert data.layout.value_range == value_range
    decoded = data.layout.decode(data.pixels)
    assert decoded.dtype == X.dtype
    np.testing.assert_allclose(decoded, X, atol=2e-3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "int64", "float32"])
def test_array_of_bytes_round_trip(shape, dtype):
    check_round_trip(make_images(5, *shape).astype(dtype), (0.0, 255.0))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_float_array_round_trip(shape, dtype, low, high):
    X = (make_images(5, *shape) * ((high - low) / 255) + low).astype(dtype)
    check_round_trip(X, (low, high))


@pytest.mark.parametrize("shape", [(8, 10), (1, 8, 10), (3, 8, 10), (4, 8, 8)])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_tensor_round_trip(shape, dtype):
    X = torch.from_numpy(make_images(5, *shape))
    X = X if dtype == torch.uint8 else (X / 255).to(dtype)
    data = read_images(X, torch.arange(5))
    decoded = data.layout.decode(data.pixels)
    assert decoded.dtype == dtype
    torch.testing.assert_close(decoded, X, atol=4e-3, rtol=0)
    assert data.labels == [0, 1, 2, 3, 4]


def test_array_with_channels_on_both_ends_is_read_channels_last():
    assert read_images(make_images(2, 3, 8, 3).repeat(3, axis=1), [0, 1]).layout.channel_axis == "last"


@pytest.mark.parametrize(("mode", "shape"), [("L", (8, 10)), ("RGB", (8, 10, 3)), ("RGBA", (8, 10, 4))])
def test_list_of_pil_images_round_trip(mode, shape):
    X = [Image.fromarray(make_images(*shape)) for _ in range(3)]
    data = read_images(X, ["a", "b", "a"])
    decoded = data.layout.decode(data.pixels)
    assert [image.mode for image in decoded] == [mode] * 3
    assert [image.tobytes() for image in decoded] == [image.tobytes() for image in X]


@pytest.mark.parametrize(("mode", "kept"), [("1", "L"), ("P", "RGB"), ("LA", "RGBA"), ("CMYK", "RGB")])
def test_pil_modes_are_converted(mode, kept):
    data = read_images([Image.new("RGB", (8, 8), (255, 0, 0)).convert(mode)], ["a"])
    assert data.layout.decode(data.pixels)[0].mode == kept


@pytest.mark.parametrize("mode", ["I;16", "F", "I", "HSV"])
def test_pil_modes_of_more_than_8_bits_are_refused(mode):
    with pytest.raises(ValueError, match=f"image 0 has PIL mode '{mode}'; ganaug reads L, RGB and RGBA"):
        read_images([Image.new(mode, (8, 8))], ["a"])


def test_list_of_pil_images_is_resized():
    X = [Image.new("L", (20, 16)), Image.new("L", (9, 9))]
    assert read_images(X, [0, 1], image_size=(8, 10)).pixels.shape == (2, 1, 8, 10)


@pytest.mark.parametrize("make", [make_images, lambda *shape: torch.from_numpy(make_images(*shape))])
def test_list_of_arrays_or_tensors_is_read_as_one(make):
    X = [make(3, 8, 10) for _ in range(3)]
    data = read_images(X, [0, 1, 2])
    assert data.layout.container == ("torch" if isinstance(X[0], torch.Tensor) else "numpy")
    np.testing.assert_array_equal(data.layout.decode(data.pixels), np.stack([np.asarray(x) for x in X]))


def test_uint8_is_used_in_place(tmp_path):
    path = tmp_path / "mine.npy"
    np.save(path, make_images(3, 8, 10, 3))
    X = np.load(path, mmap_mode="r")
    assert np.shares_memory(read_images(X, [0, 1, 2], cache_dir=tmp_path / "unused").pixels, X)
    tensor = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    assert np.shares_memory(read_images(tensor, [0, 1]).pixels, tensor.numpy())
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (["a", "b"], "<U1"),
        (np.array([7, 3], "int32"), "int32"),
        (torch.tensor([7, 3]), "int64"),
        (pd.Series([7, 3]), "int64"),
        (pd.Series(["a", "b"]), "object"),
        ([("a", 1), ("b", 2)], "object"),
    ],
)
def test_labels_come_back_as_given(y, dtype):
    data = read_images(make_images(2, 8, 8), y)
    codec = data.label_codec
    decoded = codec.decode(codec.encode(data.labels))
    assert decoded.dtype == dtype
    assert decoded.tolist() == [*y] == data.labels
    assert len(data) == 2


def test_overshoot_of_resizing_is_clipped():
    X = np.linspace(-0.0005, 1.0005, 64).reshape(1, 8, 8)
    data = read_images(X, [0])
    assert data.layout.value_range == (0.0, 1.0)
    assert (data.pixels.min(), data.pixels.max()) == (0, 255)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.zeros((0, 8, 8)), ValueError, "X is empty; pass at least one image"),
        ([], ValueError, "X is empty; pass at least one image"),
        (np.zeros((2, 64)), ValueError, r"X has shape \(2, 64\); images must have shape .* X.reshape"),
        (
            np.zeros((2, 8, 8, 2)),
            ValueError,
            r"read as \(H, W, C\) with 2 channels; images must have 1, 3 or 4",
        ),
        (torch.zeros(2, 5, 8, 8), ValueError, r"read as \(C, H, W\) with 5 channels"),
        (
            torch.zeros(2, 8, 8, 3),
            ValueError,
            r"with 8 channels; .* Move them first with X.movedim\(-1, -3\)",
        ),
        (np.zeros((2, 7, 8)), ValueError, "X holds 7 x 8 pixels .* from 8 to 256. Resize"),
        (np.zeros((2, 8, 257)), ValueError, "X holds 8 x 257 pixels .* from 8 to 256. Resize"),
        (np.zeros((2, 8, 8), bool), TypeError, r"X has dtype bool; .* X.astype\('uint8'\) \* 255"),
        (np.zeros((2, 8, 8), np.int8), TypeError, r"X has dtype int8; .* It ends at 127"),
        (torch.zeros(2, 8, 8, dtype=torch.bool), TypeError, "X has dtype bool; pixels must be uint8"),
        (np.zeros((2, 8, 8), object), TypeError, "X has dtype object; .* bring all to one shape"),
        (np.full((2, 8, 8), "a"), TypeError, "X has dtype str.*; .* Convert the images to numbers"),
        (np.zeros((2, 8, 8), complex), TypeError, "X has dtype complex128"),
        (np.full((2, 8, 8), 256), ValueError, r"from 256 to 256, but integer pixels must lie in \[0, 255\]"),
        (np.full((2, 8, 8), -1), ValueError, r"from -1 to -1, but integer pixels must lie in \[0, 255\]"),
        (
            np.full((2, 8, 8), -2.5),
            ValueError,
            r"from -2.5 to -2.5, but float .* \[0, 1\], \[-1, 1\] or \[0, 255\]",
        ),
        (np.full((2, 8, 8), 300.0), ValueError, "rescale X, for example by undoing a Normalize"),
        ([np.zeros((8, 8)), "a.png"], TypeError, "image 1 is of type str; expected a PIL image, an array or"),
        ([np.zeros((8, 8)), np.zeros((8, 9))], ValueError, "image 1 has 8 x 9 pixels, but image 0 has 8 x 8"),
        (
            [np.zeros((8, 8)), np.zeros((8, 8, 3))],
            ValueError,
            "image 1 has 3 channels, but image 0 has 1; .* mode",
        ),
        (
            [np.zeros((8, 8)), np.zeros((8, 8), "uint8")],
            ValueError,
            "image 1 has numpy uint8 none as kind, but",
        ),
        (
            [np.zeros((1, 8, 8, 3))] * 2,
            ValueError,
            r"image 0 holds images of shape \(1, 8, 8, 3\); each must",
        ),
    ],
)
def test_images_that_cannot_be_used_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        read_images(X, [0, 1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("form", "count"), [(np.asarray, "3"), (torch.as_tensor, "3"), (list, "at least 2")])
def test_non_finite_pixels_are_counted_and_placed(bad, form, count):
    X = np.zeros((300, 8, 8), "float32")
    X[200, 0, :2] = bad
    X[299, 0, 0] = bad
    with pytest.raises(ValueError, match=f"X holds {count} NaN or infinite pixels, the first in image 200; pixels"):
        read_images(form(X), [0] * 300)


def test_images_without_labels_are_refused():
    with pytest.raises(ValueError, match="y is missing: arrays and lists carry no labels"):
        read_images(np.zeros((2, 8, 8)))


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="X has 2 samples and y has 3 labels"):
        read_images(np.zeros((2, 8, 8)), [0, 1, 2])


@pytest.mark.parametrize("X", [np.zeros((2, 8, 8)), list(np.zeros((2, 8, 8)))])
def test_image_size_is_refused_for_arrays(X):
    with pytest.raises(ValueError, match="image_size resizes PIL images and files only"):
        read_images(X, [0, 1], image_size=(8, 8))


@pytest.mark.parametrize("size", [8, (8,), (8, 7), (8, 257), (8.5, 8), (8, 8, 3), "88"])
def test_bad_image_size_is_refused(size):
    with pytest.raises(ValueError, match=r"image_size must be \(height, width\), each an integer from 8 to 256"):
        read_images([], image_size=size)


def test_unknown_on_error_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown on_error 'skipp'; choose 'raise' or 'skip'. Did you mean 'skip'"):
        read_images([], on_error="skipp")


def test_cache_dir_must_be_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match=r"cache_dir .*file is a file; pass a folder"):
        read_images([], cache_dir=tmp_path / "file")


@pytest.mark.parametrize("X", [None, 3, {"a": 1}, pd.DataFrame({"a": [1]}), b"bytes", iter([])])
def test_other_types_are_refused(X):
    with pytest.raises(TypeError, match=r"X is of type .*; pass an array, a tensor, a list of images, a data set"):
        read_images(X)


@pytest.mark.parametrize("form", [np.asarray, list])
def test_nearly_black_floats_are_warned_of(form):
    X = np.linspace(0, 16, 64).reshape(1, 8, 8)
    with pytest.warns(GanaugWarning, match=r"up to 16 were taken as 0 to 255, so all are nearly black"):
        assert read_images(form(X), [0]).layout.value_range == (0.0, 255.0)


def test_importing_loads_no_host_library():
    code = (
        "import sys, ganaug.image_data; "
        "print({'torchvision', 'PIL.Image', 'pyarrow', 'datasets', 'pandas'} & {*sys.modules})"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
