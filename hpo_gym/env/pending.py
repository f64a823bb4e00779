"""Envs with trials in flight: an action launches a trial on a simulated worker, and results come as they end.

With `q` workers, the first `q - 1` steps only launch, and their reward is 0. Each later step launches a trial and
delivers the one that ends first, with its reward. The last step delivers all that are left, one after the other; its
reward is their sum. A trial lasts its recorded cost; without recorded costs, all last alike. The budget, the rewards
and the observer are those of the plain env, which hears of the trials in the order in which they end. Costs decide on
that order alone: an agent does not see the cost of a pending trial.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.env.codecs import CODECS, as_batch
from hpo_gym.env.compiled import Outcome
from hpo_gym.env.config import EnvConfig, VectorConfig
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.kernel import Kernel
from hpo_gym.env.observers import first
from hpo_gym.env.suite_env import SuiteEnv
from hpo_gym.env.vector import HPOVectorEnv, Seeds
from hpo_gym.problem import Workers, horizon

KNOWN = ("box", "pool")
"""Codecs whose actions mean the same before and after the results of other trials."""


class Flight:
    """Actions in flight of the runs of a kernel, which all begin together.

    Args:
        count: Workers of each run.
    """

    def __init__(self, kernel: Kernel, count: int) -> None:
        self._kernel, self._count = kernel, count
        self._last = horizon(kernel.contexts.budget)
        self._measured = np.array([not math.isnan(task.cost_unit) for task in kernel.batch.tasks])
        self.begin()

    def begin(self) -> None:
        """Begin new episodes."""
        self._crews = [Workers[tuple[Any, NDArray[np.float32]]](self._count) for _ in range(self._kernel.n)]
        self._launched = 0

    def launch(self, actions: NDArray[Any]) -> list[NDArray[Any]]:
        """Launch an action of each run ``(n, ...)``; return the actions whose results come now, in order."""
        kernel, runs = self._kernel, self._kernel.runs
        at = kernel.parts.codec.decode(kernel.contexts, runs, actions).at
        shown = runs.signed(runs.task, at)
        for crew, action, x, duration in zip(self._crews, actions, shown, self._durations(at), strict=True):
            crew.launch((action, x), float(duration))
        self._launched += 1
        over = self._launched == self._last
        due = len(self._crews[0].running) if over else int(not self._crews[0].free)
        return [np.stack([crew.finish()[0] for crew in self._crews]) for _ in range(due)]

    def _durations(self, at: NDArray[Any]) -> Floats:
        kernel, runs = self._kernel, self._kernel.runs
        outcome = None if runs.tabular else kernel.batch.evaluate(runs.base, at, None, runs.instance)[1]
        cost = outcome.cost if outcome else kernel.batch.outcome(runs.base, at, None)[0]
        return np.where(self._measured[runs.task], cost, 1.0)

    # ------------------------------------------------------------------ what an agent sees
    def space(self, inner: gym.Space[Any]) -> gym.spaces.Dict:
        """Return the observation space of one run, from that of the plain env."""
        shape = self._count - 1, self._kernel.contexts.space.d
        parts = dict(inner.spaces) if isinstance(inner, gym.spaces.Dict) else {"observation": inner}
        pending = {"pending": gym.spaces.Box(-1.0, 1.0, shape, np.float32)}
        return gym.spaces.Dict({**parts, **pending, "pending_mask": gym.spaces.MultiBinary(shape[0])})

    def shown(self, obs: Any) -> dict[str, Any]:
        """Return fresh observations ``(n, ...)`` with the pending configurations, first launched first."""
        n, most, d = self._kernel.n, self._count - 1, self._kernel.contexts.space.d
        pending, mask = np.zeros((n, most, d), np.float32), np.zeros((n, most), np.int8)
        for i, crew in enumerate(self._crews):
            for j, (_, x) in enumerate(crew.running):
                pending[i, j], mask[i, j] = x, 1
        inner = obs if isinstance(obs, dict) else {"observation": obs}
        fresh = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in inner.items()}
        return {**fresh, "pending": pending, "pending_mask": mask}

    def masks(self) -> NDArray[np.bool_]:
        """Return the sensible actions, ``(n, a)``; with ``duplicates="mask"`` without pending ones."""
        out = self._kernel.masks()
        if self._kernel.parts.duplicates == "mask":
            for mask, crew in zip(out, self._crews, strict=True):
                mask[[int(action) for action, _ in crew.running]] = False
            out[~out.any(1)] = True
        return out


def check_pending(env: SuiteEnv, config: EnvConfig) -> None:
    """Refuse an env in which trials cannot be in flight."""
    suite, codec, why = env.suite, env.kernel.parts.codec, ""
    if suite.kind == "live":
        why = f"on {suite.name!r}, whose costs are unknown before"
    elif env.kernel.batch.signals:
        why = f"on {suite.name!r}, whose trials go on from each other"
    elif CODECS.name_of(type(codec)) not in KNOWN or codec.fidelity or codec.stop:
        why = f"with this codec; use one of {', '.join(KNOWN)}, without `fidelity` and `stop`"
    elif config.budget_cost is not None:
        why = "with `budget_cost`; give `budget`"
    elif isinstance(config, VectorConfig) and config.max_episode_steps is not None:
        why = "with `max_episode_steps`"
    elif type(env) not in CLASSES.values():
        why = f"of {type(env).__name__}"
    if why:
        raise InvalidValueError(f"`pending` must be 1 {why}, got {config.pending}; the nearest is 1.")


class PendingEnv(HPOEnv):
    """`HPOEnv` with trials in flight: ``gym.make(.., pending=q)``; see `hpo_gym.env.pending`.

    The observation is a dictionary: that of the plain env (under ``observation`` if it is none), ``pending``
    ``(q - 1, d)``, the pending configurations in [-1, 1], and ``pending_mask`` ``(q - 1,)``, 1 where there is one.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._flight = Flight(self.kernel, int(keywords.get("pending", 1)))
        self.observation_space = self._flight.space(self.observation_space)

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        _, info = super().reset(seed=seed, options=options)
        self._flight.begin()
        return self._shown(), info

    def step(self, action: ArrayLike) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Launch a trial, and deliver what ends; the info is that of the last trial delivered."""
        if self.kernel.waiting:
            return super().step(action)  # refuses
        over, rewards = False, list[Any]()
        info: dict[str, Any] = {"task": self._task, "task_index": self._task_index, "t": self._n_init}
        if self._incumbent is not None:
            info |= {"incumbent": self._incumbent_config(), "incumbent_score": self.kernel.runs.best.item(0)}
        for due in self._flight.launch(as_batch(action)):
            _, reward, over, _, info = super().step(due[0])
            rewards.append(reward)
        nothing = np.zeros(self.reward_dim) if self.kernel.parts.reward.dim else 0.0
        return self._shown(), sum(rewards[1:], start=rewards[0]) if rewards else nothing, over, False, info

    def action_masks(self) -> NDArray[np.int8]:
        return np.asarray(self._flight.masks()[0], np.int8)

    def _shown(self) -> Any:
        return first(self._flight.shown(self.kernel.observe()))


class PendingVectorEnv(HPOVectorEnv):
    """`HPOVectorEnv` with trials in flight, see `PendingEnv`; its runs begin together, so `reset` begins all."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._flight = Flight(self.kernel, int(keywords.get("pending", 1)))
        self.single_observation_space = self._flight.space(self.single_observation_space)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)

    def reset(self, *, seed: Seeds = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        mask = (options or {}).get("reset_mask")
        if mask is not None and not np.all(mask):
            raise InvalidValueError("`reset_mask` must begin all runs where trials are in flight, got some of them.")
        obs, info = super().reset(seed=seed, options=options)
        self._flight.begin()
        return self._flight.shown(obs), info

    def step(self, actions: ArrayLike) -> Outcome:
        """Launch a trial of each run, and deliver what ends; infos are those of the last trials delivered."""
        if self.kernel.waiting:
            obs, total, terminated, truncated, info = super().step(actions)  # begins all anew, or refuses
            self._flight.begin()
            return self._flight.shown(obs), total, terminated, truncated, info
        total, none = np.zeros(self._nothing), np.zeros(self.num_envs, bool)
        terminated, truncated = none, none.copy()
        obs, info = None, self._reset_info()
        for due in self._flight.launch(np.asarray(actions)):
            obs, rewards, terminated, truncated, info = super().step(due)
            total = total + rewards
        if "final_obs" in info:
            last = info["final_obs"]
            last[:] = [first(self._flight.shown(_alone(one))) for one in last]
            info["final_obs"] = last
        if terminated.any():
            self._flight.begin()
        return self._flight.shown(self.kernel.observe() if obs is None else obs), total, terminated, truncated, info

    def observe(self) -> Any:
        return self._flight.shown(super().observe())

    def action_masks(self) -> NDArray[np.int8]:
        return self._flight.masks().astype(np.int8)


CLASSES: Mapping[type, type] = {HPOEnv: PendingEnv, HPOVectorEnv: PendingVectorEnv}
"""Env classes with trials in flight, by the plain ones."""


def _alone(obs: Any) -> Any:
    """Return the observation of one run as a batch of one."""
    return {name: value[None] for name, value in obs.items()} if isinstance(obs, dict) else np.asarray(obs)[None]
