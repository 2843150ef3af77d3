import numpy as np
import pytest

from ganaug.table_data.cells import convert_times


@pytest.mark.parametrize("unit", ["Y", "M", "D", "h", "s", "ms", "us"])
def test_times_keep_their_moment(unit):
    given = np.array(["1903", "2020", "NaT"], f"M8[{unit}]")
    found = convert_times(given, "ns")
    assert found.dtype == "M8[ns]"
    np.testing.assert_array_equal(found.astype(given.dtype), given)
    np.testing.assert_array_equal(convert_times(found, "s").astype(given.dtype), given)


@pytest.mark.parametrize("unit", ["Y", "D", "s", "us"])
def test_times_beyond_the_reach_become_the_farthest(unit):
    given = np.array(["1066", "1600", "2020", "2300", "9999", "NaT"], f"M8[{unit}]")
    found = convert_times(given, "ns")
    assert found.astype("M8[Y]").astype(str).tolist() == ["1677", "1677", "2020", "2262", "2262", "NaT"]
    # and stay there
    assert convert_times(found, "D").astype("M8[Y]").astype(str).tolist()[:2] == ["1677", "1677"]
    assert convert_times(found, "s").astype("M8[Y]").astype(str).tolist()[3:5] == ["2262", "2262"]


def test_durations_beyond_the_reach_become_the_farthest():
    given = np.array([1, 10**9, -(10**9)], "m8[D]")
    found = convert_times(given, "ns").astype("m8[D]").astype(int).tolist()
    assert found == [1, pytest.approx(106_751, abs=3), pytest.approx(-106_751, abs=3)]


def test_no_times_are_no_times():
    assert convert_times(np.array([], "M8[ns]"), "s").dtype == "M8[s]"
