"""The policy over pools: its features by an oracle, its scorer, training on two suites, and acting anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from small import rng

pytest.importorskip("stable_baselines3", reason="this agent needs: pip install 'hpo-gym[rl]'")

import torch

from hpo_agents._pool.features import FEATURES, PoolFeatures
from hpo_agents._pool.learner import PoolActor
from hpo_agents._pool.network import KINDS, Scorer
from hpo_agents._pool.posterior import PoolPosterior
from hpo_agents._pool.prior import BOUND, PoolPrior
from hpo_agents._pool.view import PoolView
from hpo_agents.ppo_pool import PPOPool
from hpo_baselines._models.acquisition import floored_log_improvement
from hpo_gym.base.errors import InvalidValueError, StateError, UnknownNameError
from hpo_gym.env.env import HPOEnv
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.prior import Scale, evaluations, scale_of
from hpo_gym.problem.suite import Suite
from hpo_gym.problem.trial import Trial
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.suite import table_suite

torch.set_num_threads(1)

every_kind = pytest.mark.parametrize("kind", KINDS)


def make_suite(name: str, d: int, m: int) -> Suite:
    """Fourteen tasks in three groups of relatives; a tenth of the cells was not measured."""
    space = ConfigurationSpace({f"x{j}": (0.0, 1.0) for j in range(d)})
    r = rng(d)
    x = r.random((m, d))
    slopes = r.normal(size=(14, d)) + 2
    scores = x @ slopes.T
    scores = scores.T + 0.1 * r.normal(size=(14, m))
    scores[r.random((14, m)) < 0.1] = np.nan
    names = [f"{name}{i}" for i in range(14)]
    splits = {"train": names[:8], "val": names[8:11], "test": names[11:]}
    return table_suite(name, space, x, scores, tasks=names, splits=splits)


@pytest.fixture(scope="module")
def suites() -> tuple[Suite, Suite]:
    return make_suite("Wide", 4, 40), make_suite("Narrow", 2, 24)


def make(**settings: Any) -> PPOPool:
    return PPOPool(**{**PPOPool.smoke, **settings})


def trained(*suites: Suite, **settings: Any) -> PPOPool:
    agent = make(**settings)
    train, val = ([t for s in suites for t in s.tasks(split)] for split in ("train", "val"))
    agent.train(train, rng(0), validation=val)
    return agent


def weights(agent: PPOPool) -> dict[str, torch.Tensor]:
    assert agent._weights is not None
    return agent._weights


def same(a: PPOPool, b: PPOPool) -> bool:
    return all(torch.equal(v, weights(b)[k]) for k, v in weights(a).items())


# ---------------------------------------------------------------------- features
def prior_of(suite: Suite) -> PoolPrior:
    tasks = suite.tasks("train")
    assert tasks[0].pool is not None
    return PoolPrior.of(evaluations(tasks), tasks[0].pool, scale_of(tasks), tasks[0].space)


def test_the_posterior_is_that_of_a_gaussian_process(suites: tuple[Suite, Suite]) -> None:
    """Against the textbook formula in float64, for runs of 0, 1 and 6 trials, the last without a part of the prior."""
    prior, r = prior_of(suites[0]), rng(0)
    n, h, m = 3, 6, len(prior.x)
    strangers = np.ones((n, 8), bool)
    strangers[2, :3] = False
    rows, score = r.integers(0, m, (n, h)), r.normal(size=(n, h)) + 4
    exists = np.arange(h) < np.array([0, 1, 6])[:, None]
    seen = PoolFeatures(PoolPosterior(prior, strangers, rows, score, exists), np.ones(n, np.float32), h)
    found = seen.at(np.tile(np.arange(m), (n, 1)))
    for i in range(n):
        y = prior.y[strangers[i]].astype(float)
        assert prior.known is not None
        known = prior.known[strangers[i]]
        mean = (y * known).sum(0) / known.sum(0)
        z = (y - mean) * known / np.sqrt(len(y))
        distance = np.abs(prior.x[:, None] - prior.x[None]).mean(2)
        k = z.T @ z + 0.05 * np.exp(-distance / 0.15)
        t = rows[i][exists[i]]
        expected, variance = mean, np.diag(k)
        if len(t):
            served = np.clip((score[i][exists[i]] - prior.scale.mean) / prior.scale.sd, -BOUND, BOUND)
            solve = np.linalg.solve(k[np.ix_(t, t)] + 0.02 * np.eye(len(t)), k[t])
            expected = mean + solve.T @ (served - mean[t])
            variance = np.diag(k) - (solve * k[t]).sum(0)
            best = served.max()
            np.testing.assert_array_equal(found[i, :, 1] == 1, np.isin(np.arange(m), t))
            np.testing.assert_allclose(found[i, :, 7], distance[t].min(0), atol=1e-6)
            np.testing.assert_allclose(found[i, :, 6], distance[t[served.argmax()]], atol=1e-6)
        else:
            best = mean.max() - 2
        np.testing.assert_allclose(found[i, :, 4], expected - best, atol=2e-4)
        np.testing.assert_allclose(found[i, :, 5], np.sqrt(np.maximum(variance, 1e-6)), atol=2e-3)
        np.testing.assert_allclose(found[i, :, 3], np.sqrt(np.diag(k)), atol=1e-5)


def test_the_base_is_the_product_of_both_improvements(suites: tuple[Suite, Suite]) -> None:
    prior, rows = prior_of(suites[0]), rng(0).integers(0, 40, (2, 6))
    exists = np.arange(6) < np.array([0, 6])[:, None]
    process = PoolPosterior(prior, np.ones((2, 8), bool), rows, np.full((2, 6), 4.0), exists)
    seen = PoolFeatures(process, np.ones(2, np.float32), 6)
    everywhere = np.tile(np.arange(40), (2, 1))
    found, expected = seen.at(everywhere), process.predict(everywhere)
    sd, best = np.maximum(np.sqrt(expected.variance), 1e-3), process.best[:, None]
    np.testing.assert_allclose(found[:, :, 10], floored_log_improvement(expected.mean, sd, best), rtol=1e-5)
    np.testing.assert_array_equal(found[:, :, 11], seen.mixture.log_gain(everywhere))
    np.testing.assert_array_equal(found[:, :, 0], found[:, :, 10] + found[:, :, 11])


def test_a_run_never_knows_its_own_family(suites: tuple[Suite, Suite]) -> None:
    """What it sees of a training task does not change with that task's own table."""
    tasks = suites[0].tasks("train")
    pool = tasks[0].pool
    assert pool is not None
    known = list(evaluations(tasks))
    changed = [*known]
    first = known[0]
    changed[0] = type(first)(first.name, first.family, first.x, first.score[::-1].copy(), first.cost, first.status)
    views = []
    for prior in (known, changed):
        view = PoolView(PoolPrior.of(prior, pool, scale_of(tasks), tasks[0].space), 16)
        env = HPOEnv(suites[0], budget=4, observer=view, codec={"name": "pool", "candidates": 16})
        obs, info = env.reset(seed=3, options={"task": tasks[0].name})
        assert info["task"] == tasks[0].name
        views.append([obs, *(env.step(a)[0] for a in range(3))])
        other, _ = env.reset(seed=3, options={"task": tasks[1].name})
        views[-1].append(other)
    for a, b in zip(views[0][:4], views[1][:4], strict=True):
        np.testing.assert_array_equal(a["features"], b["features"])
    assert not np.array_equal(views[0][4]["features"], views[1][4]["features"])


