import pytest

from ganaug.benchmark.demo_folder import SETTINGS_FILE, open_demo_folder

SETTINGS = {"seed": 0, "plan": "long"}


def _fill(out):
    (out / "model").mkdir()
    (out / "model" / "config.json").write_text("{}")
    (out / "results.jsonl").write_text("{}\n")
    (out / "mine.txt").write_text("keep")


@pytest.fixture
def out(tmp_path):
    path, continued = open_demo_folder(tmp_path / "new" / "demo", SETTINGS)
    assert not continued
    _fill(path)
    return path


def test_same_settings_continue(out):
    assert open_demo_folder(out, dict(SETTINGS)) == (out, True)
    assert (out / "results.jsonl").exists()


def test_other_settings_replace_what_the_demo_wrote_and_nothing_else(out):
    assert open_demo_folder(out, {**SETTINGS, "seed": 1}) == (out, False)
    assert {path.name for path in out.iterdir()} == {SETTINGS_FILE, "mine.txt"}
    assert open_demo_folder(out, {**SETTINGS, "seed": 1}) == (out, True)


def test_unreadable_settings_mean_a_new_beginning(out):
    (out / SETTINGS_FILE).write_text('{"seed": ')
    assert open_demo_folder(out, SETTINGS) == (out, False)
    assert not (out / "model").exists()


def test_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(FileExistsError, match="is not empty and no earlier demo made it; nothing was changed"):
        open_demo_folder(tmp_path, SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_empty_folder_is_fine(tmp_path):
    assert open_demo_folder(tmp_path, SETTINGS) == (tmp_path, False)


def test_file_is_refused(tmp_path):
    (tmp_path / "demo").write_text("")
    with pytest.raises(FileExistsError, match="is a file; the demo needs a folder"):
        open_demo_folder(tmp_path / "demo", SETTINGS)
