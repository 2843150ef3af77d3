"""Torch's global random numbers, lent to one block of code at a time."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

import torch
from torch import Tensor


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's global random numbers, and make new tensors float32 on the CPU, as torch does unless told otherwise.

    The caller's random numbers and defaults are restored at the end. They are the process's: other threads wait before
    blocks like this one, and of `RandomNumbers`.
    """
    with _one_at_a_time, torch.random.fork_rng(devices=range(torch.cuda.device_count())), _torchs_defaults():
        torch.manual_seed(seed % 2**63)
        yield


class RandomNumbers:
    """Random numbers that one training draws from torch's global generators, block by block.

    Within ``with random_numbers.lent():`` they go on where its last block ended, and outside they are the caller's.
    Blocks of several threads take turns, so that each of them draws what it would draw alone; tensors are made as in
    `seeded`.

    Parameters
    ----------
    device : torch.device
        A GPU has random numbers of its own. They and the processor's go on from where they are now.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._own = self._states()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Lend them to the block."""
        with _one_at_a_time, _torchs_defaults():
            callers = self._states()
            self._put(self._own)
            try:
                yield
            finally:
                self._own = self._states()
                self._put(callers)

    def state_dict(self) -> dict[str, Tensor]:
        """Return where they are: ``"random_state"`` and, on a GPU, ``"device_random_state"``."""
        return self._own

    def load_state_dict(self, states: dict[str, Tensor]) -> None:
        """Go on from there; the GPU's stay as they are if nothing is said of them."""
        known = {name: states.get(name, own) for name, own in self._own.items()}
        with self.lent():
            self._put({**known, "random_state": states["random_state"]})

    def _states(self) -> dict[str, Tensor]:
        states = {"random_state": torch.get_rng_state()}
        if self._device.type == "cuda":
            states["device_random_state"] = torch.cuda.get_rng_state(self._device)
        return states

    def _put(self, states: dict[str, Tensor]) -> None:
        torch.set_rng_state(states["random_state"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(states["device_random_state"], self._device)


@contextmanager
def _torchs_defaults() -> Iterator[None]:
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    on_cpu = nullcontext() if device.type == "cpu" else torch.device("cpu")  # The latter costs a little in each call.
    try:
        with on_cpu:
            yield
    finally:
        torch.set_default_dtype(dtype)


class _OneAtATime:
    """A reentrant lock between threads; a forked process starts with a free one."""

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):  # It is another one in a process that was forked within the block.
            self._lock.release()


_one_at_a_time = _OneAtATime()
