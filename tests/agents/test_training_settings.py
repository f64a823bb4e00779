"""Agents where trials go on from each other: which settings they take, and what a saved one knows of signals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import hpo_gym
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.suites.load import load_suite

TINY: dict[str, Any] = {
    "runs": 8, "steps": 400, "segments": 1, "network": [8], "algorithm": {"batch_size": 50, "n_epochs": 1},
}  # fmt: skip


@pytest.mark.long
def test_what_is_not_given_is_taken_from_the_suite(tmp_path: Path) -> None:
    loaded, reward, budget = load_suite("Trainings"), "final", 24
    agent: Any = hpo_gym.make_optimizer("ppo-bare", **TINY)
    assert (agent.codec, agent.budget) == ("candidates", 33)
    agent.train(loaded.tasks("train")[:2], np.random.default_rng(0), validation=loaded.tasks("val")[:1])
    assert (agent.codec, agent.observer, agent.reward, agent.budget) == ("move", "losses", reward, budget)
    assert (agent.runs, agent.network, agent.algorithm["gamma"]) == (8, [8], 1.0)
    assert (agent.algorithm["n_steps"], agent.algorithm["batch_size"]) == (budget, 50)
    agent.save(tmp_path / "agent")
    again: Any = hpo_gym.make_optimizer("ppo-bare")
    again.load(tmp_path / "agent")
    task = loaded.tasks("test")[0]
    assert rollout(agent, task, budget).scores == rollout(again, task, budget).scores


@pytest.mark.long
def test_what_is_given_stays_and_a_blind_agent_needs_no_signals() -> None:
    loaded = load_suite("Trainings")
    agent: Any = hpo_gym.make_optimizer("ppo-bare", observer="blind", budget=5, **TINY)
    agent.train(loaded.tasks("train")[:2], np.random.default_rng(0))
    assert (agent.observer, agent.budget, agent.algorithm["n_steps"]) == ("blind", 5, 5)
    assert len(rollout(agent, loaded.tasks("val")[0], 5)) == 5
