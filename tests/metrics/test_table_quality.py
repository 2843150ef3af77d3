"""The one-call summary of a synthetic table."""

import json

import numpy as np
import pandas as pd
import pytest
from _mixed_frames import mixed_frame
from _tables import make_copies_among_far_samples
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from ganaug.metrics import TableQuality, association_difference, evaluate_table

FAST = {"logistic": LogisticRegression(max_iter=300)}
TRAIN, TEST, FRESH = mixed_frame(500), mixed_frame(300, seed=1), mixed_frame(400, seed=2)


def evaluate(synthetic, train=TRAIN, test=TEST, **options):
    return evaluate_table(train, test, synthetic, **({"classifiers": FAST} | options))


def assert_equal(a, b):
    assert list(a.summary) == list(b.summary)
    for name, measure in a.summary.items():
        np.testing.assert_allclose(measure[:2], b.summary[name][:2], err_msg=name)


def labelled(table):
    X, y = table
    return X.assign(group=y)


@pytest.fixture(scope="module")
def fresh():
    return evaluate_table(TRAIN, TEST, FRESH)


def test_fresh_draws_look_as_good_as_held_out_rows(fresh):
    for name, (synthetic, real, best) in fresh.summary.items():
        if best == "0.5":
            assert abs(synthetic - 0.5) < 0.1, name
        elif best == "as real":
            assert synthetic == pytest.approx(real, abs=0.15), name
        else:
            assert synthetic < 0.1, name
    assert fresh.memorization.verdict == "ok"
    assert fresh.duplicates == fresh.duplicates_held_out == 0.0


def test_the_labels_are_one_more_column(fresh):
    names = [column.name for column in fresh.columns]
    assert names == [*TRAIN[0].columns, "target"]
    assert fresh.associations.names == tuple(names)


def test_nominal_is_what_pairs_are_measured_by():
    quality = evaluate(FRESH, nominal="cramer")
    train, test, fresh = map(labelled, (TRAIN, TEST, FRESH))
    for found, other in ((quality.associations, fresh), (quality.associations_held_out, test)):
        expected = association_difference(train, other, nominal="cramer")
        np.testing.assert_array_equal(found.real, expected.real)
        np.testing.assert_array_equal(found.synthetic, expected.synthetic)


def test_missing_shares_lose_their_sign_in_the_mean():
    X, y = TRAIN
    fewer = X["plan"].cat.add_categories("x").fillna("x").astype(str)
    more = X["age"].mask(np.arange(len(X)) < 250)
    quality = evaluate((X.assign(age=more, plan=fewer), y))
    differences = np.array([column.missing_difference for column in quality.columns])
    assert differences.min() < 0 < differences.max()
    expected = np.abs(differences).mean()
    assert quality.summary["columns: missing share"].synthetic == pytest.approx(expected)


def test_copies_are_found_though_no_distance_shows_them():
    quality = evaluate(TRAIN)
    assert quality.memorization.verdict == "copies"
    assert quality.duplicates == 1.0
    assert quality.columns[0].distance == quality.associations.mean == 0.0
    assert vars(quality.tstr[0].ratio) == dict.fromkeys(vars(quality.tstr[0].real), 1.0)


def test_rows_repeated_among_real_tables_are_told_from_synthetic_ones():
    X, y = TRAIN
    quality = evaluate(FRESH, test=(X[:100], y[:100]))
    assert (quality.duplicates, quality.duplicates_held_out) == (0.0, 1.0)
    assert evaluate((X, np.where(y == "old", "young", "old"))).duplicates == 0.0


def test_exact_copies_stand_the_test_though_other_samples_are_far():
    train, held_out, fake = make_copies_among_far_samples()
    assert evaluate(fake, train, held_out).memorization.verdict == "copies"


def test_shuffled_columns_keep_marginals_and_lose_everything_else():
    X, y = TRAIN
    rng = np.random.default_rng(0)
    broken = pd.DataFrame({name: X[name].iloc[rng.permutation(len(X))].reset_index(drop=True) for name in X})
    quality = evaluate((broken, y))
    assert all(column.distance < 1e-12 for column in quality.columns)
    assert quality.associations.mean > 2 * quality.associations_held_out.mean
    assert quality.tstr[0].synthetic.balanced_accuracy < quality.tstr[0].real.balanced_accuracy - 0.1


def test_a_shift_is_found_by_its_column_and_by_the_classifier():
    X, y = FRESH
    quality = evaluate((X.assign(age=X["age"] + 20), y))
    assert max(quality.columns, key=lambda column: column.distance).name == "age"
    assert quality.detection["logistic"] > 0.9
    assert "Farthest columns: age" in str(quality)


