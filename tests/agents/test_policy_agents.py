"""Agents with a trained policy: what each of them promises, whatever algorithm trains it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_gym.bench.rollout import rollout
from hpo_gym.checks import check_env, check_optimizer
from hpo_gym.errors import DamagedDataError, InvalidValueError, SplitError, StateError, UnknownNameError
from hpo_gym.optimizer import OPTIMIZERS, Context, Optimizer, Trainable, make_optimizer
from hpo_gym.suite import Suite
from hpo_gym.suites import load_suite
from hpo_gym.tables.suite import table_suite
from hpo_gym.tasks.table import TableTask
from hpo_gym.trial import Trial
from hpo_gym.vector import HPOVectorEnv

pytest.importorskip("stable_baselines3", reason="these agents need: pip install 'hpo-gym[rl]'")

import torch
from stable_baselines3.common.env_checker import check_env as check_sb3_env

from hpo_agents._policy.agent import PolicyAgent
from hpo_agents._policy.checkpoints import read_checkpoint
from hpo_gym.env import HPOEnv

torch.set_num_threads(1)

SMALL: dict[str, Any] = {"candidates": 12, "budget": 5, "runs": 8, "steps": 240, "segments": 3, "network": [16]}
ON_POLICY: dict[str, Any] = {"n_steps": 5, "batch_size": 20}
OFF_POLICY: dict[str, Any] = {"buffer_size": 100, "learning_starts": 40, "batch_size": 16, "gradient_steps": 1}
ALGORITHMS: dict[str, dict[str, Any]] = {
    "ppo": ON_POLICY,
    "a2c": {"n_steps": 5},
    "trpo": {**ON_POLICY, "sub_sampling_factor": 1},
    "maskable-ppo": ON_POLICY,
    "recurrent-ppo": ON_POLICY,
    "ppo-bare": ON_POLICY,
    "dqn": OFF_POLICY,
    "qr-dqn": {**OFF_POLICY, "n_quantiles": 5},
    "sac": OFF_POLICY,
    "td3": OFF_POLICY,
    "tqc": OFF_POLICY,
}
every_agent = pytest.mark.parametrize("name", ALGORITHMS)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def make(name: str, **settings: Any) -> Any:
    return make_optimizer(name, **{**SMALL, "algorithm": ALGORITHMS[name], **settings})


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Fourteen tasks on 40 configurations; a fifth of the cells was not measured."""
    space = ConfigurationSpace({"a": (0.0, 1.0), "b": (1, 9), "c": ["x", "y", "z"]})
    r = rng(7)
    x = r.random((40, 3))
    scores = r.normal(size=(14, 40)) + 3 * x[:, 0]
    scores[r.random((14, 40)) < 0.2] = np.nan
    names = [f"t{i}" for i in range(14)]
    splits = {"train": names[:8], "val": names[8:11], "test": names[11:]}
    return table_suite("Toy", space, x, scores, tasks=names, splits=splits)


def trained(name: str, suite: Suite, seed: int = 0, **settings: Any) -> Any:
    agent = make(name, **settings)
    agent.train(suite.tasks("train"), rng(seed), validation=suite.tasks("val"))
    return agent


def choices(agent: Any, suite: Suite, n_init: int = 0, seed: int = 0) -> list[list[dict[str, Any]]]:
    return [[dict(t.config) for t in rollout(agent, task, 6, n_init=n_init, seed=seed)] for task in suite.tasks("test")]


def same_weights(one: PolicyAgent, other: PolicyAgent) -> bool:
    a, b = one._weights, other._weights
    assert a is not None
    assert b is not None
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


# ---------------------------------------------------------------------- the protocol
@every_agent
def test_registered_and_of_the_protocol(name: str) -> None:
    entry, agent = OPTIMIZERS.entries()[name], make_optimizer(name)
    assert (entry.extra, entry.about["family"], entry.about["trainable"]) == ("rl", "rl", True)
    assert isinstance(agent, Optimizer)
    assert isinstance(agent, Trainable)
    assert agent.seen == frozenset()
    assert type(agent)(**agent.settings).settings == agent.settings  # type: ignore[attr-defined]


@every_agent
def test_the_contract_of_optimizers(name: str, suite: Suite) -> None:
    check_optimizer(lambda: make(name), suite.tasks("test")[0], budget=8, train=suite.tasks("train"))


@every_agent
def test_same_seed_same_policy(name: str, suite: Suite) -> None:
    first, again, other = (trained(name, suite, seed) for seed in (0, 0, 1))
    assert same_weights(first, again)
    assert not same_weights(first, other)
    assert choices(first, suite) == choices(again, suite)


@every_agent
def test_training_leaves_the_global_generators_as_they_were(name: str, suite: Suite) -> None:
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    trained(name, suite)
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    assert before == after


