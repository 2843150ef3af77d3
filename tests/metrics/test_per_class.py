"""Metrics class by class."""

import numpy as np
import pytest

from ganaug.metrics import frechet_distance, per_class, precision

REAL = np.random.default_rng(0).normal(size=(40, 3))
Y = np.array(["b", "a"] * 20)


def test_each_class_gets_its_own_value():
    fake = REAL + np.where(Y == "a", 0.0, 9.0)[:, None]
    values = per_class(frechet_distance, REAL, Y, fake, Y)
    assert list(values) == ["a", "b"]
    assert values["a"] == pytest.approx(0.0, abs=1e-9)
    assert values["b"] == pytest.approx(3 * 81.0)


def test_classes_must_agree():
    with pytest.raises(ValueError, match="same classes; only real: 'b', only fake: 'c'"):
        per_class(precision, REAL, Y, REAL, np.where(Y == "b", "c", Y))


def test_a_failing_class_is_named():
    with pytest.raises(ValueError, match="Class 'c': k=5 needs at least 6 real samples, got 2"):
        per_class(precision, REAL, np.r_[Y[:-2], ["c", "c"]], REAL, np.r_[Y[:-2], ["c", "c"]])


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="fake has 40 samples but its labels are 39"):
        per_class(precision, REAL, Y, REAL, Y[1:])
