"""The figures of a suite: regret over trials, ranks, performance profile and critical difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.bench.intervals import LEAST, Resamples, equal_families, plain
from hpo_gym.bench.metrics import TEST, Curves, auc, by_auc, cliques, critical_difference, performance_profile, ranks
from hpo_gym.bench.report.style import FAINT, INK, MUTED, PAPER, WIDTH, Style, heading, label, theme, ticks
from hpo_gym.bench.report.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_FLOOR = 1e-4  # the lowest regret that a logarithmic axis shows
_BELOW = 2.0  # how many times lower than the lowest mean a band is shown; else it would fill the axis
_SHADE = 0.22  # opacity where the bands of all highlighted optimizers overlap
_DARKEST = 0.12  # opacity of one band
_MARGIN = 0.05  # of a logarithmic axis, beyond the lines on it
_MANY = 22  # with more optimizers only the highlighted ones are labelled


def draw(
    curves: Sequence[Curves], styles: Mapping[str, Style], kinds: Sequence[str] | None = None, of: str = ""
) -> dict[str, Figure]:
    """Draw a suite's figures by name; without two optimizers and two families there is no critical difference.

    Args:
        curves: One per optimizer, with the same tasks in the same order.
        kinds: Of "regret", "ranks", "profile" and "difference"; None for all that there are.
        of: The one task, to be named in the title of the regret.
    """
    ordered = by_auc(curves)
    several = len(ordered) > 1 and len(set(ordered[0].families)) > 1
    makers: dict[str, Callable[[Sequence[Curves], Mapping[str, Style]], Figure]] = {
        "regret": partial(_regret, of=of),
        "ranks": _ranks,
        "profile": _profile,
        **({"difference": draw_difference} if several else {}),
    }
    with theme(math=False):
        return {kind: makers[kind](ordered, styles) for kind in (makers if kinds is None else kinds)}


def _regret(curves: Sequence[Curves], styles: Mapping[str, Style], of: str = "") -> Figure:
    """Mean regret of the incumbent with its interval, on a logarithmic axis."""
    sample = Resamples.of(curves[0].families)
    found = {c.optimizer: sample.estimate(c.mean) for c in curves}
    low, high = _limits(found, styles)
    known = sample.families >= LEAST
    interval = "95 % interval" if known else f"no interval: {counted(sample.families, 'family')}"
    about = "mean over seeds, no interval" if of else f"mean over tasks, {interval}"
    if any((mean < low).any() for mean, *_ in found.values()):
        about += f"; a mean below {low:.1g} is drawn there"
    figure, axes = _over_trials(curves, f"Regret of the incumbent{of and f' on {label(of, 40)}'}", about)
    margin = max((high / low) ** _MARGIN, 1.0 + _MARGIN)
    axes.set(yscale="log", ylim=(low / margin, high * margin))
    shade = _shade(found, styles)
    for name, (mean, *edges) in found.items():
        under, over = (np.maximum(e, low / 10.0) for e in edges)  # beyond the axis: a band that goes lower is cut
        _line(axes, np.maximum(mean, low), styles[name], (under, over), shade)
    ends = {name: float(mean[-1]) for name, (mean, *_) in found.items()}
    _log_ticks(axes.yaxis, *axes.get_ylim())
    axes.set_ylabel("normalised test regret" if curves[0].score == TEST else "normalised simple regret")
    end_labels(axes, ends, styles, ".4f", least=low)
    return figure


def _limits(found: Mapping[str, tuple[Floats, Floats, Floats]], styles: Mapping[str, Style]) -> tuple[float, float]:
    """Least and largest regret that is shown: of all means, and of the bands as far as these do not go much lower."""
    means = np.array([mean for mean, *_ in found.values()])
    bands = np.array([edges for name, (_, *edges) in found.items() if styles[name].highlighted])
    lowest = max(float(np.min(means[means > 0.0])), _FLOOR) if (means > 0.0).any() else _FLOOR
    every = np.append(means, bands)
    return max(min(lowest, float(np.nanmin(every))), lowest / _BELOW, _FLOOR), max(float(np.nanmax(every)), lowest)


def _ranks(curves: Sequence[Curves], styles: Mapping[str, Style]) -> Figure:
    """Mean rank by the regret after each trial, the best on top."""
    when = "after each trial" if curves[0].cost is None else "over spent cost"
    figure, axes = _over_trials(curves, f"Mean rank {when}", "by regret, ties averaged; 1 is best")
    by_task = ranks(np.stack([c.mean for c in curves], axis=2))  # (k, h, optimizers)
    ends: dict[str, float] = {}
    shade, sample = _shade([c.optimizer for c in curves], styles), Resamples.of(curves[0].families)
    for i, c in enumerate(curves):
        mean, low, high = sample.estimate(by_task[:, :, i])
        _line(axes, mean, styles[c.optimizer], (low, high), shade)
        ends[c.optimizer] = float(mean[-1])
    axes.set_yticks(ticks(len(curves)))
    axes.invert_yaxis()
    axes.set_ylabel("mean rank")
    end_labels(axes, ends, styles, ".2f")
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
    end_labels(axes, {**dict.fromkeys(values, 0.0), **heights}, styles, "")
    return figure


def _panel(curves: Sequence[Curves], title: str, subtitle: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    labels = min(len(curves), _MANY)
    height = max(4.6, 1.4 + 0.17 * labels)
    figure = Figure(figsize=(WIDTH, height), dpi=150)
    axes = figure.add_axes((0.09, 0.5 / height, 0.66, 1.0 - 1.2 / height))
    heading(figure, curves, title, subtitle)
    return figure, axes


def _over_trials(curves: Sequence[Curves], title: str, subtitle: str) -> tuple[Figure, Axes]:
    figure, axes = _panel(curves, title, subtitle)
    h = curves[0].regret.shape[2]
    at, cost = ticks(h), curves[0].cost
    axes.set_xticks(at, None if cost is None else [f"{cost * t / h:.3g}" for t in at])
    axes.set_xlim(1, max(h, 2))
    axes.set_xlabel("trials" if cost is None else "spent cost, in mean costs of a configuration")
    if curves[0].workers > 1:
        axes.set_xlabel(f"simulated time with {curves[0].workers} workers, in mean full evaluations")
    return figure, axes


def _log_ticks(axis: Axis, low: float, high: float) -> None:
    """Write powers of ten as plain numbers, and 2 and 5 times those if fewer than three would be written."""
    few = np.floor(np.log10(high)) - np.ceil(np.log10(low)) < 2
    axis.set_major_formatter(lambda v, _: f"{v:g}")
    axis.set_minor_formatter(lambda v, _: f"{v:g}" if few and f"{v:e}"[0] in "25" else "")
    axis.set_tick_params(which="minor", pad=5.0)  # in line with the labels of the longer ticks


def _shade(names: Iterable[str], styles: Mapping[str, Style]) -> float:
    """Return the opacity of one band: the more of them may overlap, the fainter each is."""
    count = sum(styles[n].highlighted for n in names)
    return float(min(1.0 - (1.0 - _SHADE) ** (1.0 / max(count, 1)), _DARKEST))


def _line(axes: Axes, mean: Floats, style: Style, edges: tuple[Floats, Floats], shade: float) -> None:
    trials = np.arange(1, len(mean) + 1)
    _draw(axes, trials, mean, style)
    if style.highlighted and not np.isnan(edges[0]).any():
        axes.fill_between(trials, *edges, color=style.colour, alpha=shade, lw=0, zorder=2)
        axes.plot(trials, np.transpose(edges), color=style.colour, lw=0.6, alpha=0.35, zorder=2)


def _draw(axes: Axes, x: NDArray[Any], y: Floats, style: Style, drawstyle: str = "default") -> None:
    over = 4 if style.highlighted else 3
    axes.plot(x, y, **style.line, zorder=over, drawstyle=drawstyle)


def _labelled(names: Mapping[str, Any], styles: Mapping[str, Style]) -> list[str]:
    return [n for n in names if len(names) <= _MANY or styles[n].highlighted]


def end_labels(
    axes: Axes, ends: Mapping[str, float], styles: Mapping[str, Style], form: str, *, least: float = -math.inf
) -> None:
    """Name the lines at their right ends, none below `least`; overlapping labels are moved apart by least squares.

    With a format, values follow the names, and lines lead to them.
    """
    heights = {n: _fraction(axes, max(ends[n], least)) for n in _labelled(ends, styles)}
    names = sorted(heights, key=heights.__getitem__)
    at = np.array([heights[n] for n in names])
    inches = axes.get_window_extent().height / axes.figure.dpi
    for name, true, y in zip(names, at, _spread(at, 11.5 / 72.0 / inches), strict=True):
        style = styles[name]
        x, ys = ([1.004, 1.03, 1.045], [true, y, y]) if form else ([1.012, 1.045], [y, y])
        width = 0.75 * style.width if form else style.width
        axes.plot(x, ys, color=style.colour, ls=style.dash, lw=width, transform=axes.transAxes, clip_on=False)
        text = f"{label(name)}\u2002{ends[name]:{form}}" if form else label(name)
        colour = INK if style.highlighted else MUTED
        axes.text(1.054, y, text, color=colour, fontsize=8.5, va="center", transform=axes.transAxes)
    if len(names) < len(ends):
        note = f"grey: {counted(len(ends) - len(names), 'other')}"
        axes.text(1.054, -0.04, note, color=MUTED, fontsize=8.5, va="center", transform=axes.transAxes)


def _spread(at: Floats, gap: float) -> Floats:
    """Move sorted positions in [0, 1] at least `gap` apart (isotonic regression), and back inside where they fit."""
    from scipy.optimize import isotonic_regression

    steps = gap * np.arange(len(at))
    room = max(1.0 - steps[-1], 0.0)
    return np.asarray(np.clip(isotonic_regression(at - steps).x, 0.0, room) + steps)


def _fraction(axes: Axes, y: float) -> float:
    """Height of a value in the axes, 0 to 1."""
    return float(axes.transAxes.inverted().transform(axes.transData.transform((1.0, y)))[1])


def mean_ranks(curves: Sequence[Curves]) -> list[float]:
    """Return the ranks of the diagram: means over tasks of the place by AUC, to six decimals."""
    by_task = ranks(np.stack([auc(c) for c in curves], axis=1))
    return [plain(float(v)) or 0.0 for v in by_task.mean(axis=0)]


def draw_difference(curves: Sequence[Curves], styles: Mapping[str, Style]) -> Figure:
    """Draw the mean ranks; a bar joins optimizers that Nemenyi's test does not tell apart (Demsar, 2006)."""
    names, mean = [c.optimizer for c in curves], np.array(mean_ranks(curves))
    order = np.argsort(mean, kind="stable")
    n, cd = len(names), critical_difference(len(names), equal_families(curves[0].families))
    groups = cliques(mean.tolist(), cd)
    half = (n + 1) // 2
    figure, axes = _diagram(curves, n, len(groups), half)
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


def _diagram(curves: Sequence[Curves], n: int, n_groups: int, n_rows: int) -> tuple[Figure, Axes]:
    """Make the axes of a critical-difference diagram: ranks across, inches down."""
    from matplotlib.figure import Figure

    depth = 0.32 + 0.13 * n_groups + 0.24 * n_rows
    height = 1.3 + depth
    figure = Figure(figsize=(WIDTH, height), dpi=150)
    axes = figure.add_axes((0.21, 0.0, 0.58, 1.0))
    axes.set(xlim=(1.0, n), ylim=(-depth - 0.1, 1.2))
    axes.set_axis_off()
    about = "mean rank by AUC; a bar joins what the Nemenyi test (5 %) cannot tell apart"
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
