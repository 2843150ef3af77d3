"""The rows as Markdown tables."""

from collections.abc import Iterable, Sequence

import pandas as pd

from benchmarks.table_suite.comparison import (
    Comparison,
    compare,
    compare_sets,
    complete_methods,
    mean_ranks,
    mean_scores,
    n_failures,
    read_costs,
    read_scores,
)
from benchmarks.table_suite.scores import SCORES
from ganaug.benchmark.results import Row

DO_NOTHING = ("none", "class_weights")
"""What a method must not do worse than on any set."""

COMPARED = ("ba", "f1", "ap")
"""Scores that one method is compared with the others in."""


def make_tables(rows: Iterable[Row], sets: Sequence[str], treated: str) -> str:
    """Return mean scores, costs, mean ranks and the paired comparisons of `treated` with every other method.

    Parameters
    ----------
    rows : iterable of dict
        Rows of `rows.run`.
    sets : sequence of str
        The sets that count.
    treated : str
        The method that the others are compared with.

    Raises
    ------
    ValueError
        If no row is of these sets, or none is of `treated`.
    """
    rows = list(rows)
    table = read_scores(rows, sets)
    known = sorted(table["method"].unique())
    if treated not in known:
        raise ValueError(f"There is no row of {treated!r} on these sets; there are rows of {known}.")
    n_sets, n_folds = table["set"].nunique(), len(table[["set", "fold"]].drop_duplicates())
    ranked = complete_methods(table)
    parts = [
        f"{n_sets} sets, {n_folds} folds, learners {', '.join(table['learner'].unique())}.",
        _scores_table(table, read_costs(rows, sets)),
        _ranks_table(mean_ranks(table, ranked)),
        *(_comparison_table(table, treated, known, score) for score in COMPARED),
        _harm_table(table, treated, [control for control in DO_NOTHING if control in known]),
    ]
    return "\n\n".join(parts) + "\n"


def _scores_table(table: pd.DataFrame, costs: pd.DataFrame) -> str:
    means, failures = mean_scores(table).sort_values("ba", ascending=False), n_failures(table)
    n_folds = table.groupby("method")[["set", "fold"]].apply(lambda part: len(part.drop_duplicates()))
    costs = costs.reindex(means.index)
    lines = []
    for method in means.index:
        scores = [f"{means.loc[method, name]:.3f}" for name in SCORES]
        cost = [f"{costs.loc[method, 'seconds']:.2f}", f"{costs.loc[method, 'mb']:.1f}"]
        lines.append([method, *scores, *cost, f"{failures[method]} of {n_folds[method]}"])
    heading = "Mean scores over finished folds; median CPU seconds and MiB of the resampling alone"
    return f"{heading}\n\n" + _markdown(["method", *SCORES, "seconds", "MiB", "folds failed"], lines)


def _ranks_table(ranks: pd.DataFrame) -> str:
    ranks = ranks.sort_values("ba")
    lines = [[method, *(f"{ranks.loc[method, s]:.2f}" for s in SCORES)] for method in ranks.index]
    heading = f"Mean ranks among the {len(ranks)} methods that ran on every fold; a failure ranks last"
    return f"{heading}\n\n" + _markdown(["method", *SCORES], lines)


def _comparison_table(table: pd.DataFrame, treated: str, known: Sequence[str], score: str) -> str:
    lines, learners = [], table["learner"].unique().tolist()
    for control in known:
        if control == treated:
            continue
        try:
            whole = compare(table, treated, control, score)
        except ValueError:
            lines.append([control, "no fold in common", *[""] * (3 + len(learners))])
            continue
        by_learner = [_short(compare(table, treated, control, score, learner)) for learner in learners]
        difference = whole.difference
        interval = f"{difference.mean:+.4f} ± {difference.half_width:.4f}"
        lines.append([control, interval, _p(whole), f"{whole.wins}/{whole.losses}", str(difference.n), *by_learner])
    heading = f"{treated} minus each method in {score}, paired over sets: mean with 95 % interval, Wilcoxon's p"
    return f"{heading}\n\n" + _markdown(["against", "all learners", "p", "won/lost", "sets", *learners], lines)


def _harm_table(table: pd.DataFrame, treated: str, controls: Sequence[str]) -> str:
    lines = []
    for control in controls:
        for score in COMPARED:
            for _, row in compare_sets(table, treated, control, score).iterrows():
                if row["difference"] < 0:
                    numbers = [f"{row['difference']:+.4f}", f"{row['p']:.3g}", f"{row['p_holm']:.3g}"]
                    lines.append([control, score, row["set"], *numbers])
    heading = (
        f"Sets on which {treated} is worse than doing nothing; p of a t-test paired over folds, and after Holm's "
        "correction for as many tests as sets"
    )
    return f"{heading}\n\n" + _markdown(["against", "score", "set", "difference", "p", "p (Holm)"], lines)


def _short(comparison: Comparison) -> str:
    return f"{comparison.difference.mean:+.3f} (p {_p(comparison)})"


def _p(comparison: Comparison) -> str:
    p = comparison.difference.wilcoxon_p
    return "-" if p is None else f"{p:.3g}"


def _markdown(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
