"""`tune`: the best configuration of a user's own objective, within a budget of trials."""

from __future__ import annotations

import math
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from hpo_gym import seeding
from hpo_gym.errors import InvalidValueError
from hpo_gym.forms import Form, form_of
from hpo_gym.jobs.guard import Guard, Limits, Step, Verdict
from hpo_gym.jobs.progress import Callback, Progress, Teller, told
from hpo_gym.optimizer import Evaluations, Trainable
from hpo_gym.space import SearchSpace
from hpo_gym.space.forms import AnySpace, read_space
from hpo_gym.suite import Suite
from hpo_gym.tuning.proposals import Proposer
from hpo_gym.tuning.study import Plan, Study, opened, stored_plan
from hpo_gym.tuning.tuned import Tuned

_HOUR = 3600.0  # systems wait for no more than some weeks at a time
DIRECTIONS = ("maximize", "minimize")
Earlier: TypeAlias = "Tuned | Suite | Evaluations | str | Path"


def tune(
    objective: Callable[..., Any],
    space: AnySpace,
    *,
    optimizer: object = "gp-ei",
    budget: int = 33,
    init: Sequence[Mapping[str, Any]] = (),
    prior: Earlier | Sequence[Earlier] = (),
    timeout: float | None = None,
    trial_timeout: float | None = None,
    memory: float | None = None,
    n_jobs: int = 1,
    direction: str = "maximize",
    seed: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress | bool | None = None,
    callbacks: Sequence[Callback] = (),
) -> Tuned:
    """Find a good configuration of an objective. Each trial runs in a fresh process, under guard.

    Args:
        objective: Called with a configuration, a dictionary. Returns the score, or a mapping of `score` and, if it
            likes, `cost` and `constraints` (each is met where it is at most 0), or yields pairs of a step and one of
            these, of which the last counts. It may be a closure or stand in a notebook.
        space: In any form that `hpo_gym.space.forms.read_space` reads.
        optimizer: In any form that `hpo_gym.forms` reads; what learns must be trained.
        budget: Trials, those of `init` among them; of a resumed study, in all.
        init: Configurations to try first.
        prior: Earlier tasks of the same space, that the optimizer may learn from: what `tune` returned, its folder, a
            suite, `Evaluations`, or a fitted `HPOGymSearchCV`.
        timeout: Wall-clock seconds after which no trial begins, and those that run are cut off and not counted.
        trial_timeout: Wall-clock seconds that a trial may take.
        memory: Bytes that a trial may take.
        n_jobs: Trials side by side. The share of the processors that each may use is as large for all.
        direction: "maximize" or "minimize".
        seed: Of all choices, and of the generators of `random`, NumPy and torch in each trial; None draws one.
        out: Folder for the trials; None keeps them in memory.
        resume: Go on with the study in `out`, if there is one.
        progress: As of `hpo_gym.benchmark`.
        callbacks: Who else is told.

    Raises:
        InvalidValueError: Of any argument, before the first trial; the message says which. Or `out` holds another study.
    """  # noqa: E501
    found = _checked(space, optimizer, budget, init, prior, n_jobs, direction)
    limits, folder = Limits(trial_timeout, memory), None if out is None else Path(out)
    _above_zero("timeout", timeout)
    plan = found.plan(direction, _seed(seed, folder, resume))
    with ExitStack() as stack:
        study = stack.enter_context(opened(folder, plan, resume=resume))
        proposer = Proposer(found.form, study, budget, found.prior, alone=n_jobs == 1)
        tell = stack.enter_context(told(progress, callbacks, f"tune {found.form.name}", "trials"))
        if study.count < budget or study.begun:
            size = min(n_jobs, budget - len(study.ended))
            guards = [stack.enter_context(Guard(objective, threads=_threads(size))) for _ in range(size)]
            _Loop(study, proposer, guards, limits, budget, timeout, tell).run()
        result = tell.result = Tuned(plan, tuple(study.ended))
        return result


@dataclass
class _Loop:
    """Keeps guards busy until the budget or the time is spent."""

    study: Study
    proposer: Proposer
    guards: Sequence[Guard]
    limits: Limits
    budget: int
    timeout: float | None
    tell: Teller
    busy: dict[Any, tuple[Guard, int, list[tuple[int, float]]]] = field(default_factory=dict)

    def run(self) -> None:
        """Until nothing is left to do."""
        self.began = time.perf_counter()
        cut_off = list(self.study.begun)  # of an earlier process
        self._say()
        while True:
            for guard in self.guards:
                if guard.pipe not in self.busy and not self._late():
                    self._begin(guard, cut_off)
            if not self.busy or self._late():
                return
            for pipe in wait(list(self.busy), min(_HOUR, self._left())):
                self._attend(pipe)

    def _begin(self, guard: Guard, cut_off: list[int]) -> None:
        if cut_off:
            number = cut_off.pop(0)
        elif self.study.count < self.budget:
            config = self.proposer.next()
            if config is None:
                return
            number = self.study.begin(config)
        else:
            return
        seed = seeding.key("trial", self.study.plan.seed, number)
        guard.start(self.study.begun[number], limits=self.limits, seed=seed)
        self.busy[guard.pipe] = guard, number, []

    def _attend(self, pipe: Any) -> None:
        guard, number, steps = self.busy[pipe]
        news = guard.read(0)
        if isinstance(news, Step):
            steps.append((news.step, news.value))
            guard.answer(go=True)
        elif isinstance(news, Verdict):
            del self.busy[pipe]
            self.study.end(number, news, steps)
            self._say()

    def _left(self) -> float:
        spent = time.perf_counter() - self.began
        return math.inf if self.timeout is None else max(0.0, self.timeout - spent)

    def _late(self) -> bool:
        return self._left() == 0.0

    def _say(self) -> None:
        sign = -1.0 if self.study.plan.direction == "minimize" else 1.0
        best = max((sign * e.measured.score for e in self.study.ended if math.isfinite(e.measured.score)), default=None)
        self.tell(len(self.study.ended), self.budget, "" if best is None else f"best {sign * best:.6g}")


