"""The commands on tables; `test_cli.py` has what they share and those on images."""

import re
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from _image_files import write_folder, write_parquet

import ganaug
from ganaug.architectures import MLP
from ganaug.cli import main
from ganaug.losses import Hinge

TINY = ["--max-steps", "2", "--quiet"]
TRAINING = ["--batch-size", "4", "--threads", "1", *TINY]
N = 40


def make_text(n=N, step=4):
    """Return a table in CSV: an identifier, a code, an integer with gaps, a number, text, and classes 0 and 1."""
    rng = np.random.default_rng(0)
    ages = [str(age) if i % 7 else "" for i, age in enumerate(rng.integers(18, 80, n))]
    rows = [f"{100 + i},00{i % 3},{ages[i]},{rng.normal():.3f},{'ab'[i % 2]},{int(i % step == 0)}" for i in range(n)]
    return "\n".join(["id,code,age,score,plan,churned", *rows]) + "\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "data.csv"
    path.write_text(make_text())
    return path


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model"
    command = ["fit", data, "--target", "churned", "--id-columns", "id", "--out", path, *TRAINING]
    assert main([str(word) for word in command]) == 0
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
        lines = [line for line in error.splitlines() if ": warning: " not in line]
        assert len(lines) == 1
        assert re.match(r"ganaug (balance|fit|sample|audit): ", lines[0])
        return lines[0]

    return call


# balance


def test_balance_appends_marked_rows_of_the_rare_class(run, tmp_path, data):
    out = tmp_path / "new" / "out.csv"
    status, output, error = run("balance", data, "--target", "churned", "--out", out, "--mark", "--dose", "1", *TINY)
    assert (status, error) == (0, "")
    assert re.fullmatch(rf"0: 30 -> 30, 1: 10 -> 30 rows \(.*\); wrote {re.escape(str(out))}\.\n", output)
    original, lines = data.read_text().splitlines(), out.read_text().splitlines()
    assert lines[: N + 1] == [f"{original[0]},synthetic", *(f"{line},False" for line in original[1:])]
    new = [line.split(",") for line in lines[N + 1 :]]
    assert len(new) == 20
    for _, code, age, score, plan, churned, synthetic in new:
        assert code in ("000", "001", "002")
        assert re.fullmatch(r"\d{2}|", age)
        assert re.fullmatch(r"-?\d\.\d{1,3}", score)
        assert plan in "ab"
        assert (churned, synthetic) == ("1", "True")


def test_balance_repeats_and_another_seed_differs(run, tmp_path, data):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        options = ["--target", "churned", "--out", tmp_path / f"{name}.csv", "--seed", seed, "--dose", "1", *TINY]
        assert run("balance", data, *options)[0] == 0
    a, b, c = ((tmp_path / f"{name}.csv").read_text() for name in "abc")
    assert a == b != c


