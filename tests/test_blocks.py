import pytest
import torch

from ganaug.blocks import Block, Layout

SIZES = {
    "numbers alone": [1, 1, 1],
    "categories alone": [3, 2, 4],
    "mixed": [1, 3, 1, 2, 4, 3],
    "a large one": [1000, 1],
    "powers of two": [2, 4, 8],
}


def make_layout(sizes):
    return Layout([Block(size) for size in sizes])


def make_compact(sizes, n=20):
    generator = torch.Generator().manual_seed(0)
    columns = [
        torch.randn(n, generator=generator) if size == 1 else torch.randint(size, (n,), generator=generator).float()
        for size in sizes
    ]
    compact = torch.stack(columns, dim=1)
    compact[0] = torch.tensor(sizes) - 1.0  # the last value of each category
    return compact


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
class TestAnyLayout:
    def test_collapse_undoes_expand(self, sizes):
        layout, compact = make_layout(sizes), make_compact(sizes)
        assert torch.equal(layout.collapse(layout.expand(compact)), compact)

    def test_dense_rows_are_float32_of_the_stated_width(self, sizes):
        layout = make_layout(sizes)
        dense = layout.expand(make_compact(sizes).double())
        assert dense.shape == (20, layout.width)
        assert dense.dtype == torch.float32

    def test_a_dense_row_holds_one_entry_for_each_category(self, sizes):
        layout = make_layout(sizes)
        one_hot = layout.expand(make_compact(sizes))[:, len(layout.numbers) :]
        assert set(one_hot.unique().tolist()) <= {0.0, 1.0}
        assert (one_hot.sum(1) == sum(size > 1 for size in sizes)).all()

    def test_padding_is_what_no_category_can_reach(self, sizes):
        layout = make_layout(sizes)
        assert int((~layout.padding()).sum()) == sum(sizes)
        assert not layout.expand(make_compact(sizes))[:, layout.padding()].any()

    def test_padding_costs_at_most_half_of_the_width(self, sizes):
        assert make_layout(sizes).width < 2 * sum(sizes)

    def test_no_rows_stay_no_rows(self, sizes):
        layout = make_layout(sizes)
        assert layout.collapse(layout.expand(torch.zeros(0, len(sizes)))).shape == (0, len(sizes))


def test_numbers_come_first_and_keep_their_values():
    layout = make_layout([3, 1, 2, 1])
    dense = layout.expand(torch.tensor([[2.0, 0.5, 1.0, -4.0]]))
    assert layout.numbers == [1, 3]
    assert dense[0, :2].tolist() == [0.5, -4.0]


def test_categories_of_like_size_form_one_group():
    first, second = make_layout([3, 2, 4, 1, 3]).groups
    assert (first.columns, first.sizes, first.size) == ((1,), (2,), 2)
    assert (second.columns, second.sizes, second.size) == ((0, 2, 4), (3, 4, 3), 4)
    assert (first.span, second.span) == (slice(1, 3), slice(3, 15))


def test_the_largest_entry_of_a_block_wins():
    layout = make_layout([4, 4])
    dense = torch.tensor([[0.1, 0.2, 0.9, 0.3, 5.0, 1.0, 2.0, 3.0]])
    assert layout.collapse(dense).tolist() == [[2.0, 0.0]]


def test_half_precision_rows_collapse_to_float32():
    layout = make_layout([1, 2])
    assert layout.collapse(torch.tensor([[0.5, 0.0, 1.0]], dtype=torch.bfloat16)).dtype == torch.float32
    assert make_layout([1]).collapse(torch.zeros(1, 1, dtype=torch.bfloat16)).dtype == torch.float32


class TestDraw:
    @pytest.mark.parametrize("sizes", [[3, 1, 2, 5], [4, 2], [70, 1]], ids=str)
    def test_categories_follow_their_probabilities_and_numbers_pass(self, sizes):
        layout = make_layout(sizes)
        shares = layout.expand(make_compact(sizes)).mean(0)
        logits = shares.log()  # -inf for padding and for categories that no row has
        logits[: len(layout.numbers)] = 1.5
        torch.manual_seed(0)
        rows = layout.draw(logits.expand(40_000, -1))
        assert (rows.shape, rows.dtype) == ((40_000, len(sizes)), torch.float32)
        assert (rows[:, layout.numbers] == 1.5).all()
        drawn = layout.expand(rows).mean(0)[len(layout.numbers) :]
        torch.testing.assert_close(drawn, shares[len(layout.numbers) :], atol=0.01, rtol=0)

    @pytest.mark.parametrize("random", [0.0, 0.3, 0.7, 1 - 2**-24])
    def test_padding_and_what_has_no_chance_are_never_drawn(self, monkeypatch, random):
        monkeypatch.setattr(torch, "rand_like", lambda x: torch.full_like(x, random))
        layout = make_layout([6])  # padded to eight
        logits = torch.tensor([-torch.inf, 0.0, -torch.inf, 1.0, 0.5, -torch.inf, -torch.inf, -torch.inf])
        assert layout.draw(logits[None]).item() in (1, 3, 4)


def test_a_table_without_variation_has_no_width():
    layout = Layout([])
    assert (layout.width, layout.groups, layout.expand(torch.zeros(3, 0)).shape) == (0, (), (3, 0))
