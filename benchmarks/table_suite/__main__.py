"""Run the table suite, or turn its rows into tables.

    python -m benchmarks.table_suite [--part report] [--methods smote ganaug] [--folds 5]
    python -m benchmarks.table_suite --tables --part report confirmation --against ganaug

Rows go to ``benchmarks/results/table_suite.jsonl``, those of ``--panel vote`` to ``table_suite_vote.jsonl``; what is
there already is skipped. The packages that sets and peers come with are named in `benchmarks.table_suite`.
"""

import os

if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"  # Before anything loads OpenMP.

import argparse
import sys
from pathlib import Path

from benchmarks.table_suite.learners import PANELS
from benchmarks.table_suite.peers import CHEAP
from benchmarks.table_suite.rows import METHODS, prepare_process, run
from benchmarks.table_suite.sets import PARTS, SETS, sets_in
from benchmarks.table_suite.tables import make_tables
from ganaug.benchmark.results import ResultsFile, Row

RESULTS = Path(__file__).parents[1] / "results"


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and do one of the two."""
    options = _parse(arguments)
    chosen = options.part or (["report", "confirmation"] if options.tables else ["all"])
    parts = {"sets": options.sets} if options.sets else {part: sets_in(part) for part in chosen}
    names = [name for part in parts.values() for name in part]
    if options.tables:
        rows = [row for row in ResultsFile(options.out).rows if int(row["key"].split("/")[1]) < options.folds]
        sections = {" and ".join(parts): names, **parts}  # A single part is its own sum.
        text = "\n".join(
            f"# {title.capitalize()}\n\n{make_tables(rows, sets, options.against)}" for title, sets in sections.items()
        )
        if not (options.sets or options.part):
            options.out.with_suffix(".md").write_text(text, encoding="utf-8")
        print(text)
        return
    prepare_process()
    # Folds outermost: an interrupted run leaves every set with nearly the same folds.
    cells = [(name, fold, method) for fold in range(options.folds) for name in names for method in options.methods]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    run(cells, options.out, options.workers, options.retry_failed, _report, options.panel)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.table_suite", description=__doc__.splitlines()[0])
    cheap = [method.name for method in CHEAP]
    parser.add_argument("--sets", nargs="+", choices=SETS, metavar="SET", help="names; default: those of --part")
    parser.add_argument("--part", nargs="+", choices=[*PARTS, "all"],
                        help="which (default: all, and with --tables report and confirmation)")  # fmt: skip
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=cheap, metavar="METHOD",
                        help=f"of {', '.join(METHODS)} (default: {', '.join(cheap)})")  # fmt: skip
    parser.add_argument("--folds", type=int, default=5, help="folds of each set; above 5 another shuffle begins")
    parser.add_argument("--panel", choices=PANELS, default="five", help="the learners (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="the rows (default: one of benchmarks/results)")
    parser.add_argument("--workers", type=int, default=1, help="processes with one thread each (default: 1)")
    parser.add_argument("--retry-failed", action="store_true", help="make rows that hold an error again")
    parser.add_argument(
        "--tables",
        action="store_true",
        help="print tables of the rows, several parts together, then each; unless sets or parts are named, "
        "write them beside",
    )
    parser.add_argument("--against", default="ganaug", metavar="METHOD", help="whom --tables compares with the rest")
    options = parser.parse_args(arguments)
    panel = "" if options.panel == "five" else f"_{options.panel}"
    options.out = options.out or RESULTS / f"table_suite{panel}.jsonl"
    return options


def _report(row: Row) -> None:
    text = row.get("error") or " ".join(
        f"{learner} {scores[0]:.3f}" if isinstance(scores, list) else f"{learner} failed"
        for learner, scores in row["s"].items()
    )
    print(f"{row['key']}  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
