"""From the keywords of `gym.make` to a kernel: what `HPOEnv` and `HPOVectorEnv` have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from gymnasium.spaces import Box

from hpo_gym.base import InvalidValueError, SplitError, UnknownNameError, shown, unknown, whole
from hpo_gym.env.config import EnvConfig
from hpo_gym.env.default import PARTS, default_view
from hpo_gym.env.kernel import Kernel
from hpo_gym.env.parts import Parts, make_parts
from hpo_gym.env.rewards import Reward
from hpo_gym.env.rewards.objectives import VectorReward, WeightedReward, Weights, weights_of
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.view import view_of
from hpo_gym.problem import (
    FULL,
    MOST,
    Budget,
    Known,
    Objective,
    Outcomes,
    Suite,
    Task,
    batch_of,
    earlier_costs,
    fold_checked,
)
from hpo_gym.suites import load_suite

RENDER_MODES, RENDER_FPS = ("ansi", "rgb_array"), 4


def make_kernel(n: int, suite: str | Path | Suite, config: EnvConfig) -> tuple[Suite, Kernel]:
    """Load a suite and make a kernel of `n` runs on the tasks of one split.

    Raises:
        UnknownNameError: A suite, split, task, part or option that does not exist.
        InvalidValueError: A value out of its range.
        SplitError: A task of another split, or a reward that reads the oracle outside the training split.
    """
    given = config.objectives
    if given is not None and config.reward is not None:
        raise InvalidValueError(f"`reward` and `objectives` exclude each other, got {shown(config.reward)}, {given!r}.")
    budget = config.limit()
    if budget.in_cost and given is not None:
        raise InvalidValueError(
            f"`objectives` need a budget in full evaluations, got `{budget.keyword}`: a trial that is cut has none."
        )
    n, n_init = whole("num_envs", n, 1, MOST), whole("n_init", config.n_init, 0, MOST)
    _check_names(config)
    loaded, tasks = _tasks(suite, config)
    if config.budget is None and not budget.in_cost:
        budget = Budget(int(loaded.env.get("budget", budget.amount)))
    batch = batch_of(tasks, loaded.space.d)
    parts = _parts(config, loaded, batch.objectives, in_cost=budget.in_cost)
    fidelities = tuple(sorted(set(tasks[0].fidelities).intersection(*(t.fidelities for t in tasks))))
    if batch.signals:
        check_onward(loaded.name, parts, n_init)
    levels = fidelities if parts.codec.fidelity else FULL
    units = budget.units(tasks, levels)
    earlier = earlier_costs(tasks, loaded.tasks("train", config.fold), batch.m) if budget.in_cost and batch.m else None
    contexts = Contexts(
        loaded.space,
        view_of(batch),
        float(budget.amount),
        loaded.scale(config.fold),
        getattr(parts.codec, "candidates", None) or parts.observer.candidates,
        n_init,
        budget.horizon(fidelities if budget.in_cost else levels) + n_init,
        fidelities,
        budget.in_cost,
        earlier,
        budget.kept_on(tasks),
    )
    return loaded, Kernel(batch, contexts, parts, n, units)


def _check_names(config: EnvConfig) -> None:
    task = "any" if config.task is None else config.task
    words = {"split": config.split, "scores": config.scores, "duplicates": config.duplicates, "task": task}
    for name, word in words.items():
        if not isinstance(word, str):
            raise InvalidValueError(f"`{name}` must be a name, got {word!r}.")


def _tasks(suite: str | Path | Suite, config: EnvConfig) -> tuple[Suite, tuple[Task, ...]]:
    """Return the suite, constrained where asked for, and the tasks of the env."""
    fold = fold_checked(config.fold)
    loaded = load_suite(suite)
    tasks = choose_tasks(loaded, config.split, config.task, fold)
    if config.constraints is None:
        return loaded, tasks
    from hpo_gym.suites import constrained  # brings pydantic

    loaded = constrained(loaded, config.constraints, {t.name for t in tasks})
    return loaded, choose_tasks(loaded, config.split, config.task, fold)


def _parts(config: EnvConfig, suite: Suite, further: Sequence[Objective], *, in_cost: bool) -> Parts:
    """Return the parts of the env: those of its keywords, else of its suite, else the default ones."""
    chosen = default_view(suite, config.split, {name: getattr(config, name) for name in PARTS})
    given, reported = vector_reward(config.objectives, config.weights, further)
    if given is not None:
        chosen["reward"] = given
    if reported is None and config.constraints is not None and not in_cost:
        reported = Outcomes.of(list(config.constraints), further)
    parts = make_parts(chosen["observer"], chosen["codec"], chosen["reward"], config.scores, config.duplicates)
    if parts.reward.training_only and config.split != "train":
        raise SplitError(
            f"The reward {chosen['reward']!r} reads the oracle: `split` must be 'train', got {config.split!r}."
        )
    observer, codec = parts.observer.of_suite(suite, config.fold), parts.codec.of_suite(suite, config.fold)
    return replace(parts, observer=observer, codec=codec, reported=reported)


def vector_reward(
    objectives: Sequence[str] | None, weights: Weights | None, further: Sequence[Objective]
) -> tuple[Reward | None, Outcomes | None]:
    """Return the reward of some objectives and their part in infos; neither without objectives."""
    if objectives is None:
        if weights is not None:
            raise InvalidValueError(f"`weights` need `objectives`, got {shown(weights)} without.")
        return None, None
    reported = Outcomes.of(objectives, further)
    if weights is None:
        return VectorReward(reported), reported
    return WeightedReward(reported, weights_of(weights, reported)), reported


def reward_space(kernel: Kernel) -> Box:
    """Return the space of a vector reward, unbounded: bounds would reveal the task's best."""
    return Box(-np.inf, np.inf, (kernel.parts.reward.dim,), np.float64)


