"""`check_optimizer`: does an optimizer keep the protocol of `hpo_gym.optimize.protocol`?"""

from __future__ import annotations

import copy
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import HPOGymError, seeding
from hpo_gym.checks.elsewhere import elsewhere
from hpo_gym.checks.faults import Faults, untouched_global_rng
from hpo_gym.optimize import BatchOptimizer, Context, Optimizer, Run, Trainable, form_of, run_batch
from hpo_gym.problem import FULL, Evaluations, Query, Refusal, Status, Task, Trial, check_task, over, payable

Make = Callable[[], Any]
Answer = Callable[[Query], Trial]
Score = Callable[[int], float]
_NEAR = 1e-9  # so far may a proposal's fidelity be from the level that it means


def check_optimizer(
    optimizer: object,
    task: Task,
    *,
    budget: int = 12,
    prior: Sequence[Evaluations] = (),
    train: Sequence[Task] = (),
    may_repeat: bool = False,
    processes: bool = True,
) -> None:
    """Check an optimizer.

    It finds: proposals outside the search space, or at an unavailable fidelity; other trials for the same seed, in a
    fresh one, in a used one, also in another context, or in a process with another hash seed; use of the global
    generators; changes of its arguments; errors if the initial design comes first, after `ask` returned None, or if
    scores are equal, huge or all failures; repeats, also of the initial design, while other configurations are left;
    batched choices that differ from single ones; a trained one that chooses otherwise once saved, or trained again
    from one seed, or by validation tasks it hides.

    Args:
        optimizer: In any form (`hpo_gym.optimize.forms`): a name, a class, a function that makes one, an optimizer.
        task: The task to tune.
        budget: In full evaluations.
        prior: Earlier tasks, none of them a relative of `task`.
        train: Training tasks for a `Trainable`, one family for validation; none: it is not trained.
        may_repeat: Whether it may propose a configuration again while others are left.
        processes: Whether to start Python processes with other hash seeds.

    Raises:
        CheckFailed: `faults` lists all faults.
    """
    check_task(task)
    new: Make = form_of(optimizer).make
    first = new()
    faults = Faults(f"The optimizer {type(first).__name__}")
    context = Context.of(task, budget, prior)
    answer = _Answers(task, context.budget)
    context = replace(context, signals=answer.run.signals)
    course = _Course(context, answer, faults)
    with untouched_global_rng(faults, "It"), tempfile.TemporaryDirectory() as folder:
        if isinstance(first, Trainable) and train:
            with faults.guard("To train, save and load it"):
                new = _trained(first, new, train, course, Path(folder))
        for check in (_seeds, _degenerate) if context.signals else (_seeds, _given, _degenerate):
            with faults.guard(f"What `{check.__name__.strip('_')}` does"):
                check(new, course)
        if processes:
            with faults.guard("To take it to another process"):
                _elsewhere(new, course)
        if not may_repeat:
            with faults.guard("A finite space"):
                _finite(new, course)
        if isinstance(first, BatchOptimizer):
            with faults.guard("The batched form"):
                _batch(new, task, context, faults)
    faults.close()


class _Answers:
    """Answers of a task in one instance, run by run: a failure has the worst success of the run so far."""

    def __init__(self, task: Task, budget: float) -> None:
        self.task, self.budget = task, budget
        self.begin()

    def begin(self) -> None:
        self.run, self._good = Run(self.task, self.budget, 0), list[float]()

    def __call__(self, query: Query) -> Trial:
        if self.run.signals:
            return self.run.submit(query)
        trial = self.task.run(query.config, query.fidelity, failed=min(self._good, default=0.0))
        self._good.extend([trial.score] if trial.status is Status.OK else [])
        return trial


def _made_up(query: Query) -> Trial:
    """Return a score that depends on the configuration alone."""
    key = seeding.key({str(k): str(v) for k, v in query.config.items()})
    return Trial(query, key / 2.0**64, query.fidelity)


