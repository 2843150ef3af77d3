"""Measure the classic DCGAN's training speed against Keras: equal layers, dropout, batch and threads.

Three processes (ganaug, Keras in float32, Keras in mixed_bfloat16) stay alive and are asked for a round in turn,
while the others wait. The ratios are medians over rounds. Appends one JSON line to
``benchmarks/results/dcgan_vs_keras.jsonl``.

    pip install tensorflow-cpu          # into any environment; --keras-python names its interpreter
    python benchmarks/dcgan_vs_keras.py [--keras-python PATH]
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from _machine import describe_machine

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "dcgan_vs_keras.jsonl"


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras-python", default=sys.executable, help="interpreter with TensorFlow (default: this)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=8, help="steps per round")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    sizes = [str(options.batch_size), str(options.steps), str(options.threads)]
    workers = {
        "ganaug": Worker([sys.executable, str(HERE / "_ganaug_dcgan.py"), "auto", *sizes]),
        "keras_float32": Worker([options.keras_python, str(HERE / "_keras_dcgan.py"), "float32", *sizes]),
        "keras_bfloat16": Worker([options.keras_python, str(HERE / "_keras_dcgan.py"), "mixed_bfloat16", *sizes]),
    }
    rounds = [{name: worker.images_per_second() for name, worker in workers.items()} for _ in range(options.rounds)]
    for worker in workers.values():
        worker.close()
    row = {"benchmark": "dcgan_vs_keras", **vars(options), "machine": describe_machine()}
    row.pop("keras_python")
    row["images_per_second"] = {name: round(statistics.median(r[name] for r in rounds), 1) for name in workers}
    for name in ("keras_float32", "keras_bfloat16"):
        row[f"times_{name}"] = round(statistics.median(r["ganaug"] / r[name] for r in rounds), 2)
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row, indent=2))


class Worker:
    """A process that trains a round when it is told to, and waits in between."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        while (line := self.process.stdout.readline()).strip() != "ready":
            if not line:
                raise RuntimeError(f"{' '.join(command)} ended before it was ready; its message stands above.")

    def images_per_second(self) -> float:
        """Run one round."""
        self.process.stdin.write("round\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


if __name__ == "__main__":
    main()
