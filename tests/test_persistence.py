import json
import math
import shutil
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganaug.architectures import Residual
from ganaug.diffaugment import ADA, DiffAugment
from ganaug.exceptions import ModelFormatError
from ganaug.losses import Hinge
from ganaug.persistence import from_json, load_weights, read_folder, to_json, weights_of, write_folder


@pytest.fixture(name="folder")
def make_folder(tmp_path):
    path = tmp_path / "model"
    write_folder(path, "model", {"a": 1}, {"w": torch.eye(2)}, overwrite=False)
    return path


def edit_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


class TestFolder:
    def test_round_trip(self, folder):
        config, tensors = read_folder(folder, "model")
        assert config.pop("mark")
        assert config == {"format": "ganaug-model", "version": 1, "a": 1}
        assert torch.equal(tensors["w"], torch.eye(2))
        assert sorted(path.name for path in folder.iterdir()) == ["config.json", "weights.safetensors"]

    def test_files_of_two_versions_are_told(self, folder, tmp_path):
        write_folder(tmp_path / "other", "model", {"a": 2}, {"w": torch.eye(2)}, overwrite=False)
        (tmp_path / "other" / "config.json").replace(folder / "config.json")
        with pytest.raises(ModelFormatError, match="do not belong together"):
            read_folder(folder, "model")

    def test_a_deeply_nested_config_is_refused(self, folder):
        (folder / "config.json").write_text("[" * 100_000)
        with pytest.raises(ModelFormatError, match="is damaged"):
            read_folder(folder, "model")

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1j])
    def test_weights_that_are_no_finite_numbers_are_refused(self, bad):
        layer = torch.nn.Linear(2, 2)
        tensors = weights_of(layer, "own")
        tensors["own.bias"] = torch.tensor([bad, 0])
        with pytest.raises(ModelFormatError, match="The weights 'bias' of the own are not all finite real numbers"):
            load_weights(layer, tensors, "own")

    def test_buffers_may_hold_infinity(self):
        layer = torch.nn.Linear(2, 2)
        layer.register_buffer("mask", torch.full((2, 2), -math.inf).triu(1))
        load_weights(layer, weights_of(layer, "own"), "own")

    def test_tied_and_strided_tensors_are_stored(self, tmp_path):
        w = torch.randn(4, 6, 2, 2).to(memory_format=torch.channels_last)
        write_folder(tmp_path / "m", "model", {}, {"a": w, "b": w, "c": w[:, ::2]}, overwrite=False)
        _, tensors = read_folder(tmp_path / "m", "model")
        assert torch.equal(tensors["a"], w)
        assert torch.equal(tensors["b"], w)
        assert torch.equal(tensors["c"], w[:, ::2])

    def test_folder_is_replaced_on_demand_only(self, folder):
        with pytest.raises(FileExistsError, match="already holds a model"):
            write_folder(folder, "model", {"a": 2}, {}, overwrite=False)
        write_folder(folder, "model", {"a": 2}, {}, overwrite=True)
        assert read_folder(folder, "model")[0]["a"] == 2

    def test_full_disk_leaves_nothing_behind(self, tmp_path, monkeypatch):
        monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("usage", "free")(10))
        with pytest.raises(OSError, match="MB left; free some space"):
            write_folder(tmp_path / "m", "model", {}, {"w": torch.zeros(100)}, overwrite=False)
        assert not any(tmp_path.iterdir())

    def test_config_that_is_no_json_leaves_nothing_behind(self, tmp_path):
        with pytest.raises(TypeError, match="not JSON serializable"):
            write_folder(tmp_path / "m", "model", {"a": object()}, {}, overwrite=False)
        assert not any(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["config.json", "weights.safetensors"])
    def test_incomplete_folder_is_refused(self, folder, name):
        (folder / name).unlink()
        with pytest.raises(ModelFormatError, match=f"is not a ganaug model: there is no {name}. Pass a folder"):
            read_folder(folder, "model")

    def test_missing_folder_is_refused(self, tmp_path):
        with pytest.raises(ModelFormatError, match=r"There is no model at .*nowhere"):
            read_folder(tmp_path / "nowhere", "model")

    @pytest.mark.parametrize("name", ["config.json", "weights.safetensors"])
    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00rubbish" * 9])
    def test_damaged_folder_is_refused(self, folder, name, content):
        (folder / name).write_bytes(content)
        with pytest.raises(ModelFormatError, match=r"The model in .* is damaged: .* Save it again"):
            read_folder(folder, "model")

    def test_truncated_weights_are_refused(self, folder):
        content = (folder / "weights.safetensors").read_bytes()
        (folder / "weights.safetensors").write_bytes(content[:-3])
        with pytest.raises(ModelFormatError, match="is damaged"):
            read_folder(folder, "model")

    @pytest.mark.parametrize("text", ["[]", '"ganaug-model"', '{"format": "other"}', '{"format": "ganaug-checkpoint"}'])
    def test_foreign_folder_is_refused(self, folder, text):
        (folder / "config.json").write_text(text)
        with pytest.raises(ModelFormatError, match="does not describe a ganaug model; pass a folder that ganaug saved"):
            read_folder(folder, "model")

    def test_newer_version_is_refused(self, folder):
        edit_config(folder, version=2)
        with pytest.raises(ModelFormatError, match="has format version 2 and this ganaug reads 1; upgrade ganaug"):
            read_folder(folder, "model")


