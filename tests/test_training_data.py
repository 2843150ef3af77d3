import numpy as np
import pytest
import torch

from ganaug.blocks import Block, Layout
from ganaug.training_data import Pixels, Rows

CPU = torch.device("cpu")
LAYOUT = Layout([Block(1), Block(3)])
COMPACT = torch.tensor([[0.5, 2.0], [-1.0, 0.0], [3.0, 1.0]])


class TestPixels:
    PIXELS = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).view(2, 3, 4, 4) * 2

    def test_pixels_are_scaled_to_plus_minus_one(self):
        x = Pixels(torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 1, 3)).fetch(torch.tensor([0]), CPU)
        torch.testing.assert_close(x.flatten(), torch.tensor([-1.0, -0.6, 1.0]))
        assert x.dtype == torch.float32

    def test_images_come_in_the_order_of_the_indices_channels_last(self):
        pixels = Pixels(self.PIXELS)
        x = pixels.fetch(torch.tensor([1, 0, 1]), CPU)
        assert torch.equal(((x + 1) * 127.5).round().byte(), self.PIXELS[[1, 0, 1]])
        assert x.is_contiguous(memory_format=torch.channels_last)

    def test_a_memory_map_is_left_where_it_is(self, tmp_path):
        path = tmp_path / "pixels.npy"
        np.save(path, self.PIXELS.numpy())
        mapped = torch.from_numpy(np.load(path, mmap_mode="c"))
        assert Pixels(mapped).to(CPU).pixels.data_ptr() == mapped.data_ptr()


class TestRows:
    def test_rows_are_made_dense(self):
        x = Rows(COMPACT, LAYOUT).fetch(torch.tensor([2, 0]), CPU)
        assert torch.equal(x, LAYOUT.expand(COMPACT[[2, 0]]))

    def test_noise_moves_numbers_alone(self):
        torch.manual_seed(0)
        rows = Rows(COMPACT, LAYOUT, noise=0.3)
        x = rows.fetch(torch.zeros(20_000, dtype=torch.int64), CPU)
        assert torch.equal(x[:, 1:], LAYOUT.expand(COMPACT[:1])[:, 1:].expand(20_000, -1))
        assert float(x[:, 0].mean()) == pytest.approx(0.5, abs=0.02)
        assert float(x[:, 0].std()) == pytest.approx(0.3, abs=0.02)

    def test_noise_differs_between_fetches_and_leaves_the_rows_as_they_are(self):
        rows = Rows(COMPACT.clone(), LAYOUT, noise=0.3)
        index = torch.arange(3)
        assert not torch.equal(rows.fetch(index, CPU), rows.fetch(index, CPU))
        assert torch.equal(rows.rows, COMPACT)

    def test_numbers_alone_do_not_share_memory_with_the_rows(self):
        compact = torch.randn(4, 2)
        rows = Rows(compact.clone(), Layout([Block(1), Block(1)]), noise=0.5)
        rows.fetch(torch.arange(4), CPU)
        assert torch.equal(rows.rows, compact)

    def test_categories_alone_take_no_noise(self):
        layout = Layout([Block(3)])
        x = Rows(COMPACT[:, 1:], layout, noise=5.0).fetch(torch.arange(3), CPU)
        assert torch.equal(x, layout.expand(COMPACT[:, 1:]))

    def test_another_device_keeps_layout_and_noise(self):
        moved = Rows(COMPACT, LAYOUT, noise=0.3).to(CPU)
        assert (moved.layout, moved.noise) == (LAYOUT, 0.3)
        assert torch.equal(moved.rows, COMPACT)
