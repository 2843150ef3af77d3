"""The whole journey on real data: fit a GAN, fill a bank, train classifiers, say honestly what changed."""

import json
import os
import platform
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from ganaug import __version__
from ganaug.benchmark.augmentation import candidate_augmentations
from ganaug.benchmark.demo_folder import open_demo_folder
from ganaug.benchmark.methods import Method, Synthetic, rare_class_dose
from ganaug.benchmark.plans import Plan, get_plan
from ganaug.benchmark.report import ReportData, write_report
from ganaug.benchmark.results import Row
from ganaug.benchmark.runner import run
from ganaug.benchmark.sample_grid import save_sample_grid
from ganaug.benchmark.tables import Verdict, judge, strongest, text_table
from ganaug.benchmark.tasks import Task, make_task
from ganaug.exceptions import SmallClassWarning

PLAIN = Method("no augmentation", balanced=False)
DOSE_STRENGTH = 0.5
SCOPE = (
    "The intervals cover the chance in training the classifiers (their seeds), not that of the split, of the "
    "GAN's own seed, or of which test images there are; another data set needs its own run."
)
QUICK_NOTE = "This was the short form: its training is far too short to judge anything but that everything runs."


@dataclass(frozen=True)
class DemoResult:
    """What a demo found and where it put it.

    Attributes
    ----------
    out : Path
        The folder with ``report.html``, ``samples.png``, ``results.jsonl``, ``model`` and ``bank``.
    verdict : Verdict
    table : str
        The scores, for a terminal.
    rows : list of dict
        One for each trained classifier of the three compared methods.
    seconds : dict of str to float
        What each phase took.
    """

    out: Path
    verdict: Verdict
    table: str
    rows: list[Row]
    seconds: dict[str, float]


def run_demo(
    data: str = "digits",
    out: str | os.PathLike | None = None,
    quick: bool = False,
    seed: int = 0,
    *,
    data_folder: str | os.PathLike | None = None,
    verbose: bool = True,
) -> DemoResult:
    """Measure what synthetic samples add to a classifier, against the strongest ordinary baseline.

    Fits an `ImageGAN` on a long-tailed training part and trains one small classifier in three ways, all with
    equally many images and several paired seeds: plainly; with class-balanced batches and the ordinary
    augmentation that does best on validation data; and like that, with synthetic samples in some of the rare
    classes' slots. Every way also gets its best logit shift, since that alone raises the recall of rare
    classes.

    Parameters
    ----------
    data : {"digits", "fashion-mnist"}
    out : path, optional
        Output folder; ``ganaug-demo-<data>`` by default. A demo that was interrupted there continues if the
        settings are the same; otherwise its files are replaced. Any other non-empty folder is refused.
    quick : bool, default False
        A short form that proves that everything runs, and nothing else.
    seed : int, default 0
        Decides the split, the GAN, and the classifiers.
    data_folder : path, optional
        Where Fashion-MNIST's files lie.
    verbose : bool, default True
        Print progress and results.

    Returns
    -------
    DemoResult

    Raises
    ------
    ValueError
        If `data` is unknown.
    FileExistsError
        If `out` holds anything but an earlier demo.
    FileNotFoundError
        If Fashion-MNIST cannot be found.
    """
    say = partial(print, flush=True) if verbose else _say_nothing
    plan = get_plan(data, quick)
    clock = _Clock()
    task = make_task(data, seed, data_folder)
    settings = {"version": __version__, "task": task.fingerprint, "seed": seed, "plan": repr(plan)}
    out, continued = open_demo_folder(out or f"ganaug-demo-{data}", settings)
    say(f"{'Continuing' if continued else 'Writing'} {out}{os.sep}  (data: {task.rule})")
    say(f"This takes about {plan.minutes:g} minutes on two cores.")
    clock.lap("data")
    gan, history = _fit_or_load(task, plan, seed, out, verbose, say)
    clock.lap("GAN")
    synthetic = _fill_or_open(gan, task, plan, seed, out)
    save_sample_grid(
        out / "samples.png",
        (task.X_train, task.y_train),
        (synthetic.pixels, synthetic.labels),
        task.class_names,
    )
    clock.lap("bank")
    trained = _train_classifiers(task, plan, synthetic, seed, out / "results.jsonl", verbose, say)
    clock.lap("classifiers")
    verdict = judge(trained.rows, trained.treated, trained.baseline)
    table = text_table(trained.rows, trained.methods, trained.baseline)
    say(f"\n{table}\n\n{verdict.sentence}")
    facts = _facts(plan, synthetic, history, clock.seconds, seed)
    _write_report(out, task, trained, verdict, history, facts, quick, say)
    clock.lap("report")
    say(f"\n{out}{os.sep}report.html, samples.png, results.jsonl, model{os.sep}, bank{os.sep}")
    say(", ".join(f"{name} {seconds:.0f} s" for name, seconds in clock.seconds.items()))
    return DemoResult(out, verdict, table, trained.rows, clock.seconds)


@dataclass(frozen=True)
class _Trained:
    """Rows of the compared methods, and those that the baseline was chosen by."""

    rows: list[Row]
    selection: list[Row]
    baseline: str
    treated: str

    @property
    def methods(self) -> list[str]:
        return [PLAIN.name, self.baseline, self.treated]


