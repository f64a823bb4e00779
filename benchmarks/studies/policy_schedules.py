"""Open loops for `Policies`, tuned on its training and validation tasks, and what they leave on the test tasks.

A constant, `policy-schedule` and `policy-schedule-per-kind` are tuned by the cross-entropy method with a compiled
kernel (`fast_policies.py`), with the hidden unit of the sensors and without (`Setup(decades=0)`); each search begins
with what the one before has found. The package's own kernel judges them. The defaults of the two baselines are what was
chosen with the hidden unit, as the suite has it. Ratios are of eighteen families, the suite's six
test families among them, which are too few for an interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import frame
import numpy as np
from cross_entropy import centre_of
from fast_policies import KINDS, LENGTH, TESTED, Batch, Strategies, batch
from frame import Table
from learners import falling
from looks import Look

from hpo_baselines.policy_schedule import NAMES
from hpo_gym.base import Floats, seeding
from hpo_gym.bench import Resamples
from hpo_gym.optimize import Context, make_optimizer, run_batch
from hpo_gym.suites.policies import policies_with
from hpo_gym.suites.tasks.policies.setup import Setup

SUITES = ("Policies",)
LOOKS = Look("scores of open loops", "how much a schedule is worth beside a constant", SUITES)
UNITS: Mapping[str, float] = {"hidden unit": 1.0, "unit known": 0.0}
"""Decades of the sensors' unit."""
CONSTANT, SCHEDULE, PER_KIND = "constant", "policy-schedule", "policy-schedule-per-kind"
LOWEST, HIGHEST = np.array([-3.0, -3.0]), np.log10([30.0, 10.0])
"""Ends of the logarithms of learning rate and sigma."""
SHORT, LONG = ((8, 12, 6), (2, 4, 40)), ((9, 20, 6), (3, 5, 60))
"""Generations of a search, candidates of each, and runs of each family by which a candidate is scored."""
INSTANCES, JUDGED = 12, 72
"""Of each task that judges, and runs of each of the 18 families by which rules are compared."""

cells = frame.grid(UNITS, (CONSTANT, SCHEDULE, PER_KIND))


def cell(unit: str, rule: str) -> dict[str, Any]:
    """Return the settings of a rule, its effort in generations, and its mean score on each family."""
    effort = 0

    def score(numbers: Floats, generation: int, each: int) -> Floats:
        nonlocal effort
        of = batch("tuned", each, generation)
        effort += len(of.key) * LENGTH
        found = of.by_kind(played(unit, six(rule, numbers), of))
        return found if rule == PER_KIND else found.mean(keepdims=True)

    plan = SHORT if rule == CONSTANT else LONG
    centre = centre_of(f"{unit}, {rule}", *start(unit, rule), plan, score)
    of, chosen = batch("tested", JUDGED, seeding.key("judged")), settings(rule, centre)
    tested = of.by_family(played(unit, logs(rule, chosen), of))
    splits = {split: judged(unit, rule, chosen, split) for split in ("val", "test")}
    return {"chosen": chosen, "generations": effort, **splits, "score": [round(float(v), 5) for v in tested]}


def played(unit: str, numbers: Floats, of: Batch) -> Floats:
    """Return last scores of runs of the compiled kernel under six numbers for each kind, ``(m,)``."""
    runs = Strategies(of, UNITS[unit])
    for t in range(LENGTH):
        log = np.clip(falling(numbers, t / (LENGTH - 1)), LOWEST, HIGHEST)[of.kind]
        runs.train(*(10.0**log).T)
    return runs.scores()


def six(rule: str, numbers: Floats) -> Floats:
    """Return the six numbers of `falling` for each kind, ``(3, 6)``."""
    if rule == CONSTANT:
        a, b = numbers[0]
        numbers = np.array([[a, a, 0, b, b, 0]])
    return np.broadcast_to(numbers, (len(KINDS), 6))


