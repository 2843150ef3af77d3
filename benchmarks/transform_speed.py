"""Measure what GANAugment costs per image inside a DataLoader, beside torchvision's RandAugment.

Both see the same images, in turns, and the cost of a loader without either is subtracted. Appends one JSON
line to ``benchmarks/results/transform_speed.jsonl``.

    python benchmarks/transform_speed.py [--images 4000] [--repeats 7]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _machine import describe_machine
from PIL import Image
from torch.utils.data import DataLoader, Dataset, default_collate
from torchvision.transforms import v2

from ganaug.bank import SampleBank
from ganaug.transforms import GANAugment

RESULTS = Path(__file__).parent / "results" / "transform_speed.jsonl"
BATCH, N_CLASSES, N_BANK = 256, 10, 10_000
SIZES = {"grey28": (1, 28), "rgb32": (3, 32)}
FORMS = ("pil", "tensor", "batch")


class Samples(Dataset):
    """Ready images in memory, so that a loader's own cost is all there is to subtract."""

    def __init__(self, images: list[Any], transform: Callable | None) -> None:
        self.images, self.transform = images, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        sample = self.images[index], index % N_CLASSES
        return sample if self.transform is None else self.transform(*sample)


def main() -> None:
    """Measure every size, form and number of workers; print and append the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=4000, help="images per pass (default 4000)")
    parser.add_argument("--repeats", type=int, default=7, help="passes of each kind, in turns (default 7)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    rows = list(measure_all(arguments.images, arguments.repeats))
    line = {"benchmark": "transform_speed", "p": 0.5, "machine": describe_machine(), "rows": rows}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with arguments.out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def measure_all(n_images: int, repeats: int) -> Iterator[dict[str, Any]]:
    """Yield one row for each size, form and number of workers."""
    for size, (channels, side) in SIZES.items():
        levels = np.random.default_rng(0).integers(256, size=(N_BANK, side, side, channels), dtype=np.uint8)
        bank = SampleBank.from_arrays(levels, np.arange(N_BANK) % N_CLASSES)
        for form in FORMS:
            images = [to_form(levels[i % N_BANK], form) for i in range(n_images)]
            for num_workers in (0, 1):
                row = {"size": size, "form": form, "num_workers": num_workers}
                row |= measure(images, GANAugment(bank, p=0.5), form, num_workers, repeats)
                print(
                    f"{size} {form:6} {num_workers} worker(s): GANAugment {row['ganaugment_us']:6.2f} us, "
                    f"RandAugment {row['randaugment_us']:7.2f} us an image, ratio {row['ratio']}",
                    flush=True,
                )
                yield row


def to_form(levels: np.ndarray, form: str) -> Any:
    """Turn uint8 (H, W, C) into a PIL image or a tensor (C, H, W)."""
    if form == "pil":
        return Image.fromarray(levels.squeeze())
    return torch.from_numpy(levels.transpose(2, 0, 1).copy())


def measure(
    images: list[Any], augment: GANAugment, form: str, num_workers: int, repeats: int
) -> dict[str, float | None]:
    """Return the median microseconds an image of both transforms, without the bare loader's."""
    rand_augment = v2.RandAugment()
    loaders = {
        "bare": make_loader(images, None, form, num_workers),
        "ganaugment": make_loader(images, augment, form, num_workers),
        # RandAugment draws one operation per call, so a batch gets it image by image to be augmented as such.
        "randaugment": make_loader(
            images, lambda image, label: (rand_augment(image), label), form, num_workers, by_sample=True
        ),
    }
    for loader in loaders.values():
        time_pass(loader)  # starts the workers and reads the bank from disk
    rounds = [{name: time_pass(loader) for name, loader in loaders.items()} for _ in range(repeats)]

    def cost(name: str) -> float:
        # Differences within a round cancel most of what else the machine is doing.
        return statistics.median(times[name] - times["bare"] for times in rounds) / len(images) * 1e6

    bare = statistics.median(times["bare"] for times in rounds) / len(images) * 1e6
    own, other = cost("ganaugment"), cost("randaugment")
    return {
        "bare_us": round(bare, 2),
        "ganaugment_us": round(own, 2),
        "randaugment_us": round(other, 2),
        "ratio": round(other / own, 1) if own > 0 else None,  # None: too cheap to tell from the loader
    }


def make_loader(
    images: list[Any], transform: Callable | None, form: str, num_workers: int, by_sample: bool = False
) -> DataLoader:
    """Return a loader that transforms samples, or batches in its collate function."""
    in_batches = form == "batch" and not by_sample and transform is not None
    return DataLoader(
        Samples(images, None if in_batches else transform),
        batch_size=BATCH,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        collate_fn=Collate(form, transform if in_batches else None),
    )


class Collate:
    """Stack tensors, or leave PIL images unstacked, which costs the loader least."""

    def __init__(self, form: str, transform: Callable | None) -> None:
        self.form, self.transform = form, transform

    def __call__(self, samples: list[tuple[Any, int]]) -> Any:
        if self.form == "pil":
            return len(samples)
        batch = default_collate(samples)
        return batch if self.transform is None else self.transform(*batch)


def time_pass(loader: DataLoader) -> float:
    """Return the seconds from the first batch asked for to the last one."""
    iterator = iter(loader)
    start = time.perf_counter()
    for _ in iterator:
        pass
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