# ---------------------------------------------------------------------- the scorer
def some_scorer(kind: str) -> Scorer:
    torch.manual_seed(0)
    scorer = Scorer(len(FEATURES), 8, kind, 2.0)
    torch.nn.init.normal_(scorer.out.weight)
    return scorer


@every_kind
def test_it_begins_as_the_base_feature_and_follows_the_order(kind: str) -> None:
    features, there = torch.randn(2, 7, len(FEATURES)), torch.ones(2, 7, dtype=torch.bool)
    logits, _ = Scorer(len(FEATURES), 8, kind, 2.0)(features, there)
    torch.testing.assert_close(logits, 2.0 * features[:, :, 0])
    scorer = some_scorer(kind)
    order = torch.randperm(7)
    logits, summary = scorer(features, there)
    moved, same_summary = scorer(features[:, order], there)
    torch.testing.assert_close(moved, logits[:, order])
    torch.testing.assert_close(same_summary, summary)


@every_kind
def test_what_is_not_there_does_not_matter(kind: str) -> None:
    scorer, features = some_scorer(kind), torch.randn(1, 9, len(FEATURES))
    there = torch.arange(9)[None] < 6
    changed = features.clone()
    changed[:, 6:] = 50.0
    torch.testing.assert_close(scorer(changed, there)[0][:, :6], scorer(features[:, :6], there[:, :6])[0])


