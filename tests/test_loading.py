"""Loading: what is damaged is refused; round trips are tested with each estimator."""

import json

import numpy as np
import pytest
from _tables import tiny_table_gan

import ganaug
from ganaug.exceptions import ModelFormatError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model"
    tiny_table_gan().fit(np.random.default_rng(0).normal(size=(40, 2)), [0, 1] * 20).save(path)
    return path


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        (None, "estimator", []),
        (None, "counts", None),
        (None, "counts", [20]),
        (None, "counts", [20, -1]),
        (None, "counts", [20.0, float("nan")]),
        (None, "earlier_generators", 10**7),
        ("parameters", "n_threads", "many"),
        ("parameters", "n_threads", -1),
        ("parameters", "n_threads", 10**12),
        ("parameters", "batch_size", None),
        ("codec", "file_columns", []),
        ("codec", "file_columns", {"target": "y", "names": ["a", "a", "y"], "dates": {}}),
        ("codec", "file_columns", {"target": "z", "names": ["a", "y"], "dates": {}}),
        ("codec", "file_columns", {"target": "y", "names": ["a", "y"], "dates": {"b": "%Y"}}),
        ("codec", "file_columns", {"target": "y", "names": 3, "dates": {}}),
    ],
)
def test_a_damaged_config_is_refused(saved, tmp_path, part, key, value):
    (tmp_path / "weights.safetensors").write_bytes((saved / "weights.safetensors").read_bytes())
    config = json.loads((saved / "config.json").read_text())
    (config if part is None else config[part])[key] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFormatError):
        ganaug.load(tmp_path)
