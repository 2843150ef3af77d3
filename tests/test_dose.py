from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from ganaug.dose import CANDIDATES, SMALLEST_WEIGHT, Candidate, average, choose
from ganaug.dose_prior import Prior
from ganaug.filters import FILTERS, NeighbourFilter


def make_prior(mean, between=0.01, within=0.09):
    """Return a prior of independent candidates."""
    names = list(CANDIDATES)[1 : 1 + len(mean)]
    return Prior(names, np.array(mean), between * np.eye(len(mean)), within * np.eye(len(mean)))


def make_scores(gains, none=0.5, n=3):
    """Return scores of n trials that agree on the candidates' gains over none."""
    return np.tile([none, *(none + gain for gain in gains)], (n, 1))


class TestChoose:
    def test_expected_gain_is_the_posterior_mean(self):
        """Lindley and Smith, Section 2, in one dimension: precisions weigh prior mean and measured mean."""
        prior = make_prior([0.02, -0.1], between=0.01, within=0.09)
        choice = choose(make_scores([0.08, 0.0]), n_rare=5, prior=prior, scoring="f1_macro")
        noise = 0.09 / 5 / 3
        expected = (0.02 / 0.01 + 0.08 / noise) / (1 / 0.01 + 1 / noise)
        assert choice.name == prior.names[0]
        assert choice.gain == pytest.approx(expected)
        half = 1.96 * (1 / (1 / 0.01 + 1 / noise)) ** 0.5
        assert choice.interval == pytest.approx((expected - half, expected + half))

    def test_few_rare_rows_leave_the_prior_in_charge(self):
        prior = make_prior([0.05, 0.01], within=10.0)
        assert choose(make_scores([0.0, 0.05]), 2, prior, "").name == prior.names[0]

    def test_many_rare_rows_overrule_it(self):
        prior = make_prior([0.05, 0.01], within=0.01)
        assert choose(make_scores([0.0, 0.05]), 500, prior, "").name == prior.names[1]

    def test_candidates_that_move_together_inform_each_other(self):
        """A good result of one raises what is expected of its like."""
        alike = np.array([[1.0, 0.9], [0.9, 1.0]]) * 0.01
        prior = Prior(["gan", "halves"], np.zeros(2), alike, 0.05 * np.eye(2))
        table = choose(make_scores([0.1, 0.0]), 5, prior, "").table
        assert table["halves"][1] > 0.01
        apart = choose(make_scores([0.1, 0.0]), 5, make_prior([0.0, 0.0], 0.01, 0.05), "").table
        assert list(apart.values())[1][1] == pytest.approx(0)

    def test_none_is_chosen_if_nothing_is_expected_to_gain(self):
        choice = choose(make_scores([-0.1, -0.02]), 20, make_prior([-0.01, 0.0]), "f1_macro")
        assert choice.name == "none"
        assert not choice.candidate.dose
        assert choice.verdict == "Use none: no candidate's expected gain in f1_macro stands out from its uncertainty."

    def test_none_is_chosen_if_nothing_is_worth_trying(self):
        choice = choose(make_scores([]), 20, make_prior([]), "f1_macro")
        assert (choice.name, choice.gain, choice.table) == ("none", 0.0, {})
        assert choice.verdict.endswith(
            "gained no more than its standard error on the tables of the development suite, in the mean of "
            "balanced accuracy, macro-F1 and average precision, so none was tried."
        )

    @pytest.mark.parametrize("decide", [choose, average])
    @pytest.mark.parametrize("value", [np.nan, -np.inf])
    def test_scores_that_are_none_cannot_choose(self, value, decide):
        scores = make_scores([0.1, 0.2])
        scores[1, 2] = value
        with pytest.raises(ValueError, match=rf"f1_macro of 'smote' is {value} on an inner fold"):
            decide(scores, 20, make_prior([0.1, 0.2]), "f1_macro")

    def test_a_gain_must_exceed_a_quarter_of_its_standard_deviation(self):
        prior = make_prior([0.0], between=0.01, within=0.09)
        deviation = (1 / (1 / 0.01 + 3 * 5 / 0.09)) ** 0.5
        share = 0.01 / (0.01 + 0.09 / 5 / 3)  # of a measured gain, is expected
        gains = [factor * 0.25 * deviation / share for factor in (0.95, 1.05)]
        assert [choose(make_scores([gain]), 5, prior, "").name for gain in gains] == ["none", prior.names[0]]

    def test_of_equal_gains_the_surer_is_chosen(self):
        names = list(CANDIDATES)[1:3]
        prior = Prior(names, np.array([0.05, 0.05]), np.diag([0.02, 0.01]), np.eye(2) * 1e3)
        assert choose(make_scores([0.05, 0.05]), 5, prior, "").name == names[1]

    def test_verdict_says_what_and_how_much(self):
        prior = Prior(["halves_25"], np.array([0.1]), np.eye(1) * 0.01, np.eye(1))
        verdict = choose(make_scores([0.1]), 50, prior, "f1").verdict
        assert verdict.startswith("Use 50% gan + 50% smote at dose 0.25: expected gain in f1 +0.100 over none (95")
        assert verdict.endswith("interval -0.024 to +0.224). None may be as good.")
        assert choose(make_scores([0.1]), 500, prior, "f1").verdict.endswith("interval +0.051 to +0.149).")


