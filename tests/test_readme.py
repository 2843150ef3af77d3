"""Every block of the README runs, in order, on tiny data; only budgets are made small."""

import re
import shlex
import tomllib
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest
from _image_files import write_folder

from ganaug import ImageGAN, TableGAN
from ganaug.cli import main

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SMALL = {r"max_steps=\d+": "max_steps=2", r"n_per_class=\d+": "n_per_class=4", r"num_workers=\d+": "num_workers=0"}
QUICK_FIT = ["--max-steps", "2", "--threads", "1"]

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.exceptions.SmallClassWarning")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_folder(tmp_path / "photos", side=16)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_blocks_run_in_order(folder, monkeypatch, capsys):
    monkeypatch.setitem(TableGAN.__init__.__kwdefaults__, "max_steps", 2)
    assert len(blocks("python")) == 4
    names = {"__name__": "readme"}
    for block in blocks("python"):
        for pattern, small in SMALL.items():
            block = re.sub(pattern, small, block)
        exec(compile(block, "README.md", "exec"), names)
    assert capsys.readouterr().out.startswith("Use ")
    assert names["model"].predict(names["X_test"]).shape == (len(names["X_test"]),)
    assert len(names["images"]) == 100
    assert set(names["labels"]) == {"cat"}
    images, labels = next(iter(names["loader"]))
    assert images.shape == (24, 3, 16, 16)
    assert sorted(set(labels.tolist())) == [0, 1]


def test_commands_run_in_order(folder):
    rows = [f"{1000 + i},{20 + i % 30},{'yes' if i % 5 == 0 else 'no'}" for i in range(60)]
    (folder / "customers.csv").write_text("\n".join(["customer_id,age,churned", *rows]))
    commands = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("ganaug")]
    assert [command.split()[1] for command in commands] == ["balance", "fit", "audit", "sample"]
    for command in commands:
        _, name, *arguments = shlex.split(command)
        assert main([name, *arguments, *(QUICK_FIT if name == "fit" else [])]) == 0
    assert (folder / "balanced.csv").read_text().count("True") == 36
    assert len(list((folder / "synthetic" / "cat").iterdir())) == 500


def test_the_two_commands_name_extras_that_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert 'pip install -e ".[report]" && ganaug demo\n' in blocks("bash")
    assert 'pip install -e ".[test]" && pytest\n' in blocks("bash")
    assert set(re.findall(r"\[(\w+)\]`", TEXT)) <= set(extras)
    assert {"report", "test"} <= set(extras)


@pytest.mark.parametrize(
    ("parameter", "module", "table"),
    [
        ("architecture", "architectures", "ARCHITECTURES"),
        ("loss", "losses", "LOSSES"),
        ("penalty", "penalties", "PENALTIES"),
        ("conditioning", "conditioning", "CONDITIONINGS"),
        ("d_augment", "diffaugment", "D_AUGMENTS"),
    ],
)
def test_table_names_every_method_with_the_default_first(parameter, module, table):
    row = re.search(rf"^\| `{parameter}` \| (.*?) \|", TEXT, re.MULTILINE).group(1)
    listed = re.findall(r"`(\w+)`", row)
    assert set(listed) == set(getattr(import_module(f"ganaug.{module}"), table))
    assert listed[0] == signature(ImageGAN).parameters[parameter].default


def test_links_lead_somewhere():
    for target in re.findall(r"[^\"]\]\(((?!http)[^)]+)\)", TEXT):
        assert (ROOT / target).exists(), target
    assert len(TEXT.splitlines()) <= 270
