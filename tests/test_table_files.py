import csv
import datetime
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from ganaug.table_files import check_columns, check_table_output, read_table, write_appended, write_table
from ganaug.table_files import csv_lines as lines_module

TEXT = 'id,name,score\r\n007,"Ann, B.",1.50\r\n008,"two\r\nlines",\r\n'


@pytest.fixture
def write(tmp_path):
    """Return a function that writes text or bytes to a file and returns its path."""

    def put(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


# How columns are read


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        (["1", "-2"], "int64", [1, -2]),
        (["1", "", "NA"], "Int64", [1, None, None]),
        (["1", "2.5", "?"], "float64", [1, 2.5, None]),
        (["1e3", " 2 "], "float64", [1000, 2]),
        (["007", "12"], "str", ["007", "12"]),
        (["-01", "12"], "str", ["-01", "12"]),
        (["+49103", "+49104"], "str", ["+49103", "+49104"]),
        (["+3", "-2"], "int64", [3, -2]),
        (["12345678901234567890", "1"], "str", ["12345678901234567890", "1"]),
        (["true", "", "NA"], "str", ["true", None, "NA"]),
        (["", ""], "str", [None, None]),
        (["2024-01-31", ""], "datetime", [pd.Timestamp("2024-01-31"), None]),
        (
            ["2024-01-31 10:00:00", "2024-02-01 00:00:00"],
            "datetime",
            [pd.Timestamp(2024, 1, 31, 10), pd.Timestamp(2024, 2, 1)],
        ),
        (
            ["2024-01-31T10:00", "2024-02-01T00:00"],
            "datetime",
            [pd.Timestamp(2024, 1, 31, 10), pd.Timestamp(2024, 2, 1)],
        ),
        (["2024-01-31T10:00:00.250Z", "NA"], "datetime", [pd.Timestamp("2024-01-31 10:00:00.250"), None]),
        (["2024-01-31 10:00", "2024-02-01T00:00"], "str", ["2024-01-31 10:00", "2024-02-01T00:00"]),
        (["2024-01-31T10:00:00+02:00"], "str", ["2024-01-31T10:00:00+02:00"]),
        (["2024-13-31", "2024-01-01"], "str", ["2024-13-31", "2024-01-01"]),
        (["31/01/2024", "01/02/2024"], "str", ["31/01/2024", "01/02/2024"]),
    ],
)
def test_columns_are_numbers_dates_or_text(write, cells, dtype, values):
    column = read_table(write("a,b\n" + "".join(f"{cell},x\n" for cell in cells))).frame["a"]
    assert pd.api.types.is_string_dtype(column) if dtype == "str" else column.dtype.name.startswith(dtype)
    assert [None if pd.isna(value) else value for value in column] == values


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,5", "-2", "NA"], [1.5, -2, None]),
        ([",5", "+1,25"], [0.5, 1.25]),
        (["1,234,567", "1,5"], ["1,234,567", "1,5"]),
        (["1.234,5", "1,5"], ["1.234,5", "1,5"]),
        (["0,5", "007"], ["0,5", "007"]),
    ],
)
def test_decimal_commas_are_read_where_no_comma_separates(write, cells, values):
    column = read_table(write("a;b\n" + "".join(f"{cell};x\n" for cell in cells)), separator=";").frame["a"]
    assert [None if pd.isna(value) else value for value in column] == values
    quoted = read_table(write("a,b\n" + "".join(f'"{cell}",x\n' for cell in cells))).frame["a"]
    assert pd.api.types.is_string_dtype(quoted)


def test_columns_named_as_text_stay_text(write):
    frame = read_table(write("a,b\n1,\n2,4\n"), text_columns=["b"]).frame
    assert frame["b"].tolist()[1] == "4"
    assert frame["b"].isna().tolist() == [True, False]


def test_fields_may_hold_separators_and_line_ends(write):
    frame = read_table(write(TEXT)).frame
    assert frame["name"].tolist() == ["Ann, B.", "two\r\nlines"]
    assert frame["score"].tolist()[0] == 1.5


