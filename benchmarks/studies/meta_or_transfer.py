"""What a policy has learned against what its memory tells: `meta_or_transfer.py`, about three minutes of one core.

Earlier tasks reach an optimizer in two ways: as memory, which it reads when it tunes, and as weights, learned from them
before. On a validation task of each of up to eight families of seven suites, from a cold start, 33 evaluations, two
seeds, all read one memory: none, tasks of another space (matched by the names of hyperparameters), or as many tasks of
the same space. `ppo-pool-tables` has weights from the training tasks of the first four suites; `untrained` is that
policy before its first step. `gp-ei+default` reads nothing and begins with the default configuration. So do the
policies that have no memory, where the default is the first row of the table: they take the first of rows that are
alike.
`meta_or_transfer.json` keeps the AUC of the regret by the validation score on each task, which `guide.py` shows.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from auto import FIRST, DefaultFirst
from pool_seeds import TAUGHT, TRAININGS, UNTRAINED

from hpo_gym.base import seeding
from hpo_gym.bench import regret_of
from hpo_gym.optimize import make_optimizer, matched, rollout, train
from hpo_gym.problem import Evaluations, Task
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
OTHER: Mapping[str, str | None] = {
    "SVM": "Linear", "Boosting": "MLP", "Linear": "SVM", "MLP": "Vision",
    "NAS": "MLP", "Vision": "MLP", "Curves": None,
}  # fmt: skip
"""The suite of another space whose hyperparameters have most names in common; None where none has."""
MEMORIES = ("none", "another space", "the same space")
READING = ("portfolio", "transfer-mix", UNTRAINED, "ppo-pool-tables")
FAMILIES, SEEDS, BUDGET = 8, 2, 33


def families(suite: str) -> list[Task]:
    """A validation task of each family, at most eight."""
    return list({t.family: t for t in load_suite(suite).tasks("val")}.values())[:FAMILIES]


def memories(suite: str) -> dict[str, tuple[Evaluations, ...]]:
    """What is read of earlier tasks, as many tasks of another space as of the same; None of the former where no name
    is in common."""
    own, other = load_suite(suite), OTHER[suite]
    same = tuple(own.prior())
    if other is None:
        return {MEMORIES[0]: (), MEMORIES[2]: same}
    source, target = load_suite(other).tasks("train")[0].space, own.tasks("val")[0].space
    foreign = tuple(m for e in load_suite(other).prior() if (m := matched(e, source, target)) is not None)
    count = min(len(same), len(foreign))
    return {MEMORIES[0]: (), MEMORIES[1]: _some(foreign, count, suite), MEMORIES[2]: _some(same, count, suite)}


def _some(known: Sequence[Evaluations], count: int, suite: str) -> tuple[Evaluations, ...]:
    rng = seeding.generator(seeding.key("meta or transfer", suite, len(known)))
    return tuple(known[i] for i in np.sort(rng.choice(len(known), count, replace=False)))


def auc(optimizer: Any, task: Task, prior: Sequence[Evaluations]) -> float:
    """Mean regret over 33 evaluations and the seeds."""
    runs = [regret_of(rollout(optimizer, task, BUDGET, seed=s, prior=prior), task, BUDGET) for s in range(SEEDS)]
    return round(float(np.mean(runs)), 5)


def carry_out() -> dict[str, Any]:
    """By memory and suite: `tasks`, `families`, how many tasks are `known`, and by optimizer the `auc` on each."""
    out: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        train("ppo-pool", TAUGHT, **TRAININGS[UNTRAINED], out=Path(folder) / UNTRAINED)
        made = {n: make_optimizer(str(Path(folder) / n) if n == UNTRAINED else n) for n in READING}
    for suite in OTHER:
        tasks = families(suite)
        for memory, prior in memories(suite).items():
            part: dict[str, Any] = {"tasks": [t.name for t in tasks], "families": [t.family for t in tasks]}
            part |= {"known": len(prior), "auc": {n: [auc(o, t, prior) for t in tasks] for n, o in made.items()}}
            if memory == MEMORIES[0]:
                part["auc"][FIRST] = [auc(DefaultFirst(make_optimizer("gp-ei"), t), t, ()) for t in tasks]
            out.setdefault(memory, {})[suite] = part
            print(
                suite, memory, len(prior), {n: round(float(np.mean(v)), 4) for n, v in part["auc"].items()}, flush=True
            )
    return out


if __name__ == "__main__":
    FOUND.write_text(json.dumps(carry_out(), separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
