from dataclasses import replace

import numpy as np
import pytest
import torch
from _benchmark_fakes import make_task

from ganaug.benchmark.learners import ResidualNetwork, build_network, one_cycle, predict_logits
from ganaug.benchmark.methods import Batches, Method, Synthetic, rare_class_dose
from ganaug.benchmark.statistics import balanced_accuracy

LEARNER = ResidualNetwork(n_steps=40, batch_size=32, width=8, n_checks=4)


@pytest.fixture(scope="module")
def task():
    return make_task()


@pytest.fixture(scope="module")
def methods(task):
    synthetic = Synthetic(task.X_train, task.y_train, rare_class_dose(task.counts))
    return [Method("plain", balanced=False), Method("balanced"), Method("treated", synthetic=synthetic)]


def test_learns_the_task(task):
    outcome = LEARNER(task, Method("balanced"), 0)
    assert balanced_accuracy(outcome.test_logits, task.y_test) > 0.9
    assert outcome.val_logits.shape == (30, 3)


def test_seed_repeats_exactly(task):
    learner = replace(LEARNER, n_steps=4)
    first, second, other = (learner(task, Method("balanced"), seed) for seed in (0, 0, 1))
    assert np.array_equal(first.test_logits, second.test_logits)
    assert not np.array_equal(first.test_logits, other.test_logits)


def test_leaves_the_callers_random_numbers_alone(task):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    replace(LEARNER, n_steps=2)(task, Method("balanced"), 5)
    assert torch.equal(torch.rand(1), expected)


def test_all_methods_see_equally_many_images(task, methods, monkeypatch):
    seen = dict.fromkeys((method.name for method in methods), 0)
    draw = Batches.draw

    def counting_draw(self):
        x, targets = draw(self)
        seen[self.method.name] += len(x)
        return x, targets

    monkeypatch.setattr(Batches, "draw", counting_draw)
    learner = replace(LEARNER, n_steps=3)
    stated = {method.name: learner(task, method, 0).n_images for method in methods}
    assert seen == stated == dict.fromkeys(seen, 3 * 32)


def test_test_part_is_only_scored(task):
    learner = replace(LEARNER, n_steps=4)
    rng = np.random.default_rng(0)
    other = replace(task, X_test=rng.integers(0, 255, task.X_test.shape, dtype=np.uint8), y_test=task.y_test[::-1])
    outcomes = [learner(each, Method("balanced"), 0) for each in (task, other)]
    assert np.array_equal(outcomes[0].val_logits, outcomes[1].val_logits)
    assert outcomes[0].curve == outcomes[1].curve


def test_curve_has_the_stated_points_and_falls(task):
    curve = LEARNER(task, Method("balanced"), 0).curve
    assert [step for step, _, _ in curve] == [10, 20, 30, 40]
    assert curve[-1][1] < curve[0][1]


def test_learning_rate_rises_and_falls_to_zero():
    rates = [one_cycle(progress / 100) for progress in range(101)]
    assert (rates[0], rates[20], rates[100]) == pytest.approx((0, 1, 0))
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (3, 32, 48), (4, 64, 64)])
def test_network_fits_any_image_size(task, shape):
    X = np.zeros((2, *shape), np.uint8)
    network = build_network(replace(task, X_train=X), 8, seed=0)
    assert predict_logits(network, X).shape == (2, 3)
    assert network.training
