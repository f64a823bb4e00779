"""The worth of a suite's numbers: `validity(suite)`; `page.py` has the tables.

One rule holds in this folder: a statistic is made for each task first and then
averaged, so that a task counts as one whatever its rows. Everywhere a failure has the worst score of its task, as an
agent sees it, and what was not measured is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.flat import LEAST, expected_random_regret
from hpo_gym.base import Floats
from hpo_gym.problem import SUITES, Suite, Table, TableTask, evaluations
from validity.choice import Choice, choice_of, median, spearman
from validity.importance import Importance, importance
from validity.order import Order, order
from validity.resolution import Resolution, resolution
from validity.signs import Sign, signs
from validity.surrogates import Agreed, agreed
from validity.transfer import Transfer, transfer

KINDS = ("table", "function")
"""Kinds of suites whose scores are known without training anything."""


@dataclass(frozen=True)
class Size:
    """How much was measured.

    Attributes:
        rows: Configurations, the fewest and the most of a task.
        measured: Share of the cells of tasks and configurations that can be served.
        failed: Share of those that failed at full fidelity.
    """

    tasks: int
    rows: tuple[int, int]
    fidelities: int
    measured: float
    failed: float


@dataclass(frozen=True)
class Noise:
    """Spread of one configuration over seeds beside that between configurations.

    Attributes:
        seeds: Standard deviation over seeds, the median.
        configurations: Standard deviation over the configurations of a task, the median over tasks.
        cells: How many cells of the table the first is the median of, 0 where a study was made for it.
        range: Seeds of these cells, the fewest and the most.
        study: The size of that study.
    """

    seeds: float
    configurations: float
    cells: int = 0
    range: tuple[int, int] = (0, 0)
    study: str = ""

    @property
    def ratio(self) -> float:
        """Signal to noise."""
        return self.configurations / self.seeds if self.seeds > 0 else np.inf


@dataclass(frozen=True)
class Flat:
    """How many tasks are flat, and how many no split holds."""

    tasks: int
    left_out: int


@dataclass(frozen=True)
class Validity:
    """All statistics of a suite; None, or nothing, where the suite has not what it takes.

    Attributes:
        score: Name and unit of the score.
        ties: Share of a task's rows that are at its optimum: median and maximum over tasks.
        fidelities: Each below 1, and its rank correlation with full fidelity, median over tasks.
    """

    suite: str
    title: str
    score: str
    size: Size
    flat: Flat
    noise: Noise | None = None
    ties: tuple[float, float] | None = None
    importance: Importance | None = None
    choice: Choice | None = None
    transfer: Transfer | None = None
    fidelities: tuple[tuple[float, float], ...] = ()
    signs: tuple[Sign, ...] = ()
    resolution: Resolution | None = None
    surrogates: Agreed | None = None
    order: Order | None = None


def validity(suite: Suite) -> Validity:
    """Compute the statistics of a suite; a suite without a table has its size and its flat tasks only."""
    head = (suite.name, str(suite.about.get("title", "")), _score_words(suite.about))
    table = table_of(suite)
    left_out = sum(suite.split(task) is None for task in suite.members)
    if table is None:
        told = resolution(suite)
        return Validity(*head, _size_of_functions(suite), _flat_functions(suite, left_out), resolution=told)
    full = full_scores(table)
    return Validity(
        *head,
        _size(table),
        Flat(sum(expected_random_regret(row) < LEAST for row in full), left_out),
        _noise(table, full, suite.about),
        _ties(full),
        importance(table, full),
        choice_of(table, full),
        transfer(suite, full),
        _fidelities(table, full),
        signs(suite.name, table, full),
        resolution(suite),
        agreed(suite),
        order(suite, table, full),
    )


def suites_of(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """What to examine: the names, or else all of the registry whose scores need no training; and what is left out."""
    if names:
        return list(names), []
    known = {name: entry.about.get("kind") in KINDS for name, entry in SUITES.entries().items()}
    return [name for name in known if known[name]], [name for name in known if not known[name]]


def table_of(suite: Suite) -> Table | None:
    """The table in which all tasks stand, in the order of the members; None where there is none."""
    first = suite.members[0]
    table = first.table if isinstance(first, TableTask) else None
    rows = [task.index for task in suite.members if isinstance(task, TableTask) and task.table is table]
    return table if table is not None and rows == list(range(table.k)) else None


def full_scores(table: Table) -> Floats:
    """Scores at full fidelity ``(k, m)``; a failure has the worst score of its task, NaN is not measured."""
    return np.where(table.measured, table.finite[..., -1].astype(np.float64), np.nan)


def known(row: Floats) -> Floats:
    """The numbers of an array that are not NaN."""
    return row[~np.isnan(row)]


# ---------------------------------------------------------------------------------------------- one statistic each
def _size(table: Table) -> Size:
    rows = np.full(table.k, table.m) if table.x.ndim == 2 else table.measured.sum(1)
    count = int(table.measured.sum())
    failed = int((table.failed[..., -1] & table.measured).sum())
    return Size(
        table.k,
        (int(rows.min()), int(rows.max())),
        len(table.fidelities),
        count / int(rows.sum()),
        failed / count,
    )


def _size_of_functions(suite: Suite) -> Size:
    return Size(len(suite.members), (0, 0), len(suite.members[0].fidelities), 1.0, 0.0)


def _flat_functions(suite: Suite, left_out: int) -> Flat:
    """Flat tasks by 1,000 points a task and the known best."""
    count = 0
    for task, seen in zip(suite.members, evaluations(suite.members), strict=True):
        score = task.noise_free(seen.x)
        count += bool(task.best - score.max() + expected_random_regret(score) < LEAST)
    return Flat(count, left_out)


def _noise(table: Table, full: Floats, about: Mapping[str, Any]) -> Noise | None:
    between = float(np.median([known(row).std() for row in full]))
    study = (about.get("built") or {}).get("seed_study")
    if study:
        counts = [f"{study[name]:,} {name}" for name in ("tasks", "rows", "cells", "seeds") if name in study]
        return Noise(float(study["sd_between_seeds"]), between, study=", ".join(counts))
    if table.repeats is None:
        return None
    sd, count = seed_spread(np.asarray(table.repeats[:, :, -1], np.float64))
    return Noise(float(np.median(sd)), between, sd.size, (int(count.min()), int(count.max()))) if sd.size else None


def seed_spread(single: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Standard deviation (n - 1) over seeds and their number, of each cell of ``(k, m, r)`` with two seeds or more."""
    good = np.isfinite(single)
    count = good.sum(2)
    use = count >= 2
    values, good, n = single[use], good[use], count[use]
    mean = np.where(good, values, 0.0).sum(1) / n
    return np.sqrt((np.where(good, values - mean[:, None], 0.0) ** 2).sum(1) / (n - 1)), n


def _ties(full: Floats) -> tuple[float, float]:
    """Share of the measured rows that are at the optimum: median and maximum over tasks."""
    shares = [float((row == row.max()).mean()) for row in map(known, full)]
    return float(np.median(shares)), max(shares)


def _fidelities(table: Table, full: Floats) -> tuple[tuple[float, float], ...]:
    """Each fidelity below 1 and the median over tasks of its rank correlation with full fidelity."""
    out = []
    for f, level in enumerate(table.fidelities[:-1]):
        scores = [spearman(low[there], row[there]) for low, row, there in
                  zip(table.finite[..., f], full, table.measured, strict=True)]  # fmt: skip
        out.append((level, median(scores)))
    return tuple(out)


def _score_words(about: Mapping[str, Any]) -> str:
    """Name and unit of the score."""
    said = about.get("score", "")
    name, unit = (said.get("name"), said.get("unit")) if isinstance(said, Mapping) else (said, about.get("unit"))
    return f"{name} ({unit})" if name and unit and unit != "none" else str(name or "score")