def test_balance_of_parquet_keeps_types_and_index(run, tmp_path):
    frame = pd.DataFrame({"n": np.arange(N), "c": pd.Categorical(list("ab") * (N // 2)), "y": np.arange(N) % 4 == 0})
    frame.set_axis(np.arange(N) * 2).to_parquet(tmp_path / "a.parquet")
    command = ["balance", tmp_path / "a.parquet", "--target", "y", "--out", tmp_path / "b.parquet", "--dose", "1"]
    assert run(*command, *TINY)[0] == 0
    old, new = (pq.read_table(tmp_path / name) for name in ("a.parquet", "b.parquet"))
    assert new.slice(0, N).equals(old)
    assert new["y"].to_pylist()[N:] == [True] * 20
    assert new["__index_level_0__"].to_pylist()[N:] == list(range(2 * N - 1, 2 * N + 19))


@pytest.mark.parametrize(
    ("strategy", "counts"),
    [
        (["auto"], (30, 30)),
        (["not", "majority"], (30, 30)),
        (["0.5"], (30, 15)),
        (["1=17"], (30, 17)),
        (["1=12", "0=31"], (31, 12)),
    ],
)
def test_sampling_strategy_and_source(run, tmp_path, data, strategy, counts):
    command = ["balance", data, "--target", "churned", "--out", tmp_path / "out.csv", "--dose", 1, *TINY]
    status, output, _ = run(*command, "--source", "duplicate=1", "--sampling-strategy", *strategy)
    assert status == 0
    assert pd.read_csv(tmp_path / "out.csv")["churned"].value_counts().to_dict() == dict(enumerate(counts))
    assert f"({sum(counts) - N} duplicate)" in output


def test_balance_hands_all_options_to_the_sampler(run, tmp_path, data, monkeypatch):
    import ganaug.over_sampling

    class Recorder(ganaug.GANOverSampler):
        def fit_resample(self, X, y):
            seen.update(self.get_params(), names=list(X))
            raise ValueError("seen")

    seen = {}
    monkeypatch.setattr(ganaug.over_sampling, "GANOverSampler", Recorder)
    options = ["--source", "gan=0.5", "smote=1.5", "--filter", "confidence", "--scoring", "f1_macro", "--dose", "0.25"]
    options += ["--seed", "7", "--max-steps", "9", "--discrete-columns", "age", "--max-categories", "5"]
    run("balance", data, "--target", "churned", "--out", tmp_path / "out.csv", "--id-columns", "id", "code", *options)
    assert seen["sources"] == {"gan": 0.5, "smote": 1.5}
    assert (seen["filter"], seen["scoring"], seen["dose"], seen["random_state"]) == ("confidence", "f1_macro", 0.25, 7)
    given = seen["gan__max_steps"], seen["gan__discrete_columns"], seen["gan__max_categories"], seen["gan__verbose"]
    assert given == (9, ["age"], 5, None)
    assert seen["names"] == ["age", "score", "plan"]


def test_balance_warns_of_a_tiny_class_in_one_line(run, tmp_path):
    (tmp_path / "data.csv").write_text(make_text(step=20))
    command = ["balance", tmp_path / "data.csv", "--target", "churned", "--out", tmp_path / "out.csv", "--dose", "1"]
    status, output, error = run(*command, "--source", "gan=1", *TINY)
    assert status == 0
    assert error.startswith("ganaug balance: warning: 1 of 2 classes ")
    assert error.count("\n") == 1
    assert "1: 2 -> 38 rows (36 smote)" in output


def test_other_separators(run, tmp_path):
    (tmp_path / "data.csv").write_text(make_text().replace(",", ";"))
    command = ["balance", tmp_path / "data.csv", "--target", "churned", "--out", tmp_path / "out.csv"]
    assert run(*command, "--separator", ";", "--source", "duplicate=1", "--dose", "1")[0] == 0
    assert (tmp_path / "out.csv").read_text().splitlines()[-1].count(";") == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "churn"], "has no column 'churn'; its columns are 'id', .* Did you mean 'churned'"),
        (["--target", "score"], "'score' of .* is continuous: .* distinct values in 40 rows"),
        (["--id-columns", "ID"], "has no column 'ID'; .*Did you mean 'id'"),
        (
            ["--discrete-columns", "ag"],
            "--discrete-columns names 'ag', which the table does not have; .*Did you mean 'age'",
        ),
        (["--sampling-strategy", "1=5"], "asks for 5 rows of 1, which has 10 already; rows are only added"),
        (["--sampling-strategy", "2=50"], "names the class '2'; the target has"),
        (["--sampling-strategy", "1=few"], "has '1=few'; expected a class and its number of rows, such as yes=500"),
        (["--sampling-strategy", "minorty"], "is 'minorty'; expected auto, .* Did you mean 'minority'"),
        (["--sampling-strategy", "0.1"], "ratio"),
        (["--source", "gann=1"], "Unknown source 'gann'; choose from .* Did you mean 'gan'"),
        (["--source", "gan"], "argument --source: expected NAME=SHARE such as gan=0.5, got 'gan'"),
        (["--filter", "confidnce"], "confidence"),
        (["--dose", "2"], "argument --dose: expected a number from 0 to 1, got '2'"),
        (["--dose", "auto"], "argument --dose: expected a number from 0 to 1, got 'auto'"),
        (["--scoring", "f1macro"], "Unknown scoring 'f1macro'"),
        (["--seed", "-1"], "argument --seed: expected a whole number from 0 to 4294967295, got .-1."),
        (["--separator", "::"], "argument --separator: expected one character, or tab, got '::'"),
        (["--max-steps", "0"], "--max-steps must be an integer from 1"),
        (["--out", "out.xlsx"], "tables end in .csv, .tsv or .parquet"),
        (["--out", "data.csv", "--overwrite"], "data.csv is both input and output; write into another file"),
        (["--out", "data.csv/out.csv"], "data.csv is a file; choose another path"),
        (["--outt", "a.csv"], "unknown argument '--outt'. Did you mean '--out'"),
    ],
)
def test_balance_refuses_a_wrong_option_and_writes_nothing(refuse, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text(make_text())
    line = refuse("balance", "data.csv", "--target", "churned", "--out", "out.csv", *TINY, *options)
    assert re.search(message, line)
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]
    assert (tmp_path / "data.csv").read_text() == make_text()


