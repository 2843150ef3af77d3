"""How much synthetic data, from which sources: chosen for a classifier and a score, and none if none helps.

Scores of a few inner folds are noisy, and the best of several noisy candidates is rarely the best. So the folds are
weighed against a prior: what the candidates gained on the tables of a development suite, with the same kind of
classifier and score, how much that varied between tables, and how much the noise of a fold is for how many rare rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ganaug._typing import Label
from ganaug.dose_prior import Prior
from ganaug.filters import FILTERS, Filter
from ganaug.pool import Drawn, Pool

Shares = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Candidate:
    """A way to over-sample.

    Attributes
    ----------
    dose : float in [0, 1]
        Share of the rows that the sampling strategy asks for.
    sources : tuple of (source, share) pairs
    filter : str, Filter or None
        Of the GAN's rows; a key of `ganaug.filters.FILTERS`, or an object.
    """

    dose: float
    sources: Shares = (("gan", 1.0),)
    filter: str | Filter | None = None

    def draw(self, pool: Pool, n_new: Mapping[Label, int]) -> Drawn:
        """Draw the dose's share of `n_new` rows of each class."""
        wanted = {label: round(self.dose * n) for label, n in n_new.items()}
        own = FILTERS[self.filter] if isinstance(self.filter, str) else self.filter
        return pool.draw(wanted, dict(self.sources), own)

    def __str__(self) -> str:
        if not self.dose:
            return "none"
        made_of = " + ".join(f"{share:.0%} {source}" if share < 1 else source for source, share in self.sources)
        return f"{made_of} at dose {self.dose:g}" + (f", {self.filter} filter" if self.filter else "")


HALVES: Shares = (("gan", 0.5), ("smote", 0.5))
_THIRDS: Shares = (("gan", 1 / 3), ("smote", 1 / 3), ("duplicate", 1 / 3))

NOTHING_TO_ADD = "Nothing to add: no class lacks rows of what the sampling strategy asks for."
N_TRIED = 4
"""Candidates, beside none, that are tried on inner folds."""

CAUTION = 0.25
"""Posterior standard deviations that an expected gain is discounted by before anything is chosen over nothing.

A rule of prudence, so that what can be expected to gain next to nothing is not chosen.
"""

CANDIDATES: dict[str, Candidate] = {
    "none": Candidate(0.0),
    "duplicate": Candidate(1.0, (("duplicate", 1.0),)),
    "smote": Candidate(1.0, (("smote", 1.0),)),
    "gan": Candidate(1.0),
    "halves": Candidate(1.0, HALVES),
    "filtered_halves": Candidate(1.0, HALVES, "confidence"),
    "thirds": Candidate(1.0, _THIRDS),
    "duplicate_25": Candidate(0.25, (("duplicate", 1.0),)),
    "smote_25": Candidate(0.25, (("smote", 1.0),)),
    "filtered_25": Candidate(0.25, filter="confidence"),
    "halves_25": Candidate(0.25, HALVES),
    "filtered_halves_25": Candidate(0.25, HALVES, "confidence"),
    "thirds_25": Candidate(0.25, _THIRDS),
}
"""What is chosen from; the first is to do nothing."""


@dataclass(frozen=True)
class Choice:
    """What was chosen, and what it may be expected to gain.

    Attributes
    ----------
    name : str
        Key of `CANDIDATES`.
    gain : float
        Expected gain of the score over doing nothing.
    interval : tuple of two floats
        95 % posterior interval of the gain.
    scoring : str
    table : dict of str to tuple of (float, float)
        Mean gain on the inner folds of every candidate that was tried, and its expected gain.
    baseline : str
        What none is, for the verdict.
    """

    name: str
    gain: float
    interval: tuple[float, float]
    scoring: str
    table: dict[str, tuple[float, float]]
    baseline: str = "none"

    @classmethod
    def untried(cls, scoring: str) -> "Choice":
        """Return the choice of none where nothing was tried."""
        return cls("none", 0.0, (0.0, 0.0), scoring, {})

    @property
    def candidate(self) -> Candidate:
        """The way to over-sample."""
        return CANDIDATES[self.name]

    @property
    def verdict(self) -> str:
        """One line for people."""
        if not self.table:
            return (
                "Use none: with such a classifier, choosing among candidates gained no more than its standard error "
                "on the tables of the development suite, in the mean of balanced accuracy, macro-F1 and average "
                "precision, so none was tried."
            )
        if self.name == "none":
            return f"Use none: no candidate's expected gain in {self.scoring} stands out from its uncertainty."
        low, high = self.interval
        doubt = "" if low > 0 else " None may be as good."
        return (
            f"Use {self.candidate}: expected gain in {self.scoring} {self.gain:+.3f} over {self.baseline} "
            f"(95 % interval {low:+.3f} to {high:+.3f}).{doubt}"
        )


def choose(scores: np.ndarray, n_rare: float, prior: Prior, scoring: str, baseline: str = "none") -> Choice:
    """Weigh the inner folds against the prior, and choose.

    Parameters
    ----------
    scores : ndarray of shape (n_trials, 1 + n)
        Scores of none and of the prior's candidates, in its order.
    n_rare : float
        Rows of the rarest class in a test part.
    prior : Prior
    scoring, baseline : str
        For the verdict.

    Returns
    -------
    Choice
        The candidate with the largest expected gain, less `CAUTION` of its standard deviation; none if that is not
        positive, or nothing was tried.

    Raises
    ------
    ValueError
        If a score is not finite.

    References
    ----------
    Lindley and Smith, "Bayes estimates for the linear model", JRSS B 1972, Section 2 (the posterior); Robbins, "An
    empirical Bayes approach to statistics", 1956 (a prior from similar problems).
    """
    if not prior.names:
        return Choice.untried(scoring)
    if not np.isfinite(scores).all():
        names = ("none", *prior.names)
        worst = names[int(np.flatnonzero(~np.isfinite(scores).all(axis=0))[0])]
        raise ValueError(
            f"{scoring} of {worst!r} is {scores[~np.isfinite(scores)][0]} on an inner fold, and what has no score "
            f"cannot be compared; pass another scoring, or set the dose."
        )
    gains = scores[:, 1:] - scores[:, :1]
    noise = prior.within / max(n_rare, 1.0) / len(gains)
    weight = prior.between @ np.linalg.pinv(prior.between + noise)
    expected = prior.mean + weight @ (gains.mean(0) - prior.mean)
    spread = np.sqrt(np.maximum(np.diag(prior.between - weight @ prior.between), 0))
    table = {name: (float(g), float(e)) for name, g, e in zip(prior.names, gains.mean(0), expected, strict=True)}
    discounted = expected - CAUTION * spread
    best = int(discounted.argmax())
    if discounted[best] <= 0:
        return Choice("none", 0.0, (0.0, 0.0), scoring, table)
    gain, margin = float(expected[best]), float(1.96 * spread[best])
    return Choice(prior.names[best], gain, (gain - margin, gain + margin), scoring, table, baseline)
