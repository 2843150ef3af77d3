"""Numeric columns: ranges, granularity, atoms, tails and missing rates."""

import decimal

import numpy as np
import pandas as pd
import pyarrow
import pytest

from ganaug.blocks import Block
from ganaug.exceptions import GanaugWarning
from ganaug.table_data import TableCodec
from ganaug.table_data.scaling import Quantile, Standard

RNG = np.random.default_rng(0)


def fit_column(values, **arguments):
    codec = TableCodec.fit(pd.DataFrame({"x": values}), **arguments)
    return codec, codec.columns[0]


def decode_normal(codec, n=4000, scale=1.0):
    """Decode standard normal numbers; for columns of a single number block."""
    assert codec.blocks == (Block(1),)
    return codec.decode(np.random.default_rng(1).normal(scale=scale, size=(n, 1)).astype("float32"))["x"]


def test_well_behaved_column_is_standardised():
    values = RNG.normal(30, 4, 1000)
    codec, column = fit_column(values)
    assert isinstance(column.scaling, Standard)
    expected = (values - values.mean()) / values.std()
    np.testing.assert_allclose(codec.encode(pd.DataFrame({"x": values}))[:, 0], expected, atol=1e-5)


@pytest.mark.parametrize(
    "values",
    [RNG.lognormal(0, 2, 3000), RNG.standard_t(2, 3000), -RNG.exponential(size=3000), RNG.pareto(1.5, 3000) * 1e6],
    ids=["lognormal", "student", "exponential", "pareto"],
)
def test_heavy_tailed_column_becomes_standard_normal(values):
    X = pd.DataFrame({"x": values})
    codec, column = fit_column(values)
    assert isinstance(column.scaling, Quantile)
    z = codec.encode(X)[:, 0]
    assert abs(z.mean()) < 0.05
    assert abs(z.std() - 1) < 0.05
    assert np.abs(z).max() < 5
    pd.testing.assert_frame_equal(codec.decode(codec.encode(X)), X, rtol=1e-3)
    drawn = decode_normal(codec)
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    np.testing.assert_allclose([(drawn < np.quantile(values, share)).mean() for share in shares], shares, atol=0.03)


def test_scaling_is_monotone_and_undone_where_values_repeat():
    values = np.sort(np.concatenate([RNG.lognormal(0, 2, 200), np.full(80, 3.0)]))
    scaling = Quantile.fit(values)
    z = scaling.encode(values)
    assert (np.diff(z) >= 0).all()
    np.testing.assert_allclose(scaling.decode(z), values, rtol=1e-9)


def test_decoded_numbers_stay_in_the_seen_range():
    values = RNG.normal(size=300)
    drawn = decode_normal(fit_column(values)[0], scale=10)
    assert drawn.min() == values.min()
    assert drawn.max() == values.max()


@pytest.mark.parametrize(
    "values",
    [
        RNG.random(2000),
        RNG.integers(17, 91, 2000),
        np.round(RNG.random(2000), 2),
        pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 365, 2000), unit="D"),
    ],
    ids=["floats", "integers", "decimals", "dates"],
)
def test_none_pile_up_at_an_end_where_none_are_seen(values):
    codec, column = fit_column(values)
    assert column.walls == (False, False)
    blurred = codec.encode(pd.DataFrame({"x": values})) + RNG.normal(scale=0.2, size=(2000, 1)).astype("float32")
    drawn = codec.decode(blurred)["x"]
    assert drawn.min() >= values.min()
    assert drawn.max() <= values.max()
    for end in (values.min(), values.max()):
        assert (drawn == end).mean() <= (values == end).mean() + 0.01
    tenths = (drawn - values.min()) / (values.max() - values.min())
    shares = np.histogram(tenths, bins=10, range=(0, 1))[0] / 2000
    np.testing.assert_allclose(shares, 0.1, atol=0.03)  # Nor are the ends emptier than the rest.


def test_values_pile_up_at_an_end_where_they_are_seen_to():
    values = np.minimum(RNG.normal(size=2000), 1.9)
    codec, column = fit_column(values)
    assert column.walls == (False, True)
    blurred = codec.encode(pd.DataFrame({"x": values})) + RNG.normal(scale=0.2, size=(2000, 1)).astype("float32")
    assert (codec.decode(blurred)["x"] == 1.9).mean() > 0.01


def test_a_number_far_beyond_an_end_is_clipped():
    codec, _ = fit_column(np.linspace(0, 1, 500))
    drawn = codec.decode(np.array([[-100], [100]], np.float32))["x"]
    assert drawn.tolist() == [0, 1]


