"""`HPOEnv`: hyperparameter optimisation as a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import StateError
from hpo_gym.env.codecs import as_batch
from hpo_gym.env.config import SingleConfig
from hpo_gym.env.infos import TrialInfo
from hpo_gym.env.keywords import takes
from hpo_gym.env.make import RENDER_FPS, RENDER_MODES, check_options, check_seed, task_positions
from hpo_gym.env.observers import first
from hpo_gym.env.rewards.objectives import last_outcomes
from hpo_gym.env.runs.which import ALL_RUNS
from hpo_gym.env.single import single_of
from hpo_gym.env.snapshots import restore, snapshot
from hpo_gym.env.suite_env import SuiteEnv
from hpo_gym.problem import LABELS, AnySpace, History, TaskBatch


class HPOEnv(SuiteEnv, gym.Env[Any, Any]):
    """Tune the hyperparameters of a model: one episode is one run on one task.

    ## Description
    A task is a data set and a way to train a model on it. At each step the agent chooses a configuration, the env
    evaluates it, and the agent sees how good it was. The aim is a good configuration within the budget.

    ## Action space
    Given by the codec of `hpo_gym.env.codecs`. ``box`` (default): ``Box(-1, 1, (d,))``; ``move``, ``pool``.

    ## Observation space
    Given by the observer of `hpo_gym.env.observers`. ``last`` (default): ``Box`` of ``(d + 3,)``: last configuration,
    its and the incumbent's score, share of budget left; ``summary``, ``history``, ``tokens``, ``pool``,
    ``text``.

    ## Reward
    ``score`` (default): the validation score of the trial, higher is better. Others: ``improvement``,
    ``normalized_improvement``, ``regret``, ``regret_drop``, ``log_regret``. See `hpo_gym.env.rewards`.
    With ``objectives`` it is a vector in MO-Gymnasium's convention, all maximised: a minimised objective is negated.

    ## Starting state
    A task is drawn from the split; ``n_init`` configurations, the same for all agents, are evaluated first, uncharged.

    ## Episode end
    The episode terminates when the budget is spent (the budget left is observed, so this is part of the problem), or
    when an action stops it. It is never truncated from inside. A repeated configuration ends nothing.

    ## Info
    ``task``, ``task_index`` (its position in `task_names`), ``config`` (evaluated configuration), ``score``,
    ``fidelity``, ``cost``, ``status``, ``incumbent`` (best configuration so far), ``incumbent_score``, ``t`` (trials so
    far, including the initial design); after `reset` only what needs no trial. With ``objectives`` or ``constraints``
    also ``objectives``, their values in their own units, ``(o,)``; `objectives` of the env are their names.

    ## Arguments
        suite: A registered name, a folder that `Suite.save` wrote, or a `Suite`.

    The other arguments are the keywords of `hpo_gym.env.config.EnvConfig`, in which each is described.

    Raises:
        HPOGymError: A keyword, action or call that breaks its rule; the state does not change.

    ## Version history
    v0: first version.
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": RENDER_FPS}  # noqa: RUF012 - Gymnasium's own form

    @takes(SingleConfig, "the env")
    def __init__(self, config: SingleConfig) -> None:
        self._make(1, config, "gymnasium.wrappers.HumanRendering")
        self.observation_space, self.action_space = self.kernel.spaces()
        self._single = single_of(self.kernel)
        self._task, self._task_index = "", 0
        self._incumbent: dict[str, Any] | int | None = None  # a row where `_single` steps

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Seed of this and the following episodes; None continues the current stream.
            options: ``{"task": name}`` chooses the task.
        """
        given = check_options(options, ("task",))
        kernel = self.kernel
        tasks: NDArray[np.int64] | None = None
        if given.get("task") is not None:
            tasks = np.array(task_positions(kernel.batch.tasks, given["task"], 1))
        if seed is not None:
            seed = check_seed(seed)
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            start = seed if seed is not None else int(self.np_random.integers(2**63))
            kernel.seed(np.zeros(1, np.int64), np.array([start % 2**64], np.uint64))
            self._seeded = True
        kernel.begin(ALL_RUNS, tasks)
        runs = kernel.runs
        self._task_index = runs.task.item(0)
        self._task = self.task_names[self._task_index]
        info: dict[str, Any] = {"task": self._task, "task_index": self._task_index, "t": self._n_init}
        self._incumbent = None
        if self._n_init:
            best = self.history().incumbent
            assert best is not None
            self._incumbent = dict(best.config)
            info |= {"incumbent": dict(best.config), "incumbent_score": best.score}
        return first(kernel.observe()), info

    def step(self, action: ArrayLike) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Evaluate the configuration encoded by `action`; the reward is a number, with `objectives` an array ``(o,)``.

        Raises:
            StateError: Before the first `reset`, or after the end of the episode.
            InvalidValueError: The action is outside the action space.
        """
        kernel = self.kernel
        if kernel.waiting:
            raise StateError("An episode must be running: call `reset` before the first step and after the last.")
        single = self._single
        if single is not None and self._reported is None:
            reward = single.step(action)
            terminated = kernel.ended_one()
            if terminated:
                kernel.finish(ALL_RUNS)
            return single.observe(), reward, terminated, False, self._info_of_row(single.row)
        rewards = kernel.step(as_batch(action))
        terminated = not kernel.ended().none
        if terminated:
            kernel.finish(ALL_RUNS)
        shown = rewards[0] if rewards.ndim > 1 else rewards.item()
        return first(kernel.observe()), shown, terminated, False, self._info()

    def history(self) -> History:
        """Return the trials of this episode so far."""
        return self._history(0)

    def action_masks(self) -> NDArray[np.int8]:
        """Return 1 for each sensible action, ``(a,)``, as Gymnasium's ``sample(mask=)`` and sb3-contrib take it.

        Sensible are measured rows of the task, with ``duplicates="mask"`` untried ones.
        """
        return np.asarray(self.kernel.masks()[0], np.int8)

    def snapshot(self) -> bytes:
        """Return the current episode, if trials build on each other: about 6 kB, checksummed.

        Raises:
            StateError: Before the first `reset`, or on a suite whose trials do not go on from each other.
        """
        self._check_begun()
        return snapshot(self.kernel, 0)

    def restore(self, data: bytes) -> Any:
        """Go on from a snapshot of the same task; returns the observation.

        The trials, the budget spent and the later draws are those of the snapshot: the same actions, the same outcomes.

        Raises:
            StateError: As of `snapshot`.
            InvalidValueError: A snapshot of another task, budget or env; nothing has changed.
            DamagedDataError: What was cut or changed; nothing has changed.
        """
        self._check_begun()
        restore(self.kernel, 0, data)
        best = self.history().incumbent
        self._incumbent = None if best is None else dict(best.config)
        return first(self.kernel.observe())

    def render(self) -> Any:
        """Draw the run so far: a text, or an RGB picture ``(h, w, 3)``."""
        return self._draw(0)

    def close(self) -> None:
        """End what live tasks have running; a step after it starts that anew."""
        self.kernel.batch.close()

    def _info_of_row(self, row: int) -> TrialInfo:
        """Return the info of a trial of a table's row, made when it is asked for."""
        kernel, runs = self.kernel, self.kernel.runs
        if self._incumbent is None or (runs.best is not runs.previous and runs.improved()):
            self._incumbent = row
        step = self._task_index, row, self._incumbent
        given = kernel.batch, self._task, step, runs.count(0), runs.last.item(0), runs.best.item(0)
        return TrialInfo(self._task, partial(_made, *given))

    def _incumbent_config(self) -> dict[str, Any]:
        """Return the configuration of the incumbent, fresh; there is one."""
        best = self._incumbent
        if isinstance(best, int):
            return self.kernel.batch.config(self._task_index, best)
        assert best is not None
        return best.copy()

    def _info(self) -> dict[str, Any]:
        kernel, runs = self.kernel, self.kernel.runs
        if kernel.stopped is not None:
            info: dict[str, Any] = {"task": self._task, "task_index": self._task_index, "t": runs.count(0)}
            if self._incumbent is not None:
                info |= {"incumbent": self._incumbent_config(), "incumbent_score": runs.best.item(0)}
            return info
        config, fidelity, cost, status = runs.outcome_of(0)
        if self._incumbent is None or kernel.improved:
            self._incumbent = config.copy()
        info = {
            "task": self._task, "task_index": self._task_index, "t": runs.count(0), "config": config,
            "score": runs.last.item(0), "fidelity": fidelity, "cost": cost, "status": LABELS[status],
            "incumbent": self._incumbent_config(), "incumbent_score": runs.best.item(0),
        }  # fmt: skip
        if self._reported is not None:
            info["objectives"] = last_outcomes(self._reported, runs)[0]
        return info