def test_other_numbers_in_a_constant_column_are_detected():
    train, held_out, synthetic = np.random.default_rng(0).normal(size=(3, 200, 3))
    train[:, 2] = held_out[:, 2] = 1.0
    assert min(evaluate_table(train, held_out, synthetic).detection.values()) > 0.8


def test_discrete_columns_are_categories_to_classifiers_too():
    """Real rows hold 0 and 2 where synthetic ones hold 1: a line through the codes sees nothing."""
    rng = np.random.default_rng(0)
    real, test = (
        np.column_stack([rng.choice([0.0, 1.0, 2.0], 300, p=[0.4, 0.2, 0.4]), rng.normal(size=300)]) for _ in range(2)
    )
    codes = np.where(rng.random(300) < 0.9, 1.0, rng.choice([0.0, 2.0], 300))
    fake = np.column_stack([codes, rng.normal(size=300)])
    assert evaluate(fake, real, test, discrete_columns=[0]).detection["logistic"] > 0.7


def test_a_classifier_is_trained_for_each_fold(monkeypatch):
    fits, fit = [], GaussianNB.fit
    monkeypatch.setattr(GaussianNB, "fit", lambda self, X, y: fits.append(y) or fit(self, X, y))
    evaluate(FRESH[0], TRAIN[0], TEST[0], classifiers={"bayes": GaussianNB()}, n_folds=5)
    assert len(fits) == 5


def test_labels_that_do_not_fit_their_rows_are_detected():
    X, y = FRESH
    swapped = np.where(y == "old", "young", "old")
    with_labels = evaluate((X, swapped))
    without = evaluate_table(TRAIN[0], TEST[0], X, classifiers=FAST)
    assert with_labels.detection["logistic"] > without.detection["logistic"] + 0.1
    assert without.tstr == ()
    assert [row.label for row in without.memorization.classes] == ["all rows"]


def test_labels_may_be_a_column():
    apart = evaluate(FRESH)
    inside = evaluate(labelled(FRESH), labelled(TRAIN), labelled(TEST), target="group")
    assert inside.columns[-1].name == "group"
    assert_equal(inside, apart)


def test_arrays_and_lists_are_tables_too():
    rng = np.random.default_rng(0)
    train, test, fake = (np.column_stack([rng.normal(size=(n, 3)), np.arange(n) % 2]) for n in (200, 150, 180))
    quality = evaluate(fake, train, test, target=3)
    assert [column.name for column in quality.columns] == [0, 1, 2, 3]
    lists = evaluate(fake.tolist(), train.tolist(), test.tolist(), target=3)
    assert_equal(lists, quality)
    discrete = evaluate(fake, train, test, target=3, discrete_columns=[0])
    assert discrete.columns[0].kind == "category"


def test_row_and_column_order_do_not_matter_where_chance_has_no_part():
    X, y = FRESH
    order = np.random.default_rng(0).permutation(len(X))
    a, b = evaluate(FRESH), evaluate((X.iloc[order, ::-1], y[order]))
    assert [column.name for column in b.columns] == [column.name for column in a.columns]
    assert b.associations.mean == pytest.approx(a.associations.mean)
    assert b.memorization.fraction_flagged == pytest.approx(a.memorization.fraction_flagged)


@pytest.mark.parametrize("side", ["test", "synthetic"])
def test_rows_unlike_all_training_rows_are_measured_not_refused(side):
    X, y = mixed_frame(120, seed=3)
    X = X.assign(plan=X["plan"].astype(object).where(X["plan"] != "basic", "new"))
    X.loc[0, "age"] = None
    quality = evaluate(FRESH, test=(X, y)) if side == "test" else evaluate((X, y))
    changed = quality.columns_held_out if side == "test" else quality.columns
    assert next(column for column in changed if column.name == "plan").total_variation > 0.4
    assert quality.detection["logistic"] > 0.6


def test_it_repeats_by_seed_and_large_tables_are_cut_at_random():
    first, again, other = (evaluate(FRESH, max_rows=60, random_state=seed).detection for seed in (0, 0, 1))
    assert first == again != other
    assert sum(row.n_fake for row in evaluate(FRESH, max_rows=60).memorization.classes) == 120


def test_chance_alone_is_no_copying():
    # Single-column rows lie near each other by chance, in each draw in another share of cases.
    rng = np.random.default_rng(0)
    for _ in range(10):
        train, test, fake = (rng.normal(size=(n, 1)) for n in (100, 50, 100))
        assert evaluate(fake, train, test).memorization.verdict == "ok"
    assert evaluate(train + 1e-9, train, test).memorization.verdict == "copies"


def test_printed_it_is_a_table(fresh):
    lines = str(fresh).splitlines()
    assert lines[0].split() == ["measure", "synthetic", "real", "best"]
    assert any(line.startswith("average precision, gradient boosting") for line in lines)
    assert lines[-1] == "Memorisation: ok"


