import io
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import warnings
from importlib import import_module
from inspect import signature
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from _image_files import write_folder, write_npz, write_parquet
from PIL import Image
from pyarrow import parquet

import ganaug
from ganaug._arguments import build_parser
from ganaug.architectures import DCGAN
from ganaug.benchmark.demo import run_demo
from ganaug.cli import main
from ganaug.conditioning import Concat
from ganaug.filters import FILTERS
from ganaug.losses import Hinge
from ganaug.penalties import LeCam
from ganaug.pool import SOURCES

TINY = ["--max-steps", "2", "--batch-size", "4", "--device", "cpu", "--threads", "1", "--quiet"]
# What each command cannot do without.
REQUIRED = {
    "demo": [],
    "fit": ["data", "--out", "model"],
    "sample": ["model", "-n", "1", "--out", "folder"],
    "audit": ["model", "--data", "data"],
    "balance": ["data.csv", "--target", "y", "--out", "balanced.csv"],
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture(scope="module")
def model(photos, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model"
    assert main(["fit", str(photos), "--out", str(path), *TINY]) == 0
    return path


@pytest.fixture
def run(capsys):
    """Return a function that runs a command and returns its status, output and error output."""

    def call(*arguments):
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def refuse(run):
    """Return a function that expects a command to end with one line of error, and returns the line."""

    def call(*arguments):
        status, _, error = run(*arguments)
        assert status == 2
        assert error.startswith("ganaug")
        lines = [line for line in error.splitlines() if ": warning: " not in line]
        assert len(lines) == 1
        return lines[0]

    return call


# Help


@pytest.mark.parametrize("command", REQUIRED)
def test_help_has_an_example_and_a_default_for_every_option(run, command):
    status, text, _ = run(command, "--help")
    assert status == 0
    assert f"\n  ganaug {command} " in text
    parser = build_parser().parse_args([command, *REQUIRED[command]]).parser
    options = [action for action in parser._actions if action.option_strings and action.dest != "help"]
    for action in options:
        assert "(default: " in action.help or action.help.startswith("required: "), action.option_strings


@pytest.mark.parametrize(("command", "home"), [("fit", ganaug.ImageGAN), ("fit", ganaug.TableGAN), ("demo", run_demo)])
def test_defaults_are_those_of_the_package(command, home):
    options = vars(build_parser().parse_args([command, *REQUIRED[command]]))
    parameters = signature(home).parameters
    shared = options.keys() & parameters.keys() - {"random_state"}  # a command repeats unless told otherwise
    assert len(shared) >= 5
    told = {name for name in shared if options[name] is not None}
    assert {name: options[name] for name in told} == {name: parameters[name].default for name in told}


def test_steps_are_a_number_or_auto(capsys):
    parse = build_parser().parse_args
    assert [parse(["fit", *REQUIRED["fit"], "--max-steps", given]).max_steps for given in ("auto", "7")] == ["auto", 7]
    with pytest.raises(SystemExit):
        parse(["fit", *REQUIRED["fit"], "--max-steps", "many"])
    assert "expected a whole number or auto, got 'many'" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "home"), [("images", ganaug.ImageGAN), ("tables", ganaug.TableGAN)])
def test_help_names_the_defaults_that_depend_on_the_kind_of_data(kind, home):
    parser = build_parser().parse_args(["fit", *REQUIRED["fit"]]).parser
    defaults = {name: parameter.default for name, parameter in signature(home).parameters.items()}
    found = [
        (defaults[action.dest], re.search(rf"\(default: .*?{kind} (.*?)[,)]", action.help).group(1))
        for action in parser._actions
        if "default: images " in (action.help or "") and defaults[action.dest] is not None
    ]
    assert len(found) >= 5
    for default, text in found:
        assert text == str(default)


