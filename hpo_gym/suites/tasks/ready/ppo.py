"""PPO of Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpo_gym.problem import AnySpace
from hpo_gym.suites.tasks.ready import READY, Ready

_STEPS = 4096
_EPISODES = 20  # that evaluate a policy, with seeds of their own, for the score as for the test score
_ENVS = {"cartpole": "CartPole-v1"}


@READY.register("cartpole-ppo", extra="rl", data="cartpole")
class PPO(Ready):
    """Choose how PPO learns to balance a pole. **Fidelity**: share of its 4,096 steps.

    The score is the mean return of 20 episodes, at most 500, that the trained policy plays without drawing its actions;
    the test score is of 20 others. The seed decides the training; episodes of the scores begin by other seeds.
    """

    fidelities = (0.5, 1.0)

    def space(self) -> AnySpace:
        from ConfigSpace import ConfigurationSpace, Float, Integer, OrdinalHyperparameter

        space = ConfigurationSpace()
        space.add(
            Float("learning_rate", (1e-5, 1e-1), log=True, default=3e-4),
            OrdinalHyperparameter("n_steps", [128, 256, 512, 1024, 2048], default_value=2048),
            OrdinalHyperparameter("batch_size", [32, 64, 128], default_value=64),
            Integer("n_epochs", (1, 20), log=True, default=10),
            Float("one_minus_gamma", (1e-4, 0.3), log=True, default=1e-2),
            Float("gae_lambda", (0.8, 1.0), default=0.95),
            Float("clip_range", (0.05, 0.5), default=0.2), Float("ent_coef", (1e-8, 0.1), log=True, default=1e-8),
        )  # fmt: skip
        return space

    def prepare(self) -> None:
        import stable_baselines3
        import torch

        stable_baselines3.PPO("MlpPolicy", "CartPole-v1", device="cpu")
        torch.optim.Adam([torch.zeros(1, requires_grad=True)]).step()

    def __call__(self, config: Mapping[str, Any], seed: int = 0, fidelity: float = 1.0) -> dict[str, float]:
        import gymnasium as gym
        import stable_baselines3

        gamma = 1.0 - config["one_minus_gamma"]
        options = {k: v for k, v in config.items() if k != "one_minus_gamma"}
        model = stable_baselines3.PPO(
            "MlpPolicy", gym.make(_ENVS[self.data]), gamma=gamma, **options, seed=seed, device="cpu"
        )  # fmt: skip
        model.learn(round(fidelity * _STEPS))
        scores = ("score", "test_score")
        return {name: self._returns(model, np.random.SeedSequence([i, seed])) for i, name in enumerate(scores)}

    def _returns(self, model: Any, seeds: np.random.SeedSequence) -> float:
        """Return the mean return of episodes played side by side."""
        import gymnasium as gym

        envs, begin = [gym.make(_ENVS[self.data]) for _ in range(_EPISODES)], seeds.generate_state(_EPISODES).tolist()
        obs = np.array([env.reset(seed=seed)[0] for env, seed in zip(envs, begin, strict=True)])
        returns, on = np.zeros(_EPISODES), np.ones(_EPISODES, bool)
        while on.any():
            actions, _ = model.predict(obs, deterministic=True)
            for i in np.flatnonzero(on).tolist():
                obs[i], reward, terminated, truncated, _ = envs[i].step(actions[i])
                returns[i], on[i] = returns[i] + float(reward), not (terminated or truncated)
        return float(returns.mean())
