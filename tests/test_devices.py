import builtins
import io
import subprocess
import sys
from contextlib import suppress

import pytest
import torch

from ganaug import devices
from ganaug.devices import (
    available_cpus,
    choose_device,
    choose_precision,
    has_device,
    repeatable_convolutions,
    thread_limit,
)


@pytest.fixture
def only_a_processor(monkeypatch):
    for name in ("cuda", "mps"):
        monkeypatch.setitem(devices._DEVICES, name, lambda: False)


def test_auto_takes_the_first_device_that_is_there(monkeypatch, only_a_processor):
    assert choose_device("auto") == "cpu"
    monkeypatch.setitem(devices._DEVICES, "mps", lambda: True)
    assert choose_device("auto") == "mps"
    monkeypatch.setitem(devices._DEVICES, "cuda", lambda: True)
    assert choose_device("auto") == "cuda"
    assert choose_device("cpu") == "cpu"


def test_unknown_device_is_refused():
    with pytest.raises(ValueError, match=r"Unknown device 'cud'; choose from 'auto', .* Did you mean 'cuda'\?"):
        choose_device("cud")


def test_missing_device_is_refused(only_a_processor):
    with pytest.raises(ValueError, match="device is 'cuda', but this machine has none that torch can use"):
        choose_device("cuda")


def test_has_device_tells_what_is_there(only_a_processor):
    assert has_device("auto")
    assert has_device("cpu")
    assert not has_device("cuda")
    assert not has_device("cuda:7")


@pytest.mark.parametrize(("speedup", "expected"), [(4.0, "bf16-mixed"), (1.1, "32-true"), (0.2, "32-true")])
def test_auto_precision_of_a_processor_follows_the_measurement(monkeypatch, speedup, expected):
    monkeypatch.setattr(devices, "_bfloat16_speedup", lambda: speedup)
    assert choose_precision("auto", "cpu") == expected


def test_bfloat16_is_measured_once():
    assert devices._bfloat16_speedup() > 0
    hits = devices._bfloat16_speedup.cache_info().hits
    devices._bfloat16_speedup()
    assert devices._bfloat16_speedup.cache_info().hits == hits + 1


def test_given_precision_is_taken(monkeypatch):
    monkeypatch.setattr(devices, "_bfloat16_speedup", lambda: pytest.fail("nothing to measure"))
    assert choose_precision("bf16-mixed", "cpu") == "bf16-mixed"
    assert choose_precision("auto", "mps") == "32-true"


def test_unknown_precision_is_refused():
    message = r"Unknown precision 'bf16'; choose from 'auto', '32-true', 'bf16-mixed'"
    with pytest.raises(ValueError, match=message):
        choose_precision("bf16", "cpu")


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 6), ("150000 100000", 2), ("900000 100000", 6), ("10000 100000", 1), ("", 6), (None, 6)],
)
def test_available_cpus_respect_affinity_and_quota(monkeypatch, quota, expected):
    def open_quota(path, *args, **kwargs):
        if quota is None:
            raise FileNotFoundError(path)
        return io.StringIO(quota)

    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda pid: set(range(6)), raising=False)
    monkeypatch.setattr(builtins, "open", open_quota)
    assert available_cpus() == expected


@pytest.mark.parametrize("n_threads", [1, 3])
def test_thread_limit_holds_inside_the_block_only(n_threads):
    before = torch.get_num_threads()
    with suppress(KeyError), thread_limit(n_threads):
        assert torch.get_num_threads() == n_threads
        raise KeyError
    assert torch.get_num_threads() == before


def test_no_thread_limit_stays_within_the_available_processors(monkeypatch):
    monkeypatch.setattr(devices, "available_cpus", lambda: 2)
    before = torch.get_num_threads()
    with thread_limit(4), thread_limit(None):
        assert torch.get_num_threads() == 2
    with thread_limit(1), thread_limit(None):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


@pytest.mark.skipif(devices._glibc() is None, reason="only glibc is told what to keep")
def test_memory_is_no_slower_to_get_after_the_block_than_before():
    code = """
import resource, torch
from ganaug.devices import freed_memory_kept

def count_faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(3 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

count_faults()
first = count_faults()
with freed_memory_kept():
    torch.ones(3 << 20)
count_faults()
print(first, count_faults())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, run.stdout.split())
    assert after <= before + 100


@pytest.mark.parametrize("before", [False, True])
def test_convolutions_repeat_inside_the_block_only(monkeypatch, before):
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", before)
    with suppress(KeyError), repeatable_convolutions():
        assert torch.backends.cudnn.deterministic
        raise KeyError
    assert torch.backends.cudnn.deterministic == before
