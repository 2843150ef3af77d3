import numpy as np
import pandas as pd
import pytest

from ganaug._validation import (
    as_seed,
    check_choice,
    check_classes,
    check_labels,
    check_number,
    check_pair,
    check_same_length,
    suggest,
)

CHOICES = {"hinge": "HINGE", "wasserstein": "WASSERSTEIN", "none": None}


class Loss:
    def d_loss(self):
        pass


def test_suggest_names_the_nearest_choice_or_nothing():
    assert suggest("hing", CHOICES) == " Did you mean 'hinge'?"
    assert suggest("xyz", CHOICES) == ""
    assert suggest(11, [1, 10, 300]) == " Did you mean 10?" or suggest(11, [1, 10, 300]) == " Did you mean 1?"


def test_check_choice_resolves_names_and_passes_objects_through():
    loss = Loss()
    assert check_choice("loss", "hinge", CHOICES) == "HINGE"
    assert check_choice("loss", loss, CHOICES, ["d_loss"]) is loss
    assert check_choice("penalty", None, CHOICES, ["start"]) is None


def test_check_choice_suggests_the_nearest_name():
    message = r"Unknown loss 'hing'; choose from 'hinge', 'wasserstein', .*, or pass an object. Did you mean 'hinge'\?"
    with pytest.raises(ValueError, match=message):
        check_choice("loss", "hing", CHOICES)


def test_check_choice_refuses_a_class_in_place_of_an_object():
    with pytest.raises(TypeError, match=r"loss is the class Loss; pass an object of it: Loss\(\)"):
        check_choice("loss", Loss, CHOICES, ["d_loss"])


@pytest.mark.parametrize(("given", "missing"), [(Loss(), "g_loss"), (5, "d_loss, g_loss")])
def test_check_choice_names_the_missing_members(given, missing):
    message = f"with d_loss, g_loss; got .* of type {type(given).__name__}, which lacks {missing}"
    with pytest.raises(TypeError, match=message):
        check_choice("loss", given, CHOICES, ["d_loss", "g_loss"])


def test_check_choice_refuses_none_where_no_choice_is_none():
    with pytest.raises(TypeError, match="loss must be one of 'hinge', or an object with d_loss; got None"):
        check_choice("loss", None, {"hinge": "HINGE"}, ["d_loss"])


def test_check_number_accepts_numpy_numbers_and_optional_none():
    check_number("n", np.int64(3), minimum=1, integer=True)
    check_number("rate", np.float32(0.5), maximum=1)
    check_number("n", None, optional=True)


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ("3", {}, "n must be a number, got '3' of type str"),
        (True, {}, "n must be a number, got True of type bool"),
        (1.5, {"integer": True}, "n must be an integer, got 1.5 of type float"),
        (None, {}, "n must be a number, got None"),
        ("3", {"integer": True, "optional": True}, "n must be an integer or None, got '3'"),
    ],
)
def test_check_number_refuses_other_types(given, options, message):
    with pytest.raises(TypeError, match=message):
        check_number("n", given, **options)


@pytest.mark.parametrize("given", [0, 11, float("nan"), float("inf")])
def test_check_number_refuses_what_is_out_of_range(given):
    with pytest.raises(ValueError, match=f"n must be a number from 1 to 10, got {given}"):
        check_number("n", given, minimum=1, maximum=10)


@pytest.mark.parametrize("given", [0.5, (0.5,), (1, 2, 3), "ab"])
def test_check_pair_refuses_what_is_no_pair(given):
    with pytest.raises(TypeError, match="betas must be a pair of numbers, got"):
        check_pair("betas", given, minimum=0, maximum=1)


def test_check_pair_checks_both_numbers():
    check_pair("betas", [0.0, 1], minimum=0, maximum=1)
    with pytest.raises(ValueError, match="betas must be a number from 0 to 1, got 2"):
        check_pair("betas", (0.0, 2), minimum=0, maximum=1)


def test_check_same_length_names_both_lengths():
    check_same_length([1, 2], "ab")
    with pytest.raises(ValueError, match="X has 3 samples and y has 2 labels; pass exactly one label"):
        check_same_length([1, 2, 3], "ab")


def test_as_seed_keeps_ints_and_draws_from_generators():
    assert as_seed(7) == as_seed(np.int32(7)) == 7
    assert as_seed(np.random.default_rng(0)) == as_seed(np.random.default_rng(0))
    assert as_seed(np.random.RandomState(0)) == as_seed(np.random.RandomState(0))
    rng = np.random.default_rng(0)
    assert as_seed(rng) != as_seed(rng)


def test_as_seed_of_none_is_fresh_and_in_range():
    seeds = {as_seed(None) for _ in range(5)}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize("given", [-1, 2**63])
def test_as_seed_refuses_ints_out_of_range(given):
    with pytest.raises(ValueError, match=rf"random_state must be from 0 to 2\*\*63 - 1, got {given}"):
        as_seed(given)


@pytest.mark.parametrize("given", ["0", 1.5, True])
def test_as_seed_refuses_other_types(given):
    with pytest.raises(TypeError, match="random_state must be None, an int, a numpy Generator or a RandomState, got"):
        as_seed(given)


@pytest.mark.parametrize("form", [list, np.array, pd.Series, lambda y: np.array(y, dtype=object)])
@pytest.mark.parametrize("y", [[1.0, np.nan], ["a", None]])
def test_a_missing_label_is_named_with_what_to_do(y, form):
    with pytest.raises(ValueError, match=r"label of row 2 of y, counted from 1, is missing \((nan|None)\); do this\."):
        check_labels(form(y), "do this")
    check_labels(form(y[:1]))


@pytest.mark.parametrize(("dtype", "plain"), [("Int64", "int64"), ("UInt64", "uint64"), ("int64[pyarrow]", "int64")])
def test_nullable_labels_that_would_be_merged_are_refused(dtype, plain):
    y = pd.Series([2**53, 2**53 + 1, 5])
    with pytest.raises(ValueError, match=rf"y holds 9007199254740993, .* as floats.*; pass y\.astype\('{plain}'\)\."):
        check_labels(y.astype(dtype))
    check_labels(y.astype(plain))
    check_labels(y[::2].astype(dtype))


def test_numbers_in_an_array_of_objects_are_refused_with_what_to_do():
    y = np.array([0, 1], dtype=object)
    for form in (y, pd.Series(y)):
        with pytest.raises(
            ValueError, match=r"Unknown label type: y is of dtype object .* such as 0; pass y\.astype\(int\)"
        ):
            check_classes(form)
    check_classes(y.astype(int))
