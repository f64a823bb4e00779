"""The plan of a comparison: its cells, the missing ones, and the findings."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from hpo_gym.base import Floats, Ints, InvalidValueError, __version__, digest, unknown
from hpo_gym.bench.cells import Cell, Made, Work, failed, training_identity
from hpo_gym.bench.entrants import Entrant, before_training
from hpo_gym.bench.groups import with_groups
from hpo_gym.bench.incumbent import incumbents_on_test
from hpo_gym.bench.live import Live
from hpo_gym.bench.memory import ignorance, memory_used
from hpo_gym.bench.metrics import PORTFOLIO, TEST, VALIDATION, Curves, summarise
from hpo_gym.bench.outdated import Row, row_of, rows_before
from hpo_gym.bench.outdated import notes as outdated_notes
from hpo_gym.bench.pooling import pooled, with_ratings
from hpo_gym.bench.protocol import FAMILIES, Protocol, families_first
from hpo_gym.bench.reference.reference import Reference, optimizer_moved
from hpo_gym.bench.repeats import Repeats, mean_share, repeats_of
from hpo_gym.bench.repeats import remarks as repeats_notes
from hpo_gym.bench.spent import cut_trials, points, waiting
from hpo_gym.bench.stored_plan import StoredPlan, within
from hpo_gym.bench.summaries import Findings, Measure, bounds_of, summaries
from hpo_gym.bench.work import run_cells, train
from hpo_gym.problem import MOST, POINTS, Budget, Status, Suite, ended_by
from hpo_gym.suites import LIVE, describe_live
from hpo_gym.system import Job, Outcome, Progress, Record, Store, store_of

Reading = Store | Mapping[str, Record]
"""What findings read, by the hash of a cell."""
Hands = Callable[..., Iterable[Outcome]]
"""Does jobs, such as `hpo_gym.system.jobs.engines.run` with an engine; takes its `timeout`."""

TIME = "time"  # the kind of the headline's scores over simulated time
_TOGETHER, _APART = 128, 16  # cells of a job


class BenchPlan:
    """The cells of a comparison, stored and missing.

    Args:
        live: By spec, live suites; `suites` then holds their descriptions without code.
        shard: The part of the cells to hold: see `shard_of`.
        moved: By spec, the changes in a suite's data since its cells were run.
    """

    def __init__(
        self, protocol: Protocol, entrants: Sequence[Entrant], suites: Mapping[str, Suite], folder: Path,
        live: Mapping[str, Live] | None = None, shard: slice = slice(None), moved: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.protocol, self.entrants, self.suites, self.folder = protocol, tuple(entrants), dict(suites), folder
        self.live, self.moved = dict(live or {}), dict(moved or {})
        self.tasks = {spec: self._chosen(suite) for spec, suite in self.suites.items()}
        self._check_names()
        runs = sum(map(len, self.tasks.values())) * protocol.seeds
        if runs > MOST:
            raise InvalidValueError(f"A comparison must have at most {MOST} runs of an optimizer, got {runs}.")
        self._cells = {spec: list(self._every(spec))[shard] for spec in suites}
        self._keys: dict[Entrant, dict[Cell, str]] = {}

    def stored(self) -> StoredPlan:
        """Return the plan in its stored form."""
        hashes = {within(spec, self.folder): suite.data_hash for spec, suite in self.suites.items()}
        live = {spec: describe_live(suite) for spec, suite in self.suites.items() if suite.kind == LIVE}
        return StoredPlan(self.protocol, self.entrants, hashes, live)

    def _chosen(self, suite: Suite) -> list[tuple[str, int | None]]:
        """Task names with their folds; a limited number of them by a keyed order, so that fewer are a part of more."""
        by_fold = {f: suite.tasks(self.protocol.split, f) for f in self.protocol.folds}
        every = [(t.name, f) for f, tasks in by_fold.items() for t in tasks]
        if not every:
            raise InvalidValueError(f"Suite {suite.name!r} has no task in split {self.protocol.split!r}.")
        limit = self.protocol.tasks
        if limit == FAMILIES:
            limit = len({t.family for tasks in by_fold.values() for t in tasks})
        if limit is None or (isinstance(limit, int) and limit >= len(every)):
            return every
        if isinstance(limit, int):
            limit = tuple(families_first(suite.name, (t for tasks in by_fold.values() for t in tasks))[:limit])
        kept = [e for e in every if e[0] in limit]
        if not kept:
            raise unknown(f"task of split {self.protocol.split!r} in suite {suite.name!r}:", limit[0], dict(every))
        return kept

    def _check_names(self) -> None:
        """Refuse the name of a task that no suite has in the split."""
        known = {name for tasks in self.tasks.values() for name, _ in tasks}
        for name in self.protocol.tasks if isinstance(self.protocol.tasks, tuple) else ():
            if name not in known:
                split = self.protocol.split
                every = {t.name for s in self.suites.values() for f in self.protocol.folds for t in s.tasks(split, f)}
                raise unknown(f"task of split {split!r}:", name, every)

    @property
    def hash(self) -> str:
        """Return the hash of what is fixed: the settings, the tasks and the data of each suite, not the optimizers."""
        names = {suite.name: spec for spec, suite in self.suites.items()}
        settings = {key: value for key, value in self.protocol.to_json().items() if key != "tasks"}
        suites = [(name, self.suites[names[name]].data_hash, sorted(self.tasks[names[name]])) for name in sorted(names)]
        return digest({**settings, "suites": suites})

    def cells(self, spec: str) -> Sequence[Cell]:
        """Return all cells of a suite, or those of the shard, for any optimizer."""
        return self._cells[spec]

    def _every(self, spec: str) -> Iterator[Cell]:
        suite = self.suites[spec]
        for task, fold in self.tasks[spec]:
            for r in range(self.protocol.seeds):
                yield Cell(suite.name, suite.data_hash, task, fold, r)

    def key(self, cell: Cell, entrant: Entrant) -> str:
        """Return the hash of a cell, made once."""
        keys = self._keys.setdefault(entrant, {})
        if cell not in keys:
            keys[cell] = digest(cell.identity(entrant, self.protocol))
        return keys[cell]

    # ------------------------------------------------------------------ work
    def carry_out(self, store: Store, hands: Hands, progress: Progress, *, timeout: float | None = None) -> None:
        """Run the cells missing in the store, and its failures except those of reference runs.

        Args:
            timeout: Limit of a cell in seconds; each cell is then a job of its own, as in live suites.
        """
        stored = {r.cell for r in store.written() if r.status == "done" or "reference" in r.measured}
        missing = {
            (spec, entrant, fold, k): [
                c
                for c in self.cells(spec)
                if c.fold == fold and entrant.training(c.replicate) == k and self.key(c, entrant) not in stored
            ]
            for spec in self.suites
            for entrant in self.entrants
            if not entrant.reference
            for fold in self.protocol.folds
            for k in range(entrant.trainings)
        }
        total = sum(len(self.cells(spec)) for spec in self.suites) * len(self.entrants)
        done = total - sum(map(len, missing.values()))
        progress(done, total, "")
        works = [self.work(*where, cells) for where, cells in missing.items() if cells]
        for w in works:
            if w.live is not None and w.entrant.spec == PORTFOLIO:
                w.live.remember(w.fold, self.protocol.memory)
        broken = self._train(works, hands, lambda what: progress(done, total, what))
        parts = [p for w in works if w.trained not in broken for p in self._parts(w, timeout is not None)]
        for work in (w for w in works if w.trained in broken):
            self.put(store, work.entrant, [failed(cell, broken[str(work.trained)]) for cell in work.cells])
            done += len(work.cells)
        while parts:
            jobs, parts = {f"{i}": part for i, part in enumerate(parts)}, []
            for outcome in hands([Job(k, run_cells, (w,)) for k, w in jobs.items()], timeout=timeout):
                work = jobs[outcome.key]
                if outcome.status != "done" and len(work.cells) > 1:  # find out whose failure it is
                    parts += [replace(work, cells=(cell,)) for cell in work.cells]
                    continue
                made = _made(work, outcome)
                self.put(store, work.entrant, made)
                done += len(made)
                progress(done, total, work.entrant.name)

    def borrow(self, store: Store, spec: str, reference: Reference) -> None:
        """Store the reference runs of entrants that are the same, version and all settings, where cells are missing."""
        stored = store.cells()
        same = {e.name: e for e in reference.entrants}
        for entrant in self.entrants:
            if same.get(entrant.name) == entrant and f"{entrant.name}/{self.protocol.start}" in reference.choices:
                cells = [c for c in self.cells(spec) if self.key(c, entrant) not in stored]
                made = reference.made(self.suites[spec], spec, entrant, self.protocol.start, cells)
                self.put(store, entrant, made)

    def put(self, store: Store, entrant: Entrant, made: Sequence[Made]) -> None:
        """Store the results of cells."""
        store.put_many([self.record(one, entrant) for one in made])

    def record(self, made: Made, entrant: Entrant) -> Record:
        """Return the result of a cell in its stored form."""
        status = "failed" if made.error is not None else "done"
        measured = {**made.measured, "hpo_gym": __version__}
        identity = made.cell.identity(entrant, self.protocol)
        return Record(self.key(made.cell, entrant), identity, made.arrays, status, made.error, measured)

    def work(self, spec: str, entrant: Entrant, fold: int | None, training: int, cells: Sequence[Cell]) -> Work:
        """Return a worker's instructions for cells of one optimizer and training."""
        trained = str(self._trained(spec, entrant, fold, training)) if entrant.trainable else None
        return Work(entrant, spec, fold, self.protocol, tuple(cells), trained, training, self.live.get(spec))

    def _trained(self, spec: str, entrant: Entrant, fold: int | None, training: int) -> Path:
        identity = training_identity(entrant, self.suites[spec], fold, self.protocol.split, training)
        return self.folder.resolve() / "trained" / digest(identity)  # a worker of a cluster works elsewhere

    def _train(self, works: Sequence[Work], hands: Hands, tell: Callable[[str], None]) -> dict[str, str]:
        """Train the untrained optimizers; return the errors of failed trainings, by folder."""
        todo = {
            w.trained: w for w in works if w.trained is not None and not (Path(w.trained) / "training.json").is_file()
        }
        if todo:
            tell("training " + ", ".join(sorted({w.entrant.name for w in todo.values()})))
        jobs = [Job(str(k), train, (replace(w, cells=()),)) for k, w in todo.items()]
        broken = {o.key: f"TRAINING {o.status.upper()}: {o.error}" for o in hands(jobs) if o.status != "done"}
        for folder in todo.keys() - broken.keys():
            if not (Path(str(folder)) / "training.json").is_file():
                broken[str(folder)] = f"TRAINING LOST: {folder} must lie on a file system that all workers share."
        return broken

    def _parts(self, work: Work, alone: bool) -> Iterator[Work]:
        size = 1 if alone or work.live else _TOGETHER if work.entrant.batched else _APART
        for i in range(0, len(work.cells), size):
            yield replace(work, cells=work.cells[i : i + size])

    # ------------------------------------------------------------------ results
    def failures(self, store: Reading) -> tuple[str, ...]:
        """Messages of the cells that failed, without any results."""
        return tuple(
            _message(cell, entrant, record)
            for spec in self.suites
            for entrant in self.entrants
            for cell, record in self.found(store, spec, entrant)
            if record.status != "done"
        )

    def found(self, store: Reading, spec: str, entrant: Entrant) -> Iterator[tuple[Cell, Record]]:
        """Yield the stored cells of an optimizer on a suite, failed ones too."""
        for cell in self.cells(spec):
            record = store.get(self.key(cell, entrant))
            if record is not None:
                yield cell, record

    def findings(self, store: Reading) -> Findings:
        """Return the metrics of the stored cells; a missing cell counts as failed."""
        curves: dict[str, list[Curves]] = {}
        validation: dict[str, list[Curves]] = {}
        timings: dict[str, Any] = {}
        errors, notes = list[str](), list[str]()
        failed_trials: dict[str, dict[str, dict[str, int]]] = {}
        suites = {}
        stale: dict[str, dict[str, Row]] = {}
        cost = self.protocol.budget.amount if self.protocol.budget.in_cost else None
        times, workers = dict[str, list[Curves]](), self.protocol.in_flight
        over_time = self.protocol.budget.amount / workers, workers
        for spec, suite in self.suites.items():
            if spec in self.moved:
                stale[suite.name] = rows_before(
                    self.folder, suite.name, (e.name for e in self.entrants), self.moved[spec]
                )
                continue
            tasks = [suite.task(name) for name, _ in self.tasks[spec]]
            tested = sum(task.test_range is not None for task in tasks)
            score = TEST if tested == len(tasks) else VALIDATION
            found = {e: self._read(store, spec, e, score, errors) for e in self.entrants}
            found = {e: f for e, f in found.items() if f.cells or not e.reference}  # those were made on other data
            others = {e: why for e in found if e.reference and (why := optimizer_moved(e))}
            ranked = {e: f for e, f in found.items() if e not in others}
            timings[suite.name] = {e.name: self.times(f.measured, spec, e) for e, f in ranked.items()}
            failed_trials[suite.name] = {e.name: dict(f.failed_trials) for e, f in ranked.items()}
            notes += [*_remarks(suite, ranked.values()), *_refusals(suite, ranked)]
            notes += repeats_notes(suite.name, {e.name: f.repeats for e, f in ranked.items()})
            notes += ignorance(suite, self.protocol) if suite.kind == LIVE else []
            clocked = [(TIME, times)] if workers > 1 else []
            for kind, place in (*clocked, (VALIDATION, validation), (score, curves)):
                of, axis = (score, over_time) if kind == TIME else (kind, (cost, 1))
                bounds = bounds_of(tasks, [f.scores[of] for f in ranked.values()], of)
                measure = Measure(suite.name, tasks, bounds, of, *axis)
                made = {e: measure.curves(e.name, f.scores[kind], f.waiting.get(kind)) for e, f in found.items()}
                place[suite.name] = [made[e] for e in ranked]
            if others:
                stale[suite.name] = {e.name: row_of(made[e], why) for e, why in others.items()}
            unknown = sum(not task.bounded for task in tasks)
            suites[suite.name] = summaries(curves[suite.name], validation[suite.name], tested, unknown)
            for e, f in ranked.items():
                suites[suite.name]["optimizers"][e.name]["repeats"] = mean_share(f.repeats)
            for name, summary in summarise(times[suite.name]).items() if workers > 1 else ():
                by_time = {"auc": summary["auc"], "last": summary["regret"][str(POINTS)]}
                suites[suite.name]["optimizers"][name]["time"] = by_time
            if cost is not None:
                for e, f in ranked.items():
                    suites[suite.name]["optimizers"][e.name] |= f.counted(self.protocol.n_init)
        notes += outdated_notes(stale)
        every = [s.name for s in self.suites.values()]
        protocol = {**self.protocol.to_json(), "suites": every, "optimizers": [e.name for e in self.entrants]}
        several = {e.name: e.trainings for e in self.entrants if e.trainings > 1}
        if several:
            protocol["trainings"] = several
        protocol["data"] = {s.name: s.data_hash for s in self.suites.values()}
        protocol |= {"hash": self.hash, "hash_with_optimizers": digest(protocol)}
        live = [s.name for s in self.suites.values() if s.kind == LIVE]
        formulas = [s.name for s in self.suites.values() if not (s.kind in ("table", LIVE) or _of_tables(s))]
        data = {
            "version": __version__, "protocol": protocol, "suites": suites,
            "memory": memory_used(self.protocol, self.suites.values(), self.entrants),
            "pooled": with_ratings(with_groups(pooled(curves, formulas, live=live), curves), curves),
            "timings": timings,
            **({"before": before} if (before := before_training(self.entrants)) else {}),
            **({"stale": stale} if stale else {}),
        }  # fmt: skip
        return Findings(data, curves, validation, tuple(errors), tuple(notes), failed_trials, times)

    def _read(self, store: Reading, spec: str, entrant: Entrant, score: str, errors: list[str]) -> _Found:
        """Return the stored results of an entrant; the suite is asked for the test score of incumbents here alone."""
        p, place = self.protocol, {name: i for i, (name, _) in enumerate(self.tasks[spec])}
        found, time = _Found.of((len(place), p.seeds), p.budget), p.budget.amount / p.in_flight
        for cell, record in self.found(store, spec, entrant):
            found.cells += 1
            if record.status != "done":
                errors.append(_message(cell, entrant, record))
                continue
            arrays, at, task = record.arrays, (place[cell.task], cell.replicate), self.suites[spec].task(cell.task)
            found.scores[VALIDATION][at] = arrays["incumbent"]
            if "clock" in arrays:
                clock = np.asarray(arrays["clock"], np.float64)
                found.scores[TIME][at] = arrays["incumbent_by_time"]
                found.waiting[TIME][at] = (ended_by(clock, points(time)) == 0).sum()
            if score == TEST:
                on_test: dict[str, Budget | float] = {TEST: p.budget} | ({TIME: time} if "clock" in arrays else {})
                for kind, budget in on_test.items():
                    found.scores[kind][at] = incumbents_on_test(task, arrays, budget, p.n_init)
            found.measured.append(record.measured)
            found.trials.append(len(arrays["status"]))
            again = repeats_of(arrays, task, p.n_init)
            found.repeats += [] if again is None else [again]
            failures = int((arrays["status"] != Status.OK).sum())
            if p.budget.in_cost:
                found.waiting[VALIDATION][at] = found.waiting[TEST][at] = waiting(arrays, p.budget.amount)
                found.cut += cut_trials(arrays)
                failures -= cut_trials(arrays)
            if failures:
                found.failed_trials[cell.task] += failures
        return found

    def times(self, times: Sequence[Any], spec: str, entrant: Entrant) -> dict[str, Any]:
        """Return milliseconds of a suggestion, from the measurements of each cell, and seconds of training."""
        p50, p95 = [round(float(np.median([t[k] for t in times])), 4) if times else None for k in ("ms_p50", "ms_p95")]
        seconds = max((t.get("train_seconds", 0.0) for t in times), default=0.0)  # those of reference runs
        if entrant.trainable:
            for fold, k in itertools.product(self.protocol.folds, range(entrant.trainings)):
                path = self._trained(spec, entrant, fold, k) / "training.json"
                seconds += json.loads(path.read_text())["train_seconds"] if path.is_file() else 0.0
        return {"ms_per_suggestion": {"p50": p50, "p95": p95}, "train_seconds": round(seconds, 3)}


