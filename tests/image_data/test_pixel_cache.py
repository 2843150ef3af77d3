"""Pixels on disk: whole or not at all, recognised only when the data is the same."""

import gc
import os
import tempfile
from collections import namedtuple

import numpy as np
import pytest
from PIL import Image

from ganaug.exceptions import GanaugWarning
from ganaug.image_data import read_images, store

RNG = np.random.default_rng(0)
PAIRS = [(RNG.integers(0, 256, (8, 10), dtype=np.uint8), index % 2) for index in range(5)]


@pytest.fixture
def folder(tmp_path):
    for index, label in enumerate("ababa"):
        path = tmp_path / "images" / label / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(PAIRS[index][0]).save(path)
    return tmp_path / "images"


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(store, "MEMORY_LIMIT", 100)
    return tmp_path / "temporary"


def refuse_to_decode(*_):
    raise AssertionError("The cache was not used")


def assert_same(data, other):
    np.testing.assert_array_equal(data.pixels, other.pixels)
    assert (data.labels, data.layout, data.n_skipped) == (other.labels, other.layout, other.n_skipped)
    assert (data.class_names, data.label_dtype) == (other.class_names, other.label_dtype)


def test_folder_is_read_again_from_the_cache(folder, cache, monkeypatch):
    first = read_images(folder, cache_dir=cache)
    assert isinstance(first.pixels, np.memmap)
    assert_same(first, read_images(folder))
    monkeypatch.setattr("ganaug.image_data.folder._read_file", refuse_to_decode)
    assert_same(first, read_images(folder, cache_dir=str(cache)))
    (entry,) = cache.iterdir()
    assert sorted(path.name for path in entry.iterdir()) == ["cache.json", "labels.npy", "pixels.npy"]


def change_time(folder):
    os.utime(folder / "a" / "0.png", (1, 1))


def add_file(folder):
    Image.fromarray(PAIRS[0][0]).save(folder / "a" / "9.png")


def remove_file(folder):
    (folder / "a" / "0.png").unlink()


def rename_file(folder):
    (folder / "a" / "0.png").rename(folder / "b" / "0.png")


def test_folders_of_like_files_do_not_share_a_cache(tmp_path, cache):
    for place, value in (("a", 0), ("b", 200)):
        path = tmp_path / place / "class" / "0.bmp"
        path.parent.mkdir(parents=True)
        Image.fromarray(np.full((8, 8), value, np.uint8)).save(path)
        os.utime(path, (0, 0))
    first, second = (read_images(tmp_path / place, cache_dir=cache).pixels for place in ("a", "b"))
    assert (first.max(), second.min()) == (0, 200)


@pytest.mark.parametrize("change", [change_time, add_file, remove_file, rename_file])
def test_changed_folder_is_read_anew(folder, cache, change):
    read_images(folder, cache_dir=cache)
    change(folder)
    assert_same(read_images(folder, cache_dir=cache), read_images(folder))
    assert len(list(cache.iterdir())) == 2


def test_other_options_do_not_share_a_cache(folder, cache):
    assert read_images(folder, cache_dir=cache).pixels.shape == (5, 1, 8, 10)
    assert read_images(folder, cache_dir=cache, image_size=(9, 9)).pixels.shape == (5, 1, 9, 9)


def test_cache_remembers_what_was_skipped(folder, cache):
    (folder / "a" / "0.png").write_bytes(b"broken")
    for _ in range(2):
        with pytest.warns(GanaugWarning, match="1 of 5 images"):
            data = read_images(folder, cache_dir=cache, on_error="skip")
        assert (data.n_skipped, data.pixels.shape) == (1, (4, 1, 8, 10))


@pytest.mark.parametrize("name", ["cache.json", "labels.npy", "pixels.npy"])
@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: os.truncate(path, 20)])
def test_damaged_cache_is_written_anew(folder, cache, name, damage):
    read_images(folder, cache_dir=cache)
    (entry,) = cache.iterdir()
    damage(entry / name)
    assert_same(read_images(folder, cache_dir=cache), read_images(folder))


def test_cut_off_cache_is_never_taken_for_a_whole_one(folder, cache, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store.PixelStore, "__exit__", lambda *_: None)  # As if killed: nothing is cleaned up.
        patch.setattr(store.PixelStore, "finish", refuse_to_decode)
        with pytest.raises(AssertionError):
            read_images(folder, cache_dir=cache)
    (left,) = cache.iterdir()
    assert_same(read_images(folder, cache_dir=cache), read_images(folder))
    assert left.name.startswith(".partial-ganaug-")


def test_failed_read_leaves_nothing_behind(folder, cache, monkeypatch):
    monkeypatch.setattr("ganaug.image_data.streaming._BLOCK", 1)
    (folder / "b" / "3.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"3\.png"):
        read_images(folder, cache_dir=cache)
    assert list(cache.iterdir()) == []


def test_cache_that_another_process_finished_first_is_used(folder, cache, monkeypatch):
    from ganaug.image_data import streaming

    first = read_images(folder, cache_dir=cache)
    monkeypatch.setattr(streaming, "load_entry", lambda entry: None)
    assert_same(first, read_images(folder, cache_dir=cache))
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("where", ["cache", "temporary"])
def test_data_that_cannot_be_recognised_leaves_no_file(request, where):
    place = request.getfixturevalue(where)
    data = read_images(PAIRS, cache_dir=place if where == "cache" else None)
    assert isinstance(data.pixels, np.memmap)
    np.testing.assert_array_equal(data.pixels[:, 0], [image for image, _ in PAIRS])
    assert list(place.iterdir()) == []
    del data
    gc.collect()


def test_float_array_above_the_limit_goes_to_disk(temporary):
    X = np.stack([image for image, _ in PAIRS]) / 255
    data = read_images(X, [0] * 5)
    assert isinstance(data.pixels, np.memmap)
    np.testing.assert_allclose(data.layout.decode(data.pixels), X)


def test_full_disk_is_an_error_before_writing(folder, cache, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: usage(1000, 1000, 10))
    with pytest.raises(OSError, match=r"need 0.0 MiB of disk space, but .* has only 0.0 MiB free; .* cache_dir"):
        read_images(folder, cache_dir=cache)
    assert list(cache.iterdir()) == []


def test_disk_that_fills_up_while_writing_leaves_nothing(folder, cache, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.PixelStore, "finish", fail)
    with pytest.raises(OSError, match="No space left"):
        read_images(folder, cache_dir=cache)
    assert list(cache.iterdir()) == []
