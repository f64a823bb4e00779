"""Work of a worker: training an optimizer, running cells, replaying cells."""

from __future__ import annotations

import functools
import json
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import SplitError, seeding
from hpo_gym.bench.cells import Arrays, Cell, Made, Work, failed, instance_of, training_identity
from hpo_gym.bench.incumbent import arrays_of, incumbents
from hpo_gym.bench.reference.choices import by_space
from hpo_gym.bench.spent import spent_of
from hpo_gym.optimize import BatchOptimizer, Context, Desk, Optimizer, Resumable, Run, run_batch, run_one
from hpo_gym.problem import History, Refusal, Suite, Task, floor_for, has_seen
from hpo_gym.suites import load_suite
from hpo_gym.system import keep_memory, whole_folder


def train(work: Work) -> dict[str, Any]:
    """Train an optimizer on the meta-train tasks of a fold; the result appears in its folder at once, or not."""
    assert work.trained is not None
    folder, suite = Path(work.trained), _suite(work)
    optimizer = work.entrant.make()
    identity = training_identity(work.entrant, suite, work.fold, work.protocol.split, work.training)
    rng = seeding.generator(seeding.key("training", {**identity, "training": work.entrant.asked}))
    tasks, judged = suite.tasks("train", work.fold), work.protocol.split == "val"
    validation = () if judged else suite.tasks("val", work.fold)
    keep_memory()
    start, curve = time.process_time(), list[list[float]]()
    if isinstance(optimizer, Resumable):
        curve = optimizer.train_in(None, tasks, rng, validation=validation)
    else:
        optimizer.train(tasks, rng, validation=validation)
    measured = {"train_seconds": time.process_time() - start, "optimizer": work.entrant.name, "curve": curve}
    with whole_folder(folder) as unfinished:
        optimizer.save(unfinished)
        (unfinished / "training.json").write_text(json.dumps(measured))
    return measured


def run_cells(work: Work) -> list[Made]:
    """Run cells; a failure is that cell's, never the others'."""
    optimizer = work.entrant.make()
    if work.entrant.trainable and work.trained is not None:
        optimizer.load(Path(work.trained))
    suite = _suite(work)
    if work.entrant.batched and work.protocol.in_flight == 1:
        try:
            return _run_together(optimizer, suite, work)
        except (Exception, SystemExit):
            fault = traceback.format_exc()
        if len(work.cells) > 1:  # find out whose failure it is
            return [made for cell in work.cells for made in run_cells(replace(work, cells=(cell,)))]
        return [failed(work.cells[0], fault)]
    made = list[Made]()
    for cell in work.cells:
        try:
            made.append(_run_alone(optimizer, suite, work, cell))
        except (Exception, SystemExit):
            made.append(failed(cell, traceback.format_exc()))
    return made


def _run_alone(optimizer: Optimizer, suite: Suite, work: Work, cell: Cell) -> Made:
    """Run a cell by ask and tell; exceptions are not caught."""
    (task,) = _tasks(optimizer, suite, [cell])
    instance, rng = _seeds(work, cell)
    prior, p = suite.prior(cell.fold, work.protocol.memory), work.protocol
    context = Context.of(task, p.budget, prior, starts=seeding.starts_seed(instance))
    run = Run(task, context, instance, p.n_init, floor_for(task, suite.prior(cell.fold)))  # as in `_driven`
    if p.in_flight > 1:
        history = Desk(optimizer, run, context, rng).fly(p.in_flight)
    else:
        run_one(optimizer, run, context, rng)
        history = History(tuple(run.trials), p.n_init)
    times, why = _times(run.seconds), [t.query.reason for t in history if isinstance(t.query, Refusal)]
    if why:
        times["refused"] = {"count": len(why), "reason": why[0][:500]}
    return _done(work, cell, task, arrays_of(history, task), times)


def _run_together(optimizer: BatchOptimizer, suite: Suite, work: Work) -> list[Made]:
    """Run cells, those of one search space at once."""
    out, p = list[Made](), work.protocol
    for places in by_space(suite, work.cells):
        cells = tuple(work.cells[i] for i in places)
        tasks, prior = _tasks(optimizer, suite, cells), suite.prior(work.fold, p.memory)
        known = {task: Context.of(task, p.budget, prior) for task in dict.fromkeys(tasks)}
        out += _driven(optimizer, suite, replace(work, cells=cells), tasks, [known[t] for t in tasks])
    return out


def replayed(player: BatchOptimizer, suite: Suite, work: Work) -> list[Made]:
    """Run cells anew with an optimizer of recorded choices, without facts about the tasks."""
    tasks = [suite.task(cell.task) for cell in work.cells]
    return _driven(player, suite, work, tasks, [Context.of(t, work.protocol.budget.amount) for t in tasks])


def _driven(
    optimizer: BatchOptimizer, suite: Suite, work: Work, tasks: Sequence[Task], contexts: Sequence[Context]
) -> list[Made]:
    cells = work.cells
    seeds, seconds = [_seeds(work, cell) for cell in cells], list[float]()
    floor = floor_for(tasks[0], suite.prior(work.fold))  # of the training tasks, whatever the memory
    own = [replace(c, starts=seeding.starts_seed(w)) for c, (w, _) in zip(contexts, seeds, strict=True)]
    runs = run_batch(
        optimizer, tasks, [w for w, _ in seeds], own, [g for _, g in seeds],
        budget=work.protocol.budget, n_init=work.protocol.n_init, floor=floor, watch=seconds.append,
    )  # fmt: skip
    times = _times(seconds)
    return [_done(work, cell, tasks[i], runs.arrays(i), times) for i, cell in enumerate(cells)]


def _done(work: Work, cell: Cell, task: Task, arrays: Arrays, times: dict[str, Any]) -> Made:
    p = work.protocol
    units = p.budget.units([task])
    if units is not None:
        arrays["spent"] = spent_of(arrays["cost"], units.item(), p.n_init)
    arrays["incumbent"] = incumbents(task, arrays, p.budget, p.n_init)
    if "clock" in arrays:
        arrays["incumbent_by_time"] = incumbents(task, arrays, p.budget.amount / p.in_flight, p.n_init)
    arrays["x"] = arrays["x"].astype(np.float64)
    faults = getattr(task, "faults", ()) if arrays["status"].any() else ()
    return Made(cell, arrays, None, {**times, "fault": faults[0]} if faults else times)


def _times(seconds: Sequence[float]) -> dict[str, Any]:
    """Milliseconds of a suggestion."""
    p50, p95 = np.percentile(seconds, [50, 95]) if len(seconds) else (0.0, 0.0)
    return {"ms_p50": 1e3 * float(p50), "ms_p95": 1e3 * float(p95)}


def _tasks(optimizer: object, suite: Suite, cells: Sequence[Cell]) -> list[Task]:
    tasks = [suite.task(cell.task) for cell in cells]
    seen: frozenset[str] = getattr(optimizer, "seen", frozenset())
    for task in tasks:
        if has_seen(seen, task.family):
            raise SplitError(
                f"Task {task.name!r} must not be scored: {type(optimizer).__name__} was trained on its family."
            )
    return tasks


def _seeds(work: Work, cell: Cell) -> tuple[int, np.random.Generator]:
    instance = instance_of(cell.suite, cell.task, cell.replicate)
    who = work.entrant.asked
    return instance, seeding.generator(seeding.optimizer_seed(instance, who["name"], who["settings"]))


def _suite(work: Work) -> Suite:
    return _loaded(work.suite_spec) if work.live is None else work.live.suite


_loaded = functools.lru_cache(maxsize=16)(load_suite)
