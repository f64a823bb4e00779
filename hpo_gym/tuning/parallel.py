"""Two figures side by side, a row for each hyperparameter: importances, and the trials in parallel coordinates.

Rows run from the top down, narrow enough for a telephone: names, values and ticks then stand in reading direction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import printable
from hpo_gym.bench import BAD, FAINT, FIFTHS, INK, MUTED, PAPER, VIBRANT, fifths, lines, place, theme
from hpo_gym.problem import Hyperparameter
from hpo_gym.tuning.study import Ended, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEAD, _ROW, _FOOT = 4.0, 0.85, 0.7, 0.55  # inches
_MOST = 500  # lines, the best ones
_OFF = 0.07  # the left end of an axis, with a place for trials without the hyperparameter
_LETTERS, _NAMED = 40, 12  # of the choices on an axis, and choices


def bars(rows: Sequence[Hyperparameter], shares: Mapping[str, float]) -> Figure:
    """Draw the importance of each hyperparameter as a bar."""
    with theme(math=False):
        figure, axes = _sheet(len(rows), "Importance for a score in the best third", "PED-ANOVA, shares of the whole")
        for i, h in enumerate(rows):
            share = shares.get(h.name, 0.0)
            _write(axes, (0.0, i - 0.3), h.name[:36])
            _write(axes, (1.0, i - 0.3), f"{share:.0%}")
            axes.plot([0.0, 1.0], [i, i], color=FAINT, linewidth=1)
            axes.plot([0.0, share], [i, i], color=VIBRANT[0], linewidth=6, solid_capstyle="butt")
    return figure


def parallel(study: Study, rows: Sequence[Hyperparameter], about: str) -> Figure:
    """Draw each trial as a line through its values, in the colour of its score; the best one thick, with its values.

    A trial without a hyperparameter passes at "off", left of its axis.
    """
    sign, best = study.plan.sign, study.best
    good = sorted((e for e in study.ended if e.counts), key=lambda e: sign * e.measured.score)[-_MOST:]
    lost = [e for e in study.ended if not e.counts][-_MOST:]
    starts = [_OFF if any(h.name not in e.config for e in (*good, *lost)) else 0.0 for h in rows]
    groups = fifths([sign * e.measured.score for e in good])
    drawn: list[tuple[Sequence[Ended], str, float]] = [(lost, BAD, 0.6)]
    drawn += [([e for e, g in zip(good, groups, strict=True) if g == i], c, 0.9) for i, c in enumerate(FIFTHS)]
    with theme(math=False):
        figure, axes = _sheet(len(rows), "Trials in parallel coordinates", about)
        for i, (h, start) in enumerate(zip(rows, starts, strict=True)):
            _axis(axes, i, h, start)
            if best is not None:
                value = best.config.get(h.name, "off")
                _write(axes, (1.0, i - 0.3), f"{value:.4g}" if isinstance(value, float) else str(value)[:16])
        for trials, colour, width in [*drawn, ([] if best is None else [best], INK, 1.8)]:
            x = [[*map(_at, rows, [e] * len(rows), starts), math.nan] for e in trials]
            axes.plot(np.ravel(x), np.tile([*range(len(rows)), math.nan], len(x)), color=colour, linewidth=width)
        _key(figure, [e.measured.score for e in good], groups, "without success" if lost else "")
    return figure


def _sheet(rows: int, title: str, about: str) -> tuple[Figure, Axes]:
    """Return an empty figure with a row for each hyperparameter, 0 at the top; x runs from 0 to 1."""
    from matplotlib.figure import Figure

    height = _HEAD + _ROW * rows + _FOOT
    figure = Figure(figsize=(_WIDTH, height), dpi=150, layout=None)
    axes = figure.add_axes((0.05, _FOOT / height, 0.9, _ROW * rows / height))
    axes.set(xlim=(0.0, 1.0), ylim=(rows - 0.5, -0.5))
    axes.axis("off")
    lines(figure, title, about)
    return figure, axes


def _write(axes: Axes, at: tuple[float, float], text: str, size: float = 8.5, colour: str = INK) -> None:
    """Write a text that lines pass behind, within the edges."""
    x, y = at
    side = "left" if x < 0.04 else "right" if x > 0.96 else "center"
    behind = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0, "alpha": 0.9}
    axes.text(x, y, printable(text), fontsize=size, color=colour, va="center", ha=side, bbox=behind, zorder=5)


def _at(h: Hyperparameter, e: Ended, start: float) -> float:
    """Return the place of a trial on an axis that starts there."""
    return start + (1.0 - start) * place(h, e.config[h.name]) if h.name in e.config else 0.0


def _axis(axes: Axes, i: int, h: Hyperparameter, start: float) -> None:
    """Draw the axis of a hyperparameter in its row: its name above, its values below."""
    _write(axes, (0.0, i - 0.3), h.name[:30])
    axes.plot([start, 1.0], [i, i], color=FAINT, linewidth=1, zorder=3)
    off = [(0.0, "off")] if start else []
    for x, text in [*off, *((start + (1.0 - start) * place(h, value), text) for value, text in _ticks(h))]:
        axes.plot([x, x], [i - 0.05, i + 0.05], color=MUTED, linewidth=1, zorder=4)
        _write(axes, (x, i + 0.21), text, 7, MUTED)


def _ticks(h: Hyperparameter) -> list[tuple[Any, str]]:
    """Return values on an axis and their texts: choices that have room, else both ends, and decades or the middle."""
    if h.choices:
        shown = h.choices[:: math.ceil(len(h.choices) / _NAMED)]
        most = max(3, _LETTERS // len(shown))
        return [(choice, str(choice)[:most]) for choice in shown]
    low, high = float(h.low), float(h.high)
    inner = [math.sqrt(low * high) if h.log else (low + high) / 2]
    if h.log and high >= 100 * low:
        decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        inner = [10.0**k for k in decades[:: math.ceil(len(decades) / 5)]]
    inner = [round(v) if h.kind == "int" else v for v in inner]
    return [(v, f"{v:.4g}") for v in (low, *(v for v in inner if 0.12 < place(h, v) < 0.88), high)]


def _key(figure: Figure, scores: Sequence[float], groups: Sequence[int | None], lost: str) -> None:
    """Draw the colours with the scores at which they begin, the worst first."""
    height = figure.get_figheight()
    axes = figure.add_axes((0.05, 0.08 / height, 0.9, 0.32 / height))
    axes.set(xlim=(0.0, 1.0), ylim=(-1.0, 1.0))
    axes.axis("off")
    _write(axes, (0.0, 0.4), "score", 7.5)
    _write(axes, (1.0, 0.4), lost, 7.5, BAD)
    for fifth, colour in enumerate(FIFTHS):
        left = 0.15 + 0.11 * fifth
        axes.plot([left, left + 0.11], [0.4, 0.4], color=colour, linewidth=6, solid_capstyle="butt")
        if fifth in groups:
            _write(axes, (left, -0.6), f"{scores[groups.index(fifth)]:.3g}", 7, MUTED)
    _write(axes, (0.7, -0.6), f"{scores[-1]:.3g}", 7, MUTED)
