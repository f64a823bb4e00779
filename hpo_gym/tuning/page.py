"""A tuning as one HTML page that needs nothing else: no font, no address, no script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import MissingExtraError, printable
from hpo_gym.bench import (
    FAINT,
    FOOT,
    HEAD,
    INK,
    ROW,
    ROWS,
    VIBRANT,
    Tries,
    draw_order,
    draw_rows,
    lines,
    rendered_page,
    row_axes,
    svg_text,
    theme,
    write,
)
from hpo_gym.problem import Hyperparameter
from hpo_gym.tuning.failures import counted
from hpo_gym.tuning.importances import LEAST, importances
from hpo_gym.tuning.study import Ended, Study

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROWS = 500  # trials in the table, the best first
_KINDS = 20  # of failures
_COLUMNS = 40  # hyperparameters in that table
_PANELS, _MOST = 4, 24  # beside each other, and in all
_ACROSS = (0.05, 0.9)  # left edge and width of the rows of a narrow figure
_HIGHEST = 1e300  # a score beyond it is drawn here: an axis of Matplotlib has no room for more
_LABELS = 8  # choices that are named on an axis


def page(study: Study, reload: int = 0) -> str:
    """Render the page; every text is escaped by the template engine.

    Args:
        reload: Seconds after which a browser loads it again; 0: never.
    """
    best, failed = study.best, [e for e in study.ended if not e.counts]
    names = study.space.names[:_COLUMNS]
    shares, why_none = _shares(study)
    return rendered_page(
        Path(__file__).with_suffix(".html"),
        optimizer=printable(study.plan.optimizer),
        direction=study.plan.direction,
        why=printable(study.said(study.plan.why or study.plan.matched)),
        tuned=study,
        best=best,
        values={} if best is None else {printable(k): _text(v) for k, v in best.config.items()},
        seconds=sum(e.seconds for e in study.ended),
        figures=_figures(study, shares),
        why_none=why_none,
        reload=reload,
        names=[printable(n) for n in names],
        trials=[_row(study, e, names) for e in _best_first(study)[:_ROWS]],
        left=max(0, len(study.ended) - _ROWS),
        narrower=study.space.d - len(names),
        failures=[(printable(why), count) for count, why in counted(study.ended)[:_KINDS]],
        failed=len(failed),
    )


def _figures(study: Study, shares: Mapping[str, float]) -> list[list[tuple[str, Markup]]]:
    """Return rows of figures, each with its title; those of a row are narrow, and stand beside each other."""
    rows = [[("The trials in order", progress(study))]]
    good, varied = _good_and_varied(study)
    if good and varied:
        rows.append([("Scores by hyperparameter", by_hyperparameter(study, _telling(varied, shares, _MOST)))])
        shown = _telling(varied, shares, ROWS)
        rows.append([("Importances", bars(shown, shares))] if shares else [])
        rows[-1].append(("Parallel coordinates", parallel(study, shown)))
    return [
        [(title, svg_text(figure, title.lower().replace(" ", "-"), title)) for title, figure in row] for row in rows
    ]


def _shares(study: Study) -> tuple[dict[str, float], str]:
    """Return the importances, or the reason why there are none."""
    try:
        shares = importances(study)
    except MissingExtraError as fault:
        return {}, str(fault)
    return shares, "" if shares else f"{LEAST} successes with different scores show importances."


def progress(study: Study) -> Figure:
    """Draw the scores in order, and the best so far; below them the weight of earlier tasks, where it is told."""
    from matplotlib.figure import Figure

    weights = [(i, e.prior_weight) for i, e in enumerate(study.ended, 1) if e.prior_weight is not None]
    tries = _tries(study.ended, study)
    with theme(math=False):
        figure = Figure(figsize=(7.0, 3.8), dpi=150, layout=None)
        axes = figure.add_axes((0.1, 0.4, 0.87, 0.42) if weights else (0.1, 0.14, 0.87, 0.68))
        draw_order(axes, tries)
        if weights:
            axes.tick_params(labelbottom=False)
            axes = figure.add_axes((0.1, 0.14, 0.87, 0.2), sharex=axes)
            axes.plot(*np.array(weights).T, "o-", color=VIBRANT[2], markersize=3)
            axes.set(ylabel="prior weight", ylim=(0.0, 1.0), yticks=(0.0, 0.5, 1.0))
        axes.set_xlabel("trials")
        lost = tries.scores.count(None)
        said = f", {lost} of them without success" if lost else ""
        lines(figure, printable(study.plan.optimizer)[:60], f"{study.plan.direction}, {len(study.ended)} trials{said}")
    return figure


def bars(rows: Sequence[Hyperparameter], shares: Mapping[str, float]) -> Figure:
    """Draw the importance of each hyperparameter as a bar."""
    with theme(math=False):
        figure = _narrow(len(rows), "Importance for a score in the best third", "PED-ANOVA, shares of the whole")
        axes = row_axes(figure, len(rows), _ACROSS)
        for i, h in enumerate(rows):
            share = shares.get(h.name, 0.0)
            write(axes, (0.0, i - 0.3), h.name[:36])
            write(axes, (1.0, i - 0.3), f"{share:.0%}")
            axes.plot([0.0, 1.0], [i, i], color=FAINT, linewidth=1)
            axes.plot([0.0, share], [i, i], color=VIBRANT[0], linewidth=6, solid_capstyle="butt")
    return figure


def parallel(study: Study, rows: Sequence[Hyperparameter]) -> Figure:
    """Draw each trial as a line through its values; the best one thick, with its values."""
    with theme(math=False):
        figure = _narrow(
            len(rows), "Trials in parallel coordinates", "coloured by score; the best one thick, with its values"
        )
        draw_rows(figure, rows, _tries(study.ended, study), _ACROSS)
    return figure


def _narrow(rows: int, title: str, about: str) -> Figure:
    """Return an empty figure for so many rows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.0, HEAD + ROW * rows + FOOT), dpi=150, layout=None)
    lines(figure, title, about)
    return figure


