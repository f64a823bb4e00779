"""Pictures of a run so far: `"ansi"`, a line per trial; `"rgb_array"`, scores beside configurations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.problem import History, Status, Task, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Picture = NDArray[np.uint8]

_SIZE, _DPI = (10.0, 4.8), 100  # inches and dots per inch: 480 x 1000 pixels, whatever the task
_INK, _SOFT, _RULE = "#2f3640", "#8a929e", "#e6e9ee"
_DOT, _BEST, _BAD, _NONE = "#4b7bb5", "#e1812c", "#c0392b", "#eceef1"
_VALUES = ("#dbe9f6", "#8fbcdd", "#3f7fb8", "#123b6d")  # from the lowest to the highest
_KEY: Mapping[str, Any] = {
    "loc": "lower left", "fontsize": 8, "frameon": False, "labelcolor": _INK, "handlelength": 1.2,
    "handletextpad": 0.4, "columnspacing": 1.2, "borderpad": 0.0,
}  # fmt: skip


# ---------------------------------------------------------------------- text
def ansi(history: History, task: Task, budget: float, spent: float | None = None) -> str:
    """Return a header, then a line per trial: number, incumbent mark, score, fidelity, cost, status, configuration.

    Args:
        budget: In full evaluations; with `spent`, in cost.
        spent: Spending from a budget in cost, in its unit.
    """
    head = f"{task.suite} / {task.name}   {_spent(history, budget, spent)}"
    best = history.incumbent
    if best is None:
        return f"{head}   no trial yet"
    head += f"   best {best.score:.6g} (trial {history.incumbents[-1] + 1})"
    lines = [_line(i, trial, history) for i, trial in enumerate(history)]
    return "\n".join([head, *lines])


def _spent(history: History, budget: float, spent: float | None) -> str:
    """Return the spending from a budget, in words."""
    if spent is not None:
        return f"spent {spent:.3g} of {budget:.6g} mean costs"
    return f"spent {sum(t.fidelity for t in history[history.n_init :]):.3g} of {budget:.6g}"


def _line(i: int, trial: Trial, history: History) -> str:
    mark = "*" if history.incumbents[i] == i else " "
    parts = [f"{i + 1:>4} {mark} {trial.score:>11.6g}"]
    if min(history.fidelities) < 1:
        parts.append(f"f={trial.fidelity:<5.3g}")
    parts.append(f"cost {trial.cost:<8.3g}")
    if any(history.statuses):
        parts.append(f"{'' if trial.status is Status.OK else trial.status.label:<9}")
    if i < history.n_init:
        parts.append("given")
    return "  ".join([*parts, " ".join(f"{k}={short(v)}" for k, v in trial.config.items())]).rstrip()


def short(value: object) -> str:
    """Return a value in few characters."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def brief(text: str, most: int) -> str:
    """At most `most` characters, what is too long left out of the middle."""
    head = (most - 1) // 2
    return text if len(text) <= most else f"{text[:head]}…{text[head + 1 - most :]}"


def _label(text: str, most: int) -> str:
    return brief(text, most).replace("$", r"\$")  # a dollar sign is no formula


