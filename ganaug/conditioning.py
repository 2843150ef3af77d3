"""How the class enters the discriminator: as a projection, as an input plane, or as a second task."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class Critique(NamedTuple):
    """What a discriminator says of N samples.

    Attributes
    ----------
    logits : Tensor of shape (N,), float32
    class_logits : Tensor of shape (N, n_classes), float32, or None
    """

    logits: Tensor
    class_logits: Tensor | None = None

    def halves(self) -> tuple["Critique", "Critique"]:
        """Split the critique of a batch whose first half is real into those of its reals and its fakes."""
        n = len(self.logits) // 2
        real_classes, fake_classes = (None, None) if self.class_logits is None else self.class_logits.split(n)
        return Critique(self.logits[:n], real_classes), Critique(self.logits[n:], fake_classes)


def append_class(x: Tensor, y: Tensor, n_classes: int) -> Tensor:
    """Return rows x of shape (N, F) with their classes behind them, one-hot, of shape (N, F + n_classes)."""
    # torch's one_hot takes three times as long: it first looks for classes out of range.
    classes = x.new_zeros(len(y), n_classes).scatter_(1, y[:, None], 1.0)
    return torch.cat([x, classes], dim=1)


class Conditioning(Protocol):
    """A recipe for the two places of a discriminator that may see the class."""

    shares_backward: ClassVar[bool]

    def build_input(self, shape: tuple[int, ...], n_classes: int) -> nn.Module:
        """Return a module from (x, y) to samples with `n_added` more channels, or columns if they are rows."""

    def build_head(self, n_features: int, n_classes: int) -> nn.Module:
        """Return a module from features (N, n_features) and y to a `Critique`."""

    def class_loss(self, critique: Critique, y: Tensor) -> Tensor | float:
        """Return what classification adds: on reals to the discriminator's loss, on fakes to the generator's."""


class _PlainInput(nn.Module):
    n_added = 0

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x


class _LinearHead(nn.Module):
    """Unconditional logit, plus the inner product with the class's embedding when there is one."""

    def __init__(self, n_features: int, n_projected: int = 0, n_auxiliary: int = 0) -> None:
        super().__init__()
        self.logit = nn.Linear(n_features, 1)
        self.embedding = nn.Embedding(n_projected, n_features) if n_projected else None
        self.classifier = nn.Linear(n_features, n_auxiliary) if n_auxiliary else None
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=n_features**-0.5)

    def forward(self, features: Tensor, y: Tensor) -> Critique:
        logits = self.logit(features).squeeze(1).float()
        if self.embedding is not None:
            logits = logits + (self.embedding(y) * features.float()).sum(1)
        class_logits = None if self.classifier is None else self.classifier(features).float()
        return Critique(logits, class_logits)


@dataclass(frozen=True)
class _Plain:
    """What the recipes have in common: a discriminator that the class enters nowhere."""

    shares_backward: ClassVar[bool] = True

    def build_input(self, shape: tuple[int, ...], n_classes: int) -> nn.Module:
        """Return the identity in x."""
        return _PlainInput()

    def build_head(self, n_features: int, n_classes: int) -> nn.Module:
        """Return a plain linear logit."""
        return _LinearHead(n_features)

    def class_loss(self, critique: Critique, y: Tensor) -> Tensor | float:
        """Return zero: the head names no classes."""
        return 0.0


@dataclass(frozen=True)
class Projection(_Plain):
    """Add the inner product of the features with a learned class embedding to the logit.

    References
    ----------
    Miyato and Koyama, "cGANs with projection discriminator", ICLR 2018, arXiv:1802.05637, Eq. 3.
    """

    def build_head(self, n_features: int, n_classes: int) -> nn.Module:
        """Return a linear logit plus the projection."""
        return _LinearHead(n_features, n_projected=n_classes)


class _PlaneInput(nn.Module):
    n_added = 1

    def __init__(self, shape: tuple[int, int, int], n_classes: int) -> None:
        super().__init__()
        _, self.height, self.width = shape
        self.planes = nn.Embedding(n_classes, self.height * self.width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        planes = self.planes(y).view(-1, 1, self.height, self.width).to(x.dtype)
        return torch.cat([x, planes], dim=1)


class _RowInput(nn.Module):
    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.n_added = n_classes

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return append_class(x, y, self.n_added)


@dataclass(frozen=True)
class Concat(_Plain):
    """Append a learned plane per class to the discriminator's input, or to a row the class as a one-hot vector.

    References
    ----------
    Mirza and Osindero, "Conditional generative adversarial nets", 2014, arXiv:1411.1784, Section 3.2.
    """

    def build_input(self, shape: tuple[int, ...], n_classes: int) -> nn.Module:
        """Return a module that appends the class."""
        return _RowInput(n_classes) if len(shape) == 1 else _PlaneInput(shape, n_classes)


@dataclass(frozen=True)
class AuxiliaryClassifier(_Plain):
    """Let the discriminator name the class of reals, and let the generator pay for fakes that it names wrongly.

    Parameters
    ----------
    weight : float, default 1
        Raising it makes samples more typical of their class and less diverse.

    References
    ----------
    Odena et al., "Conditional image synthesis with auxiliary classifier GANs", ICML 2017, arXiv:1610.09585,
    Eq. 3.

    Notes
    -----
    In the paper the discriminator also learns to name the class of fakes. On small data both players then agree on
    labels that are wrong, so here it learns from reals alone.
    """

    weight: float = 1.0
    shares_backward: ClassVar[bool] = False

    def build_head(self, n_features: int, n_classes: int) -> nn.Module:
        """Return a linear logit and linear class logits."""
        return _LinearHead(n_features, n_auxiliary=n_classes)

    def class_loss(self, critique: Critique, y: Tensor) -> Tensor:
        """Return the weighted cross-entropy of the class logits."""
        return self.weight * cross_entropy(critique.class_logits, y)


@dataclass(frozen=True)
class Unconditional(_Plain):
    """Judge samples without looking at their class: for data of one class, or as a control."""


CONDITIONINGS = {
    "projection": Projection(),
    "concat": Concat(),
    "auxiliary_classifier": AuxiliaryClassifier(),
    "unconditional": Unconditional(),
}
