"""The command line: each command is one call into the package.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

import argparse
import contextlib
import re
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganaug._arguments import build_parser, refuse
from ganaug.exceptions import GanaugWarning

_LONGEST_MESSAGE = 1000
# How the package's messages name what the shell calls otherwise.
_QUOTED_SHELL_WORDS = {"on_error='skip'": "--on-error skip"}
_SHELL_WORDS = {
    "overwrite=True": "--overwrite",
    "with resume_from=": "with --resume and --checkpoint ",
    "image_size=(height, width)": "--image-size HEIGHT WIDTH",
    ", or pass an object": "",
    "X does not": "the table does not",
    " of X ": " ",
    "leave identifiers out of X": "name identifiers with --id-columns",
    "use a dict": "name rows for each, as in --sampling-strategy LABEL=ROWS",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the process's exit status.

    Wrong input ends with one line on standard error that says what to do, and status 2.
    """
    options, unknown = build_parser().parse_known_args(arguments)
    if unknown:
        refuse(options.parser, unknown[0])
    with _spelled_in_any_terminal(), _terminated_as_interrupted(), warnings.catch_warnings():
        _show_warnings_in_one_line(options)
        try:
            _COMMANDS[options.command](options)
        except (ValueError, TypeError, OSError, RuntimeError, ImportError) as error:
            print(f"{options.parser.prog}: {_in_shell_words(str(error), options)}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print(f"{options.parser.prog}: interrupted", file=sys.stderr)
            return 130
    return 0


@contextlib.contextmanager
def _spelled_in_any_terminal() -> Iterator[None]:
    """Escape characters that a terminal lacks: that is no failure of the command."""
    before = [(stream, stream.errors) for stream in (sys.stdout, sys.stderr) if hasattr(stream, "reconfigure")]
    for stream, errors in before:
        with contextlib.suppress(ValueError, OSError):  # It may be closed.
            stream.reconfigure(errors="backslashreplace" if errors == "strict" else errors)
    try:
        yield
    finally:
        for stream, errors in before:
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors=errors)


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let a request to terminate end like Ctrl-C: what was trained is kept, and nothing half-written is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _demo(options: argparse.Namespace) -> None:
    from ganaug.benchmark.demo import run_demo

    run_demo(options.data, options.out, options.quick, options.seed, data_folder=options.data_folder)


def _fit(options: argparse.Namespace) -> None:
    from ganaug._fit_command import fit

    fit(options)


def _balance(options: argparse.Namespace) -> None:
    from ganaug._balance_command import balance

    balance(options)


def _sample(options: argparse.Namespace) -> None:
    import numpy as np

    from ganaug._validation import as_seed
    from ganaug.export import export_rows, export_samples

    gan, is_table = _load(options)
    chosen = _find_labels(gan.label_codec_.classes, getattr(gan, "class_names_", {}), options.label)
    y = gan.label_codec_.decode(np.repeat(gan.label_codec_.encode(chosen), options.n))
    # The model's own seed would make every draw the same.
    seed = as_seed(options.seed)
    if not is_table:
        path = export_samples(gan, options.out, y, random_state=seed)
        print(f"Wrote {len(y)} images to {path}.")
        return
    known = gan.file_columns_
    target = options.target or (known.target if known else "target")
    names = [target if name == known.target else name for name in known.names] if known else None
    dates = known.dates if known else {}
    path = export_rows(gan, options.out, y, target=target, columns=names, dates=dates, random_state=seed)
    print(f"Wrote {len(y)} rows to {path}; the labels are in the column {target!r}.")


def _load(options: argparse.Namespace) -> tuple[Any, bool]:
    """Return a saved GAN, and whether it is of a table."""
    from ganaug.loading import load

    gan = load(options.model)
    kind = type(gan).__name__
    if kind not in ("ImageGAN", "TableGAN"):
        raise ValueError(f"{options.model} holds a {kind}, which only Python code can use: ganaug.load(path).")
    if kind == "ImageGAN" and options.target is not None:
        raise ValueError(f"{options.model} is a model of images, and --target is for tables; leave it out.")
    return gan, kind == "TableGAN"


