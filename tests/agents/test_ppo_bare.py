"""`ppo-bare`: it makes the updates of Stable-Baselines3, and it learns. Its contract: `test_policy_agents.py`."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.problem.suite import Suite
from hpo_gym.suites.own.suite import table_suite

pytest.importorskip("stable_baselines3", reason="it is compared with: pip install 'hpo-gym[rl]'")

import torch
from ConfigSpace import ConfigurationSpace
from stable_baselines3.common.buffers import RolloutBuffer

from hpo_agents import ppo_bare
from hpo_agents.maskable_ppo import MaskablePPO
from hpo_agents.ppo import PPO
from hpo_agents.ppo_bare import BareLearner, Categorical, Gaussian, Network, Options, PPOBare, estimate

torch.set_num_threads(1)
SIZES: dict[str, Any] = {"n_steps": 5, "batch_size": 14, "n_epochs": 3, "ent_coef": 0.02, "learning_rate": 1e-3}
RUNS, BUDGET = 8, 4  # so that episodes end inside a rollout


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Ten tasks on twelve configurations, of which the eighth is by far the best on each."""
    r = np.random.default_rng(3)
    x, scores = r.random((12, 2)), 0.2 * r.random((10, 12))
    scores[:, 7] = 1.0
    names = [f"t{i}" for i in range(10)]
    space = ConfigurationSpace({"a": (0.0, 1.0), "b": (0.0, 1.0)})
    return table_suite("Best", space, x, scores, tasks=names, splits={"train": names[:7], "val": names[7:]})


def vector(suite: Suite, codec: str, runs: int = RUNS, **settings: Any) -> HPOVectorEnv:
    settings = {"autoreset_mode": "SAME_STEP", "reward": "regret_drop", **settings}
    return HPOVectorEnv(runs, suite, codec=codec, budget=BUDGET, statistics=False, **settings)


def learner(env: HPOVectorEnv, codec: str, **algorithm: Any) -> Any:
    agent = PPOBare(codec=codec, observer="last", network=[16, 16], algorithm={**SIZES, **algorithm})
    return agent.make_learner(env, 0, None)


def box(o: int) -> gym.spaces.Box:
    return gym.spaces.Box(-1.0, 1.0, (o,), np.float32)


def weights_of(policy: Any) -> dict[str, torch.Tensor]:
    """Weights of a policy of Stable-Baselines3 by our names, copied."""
    names = {"mlp_extractor.policy_net": "policy", "mlp_extractor.value_net": "value"}
    names |= {"action_net": "policy.4", "value_net": "value.4"}
    out = {}
    for name, value in policy.state_dict().items():
        start = next((theirs for theirs in names if name.startswith(f"{theirs}.")), "")
        out[name.replace(start, names[start], 1) if start else name] = value.clone()
    return out


# ---------------------------------------------------------------------- against Stable-Baselines3
@pytest.mark.long
@pytest.mark.filterwarnings("ignore:You have specified a mini-batch size")  # the last of a rollout is smaller
@pytest.mark.parametrize("cache", [ppo_bare.CACHE, 400])
@pytest.mark.parametrize("kind", ["pool", "masked", "box"])
def test_a_training_is_that_of_stable_baselines3(
    kind: str, cache: int, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec, masked = "box" if kind == "box" else "pool", kind == "masked"
    envs = [vector(suite, codec, duplicates="mask" if masked else "allow") for _ in range(2)]
    settings: dict[str, Any] = {"codec": codec, "observer": "last", "network": [16, 16], "algorithm": SIZES}
    agent: Any = (MaskablePPO if masked else PPO)(**settings)
    theirs: Any = agent.make_learner(envs[0], 1, None)
    network = Network(envs[1].single_observation_space, envs[1].single_action_space, [16, 16], 0)
    network.load_state_dict(weights_of(theirs.model.policy))
    ours = BareLearner(envs[1], network, Options(**agent.algorithm), masked, None)

    # their random numbers: drawn from global generators, and their trials are numbered run by run, not step by step
    def order(n: int, generator: torch.Generator) -> torch.Tensor:
        at = torch.from_numpy(np.random.permutation(n))  # noqa: NPY002
        return at % SIZES["n_steps"] * RUNS + at // SIZES["n_steps"]

    def choose(self: Categorical, rng: torch.Generator) -> torch.Tensor:
        return torch.multinomial(self.each.exp(), 1, True).squeeze(1)

    def spread(self: Gaussian, rng: torch.Generator) -> torch.Tensor:
        return self.mean + self.log_std.exp() * torch.normal(torch.zeros(self.mean.shape), 1.0)

    monkeypatch.setattr(torch, "randperm", order)
    monkeypatch.setattr(Categorical, "draw", choose)
    monkeypatch.setattr(Gaussian, "draw", spread)
    monkeypatch.setattr(ppo_bare, "CACHE", cache)
    for segment in range(3):
        before = weights_of(theirs.model.policy)
        theirs.advance(80, segment, segment / 3, lambda _: None)
        np.random.seed(segment)  # noqa: NPY002
        torch.manual_seed(segment)
        ours.advance(80, segment, segment / 3, lambda _: None)
        expected, found = weights_of(theirs.model.policy), network.state_dict()
        assert expected.keys() == found.keys()
        assert max(float((expected[k] - before[k]).abs().max()) for k in expected) > 2e-3
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=0, atol=1e-5)


