"""Suites with scores measured in advance: bring your own table, keep it in a folder, read it again.

With `x` ``(m, d)`` and `scores` ``(k, m)``, higher is better:

    suite = table_suite("Mine", config_space, x, scores)
    suite.save("mine")
    env = gym.make("hpo_gym/HPO-v0", suite="mine")
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hpo_gym.base import InvalidValueError, blame, canonical, unknown, whole
from hpo_gym.problem import (
    ANSWERS,
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
from hpo_gym.suites.own.files import ABOUT, Description, Order, described
from hpo_gym.suites.own.input import Array, Rows
from hpo_gym.suites.own.objectives import Given, check_objectives, objectives_of

_SNAPPED = 1e-6  # float32 points are canonical to this
_MEAN = 1e-4  # a stored mean of stored repeats is right to this
_DEEP = ("score", "cost", "test_score")  # arrays with an axis of fidelities


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
        single, arrays = self.table.fidelities == (1.0,), self.table.whole.arrays
        flat = {n: a[:, :, 0] if single and n in (*_DEEP, "repeats") else a for n, a in arrays.items()}
        said = self.described().model_dump(exclude_unset=True)
        table_files.write_folder(Path(folder), said, flat)

    def described(self) -> Description:
        """Return all of the suite but its arrays."""
        t, titles = self.table, self.about.get("titles", {})
        about = {name: value for name, value in self.about.items() if name != "titles"}
        tasks = [
            {"name": m.name, "family": m.family, "title": titles.get(m.name), "meta": m.meta_features}
            for m in self.members
        ]
        order = t.order and {"name": t.order[0], "number": t.order[1]}
        return described({
            **about, "name": self.name, "version": self.version, "space": self.space.to_json(), "tasks": tasks,
            "splits": self.splits, "fidelities": t.fidelities, "objectives": [asdict(one) for one in t.further],
            "fidelity": t.sizes and t.sizes.to_json(), "constraints": t.constraints, "starts": t.starts,
            "order": order, "proposed": 0 if t.proposed is None else t.proposed.m,
        })  # fmt: skip


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
    pools, shared, space = given.pools_of(space, x)
    sizes = None if shared else [len(p) for p in pools]
    numbers = {"score": scores, "cost": costs, "test_score": test_scores}
    said_as = {"score": "scores", "cost": "costs", "test_score": "test_scores"}
    arrays = {n: given.stacked(said_as[n], v, sizes) for n, v in numbers.items() if v is not None}
    k, _, f = arrays["score"].shape
    models = sizes_of(fidelity)
    if fidelities is None and f > 1 and models is None:
        raise InvalidValueError(f"`fidelities` must be given where `scores` have {f} of them.")
    entries = None
    if objectives is not None:
        entries, arrays["objectives"] = objectives_of(objectives, arrays["score"], sizes)
    if repeats is not None:
        arrays["repeats"] = np.asarray(repeats)
    names = given.each("tasks", [f"task-{i}" for i in range(k)] if tasks is None else tasks, k)
    groups = given.each("families", names if families is None else families, k)
    meta = [given.values_of(m) for m in given.each("meta_features", meta_features or [{}] * k, k)]
    about = _about(about or {}, names, cumulative)
    titles = about.pop("titles", {})
    said = described({
        **about, "name": name, "version": whole("version", version), "space": {}, "splits": splits, "starts": starts,
        "tasks": [{"name": n, "family": g, "title": titles.get(n) if titles else None, "meta": m}
                  for n, g, m in zip(names, groups, meta, strict=True)],
        "fidelities": (models.shares if models else (1.0,)) if fidelities is None else fidelities,
        "fidelity": fidelity, "objectives": entries,
    })  # fmt: skip
    table, note = _table(said, space, {**arrays, "x": given.stored_x(space, pools, shared)}, failures_of(failures))
    return suite_of(said, table, note)


def load_folder(folder: str | Path, *, order: int | None = None) -> TableSuite:
    """Read a folder of `save`.

    Args:
        order: Number of an order by key of the rows of a shared pool, as agents see them; None: as the folder says.

    Raises:
        DamagedDataError: A file is missing, damaged, foreign or of a later format; the message names it.
    """
    folder = Path(folder)
    said, arrays = table_files.read_folder(folder)
    if order is not None:
        said = said.model_copy(update={"order": Order(name=said.name, number=order)})
    with blame(folder / table_files.SUITE):
        space = SearchSpace(said.space)
    with blame(folder / table_files.TABLE):
        stored = folder / ANSWERS
        table, note = _table(said, space, arrays, answers=stored if stored.is_file() else None)
        _check_points(space, arrays["x"])
    with blame(folder / table_files.SUITE):
        return suite_of(said, table, note)


# ---------------------------------------------------------------------------------------------- parts
def suite_of(said: Description, table: Table, note: str | None = None) -> TableSuite:
    """Return the suite of a checked table, of tasks with a success each; a note is kept on its card."""
    full = np.where(table.measured & np.isfinite(table.served[..., -1]), table.served[..., -1], np.nan)
    best, worst = (f(full, 1).astype(float).tolist() for f in (np.nanmax, np.nanmin))
    members = tuple(
        TableTask(t.name, t.family, said.name, table.space, best[i], worst[i], table.fidelities, t.meta, table, i)
        for i, t in enumerate(said.tasks)
    )
    splits = None if said.splits is None else {split: tuple(names) for split, names in said.splits.items()}
    about = said.about()
    if note is not None:
        about["preprocessing"] = [*about.get("preprocessing", ()), note]
    digest = _data_hash(table, members, splits)
    return TableSuite(said.name, table.space, members, "table", said.version, splits, about, digest, table=table)


def _table(
    said: Description,
    space: SearchSpace,
    arrays: Mapping[str, Array],
    failures: str = "worst",
    answers: Path | None = None,
) -> tuple[Table, str | None]:
    """Return the checked table of a description, and a note on failed repeats, None without any."""
    k, f = len(said.tasks), len(said.fidelities)
    deep = {n: a if a.ndim == 3 else a[..., None] for n, a in arrays.items() if n in _DEEP}
    for name, array in deep.items():
        if array.ndim != 3 or array.shape != (k, deep["score"].shape[1], f):
            raise InvalidValueError(
                f"`{name}` must have the shape of {k} tasks, the rows of `score` and {f} `fidelities` (as many as "
                f"`scores` have), got {arrays[name].shape}."
            )
    score, seeds, note = deep["score"], arrays.get("repeats"), None
    if seeds is not None:
        seeds, score, note = _repeats(seeds, score, failures)
    models, grows = sizes_of(said.fidelity), said.cost is not None and said.cost.cumulative
    if models is not None:
        models.check(f)
    if grows and "cost" not in deep:
        raise InvalidValueError("`cumulative` needs `costs`, got none; the nearest is False.")
    further = tuple(Objective(**one.model_dump()) for one in said.objectives or ())
    order = None if said.order is None else (said.order.name, said.order.number)
    table = Table(
        space, arrays["x"], score, deep.get("cost"), deep.get("test_score"), tuple(said.fidelities), seeds,
        arrays.get("objectives"), further, models, said.constraints or {}, grows, order=order, answers=answers,
    )  # fmt: skip
    _check(table)
    if said.proposed:
        table = _without_last(table, said.proposed)
    return _with_starts(table, said.starts), note


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
            if name != "objectives":  # they decide no score: results that read none stay what they are
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
    if table.test_score is not None and np.isposinf(table.test_score).any():
        raise InvalidValueError("`test_scores` must be finite, NaN (not measured) or -inf (failed), got +inf.")
    check_table(table.space, table.x, table.score, table.cost)
    check_objectives(table)
    if table.constraints:
        check_constraints(table.constraints, table.further)
        empty = np.flatnonzero(~(table.measured & ~table.failed[..., -1]).any(1))
        if empty.size:
            raise InvalidValueError(f"Each task needs a feasible row, task {int(empty[0])} has none.")
    for array in (a for part in _parts(table) for a in part.arrays.values()):
        array.flags.writeable = False


def _with_starts(table: Table, starts: list[list[list[int]]]) -> Table:
    """Return a table with checked initial designs."""
    if len(starts) not in (0, table.k):
        raise InvalidValueError(f"`starts` must have one entry for each of {table.k} tasks, got {len(starts)}.")
    for k, own in enumerate(starts):
        for row in (row for one in own for row in one):
            whole("starts", row, 0, table.m - 1)
        if len(set(map(len, own))) > 1 or [] in own or not all(table.measured[k, one].all() for one in own):
            raise InvalidValueError(f"`starts[{k}]` must be designs of one size, of measured rows, got {own!r:.200}.")
    return replace(table, starts=starts)


def _repeats(a: Array, score: Array, failures: str) -> tuple[Array, Array, str | None]:
    """Return repeats as ``(k, m, f, r)``, checked against the scores that they explain, and these; failed ones count.

    The last is a note on failed ones, None without any.
    """
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


def _about(about: Mapping[str, Any], names: Sequence[str], cumulative: object) -> dict[str, Any]:
    """Return the description of a suite of tasks `names`, under known names, with `cumulative` where it is asked."""
    out = dict(about)
    for what, key, known in (
        *(("entry of `about`", key, ABOUT) for key in out),
        *(("task (in `about['titles']`)", key, names) for key in out.get("titles", {})),
    ):
        if key not in known:
            raise unknown(what, key, known)
    if not isinstance(cumulative, bool):
        raise InvalidValueError(f"`cumulative` must be True or False, got {cumulative!r}.")
    costs = out.get("cost", {})
    return {**out, "cost": {**costs, "cumulative": True}} if cumulative and isinstance(costs, Mapping) else out
