"""Learned weights against memory: about three minutes of one core.

Earlier tasks reach an optimizer in two ways: as memory, which it reads when it tunes, and as weights, learned from them
before. On a validation task of each of up to eight families of seven suites, from a cold start, 33 evaluations, two
seeds, all read one memory: none, tasks of another space (matched by their hyperparameters), or as many tasks of
the same space. `ppo-pool-tables` has weights from the training tasks of the first four suites; `untrained` is that
policy before its first step. `gp-ei+default` reads nothing and begins with the default configuration. So do the
policies without memory, where the default is the first row of the table: they take the first of equal rows.
Results are the AUC of the regret by the validation score on each task.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import frame
import numpy as np
import runs
from frame import Table
from pool_seeds import TAUGHT, UNTRAINED
from ratios import against
from runs import FIRST, about, auc_of, of_families, some

from hpo_gym.base import seeding
from hpo_gym.bench import interval
from hpo_gym.optimize import make_optimizer
from hpo_gym.problem import Evaluations, Task
from hpo_gym.suites import load_suite
from hpo_gym.tuning import matched

LOOKS = "validation tasks"
OTHER: Mapping[str, str | None] = {
    "SVM": "Linear", "Boosting": "MLP", "Linear": "SVM", "MLP": "Vision",
    "NAS": "MLP", "Vision": "MLP", "Curves": None,
}  # fmt: skip
"""The suite of another space whose hyperparameters have most names in common; None where none has."""
SUITES = tuple(OTHER)
MEMORIES = ("none", "another space", "the same space")
READING = ("portfolio", "transfer-mix", UNTRAINED, "ppo-pool-tables")
FAMILIES, SEEDS = 8, 2
GROUPS: Mapping[str, tuple[str, ...]] = {
    "weights of these spaces": TAUGHT,
    "weights of other spaces": ("NAS", "Vision", "Curves"),
}
LEARNED, CLOSED = "ppo-pool-tables", "transfer-mix"
CHEAP = {(MEMORIES[1], "NAS"): (LEARNED,)}


def cells() -> Iterator[frame.Address]:
    """Yield memories and suites."""
    for suite, other in OTHER.items():
        yield from ((memory, suite) for memory in MEMORIES if other is not None or memory != MEMORIES[1])


def cell(memory: str, suite: str, names: Sequence[str] = READING) -> dict[str, Any]:
    """Return `tasks`, `families`, how many tasks are `known`, and by optimizer the `auc` on each."""
    tasks, prior = of_families(suite, FAMILIES), memories(suite)[memory]
    optimizers = {name: make_optimizer(name) for name in names}
    aucs = {name: [auc(optimizers[name], t, prior) for t in tasks] for name in names}
    if memory == MEMORIES[0] and names == READING:
        aucs[FIRST] = [auc(runs.made(FIRST, t), t, ()) for t in tasks]
    return {**about(tasks), "known": len(prior), "auc": aucs}


def memories(suite: str) -> dict[str, tuple[Evaluations, ...]]:
    """Return the earlier tasks of each memory, as many of another space as of the same."""
    own, other = load_suite(suite), OTHER[suite]
    same = tuple(own.prior())
    if other is None:
        return {MEMORIES[0]: (), MEMORIES[2]: same}
    source, target = load_suite(other).tasks("train")[0].space, own.tasks("val")[0].space
    foreign = matched(load_suite(other).prior(), source, target).tasks
    count = min(len(same), len(foreign))

    def drawn(known: Sequence[Evaluations]) -> tuple[Evaluations, ...]:
        return some(known, count, seeding.generator(seeding.key("meta or transfer", suite, len(known))))

    return {MEMORIES[0]: (), MEMORIES[1]: drawn(foreign), MEMORIES[2]: drawn(same)}


def auc(optimizer: Any, task: Task, prior: Sequence[Evaluations]) -> float:
    """Return the mean regret over 33 evaluations and the seeds."""
    return round(float(np.mean([auc_of(optimizer, task, prior, seed) for seed in range(SEEDS)])), 5)


# ---------------------------------------------------------------------- the table
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return, by weights and memory, AUC as a ratio to `gp-ei+default`, which reads none."""
    rows = []
    for what, suites in GROUPS.items():
        for memory in MEMORIES:
            parts = {s: p for s, p in found[memory].items() if s in suites}
            families = len({f for p in parts.values() for f in p["families"]})
            of = against(_beside(parts, found, FIRST, FIRST), FIRST)
            ratios = [of[n]["ratio"] for n in ("portfolio", CLOSED, UNTRAINED, LEARNED)]
            ratios += [against(parts, anchor)[LEARNED]["ratio"] for anchor in (UNTRAINED, CLOSED)]
            cells = (interval(r, 2) for r in ratios)
            rows.append((what, memory, f"{', '.join(parts)} ({families})", *cells))
    heads = ("", "memory", "suites (families)", "`portfolio`", "`transfer-mix`", "policy, untrained", "policy, trained")
    return {"memories": Table.of((*heads, "trained, of untrained", "trained, of `transfer-mix`"), rows)}


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the gain of memory of the same and of another space for the untrained policy, by group of suites."""
    out = {}
    for group, suites in zip(("own", "other"), GROUPS.values(), strict=True):
        for memory in MEMORIES[1:]:
            parts = {s: p for s, p in found[memory].items() if s in suites}
            of = against(_beside(parts, found, "without", UNTRAINED), "without")
            out[f"{group}.{memory}"] = of[UNTRAINED]["ratio"]
        parts = {s: found[MEMORIES[2]][s] for s in suites}
        for anchor in (UNTRAINED, CLOSED):
            out[f"{group}.trained to {anchor}"] = against(parts, anchor)[LEARNED]["ratio"]
    return out


def _beside(parts: Mapping[str, Any], found: Mapping[str, Any], label: str, name: str) -> dict[str, Any]:
    """Return parts with the result of an optimizer without earlier tasks."""
    alone = found[MEMORIES[0]]
    return {s: {**p, "auc": {**p["auc"], label: alone[s]["auc"][name]}} for s, p in parts.items()}