# ---------------------------------------------------------------------- picture
def rgb_array(history: History, task: Task, budget: float, spent: float | None = None) -> Picture:
    """Score of each trial and of the incumbent; beside it hyperparameters x trials, grey where inactive.

    A key above each panel names the colours that it has. Arguments as of `ansi`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)  # no pyplot: nothing global is touched
    width = max(math.ceil(budget) + history.n_init, len(history))
    _draw_scores(figure.add_axes((0.075, 0.12, 0.37, 0.7)), history, width)
    _draw_configurations(figure.add_axes((0.615, 0.12, 0.265, 0.7)), history, task, width)
    best, title = history.incumbent, _label(f"{task.suite} / {task.name}", 48)
    state = _spent(history, budget, spent) + ("" if best is None else f"   ·   best {best.score:.5g}")
    figure.text(0.075, 0.94, title, color=_INK, size=12, weight="bold", va="center")
    figure.text(0.615, 0.94, state, color=_SOFT, size=10, va="center")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _draw_scores(axes: Axes, history: History, width: int) -> None:
    number, score = np.arange(1, len(history) + 1), np.array(history.scores)
    failed = np.array([s is not Status.OK for s in history.statuses], bool)
    shade: Any = 0.25 + 0.75 * np.array(history.fidelities)
    if history.n_init:
        axes.axvspan(0.5, history.n_init + 0.5, color=_RULE, lw=0, alpha=0.6, label="given")
    good = ~failed
    for label, those in (("trial", good & (shade == 1)), ("lower fidelity", good & (shade < 1))):
        if those.any():
            axes.scatter(number[those], score[those], s=26, c=_DOT, alpha=shade[those], lw=0, zorder=3, label=label)
    if failed.any():
        axes.scatter(number[failed], score[failed], s=26, c=_BAD, marker="x", lw=1.3, zorder=3, label="failed")
    if len(history):
        best = score[np.array(history.incumbents)]
        axes.step(number, best, where="post", color=_BEST, lw=2, zorder=2, label="incumbent")
        axes.scatter(number[-1:], best[-1:], s=18, c=_BEST, lw=0, zorder=2)
        axes.legend(bbox_to_anchor=(-0.02, 1.02), ncols=5, **_KEY)
        axes.margins(y=0.08)
    else:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no trial yet", transform=axes.transAxes, color=_SOFT, size=11, ha="center", va="center")
    axes.set_xlim(0.5, width + 0.5)
    axes.set_xlabel("trial", color=_SOFT, size=9)
    axes.set_ylabel("score", color=_SOFT, size=9)
    _plain(axes)
    axes.grid(color=_RULE, lw=0.8)
    axes.set_axisbelow(True)


def _draw_configurations(axes: Axes, history: History, task: Task, width: int) -> None:
    names, d = task.space.names, task.space.d
    axes.set_facecolor("white")
    grid, active = _columns(history, task, width)
    extent = (0.5, width + 0.5, d - 0.5, -0.5)
    axes.imshow(_colours(grid, active), aspect="auto", interpolation="nearest", extent=extent)
    size = min(9.0, 190.0 / d) if d <= 24 else min(7.9, 235.0 / d)  # points; lines of text may come closer where many
    axes.set_yticks([])
    for j, name in enumerate(names):  # faster than ticks
        y = (d - j - 0.5) / d
        axes.text(-0.02, y, _label(name, 23), transform=axes.transAxes, color=_INK, size=size, ha="right", va="center")
    axes.hlines(np.arange(1, d) - 0.5, 0.5, width + 0.5, color="white", lw=0.8)
    axes.set_xlabel("trial", color=_SOFT, size=9)
    _plain(axes)
    axes.spines["left"].set_visible(False)
    best = history.incumbent
    if best is None:
        return
    key = [(0.0, "lowest value", _VALUES[0]), (0.37, "highest", _VALUES[-1]), (0.64, "inactive", _NONE)]
    for x, name, colour in key[: 2 if active[:, : len(history)].all() else 3]:  # faster than a legend
        axes.scatter(x + 0.02, 1.058, s=40, c=colour, marker="s", lw=0, transform=axes.transAxes, clip_on=False)
        axes.text(x + 0.055, 1.058, name, transform=axes.transAxes, color=_INK, size=8, va="center_baseline")
    at = history.incumbents[-1] + 1
    axes.axvspan(at - 0.5, at + 0.5, fill=False, edgecolor=_BEST, lw=1.6, zorder=4)
    axes.text(1.03, 1.058, "incumbent", transform=axes.transAxes, color=_BEST, size=8, va="center_baseline")
    for j, name in enumerate(names):
        value = _label(short(best.config[name]), 17) if name in best.config else "–"
        colour = _INK if name in best.config else _SOFT
        axes.text(1.03, (d - j - 0.5) / d, value, transform=axes.transAxes, color=colour, size=size, va="center")


def _columns(history: History, task: Task, width: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return unit values ``(d, width)`` with a mask of active ones, NaN where there is no trial yet."""
    grid = np.full((task.space.d, width), np.nan)
    active = np.zeros(grid.shape, bool)
    if len(history):
        grid[:, : len(history)] = task.space.encode(history.configs).T
        active[:, : len(history)] = [[name in c for c in history.configs] for name in task.space.names]
    return grid, active


def _colours(grid: NDArray[np.float64], active: NDArray[np.bool_]) -> NDArray[np.float64]:
    """From pale to deep blue by value; grey where inactive, white where there is no trial."""
    from matplotlib.colors import to_rgb

    stops = np.array([to_rgb(c) for c in _VALUES])
    place = np.linspace(0.0, 1.0, len(stops))
    out = np.stack([np.interp(np.nan_to_num(grid), place, stops[:, c]) for c in range(3)], 2)
    out[~active] = to_rgb(_NONE)
    out[np.isnan(grid)] = 1.0
    return out


def _plain(axes: Axes) -> None:
    """Whole numbers of trials below; no box, no loud ticks."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_RULE)
    axes.tick_params(colors=_SOFT, labelsize=8, length=3)


RENDERERS: Mapping[str, Callable[[History, Task, float, float | None], Any]] = {"ansi": ansi, "rgb_array": rgb_array}