def test_integers_stay_integers():
    drawn = decode_normal(fit_column(RNG.integers(-500, 500, 400))[0])
    assert drawn.dtype == np.int64
    assert drawn.nunique() > 400


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (np.round(RNG.normal(size=400), 2), 0.01),
        (RNG.integers(0, 400, 400) * 0.25, 0.25),
        (RNG.integers(0, 400, 400) * 100.0, 100),
        (RNG.integers(0, 400, 400) * 50, 50),
        (np.round(RNG.normal(size=400), 2).astype("float32"), 0.01),
    ],
    ids=["two decimals", "quarters", "float hundreds", "integer fifties", "float32 decimals"],
)
def test_numbers_keep_their_common_granularity(values, unit):
    drawn = decode_normal(fit_column(values)[0]).astype(float)
    np.testing.assert_allclose(drawn / unit, np.rint(drawn / unit), atol=1e-4)
    assert drawn.dtype == float
    assert drawn.nunique() > 100


def test_decimals_are_the_exact_floats_of_the_training_data():
    values = np.round(RNG.normal(size=400), 2)
    drawn = decode_normal(fit_column(values)[0])
    assert (drawn == drawn.round(2)).all()


def test_dates_stay_whole_days_also_in_a_short_table():
    days = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta([0, 7, 21, 70, 140], unit="D"))
    drawn = decode_normal(fit_column(days)[0])
    assert drawn.dtype == days.dtype
    assert (drawn == drawn.dt.normalize()).all()
    assert drawn.nunique() > 100


def test_a_few_continuous_values_are_not_taken_for_all_there_are():
    values = RNG.normal(size=8)
    assert decode_normal(fit_column(values)[0]).nunique() > 100


def test_few_repeated_values_are_snapped_to():
    values = RNG.choice([0.5, 1.25, 7.0, np.pi], 200)
    assert set(decode_normal(fit_column(values)[0])) == set(values)
    integers = RNG.choice([1, 2, 5, 40], 200)
    assert set(decode_normal(fit_column(integers)[0])) == set(integers)


def test_two_repeated_values_are_a_category():
    codec, column = fit_column(np.array([3.5, 9.0] * 20))
    assert codec.blocks == (Block(2),)
    assert column.scaling is None
    assert codec.decode(np.array([[0.0], [1.0]], "float32"))["x"].tolist() == [3.5, 9.0]


def test_frequent_zero_is_a_category_beside_the_number():
    values = np.where(RNG.random(4000) < 0.92, 0, np.round(RNG.lognormal(8, 1, 4000))).astype(int)
    X = pd.DataFrame({"x": values})
    codec, column = fit_column(values)
    assert column.atoms == (0.0,)
    assert codec.blocks == (Block(2), Block(1))
    compact = codec.encode(X)
    np.testing.assert_array_equal(compact[:, 0] == 1, values == 0)
    continuous = compact[values > 0, 1]
    assert abs(continuous.mean()) < 0.1
    assert abs(continuous.std() - 1) < 0.1
    pd.testing.assert_frame_equal(codec.decode(compact), X)


def test_heaped_values_are_atoms_but_the_mode_of_a_binned_normal_is_not():
    hours = np.where(RNG.random(2000) < 0.5, 40, RNG.integers(1, 99, 2000))
    binned = np.rint(RNG.normal(50, 4, 2000)).astype(int)
    hours_column, binned_column = fit_column(hours)[1], fit_column(binned)[1]
    assert [atom + hours.min() for atom in hours_column.atoms] == [40]
    assert binned_column.atoms == ()


def test_atoms_of_real_numbers_are_found():
    values = np.where(RNG.random(500) < 0.4, np.pi, RNG.normal(size=500))
    assert fit_column(values)[1].atoms == (np.pi,)


def test_missing_rate_is_a_category_of_its_own():
    values = np.where(RNG.random(1000) < 0.3, np.nan, RNG.normal(size=1000))
    codec, _ = fit_column(values)
    assert codec.blocks == (Block(2), Block(1))
    compact = codec.encode(pd.DataFrame({"x": values}))
    np.testing.assert_array_equal(compact[:, 0], np.isnan(values))
    assert (compact[np.isnan(values), 1] == 0).all()


def test_atoms_and_missing_values_share_one_block():
    values = np.where(RNG.random(1000) < 0.3, np.nan, np.where(RNG.random(1000) < 0.5, 0, RNG.normal(size=1000)))
    codec, _ = fit_column(values)
    assert codec.blocks == (Block(3), Block(1))
    decoded = codec.decode(np.array([[0, 0.5], [1, 0.5], [2, 0.5]], "float32"))["x"]
    assert decoded[0] not in (0, np.nan)
    assert decoded[1] == 0
    assert np.isnan(decoded[2])


def test_constant_number_takes_any_value_at_use():
    codec, column = fit_column(np.full(20, 7))
    assert codec.blocks == ()
    assert column.n_features == 0
    compact = codec.encode(pd.DataFrame({"x": [7, 8]}))
    assert compact.shape == (2, 0)
    assert codec.decode(compact)["x"].tolist() == [7, 7]


def test_values_outside_the_seen_range_are_encoded():
    codec, _ = fit_column(3 * np.arange(100))
    z = codec.encode(pd.DataFrame({"x": [-100, 0, 297, 900]}))[:, 0]
    assert (np.diff(z) > 0).all()


