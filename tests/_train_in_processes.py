"""Started by torchrun from safetensors.torch import save_file
from test_distributed: fit in two processes, and save from the first."""

import sys
from pathlib import Path

import pytest
import torch.distributed
from safetensors.torch import save_file
from test_distributed import RUNS, FirstGradients, X, Y, fit_run

from ganaug.checkpoint import Checkpoint


def assert_processes_agree(gan):
    reports = [None, None]
    torch.distributed.all_gather_object(reports, [gan.history_[-1]["d_loss"], gan.score_samples(X, Y).tolist()])
    assert reports[0] == reports[1]


out = Path(sys.argv[1])
for name in RUNS:
    gradients = FirstGradients()
    fitted = fit_run(name, callbacks=[gradients, Checkpoint(out / name / "checkpoint", every=4)])
    fitted.save(out / name / "model")
    if torch.distributed.get_rank() == 0:
        save_file(gradients, out / name / "gradients")
    assert_processes_agree(fitted)
assert_processes_agree(fit_run("default", random_state=None))
with pytest.raises(ValueError, match="which 2 processes cannot share equally"):
    fit_run("default", batch_size=9)
torch.distributed.destroy_process_group()