def test_to_dict_is_strict_json(fresh):
    assert isinstance(fresh, TableQuality)
    loaded = json.loads(json.dumps(fresh.to_dict(), allow_nan=False))
    assert loaded["columns"][0]["total_variation"] is None
    assert loaded["tstr"][0]["ratio"]["macro_f1"] == fresh.tstr[0].ratio.macro_f1
    assert loaded["memorization"]["verdict"] == "ok"
    assert np.shape(loaded["associations"]["real"]) == (8, 8)


X, Y = TRAIN


@pytest.mark.parametrize(
    ("error", "arguments", "message"),
    [
        (ValueError, {"synthetic": (X.drop(columns="age"), Y)}, r"synthetic must .* real_train; missing: \['age'\]"),
        (ValueError, {"test": (X[:0], Y[:0])}, "real_test must hold at least one row and one column, got 0 rows"),
        (ValueError, {"synthetic": (X, Y[:-1])}, "synthetic has 500 rows and 499 labels"),
        (ValueError, {"synthetic": (X, [None] * 500)}, "synthetic has rows without a label; drop them"),
        (ValueError, {"test": (X, np.linspace(0, 1, 500))}, r"real_test has the continuous label 0\.002"),
        (ValueError, {"synthetic": (X, ["teen"] * 500)}, "synthetic holds 'teen', which is no class of real_train"),
        (ValueError, {"train": (X, Y, Y)}, r"real_train must be \(X, y\) or a table, got a tuple of 3"),
        (TypeError, {"synthetic": X}, r"\['real_train', 'real_test'\] came with labels and \['synthetic'\] without"),
        (TypeError, {"target": "age"}, r"Labels came twice, as \(X, y\) and as target='age'"),
        (ValueError, dict.fromkeys(["train", "test", "synthetic"], X) | {"target": "old"}, "target='old' is no column"),
        (
            ValueError,
            dict.fromkeys(["train", "test", "synthetic"], np.ones((9, 2))) | {"target": 2},
            r"target=2 is no column of real_train, an array of shape \(9, 2\); pass a position",
        ),
        (ValueError, {"max_rows": 0}, "max_rows must be an integer from 3"),
    ],
)
def test_bad_input(error, arguments, message):
    with pytest.raises(error, match=message):
        evaluate(**({"synthetic": FRESH} | arguments))


def test_numbers_in_a_column_that_is_empty_in_all_real_rows_give_synthetic_rows_away():
    rng = np.random.default_rng(0)
    real = [pd.DataFrame({"x": rng.normal(size=200), "v": np.nan}) for _ in range(2)]
    synthetic = pd.DataFrame({"x": rng.normal(size=200), "v": rng.normal(size=200)})
    assert evaluate(synthetic, *real).detection["logistic"] > 0.9


def test_the_target_may_be_given_by_its_position():
    tables = [labelled(table) for table in (TRAIN, TEST, FRESH)]
    by_name = evaluate_table(*tables, target="group", classifiers=FAST)
    for position in (-1, tables[0].shape[1] - 1):
        assert_equal(by_name, evaluate_table(*tables, target=position, classifiers=FAST))


def test_a_position_means_the_training_tables_column():
    tables = [labelled(table) for table in (TRAIN, TEST, FRESH)]
    tables[2] = tables[2][tables[2].columns[::-1]]
    assert evaluate_table(*tables, target=-1, classifiers=FAST).columns[-1].name == "group"
    numbered = [table.set_axis(range(1, table.shape[1] + 1), axis=1) for table in tables]
    for target in (0, True):
        with pytest.raises(ValueError, match=f"target={target} is no column of real_train"):
            evaluate_table(*(numbered if target == 0 else tables), target=target)


def test_columns_of_one_meaning_in_other_types_count_as_equal():
    X, y = FRESH
    other = X.assign(age=X["age"].astype(object).map(lambda age: None if pd.isna(age) else str(age)))
    other["active"] = X["active"].astype("Float64")
    assert_equal(evaluate(FRESH), evaluate((other, y)))


def test_words_for_booleans_are_refused():
    X, y = FRESH
    with pytest.raises(ValueError, match=r"'active' of .* holds texts"):
        evaluate((X.assign(active=X["active"].astype(str)), y))


def test_constant_tables_are_evaluated():
    ones = np.ones((40, 2))
    quality = evaluate(ones, ones, ones)
    assert quality.duplicates == 1.0


def test_labels_may_have_two_dimensions():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 2
    plain = evaluate((X, y), (X, y), (X, y))
    for column in (y[:, None], pd.DataFrame({"t": y})):
        assert_equal(plain, evaluate((X, column), (X, column), (X, column)))
