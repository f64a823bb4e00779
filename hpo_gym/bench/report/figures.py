"""The figures of a suite: regret over trials, ranks, performance profile, critical difference; and that of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.bench.bootstrap import Floats, Resamples
from hpo_gym.bench.metrics import (
    TEST,
    Curves,
    auc,
    by_family,
    cliques,
    critical_difference,
    performance_profile,
    ranks,
)
from hpo_gym.bench.report.style import FAINT, INK, MUTED, PAPER, Style, label, theme

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_FLOOR = 1e-4  # the lowest regret that a logarithmic axis shows
_MANY = 22  # with more optimizers only the highlighted ones are labelled
_WIDTH = 9.0  # inches


def draw(
    curves: Sequence[Curves], styles: Mapping[str, Style], kinds: Sequence[str] | None = None
) -> dict[str, Figure]:
    """Draw a suite's figures by name; without two optimizers and two families there is no critical difference.

    Args:
        curves: One per optimizer, with the same tasks in the same order.
        styles: From `style.styles`.
        kinds: Of "regret", "ranks", "profile" and "difference"; None for all that there are.
    """
    ordered = sorted(curves, key=lambda c: (round(float(auc(c).mean()), 12), c.optimizer))
    several = len(ordered) > 1 and len(set(ordered[0].families)) > 1
    makers = {
        "regret": _regret,
        "ranks": _ranks,
        "profile": _profile,
        **({"difference": _difference} if several else {}),
    }
    with theme():
        return {kind: makers[kind](ordered, styles) for kind in (makers if kinds is None else kinds)}


def draw_run(trials: pd.DataFrame, title: str) -> Figure:
    """Draw one run: the score of each trial, failures below, and the incumbent's.

    Args:
        trials: Rows of `hpo_gym.bench.frames.trials`, in order.
        title: The line above.
    """
    from matplotlib.figure import Figure

    score, good = trials["score"].to_numpy(np.float64), (trials["status"] == "ok").to_numpy()
    number = trials["trial"].to_numpy()
    with theme():
        figure = Figure(figsize=(_WIDTH, 4.6), dpi=150)
        axes = figure.add_axes((0.09, 0.11, 0.88, 0.74))
        figure.text(0.02, 0.97, label(title, 90), fontsize=12, weight="bold", va="top")
        figure.text(0.02, 0.915, "score of each trial, and of the best so far", fontsize=9, color=MUTED, va="top")
        axes.plot(number[good], score[good], "o", color=MUTED, ms=4.5, zorder=3)
        if good.any():
            best = np.maximum.accumulate(np.where(good, score, -np.inf))
            shown = np.isfinite(best)
            axes.plot(number[shown], best[shown], color=INK, lw=1.9, drawstyle="steps-post", zorder=4)
        low = axes.get_ylim()[0]
        axes.plot(number[~good], np.full(int((~good).sum()), low), "x", color=MUTED, ms=5, clip_on=False, zorder=3)
        given = int(trials["given"].sum())
        if given:
            axes.axvspan(0.5, given + 0.5, color=FAINT, alpha=0.25, lw=0, zorder=1)
        axes.set(xlabel="trials", ylabel="score", xlim=(0.5, max(len(number), 2) + 0.5), xticks=_ticks(len(number)))
    return figure


def _regret(curves: Sequence[Curves], styles: Mapping[str, Style]) -> Figure:
    """Mean regret of the incumbent with its interval, on a logarithmic axis."""
    figure, axes = _over_trials(curves, "Regret of the incumbent", f"mean over tasks{_interval(curves)}")
    axes.set_yscale("log")
    ends = {}
    for c in curves:
        mean, low, high = (np.maximum(v, _FLOOR) for v in Resamples.of(c.families).estimate(c.mean))
        _line(axes, mean, styles[c.optimizer], (low, high))
        ends[c.optimizer] = float(mean[-1])
    _log_ticks(axes.yaxis, *axes.get_ylim())
    axes.set_ylabel("normalised test regret" if curves[0].score == TEST else "normalised simple regret")
    _end_labels(axes, ends, styles, ".4f")
    return figure


def _ranks(curves: Sequence[Curves], styles: Mapping[str, Style]) -> Figure:
    """Mean rank by the regret after each trial, the best on top."""
    figure, axes = _over_trials(curves, "Mean rank after each trial", "by regret, ties averaged; 1 is best")
    by_task = ranks(np.stack([c.mean for c in curves], axis=2))  # (k, h, optimizers)
    ends = {}
    for i, c in enumerate(curves):
        mean, low, high = Resamples.of(c.families).estimate(by_task[:, :, i])
        _line(axes, mean, styles[c.optimizer], (low, high))
        ends[c.optimizer] = float(mean[-1])
    axes.set_yticks(_ticks(len(curves)))
    axes.invert_yaxis()
    axes.set_ylabel("mean rank")
    _end_labels(axes, ends, styles, ".2f")
    return figure


def _profile(curves: Sequence[Curves], styles: Mapping[str, Style]) -> Figure:
    """Share of the tasks whose AUC is at most tau."""
    figure, axes = _panel(curves, "Performance profile", "share of tasks with an AUC of at most tau; higher is better")
    values = {c.optimizer: np.maximum(auc(c), _FLOOR) for c in curves}
    low, high = (f([f(v) for v in values.values()]) for f in (np.min, np.max))
    ends = (low / 1.1, high * 1.1)
    for name, own in values.items():
        taus = np.array([ends[0], *np.sort(own), ends[1]])
        _draw(axes, taus, performance_profile(own, taus), styles[name], drawstyle="steps-post")
    axes.set(xscale="log", xlim=ends, ylim=(0.0, 1.02), xlabel="tau (AUC)", ylabel="share of tasks")
    _log_ticks(axes.xaxis, *ends)
    named = _labelled(values, styles)
    heights = {name: 1.0 - i / max(len(named) - 1, 1) for i, name in enumerate(named)}
    _end_labels(axes, {**dict.fromkeys(values, 0.0), **heights}, styles, "", lead=False)
    return figure


def _difference(curves: Sequence[Curves], styles: Mapping[str, Style]) -> Figure:
    """Mean ranks of families by AUC; a bar joins what Nemenyi's test does not tell apart (Demsar, 2006, fig. 1)."""
    names = [c.optimizer for c in curves]
    values = by_family(np.stack([auc(c) for c in curves], axis=1), curves[0].families)
    mean = ranks(values).mean(axis=0)
    order = np.argsort(mean, kind="stable")
    n, cd = len(names), critical_difference(len(names), len(values))
    groups = cliques(mean.tolist(), cd)
    figure, axes = _diagram(curves, n, len(groups))
    half = (n + 1) // 2
    for place, i in enumerate(order):
        left = place < half
        row = place if left else n - 1 - place
        y = -0.32 - 0.13 * len(groups) - 0.24 * row
        _stem(
            axes,
            float(mean[i]),
            y,
            1.0 if left else float(n),
            f"{label(names[i])}\u2002{mean[i]:.2f}",
            styles[names[i]],
        )
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
    figure = Figure(figsize=(_WIDTH, height), dpi=150)
    axes = figure.add_axes((0.21, 0.0, 0.58, 1.0))
    axes.set(xlim=(1.0, n), ylim=(-depth - 0.1, 1.2))
    axes.set_axis_off()
    _title(
        figure,
        curves,
        "Critical difference",
        "mean rank of families by AUC; a bar joins what the Nemenyi test (5 %) cannot tell apart",
    )
    axes.plot([1, n], [0, 0], color=MUTED, lw=1.2, clip_on=False)
    for tick in _ticks(n):
        axes.plot([tick, tick], [0, 0.07], color=MUTED, lw=1.2, clip_on=False)
        axes.text(tick, 0.12, f"{tick:.0f}", ha="center", va="bottom", color=MUTED, fontsize=8.5)
    return figure, axes