class TestAverage:
    def test_a_weight_is_the_chance_of_being_the_best(self):
        """Of one candidate, that its gain is positive; of two independent ones, the integral over the first's gain."""
        prior = make_prior([0.1], between=0.01, within=1e6)  # the folds say nothing
        weights = average(make_scores([0.0]), 5, prior, "").weights
        assert weights[prior.names[0]] == pytest.approx(norm.cdf(0.1 / 0.01**0.5), abs=0.02)
        prior = make_prior([0.1, 0.05], between=0.01, within=1e6)
        grid = np.linspace(0, 1, 2001)
        density = norm.pdf(grid, 0.1, 0.1) * norm.cdf(grid, 0.05, 0.1)
        weights = average(make_scores([0.0, 0.0]), 5, prior, "").weights
        assert weights[prior.names[0]] == pytest.approx(density.sum() * (grid[1] - grid[0]), abs=0.04)

    def test_small_chances_do_not_count(self):
        prior = make_prior([0.1, -0.05], between=0.002, within=1e6)
        weights = average(make_scores([0.0, 0.0]), 5, prior, "").weights
        assert list(weights) == [prior.names[0]]
        assert sum(weights.values()) == 1

    def test_of_many_the_most_likely_stays(self):
        prior = make_prior([0.03] * 12, between=0.01, within=1e6)
        weights = average(make_scores([0.0] * 12), 5, prior, "").weights
        assert sum(weights.values()) == pytest.approx(1)

    def test_what_is_sure_is_chosen(self):
        prior = make_prior([0.05, 0.01], within=0.01)
        scores = make_scores([0.0, 0.2])
        assert average(scores, 5000, prior, "") == choose(scores, 5000, prior, "")

    def test_the_gain_is_the_weighted_mean(self):
        prior = make_prior([0.05, 0.03], between=0.01, within=1e6)
        choice = average(make_scores([0.0, 0.0]), 5, prior, "")
        none, first, second = choice.weights.values()
        assert none > SMALLEST_WEIGHT
        assert choice.name == prior.names[0]
        assert choice.gain == pytest.approx(0.05 * first + 0.03 * second, abs=1e-3)
        deviation = (0.01 * (first**2 + second**2)) ** 0.5
        assert choice.interval == pytest.approx(
            (choice.gain - 1.96 * deviation, choice.gain + 1.96 * deviation), abs=1e-3
        )

    def test_none_is_chosen_if_the_mean_does_not_stand_out(self):
        choice = average(make_scores([-0.1, -0.02]), 20, make_prior([-0.01, 0.0]), "f1_macro")
        assert choice.weights == {"none": 1.0}
        assert list(choice.table) == list(CANDIDATES)[1:3]
        assert choice.verdict == "Use none: no candidate's expected gain in f1_macro stands out from its uncertainty."
        assert average(make_scores([]), 20, make_prior([]), "").weights == {"none": 1.0}

    def test_verdict_says_what_counts_how_much(self):
        prior = Prior(["halves_25", "smote"], np.array([0.03, 0.03]), np.eye(2) * 0.01, np.eye(2) * 1e6)
        choice = average(make_scores([0.0, 0.0]), 50, prior, "f1")
        shares = sorted((f"{share:.0%}" for share in choice.weights.values()), key=lambda text: -float(text[:-1]))
        assert choice.verdict.startswith("Use classifiers trained on [")
        assert f"[50% gan + 50% smote at dose 0.25] ({choice.weights['halves_25']:.0%})" in choice.verdict
        assert f", [none] ({shares[-1]}): expected gain in f1 +0.0" in choice.verdict


class TestCandidates:
    def test_doing_nothing_comes_first(self):
        assert next(iter(CANDIDATES)) == "none"
        assert [name for name, candidate in CANDIDATES.items() if not candidate.dose] == ["none"]

    @pytest.mark.parametrize(
        ("candidate", "text"),
        [
            (Candidate(0.0), "none"),
            (Candidate(0.25, filter="confidence"), "gan at dose 0.25, confidence filter"),
            (Candidate(1.0, (("gan", 0.5), ("smote", 0.5))), "50% gan + 50% smote at dose 1"),
        ],
    )
    def test_text(self, candidate, text):
        assert str(candidate) == text

    @pytest.mark.parametrize(
        ("given", "own"),
        [
            (None, None),
            ("confidence", FILTERS["confidence"]),
            (NeighbourFilter(k=3), NeighbourFilter(k=3)),
        ],
        ids=["none", "name", "object"],
    )
    def test_each_draws_its_share_from_its_sources_through_its_filter(self, given, own):
        asked = []
        pool = SimpleNamespace(draw=lambda *arguments: asked.append(arguments))
        Candidate(0.25, (("gan", 0.5), ("smote", 0.5)), given).draw(pool, {"rare": 12, "common": 0})
        assert asked == [({"rare": 3, "common": 0}, {"gan": 0.5, "smote": 0.5}, own)]
