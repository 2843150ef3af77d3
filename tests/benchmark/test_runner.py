import json

import numpy as np
import pytest
from _benchmark_fakes import FakeLearner, make_task

from ganaug.benchmark.methods import Method
from ganaug.benchmark.runner import make_row, run
from ganaug.benchmark.statistics import per_class_recall
from ganaug.calibration import shift_logits

METHODS = [Method("plain", balanced=False), Method("balanced")]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.jsonl"


def test_every_cell_becomes_a_row(path):
    learner = FakeLearner()
    rows = run(make_task(), METHODS, [learner], [0, 1, 2], path)
    assert len(rows) == len({row["key"] for row in rows}) == len(path.read_text().splitlines()) == 6
    assert learner.calls == [(method.name, seed) for seed in range(3) for method in METHODS]


def test_finished_rows_are_not_run_again(path):
    first = run(make_task(), METHODS, [FakeLearner()], [0, 1], path)
    learner = FakeLearner()
    again = run(make_task(), METHODS, [learner], [0, 1, 2], path)
    assert learner.calls == [("plain", 2), ("balanced", 2)]
    assert again[:4] == first


def test_interrupted_run_continues_where_it_was_cut_off(path):
    whole = run(make_task(), METHODS, [FakeLearner()], [0, 1], path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 40])
    learner = FakeLearner()
    assert run(make_task(), METHODS, [learner], [0, 1], path) == whole
    assert learner.calls == [("balanced", 1)]


def test_rows_of_other_settings_do_not_count(path):
    run(make_task(), METHODS, [FakeLearner()], [0], path)
    learner = FakeLearner()
    run(make_task(seed=1), METHODS, [learner], [0], path)  # Other data under the same name.
    run(make_task(), [Method("plain", balanced=True)], [learner], [0], path)  # Another method under the same name.
    assert len(learner.calls) == 3


def test_callback_sees_found_and_new_rows(path):
    run(make_task(), METHODS, [FakeLearner()], [0], path)
    seen = []
    rows = run(make_task(), METHODS, [FakeLearner()], [0, 1], path, on_row=seen.append)
    assert seen == rows


def test_row_scores_the_test_part_with_the_shift_of_the_validation_part():
    task, learner = make_task(), FakeLearner()
    row = make_row(task, METHODS[0], learner, 3)
    logits = learner(task, METHODS[0], 3).test_logits
    recall = per_class_recall(logits, task.y_test)
    shifted = per_class_recall(shift_logits(logits, task.counts, row["tau"]), task.y_test)
    assert row["recall"] == pytest.approx(recall.tolist())
    assert row["balanced_accuracy"] == pytest.approx(recall.mean())
    assert row["rare_recall"] == pytest.approx(recall[:2].mean())
    assert row["balanced_accuracy_shifted"] == pytest.approx(shifted.mean())
    assert row["val_balanced_accuracy_shifted"] >= row["val_balanced_accuracy"]
    assert json.loads(json.dumps(row)) == row


def test_tau_does_not_look_at_test_labels():
    task = make_task()
    y_test = np.roll(task.y_test, 1)
    other = make_task()
    object.__setattr__(other, "y_test", y_test)
    taus = [make_row(each, METHODS[0], FakeLearner(), 0)["tau"] for each in (task, other)]
    assert taus[0] == taus[1]
