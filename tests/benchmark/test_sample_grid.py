import numpy as np
import pytest
from PIL import Image

from ganaug.benchmark.sample_grid import HEADER_HEIGHT, LABEL_WIDTH, MARGIN, save_sample_grid


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_real_left_and_synthetic_right_one_row_for_each_class(tmp_path, channels):
    labels = np.array([0, 0, 1])
    real = np.zeros((3, channels, 16, 16), np.uint8)
    real[labels == 1] = 120
    synthetic = np.full((3, channels, 16, 16), 240, np.uint8)
    save_sample_grid(tmp_path / "samples.png", (real, labels), (synthetic, labels), ["ant", "bee"], n_columns=4)
    picture = np.asarray(Image.open(tmp_path / "samples.png"))[..., 0]
    cell = 2 * 16 + 2
    left, right, top = LABEL_WIDTH + MARGIN + 5, LABEL_WIDTH + 2 * MARGIN + 4 * cell + 5, HEADER_HEIGHT + 5
    values = picture[[top, top + cell]][:, [left, left + cell, right]]
    assert values.tolist() == [[0, 0, 240], [120, 255, 240]]
