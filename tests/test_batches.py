import pytest
import torch

from ganaug.batches import Batches

LABELS = torch.tensor([0] * 90 + [1] * 9 + [3])  # class 2 has no samples


@pytest.mark.parametrize(
    ("balance", "shares"), [(0.0, [0.9, 0.09, 0, 0.01]), (0.5, [9.49, 3, 0, 1]), (1.0, [1, 1, 0, 1])]
)
def test_classes_are_drawn_by_their_tempered_share(balance, shares):
    torch.manual_seed(0)
    _, y = Batches(LABELS, balance).draw(40_000)
    expected = torch.tensor(shares) / sum(shares)
    torch.testing.assert_close(torch.bincount(y, minlength=4) / 40_000, expected, atol=0.01, rtol=0)


def test_samples_of_a_class_are_drawn_equally_often():
    torch.manual_seed(0)
    index, _ = Batches(LABELS, 1.0).draw(90_000)
    counts = torch.bincount(index, minlength=100).double()
    torch.testing.assert_close(counts[:90], torch.full((90,), 30_000 / 90).double(), atol=100, rtol=0)
    torch.testing.assert_close(counts[90:99], torch.full((9,), 30_000 / 9).double(), rtol=0.1, atol=0)


def test_indices_have_the_classes_that_are_returned():
    shuffled = LABELS[torch.randperm(100, generator=torch.Generator().manual_seed(0))]
    index, y = Batches(shuffled, 0.5).draw(500)
    assert torch.equal(shuffled[index], y)


def test_one_class_alone():
    index, y = Batches(LABELS, 0.0, only=1).draw(500)
    assert y.unique().tolist() == [1]
    assert index.unique().tolist() == list(range(90, 99))


def test_draws_repeat_with_the_seed():
    draws = []
    for _ in range(2):
        torch.manual_seed(0)
        draws.append(torch.stack(Batches(LABELS, 1.0).draw(50)))
    assert torch.equal(*draws)
