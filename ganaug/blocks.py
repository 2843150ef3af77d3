"""How a table's columns lie in the networks' rows: numbers, and categories as one-hot blocks."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Block:
    """One column of a table as the networks see it.

    Attributes
    ----------
    size : int
        1 for a number; for a category the number of its values, at least 2.
    """

    size: int


@dataclass(frozen=True)
class Group:
    """Category blocks of similar size, side by side and padded to one size, so that one operation serves them all.

    Attributes
    ----------
    columns : tuple of int
        Their places in compact rows.
    sizes : tuple of int
        Their true sizes, at most `size`.
    size : int
        A power of two.
    start : int
        Where the group begins in dense rows.
    """

    columns: tuple[int, ...]
    sizes: tuple[int, ...]
    size: int
    start: int

    @property
    def span(self) -> slice:
        """Its place in dense rows."""
        return slice(self.start, self.start + len(self.columns) * self.size)


class Layout:
    """Turn compact rows, one number per column, into dense rows with one-hot categories, and back.

    Dense rows hold the numbers first and then the groups of category blocks. Padding is always zero; it costs at
    most half of the width, and spares an operation per column.

    Parameters
    ----------
    blocks : sequence of Block

    Attributes
    ----------
    width : int
        Length of a dense row.
    numbers : list of int
        Places of the numbers in compact rows; they are the first entries of dense rows.
    groups : tuple of Group
    categories : list of int
        Places of the categories in compact rows, group after group.
    starts : Tensor of shape (n_categories,), int64
        Where their blocks begin in dense rows.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = tuple(blocks)
        self.numbers = [place for place, block in enumerate(blocks) if block.size == 1]
        padded = [1 << (block.size - 1).bit_length() for block in blocks]
        groups, start = [], len(self.numbers)
        for size in sorted(set(padded) - {1}):
            columns = tuple(place for place, own in enumerate(padded) if own == size)
            groups.append(Group(columns, tuple(blocks[place].size for place in columns), size, start))
            start = groups[-1].span.stop
        self.groups = tuple(groups)
        self.width = start
        self.categories = [place for group in groups for place in group.columns]
        starts = [group.start + i * group.size for group in groups for i in range(len(group.columns))]
        self.starts = torch.tensor(starts, dtype=torch.int64)
        self._numbers, self._categories = (torch.tensor(c, dtype=torch.int64) for c in (self.numbers, self.categories))

    def span(self, column: int) -> slice:
        """Return where in dense rows the category at a place of compact rows lies."""
        start = int(self.starts[self.categories.index(column)])
        return slice(start, start + self.blocks[column].size)

    def expand(self, compact: Tensor) -> Tensor:
        """Return dense rows.

        Parameters
        ----------
        compact : Tensor of shape (N, n_blocks), float32
            Standardised numbers and category indices.

        Returns
        -------
        Tensor of shape (N, width), float32
        """
        if not self.categories:
            return compact.float()
        dense = torch.zeros(len(compact), self.width, device=compact.device)
        dense[:, : len(self.numbers)] = compact.index_select(1, self._numbers.to(compact.device))
        categories = compact.index_select(1, self._categories.to(compact.device)).long()
        places = categories + self.starts.to(compact.device)
        return dense.scatter_(1, places, 1.0)

    def collapse(self, dense: Tensor) -> Tensor:
        """Return compact rows of shape (N, n_blocks), float32: the largest entry of each category block wins."""
        if not self.categories:
            return dense.float()
        compact = torch.empty(len(dense), len(self.blocks), device=dense.device)
        compact[:, self.numbers] = dense[:, : len(self.numbers)].float()
        for group in self.groups:
            blocks = dense[:, group.span].unflatten(1, (-1, group.size))
            compact[:, group.columns] = blocks.argmax(2).float()
        return compact

    def draw(self, logits: Tensor) -> Tensor:
        """Return compact rows whose categories are drawn by inverse transform: one random number a category.

        Parameters
        ----------
        logits : Tensor of shape (N, width)
            Numbers, and the logits of the categories; -inf for padding.

        Returns
        -------
        Tensor of shape (N, n_blocks), float32
        """
        if not self.categories:
            return logits.float()
        compact = torch.empty(len(logits), len(self.blocks), device=logits.device)
        compact[:, self.numbers] = logits[:, : len(self.numbers)].float()
        for group in self.groups:
            blocks = logits[:, group.span].float().unflatten(1, (-1, group.size))
            cumulative = blocks.softmax(2).cumsum(2)
            drawn = (1 - torch.rand_like(cumulative[:, :, :1])) * cumulative[:, :, -1:]  # above 0
            compact[:, group.columns] = (cumulative < drawn).sum(2).float()
        return compact

    def padding(self) -> Tensor:
        """Return which entries of dense rows no category uses, bool of shape (width,)."""
        unused = torch.zeros(self.width, dtype=torch.bool)
        for group in self.groups:
            sizes = torch.tensor(group.sizes)
            unused[group.span] = (torch.arange(group.size) >= sizes[:, None]).flatten()
        return unused
