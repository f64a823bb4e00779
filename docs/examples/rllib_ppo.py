"""PPO of RLlib on `Trainings`.

    pip install "ray[rllib]" torch
    python docs/examples/rllib_ppo.py
    python docs/examples/rllib_ppo.py --smoke

RLlib makes the env by a function of its own registry, and vectorises single envs; actions and observations need nothing
between. The native vector env cannot be handed over: RLlib builds its own around what the function returns.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import gymnasium as gym
import numpy as np
import ray
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.tune.registry import register_env

import hpo_gym


def make(keywords: dict[str, Any]) -> gym.Env[Any, Any]:
    """One env; RLlib's settings of it are keywords of `gym.make`."""
    return gym.make("hpo_gym/Trainings-v0", **keywords)


def last_scores(choose: Any) -> float:
    """The mean score after the last epoch, over the validation tasks in three instances."""
    env, ends = make({"split": "val"}), []
    for task in hpo_gym.load_suite("Trainings").tasks("val"):
        for seed in range(3):
            (seen, info), ended = env.reset(seed=seed, options={"task": task.name}), False
            while not ended:
                seen, _, ended, _, info = env.step(choose(seen))
            ends.append(info["score"])
    return float(np.mean(ends))


def main() -> None:
    """Train, and compare with random moves and a constant learning rate."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one short iteration, to see that it runs")
    smoke = parser.parse_args().smoke
    iterations, batch = (1, 480) if smoke else (10, 1_920)
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    register_env("trainings", make)
    config = (
        PPOConfig()
        .environment("trainings", env_config={"split": "train"})
        .env_runners(num_env_runners=0, num_envs_per_env_runner=16, rollout_fragment_length="auto")
        .training(
            gamma=1.0, lr=1e-3, train_batch_size_per_learner=batch, minibatch_size=min(480, batch), num_epochs=5,
            entropy_coeff=0.01, lambda_=0.95,
        )
        .debugging(seed=0)
    )  # fmt: skip
    algorithm, start = config.build_algo(), time.time()
    for i in range(iterations):
        result = algorithm.train()
        if i % 5 == 4 or i == iterations - 1:
            print(f"{(i + 1) * batch:>8,} steps  return {result['env_runners']['episode_return_mean']:.3f}")
    print(f"ray {ray.__version__}, gymnasium {gym.__version__}: {time.time() - start:.0f} s")
    module, rng = algorithm.get_module(), np.random.default_rng(0)

    def greedy(seen: Any) -> int:
        with torch.no_grad():
            return int(module.forward_inference({"obs": torch.as_tensor(seen)[None]})["action_dist_inputs"].argmax())

    ends = {"trained": last_scores(greedy), "random": last_scores(lambda _: int(rng.integers(13)))}
    ends["learning rate .01"] = last_scores(lambda _: 12)
    print("mean last score, validation tasks: " + ", ".join(f"{name} {end:.3f}" for name, end in ends.items()))
    algorithm.stop()
    ray.shutdown()


if __name__ == "__main__":
    main()