class TestWeights:
    def test_weights_move_under_their_prefix(self):
        old, new, other = nn.Linear(2, 3), nn.Linear(2, 3), nn.Linear(2, 3)
        tensors = weights_of(old, "generator") | weights_of(other, "generator_of_class_0")
        load_weights(new, tensors, "generator")
        assert torch.equal(new.weight, old.weight)

    @pytest.mark.parametrize("wrong", [nn.Linear(2, 4), nn.Linear(2, 3, bias=False), nn.Identity()])
    def test_weights_that_do_not_fit_are_refused(self, wrong):
        with pytest.raises(ModelFormatError, match="do not fit the generator that the config describes"):
            load_weights(nn.Linear(2, 3), weights_of(wrong, "generator"), "generator")


@dataclass(frozen=True)
class Mine:
    size: int = 3
    inner: DiffAugment | None = None


class TestJson:
    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            3,
            0.25,
            math.inf,
            "text",
            (1, "a", (2.5, None)),
            {"a": 1, (0, 1): ("b",)},
            Hinge(),
            Residual(width=7),
            ADA(policy=DiffAugment(cutout=0.0), target=0.5),
        ],
        ids=repr,
    )
    def test_round_trip(self, value):
        assert from_json(json.loads(json.dumps(to_json(value)))) == value

    @pytest.mark.parametrize(
        ("given", "written"),
        [
            (np.int64(3), 3),
            (np.float32(0.5), 0.5),
            (np.bool_(True), True),
            (np.str_("a"), "a"),
            (Path("a") / "b", str(Path("a") / "b")),
            ([1, np.int8(2)], [1, 2]),
        ],
    )
    def test_plain_values_are_recognised(self, given, written):
        assert to_json(given) == written
        assert type(to_json(given)) is type(written)

    @pytest.mark.parametrize("value", [object(), {1, 2}, Hinge, lambda: 0, np.zeros(2), {"a": [b"x"]}])
    def test_other_values_are_refused(self, value):
        with pytest.raises(TypeError, match="cannot be saved; make it a frozen dataclass of plain values"):
            to_json(value)

    def test_own_classes_load_only_when_trusted(self):
        written = to_json(Mine(4, DiffAugment()))
        with pytest.raises(ModelFormatError, match=r"'.*:Mine', which is not part of ganaug. .*trusted=\[Mine\]"):
            from_json(written)
        assert from_json(written, [Mine]) == Mine(4, DiffAugment())

    @pytest.mark.parametrize("place", ["os:system", "ganaug_evil.loss:Hinge", "builtins:eval", "ganaug"])
    def test_foreign_code_is_never_imported(self, place):
        with pytest.raises(ModelFormatError, match="is not part of ganaug"):
            from_json({"class": place, "fields": {}})

    @pytest.mark.parametrize("place", ["ganaug.losses:softplus", "ganaug.losses:LOSSES", "ganaug.image:ImageGAN"])
    def test_what_is_no_recipe_is_refused(self, place):
        with pytest.raises(ModelFormatError, match="which is not a recipe of ganaug"):
            from_json({"class": place, "fields": {}})

    @pytest.mark.parametrize(
        "value",
        [
            {},
            {"class": "ganaug.losses:Hinge"},
            {"class": 3, "fields": {}},
            {"class": "ganaug.losses:Hing", "fields": {}},
            {"class": "ganaug.nowhere:Hinge", "fields": {}},
            {"class": "ganaug.losses:Hinge", "fields": {"unknown": 1}},
            {"class": "ganaug.losses:Hinge", "fields": 3},
        ],
    )
    def test_malformed_recipes_are_refused(self, value):
        with pytest.raises(ModelFormatError, match="The config names a recipe that cannot be made"):
            from_json(value)


def test_weights_file_is_plain_safetensors(folder, tmp_path):
    save_file({"w": torch.zeros(3)}, folder / "weights.safetensors")
    assert read_folder(folder, "model")[1]["w"].tolist() == [0, 0, 0]
