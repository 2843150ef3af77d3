"""Networks whose discriminator names the class instead of being told it."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from ganaug.architectures import Architecture, DataSpec, Networks
from ganaug.conditioning import Unconditional


class ClassCritique(NamedTuple):
    """What a discriminator with class outputs says of N vectors.

    Attributes
    ----------
    logits : Tensor of shape (N,), float32
        Log-odds of real: Salimans et al., Section 5, ``log Z(x)``.
    class_logits : Tensor of shape (N, K), float32
    features : Tensor of shape (N, n_features)
        What both are linear in, or follow from.
    """

    logits: Tensor
    class_logits: Tensor
    features: Tensor


class _ClassHead(nn.Module):
    def __init__(self, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(n_features, n_classes)
        nn.init.zeros_(self.classifier.weight)

    def forward(self, features: Tensor, y: Tensor) -> ClassCritique:
        class_logits = self.classifier(features)
        return ClassCritique(class_logits.logsumexp(1), class_logits, features)


@dataclass(frozen=True)
class ClassOutputs(Unconditional):
    """A discriminator that is told no class but names it: one logit for each, and their sum for "real".

    Parameters
    ----------
    n_classes : int
        That of the data. The networks are built for one class, since the generator knows none.
    """

    n_classes: int = 2

    def build_head(self, n_features: int, n_classes: int) -> nn.Module:
        """Return a module from features and y, which it ignores, to a `ClassCritique`."""
        return _ClassHead(n_features, self.n_classes)


def build_networks(architecture: Architecture, n_inputs: int, n_classes: int) -> Networks:
    """Return a generator that knows no classes, and a discriminator of them, with a linear classifier beside it.

    Parameters
    ----------
    architecture : Architecture
        For rows: its discriminator ends in what the conditioning's `build_head` returns.
    n_inputs : int
        Length of a vector.
    n_classes : int

    Returns
    -------
    Networks
        The discriminator maps vectors, and labels that it ignores, to a `ClassCritique`.
    """
    networks = architecture.build(DataSpec((n_inputs,), 1), ClassOutputs(n_classes))
    return Networks(networks.generator, _LinearBeside(networks.discriminator, n_inputs, n_classes))


class _LinearBeside(nn.Module):
    """Add a linear classifier's logits, which alone suit few labels best; all class weights start at zero."""

    def __init__(self, network: nn.Module, n_inputs: int, n_classes: int) -> None:
        super().__init__()
        self.network, self.linear = network, nn.Linear(n_inputs, n_classes, bias=False)
        nn.init.zeros_(self.linear.weight)

    def forward(self, x: Tensor, y: Tensor) -> ClassCritique:
        critique = self.network(x, y)
        class_logits = critique.class_logits + self.linear(x)
        return ClassCritique(class_logits.logsumexp(1), class_logits, critique.features)