@pytest.mark.parametrize(("name", "separator"), [("a.tsv", None), ("a.csv", "\t"), ("a.TSV", None)])
def test_separator_is_given_or_that_of_the_suffix(write, name, separator):
    assert read_table(write("a\tb\n1\t2\n", name), separator=separator).frame.to_dict("list") == {"a": [1], "b": [2]}


def test_byte_order_mark_and_blank_lines_are_no_data(write):
    frame = read_table(write(b"\xef\xbb\xbf\n" + b"a,b\n\n1,2\n\n")).frame
    assert frame.to_dict("list") == {"a": [1], "b": [2]}


def test_long_files_are_read_in_parts(write, monkeypatch):
    monkeypatch.setattr(lines_module, "_ROWS_AT_ONCE", 2)
    for n in (4, 5):
        assert read_table(write("a\n" + "".join(f"{i}\n" for i in range(n)))).frame["a"].tolist() == list(range(n))


def test_parquet_integers_and_booleans_stay_what_they_are(tmp_path):
    table = pa.table({"a": pa.array([1, None], pa.int16()), "b": [True, None], "c": [1, 2], "d": ["x", None]})
    parquet.write_table(table, tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet").frame
    assert [frame[name].dtype.name for name in "abc"] == ["Int16", "boolean", "int64"]
    assert frame["d"].isna().tolist() == [False, True]


def test_parquet_knows_what_was_an_index(tmp_path):
    pd.DataFrame({"a": [1, 2]}, index=[7, 9]).to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert table.index_columns == ("__index_level_0__",)
    assert table.frame["__index_level_0__"].tolist() == [7, 9]


# What cannot be read


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "data.csv is empty; pass a table with a header and rows"),
        ("a,b\n", "has a header and no rows"),
        ("a,b\n1\n", "line 2: 1 fields, and the header has 2; correct that line, or pass the separator"),
        ('a,b\n1,2\n"3,4\n', "line 3: unexpected end of data"),
        ("a,b,a\n1,2,3\n", "has several columns named 'a'; give each column a name of its own"),
        (b"\xff\xfe\x00a", "is not text in UTF-8"),
        (b"a\xe9,b\n1,2\n", "is not text in UTF-8"),
        (b"\x00\x01\x02\n1\n", "is not a text file"),
    ],
)
def test_broken_csv_files_are_refused(write, content, message):
    with pytest.raises(ValueError, match=message):
        read_table(write(content))


def test_broken_parquet_files_are_refused(write, tmp_path):
    with pytest.raises(ValueError, match=r"Cannot read .*data.parquet as Parquet"):
        read_table(write("no parquet", "data.parquet"))
    parquet.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "empty.parquet")
    with pytest.raises(ValueError, match="has no rows"):
        read_table(tmp_path / "empty.parquet")
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    parquet.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(ValueError, match="several columns named 'a'"):
        read_table(tmp_path / "twice.parquet")


