import errno
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from _fakes import FakeGAN
from _tables import tiny_table_gan
from PIL import Image
from torchvision.datasets import ImageFolder

from ganaug import export
from ganaug.export import export_rows, export_samples
from ganaug.image_data import LabelCodec


class SeededGAN(FakeGAN):
    random_state = 0


class UnseededGAN(FakeGAN):
    random_state = None


def test_folder_holds_one_png_per_sample_in_its_class(tmp_path):
    path = export_samples(SeededGAN(), tmp_path / "new" / "out", ["dog", "cat", "dog"])
    assert path == tmp_path / "new" / "out"
    data = ImageFolder(path)
    assert data.classes == ["cat", "dog"]
    assert data.targets == [0, 1, 1]
    for image, target in data:
        assert image.size == (10, 8)
        assert 60 * (target + 1) <= np.asarray(image).min() <= np.asarray(image).max() < 60 * (target + 1) + 10


def test_folders_of_numbers_sort_as_the_numbers(tmp_path):
    labels = list(range(12))
    path = export_samples(SeededGAN(labels), tmp_path / "out", labels)
    assert ImageFolder(path).classes == [f"{label:02d}" for label in labels]
    assert ImageFolder(export_samples(SeededGAN([0, 9]), tmp_path / "few", [0, 9])).classes == ["0", "9"]


def test_npz_holds_sorted_arrays(tmp_path):
    export_samples(SeededGAN(), tmp_path / "out.npz", ["emu", "cat"])
    with np.load(tmp_path / "out.npz", allow_pickle=False) as arrays:
        assert arrays["X"].shape == (2, 8, 10, 3)
        assert arrays["X"].dtype == np.uint8
        assert arrays["y"].tolist() == ["cat", "emu"]
        assert arrays["X"][:, 0, 0, 0] // 60 == pytest.approx([1, 3])


@pytest.mark.parametrize(("labels", "kind"), [((1, 2), "i"), (("a", 2), "U"), (((1, 2), (3, 4)), "U")])
def test_npz_keeps_numbers_and_writes_other_labels_as_strings(tmp_path, labels, kind):
    export_samples(SeededGAN(labels), tmp_path / "out.npz", labels)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as arrays:
        assert arrays["y"].dtype.kind == kind
        assert [str(label) for label in arrays["y"].tolist()] == [str(label) for label in labels]


def test_grey_images_have_no_channel_axis(tmp_path):
    gan = SeededGAN(layout="array")
    export_samples(gan, tmp_path / "out.npz", ["cat"])
    with np.load(tmp_path / "out.npz") as arrays:
        assert arrays["X"].shape == (1, 8, 10)
    export_samples(gan, tmp_path / "out", ["cat"])
    assert Image.open(tmp_path / "out" / "cat" / "000000.png").mode == "L"


def test_picture_has_a_row_per_class_if_all_have_equally_many(tmp_path):
    cell = 12 * 5, 10 * 5  # 10 x 8 pixels, framed, five times enlarged
    export_samples(SeededGAN(), tmp_path / "even.png", ["cat", "emu"] * 4)
    assert Image.open(tmp_path / "even.png").size == (4 * cell[0], 2 * cell[1])
    export_samples(SeededGAN(), tmp_path / "odd.PNG", ["cat", "dog", "dog"])
    assert Image.open(tmp_path / "odd.PNG").size == (10 * cell[0], cell[1])


def _draw(path, gan, **options):
    with np.load(export_samples(gan, path, ["cat", "dog"], **options)) as arrays:
        return arrays["X"]


def test_random_state_decides_whether_a_draw_repeats(tmp_path):
    names = iter(f"{i}.npz" for i in range(8))
    pairs = [(SeededGAN, None), (SeededGAN, 1), (UnseededGAN, 1), (UnseededGAN, None)]
    repeats = [
        np.array_equal(*(_draw(tmp_path / next(names), gan(), random_state=seed) for _ in range(2)))
        for gan, seed in pairs
    ]
    assert repeats == [True, True, True, False]


def test_many_samples_are_drawn_in_blocks_that_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_BLOCK", 3)
    with np.load(export_samples(SeededGAN(), tmp_path / "more.npz", ["cat"] * 7)) as arrays:
        assert len({image.tobytes() for image in arrays["X"]}) == 7
    export_samples(SeededGAN(), tmp_path / "out", ["cat"] * 7)
    assert len(list((tmp_path / "out" / "cat").iterdir())) == 7


