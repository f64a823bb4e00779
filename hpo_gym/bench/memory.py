"""Memory of a comparison: the facts about earlier tasks available to all of its optimizers, and each one's share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.metrics import PORTFOLIO
from hpo_gym.bench.protocol import Protocol
from hpo_gym.problem import COST, FIDELITY, TEST, Evaluations, Suite, Task
from hpo_gym.suites import LIVE

SCORES = "scores"
KINDS = (SCORES, TEST, FIDELITY, COST)
"""Counted measurements: scores of full evaluations, test scores, scores at lower fidelities (see
`Evaluations.further`), and costs of full evaluations.
"""


def memory_used(protocol: Protocol, suites: Iterable[Suite], entrants: Sequence[Entrant]) -> dict[str, Any]:
    """Return the part `memory` of results.json: the splits of the earlier tasks, their content by suite and fold, and
    by optimizer the kinds that it reads beside scores, None if unrecorded.
    """
    by_suite = {s.name: [_held(s, fold, protocol.memory) for fold in protocol.folds] for s in suites}
    reads = {e.name: None if e.remembers is None else e.remembers.split(",") if e.remembers else [] for e in entrants}
    return {"splits": list(protocol.remembered), "suites": by_suite, "reads": reads}


def _held(suite: Suite, fold: int | None, memory: str) -> dict[str, Any]:
    """Return counts of earlier tasks, their families and measurements; of a live suite, of `asked_for` tasks alone."""
    if suite.kind == LIVE:
        known: Sequence[Any] = asked_for(suite, fold, memory)
        counts: Mapping[str, int | None] = dict.fromkeys(KINDS)
    else:
        known = suite.prior(fold, memory)
        counts = measurements(known, [math.isfinite(suite.task(e.name).cost_unit) for e in known])
    return {"fold": fold, "tasks": len(known), "families": len({t.family for t in known}), **counts}


def asked_for(suite: Suite, fold: int | None, memory: str) -> list[Task]:
    """Return the tasks of a live suite with `prior_evaluations`, as far as optimizers may know them."""
    return [t for split in memory.split("+") for t in suite.tasks(split, fold) if t.prior_evaluations]


def ignorance(suite: Suite, protocol: Protocol) -> list[str]:
    """Return a remark on a live suite with training tasks, if optimizers could know nothing of them."""
    folds = protocol.folds
    there = {t.name for f in folds for split in protocol.remembered for t in suite.tasks(split, f)}
    if not there or any(asked_for(suite, f, protocol.memory) for f in folds):
        return []
    earlier = f"{len(there)} earlier task{'' if len(there) == 1 else 's'} of {suite.name}"
    way = "`prior_evaluations=` of `live_suite` allows some evaluations"
    return [f"Optimizers knew nothing of {earlier}, and `{PORTFOLIO}` drew at random: {way}."]


def measurements(prior: Sequence[Evaluations], with_costs: Sequence[bool]) -> dict[str, int]:
    """Return the number of measurements of each of `KINDS` in earlier tasks, failures among them.

    Args:
        with_costs: Whether the costs of each were measured.
    """
    counts = dict.fromkeys(KINDS, 0)
    for e, has_costs in zip(prior, with_costs, strict=True):
        there = ~np.isnan(e.score)
        counts[SCORES] += int(there.sum())
        counts[COST] += int((there & np.isfinite(e.cost) & (e.cost > 0.0)).sum()) if has_costs else 0
        for m in e.further:
            counts[m.name] += int((~np.isnan(m.score)).sum())
    return counts


WORDS = {"test": "test scores", "fidelity": "lower fidelities", "cost": "costs"}


def said_of_memory(memory: Mapping[str, Any] | None, suite: str) -> str:
    """Return a line on the memory in a suite if the compared optimizers differ in their use; else an empty one."""
    if memory is None:
        return ""
    readers: dict[tuple[str, ...], list[str]] = {}
    held = memory["suites"].get(suite, [])
    for name, kinds in memory["reads"].items():
        readers.setdefault(tuple(k for k in kinds or () if any(one[k] for one in held)), []).append(name)
    more = {kinds: names for kinds, names in readers.items() if kinds}
    if not more or len(readers) < 2:
        return ""
    who = [f"{_and(names)} ({_and([WORDS[k] for k in kinds])})" for kinds, names in more.items()]
    return f"Of earlier tasks, all could read the same; more than scores is read only by {'; '.join(who)}."


def parts_of(memory: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the memory as lines of the report's protocol: a title and a text each; none where it is not recorded."""
    if memory is None:
        return []
    lines = [("memory", " and ".join(memory["splits"]))]
    for suite, held in memory["suites"].items():
        lines.append((f"memory, {suite}", "; ".join(_counts(one) for one in held)))
    reads = {name: ", ".join(WORDS[k] for k in kinds) for name, kinds in memory["reads"].items() if kinds}
    lines.append(("reads beside scores", "; ".join(f"{name}: {what}" for name, what in reads.items()) or "nobody"))
    unsaid = [name for name, kinds in memory["reads"].items() if kinds is None]
    return [*lines, ("reads, not recorded", ", ".join(unsaid))] if unsaid else lines


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _counts(held: Mapping[str, Any]) -> str:
    fold = "" if held["fold"] is None else f"fold {held['fold']}: "
    text = f"{fold}{held['tasks']:,} earlier tasks of {held['families']:,} families"
    if held["scores"] is None:
        return text
    kinds = [f"{held['scores']:,} scores", *(f"{held[k]:,} {what}" for k, what in WORDS.items())]
    return f"{text}: {', '.join(kinds)}"