def shard_of(text: str) -> slice:
    """Return a shard such as "2/8" as a part of each suite's cells, the second of eight, with cells of all optimizers.

    A shard is run by a process or a machine of its own, and merged later.

    Raises:
        InvalidValueError: The text has another form.
    """
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text) if isinstance(text, str) else None
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise InvalidValueError(f"`shard` must be like '2/8', the second of eight, got {text!r}.")
    return slice(int(found[1]) - 1, None, int(found[2]))


@contextmanager
def opened(folder: Path) -> Iterator[tuple[BenchPlan, Store]]:
    """Return the plan and the store of a comparison, open for reading.

    Raises:
        InvalidValueError: The folder holds none.
        DamagedDataError: It holds no plan, or is damaged, or a suite that is stored with it has other data than it had.
    """
    with Store(store_of(folder), write=False) as store:
        plan = StoredPlan.read(store)
        suites, moved = plan.loaded(folder)
        yield BenchPlan(plan.protocol, plan.entrants, suites, folder, moved=moved), store


@dataclass
class _Found:
    """Stored results of an entrant on a suite.

    Attributes:
        scores: Of the incumbents by kind, and over simulated time, ``(k, r, h)``; NaN where a run failed or is missing.
        waiting: Likewise over time, or with a budget in cost, points before the end of a run's first trial, ``(k, r)``.
        trials: Of each run, their number, the initial design among them.
        repeats: Of each run with a choice.
        cut, cells: Numbers of cut trials, and of stored cells, failed ones too.
    """

    scores: dict[str, Floats]
    waiting: dict[str, Ints]
    measured: list[Mapping[str, Any]] = field(default_factory=list)
    trials: list[int] = field(default_factory=list)
    repeats: list[Repeats] = field(default_factory=list)
    failed_trials: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    cells: int = 0

    @classmethod
    def of(cls, shape: tuple[int, int], budget: Budget) -> _Found:
        """Return no results, of tasks and replicates."""
        points = {VALIDATION: budget.points, TEST: budget.points, TIME: POINTS}
        waiting = (VALIDATION, TEST, TIME) if budget.in_cost else (TIME,)
        scores = {kind: np.full((*shape, h), np.nan) for kind, h in points.items()}
        return cls(scores, {kind: np.zeros(shape, np.int64) for kind in waiting})

    def counted(self, n_init: int) -> dict[str, Any]:
        """Return, for a budget in cost, the mean number of chosen trials of a run, and the total of cut ones."""
        mean = round(float(np.subtract(self.trials, n_init).mean()), 6) if self.trials else None
        return {"trials": mean, "cut_trials": self.cut}


