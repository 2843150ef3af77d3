"""The memorisation audit."""

import json
import math

import numpy as np
import pytest
from _tables import make_copies_among_far_samples

from ganaug.metrics import audit_memorization

RNG = np.random.default_rng(0)


def draw(n, n_classes=2):
    y = np.arange(n) % n_classes
    return RNG.normal(size=(n, 8)) + 10.0 * y[:, None], y


TRAIN, Y_TRAIN = draw(200)
HELD_OUT, Y_HELD_OUT = draw(100)
FAKE, Y_FAKE = draw(300)
REAL_DATA = (TRAIN, Y_TRAIN, HELD_OUT, Y_HELD_OUT)


def verdicts(audit):
    return [row.verdict for row in audit.classes]


def test_fresh_draws_are_not_flagged():
    audit = audit_memorization(*REAL_DATA, FAKE, Y_FAKE)
    assert verdicts(audit) == ["ok", "ok"]
    assert audit.verdict == "ok"
    assert audit.fraction_flagged < 0.02
    assert [row.reference for row in audit.classes] == ["held-out", "held-out"]


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_copies_are_flagged_in_their_class_only(noise):
    fake = FAKE.copy()
    copied = np.flatnonzero(Y_FAKE == 1)[:15]
    fake[copied] = TRAIN[Y_TRAIN == 1][:15] + noise * RNG.normal(size=(15, 8))
    audit = audit_memorization(*REAL_DATA, fake, Y_FAKE)
    assert verdicts(audit) == ["ok", "copies"]
    assert audit.verdict == "copies"
    assert audit.classes[1].fraction_flagged == pytest.approx(0.1, abs=0.02)
    assert audit.fraction_flagged == pytest.approx(0.05, abs=0.02)


def test_identical_samples_are_flagged_even_where_real_data_repeats_itself():
    train = np.zeros((10, 3))
    audit = audit_memorization(train, [0] * 10, train, [0] * 10, np.array([[0.0] * 3, [1.0] * 3]), [0, 0])
    assert audit.classes[0].threshold == 0.0
    assert audit.classes[0].fraction_flagged == 0.5
    assert audit.classes[0].fraction_reference == 1.0


def test_repeated_training_samples_are_no_copies_of_each_other_to_an_equal_table():
    train = np.repeat(np.random.default_rng(0).normal(size=(50, 10)), 4, axis=0)
    (row,) = audit_memorization(train, [0] * 200, None, None, train, [0] * 200).classes
    assert (row.fraction_flagged, row.fraction_reference, row.verdict) == (1, 1, "ok")


def test_the_threshold_is_the_ratio_of_the_median_held_out_distance():
    train, held_out = np.array([[0.0], [100.0]]), np.array([[1.0], [2.0], [97.0]])
    fake = np.array([[0.9], [1.1], [98.8]])
    row = audit_memorization(train, [0, 0], held_out, [0, 0, 0], fake, [0, 0, 0]).classes[0]
    assert row.threshold == 1.0
    assert row.fraction_flagged == pytest.approx(1 / 3)
    assert row.fraction_reference == 0.0
    wider = audit_memorization(train, [0, 0], held_out, [0, 0, 0], fake, [0, 0, 0], ratio=0.75)
    assert wider.classes[0].fraction_flagged == 1.0
    assert wider.classes[0].fraction_reference == pytest.approx(1 / 3)


def test_real_samples_near_the_training_data_excuse_as_many_fakes():
    near, far = np.full((10, 1), 1.0), np.full((90, 1), 10.0)
    train, real = np.array([[0.0], [1000.0]]), np.vstack([near, far])
    same = audit_memorization(train, [0, 0], real, [0] * 100, real, [0] * 100)
    assert same.classes[0].fraction_flagged == same.classes[0].fraction_reference == 0.1
    assert same.verdict == "ok"
    nearer = audit_memorization(train, [0, 0], real, [0] * 100, np.vstack([near, real[:97]]), [0] * 107)
    assert nearer.verdict == "copies"


def test_the_verdict_of_copies_is_by_the_share_that_is_given():
    train = np.random.default_rng(0).normal(size=(100, 8))
    fake = np.random.default_rng(1).normal(size=(100, 8))
    fake[:10] = train[:10]
    audits = [
        audit_memorization(train, [0] * 100, None, None, fake, [0] * 100, max_flagged=share) for share in (0.05, 0.15)
    ]
    assert [audit.verdict for audit in audits] == ["copies", "ok"]


def test_without_held_out_data_the_training_samples_measure_each_other():
    audit = audit_memorization(TRAIN, Y_TRAIN, None, None, FAKE, Y_FAKE)
    assert [row.reference for row in audit.classes] == ["leave-one-out"] * 2
    assert verdicts(audit) == ["ok", "ok"]
    partly = audit_memorization(TRAIN, Y_TRAIN, HELD_OUT[Y_HELD_OUT == 1], Y_HELD_OUT[Y_HELD_OUT == 1], FAKE, Y_FAKE)
    assert [row.reference for row in partly.classes] == ["leave-one-out", "held-out"]