@pytest.mark.parametrize(
    ("option", "table"),
    [
        ("architecture", "architectures.ARCHITECTURES"),
        ("architecture", "architectures.TABLE_ARCHITECTURES"),
        ("loss", "losses.LOSSES"),
        ("penalty", "penalties.PENALTIES"),
        ("conditioning", "conditioning.CONDITIONINGS"),
        ("d_augment", "diffaugment.D_AUGMENTS"),
    ],
)
def test_help_names_every_method_of_the_package(option, table):
    parser = build_parser().parse_args(["fit", *REQUIRED["fit"]]).parser
    text = next(action.help for action in parser._actions if action.dest == option)
    module, name = table.split(".")
    for method in getattr(import_module(f"ganaug.{module}"), name):
        assert re.search(rf"\b{method}\b", text)


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["balance", "--help"], ["--version"]])
def test_help_imports_neither_torch_nor_numpy(arguments):
    code = (
        "import sys\nfrom ganaug.cli import main\ntry:\n    main(sys.argv[1:])\nfinally:\n"
        "    assert not {'torch', 'numpy', 'sklearn', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)


def test_help_of_balance_names_what_the_package_has(run):
    text = run("balance", "--help")[1]
    assert all(name in text for name in [*FILTERS, *SOURCES])


@pytest.mark.parametrize(
    "program",
    [
        [sys.executable, "-m", "ganaug"],
        [sys.executable, "-m", "ganaug.cli"],
        [str(Path(sysconfig.get_path("scripts"), "ganaug"))],
    ],
)
def test_program_prints_its_version(program):
    done = subprocess.run([*program, "--version"], check=True, capture_output=True, text=True)
    assert done.stdout == f"ganaug {ganaug.__version__}\n"


# fit


@pytest.mark.parametrize("write", [write_folder, write_npz, write_parquet])
def test_fit_reads_folder_arrays_and_parquet(run, tmp_path, write):
    name = {write_npz: "data.npz", write_parquet: "data.parquet"}.get(write, "data")
    status, output, _ = run("fit", write(tmp_path / name), "--out", tmp_path / "model", *TINY)
    assert status == 0
    assert output == f"Trained 2 steps on 24 images of 2 classes; wrote {tmp_path / 'model'}.\n"
    assert len(ganaug.load(tmp_path / "model").classes_) == 2


def test_fit_passes_the_options_on(run, tmp_path, photos):
    options = [
        "--architecture",
        "dcgan",
        "--loss",
        "hinge",
        "--penalty",
        "lecam",
        "--conditioning",
        "concat",
        "--d-augment",
        "none",
        "--n-snapshots",
        "3",
        "--seed",
        "7",
    ]
    options += [
        "--class-balance",
        "0.5",
        "--fine-tune-steps",
        "1",
        "--image-size",
        "12",
        "10",
        "--threads",
        "1",
        "--max-seconds",
        "60",
    ]
    status, *_ = run("fit", photos, "--out", tmp_path / "model", *TINY, *options)
    assert status == 0
    gan = ganaug.load(tmp_path / "model")
    given = (gan.architecture, gan.loss, gan.penalty, gan.conditioning, gan.d_augment, gan.random_state)
    assert given == (DCGAN(), Hinge(), LeCam(), Concat(), None, 7)
    assert (gan.n_snapshots, len(gan._snapshots)) == (3, 2)
    assert (gan.class_balance, gan.fine_tune_steps, gan.image_size, gan.n_threads) == (0.5, 1, (12, 10), 1)
    assert (gan.max_steps, gan.max_seconds, gan.batch_size, gan.device) == (2, 60, 4, "cpu")


def test_fit_writes_a_picture_of_samples(run, tmp_path, photos):
    picture = tmp_path / "new" / "progress.png"
    assert run("fit", photos, "--out", tmp_path / "model", "--samples", picture, *TINY)[0] == 0
    assert Image.open(picture).size == (10 * 10 * 7, 2 * 10 * 7)  # a row for each class, seven times enlarged


def test_fit_repeats_by_default(run, tmp_path, photos):
    for name in ("one", "two"):
        run("fit", photos, "--out", tmp_path / name, *TINY)
    one, two = (ganaug.load(tmp_path / name).sample_pixels(["cat"] * 3) for name in ("one", "two"))
    assert np.array_equal(one, two)


def test_resumed_fit_equals_an_uninterrupted_one(run, tmp_path, photos):
    common = [photos, "--batch-size", "4", "--device", "cpu", "--threads", "1", "--quiet", "--max-steps", "4"]
    whole, state = tmp_path / "whole", tmp_path / "state"
    assert run("fit", *common, "--out", whole, "--checkpoint", state, "--checkpoint-every", "3")[0] == 0
    assert run("fit", *common, "--out", tmp_path / "resumed", "--checkpoint", state, "--resume")[0] == 0
    one, two = (ganaug.load(tmp_path / name).sample_pixels(["cat"] * 3) for name in ("whole", "resumed"))
    assert np.array_equal(one, two)


def test_fit_warns_of_small_classes_in_one_line(run, tmp_path, photos):
    _, _, error = run("fit", photos, "--out", tmp_path / "model", *TINY)
    assert error.startswith("ganaug fit: warning: 2 of 2 classes have fewer than")
    assert error.count("\n") == 1


def test_fit_replaces_a_model_only_when_told(refuse, run, tmp_path, model, photos):
    assert "already holds a model; choose another path, or pass --overwrite" in refuse("fit", photos, "--out", model)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"architectures": ["of another library"]}')
    line = refuse("fit", photos, "--out", tmp_path / "model", "--overwrite")
    assert "is not a model of ganaug, so it is left alone" in line
    copy = tmp_path / "copy"
    for _ in range(2):
        assert run("fit", photos, "--out", copy, "--overwrite", *TINY)[0] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--loss", "hing"], "Unknown loss 'hing'; choose from 'relativistic', "),
        (["--loss", "hing"], "'wasserstein'. Did you mean 'hinge'?"),
        (["--architecture", "residul"], "Did you mean 'residual'?"),
        (["--penalty", "r1"], "Unknown penalty 'r1'"),
        (["--conditioning", "concta"], "Did you mean 'concat'?"),
        (["--d-augment", "daa"], "Did you mean 'ada'?"),
        (["--device", "gpu"], "Unknown device 'gpu'"),
        (["--on-error", "skp"], "Did you mean 'skip'?"),
        (["--max-steps", "0"], "--max-steps must be an integer from 1"),
        (["--batch-size", "1"], "--batch-size must be"),
        (["--threads", "0"], "--threads must be"),
        (["--seed", "-1"], "--seed must be from 0"),
        (["--image-size", "4", "8"], "--image-size must be (height, width), each an integer from 8 to 256"),
        (["--resume"], "--resume needs --checkpoint FOLDER"),
        (["--max-step", "9"], "unknown argument '--max-step'. Did you mean '--max-steps'?"),
        (["--resume", "--checkpoint", "nowhere"], "There is no checkpoint at nowhere"),
        (["--samples", "grid.gif"], "'grid.gif'; choose a file name that ends in .png"),
        (
            ["--max-steps", "few"],
            "argument --max-steps: expected a whole number or auto, got 'few'. See ganaug fit --help",
        ),
        (["--checkpoint-every", "0"], "expected a whole number above 0, got '0'"),
        (["--losss", "x"], "unknown argument '--losss'. Did you mean '--loss'?"),
    ],
)
def test_fit_refuses_a_wrong_option_and_writes_nothing(refuse, tmp_path, photos, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    assert message in refuse("fit", photos, "--out", "model", *TINY, *options)
    assert not list(tmp_path.iterdir())


def test_fit_finds_out_before_training_what_it_cannot_write(refuse, tmp_path, photos, model):
    file = tmp_path / "file"
    file.write_text("")
    for place in (["--out", file / "model"], ["--out", tmp_path / "m", "--samples", file / "a.png"]):
        assert f"{file} is a file" in refuse("fit", photos, *place)
    line = refuse("fit", photos, "--out", tmp_path / "m", "--checkpoint", model)
    assert "is not a checkpoint of ganaug, so it is left alone" in line
    line = refuse("fit", photos, "--out", tmp_path / "m", "--checkpoint", tmp_path / "m")
    assert "m is or lies in --checkpoint" in line or "m is or lies in --out" in line
    for inner, outer in (("samples", "out"), ("checkpoint", "out"), ("out", "checkpoint"), ("samples", "checkpoint")):
        places = {"out": tmp_path / "m", outer: tmp_path / "deep", inner: tmp_path / "deep" / "a.png"}
        options = [part for name, place in places.items() for part in (f"--{name}", place)]
        assert f"--{inner} {places[inner]} is or lies in --{outer}" in refuse("fit", photos, *options)
    assert list(tmp_path.iterdir()) == [file]


def test_fit_names_an_unreadable_image_or_skips_it(refuse, run, tmp_path):
    photos = write_folder(tmp_path / "photos")
    broken = photos / "cat" / "broken.png"
    broken.write_bytes(b"no picture")
    line = refuse("fit", photos, "--out", tmp_path / "model", *TINY)
    assert f"Cannot read {broken}" in line
    assert "pass --on-error skip" in line
    assert not (tmp_path / "model").exists()
    status, output, error = run("fit", photos, "--out", tmp_path / "model", "--on-error", "skip", *TINY)
    assert status == 0
    assert "on 24 images" in output
    assert "ganaug fit: warning: 1 of 25 images could not be read and were skipped." in error
    assert run("audit", tmp_path / "model", "--data", photos, "-n", "4")[0] == 0


def test_fit_asks_for_a_size_when_sizes_differ(refuse, tmp_path):
    photos = write_folder(tmp_path / "photos")
    Image.new("L", (10, 10)).save(photos / "dog" / "larger.png")
    assert "Pass --image-size HEIGHT WIDTH" in refuse("fit", photos, "--out", tmp_path / "model", *TINY)


def _write_garbage(path):
    path.write_bytes(b"PK no archive")


def _write_other_names(path):
    np.savez(path, images=np.zeros((2, 8, 8)))


def _write_objects(path):
    np.savez(path, X=np.zeros((2, 8, 8)), y=np.array(["cat", 1], dtype=object))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "does not exist; pass a folder"),
        (_write_garbage, "Cannot read .*data.npz"),
        (_write_other_names, r"holds the arrays \['images'\]; X \(images\) and y \(labels\) are needed"),
        (_write_objects, "Cannot read .*data.npz: Object arrays cannot be loaded"),
    ],
)
def test_fit_refuses_a_wrong_npz_file(refuse, tmp_path, write, message):
    write(tmp_path / "data.npz")
    line = refuse("fit", tmp_path / "data.npz", "--out", tmp_path / "model")
    assert re.search(message, line)
    assert not (tmp_path / "model").exists()


