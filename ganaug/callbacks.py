"""Callbacks: plain functions of the training state, called after each step."""

import glob
import re
import sys
import warnings
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganaug._folders import check_writable, written_file
from ganaug._validation import check_number
from ganaug.exceptions import GanaugWarning
from ganaug.training_state import TrainingState


class ProgressBar:
    """Show step, losses, images/s and time left; silent when the output is no terminal.

    Parameters
    ----------
    verbose : bool or None, default None
        True shows it anywhere, False nowhere, None only in a terminal.
    label : str, default 'fit'
    """

    def __init__(self, verbose: bool | None = None, label: str = "fit") -> None:
        self.verbose, self.label = verbose, label
        self._bar: Any = None

    def __call__(self, state: TrainingState) -> None:
        """Draw the bar as far as the budget is used."""
        if self._bar is None:
            self._bar = self._open(state)
        self._bar.update(round(1000 * state.progress) - self._bar.n)
        if state.history and state.history[-1]["step"] == state.step:
            last = state.history[-1]
            self._bar.set_postfix_str(
                f"step {state.step}, D {last['d_loss']:.3f}, G {last['g_loss']:.3f}, "
                f"{last['samples_per_second']:.0f} samples/s",
                refresh=False,
            )

    def close(self) -> None:
        """Finish the bar's line."""
        if self._bar is not None:
            self._bar.close()

    def _open(self, state: TrainingState) -> Any:
        from tqdm import tqdm

        disabled = {True: False, False: True, None: None}[self.verbose]
        if state.fabric.global_rank:
            disabled = True
        bar_format = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"  # begins with a comma
        return tqdm(total=1000, desc=self.label, bar_format=bar_format, disable=disabled, file=sys.stderr)


@dataclass
class SampleGrid:
    """Write a picture with a row of samples per class every few steps, from the same latents each time.

    Parameters
    ----------
    path : path-like
        A PNG file; with ``{step}`` in its name, one file per time.
    every : int, default 200
    n_columns : int, default 10
    overwrite : bool, default False
        Whether a file that is there before training may be replaced; that of a resumed run is, in any case.
    """

    path: str | PathLike
    every: int = 200
    n_columns: int = 10
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_number("SampleGrid's every", self.every, minimum=1, integer=True)
        check_number("SampleGrid's n_columns", self.n_columns, minimum=1, integer=True)

    def check_before_fit(self, resume_from: str | PathLike | None) -> None:
        """Raise an error, before any training, if the picture could not be written, or would replace a file."""
        path = str(self.path)
        if not Path(path).suffix:
            raise ValueError(f"{path} has no ending; choose a name that ends in .png.")
        check_writable(Path(path))
        pattern = re.compile(re.escape(path).replace(re.escape("{step}"), "[0-9]+"))
        for found in filter(pattern.fullmatch, glob.glob(glob.escape(path).replace("{step}", "*"))):
            if Path(found).is_dir() or (resume_from is None and not self.overwrite):
                raise FileExistsError(f"{found} exists; choose another path, or pass overwrite=True to replace a file.")

    def __call__(self, state: TrainingState) -> None:
        """Write the picture if its time has come; a disk that is full leaves the last one, with a warning."""
        if state.fabric.global_rank or (state.step % self.every and state.progress < 1):
            return
        classes = torch.nonzero(state.batches.counts).flatten()
        y = classes.repeat_interleave(self.n_columns)
        chance = torch.Generator().manual_seed(0)
        z = torch.randn(len(y), state.recipe.latent_dim, generator=chance)
        with torch.inference_mode():
            x = state.ema(z.to(state.fabric.device), y.to(state.fabric.device))
        path = Path(str(self.path).replace("{step}", str(state.step)))
        try:
            with written_file(path, lambda: None) as partial:
                write_grid(to_uint8(x), partial, self.n_columns)
        except OSError as error:
            warnings.warn(f"The samples of step {state.step} are not written: {error}", GanaugWarning, stacklevel=2)


def to_uint8(x: torch.Tensor) -> np.ndarray:
    """Turn images (N, C, H, W), float32 in [-1, 1], into uint8."""
    return x.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).contiguous().cpu().numpy()


def write_grid(pixels: np.ndarray, path: Path, n_columns: int, scale: int | None = None) -> None:
    """Write images (N, C, H, W), uint8, as one PNG with `n_columns` images in a row.

    Parameters
    ----------
    scale : int, optional
        Pixels of the picture per pixel of an image; by default small images are enlarged to about 56.
    """
    from PIL import Image

    n, channels, height, width = pixels.shape
    scale = scale or max(1, 56 // max(height, width))
    rows = -(-n // n_columns)
    canvas = np.full((rows * n_columns, channels, height + 2, width + 2), 255, np.uint8)
    canvas[:n, :, 1:-1, 1:-1] = pixels
    canvas = canvas.reshape(rows, n_columns, channels, height + 2, width + 2).transpose(0, 3, 1, 4, 2)
    canvas = canvas.reshape(rows * (height + 2), n_columns * (width + 2), channels)
    image = Image.fromarray(canvas[:, :, 0] if channels == 1 else canvas)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST).save(path)
