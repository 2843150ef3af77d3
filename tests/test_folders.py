import errno
import re
import shutil
import sys
from collections import namedtuple
from contextlib import suppress
from pathlib import Path

import pytest

from ganaug import _folders
from ganaug._folders import check_free_space, check_target, check_writable, written_file, written_whole


def anything():
    """Let every target be written."""


@pytest.fixture(name="model")
def make_model(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "config.json").write_text("{}")
    return path


def test_target_may_be_new_or_an_empty_folder(tmp_path):
    check_target(tmp_path / "new", False, "model", "config.json")
    check_target(tmp_path, False, "model", "config.json")


def test_target_of_the_same_kind_needs_overwrite(model):
    with pytest.raises(FileExistsError, match="already holds a model; choose another path, or pass overwrite=True"):
        check_target(model, False, "model", "config.json")
    check_target(model, True, "model", "config.json")


def test_target_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=r"cannot be made: .*file is a file; choose another path"):
        check_target(tmp_path / "file" / "model", False, "model", "config.json")


def test_target_in_a_folder_without_permission_is_refused(tmp_path, model, monkeypatch):
    def refuse(dir):
        raise PermissionError(errno.EACCES, "Permission denied", f"{dir}/tmp123")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    path = tmp_path / "deep" / "model"
    expected = f"{path} cannot be made: you may not write into {tmp_path} (Permission denied); choose another path."
    with pytest.raises(PermissionError, match=f"^{re.escape(expected)}$"):
        check_target(path, False, "model", "config.json")
    with pytest.raises(PermissionError, match="you may not write into"):
        check_target(model, True, "model", "config.json")


@pytest.mark.skipif(not Path("/proc").is_mount(), reason="needs a folder that takes no files even from root")
def test_a_folder_that_only_looks_writable_is_refused():
    with pytest.raises(PermissionError, match=r"/proc/out\.csv cannot be made: you may not write into /proc"):
        check_writable(Path("/proc/out.csv"))


def test_trying_a_folder_leaves_nothing_there(tmp_path):
    check_writable(tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["thesis.doc", "folder/data.csv"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_foreign_target_is_left_alone(tmp_path, name, overwrite):
    foreign = tmp_path / "out" / name
    foreign.parent.mkdir(parents=True)
    foreign.write_text("dear")
    target = foreign if "/" not in name else foreign.parent
    with pytest.raises(FileExistsError, match="exists and is not a model, so it is left alone"):
        check_target(target, overwrite, "model", "config.json")


def test_other_files_beside_a_model_are_not_deleted(model):
    check_target(model, True, "model", "config.json", ["weights"])
    (model / "weights").write_text("")
    (model / ".DS_Store").write_text("")
    check_target(model, True, "model", "config.json", ["weights"])
    (model / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds 'notes.txt' beside the model, which replacing it would delete"):
        check_target(model, True, "model", "config.json", ["weights"])


def test_a_mount_point_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.is_mount", lambda path: path == tmp_path)
    with pytest.raises(OSError, match=r"a file system is mounted.*choose a folder inside it, such as .*model"):
        check_target(tmp_path, False, "model", "config.json")


@pytest.fixture(name="exchange", params=["in one step", "in two"], autouse=True)
def fix_exchange(request, monkeypatch):
    if request.param == "in two":
        monkeypatch.setattr(_folders, "_exchange", lambda one, other: False)
    return request.param


@pytest.mark.parametrize("is_there", [False, True])
def test_a_link_is_followed(tmp_path, is_there):
    disk, link = tmp_path / "disk", tmp_path / "link"
    disk.mkdir()
    target = disk / "model" if is_there else disk
    target.mkdir(exist_ok=True)
    link.symlink_to(target)
    with written_whole(link, anything) as folder:
        (folder / "config.json").write_text("{}")
    assert link.is_symlink()
    assert (target / "config.json").read_text() == "{}"


@pytest.mark.parametrize("error", [OSError(errno.EBUSY, "busy"), KeyboardInterrupt("busy")])
def test_a_folder_that_cannot_be_replaced_stays(model, monkeypatch, error):
    rename = Path.rename
    monkeypatch.setattr(_folders, "_exchange", lambda one, other: False)

    def refuse(path, target):
        if path.suffix == ".partial":
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(type(error), match="busy"), written_whole(model, anything) as folder:
        (folder / "config.json").write_text("new")
    assert (model / "config.json").read_text() == "{}"
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_full_disk_is_found_out_before(monkeypatch, tmp_path):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(3_000_000))
    check_free_space(tmp_path / "a" / "b", 2_000_000, "go away")
    with pytest.raises(OSError, match=r"5.0 MB are needed and the disk has 3.0 MB left; free some space") as caught:
        check_free_space(tmp_path / "a" / "b", 5_000_000, "free some space")
    assert caught.value.errno == errno.ENOSPC


def test_folder_appears_whole(tmp_path):
    target = tmp_path / "deep" / "model"
    with written_whole(target, anything) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"
    assert [path.name for path in target.parent.iterdir()] == ["model"]


def test_folder_is_replaced_whole(model):
    with written_whole(model, anything) as folder:
        (folder / "new").write_text("1")
        assert (model / "config.json").exists()
    assert [path.name for path in model.iterdir()] == ["new"]
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_error_leaves_what_was_there(model):
    with suppress(KeyError), written_whole(model, anything) as folder:
        (folder / "half").write_text("1")
        raise KeyError
    assert [path.name for path in model.iterdir()] == ["config.json"]
    assert [path.name for path in model.parent.iterdir()] == ["model"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere folders are replaced in two steps")
def test_linux_replaces_in_one_step(tmp_path, exchange):
    if exchange == "in two":
        pytest.skip("replaced by the fixture")
    one, other = tmp_path / "a", tmp_path / "b"
    for folder in (one, other):
        folder.mkdir()
        (folder / folder.name).write_text("")
    assert _folders._exchange(one, other)
    assert [path.name for path in one.iterdir()] == ["b"]


def test_what_appears_meanwhile_is_left_alone(tmp_path):
    folder, file = tmp_path / "model", tmp_path / "rows.csv"

    def write_folder():
        with written_whole(folder, lambda: check_target(folder, False, "model", "config.json")):
            folder.mkdir()
            (folder / "thesis.txt").write_text("dear")

    def write_file():
        with written_file(file, lambda: check_target(file, False, "table", "")) as partial:
            partial.write_text("new")
            file.write_text("dear")

    for write in (write_folder, write_file):
        with pytest.raises(FileExistsError):
            write()
    assert (folder / "thesis.txt").read_text() == file.read_text() == "dear"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "rows.csv"]


def test_the_longest_names_can_be_written(tmp_path):
    path = tmp_path / ("x" * 255)
    for write in (written_whole, written_file):
        with write(path, anything) as partial:
            if write is written_file:
                partial.write_text("1")
        path.rmdir() if path.is_dir() else path.unlink()


def test_a_link_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file" / "model")
    with pytest.raises(NotADirectoryError, match="is a file"):
        check_writable(tmp_path / "link")