@pytest.mark.parametrize("name", ["out", "out.npz", "out.png"])
def test_existing_paths_are_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileExistsError, match=f"{name} exists and is left alone; choose a path"):
        export_samples(SeededGAN(), tmp_path / name, ["cat"])
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("name", ["out.jpg", "out.parquet", "out.NPY"])
def test_other_kinds_of_file_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"files end in \.npz \(arrays X and y\) or \.png \(one picture\)"):
        export_samples(SeededGAN(), tmp_path / name, ["cat"])


def test_a_folder_may_have_a_dot_in_its_name(tmp_path):
    assert export_samples(SeededGAN(), tmp_path / "v1.0", ["cat"]).is_dir()


def test_unknown_and_missing_labels_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Unknown label 'cta'; .* Did you mean 'cat'\?"):
        export_samples(SeededGAN(), tmp_path / "out", ["cta"])
    with pytest.raises(ValueError, match="y is empty; pass one label for each sample"):
        export_samples(SeededGAN(), tmp_path / "out.npz", [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("labels", [("a/b", "a_b"), (1, "1"), ("..", "a"), ("", "a"), (".hidden", "a"), ("a\0b", "a")])
def test_labels_that_cannot_name_folders_are_refused_for_folders_only(tmp_path, labels):
    gan = SeededGAN(labels)
    with pytest.raises(ValueError, match=r"cannot all be names of folders .* write an \.npz file instead"):
        export_samples(gan, tmp_path / "out", labels)
    assert not list(tmp_path.iterdir())
    export_samples(gan, tmp_path / "out.npz", labels)
    export_samples(gan, tmp_path / "out.png", labels)


def test_separators_in_labels_stay_inside_the_folder(tmp_path):
    export_samples(SeededGAN(["T-shirt/top", "a/../../up"]), tmp_path / "out", ["T-shirt/top", "a/../../up"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["T-shirt_top", "a_.._.._up"]


@pytest.mark.parametrize("name", ["out", "out.npz", "out.png"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, name):
    def fail(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="No space left"):
        export_samples(SeededGAN(), tmp_path / name, ["cat"])
    assert not list(tmp_path.iterdir())


class RowsGAN:
    """Draw a frame, or an array, whose cells are the labels' numbers."""

    def __init__(self, names=("a", "b")):
        self.names, self.n_features_in_ = names, 2
        self.codec_, self.label_codec_ = SimpleNamespace(feature_names=names), LabelCodec(["cat", "dog"])

    def sample(self, y, random_state):
        cells = np.repeat(self.label_codec_.encode(y)[:, None], 2, axis=1) + 10 * random_state
        return (cells if self.names is None else pd.DataFrame(cells, columns=self.names)), np.asarray(y)


@pytest.mark.parametrize(
    ("options", "head"),
    [
        ({}, "a,b,target\n11,11,dog\n10,10,cat\n"),
        ({"target": "y", "columns": ["b", "y", "a"]}, "b,y,a\n11,dog,11\n10,cat,10\n"),
    ],
)
def test_rows_are_written_with_their_labels(tmp_path, options, head):
    path = export_rows(RowsGAN(), tmp_path / "rows.csv", ["dog", "cat"], random_state=1, **options)
    assert path.read_text() == head


def test_columns_of_arrays_get_names(tmp_path):
    export_rows(RowsGAN(None), tmp_path / "rows.parquet", ["dog"], random_state=0)
    assert pd.read_parquet(tmp_path / "rows.parquet").to_dict("list") == {"x0": [1], "x1": [1], "target": ["dog"]}


def test_rows_are_not_written_where_or_as_they_must_not(tmp_path):
    with pytest.raises(ValueError, match="The model has a column 'a', so the labels' cannot have that name"):
        export_rows(RowsGAN(), tmp_path / "rows.csv", ["dog"], target="a", random_state=0)
    with pytest.raises(ValueError, match=r"tables end in \.csv"):
        export_rows(RowsGAN(), tmp_path / "rows.npz", ["dog"], random_state=0)
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(FileExistsError, match=r"mine\.csv exists"):
        export_rows(RowsGAN(), tmp_path / "mine.csv", ["dog"], random_state=0)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("columns", [["x0", "target"], ["x0", "x1", "x1", "target"], ["x0", "x2", "target"]])
def test_columns_must_be_the_models(tmp_path, columns):
    gan = tiny_table_gan().fit(np.random.default_rng(0).normal(size=(40, 2)), [0, 1] * 20)
    with pytest.raises(ValueError, match="columns must be those of the model and 'target'"):
        export_rows(gan, tmp_path / "rows.csv", [0, 1], columns=columns)
    assert not list(tmp_path.iterdir())
