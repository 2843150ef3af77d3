import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
# What each prints when it went through.
SAYS = {
    "balance_rare_class": "synthetic images {'one': 0, 'seven': 120}",
    "dataloader_with_ganaugment": "in collate_fn",
    "dcgan_fashion_mnist": "synthetic images: the discriminator calls",
    "own_loss": "LeastSquares() made 5 images of {3}",
    "rare_intents": "GANClassifier       : balanced accuracy",
    "rare_ratings": "TableGAN and SMOTE: balanced accuracy",
}


def test_every_example_is_known_here():
    assert {path.stem for path in EXAMPLES} == set(SAYS)


@pytest.mark.filterwarnings("ignore::ganaug.exceptions.SmallClassWarning")  # of data made small for --quick
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path), "--quick"])
    runpy.run_path(str(path), run_name="__main__")
    assert SAYS[path.stem] in capsys.readouterr().out


def test_dcgan_example_says_what_to_do_without_the_data(monkeypatch):
    def fail():
        raise FileNotFoundError("Fashion-MNIST was not found")

    path = next(path for path in EXAMPLES if path.stem == "dcgan_fashion_mnist")
    monkeypatch.setattr("ganaug.benchmark.fashion_mnist.read_fashion_mnist", fail)
    monkeypatch.setattr(sys, "argv", [str(path)])
    with pytest.raises(SystemExit, match="was not found\nOr see it work on scikit-learn's digits: add --quick"):
        runpy.run_path(str(path), run_name="__main__")


@pytest.mark.parametrize("name", ["rare_intents", "rare_ratings"])
@pytest.mark.parametrize("options", [[], ["--data", "nowhere"]])
def test_examples_on_other_peoples_data_say_what_to_do_without_them(name, options, monkeypatch):
    path = next(path for path in EXAMPLES if path.stem == name)
    monkeypatch.setattr(sys, "argv", [str(path), *options])
    with pytest.raises(SystemExit, match=r"by --data, a file, or see it work on made-up .*: add --quick"):
        runpy.run_path(str(path), run_name="__main__")
