"""Settings of the baselines of schedules, tuned by random search.

Each rule is tried at 60 settings on all meta-train tasks of `Schedules` and of `Drift`, in four instances each; the
best mean of what counts there (the last score, or the mean) is chosen and judged on the validation tasks. Test tasks
are not looked at. The defaults of the rules are what was chosen on `Schedules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import frame
import numpy as np
from frame import Table

from hpo_gym.base import seeding
from hpo_gym.optimize import Context, make_optimizer, run_batch
from hpo_gym.problem import Suite, Task
from hpo_gym.suites import load_suite

LOOKS = "training and validation tasks"
SUITES = ("Schedules", "Drift")
SETTINGS, WORLDS = 60, 4
"""Settings of each rule, and instances of each task."""
LOG, LINEAR, WHOLE = "log", "linear", "whole"

Range = tuple[str, float, float]
RATE: Range = (LOG, 3e-3, 1.0)
POWER: Range = (LINEAR, 0.0, 1.5)
END: Range = (LOG, 1e-3, 0.5)
RANGES: Mapping[str, Mapping[str, Range]] = {
    "constant": {"rate": RATE},
    "step": {"rate": RATE, "factor": (LOG, 0.05, 0.8), "drops": (WHOLE, 1, 6)},
    "cosine": {"rate": RATE, "warmup": (LINEAR, 0.0, 0.4), "end": END},
    "one-cycle": {"rate": RATE, "rise": (LINEAR, 0.05, 0.7), "start": (LOG, 0.01, 1.0), "end": END},
    "exponential": {"rate": RATE, "end": END},
    "plateau": {
        "rate": RATE, "factor": (LOG, 0.1, 0.9), "patience": (WHOLE, 0, 5), "threshold": (LOG, 1e-3, 0.1),
    },
    "cosine-sharpness": {"rate": RATE, "power": POWER, "warmup": (LINEAR, 0.0, 0.4), "end": END},
    "jump": {"rate": RATE, "power": POWER, "decay": (LINEAR, 0.75, 1.0), "jump": (LOG, 0.05, 2.0)},
    "alignment": {"rate": RATE, "power": POWER, "gain": (LOG, 0.03, 3.0), "target": (LINEAR, -0.2, 0.5)},
    "hypergradient": {"rate": RATE, "beta": (LOG, 0.01, 0.99)},
    "random-schedule": {"low": (LOG, 1e-5, 1e-2), "high": (LOG, 3e-2, 1.0)},
}  # fmt: skip
"""The range of each setting of each rule: how it is drawn, and its ends."""


cells = frame.grid(SUITES, RANGES)


def cell(suite: str, rule: str) -> dict[str, Any]:
    """Return the best setting of a rule on a suite, and its scores."""
    loaded = load_suite(suite)
    tried = [(score(rule, s, loaded, loaded.tasks("train")), s) for s in drawn(rule, SETTINGS)]
    best, chosen = max(tried, key=lambda found: found[0])
    validation = score(rule, chosen, loaded, loaded.tasks("val"))
    reported = {"chosen": chosen, "train": round(best, 5), "validation": round(validation, 5)}
    return {"asked": asked(rule, loaded), "settings": SETTINGS, "worlds": WORLDS, **reported}


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Play the chosen settings of two rules anew, and hash what decides all results."""
    now, then = list[Any](), list[Any]()
    for suite, rule in (("Schedules", "cosine"), ("Drift", "plateau")):
        row, loaded = found[suite][rule], load_suite(suite)
        now += [round(score(rule, row["chosen"], loaded, loaded.tasks(s)), 5) for s in ("train", "val")]
        then += [row["train"], row["validation"]]
    every = [(suite, rule) for suite, part in found.items() for rule in part]
    return [*now, *(asked(r, load_suite(s)) for s, r in every)], [*then, *(found[s][r]["asked"] for s, r in every)]


def drawn(rule: str, count: int) -> Iterator[dict[str, Any]]:
    """Yield the settings that are tried: the same at each start, and of more the first are those of fewer."""
    for i in range(count):
        rng = seeding.generator(seeding.key("settings of a schedule", rule, i))
        yield {name: value(range_, float(rng.random())) for name, range_ in RANGES[rule].items()}


def value(range_: Range, u: float) -> float | int:
    """Return the value of a range at `u` in [0, 1), of three digits."""
    how, low, high = range_
    if how == WHOLE:
        return int(low + u * (high - low + 1))
    v = low * (high / low) ** u if how == LOG else low + u * (high - low)
    return float(f"{v:.3g}")


def score(
    rule: str, settings: Mapping[str, Any], suite: Suite, tasks: Sequence[Task], instances: int = WORLDS
) -> float:
    """Return the mean of what counts over tasks and instances, all runs at once."""
    budget = int(suite.env["budget"])
    cells = [
        (task, seeding.instance_seed(suite.name, task.name, "schedule rules", w))
        for task in tasks
        for w in range(instances)
    ]
    rngs = [seeding.generator(seeding.optimizer_seed(instance, rule, {})) for _, instance in cells]
    contexts = {task: Context.of(task, budget) for task in tasks}
    runs = run_batch(
        make_optimizer(rule, **settings), [task for task, _ in cells], [instance for _, instance in cells],
        [contexts[task] for task, _ in cells], rngs, budget=budget, n_init=0,
    )  # fmt: skip
    scores = runs.scores()
    last = np.array([task.counts == "last" for task, _ in cells])
    return float(np.where(last, scores[:, -1], scores.mean(1)).mean())


def asked(rule: str, suite: Suite) -> str:
    """Return a hash of all that decides a result, the rule's code apart, of which its version speaks."""
    made: Any = make_optimizer(rule)
    return seeding.digest([
        suite.data_hash, [t.name for s in ("train", "val") for t in suite.tasks(s)], SETTINGS, WORLDS, made.version,
        {name: list(range_) for name, range_ in RANGES[rule].items()},
    ])  # fmt: skip


def stale(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rules whose defaults are not what was chosen on the first suite."""
    for rule in RANGES:
        own, row = dict(vars(make_optimizer(rule))), found.get(SUITES[0], {}).get(rule)
        if row is None:
            yield f"{rule}: not tuned on {SUITES[0]}"
        elif row["chosen"] != own:
            yield f"{rule}: the defaults are {own}, chosen was {row['chosen']}"


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each rule, the best on the validation tasks first."""
    rows = []
    for suite, rules in found.items():
        for rule, row in sorted(rules.items(), key=lambda item: -float(item[1]["validation"])):
            settings = ", ".join(f"`{k}={v:g}`" for k, v in row["chosen"].items())
            rows.append((suite, f"`{rule}`", f"{row['train']:.3f}", f"{row['validation']:.3f}", settings))
    return {"rules": Table.of(("suite", "rule", "train", "validation", "settings"), rows)}
