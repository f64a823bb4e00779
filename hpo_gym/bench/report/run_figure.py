"""The figure of a run: the score of each trial in order, and its configurations side by side, coloured by score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.bench.report.style import BAD, FAINT, FIFTHS, INK, MUTED, WIDTH, label, lines, theme, ticks
from hpo_gym.bench.report.words import short
from hpo_gym.bench.single_runs import SingleRun
from hpo_gym.problem import Hyperparameter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MANY = 12  # axes whose words have room side by side
_LONG = 18  # letters of a name that has
_LEFT, _WIDE, _ORDER, _PARALLEL = 0.81, 7.92, 2.74, 2.13  # inches: left edge and width of both panels, their heights
_NAME, _END = 40, 10  # letters that are shown of a name, and of an end
_LETTER = 0.62  # width of a letter, in sizes of the font


def draw_run(run: SingleRun, axes: Sequence[Hyperparameter], title: str) -> Figure:
    """Draw one run: above its scores in order, below its configurations as lines over the hyperparameters.

    Args:
        run: With at least one trial.
        axes: The hyperparameters, without those inactive in every trial.
    """
    from matplotlib.figure import Figure

    colours = [BAD if f is None else FIFTHS[f] for f in fifths([t.score for t in run.trials])]
    used = [a for a in axes if any(a.name in t.config for t in run.trials)]
    words = _Words.of(used)
    bottom = words.pad + words.room
    height = bottom + _PARALLEL + words.above + _ORDER + 0.68
    with theme(math=False):
        figure = Figure(figsize=(WIDTH, height), dpi=150)
        lines(
            figure, label(title, 90), "score of each trial in order, and best so far; darker is better, crosses failed"
        )
        left, wide = _LEFT / WIDTH, _WIDE / WIDTH
        _order(figure.add_axes((left, 1.0 - (0.68 + _ORDER) / height, wide, _ORDER / height)), run, colours)
        _parallel(figure.add_axes((left, bottom / height, wide, _PARALLEL / height)), run, used, colours, words)
    return figure


@dataclass(frozen=True)
class _Words:
    """Layout of the names at the axes of hyperparameters; upright if they would overlap side by side.

    Attributes:
        size, small: Of the letters of names, and of the ends of axes, in points.
        turn: Of a name, in degrees.
        pad, room, above: Inches for the low ends, for the names below them, and for the high ends.
    """

    upright: bool
    size: float
    small: float
    turn: float
    pad: float
    room: float
    above: float

    @classmethod
    def of(cls, used: Sequence[Hyperparameter]) -> _Words:
        if len(used) <= _MANY and all(len(a.name) <= _LONG for a in used):
            return cls(False, 9.0, 6.5, 20.0, 0.22, 0.75, 0.76)
        most = 0.85 * 72.0 * _WIDE / len(used)  # what fits between two axes
        size, small = min(8.0, most), min(6.5, most)
        both = [ends(a) for a in used]
        low, high = (_LETTER * small / 72.0 * max(len(label(e[i], _END)) for e in both) for i in (0, 1))
        names = _LETTER * size / 72.0 * max(len(label(a.name, _NAME)) for a in used)
        return cls(True, size, small, 90.0, low + 0.16, names + 0.1, high + 0.6)


def fifths(scores: Sequence[float | None]) -> list[int | None]:
    """Return the fifth of each of the run's scores, 0 the worst and 4 the best; of one score, 4; None for failures."""
    known = sorted(s for s in scores if s is not None)
    below = {s: known.index(s) for s in set(known)}
    most = max(below.values(), default=0)
    return [None if s is None else 4 if most == 0 else min(4, 5 * below[s] // most) for s in scores]


def place(axis: Hyperparameter, value: Any) -> float:
    """Return the place of a value on its hyperparameter's axis, 0 at the low end and 1 at the high one."""
    if axis.choices:
        return ([str(c) for c in axis.choices].index(str(value)) + 0.5) / len(axis.choices)
    if axis.high == axis.low:
        return 0.5
    low, high, at = (math.log(v) if axis.log else v for v in (axis.low, axis.high, float(value)))
    return min(max((at - low) / (high - low), 0.0), 1.0)


def _order(axes: Axes, run: SingleRun, colours: Sequence[str]) -> None:
    """Score over trials, the incumbent's, failures at the lower edge, given trials shaded."""
    score = np.array([np.nan if t.score is None else t.score for t in run.trials])
    number, good = np.arange(1, len(score) + 1), ~np.isnan(score)
    axes.scatter(number[good], score[good], c=[c for c, g in zip(colours, good, strict=True) if g], s=26, zorder=4)
    best = np.maximum.accumulate(np.where(good, score, -np.inf))
    there = np.isfinite(best)
    axes.plot(number[there], best[there], color=INK, lw=1.6, drawstyle="steps-post", zorder=3)
    low, high = axes.get_ylim()
    axes.plot(number[~good], np.full(int((~good).sum()), low), "x", color=BAD, ms=5, clip_on=False, zorder=4)
    axes.set_ylim(low, high)
    if run.given:
        axes.axvspan(0.5, run.given + 0.5, color=FAINT, alpha=0.25, lw=0, zorder=1)
    axes.set(xlabel="trials", ylabel="score", xlim=(0.5, max(len(score), 2) + 0.5), xticks=ticks(len(score)))


def _parallel(
    axes: Axes, run: SingleRun, used: Sequence[Hyperparameter], colours: Sequence[str], words: _Words
) -> None:
    """Draw a line for each configuration, broken at inactive hyperparameters; the best on top."""
    heights = [-math.inf if t.score is None else t.score for t in run.trials]
    for over, i in enumerate(sorted(range(len(heights)), key=heights.__getitem__)):
        config, lost = run.trials[i].config, run.trials[i].score is None
        y = [place(a, config[a.name]) if a.name in config else np.nan for a in used]
        dash = ":" if lost else "-"
        axes.plot(range(len(used)), y, dash, color=colours[i], lw=1.3, alpha=0.85, zorder=3 + over)
    axes.set(xlim=(-0.3, max(len(used) - 0.7, 0.3)), ylim=(-0.04, 1.04), yticks=[], xticks=range(len(used)))
    axes.grid(axis="x", color=FAINT, lw=1.0)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", length=0, pad=72.0 * words.pad)
    for j, (axis, name) in enumerate(
        zip(used, axes.set_xticklabels([label(a.name, _NAME) for a in used]), strict=True)
    ):
        name.set(rotation=words.turn, ha="right", rotation_mode="anchor", fontsize=words.size)
        if words.upright:
            name.set(va="center")
        for text, at, side in zip(ends(axis), (-0.07, 1.07), ("top", "bottom"), strict=True):
            turn = 90.0 if words.upright else 0.0
            axes.text(j, at, label(text, _END), color=MUTED, fontsize=words.small, ha="center", va=side, rotation=turn)


def ends(axis: Hyperparameter) -> tuple[str, str]:
    """Return the labels of the low and the high end of an axis."""
    if axis.choices:
        return str(axis.choices[0]), str(axis.choices[-1])
    return short(float(axis.low)), short(float(axis.high))