# ---------------------------------------------------------------------- runs
@dataclass(frozen=True)
class _Course:
    """Runs of one context, with the answers to their proposals."""

    context: Context
    answer: Answer
    faults: Faults

    def run(self, optimizer: Optimizer, seed: int = 1, given: Sequence[Trial] = ()) -> list[Trial]:
        """Let an optimizer spend the budget, and check its proposals."""
        context, faults = self.context, self.faults
        if isinstance(self.answer, _Answers):
            self.answer.begin()
        optimizer.reset(context, seeding.generator(seed))
        for trial in given:
            optimizer.tell(trial)
        trials: list[Trial] = []
        spent = 0.0
        while not over(context.budget - spent, context.fidelities[0]):
            query = optimizer.ask()
            if query is None:
                again = optimizer.ask()
                faults.expect(again is None, f"`ask` after None gives {again!r}")
                break
            if not _proposal(query, context, faults):
                break
            most = context.fidelities[payable(context.fidelities, context.budget - spent)]
            trial = self.answer(Query(query.config, min(query.fidelity, most)))
            optimizer.tell(trial)
            trials.append(trial)
            spent += trial.fidelity
        return trials


def _proposal(query: object, context: Context, faults: Faults) -> bool:
    if not isinstance(query, Query):
        faults.add(f"`ask` gives no Query but {query!r:.80}")
        return False
    if isinstance(query, Refusal):
        faults.add(f"A proposal is refused: {query.reason}")
        return False
    near = min(abs(f - query.fidelity) for f in context.fidelities)
    faults.expect(near < _NEAR, f"A proposal has fidelity {query.fidelity!r}, not one of {context.fidelities}")
    try:
        context.space.to_unit(query.config)
    except HPOGymError as error:
        faults.add(f"A proposal is not in the search space: {error}")
        return False
    return True


def _seeds(new: Make, course: _Course) -> None:
    context, faults = course.context, course.faults
    before = copy.deepcopy(_arrays(context))
    trials = course.run(new(), 0)
    faults.expect(trials, "`ask` gives None at once")
    _same(faults, "One seed gives other trials", trials, course.run(new(), 0))
    used = new()
    for earlier in (_narrower(context), context):
        replace(course, context=earlier).run(used, 5)
    _same(faults, "A used one goes another way than a fresh one", trials, course.run(used, 0))
    faults.same("It changes the context that it is given", before, _arrays(context))


def _elsewhere(new: Make, course: _Course) -> None:
    """Check that other processes, with other hash seeds of Python, have the same trials."""
    here = course.run(new(), 0)
    for where, there in elsewhere("It", course.faults, _alone, new, course).items():
        _same(course.faults, f"{where} gives other trials for one seed", here, there)


def _alone(new: Make, course: _Course) -> list[Trial]:
    return course.run(new(), 0)