def _stem(axes: Axes, rank: float, y: float, edge: float, text: str, style: Style) -> None:
    """Join a rank on the line to its name at the side."""
    colour, width = (style.colour, 1.5) if style.highlighted else (FAINT, 1.1)
    axes.plot([rank, rank, edge], [0, y, y], color=colour, lw=width, clip_on=False, zorder=3)
    axes.plot([rank], [0], "o", color=colour, ms=5, mec=PAPER, mew=0.8, clip_on=False, zorder=5)
    left = edge == 1.0
    offset, side = ((-6, 0), "right") if left else ((6, 0), "left")
    note = axes.annotate(text, (edge, y), offset, textcoords="offset points", ha=side, va="center", fontsize=8.5)
    note.set(color=INK if style.highlighted else MUTED, annotation_clip=False)


def _ruler(axes: Axes, n: int, cd: float) -> None:
    """Show the critical difference as a length, cut off at the axis."""
    end = min(1.0 + cd, float(n))
    axes.plot([1, end], [0.46, 0.46], color=INK, lw=1.4, marker="|", ms=6, clip_on=False)
    note = "" if end == 1.0 + cd else ", longer than the axis"
    axes.annotate(f"CD {cd:.2f}{note}", (end, 0.46), (6, 0), textcoords="offset points", va="center", fontsize=8.5)


