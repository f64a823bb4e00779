"""A race in a terminal: drawn anew after each full evaluation, or a line for each where nobody watches."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from hpo_gym.app.play.race import REGRET, Race
from hpo_gym.app.play.scale import Scale, shown_score
from hpo_gym.base import cut
from hpo_gym.bench import counted
from hpo_gym.env import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

MARKS, PLAIN_MARKS = "●+·", "o+."
STYLES = ("bold dark_orange", "cyan", "")
ROWS = 11
"""Of the plot: three for each decade of regret, one for 1, one for 0."""
_LABEL = 5
SECONDS = 8.0


def show(race: Race, console: Console, seconds: float | None = None) -> None:
    """Run a race and draw it.

    Args:
        seconds: That it takes at least, where it is drawn anew; 8 by default.
    """
    if not console.is_terminal or console.is_dumb_terminal:
        print(head(race))
        print(race.said)
        print(columns(race))
        while not race.over:
            race.step()
            print(line(race), flush=True)
        return
    from rich.live import Live

    begun, whole = time.monotonic(), SECONDS if seconds is None else seconds
    with Live(frame(race, console), console=console, auto_refresh=False) as live:
        while not race.over:
            race.step()
            time.sleep(max(0.0, begun + whole * race.evaluations / race.budget - time.monotonic()))
            live.update(frame(race, console), refresh=True)


# ---------------------------------------------------------------------- lines
def head(race: Race) -> str:
    """Return a title line."""
    split = race.suite.split(race.task)
    of = {"val": "validation task", "train": "meta-train task", "test": "test task"}.get(split or "", "task")
    return f"{race.lanes[0].name} on {race.suite.name}, {of} {race.task.name}"


def columns(race: Race) -> str:
    """Return the heads of the columns of `line`."""
    names = "  ".join(f"{lane.name:>{_width(lane.name)}}" for lane in race.lanes)
    return f"{'':>4}  {names}  {race.lanes[0].name} tries (* its best so far)"


def line(race: Race) -> str:
    """Return a line: evaluations so far, the value of each lane, and the agent's last trial; * marks a new best."""
    values = "  ".join(f"{shown_score(lane.values[-1]):>{_width(lane.name)}}" for lane in race.lanes)
    return f"{race.evaluations:>4}  {values}  {_tried(race)}"


def _width(name: str) -> int:
    return max(len(name), 7)


def _tried(race: Race) -> str:
    trial = race.tried()
    if trial is None:
        return "-"
    level = f"at fidelity {trial.fidelity:.3g}: " if trial.fidelity < 1 else ""
    text = level + " ".join(f"{name}={short(value)}" for name, value in trial.config.items())
    return f"{text} *" if is_best(race) else text


def is_best(race: Race) -> bool:
    """Return whether the agent's last trial is its best so far."""
    history = race.lanes[0].history
    return bool(history) and history.incumbents[-1] == len(history) - 1


def summary(race: Race) -> str:
    """Return the result in a line."""
    what = "regret" if race.measure == REGRET else "best score"
    values = ", ".join(f"{lane.name} {shown_score(lane.values[-1])}" for lane in race.lanes)
    return f"{what} after {counted(race.evaluations, 'evaluation')}: {values}"


# ---------------------------------------------------------------------- a frame
def frame(race: Race, console: Console) -> Text:
    """Return the whole picture now, as wide as the console."""
    from rich.text import Text

    width, utf = max(console.width, 24), console.encoding.lower().startswith("utf")
    marks = MARKS if utf else PLAIN_MARKS
    out = Text(no_wrap=False)
    out.append(head(race) + "\n", style="bold")
    out.append(f"{race.said}; evaluation {race.evaluations} of {race.budget}\n", style="dim")
    for label, row in plot(race, width - _LABEL - 2):
        out.append(f"{label:>{_LABEL}} {'│' if utf else '|'}", style="dim")
        for mark in row:
            out.append(" " if mark is None else marks[mark], style="" if mark is None else STYLES[mark])
        out.append("\n")
    out.append(axis(race.budget, width - _LABEL - 2, "└─" if utf else "+-") + "\n", style="dim")
    for i, lane in enumerate(race.lanes):
        value = shown_score(lane.values[-1]) if lane.values else "-"
        out.append(f"{marks[i]} {lane.name} {value}", style=STYLES[i])
        out.append("   " if width >= 60 and i + 1 < len(race.lanes) else "\n")
    if race.evaluations:
        tries = f"{race.lanes[0].name} tries "
        room = max(console.height - len(out.wrap(console, width)) - 1, 1) * (width - _LABEL) - len(tries)
        out.append(tries, style="dim")
        out.append(cut(_tried(race), max(room, width)), style="bold" if is_best(race) else "")
    return out


def plot(race: Race, width: int) -> list[tuple[str, list[int | None]]]:
    """Return the rows of the plot from the top: a label and, of each column, which lane has its mark there.

    Where lanes meet, the first of them is seen. A column is an evaluation, or several where there is less room.
    """
    scale = Scale.of(race, (ROWS - 2) / (ROWS - 1))
    rows: list[list[int | None]] = [[None] * width for _ in range(ROWS)]
    for i in reversed(range(len(race.lanes))):
        for k, value in enumerate(race.lanes[i].values):
            if not math.isnan(value):
                rows[_row(scale, value)][column(k, race.budget, width)] = i
    labels = {_row(scale, value): text for value, text in scale.ticks}
    return [(labels.get(r, ""), row) for r, row in enumerate(rows)]


def _row(scale: Scale, value: float) -> int:
    return round(scale.place(value) * (ROWS - 1))


def column(k: int, budget: int, width: int) -> int:
    """Return the column of evaluation `k`, from 0."""
    return k * min(width // budget, 3) if width >= budget else k * width // budget


def axis(budget: int, width: int, corner: str) -> str:
    """Return the horizontal axis: a line, and below it the numbers of some evaluations."""
    used = min(column(budget - 1, budget, width) + 1, width)
    numbers = [" "] * (_LABEL + 2 + width)
    free = 0
    for k in marked(budget):
        text, at = str(k), _LABEL + 2 + column(k - 1, budget, width)
        if at >= free and at + len(text) <= len(numbers):
            numbers[at : at + len(text)] = text
            free = at + len(text) + 1
    return f"{'':>{_LABEL}} {corner[0]}{corner[1] * used}\n{''.join(numbers).rstrip()}"


def marked(budget: int) -> Sequence[int]:
    """Return the evaluations numbered below the axis: the first, and at most eight that are round."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, max(budget, 1000)) if budget <= 8 * s)
    return [1, *range(step, budget + 1, step)] if step > 1 else range(1, budget + 1)
