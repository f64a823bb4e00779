"""A race as an animated picture: SVG with CSS alone, so that it moves in a README, and stands still where asked to.

What does not animate, or where less motion is asked for, shows the end of the race. The same race gives the same bytes.
The drawing is `_picture.svg`, a template; here is where each part of it stands, and when.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from hpo_gym.app._race import Race
from hpo_gym.bench import rendered
from hpo_gym.env import brief, short
from hpo_gym.problem import Status

SLOT, HOLD = 0.45, 4.0
"""Seconds of an evaluation, and of the end."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 468, 112, 368  # of the plot
_TRACK = 622, 88  # of a hyperparameter: its left edge and its width
_ROWS = 26  # hyperparameters that are shown; more would be too small to read
_FLOOR, _DECADES, _SHARE = 1e-3, 3, 0.9  # of regret: what stands on the lowest line, and the part of the axis above it


def svg(race: Race) -> str:
    """Return the picture of a finished race."""
    d = min(race.task.space.d, _ROWS)
    pitch = min(30.0, (_BOTTOM - _TOP + 52) / d)
    rows = [_row(race, j, _TOP - 8 + pitch * (j + 0.5), round(min(13.0, 0.9 * pitch), 1)) for j in range(d)]
    lanes, x = list[SimpleNamespace](), _LEFT
    for lane in race.lanes:
        name = brief(lane.name, 20)
        lanes.append(SimpleNamespace(x=x, name=name, values=lane.values))
        x += 56 + 7 * len(name)
    text = rendered(
        Path(__file__).with_suffix(".svg"), width=800, height=420, left=_LEFT, right=_RIGHT, bottom=_BOTTOM, names=504,
        track=_TRACK[0], track_width=_TRACK[1], values=722, edge=782, race=race, title=race.title, said=summary(race),
        evaluations=range(race.budget), marked=_marked(race.budget), clock=_Clock(race.budget),
        plot=_Plot(race), lanes=lanes, rows=rows, radius=f"{min(5.0, 0.4 * pitch):g}",
        left_out=race.task.space.d - d, brief=brief, shown_score=shown_score, at="{:.1f}".format,
    )  # fmt: skip
    return f"{text}\n"


def shown_score(value: float) -> str:
    """Return a value in few characters."""
    return "-" if math.isnan(value) else f"{value:.4f}" if abs(value) < 10 else f"{value:.4g}"


def summary(race: Race) -> str:
    """Return the result in a line."""
    values = ", ".join(f"{lane.name} {shown_score(lane.values[-1])}" for lane in race.lanes)
    what, s = "regret" if race.task.bounded else "best score", "s" * (race.budget != 1)
    return f"{what} after {race.budget} evaluation{s}: {values}"


@dataclass(frozen=True)
class _Clock:
    """When an evaluation is shown, as shares of a round in percent."""

    evaluations: int

    @property
    def round(self) -> float:
        """Return the seconds of a round."""
        return self.evaluations * SLOT + HOLD

    def percent(self, k: float) -> str:
        """When evaluation `k` begins, from 0, in CSS."""
        return f"{100 * k * SLOT / self.round:.2f}%"


class _Plot:
    """Curves of all lanes, and the points that the agent tried.

    Regret stands on a logarithmic axis of three decades, scores on a linear one.
    """

    def __init__(self, race: Race) -> None:
        self._race, known = race, [v for lane in race.lanes for v in lane.values if math.isfinite(v)] or [0.0]
        self._low, self._high = min(known), max(known)

    @property
    def ticks(self) -> Sequence[tuple[float, str]]:
        """Values to be marked, with their labels."""
        if self._race.task.bounded:
            return [(1.0, "1"), (0.1, ".1"), (0.01, ".01"), (0.001, ".001"), (0.0, "<.001")]
        return [(v, f"{v:.3g}") for v in sorted({self._high, (self._low + self._high) / 2, self._low}, reverse=True)]

    def x(self, k: float) -> float:
        """Return the horizontal position of the end of evaluation `k`, from 0."""
        return _LEFT + (_RIGHT - _LEFT) * (k + 0.5) / self._race.budget

    def y(self, value: float) -> float:
        """Return the vertical position of a value."""
        if not self._race.task.bounded:
            place = (self._high - value) / ((self._high - self._low) or 1.0)
        else:
            place = 1.0 if value < _FLOOR else -_SHARE * math.log10(value) / _DECADES
        return _TOP + (_BOTTOM - _TOP) * min(max(place, 0.0), 1.0)

    def steps(self, k: int) -> Iterator[tuple[int, str]]:
        """Return the lanes with a value at evaluation `k`, the agent last, and the steps of their curves."""
        for i in reversed(range(len(self._race.lanes))):
            values = self._race.lanes[i].values
            x, before = self.x(k), values[k - 1] if k else math.nan
            if math.isnan(values[k]):
                continue
            if math.isnan(before):
                yield i, f"M{x:.1f} {self.y(values[k]):.1f}h.1"
            else:
                yield i, f"M{self.x(k - 1):.1f} {self.y(before):.1f}H{x:.1f}V{self.y(values[k]):.1f}"

    def tried(self, k: int) -> float | None:
        """Return the value of the agent's trial at evaluation `k`; None of a failure or a part of an evaluation."""
        found, task = self._race.lanes[0].tried[k], self._race.task
        trial = found and found[0]
        if trial is None or trial.status is not Status.OK or trial.fidelity < 1.0:
            return None
        return (task.best - trial.score) / (task.best - task.worst) if task.bounded else trial.score


def _marked(budget: int) -> Sequence[int]:
    """Return the evaluations numbered below the axis: the first, and at most eight that are round."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, max(budget, 1000)) if budget <= 8 * s)
    return [1, *range(step, budget + 1, step)] if step > 1 else range(1, budget + 1)


@dataclass(frozen=True)
class _Row:
    """A hyperparameter: its name, a track on which a dot moves, and its value.

    Attributes:
        y, base: Of the track, and of the texts.
        places: Of the dot at each evaluation; None where it is inactive.
    """

    name: str
    y: float
    base: float
    size: str
    places: Sequence[float | None]
    values: Sequence[str]


def _row(race: Race, j: int, y: float, size: float) -> _Row:
    space, name = race.task.space, race.task.space.names[j]
    on = [found[0] if found and name in found[0].config else None for found in race.lanes[0].tried]
    places = [None if t is None else _TRACK[0] + _TRACK[1] * float(space.to_unit(t.config)[j]) for t in on]
    values = ["–" if t is None else brief(short(t.config[name]), 9) for t in on]
    return _Row(brief(name, 17), y, y + 0.36 * size, f"{size:g}", places, values)
