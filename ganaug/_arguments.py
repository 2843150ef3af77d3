"""The command line's arguments, and nothing that is slow to import."""

import argparse
from typing import Any, NoReturn

from ganaug import __version__
from ganaug._argument_parts import (
    DATA_HELP,
    TABLE_HELP,
    Parser,
    add_command,
    count,
    dose,
    seed,
    separator,
    share,
    steps,
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; the options it makes say which ``command`` was called and by which ``parser``."""
    parser = Parser(
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
    _add_balance(commands)
    return parser


def refuse(parser: argparse.ArgumentParser, given: str) -> NoReturn:
    """End the program because of an argument that the command does not know, naming the nearest one that it does."""
    from ganaug._validation import suggest

    known = [option for action in parser._actions for option in action.option_strings]
    parser.error(f"unknown argument {given!r}.{suggest(given.split('=')[0], known)}")


def _add_demo(commands: Any) -> None:
    summary = "Measure on real data what a GAN adds to a classifier, and write a report."
    command = add_command(commands, "demo", summary, ["ganaug demo", "ganaug demo --data fashion-mnist --out fashion"])
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
    summary = "Train a GAN on labelled images or on a table, and save it."
    examples = [
        "ganaug fit photos/ --out model --image-size 64 64",
        "ganaug fit train.npz --out model --max-seconds 600 --samples progress.png",
        "ganaug fit photos/ --out model --checkpoint state --resume",
        "ganaug fit customers.csv --target churned --out model --id-columns customer_id",
    ]
    command = add_command(commands, "fit", summary, examples)
    command.add_argument("data", metavar="DATA", help=f"{DATA_HELP}; or with --target, {TABLE_HELP}")
    _add_output_options(command.add_argument_group("output").add_argument)
    _add_image_options(command.add_argument_group("images only").add_argument)
    add_table_options = command.add_argument_group("tables only").add_argument
    add_table_options("--target", metavar="COLUMN", help="DATA is a table; its column of classes (default: images)")
    _add_column_options(add_table_options)
    _add_training_options(command.add_argument_group("training").add_argument)
    _add_method_options(command.add_argument_group("method").add_argument)


def _add_output_options(add: Any) -> None:
    add("--out", metavar="MODEL", required=True, help="required: folder to write the model into")
    add("--overwrite", action="store_true", help="replace what is there: model, checkpoint, samples (default: refuse)")
    add("--checkpoint", metavar="FOLDER", help="folder to keep the training state in (default: none)")
    add(
        "--checkpoint-every",
        type=count,
        default=500,
        metavar="N",
        help="steps between two checkpoints (default: %(default)s)",
    )
    add("--resume", action="store_true", help="go on from the checkpoint (default: begin anew)")
    add("--quiet", action="store_true", help="no progress bar (default: a bar in a terminal)")


def _add_image_options(add: Any) -> None:
    pair = {"type": int, "nargs": 2, "metavar": ("HEIGHT", "WIDTH")}
    add("--image-size", **pair, help="resize image files to this (default: all must have one size)")
    add("--on-error", metavar="WHAT", help="raise, or skip unreadable images (default: raise)")
    add("--cache-dir", metavar="FOLDER", help="keep decoded pixels for the next run (default: a temporary file)")
    add("--samples", metavar="PNG", help="picture of samples, renewed while training (default: none)")
    add("--d-augment", metavar="NAME", help="diffaugment, ada or none (default: diffaugment)")
    add("--n-snapshots", type=int, metavar="N", help="generators of the training to sample from (default: 1, the last)")


def _add_column_options(add: Any) -> None:
    names = {"nargs": "+", "metavar": "COLUMN"}
    add("--id-columns", **names, help="columns that identify rows: not learned (default: none)")
    add("--discrete-columns", **names, help="columns of numbers to treat as categories (default: none)")
    add(
        "--max-categories",
        type=int,
        metavar="N",
        help="categories of a column told apart; the rarest become one (default: 64)",
    )
    _add_separator(add)


def _add_separator(add: Any) -> None:
    add("--separator", type=separator, metavar="C", help="of CSV files (default: a comma, for .tsv a tabulator)")


def _add_training_options(add: Any) -> None:
    add(
        "--max-steps",
        type=steps,
        metavar="N",
        help="training steps; auto is a fifth of the rows, 600 to 4000 (default: images 3000, tables auto)",
    )
    add("--max-seconds", type=float, metavar="S", help="stop training after this time (default: no limit)")
    add("--batch-size", type=int, metavar="N", help="images or rows per step (default: images 64, tables 64)")
    add(
        "--class-balance",
        type=float,
        metavar="B",
        help="0: classes in the data's proportions; 1: all alike (default: images 0.5, tables 1.0)",
    )
    add(
        "--fine-tune-steps",
        type=int,
        default=0,
        metavar="N",
        help="steps of each class's own copy afterwards (default: %(default)s)",
    )
    add("--device", metavar="NAME", help="auto, cpu, cuda or mps (default: images auto, tables cpu)")
    add(
        "--threads",
        dest="n_threads",
        type=int,
        metavar="N",
        help="threads (default: images one per processor, tables 1)",
    )
    add(
        "--seed",
        dest="random_state",
        type=int,
        metavar="N",
        default=0,
        help="makes training repeatable (default: %(default)s)",
    )


def _add_method_options(add: Any) -> None:
    add(
        "--architecture",
        metavar="NAME",
        help="residual or dcgan for images, mlp for tables (default: images residual, tables mlp)",
    )
    add(
        "--loss",
        metavar="NAME",
        default="relativistic",
        help="relativistic, hinge, non_saturating or wasserstein (default: %(default)s)",
    )
    add(
        "--penalty",
        metavar="NAME",
        default="r1r2",
        help="r1r2, lecam, none or, for images, gradient_penalty (default: %(default)s)",
    )
    add(
        "--conditioning",
        metavar="NAME",
        help="projection, concat, auxiliary_classifier or unconditional (default: images projection, tables concat)",
    )


def _add_sample(commands: Any) -> None:
    summary = "Draw synthetic images or rows from a saved model."
    examples = [
        "ganaug sample model -n 100 --label cat --label dog --out synthetic/",
        "ganaug sample model -n 1000 --out synthetic.npz --seed 0",
        "ganaug sample model -n 10 --out grid.png",
        "ganaug sample table-model -n 100 --label 1 --out rows.csv",
    ]
    add = add_command(commands, "sample", summary, examples).add_argument
    add("model", metavar="MODEL", help="folder that `ganaug fit` wrote")
    add("-n", type=count, required=True, help="required: images or rows of each class")
    add("--label", action="append", metavar="LABEL", help="class to draw; repeat it for more (default: all)")
    add(
        "--out",
        required=True,
        metavar="FOLDER_OR_FILE",
        help="required: for images a new folder (PNGs in one subfolder per class), or a new file ending in .npz "
        "(arrays X and y) or .png (one picture); for rows a new file ending in .csv, .tsv or .parquet",
    )
    add(
        "--target",
        metavar="COLUMN",
        help="name of the column of classes (default: as in the table that `ganaug fit` read, else target)",
    )
    add("--seed", type=int, metavar="N", help="makes the draw repeatable (default: a fresh draw)")


def _add_audit(commands: Any) -> None:
    summary = "Tell, class by class, whether a model's samples copy its training data."
    examples = [
        "ganaug audit model --data photos/",
        "ganaug audit model --data photos/ --held-out test-photos/",
        "ganaug audit table-model --data customers.csv --target churned",
    ]
    add = add_command(commands, "audit", summary, examples).add_argument
    add("model", metavar="MODEL", help="folder that `ganaug fit` wrote")
    add("--data", required=True, metavar="DATA", help=f"required: the training data, {DATA_HELP}; or {TABLE_HELP}")
    add(
        "--held-out",
        metavar="DATA",
        help="real data of the same kind that was not trained on, as yardstick "
        "(default: the training data's distances to each other)",
    )
    add("--target", metavar="COLUMN", help="a table's column of classes (default: as `ganaug fit` was told)")
    _add_separator(add)
    add("-n", type=count, default=500, help="samples to draw of each class (default: %(default)s)")
    add("--seed", type=int, metavar="N", default=0, help="seed of the draw (default: %(default)s)")


def _add_balance(commands: Any) -> None:
    summary = "Add synthetic rows of the rare classes to a table."
    examples = [
        "ganaug balance fraud.csv --target is_fraud --out balanced.csv --mark",
        "ganaug balance fraud.parquet --target is_fraud --out balanced.parquet --dose 0.25 --filter confidence",
        "ganaug balance plants.csv --target species --out more.csv --sampling-strategy rose=500 lily=300",
        "ganaug balance data.csv --target y --out balanced.csv --source gan=0.8 duplicate=0.2 --id-columns id",
    ]
    command = add_command(commands, "balance", summary, examples)
    command.add_argument("data", metavar="DATA", help=TABLE_HELP)
    _add_balance_files(command.add_argument_group("input and output").add_argument)
    _add_column_options(command.add_argument_group("columns").add_argument)
    _add_balance_method(command.add_argument_group("what is added").add_argument)


def _add_balance_files(add: Any) -> None:
    add("--target", metavar="COLUMN", required=True, help="required: the column of classes")
    add(
        "--out",
        metavar="FILE",
        required=True,
        help="required: file ending in .csv, .tsv or .parquet for the original rows as they are and the new ones "
        "below; identifiers are empty in new rows. Set test rows aside before: new rows are like those they are made "
        "from, and some repeat them",
    )
    add("--overwrite", action="store_true", help="replace a file that is there (default: refuse)")
    add("--mark", action="store_true", help="add a boolean column named synthetic (default: off)")


def _add_balance_method(add: Any) -> None:
    add(
        "--sampling-strategy",
        nargs="+",
        action="extend",
        metavar="S",
        help="auto: all classes as large as the largest; minority: only the rarest; a number: the rare of two classes "
        "to that ratio; LABEL=ROWS ...: these classes to so many rows, for a class such as -1 written "
        "--sampling-strategy=-1=500 (default: auto)",
    )
    add("--dose", type=dose, metavar="D", help="share of these rows to add, 0 to 1 (default: what suits --scoring)")
    add(
        "--source",
        dest="sources",
        nargs="+",
        type=share,
        metavar="NAME=SHARE",
        help="where rows come from: gan, smote, duplicate (default: what suits --scoring, which may be copies by a "
        "third; with --dose, half gan and half smote)",
    )
    add(
        "--filter",
        metavar="NAME",
        help="which of the GAN's rows to keep: confidence, neighbour or discriminator (default: what suits --scoring)",
    )
    add("--scoring", metavar="NAME", help="score that counts, such as f1_macro (default: balanced_accuracy)")
    add("--max-steps", type=steps, metavar="N", help="training steps of the GAN, or auto, as for `fit` (default: auto)")
    add(
        "--seed", dest="random_state", type=seed, metavar="N", default=0, help="repeatable draws (default: %(default)s)"
    )
    add("--quiet", action="store_true", help="no progress bar (default: a bar in a terminal)")
