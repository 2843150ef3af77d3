import builtins
import re

import pytest
from _benchmark_fakes import make_rows, make_task

from ganaug.benchmark import plots
from ganaug.benchmark.report import ReportData, write_report
from ganaug.benchmark.tables import judge

BASE = [0.80, 0.82, 0.81, 0.79, 0.83]
METHODS = ["no augmentation", "affine", "affine + ganaug"]


@pytest.fixture
def make_data(tmp_path):
    picture = tmp_path / "samples.png"
    picture.write_bytes(b"\x89PNG, more or less")

    def make(change):
        treated = [score + change + 0.001 * i for i, score in enumerate(BASE)]
        rows = make_rows({"no augmentation": [0.7, 0.71, 0.69, 0.7, 0.72], "affine": BASE, METHODS[2]: treated})
        return ReportData(
            make_task(), rows, METHODS, "affine", judge(rows, METHODS[2], "affine"), make_rows({"affine": BASE[:2]}),
            [{"step": 1, "d_loss": 1.0, "g_loss": 2.0}, {"step": 2, "d_loss": 0.5, "g_loss": 1.0}],
            picture, {"seed": "7"}, ["A note with <brackets>."],
        )  # fmt: skip

    return make


@pytest.fixture
def without_matplotlib(monkeypatch):
    real_import = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError("No module named 'matplotlib'")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)


def _write(path, data):
    problem = write_report(path, data)
    return path.read_text(encoding="utf-8"), problem


def test_report_holds_the_numbers(tmp_path, make_data):
    page, problem = _write(tmp_path / "report.html", make_data(0.02))
    assert problem is None
    assert "81.0 ± 2.0" in page
    assert "+2.2 ± 0.2 points" in page
    assert "ant (4 images)" in page
    assert "made of noise" in page


@pytest.mark.parametrize(
    ("change", "headline", "kind", "cell"),
    [(0.02, "Use it", "verdict gain", 'class="up"'), (-0.03, "Use none", "verdict none", 'class="down"')],
)
def test_verdict_is_on_top_and_losses_are_marked_like_gains(tmp_path, make_data, change, headline, kind, cell):
    page, _ = _write(tmp_path / "report.html", make_data(change))
    assert page.index(f"<h1>{headline}</h1>") < page.index("<table>")
    assert kind in page
    assert cell in page


def test_report_is_self_contained_and_escaped(tmp_path, make_data):
    page, _ = _write(tmp_path / "report.html", make_data(0.02))
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == 4
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "http" not in page
    assert "A note with &lt;brackets&gt;." in page


def test_without_matplotlib_the_rest_is_written(tmp_path, make_data, without_matplotlib):
    page, problem = _write(tmp_path / "report.html", make_data(0.02))
    assert 'pip install "ganaug[report]"' in problem
    assert "pip install &quot;ganaug[report]&quot;" in page
    assert "+2.2 ± 0.2 points" in page
    assert page.count("<img") == 1


def test_figure_without_matplotlib_names_the_remedy(without_matplotlib):
    with pytest.raises(ImportError, match=r'plots need matplotlib.*pip install "ganaug\[report\]"'):
        plots.gan_figure([])


def test_report_with_the_least(tmp_path, make_data):
    rows = make_rows({"affine": [0.5], "ganaug": [0.6]})
    data = ReportData(make_task(), rows, ["affine", "ganaug"], "affine", judge(rows, "ganaug", "affine"))
    page, problem = _write(tmp_path / "report.html", data)
    assert problem is None
    assert "60.0 ± ?" in page
    assert "No picture was made." in page


def test_figures_are_png(make_data):
    data = make_data(0.0)
    figure = plots.recall_figure(data.rows, data.methods, data.task)
    assert plots.as_png(figure).startswith(b"\x89PNG\r\n")
