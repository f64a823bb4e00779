"""A race as an animated picture: SVG with CSS alone, so that it moves in a README, and stands still where asked to.

What does not animate, or where less motion is asked for, shows the end of the race. The same race gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from hpo_gym.app.play.race import REGRET, Race
from hpo_gym.app.play.scale import Scale, brief, shown_score
from hpo_gym.app.play.screen import head, marked
from hpo_gym.base import InvalidValueError
from hpo_gym.bench import counted
from hpo_gym.env import short
from hpo_gym.problem import Status, Trial
from hpo_gym.system import write_files

SLOT, HOLD = 0.45, 4.0
"""Seconds of an evaluation, and of the end."""
WIDTH, HEIGHT = 800, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 468.0, 112.0, 368.0  # of the plot
_NAMES, _TRACK, _VALUES, _EDGE = 504, 622.0, 722, 782  # of the hyperparameters
_TRACK_WIDTH = 88.0
_ROWS = 26
"""Hyperparameters that are shown; more would be too small to read."""
_MOVE = 0.35  # of a slot: how long a dot moves

_STYLE = """
svg{--paper:#fff;--ink:#1f2328;--soft:#59636e;--rule:#e3e7ec;--a0:#d9480f;--a1:#1971c2;--a2:#868e96}
@media (prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b1;--rule:#2b323b;--a0:#ff922b;
--a1:#4dabf7;--a2:#8b949e}}
text{font-family:-apple-system,BlinkMacSystemFont,"Segoe UI",Helvetica,Arial,sans-serif;fill:var(--ink);
font-variant-numeric:tabular-nums}
.s{fill:var(--soft)}.b{font-weight:600}.e{text-anchor:end}.m{text-anchor:middle}.r{stroke:var(--rule);fill:none}
.l0,.l1,.l2{fill:none;stroke-linecap:round;stroke-linejoin:round}
.l0{stroke:var(--a0);stroke-width:3}.l1{stroke:var(--a1);stroke-width:2.2}
.l2{stroke:var(--a2);stroke-width:2.2;stroke-dasharray:.1 4.4}
.v0{fill:var(--a0)}.v1{fill:var(--a1)}.v2{fill:var(--a2)}.d{fill:var(--a0);opacity:.35}
.w{stroke:var(--a0);stroke-width:4;stroke-linecap:round;opacity:.18;fill:none}.t{opacity:0}
"""
_STILL = "@media (prefers-reduced-motion:reduce){*{animation:none!important}}\n"


def check_path(path: Path | None) -> None:
    """Refuse what is no SVG file.

    Raises:
        InvalidValueError: The name ends in anything else.
    """
    if path is not None and path.suffix.lower() != ".svg":
        near = path.with_suffix(".svg") if path.name else path / "demo.svg"
        raise InvalidValueError(f"`--picture` must be an .svg file, got {str(path)!r}; the nearest is {str(near)!r}.")


def write(race: Race, path: Path) -> None:
    """Write the picture of a race that is over; the file is there as a whole, or not at all."""
    check_path(path)
    write_files(path.parent, {path.name: svg(race).encode()})


def svg(race: Race) -> str:
    """Return the picture of a finished race."""
    clock = _Clock(race.evaluations)
    plot, rows = _Plot(race), list(_rows(race, clock))
    names = ", ".join(f"{lane.name} {shown_score(lane.values[-1])}" for lane in race.lanes)
    said = f"{race.measure} after {counted(race.evaluations, 'evaluation')}: {names}"
    body = [
        f"<title>{escape(head(race))}</title>\n<desc>{escape(said)}</desc>",
        f"<style>{_STYLE}{''.join(clock.styles())}{''.join(row.style for row in rows)}{_STILL}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" style="fill:var(--paper);stroke:var(--rule)"/>',
        *_heading(race),
        *plot.still(),
        *(row.still for row in rows),
    ]
    for k in range(race.evaluations):
        trails = " ".join(row.trail(k) for row in rows).strip()
        body.append(f'<g class="k{k}">{plot.segments(k)}<path class="w" d="{trails}"/></g>')
    body += [row.dot for row in rows]
    for k in range(race.evaluations):
        kind = f"t t{k}" if k + 1 < race.evaluations else f"t{k}"
        values = "".join(row.value(k) for row in rows)
        body.append(f'<g class="{kind}">{plot.now(k)}{values}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" font-size="13">\n' + "\n".join(body) + "\n</svg>\n"
    )


# ---------------------------------------------------------------------- time
@dataclass(frozen=True)
class _Clock:
    """When an evaluation is shown, as shares of a round in percent."""

    evaluations: int

    @property
    def seconds(self) -> float:
        """Return the seconds of a round."""
        return self.evaluations * SLOT + HOLD

    def percent(self, k: float) -> str:
        """When evaluation `k` begins, from 0, in CSS."""
        return f"{100 * k * SLOT / self.seconds:.2f}".rstrip("0").rstrip(".") + "%"

    def styles(self) -> Iterator[str]:
        """Return the styles of lasting parts from evaluation `k` on, `.k..`, and of those of the last only, `.t..`."""
        last = self.evaluations - 1
        for k in range(self.evaluations):
            on, off = self.percent(k), self.percent(k + 1)
            if k:
                yield f"@keyframes k{k}{{0%{{opacity:0}}{on}{{opacity:1}}}}.k{k}{{animation:k{k} {self._run}}}\n"
            until = f"{off}{{opacity:0}}" if k < last else ""
            begin = "" if k == 0 else "0%{opacity:0}"
            yield f"@keyframes t{k}{{{begin}{on}{{opacity:1}}{until}"
            yield f"{'100%{opacity:0}' if k < last else '100%{opacity:1}'}}}.t{k}{{animation:t{k} {self._run}}}\n"

    @property
    def _run(self) -> str:
        return f"{self.seconds:g}s step-end infinite"

    def glide(self, name: str, places: Sequence[float | None]) -> str:
        """Draw a dot that moves from place to place and fades in between."""
        stops = list[tuple[str, str]]()
        before: float | None = None
        for k, place in enumerate(places):
            now = before if place is None else place
            style = f"{{transform:translateX({now or 0:.1f}px);opacity:{0 if place is None else 1}}}"
            if k and style != stops[-1][1]:
                stops += [(self.percent(k), stops[-1][1]), (self.percent(k + _MOVE), style)]
            elif not k:
                stops.append(("0%", style))
            before = now
        stops.append(("100%", stops[-1][1]))
        frames = "".join(at + style for at, style in stops)
        return f"@keyframes {name}{{{frames}}}.{name}{{animation:{name} {self.seconds:g}s ease-in-out infinite}}\n"


# ---------------------------------------------------------------------- the plot
class _Plot:
    """Curves of all lanes, and the points that the agent tried."""

    def __init__(self, race: Race) -> None:
        self.race, self.scale = race, Scale.of(race, 0.9)
        self.trials = _shown(race)

    def x(self, k: float) -> float:
        """Return the horizontal position of the end of evaluation `k`, from 0."""
        return _LEFT + (_RIGHT - _LEFT) * (k + 0.5) / self.race.budget

    def y(self, value: float) -> float:
        """Return the vertical position of a value."""
        return _TOP + (_BOTTOM - _TOP) * min(max(self.scale.place(value), 0.0), 1.0)

    def still(self) -> Iterator[str]:
        """Draw the axes."""
        for value, label in self.scale.ticks:
            y = self.y(value)
            yield f'<path class="r" d="M{_LEFT:g} {y:.1f}H{_RIGHT:g}"/>'
            yield f'<text class="s e" x="{_LEFT - 8:g}" y="{y + 4:.1f}" font-size="12">{escape(label)}</text>'
        for k in marked(self.race.budget):
            yield f'<text class="s m" x="{self.x(k - 1):.1f}" y="{_BOTTOM + 18:g}" font-size="12">{k}</text>'
        middle, dots = (_LEFT + _RIGHT) / 2, f"; a dot is one trial of {_name(self.race.lanes[0].name)}"
        yield f'<text class="s m" x="{middle:g}" y="{_BOTTOM + 36:g}" font-size="12">evaluations{dots}</text>'

    def segments(self, k: int) -> str:
        """Draw the additions of evaluation `k`: a step of each curve, and the agent's trial."""
        parts = []
        for i in reversed(range(len(self.race.lanes))):
            values = self.race.lanes[i].values
            if math.isnan(values[k]):
                continue
            x, y = self.x(k), self.y(values[k])
            path = f"M{x:.1f} {y:.1f}h.1"
            if k and not math.isnan(values[k - 1]):
                path = f"M{self.x(k - 1):.1f} {self.y(values[k - 1]):.1f}H{x:.1f}V{y:.1f}"
            parts.append(f'<path class="l{i}" d="{path}"/>')
        trial = self.trials[k]
        if trial is not None and trial.status is Status.OK and trial.fidelity == 1.0:
            parts.append(f'<circle class="d" cx="{self.x(k):.1f}" cy="{self.y(self._of(trial)):.1f}" r="3"/>')
        return "".join(parts)

    def now(self, k: int) -> str:
        """Draw the labels while evaluation `k` is the last: its number, and each lane's value at its curve."""
        counted = f'<text class="s e" x="{_EDGE}" y="28">evaluation <tspan class="b">{k + 1}</tspan> of '
        parts = [f"{counted}{self.race.budget}</text>"]
        for i, lane in enumerate(self.race.lanes):
            if not math.isnan(lane.values[k]):
                y = self.y(lane.values[k])
                parts.append(f'<circle class="v{i}" cx="{self.x(k):.1f}" cy="{y:.1f}" r="{5 if i == 0 else 4}"/>')
            parts.append(
                f'<text class="v{i} b" x="{_legend(self.race, i) + 24:g}" y="62">{shown_score(lane.values[k])}</text>'
            )
        return "".join([parts[0], *parts[:0:-1]])

    def _of(self, trial: Trial) -> float:
        task = self.race.task
        return (task.best - trial.score) / (task.best - task.worst) if self.race.measure == REGRET else trial.score


def _legend(race: Race, i: int) -> float:
    """Return the position of a lane's name."""
    return _LEFT + sum(56.0 + 7.0 * len(_name(lane.name)) for lane in race.lanes[:i])


def _name(name: str) -> str:
    return brief(name, 20)


def _heading(race: Race) -> Iterator[str]:
    yield f'<text class="b" x="20" y="28" font-size="16">{escape(brief(head(race), 66))}</text>'
    for i, lane in enumerate(race.lanes):
        x = _legend(race, i)
        yield f'<path class="l{i}" d="M{x:g} 53h16"/>'
        yield f'<text class="v{i}" x="{x + 24:g}" y="47">{escape(_name(lane.name))}</text>'
    yield f'<text class="s" x="{_LEFT:g}" y="82">{race.said}</text>'
    tries = f"what {_name(race.lanes[0].name)} tries"
    yield f'<text class="s" x="{_NAMES}" y="82">{escape(tries)}</text>'


# ---------------------------------------------------------------------- the hyperparameters
def _shown(race: Race) -> list[Trial | None]:
    """Return the agent's last trial at each evaluation."""
    trials = race.lanes[0].history.trials
    return [trials[count - 1] if count else None for count in race.lanes[0].counts]


@dataclass(frozen=True)
class _Row:
    """A hyperparameter: its name, a track on which a dot moves, and its value.

    Attributes:
        places: On the track after each evaluation; None where it is inactive.
        values: The same as text.
    """

    y: float
    size: float
    style: str
    still: str
    dot: str
    places: Sequence[float | None]
    values: Sequence[str]

    def trail(self, k: int) -> str:
        """Draw the mark of evaluation `k` on the track."""
        place = self.places[k]
        return "" if place is None else f"M{_TRACK + place:.1f} {self.y:.1f}h.1"

    def value(self, k: int) -> str:
        """Return the value of evaluation `k`."""
        kind, y = ' class="s"' if self.places[k] is None else "", self.y + 0.36 * self.size
        return f'<text{kind} x="{_VALUES}" y="{y:.1f}" font-size="{self.size:g}">{self.values[k]}</text>'


def _rows(race: Race, clock: _Clock) -> Iterator[_Row]:
    space, trials = race.task.space, _shown(race)
    count = min(space.d, _ROWS)
    pitch = min(30.0, (_BOTTOM + 36 - _TOP + 16) / max(count, 1))
    size = round(min(13.0, 0.9 * pitch), 1)
    made = [None if t is None else space.to_unit(t.config) for t in trials]
    for j, name in enumerate(space.names[:count]):
        y = _TOP - 8 + pitch * (j + 0.5)
        on = [t is not None and name in t.config for t in trials]
        places = [_TRACK_WIDTH * float(x[j]) if a and x is not None else None for a, x in zip(on, made, strict=True)]
        values = [
            escape(brief(short(t.config[name]), 9)) if t is not None and name in t.config else "–" for t in trials
        ]
        at = places[-1]
        held = f' style="transform:translateX({at or 0:.1f}px);opacity:{0 if at is None else 1}"'
        label = f'<text x="{_NAMES}" y="{y + 0.36 * size:.1f}" font-size="{size:g}">{escape(brief(name, 17))}</text>'
        track = f'<path class="r" stroke-width="3" stroke-linecap="round" d="M{_TRACK:g} {y:.1f}h{_TRACK_WIDTH:g}"/>'
        dot = f'<circle class="v0 h{j}" cx="{_TRACK:g}" cy="{y:.1f}" r="{min(5.0, 0.4 * pitch):g}"{held}/>'
        yield _Row(y, size, clock.glide(f"h{j}", places), label + track, dot, places, values)
    if space.d > count:
        more = f'<text class="s e" x="{_EDGE}" y="82" font-size="11">and {space.d - count} more</text>'
        yield _Row(0, 0, "", more, "", [None] * len(trials), [""] * len(trials))
