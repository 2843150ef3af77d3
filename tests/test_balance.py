import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganaug.balance import balance_file, split_target
from ganaug.table_files import read_table


class Repeater:
    """A sampler that repeats the last row of the rarest class until it is as large as the largest."""

    def fit_resample(self, X, y):
        labels, counts = np.unique(y, return_counts=True)
        rare, n = labels[counts.argmin()], counts.max() - counts.min()
        row = np.flatnonzero(y == rare)[-1]
        self.columns = list(X.columns)
        self.source_ = np.array(["real"] * len(y) + ["duplicate"] * n)
        return pd.concat([X, X.iloc[[row] * n]], ignore_index=True), np.concatenate([y, [rare] * n])


@pytest.fixture
def write(tmp_path):
    def put(text, name="data.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return put


TEXT = "id,y,x\n1,no,0.50\n2,no,0.25\n3,yes,0.75\n4,no,1.00\n"


def test_originals_stay_and_new_rows_follow(write, tmp_path):
    done = balance_file(write(TEXT), "y", tmp_path / "out.csv", Repeater(), id_columns=["id"])
    assert (tmp_path / "out.csv").read_text() == TEXT + ",yes,0.75\n" * 2
    assert str(done) == f"no: 3 -> 3, yes: 1 -> 3 rows (2 duplicate); wrote {tmp_path / 'out.csv'}."
    assert (done.before, done.after, done.sources) == ({"no": 3, "yes": 1}, {"no": 3, "yes": 3}, {"duplicate": 2})


def test_balanced_tables_are_copied(write, tmp_path):
    text = "x,y\n1,a\n2,b\n"
    done = balance_file(write(text), "y", tmp_path / "out.csv", Repeater())
    assert (tmp_path / "out.csv").read_text() == text
    assert "nothing to add" in str(done)


def test_the_sampler_sees_neither_target_nor_identifiers_nor_index(tmp_path):
    frame = pd.DataFrame({"id": [1, 2, 3], "x": [1, 2, 3], "y": [True, False, False]}, index=[4, 8, 9])
    frame.to_parquet(tmp_path / "a.parquet")
    sampler = Repeater()
    balance_file(tmp_path / "a.parquet", "y", tmp_path / "b.parquet", sampler, id_columns=["id"], mark=True)
    assert sampler.columns == ["x"]
    last = pd.read_parquet(tmp_path / "b.parquet").iloc[-1]
    assert (last["x"], last["y"], last["synthetic"]) == (1, True, True)
    assert pd.isna(last["id"])


def test_many_classes_are_summed_up(write, tmp_path):
    text = "x,y\n" + "".join(f"{i},c{i % 25:02d}\n" for i in range(251))
    done = balance_file(write(text), "y", tmp_path / "out.csv", Repeater())
    assert "c19: 10 -> 10, 5 more classes rows (1 duplicate)" in str(done)


@pytest.mark.parametrize(
    "values", [["0.5", "1.0", "1.5"], ["1.0", "2.0"], ["1", "2"], ["a", "b"], ["2024-01-01", "2024-01-02"]]
)
def test_targets_of_any_kind_are_written_as_they_came(write, tmp_path, values):
    text = "x,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate([*values, values[0]]))
    balance_file(write(text), "y", tmp_path / "out.csv", Repeater())
    frame = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert set(frame["y"]) == set(values)
    assert len(frame) > len(values) + 1


def test_categorical_targets_are_their_categories(tmp_path):
    frame = pd.DataFrame({"x": [1, 2, 3], "y": pd.Categorical(["a", "b", "b"])})
    frame.to_parquet(tmp_path / "a.parquet")
    _, y = split_target(read_table(tmp_path / "a.parquet"), "y")
    assert y.tolist() == ["a", "b", "b"]


def _rows(cells):
    return "x,y\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_rows(["a"] * 3), "has one class only, a; balancing takes two or more"),
        (
            _rows(["a", "", "b", ""]),
            "no value in 2 of 4 rows, the first in row 2, counted from 1; fill them in",
        ),
        (_rows([f"{i / 7:.3f}" for i in range(30)]), "'y' of .* is continuous: 30 distinct values in 30 rows"),
        (_rows(range(30)), "does not look like classes: 30 distinct values in 30 rows; pass a column of classes"),
        (_rows([f"name {i}" for i in range(30)]), "does not look like classes"),
        ("y\na\nb\n", "has no columns besides 'y' and identifiers; there is nothing to learn"),
        ("x,Y\n1,a\n2,b\n", "has no column 'y'; its columns are 'x', 'Y'"),
    ],
)
def test_tables_that_cannot_be_balanced_are_refused(write, tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        balance_file(write(text), "y", tmp_path / "out.csv", Repeater())
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_columns_are_checked(write, tmp_path):
    path = write(TEXT)
    with pytest.raises(ValueError, match=r"has no column 'idd'.* Did you mean 'id'"):
        balance_file(path, "y", tmp_path / "out.csv", Repeater(), id_columns=["idd"])
    with pytest.raises(ValueError, match="'y' is given both as the target and among id_columns"):
        balance_file(path, "y", tmp_path / "out.csv", Repeater(), id_columns=["y"])


def test_what_cannot_be_written_is_found_out_before_training(write, tmp_path):
    path = write("x,y,synthetic\n1,a,2\n2,b,3\n")
    for out, options, error, message in [
        (path, {"overwrite": True}, ValueError, "both input and output"),
        (write("old", "old.csv"), {}, FileExistsError, "exists; choose another path"),
        (tmp_path / "out.csv", {"mark": True}, ValueError, "already has a column 'synthetic'"),
    ]:
        with pytest.raises(error, match=message):
            balance_file(path, "y", out, None, **options)  # A sampler that is used would fail otherwise.


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["2024-01-01", "2024-02-01"], ["2024-01-01", "2024-02-01"]),
        (["0.50", "1"], ["0.50", "1"]),
        (["+1", "-1"], [1, -1]),
        (["yes", " no"], ["yes", " no"]),
    ],
)
def test_classes_are_named_and_written_as_they_are_spelled(cells, names, write, tmp_path):
    path = write("x,y\n" + "".join(f"{i},{cells[int(i > 5)]}\n" for i in range(8)))
    table = read_table(path, spelled_columns=["y"])
    assert dict.fromkeys(split_target(table, "y")[1].tolist()) == dict.fromkeys(names)
    balance_file(path, "y", tmp_path / "out.csv", Repeater())
    assert (tmp_path / "out.csv").read_text() == path.read_text() + f"7,{cells[1]}\n" * 4


