"""Keep what the GAN's own discriminator believes in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganaug._features import rows_by_class
from ganaug._typing import Label
from ganaug._validation import as_seed, check_number
from ganaug.filters._base import Filter, FittedFilter, check_fraction, known_rows


@dataclass(frozen=True)
class DiscriminatorFilter(Filter):
    """Keep samples with the chance that the GAN's own discriminator gives them: rejection sampling.

    It moves the generator's distribution toward the one that the discriminator learned, without another
    model. It cannot mend what both missed.

    Parameters
    ----------
    keep_fraction : float in (0, 1], default 0.5
        Mean acceptance within each class. Raising it keeps more and corrects less.
    n_burn_in : int, default 256
        Samples drawn for each class in `fit`, to find the scale of its scores.
    random_state : int, default 0
        Seeds the draws of `fit` and the chances of `keep`.

    References
    ----------
    S. Azadi et al., "Discriminator Rejection Sampling", ICLR 2019, arXiv:1810.06758.

    Notes
    -----
    The paper takes gamma as a percentile; here it is solved for the acceptance asked for. Maximum and gamma
    are per class. Only differences of scores within a class count, so the scores of relativistic losses serve
    as well.
    """

    keep_fraction: float = 0.5
    n_burn_in: int = 256
    random_state: int = 0

    def __post_init__(self) -> None:
        check_fraction("keep_fraction", self.keep_fraction)
        check_number("n_burn_in", self.n_burn_in, minimum=2, integer=True)

    def fit(self, X: Any, y: Iterable[Label], gan: Any = None) -> "FittedDiscriminator":
        """Draw from `gan` to scale its scores; `X` is not read, only its classes are. See `Filter.fit`."""
        if gan is None:
            raise ValueError("DiscriminatorFilter got gan=None; call fit(X, y, gan=gan) with a fitted GAN.")
        seed, scales, rngs = as_seed(self.random_state), {}, {}
        for index, label in enumerate(rows_by_class("X", len(X), y)):
            rngs[label] = rng = np.random.default_rng([seed, index])
            burn_in = np.asarray(gan.score_samples(*gan.sample(self.n_burn_in, label, random_state=rng)))
            highest = float(burn_in.max())
            scales[label] = highest, _solve_gamma(burn_in, highest, self.keep_fraction)
        return FittedDiscriminator(self, gan, scales, rngs)


@dataclass(frozen=True, eq=False)
class FittedDiscriminator(FittedFilter):
    """A fitted `DiscriminatorFilter`; each call of `keep` goes on in each class's stream of random numbers."""

    recipe: DiscriminatorFilter
    gan: Any = field(repr=False)
    scales: dict[Label, tuple[float, float]] = field(repr=False)
    rngs: dict[Label, np.random.Generator] = field(repr=False)

    def keep(self, X: Any, y: Iterable[Label]) -> np.ndarray:
        """Judge samples, typed like the GAN's training data; see `FittedFilter.keep`."""
        rows = known_rows(len(X), y, self.scales)
        scores, kept = np.asarray(self.gan.score_samples(X, y)), np.empty(len(X), bool)
        for label, indices in rows.items():
            chances = _acceptance(scores[indices], *self.scales[label])
            kept[indices] = self.rngs[label].random(len(indices)) < chances
        return kept


def _acceptance(scores: np.ndarray, highest: float, gamma: float) -> np.ndarray:
    """Return the chance to accept a sample of this discriminator logit: the sigmoid of the paper's F."""
    below = np.minimum(np.asarray(scores, np.float64) - highest, 0.0)
    log_odds = below - np.log(-np.expm1(below - 1e-6)) - gamma
    return 1.0 / (1.0 + np.exp(-np.clip(log_odds, -500.0, 500.0)))


def _solve_gamma(scores: np.ndarray, highest: float, keep_fraction: float) -> float:
    """Bisect for the gamma whose mean acceptance is `keep_fraction`."""
    spread = 50.0 + highest - float(scores.min())
    low, high = -spread, spread
    for _ in range(60):
        gamma = (low + high) / 2
        if _acceptance(scores, highest, gamma).mean() > keep_fraction:
            low = gamma
        else:
            high = gamma
    return gamma
