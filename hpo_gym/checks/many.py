"""Checks of a vector env's steps: each run equals that of a single env, whatever its neighbours do."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from hpo_gym.base import StateError
from hpo_gym.checks.asked import check_asked
from hpo_gym.checks.beside import CheckedRun, Reported, compare, numbers, reported, reported_run
from hpo_gym.checks.choices import Action, has_masks, stopping, walks
from hpo_gym.checks.drive import Driver, Env, Make, as_inside, codec_of, episode_length, kernel_of, method, mode_of
from hpo_gym.checks.episodes import check_obs
from hpo_gym.checks.faults import Faults, Patience, difference
from hpo_gym.checks.rows import Pools
from hpo_gym.checks.shown import check_shown

ARRAYS = ("task", "score", "fidelity", "cost", "status", "incumbent_score", "t")
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
    if kernel_of(env) is None or not hasattr(env.unwrapped, "suite"):
        faults.add("The env inside is not an HPOVectorEnv")
        return
    Many(env, faults).play()
    _integer_seed(make(), faults)


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


def _integer_seed(env: Env, faults: Faults) -> None:
    env.reset(seed=5)
    seeds = kernel_of(env).seeds
    faults.expect(len(np.unique(seeds)) == env.num_envs, "One integer as seed gives two runs the same seed")


class Moment(NamedTuple):
    """A step of the vector env: its input and its output."""

    actions: NDArray[Any]
    outcome: Sequence[Any]


class Many:
    """The vector env, and single envs beside it."""

    def __init__(self, env: Env, faults: Faults) -> None:
        self.env, self.faults, self.mode = env, faults, mode_of(env)
        self.same = {what: as_inside(env, what) for what in ("observation", "reward")}
        n = env.num_envs
        pools: Pools = {}
        self.runs = [CheckedRun(i, env, pools) for i in sorted({*range(min(n, _RUNS)), n - 1})]
        self.limit = getattr(env.unwrapped, "max_episode_steps", None)
        self._actions = walks(env, codec_of(env), 5)
        self.good, self.patience = True, Patience(_SECONDS)

    def play(self) -> None:
        """Episodes of all runs; then of tasks that are asked for, and of some runs that begin anew."""
        env, n = self.env, self.env.num_envs
        if not as_inside(env, "action"):
            return
        names = [task.name for task in kernel_of(env).batch.tasks]
        length = episode_length(env)
        self._reset(seed=[3 + 7 * i for i in range(n)])
        self._steps(min(3 * length + 5, _STEPS))
        self._reset(options={"task": names[-1]})
        self._steps(min(length, 8) + 1)
        self._reset(options={"task": [names[i % len(names)] for i in range(n)]}, seed=[2 * i for i in range(n)])
        self._steps(2)
        self._some(names)
        self._steps(min(length, _LONG) + 3)  # runs that began at different times end at different times
        self._reset(seed=[None if i % 2 == 0 else 90 + i for i in range(n)])
        self._steps(2)
        self._reset()
        self._steps(min(length, 8) + 1, stop=True)
        for start in range(0, len(names), n):
            if self.patience.over:
                self.faults.leave_out(f"{len(names) - start} of {len(names)} tasks")
                return
            self._reset(options={"task": [names[(start + i) % len(names)] for i in range(n)]})
            self._steps(2)

    def _some(self, names: list[str]) -> None:
        """Begin some runs, others with one task, some with seeds, then some with a task of their own each."""
        n = self.env.num_envs
        even = np.arange(n) % 2 == 0
        odd = ~even if n > 1 else even
        self._reset(even)
        self._steps(2)
        self._reset(odd, options={"task": names[0]})
        self._steps(2)
        self._reset(even, seed=[50 + i for i in range(even.sum())])
        self._steps(2)
        last = np.arange(n) >= n - 2
        self._reset(last, options={"task": [names[-1 - i % len(names)] for i in range(last.sum())]})

    # ------------------------------------------------------------------ beginnings
    def _reset(
        self,
        which: NDArray[np.bool_] | None = None,
        seed: list[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin runs, in the vector env and beside it; of seeds and tasks, one for each run that begins."""
        if not self.good:
            return
        env, given = self.env, dict(options or {})
        begun = np.ones(env.num_envs, bool) if which is None else which
        if which is not None:
            given["reset_mask"] = which.copy()
        outcome = env.reset(seed=seed, options=given or None)
        names = given.get("task")
        for run in self.runs:
            if begun[run.i]:
                place = int(begun[: run.i].sum())
                name = names[place] if isinstance(names, list) else names
                self._begun(run, outcome, None if seed is None else seed[place], name)
            elif run.last is not None:
                self._compare("What a reset of other runs leaves", reported_run(env, outcome, run.i), run.last._replace(
                    reward=0.0, terminated=False, truncated=False), run)  # fmt: skip

    def _begun(self, run: CheckedRun, outcome: Sequence[Any], seed: int | None, task: str | None) -> None:
        """Check a run that begins with an outcome of the vector env."""
        expected = run.begin(seed, task)
        got = reported_run(self.env, outcome, run.i)
        if task is not None:
            good = got.info.get("task") == task
            self._expect(good, "`options={'task': ..}` is not the task of the episodes that it begins")
        self._compare("A beginning", got, expected, run)
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
                space = self.env.unwrapped.single_action_space
                actions[0] = stopping(actions[0], space, codec_of(self.env))
            self._step(Moment(actions, self.env.step(actions.copy())))
            self._disabled()

    def _step(self, now: Moment) -> None:
        ended = np.zeros(self.env.num_envs, bool)
        for run in self.runs:
            if run.between:
                begun = reported_run(self.env, now.outcome, run.i)
                idle = begun.reward == 0.0 or not self.same["reward"]
                self._expect(idle, "A run that begins in a step has a reward in it")
                self._expect(not (begun.terminated or begun.truncated), "A run that begins in a step ends in it")
                self._begun(run, (now.outcome[0], now.outcome[-1]), None, None)
            else:
                ended[run.i] = self._stepped(run, now)
        if self.mode is AutoresetMode.SAME_STEP:
            for name in ("_final_obs", "_final_info") if ended.any() else ():
                if self._expect(name in now.outcome[-1], f"The infos of a step that ends an episode lack {name!r}"):
                    flags = np.asarray(now.outcome[-1][name])
                    self._expect(all(flags[r.i] == ended[r.i] for r in self.runs), f"`{name}` is not who has ended")
            said = any(k in now.outcome[-1] for k in ("final_obs", "final_info"))
            self._expect(not said or ended.any() or len(self.runs) < self.env.num_envs, "`final_obs` where nobody ends")

    def _stepped(self, run: CheckedRun, now: Moment) -> bool:
        """Check a run that continues; return whether its episode ends."""
        expected = reported(run.single.step(now.actions[run.i]))
        run.rewards.append(expected.reward)
        late = self.limit is not None and len(run.rewards) >= self.limit
        expected = run.last = expected._replace(truncated=late)
        got = reported_run(self.env, now.outcome, run.i)
        ended = expected.terminated or late
        same_step = ended and self.mode is AutoresetMode.SAME_STEP
        if same_step:
            flags = (expected.reward, expected.terminated, expected.truncated)
            self._compare("A step that ends an episode", got, Reported(got.obs, *flags, {}), run)
            self._final(run, now.outcome[-1], expected)
        else:
            self._compare("A step", got, expected, run)
            self._views(run)
        self._trial(run, now.actions[run.i], got, expected, same_step)
        if ended:
            self._statistics(run, now.outcome[-1])
            run.between = not same_step
            if same_step:
                self._begun(run, (now.outcome[0], now.outcome[-1]), None, None)
        return ended

    def _trial(self, run: CheckedRun, action: Action, got: Reported, expected: Reported, final: bool) -> None:
        """Check that the numbers of a trial are those of its task, from the reports of the vector env itself."""
        if "config" not in expected.info or run.account is None:
            return
        info = {**expected.info, **({} if final else got.info)}
        reward = got.reward if self.same["reward"] else None
        with self.faults.guard("To find what an action asks for"):
            check_asked(action, info, run.account, run.rows, self.faults)
        run.account.add(info, reward, got.terminated, got.truncated, self.faults)
        if self.same["observation"] and not final:
            with self.faults.guard("To read the observation"):
                check_shown(got.obs, run.account, run.rows, self.faults)

    def _final(self, run: CheckedRun, infos: Info, expected: Reported) -> None:
        """Return the report on the last step of an episode, from the step that ends it and begins the next one."""
        if not self._expect("final_obs" in infos and "final_info" in infos, "No `final_obs` or `final_info` at an end"):
            return
        obs = infos["final_obs"][run.i]
        if self._expect(obs is not None, "`final_obs` holds nothing of a run that has ended"):
            info = numbers(self.env, infos["final_info"], run.i)
            self._compare("`final_obs` or `final_info`", Reported(obs, *expected[1:4], info), expected, run)

    def _views(self, run: CheckedRun) -> None:
        """History and masks of a run."""
        assert run.account is not None
        t = run.account.t + 1
        if t <= _HISTORY:
            same = method(self.env, "history")(run.i) == run.single.history()
            self._expect(same, "`history(i)` is not that of a single env of the same seed")
        if t <= _MASKS and has_masks(run.single.action_space):
            masks = method(self.env, "action_masks")()[run.i]
            same = difference(run.single.action_masks(), np.asarray(masks)) is None
            self._expect(same, "`action_masks` are not those of a single env of the same seed")

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

    def _expect(self, claim: object, fault: str) -> bool:
        good = self.faults.expect(claim, fault)
        self.good &= good
        return good
