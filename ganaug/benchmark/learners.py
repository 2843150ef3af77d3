"""The downstream classifier: a small residual network, trained for a fixed number of equal batches."""

import math
import time
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from ganaug.benchmark.methods import Batches, Method
from ganaug.benchmark.statistics import balanced_accuracy
from ganaug.benchmark.tasks import Task
from ganaug.devices import choose_precision, freed_memory_kept, thread_limit
from ganaug.random_numbers import seeded


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a trained classifier says, and what its training saw.

    Attributes
    ----------
    val_logits, test_logits : ndarray of shape (N, K), float32
    n_images : int
        Training images seen, real and synthetic.
    curve : list of (int, float, float)
        Step, training loss, and balanced accuracy on validation data, in even steps.
    seconds : float
    """

    val_logits: np.ndarray
    test_logits: np.ndarray
    n_images: int
    curve: list[tuple[int, float, float]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class ResidualNetwork:
    """Train a small residual network; every method gets the same number of equally large batches.

    Parameters
    ----------
    n_steps : int, default 500
        Optimizer steps. Enough for a plateau on the task at hand: see the curve.
    batch_size : int, default 64
    width : int, default 16
        Channels of the first stage; each further stage has twice as many.
    learning_rate : float, default 0.003
        Highest rate of a one-cycle schedule of AdamW.
    weight_decay : float, default 0.05
    n_checks : int, default 8
        Points of the curve.
    n_threads : int or None, default None
        Threads while training; None takes torch's setting, at most the available processors. Tiny images gain
        nothing from a second.

    References
    ----------
    Smith and Topin, "Super-Convergence", 2017, arXiv:1708.07120 (one-cycle schedule).
    """

    n_steps: int = 500
    batch_size: int = 64
    width: int = 16
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    n_checks: int = 8
    n_threads: int | None = None

    def __call__(self, task: Task, method: Method, seed: int) -> Outcome:
        """Train on the training part as `method` says; return logits on the validation and test parts."""
        start = time.perf_counter()
        network, curve = self.train(task, method, seed)
        return Outcome(
            predict_logits(network, task.X_val),
            predict_logits(network, task.X_test),
            self.n_steps * self.batch_size,
            curve,
            time.perf_counter() - start,
        )

    def train(self, task: Task, method: Method, seed: int) -> tuple[nn.Module, list[tuple[int, float, float]]]:
        """Return the trained network and its curve: step, training loss, balanced accuracy on validation data."""
        batches = Batches(task, method, self.batch_size, seed)
        network = build_network(task, self.width, seed)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        checks = {round(self.n_steps * (i + 1) / self.n_checks) for i in range(self.n_checks)}
        curve, losses = [], []
        network.train()
        with thread_limit(self.n_threads), freed_memory_kept():
            for step in range(1, self.n_steps + 1):
                for group in optimizer.param_groups:
                    group["lr"] = self.learning_rate * one_cycle((step - 0.5) / self.n_steps)
                losses.append(_step(network, optimizer, *batches.draw()))
                if step in checks:
                    score = balanced_accuracy(predict_logits(network, task.X_val), task.y_val)
                    curve.append((step, float(torch.stack(losses).mean()), score))
                    losses = []
        return network, curve


def one_cycle(progress: float, warm_up: float = 0.2) -> float:
    """Share of the highest learning rate after a share `progress` of the steps: up in a line, down as a cosine."""
    if progress < warm_up:
        return progress / warm_up
    return 0.5 + 0.5 * math.cos(math.pi * (progress - warm_up) / (1 - warm_up))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation, and a shortcut.

    References
    ----------
    He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385, Figure 2.
    """

    def __init__(self, n_in: int, n_out: int, stride: int = 1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut = nn.Identity()
        if n_in != n_out or stride != 1:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def build_network(task: Task, width: int, seed: int) -> nn.Module:
    """A residual network whose stages halve the image until its shorter side is at most 7 pixels."""
    channels, height, image_width = task.X_train.shape[1:]
    n_halvings = max(1, int(np.ceil(np.log2(min(height, image_width) / 7))))
    widths = [min(width * 2**i, 8 * width) for i in range(n_halvings + 1)]
    with seeded(seed):
        network = nn.Sequential(
            nn.Conv2d(channels, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            ResidualBlock(width, width),
            *(ResidualBlock(a, b, stride=2) for a, b in pairwise(widths)),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(widths[-1], task.n_classes),
        )
    return network.to(memory_format=torch.channels_last)


def predict_logits(network: nn.Module, X: np.ndarray, batch_size: int = 512) -> np.ndarray:
    """Logits of uint8 images (N, C, H, W), shape (N, K), float32; the network stays in the mode it was in."""
    was_training = network.training
    network.eval()
    with torch.inference_mode(), _precision():
        parts = [
            network(_as_input(torch.from_numpy(X[i : i + batch_size]).float() / 127.5 - 1)).float()
            for i in range(0, len(X), batch_size)
        ]
    network.train(was_training)
    return torch.cat(parts).numpy()


def _step(network: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, targets: Tensor) -> Tensor:
    with _precision():
        logits = network(_as_input(x))
    loss = nn.functional.cross_entropy(logits.float(), targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.detach()


def _as_input(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _precision() -> torch.autocast:
    """bf16 where the processor is faster in it, float32 elsewhere."""
    return torch.autocast("cpu", torch.bfloat16, enabled=choose_precision("auto", "cpu") == "bf16-mixed")
