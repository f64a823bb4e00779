"""A race as an animated picture: SVG with CSS alone, so that it moves in a README, and stands still where asked to.

What does not animate, or where less motion is asked for, shows the end of the race. The same race gives the same bytes.
The drawing is `picture.svg`, a template; here is where each part of it stands, and when.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_gym.app.play.race import REGRET, Race
from hpo_gym.app.play.scale import Scale, shown_score
from hpo_gym.app.play.screen import head, marked, summary
from hpo_gym.base import InvalidValueError
from hpo_gym.bench import rendered
from hpo_gym.env import brief, short
from hpo_gym.problem import Status, Trial
from hpo_gym.system import write_files

SLOT, HOLD = 0.45, 4.0
"""Seconds of an evaluation, and of the end."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 468, 112, 368  # of the plot
_TRACK_WIDTH = 88
_PLACES = {"width": 800, "height": 420, "left": _LEFT, "right": _RIGHT, "bottom": _BOTTOM,
           "names": 504, "track": 622, "track_width": _TRACK_WIDTH, "values": 722, "edge": 782}  # fmt: skip
_ROWS = 26
"""Hyperparameters that are shown; more would be too small to read."""
_MOVE = 0.35  # of a slot: how long a dot moves


def check_path(path: Path | None) -> None:
    """Refuse a name that does not end in .svg."""
    if path is not None and path.suffix.lower() != ".svg":
        near = path.with_suffix(".svg") if path.name else path / "demo.svg"
        raise InvalidValueError(f"`--picture` must be an .svg file, got {str(path)!r}; the nearest is {str(near)!r}.")


def write(race: Race, path: Path) -> None:
    """Write the picture of a race that is over; the file is there as a whole, or not at all."""
    check_path(path)
    write_files(path.parent, {path.name: svg(race).encode()})


def svg(race: Race) -> str:
    """Return the picture of a finished race."""
    space, trials = race.task.space, _shown(race)
    pitch = min(30.0, (_BOTTOM - _TOP + 52) / min(space.d, _ROWS))
    rows = [_row(race, j, _TOP - 8 + pitch * (j + 0.5), round(min(13.0, 0.9 * pitch), 1), trials)
            for j in range(min(space.d, _ROWS))]  # fmt: skip
    lanes, x = list[_Lane](), _LEFT
    for lane in race.lanes:
        lanes.append(_Lane(x, brief(lane.name, 20), lane.values))
        x += 56 + 7 * len(lanes[-1].name)
    text = rendered(
        Path(__file__).with_suffix(".svg"), **_PLACES, race=race, title=head(race), said=summary(race),
        evaluations=range(race.evaluations), marked=marked(race.budget), clock=_Clock(race.evaluations),
        plot=_Plot(race, trials), lanes=lanes, rows=rows, radius=f"{min(5.0, 0.4 * pitch):g}",
        trails=[" ".join(row.trail(k) for row in rows).strip() for k in range(race.evaluations)],
        left_out=space.d - len(rows), brief=brief, shown_score=shown_score, at="{:.1f}".format,
    )  # fmt: skip
    return f"{text}\n"


# ---------------------------------------------------------------------- time
@dataclass(frozen=True)
class _Clock:
    """When an evaluation is shown, as shares of a round in percent."""

    evaluations: int

    @property
    def _seconds(self) -> float:
        return self.evaluations * SLOT + HOLD

    @property
    def round(self) -> str:
        """Return the seconds of a round, in CSS."""
        return f"{self._seconds:g}s"

    def percent(self, k: float) -> str:
        """When evaluation `k` begins, from 0, in CSS."""
        return f"{100 * k * SLOT / self._seconds:.2f}".rstrip("0").rstrip(".") + "%"

    def style(self, place: float | None, before: float | None = None) -> str:
        """Return the style of a dot at a place; of an inactive one, hidden where it was before."""
        at = before if place is None else place
        return f"transform:translateX({at or 0:.1f}px);opacity:{0 if place is None else 1}"

    def glide(self, places: Sequence[float | None]) -> str:
        """Return the frames of a dot that moves from place to place and fades in between."""
        frames, before, now = "", None, ""
        for k, place in enumerate(places):
            then, now = now, f"{{{self.style(place, before)}}}"
            if k == 0:
                frames = f"0%{now}"
            elif now != then:
                frames += f"{self.percent(k)}{then}{self.percent(k + _MOVE)}{now}"
            before = before if place is None else place
        return f"{frames}100%{now}"


