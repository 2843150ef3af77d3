"""How much synthetic data, from which sources: chosen for a classifier and a score, and none if none helps.

Scores of a few inner folds are noisy, and the best of several noisy candidates is rarely the best. So the folds are
weighed against a prior: what the candidates gained on the tables of a development suite, with the same kind of
classifier and score, how much that varied between tables, and how much the noise of a fold is for how many rare rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
N_TRIED = 3
"""Candidates, beside none, that are tried on inner folds.

On the development suite two, three or four, averaged, gained the same over none in the mean of the scores: .0106, .0109
and .0106 (``python benchmarks/averaging.py``).
"""

CAUTION = 0.25
"""Posterior standard deviations that an expected gain is discounted by before anything is chosen over nothing.

A rule of prudence, so that what can be expected to gain next to nothing is not chosen.
"""

SMALLEST_WEIGHT = 0.1
"""Chances of being best below this one count as none: classifiers that hardly count take as much time as others."""

_N_DRAWS = 4000
"""Of the posterior, for chances with standard errors of at most .008."""

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
        Key of `CANDIDATES`; of several, the one with the largest weight.
    gain : float
        Expected gain of the score over doing nothing; of several, their weighted mean.
    interval : tuple of two floats
        95 % posterior interval of the gain.
    scoring : str
    table : dict of str to tuple of (float, float)
        Mean gain on the inner folds of every candidate that was tried, and its expected gain.
    baseline : str
        What none is, for the verdict.
    weights : dict of str to float
        How much each candidate's classifiers are to count, of sum one; the chosen one alone unless `average` said so.
    """

    name: str
    gain: float
    interval: tuple[float, float]
    scoring: str
    table: dict[str, tuple[float, float]]
    baseline: str = "none"
    weights: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.weights:
            object.__setattr__(self, "weights", {self.name: 1.0})

    @classmethod
    def none(cls, scoring: str, table: dict[str, tuple[float, float]]) -> "Choice":
        """Return the choice of none, of the candidates in `table` or of none that was tried."""
        return cls("none", 0.0, (0.0, 0.0), scoring, table)

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
        if list(self.weights) == ["none"]:
            return f"Use none: no candidate's expected gain in {self.scoring} stands out from its uncertainty."
        low, high = self.interval
        doubt = "" if low > 0 else " None may be as good."
        return (
            f"Use {self._describe()}: expected gain in {self.scoring} {self.gain:+.3f} over {self.baseline} "
            f"(95 % interval {low:+.3f} to {high:+.3f}).{doubt}"
        )

    def _describe(self) -> str:
        if len(self.weights) == 1:
            return str(self.candidate)
        ranked = sorted(self.weights.items(), key=lambda item: -item[1])
        return "classifiers trained on " + ", ".join(f"[{CANDIDATES[name]}] ({w:.0%})" for name, w in ranked)


def choose(scores: np.ndarray, n_rare: float, prior: Prior, scoring: str, baseline: str = "none") -> Choice:
    """Weigh the inner folds against the prior, and choose one candidate.

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
        return Choice.none(scoring, {})
    posterior = _Posterior.of(scores, n_rare, prior, scoring)
    best = int((posterior.gains - CAUTION * posterior.spread(np.eye(len(prior.names)))).argmax())
    return posterior.to_choice({prior.names[best]: 1.0}, scoring, baseline)


def average(scores: np.ndarray, n_rare: float, prior: Prior, scoring: str, baseline: str = "none") -> Choice:
    """Weigh the inner folds against the prior, and let candidates count by their chance of being the best.

    It is for classifiers whose probabilities can be averaged. What one candidate gains by luck on the inner folds then
    counts less: on the development suite averages of three gained .0109 in the mean of the scores over none with the
    same ensemble, and the one of three that `choose` returns .0084 (``python benchmarks/averaging.py``).

    Parameters
    ----------
    scores, n_rare, prior, scoring, baseline
        See `choose`.

    Returns
    -------
    Choice
        `weights` are the chances of having the largest gain, that of none being zero, those below `SMALLEST_WEIGHT`
        left out; none if the weighted mean of the gains, less `CAUTION` of its standard deviation, is not positive.

    Raises
    ------
    ValueError
        If a score is not finite.

    References
    ----------
    Hoeting et al., "Bayesian model averaging: a tutorial", Statistical Science 1999, Section 1; the weights are those
    of Thompson, "On the likelihood that one unknown probability exceeds another", Biometrika 1933.
    """
    if not prior.names:
        return Choice.none(scoring, {})
    posterior = _Posterior.of(scores, n_rare, prior, scoring)
    chances = posterior.chances_of_being_best()
    kept = np.where(chances < min(SMALLEST_WEIGHT, chances.max()), 0.0, chances)
    weights = dict(zip(("none", *prior.names), (kept / kept.sum()).tolist(), strict=True))
    return posterior.to_choice({name: weight for name, weight in weights.items() if weight}, scoring, baseline)


@dataclass(frozen=True)
class _Posterior:
    """What is known of the candidates' gains: normal, of mean `gains` of shape (n,) and of `covariance` (n, n)."""

    names: list[str]
    measured: np.ndarray
    gains: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, n_rare: float, prior: Prior, scoring: str) -> "_Posterior":
        if not np.isfinite(scores).all():
            names = ("none", *prior.names)
            worst = names[int(np.flatnonzero(~np.isfinite(scores).all(axis=0))[0])]
            raise ValueError(
                f"{scoring} of {worst!r} is {scores[~np.isfinite(scores)][0]} on an inner fold, and what has no score "
                f"cannot be compared; pass another scoring, or set the dose."
            )
        gains = scores[:, 1:] - scores[:, :1]
        measured, noise = gains.mean(0), prior.within / max(n_rare, 1.0) / len(gains)
        weight = prior.between @ np.linalg.pinv(prior.between + noise)
        expected = prior.mean + weight @ (measured - prior.mean)
        return cls(prior.names, measured, expected, prior.between - weight @ prior.between)

    def spread(self, weights: np.ndarray) -> np.ndarray:
        """Return the standard deviations of weighted means of the gains; one for each row of weights."""
        return np.sqrt(np.maximum(((weights @ self.covariance) * weights).sum(-1), 0))

    def chances_of_being_best(self) -> np.ndarray:
        """Return the chance of none, and of each candidate, that no gain is larger: float64 of shape (1 + n,)."""
        values, vectors = np.linalg.eigh((self.covariance + self.covariance.T) / 2)
        root = vectors * np.sqrt(np.maximum(values, 0))
        draws = self.gains + np.random.default_rng(0).standard_normal((_N_DRAWS, len(self.gains))) @ root.T
        best = np.column_stack([np.zeros(_N_DRAWS), draws]).argmax(axis=1)
        return np.bincount(best, minlength=1 + len(self.gains)) / _N_DRAWS

    def to_choice(self, weights: dict[str, float], scoring: str, baseline: str) -> Choice:
        """Return the choice of what has weights; none if the gain does not stand out."""
        own = np.array([weights.get(name, 0.0) for name in self.names])
        columns = zip(self.names, self.measured.tolist(), self.gains.tolist(), strict=True)
        table = {name: (measured, gain) for name, measured, gain in columns}
        gain, spread = float(own @ self.gains), float(self.spread(own))
        if gain - CAUTION * spread <= 0:
            return Choice.none(scoring, table)
        interval = (gain - 1.96 * spread, gain + 1.96 * spread)
        return Choice(max(weights, key=weights.get), gain, interval, scoring, table, baseline, weights)
