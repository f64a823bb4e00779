"""Arguments of a tuning, refused before its first trial where they are wrong."""

from __future__ import annotations

import inspect
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, StateError, nearest, seeding, shown, whole
from hpo_gym.optimize import Form, Optimizer, Trainable, form_of, reads_belief
from hpo_gym.problem import AnySpace, Belief, Evaluations, SearchSpace, read_space
from hpo_gym.suites import values_of
from hpo_gym.system import Guard, NoGuard, usable_cores
from hpo_gym.tuning.allowance import Allowance
from hpo_gym.tuning.auto import AUTO, chosen
from hpo_gym.tuning.earlier import earlier_tasks
from hpo_gym.tuning.stopping import Halving
from hpo_gym.tuning.stored_study import FILE, stored_plan
from hpo_gym.tuning.study import StudyPlan

DIRECTIONS = ("maximize", "minimize")


@dataclass(frozen=True)
class Checked:
    """A validated tuning request.

    Attributes:
        plan: Of the study; its seed is still to be set.
        stopping: When a trial ends before its last step; None: never.
    """

    form: Form
    plan: StudyPlan
    prior: tuple[Evaluations, ...]
    belief: Belief | None = None
    stopping: Halving | None = None


def checked(
    space: AnySpace,
    optimizer: object,
    budget: Allowance,
    *,
    init: object = (),
    prior: object = (),
    n_jobs: int = 1,
    direction: str = "maximize",
    belief: object = None,
    meta_features: object = None,
    stopping: object = True,
) -> Checked:
    """Return the validated arguments of `tune`.

    Raises:
        InvalidValueError: An argument is invalid; the message names it.
    """
    known = read_space(space)
    whole("n_jobs", n_jobs)
    if direction not in DIRECTIONS:
        of_loss = "minimize" if "loss" in str(direction) else "maximize"
        near = nearest(str(direction), DIRECTIONS) or of_loss
        raise InvalidValueError(f"`direction` must be one of {DIRECTIONS}, got {direction!r}; the nearest is {near!r}.")
    given = [init] if isinstance(init, Mapping) else list(init) if isinstance(init, Iterable) else None
    if given is None or not all(isinstance(one, Mapping) for one in given):
        raise InvalidValueError(f"`init` must hold configurations, dictionaries, got {init!r:.80}.")
    if len(given) > budget.trials:
        raise InvalidValueError(
            f"`init` must hold at most `budget` = {budget.trials} configurations, got {len(given)}."
        )
    first = tuple(known.from_unit(known.to_unit(one)) for one in given)
    found, believed = earlier_tasks(prior, known, direction), _belief(belief, known)
    why, counts = "", found
    if is_auto(optimizer):
        optimizer, why, default_first, counts = chosen(known, found, in_cost=budget.cost is not None)
        first = first or ((known.default,) if default_first else ())
    form, made = ready(optimizer)
    if believed is not None and not reads_belief(made):
        raise InvalidValueError(f"`belief` needs an optimizer that reads it, such as 'gp-ei'; {form.name!r} does not.")
    features = values_of({} if meta_features is None else meta_features)  # type: ignore[arg-type]  # refused there
    rule = Halving() if stopping is True else None if stopping is False else stopping
    if rule is not None and not isinstance(rule, Halving):
        raise InvalidValueError(f"`stopping` must be True, False or a `Halving`, got {stopping!r:.80}.")
    plan = StudyPlan(
        known.to_json(), form.name, dict(form.settings), direction, 0,
        seeding.digest([[e.name, e.family, _numbers(e.x), _numbers(e.score)] for e in found.tasks]), first,
        belief=None if believed is None else believed.to_json(), meta_features=features, why=why, matched=str(found),
        stopping=None if rule is None else [rule.eta, rule.min_steps, 1],  # 1 bracket, as older studies tell
    )  # fmt: skip
    return Checked(form, plan, counts.tasks, believed, rule)


