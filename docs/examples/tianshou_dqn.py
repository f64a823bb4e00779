"""DQN of Tianshou on the pool of a suite, with the env's mask of what was tried.

    pip install tianshou
    python docs/examples/tianshou_dqn.py
    python docs/examples/tianshou_dqn.py --smoke

Tianshou reads a mask where an observation is a dictionary with `obs` and `mask`; `Masked` makes one. It steps single
envs, one after the other, so it is slower than what uses the native vector env.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import gymnasium as gym
import numpy as np
import tianshou
import torch
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Batch, Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.trainer import OffPolicyTrainerParams
from tianshou.utils.net.common import Net

import hpo_gym

VIEW: dict[str, Any] = {"codec": "pool", "duplicates": "mask", "observer": "summary", "scores": "global"}


class Masked(gym.ObservationWrapper):
    """What is seen, and beside it which rows of the pool were not tried."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        mask = gym.spaces.MultiBinary(int(env.action_space.n))  # type: ignore[attr-defined]
        self.observation_space = gym.spaces.Dict({"obs": env.observation_space, "mask": mask})

    def observation(self, observation: Any) -> dict[str, Any]:
        """The observation as Tianshou wants it."""
        return {"obs": observation, "mask": self.get_wrapper_attr("action_masks")()}


def make(split: str = "train", **keywords: Any) -> gym.Env[Any, Any]:
    """One env of the suite."""
    return Masked(gym.make("hpo_gym/SVM-v0", split=split, **VIEW, **keywords))


def mean_regret(policy: DiscreteQLearningPolicy[Any] | None) -> float:
    """The mean over trials and validation tasks; without a policy, of random rows."""
    suite, env, rng, regrets = hpo_gym.load_suite("SVM"), make("val"), np.random.default_rng(0), []
    for task in suite.tasks("val"):
        (seen, _), ended = env.reset(seed=0, options={"task": task.name}), False
        while not ended:
            if policy is None:
                action = int(rng.choice(np.flatnonzero(seen["mask"])))
            else:
                batch = Batch(obs=Batch(obs=seen["obs"][None], mask=seen["mask"][None]), info=Batch())
                with torch.no_grad():
                    action = int(policy(batch).act[0])
            seen, _, ended, _, _ = env.step(action)
        regrets.append(hpo_gym.regret_of(env.get_wrapper_attr("history")(), task).mean())
    return float(np.mean(regrets))


def main() -> None:
    """Train, and compare with random rows and the portfolio on the validation tasks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds, to see that it runs")
    steps = 2_000 if parser.parse_args().smoke else 10_000
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - Tianshou draws its exploration from the global generator
    torch.set_num_threads(1)
    envs = DummyVectorEnv([lambda: make(reward="regret_drop") for _ in range(16)])
    envs.seed(0)
    env = make()
    actions = int(env.action_space.n)  # type: ignore[attr-defined]
    inputs = env.observation_space["obs"].shape  # type: ignore[index]
    network = Net(state_shape=inputs, action_shape=actions, hidden_sizes=[128, 128])
    policy = DiscreteQLearningPolicy(model=network, action_space=env.action_space, eps_training=1.0)
    # no discount: what follows a trial is noise here, and its maximum over 500 rows is biased upwards
    algorithm: Any = DQN(policy=policy, optim=AdamOptimizerFactory(lr=1e-3), gamma=0.0, target_update_freq=200)
    collector = Collector(algorithm, envs, VectorReplayBuffer(steps, 16), exploration_noise=True)

    def explore(epoch: int, step: int) -> None:
        policy.set_eps_training(max(0.05, 1.0 - step / (0.6 * steps)))

    start = time.time()
    algorithm.run_training(
        OffPolicyTrainerParams(
            training_collector=collector,
            max_epochs=1,
            epoch_num_steps=steps,
            collection_step_num_env_steps=160,
            update_step_num_gradient_steps_per_sample=0.1,
            batch_size=256,
            training_fn=explore,
            show_progress=False,
            verbose=False,
        )
    )
    print(f"tianshou {tianshou.__version__}: {steps:,} trials in {time.time() - start:.0f} s")
    scores = {"trained": mean_regret(policy), "random rows": mean_regret(None)}
    suite, portfolio = hpo_gym.load_suite("SVM"), hpo_gym.make_optimizer("portfolio")
    runs = [(task, hpo_gym.rollout(portfolio, task, prior=suite.prior())) for task in suite.tasks("val")]
    scores["portfolio"] = float(np.mean([hpo_gym.regret_of(run, task) for task, run in runs]))
    print("mean regret, validation tasks: " + ", ".join(f"{name} {value:.3f}" for name, value in scores.items()))


if __name__ == "__main__":
    main()
