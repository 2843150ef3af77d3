"""Which samples a training step sees."""

import torch
from torch import Tensor


class Batches:
    """Draw training indices: first a class by its tempered share, then one of its samples.

    Parameters
    ----------
    y : Tensor of shape (N,), int64
    balance : float in [0, 1]
        A class of n samples is drawn in proportion to ``n ** (1 - balance)``.
    only : int, optional
        Draw from this class alone.
    """

    def __init__(self, y: Tensor, balance: float, only: int | None = None) -> None:
        self.counts = torch.bincount(y)
        self.order = torch.argsort(y, stable=True)
        self.starts = self.counts.cumsum(0) - self.counts
        self.shares = torch.where(self.counts > 0, self.counts.double() ** (1 - balance), 0.0)
        if only is not None:
            self.shares[torch.arange(len(self.shares)) != only] = 0.0

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Return n indices and their n classes."""
        y = torch.multinomial(self.shares, n, replacement=True)
        place = (torch.rand(n, dtype=torch.float64) * self.counts[y]).long()
        return self.order[self.starts[y] + place], y
