"""One self-contained HTML page: the verdict in words first, then the numbers, pictures and conditions."""

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ganaug.benchmark import plots
from ganaug.benchmark.results import Row
from ganaug.benchmark.statistics import PairedDifference
from ganaug.benchmark.tables import METRICS, Verdict, gain, mean_score, percent, points
from ganaug.benchmark.tasks import Task


@dataclass(frozen=True)
class ReportData:
    """All that a report shows.

    Attributes
    ----------
    task : Task
    rows : list of dict
        The rows of `methods`.
    methods : sequence of str
        The methods to compare, in order.
    control : str
        The strongest ordinary baseline; one of `methods`.
    verdict : Verdict
    selection : list of dict
        Rows of the ordinary methods that `control` was chosen from.
    history : list of dict
        The GAN's losses by step.
    sample_grid : path or None
        A PNG of real and synthetic images.
    facts : dict of str to str
        Conditions worth stating, such as seconds and steps.
    notes : sequence of str
        Sentences set under the verdict.
    """

    task: Task
    rows: list[Row]
    methods: Sequence[str]
    control: str
    verdict: Verdict
    selection: Sequence[Row] = ()
    history: list[dict[str, float]] = field(default_factory=list)
    sample_grid: Path | None = None
    facts: dict[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()


def write_report(path: str | os.PathLike, data: ReportData) -> str | None:
    """Write the page; without matplotlib it lacks the plots and says how to get them.

    Returns
    -------
    str or None
        The remedy, if the plots are missing.
    """
    problem = None
    try:
        plots.require_matplotlib()
    except ImportError as error:
        problem = str(error)
    sections = [
        _verdict_section(data),
        _section("Scores on the untouched test part", _score_table(data)),
        _section("Gain over the strongest ordinary baseline", _gain_table(data)),
        _section("Recall of each class", _recall_plot(data) if problem is None else _paragraph(problem)),
        _section("Real and synthetic images", _samples(data)),
        _section("Training", _training_plots(data) if problem is None else _paragraph(problem)),
        _section("How the baseline was chosen", _candidate_table(data)),
        _section("Conditions", _fact_table(data)),
    ]
    page = _PAGE.format(title=f"ganaug: {html.escape(data.task.name)}", style=_STYLE, body="\n".join(sections))
    Path(path).write_text(page, encoding="utf-8")
    return problem


def _verdict_section(data: ReportData) -> str:
    kind = "gain" if data.verdict.use else "none"
    headline, _, rest = data.verdict.sentence.partition(": ")
    notes = "".join(_paragraph(note, "note") for note in data.notes)
    return (
        f'<header><p class="kicker">ganaug on {html.escape(data.task.name)}</p>'
        f'<div class="verdict {kind}"><h1>{html.escape(headline)}</h1>{_paragraph(rest)}</div>'
        f"{notes}</header>"
    )


def _score_table(data: ReportData) -> str:
    body = [
        [method, *(percent(mean_score(data.rows, method, metric)) for metric in METRICS)] for method in data.methods
    ]
    rare = ", ".join(f"{data.task.class_names[c]} ({data.task.counts[c]} images)" for c in data.task.rare_classes)
    return _table(["method", *METRICS.values()], body) + _paragraph(
        f"Percent, mean ± 95 % t interval over the seeds. Rarest classes: {rare}. “Shifted”: after "
        f"subtracting the multiple of the log class prior that is best on validation data, for every "
        "method alike.",
        "note",
    )


def _gain_table(data: ReportData) -> str:
    body, classes, tests = [], [], []
    for method in data.methods:
        if method == data.control:
            continue
        gains = [gain(data.rows, method, data.control, metric) for metric in METRICS]
        body.append([method, *(points(difference).removesuffix(" points") for difference in gains)])
        classes.append(["", *map(_direction, gains)])
        tests.append(f"{method}: {_p_values(gains[2])}")
    return _table(["method", *METRICS.values()], body, classes) + _paragraph(
        f"Paired difference to “{data.control}” seed by seed, in percentage points, with its 95 % t interval. Green: "
        f"the interval lies above zero; red: below zero; plain: nothing was shown. p of the balanced, shifted "
        f"accuracy: {'; '.join(tests)}.",
        "note",
    )


def _p_values(difference: PairedDifference) -> str:
    wilcoxon = "" if difference.wilcoxon_p is None else f", Wilcoxon {difference.wilcoxon_p:.3f}"
    return f"sign {difference.sign_p:.3f}{wilcoxon}"


def _direction(difference: PairedDifference) -> str:
    return "up" if difference.low > 0 else "down" if difference.high < 0 else ""


def _recall_plot(data: ReportData) -> str:
    figure = plots.recall_figure(data.rows, data.methods, data.task)
    return _image(plots.as_png(figure), "Recall of each class by method") + _paragraph(
        "After the logit shift; bars are 95 % t intervals over the seeds.", "note"
    )


def _training_plots(data: ReportData) -> str:
    curve = _image(plots.as_png(plots.curve_figure(data.rows, data.methods)), "Classifier score by step")
    gan = _image(plots.as_png(plots.gan_figure(data.history)), "GAN losses by step") if data.history else ""
    return f'<div class="pair">{curve}{gan}</div>'


def _samples(data: ReportData) -> str:
    if data.sample_grid is None:
        return _paragraph("No picture was made.")
    return _image(Path(data.sample_grid).read_bytes(), "Real and synthetic images, one row for each class")


def _candidate_table(data: ReportData) -> str:
    if not data.selection:
        return _paragraph(f"“{data.control}” was given.")
    names = list(dict.fromkeys(row["method"] for row in data.selection))
    means = [mean_score(data.selection, name, "val_balanced_accuracy_shifted") for name in names]
    body = [[name, f"{100 * mean.mean:.1f}", str(mean.n)] for name, mean in zip(names, means, strict=True)]
    classes = [["best" if name == data.control else "", "", ""] for name in names]
    return _table(["ordinary method", "validation balanced accuracy, shifted", "seeds"], body, classes) + _paragraph(
        "The best on validation data is the baseline; the test part played no role.", "note"
    )


def _fact_table(data: ReportData) -> str:
    facts = {"data": data.task.rule, **data.facts}
    return _table([], [[name, value] for name, value in facts.items()])


def _section(title: str, body: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>{body}</section>"


def _paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{html.escape(text)}</p>' if kind else f"<p>{html.escape(text)}</p>"


def _image(png: bytes, description: str) -> str:
    return f'<img alt="{html.escape(description)}" src="{plots.data_uri(png)}">'


def _table(head: Sequence[str], body: Sequence[Sequence[str]], classes: Sequence[Sequence[str]] = ()) -> str:
    heading = "".join(f"<th>{html.escape(text)}</th>" for text in head)
    lines = []
    for i, row in enumerate(body):
        kinds = classes[i] if classes else [""] * len(row)
        cells = "".join(f'<td class="{kind}">{html.escape(text)}</td>' for text, kind in zip(row, kinds, strict=True))
        lines.append(f"<tr>{cells}</tr>")
    thead = f"<thead><tr>{heading}</tr></thead>" if head else ""
    return f'<div class="scroll"><table>{thead}<tbody>{"".join(lines)}</tbody></table></div>'


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""

_STYLE = """
:root { --text: #1d2330; --soft: #5d6675; --page: #f5f6f8; --card: #ffffff; --line: #e1e4ea;
  --up: #0a7a4b; --up-soft: #e4f5ec; --down: #b3361b; --flat: #8a6100; --flat-soft: #fbf3dd; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ef; --soft: #9aa4b5; --page: #14171c; --card: #1d2128; --line: #323844;
    --up: #5fd39b; --up-soft: #17352a; --down: #ff8f75; --flat: #ecc466; --flat-soft: #3a3119; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
.kicker { margin: 0 0 .6rem; color: var(--soft); letter-spacing: .02em; }
.verdict { border-left: 6px solid; border-radius: 8px; padding: 1rem 1.4rem; }
.verdict.gain { background: var(--up-soft); border-color: var(--up); }
.verdict.none { background: var(--flat-soft); border-color: var(--flat); }
.verdict h1 { margin: 0 0 .2rem; font-size: 1.7rem; }
.verdict.gain h1 { color: var(--up); }
.verdict.none h1 { color: var(--flat); }
.verdict p { margin: 0; font-size: 1.08rem; }
section { margin-top: 1.2rem; padding: 1.1rem 1.4rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; }
h2 { margin: 0 0 .7rem; font-size: 1.1rem; }
.note { margin: .7rem 0 0; color: var(--soft); font-size: .88rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
thead + tbody td { white-space: nowrap; }
table:not(:has(thead)) td { text-align: left; vertical-align: top; }
table:not(:has(thead)) td:first-child { color: var(--soft); white-space: nowrap; }
th { font-size: .85rem; font-weight: 600; color: var(--soft); }
tbody tr:last-child td { border-bottom: 0; }
td.up { color: var(--up); font-weight: 600; }
td.down { color: var(--down); font-weight: 600; }
td.best { font-weight: 600; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; padding: .4rem; background: #fff;
  border-radius: 6px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; }
"""