def test_balance_replaces_a_file_only_when_told(run, refuse, tmp_path, data):
    out = tmp_path / "out.csv"
    out.write_text("old")
    command = ["balance", data, "--target", "churned", "--out", out, "--source", "duplicate=1", "--dose", "1"]
    assert "out.csv exists; choose another path, or pass --overwrite to replace it" in refuse(*command)
    assert out.read_text() == "old"
    assert run(*command, "--overwrite")[0] == 0
    assert out.read_text().startswith(data.read_text())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty; pass a table with a header and rows"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "is not text in UTF-8"),
        ("a.csv", b"x,y\n1,a\n1\n", "line 3: 1 fields, and the header has 2"),
        (
            "a.csv",
            b"x,y\n1,a\n2,\n3,b\n",
            "in 1 of 3 rows, the first in row 2, counted from 1; fill them in, or",
        ),
        ("a.csv", b"x,y\n1,a\n2,a\n", "has one class only, a"),
        ("a.csv", b"x,y,synthetic\n1,a,1\n2,b,1\n", "already has a column 'synthetic'; rename it"),
        ("a.csv", b"x,y\ninf,a\n" + b"1,a\n" * 9 + b"2,b\n" * 20, "infinit"),
        ("a.parquet", b"x,y\n", "Cannot read .* as Parquet"),
        ("a.xlsx", b"", "ends in '.xlsx'"),
    ],
)
def test_balance_refuses_a_wrong_file_and_writes_nothing(refuse, tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    line = refuse(
        "balance", tmp_path / name, "--target", "y", "--out", tmp_path / "out.csv", "--mark", "--dose", 1, *TINY
    )
    assert re.search(message, line)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("module", "out", "extra"),
    [("pandas", "a.csv", "tables"), ("imblearn", "a.csv", "tables"), ("pyarrow", "a.parquet", "tables,parquet")],
)
def test_balance_names_the_extra_of_a_missing_package(refuse, tmp_path, data, monkeypatch, module, out, extra):
    monkeypatch.setitem(sys.modules, module, None)
    line = refuse("balance", data, "--target", "churned", "--out", tmp_path / out)
    assert f'pip install "ganaug[{extra}]"' in line
    assert not list(tmp_path.iterdir())


# fit


def test_fit_with_a_target_saves_a_table_gan(model):
    gan = ganaug.load(model)
    assert isinstance(gan, ganaug.TableGAN)
    assert gan.feature_names_in_.tolist() == ["code", "age", "score", "plan"]
    assert gan.class_counts_ == {0: 30, 1: 10}
    assert (gan.max_steps, gan.batch_size, gan.random_state, gan.n_threads) == (2, 4, 0, 1)


def test_fit_passes_the_options_on_and_leaves_the_rest_to_the_estimator(run, tmp_path, data):
    options = ["--loss", "hinge", "--architecture", "mlp", "--discrete-columns", "age", "--max-categories", "3"]
    status, output, error = run("fit", data, "--target", "churned", "--out", tmp_path / "m", *TINY, *options)
    assert (status, output) == (0, f"Trained 2 steps on 40 rows of 2 classes; wrote {tmp_path / 'm'}.\n")
    assert "Raise --max-categories to keep more" in error
    assert "name identifiers with --id-columns" in error
    gan, unset = ganaug.load(tmp_path / "m"), ganaug.TableGAN()
    assert (gan.loss, gan.architecture, gan.max_categories) == (Hinge(), MLP(), 3)
    for name in ("batch_size", "n_threads", "device", "class_balance"):
        assert getattr(gan, name) == getattr(unset, name)


