"""The report's figures; the only module that imports matplotlib, and only when a figure is drawn."""

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganaug.benchmark.results import Row
from ganaug.benchmark.statistics import mean_interval
from ganaug.benchmark.tables import scores
from ganaug.benchmark.tasks import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = (
    "#8a8a8a",
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
)  # Distinct for the colour-blind (Okabe and Ito).
MARKERS = "osD^v"


def require_matplotlib() -> None:
    """Raise an ImportError that names the remedy if matplotlib cannot be imported."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'The plots need matplotlib, which cannot be imported ({error}): pip install "ganaug[report]"'
        ) from error


def recall_figure(rows: Sequence[Row], methods: Sequence[str], task: Task) -> "Figure":
    """Recall of each class on the test part, after the logit shift: mean and t interval over the seeds."""
    figure, axes = _figure(9, 3.6)
    order = np.argsort(task.counts, kind="stable")
    for i, method in enumerate(methods):
        recall = 100 * np.array(scores(rows, method, "recall_shifted"))[:, order]  # (seeds, K)
        half_width = _half_widths(recall)
        x = np.arange(len(order)) + (i - (len(methods) - 1) / 2) * 0.2
        axes.errorbar(
            x,
            recall.mean(axis=0),
            half_width,
            fmt=MARKERS[i % 5],
            color=COLORS[i % 5],
            ms=5,
            lw=1.2,
            label=method,
        )
    axes.set_xticks(range(len(order)), [f"{task.class_names[c]}\n{task.counts[c]}" for c in order], fontsize=8)
    axes.set_xlabel("class, and its number of training images")
    axes.set_ylabel("recall, %")
    axes.set_ylim(top=101)
    axes.legend(frameon=False, fontsize=8, ncols=len(methods), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def curve_figure(rows: Sequence[Row], methods: Sequence[str]) -> "Figure":
    """Balanced accuracy on validation data while the classifiers train, mean over the seeds."""
    figure, axes = _figure(4.4, 3.2)
    for i, method in enumerate(methods):
        curves = np.array(scores(rows, method, "curve"))  # (seeds, checks, 3)
        mean = curves.mean(axis=0)
        axes.plot(mean[:, 0], 100 * mean[:, 2], MARKERS[i % 5] + "-", color=COLORS[i % 5], ms=3.5, label=method)
    axes.set_xlabel("classifier step")
    axes.set_ylabel("validation balanced accuracy, %")
    axes.legend(frameon=False, fontsize=8)
    return figure


def gan_figure(history: Sequence[dict[str, float]]) -> "Figure":
    """Losses of generator and discriminator while the GAN trains: every recorded value ending in ``loss``."""
    figure, axes = _figure(4.4, 3.2)
    names = [name for name in history[0] if name.endswith("loss")] if history else []
    for i, name in enumerate(names):
        axes.plot(
            [h["step"] for h in history],
            [h[name] for h in history],
            color=COLORS[1 + i % 4],
            lw=1,
            label=name,
        )
    axes.set_xlabel("GAN step")
    axes.set_ylabel("loss")
    if names:
        axes.legend(frameon=False, fontsize=8)
    return figure


def as_png(figure: "Figure") -> bytes:
    """Draw a figure as PNG bytes, without a display."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()


def data_uri(png: bytes) -> str:
    """PNG bytes as the address of an embedded image."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _half_widths(values: np.ndarray) -> np.ndarray | None:
    if len(values) < 2:
        return None
    return np.array([mean_interval(column).half_width for column in values.T])


def _figure(width: float, height: float) -> "tuple[Figure, object]":
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e4e4", lw=0.7)
    return figure, axes
