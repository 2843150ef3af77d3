"""Every example in a docstring runs, and prints what it says."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ganaug"
WITH_EXAMPLES = sorted(path for path in PACKAGE.rglob("*.py") if ">>>" in path.read_text(encoding="utf-8"))


def test_there_are_examples():
    assert len(WITH_EXAMPLES) >= 20


@pytest.mark.filterwarnings("ignore::ganaug.exceptions.SmallClassWarning")
@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.stem)
def test_examples_of_the_module_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    results = doctest.testmod(import_module(module))
    assert results.attempted > 0
    assert results.failed == 0
