"""Controllers of the suite `Learners` on PPO of Stable-Baselines3, on Gymnasium's CartPole and Pendulum.

Eight controllers with the settings of `learners.py` set learning rate and action noise before each of 20 stages, on
both sides. PPO has its defaults, and networks of one layer of 8 units, as the suite, or its own of two of 64; all rates
are multiplied by `FACTOR`. The cart-pole's action is a share of its force, and rewards are scaled to
[0, 1]. Scores are mean rewards of a step without noise, from doing nothing (0) to the highest reward (1): after each
stage in 16 episodes, and at last in 16 others.

Of the pairs of controllers whose regret differs by `APART` in the suite, on the test families of the same physics, the
study counts those with the same sign here, and those that are equal here, as both always solve the task.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import frame
import gymnasium as gym
import learners
import numpy as np
from frame import Table
from learners import CONSTANT, KL, LENGTH, LEVEL, PER_KIND, SCHEDULE
from scipy.stats import kendalltau
from stable_baselines3 import PPO as Learner
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnvWrapper

from hpo_gym.base import Floats, seeding
from hpo_gym.suites.tasks.policies.signals import scaled

SUITES = ("Learners",)
LOOKS = learners.LOOKS
ENVS: Mapping[str, int] = {"CartPole": 0, "Pendulum": 1}
"""Their kinds of physics in the suite."""
LEARNERS: Mapping[str, list[int]] = {"8 units": [8], "2 x 64 units": [64, 64]}
"""Hidden layers of actor and critic."""
SEEDS = 3
FACTOR = 0.01
"""Of all rates: PPO takes 320 steps in a stage, a learner of the suite four."""
SLOW, QUIET = "constant, a fifth of the rate", "constant, a third of the noise"
SHIPPED = "learner-ppo"
CONTROLLERS = (CONSTANT, SLOW, QUIET, SCHEDULE, PER_KIND, KL, LEVEL, SHIPPED)
APART, ROLLOUTS, LANES, STEPS, JUDGES = 0.05, 2, 16, 64, 16
"""Difference of regrets that counts; rollouts of a stage, envs, their steps in a rollout, and episodes that judge."""
DISCOUNT = 0.99


def cells() -> Iterator[frame.Address]:
    """Yield all learners under one controller after the other."""
    yield from ((learner, env, name) for name in CONTROLLERS for env in ENVS for learner in LEARNERS)


def cell(learner: str, env: str, controller: str) -> dict[str, Any]:
    """Return last scores by seed, and the mean score in the suite on test families of the same physics."""
    return {
        "score": [round(trained(learner, env, controller, seed), 5) for seed in range(SEEDS)],
        "suite": round(in_suite(env, controller), 5),
    }


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Train one learner anew."""
    now = round(trained("8 units", "CartPole", SCHEDULE, 0), 5)
    return now, found["8 units"]["CartPole"][SCHEDULE]["score"][0]


def rule(controller: str) -> tuple[learners.Rule, Any]:
    """Return a rule and its numbers."""
    stored = frame.stored("learners")
    if controller in (SLOW, QUIET):
        rate, noise = stored[CONSTANT]["settings"]
        slow = controller == SLOW
        return learners.constant, [rate - np.log10(5) * slow, noise - np.log10(3) * (not slow)]
    if controller == SHIPPED:
        return learners.network, stored[learners.shipped(stored)]["settings"]
    return learners.starts(controller)[0], stored[controller]["settings"]


@functools.cache
def in_suite(env: str, controller: str) -> float:
    """Return the mean score over the test families of a kind of physics."""
    of = learners.batch("tested", learners.JUDGED, seeding.key("judged"))
    scores = of.by_family(learners.played(*rule(controller), of))
    return float(scores[learners.kinds("tested") == ENVS[env]].mean())


# ---------------------------------------------------------------------- envs
class Pushed(gym.ActionWrapper[Any, Any, Any]):
    """A cart-pole whose action in [-1, 1] is a share of its force."""

    def __init__(self) -> None:
        super().__init__(gym.make("CartPole-v1"))
        self.action_space = gym.spaces.Box(-1, 1, (1,), np.float32)

    def action(self, action: Any) -> int:
        """Set the force, and return its direction."""
        inner: Any = self.unwrapped
        inner.force_mag = 10 * abs(float(np.clip(action[0], -1, 1)))
        return int(action[0] > 0)


