"""Agents with a trained policy: what they have in common besides the contract of optimizers."""

from __future__ import annotations

import functools
import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_gym.base.errors import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.checks.env import check_env
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.problem.suite import Suite
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.suite import table_suite

pytest.importorskip("stable_baselines3", reason="these agents need: pip install 'hpo-gym[rl]'")

import torch
from safetensors.torch import load_file
from small import made, registered, rng
from stable_baselines3.common.env_checker import check_env as check_sb3_env

from hpo_agents._policy.agent import PolicyAgent
from hpo_agents._policy.resuming import read_checkpoint
from hpo_gym.env.env import HPOEnv

torch.set_num_threads(1)

AGENTS = [
    name
    for name in registered(PolicyAgent, extra="rl")
    if "codec" in inspect.signature(OPTIMIZERS.get(name)).parameters  # not one that makes its own view
]
every_agent = pytest.mark.parametrize("name", AGENTS)


@functools.cache
def toy() -> Suite:
    """Fourteen tasks on 40 configurations; a fifth of the cells was not measured."""
    space = ConfigurationSpace({"a": (0.0, 1.0), "b": (1, 9), "c": ["x", "y", "z"]})
    r = rng(7)
    x = r.random((40, 3))
    scores = r.normal(size=(14, 40)) + 3 * x[:, 0]
    scores[r.random((14, 40)) < 0.2] = np.nan
    names = [f"t{i}" for i in range(14)]
    splits = {"train": names[:8], "val": names[8:11], "test": names[11:]}
    return table_suite("Toy", space, x, scores, tasks=names, splits=splits)


@pytest.fixture(name="suite")
def _suite() -> Suite:
    return toy()


@functools.cache
def trained(name: str, **settings: Any) -> Any:
    agent = made(name, **settings)
    agent.train(toy().tasks("train"), rng(0), validation=toy().tasks("val"))
    return agent


# ---------------------------------------------------------------------- acting
@pytest.mark.long
@every_agent
@pytest.mark.parametrize("n_init", [0, 3])
def test_acts_outside_the_env_as_inside(name: str, n_init: int, suite: Suite) -> None:
    agent = trained(name)
    observer, codec = agent.parts()
    env = HPOEnv(suite, split="test", budget=6, observer=observer, codec=codec, n_init=n_init)
    obs, info = env.reset(seed=4)
    agent.reset(Context.of(suite.task(info["task"]), 6), rng(0))
    for trial in env.history():
        agent.tell(trial)
    done = False
    agent._actor.forget()
    actor = agent.make_actor(agent._weights)
    while not done:
        masks = env.action_masks()[None] > 0 if agent.masked else None
        with torch.no_grad():
            action = actor.act(obs[None], masks, None)[0]
        query = agent.ask()
        obs, _, done, _, _ = env.step(action)
        trial = env.history().trials[-1]
        assert query is not None
        assert suite.task(info["task"]).run(query.config).config == trial.config
        agent.tell(trial)


