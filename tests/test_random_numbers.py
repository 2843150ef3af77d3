"""Tests of torch's random numbers, which blocks of code are lent in turn."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from ganaug.random_numbers import RandomNumbers, seeded


def test_seeded_repeats_and_leaves_no_trace():
    before = torch.get_rng_state()
    draws = []
    for _ in range(2):
        with seeded(5):
            draws.append(torch.rand(3))
    assert torch.equal(*draws)
    assert torch.equal(torch.get_rng_state(), before)


def test_seeded_makes_tensors_as_torch_does_by_itself():
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            with seeded(0):
                made = torch.zeros(1)
            assert torch.zeros(1).device.type == "meta"
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert (made.dtype, made.device.type) == (torch.float32, "cpu")


def draw(numbers, n):
    with numbers.lent():
        return torch.rand(n)


def test_blocks_go_on_where_the_last_one_ended_and_leave_the_callers_numbers_alone():
    torch.manual_seed(1)
    callers = torch.rand(2)
    with seeded(5):
        expected = torch.rand(4)
    torch.manual_seed(1)
    with seeded(5):
        numbers = RandomNumbers(torch.device("cpu"))
    drawn, between = [], []
    for _ in range(2):
        drawn.append(draw(numbers, 2))
        between.append(torch.rand(1))
    assert torch.equal(torch.cat(drawn), expected)
    assert torch.equal(torch.cat(between), callers)


def test_a_block_that_fails_still_gives_them_back():
    numbers = RandomNumbers(torch.device("cpu"))
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="shape"), numbers.lent():
        torch.rand(1).view(2)
    assert torch.equal(torch.get_rng_state(), before)
    draw_in_a_thread = threading.Thread(target=draw, args=(numbers, 1))
    draw_in_a_thread.start()
    draw_in_a_thread.join(10)
    assert not draw_in_a_thread.is_alive()


def test_threads_draw_what_each_would_draw_alone():
    def make(seed):
        with seeded(seed):
            return RandomNumbers(torch.device("cpu"))

    alone = [torch.stack([draw(numbers, 3) for _ in range(50)]) for numbers in map(make, range(4))]
    barrier = threading.Barrier(4)

    def draw_many(seed):
        numbers = make(seed)
        barrier.wait()
        return torch.stack([draw(numbers, 3) for _ in range(50)])

    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(draw_many, range(4)))
    assert torch.equal(torch.stack(together), torch.stack(alone))
    assert torch.equal(torch.get_rng_state(), before)


def test_they_go_on_from_where_they_were_written():
    numbers = RandomNumbers(torch.device("cpu"))
    draw(numbers, 3)
    written = {name: state.clone() for name, state in numbers.state_dict().items()}
    expected = draw(numbers, 3)
    numbers = RandomNumbers(torch.device("cpu"))
    numbers.load_state_dict(written)
    assert torch.equal(draw(numbers, 3), expected)
