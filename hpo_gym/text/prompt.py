"""A run in words: the task, the budget, the trials, and the form of an answer."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence

from hpo_gym.base import cut, unknown
from hpo_gym.problem import History, Objective, SearchSpace, Status, Trial
from hpo_gym.text.naming import number, outline, renamed, value_of, word

FORMS = ("plain", "compact", "table")
"""Trials as sentences, as terse lines, or as comma-separated values below their names."""

MOST_BYTES = 4096
"""Limit of a text, in bytes of UTF-8."""

_NOTE, _REASON = 800, 160  # characters
_FATES = {
    Status.TIMEOUT: "ran out of time", Status.MEMORYOUT: "ran out of memory", Status.INVALID: "refused",
    Status.INFEASIBLE: "broke a constraint", Status.STOPPED: "stopped early",
}  # fmt: skip
_AIMS = (
    "Find the configuration of hyperparameters with the highest score.",
    "Choose the values for each part of a training, which goes on from trial to trial. Aim at a high score.",
)
Cells = dict[str, str]


def describe(
    space: SearchSpace, trials: Sequence[Trial], *, budget: float, spent: float = 0.0,
    fidelities: Sequence[float] = (1.0,), unit: float | None = None, objectives: Sequence[Objective] = (),
    signals: Mapping[str, float] | None = None, form: str = "plain", names: bool = True, notes: Sequence[str] = (),
) -> str:  # fmt: skip
    """Return a run in words, in at most `MOST_BYTES` bytes of UTF-8.

    A long run loses its least informative trials, and the text counts them. The best trial and the last two stay
    longest, then those of the best scores at the highest fidelity.

    Args:
        budget, spent: In full evaluations; with `unit`, in units.
        unit: Cost of a unit of a budget in cost; None for full evaluations.
        signals: Signals now, of trials that go on from each other; None: those of the last trial.
        form: "plain" sentences, "compact" lines, or "table": trials as comma-separated values.
        names: False hides all names: hyperparameters are `h1`, `h2`, .., choices `a`, `b`, ..; ordered numbers stay.
        notes: Further lines, such as the advice of another optimizer.

    Raises:
        UnknownNameError: No such form.
    """
    if form not in FORMS:
        raise unknown("form of a text", form, FORMS)
    now = trials[-1].signals if signals is None and trials else signals or {}
    best = History(tuple(trials)).incumbent
    head = [_AIMS[bool(now)], _budget(budget, spent, unit), *_fidelities(fidelities, unit), *outline(space, names)]
    targets = zip(_called("o", (o.name for o in objectives), names), objectives, strict=True)
    wanted = [f"{name} {o.direction}d" for name, o in targets]
    seen = [f"{name} {number(v)}" for name, v in zip(_called("s", now, names), now.values(), strict=True)]
    head += [f"Further objectives: {', '.join(wanted)}."] if wanted else []
    tail = [_best(best, trials), *([f"Signals now: {', '.join(seen)}."] if seen else [])]
    tail += [*(_printable(cut(note, _NOTE)) for note in notes), _answer(space, names, fidelity=len(fidelities) > 1)]
    cells = [_cells(trial, space, names, unit) for trial in trials]
    if all(trial.fidelity == 1.0 for trial in trials):
        cells = [{name: value for name, value in of.items() if name != "fidelity"} for of in cells]
    room = MOST_BYTES - _size([*head, *tail])
    return _within("\n".join([*head, *_shown(cells, trials, best, form, room), *tail]))


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _within(text: str) -> str:
    """Return a text, without its middle where long names make it too long."""
    raw, half = text.encode(), MOST_BYTES // 2 - 20
    if len(raw) <= MOST_BYTES:
        return text
    first, last = (part.decode(errors="ignore") for part in (raw[:half], raw[-half:]))
    return f"{first}\n[{len(raw) - 2 * half} bytes are cut.]\n{last}"


def _printable(text: str) -> str:
    """Return the text of others in characters that can be printed and encoded."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


# ---------------------------------------------------------------------- the task
def _budget(budget: float, spent: float, unit: float | None) -> str:
    left = number(max(budget - spent, 0.0), 6)
    what = "full evaluations" if unit is None else f"units of cost, each {number(unit)}, as a mean full evaluation"
    return f"Budget: {number(budget, 6)} {what}; {number(spent, 6)} spent, {left} left."


