"""PPO on the suite `Trainings`: episodes of several lengths side by side, from chance or from a rule that it imitates.

The agent is the package's `ppo-bare` with the codec `box`: an action is the next learning rate, weight decay and
dropout. What is added is here: envs of 12, 24 and 48 epochs in one, a reward that halves the luck of the test rows, a
start by imitation, and worlds in common: groups of runs train the same network on the same rows, and an advantage is
counted from the mean of its group, so that the difficulty of a table is no noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hpo_agents._policy.training import Actor, Judge, Learner
from hpo_agents.ppo_bare import BareLearner, Network, Options, PPOBare
from hpo_gym.base import Floats, Singles, seeding
from hpo_gym.bench import instance_of
from hpo_gym.env import HPOVectorEnv, Runs
from hpo_gym.env.observers.losses import SHOWN, Losses
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.optimize import CHECKPOINTS, BatchOptimizer, Context, make_optimizer, run_batch
from hpo_gym.problem import Suite, Task
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.trainings import trainings_with

LENGTHS = (12, 24, 48)
SMALL = Recipes(largest=2e6)
"""Networks to learn with: they train twice as fast as those that judge."""
GROUP = 4
"""Runs in the same world."""
WORLDS = 4
"""Instances of each validation table, of each length, that judge a checkpoint."""
ROUNDS, TEACHES, PASSES, STRAY = 3, 96, 40, 0.08
"""Of imitation: rounds, runs of each length in a round, passes over what was seen, and noise of what is played."""


class Blind(Losses):
    """The observer `losses` without losses: what was set, the epoch, and facts about the network."""

    reads = Losses.reads

    def seen(self, contexts: Contexts, runs: Runs) -> Singles:
        found = super().seen(contexts, runs)
        found[:, [i for i, name in enumerate(SHOWN) if name not in FACTS]] = 0.0
        return found


FACTS = ("classes", "rows", "batch", "weights", "adaptive", "normalised", "layers", "epochs")


def halved(contexts: Contexts, runs: Runs) -> Floats:
    """Return the rise of the score, after the last epoch that of the mean of test and validation score."""
    return np.asarray((score(runs) - runs.score_before(contexts.scale.mean)) / contexts.scale.sd)


class Lengths:
    """Vector envs of several lengths as one.

    Attributes:
        envs: In the order of their runs.
        num_envs: Runs of all.
    """

    def __init__(self, envs: Sequence[HPOVectorEnv]) -> None:
        self.envs = envs
        self.num_envs = sum(env.num_envs for env in envs)
        self.single_observation_space, self.single_action_space = (
            envs[0].single_observation_space,
            envs[0].single_action_space,
        )
        self._ends = np.cumsum([env.num_envs for env in envs])[:-1]

    def reset(self, *, seed: int) -> tuple[Singles, dict[str, Any]]:
        """Begin new episodes, in groups of equal seeds: here and later they are in the same world."""
        seen = []
        for i, env in enumerate(self.envs):
            seeds = [int(seeding.key("lengths", seed, i, j // GROUP) % 2**31) for j in range(env.num_envs)]
            seen.append(env.reset(seed=seeds)[0])
        return np.concatenate(seen), {}

    def step(self, actions: NDArray[Any]) -> tuple[Any, ...]:
        """Advance each run by one epoch."""
        parts = [env.step(part)[:4] for env, part in zip(self.envs, np.split(actions, self._ends), strict=True)]
        return (*map(np.concatenate, zip(*parts, strict=True)), {})


@dataclass(eq=False, repr=False, kw_only=True)
class FitPPO(PPOBare):
    """`ppo-bare` on trainings of several lengths.

    Args:
        teacher: The rule that it imitates first, or "".
        spread: Logarithms of the standard deviations of actions at first: rate, weight decay, dropout.
        blind: Whether it sees no losses.
    """

    teacher: str = ""
    spread: Sequence[float] = (-1.0, -1.0, -1.0)
    blind: bool = False

    def parts(self) -> Any:
        """Return its observer and codec."""
        observer, codec = super().parts()
        return (Blind() if self.blind else observer), codec

    def begin(
        self, tasks: Sequence[Task], validation: Sequence[Task], seed: int, logs: Path | None
    ) -> tuple[Learner, Judge | None]:
        """Return the algorithm on envs of all lengths, and the judge of `validation`."""
        observer, codec = self.parts()
        assert self._space is not None
        suite = Suite("training", self._space, tuple(tasks), "any", splits={"train": [t.name for t in tasks]})
        view: dict[str, Any] = {"observer": observer, "codec": codec, "reward": halved, "statistics": False}
        env: Any = Lengths(
            [HPOVectorEnv(self.runs, suite, budget=b, autoreset_mode="SAME_STEP", **view) for b in LENGTHS]
        )
        network = Network(env.single_observation_space, env.single_action_space, self.network, seed % 2**31)
        learner = FitLearner(env, network, Options(**self.algorithm), self.masked, logs)
        with torch.no_grad():
            network.log_std.copy_(torch.tensor(self.spread))  # type: ignore[union-attr]
        if self.teacher and not (logs is not None and (logs.parent / CHECKPOINTS).is_dir()):
            imitate(network, self.teacher, env, seed)
        return learner, lambda actor: -played(Acting(self, actor), validation).mean()


class FitLearner(BareLearner):
    """PPO whose advantages are counted from the mean of a group, epoch by epoch."""

    def collect(self, obs: Singles, rng: torch.Generator) -> tuple[dict[str, Tensor], Singles]:
        """Run `n_steps` trials of each run."""
        batch, after = super().collect(obs, rng)
        batch["advantages"] = relative(batch["advantages"])
        return batch, after


def relative(advantages: Tensor) -> Tensor:
    """Return numbers ``(m,)`` less the mean of their group; the runs of a group follow each other."""
    of = advantages.view(-1, GROUP)
    return (of - of.mean(1, keepdim=True)).flatten()


# ---------------------------------------------------------------------- playing
class Acting:
    """A policy in a batch of runs."""

    def __init__(self, agent: PPOBare, actor: Actor) -> None:
        self.actor, (self.observer, self.codec), self.scale = actor, agent.parts(), agent._scale

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin new runs."""
        self.context = contexts[0]
        self.actor.forget()

    def ask_batch(self, runs: Runs) -> tuple[Floats, None]:
        """Return the next point of each run."""
        epochs = int(self.context.budget)
        contexts = Contexts(self.context.space, runs.batch, float(epochs), self.scale, horizon=epochs)
        with torch.no_grad():
            actions = self.actor.act(self.observer(contexts, runs), None, None)
        return np.asarray(self.codec.decode(contexts, runs, actions).at, np.float64), None


