"""Parquet files in the Hugging Face image layout: a column ``{bytes, path}`` and a label column."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ganaug._typing import Label
from ganaug.image_data.columns import choose_columns, find_class_names
from ganaug.image_data.folder import fingerprint_file
from ganaug.image_data.pil import decode_image
from ganaug.image_data.sources import Loader

_ROWS_AT_ONCE = 256
_SPLITS = {"train", "training", "test", "validation", "valid", "val", "dev"}


def find_parquet(path: Path) -> list[Path]:
    """Return the Parquet files that a path names: itself, or those directly in a folder.

    Raises
    ------
    ValueError
        If a folder holds several splits, such as ``train.parquet`` and ``test.parquet``.
    """
    if path.is_file():
        return [path] if path.suffix == ".parquet" else []
    files = sorted(path.glob("*.parquet"))
    splits = sorted({re.split(r"[-_.]", file.name)[0] for file in files} & _SPLITS)
    if len(splits) > 1:
        raise ValueError(
            f"{path} holds several splits ({', '.join(splits)}), and mixing them would spoil a test; pass "
            f"one file, such as {files[0]}, or move each split to its own folder."
        )
    return files


class ParquetSource:
    """Rows of one or more Parquet files, a few at a time.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the columns are not one of images and one of labels.
    """

    label_dtype = None

    def __init__(self, files: list[Path]) -> None:
        try:
            from pyarrow import parquet
        except ImportError as error:
            raise ImportError("Reading Parquet files needs pyarrow: pip install pyarrow") from error
        self.name = str(files[0] if len(files) == 1 else files[0].parent)
        self._files = files
        self._open = parquet.ParquetFile
        self._n_rows = sum(parquet.read_metadata(file).num_rows for file in files)
        schema = parquet.read_schema(files[0])
        features = _read_features(schema)
        self._image, self._label = choose_columns(
            schema.names,
            [name for name in schema.names if _holds_images(name, schema, features)],
            [name for name in schema.names if features.get(name, {}).get("_type") == "ClassLabel"],
            self.name,
        )
        self.class_names = _read_class_names(schema, features.get(self._label, {}))

    @property
    def fingerprint(self) -> list[Any]:
        return ["parquet", *([str(file.resolve()), *fingerprint_file(file, file.parent)] for file in self._files)]

    def __len__(self) -> int:
        return self._n_rows

    def __iter__(self) -> Iterator[tuple[str, Loader]]:
        for file in self._files:
            row = 0
            with self._open(file, pre_buffer=False) as opened:
                for batch in opened.iter_batches(_ROWS_AT_ONCE, columns=[self._image, self._label]):
                    labels = batch.column(self._label).to_pylist()
                    for value, label in zip(batch.column(self._image), labels, strict=True):
                        yield f"row {row} of {file}", partial(_read_row, value, label)
                        row += 1


def _read_row(value: Any, label: Label) -> tuple[Any, Label]:
    return decode_image(value.as_py()), label


def _read_features(schema: Any) -> dict[str, Any]:
    metadata = (schema.metadata or {}).get(b"huggingface")
    features = json.loads(metadata)["info"]["features"] if metadata else {}
    return {name: feature for name, feature in features.items() if isinstance(feature, dict)}  # Lists hold no images.


def _read_class_names(schema: Any, label_feature: dict[str, Any]) -> dict[Label, str]:
    plain = (schema.metadata or {}).get(b"class_names")
    return find_class_names(label_feature) or dict(enumerate(json.loads(plain) if plain else []))


def _holds_images(name: str, schema: Any, features: dict[str, Any]) -> bool:
    if name in features:
        return features[name].get("_type") == "Image"
    kind = str(schema.field(name).type)
    return (kind.startswith("struct<") and "bytes: " in kind) or kind in ("binary", "large_binary")