def _fidelities(levels: Sequence[float], unit: float | None) -> list[str]:
    shown, steps = [number(f) for f in levels], {round(b - a, 6) for a, b in itertools.pairwise(levels)}
    if len(steps) == 1 and len(shown) > 8:
        shown[2:-1] = [f".. ({len(shown)} evenly spaced) .."]
    price = " and its price" if unit is None else ""
    return [f"Fidelities (the share of a full evaluation{price}): {', '.join(shown)}."] if len(levels) > 1 else []


def _called(letter: str, given: Iterable[str], names: bool) -> list[str]:
    return [word(name) if names else f"{letter}{i}" for i, name in enumerate(given, 1)]


@functools.lru_cache(maxsize=64)
def _answer(space: SearchSpace, names: bool, *, fidelity: bool) -> str:
    active = space.default  # the names of its active hyperparameters
    default = {h.name: h.default for h in space.hyperparameters if h.name in active}
    config = {h.name: value for h, value in renamed(space, names, default)}
    example = json.dumps({"config": config, **({"fidelity": 1.0} if fidelity else {})}, ensure_ascii=False)
    return f'Answer with {{"stop": true}}, or one JSON object of this form (the default configuration): {example}'


# ---------------------------------------------------------------------- the trials
def _best(best: Trial | None, trials: Sequence[Trial]) -> str:
    if best is None or best.status:
        return "No trial has succeeded so far." if trials else "No trial so far."
    place = next(i for i, trial in enumerate(trials, 1) if trial is best)
    return f"Best so far: trial {place}, score {number(best.score, 5)}."


def _cells(trial: Trial, space: SearchSpace, names: bool, unit: float | None) -> Cells:
    """Return the numbers of a trial and its values by name, in words."""
    cells = {"score": number(trial.score, 5), "fidelity": number(trial.fidelity)}
    cells |= {"cost": number(trial.cost / unit)} if unit else {}
    cells |= zip(_called("o", trial.objectives, names), map(number, trial.objectives.values()), strict=True)
    return cells | {word(h.name): value_of(h, value) for h, value in renamed(space, names, trial.config)}


def _fate(trial: Trial) -> str:
    reason = cut(_printable(getattr(trial.query, "reason", "")).replace("\n", " "), _REASON)
    fate = _FATES.get(trial.status, trial.status.label) if trial.status else ""
    return f"{fate} ({reason})" if reason else fate


def _shown(cells: list[Cells], trials: Sequence[Trial], best: Trial | None, form: str, room: int) -> list[str]:
    """Return the lines of trials in order, of the most informative ones that fit into `room` bytes."""
    names = list(dict.fromkeys(name for of in cells for name in of))
    title = ",".join(["trial", *names])
    if form == "table" and len(title.encode()) > room // 3:  # hardly any trial would fit
        form = "compact"
    rows = [title] if form == "table" else []
    lines = [_line(str(i), of, _fate(t), names, form) for i, (of, t) in enumerate(zip(cells, trials, strict=True), 1)]
    if not lines or _size(["Trials:", *rows, *lines]) <= room:
        return ["Trials:", *rows, *lines] if lines else []

    def worth(i: int) -> tuple[bool, float, bool, float]:
        t = trials[i]
        return t is best or i >= len(trials) - 2, t.fidelity, not t.status, t.score

    about, kept = "Trials ({} of {}, the best and the last; {} are left out):", list[int]()
    room -= _size([about, *rows])
    for i in sorted(range(len(trials)), key=worth, reverse=True):
        room -= _size([lines[i]])
        kept += [i] if room >= 0 else []
    return [about.format(len(kept), len(lines), len(lines) - len(kept)), *rows, *(lines[i] for i in sorted(kept))]


def _line(place: str, cells: Cells, fate: str, names: Sequence[str], form: str) -> str:
    if form == "table":
        return ",".join([place, *(cells.get(name, "") for name in names), *([fate] if fate else [])])
    if form == "compact":
        return " ".join([place, *(f"{name}={value}" for name, value in cells.items()), *([fate] if fate else [])])
    said = ", ".join(f"{name} {value}" for name, value in cells.items())
    return f"Trial {place}: {said}{f'; {fate}, so the score is the worst so far' if fate else ''}."