def test_fit_of_a_table_resumes(run, tmp_path, data):
    common = [data, "--target", "churned", "--quiet", "--batch-size", "4", "--max-steps", "4", "--id-columns", "id"]
    state = tmp_path / "state"
    assert run("fit", *common, "--out", tmp_path / "a", "--checkpoint", state, "--checkpoint-every", 2)[0] == 0
    assert run("fit", *common, "--out", tmp_path / "b", "--checkpoint", state, "--resume")[0] == 0
    a, b = (ganaug.load(tmp_path / name).sample(3, 1, random_state=0)[0] for name in "ab")
    pd.testing.assert_frame_equal(a, b)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--image-size", "8", "8"], "--image-size is for images, but with --target, DATA is a table"),
        (["--samples", "a.png"], "--samples is for images"),
        (["--on-error", "skip"], "--on-error is for images"),
        (["--cache-dir", "c"], "--cache-dir is for images"),
        (["--d-augment", "none"], "--d-augment is for images"),
        (["--n-snapshots", "2"], "--n-snapshots is for images"),
        (["--architecture", "residual"], "--architecture residual is for images, but .*; for a table choose from mlp"),
        (["--architecture", "mpl"], "Did you mean 'mlp'"),
        (["--target", "churn"], "Did you mean 'churned'"),
        (["--discrete-columns", "agee"], "has no column 'agee'; .* Did you mean 'age'"),
        (["--max-categories", "0"], "--max-categories must be an integer"),
    ],
)
def test_fit_refuses_a_wrong_option_and_writes_nothing(refuse, tmp_path, data, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    assert re.search(message, refuse("fit", data, "--target", "churned", "--out", "model", *TINY, *options))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--id-columns", "a"], "--id-columns is for tables, but without --target COLUMN, DATA is of images"),
        (["--discrete-columns", "a"], "--discrete-columns is for tables"),
        (["--max-categories", "9"], "--max-categories is for tables"),
        (["--separator", ";"], "--separator is for tables"),
        (["--architecture", "mlp"], "--architecture mlp is for tables, .*; for images choose from"),
    ],
)
def test_fit_of_images_refuses_what_is_for_tables(refuse, tmp_path, option, message):
    assert re.search(message, refuse("fit", tmp_path / "photos", "--out", tmp_path / "model", *option))


def test_without_target_parquet_is_images_and_csv_is_asked_for_one(run, refuse, tmp_path, data):
    photos = write_parquet(tmp_path / "photos.parquet")
    assert run("fit", photos, "--out", tmp_path / "m", *TRAINING)[0] == 0
    assert isinstance(ganaug.load(tmp_path / "m"), ganaug.ImageGAN)
    line = refuse("fit", data, "--out", tmp_path / "n")
    assert "data.csv is a table; name its column of classes with --target COLUMN" in line
    assert "is a table; name its column" in refuse("audit", tmp_path / "m", "--data", data)


# sample


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.parquet"])
def test_sample_writes_rows_under_the_tables_own_names(run, tmp_path, model, name):
    out = tmp_path / name
    status, output, _ = run("sample", model, "-n", 3, "--label", "1", "--out", out)
    assert (status, output) == (0, f"Wrote 3 rows to {out}; the labels are in the column 'churned'.\n")
    frame = pd.read_parquet(out) if name.endswith("parquet") else pd.read_csv(out, sep=None, engine="python")
    assert list(frame) == ["code", "age", "score", "plan", "churned"]
    assert frame["churned"].tolist() == [1, 1, 1]


def test_sample_draws_all_classes_and_takes_another_name(run, tmp_path, model):
    assert run("sample", model, "-n", 2, "--target", "label", "--out", tmp_path / "a.csv", "--seed", 1)[0] == 0
    assert run("sample", model, "-n", 2, "--target", "label", "--out", tmp_path / "b.csv", "--seed", 1)[0] == 0
    assert pd.read_csv(tmp_path / "a.csv")["label"].tolist() == [0, 0, 1, 1]
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_sample_of_a_model_made_in_python(run, tmp_path):
    gan = ganaug.TableGAN(max_steps=2, min_class_size=0, random_state=0)
    gan.fit(np.random.default_rng(0).normal(size=(12, 2)), ["a", "b"] * 6).save(tmp_path / "m")
    assert run("sample", tmp_path / "m", "-n", 1, "--out", tmp_path / "a.csv")[0] == 0
    assert pd.read_csv(tmp_path / "a.csv").columns.tolist() == ["x0", "x1", "target"]


