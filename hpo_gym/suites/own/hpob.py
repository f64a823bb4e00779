"""HPO-B out of its folder: a suite for each search space, a task for each data set. None of its data ships.

Pineda Arango, Jomaa, Wistuba and Grabocka, "HPO-B", NeurIPS Datasets and Benchmarks 2021, arXiv:2106.06257.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError, create_model

from hpo_gym.base import DamagedDataError, Floats, Ints, Keys, blame, digest, require, unknown
from hpo_gym.problem import Evaluated, Evaluations, Points, Suite, Task
from hpo_gym.suites.own.suite import TableSuite, table_suite
from hpo_gym.system import rule_of, sha256

FILES = {"train": "meta-train-dataset.json", "val": "meta-validation-dataset.json", "test": "meta-test-dataset.json"}
AUGMENTED, STARTS, STATS = "meta-train-dataset-augmented.json", "bo-initializations.json", "summary-stats.json"
_ABOUT = {"title": "HPO-B", "source": "Pineda Arango et al., HPO-B, NeurIPS 2021, arXiv:2106.06257"}
_Unit, _Rows = Annotated[float, Field(ge=-1e-6, le=1 + 1e-6)], Annotated[list[int], Field(min_length=5)]
_Designs = create_model("_Designs", **{f"test{i}": (_Rows, ...) for i in range(5)})  # type: ignore[call-overload]
_Range = create_model("_Range", y_min=(FiniteFloat, ...), y_max=(FiniteFloat, ...))
_Points = Annotated[list[Annotated[list[_Unit], Field(min_length=1)]], Field(min_length=1)]  # type: ignore[valid-type]
_DataSet = create_model("_DataSet", X=(_Points, ...), y=(list[tuple[FiniteFloat]], ...))


@dataclass(frozen=True, eq=False, kw_only=True)
class HPOBTask(Task):
    """A data set of HPO-B, answered by its surrogate, a model of XGBoost in a file, at all points of the unit cube.

    **Score**: ``clip((v - y_min) / (y_max - y_min), 0, 1)``, where `v` is the measured `y` at given points and that of
    the model elsewhere, as in `evaluate_continuous` of HPO-B's handler. Regret is 1 less the score. Of an earlier task,
    the measured points are known: `rows` ``(m, d)`` and `scores` ``(m,)``. Initial designs are `given` ``(s, n)``.
    """

    file: Path
    span: tuple[float, float]
    rows: Points
    scores: Floats
    given: Ints

    @property
    def starts(self) -> Points | None:
        return self.rows[self.given] if len(self.given) else None

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        value, (low, high) = self._model.inplace_predict(x).astype(np.float64), self.span
        score = np.clip((value - low) / (high - low), 0.0, 1.0)
        for row in np.unique(self.given).astype(int):
            score[(x == self.rows[row]).all(1)] = self.scores[row]
        return Evaluated(score, np.array(fidelity, np.float64), np.zeros(len(x), np.int8))

    @functools.cached_property
    def _model(self) -> Any:
        import xgboost

        with blame(self.file):
            return xgboost.Booster({"nthread": 1}, model_file=self.file)

    def evaluations(self) -> Evaluations:
        one, ok = np.ones(len(self.rows)), np.zeros(len(self.rows), np.int8)
        return Evaluations(self.name, self.family, self.rows, self.scores, one, ok)


def hpob_suites(
    folder: str | Path, *, continuous: bool = False, spaces: Sequence[str] | None = None
) -> tuple[Suite, ...]:
    """Return a suite `HPOB-<space>` for each meta-test search space of a folder of HPO-B, with `y` as the score.

    Replicates 0..4 of ``start="init5"`` begin with its `test0`..`test4`. Of equal configurations the first stays.

    Args:
        folder: With ``bo-initializations.json`` and ``meta-{train,validation,test}-dataset.json``, its splits; the
            augmented file of meta-train serves where the other is missing.
        continuous: Whether surrogates (``saved-surrogates``, there or beside it) answer: `HPOBTask`; extra "hpob".
        spaces: Ids such as "4796"; None for all.

    Raises:
        DamagedDataError: A file or a key is missing, or values break a rule; the message names them.
    """
    folder, out = Path(folder), list[Suite]()
    paths = {split: folder / name for split, name in FILES.items()}
    if not paths["train"].exists() and (folder / AUGMENTED).exists():
        paths["train"] = folder / AUGMENTED
    data = {s: _read(path, dict[str, dict[str, _DataSet]]) for s, path in paths.items()}  # type: ignore[valid-type]
    designs = _read(folder / STARTS, dict[str, dict[str, _Designs]])  # type: ignore[valid-type]
    for space in data["test"] if spaces is None else spaces:
        if space not in data["test"]:
            raise unknown("search space of HPO-B", space, data["test"])
        splits = {split: list(_at(path, data[split], space)) for split, path in paths.items()}
        found, names = [], [name for listed in splits.values() for name in listed]
        for split, name in ((split, name) for split, listed in splits.items() for name in listed):
            own = [*vars(_at(folder / STARTS, designs, space, name)).values()] if split == "test" else []
            found.append(_points(f"{paths[split]}: {space!r} > {name!r}", data[split][space][name], own))
        x, y, starts = zip(*found, strict=True)
        if len(widths := {one.shape[1] for one in x}) > 1:
            raise DamagedDataError(f"{folder}: space {space!r} must have `X` of one width, got {sorted(widths)}.")
        cube, families = {f"x{j}": (0.0, 1.0) for j in range(*widths)}, [f"openml-task-{name}" for name in names]
        suite = table_suite(f"HPOB-{space}", cube, x, y, tasks=names, families=families, splits=splits, about=_ABOUT,
                            starts=starts)  # fmt: skip
        out.append(_continuous(folder, space, suite) if continuous else suite)
    return tuple(out)


def _points(at: str, one: Any, designs: Sequence[Sequence[int]]) -> tuple[Points, Floats, Ints]:
    """Return the distinct points, their scores, and the rows of the designs ``(s, 5)``; the handler reads five."""
    widths, m = sorted({len(row) for row in one.X}), len(one.X)
    if len(widths) > 1 or len(one.y) != m:
        raise DamagedDataError(f"{at} must have a `y` for each row of `X`, got {len(one.y)} of {m} of width {widths}.")
    rows = np.array([own[:5] for own in designs], np.int64).reshape(-1, 5)
    if ((rows < 0) | (rows >= m)).any() or any(len(set(own)) < 5 for own in rows.tolist()):
        raise DamagedDataError(f"{at} must begin with five different rows in [0, {m - 1}], got {rows.tolist()}.")
    x = np.array(one.X).clip(0.0, 1.0)
    _, first, same = np.unique(np.rint(x * 2.0**32), axis=0, return_index=True, return_inverse=True)  # as `snap`
    kept = np.sort(first)
    return x[kept], np.array(one.y)[kept, 0], np.searchsorted(kept, first[same.reshape(-1)])[rows]


def _continuous(folder: Path, space: str, suite: TableSuite) -> Suite:
    require("hpob")
    homes = [parent / "saved-surrogates" for parent in (folder, folder.resolve().parent)]
    home = homes[0] if homes[0].is_dir() else homes[1]
    stats = _read(home / STATS, dict[str, _Range])  # type: ignore[valid-type]
    name, table, members, sums = f"{suite.name}:surrogate", suite.table, [], [suite.data_hash]
    for i, task in enumerate(suite.members):
        file, there = (home / f"surrogate-{space}-{task.name}.json").resolve(), table.measured[i]
        low, high = vars(_at(home / STATS, stats, file.stem)).values()
        if not file.is_file() or not low < high:
            raise DamagedDataError(f"{file} must be a file, with `y_min < y_max`; it is missing, or has {low}, {high}.")
        members.append(HPOBTask(
            task.name, task.family, name, task.space, 1.0, 0.0, file=file, span=(low, high),
            scores=np.clip((table.score[i, there, 0].astype(np.float64) - low) / (high - low), 0.0, 1.0),
            rows=table.pool(i).x[there], given=np.array(table.starts[i]),
        ))  # fmt: skip
        sums.append(f"{low} {high} {sha256(file)}")
    return Suite(name, suite.space, tuple(members), "surrogate", 1, suite.splits, suite.about, digest(sums))


def _read(path: Path, kind: Any) -> Any:
    if not path.is_file():
        raise DamagedDataError(f"{path} must be a file of HPO-B; it is missing.")
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except ValidationError as fault:
        raise DamagedDataError(f"{path}: {rule_of(fault)}.") from fault


def _at(path: Path, found: Any, *keys: str) -> Any:
    try:
        return functools.reduce(lambda part, key: part[key], keys, found)
    except KeyError as fault:
        raise DamagedDataError(f"{path} must have {' > '.join(map(repr, keys))}; it is missing.") from fault
