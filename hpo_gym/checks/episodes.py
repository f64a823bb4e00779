"""Checks of whole episodes of a single env: spaces, types, names and numbers, on every task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from hpo_gym.checks.account import Account, Info, check_given, is_number
from hpo_gym.checks.beside import Reported, compare, plain_many, reported, reported_run
from hpo_gym.checks.choices import Action, codec_of, has_masks, stopping, walk
from hpo_gym.checks.defined import Defined
from hpo_gym.checks.drive import Env, Make, as_inside, is_limited, kernel_of, method, most_steps
from hpo_gym.checks.faults import Faults, Patience
from hpo_gym.problem import LABELS

NAMES = ("task", "task_index", "config", "score", "fidelity", "cost", "status", "incumbent", "incumbent_score", "t")

OF_TRIALS = ("config", "score", "fidelity", "cost", "status", "objectives")

_LONG = 60  # steps: of longer episodes only the first is followed to its end, the others so far
_TASKS, _STEPS = 400, 1200  # so many tasks at most are visited, in so many steps together
_SECONDS = 6.0  # of processor time: slower envs are not played on every task
_MASKS = 12  # steps of an episode whose masks are looked at
_HISTORY = 40  # trials up to which every step's history is looked at


class EpisodePlan(NamedTuple):
    """An episode: how it begins, and how far it is followed."""

    seed: int | None = None
    task: str | None = None
    most: int = _LONG
    stop: bool = False


def check_episodes(make: Make, faults: Faults) -> None:
    """Episodes step by step: drawn ones, seeded anew, and one on every task that is asked for by name."""
    env = make()
    run, wanted = Episodes(env, faults), plans(env)
    for i, plan in enumerate(wanted):
        if not run.play(plan):
            return
        if run.patience.over and i + 1 < len(wanted):
            faults.leave_out(f"{len(wanted) - i - 1} of {len(wanted)} episodes, so some tasks")
            return


def plans(env: Env) -> list[EpisodePlan]:
    """Return the episodes of a check."""
    names = [task.name for task in kernel_of(env).batch.tasks]
    chosen = np.unique(np.linspace(0, len(names) - 1, _TASKS).round().astype(int))
    most, drawn = min(max(_STEPS // len(chosen), 2), _LONG), EpisodePlan()
    return [
        EpisodePlan(seed=1, most=most_steps(env) + 1),
        *(drawn, drawn, EpisodePlan(stop=True), EpisodePlan(task=names[0]), drawn),
        *(EpisodePlan(seed=0), EpisodePlan(seed=2**63, task=names[-1]), drawn),
        *(EpisodePlan(task=names[i], most=most) for i in chosen.tolist()),
        *(drawn, drawn, drawn),
    ]


class Episodes:
    """The env, and a plain vector env beside it whose first run takes the same actions and the second others."""

    def __init__(self, env: Env, faults: Faults) -> None:
        self.env, self.faults, self.kernel = env, faults, kernel_of(env)
        self.patience = Patience(_SECONDS)
        self.same = {what: as_inside(env, what) for what in ("observation", "reward")}
        self.beside = plain_many(env, 2) if as_inside(env, "action") else None
        self.defined = None if self.beside is None else Defined(env, self.same, faults)
        self.masks = has_masks(env.unwrapped.action_space)
        self._own, self._other = (walk(env, seed) for seed in (7, 3))
        self._names = {task.name: i for i, task in enumerate(self.kernel.batch.tasks)}

    # ------------------------------------------------------------------ an episode
    def play(self, plan: EpisodePlan) -> bool:
        """One episode; whether another one can follow."""
        faults = self.faults
        opening = self.env.reset(seed=plan.seed, options=None if plan.task is None else {"task": plan.task})
        if not faults.expect(isinstance(opening, tuple) and len(opening) == 2, "`reset` gives no pair (obs, info)"):
            return False
        account = self._begin(plan, *opening)
        expected = self._beside_reset(plan)
        if account is None:
            return False
        follows = expected is None or compare(_RESET, reported(opening), expected, self.same, faults)
        if self.defined is not None:
            self.defined.begin(plan.seed, plan.task, reported(opening))
        self._check_masks(account)
        for step in range(plan.most):
            stop = plan.stop and step == 2 and self.beside is not None and codec_of(self.env).stop
            action = next(self._own)
            if stop:
                action = stopping(action, self.env)
            outcome = self.env.step(action)
            if not faults.expect(isinstance(outcome, tuple) and len(outcome) == 5, "`step` does not give five values"):
                return False
            if not self._step(outcome, account, action, step, stop):
                return False
            follows = follows and self._follow(action, outcome)
            if outcome[2] or outcome[3] or (step > _LONG and self.patience.over):
                return True
        contexts = self.kernel.contexts
        endless = plan.most > contexts.horizon - contexts.n_init
        fault = f"An episode of budget {contexts.budget:g} does not end within {plan.most} steps"
        faults.expect(not endless, fault)
        return True

    def _begin(self, plan: EpisodePlan, obs: object, info: Info) -> Account | None:
        faults, env = self.faults, self.env
        check_obs(obs, env.observation_space, "`reset`", faults)
        faults.expect(isinstance(info, dict), "The info of `reset` is not a dictionary")
        lacking = sorted({"task", "task_index", "t"} - set(info))
        faults.expect(not lacking, f"The info of `reset` lacks {lacking}")
        early = sorted(set(info) & set(OF_TRIALS))
        faults.expect(not early, f"The info of `reset` tells {early}, of which there is no trial yet")
        name = info.get("task", self.kernel.batch.tasks[int(self.kernel.runs.task[0])].name)
        if plan.task is not None:
            faults.expect(name == plan.task, "`options={'task': name}` is not the task of the episode that it begins")
        if not faults.expect(name in self._names, f"The task {name!r} is not one of the env's split"):
            return None
        history = method(env, "history")()
        check_given(history, self.kernel, info, faults)
        task, instance = self.kernel.batch.tasks[self._names[name]], int(self.kernel.runs.instance[0])
        return Account(self.kernel, task, instance, tuple(history))

    def _step(self, outcome: Sequence[Any], account: Account, action: Action, step: int, stop: bool) -> bool:
        """Look at a step; whether there is more to look at."""
        obs, reward, terminated, truncated, info = outcome
        env, faults = self.env, self.faults
        check_obs(obs, env.observation_space, "`step`", faults)
        faults.expect(is_number(reward), f"A reward is not a finite float but {reward!r} ({type(reward).__name__})")
        for name, flag in (("terminated", terminated), ("truncated", truncated)):
            faults.expect(isinstance(flag, (bool, np.bool_)), f"`{name}` is not a bool but {type(flag).__name__}")
        if not faults.expect(isinstance(info, dict), "The info of `step` is not a dictionary"):
            return False
        if stop:
            good = terminated and not truncated and info.get("t") == account.t and "score" not in info
            faults.expect(good, "An action that stops does not end the episode, or counts as a trial")
            self._check_parts(action, outcome)
            return True
        missing = [name for name in NAMES if name not in info]
        if not faults.expect(not missing, f"The info of `step` lacks {missing}"):
            return False
        faults.expect(not truncated or is_limited(env), "An episode is truncated though no TimeLimit is set")
        faults.expect(info["task"] == account.task.name, "The task changes within an episode")
        check_types(info, faults)
        account.add(info, bool(terminated), bool(truncated), faults)
        self._check_parts(action, outcome)
        if account.t <= _HISTORY or terminated or truncated:
            account.check_history(method(env, "history")(), info, faults)
        if step < _MASKS:
            self._check_masks(account)
        return True

    def _check_parts(self, action: Action, outcome: Sequence[Any]) -> None:
        if self.defined is not None:
            with self.faults.guard("To find what an action asks for"):
                self.defined.step(action, reported(outcome))

    def _check_masks(self, account: Account) -> None:
        if self.masks and self.defined is not None:
            self.defined.check_masks(method(self.env, "action_masks")(), account.t, account.task.name)

    # ------------------------------------------------------------------ the plain env beside it
    def _beside_reset(self, plan: EpisodePlan) -> Reported | None:
        if self.beside is None:
            return None
        first = not self.beside._seeded
        options: dict[str, Any] = {} if first else {"reset_mask": np.array([True, False])}
        if plan.task is not None:
            options["task"] = [plan.task]
        seeds = None if plan.seed is None else [plan.seed, 77] if first else [plan.seed]
        return reported_run(self.beside, self.beside.reset(seed=seeds, options=options), 0)

    def _follow(self, action: Action, outcome: Sequence[Any]) -> bool:
        """Take the step beside it; whether both went alike, so that the next can be compared."""
        if self.beside is None:
            return False
        many = self.beside.step(np.array([action, next(self._other)]))
        expected = reported_run(self.beside, many, 0)
        got = reported(outcome)
        if got.truncated:  # from outside
            expected = expected._replace(truncated=True)
        good = compare(_STEP, got, expected, self.same, self.faults)
        if many[2][1]:
            self.beside.reset(options={"reset_mask": np.array([False, True])})
        return good and got.terminated == expected.terminated


_RESET = "An episode does not begin as that of a plain vector env of the same parts and seed"
_STEP = "A step is not that of a plain vector env of the same parts and seed"


# ---------------------------------------------------------------------- one outcome
def check_obs(obs: object, space: gym.Space[Any], who: str, faults: Faults) -> None:
    """Check that an observation is in its space, with its exact types."""
    if isinstance(space, gym.spaces.Dict):
        if isinstance(obs, dict) and set(obs) == set(space):
            for name, part in space.items():
                check_obs(obs[name], part, f"{who}: {name!r}", faults)
        else:
            faults.add(f"{who}: the observation has other keys")
        return
    if isinstance(space, (gym.spaces.Text, gym.spaces.Tuple)):  # a text, or those of many runs
        faults.expect(space.contains(obs), f"{who}: the observation is outside its space")
        return
    if not isinstance(obs, (np.ndarray, np.generic)):
        faults.add(f"{who}: the observation is a {type(obs).__name__}")
        return
    faults.expect(obs.dtype == space.dtype, f"{who}: the observation is {obs.dtype}, its space {space.dtype}")
    faults.expect(np.isfinite(obs).all(), f"{who}: the observation is not finite")
    faults.expect(obs.shape == space.shape, f"{who}: the observation has shape {obs.shape}, its space {space.shape}")
    faults.expect(space.contains(obs), f"{who}: the observation is outside its space")


def check_types(info: Info, faults: Faults) -> None:
    """Check that the info of a step holds plain Python values."""
    for name in ("config", "incumbent"):
        faults.expect(isinstance(info[name], dict), f"`info[{name!r}]` is not a dictionary")
    for name in ("score", "incumbent_score", "cost", "fidelity"):
        good = is_number(info[name])
        faults.once(good, f"{name} is float", f"`info[{name!r}]` is not a finite Python float but {info[name]!r}")
    faults.expect(type(info["t"]) is int, f"`info['t']` is not a Python int but {type(info['t']).__name__}")
    faults.expect(type(info["task"]) is str, f"`info['task']` is not a name but {info['task']!r}")
    faults.once(info["cost"] >= 0, "cost", f"`info['cost']` is negative: {info['cost']}")
    faults.expect(info["status"] in LABELS, f"`info['status']` is not one of {LABELS} but {info['status']!r}")