def test_advantages_are_those_of_stable_baselines3() -> None:
    r, t, n = np.random.default_rng(0), 20, 6
    env = vector(table_suite("One", ConfigurationSpace({"a": (0.0, 1.0)}), [[0.5]], [[1.0]]), "pool")
    buffer = RolloutBuffer(t, env.single_observation_space, env.single_action_space, "cpu", 0.9, 0.7, n)
    ended = r.random((t, n)) < 0.2
    ended[-1, :2] = True, False
    buffer.rewards[:] = r.normal(size=(t, n))
    buffer.values[:] = r.normal(size=(t, n))
    buffer.episode_starts[1:] = ended[:-1]
    last = torch.from_numpy(r.normal(size=n)).float()
    buffer.compute_returns_and_advantage(last, ended[-1])
    values = torch.cat([torch.from_numpy(buffer.values), last[None]])
    found = estimate(
        torch.from_numpy(buffer.rewards), values, torch.from_numpy(ended), Options(gamma=0.7, gae_lambda=0.9)
    )
    np.testing.assert_allclose(found, buffer.advantages, atol=1e-6)
    np.testing.assert_allclose(found + values[:-1], buffer.returns, atol=1e-6)


def test_first_weights_are_orthogonal() -> None:
    network = Network(box(6), gym.spaces.Discrete(4), [8, 8], seed=2)
    for name, gain in {"policy.0": 2.0, "value.2": 2.0, "policy.4": 1e-4, "value.4": 1.0}.items():
        w = network.state_dict()[f"{name}.weight"]
        square = w @ w.T if len(w) <= w.shape[1] else w.T @ w
        torch.testing.assert_close(square, gain * torch.eye(len(square)), rtol=0, atol=1e-5)
        assert not network.state_dict()[f"{name}.bias"].any()


def test_tanh_and_its_gradient() -> None:
    x = torch.linspace(-12, 12, 999, requires_grad=True)
    pairs = []
    for function in (ppo_bare.Tanh(), torch.tanh):
        y = function(x)
        pairs.append((y, *torch.autograd.grad(y.square().sum(), x)))
    for ours, theirs in zip(*pairs, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


# ---------------------------------------------------------------------- drawing
@pytest.mark.parametrize("uniform", [0.0, 1 - 2**-24, None])
def test_masked_actions_are_never_drawn(uniform: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if uniform is not None:  # the least and the greatest that torch.rand gives
        monkeypatch.setattr(torch, "rand", lambda *shape, generator: torch.full(shape, uniform))
    rng = torch.Generator().manual_seed(0)
    network = Network(box(3), gym.spaces.Discrete(9), [8], seed=0)
    for scale in (1.0, 1e4):  # a policy that is nearly uniform, and one that is nearly certain
        network.policy[-1].weight.data *= scale
        masks = torch.rand(4000, 9, generator=torch.Generator().manual_seed(1)) < 0.3 if uniform is None else None
        masks = torch.randint(0, 2, (4000, 9), generator=rng).bool() if masks is None else masks
        masks[torch.arange(4000), torch.arange(4000) % 9] = True
        masks[:9] = torch.eye(9).bool()  # but one
        policy = network.act(torch.randn(4000, 3, generator=rng), masks)
        drawn = policy.draw(rng)
        assert masks.gather(1, drawn[:, None]).all()
        assert torch.isfinite(policy.log_p(drawn)).all()
        assert torch.isfinite(policy.entropy()).all()
        assert masks.gather(1, policy.best()[:, None]).all()


def test_draws_have_their_probabilities() -> None:
    p, rng = torch.tensor([0.5, 0.0, 0.2, 0.05, 0.25]), torch.Generator().manual_seed(0)
    drawn = Categorical(p.log().clamp(-1e8).expand(100_000, 5)).draw(rng)
    shares = torch.bincount(drawn, minlength=5) / 100_000
    torch.testing.assert_close(shares, p, rtol=0, atol=0.006)
    policy = Gaussian(torch.tensor([[2.0, -1.0]]).expand(100_000, 2), torch.tensor([0.5, 0.1]).log())
    numbers = policy.draw(rng)
    torch.testing.assert_close(numbers.mean(0), policy.mean[0], rtol=0, atol=0.01)
    torch.testing.assert_close(numbers.std(0).log(), policy.log_std, rtol=0, atol=0.01)
    assert np.abs(policy.legal(numbers)).max() == 1.0


# ---------------------------------------------------------------------- learning
def test_the_learning_rate_falls_with_the_share_of_the_training_that_is_done(suite: Suite) -> None:
    one = learner(vector(suite, "pool"), "pool", learning_rate=1e-2, final_learning_rate=2e-3)
    for share, rate in {0.0: 1e-2, 0.75: 4e-3}.items():
        one.advance(40, 0, share, lambda _: None)
        assert one.adam.param_groups[0]["lr"] == pytest.approx(rate)
    steady = learner(vector(suite, "pool"), "pool", learning_rate=1e-2, final_learning_rate=None)
    steady.advance(40, 0, 0.75, lambda _: None)
    assert steady.adam.param_groups[0]["lr"] == 1e-2