# ---------------------------------------------------------------------- arguments
@dataclass(frozen=True)
class _Checked:
    space: SearchSpace
    form: Form
    init: tuple[dict[str, Any], ...]
    prior: tuple[Evaluations, ...]

    def plan(self, direction: str, seed: int) -> Plan:
        """The plan of the study."""
        known = seeding.digest([[e.name, e.family, _numbers(e.x), _numbers(e.score)] for e in self.prior])
        return Plan(self.space.to_json(), self.form.name, dict(self.form.settings), direction, seed, known, self.init)


def _checked(
    space: AnySpace, optimizer: object, budget: int, init: object, prior: object, n_jobs: int, direction: str
) -> _Checked:
    known = read_space(space)
    for name, value in (("budget", budget), ("n_jobs", n_jobs)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
            raise InvalidValueError(f"`{name}` must be a whole number of at least 1, got {value!r}.")
    if direction not in DIRECTIONS:
        near = "minimize" if str(direction).lower().startswith(("min", "loss")) else "maximize"
        raise InvalidValueError(f"`direction` must be one of {DIRECTIONS}, got {direction!r}; the nearest is {near!r}.")
    given = [init] if isinstance(init, Mapping) else list(init) if isinstance(init, Iterable) else None
    if given is None or not all(isinstance(one, Mapping) for one in given):
        raise InvalidValueError(f"`init` must hold configurations, dictionaries, got {init!r:.80}.")
    if len(given) > budget:
        raise InvalidValueError(f"`init` must hold at most `budget` = {budget} configurations, got {len(given)}.")
    form = form_of(optimizer)
    made = form.make()
    if isinstance(made, Trainable) and not made.seen:
        raise InvalidValueError(
            f"`optimizer` must be trained, {form.name!r} is not: give the folder of what `hpo-gym train` saved."
        )
    first = tuple(known.from_unit(known.to_unit(one)) for one in given)
    return _Checked(known, form, first, tuple(_earlier(prior, known)))


def _earlier(prior: object, space: SearchSpace) -> Iterable[Evaluations]:
    several = isinstance(prior, Iterable) and not isinstance(prior, (str, Path, Suite))
    given: list[Any] = list(prior) if several and isinstance(prior, Iterable) else [prior]
    for i, one in enumerate(given):
        if isinstance(one, (str, Path)):
            one = Tuned.load(one)
        one = getattr(one, "tuned_", one)  # of a fitted `HPOGymSearchCV`
        if isinstance(one, Evaluations):
            if one.x.shape[1:] != (space.d,):
                raise InvalidValueError(
                    f"`prior` must be of a space of {space.d} hyperparameters, {one.name!r} has {one.x.shape[1]}."
                )
            yield one
            continue
        if not isinstance(one, (Tuned, Suite)):
            raise InvalidValueError(
                "`prior` must hold what `tune` returned, its folder, a suite, `Evaluations` or a fitted "
                f"`HPOGymSearchCV`, got {type(one).__name__}."
            )
        if one.space != space:
            raise InvalidValueError(f"`prior` must be of the same space, {type(one).__name__} {i} has another one.")
        if isinstance(one, Suite):
            yield from (task.evaluations() for task in one.members)
        elif one.ended:
            yield one.evaluations(f"tuned-{i}")


def _seed(seed: int | None, folder: Path | None, resume: bool) -> int:
    if seed is not None:
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**63:
            raise InvalidValueError(f"`seed` must be a whole number in [0, 2**63), or None, got {seed!r}.")
        return int(seed)
    before = stored_plan(folder) if folder is not None and resume else None
    return secrets.randbits(62) if before is None else before.seed


def _above_zero(name: str, value: float | None) -> None:
    if value is not None and not (isinstance(value, (int, float)) and 0 < value < math.inf):
        raise InvalidValueError(f"`{name}` must be above 0 and finite, or None, got {value!r}.")


def _threads(size: int) -> int:
    """Threads for each of so many trials."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // size)


def _numbers(values: Any) -> list[str]:
    return [repr(v) for v in np.asarray(values, np.float64).ravel().tolist()]
