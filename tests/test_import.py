import subprocess
import sys

import pytest

import ganaug

HEAVY = ["torchvision", "albumentations", "imblearn", "matplotlib", "sklearn", "pandas", "datasets", "pyarrow", "cv2"]
SKLEARN = {"sklearn", "pandas", "pyarrow"}  # it imports the others where they are installed


def modules_after(code):
    command = f"import sys\n{code}\nprint(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout
    return set(output.split())


def test_importing_ganaug_imports_nothing_but_itself():
    assert not modules_after("import ganaug").intersection([*HEAVY, "torch", "numpy", "scipy"])


def test_the_estimator_needs_no_host_library():
    # A broken torchvision or albumentations must not keep anyone from training a GAN.
    loaded = modules_after("from ganaug import ImageGAN, load")
    assert not loaded.intersection(set(HEAVY) - SKLEARN)
    assert "lightning_fabric" not in loaded


@pytest.mark.parametrize(("module", "name"), [("ganaug", "TableGAN"), ("ganaug.semi_supervised", "GANClassifier")])
def test_a_first_fit_does_not_wait_for_compilers(module, name):
    fit = f"{name}(max_steps=4).fit(np.eye(40), np.arange(40) % 2)"
    code = f"import numpy as np\nfrom {module} import {name}\n{fit}"
    assert not modules_after(code).intersection(["torch._dynamo", "sympy"])


@pytest.mark.parametrize("name", ganaug.__all__)
def test_every_public_name_resolves(name):
    if name == "GANAugment":
        pytest.importorskip("torchvision")
    assert getattr(ganaug, name) is not None
    assert name in dir(ganaug)


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "ganaug.over_sampling", raising=False)
    monkeypatch.setitem(sys.modules, "imblearn", None)
    monkeypatch.setitem(sys.modules, "imblearn.over_sampling.base", None)
    with pytest.raises(ModuleNotFoundError, match=r'GANOverSampler needs imblearn.*pip install "ganaug\[tables\]"'):
        ganaug.GANOverSampler  # noqa: B018


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ganaug' has no attribute 'ImageGan'"):
        ganaug.ImageGan  # noqa: B018
