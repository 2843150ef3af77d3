"""read_images on torchvision-style data sets, Hugging Face data sets and Parquet files."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from ganaug.exceptions import GanaugWarning
from ganaug.image_data import read_images, read_like

RNG = np.random.default_rng(0)
ARRAYS = RNG.integers(0, 256, (6, 8, 10, 3), dtype=np.uint8)
LABELS = [0, 1, 0, 1, 0, 1]


class PairDataset(torch.utils.data.Dataset):
    def __init__(self, images, labels=LABELS):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        if isinstance(self.images[index], Exception):
            raise self.images[index]
        return self.images[index], self.labels[index]


def to_tensors(arrays):
    return list(torch.from_numpy(arrays).movedim(-1, 1))


def encode_png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "png")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("images", "container"),
    [
        (list(ARRAYS), "numpy"),
        (to_tensors(ARRAYS), "torch"),
        ([Image.fromarray(array) for array in ARRAYS], "pil"),
    ],
)
def test_dataset_round_trip(images, container):
    data = read_images(PairDataset(images))
    assert data.layout.container == container
    assert data.labels == LABELS
    np.testing.assert_array_equal(data.pixels, ARRAYS.transpose(0, 3, 1, 2))
    decoded = data.layout.decode(data.pixels)
    np.testing.assert_array_equal(np.asarray(decoded[2]), np.asarray(images[2]))


def test_list_of_pairs_is_a_dataset():
    data = read_images(list(zip(ARRAYS, "ababab", strict=True)))
    assert data.labels == list("ababab")


def test_torchvision_dataset_and_subset():
    from torchvision.datasets import FakeData
    from torchvision.transforms.v2.functional import to_image

    dataset = FakeData(5, (3, 16, 16), 3)
    data = read_images(dataset)
    assert data.layout.container == "pil"
    assert data.labels == [int(dataset[index][1]) for index in range(5)]
    subset = torch.utils.data.Subset(FakeData(5, (3, 16, 16), 3, transform=to_image), [1, 3])
    np.testing.assert_array_equal(read_images(subset).pixels, data.pixels[[1, 3]])


def test_range_found_late_holds_for_all(monkeypatch):
    monkeypatch.setattr("ganaug.image_data.streaming._BLOCK", 2)
    X = torch.zeros(6, 1, 8, 8)
    X[5] = -1
    data = read_images(PairDataset(list(X)))
    assert data.layout.value_range == (-1.0, 1.0)
    torch.testing.assert_close(data.layout.decode(data.pixels), X, atol=4e-3, rtol=0)


def test_range_that_no_block_alone_breaks_is_refused(monkeypatch):
    monkeypatch.setattr("ganaug.image_data.streaming._BLOCK", 2)
    X = torch.zeros(6, 1, 8, 8)
    X[0], X[5] = -1, 200
    with pytest.raises(ValueError, match=r"Pixels range from -1 to 200, but float pixels must lie in"):
        read_images(PairDataset(list(X)))


def test_non_finite_pixel_is_named():
    X = torch.zeros(6, 1, 8, 8)
    X[4, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match="X holds at least 1 NaN or infinite pixels, the first in item 4"):
        read_images(PairDataset(list(X)))


def test_item_that_cannot_be_read_is_named_or_skipped():
    images = [*ARRAYS[:2], OSError("broken file"), *ARRAYS[3:]]
    with pytest.raises(ValueError, match=r"Cannot read item 2: OSError\('broken file'\). Repair .* on_error='skip'"):
        read_images(PairDataset(images))
    with pytest.warns(GanaugWarning, match="1 of 6 images could not be read and were skipped"):
        data = read_images(PairDataset(images), on_error="skip")
    assert (data.n_skipped, data.labels) == (1, [0, 1, 1, 0, 1])
    np.testing.assert_array_equal(data.pixels, ARRAYS[[0, 1, 3, 4, 5]].transpose(0, 3, 1, 2))


def test_nothing_readable_is_an_error():
    with pytest.raises(ValueError, match=r"None of the 2 images of The data set could be read; the last .* gone"):
        read_images(PairDataset([OSError("gone")] * 2), on_error="skip")


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (PairDataset([]), ValueError, "The data set is empty"),
        (PairDataset(ARRAYS, [0, None] * 3), ValueError, r"The label of item 1 is missing \(None\)"),
        (PairDataset(ARRAYS, [[0]] * 6), TypeError, r"The label of item 0 is \[0\] of type list, which is"),
        (PairDataset(["a.png"]), TypeError, "item 0 is of type str; expected a PIL image, an array or a"),
        (torch.utils.data.TensorDataset(torch.zeros(2, 1, 8, 8)), TypeError, "item 0 is of type tuple"),
        (torch.utils.data.DataLoader(PairDataset(ARRAYS)), TypeError, "X is a DataLoader; pass its data set"),
        (PairDataset([ARRAYS[0], ARRAYS[1][:, :9]]), ValueError, "item 1 has 8 x 9 pixels, but item 0 has"),
    ],
)
def test_datasets_that_cannot_be_used_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        read_images(X)


def test_labels_beside_a_dataset_are_refused():
    with pytest.raises(ValueError, match="X, a PairDataset, brings its own labels; leave y out"):
        read_images(PairDataset(list(ARRAYS)), LABELS)


def make_parquet(path, images=None, labels=LABELS, metadata=None, **columns):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    images = [{"bytes": encode_png(array), "path": None} for array in ARRAYS] if images is None else images
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(images, kind), "label": labels, **columns})
    parquet.write_table(table.replace_schema_metadata(metadata or {}), path)
    return path


HUGGINGFACE = {
    "huggingface": json.dumps(
        {
            "info": {
                "features": {
                    "image": {"_type": "Image"},
                    "label": {"_type": "ClassLabel", "names": ["cat", "dog"]},
                    "coarse": {"_type": "Value", "dtype": "int64"},
                }
            }
        }
    )
}


@pytest.mark.parametrize("metadata", [HUGGINGFACE, {"class_names": '["cat", "dog"]'}])
def test_parquet_round_trip_with_class_names(tmp_path, metadata):
    data = read_images(make_parquet(tmp_path / "a.parquet", metadata=metadata))
    assert data.layout.container == "pil"
    assert (data.labels, data.class_names) == (LABELS, {0: "cat", 1: "dog"})
    np.testing.assert_array_equal(data.pixels, ARRAYS.transpose(0, 3, 1, 2))


def test_parquet_folder_reads_all_files(tmp_path):
    make_parquet(tmp_path / "train-00000-of-00002.parquet", labels=list("ababab"))
    make_parquet(tmp_path / "train-00001-of-00002.parquet", labels=list("cccccc"))
    assert read_images(tmp_path).labels == list("abababcccccc")


def test_parquet_prefers_the_class_label_column(tmp_path):
    path = make_parquet(tmp_path / "a.parquet", metadata=HUGGINGFACE, coarse=[7] * 6)
    assert read_images(path).labels == LABELS


def test_parquet_folder_with_several_splits_is_refused(tmp_path):
    make_parquet(tmp_path / "train.parquet")
    make_parquet(tmp_path / "test.parquet")
    with pytest.raises(ValueError, match=r"holds several splits \(test, train\), .* pass one file"):
        read_images(tmp_path)


def test_parquet_row_that_cannot_be_read_is_named_or_skipped(tmp_path):
    images = [{"bytes": encode_png(array), "path": None} for array in ARRAYS]
    images[3] = {"bytes": b"not an image", "path": None}
    images[4] = {"bytes": None, "path": "elsewhere.png"}
    path = make_parquet(tmp_path / "a.parquet", images)
    with pytest.raises(ValueError, match=r"Cannot read row 3 of .*a.parquet: UnidentifiedImageError"):
        read_images(path)
    with pytest.warns(GanaugWarning, match="2 of 6 images"):
        assert read_images(path, on_error="skip").labels == [0, 1, 0, 1]


def test_parquet_record_without_bytes_says_so(tmp_path):
    path = make_parquet(tmp_path / "a.parquet", [{"bytes": None, "path": "a.png"}], [0])
    with pytest.raises(ValueError, match="it holds no image bytes"):
        read_images(path)


def test_parquet_record_of_a_path_is_read_from_there(tmp_path):
    (tmp_path / "a.png").write_bytes(encode_png(ARRAYS[0]))
    records = [{"bytes": None, "path": str(tmp_path / "a.png")}]
    data = read_images(make_parquet(tmp_path / "a.parquet", records, [0]))
    np.testing.assert_array_equal(data.layout.decode(data.pixels)[0], ARRAYS[0])


def test_parquet_record_may_begin_with_the_path(tmp_path):
    pa = pytest.importorskip("pyarrow")
    records = pa.array([{"path": None, "bytes": encode_png(array)} for array in ARRAYS])
    assert str(records.type).startswith("struct<path")
    path = make_parquet(tmp_path / "a.parquet")
    pa.parquet.write_table(pa.table({"image": records, "label": LABELS}), tmp_path / "b.parquet")
    np.testing.assert_array_equal(read_images(tmp_path / "b.parquet").pixels, read_images(path).pixels)


def test_parquet_features_may_be_lists(tmp_path):
    metadata = json.loads(HUGGINGFACE["huggingface"])
    metadata["info"]["features"]["tags"] = [{"dtype": "string", "_type": "Value"}]
    path = make_parquet(tmp_path / "a.parquet", metadata={"huggingface": json.dumps(metadata)}, tags=[["x"]] * 6)
    assert read_images(path).class_names == {0: "cat", 1: "dog"}


def test_photos_in_bytes_are_turned_upright_as_by_huggingface(tmp_path):
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (16, 8)).save(file, "JPEG", exif=exif)
    path = make_parquet(tmp_path / "a.parquet", [{"bytes": file.getvalue(), "path": None}], [0])
    assert read_images(path).layout.shape == (3, 16, 8)


@pytest.mark.parametrize("kind", ["list", "data set", "array"])
def test_what_a_pil_model_is_compared_with_may_be_arrays(kind):
    layout = read_images([Image.fromarray(array) for array in ARRAYS], LABELS).layout
    stacked = np.stack(ARRAYS)
    data = {
        "list": (list(stacked), LABELS),
        "data set": list(zip(torch.from_numpy(stacked).movedim(-1, 1), LABELS, strict=True)),
        "array": (stacked, LABELS),
    }
    np.testing.assert_array_equal(read_like(layout, data[kind]).pixels, stacked.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("as_list", [False, True])
def test_floats_are_read_in_the_range_of_the_model(as_list):
    signed = np.random.default_rng(0).uniform(-1, 1, (20, 8, 8))
    layout, bright = read_images(signed, [0] * 20).layout, np.abs(signed)
    found = read_like(layout, (list(bright) if as_list else bright, [0] * 20))
    assert found.layout.value_range == (-1, 1)
    np.testing.assert_array_equal(found.pixels, layout.encode(bright))
    assert read_like(layout, (bright * 255, [0] * 20)).layout.value_range == (0, 255)


def test_parquet_without_one_image_column_is_refused(tmp_path):
    images = [{"bytes": encode_png(array), "path": None} for array in ARRAYS]
    path = make_parquet(tmp_path / "a.parquet", second=images)
    with pytest.raises(ValueError, match=r"exactly one column of images, got \['image', 'second'\] among"):
        read_images(path)


def test_a_table_is_no_data_set_of_images(tmp_path):
    pd.DataFrame({"a": [1.0, 2.0], "y": ["u", "v"]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"got none among the columns a, y; if it is a table, .* --target COLUMN"):
        read_images(tmp_path / "a.parquet")


def test_parquet_without_one_label_column_is_refused(tmp_path):
    path = make_parquet(tmp_path / "a.parquet", target=LABELS)
    with pytest.raises(ValueError, match="exactly one column of labels, got the columns image, label, target"):
        read_images(path)


def test_empty_parquet_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a.parquet is empty"):
        read_images(make_parquet(tmp_path / "a.parquet", [], []))


def test_missing_pyarrow_names_the_command(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").touch()
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ImportError, match="Reading Parquet files needs pyarrow: pip install pyarrow"):
        read_images(tmp_path / "a.parquet")


def make_huggingface():
    datasets = pytest.importorskip("datasets")
    columns = {"image": [Image.fromarray(array) for array in ARRAYS], "label": LABELS}
    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])}
    return datasets.Dataset.from_dict(columns, datasets.Features(features))


def test_huggingface_round_trip(tmp_path):
    dataset = make_huggingface()
    data = read_images(dataset.with_format("torch"), cache_dir=tmp_path)
    assert data.layout.container == "pil"
    assert (data.labels, data.class_names) == (LABELS, {0: "cat", 1: "dog"})
    np.testing.assert_array_equal(data.pixels, ARRAYS.transpose(0, 3, 1, 2))


def test_huggingface_parquet_is_read_alike(tmp_path):
    make_huggingface().to_parquet(tmp_path / "a.parquet")
    assert read_images(tmp_path / "a.parquet").class_names == {0: "cat", 1: "dog"}


def test_huggingface_records_that_were_not_cast_are_decoded(tmp_path):
    datasets = pytest.importorskip("datasets")
    path = make_parquet(tmp_path / "a.parquet", labels=list("ababab"))
    dataset = datasets.Dataset.from_parquet(str(path), cache_dir=str(tmp_path / "cache"))
    assert read_images(dataset).labels == list("ababab")


def test_huggingface_splits_and_streams_are_refused():
    datasets = pytest.importorskip("datasets")
    dataset = make_huggingface()
    with pytest.raises(TypeError, match=r"X is a dict of data sets; choose one of its splits 'train'"):
        read_images(datasets.DatasetDict(train=dataset))
    with pytest.raises(TypeError, match=r"X is a stream .* of unknown length"):
        read_images(dataset.to_iterable_dataset())


def test_own_module_named_datasets_is_not_taken_for_huggingface(monkeypatch):
    monkeypatch.setattr(PairDataset, "__module__", "datasets.mine")
    assert read_images(PairDataset(list(ARRAYS))).labels == LABELS
