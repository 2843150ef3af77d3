import numpy as np
import pytest

from ganaug.benchmark.tasks import (
    digits,
    fashion_mnist,
    long_tail,
    long_tail_counts,
    make_task,
    stratified_rows,
)


@pytest.fixture(scope="module")
def task():
    return digits()


def _images(X):
    return {image.tobytes() for image in X}


def test_long_tail_counts_are_those_of_lt1000r():
    assert long_tail_counts(10, 1000, 10)[::-1].tolist() == [10, 16, 27, 46, 77, 129, 215, 359, 599, 1000]


@pytest.mark.parametrize(("n_classes", "counts"), [(1, [7]), (2, [7, 3])])
def test_long_tail_counts_of_few_classes(n_classes, counts):
    assert long_tail_counts(n_classes, 7, 3).tolist() == counts


def test_long_tail_counts_need_a_range():
    with pytest.raises(ValueError, match="Expected 1 <= n_min <= n_max, got n_min=5 and n_max=4"):
        long_tail_counts(10, 4, 5)


def test_long_tail_keeps_the_stated_counts_in_the_stated_order():
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(4), 30))
    rows = long_tail(y, n_max=27, n_min=1, order=[2, 0, 3, 1], seed=0)
    assert np.bincount(y[rows])[[2, 0, 3, 1]].tolist() == [27, 9, 3, 1]
    assert len(set(rows)) == len(rows)
    assert (np.diff(rows) > 0).all()


def test_long_tail_repeats_with_its_seed_and_differs_with_another():
    y = np.repeat(np.arange(3), 40)
    rows = [long_tail(y, n_max=20, n_min=5, order=range(3), seed=seed) for seed in (1, 1, 2)]
    assert np.array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[0], rows[2])


def test_long_tail_needs_enough_images():
    with pytest.raises(ValueError, match="Class 1 has 3 images and the rule asks for 5; lower n_max=5"):
        long_tail(np.array([0] * 9 + [1] * 3), n_max=5, n_min=5, order=[0, 1], seed=0)


@pytest.mark.parametrize(("n_per_class", "counts"), [(0.25, [10, 5]), (7, [7, 7])])
def test_stratified_rows_take_a_share_or_a_number_of_each_class(n_per_class, counts):
    y = np.repeat([0, 1], [40, 20])
    assert np.bincount(y[stratified_rows(y, n_per_class, np.random.default_rng(0))]).tolist() == counts


def test_digits_have_the_stated_parts(task):
    assert task.counts.tolist() == [5, 6, 9, 12, 17, 23, 31, 43, 58, 80]
    assert task.X_train.shape == (284, 1, 8, 8)
    assert task.X_train.dtype == np.uint8
    assert task.X_train.max() == 255
    assert (len(task.y_val), len(task.y_test)) == (359, 539)
    assert task.rare_classes == (0, 1, 2)


def test_parts_of_digits_share_no_image(task):
    train, val, test = _images(task.X_train), _images(task.X_val), _images(task.X_test)
    assert not train & val
    assert not (train | val) & test


def test_test_part_does_not_depend_on_the_tail(task):
    other = digits(n_max=40, n_min=2)
    assert np.array_equal(task.X_test, other.X_test)
    assert np.array_equal(task.X_val, other.X_val)
    assert len(other.y_train) < len(task.y_train)


def test_fingerprint_knows_the_data(task):
    assert task.fingerprint == digits().fingerprint
    assert task.fingerprint != digits(seed=1).fingerprint


def test_digits_refuse_a_folder():
    with pytest.raises(ValueError, match="The digits come with scikit-learn, not from a folder"):
        make_task("digits", folder="somewhere")


def test_unknown_task_names_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown data 'digit'; choose from .* Did you mean 'digits'"):
        make_task("digit")


def test_fashion_mnist_takes_validation_from_unused_training_images(monkeypatch):
    rng = np.random.default_rng(0)
    parts = {
        "X_train": rng.integers(0, 256, (3400, 28, 28), dtype=np.uint8),
        "y_train": np.tile(np.arange(10, dtype=np.uint8), 340),
        "X_test": rng.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        "y_test": np.tile(np.arange(10, dtype=np.uint8), 2),
    }
    monkeypatch.setattr("ganaug.benchmark.tasks.read_fashion_mnist", lambda folder: parts)
    task = fashion_mnist(n_max=40, n_min=4)
    assert task.counts.tolist() == long_tail_counts(10, 40, 4)[::-1].tolist()
    assert np.bincount(task.y_val).tolist() == [300] * 10
    assert not _images(task.X_train) & _images(task.X_val)
    assert np.array_equal(task.X_test[:, 0], parts["X_test"])
    assert task.mirror
