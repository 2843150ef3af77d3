import json

import pytest

from ganaug.benchmark.results import ResultsFile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.jsonl"


def _rows(path):
    return ResultsFile(path).rows


def test_rows_come_back(path):
    results = ResultsFile(path)
    for i in range(3):
        results.append({"key": str(i), "score": i / 3})
    assert _rows(path) == results.rows == [{"key": str(i), "score": i / 3} for i in range(3)]


def test_each_row_is_on_disk_at_once(path):
    results = ResultsFile(path)
    results.append({"key": "a"})
    assert path.read_text() == '{"key": "a"}\n'


def test_without_a_path_rows_stay_in_memory():
    results = ResultsFile()
    results.append({"key": "a"})
    assert results.by_key() == {"a": {"key": "a"}}


@pytest.mark.parametrize("rest", ['{"key": "b", "sco', '{"key": "b"}', "{"])
def test_cut_off_last_line_is_dropped_and_overwritten(path, rest):
    path.write_text('{"key": "a"}\n' + rest)
    results = ResultsFile(path)
    assert results.rows == [{"key": "a"}]
    results.append({"key": "c"})
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a", "c"]


def test_broken_line_elsewhere_is_an_error(path):
    path.write_text('{"key": "a"}\nnonsense\n{"key": "b"}\n')
    with pytest.raises(ValueError, match="line 2, is not JSON: b'nonsense'"):
        ResultsFile(path)


def test_first_of_equal_keys_counts(path):
    path.write_text('{"key": "a", "score": 1}\n{"key": "a", "score": 2}\n')
    assert ResultsFile(path).by_key()["a"]["score"] == 1
