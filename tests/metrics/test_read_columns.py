"""Reading tables of any kind column by column."""

import datetime

import numpy as np
import pandas as pd
import pytest
import torch
from _mixed_frames import mixed_frame

from ganaug.metrics import column_distances
from ganaug.metrics._columns import read_columns

FRAME, _ = mixed_frame(60)


def read(*tables, discrete_columns=None):
    return read_columns({f"table {i}": table for i, table in enumerate(tables)}, discrete_columns)


def test_a_mixed_frame_parts_into_numbers_and_categories_with_its_missing_values():
    (columns,) = read(FRAME)
    kinds = {column.name: column.is_category for column in columns}
    assert kinds == dict.fromkeys(["age", "income", "visits", "since"], False) | dict.fromkeys(
        ["active", "plan", "city"], True
    )
    for column in columns:
        np.testing.assert_array_equal(column.is_present, FRAME[column.name].notna().to_numpy())


def test_dates_count_microseconds_whatever_their_unit_and_zone():
    days = pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-03"]))
    frame = pd.DataFrame({"naive": days, "zoned": days.dt.tz_localize("UTC"), "wait": days - days[0]})
    (columns,) = read(frame)
    for column in columns:
        assert column.values[2] - column.values[0] == 2 * 86_400e6
        assert np.isnan(column.values[1])
    ((column,),) = read(np.array([["2020-01-01"], ["NaT"]], dtype="datetime64[s]"))
    np.testing.assert_array_equal(column.is_present, [True, False])


@pytest.mark.parametrize("as_frame", [True, False])
def test_object_columns_of_numbers_are_numbers_and_others_are_categories(as_frame):
    table = np.array([[1, "a", None], [2.5, None, True], [None, 3, False]], dtype=object)
    number, words, booleans = read(pd.DataFrame(table) if as_frame else table)[0]
    np.testing.assert_array_equal(number.values, [1.0, 2.5, np.nan])
    np.testing.assert_array_equal(words.values, [0, -1, 1])
    np.testing.assert_array_equal(booleans.values, [-1, 0, 1])


def test_categories_share_codes_between_tables_of_different_types():
    real = pd.DataFrame({"a": pd.Categorical(["x", "y", None], categories=["y", "x"])})
    fake = pd.DataFrame({"a": pd.array(["z", None, "y"], dtype="string")})
    ((a,), (b,)) = read(real, fake)
    assert a.values.tolist() == [0, 1, -1]
    assert b.values.tolist() == [2, -1, 1]
    assert a.n_categories == b.n_categories == 3


@pytest.mark.parametrize(
    "table",
    [
        np.array([["a", "b"]]),
        np.array([[True, False]]),
        [["a", None]],
        pd.DataFrame({"t": [datetime.timedelta(1)], "w": ["x"]}).iloc[:, 1:],
    ],
)
def test_words_and_booleans_are_categories(table):
    assert all(column.is_category for column in read(table)[0])


@pytest.mark.parametrize("table", [[[1, 2.0]], np.array([[1, 2]], np.uint8), torch.tensor([[1.0, 2.0]])])
def test_lists_arrays_and_tensors_of_numbers_are_numbers(table):
    assert [column.values.tolist() for column in read(table)[0]] == [[1.0], [2.0]]


@pytest.mark.parametrize("discrete", [["visits"], [2], [-5], np.array([2]), np.array([2, -5])])
def test_discrete_columns_are_named_or_counted(discrete):
    (columns,) = read(FRAME, discrete_columns=discrete)
    assert columns[2].is_category
    assert columns[2].n_categories == FRAME["visits"].nunique()


def test_columns_are_matched_by_name_not_by_place():
    reordered = FRAME[FRAME.columns[::-1]]
    assert all(distance.distance == 0.0 for distance in column_distances(FRAME, reordered))


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ((FRAME, FRAME.rename(columns={"age": "years"})), r"missing: \['age'\], extra: \['years'\]"),
        ((FRAME, FRAME.to_numpy()), r"extra: \[0, 1, .* both as DataFrames or both as arrays"),
        ((np.ones((2, 3)), np.ones((2, 2))), r"table 1 must have the columns of table 0; missing: \[2\], extra: none"),
        ((FRAME[["age", "age"]],), "table 0 has two columns named 'age'; rename one"),
        ((FRAME, FRAME[:0]), "table 1 must hold at least one row and one column, got 0 rows of 7 columns"),
        ((np.ones((2, 0)),), "got 2 rows of 0 columns"),
        ((np.ones(3),), r"table 0 must be two-dimensional, \(rows, columns\), got shape \(3,\)"),
        ((FRAME["age"],), r"table 0 must be two-dimensional, got one column; pass a DataFrame: X.to_frame\(\)"),
        (([[1.0], [2.0]], [[1.0], [np.inf]]), "Column 0 of table 1 holds infinity, first in row 2, counted from 1"),
        (([[1.0]], [["many"]]), "Column 0 of table 1 has dtype object and that of table 0 has object"),
        ((FRAME[["since"]], FRAME[["age"]].set_axis(["since"], axis=1)), "Column 'since' of table 1 has dtype float64"),
    ],
)
def test_tables_that_do_not_fit(tables, message):
    with pytest.raises(ValueError, match=message):
        read(*tables)


@pytest.mark.parametrize("dtype", ["datetime64[us, UTC]", "timestamp[us, tz=UTC][pyarrow]"])
def test_times_with_a_zone_do_not_stand_against_times_without(dtype):
    naive = pd.DataFrame({"at": pd.date_range("2024-01-01", periods=3, unit="us")})
    zoned = naive.apply(lambda times: times.dt.tz_localize("UTC").astype(dtype))
    for tables, with_zone, without in (((naive, zoned), 1, 0), ((zoned, naive), 0, 1)):
        message = (
            f"Column 'at' of table {with_zone} holds .* UTC and that of table {without} times without a zone; give"
        )
        with pytest.raises(ValueError, match=message):
            read(*tables)


def test_times_of_two_zones_are_compared_as_instants():
    paris = pd.DataFrame({"at": pd.date_range("2024-01-01", periods=3, tz="Europe/Paris")})
    (one,), (other,) = read(paris, paris.apply(lambda times: times.dt.tz_convert("UTC")))
    np.testing.assert_array_equal(one.values, other.values)


def test_discrete_columns_that_do_not_fit():
    with pytest.raises(ValueError, match=r"discrete_columns holds 'agee', which is no column; choose from \['age'"):
        read(FRAME, discrete_columns=["agee"])
    with pytest.raises(TypeError, match="discrete_columns must be a list of columns, got the string 'age'"):
        read(FRAME, discrete_columns="age")


TEXTS = pd.Series(["1", None])


@pytest.mark.parametrize(
    "sides",
    [
        (TEXTS, pd.Series([1, 2])),
        (TEXTS, pd.Series([True, None], dtype=object)),
        (TEXTS, pd.Categorical([1, 2])),
        (pd.Categorical([1, 2]), TEXTS),
    ],
)
def test_texts_against_other_categories_are_refused(sides):
    tables = [pd.DataFrame({"a": side}) for side in sides]
    with pytest.raises(ValueError, match=r"'a' of table \d holds texts and that of table \d has dtype .* convert one"):
        read(*tables)


def test_mixed_columns_and_empty_ones_may_stand_against_texts():
    texts = pd.DataFrame({"a": ["1", "x"]}, dtype=object)
    for other in ([1, "x"], [None, None]):
        first, second = read(texts, pd.DataFrame({"a": other}, dtype=object))
        assert first[0].n_categories == second[0].n_categories