def test_sample_refuses_a_wrong_request_and_writes_nothing(refuse, tmp_path, model):
    (tmp_path / "mine.csv").write_text("mine")
    for options, message in [
        (["--label", "2", "--out", tmp_path / "a.csv"], "Unknown label '2'; the model has 0, 1"),
        (["--out", tmp_path / "folder"], "ends in 'no suffix'; tables end in"),
        (["--out", tmp_path / "mine.csv"], "mine.csv exists; choose another path."),
        (["--out", tmp_path / "a.csv", "--target", "age"], "The model has a column 'age'"),
    ]:
        assert message in refuse("sample", model, "-n", 1, *options)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


# audit


def test_audit_of_a_table_prints_a_verdict_for_each_class(run, model, data):
    status, output, error = run("audit", model, "--data", data, "--target", "churned", "-n", 8)
    assert (status, error) == (0, "")
    rows = [line.split() for line in output.splitlines()]
    assert [row[:4] for row in rows[1:3]] == [["0", "30", "8", "leave-one-out"], ["1", "10", "8", "leave-one-out"]]
    status, output, _ = run("audit", model, "--data", data, "--held-out", data, "-n", 8)
    assert status == 0
    assert "held-out (30)" in output


def test_audit_reads_codes_as_the_model_knows_them(run, tmp_path):
    for name, codes in (("data.csv", ["01", "2"]), ("held-out.csv", ["2", "2"])):  # Alone, the latter are numbers.
        rows = [f"{codes[i % 2]},{i},{i % 3}\n" for i in range(30)]
        (tmp_path / name).write_text("code,x,y\n" + "".join(rows))
    assert run("fit", tmp_path / "data.csv", "--target", "y", "--out", tmp_path / "m", *TRAINING)[0] == 0
    command = ["audit", tmp_path / "m", "--data", tmp_path / "data.csv", "--held-out", tmp_path / "held-out.csv"]
    status, output, _ = run(*command, "-n", 4)
    assert status == 0
    assert output.count("held-out (10)") == 3


def test_audit_refuses_other_tables(refuse, tmp_path, model, data):
    (tmp_path / "other.csv").write_text(make_text().replace("score", "points"))
    line = refuse("audit", model, "--data", tmp_path / "other.csv")
    assert "Feature names seen at fit time, yet now missing: - score" in line
    (tmp_path / "foreign.csv").write_text("a,churned\n1,yes\n2,no\n")
    assert "foreign.csv has no column" in refuse("audit", model, "--data", tmp_path / "foreign.csv")
    assert "does not exist" in refuse("audit", model, "--data", tmp_path / "nowhere.csv")
    assert "Did you mean 'churned'" in refuse("audit", model, "--data", data, "--target", "churnd")


def test_models_of_another_kind_are_refused(run, refuse, tmp_path, data):
    rows, labels = np.random.default_rng(0).normal(size=(12, 2)), ["a", "b"] * 6
    ganaug.TableGAN(max_steps=2, min_class_size=0).fit(rows, labels).save(tmp_path / "table")
    line = refuse("audit", tmp_path / "table", "--data", data)
    assert re.search("which column of .* holds the classes; pass --target", line)
    ganaug.VectorGAN(max_steps=2, min_class_size=0).fit(rows, labels).save(tmp_path / "vector")
    line = refuse("sample", tmp_path / "vector", "-n", 1, "--out", tmp_path / "a.csv")
    assert "holds a VectorGAN, which only Python code can use" in line
    photos = write_folder(tmp_path / "photos")
    assert run("fit", photos, "--out", tmp_path / "images", *TRAINING)[0] == 0
    line = refuse("audit", tmp_path / "images", "--data", photos, "--target", "y")
    assert "is a model of images, and --target is for tables" in line


