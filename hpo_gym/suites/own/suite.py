"""Suites with scores measured in advance: bring your own table, keep it in a folder, read it again.

With `x` ``(m, d)`` and `scores` ``(k, m)``, higher is better:

    suite = table_suite("Mine", config_space, x, scores)
    suite.save("mine")
    env = gym.make("hpo_gym/HPO-v0", suite="mine")
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hpo_gym.base import DamagedDataError, InvalidValueError, blame, canonical, name_checked, whole
from hpo_gym.problem import (
    AnySpace,
    Objective,
    Points,
    SearchSpace,
    Suite,
    Table,
    TableTask,
    check_constraints,
    check_table,
    read_space,
    sizes_of,
)
from hpo_gym.suites.own import files as table_files
from hpo_gym.suites.own import input as given
from hpo_gym.suites.own.failures import failures_of, repeats_of
from hpo_gym.suites.own.input import Array, Rows
from hpo_gym.suites.own.objectives import Given, check_objectives, objectives_of

_SNAPPED = 1e-6  # float32 points are canonical to this
_MEAN = 1e-4  # a stored mean of stored repeats is right to this


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TableSuite(Suite):
    """A suite with all its tasks in one table.

    Attributes:
        table: Scores of all tasks, in the order of `members`.
    """

    table: Table

    def save(self, folder: str | Path) -> None:
        """Write `suite.json` and `table.npz` to a folder, for `load_suite` and `suite=`.

        The same suite gives the same bytes. The old files are replaced once the new ones are on the disk; a crash
        between the two replacements leaves a folder that is refused on reading.

        Raises:
            StorageFullError: The files could not be written; earlier ones are intact.
        """
        t = self.table
        single = t.fidelities == (1.0,)
        whole = ("x", table_files.OBJECTIVES)
        flat = {n: a[:, :, 0] if n not in whole and single else a for n, a in t.whole.arrays.items()}
        table_files.write_folder(Path(folder), self._description(), flat)

    def _description(self) -> dict[str, Any]:
        about = {name: value for name, value in self.about.items() if name != "titles"}
        titles = self.about.get("titles", {})
        members = [
            {"name": t.name, "title": titles.get(t.name), "family": t.family, "meta": dict(t.meta_features)}
            for t in self.members
        ]
        splits = None if self.splits is None else {s: list(names) for s, names in self.splits.items()}
        head = {"name": self.name, "version": self.version, **about}
        t = self.table
        newer = {
            table_files.OBJECTIVES: [asdict(objective) for objective in t.further],
            table_files.FIDELITY: t.sizes and t.sizes.to_json(),
            table_files.CONSTRAINTS: dict(t.constraints),
            table_files.PROPOSED: 0 if t.proposed is None else t.proposed.m,
            table_files.STARTS: t.starts,
            table_files.ORDER: t.order and {"name": t.order[0], "number": t.order[1]},
        }
        return {**head, "space": self.space.to_json(), "tasks": members, "splits": splits,
                "fidelities": list(t.fidelities), **newer}  # fmt: skip


def table_suite(
    name: str,
    space: AnySpace,
    x: Rows | Sequence[Rows],
    scores: ArrayLike,
    *,
    test_scores: ArrayLike | None = None,
    costs: ArrayLike | None = None,
    repeats: ArrayLike | None = None,
    fidelities: Sequence[float] | None = None,
    fidelity: Mapping[str, Any] | None = None,
    objectives: Given | None = None,
    tasks: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    splits: Mapping[str, Sequence[str]] | None = None,
    meta_features: Sequence[Mapping[str, float | None]] | None = None,
    about: Mapping[str, Any] | None = None,
    version: int = 1,
    cumulative: bool = False,
    starts: Sequence[Sequence[Sequence[int]]] = (),
    failures: str = "worst",
) -> TableSuite:
    """Make a suite of `k` tasks with measured scores. The input is copied.

    Args:
        space: The search space of all tasks, in any form that `hpo_gym.problem.space.forms.read_space` reads.
        x: The measured configurations: points of the unit cube ``(m, d)``, moved to the canonical points of the space,
            or
            `m` configurations as dictionaries. A list of `k` such gives each task a pool of its own, of any length.
        scores: ``(k, m)`` or ``(k, m, f)``, higher is better; NaN = not measured, -inf = failed. If each task has a
            pool of its own, a list of `k` arrays ``(m,)`` or ``(m, f)``.
        test_scores: Like `scores`, on data unused by any choice.
        costs: Like `scores`, not negative; NaN = unknown.
        repeats: Scores of `r` single seeds, ``(k, m, r)`` or ``(k, m, f, r)``, -inf = failed, NaN where there are
            fewer; `scores` are their means, and are taken from them where some failed. An evaluation returns one of
            them, drawn by its instance seed; reports use the means.
        fidelities: Shares of a full evaluation, ascending, `f` of them; the last is 1.
        fidelity: Meaning of the fidelities, if they are sizes of the model: ``{"kind": "size", "unit": "weights",
            "values": [5000, 20000, 80000]}``. Without `fidelities`, the shares are those of the largest.
        objectives: Further objectives, by name: ``{"size": {"values": (k, m), "direction": "minimize", "unit":
            "weights"}}``, values of full evaluations, finite where a row was measured. Not "score" or "cost".
        tasks: Names, default "task-0", "task-1", ...
        families: Data sets of one origin share a family, which no split divides; default the task's name.
        splits: Names of tasks by "train", "val" and "test"; default about 60 / 15 / 25 % by the hash of the family.
        meta_features: Numbers that describe each task.
        about: Facts for `hpo-gym info`, with keys of `ABOUT`; `score` and `cost` are mappings of `name` and `unit`.
        version: Raise it when the table changes.
        cumulative: Whether one training passes through all fidelities, as epochs do, so that the cost of one includes
            the lower ones: a budget in cost can then charge the difference. Kept as ``about["cost"]["cumulative"]``.
        starts: For each task, initial designs as lists of rows of its pool, of one size, or none: replicate `r` of a
            comparison with ``start="init5"`` begins with design `r` of five.
        failures: How a configuration counts of which some `repeats` failed: "worst", each failed one as the lowest
            score of its task and fidelity; "fail", as failed; "drop", by the mean of the others.

    Returns:
        A suite whose `best` and `worst` of a task are the highest and lowest score at full fidelity. A row counts as
        measured if no fidelity is NaN. Scores that float32 holds exactly are kept in float32.

    Raises:
        InvalidValueError: Input that breaks a rule; the message states it.
    """
    space = read_space(space)
    pools, shared = given.pools_of(space, x)
    sizes = None if shared else [len(p) for p in pools]
    score = given.stacked("scores", scores, sizes)
    models = sizes_of(fidelity)
    levels = given.fidelities_of(models.shares if fidelities is None and models else fidelities, score.shape[2])
    if models is not None:
        models.check(len(levels))
    cost = None if costs is None else given.stacked("costs", costs, sizes)
    test = None if test_scores is None else given.stacked("test_scores", test_scores, sizes)
    seeds, score, note = (None, score, None) if repeats is None else _repeats(repeats, score, failures_of(failures))
    named, array = objectives_of(objectives, score, sizes)
    names = given.texts("tasks", [f"task-{i}" for i in range(len(score))] if tasks is None else tasks, len(score))
    about, grows = given.cumulative_of(given.about_of(about or {}, names), cumulative, cost)
    about = _noted(about, note)
    points = given.stored_x(space, pools, shared)
    table = Table(space, points, score, cost, test, levels, seeds, array, named, models, cumulative=grows)
    _check(table)
    table = _starts(starts, table)
    groups = names if families is None else given.texts("families", families, table.k)
    meta = [{}] * table.k if meta_features is None else [given.values_of(m) for m in meta_features]
    given.count("meta_features", meta, table.k)
    head = Heading(name_checked("`name`", name), whole("version", version), splits, about)
    return suite_of_table(head, table, map(Member, names, groups, meta))


def load_folder(folder: str | Path, *, order: int | None = None) -> TableSuite:
    """Read a folder of `save`.

    Args:
        order: Number of an order by key of the rows of a shared pool, as agents see them; None: as the folder says.

    Raises:
        DamagedDataError: A file is missing, damaged, foreign or of a later format; the message names it.
    """
    folder = Path(folder)
    said, arrays = table_files.read_folder(folder)
    with blame(folder / table_files.SUITE):
        space = SearchSpace(said.space)
        levels, models = given.fidelities_of(said.fidelities, len(said.fidelities)), sizes_of(said.fidelity)
        further = tuple(Objective(**one.model_dump()) for one in said.objectives or ())
        if models is not None:
            models.check(len(levels))
    with blame(folder / table_files.TABLE):
        x = arrays["x"]
        k, f = len(said.tasks), len(levels)
        score = _deep("score", arrays["score"], k, f)
        cost, test = (_deep(n, arrays[n], k, f) if n in arrays else None for n in ("cost", "test_score"))
        seeds, score, note = _repeats(arrays["repeats"], score) if "repeats" in arrays else (None, score, None)
        array = arrays.get(table_files.OBJECTIVES)
        grows, bounds = said.cost is not None and said.cost.cumulative, said.constraints or {}
        kept = None if said.order is None else (said.order.name, said.order.number)
        table = Table(space, x, score, cost, test, levels, seeds, array, further, models, bounds, grows,
                      order=kept if order is None else (said.name, order))  # fmt: skip
        _check(table)
        _check_points(space, x)
        if said.proposed:
            table = _without_last(table, said.proposed)
    with blame(folder / table_files.SUITE):
        table = _starts(said.starts, table)
        names, families, meta = zip(*((t.name, t.family, t.meta) for t in said.tasks), strict=True)
        name = name_checked("`name`", said.name)
        head = Heading(name, said.version, said.splits, _noted(_about(said), note))
        tasks = map(Member, given.texts("tasks", names, table.k), given.texts("families", families, table.k), meta)
        return suite_of_table(head, table, tasks)


# ---------------------------------------------------------------------------------------------- parts
@dataclass(frozen=True)
class Heading:
    """A suite of a table without its tasks: its name and version, names of tasks by split, and facts (see `Suite`)."""

    name: str
    version: int
    splits: Mapping[str, Sequence[str]] | None
    about: Mapping[str, Any]


class Member(NamedTuple):
    """A task of a table without its scores."""

    name: str
    family: str
    meta: Mapping[str, float | None]


def suite_of_table(head: Heading, table: Table, tasks: Iterable[Member]) -> TableSuite:
    """Return the suite of a checked table, of tasks with a success each."""
    full = np.where(table.measured & np.isfinite(table.served[..., -1]), table.served[..., -1], np.nan)
    best, worst = (f(full, 1).astype(float).tolist() for f in (np.nanmax, np.nanmin))
    members = tuple(
        TableTask(t.name, t.family, head.name, table.space, best[i], worst[i], table.fidelities, dict(t.meta), table, i)
        for i, t in enumerate(tasks)
    )
    splits = head.splits
    kept = None if splits is None else {s: tuple(given.sequence(f"splits[{s!r}]", v)) for s, v in splits.items()}
    digest = _data_hash(table, members, kept)
    return TableSuite(head.name, table.space, members, "table", head.version, kept, head.about, digest, table=table)


def _data_hash(table: Table, members: Sequence[TableTask], splits: Mapping[str, Sequence[str]] | None) -> str:
    space = {
        k: v
        for k, v in table.space.to_json(units=False).items()
        if k in ("hyperparameters", "conditions", "forbiddens")
    }
    tasks = [[t.name, t.family, dict(t.meta_features)] for t in members]
    bounds = [dict(table.constraints)] if table.constraints else []
    starts = [{"starts": table.starts}] if table.starts else []
    out = hashlib.sha256(canonical([space, tasks, splits, table.fidelities, *bounds, *starts]).encode())
    for part in _parts(table):
        for name, array in part.arrays.items():
            if name != table_files.OBJECTIVES:  # they decide no score: results that read none stay what they are
                out.update(canonical([name, array.dtype.str, array.shape]).encode())
                out.update(table_files.little(array).data)
        if part.constraints:
            out.update(np.packbits(part.infeasible).data)
    return out.hexdigest()


def _parts(table: Table) -> tuple[Table, ...]:
    """Return the candidates, and the rows that an optimizer proposed."""
    return (table,) if table.proposed is None else (table, table.proposed)


def _without_last(table: Table, count: int) -> Table:
    """Return a table whose last `count` rows of each task an optimizer proposed; refuse a shared or empty pool."""
    if table.x.ndim == 2 or count >= table.m:
        pools = "one for all tasks" if table.x.ndim == 2 else f"{table.m} rows each"
        raise InvalidValueError(f"`proposed` must be rows of larger pools of the tasks' own, got {count} of {pools}.")
    parts: list[dict[str, Any]] = [
        {n: a[:, rows].copy() for n, a in table.arrays.items()} for rows in (slice(-count), slice(-count, None))
    ]
    out = replace(table, **parts[0], proposed=replace(table, **parts[1]))
    _check(out)
    return out


def _check(table: Table) -> None:
    if table.test_score is not None:
        test, shape = table.test_score, table.score.shape
        if test.shape != shape:
            raise InvalidValueError(f"`test_scores` must have the shape of `scores` {shape}, got {test.shape}.")
        if np.isposinf(test).any():
            raise InvalidValueError("`test_scores` must be finite, NaN (not measured) or -inf (failed), got +inf.")
    check_table(table.space, table.x, table.score, table.cost)
    check_objectives(table.further, table.objectives, (table.k, table.m))
    if table.constraints:
        check_constraints(table.constraints, table.further)
        empty = np.flatnonzero(~(table.measured & ~table.failed[..., -1]).any(1))
        if empty.size:
            raise InvalidValueError(f"Each task needs a feasible row, task {int(empty[0])} has none.")
    for array in (a for part in _parts(table) for a in part.arrays.values()):
        array.flags.writeable = False


def _starts(given: Sequence[Sequence[Sequence[int]]], table: Table) -> Table:
    """Return a table with checked initial designs."""
    if len(given) not in (0, table.k):
        raise InvalidValueError(f"`starts` must have one entry for each of {table.k} tasks, got {len(given)}.")
    out = [[[whole("starts", row, 0, table.m - 1) for row in one] for one in own] for own in given]
    for k, own in enumerate(out):
        if len(set(map(len, own))) > 1 or [] in own or not all(table.measured[k, one].all() for one in own):
            raise InvalidValueError(f"`starts[{k}]` must be designs of one size, of measured rows, got {own!r:.200}.")
    return replace(table, starts=out)


def _repeats(repeats: ArrayLike, score: Array, failures: str = "worst") -> tuple[Array, Array, str | None]:
    """Return repeats as ``(k, m, f, r)``, checked against the scores that they explain, and these; failed ones count.

    The last is a note on failed ones, None without any.
    """
    a = np.asarray(repeats)
    k, m, f = score.shape
    a = a[:, :, None] if a.ndim == 3 and f == 1 else a
    if a.dtype.kind != "f" or a.shape[:-1] != score.shape:
        wanted = f"({k}, {m}, r)" if f == 1 else f"({k}, {m}, {f}, r)"
        raise InvalidValueError(f"`repeats` must be floats of shape {wanted}, got {a.dtype} {a.shape}.")
    if np.isposinf(a).any():
        raise InvalidValueError("`repeats` must be finite, -inf (failed) or NaN (no such repeat), got +inf.")
    a, score, said = repeats_of(a, score, failures)
    lone = np.argwhere(np.isfinite(score) & np.isnan(a).all(-1))
    if len(lone):
        raise InvalidValueError(
            f"`repeats` must hold one where `scores` is finite, at {lone[0].tolist()} there is none."
        )
    there = np.isfinite(score) & ~np.isnan(a).all(-1)
    mean = np.nanmean(a[there].astype(np.float64), -1)
    off = np.abs(mean - score[there]) > _MEAN * (1.0 + np.abs(mean))
    if off.any():
        at = np.argwhere(there)[off.argmax()].tolist()
        raise InvalidValueError(f"`scores` must be the means of `repeats`, at {at} they are {score[there][off][0]:.6g} "
                                f"and {mean[off][0]:.6g}.")  # fmt: skip
    return a, score, said


def _check_points(space: SearchSpace, x: Array) -> None:
    flat: Points = np.asarray(x, np.float64).reshape(-1, space.d)
    snapped = space.snap(flat)
    far = np.flatnonzero((np.abs(snapped - flat) > _SNAPPED).any(1))
    if far.size:
        row = int(far[0])
        raise InvalidValueError(
            f"`x` must hold canonical points of the space, got {flat[row]} in row {row}; the nearest is {snapped[row]}."
        )
    space.default_x  # noqa: B018 - a space that cannot be used says so here


def _deep(name: str, a: Array, k: int, f: int) -> Array:
    shape: tuple[object, ...] = (k, "m") if f == 1 else (k, "m", f)
    if a.ndim != len(shape) or a.shape[0] != k or (f > 1 and a.shape[2] != f):
        raise DamagedDataError(f"`{name}` must have shape {shape} (as {table_files.SUITE} says), got {a.shape}.")
    return a if a.ndim == 3 else a[..., None]


def _noted(about: dict[str, Any], note: str | None) -> dict[str, Any]:
    return about if note is None else {**about, "preprocessing": [*about.get("preprocessing", ()), note]}


def _about(said: table_files.Description) -> dict[str, Any]:
    titles = {t.name: t.title for t in said.tasks if t.title is not None}
    about = said.model_dump(include=set(given.ABOUT), exclude_unset=True)
    return {**about, **({"titles": titles} if titles else {})}