# ---------------------------------------------------------------------- training
@pytest.mark.long
def test_a_checkpoint_of_another_training_or_a_damaged_one_is_refused(suite: Suite, tmp_path: Path) -> None:
    made("ppo").train_in(tmp_path, suite.tasks("train"), rng(0))
    with pytest.raises(InvalidValueError, match="seed"):
        made("ppo").train_in(tmp_path, suite.tasks("train"), rng(1))
    with pytest.raises(InvalidValueError, match="settings, steps"):
        made("ppo", scores="raw").train_in(tmp_path, suite.tasks("train"), rng(0), steps=400)
    file = next((tmp_path / "checkpoints").glob("*/state.safetensors"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(DamagedDataError, match="sha256"):
        read_checkpoint(tmp_path, {})


@pytest.mark.long
def test_training_ends_when_validation_gets_no_better(suite: Suite) -> None:
    agent = made("ppo", steps=4000, segments=50, patience=2)
    curve = agent.train_in(None, suite.tasks("train"), rng(0), validation=suite.tasks("val"))
    regrets = [regret for _, regret in curve]
    assert len(regrets) < 50
    assert len(regrets) - 1 - int(np.argmin(regrets)) == 2


@pytest.mark.long
def test_without_validation_tasks_a_training_never_ends_early_and_the_last_segment_counts(
    suite: Suite, tmp_path: Path
) -> None:
    agent, done = made("ppo", steps=240, segments=6, patience=1), list[int]()
    curve = agent.train_in(tmp_path, suite.tasks("train"), rng(0), progress=lambda now, total, what: done.append(now))
    assert curve == [] and done[-1] == 240
    (checkpoint,) = (tmp_path / "checkpoints").iterdir()
    course = json.loads((checkpoint / "checkpoint.json").read_text())["course"]
    assert (course["segment"], course["best_segment"], course["over"]) == (6, 6, False)
    last = {k.removeprefix("policy/"): v for k, v in load_file(checkpoint / "state.safetensors").items()}
    kept = load_file(checkpoint / "best.safetensors")
    assert kept and all(torch.equal(last[name], weights) for name, weights in kept.items())
    agent.save(tmp_path / "saved")
    saved = load_file(tmp_path / "saved" / "weights.safetensors")
    assert all(torch.equal(saved[f"policy/{name}"], weights) for name, weights in kept.items())


def test_a_point_stands_for_the_nearest_candidate_that_is_left(suite: Suite) -> None:
    agent = made("td3")
    agent.prepare(suite.tasks("train"), suite.tasks("val"), rng(0))
    observer, codec = agent.parts()
    n, candidates = 4, agent._chosen
    env = HPOVectorEnv(n, suite, split="test", budget=6, observer=observer, codec=codec)
    env.reset(seed=0)
    tried: list[set[int]] = [set() for _ in range(n)]
    draw = rng(1)
    for _ in range(6):
        actions = draw.uniform(-1, 1, (n, 3)).astype(np.float32)
        left = codec.left(env.kernel.runs)
        env.step(actions)
        for i, action in enumerate(actions):
            apart = (((action + 1.0) / 2.0 - candidates.x) ** 2).mean(1)  # all hyperparameters are active
            expected = int(np.where(left[i], apart, np.inf).argmin())
            assert expected not in tried[i]
            tried[i].add(expected)
            x = env.kernel.runs.last_x()[i]
            assert x == pytest.approx(candidates.x[expected], abs=1e-6)
    with pytest.raises(InvalidValueError, match="-1"):
        env.step(np.full((n, 3), 1.5, np.float32))
    with pytest.raises(InvalidValueError, match="discrete"):
        env.action_masks()


def test_a_codec_whose_actions_an_algorithm_does_not_take_is_refused(suite: Suite) -> None:
    for name, codec in (("sac", "candidates"), ("dqn", "box"), ("maskable-ppo", "box"), ("sac", "move")):
        with pytest.raises(InvalidValueError, match="must have actions of"):
            made(name, codec=codec, observer="last").train(suite.tasks("train"), rng(0))
    for view in ({"codec": "pool"}, {"observer": {"name": "pool", "candidates": 8}}):
        with pytest.raises(InvalidValueError, match="ppo-pool"):
            made("ppo", **view).train(suite.tasks("train"), rng(0))


def test_wrong_input_is_refused(suite: Suite) -> None:
    train, val = suite.tasks("train"), suite.tasks("val")
    with pytest.raises(InvalidValueError, match="share its first columns"):
        made("ppo").train([*train, *load_suite("SVM").tasks("train")[:1]], rng(0), validation=val)
    with pytest.raises(InvalidValueError, match="`runs` must be an integer >= 1"):
        made("ppo", runs=0)
    with pytest.raises(InvalidValueError, match="network"):
        made("ppo", network=[0])
    with pytest.raises(UnknownNameError, match="reward"):
        made("ppo", reward="regrets").train(train, rng(0))


# ---------------------------------------------------------------------- the env of each
def one_of_each_view() -> list[str]:
    """An agent for each way in which an agent sees runs, acts and is rewarded."""
    agents = {name: made(name) for name in AGENTS}
    return list({json.dumps([a.codec, a.observer, a.scores, a.reward]): name for name, a in agents.items()}.values())


@pytest.mark.parametrize("name", one_of_each_view())
@pytest.mark.long
def test_its_env_passes_both_checkers(name: str, suite: Suite) -> None:
    agent = trained(name)
    observer, codec = agent.parts()
    env = HPOEnv(suite, budget=5, observer=observer, codec=codec, reward=agent.reward)
    check_sb3_env(env)
    check_env(HPOEnv(suite, budget=5, observer=observer, codec=codec, reward=agent.reward), processes=False)