@every_agent
def test_learning_changes_the_policy(name: str, suite: Suite) -> None:
    agents = [make(name, steps=steps, segments=steps // 80) for steps in (80, 240)]
    for agent in agents:
        agent.train(suite.tasks("train"), rng())
    assert not same_weights(*agents)


# ---------------------------------------------------------------------- acting
@every_agent
@pytest.mark.parametrize("n_init", [0, 3])
def test_acts_outside_the_env_as_inside(name: str, n_init: int, suite: Suite) -> None:
    agent = trained(name, suite)
    observer, codec = agent.parts()
    env = HPOEnv(suite, split="test", budget=6, observer=observer, codec=codec, n_init=n_init)
    obs, info = env.reset(seed=4)
    agent.reset(Context.of(suite.task(info["task"]), 6), rng())
    for trial in env.history():
        agent.tell(trial)
    done = False
    agent._actor.forget()
    actor = agent.make_actor(agent._weights)
    while not done:
        masks = env.action_masks()[None] if agent.masked else None
        with torch.no_grad():
            action = actor.act(obs[None], masks, None)[0]
        query = agent.ask()
        obs, _, done, _, _ = env.step(action)
        trial = env.history().trials[-1]
        assert query is not None
        assert suite.task(info["task"]).run(query.config).config == trial.config
        agent.tell(trial)


@every_agent
def test_candidates_are_tried_once_and_only_measured_ones(name: str, suite: Suite) -> None:
    agent = trained(name, suite, candidates=40)
    for task in suite.tasks("test"):
        assert isinstance(task, TableTask)
        asked = [task.row_of(t.config) for t in rollout(agent, task, 60)]
        assert sorted(asked) == np.flatnonzero(task.measured).tolist()  # each once, then the run ends


@every_agent
def test_own_objective_is_tuned_without_tables(name: str, suite: Suite) -> None:
    agent = trained(name, suite)
    agent.reset(Context(suite.space, 5.0), rng())
    asked = []
    for i in range(5):
        query = agent.ask()
        assert query is not None
        suite.space.to_unit(query.config)
        asked.append(tuple(query.config.items()))
        agent.tell(Trial(query, float(i % 3), 1.0))
    assert len(set(asked)) == 5


@every_agent
def test_functions_of_another_dimension(name: str) -> None:
    functions = load_suite("Functions")
    tasks = [t for t in functions.tasks("train") if t.space.d in (2, 3)][:6]
    agent = make(name)
    agent.train(tasks, rng())
    for d in (2, 3):
        task = next(t for t in functions.tasks("val") if t.space.d == d)
        assert len(rollout(agent, task, 6)) == 6


@pytest.mark.parametrize("name", ["ppo", "dqn", "recurrent-ppo", "ppo-bare"])
def test_a_drawn_run_depends_on_its_generator_alone(name: str, suite: Suite) -> None:
    agent = trained(name, suite, greedy=False)
    assert choices(agent, suite, seed=1) == choices(agent, suite, seed=1) != choices(agent, suite, seed=2)


@every_agent
def test_huge_scores_do_not_blind_it(name: str, suite: Suite) -> None:
    agent = trained(name, suite)
    task = suite.tasks("test")[0]
    for score in (1e308, -1e308):
        agent.reset(Context(suite.space, 4.0), rng())
        for _ in range(4):
            query = agent.ask()
            assert query is not None
            trial = task.run(query.config)
            agent.tell(type(trial)(trial.query, score, trial.cost, trial.status))


# ---------------------------------------------------------------------- training
@every_agent
def test_a_training_that_was_stopped_goes_on_to_the_same_result(name: str, suite: Suite, tmp_path: Path) -> None:
    whole = trained(name, suite)

    class Stop(Exception):
        pass

    def stop(done: int, total: int, what: str) -> None:
        if done > 100:
            raise Stop

    for _ in range(2):  # in the second segment, and there again
        with pytest.raises(Stop):
            make(name).train_in(tmp_path, suite.tasks("train"), rng(), validation=suite.tasks("val"), progress=stop)
    agent = make(name)
    curve = agent.train_in(tmp_path, suite.tasks("train"), rng(), validation=suite.tasks("val"))
    assert same_weights(agent, whole)
    assert [int(done) for done, _ in curve] == [0, 80, 160, 240]
    done = make(name)
    done.train_in(tmp_path, suite.tasks("train"), rng(), validation=suite.tasks("val"))
    assert same_weights(done, whole)
    assert list((tmp_path / "logs").glob("events*"))


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_refused(suite: Suite, tmp_path: Path) -> None:
    make("ppo").train_in(tmp_path, suite.tasks("train"), rng())
    with pytest.raises(InvalidValueError, match="seed"):
        make("ppo").train_in(tmp_path, suite.tasks("train"), rng(1))
    with pytest.raises(InvalidValueError, match="settings, steps"):
        make("ppo", scores="raw").train_in(tmp_path, suite.tasks("train"), rng(), steps=400)
    file = next((tmp_path / "checkpoints").glob("*/state.safetensors"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(DamagedDataError, match="sha256"):
        read_checkpoint(tmp_path, {})


def test_training_ends_when_validation_gets_no_better(suite: Suite) -> None:
    agent = make("ppo", steps=4000, segments=50, patience=2)
    curve = agent.train_in(None, suite.tasks("train"), rng(), validation=suite.tasks("val"))
    regrets = [regret for _, regret in curve]
    assert len(regrets) < 50
    assert len(regrets) - 1 - int(np.argmin(regrets)) == 2


@pytest.mark.parametrize("name", ["ppo", "a2c", "trpo", "recurrent-ppo"])
@pytest.mark.parametrize("view", [("box", "last"), ("move", "summary"), ("candidates", "last")])
def test_other_views(name: str, view: tuple[str, str], suite: Suite) -> None:
    agent = trained(name, suite, codec=view[0], observer=view[1])
    assert all(len(c) == 6 for c in choices(agent, suite))


def test_a_point_stands_for_the_nearest_candidate_that_is_left(suite: Suite) -> None:
    agent = make("td3")
    agent.prepare(suite.tasks("train"), suite.tasks("val"), rng())
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
    for name, codec in (("sac", "candidates"), ("dqn", "box"), ("maskable-ppo", "box"), ("ppo", "grid")):
        with pytest.raises(InvalidValueError, match="must have actions of"):
            make(name, codec=codec, observer="last").train(suite.tasks("train"), rng())
    for view in ({"codec": "pool"}, {"observer": {"name": "pool", "candidates": 8}}):
        with pytest.raises(InvalidValueError, match="ppo-pool"):
            make("ppo", **view).train(suite.tasks("train"), rng())


def test_wrong_input_is_refused(suite: Suite) -> None:
    train, val = suite.tasks("train"), suite.tasks("val")
    with pytest.raises(InvalidValueError, match="At least one task"):
        make("ppo").train([], rng())
    with pytest.raises(SplitError, match="not both"):
        make("ppo").train(train, rng(), validation=train[:1])
    with pytest.raises(InvalidValueError, match="share its first columns"):
        make("ppo").train([*train, *load_suite("SVM").tasks("train")[:1]], rng(), validation=val)
    with pytest.raises(InvalidValueError, match="`runs` must be an integer >= 1"):
        make("ppo", runs=0)
    with pytest.raises(InvalidValueError, match="network"):
        make("ppo", network=[0])
    with pytest.raises(UnknownNameError, match="reward"):
        make("ppo", reward="regrets").train(train, rng())
    with pytest.raises(StateError, match="trained or loaded"):
        make("ppo").reset(Context(suite.space, 4.0), rng())
    with pytest.raises(StateError, match="reset"):
        make("ppo").ask()


# ---------------------------------------------------------------------- files
@every_agent
def test_saved_and_loaded_it_chooses_the_same(name: str, suite: Suite, tmp_path: Path) -> None:
    agent, other = trained(name, suite), make_optimizer(name)
    agent.save(tmp_path)
    other.load(tmp_path)  # type: ignore[attr-defined]
    assert choices(other, suite, n_init=2) == choices(agent, suite, n_init=2)
    assert (other.seen, other.settings) == (agent.seen, agent.settings)  # type: ignore[attr-defined]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["optimizer.json", "weights.safetensors"]
    again = tmp_path / "again"
    other.save(again)  # type: ignore[attr-defined]
    for file in ("optimizer.json", "weights.safetensors"):
        assert (again / file).read_bytes() == (tmp_path / file).read_bytes()


@pytest.mark.parametrize("name", ["ppo", "td3"])
@pytest.mark.parametrize("file", ["optimizer.json", "weights.safetensors"])
def test_damaged_files_are_refused(name: str, file: str, suite: Suite, tmp_path: Path) -> None:
    trained(name, suite).save(tmp_path)
    whole = (tmp_path / file).read_bytes()
    r = rng()
    for _ in range(40):
        data = bytearray(whole)
        data[r.integers(len(data))] ^= 1 << int(r.integers(8))
        (tmp_path / file).write_bytes(data if r.random() < 0.7 else whole[: r.integers(len(whole))])
        with pytest.raises(DamagedDataError):
            make_optimizer(name).load(tmp_path)  # type: ignore[attr-defined]
    (tmp_path / file).unlink()
    with pytest.raises(DamagedDataError, match="missing"):
        make_optimizer(name).load(tmp_path)  # type: ignore[attr-defined]


# ---------------------------------------------------------------------- the env of each
@every_agent
def test_its_env_passes_both_checkers(name: str, suite: Suite) -> None:
    agent = trained(name, suite)
    observer, codec = agent.parts()
    env = HPOEnv(suite, budget=5, observer=observer, codec=codec, reward=agent.reward)
    check_sb3_env(env)
    check_env(HPOEnv(suite, budget=5, observer=observer, codec=codec, reward=agent.reward), processes=False)
