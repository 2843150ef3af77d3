"""The classic DCGAN in ganaug, for `dcgan_vs_keras.py`; speaks like `_keras_dcgan.py`."""

import sys
import time

import torch
from lightning_fabric import Fabric

from ganaug import ImageGAN
from ganaug._parameters import make_recipe
from ganaug.architectures import DCGAN, DataSpec
from ganaug.batches import Batches
from ganaug.devices import choose_precision, freed_memory_kept, seeded, thread_limit
from ganaug.training import train_step
from ganaug.training_data import Pixels
from ganaug.training_state import start


def main(precision: str, batch_size: int, n_steps: int, n_threads: int) -> None:
    """Answer each line on standard input by a round of `n_steps` and its images per second."""
    precision = choose_precision(precision, "cpu")
    with thread_limit(n_threads), freed_memory_kept(), seeded(0):
        state = make_state(precision, batch_size)
        for _ in range(4):
            train_step(state)
        print("ready", flush=True)
        for _ in sys.stdin:
            begin = time.perf_counter()
            for _ in range(n_steps):
                train_step(state)
            print(batch_size * n_steps / (time.perf_counter() - begin), flush=True)


def make_state(precision: str, batch_size: int):
    """Return a state with the layers, loss, optimizer and batch of the Keras script; nothing else is on."""
    gan = ImageGAN(
        DCGAN(class_dim=0),
        loss="non_saturating",
        penalty=None,
        d_augment=None,
        conditioning="unconditional",
        batch_size=batch_size,
        learning_rate=1e-4,
        final_learning_rate=1e-4,
        betas=(0.9, 0.999),
        ema_half_life=0,
        max_steps=10**6,
    )
    architecture, recipe = make_recipe(gan)
    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    networks = architecture.build(DataSpec((1, 28, 28), 1), recipe.conditioning)
    pixels = torch.randint(0, 256, (4 * batch_size, 1, 28, 28), dtype=torch.uint8)
    return start(recipe, fabric, networks, Pixels(pixels), Batches(torch.zeros(len(pixels), dtype=torch.int64), 1.0))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
