import pytest
from _benchmark_fakes import make_rows

from ganaug.benchmark.tables import gain, judge, mean_score, scores, strongest, text_table

BASE = [0.80, 0.82, 0.81, 0.79, 0.83]


def _rows(treated):
    return make_rows({"plain": [0.7] * 5, "affine": BASE, "ganaug": treated})


def test_clear_gain_says_use_it():
    verdict = judge(_rows([score + 0.02 + 0.001 * i for i, score in enumerate(BASE)]), "ganaug", "affine")
    assert verdict.use
    assert verdict.sentence.startswith("Use it: 'ganaug' gains +2.2 ± 0.2 points of balanced accuracy over 'affine'")


@pytest.mark.parametrize("changes", [[0] * 5, [0.02, -0.01, 0.03, -0.02, 0.01]])
def test_no_gain_says_use_none(changes):
    verdict = judge(_rows([a + b for a, b in zip(BASE, changes, strict=True)]), "ganaug", "affine")
    assert not verdict.use
    assert verdict.sentence.startswith("Use none: no measured gain over 'affine'")


def test_loss_says_use_none_and_what_it_costs():
    verdict = judge(_rows([score - 0.03 - 0.001 * i for i, score in enumerate(BASE)]), "ganaug", "affine")
    assert not verdict.use
    assert "costs balanced accuracy against 'affine': -3.2 ± 0.2 points" in verdict.sentence


def test_gain_on_rare_classes_alone_does_not_decide():
    rows = _rows(BASE)
    for row in rows:
        if row["method"] == "ganaug":
            row["rare_recall_shifted"] += 0.2
    verdict = judge(rows, "ganaug", "affine")
    assert not verdict.use
    assert "Rarest classes: +20.0 ± 0.0 points" in verdict.sentence


def test_one_seed_can_show_nothing():
    verdict = judge(make_rows({"affine": [0.5], "ganaug": [0.9]}), "ganaug", "affine")
    assert not verdict.use
    assert "+40.0 ± ? points (1 paired seeds" in verdict.sentence


def test_strongest_looks_at_validation_scores_only():
    rows = make_rows({"a": [0.5, 0.6], "b": [0.4, 0.5]})
    for row in rows:
        if row["method"] == "b":
            row["val_balanced_accuracy_shifted"] = 0.9
    assert strongest(rows, ["a", "b"]) == "b"


def test_gain_uses_the_seeds_both_have():
    rows = make_rows({"a": [0.5, 0.6, 0.7], "b": [0.4, 0.5]})
    assert gain(rows, "a", "b", "balanced_accuracy").n == 2


def test_gain_without_common_seeds_is_an_error():
    rows = make_rows({"a": [0.5]}) + [{**row, "seed": 7} for row in make_rows({"b": [0.5]})]
    with pytest.raises(ValueError, match="'a' and 'b' have no seed in common"):
        gain(rows, "a", "b", "balanced_accuracy")


def test_unknown_method_is_an_error():
    with pytest.raises(ValueError, match=r"no row of the method 'c'; there are rows of \['a'\]"):
        mean_score(make_rows({"a": [0.5]}), "c", "balanced_accuracy")


def test_mixed_tasks_are_an_error():
    with pytest.raises(ValueError, match=r"'a' has several rows for one seed \(seeds \[0, 0\]\)"):
        scores(make_rows({"a": [0.5]}) * 2, "a", "balanced_accuracy")


def test_scores_are_ordered_by_seed():
    assert scores(make_rows({"a": [0.1, 0.2, 0.3]})[::-1], "a", "balanced_accuracy_shifted") == [
        0.1,
        0.2,
        0.3,
    ]


def test_text_table_shows_scores_and_gains():
    table = text_table(_rows([score + 0.02 for score in BASE]), ["plain", "affine", "ganaug"], "affine")
    assert "81.0 ± 2.0" in table
    assert "+2.0 ± 0.0" in table
    assert table.count("affine") == 2