def test_fit_refuses_wrong_data_and_writes_nothing(refuse, tmp_path):
    (tmp_path / "empty").mkdir()
    for data, message in [("nowhere", "does not exist"), ("empty", "has no class subfolders")]:
        assert message in refuse("fit", tmp_path / data, "--out", tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_interrupted_fit_saves_what_it_has(run, tmp_path, photos, monkeypatch):
    def interrupt(state):
        raise KeyboardInterrupt

    monkeypatch.setattr("ganaug.callbacks.SampleGrid", lambda path, overwrite: interrupt)
    arguments = [
        "--out",
        tmp_path / "model",
        "--samples",
        tmp_path / "a.png",
        "--batch-size",
        "4",
        "--max-steps",
        "300",
    ]
    status, output, error = run("fit", photos, *arguments)
    assert status == 0
    assert "interrupted at step 1" in error
    assert "wrote" in output
    assert len(ganaug.load(tmp_path / "model").sample(2)[1]) == 2


def test_interrupt_elsewhere_ends_with_status_130(run, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("ganaug.benchmark.demo.run_demo", interrupt)
    assert run("demo") == (130, "", "ganaug demo: interrupted\n")


# sample


def test_sample_writes_a_folder_that_fit_reads(run, tmp_path, model):
    status, output, _ = run("sample", model, "-n", 3, "--out", tmp_path / "synthetic")
    assert (status, output) == (0, f"Wrote 6 images to {tmp_path / 'synthetic'}.\n")
    assert {path.name: len(list(path.iterdir())) for path in (tmp_path / "synthetic").iterdir()} == {"cat": 3, "dog": 3}
    assert run("fit", tmp_path / "synthetic", "--out", tmp_path / "model", *TINY)[0] == 0


def test_sample_writes_arrays_of_the_wanted_class(run, tmp_path, model):
    wanted = ["--label", "dog", "--label", "dog"]
    assert run("sample", model, "-n", 3, *wanted, "--out", tmp_path / "new" / "dogs.npz")[0] == 0
    with np.load(tmp_path / "new" / "dogs.npz") as arrays:
        assert arrays["X"].shape == (3, 8, 8)
        assert arrays["y"].tolist() == ["dog"] * 3


def test_sample_writes_one_picture(run, tmp_path, model):
    assert run("sample", model, "-n", 4, "--out", tmp_path / "grid.png")[0] == 0
    assert Image.open(tmp_path / "grid.png").size == (4 * 10 * 7, 2 * 10 * 7)


def test_sample_repeats_with_a_seed_and_differs_without(run, tmp_path, model):
    def draw(name, *options):
        assert run("sample", model, "-n", 2, "--out", tmp_path / name, *options)[0] == 0
        with np.load(tmp_path / name) as arrays:
            return arrays["X"]

    assert np.array_equal(draw("a.npz", "--seed", "1"), draw("b.npz", "--seed", "1"))
    assert not np.array_equal(draw("c.npz"), draw("d.npz"))


def test_sample_of_integer_labels_takes_them_as_they_are_typed(run, tmp_path):
    data = write_npz(tmp_path / "data.npz")
    run("fit", data, "--out", tmp_path / "model", *TINY)
    assert run("sample", tmp_path / "model", "-n", 2, "--label", "1", "--out", tmp_path / "ones.npz")[0] == 0
    with np.load(tmp_path / "ones.npz") as arrays:
        assert arrays["y"].tolist() == [1, 1]


def test_sample_knows_integer_classes_by_the_names_of_their_data_set(run, refuse, tmp_path):
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["dog", "cat"]}}
    files = [io.BytesIO() for _ in range(8)]
    for level, file in enumerate(files):
        Image.new("RGB", (8, 8), (level, level, level)).save(file, "png")
    table = pa.table({"image": [{"bytes": file.getvalue()} for file in files], "label": [0, 1] * 4})
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    parquet.write_table(table.replace_schema_metadata(metadata), tmp_path / "a.parquet")
    assert run("fit", tmp_path / "a.parquet", "--out", tmp_path / "m", *TINY)[0] == 0
    assert ganaug.load(tmp_path / "m").class_names_ == {0: "dog", 1: "cat"}
    assert run("sample", tmp_path / "m", "-n", 2, "--label", "cat", "--out", tmp_path / "cats.npz")[0] == 0
    assert np.load(tmp_path / "cats.npz")["y"].tolist() == [1, 1]
    line = refuse("sample", tmp_path / "m", "-n", 1, "--label", "cow", "--out", tmp_path / "cows.npz")
    assert "Unknown label 'cow'; the model has 0, 1, dog, cat" in line