def start(unit: str, rule: str) -> tuple[Floats, Floats]:
    """Return the numbers and widths with which a search begins."""
    if rule == CONSTANT:
        return np.array([[-0.5, -0.5]]), np.array([[0.5, 0.5]])
    found = frame.stored("policy_schedules")[unit]
    if rule == SCHEDULE:
        rate, sigma = (np.log10(found[CONSTANT]["chosen"][name]) for name in ("rate", "sigma"))
        return np.array([[rate, rate - 0.3, 0, sigma, sigma - 0.3, 0]]), np.tile([0.4, 0.5, 1.0], 2)[None]
    return logs(SCHEDULE, found[SCHEDULE]["chosen"]), np.full((len(KINDS), 6), 0.4)


def logs(rule: str, chosen: Mapping[str, Any]) -> Floats:
    """Return settings of a baseline as numbers of a search, ``(3, 6)``."""
    rows = [chosen[kind] if rule == PER_KIND else [chosen[name] for name in NAMES] for kind in KINDS]
    powers = np.array(["power" in name for name in NAMES])
    return np.where(powers, np.log2(rows), np.log10(rows))


def settings(rule: str, numbers: Floats) -> dict[str, Any]:
    """Return the numbers of a search as settings of a baseline, of three digits."""
    whole = [
        [float(f"{(2.0 if 'power' in n else 10.0) ** v:.3g}") for n, v in zip(NAMES, row, strict=True)]
        for row in six(rule, numbers)
    ]
    return dict(zip(KINDS, whole, strict=True)) if rule == PER_KIND else dict(zip(NAMES, whole[0], strict=True))


def judged(unit: str, rule: str, chosen: Mapping[str, Any], split: str) -> dict[str, float]:
    """Return the mean last score of a rule on each family, by the package's own kernel."""
    suite = policies_with(Setup(decades=UNITS[unit]))
    played = [(task, seeding.instance_seed("Policies", task.name, "policy schedules", i))
              for task in suite.tasks(split) for i in range(INSTANCES)]  # fmt: skip
    contexts = {task: Context.of(task, LENGTH) for task in suite.tasks(split)}
    rngs = [seeding.generator(0) for _ in played]
    made: Any = make_optimizer(SCHEDULE if rule == CONSTANT else rule, **chosen)
    runs = run_batch(
        made, [t for t, _ in played], [i for _, i in played], [contexts[t] for t, _ in played], rngs, budget=LENGTH,
        n_init=0,
    )  # fmt: skip
    scores: dict[str, list[float]] = {}
    for (task, _), last in zip(played, runs.scores()[:, -1], strict=True):
        scores.setdefault(task.family, []).append(float(last))
    return {family: round(float(np.mean(values)), 5) for family, values in scores.items()}


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Judge one open loop anew."""
    row = found["unit known"][PER_KIND]
    return judged("unit known", PER_KIND, row["chosen"], "val"), row["val"]


# ---------------------------------------------------------------------- tables
def regret(found: Mapping[str, Any], unit: str, rule: str) -> Floats:
    """Return the regret on each of the 18 families."""
    return 1 - np.array(found[unit][rule]["score"])


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return scores on test tasks, and ratios of regrets, with the hidden unit and without."""
    rows = []
    for unit in (u for u in UNITS if u in found):
        for rule in found[unit]:
            ratios = []
            for other in (o for o in (CONSTANT, PER_KIND) if o in found[unit]):
                middle, low, high = Resamples.of(tuple(TESTED)).ratio(
                    regret(found, unit, rule), regret(found, unit, other)
                )
                ratios.append("1" if rule == other else f"{middle:.3f} [{low:.3f}, {high:.3f}]")
            row, name = found[unit][rule], rule if rule == CONSTANT else f"`{rule}`"
            score = np.mean(list(row["test"].values()))
            rows.append((unit, name, f"{score:.3f}", *ratios, f"{row['generations']:,}"))
    heads = ("sensors", "open loop", "score on test tasks", "regret / constant", "/ per kind", "generations to tune")
    note = "Ratios are of regrets on eighteen families, the six of the test split among them; intervals are over them."
    return {"open-loops": Table.of(heads, rows, note)}