def test_a_single_training_sample_or_no_fakes_cannot_be_judged():
    train, y_train = np.vstack([TRAIN, TRAIN[:3] + 50]), [*Y_TRAIN, 2, 3, 3]
    audit = audit_memorization(train, y_train, HELD_OUT, Y_HELD_OUT, [*FAKE, TRAIN[0] + 50], [*Y_FAKE, 2])
    assert verdicts(audit) == ["ok", "ok", "cannot tell", "cannot tell"]
    assert audit.verdict == "cannot tell"
    assert math.isnan(audit.classes[2].fraction_flagged)
    assert not math.isnan(audit.fraction_flagged)
    nothing = audit_memorization(TRAIN[:1], [0], None, None, FAKE[:1], [0])
    assert math.isnan(nothing.fraction_flagged)


@pytest.mark.parametrize("share", [1.0, 0.7])
def test_held_out_samples_that_were_trained_on_tell_nothing_and_the_report_says_so(share):
    held_out = np.where(RNG.random((200, 1)) < share, TRAIN, TRAIN + 0.1)
    audit = audit_memorization(TRAIN, Y_TRAIN, held_out, Y_TRAIN, TRAIN, Y_TRAIN, max_flagged=0.5)
    assert verdicts(audit) == ["cannot tell", "cannot tell"]
    assert [row.threshold for row in audit.classes] == [0, 0]
    assert math.isnan(audit.fraction_flagged)
    assert "or held-out samples that were trained on; pass more, or others" in str(audit)
    assert "Cannot tell" not in str(audit_memorization(*REAL_DATA, FAKE, Y_FAKE))


def test_rows_of_few_categories_repeat_without_having_been_trained_on():
    rows = np.random.default_rng(0).integers(0, 3, size=(900, 4)).astype(float)
    train, held_out, fake = np.split(rows, 3)
    (row,) = audit_memorization(train, [0] * 300, held_out, [0] * 300, fake, [0] * 300).classes
    assert (row.threshold, row.verdict) == (0, "ok")


def test_a_single_held_out_row_may_equal_a_training_row_by_chance():
    train = np.vstack([TRAIN[:20], TRAIN[:3]])
    (row,) = audit_memorization(train, [0] * 23, TRAIN[:1], [0], FAKE, [0] * 300).classes
    assert (row.threshold, row.verdict) == (0, "ok")


def test_table_names_classes_numbers_and_rule():
    text = str(audit_memorization(TRAIN, Y_TRAIN, HELD_OUT, Y_HELD_OUT, TRAIN, Y_TRAIN))
    head, first, second, rule = text.splitlines()
    assert head.split()[:4] == ["class", "train", "fake", "yardstick"]
    assert first.split()[:3] == ["0", "100", "100"]
    assert second.endswith("copies")
    assert "100.0%" in second
    assert "0.5 of the median real distance" in rule
    assert rule.endswith("more than 2.0% flagged, or identical, beyond the real share.")


def test_to_dict_is_json():
    audit = audit_memorization(*REAL_DATA, FAKE, Y_FAKE)
    loaded = json.loads(json.dumps(audit.to_dict()))
    assert loaded["verdict"] == "ok"
    assert loaded["classes"][1]["n_fake"] == 150


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_fake": [7] * 300}, "y_fake holds 7, which is no class of y_train"),
        ({"y_held_out": [7] * 100}, "y_held_out holds 7, which is no class of y_train"),
        ({"y_held_out": None}, "held_out was given without labels; pass y_held_out"),
        ({"y_fake": Y_FAKE[:-1]}, "fake has 300 samples but its labels are 299"),
        ({"fake": FAKE[:, :3]}, "train has 8 features for each sample and fake has 3"),
        ({"held_out": HELD_OUT * np.nan}, "held_out holds NaN or infinite"),
        ({"fake": FAKE[:0], "y_fake": []}, r"fake must hold at least 1 sample\(s\)"),
        ({"ratio": 0.0}, "ratio must be a number"),
        ({"max_flagged": 2.0}, "max_flagged must be a number from 0.0 to 1.0"),
    ],
)
def test_bad_input(changes, message):
    names = ("train", "y_train", "held_out", "y_held_out", "fake", "y_fake")
    given = dict(zip(names, (*REAL_DATA, FAKE, Y_FAKE), strict=True)) | changes
    with pytest.raises(ValueError, match=message):
        audit_memorization(**given)


def test_copies_among_samples_that_are_otherwise_farther_than_real_ones_are_found():
    train, held_out, fake = make_copies_among_far_samples()
    audit = audit_memorization(train, [0] * 300, held_out, [0] * 300, fake, [0] * 300)
    row = audit.classes[0]
    assert row.fraction_flagged < row.fraction_reference
    assert (row.fraction_identical, row.fraction_reference_identical, row.verdict) == (0.1, 0.0, "copies")
