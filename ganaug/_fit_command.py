"""``ganaug fit``: train a GAN on images or on a table."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ganaug._argument_parts import DATA_HELP, TABLE_HELP

_OF_ANY_GAN = (
    *("architecture", "loss", "penalty", "conditioning", "max_steps", "max_seconds", "batch_size", "class_balance"),
    *("fine_tune_steps", "device", "n_threads", "random_state"),
)
_OF_IMAGES = ("image_size", "on_error", "cache_dir", "d_augment", "n_snapshots")
_OF_TABLES = ("discrete_columns", "max_categories")


def fit(options: argparse.Namespace) -> None:
    """Train as told, save the model, and say so."""
    is_table = options.target is not None
    _check_kind(options, is_table)
    _check_outputs(options)
    gan, X, y, callbacks, columns = _prepare_rows(options) if is_table else _prepare_images(options)
    if options.checkpoint:
        from ganaug.checkpoint import Checkpoint

        callbacks.append(Checkpoint(options.checkpoint, options.checkpoint_every, options.overwrite))
    gan.fit(X, y, callbacks=callbacks, resume_from=options.checkpoint if options.resume else None)
    if is_table:
        gan.file_columns_ = columns
    gan.save(options.out, overwrite=options.overwrite)
    n_steps = gan.history_[-1]["step"] if gan.history_ else "a few"
    n, samples = sum(gan.class_counts_.values()), "rows" if is_table else "images"
    print(f"Trained {n_steps} steps on {n} {samples} of {len(gan.classes_)} classes; wrote {options.out}.")


def read_images_or_arrays(path: str) -> tuple[Any, Any]:
    """Return X and y of an .npz file, or the path itself for `read_images`."""
    suffix = Path(path).suffix.lower()
    if suffix in (".csv", ".tsv"):
        raise ValueError(f"{path} is a table; name its column of classes with --target COLUMN.")
    if suffix != ".npz":
        return path, None
    from zipfile import BadZipFile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as arrays:
            if not {"X", "y"} <= set(arrays):
                raise ValueError(f"it holds the arrays {sorted(arrays)}; X (images) and y (labels) are needed")
            return arrays["X"], arrays["y"]
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist; pass {DATA_HELP}.") from None
    except (BadZipFile, EOFError, ValueError) as error:
        raise ValueError(f"Cannot read {path}: {error}. Write it with numpy.savez(path, X=X, y=y).") from error


def _prepare_images(options: argparse.Namespace) -> tuple[Any, Any, Any, list[Any], None]:
    from ganaug.callbacks import SampleGrid
    from ganaug.image import ImageGAN

    given = _given(options, [*_OF_ANY_GAN, *_OF_IMAGES])
    if "image_size" in given:
        given["image_size"] = tuple(given["image_size"])
    X, y = read_images_or_arrays(options.data)
    callbacks = [SampleGrid(options.samples, overwrite=options.overwrite)] if options.samples else []
    return ImageGAN(**given, verbose=False if options.quiet else None), X, y, callbacks, None


def _prepare_rows(options: argparse.Namespace) -> tuple[Any, Any, Any, list[Any], Any]:
    from ganaug.balance import split_target
    from ganaug.table import TableGAN
    from ganaug.table_data import FileColumns
    from ganaug.table_files import check_columns, read_table

    table = read_table(options.data, separator=options.separator, spelled_columns=[options.target])
    check_columns(options.discrete_columns or (), table.frame, table.path)
    X, y = split_target(table, options.target, options.id_columns or ())
    gan = TableGAN(**_given(options, [*_OF_ANY_GAN, *_OF_TABLES]), verbose=False if options.quiet else None)
    names = [name for name in table.frame if name == options.target or name in X]
    dates = {name: form for name, form in table.dates.items() if name in X}
    return gan, X, y, [], FileColumns(options.target, names, dates)


def _given(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Return the options that were given; the others are left to the estimator."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def _check_kind(options: argparse.Namespace, is_table: bool) -> None:
    """Raise unless all options suit images, or all suit tables."""
    from ganaug.architectures import ARCHITECTURES, TABLE_ARCHITECTURES

    wrong = _given(options, (*_OF_IMAGES, "samples") if is_table else (*_OF_TABLES, "separator", "id_columns"))
    own, other = (TABLE_ARCHITECTURES, ARCHITECTURES) if is_table else (ARCHITECTURES, TABLE_ARCHITECTURES)
    kind, other_kind = ("a table", "images") if is_table else ("images", "tables")
    reason = f"with --target, DATA is {TABLE_HELP}" if is_table else "without --target COLUMN, DATA is of images"
    if wrong:
        raise ValueError(f"--{next(iter(wrong)).replace('_', '-')} is for {other_kind}, but {reason}; leave it out.")
    if options.architecture in other and options.architecture not in own:
        raise ValueError(
            f"--architecture {options.architecture} is for {other_kind}, but {reason}; for {kind} choose from "
            f"{', '.join(own)}."
        )


def _check_outputs(options: argparse.Namespace) -> None:
    """Raise unless all that `fit` is to write can be written, lest it find out after training."""
    from ganaug.persistence import check_replaceable

    check_replaceable(Path(options.out), "model", options.overwrite)
    if options.resume and not options.checkpoint:
        raise ValueError("--resume needs --checkpoint FOLDER, the folder to go on from.")
    if options.checkpoint:
        _check_apart(options, "out", "checkpoint")
        _check_apart(options, "checkpoint", "out")
    if options.samples and Path(options.samples).suffix.lower() != ".png":
        raise ValueError(f"--samples is {options.samples!r}; choose a file name that ends in .png.")
    if options.samples:
        _check_apart(options, "samples", "out")
        _check_apart(options, "samples", "checkpoint")
    if Path(options.data).is_dir():
        for output in ("out", "checkpoint", "samples"):
            _check_outside(options, output)


def _check_outside(options: argparse.Namespace, output: str) -> None:
    """Raise if an output lies in the folder of images, whose subfolders are classes."""
    path = getattr(options, output)
    if path and Path(path).resolve().is_relative_to(Path(options.data).resolve()):
        raise ValueError(f"--{output} {path} lies in {options.data}, the data; choose a place outside.")


def _check_apart(options: argparse.Namespace, inner: str, outer: str) -> None:
    """Raise if one output lies in the folder of another, which is written whole and replaced as a whole."""
    path, folder = getattr(options, inner), getattr(options, outer)
    if folder and Path(path).resolve().is_relative_to(Path(folder).resolve()):
        raise ValueError(
            f"--{inner} {path} is or lies in --{outer} {folder}, which is replaced as a whole; choose a place outside."
        )
