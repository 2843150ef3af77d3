import json

import numpy as np
import pandas as pd
import pytest

from ganaug.table_data import TableCodec

STATES = {"Ulm": "BW", "Bonn": "NRW", "Köln": "NRW", "Kiel": "SH", "Husum": "SH"}


def make_frame(n=200, seed=0):
    """Return cities, what follows from them in columns of several types, and a column that does not."""
    rng = np.random.default_rng(seed)
    cities = pd.Series(rng.choice(list(STATES), n))
    areas = {"Ulm": 118.69, "Bonn": 141.1, "Köln": 405.01, "Kiel": None, "Husum": 25.8}
    codes = {"Ulm": 7, "Bonn": 1, "Köln": 4, "Kiel": 90, "Husum": 4}
    days = {**dict.fromkeys(STATES, "1900-01-01"), "Ulm": "1854-07-22"}
    return pd.DataFrame(
        {
            "state": cities.map(STATES),
            "number": rng.normal(size=n),
            "city": cities,
            "area": cities.map(areas),
            "code": cities.map(codes),
            "founded": pd.to_datetime(cities.map(days)),
        }
    )


def sources(codec):
    return {codec.feature_names[own.column]: codec.feature_names[own.source] for own in codec.dependencies}


def test_columns_of_any_type_follow_from_a_category():
    codec = TableCodec.fit(make_frame())
    assert sources(codec) == dict.fromkeys(["state", "area", "code", "founded"], "city")
    assert [block.size for block in codec.blocks] == [1, 5]


def test_they_are_not_in_compact_rows_and_come_back_exactly():
    X = make_frame()
    codec = TableCodec.fit(X)
    compact = codec.encode(X)
    assert compact.shape == (200, 2)
    pd.testing.assert_frame_equal(codec.decode(compact).drop(columns="number"), X.drop(columns="number"))


def test_any_row_that_is_decoded_keeps_to_them():
    codec = TableCodec.fit(make_frame())
    rows = np.column_stack([np.zeros(100), np.random.default_rng(1).integers(5, size=100)]).astype(np.float32)
    X = codec.decode(rows)
    assert [STATES[city] for city in X["city"]] == X["state"].tolist()
    assert X.loc[X["city"] == "Kiel", "area"].isna().all()
    assert X.loc[X["city"] != "Kiel", "area"].notna().all()


def test_features_still_have_all_columns():
    X = make_frame()
    assert TableCodec.fit(X).features(X).shape == (200, 3 + 1 + 5 + 2 + 1 + 1)


def test_what_follows_must_still_be_known_values():
    X = make_frame()
    codec = TableCodec.fit(X)
    with pytest.raises(ValueError, match="'state' of X holds the category 'Bavaria'"):
        codec.encode(X.assign(state="Bavaria"))


def test_of_columns_that_follow_from_each_other_the_first_is_kept():
    X = make_frame()[["number", "city"]].assign(again=lambda X: X["city"].str.lower())
    assert sources(TableCodec.fit(X)) == {"again": "city"}
    assert sources(TableCodec.fit(X[["again", "city", "number"]])) == {"city": "again"}


def test_chains_follow_from_the_finest():
    X = make_frame()[["state", "city", "number"]]
    X["street"] = X["city"] + (X.index % 2).astype(str)
    assert sources(TableCodec.fit(X)) == {"state": "street", "city": "street"}


def test_one_row_that_differs_is_enough():
    X = make_frame()
    X.loc[199, "state"] = "BW" if X.loc[199, "state"] != "BW" else "SH"
    assert "state" not in sources(TableCodec.fit(X))


@pytest.mark.parametrize("n", [300, 2000])
def test_chance_is_no_dependency(n):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"many": rng.permutation(n) % 60, "flag": np.arange(n) == 0}).astype({"many": str})
    assert TableCodec.fit(X).dependencies == ()  # the flag's one row does not follow
    few = pd.DataFrame({"many": [f"{i}" for i in range(20)], "letter": list("ab") * 10})
    assert TableCodec.fit(few).dependencies == ()  # each category has one row: of course they agree


@pytest.mark.filterwarnings("ignore::ganaug.exceptions.GanaugWarning")
def test_folded_categories_take_no_part():
    X = make_frame()
    assert sources(TableCodec.fit(X, max_categories=4)) == {"founded": "state"}


def test_codes_among_numbers_are_sources_if_they_are_said_to_be_categories():
    X = make_frame()[["code", "number"]].assign(name=lambda X: X["code"] * 10)
    assert TableCodec.fit(X).dependencies == ()
    assert sources(TableCodec.fit(X, discrete_columns=["code"])) == {"name": "code"}


def test_they_are_saved():
    X = make_frame()
    codec = TableCodec.fit(X)
    loaded = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    assert loaded.dependencies == codec.dependencies
    pd.testing.assert_frame_equal(loaded.decode(codec.encode(X)), codec.decode(codec.encode(X)))


def test_a_table_without_any_is_saved_as_before():
    values = TableCodec.fit(make_frame()[["number", "city"]]).to_dict()
    assert set(values) == {"form", "columns"}
    assert TableCodec.from_dict(values).dependencies == ()


def test_numbers_come_back_bit_for_bit():
    rng = np.random.default_rng(0)
    places, values = rng.integers(60, size=2000), rng.exponential(size=60) ** 9
    X = pd.DataFrame({"place": places.astype(str), "value": values[places], "other": rng.normal(size=2000)})
    codec = TableCodec.fit(X)
    assert sources(codec) == {"value": "place"}
    assert codec.decode(codec.encode(X))["value"].equals(X["value"])
    large = X.assign(value=(2**62 + np.arange(60))[places])
    assert TableCodec.fit(large).decode(codec.encode(X))["value"].equals(large["value"])


def test_repeated_rows_are_no_evidence():
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"name": [f"n{i}" for i in range(50)], "age": rng.normal(size=50), "sex": list("mf") * 25})
    assert TableCodec.fit(pd.concat([people] * 4)).dependencies == ()
    visits = pd.concat([people.assign(weight=rng.normal(size=50)) for _ in range(4)])
    assert sources(TableCodec.fit(visits)) == {"age": "name", "sex": "name"}


def test_rare_flags_cost_nothing_and_follow_from_nothing():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((3000, 60)) < 0.002)
    assert TableCodec.fit(X).dependencies == ()