def _of_tables(suite: Suite) -> bool:
    """Return whether a suite of several has tables only."""
    return suite.kind == "mixed" and all(task.pool is not None for task in suite.members)


def _remarks(suite: Suite, found: Collection[_Found]) -> list[str]:
    """Return a remark on failed trials of live tasks, possibly a fault of their code: number, and first message."""
    failed = sum(f.failed_trials.total() for f in found)
    if suite.kind != LIVE or not failed:
        return []
    trials = sum(sum(f.trials) for f in found)
    first = next((m["fault"] for f in found for m in f.measured if m.get("fault")), "")
    return [f"{failed} of {trials} trials on {suite.name} failed, the first: {first}"]


def _refusals(suite: Suite, found: Mapping[Entrant, _Found]) -> Iterator[str]:
    """Yield a remark on the refused proposals of each optimizer: their number, and a first reason."""
    for entrant, of in found.items():
        refused = [m["refused"] for m in of.measured if "refused" in m]
        if refused:
            count, trials, first = sum(one["count"] for one in refused), sum(of.trials), refused[0]["reason"]
            yield f"{count} of {trials} proposals of {entrant.name} on {suite.name} were refused, the first: {first}"


def _message(cell: Cell, entrant: Entrant, record: Record) -> str:
    return f"{entrant.name} on {cell.task} ({cell.replicate}): {(record.error or '').strip()}"


def _made(work: Work, outcome: Outcome) -> list[Made]:
    if outcome.status == "done":
        return cast("list[Made]", outcome.value)
    return [failed(cell, f"{outcome.status.upper()}: {outcome.error}") for cell in work.cells]
