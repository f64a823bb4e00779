"""A new agent in one file: a linear policy that an evolution strategy trains on the vector env."""

import os
import tempfile

import numpy as np

import hpo_gym
from hpo_gym import OPTIMIZERS
from hpo_gym.optimize import read_saved, write_saved


@OPTIMIZERS.register("linear-es", family="rl", trainable=True)
class LinearES(hpo_gym.PolicyOptimizer):
    """The next configuration is linear in the last one, the ranks of its score and of the best, and the budget left.

    **Reference**: Salimans et al., "Evolution strategies as a scalable alternative to reinforcement learning", 2017.
    **Differs from the paper**: a linear policy, noisy actions, and plain gradient steps instead of Adam."""

    version, seen, spread = 1, frozenset(), 0.3  # `spread` is that of the noise of actions

    def __init__(self, pairs=16, tasks=8, sigma=0.1, rate=0.1, steps=500_000):
        super().__init__(lambda obs, rng: self.act(self.theta, obs, rng), "last", "box", scores="rank")
        self.pairs, self.tasks, self.sigma, self.rate, self.steps = pairs, tasks, sigma, rate, steps

    def act(self, theta, obs, rng):  # theta (.., d, d + 4), obs (.., d + 3)
        mean = np.tanh((theta[..., :-1] @ obs[..., None])[..., 0] + theta[..., -1])
        return np.clip(mean + self.spread * rng.normal(size=mean.shape), -1, 1).astype(np.float32)

    def train(self, tasks, rng, *, validation=(), steps=None):
        names, d, members, budget = [t.name for t in tasks], tasks[0].space.d, 2 * self.pairs, 33
        suite = hpo_gym.Suite("training", tasks[0].space, tuple(tasks), "any", splits={"train": names})
        view = {"observer": "last", "codec": "box", "scores": "rank", "reward": "regret"}
        envs = hpo_gym.HPOVectorEnv(members * self.tasks, suite, statistics=True, **view)
        self.theta, self.seen = np.zeros((d, d + 4)), frozenset(t.family for t in tasks)
        for _ in range(max(1, (steps or self.steps) // (envs.num_envs * budget))):  # generations
            noise = rng.normal(size=(self.pairs, d, d + 4))
            noise = np.concatenate([noise, -noise])
            theta = np.repeat(self.theta + self.sigma * noise, self.tasks, axis=0)  # a run for each member and task
            chosen = rng.choice(names, self.tasks).tolist() * members
            obs, _ = envs.reset(seed=int(rng.integers(2**31)), options={"task": chosen})
            for _ in range(budget):
                obs, *_, infos = envs.step(self.act(theta, obs, rng))
            ranks = infos["episode"]["r"].reshape(members, -1).mean(1).argsort().argsort() / (members - 1) - 0.5
            self.theta += self.rate / (members * self.sigma) * np.tensordot(ranks, noise, 1)

    def save(self, folder):
        write_saved(folder, "linear-es", {"version": self.version, "seen": sorted(self.seen)}, {"theta": self.theta})

    def load(self, folder):
        about, arrays = read_saved(folder, "linear-es", self.version)
        self.theta, self.seen = arrays["theta"], frozenset(about["seen"])


if __name__ == "__main__":
    smoke, out, suite = os.environ.get("HPO_GYM_SMOKE", "0") != "0", tempfile.mkdtemp(), hpo_gym.load_suite("SVM")
    hpo_gym.check_optimizer("linear-es", suite.tasks("test")[0], train=suite.tasks("train")[:3], may_repeat=True)
    hpo_gym.train("linear-es", "SVM", steps=20_000 if smoke else None, out=f"{out}/linear-es")
    results = hpo_gym.benchmark([f"{out}/linear-es", "random"], "SVM", tasks=3 if smoke else None, out=f"{out}/results")
    table = results.to_frame().sort_values("auc").set_index("optimizer")
    print(table[["auc", "gain", "gain_low", "gain_high"]].round(4).to_string())
