"""The rules and policies of `Schedules` where a training is another: inputs of one scale, or Adam.

`Schedules` multiplies all inputs of an episode by a hidden scale. Here the scale is 1, so inputs are standardised as a
user's are; or the scale is hidden and the optimizer is Adam. Everything else is as in the suite, whose tasks
and hashes stay as they are. Zero-shot, a rule has the settings of `Schedules`; tuned there, it has a sixth of the
epochs of `schedule_rules.py` on the same training tasks. Judged are the last losses on the test tasks, in the five
instances of a comparison; intervals are over families.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from schedule_agents import FEEDBACK, OPEN
from schedule_rules import EPOCHS, tuned

import hpo_gym
from hpo_gym.base import Floats, Keys, seeding
from hpo_gym.bench import Resamples, instance_of, interval
from hpo_gym.optimize import Context, make_optimizer, run_batch
from hpo_gym.problem import Status, Suite, Trial
from hpo_gym.suites import load_suite
from hpo_gym.suites.schedules import schedules_with
from hpo_gym.suites.tasks.training import changes
from hpo_gym.suites.tasks.training.recipe import Recipe

SUITE = "Schedules"
LOOKS = Look("losses of rules and shipped policies", "where feedback on schedules pays", (SUITE,), only="test")
SHARE = 6
"""The part of the epochs of `schedule_rules.py` that a rule is tuned with."""
INSTANCES = 5
WORLDS = {"inputs standardised": (True, "sgd"), "Adam": (False, "adam")}
"""Whether inputs have one scale, and the optimizer of the network."""
TUNED = {"inputs standardised": ("cosine", "cosine-sharpness", "plateau"), "Adam": ("cosine",)}
KINDS = {"best open loop": OPEN, "best rule": FEEDBACK}
POLICY = "ppo-schedules"


def cells() -> Iterator[frame.Address]:
    """Yield the tunings, then the comparisons."""
    yield from ((world, "tuned", rule) for world, rules in TUNED.items() for rule in rules)
    yield from ((world, "test") for world in WORLDS)


def cell(world: str, what: str, rule: str = "") -> dict[str, Any]:
    """Return the settings of a rule tuned in a world, or the losses of all on its test tasks."""
    scaled, optimizer = WORLDS[world]
    with standardised() if scaled else as_they_are():
        suite = suite_of(optimizer)
        if what == "tuned":
            return tuned(rule, suite, EPOCHS // SHARE)
        tasks = suite.tasks("test")
        losses = {name: last_losses(made, suite) for name, made in entrants(world).items()}
    return {"tasks": [t.name for t in tasks], "families": [t.family for t in tasks], "loss": losses}


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Play two rules on the test tasks with standardised inputs anew."""
    world, names = "inputs standardised", ("cosine tuned there", "plateau tuned there")
    with standardised():
        now = [last_losses(entrants(world)[name], suite_of("sgd")) for name in names]
    return now, [found[world]["test"]["loss"][name] for name in names]


@contextmanager
def standardised() -> Iterator[None]:
    """Have all inputs of an episode at the scale 1."""
    known = changes.start_scale
    changes.start_scale = one
    try:
        yield
    finally:
        changes.start_scale = known


@contextmanager
def as_they_are() -> Iterator[None]:
    """Leave the scale of inputs to the episode."""
    yield


def one(key: Keys) -> Floats:
    """Return the scale 1 for each run."""
    return np.ones(len(key))


def suite_of(optimizer: str) -> Suite:
    """Return the suite with another optimizer of the network."""
    return load_suite(SUITE) if optimizer == "sgd" else schedules_with(recipe=Recipe(optimizer=optimizer))