def _made(
    batch: TaskBatch, task: str, step: tuple[int, int, int | dict[str, Any]], t: int, score: float, best: float
) -> dict[str, Any]:
    """Return the info of a full evaluation of a row; `step` has the task, the row and the incumbent's or itself."""
    index, row, incumbent = step
    cost, status = batch.outcome_of(index, row, 1.0)
    return {
        "task": task, "task_index": index, "t": t, "config": batch.config(index, row), "score": score, "fidelity": 1.0,
        "cost": cost, "status": LABELS[status],
        "incumbent": batch.config(index, incumbent) if isinstance(incumbent, int) else incumbent.copy(),
        "incumbent_score": best,
    }  # fmt: skip


class LiveEnv(HPOEnv):
    """Tune what really trains: an `HPOEnv` on objectives that run when a step asks for it; id ``hpo_gym/Live-v0``.

    ``objective=f, space=space`` makes any function a task; ``task="digits-mlp"`` is a ready one; without either, a
    ready task of the split is drawn for each episode. Each trial runs in a fresh process: whatever goes wrong in it has
    a status, and the episode goes on. `close` ends all processes. Rewards that read the unknown best score are refused.

    ## Arguments
        Those of `HPOEnv`, and of `hpo_gym.env.live.live_keywords`.

    ## Version history
    v0: first version.
    """

    def __init__(
        self, objective: Callable[..., Any] | None = None, space: AnySpace | None = None, **keywords: Any
    ) -> None:
        from hpo_gym.env.live import check_keywords, live_keywords

        check_keywords(list(keywords), HPOEnv.__init__)
        super().__init__(**live_keywords(objective, space, **keywords))