def test_integers_that_come_back_as_floats_are_read():
    X = pd.DataFrame({"x": [1, 4, None, 9, 25, 36, 49]}, dtype="Int64")
    codec = TableCodec.fit(X)
    np.testing.assert_array_equal(codec.encode(X.astype(float)), codec.encode(X))


def test_times_of_another_resolution_are_read():
    days = pd.date_range("2020-01-01", periods=30)
    X = pd.DataFrame({"x": days.astype("datetime64[ns]")})
    codec = TableCodec.fit(X)
    np.testing.assert_array_equal(codec.encode(pd.DataFrame({"x": days.astype("datetime64[s]")})), codec.encode(X))


def test_64_bit_integers_do_not_overflow():
    values = np.array([-(2**63), 0, 2**63 - 1] * 3)
    codec, _ = fit_column(values)
    decoded = codec.decode(codec.encode(pd.DataFrame({"x": values})))["x"]
    np.testing.assert_allclose(decoded.astype(float), values.astype(float), atol=2.0**42)
    assert decoded.max() == 2**63 - 1


@pytest.mark.parametrize("first", [0, 10**12])
def test_integers_that_number_the_rows_are_warned_of(first):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"id": first + rng.permutation(120)[:100], "n": rng.integers(0, 120, 100), "x": rng.normal(size=100)}
    )
    with pytest.warns(GanaugWarning, match=r"Another integer in each row, as identifiers are, is in Column 'id'\. "):
        TableCodec.fit(X)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "values",
    [
        np.arange(49),
        7 * np.arange(100),
        np.arange(100) // 2,
        np.arange(100.0),
        pd.date_range("2024-01-01", periods=100),
        pd.Categorical(np.arange(60)),
    ],
    ids=["few", "far apart", "repeated", "floats", "days", "categories"],
)
def test_other_columns_are_no_identifiers(values):
    TableCodec.fit(pd.DataFrame({"x": values}))


MONEY = [decimal.Decimal(f"{cents}.{cents % 100:02}") for cents in range(100)]
DAYS = pd.date_range("2024-01-01", periods=100)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("values", "plain"),
    [
        (pd.Series(MONEY, dtype=object), pd.Series(MONEY, dtype=object).astype(float)),
        (pd.Series(MONEY, dtype=pd.ArrowDtype(pyarrow.decimal128(9, 2))), pd.Series(MONEY, dtype=object).astype(float)),
        (pd.Series(DAYS.date, dtype=object), DAYS),
        (pd.Series(DAYS.to_pydatetime(), dtype=object), DAYS),
        (pd.Series(list(DAYS), dtype=object), DAYS),
        (pd.Series(DAYS.to_period("D")), DAYS),
    ],
    ids=["decimals", "Arrow decimals", "dates", "times", "timestamps", "periods"],
)
def test_objects_that_stand_for_numbers_or_times_are_such(values, plain):
    """A database gives money and days so; as categories they would be of no use."""
    X = pd.DataFrame({"x": values})
    features = TableCodec.fit(pd.DataFrame({"x": plain})).features(pd.DataFrame({"x": plain}))
    assert features.shape == (100, 1)
    np.testing.assert_allclose(TableCodec.fit(X).features(X), features, rtol=1e-6)
    assert TableCodec.fit(X, discrete_columns=["x"], max_categories=100).features(X).shape == (100, 100)


@pytest.mark.parametrize("seen", [DAYS, DAYS.date, DAYS.astype("datetime64[ns]"), list(DAYS)])
@pytest.mark.parametrize("given", [DAYS, DAYS.date, DAYS.astype("datetime64[s]"), list(DAYS)])
def test_dates_and_times_are_read_as_the_other(seen, given):
    seen, given = (pd.DataFrame({"x": pd.Series(part, dtype=getattr(part, "dtype", object))}) for part in (seen, given))
    codec = TableCodec.fit(seen)
    np.testing.assert_array_equal(codec.encode(given), codec.encode(seen))


def test_objects_of_arrays_may_be_decimals_and_dates():
    X = np.array([MONEY, DAYS.date], dtype=object).T
    codec = TableCodec.fit(X)
    assert [block.size for block in codec.blocks] == [1, 1]
    assert codec.decode(codec.encode(X)).tolist() == X.tolist()


def test_periods_of_another_frequency_are_refused():
    codec = TableCodec.fit(pd.DataFrame({"x": DAYS.to_period("D")}))
    with pytest.raises(TypeError, match=r"'x' of X holds period\[W-SUN\], such as .*, but held period\[D\]"):
        codec.encode(pd.DataFrame({"x": DAYS.to_period("W")}))


@pytest.mark.parametrize("far", [-(2**63), -(2**62)])
def test_small_integers_survive_beside_one_that_is_far_below(far):
    values = np.where(np.arange(300) % 10 == 0, far, np.arange(300) % 7)
    codec, _ = fit_column(values)
    decoded = codec.decode(codec.encode(pd.DataFrame({"x": values})))["x"]
    np.testing.assert_array_equal(decoded, values)
    assert decoded.dtype == np.int64
