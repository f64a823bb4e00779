"""Of the guide: agents that were trained on tasks that mislead, beside what reads such tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guide_limits import LABELS, ROWS
from guide_ratios import against, joined, shown
from misled_agents import CHOSEN, SEEDS, means
from robustness import ANCHOR, KINDS

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


def agents(parts: Found) -> Iterator[str]:
    """A row for each agent: ratios to `gp-ei` by what it was trained on."""
    yield from _head("agent", COLUMNS)
    rows = to_anchor(parts)
    for who in SEEDS:
        yield _row(who, [shown(rows, f"{who}, {kind}") for kind in COLUMNS])


def harm(parts: Found) -> Iterator[str]:
    """A row for each agent, and each that reads earlier tasks: ratios to itself with tasks as they are."""
    yield from _head("optimizer", WRONG)
    for who in (*SEEDS, *ROWS):
        rows = against(parts, f"{who}, {RIGHT}", [f"{who}, {kind}" for kind in WRONG])
        yield _row(who, [shown(rows, f"{who}, {kind}") for kind in WRONG])


def _head(first: str, kinds: Sequence[str]) -> Iterator[str]:
    yield f"| {first} | {' | '.join(label(kind) for kind in kinds)} |"
    yield "|---|" + "---:|" * len(kinds)


def _row(who: str, cells: Sequence[str]) -> str:
    return f"| `{who}` | {' | '.join(cells)} |"


def label(kind: str) -> str:
    """What a kind of tasks is called on the page."""
    return "wrong sign, chosen by right ones" if kind == CHOSEN else LABELS[kind].replace("\n", " ")
