"""Fill a rare class up with synthetic images: `ConcatDataset([real, bank])`.

`GANAugment` replaces images and keeps how often each class is seen; a bank beside the real data adds images. It
returns what the data set returns, here PIL images and strings. A classifier filter keeps the samples that look
like their class.

    python examples/balance_rare_class.py [--quick]
"""

import argparse
from collections import Counter
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch.utils.data import ConcatDataset, DataLoader, Dataset
from torchvision.transforms import v2

from ganaug import ImageGAN, SampleBank


def main() -> None:
    """Balance two classes and count what a loader sees."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds (default: off)")
    quick = parser.parse_args().quick

    images, labels = read_digits(n_common=150, n_rare=30)
    gan = ImageGAN(max_steps=30 if quick else 1000, random_state=0).fit(images, labels)
    most = max(gan.class_counts_.values())
    missing = {label: most - n for label, n in gan.class_counts_.items()}

    to_tensor = v2.Compose([v2.ToImage(), v2.RandomAffine(10), v2.ToDtype(torch.float32, scale=True)])
    bank = SampleBank.from_gan(
        gan,
        missing,
        filters=[] if quick else ["confidence"],
        real=(images, labels),
        random_state=0,
        transform=to_tensor,
    )
    both = ConcatDataset([Labelled(images, labels, to_tensor), bank])

    seen = Counter(name for _, names in DataLoader(both, batch_size=32, shuffle=True) for name in names)
    print(f"Real images {gan.class_counts_}, synthetic images {bank.counts}, seen in one epoch {dict(seen)}")


class Labelled(Dataset):
    """Images with their labels."""

    def __init__(self, images: list, labels: list, transform: Callable) -> None:
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple:
        return self.transform(self.images[index]), self.labels[index]


def read_digits(n_common: int, n_rare: int) -> tuple[list[Image.Image], list[str]]:
    """Return many ones and few sevens as PIL images with names."""
    X, y = load_digits(return_X_y=True)
    X = (X.reshape(-1, 8, 8) * 15).astype(np.uint8)
    rows = [*np.flatnonzero(y == 1)[:n_common], *np.flatnonzero(y == 7)[:n_rare]]
    return [Image.fromarray(X[row]) for row in rows], ["one"] * n_common + ["seven"] * n_rare


if __name__ == "__main__":
    main()
