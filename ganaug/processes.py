"""The processes that train together: the only file that knows Lightning Fabric."""

import logging
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor


class Processes(Protocol):
    """What training needs of Lightning's Fabric: device, precision and collectives."""

    @property
    def device(self) -> torch.device:
        """This process's device."""

    @property
    def world_size(self) -> int:
        """How many processes there are."""

    @property
    def global_rank(self) -> int:
        """This one's number."""

    def autocast(self) -> AbstractContextManager:
        """Run the forward pass in the chosen precision."""

    def broadcast(self, value: Any) -> Any:
        """Return the first process's value."""

    def all_reduce(self, tensor: Tensor, *, reduce_op: str) -> Tensor:
        """Return the mean or sum over processes."""

    def all_gather(self, tensor: Tensor) -> Tensor:
        """Return all processes' tensors, stacked."""


@dataclass(frozen=True)
class OneProcess:
    """A process on its own: what Fabric is then, without the seconds that importing Fabric takes."""

    device: torch.device
    precision: str = "32-true"
    world_size: int = 1
    global_rank: int = 0

    def autocast(self) -> AbstractContextManager:
        """Return torch's autocast to bfloat16, switched off in full precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16-mixed")

    def broadcast(self, value: Any) -> Any:
        """Return the value."""
        return value

    def all_reduce(self, tensor: Tensor, *, reduce_op: str) -> Tensor:
        """Return the tensor: mean and sum over one process."""
        return tensor

    def all_gather(self, tensor: Tensor) -> Tensor:
        """Return the tensor, stacked with none other."""
        return tensor[None]


def join_processes(device: str, precision: str) -> Processes:
    """Join the processes of `torchrun` if it started this one, through Lightning Fabric.

    Parameters
    ----------
    device : {"cpu", "cuda", "mps"}
    precision : {"32-true", "bf16-mixed"}

    Raises
    ------
    ValueError
        If there are fewer GPUs than processes.
    """
    n_processes = int(os.environ.get("WORLD_SIZE", 1))
    if n_processes == 1:
        return OneProcess(torch.device(device), precision)
    from lightning_fabric import Fabric

    here = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    if device == "cuda" and here > torch.cuda.device_count():
        raise ValueError(
            f"{here} processes were started here and each needs a GPU of its own, of which there are "
            f"{torch.cuda.device_count()}; start as many processes (torchrun --nproc-per-node), or pass device='cpu'."
        )
    logger = logging.getLogger("lightning_fabric")
    level, _ = logger.level, logger.setLevel(logging.WARNING)  # its greetings are not the user's business
    try:
        fabric = Fabric(
            accelerator=device, devices=here, num_nodes=n_processes // here, strategy="ddp", precision=precision
        )
        fabric.launch()
    finally:
        logger.setLevel(level)
    return fabric
