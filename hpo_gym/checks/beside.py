"""`Beside`: an env and a twin that get the same calls, and faults where they differ; and the plain twin of an env."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from gymnasium.error import ResetNeeded

from hpo_gym.base import HPOGymError
from hpo_gym.checks.drive import (
    Env,
    as_inside,
    codec_of,
    has_masks,
    history_of,
    is_limited,
    is_vector,
    kernel_of,
    method,
    over_of,
    space_of,
    stopping,
    wrappers,
)
from hpo_gym.checks.faults import Faults, difference, snapshot
from hpo_gym.env import HPOEnv, HPOVectorEnv
from hpo_gym.problem import Trial

Plain = TypeVar("Plain", HPOEnv, HPOVectorEnv)

PLAIN = "that of a plain env of the same parts and seed"

_HEADS = ("observation", "reward", "terminated", "truncated")
_OF_WRAPPERS = {"episode", "_episode"}  # statistics of Gymnasium
_RUNS = 5  # runs whose histories and masks are looked at, and the last one
_HISTORY, _MASKS = 40, 12  # trials up to which they are


# ---------------------------------------------------------------------- plain envs
def plain_one(env: Env, **parts: Any) -> HPOEnv:
    """Return a single env of the parts inside `env`, or of others."""
    return _telling(env, HPOEnv(**{**_keywords(env), **parts}))


def plain_many(env: Env, n: int, **parts: Any) -> HPOVectorEnv:
    """Return a vector env of the parts inside `env`, or of others; runs begin on command unless `parts` say so."""
    return _telling(env, HPOVectorEnv(n, **{**_keywords(env), "autoreset_mode": "DISABLED", **parts}))


def plain_twin(env: Env) -> HPOEnv | HPOVectorEnv:
    """Return the plain env of registered parts with as many runs that begin and end alike.

    A part of your own that derives from a registered one stands for it; any other is copied.
    """
    parts = kernel_of(env).parts
    known = {name: _registered(getattr(parts, name)) for name in ("observer", "codec", "reward")}
    known = {name: part for name, part in known.items() if part is not None}
    if not is_vector(env):
        return plain_one(env, **known)
    ends = {name: getattr(env.unwrapped, name) for name in ("autoreset_mode", "statistics", "max_episode_steps")}
    return plain_many(env, env.num_envs, **known, **ends)


def own_parts(env: Env) -> list[str]:
    """Return which parts of an env are not registered ones."""
    parts = kernel_of(env).parts
    return [name for name in ("observer", "codec", "reward") if not _is_ours(getattr(parts, name))]


def _telling(env: Env, plain: Plain) -> Plain:
    """Return the plain env with the objectives that `env` reports: those of constraints stand in no keyword."""
    plain._reported = kernel_of(env).parts.reported
    plain.kernel.parts = replace(plain.kernel.parts, reported=plain._reported)
    return plain


def _keywords(env: Env) -> dict[str, Any]:
    inner, kernel = env.unwrapped, kernel_of(env)
    tasks, parts, contexts = kernel.batch.tasks, copy.deepcopy(kernel.parts), kernel.contexts
    return {
        "suite": inner.suite, "split": inner.split, "fold": inner.fold,
        **contexts.limit.settings(),
        "task": tasks[0].name if len(tasks) == 1 else None, "observer": parts.observer, "codec": parts.codec,
        "reward": parts.reward, "duplicates": parts.duplicates, "n_init": contexts.n_init,
    }  # fmt: skip


def _is_ours(part: object) -> bool:
    return type(part).__module__.startswith("hpo_gym.") and all(map(_is_ours, _scales(part).values()))


def _registered(part: Any) -> Any:
    """Return a part as the class of this package that it derives from; None without one."""
    for kind in type(part).__mro__:
        if kind.__module__.startswith("hpo_gym.") and not inspect.isabstract(kind):
            plain: Any = object.__new__(kind)
            scales = {name: _registered(scale) for name, scale in _scales(part).items()}
            plain.__dict__.update(copy.deepcopy({**vars(part), **scales}))
            return None if None in _scales(plain).values() else plain
    return None


def _scales(part: object) -> dict[str, Any]:
    """Return the scale of a part, or the one within a scale."""
    return {name: value for name, value in vars(part).items() if name in ("served", "inner")}


# ---------------------------------------------------------------------- side by side
class Beside:
    """An env and its twin.

    Args:
        twin: A plain env, or a copy of the env.
        whose: The words of a fault for what is expected.

    Attributes:
        last: The last outcome of each, or None where they did not agree.
        over: Whether an episode of the env is over, which a reset of its own must begin anew.
    """

    def __init__(self, env: Env, twin: Env, faults: Faults, whose: str = PLAIN) -> None:
        self.env, self.twin, self.faults, self._whose = env, twin, faults, whose
        plain = isinstance(twin, (HPOEnv, HPOVectorEnv)) and twin is twin.unwrapped
        self._same = {what: not plain or as_inside(env, what) for what in ("observation", "reward")}
        self._usual = _OF_WRAPPERS if plain and any(wrappers(env)) else set[str]()
        self._masks = has_masks(space_of(env)) and as_inside(env, "action")
        self._given: list[tuple[str, Any, Any]] = []
        self.last: tuple[Any, Any] | None = None
        self.over = np.zeros(1, bool)
        self._accepted = False

    def reset(self, seed: Any = None, **options: Any) -> bool:
        """Reset both; return whether they agree."""
        return self._call("`reset`", "reset", seed=seed, options=options or None)

    def step(self, action: Any) -> bool:
        """Step both; return whether they agree."""
        return self._call("`step`", "step", action)

    def refused(self, what: str, name: str, *args: Any, **keywords: Any) -> bool:
        """Make a call of both: what the twin refuses, the env refuses too; return whether both did."""
        self._accepted = False
        self._call(what, name, *args, **keywords)
        return self.last is None and not self._accepted

    def begin_anew(self) -> bool:
        """Reset what is over, as the caller has to."""
        if not self.over.any():
            return True
        return self.reset(reset_mask=self.over.copy()) if is_vector(self.env) else self.reset()

    def play(self, actions: Iterator[Any], steps: int, stop: bool = False) -> bool:
        """Take steps, of a single env up to the end of the episode; return whether both agree.

        Args:
            stop: Whether to stop the first run in the second step, if an action can.
        """
        for step in range(steps):
            action = next(actions)
            if stop and step == 1 and codec_of(self.env).stop:
                if is_vector(self.env):
                    action[0] = stopping(action[0], self.env)
                else:
                    action = stopping(action, self.env)
            if not self.step(action):
                return False
            if self.over.any():
                if not is_limited(self.env):
                    for _ in range(2):
                        self.refused("A step after the end of an episode", "step", next(actions))
                if not is_vector(self.env):
                    return True
                if not self.begin_anew():
                    return False
        return True

    def check_given(self) -> None:
        """Check that no action, seed or option was written into since."""
        for what, value, before in self._given:
            takes = self._usual and what == "`reset`"  # Gymnasium's wrapper takes the mask out of the options
            good = takes or difference(before, value) is None
            self.faults.expect(good, f"An argument of {what} that is handed over is written by the env")

    # ------------------------------------------------------------------ calls
    def _call(self, what: str, name: str, *args: Any, **keywords: Any) -> bool:
        given, self.last = copy.deepcopy((args, keywords)), None
        self._given.append((what, (args, keywords), copy.deepcopy(given)))
        try:
            expected = method(self.twin, name)(*given[0], **given[1])
        except (HPOGymError, ResetNeeded):
            call = functools.partial(method(self.env, name), *args, **keywords)
            self._accepted = self.faults.refuses(what, call, (ResetNeeded,)) is None
            return False
        got = method(self.env, name)(*args, **keywords)
        shape = isinstance(got, tuple) and len(got) == len(expected) and isinstance(got[-1], Mapping)
        if not self.faults.expect(shape, f"{what} does not give {len(expected)} values, the last a dictionary"):
            return False
        self.last = got, expected
        limited = len(got) == 5 and is_limited(self.env) and got[3] is True  # from outside
        if limited:
            expected = (*expected[:3], True, expected[4])
        self.over = over_of(self.env, got)
        good = self._compare(what, got, expected)
        good &= self._compare_state(what)
        return good

    def _compare(self, what: str, got: Any, expected: Any) -> bool:
        told, true, faults = self._parts(got), self._parts(expected), self.faults
        extra, lacking = sorted(told.keys() - true.keys()), sorted(true.keys() - told.keys())
        good = faults.expect(not extra, f"{what} has a key that is none of ours: {extra}")
        good &= faults.expect(not lacking, f"{what} lacks {lacking}")
        inside = self.env.observation_space.contains(got[0])
        good &= faults.once(inside, f"space {what}", f"{what}: the observation is outside its space")
        if len(got) == 5:
            good &= faults.once(np.isfinite(got[1]).all(), "finite", f"{what}: the reward {got[1]!r} is not finite")
        for name in (name for name in true if name in told):
            where = difference(true[name], told[name], name)
            good &= faults.once(where is None, f"{what} {name}", f"{what} is not {self._whose} (at {where})")
        return good

    def _parts(self, outcome: Any) -> dict[str, Any]:
        """Return what can be compared of an outcome, by name."""
        info = outcome[-1]
        parts = {name: part for name, part in zip(_HEADS, outcome[:-1], strict=False) if self._same.get(name, True)}
        for key, value in info.items():
            if key in self._usual or (key == "final_obs" and not self._same["observation"]):
                continue
            if key == "episode":  # without its seconds
                value = {k: v for k, v in value.items() if k in ("r", "l")}
            parts[f"info[{key!r}]"] = value
        return {name: snapshot(value) for name, value in parts.items()}

    def _compare_state(self, what: str) -> bool:
        """Compare histories and masks of some runs."""
        n, good = getattr(self.env, "num_envs", 1), True
        for i in sorted({*range(min(n, _RUNS)), n - 1}):
            true = history_of(self.twin, i)
            if len(true) <= _HISTORY or self.over.any():
                where = difference(content(true), content(history_of(self.env, i)), "history")
                good &= self.faults.once(where is None, "history", f"`history` is not {self._whose} (at {where})")
        if self._masks and len(true) <= _MASKS:
            masks, true = method(self.env, "action_masks")(), method(self.twin, "action_masks")()
            good &= self.faults.once(
                difference(true, masks) is None, "masks", f"`action_masks` after {what} are not {self._whose}"
            )
        return good


def content(history: Iterable[Trial]) -> list[Any]:
    """Return the trials of a history as plain values."""
    return [(dict(t.config), t.score, t.fidelity, t.cost, int(t.status)) for t in history]