def _tries(ended: Sequence[Ended], study: Study) -> Tries:
    scores = [e.measured.score if e.counts else None for e in ended]
    return Tries([e.config for e in ended], scores, study.plan.sign)


def by_hyperparameter(study: Study, shown: Sequence[Hyperparameter]) -> Figure:
    """Draw the score of each successful trial over the values of each of some hyperparameters."""
    from matplotlib.figure import Figure

    good, varied = _good_and_varied(study)
    rows = max(1, math.ceil(len(shown) / _PANELS))
    with theme(math=False):
        figure = Figure(figsize=(9.0, 0.7 + 2.1 * rows), dpi=150, layout=None)
        top = 1 - 0.6 / figure.get_figheight()
        for i, h in enumerate(shown):
            row, column = divmod(i, _PANELS)
            height = top / rows
            axes = figure.add_axes(
                (0.07 + 0.235 * column, top - height * (row + 1) + 0.28 * height, 0.18, 0.62 * height)
            )
            _panel(axes, h, good, -1 if study.best is None else study.best.number)
            if not column:
                axes.set_ylabel("score")
        some = f"; {len(shown)} of {len(varied)}" if len(shown) < len(varied) else ""
        lines(figure, "Scores by hyperparameter", f"one dot a trial, the best one in black{some}")
    return figure


def _good_and_varied(study: Study) -> tuple[list[Ended], list[Hyperparameter]]:
    return [e for e in study.ended if e.counts], [h for h in study.space.hyperparameters if h.size > 1]


def _telling(varied: Sequence[Hyperparameter], shares: Mapping[str, float], most: int) -> list[Hyperparameter]:
    """Return the hyperparameters that a figure has room for, the most important first where that is known."""
    return sorted(varied, key=lambda h: -shares.get(h.name, 0.0))[:most]


def _panel(axes: Axes, h: Hyperparameter, good: list[Ended], best: int) -> None:
    from matplotlib.ticker import LogLocator

    at = [(h.position(e.config[h.name]), e.measured.score, e.number) for e in good if h.name in e.config]
    x, y, number = np.array(at).T if at else np.zeros((3, 0))
    x, y = (np.clip(values, -_HIGHEST, _HIGHEST) for values in (x, y))
    axes.plot(x, y, "o", color=VIBRANT[0], markersize=3, alpha=0.7)
    axes.plot(x[number == best], y[number == best], "o", color=INK, markersize=5)
    if h.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=4))
        axes.xaxis.set_major_formatter("{x:g}")  # Matplotlib's own is a formula
        axes.xaxis.set_minor_formatter("")
    if h.choices:
        shown = range(len(h.choices)) if len(h.choices) <= _LABELS else (0, len(h.choices) - 1)
        names = [printable(str(h.choices[i]))[:9] for i in shown]
        axes.set_xticks(list(shown), names, rotation=30 if len(names) > 3 else 0, fontsize=7)
        axes.set_xlim(-0.5, len(h.choices) - 0.5)
    axes.tick_params(labelsize=7)
    axes.set_title(printable(h.name)[:26], fontsize=9)
    axes.spines["bottom"].set_color(FAINT)


def _best_first(study: Study) -> list[Ended]:
    """Trials that count by their score, then the others in order."""
    sign = study.plan.sign
    return sorted(study.ended, key=lambda e: (not e.counts, -sign * e.measured.score if e.counts else 0.0, e.order))


def _row(study: Study, e: Ended, names: Sequence[str]) -> dict[str, Any]:
    score, label = _text(e.measured.score), e.measured.status.label
    return {
        "number": e.number + 1,
        "score": score if e.counts else label if math.isnan(e.measured.score) else f"{label} ({score})",
        "counts": e.counts,
        "seconds": f"{e.seconds:.2f}",
        "values": [_text(e.config[n]) if n in e.config else "" for n in names],
    }


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else printable(str(value))