# ---------------------------------------------------------------------- the plot
@dataclass(frozen=True)
class _Lane:
    """The name of a lane, the place of its mark in the legend, and its values."""

    x: int
    name: str
    values: Sequence[float]


class _Plot:
    """Curves of all lanes, and the points that the agent tried."""

    def __init__(self, race: Race, trials: Sequence[Trial | None]) -> None:
        self.race, self.scale, self.trials = race, Scale.of(race, 0.9), trials

    def x(self, k: float) -> float:
        """Return the horizontal position of the end of evaluation `k`, from 0."""
        return _LEFT + (_RIGHT - _LEFT) * (k + 0.5) / self.race.budget

    def y(self, value: float) -> float:
        """Return the vertical position of a value."""
        return _TOP + (_BOTTOM - _TOP) * min(max(self.scale.place(value), 0.0), 1.0)

    def steps(self, k: int) -> Iterator[tuple[int, str]]:
        """Return the lanes with a value at evaluation `k`, the agent last, and the steps of their curves."""
        for i in reversed(range(len(self.race.lanes))):
            value, before = self.race.lanes[i].values[k], self.race.lanes[i].values[k - 1] if k else math.nan
            if math.isnan(value):
                continue
            x, y = self.x(k), self.y(value)
            if math.isnan(before):
                yield i, f"M{x:.1f} {y:.1f}h.1"
            else:
                yield i, f"M{self.x(k - 1):.1f} {self.y(before):.1f}H{x:.1f}V{y:.1f}"

    def tried(self, k: int) -> float | None:
        """Return the value of the agent's trial at evaluation `k`; None of a failure or a part of an evaluation."""
        trial, task = self.trials[k], self.race.task
        if trial is None or trial.status is not Status.OK or trial.fidelity < 1.0:
            return None
        return (task.best - trial.score) / (task.best - task.worst) if self.race.measure == REGRET else trial.score


# ---------------------------------------------------------------------- the hyperparameters
def _shown(race: Race) -> list[Trial | None]:
    """Return the agent's last trial at each evaluation."""
    trials = race.lanes[0].history.trials
    return [trials[count - 1] if count else None for count in race.lanes[0].counts]


@dataclass(frozen=True)
class _Row:
    """A hyperparameter: its name, a track on which a dot moves, and its value.

    Attributes:
        y, base: Of the track, and of the texts.
        places: On the track after each evaluation; None where it is inactive.
    """

    name: str
    y: float
    base: float
    size: str
    places: Sequence[float | None]
    values: Sequence[str]

    def trail(self, k: int) -> str:
        """Draw the mark of evaluation `k` on the track."""
        place = self.places[k]
        return "" if place is None else f"M{_PLACES['track'] + place:.1f} {self.y:.1f}h.1"


def _row(race: Race, j: int, y: float, size: float, trials: Sequence[Trial | None]) -> _Row:
    space, name = race.task.space, race.task.space.names[j]
    on = [trial if trial is not None and name in trial.config else None for trial in trials]
    places = [None if t is None else _TRACK_WIDTH * float(space.to_unit(t.config)[j]) for t in on]
    values = ["–" if t is None else brief(short(t.config[name]), 9) for t in on]
    return _Row(brief(name, 17), y, y + 0.36 * size, f"{size:g}", places, values)
