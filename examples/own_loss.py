"""An own loss in ten lines: the least-squares GAN, trained, saved, and loaded again.

A loss is a frozen dataclass with `d_loss` and `g_loss` on logits. A saved model is data and never code, so the
class is named as trusted when the model is loaded.

    python examples/own_loss.py [--quick]
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from sklearn.datasets import load_digits
from torch import Tensor

import ganaug


@dataclass(frozen=True)
class LeastSquares:
    """Mao et al., "Least squares generative adversarial networks", ICCV 2017, arXiv:1611.04076, Eq. 9."""

    shares_backward: ClassVar[bool] = False  # d_loss has no gradient at a fake logit of 0

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return ((real - 1).square().mean() + fake.square().mean()) / 2

    def g_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return (fake - 1).square().mean() / 2


def main() -> None:
    """Train with the loss, save, load."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds (default: off)")
    quick = parser.parse_args().quick

    images, y = load_digits(return_X_y=True)
    X = (images.reshape(-1, 8, 8) * 15).astype(np.uint8)
    gan = ganaug.ImageGAN(loss=LeastSquares(), max_steps=10 if quick else 600, random_state=0).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        gan.save(path)
        loaded = ganaug.load(path, trusted=[LeastSquares])
    images, labels = loaded.sample(5, 3)
    print(f"{loaded.loss} made {len(images)} images of {set(labels.tolist())}; real images get the logits")
    print(np.round(loaded.score_samples(X[:5], y[:5]), 2), "and synthetic ones")
    print(np.round(loaded.score_samples(images, labels), 2))


if __name__ == "__main__":
    main()
