"""The tabular agents: regret on the validation tasks of `AutoML`, and the speed of training.

Seconds are those of the processor; the regret is the mean over 33 trials, its error the standard error over trainings.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import frame
import numpy as np
from frame import Table
from regrets import mean_regret

import hpo_gym

LOOKS = "validation tasks"
SUITES, TRAININGS, MOVES = ("AutoML",), 8, 3
"""Trainings; of the agents that move, fewer."""
AGENTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "`q-learning`": ("q-learning", {}),
    '`q-learning`, `states="move"`': ("q-learning", {"states": "move"}),
    "`q-portfolio`": ("q-portfolio", {}),
    **{
        f"`{name}`" + "".join(f', `{k}="{v}"`' for k, v in states.items()): (name, states)
        for name in ("sarsa", "double-q", "n-step-q")
        for states in ({}, {"states": "configuration"}, {"states": "move"})
    },
    "`n-step-q`, `n_steps=5`": ("n-step-q", {"n_steps": 5}),
    '`n-step-q`, `n_steps=5`, `states="configuration"`': ("n-step-q", {"n_steps": 5, "states": "configuration"}),
}

CHEAP = {('`double-q`, `states="move"`',): ()}


cells = frame.grid(AGENTS)


def cell(agent: str) -> dict[str, Any]:
    """Return regret and error over trainings, seconds of a training, and million trials a minute."""
    name, settings = AGENTS[agent]
    count = MOVES if settings.get("states") == "move" else TRAININGS
    regrets, seconds, rates = np.array([train(name, settings, seed) for seed in range(count)]).T
    return {
        "regret": round(float(regrets.mean()), 3), "error": round(float(np.std(regrets, ddof=1) / count**0.5), 3),
        "trainings": count, "seconds": round(float(np.median(seconds))), "rate": round(float(np.median(rates))),
    }  # fmt: skip


def train(name: str, settings: Mapping[str, Any], seed: int) -> tuple[float, float, float]:
    """Return the regret of a training, its seconds of the processor, and million trials a minute."""
    suite, agent = hpo_gym.load_suite(SUITES[0]), hpo_gym.make_optimizer(name, **settings)
    tasks, steps = suite.tasks("train"), agent.plan.steps or agent.make_design().usual_steps  # type: ignore[attr-defined]
    begun = time.process_time()
    agent.train(tasks, np.random.default_rng(seed), steps=steps)  # type: ignore[attr-defined]
    took = time.process_time() - begun
    return mean_regret(agent, suite.tasks("val"), prior=suite.prior()), took, steps / took * 60e-6


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each agent."""
    rows = [
        (
            agent,
            " ± ".join(f"{row[k]:.3f}".removeprefix("0") for k in ("regret", "error")),
            *(str(row[k]) for k in ("trainings", "seconds", "rate")),
        )
        for agent, row in found.items()
    ]
    heads = ("agent", "regret", "trainings", "training seconds", "million trials per minute")
    return {"agents": Table.of(heads, rows)}
