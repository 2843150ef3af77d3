import os
import subprocess
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
}


def test_every_example_is_known_here():
    assert {path.stem for path in EXAMPLES} == set(SAYS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path):
    done = subprocess.run(
        [sys.executable, path, "--quick"],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert SAYS[path.stem] in done.stdout
    assert "Warning" not in done.stderr
