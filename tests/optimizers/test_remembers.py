"""What optimizers say that they read of earlier tasks beside scores: without it, choices are others; else the same."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import toys
from small import ENTRIES, HEAVY, made, need, ready

from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer
from hpo_gym.optimize.protocol import remembers
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.earlier import COST, FIDELITY, REMEMBERED, TEST, Evaluations, Measurement
from hpo_gym.problem.trial import Status

SUITE = toys.gappy()
every_optimizer = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in HEAVY else n for n in ENTRIES]
)


@functools.cache
def known(kinds: frozenset[str] = frozenset(REMEMBERED)) -> tuple[Evaluations, ...]:
    """Earlier tasks whose test scores, lower fidelities and costs have nothing to do with their scores; those of other
    kinds are taken away: no measurement, and costs that are all the same."""
    rng, out = np.random.default_rng(5), []
    for e in SUITE.prior():
        m = len(e.x)
        test, low, cost = rng.random(m), rng.random(m), np.exp(rng.normal(size=m))
        levels = {TEST: (1.0, test), FIDELITY: (1 / 3, low)}
        ok = np.full(m, Status.OK, np.int8)
        costs = cost if COST in kinds else np.ones(m)
        further = tuple(Measurement(kind, *levels[kind], costs, ok) for kind in (TEST, FIDELITY) if kind in kinds)
        out.append(replace(e, cost=costs, further=further))
    return tuple(out)


def choices(optimizer: Any, prior: Sequence[Evaluations]) -> list[Any]:
    """What is tried on the test tasks, with a budget in evaluations and with one in cost."""
    runs = []
    for task in SUITE.tasks("test"):
        for limit in ({"budget": 6}, {"budget_cost": 4.0}):
            history = rollout(optimizer, task, **limit, prior=prior)
            runs.append([(dict(config), f) for config, f in zip(history.configs, history.fidelities, strict=True)])
    return runs


@every_optimizer
@pytest.mark.long
def test_what_it_says_that_it_reads_of_earlier_tasks_changes_its_choices_and_nothing_else_does(name: str) -> None:
    new = ready(need(name))
    said, whole = remembers(new()), choices(new(), known())
    for kind in REMEMBERED:
        without = choices(new(), known(frozenset(REMEMBERED) - {kind}))
        assert (without != whole) is (kind in said), kind
    if not said:
        assert choices(new(), known(frozenset())) == whole


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("transfer-time", {}, (TEST, FIDELITY, COST)),
        ("transfer-time", {"test_weight": 0.0}, (FIDELITY, COST)),
        ("transfer-time", {"fidelity_weight": 0.0, "cost_exponent": 0.0}, (TEST,)),
        ("portfolio-per-cost", {}, (COST,)),
        ("portfolio-per-cost", {"exponent": 0.0}, ()),
        ("transfer-mix", {}, ()),
    ],
)
def test_what_is_read_depends_on_settings(name: str, settings: dict[str, float], expected: tuple[str, ...]) -> None:
    optimizer = made(name, **settings)
    assert remembers(optimizer) == expected
    whole = choices(optimizer, known())
    for kind in REMEMBERED:
        without = choices(made(name, **settings), known(frozenset(REMEMBERED) - {kind}))
        assert (without != whole) is (kind in expected), kind


@pytest.mark.parametrize(("observer", "expected"), [("pool", (COST,)), ("last", ())])
def test_a_policy_reads_what_its_observer_shows(observer: str, expected: tuple[str, ...]) -> None:
    def policy(obs: Any, rng: np.random.Generator) -> int:
        if observer == "last":
            return int(rng.integers(24))
        costs = obs["candidate_features"][:, 4:].sum(1)  # nothing where the budget is in evaluations
        return int(np.where(obs["action_mask"], -costs, -np.inf).argmax())

    optimizer = PolicyOptimizer(policy, observer, "pool", scale=SUITE.scale())
    assert remembers(optimizer) == expected
    whole = choices(optimizer, known())
    for kind in REMEMBERED:
        assert (choices(optimizer, known(frozenset(REMEMBERED) - {kind})) != whole) is (kind in expected), kind
