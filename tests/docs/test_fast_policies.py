"""The compiled kernel of policies in training does what the package's own does, and learns."""

from __future__ import annotations

import importlib
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.problem.batches import batch_of
from hpo_gym.suites.policies import policies_with
from hpo_gym.suites.tasks.policies.physics import PHYSICS
from hpo_gym.suites.tasks.policies.policy import Policies, returns, size
from hpo_gym.suites.tasks.policies.setup import Setup

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
pytestmark = pytest.mark.long


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    module = importlib.import_module("fast_policies")
    if shutil.which(module.COMPILER) is None:
        pytest.skip("there is no C compiler")
    return module


def trained(runs: Any, rate: float, sigma: float, stages: int = 20) -> Any:
    for _ in range(stages):
        runs.train(np.full(runs.m, rate), np.full(runs.m, sigma))
    return runs


def test_returns_are_those_of_the_package(fast: Any) -> None:
    of = fast.batch("tuned", 2, 0)
    runs = fast.Policies(of)
    runs.weights[:, :90] += np.random.default_rng(0).normal(0, 0.5, (runs.m, 90))
    found = runs._returns(runs.weights)
    for i in range(runs.m):
        physics = PHYSICS[fast.KINDS[of.kind[i]]]
        weights = np.tile(runs.weights[i, : size(physics), None], (1, 16))
        states = runs._starts[i].reshape(2, 6, 8).transpose(1, 0, 2).reshape(6, 16)
        rows = 6 if physics is PHYSICS["reacher"] else physics.drawn
        constants = np.repeat(of.constants[i, : len(physics.constants), None], 16, 1)
        policies = Policies(physics, weights, np.ones(16, np.float32))
        own = returns(policies, states[:rows], constants, steps=100, effort=0.5)
        assert found[i] == pytest.approx(own.mean(), abs=2e-3)


def test_an_evolution_strategy_is_as_good_as_the_package_s(fast: Any) -> None:
    suite = policies_with(Setup(decades=0.0))
    made: Any = batch_of(suite.tasks("train"))
    made = made.progress(72, 20)
    made.begin(None, np.arange(72) % 36, np.arange(72).astype(np.uint64))
    x = np.tile(suite.space.default_x, (72, 1))
    for _ in range(20):
        own = made.advance(x, None).score
    of = fast.batch("tuned", 80, 0, tasks=4).part(np.arange(9 * 80))
    found = of.by_kind(trained(fast.Strategies(of, 0.0), 0.3, 0.3).scores())
    kinds = np.repeat([0, 1, 2], 12)
    assert found == pytest.approx([own.reshape(2, 36)[:, kinds == k].mean() for k in range(3)], abs=0.07)


def test_actor_critics_learn_and_their_critics_explain_more(fast: Any) -> None:
    runs = fast.ActorCritics(fast.batch("tuned", 10, 0))
    early = trained(runs, 0.03, 0.5, 2).seen[:, 1].mean()
    late = trained(runs, 0.03, 0.5, 18).seen[:, 1].mean()
    assert (runs.of.by_kind(runs.scores()) > [0.35, 0.35, 0.1]).all() and late < early / 2
    assert np.isfinite(runs.weights).all() and np.isfinite(runs.seen).all()


ODD, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def numbers(key: int) -> Iterator[Any]:
    """Normal numbers of eight episodes at a time, in the order of a first stage."""

    def mixed(z: int) -> int:
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return z ^ z >> 31

    def hashed(z: Any) -> Any:
        z = (z ^ z >> 16) * np.uint32(0x7FEB352D)
        z = (z ^ z >> 15) * np.uint32(0x846CA68B)
        return z ^ z >> 16

    state = mixed(((key ^ (2 * 0xD1342543DE82EF95) & MASK) + ODD) & MASK)
    while True:
        state = (state + ODD) & MASK
        first = mixed(state)
        z = np.array([(first + i * ODD) & MASK for i in range(4)], np.uint64).view(np.uint32)
        one = hashed(z)
        two = hashed(one + np.uint32(0x6A09E667))
        four = sum(v.astype(float) for v in (one & 65535, one >> 16, two & 65535, two >> 16))
        yield (four - 131070) * math.sqrt(3) / 65536


