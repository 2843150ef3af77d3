"""Stand-ins that are quick to make: a GAN that needs no training."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ganaug._validation import as_seed
from ganaug.image_data import ImageLayout, LabelCodec

LAYOUTS = {
    "pil": ImageLayout("pil", 8, 10, 3, "last", "uint8"),
    "array": ImageLayout("numpy", 8, 10, 1, "none", "float32", (0.0, 1.0)),
    "tensor": ImageLayout("torch", 8, 10, 3, "first", "uint8"),
}


class FakeGAN:
    """Draw flat, slightly noisy images; class number k has brightness 60 (k + 1) to 60 (k + 1) + 9.

    With `junk` above 0, that share of the samples is dark (0 to 9), whatever the class.
    """

    on_error = "raise"

    def __init__(
        self, labels: Sequence[Hashable] = ("cat", "dog", "emu"), layout: str = "pil", junk: float = 0.0
    ) -> None:
        self.junk = junk
        self.layout_ = LAYOUTS[layout]
        self.label_codec_ = LabelCodec(labels)
        self.n_drawn = 0

    @property
    def classes_(self) -> np.ndarray:
        return self.label_codec_.decode(np.arange(len(self.label_codec_.classes)))

    def get_params(self) -> dict[str, Any]:
        return {"junk": self.junk}

    def sample_pixels(self, y: np.ndarray, random_state: Any = None) -> np.ndarray:
        rng = np.random.default_rng(as_seed(random_state))
        self.n_drawn += len(y)
        brightness = 60 * (self.label_codec_.encode(y) + 1)
        brightness[rng.random(len(y)) < self.junk] = 0
        noise = rng.integers(10, size=(len(y), *self.layout_.shape))
        return (brightness[:, None, None, None] + noise).astype(np.uint8)

    def sample(self, n: int, y: Hashable, random_state: Any = None) -> tuple[Any, np.ndarray]:
        labels = np.array([y] * n)
        return self.layout_.decode(self.sample_pixels(labels, random_state)), labels

    def score_samples(self, X: Any, y: Any) -> np.ndarray:
        return self.layout_.encode(X).mean(axis=(1, 2, 3)).astype(float)
