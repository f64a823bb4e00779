"""The critical-difference diagram: mean ranks on a line, and bars over indistinguishable ones (Demsar, 2006)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpo_gym.bench.intervals import equal_families, plain
from hpo_gym.bench.metrics import Curves, auc, cliques, critical_difference, ranks
from hpo_gym.bench.report.style import FAINT, INK, MUTED, PAPER, WIDTH, Style, heading, label, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def mean_ranks(curves: Sequence[Curves]) -> list[float]:
    """Return the ranks of the table: means over tasks of the place by AUC, to six decimals."""
    by_task = ranks(np.stack([auc(c) for c in curves], axis=1))
    return [plain(float(v)) or 0.0 for v in by_task.mean(axis=0)]


def draw_difference(curves: Sequence[Curves], styles: Mapping[str, Style]) -> Figure:
    """Draw the table's mean ranks; a bar joins optimizers that Nemenyi's test does not tell apart (Demsar, 2006, fig.
    1)."""
    names, mean = [c.optimizer for c in curves], np.array(mean_ranks(curves))
    order = np.argsort(mean, kind="stable")
    n, cd = len(names), critical_difference(len(names), equal_families(curves[0].families))
    groups = cliques(mean.tolist(), cd)
    figure, axes = _diagram(curves, n, len(groups))
    half = (n + 1) // 2
    for place, i in enumerate(order):
        left = place < half
        row = place if left else n - 1 - place
        y = -0.32 - 0.13 * len(groups) - 0.24 * row
        text = f"{label(names[i])}\u2002{mean[i]:.2f}"
        _stem(axes, float(mean[i]), (1.0 if left else float(n), y), text, styles[names[i]])
    for level, (first, last) in enumerate(groups):
        ends = [mean[order[first]] - 0.012 * n, mean[order[last]] + 0.012 * n]
        axes.plot(ends, [-0.16 - 0.13 * level] * 2, color=INK, lw=3.2, solid_capstyle="round", zorder=4)
    _ruler(axes, n, cd)
    return figure


def _diagram(curves: Sequence[Curves], n: int, n_groups: int) -> tuple[Figure, Axes]:
    """Make the axes of a critical-difference diagram: ranks across, inches down."""
    from matplotlib.figure import Figure

    depth = 0.32 + 0.13 * n_groups + 0.24 * ((n + 1) // 2)
    height = 1.3 + depth
    figure = Figure(figsize=(WIDTH, height), dpi=150)
    axes = figure.add_axes((0.21, 0.0, 0.58, 1.0))
    axes.set(xlim=(1.0, n), ylim=(-depth - 0.1, 1.2))
    axes.set_axis_off()
    about = "mean rank by AUC, as in the table; a bar joins what the Nemenyi test (5 %) cannot tell apart"
    heading(figure, curves, "Critical difference", about)
    axes.plot([1, n], [0, 0], color=MUTED, lw=1.2, clip_on=False)
    for tick in ticks(n):
        axes.plot([tick, tick], [0, 0.07], color=MUTED, lw=1.2, clip_on=False)
        axes.text(tick, 0.12, f"{tick:.0f}", ha="center", va="bottom", color=MUTED, fontsize=8.5)
    return figure, axes


def _stem(axes: Axes, rank: float, end: tuple[float, float], text: str, style: Style) -> None:
    """Join a rank on the line to its name at the side."""
    edge, y = end
    colour, width = (style.colour, 1.5) if style.highlighted else (FAINT, 1.1)
    axes.plot([rank, rank, edge], [0, y, y], color=colour, lw=width, clip_on=False, zorder=3)
    axes.plot([rank], [0], "o", color=colour, ms=5, mec=PAPER, mew=0.8, clip_on=False, zorder=5)
    left = edge == 1.0
    offset, side = ((-6, 0), "right") if left else ((6, 0), "left")
    note = axes.annotate(text, end, offset, textcoords="offset points", ha=side, va="center", fontsize=8.5)
    note.set(color=INK if style.highlighted else MUTED, annotation_clip=False)


def _ruler(axes: Axes, n: int, cd: float) -> None:
    """Show the critical difference as a length, cut off at the axis."""
    end = min(1.0 + cd, float(n))
    axes.plot([1, end], [0.46, 0.46], color=INK, lw=1.4, marker="|", ms=6, clip_on=False)
    note = "" if end == 1.0 + cd else ", longer than the axis"
    axes.annotate(f"CD {cd:.2f}{note}", (end, 0.46), (6, 0), textcoords="offset points", va="center", fontsize=8.5)
