"""The values of the curves as tables: the figures' numbers, to be read, and the targets of the page's script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.bench.intervals import LEAST, Resamples
from hpo_gym.bench.metrics import Curves, auc, ranks
from hpo_gym.bench.report.grid import FigureGrid, Td, Tr, grid
from hpo_gym.bench.report.style import Style
from hpo_gym.bench.report.words import counted, number
from hpo_gym.bench.significance import DIGITS

_MOST = 50  # columns of trials
_SHOWN = {"regret": 4, "rank": 2}  # decimals


def regret_values(curves: Sequence[Curves], styles: Mapping[str, Style], slug: str) -> FigureGrid:
    """Return the mean regret after each trial, with intervals for lines drawn with them."""
    return _over_trials("regret", curves, [c.mean for c in curves], styles, slug)


def rank_values(curves: Sequence[Curves], styles: Mapping[str, Style], slug: str) -> FigureGrid:
    """Mean rank after each trial, likewise."""
    by_task = ranks(np.stack([c.mean for c in curves], axis=2))
    return _over_trials("rank", curves, [by_task[:, :, i] for i in range(len(curves))], styles, slug)


def task_values(curves: Sequence[Curves]) -> FigureGrid:
    """AUC of each task; the task that is hardest for the first optimizer on top."""
    first, own, order = curves[0], {c.optimizer: auc(c) for c in curves}, [c.optimizer for c in curves]
    placed = sorted(range(len(first.tasks)), key=lambda i: (-round(float(own[order[0]][i]), DIGITS), first.tasks[i]))
    known = first.families != first.tasks
    lines = [
        [first.tasks[i], *([first.families[i]] if known else []), *(number(float(own[n][i])) for n in order)]
        for i in placed
    ]
    head = ["task", *(["family"] if known else []), *order]
    return grid(f"AUC by task, {first.suite}", head, lines, range(1 + known))


def shown_columns(trials: int) -> list[int]:
    """After how many trials the values are told: all, or about fifty of them, the last one among these."""
    step = -(-trials // _MOST)
    return sorted({1, *range(step, trials + 1, step), trials})


def _over_trials(
    what: str, curves: Sequence[Curves], values: Sequence[Floats], styles: Mapping[str, Style], slug: str
) -> FigureGrid:
    """Return a row for each optimizer, in the order of the curves, of values ``(tasks, trials)``."""
    columns, digits = shown_columns(curves[0].regret.shape[2]), _SHOWN[what]
    at = [t - 1 for t in columns]
    sample = Resamples.of(curves[0].families)
    rows = []
    for c, own in zip(curves, values, strict=True):
        style, shown = styles[c.optimizer], own[:, at]
        if style.highlighted and sample.families >= LEAST:
            numbers = ([number(float(v), digits) for v in of] for of in sample.estimate(shown))
            cells = [Td(mean, f"[{low}, {high}]") for mean, low, high in zip(*numbers, strict=True)]
        else:
            cells = [Td(number(float(m), digits)) for m in shown.mean(axis=0)]
        rows.append(Tr((Td(c.optimizer), *cells), key=style.key))
    cost = curves[0].cost
    when = "after each trial" if cost is None else f"at each 33rd of {counted(cost, 'mean cost')}"
    label = f"Mean {what} {when}, {curves[0].suite}"
    return FigureGrid(label, ("optimizer", *map(str, columns)), tuple(rows), f"{slug}-{what}-values")
