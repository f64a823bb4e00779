"""Choices of a stored comparison as `Episodes`, to be played again into another observer, codec or reward."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.bench.cells import instance_of
from hpo_gym.bench.plan import opened
from hpo_gym.bench.reference.choices import choices_of, runs_of
from hpo_gym.optimize import Episodes


def recorded(folder: str | Path, suite: str | None = None) -> Episodes:
    """Return the runs of one suite of a comparison, failed ones aside; costs, statuses and returns are left out.

    Args:
        suite: Its name; None: the only one.

    Raises:
        InvalidValueError: There are several suites or folds, or no runs.
    """
    with opened(Path(folder)) as (plan, store):
        specs = [spec for spec, one in plan.suites.items() if suite in (None, spec, one.name)]
        if len(specs) != 1 or plan.protocol.fold == "all":
            names = sorted(one.name for one in plan.suites.values())
            raise InvalidValueError(f"`suite` must be one of {names}, not of all folds, got {suite!r}.")
        (spec,), p = specs, plan.protocol
        held, found = plan.suites[spec], [(e, *made) for e in plan.entrants for made in plan.found(store, spec, e)]
        runs = [(e.name, cell, record) for e, cell, record in found if record.status == "done"]
        if not runs:
            raise InvalidValueError(f"{folder} must hold runs on {held.name}, it holds none.")
        who, cells, records = zip(*runs, strict=True)
        chosen = choices_of(held, cells, records, p.n_init, exact=True)
        played = runs_of(held.task(cells[0].task), chosen)
    count, tasks = np.array([len(run["at"]) for run in played]), tuple(dict.fromkeys(cell.task for cell in cells))
    n, h = len(count), int(count.max())
    at = np.full((n, h, *played[0]["at"].shape[1:]), -1 if played[0]["at"].ndim == 1 else np.nan)
    at, fidelity, score = at.astype(played[0]["at"].dtype), np.ones((n, h)), np.full((n, h), np.nan)
    for i, (run, record) in enumerate(zip(played, records, strict=True)):
        at[i, : count[i]], fidelity[i, : count[i]] = run["at"], run["fidelity"]
        score[i, : count[i]] = record.arrays["score"][p.n_init :]
    instances = np.array([instance_of(c.suite, c.task, c.replicate) for c in cells], np.uint64)
    keywords = {"suite": spec, "split": p.split, "fold": p.fold, "n_init": p.n_init, **p.budget.to_json()}
    return Episodes(
        held, {name: value for name, value in keywords.items() if value is not None}, tasks,
        np.array([tasks.index(cell.task) for cell in cells]), seeding.unmixed(instances, 1), np.array(who), count, at,
        fidelity, score, np.full((n, h), np.nan), np.zeros((n, h), np.int8), np.full(n, np.nan),
    )  # fmt: skip
