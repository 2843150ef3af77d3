"""The classic DCGAN on Fashion-MNIST: a grid of samples per epoch, and the discriminator's scores at the end.

Networks, loss, optimiser and batch are those of the well-known tutorial: 100-d latent, dense 7x7x256, transposed
5x5 convolutions, dropout 0.3 in the discriminator, Adam(1e-4, 0.5), batch 256. The class is an input beside it.

    python examples/dcgan_fashion_mnist.py [--epochs 50] [--out dcgan] [--quick]
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from ganaug import ImageGAN
from ganaug.benchmark.fashion_mnist import read_fashion_mnist
from ganaug.callbacks import SampleGrid


def main() -> None:
    """Train, save, and print what the discriminator thinks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=50, help="passes over the data (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("dcgan"), help="output folder (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="seconds on scikit-learn's digits (default: off)")
    options = parser.parse_args()

    X, y, X_test, y_test = read_digits() if options.quick else read_fashion()
    batch_size = 32 if options.quick else 256
    steps_per_epoch = len(X) // batch_size
    n_epochs = 1 if options.quick else options.epochs

    gan = ImageGAN(
        architecture="dcgan",
        loss="non_saturating",
        penalty=None,
        d_augment=None,
        betas=(0.5, 0.999),
        learning_rate=1e-4,
        final_learning_rate=1e-4,
        ema_half_life=0,
        batch_size=batch_size,
        max_steps=n_epochs * steps_per_epoch,
        random_state=0,
    )
    grids = SampleGrid(options.out / "samples-{step}.png", every=steps_per_epoch, overwrite=True)
    gan.fit(X, y, callbacks=[grids])
    gan.save(options.out / "model", overwrite=True)

    synthetic = gan.sample(y=y_test)[0]
    for name, images in (("training", X[: len(y_test)]), ("test", X_test), ("synthetic", synthetic)):
        scores = gan.score_samples(images, y[: len(y_test)] if name == "training" else y_test)
        realness = 1 / (1 + np.exp(-scores))  # a logit as a probability of being real
        print(f"{name:9} images: the discriminator calls {realness.mean():.1%} real (logits {scores.mean():+.2f})")
    print(f"Samples of each epoch and the model are in {options.out}")


def read_fashion() -> tuple[np.ndarray, ...]:
    """Return training and test images and labels, with the classes' numbers as labels."""
    try:
        data = read_fashion_mnist()
    except FileNotFoundError as error:
        raise SystemExit(f"{error}\nOr see it work on scikit-learn's digits: add --quick.") from error
    return data["X_train"], data["y_train"], data["X_test"][:2000], data["y_test"][:2000]


def read_digits() -> tuple[np.ndarray, ...]:
    """Return a small stand-in: 8x8 digits."""
    images, y = load_digits(return_X_y=True)
    X = (images.reshape(-1, 8, 8) * 15).astype(np.uint8)
    return X[:1000], y[:1000], X[1000:1400], y[1000:1400]


if __name__ == "__main__":
    main()
