import json
from dataclasses import replace

import pytest
from _benchmark_fakes import make_task

from ganaug.benchmark import demo
from ganaug.benchmark.learners import ResidualNetwork
from ganaug.benchmark.plans import PLANS, QUICK_PLANS, Plan, get_plan
from ganaug.benchmark.tasks import TASKS

PLAN = Plan(
    minutes=0.1, gan_steps=2, gan_seconds=20, n_seeds=2, n_selection_seeds=1, candidates=("affine", "CutMix"),
    n_per_class=6, learner=ResidualNetwork(n_steps=3, batch_size=16, width=8, n_checks=2),
)  # fmt: skip


@pytest.fixture(scope="module")
def tiny_demo():
    """The demo, run on the tiny task."""

    def run_tiny_demo(out, seed=0, verbose=False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(demo, "get_plan", lambda data, quick: PLAN)
            patch.setattr(demo, "make_task", lambda data, seed, folder: make_task("digits", seed))
            return demo.run_demo(out=out, seed=seed, verbose=verbose)

    return run_tiny_demo


@pytest.fixture(scope="module")
def finished(tiny_demo, tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    return tiny_demo(out)


def test_writes_what_it_promises(finished):
    names = {path.name for path in finished.out.iterdir()}
    assert names >= {"report.html", "samples.png", "results.jsonl", "model", "bank"}
    assert "Use none" in (finished.out / "report.html").read_text(encoding="utf-8")
    assert (
        len((finished.out / "results.jsonl").read_text().splitlines()) == 2 + 5
    )  # Two candidates; three methods from two seeds, of which one is there already.
    assert len(finished.rows) == 6


def test_all_methods_see_equally_many_images_from_the_same_seeds(finished):
    assert {row["n_images"] for row in finished.rows} == {48}
    treated = {row["seed"] for row in finished.rows if row["method"].endswith("+ ganaug")}
    plain = {row["seed"] for row in finished.rows if row["method"] == "no augmentation"}
    assert treated == plain == {0, 1}


def test_saved_model_loads(finished):
    import ganaug

    assert ganaug.load(finished.out / "model").sample_pixels([0, 2]).shape == (2, 1, 8, 8)


def test_second_call_continues_without_training(finished, tiny_demo, monkeypatch):
    def fail(*args):
        raise AssertionError("trained again")

    monkeypatch.setattr("ganaug.ImageGAN", fail)
    monkeypatch.setattr(ResidualNetwork, "__call__", fail)
    assert tiny_demo(finished.out).rows == finished.rows


@pytest.mark.parametrize(("n_steps", "seconds", "is_said"), [(10**6, 0.3, True), (2, 20, False)])
def test_a_gan_that_ran_out_of_time_is_said_to_be_one(n_steps, seconds, is_said, tmp_path):
    said, plan = [], replace(PLAN, gan_steps=n_steps, gan_seconds=seconds)
    _, history = demo._fit_or_load(make_task("digits", 0), plan, 0, tmp_path, False, said.append)
    sentence = "Its time was up after {:,.0f} of 1,000,000 steps: on a faster or less busy machine samples are better."
    assert said[1:] == [sentence.format(history[-1]["step"])] * is_said


def test_other_seed_begins_afresh(tiny_demo, tmp_path):
    tiny_demo(tmp_path / "demo", seed=1)
    tiny_demo(tmp_path / "demo", seed=2)
    rows = [json.loads(line) for line in (tmp_path / "demo" / "results.jsonl").read_text().splitlines()]
    assert {row["seed"] for row in rows} == {2000, 2001}


def test_prints_table_and_verdict_and_names_the_folder(finished, tiny_demo, capsys):
    tiny_demo(finished.out, verbose=True)
    printed = capsys.readouterr().out
    assert finished.verdict.sentence in printed
    assert finished.table in printed
    assert f"{finished.out}/report.html" in printed


def test_foreign_folder_is_refused(tiny_demo, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(FileExistsError, match="no earlier demo made it"):
        tiny_demo(tmp_path)


def test_unknown_data_is_an_error_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="Unknown data 'mnist'"):
        demo.run_demo("mnist", out=tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("data", TASKS)
def test_every_task_has_a_plan(data, quick):
    plan = get_plan(data, quick)
    assert plan is (QUICK_PLANS if quick else PLANS)[data]
    assert plan.n_selection_seeds <= plan.n_seeds
    assert replace(plan, n_seeds=9) != plan
