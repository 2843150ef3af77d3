"""What rows say: summaries, the choice of a baseline, the verdict. Pure functions of rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganaug.benchmark.results import Row
from ganaug.benchmark.statistics import Interval, PairedDifference, mean_interval, paired_difference

METRICS = {
    "balanced_accuracy": "balanced accuracy",
    "rare_recall": "rarest classes",
    "balanced_accuracy_shifted": "balanced, shifted",
    "rare_recall_shifted": "rarest, shifted",
}
"""The scores of a row that tables show, with their headings; "shifted" is after the best logit shift."""

DECISIVE = "balanced_accuracy_shifted"
"""The verdict's score: recall of rare classes alone can be bought by predicting them more often."""


@dataclass(frozen=True)
class Verdict:
    """Whether to use the treatment, and why, in a sentence.

    Attributes
    ----------
    use : bool
        True only if the paired interval of `gain` lies above zero.
    sentence : str
    gain : PairedDifference
        Of balanced accuracy after the logit shift.
    rare_gain : PairedDifference
        Of the rarest classes' recall after the logit shift; it does not decide.
    """

    use: bool
    sentence: str
    gain: PairedDifference
    rare_gain: PairedDifference


def scores(rows: Sequence[Row], method: str, metric: str) -> list[float]:
    """One method's scores, ordered by seed.

    Raises
    ------
    ValueError
        If the method has no row, or several for one seed.
    """
    mine = sorted((row for row in rows if row["method"] == method), key=lambda row: row["seed"])
    seeds = [row["seed"] for row in mine]
    if not mine:
        known = sorted({row["method"] for row in rows})
        raise ValueError(f"There is no row of the method {method!r}; there are rows of {known}.")
    if len(set(seeds)) < len(seeds):
        raise ValueError(
            f"{method!r} has several rows for one seed (seeds {seeds}); pass one task's and learner's rows."
        )
    return [row[metric] for row in mine]


def mean_score(rows: Sequence[Row], method: str, metric: str) -> Interval:
    """Mean and t interval of one method's scores over its seeds."""
    return mean_interval(scores(rows, method, metric))


def gain(rows: Sequence[Row], treated: str, control: str, metric: str) -> PairedDifference:
    """Paired difference ``treated - control`` over the seeds that both have.

    Raises
    ------
    ValueError
        If the two methods have no seed in common.
    """
    shared = _seeds(rows, treated) & _seeds(rows, control)
    if not shared:
        raise ValueError(f"{treated!r} and {control!r} have no seed in common; run both from the same seeds.")
    rows = [row for row in rows if row["seed"] in shared]
    return paired_difference(scores(rows, treated, metric), scores(rows, control, metric))


def strongest(rows: Sequence[Row], methods: Sequence[str]) -> str:
    """The method with the best mean balanced accuracy on validation data, after the logit shift."""
    return max(methods, key=lambda method: np.mean(scores(rows, method, f"val_{DECISIVE}")))


def judge(rows: Sequence[Row], treated: str, control: str) -> Verdict:
    """Compare the treatment with the strongest ordinary baseline, both after their best logit shift."""
    difference = gain(rows, treated, control, DECISIVE)
    rare = gain(rows, treated, control, "rare_recall_shifted")
    use = difference.low > 0
    if use:
        claim = f"Use it: {treated!r} gains {points(difference)} of balanced accuracy over {control!r}"
    elif difference.high < 0:
        claim = f"Use none: {treated!r} costs balanced accuracy against {control!r}: {points(difference)}"
    else:
        claim = (
            f"Use none: no measured gain over {control!r}; with {treated!r} balanced accuracy changes by "
            f"{points(difference)}"
        )
    conditions = f"{difference.n} paired seeds, best logit shift for both"
    return Verdict(use, f"{claim} ({conditions}). Rarest classes: {points(rare)}.", difference, rare)


def points(interval: Interval) -> str:
    """Format a difference of shares as percentage points: ``+1.2 ± 0.3 points``."""
    return f"{100 * interval.mean:+.1f} ± {_half_width(interval)} points"


def percent(interval: Interval) -> str:
    """Format a share as a percentage: ``93.1 ± 0.4``."""
    return f"{100 * interval.mean:.1f} ± {_half_width(interval)}"


def text_table(rows: Sequence[Row], methods: Sequence[str], control: str) -> str:
    """A table for a terminal: each method's scores in percent, then its gains over `control` in points."""
    width = max(map(len, [*methods, "over " + control])) + 2
    lines = ["".ljust(width) + "".join(heading.rjust(20) for heading in METRICS.values())]
    for method in methods:
        cells = [percent(mean_score(rows, method, metric)) for metric in METRICS]
        lines.append(method.ljust(width) + "".join(cell.rjust(20) for cell in cells))
    lines += ["", f"Paired difference to {control!r}, in points"]
    for method in methods:
        if method != control:
            cells = [points(gain(rows, method, control, metric))[: -len(" points")] for metric in METRICS]
            lines.append(method.ljust(width) + "".join(cell.rjust(20) for cell in cells))
    return "\n".join(lines)


def _seeds(rows: Sequence[Row], method: str) -> set[int]:
    return {row["seed"] for row in rows if row["method"] == method}


def _half_width(interval: Interval) -> str:
    return f"{100 * interval.half_width:.1f}" if np.isfinite(interval.half_width) else "?"
