"""Write synthetic samples where other programs find them: a folder of PNGs, an .npz file, one picture, or a table."""

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ganaug._folders import check_writable, written_file, written_whole
from ganaug._typing import Label, RandomState
from ganaug._validation import as_seed
from ganaug.callbacks import write_grid
from ganaug.table_files import append_column, check_table_output, write_table

_BLOCK = 1024
# Endings that promise a file of a kind that is not written here.
_OTHER_FILES = (".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".npy", ".parquet", ".csv", ".zip", ".pt")


def export_samples(gan: Any, path: str | PathLike, y: Any, *, random_state: RandomState = None) -> Path:
    """Draw samples of a fitted image GAN into a file or a folder, whole or not at all.

    Parameters
    ----------
    gan : ImageGAN
        Fitted.
    path : path-like
        Ending in ``.npz``: arrays ``X`` (N, H, W) or (N, H, W, C), uint8, and ``y`` (N,), where labels other than
        numbers and strings are written as strings. Ending in ``.png``: one picture, a row of samples per class.
        Otherwise: a new folder with a subfolder of PNGs per class, which torchvision's ``ImageFolder`` reads.
    y : array of N labels
        The samples are written sorted by class.
    random_state : None, int, numpy Generator or RandomState
        None draws with the GAN's own, so that it repeats if that is an int.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    FileExistsError
        If `path` exists.
    ValueError
        If `path` ends like another kind of file, a label is unknown, `y` is empty, or labels cannot be told apart
        as names of folders.
    """
    path = check_export_path(path)
    indices = np.sort(gan.label_codec_.encode(y))
    if not len(indices):
        raise ValueError("y is empty; pass one label for each sample to draw.")
    y = gan.label_codec_.decode(indices)
    seed = as_seed(gan.random_state if random_state is None else random_state)
    blocks = _draw(gan, y, np.random.default_rng(seed))
    if path.suffix.lower() == ".npz":
        with written_file(path, lambda: check_export_path(path)) as partial:
            _write_npz(partial, blocks, y)
    elif path.suffix.lower() == ".png":
        with written_file(path, lambda: check_export_path(path)) as partial:
            _write_picture(partial, blocks, indices)
    else:
        _write_folder(path, blocks, _folder_names(gan.label_codec_.classes))
    return path


def check_export_path(path: str | PathLike) -> Path:
    """Return the path that samples may be written to; see `export_samples` for what is refused."""
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists and is left alone; choose a path that does not exist yet.")
    if path.suffix.lower() in _OTHER_FILES:
        raise ValueError(
            f"Cannot write {path}: files end in .npz (arrays X and y) or .png (one picture), and anything else "
            f"is a folder of PNGs, which {path.suffix} does not look like; choose another name."
        )
    check_writable(path)
    return path


def export_rows(
    gan: Any,
    path: str | PathLike,
    y: Any,
    *,
    target: str = "target",
    columns: Sequence[str] | None = None,
    dates: Mapping[str, str] | None = None,
    random_state: RandomState = None,
) -> Path:
    """Draw rows of a fitted table GAN into a file, whole or not at all.

    Parameters
    ----------
    gan : TableGAN
        Fitted. Columns of one that was fitted on an array are named x0, x1, ...
    path : path-like
        A new file ending in .csv, .tsv or .parquet.
    y : array of N labels
        The rows are written in this order.
    target : str, default 'target'
        Name of the column of labels.
    columns : sequence of str, optional
        All columns in their order. Default: the target comes last.
    dates : mapping of str to str, optional
        Formats of a CSV file's columns of dates and times; see `ganaug.table_files.write_table`.
    random_state : None, int, numpy Generator or RandomState
        None draws with the GAN's own, so that it repeats if that is an int.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    FileExistsError
        If `path` exists.
    ValueError
        If its suffix is not that of a table, a label is unknown, `target` is the name of another column, or `columns`
        are not the model's and the target.
    """
    path = check_table_output(path, overwrite=None)
    names = [str(name) for name in gan.codec_.feature_names or (f"x{i}" for i in range(gan.n_features_in_))]
    if target in names:
        raise ValueError(f"The model has a column {target!r}, so the labels' cannot have that name; choose another.")
    if columns is not None and sorted(columns) != sorted([*names, target]):
        raise ValueError(f"columns must be those of the model and {target!r}: {[*names, target]}; got {list(columns)}.")
    X, y = gan.sample(y=y, random_state=random_state)
    import pandas as pd

    frame = pd.DataFrame(X).set_axis(names, axis=1)
    frame = append_column(frame, target, y)
    write_table(frame if columns is None else frame[list(columns)], path, dates=dates)
    return path


def _draw(gan: Any, y: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pixels (n, C, H, W), uint8, and labels (n,), never more at once than memory easily holds."""
    for start in range(0, len(y), _BLOCK):
        labels = y[start : start + _BLOCK]
        yield gan.sample_pixels(labels, random_state=rng), labels


def _write_npz(path: Path, blocks: Iterator[tuple[np.ndarray, np.ndarray]], y: np.ndarray) -> None:
    X = np.concatenate([_channels_last(pixels) for pixels, _ in blocks])
    np.savez_compressed(path, X=X, y=np.array([str(label) for label in y]) if y.dtype == object else y)


def _write_picture(path: Path, blocks: Iterator[tuple[np.ndarray, np.ndarray]], indices: np.ndarray) -> None:
    counts = np.bincount(indices)
    counts = set(counts[counts > 0].tolist())
    pixels = np.concatenate([pixels for pixels, _ in blocks])
    write_grid(pixels, path, counts.pop() if len(counts) == 1 else 10)


def _write_folder(path: Path, blocks: Iterator[tuple[np.ndarray, np.ndarray]], names: dict[Label, str]) -> None:
    from PIL import Image

    with written_whole(path, lambda: check_export_path(path)) as folder:
        n_written = 0
        for pixels, labels in blocks:
            for image, label in zip(_channels_last(pixels), labels.tolist(), strict=True):
                place = folder / names[label]
                place.mkdir(exist_ok=True)
                Image.fromarray(image).save(place / f"{n_written:06d}.png")
                n_written += 1


def _folder_names(classes: tuple[Label, ...]) -> dict[Label, str]:
    """Name each label's folder: without separators, and not hidden, since readers pass over hidden folders.

    Numbers are padded with zeros, so that readers, which sort names, number them as they were.
    """
    is_counted = all(type(label) is int and label >= 0 for label in classes)
    width = len(str(max(classes))) if is_counted else 0
    names = {label: str(label).zfill(width).replace("/", "_").replace("\\", "_") for label in classes}
    bad = [name for name in names.values() if not name or name.startswith(".") or "\0" in name]
    if bad or len(set(names.values())) < len(names):
        raise ValueError(
            f"The labels {list(classes)[:20]} cannot all be names of folders that differ and are not hidden; write "
            f"an .npz file instead."
        )
    return names


def _channels_last(pixels: np.ndarray) -> np.ndarray:
    return pixels[:, 0] if pixels.shape[1] == 1 else pixels.transpose(0, 2, 3, 1)
