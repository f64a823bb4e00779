"""Checks of a vector env's steps: each run equals that of a single env, whatever its neighbours do."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from hpo_gym.base import StateError
from hpo_gym.checks.beside import Reported, compare, numbers, plain_one, reported, reported_run
from hpo_gym.checks.choices import Action, codec_of, has_masks, stopping, walk
from hpo_gym.checks.defined import Defined
from hpo_gym.checks.drive import Driver, Env, Make, as_inside, episode_length, kernel_of, method, mode_of
from hpo_gym.checks.episodes import check_obs
from hpo_gym.checks.faults import Faults, Patience, difference

ARRAYS = ("task", "task_index", "score", "fidelity", "cost", "status", "incumbent_score", "t")
Info = Mapping[str, Any]

_RUNS = 5  # runs that are followed, and the last one
_STEPS, _LONG = 120, 40  # at most, and of episodes that end at different times
_SECONDS = 4.0  # of processor time: slower envs are not played on every task
_ROUNDING = 1e-9  # of a sum of rewards
_HISTORY, _MASKS = 40, 12  # trials up to which histories, and masks, are looked at
_OF = "{} of a vector env is not that of a single env of the same parts and seed"


def check_vector_steps(make: Make, faults: Faults) -> None:
    """Check the outcomes of a vector env: spaces, types, numbers, ends and beginnings."""
    env = make()
    _shapes(make(), faults)
    Many(env, faults).play()
    env = make()
    env.reset(seed=5)
    different = len(np.unique(kernel_of(env).seeds)) == env.num_envs
    faults.expect(different, "One integer as seed gives two runs the same seed")


def _shapes(env: Env, faults: Faults) -> None:
    driver, n = Driver(env, 1), env.num_envs
    check_obs(driver.first[0], env.observation_space, "`reset`", faults)
    patience = Patience(_SECONDS / 2)
    for _ in range(min(3 * episode_length(env), _STEPS)):
        if patience.over:
            return
        outcome = driver.step()
        check_obs(outcome[0], env.observation_space, "A step", faults)
        for name in ARRAYS:
            if faults.expect(name in outcome[-1], f"The infos lack {name!r}"):
                value = outcome[-1][name]
                good = isinstance(value, np.ndarray) and value.shape == (n,)
                faults.expect(good, f"`infos[{name!r}]` is not an array of shape ({n},)")
        if len(outcome) == 5:
            for name, flags, kind in (("rewards", outcome[1], np.float64), ("terminated", outcome[2], bool),
                                      ("truncated", outcome[3], bool)):  # fmt: skip
                good = isinstance(flags, np.ndarray) and flags.dtype == kind and flags.shape == (n,)
                faults.expect(good, f"`{name}` is not an array of {np.dtype(kind)} and shape ({n},)")
            faults.expect(np.isfinite(outcome[1]).all(), "A reward is not finite")


class CheckedRun:
    """A run of the vector env, and its counterpart in a single env."""

    def __init__(self, i: int, env: Env, same: dict[str, bool], faults: Faults) -> None:
        self.i, self.single = i, plain_one(env)
        defined = Defined(env, same, faults)
        self.defined = defined if defined.differs else None  # else the single env is the same
        self.last: Reported | None = None
        self.between = False
        self.rewards: list[float] = []

    def begin(self, seed: int | None, task: str | None, got: Reported) -> Reported:
        """Begin an episode of the single env; `got` is what the vector env says of it."""
        self.between, self.rewards = False, []
        self.last = reported(self.single.reset(seed=seed, options=None if task is None else {"task": task}))
        if self.defined is not None:
            self.defined.begin(seed, task, got)
        return self.last


class Many:
    """The vector env, and single envs beside it."""

    def __init__(self, env: Env, faults: Faults) -> None:
        self.env, self.faults, self.mode = env, faults, mode_of(env)
        self.same = {what: as_inside(env, what) for what in ("observation", "reward")}
        n = env.num_envs
        self.runs = [CheckedRun(i, env, self.same, faults) for i in sorted({*range(min(n, _RUNS)), n - 1})]
        self.limit = getattr(env.unwrapped, "max_episode_steps", None)
        self._actions = walk(env, 5)
        self.good, self.patience = True, Patience(_SECONDS)

    def play(self) -> None:
        """Episodes of all runs; then of tasks that are asked for, and of some runs that begin anew."""
        env, n = self.env, self.env.num_envs
        if not as_inside(env, "action"):
            return
        names, length = [task.name for task in kernel_of(env).batch.tasks], episode_length(env)
        even, last = np.arange(n) % 2 == 0, np.arange(n) >= n - 2
        odd = ~even if n > 1 else even
        openings: list[tuple[dict[str, Any], int]] = [
            ({"seed": [3 + 7 * i for i in range(n)]}, min(3 * length + 5, _STEPS)),
            ({"task": names[-1]}, min(length, 8) + 1),
            ({"task": [names[i % len(names)] for i in range(n)], "seed": [2 * i for i in range(n)]}, 2),
            ({"which": even}, 2),
            ({"which": odd, "task": names[0]}, 2),
            ({"which": even, "seed": [50 + i for i in range(even.sum())]}, 2),
            # runs that began at different times end at different times
            ({"which": last, "task": [names[-1 - i % len(names)] for i in range(last.sum())]}, min(length, _LONG) + 3),
            ({"seed": [None if i % 2 == 0 else 90 + i for i in range(n)]}, 2),
        ]
        for keywords, count in openings:
            self._reset(**keywords)
            self._steps(count)
        self._reset()
        self._steps(min(length, 8) + 1, stop=True)
        for start in range(0, len(names), n):
            if self.patience.over:
                self.faults.leave_out(f"{len(names) - start} of {len(names)} tasks")
                return
            self._reset(task=[names[(start + i) % len(names)] for i in range(n)])
            self._steps(2)

    # ------------------------------------------------------------------ beginnings
    def _reset(
        self,
        which: NDArray[np.bool_] | None = None,
        seed: list[int | None] | None = None,
        task: str | list[str] | None = None,
    ) -> None:
        """Begin runs, in the vector env and beside it; of seeds and tasks, one for each run that begins."""
        if not self.good:
            return
        env = self.env
        given: dict[str, Any] = {} if task is None else {"task": task}
        begun = np.ones(env.num_envs, bool) if which is None else which
        if which is not None:
            given["reset_mask"] = which.copy()
        outcome = env.reset(seed=seed, options=given or None)
        for run in self.runs:
            if begun[run.i]:
                place = int(begun[: run.i].sum())
                name = task[place] if isinstance(task, list) else task
                self._begun(run, outcome, None if seed is None else seed[place], name)
            elif run.last is not None:
                self._compare("What a reset of other runs leaves", reported_run(env, outcome, run.i), run.last._replace(
                    reward=0.0, terminated=False, truncated=False), run)  # fmt: skip
                if not run.between:
                    self._same_history(run)

    def _begun(self, run: CheckedRun, outcome: Sequence[Any], seed: int | None, task: str | None) -> None:
        """Check a run that begins with an outcome of the vector env."""
        got = reported_run(self.env, outcome, run.i)
        expected = run.begin(seed, task, got)
        if task is not None:
            good = got.info.get("task") == task
            self._expect(good, "`options={'task': ..}` is not the task of the episodes that it begins")
        self._compare("A beginning", got, expected, run)
        self._same_history(run)
        blank = "incumbent_score" not in expected.info
        for name in ("score", "incumbent_score")[: 2 if blank else 1]:
            if name in got.info:
                self._expect(np.isnan(got.info[name]), f"`infos[{name!r}]` of a run that has just begun is not NaN")

    # ------------------------------------------------------------------ steps
    def _steps(self, count: int, stop: bool = False) -> None:
        for step in range(count):
            if not self.good or self.patience.over:
                return
            actions = next(self._actions)
            if stop and step == 1 and codec_of(self.env).stop:
                actions[0] = stopping(actions[0], self.env)
            self._step(actions, self.env.step(actions.copy()))
            self._disabled()

    def _step(self, actions: NDArray[Any], outcome: Sequence[Any]) -> None:
        ended = np.zeros(self.env.num_envs, bool)
        for run in self.runs:
            if run.between:
                begun = reported_run(self.env, outcome, run.i)
                idle = begun.reward == 0.0 or not self.same["reward"]
                self._expect(idle, "A run that begins in a step has a reward in it")
                self._expect(not (begun.terminated or begun.truncated), "A run that begins in a step ends in it")
                self._begun(run, (outcome[0], outcome[-1]), None, None)
            else:
                ended[run.i] = self._stepped(run, actions[run.i], outcome)
        if self.mode is AutoresetMode.SAME_STEP:
            for name in ("_final_obs", "_final_info") if ended.any() else ():
                if self._expect(name in outcome[-1], f"The infos of a step that ends an episode lack {name!r}"):
                    flags = np.asarray(outcome[-1][name])
                    self._expect(all(flags[r.i] == ended[r.i] for r in self.runs), f"`{name}` is not who has ended")
            said = any(k in outcome[-1] for k in ("final_obs", "final_info"))
            self._expect(not said or ended.any() or len(self.runs) < self.env.num_envs, "`final_obs` where nobody ends")

    def _stepped(self, run: CheckedRun, action: Action, outcome: Sequence[Any]) -> bool:
        """Check a run that continues; return whether its episode ends."""
        expected = reported(run.single.step(action))
        run.rewards.append(expected.reward)
        late = self.limit is not None and len(run.rewards) >= self.limit
        expected = run.last = expected._replace(truncated=late)
        got = reported_run(self.env, outcome, run.i)
        ended = expected.terminated or late
        same_step = ended and self.mode is AutoresetMode.SAME_STEP
        if same_step:
            flags = (expected.reward, expected.terminated, expected.truncated)
            self._compare("A step that ends an episode", got, Reported(got.obs, *flags, {}), run)
            self._final(run, outcome[-1], expected)
        else:
            self._compare("A step", got, expected, run)
            if expected.info["t"] <= _HISTORY:
                self._same_history(run)
            if expected.info["t"] <= _MASKS and has_masks(run.single.action_space):
                masks = method(self.env, "action_masks")()[run.i]
                same = difference(run.single.action_masks(), np.asarray(masks)) is None
                self._expect(same, "`action_masks` are not those of a single env of the same seed")
        if run.defined is not None:
            told = got._replace(info={**expected.info, **({} if same_step else got.info)})
            with self.faults.guard("To find what an action asks for"):
                run.defined.step(action, told, shown=not same_step)
        if ended:
            self._statistics(run, outcome[-1])
            run.between = not same_step
            if same_step:
                self._begun(run, (outcome[0], outcome[-1]), None, None)
        return ended

    def _final(self, run: CheckedRun, infos: Info, expected: Reported) -> None:
        """Return the report on the last step of an episode, from the step that ends it and begins the next one."""
        if not self._expect("final_obs" in infos and "final_info" in infos, "No `final_obs` or `final_info` at an end"):
            return
        obs = infos["final_obs"][run.i]
        if self._expect(obs is not None, "`final_obs` holds nothing of a run that has ended"):
            info = numbers(infos["final_info"], run.i)
            self._compare("`final_obs` or `final_info`", Reported(obs, *expected[1:4], info), expected, run)

    def _statistics(self, run: CheckedRun, infos: Info) -> None:
        if not getattr(self.env.unwrapped, "statistics", False):
            return
        if self._expect("episode" in infos, "The step that ends an episode has no `episode` in its infos"):
            total, length = infos["episode"]["r"][run.i], infos["episode"]["l"][run.i]
            near = abs(total - sum(run.rewards)) <= _ROUNDING * (1 + sum(map(abs, run.rewards)))
            self._expect(near or not self.same["reward"], "`infos['episode']['r']` is not the sum of the rewards")
            self._expect(length == len(run.rewards), "`infos['episode']['l']` is not the number of steps")

    def _disabled(self) -> None:
        """Check that, without autoreset, an ended run begins on command, not before."""
        over = np.array(kernel_of(self.env).over)
        for run in self.runs:
            over[run.i] = run.between
        if self.mode is not AutoresetMode.DISABLED or not over.any() or not self.good:
            return
        late = functools.partial(self.env.step, next(self._actions))
        for _ in range(2):
            self.faults.refuses("A step of runs that have ended, with autoreset disabled", late, (StateError,))
        self._reset(over)

    # ------------------------------------------------------------------ words
    def _compare(self, what: str, got: Reported, expected: Reported, run: CheckedRun) -> None:
        self.good &= compare(_OF.format(what), got, expected, self.same, self.faults)

    def _same_history(self, run: CheckedRun) -> None:
        same = method(self.env, "history")(run.i) == run.single.history()
        self._expect(same, "`history(i)` is not that of a single env of the same seed")

    def _expect(self, claim: object, fault: str) -> bool:
        good = self.faults.expect(claim, fault)
        self.good &= good
        return good