def check_onward(suite: str, parts: Parts, n_init: int) -> None:
    """Refuse what has no meaning where a trial goes on from the one before it."""
    why = f"on {suite!r}, whose trials go on from each other: "
    if n_init:
        raise InvalidValueError(f"`n_init` must be 0 {why}a given point would train the network, got {n_init}.")
    if parts.duplicates != "allow":
        rule = "to keep a configuration is no repeat"
        raise InvalidValueError(f"`duplicates` must be 'allow' {why}{rule}, got {parts.duplicates!r}.")
    for name, what in (("fidelity", "a trial is a whole epoch"), ("stop", "what counts is where the training ends")):
        if getattr(parts.codec, name):
            raise InvalidValueError(f"`{name}` of the codec must be False {why}{what}, got True.")
    if parts.codec.pool:
        raise InvalidValueError(f"`codec` must need no pool of configurations {why}use 'move' or 'box'.")


def choose_tasks(suite: Suite, split: str, task: str | None, fold: int | None) -> tuple[Task, ...]:
    """Return the tasks of a split, or one of them."""
    tasks = suite.tasks(split, fold)
    if task is not None:
        chosen = suite.task(task)
        where = suite.split(chosen, fold)
        if where is None:
            raise SplitError(f"Task {task!r} is in no split of {suite.name!r}: its published split leaves it out.")
        if where != split:
            raise SplitError(f"Task {task!r} belongs to split {where!r}, got `split={split!r}`.")
        return (chosen,)
    if not tasks:
        raise InvalidValueError(f"Suite {suite.name!r} has no task in split {split!r} (fold {fold}).")
    return tasks


def task_positions(tasks: Sequence[Known], names: object, count: int) -> list[int]:
    """Positions of named tasks, one name for all runs or a sequence of `count`."""
    known = {t.name: j for j, t in enumerate(tasks)}
    wanted = [names] * count if isinstance(names, str) else names
    if not is_row(wanted) or len(wanted) != count:
        raise InvalidValueError(f"`options['task']` must be one name or a list of {count}, got {shown(names)}.")
    for name in wanted:
        if not isinstance(name, str) or name not in known:
            raise unknown("task (in this env)", name, known)
    return [known[name] for name in wanted]


def is_row(value: object) -> TypeGuard[Sequence[Any]]:
    """Return whether a value is a list, a tuple or an array of one axis."""
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1)


def check_options(options: Mapping[str, Any] | None, known: tuple[str, ...]) -> dict[str, Any]:
    """Refuse options of `reset` that do not exist."""
    if options is not None and not isinstance(options, Mapping):
        raise InvalidValueError(f"`options` of reset must be a mapping or None, got {shown(options)}.")
    given = dict(options or {})
    for name in given:
        if name not in known:
            raise unknown("option of reset", name, known)
    return given


def check_render_mode(mode: object, window: str) -> None:
    """Refuse what is no render mode; `window` names the wrapper of Gymnasium that has "human"."""
    if isinstance(mode, str) and mode == "human":
        way = f"make the env with 'rgb_array' and wrap it in `{window}`, which needs pip install 'hpo-gym[render]'"
        raise UnknownNameError(f"No render mode 'human': {way}.")
    if mode is not None and (not isinstance(mode, str) or mode not in RENDER_MODES):
        raise unknown("render mode", mode, RENDER_MODES)


def check_seed(seed: object) -> int:
    """Return a seed as a Python integer; refuse anything outside [0, 2**64)."""
    return whole("seed", seed, 0, 2**64 - 1)
