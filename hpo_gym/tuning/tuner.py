"""`tune`: the best configuration of a user's own objective, within a budget of trials."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_gym.base import EndedTuningError, limit, seeding, whole
from hpo_gym.env import keywords_checked
from hpo_gym.problem import AnySpace, Density
from hpo_gym.system import Callback, Guard, GuardStep, Limits, Progress, Teller, Verdict, first_of, limits_of, reporter
from hpo_gym.tuning.allowance import Allowance, allowance
from hpo_gym.tuning.arguments import as_before, check_objective, checked, folder_of, guard_of, takes_seed
from hpo_gym.tuning.auto import AUTO
from hpo_gym.tuning.earlier import Earlier
from hpo_gym.tuning.failures import MOST, FailureWatch, failed
from hpo_gym.tuning.proposals import Proposer
from hpo_gym.tuning.stopping import Halving
from hpo_gym.tuning.stored_study import FILE, opened
from hpo_gym.tuning.study import Study
from hpo_gym.tuning.tuned import Tuned


@keywords_checked("`tune`")
def tune(
    objective: Callable[..., Any],
    space: AnySpace,
    *,
    optimizer: object = AUTO,
    budget: int | None = None,
    budget_cost: float | None = None,
    init: Sequence[Mapping[str, Any]] = (),
    prior: Earlier | Sequence[Earlier] = (),
    belief: Mapping[str, Density] | None = None,
    meta_features: Mapping[str, float | None] | None = None,
    stopping: Halving | bool = True,
    timeout: float | None = None,
    trial_timeout: float | None = None,
    memory: float | None = None,
    guard: bool = True,
    n_jobs: int = 1,
    max_failures: int | None = MOST,
    direction: str = "maximize",
    seed: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress | bool | None = None,
    callbacks: Sequence[Callback] = (),
) -> Tuned:
    """Find a good configuration of an objective. Each trial runs in a fresh process, or in this one without a guard.

    Args:
        objective: Called with a configuration, a dictionary. Returns the score, or a mapping of `score` and,
            optionally, `cost` and `constraints` (each is met at 0 or below), or yields pairs of a step and one of
            these; the last one counts. A parameter `seed` gets a value in [0, 2**32). It may be a closure.
        space: In any form that `hpo_gym.problem.space.forms.read_space` reads.
        optimizer: In any form that `hpo_gym.optimize.forms` reads; one that learns must be trained. "auto" follows one
            rule, see `hpo_gym.tuning.auto`; the result names its choice.
        budget: Trials, those of `init` among them; of a resumed study, in all. None: 33, or as many as `budget_cost`
            pays for.
        budget_cost: Total cost of the trials: in seconds, or in the objective's `cost`. No trial begins once it is
            spent; the last one may exceed it. Optimizers know it (`Context.unit`).
        init: The initial design: configurations to try first.
        prior: Earlier tasks for the optimizer, one or several of `hpo_gym.tuning.earlier.FORMS`; of another space, the
            common part is used (`hpo_gym.tuning.matching`). Scores of a file or frame have the same `direction`.
        belief: A density over where you expect good values: by name, ``("normal", mean, sd)``, ``("lognormal", median,
            sd)``, ``("uniform", low, high)`` or weights of choices (`hpo_gym.problem.space.belief`). It fades as trials
            come in.
        meta_features: Numbers that describe the data, by name, for optimizers that read them.
        stopping: When a trial of an objective that yields is stopped before its last step; True: `Halving()`.
        timeout: Wall-clock seconds after which no trial begins, and running ones are cut off and not counted.
        trial_timeout: Limit of a trial in wall-clock seconds.
        memory: Limit of a trial in bytes.
        guard: False: trials run in this process (`hpo_gym.system.jobs.no_guard`), one at a time, without limits, and
            `timeout` waits for their next step or end. If one ends the process, `resume` goes on.
        n_jobs: Trials side by side. Each has an equal share of the processors.
        max_failures: After so many trials with equal failures, before any success, the tuning ends with an exception
            (`hpo_gym.tuning.failures`); None: it continues.
        direction: "maximize" or "minimize".
        seed: Of all choices, and of the generators of `random`, NumPy and torch in each trial; None draws one.
        out: Folder for the trials; None keeps them in memory.
        resume: Continue the study in `out`, if there is one.
        progress: As in `hpo_gym.benchmark`.
        callbacks: Further listeners.

    Raises:
        InvalidValueError: An argument is invalid, or `out` holds another study: before the first trial.
        TrialsFailedError: The first `max_failures` trials failed alike. They are stored, and in its `tuned`.
        StorageLostError, StorageFullError: `out` cannot be written to any more. The trials so far are in its `tuned`.

    The first failure of each kind is a `UserWarning` with its reason.
    """
    check_objective(objective)
    most = None if max_failures is None else whole("max_failures", max_failures, also=", or None")
    may_take = allowance(budget, budget_cost)
    found = checked(
        space, optimizer, may_take, init=init, prior=prior, n_jobs=n_jobs, direction=direction, belief=belief,
        meta_features=meta_features, stopping=stopping,
    )  # fmt: skip
    limits, folder = limits_of(guard, trial_timeout, memory, n_jobs=n_jobs), folder_of(out)
    timeout, n_jobs = limit("timeout", timeout), int(n_jobs)
    found = as_before(found, seed, folder if resume else None, init=bool(init))
    plan = found.plan
    given = found.prior, n_jobs == 1, plan.meta_features, found.belief
    proposer = Proposer(found.form, Study(plan), may_take, *given, moves=True)
    if folder is not None and not (folder / FILE).exists():
        proposer.prepare()
    with ExitStack() as stack:
        study = proposer.study = stack.enter_context(opened(folder, plan, resume=resume))
        stack.enter_context(_handing_out(study))
        tell = stack.enter_context(reporter(progress, callbacks, f"tune {found.form.name}", "trials"))
        if study.count < may_take.trials or study.begun:
            size = min(n_jobs, may_take.trials - len(study.ended))
            guards = [stack.enter_context(guard_of(objective, size, guard=guard)) for _ in range(size)]
            watch = FailureWatch(most, len(study.ended), _kept(folder))
            seeded = takes_seed(objective)
            _Loop(study, proposer, guards, limits, may_take, timeout, tell, found.stopping, seeded, watch).run()
        result = tell.result = Tuned.of(study)
        return result


def _kept(folder: Path | None) -> str:
    """Words on where the trials are."""
    if folder is None:
        return "The trials are in `tuned` of this error."
    return (
        f"The trials are stored in {folder}: `resume=True` (`--resume`) goes on with them, another `out` begins anew."
    )


@contextmanager
def _handing_out(study: Study) -> Iterator[None]:
    """Hand out the trials of a tuning that ends before its time."""
    try:
        yield
    except EndedTuningError as fault:
        fault.tuned = Tuned.of(study)
        raise
    except KeyboardInterrupt:
        found = Tuned.of(study)
        print(f"stopped: {found.summary() if found.ended else 'no trial has ended'}", file=sys.stderr)
        raise


@dataclass
class _Running:
    """A trial that runs."""

    number: int
    steps: list[tuple[int, float]] = field(default_factory=list)
    stopped: bool = False


@dataclass
class _Loop:
    """Keeps guards busy until the budget or the time is spent."""

    study: Study
    proposer: Proposer
    guards: Sequence[Guard]
    limits: Limits
    budget: Allowance
    timeout: float | None
    tell: Teller
    stopping: Halving | None
    seeded: bool
    watch: FailureWatch
    busy: dict[Guard, _Running] = field(default_factory=dict)

    def run(self) -> None:
        """Until nothing is left to do."""
        self.began = time.perf_counter()
        cut_off = list(self.study.begun)  # of an earlier process
        self._say()
        while True:
            for guard in self.guards:
                if guard not in self.busy and not self._late():
                    self._begin(guard, cut_off)
            if not self.busy or self._late():
                return
            for guard in first_of(self.busy, self._left()):
                self._attend(guard)

    def _begin(self, guard: Guard, cut_off: list[int]) -> None:
        if cut_off:
            number = cut_off.pop(0)
        elif self.study.count < self.budget.trials and not self.budget.spent(self.study.ended):
            begun = self.proposer.begin()
            if begun is None:
                return
            number = begun
        else:
            return
        seed = seeding.key("trial", self.study.plan.seed, number)
        named = {"seed": seed % 2**32} if self.seeded else {}
        guard.start(self.study.begun[number], limits=self.limits, seed=seed, named=named)
        self.busy[guard] = _Running(number)

    def _attend(self, guard: Guard) -> None:
        one, news = self.busy[guard], guard.read(0)
        if isinstance(news, GuardStep):
            one.steps.append((news.step, news.value))
            one.stopped = self._stops(one)
            guard.answer(go=not one.stopped)
        elif isinstance(news, Verdict):
            del self.busy[guard]
            self.study.end(one.number, news, one.steps, stopped=one.stopped)
            self._say()
            self.watch.look(self.study.ended)

    def _stops(self, one: _Running) -> bool:
        """Return whether a trial ends here; not if it is likely at its own end."""
        if self.stopping is None:
            return False
        trials = {e.number: e.steps for e in self.study.ended} | {r.number: r.steps for r in self.busy.values()}
        whole = {e.number for e in self.study.ended if e.steps and not e.stopped and not failed(e.measured)}
        if self.stopping.ends(trials, whole, one.number):
            return False
        return self.stopping.stops(trials, one.number, self.study.plan.direction)

    def _left(self) -> float:
        spent = time.perf_counter() - self.began
        return math.inf if self.timeout is None else max(0.0, self.timeout - spent)

    def _late(self) -> bool:
        return self._left() == 0.0

    def _say(self) -> None:
        best = self.study.best
        doing = "" if best is None else f"best {best.measured.score:.6g}"
        if self.budget.cost is not None:
            doing += f" {min(1.0, self.budget.share(self.study.ended)):.0%} spent"
        doing = f"{doing} {self.study.said(self.study.plan.matched)}".strip()
        self.tell(len(self.study.ended), self.budget.trials if self.budget.cost is None else 0, doing)
