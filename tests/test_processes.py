import logging
import subprocess
import sys

import lightning_fabric
import pytest
import torch

from ganaug.processes import OneProcess, join_processes


@pytest.fixture
def fabrics(monkeypatch):
    """Record what Fabric is asked for, instead of waiting for processes that do not exist."""
    asked = []

    class FakeFabric:
        def __init__(self, **options):
            asked.append({**options, "log_level": logging.getLogger("lightning_fabric").level})

        def launch(self):
            asked[-1]["launched"] = True
            if asked[-1]["precision"] == "fails":
                raise RuntimeError("no such thing")

    monkeypatch.setattr(lightning_fabric, "Fabric", FakeFabric)
    return asked


class TestOneProcess:
    def test_a_lone_process_is_the_first_of_one(self):
        alone = join_processes("cpu", "32-true")
        assert isinstance(alone, OneProcess)
        assert (alone.device, alone.world_size, alone.global_rank) == (torch.device("cpu"), 1, 0)

    def test_collectives_return_what_they_get(self):
        alone, tensor = OneProcess(torch.device("cpu")), torch.tensor([1.0, 2.0])
        assert alone.broadcast("seed") == "seed"
        assert torch.equal(alone.all_reduce(tensor, reduce_op="mean"), tensor)
        assert torch.equal(alone.all_reduce(tensor, reduce_op="sum"), tensor)
        assert torch.equal(alone.all_gather(tensor), tensor[None])

    @pytest.mark.parametrize(("precision", "dtype"), [("32-true", torch.float32), ("bf16-mixed", torch.bfloat16)])
    def test_the_forward_pass_runs_in_the_chosen_precision(self, precision, dtype):
        with OneProcess(torch.device("cpu"), precision).autocast():
            assert torch.nn.Linear(2, 2)(torch.ones(1, 2)).dtype == dtype

    @pytest.mark.slow
    def test_a_lone_process_does_not_import_fabric(self):
        code = (
            "import sys; from ganaug.processes import join_processes; join_processes('cpu', '32-true'); "
            "sys.exit('lightning_fabric' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestSeveralProcesses:
    def test_torchrun_means_fabric_over_all_nodes(self, monkeypatch, fabrics):
        monkeypatch.setenv("WORLD_SIZE", "6")
        monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
        join_processes("cpu", "bf16-mixed")
        (asked,) = fabrics
        assert (asked["devices"], asked["num_nodes"], asked["strategy"]) == (2, 3, "ddp")
        assert (asked["accelerator"], asked["precision"], asked["launched"]) == ("cpu", "bf16-mixed", True)

    @pytest.mark.parametrize("precision", ["32-true", "fails"])
    def test_the_greetings_of_fabric_are_silenced_for_as_long_as_it_starts(self, monkeypatch, fabrics, precision):
        monkeypatch.setenv("WORLD_SIZE", "2")
        monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
        logger = logging.getLogger("lightning_fabric")
        before = logger.level
        if precision == "fails":
            with pytest.raises(RuntimeError, match="no such thing"):
                join_processes("cpu", precision)
        else:
            join_processes("cpu", precision)
        assert fabrics[0]["log_level"] == logging.WARNING
        assert logger.level == before

    def test_processes_without_a_gpu_of_their_own_are_refused(self, monkeypatch, fabrics):
        monkeypatch.setenv("WORLD_SIZE", "2")
        monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        with pytest.raises(ValueError, match=r"2 processes were started .* needs a GPU .* there are 1; start"):
            join_processes("cuda", "32-true")
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        join_processes("cuda", "32-true")
