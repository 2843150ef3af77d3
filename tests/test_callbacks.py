import io
import sys
from contextlib import closing

import numpy as np
import pytest
import torch
from _tiny import make_state
from PIL import Image

from ganaug.callbacks import ProgressBar, SampleGrid, to_uint8, write_grid
from ganaug.exceptions import GanaugWarning
from ganaug.training import train


class Terminal(io.StringIO):
    def isatty(self):
        return True


class SecondProcess:
    global_rank = 1


def run_with_bar(monkeypatch, stream, verbose):
    monkeypatch.setattr(sys, "stderr", stream)
    with closing(ProgressBar(verbose, "fit")) as bar:
        train(make_state(max_steps=5), [bar])
    return stream.getvalue()


@pytest.mark.parametrize("verbose", [None, True])
def test_bar_shows_losses_speed_and_the_end(monkeypatch, verbose):
    text = run_with_bar(monkeypatch, Terminal(), verbose)
    assert "fit 100%" in text
    assert "step 5, D " in text
    assert "samples/s" in text
    assert text.endswith("\n")


@pytest.mark.parametrize(("stream", "verbose"), [(io.StringIO(), None), (Terminal(), False), (io.StringIO(), False)])
def test_bar_is_silent(monkeypatch, stream, verbose):
    assert run_with_bar(monkeypatch, stream, verbose) == ""


def test_bar_shows_itself_without_a_terminal_on_demand(monkeypatch):
    assert "samples/s" in run_with_bar(monkeypatch, io.StringIO(), True)


def test_only_the_first_process_has_a_bar(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    state = make_state()
    train(state)
    state.fabric = SecondProcess()
    ProgressBar(True)(state)
    assert stream.getvalue() == ""


def test_closing_an_unused_bar_does_nothing():
    ProgressBar().close()


def test_grid_is_written_at_its_steps_and_at_the_end(tmp_path):
    train(make_state(max_steps=7), [SampleGrid(tmp_path / "new" / "at_{step}.png", every=3, n_columns=4)])
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["at_3.png", "at_6.png", "at_7.png"]


def test_other_braces_in_a_name_stay(tmp_path):
    train(make_state(max_steps=2), [SampleGrid(tmp_path / "{run}_{step}.png", every=2)])
    assert [path.name for path in tmp_path.iterdir()] == ["{run}_2.png"]


def test_grid_has_a_row_per_class_and_no_influence(tmp_path):
    states = [make_state(max_steps=3), make_state(max_steps=3)]
    torch.manual_seed(0)
    train(states[0], [SampleGrid(tmp_path / "grid.png", every=1, n_columns=4)])
    torch.manual_seed(0)
    train(states[1])
    assert states[0].history[-1]["d_loss"] == states[1].history[-1]["d_loss"]
    with Image.open(tmp_path / "grid.png") as image:
        assert image.size == (4 * 10 * 7, 2 * 10 * 7)
        assert image.mode == "L"


def test_grid_uses_the_same_latents_each_time(tmp_path):
    state = make_state()
    for name in ("a", "b"):
        SampleGrid(tmp_path / f"{name}.png", every=1)(state)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_only_the_first_process_draws_the_grid(tmp_path):
    state = make_state()
    state.fabric = SecondProcess()
    SampleGrid(tmp_path / "grid.png", every=1)(state)
    assert not any(tmp_path.iterdir())


def test_to_uint8_rounds_and_clips():
    x = torch.tensor([-1.5, -1.0, -0.999, 0.0, 1.0, 3.0]).view(1, 1, 2, 3)
    assert to_uint8(x).flatten().tolist() == [0, 0, 0, 128, 255, 255]
    assert to_uint8(x).dtype == np.uint8
    grey = torch.arange(256).view(1, 1, 16, 16)
    assert np.array_equal(to_uint8(grey / 127.5 - 1), grey.numpy())


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_write_grid_puts_images_in_reading_order(tmp_path, channels, mode):
    pixels = np.zeros((5, channels, 4, 6), np.uint8)
    pixels += np.arange(5, dtype=np.uint8)[:, None, None, None]
    write_grid(pixels, tmp_path / "grid.png", n_columns=3, scale=1)
    with Image.open(tmp_path / "grid.png") as image:
        assert image.mode == mode
        shown = np.array(image).reshape(2 * 6, 3 * 8, channels)[..., 0]
    assert shown[2::6, 3::8].tolist() == [[0, 1, 2], [3, 4, 255]]
    assert (shown[0] == 255).all()


def test_write_grid_enlarges_small_images(tmp_path):
    write_grid(np.zeros((1, 1, 8, 8), np.uint8), tmp_path / "small.png", 1)
    write_grid(np.zeros((1, 1, 64, 64), np.uint8), tmp_path / "large.png", 1)
    with Image.open(tmp_path / "small.png") as small, Image.open(tmp_path / "large.png") as large:
        assert (small.size, large.size) == ((70, 70), (66, 66))


def test_a_picture_that_is_there_is_not_replaced_unasked(tmp_path):
    path, folder = tmp_path / "grid.png", tmp_path / "folder.png"
    folder.mkdir()
    SampleGrid(path).check_before_fit(None)
    path.write_text("a photo")
    with pytest.raises(FileExistsError, match="exists; choose another path, or pass overwrite=True"):
        SampleGrid(path).check_before_fit(None)
    for name in ("at_20.png", "at_2x.png", "20/at.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("of an earlier run")
    SampleGrid(tmp_path / "a_{step}.png").check_before_fit(None)
    with pytest.raises(FileExistsError, match="exists"):
        SampleGrid(tmp_path / "{step}" / "at.png").check_before_fit(None)
    (tmp_path / "20" / "at.png").unlink()
    SampleGrid(tmp_path / "{step}" / "at.png").check_before_fit(None)
    with pytest.raises(ValueError, match=r"has no ending; choose a name that ends in \.png"):
        SampleGrid(tmp_path / "grid").check_before_fit(None)
    with pytest.raises(FileExistsError, match=r"at_20\.png exists"):
        SampleGrid(tmp_path / "at_{step}.png").check_before_fit(None)
    SampleGrid(path).check_before_fit("resumed")
    SampleGrid(path, overwrite=True).check_before_fit(None)
    with pytest.raises(FileExistsError):
        SampleGrid(folder, overwrite=True).check_before_fit(None)


def test_a_picture_that_cannot_be_written_stops_no_training(tmp_path, monkeypatch):
    state = make_state(max_steps=2)
    monkeypatch.setattr("ganaug.callbacks.write_grid", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.warns(GanaugWarning, match="The samples of step 2 are not written: disk full"):
        train(state, [SampleGrid(tmp_path / "grid.png", every=2)])
    assert state.step == 2
    assert not list(tmp_path.iterdir())
