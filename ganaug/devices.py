"""What the machine is good at: device, precision and threads, found out instead of assumed."""

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch.nn.functional import conv2d

from ganaug._validation import suggest

_DEVICES: dict[str, Callable[[], bool]] = {
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
    "cpu": lambda: True,
}
_PRECISIONS = ("auto", "32-true", "bf16-mixed")


def choose_device(device: str) -> str:
    """Return ``"cuda"``, ``"mps"`` or ``"cpu"``: for ``"auto"``, the first of these that is there.

    Raises
    ------
    ValueError
        If the name is another one, or this machine has no such device.
    """
    if device == "auto":
        return next(name for name in _DEVICES if has_device(name))
    if device not in _DEVICES:
        raise ValueError(
            f"Unknown device {device!r}; choose from 'auto', 'cuda', 'mps', 'cpu'.{suggest(device, _DEVICES)}"
        )
    if not has_device(device):
        raise ValueError(f"device is {device!r}, but this machine has none that torch can use; choose 'auto'.")
    return device


def has_device(device: str) -> bool:
    """Tell whether torch can use ``"cuda"``, ``"mps"`` or ``"cpu"`` here; ``"auto"`` always works."""
    return device == "auto" or (device in _DEVICES and _DEVICES[device]())


def choose_precision(precision: str, device: str) -> str:
    """Return Lightning Fabric's name of the precision: for ``"auto"``, bfloat16 where it is faster.

    On a processor this is measured once per process with a small convolution, since a chip without instructions
    for bfloat16 runs it slower than float32.

    Raises
    ------
    ValueError
        If `precision` is none of ``"auto"``, ``"32-true"`` and ``"bf16-mixed"``.
    """
    check_precision(precision)
    if precision != "auto":
        return precision
    if device.startswith("cuda"):
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    if device != "cpu":
        return "32-true"
    return "bf16-mixed" if _bfloat16_speedup() > 1.3 else "32-true"


def check_precision(precision: str) -> None:
    """Raise a `ValueError` unless `choose_precision` takes this, without measuring anything."""
    if precision not in _PRECISIONS:
        names = ", ".join(repr(name) for name in _PRECISIONS)
        raise ValueError(f"Unknown precision {precision!r}; choose from {names}.{suggest(precision, _PRECISIONS)}")


@cache
def _bfloat16_speedup() -> float:
    """Return how many times faster than in float32 a small convolution runs in bfloat16.

    On one thread, in turn, the best of many: with others on a busy machine both would take as long as the scheduler
    lets a thread wait, and the answer would change from run to run.
    """
    times: dict[torch.dtype, list[float]] = {torch.float32: [], torch.bfloat16: []}
    with thread_limit(1):
        for dtype in 20 * list(times):
            times[dtype].append(_convolution_seconds(dtype))
    return min(times[torch.float32]) / min(times[torch.bfloat16])


def _convolution_seconds(dtype: torch.dtype) -> float:
    x = torch.ones(16, 64, 14, 14, dtype=dtype).to(memory_format=torch.channels_last)
    weight = torch.ones(64, 64, 3, 3, dtype=dtype)
    start = time.perf_counter()
    conv2d(x, weight)
    return time.perf_counter() - start


def available_cpus() -> int:
    """Return the processors this process may use, by affinity and by the container's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
        return max(1, min(allowed, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return allowed


@contextmanager
def thread_limit(n_threads: int | None) -> Iterator[None]:
    """Run torch with `n_threads` inside the block, then restore what was set.

    None takes what torch has now, but no more than the available processors: threads beyond them slow a step
    down many times.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads or min(before, available_cpus()))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let the C library keep what torch frees inside the block, and give it back at the end.

    By default glibc returns large tensors to the system at once, and the next step pays for the same pages again, one
    fault each: a fifth of a training step. Without effect where there is no glibc.

    What is left behind are the thresholds that glibc's own rule ends up with in a process that has freed a large
    tensor. Its start values would be worse than none: once set, they are not adjusted any more.
    """
    libc = _glibc()
    if libc is None:
        yield
        return
    libc.mallopt(_MMAP_THRESHOLD, 32 << 20)  # the largest that glibc takes
    libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        libc.mallopt(_TRIM_THRESHOLD, 64 << 20)
        libc.malloc_trim(0)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # parameter numbers in malloc.h


def _glibc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


@contextmanager
def repeatable_convolutions() -> Iterator[None]:
    """Let cuDNN only take algorithms that give the same digits each time, inside the block; they cost a few percent."""
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = before
