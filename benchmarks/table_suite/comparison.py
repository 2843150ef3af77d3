"""What the rows say: means, ranks and paired comparisons. Pure functions of rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp

from benchmarks.table_suite.scores import HIGHER_IS_BETTER, SCORES
from ganaug.benchmark.results import Row
from ganaug.benchmark.statistics import PairedDifference, paired_difference


@dataclass(frozen=True)
class Comparison:
    """One method against another, over sets.

    Attributes
    ----------
    difference : PairedDifference
        ``treated - control``, one value for each set: the mean over its folds and the learners. Higher is better:
        errors are compared with the sign turned.
    wins, losses : int
        Sets on which the treated method is better, and worse.
    """

    difference: PairedDifference
    wins: int
    losses: int


def read_scores(rows: Iterable[Row], sets: Sequence[str]) -> pd.DataFrame:
    """One line for each set, fold, learner and method; scores are NaN where the method failed.

    Of several rows with the same coordinates the last counts.
    """
    lines, latest = [], _latest(rows)
    learners = dict.fromkeys(learner for row in latest.values() for learner in row.get("s", {}))
    for (name, fold, method), row in latest.items():
        if name not in sets:
            continue
        for learner in learners:
            found = row.get("s", {}).get(learner)
            values = found[: len(SCORES)] if isinstance(found, list) else [float("nan")] * len(SCORES)
            lines.append([name, int(fold), learner, method, *values])
    return pd.DataFrame(lines, columns=["set", "fold", "learner", "method", *SCORES])


def read_costs(rows: Iterable[Row], sets: Sequence[str]) -> pd.DataFrame:
    """Median CPU seconds and MiB of `prepare` over the sets and folds that a method finished; by method.

    Medians, since a package's import counts to its first row.
    """
    lines = [
        [method, row["t"], row["mb"]]
        for (name, _, method), row in _latest(rows).items()
        if name in sets and "error" not in row
    ]
    costs = pd.DataFrame(lines, columns=["method", "seconds", "mb"]).astype({"mb": float})
    return costs.groupby("method").median()


def _latest(rows: Iterable[Row]) -> dict[tuple[str, ...], Row]:
    return {tuple(row["key"].split("/")[:3]): row for row in rows}


def complete_methods(table: pd.DataFrame) -> list[str]:
    """Methods with a row, failed or not, wherever any method has one; only these can be ranked together."""
    places = table.groupby("method")[["set", "fold"]].apply(lambda part: len(part.drop_duplicates()))
    n_all = len(table[["set", "fold"]].drop_duplicates())
    return sorted(places.index[places == n_all])


def n_failures(table: pd.DataFrame) -> pd.Series:
    """By method, the number of (set, fold) on which it failed with any learner."""
    failed = table[table[SCORES[0]].isna()].drop_duplicates(["set", "fold", "method"])
    return failed.groupby("method").size().reindex(sorted(table["method"].unique()), fill_value=0)


def mean_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over sets of the mean over learners and finished folds; methods by scores."""
    by_set = table.groupby(["method", "set"])[list(SCORES)].mean()
    return by_set.groupby("method").mean()


def mean_ranks(table: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Mean rank (1 is best) over sets and learners; methods by scores.

    Ranked are means over folds. A fold on which a method failed counts, for its rank alone, as the worst score of
    any method there.
    """
    ranks = {}
    for name in SCORES:
        wide = table[table["method"].isin(methods)].pivot(
            index=["set", "learner", "fold"], columns="method", values=name
        )
        wide = wide if HIGHER_IS_BETTER[name] else -wide
        wide = wide.apply(lambda line: line.fillna(line.min()), axis=1)
        by_set = wide.groupby(["set", "learner"]).mean().round(6)
        ranks[name] = by_set.rank(axis=1, ascending=False).mean()
    return pd.DataFrame(ranks)


def compare(table: pd.DataFrame, treated: str, control: str, score: str, learner: str | None = None) -> Comparison:
    """Compare two methods on the folds that both finished.

    Raises
    ------
    ValueError
        If they finished no fold in common.
    """
    part = table if learner is None else table[table["learner"] == learner]
    part = part[part["method"].isin([treated, control])]
    wide = part.pivot(index=["set", "fold", "learner"], columns="method", values=score).dropna()
    if wide.empty or treated not in wide or control not in wide:
        raise ValueError(f"{treated!r} and {control!r} finished no fold in common; run both on the same sets.")
    by_set = wide.groupby("set").mean() if HIGHER_IS_BETTER[score] else -wide.groupby("set").mean()
    difference = (by_set[treated] - by_set[control]).round(6)
    paired = paired_difference(by_set[treated].to_numpy(), by_set[control].to_numpy())
    return Comparison(paired, int((difference > 0).sum()), int((difference < 0).sum()))


def compare_sets(table: pd.DataFrame, treated: str, control: str, score: str) -> pd.DataFrame:
    """Compare two methods set by set, worst first: mean difference over folds, and p of a paired t-test of the folds.

    ``p_holm`` is adjusted for as many tests as there are sets. A fold's difference is the mean over learners; higher
    is better. Folds share training rows, so that p is too small rather than too large.
    """
    part = table[table["method"].isin([treated, control])]
    wide = part.pivot_table(index=["set", "fold"], columns="method", values=score).dropna()
    difference = (wide[treated] - wide[control]) * (1 if HIGHER_IS_BETTER[score] else -1)
    lines = [[name, part.mean(), _t_test(part.to_numpy())] for name, part in difference.groupby("set")]
    result = pd.DataFrame(lines, columns=["set", "difference", "p"]).sort_values("difference", ignore_index=True)
    return result.assign(p_holm=adjust_for_many(result["p"].to_numpy()))


def adjust_for_many(p: np.ndarray) -> np.ndarray:
    """Return p-values of several tests, shape (n,), so that one below .05 is so in any but 5 % of cases; NaN stays.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (2), 1979.
    """
    adjusted, known = p.copy(), np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known])]
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1)
    return adjusted


def _t_test(differences: np.ndarray) -> float:
    if len(differences) < 2 or not differences.std():
        return float("nan")
    return float(ttest_1samp(differences, 0).pvalue)
