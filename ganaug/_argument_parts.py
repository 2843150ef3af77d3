"""What the commands' arguments share."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

DATA_HELP = (
    "a folder with one subfolder of images per class, a Parquet file or folder in the Hugging Face image layout, "
    "or an .npz file with arrays X (images) and y (labels)"
)
TABLE_HELP = "a table in a .csv, .tsv (UTF-8, with a header) or .parquet file"


class Parser(argparse.ArgumentParser):
    """A parser whose errors take one line, and which takes no option by its first letters."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        end = "" if message.endswith((".", "?")) else "."
        self.exit(2, f"{self.prog}: {message}{end} See {self.prog} --help.\n")


def add_command(commands: Any, name: str, summary: str, examples: Sequence[str]) -> argparse.ArgumentParser:
    """Add a command whose help ends with examples."""
    command = commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog="\n  ".join(["Examples:", *examples]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(parser=command)
    return command


def share(text: str) -> tuple[str, float]:
    """Read a source and its share."""
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected NAME=SHARE such as gan=0.5, got {text!r}") from None


def dose(text: str) -> float:
    """Read a share of rows."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return number


def seed(text: str) -> int:
    """Read a seed, as NumPy takes them."""
    if not (text.isdecimal() and int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to {2**32 - 1}, got {text!r}")
    return int(text)


def separator(text: str) -> str:
    """Read the character between a CSV file's fields."""
    text = {r"\t": "\t", "tab": "\t"}.get(text, text)
    if len(text) != 1 or text in '"\r\n':
        raise argparse.ArgumentTypeError(f"expected one character, or tab, got {text!r}")
    return text


def steps(text: str) -> int | str:
    """Read a whole number, or ``auto``."""
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number or auto, got {text!r}") from None


def count(text: str) -> int:
    """Read a positive whole number."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)