def _fit_or_load(
    task: Task, plan: Plan, seed: int, out: Path, verbose: bool, say: Callable[[str], None]
) -> tuple[Any, list[dict[str, float]]]:
    """The fitted GAN and its losses; a model that an interrupted demo left is taken as it is."""
    from ganaug import ImageGAN, load

    model, losses = out / "model", out / "history.json"
    if model.exists():
        say("The GAN is there already.")
        return load(model), json.loads(losses.read_text(encoding="utf-8"))
    say(f"Fitting the GAN to {len(task.y_train)} images: {_gan_budget(plan)}.")
    gan = ImageGAN(
        max_steps=plan.gan_steps,
        max_seconds=plan.gan_seconds,
        random_state=seed,
        verbose=None if verbose else False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallClassWarning)  # Small classes are what the demo is about.
        gan.fit(torch.from_numpy(task.X_train), task.y_train)
    history = [{name: float(value) for name, value in entry.items()} for entry in gan.history_]
    if history and (n_steps := history[-1]["step"]) < plan.gan_steps / 2:
        say(
            f"Its time was up after {n_steps:,.0f} of {plan.gan_steps:,} steps: on a faster or less busy machine "
            f"samples are better."
        )
    losses.write_text(json.dumps(history), encoding="utf-8")
    gan.save(model)  # Last: once the model is there, so are its losses.
    return gan, history


def _fill_or_open(gan: Any, task: Task, plan: Plan, seed: int, out: Path) -> Synthetic:
    from ganaug import SampleBank

    path = out / "bank"
    bank = (
        SampleBank.open(path)
        if path.exists()
        else SampleBank.from_gan(gan, plan.n_per_class, path=path, random_state=seed)
    )
    return Synthetic(bank.pixels, np.asarray(bank.labels), rare_class_dose(task.counts, DOSE_STRENGTH))


def _train_classifiers(
    task: Task, plan: Plan, synthetic: Synthetic, seed: int, path: Path, verbose: bool, say: Callable[[str], None]
) -> _Trained:
    """Choose the baseline on validation data, then run all three methods."""
    augmentations = candidate_augmentations(task.mirror)
    candidates = [Method(f"balanced + {name}", augment=augmentations[name]) for name in plan.candidates]
    seeds = [1000 * seed + i for i in range(plan.n_seeds)]

    def run_with_bar(methods: list[Method], seeds: list[int]) -> list[Row]:
        with tqdm(total=len(methods) * len(seeds), unit="run", disable=None if verbose else True) as bar:
            return run(task, methods, [plan.learner], seeds, path, on_row=lambda row: bar.update())

    say(f"Trying {len(candidates)} ordinary augmentations, {plan.n_selection_seeds} seeds each ...")
    selection = run_with_bar(candidates, seeds[: plan.n_selection_seeds])
    chosen = strongest(selection, [method.name for method in candidates])
    say(f"... {chosen!r} is best on validation data. Training 3 methods from {plan.n_seeds} paired seeds ...")
    baseline = next(method for method in candidates if method.name == chosen)
    treated = replace(baseline, name=f"{chosen} + ganaug", synthetic=synthetic)
    rows = run_with_bar([PLAIN, baseline, treated], seeds)
    return _Trained(rows, selection, chosen, treated.name)


def _write_report(
    out: Path,
    task: Task,
    trained: _Trained,
    verdict: Verdict,
    history: list[dict[str, float]],
    facts: dict[str, str],
    quick: bool,
    say: Callable[[str], None],
) -> None:
    data = ReportData(
        task, trained.rows, trained.methods, trained.baseline, verdict, trained.selection, history,
        out / "samples.png", facts, notes=[QUICK_NOTE, SCOPE] if quick else [SCOPE],
    )  # fmt: skip
    problem = write_report(out / "report.html", data)
    for remark in ([QUICK_NOTE] if quick else []) + ([problem] if problem else []):
        say(remark)


def _gan_budget(plan: Plan) -> str:
    return f"at most {plan.gan_steps:,} steps or {plan.gan_seconds:.0f} s"


def _gan_effort(plan: Plan, history: list[dict[str, float]]) -> str:
    if not history:
        return _gan_budget(plan)
    last = history[-1]
    return f"{last['step']:,.0f} steps in {last['seconds']:.0f} s (limit: {_gan_budget(plan)})"


def _facts(
    plan: Plan, synthetic: Synthetic, history: list[dict[str, float]], seconds: dict[str, float], seed: int
) -> dict[str, str]:
    dose = ", ".join(f"{share:.2f}" for share in synthetic.dose)
    learner = plan.learner
    return {
        "synthetic share by class": f"{dose} = {DOSE_STRENGTH} (1 - n / n_max)",
        "synthetic images": f"{len(synthetic.labels):,} in the bank",
        "classifier": f"{learner!r}: every method sees {learner.n_steps * learner.batch_size:,} images",
        "GAN": _gan_effort(plan, history),
        "seconds": ", ".join(f"{name} {value:.0f}" for name, value in seconds.items()),
        "seed": str(seed),
        "versions": f"ganaug {__version__}, torch {torch.__version__}, Python {platform.python_version()}",
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {torch.get_num_threads()} threads",
    }


def _say_nothing(text: str) -> None:
    """What a silent demo prints."""


class _Clock:
    """Seconds of each phase, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[phase] = round(now - self._last, 2)
        self._last = now
