"""Measure a training step of the default recipe against its own convolutions, run bare in the same process.

The floor is the time that the convolutions of one step take alone, forward and backward, in the step's precision
and shapes. Everything else is overhead: activations, augmentation, linear layers, penalty (its own convolutions
too), optimizers, averaging. Step and floor are measured in turns; the ratio of their medians is the share of the
convolution peak that the step reaches. Appends one JSON line to ``benchmarks/results/step_speed.jsonl``.

    python benchmarks/step_speed.py [--rounds 9] [--threads 1]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from _machine import describe_machine
from lightning_fabric import Fabric
from torch import Tensor, nn

from ganaug import ImageGAN
from ganaug._parameters import make_recipe
from ganaug.architectures import DataSpec
from ganaug.batches import Batches
from ganaug.devices import choose_precision, freed_memory_kept, seeded, thread_limit
from ganaug.training import train_step
from ganaug.training_data import Pixels
from ganaug.training_state import TrainingState, start

RESULTS = Path(__file__).parent / "results" / "step_speed.jsonl"
STEPS_PER_ROUND = 8  # one lazy penalty falls into each


@dataclass
class BareConvolution:
    """One call of a convolution, to be repeated alone.

    Attributes
    ----------
    layer : nn.Conv2d
    x : Tensor of shape (N, C, H, W)
    flops : float
        Of the forward pass; forward and backward take three times as many, or two without a gradient of x.
    """

    layer: nn.Conv2d
    x: Tensor
    flops: float

    def __call__(self) -> None:
        """Run forward and backward as in the step."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.x.dtype == torch.bfloat16):
            y = self.layer(self.x)
        inputs = [self.layer.weight, self.layer.bias] + [self.x] * self.x.requires_grad
        torch.autograd.grad(y, inputs, torch.ones_like(y))


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--shape", type=int, nargs=3, default=[1, 28, 28], metavar=("C", "H", "W"))
    options = parser.parse_args()
    with thread_limit(options.threads), freed_memory_kept(), seeded(0):
        row = measure(tuple(options.shape), options.rounds)
    row |= {"benchmark": "step_speed", "threads": options.threads, "machine": describe_machine()}
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row, indent=2))


def measure(shape: tuple[int, int, int], rounds: int) -> dict[str, object]:
    """Return medians over rounds of the step and of its convolutions alone."""
    state = make_state(shape)
    calls = record_convolutions(state)
    step, floor = [], []
    for _ in range(rounds + 2):
        step.append(seconds(lambda: [train_step(state) for _ in range(STEPS_PER_ROUND)]) / STEPS_PER_ROUND)
        floor.append(sum(min(seconds(call) for _ in range(3)) for call in calls))
    step, floor = step[2:], floor[2:]  # two rounds to warm up
    flops = sum(call.flops * (3 if call.x.requires_grad else 2) for call in calls)
    return {
        "shape": shape,
        "precision": choose_precision("auto", "cpu"),
        "batch_size": state.recipe.batch_size,
        "step_ms": round(1e3 * statistics.median(step), 2),
        "convolutions_ms": round(1e3 * statistics.median(floor), 2),
        "share_of_convolution_peak": round(statistics.median(f / s for f, s in zip(floor, step, strict=True)), 3),
        "convolution_gflop_per_step": round(flops / 1e9, 2),
        "step_tflops": round(flops / statistics.median(step) / 1e12, 3),
        "convolution_peak_tflops": round(flops / statistics.median(floor) / 1e12, 3),
        "images_per_second": round(state.recipe.batch_size / statistics.median(step), 1),
        "rounds": rounds,
    }


def make_state(shape: tuple[int, int, int]) -> TrainingState:
    """Return a training state of the default recipe on random images of ten classes."""
    gan = ImageGAN(max_steps=10**6)
    architecture, recipe = make_recipe(gan)
    fabric = Fabric(accelerator="cpu", devices=1, precision=choose_precision("auto", "cpu"))
    networks = architecture.build(DataSpec(shape, 10), recipe.conditioning)
    y = torch.arange(2000) % 10
    pixels = torch.randint(0, 256, (2000, *shape), dtype=torch.uint8)
    return start(recipe, fabric, networks, Pixels(pixels), Batches(y, recipe.class_balance))


def record_convolutions(state: TrainingState) -> list[BareConvolution]:
    """Run one step without a penalty, and return every convolution that it called."""
    calls: list[BareConvolution] = []
    bfloat16 = choose_precision("auto", "cpu") == "bf16-mixed"

    def record(layer: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        x = inputs[0].detach().to(torch.bfloat16 if bfloat16 else torch.float32, memory_format=torch.channels_last)
        flops = 2 * output[:, 0].numel() * layer.weight.numel()
        calls.append(BareConvolution(layer, x.requires_grad_(inputs[0].requires_grad), flops))

    layers = [m for network in filter(None, state.networks) for m in network.modules() if isinstance(m, nn.Conv2d)]
    state.step = 1  # the penalty comes at multiples of its interval
    handles = [layer.register_forward_hook(record) for layer in layers]
    train_step(state)
    for handle in handles:
        handle.remove()
    return calls


def seconds(work: Callable[[], object]) -> float:
    """Return the wall-clock seconds of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