def test_sample_refuses_a_wrong_request_and_writes_nothing(refuse, tmp_path, model):
    out = tmp_path / "out"
    assert "Unknown label 'cta'; the model has cat, dog. Did you mean 'cat'?" in refuse(
        "sample", model, "-n", 1, "--label", "cta", "--out", out
    )
    assert "argument -n: expected a whole number above 0, got '-3'" in refuse("sample", model, "-n=-3", "--out", out)
    assert "required: --out. See ganaug sample --help" in refuse("sample", model, "-n", 1)
    assert "end in .npz (arrays X and y) or .png" in refuse("sample", model, "-n", 1, "--out", tmp_path / "a.jpg")
    assert "is not a ganaug model: there is no config.json" in refuse("sample", tmp_path, "-n", 1, "--out", out)
    assert not list(tmp_path.iterdir())


def test_sample_leaves_what_exists_alone(refuse, tmp_path, model):
    (tmp_path / "mine.npz").write_text("mine")
    line = refuse("sample", model, "-n", 1, "--out", tmp_path / "mine.npz")
    assert "exists and is left alone" in line
    assert (tmp_path / "mine.npz").read_text() == "mine"


# audit


def test_audit_prints_a_verdict_for_each_class(run, model, photos, tmp_path):
    status, output, _ = run("audit", model, "--data", photos, "-n", 8)
    assert status == 0
    rows = [line.split() for line in output.splitlines()]
    assert [(row[0], row[1], row[2], row[3]) for row in rows[1:3]] == [
        ("cat", "12", "8", "leave-one-out"),
        ("dog", "12", "8", "leave-one-out"),
    ]
    held_out = write_folder(tmp_path / "held-out", n=10)
    status, output, _ = run("audit", model, "--data", photos, "--held-out", held_out, "-n", 8)
    assert status == 0
    assert output.count("held-out (5)") == 2


