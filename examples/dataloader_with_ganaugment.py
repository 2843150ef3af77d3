"""A DataLoader whose transform chain replaces some images of rare classes by synthetic ones.

Shows both places for `GANAugment`: in the data set's transform, image by image, and in `collate_fn`, batch by
batch, which is cheaper. The data are scikit-learn's digits with few eights and nines.

    python examples/dataloader_with_ganaugment.py [--quick]
"""

import argparse

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, default_collate
from torchvision.transforms import v2

from ganaug import GANAugment, ImageGAN, SampleBank

RARE, N_RARE = (8, 9), 20


class Digits(Dataset):
    """Tensors (1, 8, 8), uint8, with their labels; the transform sees both."""

    def __init__(self, X: np.ndarray, y: np.ndarray, transform=None) -> None:
        self.images, self.labels, self.transform = torch.from_numpy(X)[:, None], y.tolist(), transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int):
        sample = self.images[index], self.labels[index]
        return self.transform(*sample) if self.transform else sample


class Collate:
    """Stack the samples, then transform the batch; a class, so that spawned workers can receive it."""

    def __init__(self, transform) -> None:
        self.transform = transform

    def __call__(self, samples):
        return self.transform(*default_collate(samples))


def main() -> None:
    """Fit a GAN, fill a bank, and train the same classifier without it, and with it in both places."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, too short to learn much (default: off)")
    quick = parser.parse_args().quick

    X, y, X_test, y_test = read_digits()
    gan = ImageGAN(max_steps=10 if quick else 600, random_state=0).fit(X, y)
    bank = SampleBank.from_gan(gan, n_per_class=50 if quick else 500, random_state=0)

    augment = GANAugment(bank, p=dict.fromkeys(RARE, 0.5))  # the other classes stay as they are
    shift = v2.RandomAffine(degrees=10, translate=(0.1, 0.1))
    scale = v2.ToDtype(torch.float32, scale=True)
    sample_chain = v2.Compose([augment, shift, scale])
    # On a batch, torchvision's own transforms draw once for all images, so they stay in the data set.
    batch_chain = v2.Compose([augment, scale])

    ways = {
        "without GANAugment": (Digits(X, y, v2.Compose([shift, scale])), None),
        "in the data set": (Digits(X, y, sample_chain), None),
        "in collate_fn": (Digits(X, y, v2.Compose([shift])), Collate(batch_chain)),
    }
    test = next(iter(DataLoader(Digits(X_test, y_test, v2.Compose([scale])), batch_size=len(y_test))))
    for name, (data, collate) in ways.items():
        torch.manual_seed(0)
        loader = DataLoader(data, batch_size=32, shuffle=True, collate_fn=collate, num_workers=0 if quick else 1)
        network = train(loader, n_epochs=1 if quick else 20)
        print(f"{name:18}: {recall(network, *test):.1%} of the test images of {RARE} are recognised")
    print("One run each: see `ganaug demo` for a comparison with a strong baseline, paired seeds and intervals.")


def read_digits() -> tuple[np.ndarray, ...]:
    """Return digits of which eights and nines are rare, and a test part as it is."""
    images, y = load_digits(return_X_y=True)
    X = (images.reshape(-1, 8, 8) * 15).astype(np.uint8)
    X, X_test, y, y_test = X[:1200], X[1200:], y[:1200], y[1200:]
    rare = [np.flatnonzero(y == label)[N_RARE:] for label in RARE]
    return np.delete(X, np.concatenate(rare), axis=0), np.delete(y, np.concatenate(rare)), X_test, y_test


def train(loader: DataLoader, n_epochs: int) -> nn.Module:
    """Train a small classifier."""
    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 4 * 4, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(n_epochs):
        for images, labels in loader:
            loss = nn.functional.cross_entropy(network(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.eval()


@torch.inference_mode()
def recall(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the share of the rare classes' images that are recognised."""
    rare = torch.isin(labels, torch.tensor(RARE))
    return (network(images[rare]).argmax(1) == labels[rare]).float().mean().item()


if __name__ == "__main__":
    main()
