"""`SuiteEnv`: what the envs of one run and of many have in common beside the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from hpo_gym.base import InvalidValueError, StateError, shown, whole
from hpo_gym.env.config import SingleConfig, VectorConfig
from hpo_gym.env.make import check_render_mode, make_kernel, reward_space
from hpo_gym.problem import MOST, History

PENDING = "hpo_gym.env.pending"
"""The module of env classes with trials in flight: it is built on this one."""


class SuiteEnv:
    """A kernel on the tasks of a suite, and its views.

    It refuses a spec whose `suite` is another than that of its id: Gymnasium lets a keyword of `make` replace one of
    the id, and tells the env its id only afterwards, as its `spec`.

    Attributes:
        task_names: Names of the tasks of the split; ``task_index`` of an info is a position in it.
        most_steps: The most steps of an episode. `spec.max_episode_steps` of a single env is one more: in what
            Gymnasium makes of the spec, this number itself would mark an end by the budget as a truncation too.
    """

    _spec: EnvSpec | None = None
    objectives: Sequence[str]

    def __new__(cls, *_: Any, pending: object = 1, **__: Any) -> Any:
        """Make an env of `hpo_gym.env.pending` where `pending` is above 1."""
        if whole("pending", pending, 1, MOST) == 1:
            return super().__new__(cls)
        return super().__new__(import_module(PENDING).CLASSES.get(cls, cls))

    def _make(self, num_envs: int, config: SingleConfig | VectorConfig, window: str) -> None:
        """Make the kernel; `window` names the wrapper of Gymnasium that has the render mode "human"."""
        check_render_mode(config.render_mode, window)
        self.render_mode, self.split, self.fold = config.render_mode, config.split, config.fold
        self.suite, self.kernel = make_kernel(num_envs, config.suite, config)
        kernel = self.kernel
        if config.pending > 1:
            import_module(PENDING).check_pending(self, config)
        self._reported, dim = kernel.parts.reported, kernel.parts.reward.dim
        self.objectives = () if self._reported is None else self._reported.names
        if dim:
            self.reward_dim, self.reward_space = dim, reward_space(kernel)
        self.task_names = tuple(task.name for task in kernel.batch.tasks)
        self._seeded = False
        self._n_init = kernel.contexts.n_init
        self.most_steps = kernel.contexts.horizon - self._n_init

    def _check_begun(self) -> None:
        if not self._seeded:
            raise StateError("Call `reset` before `snapshot` and `restore`.")

    def _history(self, i: int) -> History:
        return self.kernel.runs.view(i, self._n_init)

    def _draw(self, i: int) -> Any:
        """Draw run `i`: a picture or a text; None without a render mode."""
        if self.render_mode is None:
            return None
        from hpo_gym.env import render

        runs, contexts = self.kernel.runs, self.kernel.contexts
        task = self.kernel.batch.tasks[runs.task.item(i)]
        spent = float(runs["spent"][i]) if contexts.in_cost else None
        return render.RENDERERS[self.render_mode](self._history(i), task, contexts.budget, spent)

    @property
    def spec(self) -> EnvSpec | None:
        """The id and the keywords that the env was made with, and a single env's limit of steps; None without an id."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        if spec is not None:
            _check_suite(spec)
            if spec.max_episode_steps is None and isinstance(self, gym.Env):
                spec = replace(spec, max_episode_steps=self.most_steps + 1)
        self._spec = spec


def _check_suite(spec: EnvSpec) -> None:
    own = gym.registry.get(spec.id)
    named = None if own is None else own.kwargs.get("suite")
    asked = spec.kwargs.get("suite")
    if named is None or _name(asked) == _name(named):
        return
    other = f"hpo_gym/{asked}-v0"
    near = f"use {other!r}, or" if isinstance(asked, str) and other in gym.registry else "use"
    raise InvalidValueError(
        f"`suite` must be {named!r} in {spec.id!r}, got {shown(asked)}: {near} 'hpo_gym/HPO-v0' with this suite."
    )


def _name(suite: object) -> object:
    """Return the name of a suite, given by name or as an object: one of the same name may have other tasks."""
    return getattr(suite, "name", suite)