def test_audit_refuses_other_data(refuse, tmp_path, model, photos):
    assert "does not exist" in refuse("audit", model, "--data", tmp_path / "nowhere")
    assert "is not a ganaug model" in refuse("audit", photos, "--data", photos)


# demo


def test_demo_passes_its_options_on(run, monkeypatch):
    calls = []
    monkeypatch.setattr("ganaug.benchmark.demo.run_demo", lambda *args, **options: calls.append((args, options)))
    assert run("demo")[0] == 0
    assert run("demo", "--data", "fashion-mnist", "--out", "o", "--quick", "--seed", "3", "--data-folder", "f")[0] == 0
    assert calls == [
        (("digits", None, False, 0), {"data_folder": None}),
        (("fashion-mnist", "o", True, 3), {"data_folder": "f"}),
    ]


def test_demo_refuses_unknown_data_and_a_folder_of_something_else(refuse, tmp_path, photos, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "Did you mean 'digits'?" in refuse("demo", "--data", "digit")
    assert "is not empty and no earlier demo made it" in refuse("demo", "--out", photos)
    assert not list(tmp_path.iterdir())


# Anything else


def test_unknown_command_and_unknown_argument_are_refused(refuse):
    assert "invalid choice: 'fitt' (choose from" in refuse("fitt")
    assert "COMMAND" in refuse()
    assert "unknown argument '--sed=3'. Did you mean '--seed'?" in refuse("demo", "--sed=3")


def test_errors_of_several_lines_become_one(refuse, monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("first line\n    second line" + " and more" * int(options["data_folder"] or 0))

    monkeypatch.setattr("ganaug.benchmark.demo.run_demo", fail)
    assert refuse("demo") == "ganaug demo: first line second line"
    long = refuse("demo", "--data-folder", "500")
    assert len(long) < 1100
    assert long.endswith(" [...]")


def test_warnings_of_others_are_shown_as_ever(run, monkeypatch):

    monkeypatch.setattr(
        "ganaug.benchmark.demo.run_demo", lambda *a, **o: warnings.warn("of another library", stacklevel=1)
    )
    with pytest.warns(UserWarning, match="of another library"):
        run("demo")


def test_fit_replaces_no_picture_and_writes_nothing_among_the_data(run, tmp_path, photos):
    picture = tmp_path / "holiday.png"
    picture.write_bytes(b"the sea")
    out = ["--out", tmp_path / "model"]
    status, _, error = run("fit", photos, *out, "--samples", picture)
    assert (status, picture.read_bytes()) == (2, b"the sea")
    assert "exists; choose another path, or pass --overwrite" in error
    before = sorted(photos.rglob("*"))
    for option, name in (("--samples", "cat.png"), ("--checkpoint", "state"), ("--out", "model")):
        status, _, error = run("fit", photos, *out, option, photos / name)
        assert status == 2
        assert f"{option} {photos / name} lies in {photos}, the data; choose a place outside" in error
    assert sorted(photos.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.png"]


def test_fit_goes_on_from_a_checkpoint_or_leaves_it(run, tmp_path, photos):
    state = ["--checkpoint", tmp_path / "state", "--checkpoint-every", 2, "--batch-size", 4]
    assert run("fit", photos, "--out", tmp_path / "a", *state, "--max-steps", 2)[0] == 0
    status, _, error = run("fit", photos, "--out", tmp_path / "b", *state, "--max-steps", 4)
    assert status == 2
    assert "holds the checkpoint of another run; go on from it with --resume" in error
    status, output, _ = run("fit", photos, "--out", tmp_path / "b", *state, "--max-steps", 4, "--resume")
    assert status == 0
    assert "Trained 4 steps" in output


@pytest.mark.skipif(sys.platform == "win32", reason="its processes are not asked to end")
def test_a_request_to_terminate_is_an_interruption(run, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("ganaug.loading.load", lambda path: os.kill(os.getpid(), signal.SIGTERM))
    assert run("sample", "model", "-n", "1", "--out", "x")[::2] == (130, "ganaug sample: interrupted\n")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_label_that_the_terminal_cannot_spell_is_no_failure(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("x,y\n" + "1.5,a\n" * 12 + "2.5,日本\n" * 6, encoding="utf-8")
    command = [sys.executable, "-m", "ganaug.cli", "balance", table, "--target", "y", "--out", tmp_path / "out.csv"]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([*command, "--dose", "0"], capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
