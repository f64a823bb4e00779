"""Agents that are trained on tasks that mislead: `misled_agents.py`, about ten minutes of one core.

On `SVM`, `Linear`, `Boosting` and `MLP`, agents are trained on the training tasks as they are, shuffled, flipped or
foreign, the scores that `robustness.py` tells of earlier tasks; pools, costs and families stay. An agent that reads
earlier tasks when it runs is told the same. It is judged on the tasks that `robustness.py` judges, which are as they
are: a cold start, 33 evaluations, the AUC of the regret.

No training is given validation tasks, so the last policy is kept, and of `ga-evolved` the settings that did best on the
tasks that it was trained on. Beside that, agents are trained on flipped tasks and choose by right ones, as they do in
`hpo-gym train`: by the validation tasks of the families that are not judged. What is drawn, of tasks and of trainings,
is drawn as often as `SEEDS` says.

`misled_agents.json` keeps the AUC on each task. A run goes on with what is missing; `guide.py` shows what there is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from robustness import BUDGET, KINDS, SUITES, earlier, judged

from hpo_gym.base import seeding
from hpo_gym.bench import regret_of
from hpo_gym.optimize import Resumable, make_optimizer, rollout
from hpo_gym.problem import Evaluations, Status, Table, Task
from hpo_gym.suites import TableSuite, load_suite, suite_of_table
from hpo_gym.system import write_files

FOUND = Path(__file__).with_suffix(".json")
FLIPPED, CHOSEN = "flipped", "flipped, chosen on right tasks"
SEEDS: Mapping[str, int] = dict.fromkeys(("q-learning", "ppo", "ga-evolved", "maml"), 1)
"""Agents, and how often each is trained."""
CHOOSING = ("q-learning", "ppo", "ga-evolved")
"""Those that are trained on flipped tasks and choose by right ones as well."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {"ppo": {"steps": 50_000}, "maml": {"outer_steps": 200}}
"""A third and a quarter of what is usual."""


def misled(suite: str, kind: str, seed: int) -> tuple[Task, ...]:
    """The training tasks of a suite, with the scores that a kind of memory tells of full evaluations."""
    own, known = load_suite(suite), earlier(suite, kind, seed)
    assert isinstance(own, TableSuite)
    score, cost = (
        np.stack(rows)[:, :, None].astype(np.float32)
        for rows in ([measured(e) for e in known], [e.cost for e in known])
    )
    table = Table(own.space, own.table.x, score, cost)
    names, families = [e.name for e in known], [e.family for e in known]
    meta = [e.meta_features for e in known]
    return suite_of_table(suite, table, names, families, {"train": names}, meta, {}, own.version).tasks("train")


def measured(e: Evaluations) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Scores of a task as a table has them, ``(m,)``: a failure is -infinity."""
    return np.where((e.status == Status.OK) | np.isnan(e.score), e.score, -np.inf)


def choosers(suite: str) -> list[Task]:
    """The validation tasks of families that are not judged."""
    families = {task.family for task in judged(suite)}
    return [task for task in load_suite(suite).tasks("val") if task.family not in families]


def trained(who: str, tasks: Sequence[Task], validation: Sequence[Task], seed: int) -> tuple[Any, list[list[float]]]:
    """An agent that has learned from tasks, drawn alike for all kinds of them, and its curve on validation tasks."""
    agent: Any = make_optimizer(who, **SETTINGS.get(who, {}))
    rng = seeding.generator(seeding.key("misled agents", who, seed))
    if isinstance(agent, Resumable):
        return agent, agent.train_in(None, tasks, rng, validation=validation)
    agent.train(tasks, rng, validation=validation)
    return agent, []


def cell(who: str, kind: str, suite: str, seed: int) -> tuple[list[float], int | None]:
    """AUC on each of the judged tasks, and after how many trials of training the policy was as it is kept.

    The latter where a curve on validation tasks tells it.
    """
    told = FLIPPED if kind == CHOSEN else kind
    agent, curve = trained(who, misled(suite, told, seed), choosers(suite) if kind == CHOSEN else (), seed)
    prior = earlier(suite, told, seed)
    runs = [regret_of(rollout(agent, t, BUDGET, seed=seed, prior=prior), t, BUDGET) for t in judged(suite)]
    kept = int(min(curve, key=lambda point: point[1])[0]) if curve else None
    return [round(float(regret.mean()), 5) for regret in runs], kept


def missing(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    """Agents, kinds, suites and seeds that are not stored, the first seed of all agents first."""
    for seed in range(max(SEEDS.values())):
        for who in (who for who, seeds in SEEDS.items() if seed < seeds):
            for suite in SUITES:
                for kind in (*KINDS, CHOSEN) if who in CHOOSING else KINDS:
                    if len(found.get(suite, {}).get("auc", {}).get(f"{who}, {kind}", [])) == seed:
                        yield who, kind, suite, seed


def carry_out() -> None:
    """Train and judge what is missing.

    By suite: `tasks`, `families`, by ``agent, kind`` the `auc` of each seed on each task, and by agent that chooses by
    right tasks, after how many trials the policy was as it is `kept`.
    """
    found = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.is_file() else {}
    for who, kind, suite, seed in list(missing(found)):
        began, tasks = time.process_time(), judged(suite)
        empty = {"tasks": [t.name for t in tasks], "families": [t.family for t in tasks], "auc": {}, "kept": {}}
        part, (auc, kept) = found.setdefault(suite, empty), cell(who, kind, suite, seed)
        runs = part["auc"].setdefault(f"{who}, {kind}", [])
        runs.append(auc)
        if kept is not None:
            part["kept"].setdefault(who, []).append(kept)
        text = json.dumps(found, separators=(",", ":"), sort_keys=True) + "\n"
        write_files(FOUND.parent, {FOUND.name: text.encode()})
        took = time.process_time() - began
        print(f"{who}, {kind}, {suite}, seed {seed}: {np.mean(runs[-1]):.4f} in {took:.0f} s of CPU", flush=True)


def means(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored, with the mean over seeds of the `auc` on each task."""
    return {
        suite: {**part, "auc": {name: np.mean(runs, 0).tolist() for name, runs in part["auc"].items()}}
        for suite, part in found.items()
    }


if __name__ == "__main__":
    carry_out()