def made(env: str) -> gym.Env[Any, Any]:
    """Return an env with actions in [-1, 1] and rewards in [0, 1]."""
    if env == "CartPole":
        return Pushed()
    pendulum: gym.Env[Any, Any] = gym.make("Pendulum-v1")
    worst = np.pi**2 + 0.1 * 64 + 0.001 * 4
    pendulum = gym.wrappers.RescaleAction(pendulum, np.float32(-1), np.float32(1))
    return gym.wrappers.TransformReward(pendulum, lambda r: 1 + r / worst)


class Counted(VecEnvWrapper):
    """Envs that count rewards and falls, and pay rewards times 1 - discount, as the suite does."""

    def reset(self) -> Any:
        """Begin."""
        self.rewards, self.falls = list[float](), 0
        return self.venv.reset()

    def step_wait(self) -> Any:
        """Count."""
        obs, rewards, over, infos = self.venv.step_wait()
        self.rewards.append(float(rewards.mean()))
        self.falls += sum(d and not i["TimeLimit.truncated"] for d, i in zip(over, infos, strict=True))
        return obs, rewards * (1 - DISCOUNT), over, infos


# ---------------------------------------------------------------------- one training
class Watched:
    """A learner with the signals of the suite, and what else the rules of `learners.py` read of runs.

    Attributes:
        moves: Away from the schedule, ``(1, 2)``.
    """

    def __init__(self, learner: str, env: str, seed: int) -> None:
        self.m, self.stage, self.moves = 1, 0, np.zeros((1, 2))
        self.of = SimpleNamespace(kind=np.array([ENVS[env]]))
        self.envs = Counted(DummyVecEnv([functools.partial(made, env)] * LANES))
        self.model = Learner(
            "MlpPolicy", self.envs, n_steps=STEPS, gamma=DISCOUNT, seed=seed, device="cpu",
            policy_kwargs={"net_arch": LEARNERS[learner]},
        )  # fmt: skip
        policy: Any = self.model.policy
        policy.log_std.requires_grad_(False)
        self._actor = [*policy.mlp_extractor.policy_net.parameters(), *policy.action_net.parameters()]
        self._gradients = list[Floats]()
        policy.optimizer.register_step_pre_hook(lambda *_: self._noted())
        self._path = np.zeros(sum(p.numel() for p in self._actor))
        _, self._callback = self.model._setup_learn(LENGTH * ROLLOUTS * LANES * STEPS)
        self._env = env
        self._signals: dict[str, float] = {}

    @property
    def share(self) -> float:
        """Share of the training that is over."""
        return self.stage / (LENGTH - 1)

    def signal(self, name: str) -> Floats:
        """Return a signal, ``(1,)``; 0 before the first stage."""
        return np.array([self._signals.get(name, 0.0)])

    def _noted(self) -> None:
        """Keep the actor's gradient, in the direction of more reward."""
        self._gradients.append(np.concatenate([-p.grad.numpy().ravel() for p in self._actor]))

    def at(self, log: Floats) -> None:
        """Train for a stage at logarithms of learning rate and action noise, ``(1, 2)``."""
        rate, noise = 10.0 ** np.clip(log[0], learners.LOWEST, learners.HIGHEST)
        model: Any = self.model
        model.lr_schedule = lambda _: float(rate * FACTOR)
        model.policy.log_std.data.fill_(float(np.log(noise)))
        self.envs.rewards, self.envs.falls = [], 0
        wrong, deviation, size, norms, cosines = [], [], [], [], []
        last: Floats | None = None
        for _ in range(ROLLOUTS):
            model.collect_rollouts(model.env, self._callback, model.rollout_buffer, STEPS)
            buffer, self._gradients = model.rollout_buffer, []
            wrong.append(np.square(buffer.advantages).mean() / (buffer.returns.var() + 1e-8))
            deviation.append(buffer.advantages.std())
            seen = buffer.observations.reshape(-1, *buffer.obs_shape)
            before = self.means(seen)
            size.append(np.square(np.clip(before, -1, 1)).mean())
            model.train()
            d = self._gradients[0]
            norms.append(np.linalg.norm(d))
            if last is not None:
                cosines.append(last @ d / (np.linalg.norm(last) * np.linalg.norm(d) + 1e-12))
            last, self._path = d, 0.8 * self._path + 0.6 * d
        was = self._signals
        score = self.score(0)
        self._signals = {
            "score": score, "score_before": was.get("score", 0.0), "best_score": max(was.get("best_score", 0.0), score),
            "reward": np.mean(self.envs.rewards),
            "critic_error": np.mean(wrong), "advantage_deviation": np.mean(deviation),
            "divergence": np.square(self.means(seen) - before).sum(1).mean() / (2 * noise * noise),
            "gradient_norm": np.mean(norms), "alignment": np.mean(cosines),
            "falls": self.envs.falls / (LANES * ROLLOUTS),
            "weight_norm": np.sqrt(sum(float(p.detach().square().sum()) for p in self._actor)),
            "action_size": np.mean(size), "path": np.linalg.norm(self._path) / (np.mean(norms) + 1e-8),
        }  # fmt: skip
        self.stage += 1

    def means(self, seen: Any) -> Any:
        """Return actions without noise for observations."""
        return self.model.predict(seen, deterministic=True)[0]

    def score(self, first: int) -> float:
        """Return the score in 16 episodes of seeds from one on."""
        return float(scaled(np.float64(paid(self._env, first, self.means)), np.float64(paid_still(self._env, first))))