def _narrower(context: Context) -> Context:
    """Return the same task with half the budget and every other row."""
    available = context.available
    if context.pool is not None:
        rows = np.flatnonzero(np.ones(len(context.pool), bool) if available is None else available)
        available = np.isin(np.arange(len(context.pool)), rows[::2])
    return replace(context, budget=max(1.0, context.budget // 2), available=available)


def _arrays(context: Context) -> list[Any]:
    prior = [[e.x, e.score, e.cost, e.status, dict(e.meta_features)] for e in context.prior]
    return [context.pool, context.available, dict(context.meta_features), prior]


def _same(faults: Faults, fault: str, expected: Sequence[Trial], got: Sequence[Trial]) -> None:
    faults.same(fault, *([(dict(t.config), t.fidelity) for t in trials] for trials in (expected, got)))


def _given(new: Make, course: _Course) -> None:
    space = course.context.space
    given = [course.answer(Query(config)) for config in space.decode(space.sample(np.random.default_rng(3), 5))]
    course.run(new(), 2, given)


def _degenerate(new: Make, course: _Course) -> None:
    """Check that it continues to propose on uninformative scores."""
    scores: dict[str, tuple[Score, Status]] = {
        "equal scores": (lambda i: 0.25, Status.OK),
        "huge scores": (lambda i: (-1.0) ** i * 1e308, Status.OK),
        "tiny differences": (lambda i: 1.0 + i * 1e-16, Status.OK),
        "failures only": (lambda i: -1.0, Status.FAILED),
    }
    for name, (score, status) in scores.items():
        count = itertools.count()

        def answer(query: Query, score: Score = score, status: Status = status, count: Iterator[int] = count) -> Trial:
            return replace(course.answer(query), score=score(next(count)), status=status)

        with course.faults.guard(f"A run of {name}"):
            replace(course, answer=answer).run(new(), 4)


def _finite(new: Make, course: _Course) -> None:
    """Check that, with a small pool within the budget, no configuration is tried twice before all are tried."""
    context, faults = course.context, course.faults
    if context.pool is None:
        return
    rows = np.arange(len(context.pool)) if context.available is None else np.flatnonzero(context.available)
    pool = context.space.snap(np.asarray(context.pool, np.float64)[rows[:8]])
    configs = {_frozen(c): c for c in context.space.decode(pool)}

    def nearest(query: Query) -> Trial:
        x = context.space.to_unit(query.config)
        config = context.space.from_unit(pool[np.abs(pool - x).sum(1).argmin()])
        return _made_up(Query(config))

    for count in (0, len(configs) // 2):
        given = [_made_up(Query(config)) for config in list(configs.values())[:count]]
        budget = float(len(configs) - count)
        small = replace(context, budget=budget, fidelities=FULL, pool=pool, available=None, offered=None, prior=())
        tried = [_frozen(t.config) for t in _Course(small, nearest, faults).run(new(), 6, given)]
        again, reported = len(tried) - len(set(tried)), len({_frozen(t.config) for t in given}.intersection(tried))
        faults.expect(not again, f"It repeats {again} of {len(configs)} configurations though others are left")
        faults.expect(not reported, f"It tries {reported} of {count} given configurations though others are left")


def _frozen(config: Mapping[str, object]) -> tuple[Any, ...]:
    return tuple(sorted((k, repr(v)) for k, v in config.items()))


# ---------------------------------------------------------------------- batches and training
def _batch(new: Make, task: Task, context: Context, faults: Faults) -> None:
    """Check that three runs at once choose as each of them alone would, at full fidelity."""
    single, seeds = replace(context, fidelities=FULL), (3, 4, 5)
    rngs = [seeding.generator(seed) for seed in seeds]
    runs = run_batch(new(), [task] * 3, [0] * 3, [single] * 3, rngs, budget=context.budget, n_init=0)
    for i, seed in enumerate(seeds):
        alone = _Course(single, _Answers(task, context.budget), faults).run(new(), seed)
        together = runs.view(i)
        _same(faults, f"Run {i} of a batch chooses otherwise than alone", alone[: len(together)], together.trials)


def _trained(first: Trainable, new: Make, train: Sequence[Task], course: _Course, folder: Path) -> Make:
    """Train it a little; a loaded one, and a retrained one, must choose like the saved one."""
    (tasks, held), faults = _parted(train), course.faults

    def trained(optimizer: Trainable, validation: Sequence[Task] = held) -> Trainable:
        optimizer.train(tasks, seeding.generator(1), validation=validation, steps=200)
        return optimizer

    def loaded() -> Any:
        optimizer = new()
        optimizer.load(folder)
        return optimizer

    def trials(optimizer: Any) -> list[Trial]:
        return course.run(optimizer, 7)

    trained(first).save(folder)
    lacks = {t.family for t in tasks} - set(first.seen)
    faults.expect(not lacks, f"`seen` lacks {sorted(lacks)}")
    expected, other = trials(first), loaded()
    faults.expect(set(other.seen) == set(first.seen), "What is loaded has seen other families than what was saved")
    _same(faults, "What is loaded chooses otherwise than what was saved", expected, trials(other))
    _same(faults, "What is trained again from one seed chooses otherwise", expected, trials(trained(new())))
    unnamed = {t.family for t in held} - set(first.seen)
    if unnamed:
        fault = f"Validation tasks change what it chooses, and `seen` lacks {sorted(unnamed)}"
        _same(faults, fault, expected, trials(trained(new(), ())))
    return loaded


def _parted(train: Sequence[Task]) -> tuple[Sequence[Task], Sequence[Task]]:
    """Return tasks to train on, and tasks of one family to validate on, with suites and spaces common to both."""
    kinds = {(t.suite, t.space) for t in train}
    for family in dict.fromkeys(t.family for t in reversed(train)):
        rest = [t for t in train if t.family != family]
        if {(t.suite, t.space) for t in rest} == kinds:
            return rest, [t for t in train if t.family == family]
    return train, ()
