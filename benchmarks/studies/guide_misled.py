"""Of the guide: agents that were trained on tasks that mislead, beside what reads such tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guide_limits import LABELS, ROWS
from guide_ratios import Rows, against, joined, shown
from misled_agents import CHOSEN, SEEDS, SETTINGS, means
from robustness import ANCHOR, KINDS, SUITES

Found = Mapping[str, Any]
RIGHT, WRONG = KINDS[0], KINDS[1:]
COLUMNS = (*KINDS, CHOSEN)


def measured(misled: Found, robust: Found, stress: Found) -> dict[str, Any]:
    """By suite: `tasks`, `families`, and by ``optimizer, kind`` the `auc` on each task, of agents and of the others."""
    known = {
        suite: {**part, "auc": {name: row["auc"] for name, row in robust["evaluations"][suite].items()}}
        for suite, part in stress.items()
    }
    return joined(joined(stress, known), means(misled))


def to_anchor(parts: Found) -> dict[str, Mapping[str, Any]]:
    """Ratios of agents to `gp-ei`, by ``agent, kind``."""
    return against(parts, f"{ANCHOR}, {RIGHT}", [f"{who}, {kind}" for who in SEEDS for kind in COLUMNS])


def by_agent(parts: Found) -> dict[str, dict[str, Any]]:
    """The same by agent and kind, of agents that no right task helped."""
    rows = to_anchor(parts)
    return {who: {kind: rows[f"{who}, {kind}"]["ratio"] for kind in KINDS if f"{who}, {kind}" in rows} for who in SEEDS}


def kept(misled: Found) -> Iterator[str]:
    """Which policy of a training on flipped tasks does best on right ones."""
    for who in dict.fromkeys(who for part in misled.values() for who in part["kept"]):
        trials = {s: misled[s]["kept"][who] for s in SUITES if who in misled[s]["kept"]}
        after = ", ".join(f"{' and '.join(f'{n:,}' for n in some)} on {suite}" for suite, some in trials.items())
        most = f"{SETTINGS[who]['steps']:,}"
        course = f"Trained on the wrong sign for {most} trials and chosen by right tasks"
        yield f"- {course}, `{who}` keeps the policy of trial {after}."


def agents(parts: Found) -> Iterator[str]:
    """A row for each agent: ratios to `gp-ei` by what it was trained on."""
    rows = to_anchor(parts)
    yield from _head("agent", COLUMNS)
    for who in SEEDS:
        yield _row(who, COLUMNS, rows)


def harm(parts: Found) -> Iterator[str]:
    """A row for each agent, and each that reads earlier tasks: ratios to itself with tasks as they are."""
    yield from _head("optimizer", WRONG)
    for who in (*SEEDS, *ROWS):
        yield _row(who, WRONG, against(parts, f"{who}, {RIGHT}", [f"{who}, {kind}" for kind in WRONG]))


def _head(first: str, kinds: Sequence[str]) -> Iterator[str]:
    yield f"| {first} | suites | {' | '.join(label(kind) for kind in kinds)} |"
    yield "|---|" + "---:|" * (1 + len(kinds))


def _row(who: str, kinds: Sequence[str], rows: Rows) -> str:
    suites = max((rows[f"{who}, {kind}"]["n_suites"] for kind in kinds if f"{who}, {kind}" in rows), default=0)
    return f"| `{who}` | {suites} | {' | '.join(shown(rows, f'{who}, {kind}') for kind in kinds)} |"


def label(kind: str) -> str:
    """What a kind of tasks is called on the page."""
    return "wrong sign, chosen by right ones" if kind == CHOSEN else LABELS[kind].replace("\n", " ")
