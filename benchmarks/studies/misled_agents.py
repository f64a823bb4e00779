"""Agents trained on misleading tasks: about ten minutes of one core.

On `SVM`, `Linear`, `Boosting` and `MLP`, agents are trained on the training tasks as they are, shuffled, flipped or
foreign, with the scores of `robustness.py`; pools, costs and families stay. An agent that reads earlier tasks when it
runs reads the same. It is judged on the tasks that `robustness.py` judges, which are as they are: a cold start, 33
evaluations, the AUC of the regret.

No training is given validation tasks, so the last policy is kept, and of `ga-evolved` the settings that did best on the
tasks of its training. Beside that, agents are trained on flipped tasks and choose by right ones, as they do in
`hpo-gym train`: by the validation tasks of the families that are not judged. What is drawn, of tasks and of trainings,
is drawn as often as `SEEDS` says.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import frame
import numpy as np
import stress
from frame import Table
from ratios import Rows, against, joined, shown
from robustness import ANCHOR, KINDS, SUITES, earlier, judged
from runs import about, auc_of

from hpo_gym.base import seeding
from hpo_gym.optimize import Resumable, make_optimizer
from hpo_gym.problem import Evaluations, Status, Task
from hpo_gym.problem import Table as Scores
from hpo_gym.suites import Heading, Member, TableSuite, load_suite, suite_of_table

LOOKS = "validation tasks"
FLIPPED, CHOSEN = "flipped", "flipped, chosen on right tasks"
SEEDS: Mapping[str, int] = dict.fromkeys(("q-learning", "ppo", "ga-evolved", "maml"), 1)
"""Agents, and how often each is trained."""
CHOOSING = ("q-learning", "ppo", "ga-evolved")
"""Those that are trained on flipped tasks and choose by right ones as well."""
CURVED = ("ppo",)
"""Those with a curve on validation tasks, which tells when the kept policy was reached."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {"ppo": {"steps": 50_000}, "maml": {"outer_steps": 200}}
"""A third and a quarter of what is usual."""
CHEAP = {("SVM", "auc", "q-learning, flipped"): ()}
RIGHT, WRONG = KINDS[0], KINDS[1:]
COLUMNS = (*KINDS, CHOSEN)


def cells() -> Iterator[frame.Address]:
    """Yield for each suite its tasks, and by agent and kind the AUC and the length of the kept training."""
    yield from ((suite, part) for suite in SUITES for part in ("tasks", "families"))
    for who in SEEDS:
        for suite in SUITES:
            for kind in (*KINDS, CHOSEN) if who in CHOOSING else KINDS:
                yield suite, "auc", f"{who}, {kind}"
                if kind == CHOSEN and who in CURVED:
                    yield suite, "kept", who


def cell(suite: str, part: str, who: str = "") -> Any:
    """Return a part of a suite's results: one value for each seed."""
    if part in ("tasks", "families"):
        return about(judged(suite))[part]
    name, _, kind = who.partition(", ")
    runs = [trained_and_judged(name, kind or CHOSEN, suite, seed) for seed in range(SEEDS[name])]
    return [auc for auc, _ in runs] if part == "auc" else [kept for _, kept in runs]


@functools.cache
def trained_and_judged(who: str, kind: str, suite: str, seed: int) -> tuple[list[float], int | None]:
    """Return the AUC on each of the judged tasks, and the trials of training of the policy that is kept.

    The latter where there is a curve on validation tasks.
    """
    reported = FLIPPED if kind == CHOSEN else kind
    agent, curve = trained(who, misled(suite, reported, seed), choosers(suite) if kind == CHOSEN else (), seed)
    prior = earlier(suite, reported, seed)
    aucs = [round(auc_of(agent, task, prior, seed), 5) for task in judged(suite)]
    return aucs, int(min(curve, key=lambda point: point[1])[0]) if curve else None


def trained(who: str, tasks: Sequence[Task], validation: Sequence[Task], seed: int) -> tuple[Any, list[list[float]]]:
    """Return an agent trained on tasks, drawn alike for all kinds of them, and its curve on validation tasks."""
    agent: Any = make_optimizer(who, **SETTINGS.get(who, {}))
    rng = seeding.generator(seeding.key("misled agents", who, seed))
    if isinstance(agent, Resumable):
        return agent, agent.train_in(None, tasks, rng, validation=validation)
    agent.train(tasks, rng, validation=validation)
    return agent, []


def misled(suite: str, kind: str, seed: int) -> tuple[Task, ...]:
    """Return the training tasks of a suite, with the scores of full evaluations of a kind of memory."""
    own, known = load_suite(suite), earlier(suite, kind, seed)
    assert isinstance(own, TableSuite)
    score, cost = (
        np.stack(rows)[:, :, None].astype(np.float32)
        for rows in ([measured(e) for e in known], [e.cost for e in known])
    )
    table = Scores(own.space, own.table.x, score, cost)
    head = Heading(suite, own.version, {"train": [e.name for e in known]}, {})
    return suite_of_table(head, table, [Member(e.name, e.family, e.meta_features) for e in known]).tasks("train")


def measured(e: Evaluations) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the scores of a task as a table has them, ``(m,)``: a failure is -infinity."""
    return np.where((e.status == Status.OK) | np.isnan(e.score), e.score, -np.inf)


def choosers(suite: str) -> list[Task]:
    """Return the validation tasks of families that are not judged."""
    families = {task.family for task in judged(suite)}
    return [task for task in load_suite(suite).tasks("val") if task.family not in families]


# ---------------------------------------------------------------------- tables
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return ratios of agents to `gp-ei` by their training, and ratios of all to themselves with tasks as they are."""
    parts = beside(found)
    to_anchor = against(parts, f"{ANCHOR}, {RIGHT}", [f"{who}, {kind}" for who in SEEDS for kind in COLUMNS])
    agents = [_row(who, COLUMNS, to_anchor) for who in SEEDS]
    to_itself = {
        who: against(parts, f"{who}, {RIGHT}", [f"{who}, {k}" for k in WRONG]) for who in (*SEEDS, *stress.ROWS)
    }
    harm = [_row(who, WRONG, rows) for who, rows in to_itself.items()]
    return {
        "agents": Table.of(("agent", "suites", *map(label, COLUMNS)), agents),
        "harm": Table.of(("optimizer", "suites", *map(label, WRONG)), harm),
    }


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the trials of training of the kept policies, by agent and suite."""
    return {f"kept.{who}.{s}": trials[0] for s, part in found.items() for who, trials in part["kept"].items()}


def beside(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return by suite `tasks`, `families`, and by ``optimizer, kind`` the `auc` on each task, of agents and others."""
    means = {
        suite: {**part, "auc": {name: np.mean(runs, 0).tolist() for name, runs in part["auc"].items()}}
        for suite, part in found.items()
    }
    return joined(stress.with_robustness(frame.stored("stress"), frame.stored("robustness")), means)


def _row(who: str, kinds: Sequence[str], rows: Rows) -> tuple[str, ...]:
    suites = max((rows[f"{who}, {kind}"]["n_suites"] for kind in kinds if f"{who}, {kind}" in rows), default=0)
    return f"`{who}`", str(suites), *(shown(rows, f"{who}, {kind}") for kind in kinds)


def label(kind: str) -> str:
    """Return the name of a kind of tasks on the page."""
    return "wrong sign, chosen by right ones" if kind == CHOSEN else stress.LABELS[kind].replace("\n", " ")