def played(controller: BatchOptimizer, tasks: Sequence[Task], worlds: int = WORLDS) -> Floats:
    """Return the mean over instances and lengths of the score, the mean of test and validation rows, for each task."""
    of = [score(ended(controller, tasks, b, worlds)).reshape(-1, worlds).mean(1) for b in LENGTHS]
    return np.asarray(np.mean(of, 0))


def last(controller: BatchOptimizer, tasks: Sequence[Task], epochs: int, worlds: int) -> Floats:
    """Return the mean over instances of the last score, of test rows, for each task."""
    return np.asarray(ended(controller, tasks, epochs, worlds).last.reshape(-1, worlds).mean(1))


def score(runs: Runs) -> Floats:
    """Return the mean of the last score and that of validation rows, ``(n,)``."""
    best = runs.signals[:, list(runs.batch.signals).index("best_validation_loss")]
    return np.asarray(0.5 * (runs.last - np.log(best.astype(np.float64) + 0.01)))


def ended(controller: BatchOptimizer, tasks: Sequence[Task], epochs: int, worlds: int) -> Runs:
    """Return runs after their last epoch, `worlds` on each task."""
    places = [(task, instance_of(task.suite, task.name, r)) for task in tasks for r in range(worlds)]
    contexts = {task: Context.of(task, epochs) for task in tasks}
    rngs = [np.random.default_rng(0) for _ in places]
    them = [t for t, _ in places], [i for _, i in places], [contexts[t] for t, _ in places]
    return run_batch(controller, *them, rngs, budget=epochs, n_init=0)


# ---------------------------------------------------------------------- imitation
def imitate(network: Network, rule: str, env: Lengths, seed: int) -> None:
    """Teach a network what a rule does, and what comes of it; from the second round on half of the runs are its own."""
    seen: list[tuple[Tensor, Tensor, Tensor]] = []
    rng = np.random.default_rng(seed)
    for r in range(ROUNDS):
        for of in env.envs:
            seen.append(lesson(network, rule, of, rng, own=0.5 * (r > 0)))
        fit(network, [torch.cat(part) for part in zip(*seen, strict=True)], int(rng.integers(2**31)))


def lesson(
    network: Network, rule: str, env: HPOVectorEnv, rng: np.random.Generator, own: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return observations, the rule's actions there, and sums of later rewards; a share of runs is the network's."""
    teacher: Any = make_optimizer(rule)
    n, epochs = env.num_envs, int(env.kernel.contexts.budget)
    seen, targets, rewards = [], [], []
    obs, _ = env.reset(seed=int(rng.integers(2**31)))
    teacher.reset_batch([Context.of(env.kernel.batch.tasks[0], epochs)] * n, [rng] * n)
    mine = rng.random(n) < own
    for _ in range(epochs):
        target = 2.0 * teacher.ask_batch(env.kernel.runs)[0] - 1.0
        with torch.no_grad():
            action = network.act(torch.from_numpy(obs)).best().numpy()
        action = np.where(mine[:, None], action, target) + mine[:, None] * STRAY * rng.standard_normal(target.shape)
        seen.append(torch.from_numpy(obs))
        targets.append(torch.from_numpy(target).float())
        obs, reward, *_ = env.step(np.clip(action, -1.0, 1.0).astype(np.float32))
        rewards.append(reward)
    later = np.cumsum(rewards[::-1], 0)[::-1].astype(np.float32)
    return torch.cat(seen), torch.cat(targets), torch.from_numpy(later.copy()).flatten()


def fit(network: Network, parts: Sequence[Tensor], seed: int) -> None:
    """Fit both networks by squares."""
    obs, targets, later = parts
    generator = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(network.parameters(), 2e-3)
    steps = PASSES * (len(obs) // 512)
    rate: Callable[[int], float] = lambda i: 1.0 - i / steps  # noqa: E731
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, rate)
    for _ in range(steps):
        at = torch.randint(len(obs), (512,), generator=generator)
        error = (network.act(obs[at]).best() - targets[at]).square().mean()
        worth = (network.judge(obs[at]) - later[at]).square().mean()
        adam.zero_grad()
        (100.0 * error + worth).backward()  # type: ignore[no-untyped-call]
        adam.step()
        schedule.step()


def suite_to_learn() -> Suite:
    """Return the suite of small recipes."""
    return trainings_with(SMALL)
