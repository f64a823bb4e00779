"""Memory of a comparison: the facts about earlier tasks available to all of its optimizers, and each one's share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.protocol import Protocol
from hpo_gym.problem import COST, FIDELITY, TEST, Evaluations, Suite
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
    """Return counts of earlier tasks, their families and measurements; of a live suite, accessible to its workers only,
    of tasks alone.
    """
    if suite.kind == LIVE:
        tasks = [t for split in memory.split("+") for t in suite.tasks(split, fold)]
        known: Sequence[Any] = tasks
        counts: Mapping[str, int | None] = dict.fromkeys(KINDS)
    else:
        known = suite.prior(fold, memory)
        counts = measurements(known, [math.isfinite(suite.task(e.name).cost_unit) for e in known])
    return {"fold": fold, "tasks": len(known), "families": len({t.family for t in known}), **counts}


def measurements(prior: Sequence[Evaluations], with_costs: Sequence[bool]) -> dict[str, int]:
    """Return the number of measurements of each of `KINDS` in earlier tasks, failures among them.

    Args:
        prior: The tasks.
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
