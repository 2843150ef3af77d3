import gzip
import struct

import numpy as np
import pytest

from ganaug.benchmark import fashion_mnist
from ganaug.benchmark.fashion_mnist import find_fashion_mnist, read_fashion_mnist

IMAGES = np.arange(2 * 28 * 28).reshape(2, 28, 28).astype(np.uint8)
LABELS = np.array([3, 9], dtype=np.uint8)


def _idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def _write(folder, compress=True):
    folder.mkdir(parents=True, exist_ok=True)
    for prefix in ("train", "t10k"):
        for stem, array in ((f"{prefix}-images-idx3-ubyte", IMAGES), (f"{prefix}-labels-idx1-ubyte", LABELS)):
            path = folder / (f"{stem}.gz" if compress else stem)
            path.write_bytes(gzip.compress(_idx(array)) if compress else _idx(array))
    return folder


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine without Fashion-MNIST."""
    monkeypatch.delenv("GANAUG_DATA", raising=False)
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", tmp_path / "no-debian")
    monkeypatch.setattr(fashion_mnist, "CACHE_FOLDER", tmp_path / "cache")


@pytest.mark.parametrize("compress", [True, False])
def test_reads_the_four_files_packed_or_not(tmp_path, compress):
    parts = read_fashion_mnist(_write(tmp_path, compress))
    assert np.array_equal(parts["X_train"], IMAGES)
    assert np.array_equal(parts["y_test"], LABELS)


def test_explicit_folder_must_hold_the_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not hold the Fashion-MNIST files train-images"):
        find_fashion_mnist(tmp_path)


def test_environment_comes_before_the_debian_package_and_the_cache(nowhere, monkeypatch, tmp_path):
    places = [
        tmp_path / "cache" / "FashionMNIST" / "raw",
        tmp_path / "no-debian",
        tmp_path / "data" / "fashion-mnist",
    ]
    for place in places:
        _write(place)
        monkeypatch.setenv("GANAUG_DATA", str(tmp_path / "data"))
        assert find_fashion_mnist() == place


def test_download_is_the_last_resort(nowhere, monkeypatch, tmp_path):
    from torchvision import datasets

    def download(root, download):
        _write(root / "FashionMNIST" / "raw")

    monkeypatch.setattr(datasets, "FashionMNIST", download)
    assert find_fashion_mnist() == tmp_path / "cache" / "FashionMNIST" / "raw"


def test_failed_download_names_all_ways_out(nowhere, monkeypatch):
    from torchvision import datasets

    def fail(root, download):
        raise OSError("no network")

    monkeypatch.setattr(datasets, "FashionMNIST", fail)
    with pytest.raises(FileNotFoundError, match=r"no network.*\$GANAUG_DATA.*dataset-fashion-mnist"):
        find_fashion_mnist()


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", _idx(IMAGES)[:-1], b"nonsense, but long"])
def test_broken_file_is_named(tmp_path, content):
    _write(tmp_path, compress=False)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(ValueError, match="train-images-idx3-ubyte is not a complete IDX file"):
        read_fashion_mnist(tmp_path)
