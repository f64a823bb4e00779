"""`HPOVectorEnv`: many runs at once by the same kernel, near the speed of bare NumPy."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError, Mask, StateError, seeding, shown, unknown, whole
from hpo_gym.env import compiled
from hpo_gym.env.compiled import CompiledStep, Outcome
from hpo_gym.env.config import VectorConfig
from hpo_gym.env.infos import Lazy, MixedInfo, ResetInfo, Step, StepInfo, final_infos, reported_of, step_of
from hpo_gym.env.kernel import pick, put
from hpo_gym.env.keywords import takes
from hpo_gym.env.make import RENDER_FPS, RENDER_MODES, check_options, check_seed, is_row, task_positions
from hpo_gym.env.observers import Observation
from hpo_gym.env.runs.which import ALL_RUNS, Which
from hpo_gym.env.snapshots import restore, snapshot
from hpo_gym.env.suite_env import SuiteEnv
from hpo_gym.env.watch import Watch
from hpo_gym.problem import AnySpace, History

Seeds = int | Sequence[int | None] | None
_Numbers = tuple[Floats, Mask, Mask]  # rewards, terminated, truncated
_SPAWN = 7  # salt
_zeros, _BOOL = np.zeros, np.dtype(bool)


class HPOVectorEnv(SuiteEnv, VectorEnv[Any, Any, Any]):
    """`num_envs` runs of `HPOEnv` at once, bit-for-bit equal to single envs.

    Observations, actions and rewards are those of `HPOEnv` with `n` in front. Infos hold arrays ``(n,)``: ``task``
    (names), ``task_index``, ``status`` (codes of `Status`), ``score``, ``fidelity``, ``cost``, ``incumbent_score``,
    ``t``, with ``objectives`` also these ``(n, o)``; a run that has just begun has NaN as its score. `history` gives a
    run's trials. Nothing that is handed out is written again; ``task``, ``score`` and ``incumbent_score`` are
    read-only, since the env goes on with them: copy them to change them.

    Args:
        autoreset_mode: When an ended run restarts. ``NEXT_STEP``: in the next step, whose action is ignored.
            ``SAME_STEP``: at once; the last observation and info stand in ``final_obs`` and ``final_info``.
            ``DISABLED``: when `reset` is called with ``options={"reset_mask": mask}``; before, ended runs refuse steps.
        statistics: Whether the step in which a run ends has ``episode`` (``r`` return, ``l`` length, ``t`` seconds) and
            ``_episode`` (whose), as Gymnasium's RecordEpisodeStatistics gives them: faster, and not beside it.
        max_episode_steps: After how many steps an episode is truncated, or None. A step that spends the budget too is
            both terminated and truncated, as with Gymnasium's `TimeLimit`.

    The other arguments, and what is raised, are those of `HPOEnv`.
    """

    metadata = {  # noqa: RUF012 - Gymnasium's own form
        "render_modes": list(RENDER_MODES),
        "render_fps": RENDER_FPS,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    @takes(VectorConfig, "the env")
    def __init__(self, config: VectorConfig) -> None:
        steps, statistics = config.max_episode_steps, config.statistics
        self.max_episode_steps = None if steps is None else whole("max_episode_steps", steps)
        if not isinstance(statistics, bool):
            raise InvalidValueError(f"`statistics` must be True or False, got {shown(statistics)}.")
        self.statistics, self.autoreset_mode = statistics, _mode(config.autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self._make(config.num_envs, config, "gymnasium.wrappers.vector.HumanRendering")
        self.most_steps = min(self.most_steps, self.max_episode_steps or self.most_steps)
        num_envs, dim = self.kernel.n, self.kernel.parts.reward.dim
        self.num_envs = num_envs
        self._nothing = (num_envs, dim) if dim else (num_envs,)  # the shape of rewards
        self.single_observation_space, self.single_action_space = self.kernel.spaces()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        watched = statistics or self.max_episode_steps is not None
        self._watch = Watch(num_envs, self.max_episode_steps, dim) if watched else None
        self._compiled: CompiledStep | None = None
        self._compile_at: float = compiled.AFTER

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is compiled: a copy has taken no steps."""
        return {**self.__dict__, "_compiled": None, "_compile_at": self.kernel.runs.clock + compiled.AFTER}

    # ------------------------------------------------------------------ reset
    def reset(self, *, seed: Seeds = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin episodes.

        Args:
            seed: None goes on; an integer spawns a seed for each run; a sequence holds one as of `HPOEnv` for each.
            options: ``{"task": name or names}``; ``{"reset_mask": mask}`` begins only those runs, ``(n,)`` booleans.
        """
        given = check_options(options, ("task", "reset_mask"))
        which = self._masked(given.get("reset_mask"))
        count = len(which.positions(self.num_envs))
        tasks: Ints | None = None
        if given.get("task") is not None:
            tasks = np.array(task_positions(self.kernel.batch.tasks, given["task"], count))
        self._seed(seed, which)
        self._begin(which, tasks)
        if which.all:
            return self.kernel.observe(), self._reset_info()
        return self.kernel.observe(), self._mixed(self._info(), np.flatnonzero(self.kernel.runs.t == self._n_init))

    def _masked(self, mask: object) -> Which:
        if mask is None:
            return ALL_RUNS
        given = mask
        if isinstance(mask, (list, tuple)) and all(isinstance(m, (bool, np.bool_)) for m in mask):
            mask = np.array(mask, bool)
        if not isinstance(mask, np.ndarray) or mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise InvalidValueError(f"`reset_mask` must be booleans of shape ({self.num_envs},), got {shown(given)}.")
        if not mask.any():
            raise InvalidValueError("`reset_mask` must name at least one run, got none.")
        if not self._seeded and not mask.all():
            raise StateError("The first reset must begin all runs, got a mask of some.")
        return ALL_RUNS if mask.all() else Which(np.flatnonzero(mask))

    def _seed(self, seed: Seeds, which: Which) -> None:
        kernel, chosen = self.kernel, which.positions(self.num_envs)
        if seed is None and not self._seeded:
            seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
        if seed is None:
            return
        if is_row(seed):
            if len(seed) != len(chosen):
                raise InvalidValueError(f"`seed` must hold one seed for each of {len(chosen)} runs, got {shown(seed)}.")
            if not self._seeded and any(s is None for s in seed):
                raise InvalidValueError("The seeds of the first reset must all be integers, got None among them.")
            given = [None if s is None else check_seed(s) for s in seed]
            new = np.array([s is not None for s in given], bool)
            kernel.seed(chosen[new], np.array([s for s in given if s is not None], np.uint64))
        else:
            start = np.array([check_seed(seed) % 2**64], np.uint64)
            kernel.seed(chosen, seeding.mix(seeding.mix(start, _SPAWN), chosen.astype(np.uint64)))
        self._seeded = True

    def _begin(self, which: Which, tasks: Ints | None = None) -> None:
        self.kernel.begin(which, tasks)
        if self._watch is not None:
            self._watch.begin(which)
        if self.kernel.runs.clock >= self._compile_at:
            self._compile_at = np.inf
            if self.max_episode_steps is None:
                self._compiled = compiled.compiled_step(self.kernel, self._watch, self._info)

    # ------------------------------------------------------------------ step
    def step(self, actions: ArrayLike) -> Outcome:
        """Advance every run by one action.

        Raises:
            StateError: Before the first `reset`; with autoreset disabled, also if a run has ended.
            InvalidValueError: An action is outside the action space; no run has moved.
        """
        if self._compiled is not None and (found := self._compiled(actions)) is not None:
            return found
        kernel, renewed = self.kernel, None
        if kernel.waiting:
            renewed = self._between()
            if renewed.all():  # all begin anew; the actions are checked and ignored
                kernel.parts.codec.decode(kernel.contexts, kernel.runs, actions)
                if self._watch is not None:
                    self._watch.step(None)
                self._begin(ALL_RUNS)
                zeros = np.zeros(self.num_envs, bool)
                return kernel.observe(), np.zeros(self._nothing), zeros, zeros.copy(), self._reset_info()
        rewards = kernel.step(actions, renewed)
        if self._watch is not None:
            self._watch.step(rewards)
        terminated, truncated = _zeros(self.num_envs, _BOOL), _zeros(self.num_envs, _BOOL)
        ended = kernel.ended()
        if not ended.none:
            terminated[ended.at] = True
        if self._watch is not None and self.max_episode_steps is not None:
            truncated |= self._watch.late() & ~kernel.over  # also where the budget is spent, as Gymnasium's TimeLimit
            which = (terminated | truncated).nonzero()[0]
            ended = ALL_RUNS if len(which) == self.num_envs else Which.of(which)
        obs = kernel.observe()
        if renewed is None and ended.none:
            return obs, rewards, terminated, truncated, self._info()
        return self._turn(obs, (rewards, terminated, truncated), ended, renewed)

    def _turn(self, obs: Observation, numbers: _Numbers, ended: Which, renewed: Mask | None) -> Outcome:
        """Finish a step in which episodes end or begin."""
        kernel, info = self.kernel, self._info()
        if kernel.stopped is not None:
            stopped = kernel.stopped.nonzero()[0]
            info = MixedInfo(info.step, stopped, self._lazy(info.step, stopped))
        if not ended.none:
            if self._watch is not None and self.statistics:
                info.update(self._watch.statistics(ended))
            if self.autoreset_mode is AutoresetMode.SAME_STEP:
                lazy = final_infos(self.num_envs, ended, pick(obs, ended), info)
                self._begin(ended)
                if ended.all:
                    return kernel.observe(), *numbers, self._reset_info(lazy, info)
                began = ended.positions(self.num_envs)
                obs = put(obs, began, kernel.observe_some(began))
                return obs, *numbers, self._mixed(info, began, lazy)
            kernel.finish(ended)
        if renewed is not None:
            began = renewed.nonzero()[0]
            self._begin(Which(began))
            obs, info = put(obs, began, kernel.observe_some(began)), self._mixed(info, began)
        return obs, *numbers, info

    def _between(self) -> NDArray[np.bool_]:
        if not self._seeded:
            raise StateError("Call `reset` before the first step.")
        if self.autoreset_mode is AutoresetMode.DISABLED:
            over = np.flatnonzero(self.kernel.over).tolist()
            raise StateError(f"Runs {over[:8]} have ended: call `reset` with `options={{'reset_mask': mask}}` first.")
        return self.kernel.over.copy()

    # ------------------------------------------------------------------ infos
    def _info(self) -> StepInfo:
        kernel = self.kernel
        runs = kernel.runs
        cell, at = (runs.base, runs.last_at()) if runs.cell is None else (runs.cell, None)
        fidelity = runs.last_fidelity() if "fidelity" in runs.kept else None
        outcome = runs.last_outcome() if "cost" in runs.kept else None
        step = step_of((kernel.batch, runs.task, cell, at, runs.last, runs.best, fidelity, runs.t, outcome))
        return StepInfo(step) if self._reported is None else StepInfo(step, self._lazy(step, None))

    def _lazy(self, step: Step, began: Ints | None) -> Lazy:
        """Return the objectives in the infos of a step, if asked for; NaN for runs that have just begun."""
        if self._reported is None:
            return {}
        return {"objectives": functools.partial(reported_of, self._reported, step, began)}

    def _mixed(self, info: StepInfo, began: Ints, lazy: Lazy | None = None) -> StepInfo:
        """Return the infos of a step after some runs have begun anew."""
        runs = self.kernel.runs
        if isinstance(info, MixedInfo):
            began = np.concatenate([began, info.began])
        batch, _, cell, at, score, _, fidelity, _, outcome = info.step
        step = step_of((batch, runs.task, cell, at, score, runs.best, fidelity, runs.t, outcome))
        mixed = MixedInfo(step, began, self._lazy(step, began) | (lazy or {}))
        if info.has("episode"):
            mixed["episode"], mixed["_episode"] = info["episode"], info["_episode"]
        return mixed

    def _reset_info(self, lazy: Lazy | None = None, before: StepInfo | None = None) -> StepInfo:
        runs = self.kernel.runs
        step = Step(self.kernel.batch, runs.task, runs.base, None, runs.last, runs.best, None, runs.t, None)
        info = ResetInfo(step, self._lazy(step, np.arange(self.num_envs)) | (lazy or {}))
        if before is not None and before.has("episode"):
            info["episode"], info["_episode"] = before["episode"], before["_episode"]
        return info

    # ------------------------------------------------------------------ views
    def history(self, i: int) -> History:
        """Return the trials of run `i` in its episode so far."""
        self._check_run(i)
        return self._history(i)

    def snapshot(self, i: int) -> bytes:
        """Run `i` as it is now; see `HPOEnv.snapshot`."""
        self._check_begun()
        self._check_run(i)
        return snapshot(self.kernel, i)

    def restore(self, i: int, data: bytes) -> None:
        """Make run `i` go on from a snapshot of any run of the same task; see `HPOEnv.restore`.

        Statistics of episodes count the steps that were taken here. `observe` gives what the runs see now.
        """
        self._check_begun()
        self._check_run(i)
        restore(self.kernel, i, data)

    def observe(self) -> Any:
        """Return the observations of all runs now: those of the last `reset` or `step`, restored runs excepted."""
        if not self._seeded:
            raise StateError("Call `reset` before `observe`.")
        return self.kernel.observe()

    def _check_run(self, i: int) -> None:
        whole("i", i, 0, self.num_envs - 1)

    def action_masks(self) -> NDArray[np.int8]:
        """Return 1 for each sensible action, ``(n, a)``."""
        return self.kernel.masks().astype(np.int8)

    def render(self) -> tuple[Any, ...] | None:
        """Draw each run: a picture or a text."""
        return None if self.render_mode is None else tuple(map(self._draw, range(self.num_envs)))

    def close_extras(self, **kwargs: object) -> None:
        """End what live tasks have running; a step after it starts that anew."""
        if hasattr(self, "kernel"):  # Gymnasium before 1.3 closes also what `__init__` refused
            self.kernel.batch.close()


class LiveVectorEnv(HPOVectorEnv):
    """`num_envs` runs of `hpo_gym.env.env.LiveEnv` at once, whose trials run side by side, at most `n_jobs` at a time.

    The arguments are those of `HPOVectorEnv`, and of `hpo_gym.env.live.live_keywords`.
    """

    def __init__(
        self,
        num_envs: int = 1,
        objective: Callable[..., Any] | None = None,
        space: AnySpace | None = None,
        **keywords: Any,
    ) -> None:
        from hpo_gym.env.live import check_keywords, live_keywords

        check_keywords(list(keywords), HPOVectorEnv.__init__)
        super().__init__(num_envs, **live_keywords(objective, space, **keywords))


def _mode(mode: str | AutoresetMode) -> AutoresetMode:
    if isinstance(mode, AutoresetMode):
        return mode
    by_name = {m.name: m for m in AutoresetMode} | {m.value: m for m in AutoresetMode}
    if not isinstance(mode, str) or mode not in by_name:
        raise unknown("autoreset mode", mode, {m.name for m in AutoresetMode})
    return by_name[mode]
