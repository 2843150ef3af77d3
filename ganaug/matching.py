"""Columns distributed as in the training data: mended after training, class by class.

A discriminator judges whole rows and lets small errors of single columns pass: a range too narrow, a spike lost, a
category too frequent. A monotone map of each number and an offset to each category's logit take them out, and leave how
columns go together to the generator.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from ganaug.blocks import Group, Layout
from ganaug.exceptions import ModelFormatError

_DRAWN_PER_ROW = 4
_FEWEST_DRAWN, _MOST_DRAWN, _VALUES_DRAWN, _VALUES_MAPPED = 2**10, 2**14, 2**24, 2**20
_FEWEST_CELLS, _MOST_CELLS, _TABLE_ENTRIES, _MOST_MAPS = 128, 512, 2**22, 2**17
_FEWEST_NUMBERS = 100
_MAX_ROUNDS = 20
_CLOSE_ENOUGH = 1e-3
_TAIL = 5e-4
_TINY = 1e-12


class MarginalMatching(nn.Module):
    """Maps a generator's rows so that each column of a class has the distribution of that class's training rows.

    A number ``x`` becomes ``Q(F(x))``, with F the distribution function of the class's generated numbers and Q the
    quantile function of its real ones: quantile mapping. F and Q are of the numbers that are neither missing nor one of
    a column's atoms. The logits of a category's values move by constants, found by iterated ratios of the wanted to
    the present shares. Rows of classes that are not matched stay as they are.

    Parameters
    ----------
    layout : Layout
    n_classes : int
    n_matched : int
        Classes that are matched.
    n_cells : int, default 512
        Parts of each number's map, which is linear in each.

    References
    ----------
    Quantile mapping: Panofsky and Brier, "Some applications of statistics to meteorology", Pennsylvania State
    University 1958, p. 40. Iterated ratios: Deming and Stephan, "On a least squares adjustment of a sampled frequency
    table when the expected marginal totals are known", Annals of Mathematical Statistics 11 (4), 1940.
    """

    places: Tensor
    offsets: Tensor
    lows: Tensor
    cells_per_unit: Tensor
    table: Tensor

    def __init__(self, layout: Layout, n_classes: int, n_matched: int, n_cells: int = _MOST_CELLS) -> None:
        super().__init__()
        n_numbers, self._n_cells = len(layout.numbers), n_cells
        self._split = [n_numbers, layout.width - n_numbers]
        self.register_buffer("places", torch.full((n_classes,), -1))
        self.register_buffer("offsets", torch.zeros(n_matched, layout.width - n_numbers))
        self.register_buffer("lows", torch.zeros(n_matched, n_numbers))
        self.register_buffer("cells_per_unit", torch.ones(n_matched, n_numbers))
        self.register_buffer("table", torch.arange(n_cells + 1.0).expand(n_matched, n_numbers, -1).clone())

    @classmethod
    def fit(
        cls,
        draw_logits: Callable[[int, int], Tensor],
        rows: Tensor,
        classes: Tensor,
        layout: Layout,
        cases: Mapping[int, int],
        min_size: int,
    ) -> "MarginalMatching":
        """Match every class of at least `min_size` rows.

        Wide tables of many such classes are matched more coarsely, and where that would still be more than 131,072
        maps of numbers, only the largest classes are. A number that fewer than 100 rows of a class have (or `min_size`,
        if that is less) stays as it is there.

        Parameters
        ----------
        draw_logits : callable
            ``draw_logits(class_index, n)`` returns what the generator makes, float32 of shape (n, width): numbers, and
            the logits of categories.
        rows : Tensor of shape (N, n_blocks), float32
            Compact training rows.
        classes : Tensor of shape (N,), int64
        layout : Layout
        cases : mapping of int to int
            For the places of numbers in compact rows: where the category is that is 0 if the number counts.
        min_size : int
        """
        counts, n_numbers = torch.bincount(classes), len(layout.numbers)
        largest = counts.argsort(descending=True, stable=True)[: max(1, _MOST_MAPS // max(n_numbers, 1))]
        matched = largest[counts[largest] >= min_size].sort().values
        n_maps, n_values = len(matched) * n_numbers, len(matched) * layout.width
        n_cells = min(max(_TABLE_ENTRIES // max(n_maps, 1), _FEWEST_CELLS), _MOST_CELLS)
        most_drawn = min(max(_VALUES_DRAWN // max(n_values, 1), _FEWEST_DRAWN), _MOST_DRAWN)
        matching = cls(layout, len(counts), len(matched), n_cells)
        matching.places[matched] = torch.arange(len(matched))
        for place, index in enumerate(matched.tolist()):
            own = rows[classes == index]
            logits = draw_logits(index, min(_DRAWN_PER_ROW * len(own), most_drawn))
            for group in layout.groups:
                offsets = _fit_offsets(logits[:, group.span], own, group)
                logits[:, group.span] += offsets
                matching.offsets[place, group.start - n_numbers :][: len(offsets)] = offsets
            for numbers in torch.arange(n_numbers).split(max(1, _VALUES_MAPPED // max(len(own), len(logits)))):
                weights, present = _find_presence(logits, own, numbers.tolist(), layout, cases)
                n_counting = torch.minimum(present.sum(1), weights.sum(1))
                counts_enough = (n_counting >= min(_FEWEST_NUMBERS, min_size)) & logits[:, numbers].isfinite().all(0)
                numbers, weights, present = numbers[counts_enough], weights[counts_enough], present[counts_enough]
                real = own[:, [layout.numbers[number] for number in numbers]].T
                low, high, table = _fit_maps(logits[:, numbers].T, weights, real, present, n_cells)
                varies = high - low >= _TINY
                matching.lows[place, numbers[varies]] = low[varies].float()
                matching.cells_per_unit[place, numbers[varies]] = (n_cells / (high - low)[varies]).float()
                matching.table[place, numbers[varies]] = table[varies].float()
        return matching

    @classmethod
    def from_tensors(cls, layout: Layout, n_classes: int, tensors: Mapping[str, Tensor]) -> "MarginalMatching":
        """Make what `state_dict` returned, whose keys may have come from a stranger's file.

        Raises
        ------
        ModelFormatError
            If something is missing, or of a shape or with values that no matching of such a table has.
        """
        table, places = tensors.get("table"), tensors.get("places")
        if table is None or places is None or table.ndim != 3 or not 2 <= table.shape[2] <= _MOST_CELLS + 1:
            raise ModelFormatError("The model's tensors of matched columns are incomplete; save it again.")
        n_matched = int((places >= 0).sum())
        matching = cls(layout, n_classes, min(n_matched, n_classes), table.shape[2] - 1)
        try:
            matching.load_state_dict(dict(tensors))
        except RuntimeError as error:
            raise ModelFormatError(f"The model's tensors of matched columns do not fit its table: {error}") from error
        known = matching.places[matching.places >= 0].sort().values
        if not torch.equal(known, torch.arange(n_matched)) or not all(t.isfinite().all() for t in tensors.values()):
            raise ModelFormatError("The model's tensors of matched columns are damaged; save it again.")
        return matching

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        """Change rows so that their columns are distributed as in training.

        Parameters
        ----------
        logits : Tensor of shape (N, width), float32
            Numbers, and logits of categories. They are changed in place.
        y : Tensor of shape (N,), int64
            Class indices.

        Returns
        -------
        Tensor of shape (N, width), float32
            The same tensor.
        """
        places = self.places.index_select(0, y)  # a sixth of the time of indexing
        matched = (places >= 0).nonzero().flatten()
        if len(matched) < len(y):
            own = self._match(logits.index_select(0, matched), places.index_select(0, matched))
            return logits.index_copy_(0, matched, own)
        return self._match(logits, places)

    def _match(self, logits: Tensor, places: Tensor) -> Tensor:
        numbers, categories = logits.split(self._split, dim=1)
        categories.add_(self.offsets.index_select(0, places))
        numbers.copy_(self._map(numbers, places))
        return logits

    def _map(self, x: Tensor, places: Tensor) -> Tensor:
        """Look numbers up in the table, linearly between its entries; beyond its ends go on with its mean slope."""
        n_numbers, n_cells = x.shape[1], self._n_cells
        lows, cells_per_unit = (own.index_select(0, places) for own in (self.lows, self.cells_per_unit))
        cells = (x - lows).mul_(cells_per_unit)
        inside = cells.clamp(0, n_cells)
        left = inside.floor().clamp_(max=n_cells - 1)
        columns = torch.arange(n_numbers, device=x.device) * (n_cells + 1)
        entries = (places * (n_numbers * (n_cells + 1)))[:, None] + columns + left.long()
        low, high = self.table.take(entries), self.table.take(entries.add_(1))
        slope = ((self.table[:, :, -1] - self.table[:, :, 0]) / n_cells).index_select(0, places)
        return low.lerp_(high, inside.sub(left)).add_(cells.sub_(inside).mul_(slope))


def _fit_offsets(logits: Tensor, rows: Tensor, group: Group) -> Tensor:
    """Return what to add to a group's logits, shape (n_columns * size,).

    The generator's own share of a value counts as one row, so that none becomes impossible.
    """
    blocks = logits.unflatten(1, (-1, group.size))
    values = rows[:, group.columns].long().T
    share = blocks.softmax(2).mean(0)
    target = share.scatter_add(1, values, torch.ones(values.shape)) / (len(rows) + 1)
    offsets = torch.zeros_like(share)
    for _ in range(_MAX_ROUNDS):
        if (target - share).abs().max() < _CLOSE_ENOUGH:
            break
        offsets += (target.clamp(min=_TINY) / share.clamp(min=_TINY)).log()
        share = (blocks + offsets).softmax(2).mean(0)
    return offsets.flatten()


def _find_presence(
    logits: Tensor, rows: Tensor, numbers: list[int], layout: Layout, cases: Mapping[int, int]
) -> tuple[Tensor, Tensor]:
    """Return how far generated numbers count, float64 of shape (C, n), and which real ones do, bool of shape (C, m)."""
    weights = torch.ones(len(numbers), len(logits), dtype=torch.float64)
    present = torch.ones(len(numbers), len(rows), dtype=torch.bool)
    for place, column in enumerate(layout.numbers[number] for number in numbers):
        if column in cases:
            weights[place] = logits[:, layout.span(cases[column])].softmax(1)[:, 0]
            present[place] = rows[:, cases[column]] == 0
    return weights, present


def _fit_maps(
    fake: Tensor, weights: Tensor, real: Tensor, present: Tensor, n_cells: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return where each number's table of equal cells begins and ends, and its entries.

    Parameters
    ----------
    fake : Tensor of shape (C, n), float32
        Generated numbers.
    weights : Tensor of shape (C, n), float64
        How far they count.
    real : Tensor of shape (C, m), float32
    present : Tensor of shape (C, m), bool
        Which of them count.
    n_cells : int

    Returns
    -------
    lows, highs : Tensors of shape (C,), float64
        Equal if all generated numbers are.
    tables : Tensor of shape (C, n_cells + 1), float64
    """
    order = _argsort(fake)
    fake, weights = fake.gather(1, order).double(), weights.gather(1, order)
    below = (weights.cumsum(1) - weights / 2) / weights.sum(1, keepdim=True)
    ends = torch.tensor([_TAIL, 1 - _TAIL], dtype=torch.float64).expand(len(fake), -1)
    low, high = _interpolate(ends, below, fake).unbind(1)
    cells = torch.arange(n_cells + 1, dtype=torch.float64) / n_cells
    levels = _interpolate(torch.lerp(low[:, None], high[:, None], cells), fake, below)
    counts = present.sum(1, keepdim=True)
    real = real.masked_fill(~present, torch.inf)
    real = real.gather(1, _argsort(real)).double()
    at = levels * (counts - 1)
    left = at.floor().long()
    right = torch.minimum(left + 1, counts - 1)
    return low, high, torch.lerp(real.gather(1, left), real.gather(1, right), at - left)


def _argsort(values: Tensor) -> Tensor:
    """Return the order of each row's values; NumPy has it several times sooner than torch."""
    return torch.from_numpy(values.numpy().argsort(axis=1))


def _interpolate(x: Tensor, xp: Tensor, fp: Tensor) -> Tensor:
    """Interpolate linearly, row by row, as `numpy.interp` does: shapes (C, m), (C, n) ascending, and (C, n)."""
    right = torch.searchsorted(xp.contiguous(), x.contiguous(), right=True).clamp_(1, max(1, xp.shape[1] - 1))
    (x0, x1), (f0, f1) = (
        (values.gather(1, right - 1), values.gather(1, right.clamp(max=values.shape[1] - 1))) for values in (xp, fp)
    )
    gap = x1 - x0
    share = ((x - x0) / torch.where(gap > 0, gap, 1)).clamp(0, 1)
    return torch.lerp(f0, f1, torch.where(x >= x1, 1.0, share))
