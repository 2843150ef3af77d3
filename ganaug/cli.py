"""The command line: each command is one call into the package.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

import argparse
import re
import sys
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganaug._arguments import DATA_HELP, build_parser, refuse
from ganaug.exceptions import GanaugWarning

_LONGEST_MESSAGE = 1000
# How the package's messages name what the shell calls otherwise.
_SHELL_WORDS = {
    "overwrite=True": "--overwrite",
    "on_error='skip'": "--on-error skip",
    "image_size=(height, width)": "--image-size HEIGHT WIDTH",
    ", or pass an object": "",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the process's exit status.

    Wrong input ends with one line on standard error that says what to do, and status 2.
    """
    options, unknown = build_parser().parse_known_args(arguments)
    if unknown:
        refuse(options.parser, unknown[0])
    with warnings.catch_warnings():
        _show_warnings_in_one_line(options.parser.prog)
        try:
            _COMMANDS[options.command](options)
        except (ValueError, TypeError, OSError, RuntimeError, ImportError) as error:
            print(f"{options.parser.prog}: {_in_shell_words(str(error), options.parser)}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print(f"{options.parser.prog}: interrupted", file=sys.stderr)
            return 130
    return 0


def _demo(options: argparse.Namespace) -> None:
    from ganaug.benchmark.demo import run_demo

    run_demo(options.data, options.out, options.quick, options.seed, data_folder=options.data_folder)


def _fit(options: argparse.Namespace) -> None:
    _check_outputs(options)
    from ganaug.callbacks import SampleGrid
    from ganaug.checkpoint import Checkpoint
    from ganaug.image import ImageGAN

    gan = ImageGAN(
        options.architecture,
        loss=options.loss,
        penalty=options.penalty,
        conditioning=options.conditioning,
        d_augment=options.d_augment,
        max_steps=options.max_steps,
        max_seconds=options.max_seconds,
        batch_size=options.batch_size,
        class_balance=options.class_balance,
        fine_tune_steps=options.fine_tune_steps,
        image_size=tuple(options.image_size) if options.image_size else None,
        on_error=options.on_error,
        cache_dir=options.cache_dir,
        device=options.device,
        n_threads=options.n_threads,
        verbose=False if options.quiet else None,
        random_state=options.random_state,
    )
    callbacks = [SampleGrid(options.samples)] if options.samples else []
    callbacks += [Checkpoint(options.checkpoint, options.checkpoint_every)] if options.checkpoint else []
    gan.fit(*_read(options.data), callbacks=callbacks, resume_from=options.checkpoint if options.resume else None)
    gan.save(options.out, overwrite=options.overwrite)
    n_steps = gan.history_[-1]["step"] if gan.history_ else "a few"
    n_images, n_classes = sum(gan.class_counts_.values()), len(gan.classes_)
    print(f"Trained {n_steps} steps on {n_images} images of {n_classes} classes; wrote {options.out}.")


def _check_outputs(options: argparse.Namespace) -> None:
    """Raise unless all that `fit` is to write can be written, lest it find out after training."""
    from ganaug._folders import check_writable
    from ganaug.persistence import check_replaceable

    check_replaceable(Path(options.out), "model", options.overwrite)
    if options.resume and not options.checkpoint:
        raise ValueError("--resume needs --checkpoint FOLDER, the folder to go on from.")
    if options.checkpoint:
        if Path(options.checkpoint).absolute() == Path(options.out).absolute():
            raise ValueError(f"--out and --checkpoint are both {options.out}; choose two folders.")
        check_replaceable(Path(options.checkpoint), "checkpoint", True)
    if options.samples and Path(options.samples).suffix.lower() != ".png":
        raise ValueError(f"--samples is {options.samples!r}; choose a file name that ends in .png.")
    if options.samples:
        check_writable(Path(options.samples))


def _sample(options: argparse.Namespace) -> None:
    import numpy as np

    from ganaug._validation import as_seed
    from ganaug.base import load
    from ganaug.export import check_export_path, export_samples

    check_export_path(options.out)
    gan = load(options.model)
    chosen = _find_labels(gan.label_codec_.classes, options.label)
    indices = np.repeat(gan.label_codec_.encode(chosen), options.n)
    # The model's own seed would make every draw the same.
    seed = as_seed(options.seed)
    path = export_samples(gan, options.out, gan.label_codec_.decode(indices), random_state=seed)
    print(f"Wrote {len(indices)} images to {path}.")


def _find_labels(classes: Sequence[Any], names: Sequence[str] | None) -> list[Any]:
    """Return the labels that go by these names in a shell, or all."""
    from ganaug._validation import suggest

    if names is None:
        return list(classes)
    by_name = {str(label): label for label in classes}
    for name in names:
        if name not in by_name:
            known = ", ".join(list(by_name)[:20]) + (f" and {len(by_name) - 20} more" if len(by_name) > 20 else "")
            raise ValueError(f"Unknown label {name!r}; the model has {known}.{suggest(name, by_name)}")
    return [by_name[name] for name in dict.fromkeys(names)]


def _audit(options: argparse.Namespace) -> None:
    from ganaug.audit import audit_gan
    from ganaug.base import load

    gan = load(options.model)
    held_out = _read(options.held_out) if options.held_out else None
    print(audit_gan(gan, _read(options.data), held_out, n_per_class=options.n, random_state=options.seed))


def _read(path: str) -> tuple[Any, Any]:
    """Return X and y of an .npz file, or the path itself for `read_images`."""
    if not path.lower().endswith(".npz"):
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


def _show_warnings_in_one_line(program: str) -> None:
    def show(message: Any, category: type, *place: Any, **options: Any) -> None:
        if issubclass(category, GanaugWarning):
            print(f"{program}: warning: {message}", file=sys.stderr)
        else:
            default(message, category, *place, **options)

    default = warnings.showwarning
    warnings.simplefilter("always", GanaugWarning)
    warnings.showwarning = show


def _in_shell_words(message: str, parser: argparse.ArgumentParser) -> str:
    """Put a message of the package on one line, and parameters into the words of the command line."""
    message = textwrap.shorten(message, _LONGEST_MESSAGE, placeholder=" [...]")
    for word, replacement in _SHELL_WORDS.items():
        message = message.replace(word, replacement)
    for action in parser._actions:
        if action.option_strings and "_" in action.dest:
            message = re.sub(rf"\b{action.dest}\b", action.option_strings[-1], message)
    return message


_COMMANDS = {"demo": _demo, "fit": _fit, "sample": _sample, "audit": _audit}

if __name__ == "__main__":
    sys.exit(main())