def paid(env: str, first: int, actions: Callable[[Any], Any]) -> float:
    """Return the mean reward of a step in 16 episodes of seeds from one on; nothing is paid after a fall."""
    envs = [made(env) for _ in range(JUDGES)]
    seen = np.array([one.reset(seed=first + i)[0] for i, one in enumerate(envs)])
    alive, total = np.ones(JUDGES, bool), 0.0
    while alive.any():
        taken = actions(seen)
        for i in np.flatnonzero(alive):
            seen[i], reward, fell, late, _ = envs[i].step(taken[i])
            total, alive[i] = total + float(reward), not (fell or late)
    spec = envs[0].spec
    return total / JUDGES / (spec.max_episode_steps or 1 if spec else 1)


@functools.cache
def paid_still(env: str, first: int) -> float:
    """Return what doing nothing is paid."""
    return paid(env, first, lambda seen: np.zeros((len(seen), 1), np.float32))


def trained(learner: str, env: str, controller: str, seed: int) -> float:
    """Return the last score of a training."""
    import torch

    torch.set_num_threads(1)
    runs: Any = Watched(learner, env, seed)
    found, numbers = rule(controller)
    while runs.stage < LENGTH:
        runs.at(found(runs, numbers))
    return float(runs.score(JUDGES))


# ---------------------------------------------------------------------- tables
def pairs(found: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """Yield differences of regrets in the suite, by the larger, and here, of the pairs that differ there."""
    for a, b in itertools.combinations(found, 2):
        one, other = (1 - found[name]["suite"] for name in (a, b))
        apart = (one - other) / max(one, other)
        if abs(apart) >= APART:
            yield apart, float(np.mean(found[b]["score"]) - np.mean(found[a]["score"]))


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return agreement by learner and env, and the scores."""
    rows, scores, counts = [], [], np.zeros(3, int)
    for learner, env in ((one, e) for one in found for e in found[one]):
        part = found[learner][env]
        signs = [np.sign(there) * np.sign(here) for there, here in pairs(part)]
        count = np.array([sum(s == sign for s in signs) for sign in (1, 0, -1)])
        tau = kendalltau([v["suite"] for v in part.values()], [np.mean(v["score"]) for v in part.values()]).statistic
        rows.append((learner, env, *map(str, count), f"{tau:.2f}"))
        counts += count
    rows.append(("all", "", *(f"{n} ({n / max(counts.sum(), 1):.0%})" for n in counts), ""))
    parts = [found[one][e] for one in found for e in found[one]]
    for name in (n for n in parts[0] if all(n in part for part in parts)):
        cells = [f"{np.mean(part[name]['score']):.3f}" for part in parts]
        of = next(iter(found.values()))
        scores.append((name, *(f"{of[e][name]['suite']:.3f}" for e in of), *cells))
    heads = [f"{one}, {e}" for one in found for e in found[one]]
    first = [f"suite, {e}" for e in next(iter(found.values()))]
    note = (
        f"Pairs of controllers whose regret differs by {APART:.0%} in the suite: those with the same sign in PPO, "
        "equal ones, where both always solve the task, and the others."
    )
    return {
        "agreement": Table.of(("learner", "env", "same sign", "equal", "other sign", "tau"), rows, note),
        "scores": Table.of(("controller", *first, *heads), scores),
    }
