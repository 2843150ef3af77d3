"""Tests of the audit of rows: what few real rows can say, and what they cannot."""

import numpy as np
import pytest

from ganaug.metrics._row_audit import allow_for_chance, audit_rows
from ganaug.metrics.memorization import audit_memorization


def audit(n_train, n_held_out, n_copies, n_fake=200, n_columns=6, decimals=None):
    """Audit one class whose synthetic rows are copies in part."""
    rng = np.random.default_rng(0)
    train, held_out, fake = (rng.normal(size=(n, n_columns)) for n in (n_train, n_held_out, n_fake))
    fake[:n_copies] = train[np.arange(n_copies) % n_train]
    features = [X if decimals is None else X.round(decimals) for X in (train, held_out, fake)]
    if not n_held_out:
        labels = ["rare"] * n_train, ["rare"] * n_fake
        return allow_for_chance(audit_memorization(features[0], labels[0], None, None, features[2], labels[1]))
    return audit_rows(features, (None, None, None), 1000, rng)


@pytest.mark.parametrize("n_held_out", [2, 5, 10])
@pytest.mark.parametrize("n_copies", [160, 80])
def test_copies_are_seen_by_few_held_out_rows(n_held_out, n_copies):
    assert audit(20, n_held_out, n_copies).verdict == "copies"


def test_a_class_of_few_rows_is_not_called_ok_where_half_is_copied():
    assert audit(6, 0, 100).verdict == "cannot tell"
    assert audit(6, 2, 100).verdict == "copies"


@pytest.mark.parametrize(("n_train", "n_held_out"), [(6, 0), (6, 2), (20, 5), (200, 100)])
def test_rows_that_are_no_copies_are_ok(n_train, n_held_out):
    assert audit(n_train, n_held_out, 0).verdict == "ok"


def test_repeats_are_no_copies_where_training_rows_repeat_each_other():
    found = audit(100, 3, 0, n_columns=2, decimals=0)
    assert found.classes[0].fraction_identical > 0.5
    assert found.classes[0].fraction_train_identical > 0.5
    assert found.verdict == "ok"