@every_kind
@pytest.mark.parametrize("m", [300, 5856])
def test_blocks_give_the_logits_of_the_whole(kind: str, m: int) -> None:
    r = rng(0)
    prior = PoolPrior(r.random((m, 6)), r.normal(size=(12, m)).astype(np.float32), None, tuple("abcdefghijkl"), Scale())
    rows, score = r.integers(0, m, (1, 9)), r.normal(size=(1, 9))
    process = PoolPosterior(prior, np.ones((1, 12), bool), rows, score, np.arange(9)[None] < 5)
    seen = PoolFeatures(process, np.ones(1, np.float32), 9)
    scorer = some_scorer(kind)
    with torch.no_grad():
        found = PoolActor(scorer).logits(seen, np.arange(m))
        features = torch.as_tensor(seen.at(np.arange(m)[None]))
        whole = scorer(features, torch.ones(1, m, dtype=torch.bool))[0][0]
    np.testing.assert_allclose(found, whole.numpy(), rtol=1e-4, atol=1e-4)


# ---------------------------------------------------------------------- training
@pytest.mark.parametrize("kind", [KINDS[0], *(pytest.param(kind, marks=pytest.mark.long) for kind in KINDS[1:])])
def test_it_learns_on_two_suites_and_acts_on_both(kind: str, suites: tuple[Suite, Suite]) -> None:
    agent, again, alone = make(kind=kind), make(kind=kind), make(kind=kind)
    both = [t for s in suites for t in s.tasks("train")]
    for one, tasks in ((agent, both), (again, both), (alone, suites[0].tasks("train"))):
        one.train(tasks, rng(0))
    assert same(agent, again)
    assert not same(agent, alone)
    assert agent.seen == {t.family for t in both}
    for suite in suites:
        for task in suite.tasks("test"):
            history = rollout(agent, task, 60, prior=suite.prior())
            measured = int(task.measured.sum())  # type: ignore[attr-defined]
            assert len(history) == measured == len({tuple(c.items()) for c in history.configs})


# ---------------------------------------------------------------------- acting
def test_wrong_input_is_refused(suites: tuple[Suite, Suite]) -> None:
    train = suites[0].tasks("train")
    with pytest.raises(UnknownNameError, match="set-transformer"):
        make(kind="transformer")
    with pytest.raises(InvalidValueError, match="sharpness"):
        make(sharpness=0.0)
    with pytest.raises(InvalidValueError, match="tables with one pool"):
        make().train(load_suite("Functions").tasks("train"), rng(0))
    with pytest.raises(InvalidValueError, match="of the suites trained on"):
        make().train(train, rng(0), validation=suites[1].tasks("val"))
    with pytest.raises(StateError, match="trained or loaded"):
        make().reset(Context(suites[0].space, 3.0), rng(0))
    with pytest.raises(StateError, match="reset"):
        make().tell(Trial(None, 1.0, 1.0))  # type: ignore[arg-type]