def ready(optimizer: object) -> tuple[Form, Optimizer]:
    """Return an optimizer's form, and an optimizer made from it.

    Raises:
        InvalidValueError: It learns, and is not trained.
    """
    form = form_of(optimizer)
    made: Optimizer = form.make()
    if isinstance(made, Trainable) and not made.seen:
        raise InvalidValueError(
            f"`optimizer` must be trained, {form.name!r} is not: give the folder of what `hpo-gym train` saved."
        )
    return form, made


def is_auto(optimizer: object) -> bool:
    """Return whether the rule chooses.

    Raises:
        InvalidValueError: It is given settings.
    """
    name = optimizer.get("name") if isinstance(optimizer, Mapping) else optimizer
    if not isinstance(name, str) or name != AUTO:
        return False
    if isinstance(optimizer, Mapping) and len(optimizer) > 1:
        raise InvalidValueError(
            f"`optimizer` must be named to be given settings, {AUTO!r} has none: {dict(optimizer)}."
        )
    return True


def _belief(belief: object, space: SearchSpace) -> Belief | None:
    if belief is None:
        return None
    if isinstance(belief, Belief):
        belief = belief.densities
    return Belief(space, belief)  # type: ignore[arg-type]  # it refuses what is none


def as_before(found: Checked, seed: int | None, folder: Path | None, *, init: bool) -> Checked:
    """Return the arguments with the seed of their study: as given, else that of the study in the folder, else a drawn
    one; and, without `init`, with the choice of "auto" that the study in the folder was begun with.
    """
    before = None if folder is None else stored_plan(folder)
    drawn = secrets.randbits(62) if before is None else before.seed
    plan = replace(found.plan, seed=drawn if seed is None else seed_checked(seed))
    if before is None or init or not (plan.why and before.why):
        return replace(found, plan=plan)
    plan = replace(plan, optimizer=before.optimizer, settings=before.settings, init=before.init, why=before.why)
    return replace(found, form=form_of({"name": before.optimizer, **before.settings}), plan=plan)


def seed_checked(seed: object) -> int:
    """Return the seed of a study as a Python integer; refuse anything outside [0, 2**63)."""
    return whole("seed", seed, 0, 2**63 - 1, ", or None")


def check_objective(objective: object) -> None:
    """Refuse an objective that cannot be called with a configuration."""
    if not callable(objective):
        raise InvalidValueError(
            f"`objective` must be a function of a configuration that returns its score, got {shown(objective)}."
        )


def folder_of(out: object) -> Path | None:
    """Return the folder of a study.

    Raises:
        InvalidValueError: It cannot be one.
        StateError: Nothing can run, since the working directory was removed.
    """
    try:
        Path.cwd()
    except OSError as fault:
        raise StateError(
            "The working directory must exist while trials run, it was removed: change to another by `os.chdir`."
        ) from fault
    if out is None:
        return None
    if not isinstance(out, (str, os.PathLike)):
        raise InvalidValueError(f"`out` must be a folder or None, got {shown(out)}.")
    folder = Path(out)
    try:
        (folder / FILE).lstat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as fault:  # a name that no folder can have
        why = getattr(fault, "strerror", None) or fault
        raise InvalidValueError(f"`out` must be a folder that can be made, got {shown(str(folder))}: {why}.") from fault
    return folder


def threads_of(size: int) -> int:
    """Threads for each of so many trials."""
    return max(1, usable_cores() // size)


def guard_of(objective: Callable[..., Any], size: int, *, guard: bool) -> Guard:
    """Return one of so many guards of an objective, or none."""
    return Guard(objective, threads=threads_of(size)) if guard else NoGuard(objective)


def takes_seed(objective: Callable[..., Any]) -> bool:
    """Return whether an objective has a parameter `seed`."""
    try:
        return "seed" in inspect.signature(objective).parameters
    except (TypeError, ValueError):  # of a builtin
        return False


def _numbers(values: object) -> list[str]:
    return [repr(v) for v in np.asarray(values, np.float64).ravel().tolist()]