def _panel(curves: Sequence[Curves], title: str, subtitle: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    labels = min(len(curves), _MANY)
    height = max(4.6, 1.4 + 0.17 * labels)
    figure = Figure(figsize=(_WIDTH, height), dpi=150)
    axes = figure.add_axes((0.09, 0.5 / height, 0.66, 1.0 - 1.2 / height))
    _title(figure, curves, title, subtitle)
    return figure, axes


def _over_trials(curves: Sequence[Curves], title: str, subtitle: str) -> tuple[Figure, Axes]:
    figure, axes = _panel(curves, title, subtitle)
    h = curves[0].regret.shape[2]
    axes.set_xticks(_ticks(h))
    axes.set_xlim(1, max(h, 2))
    axes.set_xlabel("trials")
    return figure, axes


def _title(figure: Figure, curves: Sequence[Curves], title: str, subtitle: str) -> None:
    height = float(figure.get_figheight())
    tasks, runs = curves[0].regret.shape[:2]
    families = len(set(curves[0].families))
    about = f"{subtitle} · {tasks} task{'s' * (tasks != 1)}"
    about += f" of {families} famil{'ies' if families != 1 else 'y'}" if families < tasks else ""
    about += f" × {runs} seeds" if runs > 1 else ""
    left = 0.02
    figure.text(left, 1 - 0.14 / height, f"{label(curves[0].suite)}: {title}", fontsize=12, weight="bold", va="top")
    figure.text(left, 1 - 0.39 / height, about, fontsize=9, color=MUTED, va="top")


def _interval(curves: Sequence[Curves]) -> str:
    return ", 95 % interval" if len(set(curves[0].families)) > 1 else ", no interval: one family"


def _ticks(n: int) -> list[int]:
    """Choose 1 and about ten round numbers up to n."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, n) if n / s <= 12)
    return sorted({1, *range(step, n + 1, step)})


def _log_ticks(axis: Axis, low: float, high: float) -> None:
    """Write powers of ten as plain numbers, and 2 and 5 times those where there are few."""
    few = high / low < 50.0
    axis.set_major_formatter(lambda v, _: f"{v:g}")
    axis.set_minor_formatter(lambda v, _: f"{v:g}" if few and f"{v:e}"[0] in "25" else "")


def _line(axes: Axes, mean: Floats, style: Style, edges: tuple[Floats, Floats]) -> None:
    trials = np.arange(1, len(mean) + 1)
    _draw(axes, trials, mean, style)
    if style.highlighted and not np.isnan(edges[0]).any():
        axes.fill_between(trials, *edges, color=style.colour, alpha=0.08, lw=0, zorder=2)


def _draw(axes: Axes, x: NDArray[Any], y: Floats, style: Style, drawstyle: str = "default") -> None:
    over = 4 if style.highlighted else 3
    axes.plot(x, y, color=style.colour, ls=style.dash, lw=style.width, zorder=over, drawstyle=drawstyle)


def _labelled(names: Mapping[str, Any], styles: Mapping[str, Style]) -> list[str]:
    return [n for n in names if len(names) <= _MANY or styles[n].highlighted]


def _end_labels(
    axes: Axes, ends: Mapping[str, float], styles: Mapping[str, Style], form: str, *, lead: bool = True
) -> None:
    """Name the lines at their right ends, moved apart by least squares where they would overlap."""
    names = sorted(_labelled(ends, styles), key=lambda n: _fraction(axes, ends[n]))
    at = np.array([_fraction(axes, ends[n]) for n in names])
    for name, true, y in zip(names, at, _spread(at, 11.5 / 72.0 / _inches(axes)), strict=True):
        style = styles[name]
        x, heights = ([1.004, 1.03, 1.045], [true, y, y]) if lead else ([1.012, 1.045], [y, y])
        dash, width = ("-", 0.75 * style.width) if lead else (style.dash, style.width)
        axes.plot(x, heights, color=style.colour, ls=dash, lw=width, transform=axes.transAxes, clip_on=False)
        text = f"{label(name)}\u2002{ends[name]:{form}}" if form else label(name)
        colour = INK if style.highlighted else MUTED
        axes.text(1.054, y, text, color=colour, fontsize=8.5, va="center", transform=axes.transAxes)
    if len(names) < len(ends):
        note = f"grey: {len(ends) - len(names)} others"
        axes.text(1.054, -0.04, note, color=MUTED, fontsize=8.5, va="center", transform=axes.transAxes)


def _inches(axes: Axes) -> float:
    """Height of the axes."""
    return float(axes.get_window_extent().height / axes.figure.dpi)


def _spread(at: Floats, gap: float) -> Floats:
    """Move sorted positions in [0, 1] at least `gap` apart (isotonic regression), and back inside where they fit."""
    from scipy.optimize import isotonic_regression

    steps = gap * np.arange(len(at))
    room = max(1.0 - steps[-1], 0.0)
    return np.asarray(np.clip(isotonic_regression(at - steps).x, 0.0, room) + steps)


def _fraction(axes: Axes, y: float) -> float:
    """Height of a value in the axes, 0 to 1."""
    return float(axes.transAxes.inverted().transform(axes.transData.transform((1.0, y)))[1])
