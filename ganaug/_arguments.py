"""The command line's arguments, and nothing that is slow to import."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from ganaug import __version__

DATA_HELP = (
    "a folder with one subfolder of images per class, a Parquet file or folder in the Hugging Face image layout, "
    "or an .npz file with arrays X (images) and y (labels)"
)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors take one line."""

    def error(self, message: str) -> NoReturn:
        end = "" if message.endswith((".", "?")) else "."
        self.exit(2, f"{self.prog}: {message}{end} See {self.prog} --help.\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; the options it makes say which ``command`` was called and by which ``parser``."""
    parser = _Parser(
        prog="ganaug",
        description="Generative data augmentation for rare classes: a measured gain, or an honest 'use none'.",
        epilog="Begin with: ganaug demo",
    )
    parser.add_argument("--version", action="version", version=f"ganaug {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_fit(commands)
    _add_sample(commands)
    _add_audit(commands)
    return parser


def refuse(parser: argparse.ArgumentParser, given: str) -> NoReturn:
    """End the program because of an argument that the command does not know, naming the nearest one that it does."""
    from ganaug._validation import suggest

    known = [option for action in parser._actions for option in action.option_strings]
    parser.error(f"unknown argument {given!r}.{suggest(given.split('=')[0], known)}")


def _add(commands: Any, name: str, summary: str, examples: Sequence[str]) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog="\n  ".join(["Examples:", *examples]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(parser=command)
    return command


def _add_demo(commands: Any) -> None:
    summary = "Measure on real data what a GAN adds to a classifier, and write a report."
    command = _add(commands, "demo", summary, ["ganaug demo", "ganaug demo --data fashion-mnist --out fashion"])
    add = command.add_argument
    add("--data", default="digits", metavar="NAME", help="digits or fashion-mnist (default: %(default)s)")
    add("--out", metavar="FOLDER", help="output folder (default: ganaug-demo-NAME)")
    add(
        "--data-folder",
        metavar="FOLDER",
        help="folder of Fashion-MNIST's four IDX files (default: sought in the usual places, else downloaded)",
    )
    add("--quick", action="store_true", help="a short form that only shows that everything runs (default: off)")
    add("--seed", type=int, metavar="N", default=0, help="seed of split and training (default: %(default)s)")


def _add_fit(commands: Any) -> None:
    summary = "Train a GAN on labelled images and save it."
    examples = [
        "ganaug fit photos/ --out model --image-size 64 64",
        "ganaug fit train.npz --out model --max-seconds 600 --samples progress.png",
        "ganaug fit photos/ --out model --checkpoint state --resume",
    ]
    command = _add(commands, "fit", summary, examples)
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    _add_output_options(command.add_argument_group("output").add_argument)
    _add_reading_options(command.add_argument_group("reading the data").add_argument)
    _add_training_options(command.add_argument_group("training").add_argument)
    _add_method_options(command.add_argument_group("method").add_argument)


def _add_output_options(add: Any) -> None:
    add("--out", metavar="MODEL", required=True, help="required: folder to write the model into")
    add("--overwrite", action="store_true", help="replace a model that is there (default: refuse)")
    add("--samples", metavar="PNG", help="picture of samples, renewed while training (default: none)")
    add("--checkpoint", metavar="FOLDER", help="folder to keep the training state in (default: none)")
    add(
        "--checkpoint-every",
        type=_count,
        default=500,
        metavar="N",
        help="steps between two checkpoints (default: %(default)s)",
    )
    add("--resume", action="store_true", help="go on from the checkpoint (default: begin anew)")
    add("--quiet", action="store_true", help="no progress bar (default: a bar in a terminal)")


def _add_reading_options(add: Any) -> None:
    pair = {"type": int, "nargs": 2, "metavar": ("HEIGHT", "WIDTH")}
    add("--image-size", **pair, help="resize image files to this (default: all must have one size)")
    add("--on-error", metavar="WHAT", default="raise", help="raise, or skip unreadable images (default: %(default)s)")
    add("--cache-dir", metavar="FOLDER", help="keep decoded pixels for the next run (default: a temporary file)")


def _add_training_options(add: Any) -> None:
    add("--max-steps", type=int, default=3000, metavar="N", help="training steps (default: %(default)s)")
    add("--max-seconds", type=float, metavar="S", help="stop training after this time (default: no limit)")
    add("--batch-size", type=int, default=64, metavar="N", help="images per step (default: %(default)s)")
    add(
        "--class-balance",
        type=float,
        default=0.5,
        metavar="B",
        help="0: classes in the data's proportions; 1: all alike (default: %(default)s)",
    )
    add(
        "--fine-tune-steps",
        type=int,
        default=0,
        metavar="N",
        help="steps of each class's own copy afterwards (default: %(default)s)",
    )
    add("--device", metavar="NAME", default="auto", help="auto, cpu, cuda or mps (default: %(default)s)")
    add("--threads", dest="n_threads", type=int, metavar="N", help="threads (default: one per processor)")
    add(
        "--seed",
        dest="random_state",
        type=int,
        metavar="N",
        default=0,
        help="makes training repeatable (default: %(default)s)",
    )


def _add_method_options(add: Any) -> None:
    add("--architecture", metavar="NAME", default="residual", help="residual or dcgan (default: %(default)s)")
    add(
        "--loss",
        metavar="NAME",
        default="relativistic",
        help="relativistic, hinge, non_saturating or wasserstein (default: %(default)s)",
    )
    add(
        "--penalty", metavar="NAME", default="r1r2", help="r1r2, gradient_penalty, lecam or none (default: %(default)s)"
    )
    add(
        "--conditioning",
        metavar="NAME",
        default="projection",
        help="projection, concat, auxiliary_classifier or unconditional (default: %(default)s)",
    )
    add("--d-augment", metavar="NAME", default="diffaugment", help="diffaugment, ada or none (default: %(default)s)")


def _add_sample(commands: Any) -> None:
    summary = "Draw synthetic images from a saved model."
    examples = [
        "ganaug sample model -n 100 --label cat --label dog --out synthetic/",
        "ganaug sample model -n 1000 --out synthetic.npz --seed 0",
        "ganaug sample model -n 10 --out grid.png",
    ]
    add = _add(commands, "sample", summary, examples).add_argument
    add("model", metavar="MODEL", help="folder that `ganaug fit` wrote")
    add("-n", type=_count, required=True, help="required: images of each class")
    add("--label", action="append", metavar="LABEL", help="class to draw; repeat it for more (default: all)")
    add(
        "--out",
        required=True,
        metavar="FOLDER_OR_FILE",
        help="required: a new folder (PNGs in one subfolder per class), or a new file ending in .npz (arrays X and y) "
        "or .png (one picture)",
    )
    add("--seed", type=int, metavar="N", help="makes the draw repeatable (default: a fresh draw)")


def _add_audit(commands: Any) -> None:
    summary = "Tell, class by class, whether a model's samples copy its training images."
    examples = ["ganaug audit model --data photos/", "ganaug audit model --data photos/ --held-out test-photos/"]
    add = _add(commands, "audit", summary, examples).add_argument
    add("model", metavar="MODEL", help="folder that `ganaug fit` wrote")
    add("--data", required=True, metavar="DATA", help=f"required: the training data, {DATA_HELP}")
    add(
        "--held-out",
        metavar="DATA",
        help="real data of the same kind that was not trained on, as yardstick "
        "(default: the training images' distances to each other)",
    )
    add("-n", type=_count, default=500, help="samples to draw of each class (default: %(default)s)")
    add("--seed", type=int, metavar="N", default=0, help="seed of the draw (default: %(default)s)")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)
