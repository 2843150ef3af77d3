"""read_images on a folder of class subfolders."""

import shutil

import numpy as np
import pytest
from PIL import Image

from ganaug.exceptions import GanaugWarning
from ganaug.image_data import read_images

RNG = np.random.default_rng(0)


def save_image(path, size=(8, 10), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (*size, 3), dtype=np.uint8)).convert(mode).save(path)


@pytest.fixture
def folder(tmp_path):
    for name in ("dog/b.png", "dog/a.PNG", "cat/deep/x.bmp", "cat/x.ppm", "cat/.hidden.png", ".git/x.png"):
        save_image(tmp_path / name)
    (tmp_path / "dog" / "notes.txt").write_text("not an image")
    return tmp_path


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_folder_is_read_as_by_torchvision(folder, kind):
    data = read_images(kind(folder))
    assert data.labels == ["cat", "cat", "dog", "dog"]
    expected = [Image.open(folder / name) for name in ("cat/x.ppm", "cat/deep/x.bmp", "dog/a.PNG", "dog/b.png")]
    decoded = data.layout.decode(data.pixels)
    assert [image.tobytes() for image in decoded] == [image.tobytes() for image in expected]


def test_extensions_and_order_are_those_of_torchvision(folder):
    from torchvision.datasets import ImageFolder
    from torchvision.datasets.folder import IMG_EXTENSIONS

    from ganaug.image_data.folder import EXTENSIONS

    assert sorted(EXTENSIONS) == sorted(IMG_EXTENSIONS)
    (folder / "cat" / ".hidden.png").unlink()
    (folder / ".git" / "x.png").unlink()
    (folder / ".git").rmdir()
    host = ImageFolder(folder)
    np.testing.assert_array_equal(read_images(folder).pixels, read_images(host).pixels)


def test_mixed_sizes_name_two_files_and_the_way_out(folder):
    save_image(folder / "dog" / "c.png", (12, 12))
    with pytest.raises(ValueError, match=r"c.png has 12 x 12 pixels, but .*x.ppm has 8 x 10; .* Pass image_size="):
        read_images(folder)
    assert read_images(folder, image_size=(9, 11)).pixels.shape == (5, 3, 9, 11)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
@pytest.mark.parametrize("name", ["cat/a.png", "dog/c.png"])
def test_mixed_modes_are_read_as_rgb_like_torchvision(folder, mode, name):
    from torchvision.datasets import ImageFolder

    save_image(folder / name, mode=mode)
    with pytest.warns(GanaugWarning, match=r"has \d channel\(s\), and .* has \d; all are read as RGB"):
        data = read_images(folder)
    (folder / "cat" / ".hidden.png").unlink()
    shutil.rmtree(folder / ".git")
    np.testing.assert_array_equal(data.pixels, read_images(ImageFolder(folder)).pixels)


def test_photos_are_not_turned_as_in_torchvision(folder):
    image, exif = Image.new("RGB", (10, 8)), Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "dog" / "c.jpg", exif=exif)
    assert read_images(folder).layout.shape == (3, 8, 10)


def test_deep_images_are_refused(folder):
    Image.new("I;16", (10, 8)).save(folder / "dog" / "c.png")
    with pytest.raises(ValueError, match=r"c.png has PIL mode 'I;16'"):
        read_images(folder, on_error="skip")


@pytest.mark.parametrize("damage", [lambda whole: b"no image", lambda whole: whole[: len(whole) // 2]])
def test_unreadable_file_is_named_or_skipped(folder, damage):
    path = folder / "dog" / "a.PNG"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"Cannot read .*a.PNG: .* Repair or remove it, or pass on_error='skip'"):
        read_images(folder)
    with pytest.warns(GanaugWarning, match="1 of 4 images could not be read"):
        data = read_images(folder, on_error="skip")
    assert (data.n_skipped, data.labels, len(data.pixels)) == (1, ["cat", "cat", "dog"], 3)


def test_folder_without_classes_is_refused(tmp_path):
    save_image(tmp_path / "a.png")
    with pytest.raises(ValueError, match="has no class subfolders; expected one subfolder of images for each"):
        read_images(tmp_path)


@pytest.mark.parametrize("names", [["train"], ["train", "test"], ["Training", "valid", "test"]])
def test_parts_of_a_split_are_no_classes(folder, names, tmp_path_factory):
    root = tmp_path_factory.mktemp("split")
    for name in names:
        shutil.copytree(folder, root / name)
    with pytest.raises(ValueError, match=rf"parts of a split \(.*\); pass one of them, such as .*{names[0]}\."):
        read_images(root)
    assert read_images(root / names[0]).labels == ["cat", "cat", "dog", "dog"]


def test_a_class_may_be_called_test(folder):
    (folder / "dog").rename(folder / "test")
    assert set(read_images(folder).labels) == {"cat", "test"}
    shutil.rmtree(folder / "cat")
    (folder / "test" / ".thumbnails").mkdir()
    (folder / "test").rename(folder / "train")
    shutil.copytree(folder / "train", folder / "test")
    assert set(read_images(folder).labels) == {"test", "train"}


def test_a_flat_part_beside_one_of_classes_is_a_part(folder):
    for name in ("dog", "cat"):
        (folder / "train" / name).parent.mkdir(exist_ok=True)
        (folder / name).rename(folder / "train" / name)
    save_image(folder / "test" / "1.png")
    with pytest.raises(ValueError, match=r"parts of a split \(test, train\)"):
        read_images(folder)


def test_empty_class_folder_is_refused(folder):
    (folder / "bird").mkdir()
    with pytest.raises(ValueError, match=r"Class folder .*bird holds no images; put files there that end in .jpg"):
        read_images(folder)


def test_path_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist; pass a folder of images or a Parquet"):
        read_images(tmp_path / "nowhere")


def test_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "data.npz").touch()
    with pytest.raises(ValueError, match=r"data.npz is not a Parquet file; pass an array"):
        read_images(tmp_path / "data.npz")


def test_labels_beside_a_folder_are_refused(folder):
    with pytest.raises(ValueError, match="brings its own labels; leave y out"):
        read_images(folder, ["a"])