def _find_labels(classes: Sequence[Any], class_names: Mapping[Any, str], names: Sequence[str] | None) -> list[Any]:
    """Return the labels that go by these names in a shell, or all."""
    from ganaug._validation import list_first, suggest

    if names is None:
        return list(classes)
    by_name = {str(label): label for label in classes} | {name: label for label, name in class_names.items()}
    for name in names:
        if name not in by_name:
            known = list_first(list(by_name))
            raise ValueError(f"Unknown label {name!r}; the model has {known}.{suggest(name, by_name)}")
    return [by_name[name] for name in dict.fromkeys(names)]


def _audit(options: argparse.Namespace) -> None:
    from ganaug._fit_command import read_images_or_arrays
    from ganaug.audit import audit_gan, audit_table_gan

    gan, is_table = _load(options)
    paths = [options.data, options.held_out] if options.held_out else [options.data]
    if is_table:
        target = options.target or (gan.file_columns_.target if gan.file_columns_ else None)
        suffix = Path(options.data).suffix  # A file of another kind has a separator of its own.
        separators = [options.separator if Path(path).suffix == suffix else None for path in paths]
        data = [_read_rows(path, gan, target, own) for path, own in zip(paths, separators, strict=True)]
    else:
        data = [read_images_or_arrays(path) for path in paths]
    audit = audit_table_gan if is_table else audit_gan
    print(audit(gan, *data, n_per_class=options.n, random_state=options.seed))


def _read_rows(path: str, gan: Any, target: str | None, separator: str | None) -> tuple[Any, Any]:
    """Return those columns of a table that a model knows, and the classes."""
    from ganaug.balance import split_target
    from ganaug.table_files import check_columns, read_table

    if target is None:
        raise ValueError(f"The model does not say which column of {path} holds the classes; pass --target COLUMN.")
    form = gan.codec_.form
    known = form.names or ()
    texts = [name for name, own in zip(known, form.types, strict=False) if own.kind == "object"]
    if all(isinstance(label, str) for label in gan.label_codec_.classes):
        texts.append(target)
    table = read_table(path, separator=separator, text_columns=texts)
    X, y = split_target(table, target)
    shared = [name for name in known if name in X]
    if not shared:
        check_columns(known, X, table.path)
    return (X[shared] if known else X.to_numpy()), y


def _show_warnings_in_one_line(options: argparse.Namespace) -> None:
    def show(message: Any, category: type, *place: Any, **details: Any) -> None:
        if issubclass(category, GanaugWarning):
            print(f"{options.parser.prog}: warning: {_in_shell_words(str(message), options)}", file=sys.stderr)
        else:
            default(message, category, *place, **details)

    default = warnings.showwarning
    warnings.simplefilter("always", GanaugWarning)
    warnings.showwarning = show


def _in_shell_words(message: str, options: argparse.Namespace) -> str:
    """Put a message of the package on one line, and parameters into the words of the command line.

    What the user gave, and what stands in quotes, stays as it is.
    """
    message = " ".join(line.strip() for line in message.splitlines())
    message = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]} [...]"
    for word, replacement in _QUOTED_SHELL_WORDS.items():
        message = message.replace(word, replacement)
    theirs = sorted(filter(None, _find_texts(vars(options))), key=len, reverse=True)
    kept = "|".join([*(rf"(?<!\w){re.escape(text)}(?!\w)" for text in theirs), "'[^']*'"])
    parts = re.split(f"({kept})", message)
    parts[::2] = [_name_options(part, options.parser) for part in parts[::2]]
    return "".join(parts)


def _find_texts(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, str) and name != "command":
                yield each


def _name_options(text: str, parser: argparse.ArgumentParser) -> str:
    for word, replacement in _SHELL_WORDS.items():
        text = text.replace(word, replacement)
    for action in parser._actions:
        if action.option_strings:
            parameter = "random_state" if action.dest == "seed" else action.dest
            if "_" in parameter:
                text = re.sub(rf"\b{parameter}\b", action.option_strings[-1], text)
    return text


_COMMANDS = {"demo": _demo, "fit": _fit, "sample": _sample, "audit": _audit, "balance": _balance}

if __name__ == "__main__":
    sys.exit(main())
