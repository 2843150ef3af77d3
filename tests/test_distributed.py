"""Two processes on gloo give what one gives at the same global batch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from _tiny import make_bars, tiny_gan
from safetensors.torch import load_file

import ganaug
from ganaug.diffaugment import ADA
from ganaug.penalties import LeCam

X, Y = make_bars()
RUNS = {
    "default": {},
    "adaptive": {"penalty": LeCam(weight=0.1), "d_augment": ADA(speed=0.2), "loss": "hinge"},
    "two_backward": {"conditioning": "auxiliary_classifier", "loss": "wasserstein", "fine_tune_steps": 2},
}


def fit_run(name, callbacks=(), **changes):
    return tiny_gan(**{"device": "cpu", "max_steps": 9, "batch_size": 16, **RUNS[name], **changes}).fit(
        X, Y, callbacks=callbacks
    )


class FirstGradients(dict):
    """Callback that keeps every parameter's gradient of the first step."""

    def __call__(self, state):
        for part, module in state.networks._asdict().items() if state.step == 1 else ():
            self.update({f"{part}.{name}": p.grad.clone().contiguous() for name, p in module.named_parameters()})


@pytest.fixture(scope="module", name="out")
def train_in_two_processes(tmp_path_factory):
    out = tmp_path_factory.mktemp("two")
    script = Path(__file__).with_name("_train_in_processes.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, script, out], capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("name", RUNS)
def test_two_processes_equal_one(out, tmp_path, name):
    gradients = FirstGradients()
    gan = fit_run(name, callbacks=[gradients])
    for key, found in load_file(out / name / "gradients").items():
        largest = gradients[key].abs().max().item()
        torch.testing.assert_close(found, gradients[key], rtol=1e-4, atol=1e-5 * largest + 1e-7)
    gan.save(tmp_path / "one")
    one, two = (load_file(path / "weights.safetensors") for path in (tmp_path / "one", out / name / "model"))
    assert one.keys() == two.keys()
    differences = torch.cat([(one[key] - two[key]).abs().flatten() for key in one])
    # Adam turns a gradient of nothing but rounding errors into a full step, here 1e-3, so a few weights differ more.
    assert differences.median() < 1e-5
    assert differences.quantile(0.98) < 3e-4
    history = ganaug.load(out / name / "model").history_
    for key in ("d_loss", "g_loss"):
        expected = [entry[key] for entry in gan.history_]
        assert [entry[key] for entry in history] == pytest.approx(expected, rel=1e-2, abs=1e-3)


@pytest.mark.parametrize("name", RUNS)
def test_only_one_process_writes(out, name):
    assert sorted(path.name for path in (out / name).iterdir()) == ["checkpoint", "gradients", "model"]