def test_interrupted_balance_writes_nothing(run, data, tmp_path, monkeypatch):
    def interrupt(state):
        raise KeyboardInterrupt

    monkeypatch.setattr("ganaug.training.train_step", interrupt)
    status, output, error = run("balance", data, "--target", "churned", "--out", tmp_path / "out.csv", *TINY)
    assert (status, output) == (130, "")
    assert error == "ganaug balance: interrupted\n"
    assert not list(tmp_path.iterdir())


def test_samples_are_spelled_as_the_table_was(run, tmp_path):
    days = [f"2024-0{1 + i % 2}-01" for i in range(40)]
    rows = [f"2024-03-0{1 + i % 5} 00:00:00,{i},{day}" for i, day in enumerate(days)]
    (tmp_path / "data.csv").write_text("\n".join(["when,x,day", *rows]) + "\n")
    model, out = tmp_path / "model", tmp_path / "rows.csv"
    assert run("fit", tmp_path / "data.csv", "--target", "day", "--out", model, *TRAINING)[0] == 0
    assert run("sample", model, "-n", 3, "--label", "2024-02-01", "--out", out)[0] == 0
    header, *lines = out.read_text().splitlines()
    assert header == "when,x,day"
    assert all(re.fullmatch(r"2024-03-0\d 00:00:00,\d+,2024-02-01", line) for line in lines)


def test_held_out_rows_may_lack_a_class_and_hold_a_new_category(run, tmp_path):
    for name, labels, last in (("data.csv", ["1", "2", "3a"], "w"), ("held.csv", ["1", "2", "1"], "new")):
        rows = [f"{i},{['u', 'v', last][i % 3]},{labels[i % 3]}" for i in range(45)]
        (tmp_path / name).write_text("\n".join(["x,c,y", *rows]) + "\n")
    model = tmp_path / "model"
    assert run("fit", tmp_path / "data.csv", "--target", "y", "--out", model, *TRAINING)[0] == 0
    command = ["audit", model, "--data", tmp_path / "data.csv", "--held-out", tmp_path / "held.csv", "-n", 5]
    status, output, error = run(*command)
    assert (status, error) == (0, "")
    assert "held-out (15)" in output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "nope"], "Size of X now.csv has no column 'nope'; its columns are 'max_steps', 'b  b', 'y'."),
        (["--target", "y", "--id-columns", "random_state"], "has no column 'random_state'; its columns"),
        (["--target", "y", "--filter", "confid"], "Unknown --filter 'confid'; choose from confidence, neighbour,"),
        (["--target", "y", "--sampling-strategy", "5"], "a ratio from 0 to 1 such as 0.5"),
        (["--target", "y", "--sampling-strategy", "a=20", "a=30"], "--sampling-strategy names a twice"),
        (["--target", "y", "--source", "gan=1", "gan=2"], "--source names gan twice"),
        (["--target", "max_steps"], "Column 'max_steps' of Size of X now.csv is continuous"),
    ],
)
def test_messages_leave_the_users_own_words_alone(run, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i}.5,1,{'ab'[i % 2]}\n" for i in range(30))
    (tmp_path / "Size of X now.csv").write_text("max_steps,b  b,y\n" + rows)
    status, _, error = run("balance", "Size of X now.csv", "--out", "out.csv", *options)
    assert status == 2
    assert message in error


def test_a_class_with_a_minus_is_named(run, tmp_path):
    (tmp_path / "data.csv").write_text("x,y\n" + "".join(f"{i},{[-1, 1][i % 2]}\n" for i in range(20)))
    strategy = ["--sampling-strategy=-1=12", "--sampling-strategy", "1=11"]
    out = tmp_path / "out.csv"
    assert run("balance", tmp_path / "data.csv", "--target", "y", "--out", out, *strategy, *TINY)[0] == 0
    assert pd.read_csv(out)["y"].value_counts().to_dict() == {-1: 12, 1: 11}


def test_a_seed_is_named_as_the_shell_does(run, model, tmp_path):
    status, _, error = run("sample", model, "--seed", "-1", "-n", 2, "--out", tmp_path / "out.csv")
    assert status == 2
    assert "--seed must be from 0" in error
