"""Figures of trials: their scores in order, and their configurations as lines through a row for each hyperparameter.

Rows run from the top down, narrow enough for a telephone: names, values and ticks then stand in reading direction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import printable
from hpo_gym.bench.report.style import BAD, FAINT, FIFTHS, INK, MUTED, PAPER, WIDTH, label, lines, theme, ticks
from hpo_gym.bench.report.words import short
from hpo_gym.bench.single_runs import SingleRun
from hpo_gym.problem import Hyperparameter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROWS = 12
"""Hyperparameters that a figure has room for."""
HEAD, ROW, FOOT = 0.85, 0.7, 0.55
"""Inches above the rows, of one, and below them."""
_ORDER = 2.6  # inches
_OFF = 0.07  # the left end of an axis, with a place for trials without the hyperparameter
_MOST = 500  # lines, the best ones
_LETTERS, _NAMED = 40, 12  # of the choices on an axis, and choices
_HIGHEST = 1e300  # a score beyond it is drawn here: an axis of Matplotlib has no room for more


@dataclass(frozen=True)
class Tries:
    """Trials in order.

    Attributes:
        scores: None of a trial without success.
        sign: 1 where the highest score is the best, -1 where the lowest is.
    """

    configs: Sequence[Mapping[str, Any]]
    scores: Sequence[float | None]
    sign: float = 1.0

    @cached_property
    def groups(self) -> list[int | None]:
        """Return the fifth of each score, 0 the worst and 4 the best; None without success."""
        return fifths([None if s is None else self.sign * s for s in self.scores])

    @cached_property
    def by_score(self) -> list[int]:
        """Return the places of the trials: those without success, then the worst, the best last."""
        values = [-math.inf if s is None else self.sign * s for s in self.scores]
        return sorted(range(len(values)), key=lambda i: (self.scores[i] is not None, values[i], -i))

    @property
    def colours(self) -> list[str]:
        """Return the colour of each trial."""
        return [BAD if g is None else FIFTHS[g] for g in self.groups]


def draw_run(run: SingleRun, axes: Sequence[Hyperparameter], title: str) -> Figure:
    """Draw one run: its scores in order, and beside them its configurations.

    Args:
        run: With at least one trial.
        axes: The hyperparameters; those inactive in every trial are left out, and those beyond `ROWS`.
    """
    from matplotlib.figure import Figure

    tries = Tries([t.config for t in run.trials], [t.score for t in run.trials])
    used = [a for a in axes if any(a.name in c for c in tries.configs)]
    height = HEAD + max(ROW * len(used[:ROWS]), _ORDER) + FOOT
    some = f"; {ROWS} of {len(used)} hyperparameters" if len(used) > ROWS else ""
    with theme(math=False):
        figure = Figure(figsize=(WIDTH, height), dpi=150)
        about = f"scores in order, and the best so far; configurations, coloured by score{some}"
        lines(figure, label(title, 90), about)
        order = figure.add_axes((0.07, 1.0 - (HEAD + _ORDER) / height, 0.4, _ORDER / height))
        draw_order(order, tries)
        if run.given:
            order.axvspan(0.5, run.given + 0.5, color=FAINT, alpha=0.25, lw=0, zorder=1)
        order.set_xlabel("trials")
        draw_rows(figure, used[:ROWS], tries, (0.53, 0.44))
    return figure


def fifths(scores: Sequence[float | None]) -> list[int | None]:
    """Return the fifth of each of the run's scores, 0 the worst and 4 the best; of one score, 4; None for failures."""
    known = sorted(s for s in scores if s is not None)
    below = {s: known.index(s) for s in set(known)}
    most = max(below.values(), default=0)
    return [None if s is None else 4 if most == 0 else min(4, 5 * below[s] // most) for s in scores]


def place(axis: Hyperparameter, value: str | float) -> float:
    """Return the place of a value on its hyperparameter's axis, 0 at the low end and 1 at the high one."""
    if axis.choices:
        return ([str(c) for c in axis.choices].index(str(value)) + 0.5) / len(axis.choices)
    if axis.high == axis.low:
        return 0.5
    low, high, at = (math.log(v) if axis.log else v for v in (axis.low, axis.high, float(value)))
    return min(max((at - low) / (high - low), 0.0), 1.0)


def draw_order(axes: Axes, tries: Tries) -> None:
    """Draw scores over trials, the best so far as a line, and a cross below each trial without success."""
    scores = np.array([np.nan if s is None else s for s in tries.scores]).clip(-_HIGHEST, _HIGHEST)
    number, good, n = np.arange(1, len(scores) + 1), ~np.isnan(scores), max(len(scores), 1)
    colours = [c for c, g in zip(tries.colours, good, strict=True) if g]
    axes.scatter(number[good], scores[good], c=colours, s=20, zorder=4)
    best = tries.sign * np.fmax.accumulate(tries.sign * scores)
    axes.plot(number, best, color=INK, lw=1.6, drawstyle="steps-post", zorder=3)
    lost = number[~good]
    axes.plot(lost, np.zeros(len(lost)), "x", color=BAD, ms=5, transform=axes.get_xaxis_transform(), clip_on=False)
    axes.set(ylabel="score", xlim=(0.5, max(n, 2) + 0.5), xticks=ticks(n))


# ---------------------------------------------------------------------- a row for each hyperparameter
def row_axes(figure: Figure, rows: int, across: tuple[float, float]) -> Axes:
    """Return axes with a row for each hyperparameter, 0 at the top; x runs from 0 to 1.

    Args:
        across: The left edge and the width, in shares of the figure.
    """
    height, (left, width) = figure.get_figheight(), across
    axes = figure.add_axes((left, 1.0 - (HEAD + ROW * rows) / height, width, ROW * rows / height))
    axes.set(xlim=(0.0, 1.0), ylim=(rows - 0.5, -0.5))
    axes.axis("off")
    return axes


def write(axes: Axes, at: tuple[float, float], text: str, size: float = 8.5, colour: str = INK) -> None:
    """Write a text that lines pass behind, within the edges."""
    x, y = at
    side = "left" if x < 0.04 else "right" if x > 0.96 else "center"
    behind = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0, "alpha": 0.9}
    axes.text(x, y, printable(text), fontsize=size, color=colour, va="center", ha=side, bbox=behind, zorder=5)


def draw_rows(figure: Figure, rows: Sequence[Hyperparameter], tries: Tries, across: tuple[float, float]) -> None:
    """Draw each trial as a line through its values, in the colour of its score; the best one thick, with its values.

    A trial without a hyperparameter passes at "off", left of its axis.
    """
    axes, order = row_axes(figure, len(rows), across), tries.by_score[-_MOST:]
    starts = [_OFF if any(h.name not in c for c in tries.configs) else 0.0 for h in rows]
    best = order[-1] if order and tries.scores[order[-1]] is not None else None
    for i, (h, start) in enumerate(zip(rows, starts, strict=True)):
        _axis(axes, i, h, start)
        if best is not None:
            write(axes, (1.0, i - 0.3), short(tries.configs[best].get(h.name, "off"))[:16])
    for group in (None, *range(len(FIFTHS))):
        found = [i for i in order if tries.groups[i] == group]
        x = [[*(_at(h, tries.configs[i], s) for h, s in zip(rows, starts, strict=True)), math.nan] for i in found]
        colour, dash = (BAD, ":") if group is None else (FIFTHS[group], "-")
        axes.plot(np.ravel(x), [*range(len(rows)), math.nan] * len(x), color=colour, lw=0.9, ls=dash)
    if best is not None:
        thick = [_at(h, tries.configs[best], s) for h, s in zip(rows, starts, strict=True)]
        axes.plot(thick, range(len(rows)), color=INK, lw=1.8)
    _key(figure, axes, tries)


def _at(h: Hyperparameter, config: Mapping[str, Any], start: float) -> float:
    """Return the place of a configuration on an axis that starts there."""
    return start + (1.0 - start) * place(h, config[h.name]) if h.name in config else 0.0


def _axis(axes: Axes, i: int, h: Hyperparameter, start: float) -> None:
    """Draw the axis of a hyperparameter in its row: its name above, its values below."""
    write(axes, (0.0, i - 0.3), h.name[:36])
    axes.plot([start, 1.0], [i, i], color=FAINT, lw=1, zorder=3)
    marks = [*([(0.0, "off")] if start else []), *((start + (1.0 - start) * at, text) for at, text in _ticks(h))]
    x = [[at, at, math.nan] for at, _ in marks]
    axes.plot(np.ravel(x), [i - 0.05, i + 0.05, math.nan] * len(x), color=MUTED, lw=1, zorder=4)
    for at, text in marks:
        write(axes, (at, i + 0.21), text, 7, MUTED)


def _ticks(h: Hyperparameter) -> list[tuple[float, str]]:
    """Return places on an axis and their texts: choices that have room, or both ends and the middle."""
    if h.choices:
        shown = h.choices[:: math.ceil(len(h.choices) / _NAMED)]
        most = max(3, _LETTERS // len(shown))
        return [(place(h, choice), str(choice)[:most]) for choice in shown]
    low, high = float(h.low), float(h.high)
    middle = math.sqrt(low * high) if h.log else (low + high) / 2
    values = [low, round(middle) if h.kind == "int" else middle, high]
    return [(place(h, v), short(v)) for v in sorted({v for v in values if low <= v <= high})]


def _key(figure: Figure, rows: Axes, tries: Tries) -> None:
    """Draw the colours below the rows with the scores at which they begin, the worst first."""
    box, height = rows.get_position(), figure.get_figheight()
    axes = figure.add_axes((box.x0, box.y0 - 0.5 / height, box.width, 0.32 / height))
    axes.set(xlim=(0.0, 1.0), ylim=(-1.0, 1.0))
    axes.axis("off")
    write(axes, (0.0, 0.4), "score", 7.5)
    write(axes, (1.0, 0.4), "without success" if None in tries.scores else "", 7.5, BAD)
    known = [(tries.groups[i], tries.scores[i]) for i in tries.by_score if tries.scores[i] is not None]
    for fifth, colour in enumerate(FIFTHS):
        left = 0.15 + 0.11 * fifth
        axes.plot([left, left + 0.11], [0.4, 0.4], color=colour, lw=6, solid_capstyle="butt")
        least = next((score for group, score in known if group == fifth), None)
        if least is not None:
            write(axes, (left, -0.6), f"{least:.2g}", 7, MUTED)
    if known:
        write(axes, (0.7, -0.6), f"{known[-1][1]:.2g}", 7, MUTED)