def test_a_stage_at_no_rate_has_the_gradients_of_autograd(fast: Any) -> None:
    torch = pytest.importorskip("torch")
    of = fast.batch("tuned", 2, 0)
    runs = fast.ActorCritics(of.part(np.flatnonzero(of.kind == fast.KINDS.index("pendulum"))[:1]))
    runs.weights[:, :82] += np.random.default_rng(0).normal(0, 0.3, (1, 82))
    runs.ages[:] = 0  # so that no episode ends
    weights, states = torch.tensor(runs.weights[0], dtype=torch.float64), runs.states[0].reshape(2, 6, 8)[:, :2].copy()
    constants, draw, physics = (
        runs.of.constants[0][:5, None].astype(float),
        numbers(int(runs.noise[0])),
        PHYSICS["pendulum"],
    )
    trained(runs, 0.0, 0.7, 1)

    def net(w: Any, x: Any) -> Any:
        return torch.tanh(x @ w[:24].reshape(3, 8) + w[24:32]) @ w[32:40] + w[40]

    first = np.zeros(82)
    for _ in range(4):
        seen, (noise, reward, after) = [], np.zeros((3, 2, 16, 8))
        w = weights[:82].clone().requires_grad_()
        for g in range(2):
            state = states[g].astype(float)
            for t in range(16):
                x = torch.tensor(physics.seen(state, constants).T)
                noise[g, t] = next(draw)
                action = np.clip(torch.tanh(net(w[:41], x)).detach().numpy() + 0.7 * noise[g, t], -1, 1)
                state = physics.step(state, action[None], constants)
                reward[g, t] = physics.reward(state, constants) * (1 - 0.5 * action**2)
                after[g, t] = net(w[41:], torch.tensor(physics.seen(state, constants).T)).detach().numpy()
                seen.append(x)
            states[g] = state
        xs = torch.stack(seen)
        value = net(w[41:], xs).reshape(2, 16, 8)
        advantage, so_far = np.zeros((2, 16, 8)), 0.0
        for t in range(15, -1, -1):
            delta = 0.05 * reward[:, t] + 0.95 * after[:, t] - value.detach().numpy()[:, t]
            advantage[:, t] = so_far = delta + 0.95 * 0.9 * so_far
        target = torch.tensor(advantage) + value.detach()
        scaled = torch.tensor((advantage - advantage.mean()) / (advantage.std() + 1e-4))
        mean = torch.tanh(net(w[:41], xs)).reshape(2, 16, 8)
        ((scaled * mean * torch.tensor(noise) / 0.7).mean() - ((target - value) ** 2).mean() / 2).backward()
        first = 0.9 * first + 0.1 * w.grad.numpy()
    assert runs.first[0, :82] == pytest.approx(first, rel=0.01, abs=2e-4)
    assert np.abs(first[:41]).max() > 0.01 < np.abs(first[41:]).max() and not runs.first[0, 82:].any()


def test_a_run_is_the_same_in_any_company_and_from_a_copy(fast: Any) -> None:
    of = fast.batch("tuned", 3, 1)
    whole, one = trained(fast.ActorCritics(of), 0.03, 0.5, 4), fast.ActorCritics(of.part([17]))
    trained(one, 0.03, 0.5, 4)
    assert (one.weights[0] == whole.weights[17]).all() and one.scores()[0] == whole.scores()[17]
    copy = whole.continued(np.array([17, 17]), np.array([whole.noise[17], 5], np.uint64))
    trained(copy, 0.03, 0.5, 2), trained(whole, 0.03, 0.5, 2)
    assert (copy.weights[0] == whole.weights[17]).all() and (copy.weights[1] != copy.weights[0]).any()
