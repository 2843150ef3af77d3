"""Measure what importing ganaug costs beyond importing torch, and which other libraries it pulls in.

Each import runs in a fresh process after ``import torch``, the statements taking turns. Appends one JSON line to
``benchmarks/results/import_time.jsonl``.

    python benchmarks/import_time.py [--repeats 7]
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from _machine import describe_machine

RESULTS = Path(__file__).parent / "results" / "import_time.jsonl"
STATEMENTS = (
    "import ganaug",
    "from ganaug import ImageGAN",
    "from ganaug import SampleBank",
    "from ganaug import GANAugment",
)
HOSTS = ("torchvision", "albumentations", "imblearn", "matplotlib", "sklearn", "pandas", "datasets", "pyarrow", "PIL")
PROGRAM = """
import json, sys, time
start = time.perf_counter()
import torch
between = time.perf_counter()
before = set(sys.modules)
{statement}
end = time.perf_counter()
new = set(sys.modules) - before
print(json.dumps([between - start, end - between, sorted(new.intersection({hosts}))]))
"""


def main() -> None:
    """Measure every statement; print and append the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="processes per statement (default %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()

    for statement in STATEMENTS:
        run(statement)  # reads the files from disk
    rounds = [[run(statement) for statement in STATEMENTS] for _ in range(options.repeats)]
    torch_seconds = statistics.median(torch for measured in rounds for torch, _, _ in measured)
    print(f"{'import torch':32} {torch_seconds:.3f} s")
    rows = [summarise(statement, runs) for statement, runs in zip(STATEMENTS, zip(*rounds, strict=True), strict=True)]
    line = {"benchmark": "import_time", "repeats": options.repeats, "machine": describe_machine()}
    line |= {"torch_seconds": round(torch_seconds, 3), "rows": rows}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def run(statement: str) -> tuple[float, float, list[str]]:
    """Return, from a fresh process, the seconds of torch, those of the statement, and the libraries it imported."""
    program = PROGRAM.format(statement=statement, hosts=set(HOSTS))
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    torch, own, hosts = json.loads(output)
    return torch, own, hosts


def summarise(statement: str, runs: tuple[tuple[float, float, list[str]], ...]) -> dict[str, Any]:
    """Return and print one statement's median and range."""
    seconds = [own for _, own, _ in runs]
    hosts = runs[0][2]
    row = {
        "statement": statement,
        "seconds": round(statistics.median(seconds), 4),
        "fastest": round(min(seconds), 4),
        "slowest": round(max(seconds), 4),
        "also_imports": hosts,
    }
    print(f"{statement:32} {row['seconds']:.3f} s more; also imports {', '.join(hosts) or 'nothing listed'}")
    return row


if __name__ == "__main__":
    main()
