"""Images that a GAN learns in a second, and the smallest networks that do it."""

import os
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import torch

from ganaug import ImageGAN
from ganaug.architectures import DataSpec, Residual
from ganaug.batches import Batches
from ganaug.conditioning import Projection
from ganaug.losses import Relativistic
from ganaug.penalties import R1R2
from ganaug.training_data import Pixels
from ganaug.training_state import Recipe, TrainingState, start

DEVICE = os.environ.get("GANAUG_TEST_DEVICE", "cpu")
"""Where the tests' GANs train: GANAUG_TEST_DEVICE=cuda runs them on a GPU."""
TINY = Residual(width=8, latent_dim=8)
SHAPES = [(1, 8, 8), (3, 9, 17), (4, 16, 12), (1, 28, 28), (3, 64, 64)]


def make_bars(n: int = 48, height: int = 8, width: int = 8, channels: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 images of a bright bar, left (class 0) or right (class 1), on a dark and noisy ground."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    shape = (n, height, width) + (channels,) * bool(channels)
    X = rng.integers(0, 40, shape, dtype=np.uint8)
    for image, label in zip(X, y, strict=True):
        half = slice(width // 2, None) if label else slice(None, width // 2)
        image[2:-2, half] = rng.integers(150, 256)
    return X, y


def tiny_gan(**parameters: Any) -> ImageGAN:
    """Return an unfitted GAN that trains in a fraction of a second."""
    small = {
        "architecture": TINY,
        "max_steps": 3,
        "batch_size": 8,
        "min_class_size": 0,
        "precision": "32-true",
        "device": DEVICE,
        "random_state": 0,
    }
    return ImageGAN(**{**small, **parameters})


@cache
def one_process() -> Any:
    """Return a Fabric of this process alone."""
    from lightning_fabric import Fabric

    return Fabric(accelerator=DEVICE, devices=1)


def make_state(architecture: Any = TINY, fabric: Any = None, seed: int = 0, **changes: Any) -> TrainingState:
    """Return a fresh training state on bars; `changes` go to the recipe."""
    recipe = {
        "loss": Relativistic(),
        "penalty": R1R2(),
        "d_augment": None,
        "conditioning": Projection(),
        "latent_dim": architecture.latent_dim,
        "batch_size": 8,
        "max_steps": 10,
        "max_seconds": None,
        "learning_rate": 1e-3,
        "final_learning_rate": 1e-4,
        "betas": (0.0, 0.99),
        "ema_half_life": 100.0,
        "class_balance": 1.0,
        "reconstruction_weight": 2.0,
        "kl_weight": 0.01,
    }
    recipe = Recipe(**{**recipe, **changes})
    X, y = make_bars()
    torch.manual_seed(seed)
    networks = architecture.build(DataSpec((1, 8, 8), 2), recipe.conditioning)
    batches = Batches(torch.from_numpy(y), recipe.class_balance)
    return start(recipe, fabric or one_process(), networks, Pixels(torch.from_numpy(X)[:, None]), batches)


def weights(module: torch.nn.Module) -> torch.Tensor:
    """Return all parameters as one vector."""
    return torch.cat([p.detach().flatten().clone() for p in module.parameters()])


class Zero:
    """A loss that teaches nothing."""

    shares_backward = False

    def d_loss(self, real, fake):
        return 0 * (real.sum() + fake.sum())

    g_loss = d_loss


@dataclass(frozen=True)
class LeastSquares:
    """An own loss, from outside the package, as the protocol's docstring describes."""

    margin: float = 1.0
    shares_backward: ClassVar[bool] = False

    def d_loss(self, real, fake):
        return (real - self.margin).square().mean() + fake.square().mean()

    def g_loss(self, real, fake):
        return (fake - self.margin).square().mean()