def entrants(world: str) -> dict[str, Any]:
    """Return rules and the policy by name: the best with the settings of `Schedules`, and those tuned in a world."""
    known, there = frame.stored("schedule_rules")[SUITE], frame.stored("schedule_elsewhere")[world]["tuned"]
    best_of = {rule: known[rule] for rule in (best(known, of) for of in KINDS.values())}
    named = {**best_of, **{rule + THERE: row for rule, row in there.items()}}
    rules = {name: make_optimizer(name.removesuffix(THERE), **row["chosen"]) for name, row in named.items()}
    return {**rules, POLICY: Together(hpo_gym.load(POLICY))}


class Together:
    """An optimizer in a batch of runs, side by side: a copy of it for each."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin new runs."""
        self.contexts, self.rngs, self.each = contexts, rngs, list[Any]()

    def ask_batch(self, runs: Any) -> tuple[Floats, None]:
        """Return the next point of each run, after it was told how the last one went."""
        seen = [dict(zip(runs.batch.signals, map(float, row), strict=True)) for row in runs.signals]
        if self.each:
            for one, query, score, signals in zip(self.each, self.queries, runs.last, seen, strict=True):
                status = Status.DIVERGED if signals["diverged"] else Status.OK
                one.tell(Trial(query, float(score), 1.0, status, signals=signals))
        else:
            self.each = [copy.copy(self.optimizer) for _ in seen]
            for one, context, rng, signals in zip(self.each, self.contexts, self.rngs, seen, strict=True):
                one.reset(replace(context, signals=signals), rng)
        self.queries = [one.ask() for one in self.each]
        space = self.contexts[0].space
        return np.array([space.to_unit(query.config) for query in self.queries]), None


def last_losses(optimizer: Any, suite: Suite, split: str = "test") -> list[float]:
    """Return the mean last loss on each task of a split."""
    budget, tasks = int(suite.env["budget"]), suite.tasks(split)
    places = [(task, instance_of(suite.name, task.name, r)) for task in tasks for r in range(INSTANCES)]
    rngs = [seeding.generator(seeding.optimizer_seed(instance, "elsewhere", {})) for _, instance in places]
    contexts = {task: Context.of(task, budget) for task in tasks}
    them = [t for t, _ in places], [i for _, i in places], [contexts[t] for t, _ in places]
    scores = run_batch(optimizer, *them, rngs, budget=budget, n_init=0).scores()[:, -1]
    return np.round(-scores.reshape(len(tasks), INSTANCES).mean(1), 6).tolist()


# ---------------------------------------------------------------------- tables
THERE = " tuned there"


def best(rows: Mapping[str, Any], of: Sequence[str]) -> str:
    """Return the rule of the highest score on the training tasks."""
    return max((rule for rule in of if rule in rows), key=lambda rule: float(rows[rule]["train"]))


def tables(stored: Mapping[str, Any]) -> dict[str, Table]:
    """Return the losses in each world with their ratios to the best open loop there."""
    rows = [row for world in WORLDS if "test" in stored.get(world, {}) for row in _rows(stored, world)]
    note = "Best open loops and rules are those of the lowest loss on the training tasks, there or on `Schedules`."
    return {"worlds": Table.of(("training", "", "is", "loss", "of the best open loop"), rows, note)}


def _rows(stored: Mapping[str, Any], world: str) -> Iterator[tuple[str, ...]]:
    part, there, known = stored[world]["test"], stored[world]["tuned"], frame.stored("schedule_rules")[SUITE]
    loss, sample, loop = part["loss"], Resamples.of(tuple(part["families"])), best(there, OPEN) + THERE
    named = {kind: best(there, of) + THERE for kind, of in KINDS.items() if set(of) & set(there)}
    named |= {f"{kind} of {SUITE}": best(known, of) for kind, of in KINDS.items()}
    for head, name in {**named, "policy": POLICY}.items():
        of, by = np.array(loss[name]), np.array(loss[loop])
        against = "1" if name == loop else interval(sample.ratio(of, by), 3)
        yield world, head, f"`{name.removesuffix(THERE)}`", f"{of.mean():.3f}", against


def values(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the most epochs that a rule was tuned with."""
    return {"epochs": max(row["epochs"] for part in stored.values() for row in part["tuned"].values())}