def test_other_suffixes_and_missing_files_are_refused(write, tmp_path):
    with pytest.raises(ValueError, match=r"ends in '.xlsx'; tables end in \.csv, \.tsv or \.parquet"):
        read_table(write("", "data.xlsx"))
    with pytest.raises(ValueError, match="ends in 'no suffix'"):
        read_table(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist, or is not a file; pass a file ending in"):
        read_table(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(("module", "extra"), [("pandas", "tables"), ("pyarrow", "tables,parquet")])
def test_missing_packages_are_named_with_their_extra(write, monkeypatch, module, extra):
    path = write("", "data.parquet")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'{module} is needed .*: pip install "ganaug\[{extra}\]"'):
        read_table(path)


def test_unknown_columns_are_refused_with_the_nearest(write):
    table = read_table(write("age,income\n1,2\n"))
    check_columns(["age"], table.frame, table.path)
    with pytest.raises(
        ValueError, match=r"has no column 'incom'; its columns are 'age', 'income'. Did you mean 'income'"
    ):
        check_columns(["incom"], table.frame, table.path)
    with pytest.raises(ValueError, match="Did you mean 'age'"):
        check_columns([" Age"], table.frame, table.path)
    other = read_table(write("age;income\n1;2\n"))
    with pytest.raises(ValueError, match="Is another separator needed, as in --separator ';'"):
        check_columns(["income"], other.frame, other.path)


# Where can be written


def test_output_paths_are_checked(write, tmp_path):
    path = write("a\n1\n")
    assert check_table_output(path, overwrite=True) == path
    for given, options, error, message in [
        (path, {}, FileExistsError, "exists; choose another path, or pass overwrite=True"),
        (tmp_path / "." / "data.csv", {"source": path, "overwrite": True}, ValueError, "is both input and output"),
        (tmp_path / "a.txt", {}, ValueError, "tables end in"),
        (path / "a.csv", {}, NotADirectoryError, "data.csv is a file"),
    ]:
        with pytest.raises(error, match=message):
            check_table_output(given, **options)
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(FileExistsError, match="is a folder; choose the name of a file"):
        check_table_output(tmp_path / "a.csv", overwrite=True)


# How rows are appended


def test_lines_of_a_csv_file_are_copied_as_they_are(write, tmp_path):
    for mark in (b"", b"\xef\xbb\xbf"):
        path = write(mark + TEXT.encode())
        new = pd.DataFrame({"score": [0.25], "name": ['Bo "b"']})
        write_appended(read_table(path), new, tmp_path / "out.csv", overwrite=True)
        assert (tmp_path / "out.csv").read_bytes() == path.read_bytes() + b',"Bo ""b""",0.25\r\n'


def test_mark_tells_new_rows(write, tmp_path):
    path = write(TEXT.replace("\r\n", "\n") + "\n")
    write_appended(read_table(path), pd.DataFrame({"id": ["009"]}), tmp_path / "out.csv", mark=True)
    expected = 'id,name,score,synthetic\n007,"Ann, B.",1.50,False\n008,"two\nlines",,False\n\n009,,,True\n'
    assert (tmp_path / "out.csv").read_bytes().decode() == expected


def test_a_last_line_without_end_is_ended_only_for_what_follows(write, tmp_path):
    path = write("a,b\n1,2")
    table = read_table(path)
    write_appended(table, table.frame, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "a,b\n1,2\n1,2\n"
    write_appended(table, table.frame.iloc[:0], tmp_path / "same.csv")
    assert (tmp_path / "same.csv").read_text() == "a,b\n1,2"


def test_new_rows_are_spelled_as_the_others(write, tmp_path):
    text = "n;x;day;time\n1;NA;2024-01-31;2024-01-31 00:00:00\n?;2.5;2024-02-01;2024-02-01 10:00:00\n"
    table = read_table(write(text), separator=";")
    write_appended(table, table.frame, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == text + text.split("\n", 1)[1]


@pytest.mark.parametrize(
    "cell", ["2024-01-31T10:20", "2024-01-31 10:20:30.250000", "2024-01-31T10:20:30.250Z", "2024-01-31T10:20:30Z"]
)
def test_times_are_spelled_as_they_were(write, tmp_path, cell):
    table = read_table(write(f"t;x\n{cell};1,5\n;?\n"), separator=";")
    write_appended(table, table.frame, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == f"t;x\n{cell};1,5\n;?\n{cell};1,5\n;?\n"
    write_appended(table, table.frame.iloc[:0], tmp_path / "points.tsv")
    assert (tmp_path / "points.tsv").read_text() == f"t\tx\n{cell}\t1.5\n\t?\n"


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (pd.RangeIndex(5, 9, 2, name="key"), pd.RangeIndex(5, 13, 2, name="key")),
        (pd.Index([7, 2**53 + 1]), pd.Index([7, 2**53 + 1, 2**53 + 2, 2**53 + 3])),
        (pd.Index([7, np.iinfo(np.int64).max - 1], name="key"), None),
        (pd.Index([7, 9], name="key"), pd.Index([7, 9, None, None], name="key")),
        (pd.Index(["a", "b"], name="key"), pd.Index(["a", "b", None, None], name="key")),
    ],
    ids=["range", "numbers", "large named numbers", "named numbers", "text"],
)
def test_originals_keep_their_index_in_parquet(tmp_path, index, expected):
    pd.DataFrame({"x": [1.0, 2.0]}, index).to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    write_appended(table, table.frame.drop(columns=list(table.index_columns)), tmp_path / "b.parquet")
    read = pd.read_parquet(tmp_path / "b.parquet")
    if expected is None:  # pandas would read it as floats, so that it becomes a column
        assert read["key"].dtype == "Int64"
        assert read["key"].dropna().tolist() == index.tolist()
    else:
        pd.testing.assert_index_equal(read.index, expected.astype(read.index.dtype), exact="equiv")


@pytest.mark.parametrize(("last", "is_index"), [(2**53, True), (2**53 + 1, False)])
def test_levels_of_an_index_stay_together_in_parquet(tmp_path, last, is_index):
    index = pd.MultiIndex.from_tuples([(1, "a"), (last, "b")], names=["number", "text"])
    pd.DataFrame({"x": [1.0, 2.0]}, index).to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    write_appended(table, table.frame[["x"]], tmp_path / "b.parquet")
    read = pd.read_parquet(tmp_path / "b.parquet")
    levels = read.index.to_frame(index=False) if is_index else read.drop(columns="x")
    assert levels.columns.tolist() == ["number", "text"]
    assert levels["number"][:2].astype("int64").tolist() == [1, last]
    assert levels["text"][:2].tolist() == ["a", "b"]
    assert levels[2:].isna().all(axis=None)


def test_parquet_keeps_its_schema(tmp_path):
    frame = pd.DataFrame(
        {"i": [1, 2], "c": pd.Categorical(["x", "y"]), "t": pd.to_datetime(["2024-01-31", None])}, [5, 6]
    )
    frame.to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    write_appended(table, table.frame.drop(columns="i"), tmp_path / "b.parquet", mark=True)
    old, new = (parquet.read_table(tmp_path / name) for name in ("a.parquet", "b.parquet"))
    assert new.slice(0, 2).drop(["synthetic"]).equals(old)
    assert new["i"].to_pylist() == [1, 2, None, None]
    assert new["c"].to_pylist() == ["x", "y", "x", "y"]
    assert new["synthetic"].to_pylist() == [False, False, True, True]


def test_parquet_dates_are_times_and_decimals_numbers(tmp_path):
    days = [datetime.date(2024, 1, 31), None, datetime.date(2024, 2, 1)]
    prices = [Decimal("1.50"), Decimal("-7.25"), None]
    written = pa.table({"day": pa.array(days, pa.date32()), "price": pa.array(prices, pa.decimal128(10, 2))})
    parquet.write_table(written, tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert table.frame["day"].dtype.kind == "M"
    assert table.frame["price"].tolist()[:2] == [1.5, -7.25]
    write_appended(table, table.frame, tmp_path / "b.parquet")
    assert parquet.read_table(tmp_path / "b.parquet").equals(pa.concat_tables([written, written]))


def test_csv_becomes_parquet_and_parquet_csv(write, tmp_path):
    table = read_table(write("a,b\n1,x\n,y\n"))
    write_appended(table, table.frame, tmp_path / "b.parquet", mark=True)
    assert parquet.read_table(tmp_path / "b.parquet")["a"].to_pylist() == [1, None, 1, None]
    back = read_table(tmp_path / "b.parquet")
    write_appended(back, back.frame.iloc[:1], tmp_path / "c.tsv")
    assert (
        tmp_path / "c.tsv"
    ).read_text() == "a\tb\tsynthetic\n1\tx\tFalse\n\ty\tFalse\n1\tx\tTrue\n\ty\tTrue\n1\tx\tFalse\n"
    marked = read_table(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="already has a column 'synthetic'; rename it, or write without the mark"):
        write_appended(marked, marked.frame, tmp_path / "d.csv", mark=True)


def test_another_suffix_has_its_own_separator(write, tmp_path):
    table = read_table(write("a;day;n\n1.50;2024-01-31;NA\n2;2024-02-01;3\n"), separator=";")
    write_appended(table, table.frame.iloc[:1], tmp_path / "b.tsv", mark=True)
    lines = ["a\tday\tn\tsynthetic", "1.5\t2024-01-31\tNA\tFalse", "2.0\t2024-02-01\t3\tFalse"]
    assert (tmp_path / "b.tsv").read_text().splitlines() == [*lines, "1.5\t2024-01-31\tNA\tTrue"]


def test_mark_of_parquet_written_as_csv(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    write_appended(table, table.frame, tmp_path / "b.csv", mark=True)
    assert (tmp_path / "b.csv").read_text() == "a,synthetic\n1,False\n1,True\n"


@pytest.mark.parametrize("name", ["new/a.csv", "a.tsv", "a.parquet"])
def test_written_tables_are_read_back(tmp_path, name):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y, z"], "c": [0.5, np.nan]})
    write_table(frame, tmp_path / name)
    assert read_table(tmp_path / name).frame.to_csv() == frame.to_csv()
    with pytest.raises(FileExistsError, match="exists; choose another path"):
        write_table(frame, tmp_path / name)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_failing_to_write_leaves_the_old_file_and_nothing_else(write, tmp_path, monkeypatch, name):
    def fail(*arguments, **options):
        raise OSError("No space left on device")

    table = read_table(write("a\n1\n"))
    (tmp_path / name).write_text("old")
    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    monkeypatch.setattr(parquet, "write_table", fail)
    with pytest.raises(OSError, match="No space left"):
        write_appended(table, table.frame, tmp_path / name, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({"data.csv", name})
    assert (tmp_path / name).read_text() == "old"


# What is written


def test_cells_with_line_ends_are_quoted(write, tmp_path):
    path = write("x,y\n1,a\n")
    new = pd.DataFrame({"x": [2, 3], "y": ["b\rc", "d\ne"]})
    write_appended(read_table(path), new, tmp_path / "out.csv")
    write_table(new, tmp_path / "new.csv")
    assert read_table(tmp_path / "out.csv").frame["y"].tolist() == ["a", "b\rc", "d\ne"]
    assert read_table(tmp_path / "new.csv").frame["y"].tolist() == ["b\rc", "d\ne"]
    assert (tmp_path / "new.csv").read_bytes() == b'x,y\n2,"b\rc"\n3,"d\ne"\n'


@pytest.mark.parametrize(
    ("times", "spelled"),
    [
        (["2024-01-01", "2024-01-02"], ["2024-01-01", "2024-01-02"]),
        (["2024-01-01 10:30", "2024-01-02"], ["2024-01-01 10:30:00", "2024-01-02 00:00:00"]),
    ],
)
def test_times_of_old_and_new_rows_are_spelled_alike(times, spelled, tmp_path):
    frame = pd.DataFrame({"t": pd.to_datetime(times, format="mixed")})
    frame.to_parquet(tmp_path / "a.parquet")
    write_appended(read_table(tmp_path / "a.parquet"), frame.iloc[1:], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().split("\n") == ["t", *spelled, spelled[1], ""]
    write_table(frame, tmp_path / "new.csv")
    assert (tmp_path / "new.csv").read_text().split("\n") == ["t", *spelled, ""]
    write_table(frame.iloc[1:], tmp_path / "as told.csv", dates={"t": "%Y-%m-%d %H:%M:%S"})
    assert (tmp_path / "as told.csv").read_text() == "t\n2024-01-02 00:00:00\n"


def test_decimals_are_the_nearest_floats(tmp_path):
    cells = [Decimal(i) / 100 for i in range(100_000, 120_000)]
    parquet.write_table(pa.table({"x": pa.array(cells, pa.decimal128(10, 2))}), tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").frame["x"].tolist() == [float(str(cell)) for cell in cells]


def test_cells_of_any_length_are_read_and_copied(write, tmp_path):
    before = csv.field_size_limit(100_000)
    path = write(f"x,y\n1,{'k' * 200_000}\n")
    table = read_table(path)
    write_appended(table, table.frame, tmp_path / "out.csv")
    assert len((tmp_path / "out.csv").read_text()) == 400_010
    assert csv.field_size_limit(before) == 100_000


def test_a_link_stays_one(write, tmp_path):
    target = write("old", "real.csv")
    (tmp_path / "link.csv").symlink_to(target)
    write_table(pd.DataFrame({"x": [1]}), tmp_path / "link.csv", overwrite=True)
    assert (tmp_path / "link.csv").is_symlink()
    assert target.read_text() == "x\n1\n"