def test_one_class_of_several_spellings_goes_by_the_first(write):
    table = read_table(write("x,y\n1,0.50\n2,.5\n3,1.5\n"), spelled_columns=["y"])
    assert split_target(table, "y")[1].tolist() == ["0.50", "0.50", "1.5"]


def test_dates_of_parquet_are_classes_by_their_shortest_names(tmp_path):
    days = pd.to_datetime(["2024-01-01", "2024-01-02"] * 3)
    pd.DataFrame({"x": range(6), "y": days, "z": np.float32(0.1)}).to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert set(split_target(table, "y")[1]) == {"2024-01-01", "2024-01-02"}
    assert set(split_target(table, "z")[1]) == {"0.1"}


IDENTIFIERS = {
    "date": pa.array([datetime.date(2024, 1, 1)] * 4),
    "zoned": pa.array([datetime.datetime(2024, 1, 1)] * 4, pa.timestamp("us", "Europe/Berlin")),
    "duration": pa.array([datetime.timedelta(1)] * 4),
    "categories": pa.array(["a", "b"] * 2).dictionary_encode(),
    "bytes": pa.array([b"x"] * 4),
    "fixed bytes": pa.array([b"xy"] * 4, pa.binary(2)),
    "list": pa.array([[1]] * 4),
    "struct": pa.array([{"a": 1}] * 4),
}


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_identifiers_of_any_type_are_missing_in_new_rows(kind, tmp_path):
    cells = IDENTIFIERS[kind]
    pq.write_table(pa.table({"id": cells, "x": range(4), "y": list("aaab")}), tmp_path / "a.parquet")
    balance_file(tmp_path / "a.parquet", "y", tmp_path / "b.parquet", Repeater(), id_columns=["id"])
    written = pq.read_table(tmp_path / "b.parquet")["id"]
    assert written.type == cells.type
    assert written.to_pylist() == [*cells.to_pylist(), None, None]


def test_an_index_of_dates_is_missing_in_new_rows(tmp_path):
    index = pd.date_range("2024-01-01", periods=4, name="day")
    pd.DataFrame({"x": range(4), "y": list("aaab")}, index=index).to_parquet(tmp_path / "a.parquet")
    balance_file(tmp_path / "a.parquet", "y", tmp_path / "b.parquet", Repeater())
    written = pd.read_parquet(tmp_path / "b.parquet").index
    assert written[:4].tolist() == index.tolist()
    assert written[4:].isna().all()


def test_identifiers_that_must_not_be_missing_are_refused_before_sampling(tmp_path):
    fields = [pa.field("id", pa.int64(), nullable=False), pa.field("x", pa.int64()), pa.field("y", pa.string())]
    columns = [pa.array(range(4)), pa.array(range(4)), pa.array(list("aaab"))]
    pq.write_table(pa.table(columns, schema=pa.schema(fields)), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"Column 'id' of .* must have a value in each row .* or write a CSV file"):
        balance_file(tmp_path / "a.parquet", "y", tmp_path / "b.parquet", object(), id_columns=["id"])
    balance_file(tmp_path / "a.parquet", "y", tmp_path / "b.csv", Repeater(), id_columns=["id"])
    assert (tmp_path / "b.csv").read_text().endswith("\n,3,b\n,3,b\n")


@pytest.mark.filterwarnings("error")
def test_wide_tables_give_no_warning(write, tmp_path):
    names = [f"x{i}" for i in range(130)]
    path = write(",".join([*names, "y"]) + "\n" + "".join(f"{'1,' * 130}{label}\n" for label in "aab"))
    balance_file(path, "y", tmp_path / "out.csv", Repeater())


def test_large_integers_that_new_rows_lack_are_read_as_they_were(tmp_path):
    ids = [2**53 + 1 + 2 * i for i in range(4)]
    pd.DataFrame({"id": ids, "x": range(4), "y": list("aaab")}).to_parquet(tmp_path / "a.parquet")
    balance_file(tmp_path / "a.parquet", "y", tmp_path / "b.parquet", Repeater(), id_columns=["id"])
    read = pd.read_parquet(tmp_path / "b.parquet")["id"]
    assert read.dtype == "Int64"
    assert read.tolist()[:4] == ids
    assert read[4:].isna().all()
