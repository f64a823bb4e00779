"""Suites with a table: what goes in is served, what is saved is read again or refused, and the nearest row answers."""

import errno
import hashlib
import itertools
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import MappingProxyType

import ConfigSpace as cs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_gym.base.errors import DamagedDataError, HPOGymError, InvalidValueError, StorageFullError
from hpo_gym.problem import Table
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.suite import Suite, split_of
from hpo_gym.problem.trial import Status
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own import files as table_files
from hpo_gym.suites.own.suite import TableSuite, load_folder, table_suite

LIGHT = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def mixed_space() -> SearchSpace:
    """A logarithm, an integer, an ordinal, a categorical and two levels of conditions."""
    space = cs.ConfigurationSpace()
    kernel = cs.CategoricalHyperparameter("kernel", ["rbf", "poly", "linear"])
    gamma = cs.UniformFloatHyperparameter("gamma", 1e-4, 10.0, log=True)
    degree = cs.UniformIntegerHyperparameter("degree", 2, 5)
    coef = cs.OrdinalHyperparameter("coef", [0.0, 0.5, 1.0])
    space.add(cs.UniformFloatHyperparameter("C", 0.01, 100.0, log=True), kernel, gamma, degree, coef)
    space.add(cs.InCondition(gamma, kernel, ["rbf", "poly"]), cs.EqualsCondition(degree, kernel, "poly"))
    space.add(cs.GreaterThanCondition(coef, degree, 3))
    return SearchSpace(space)


def flat_space() -> cs.ConfigurationSpace:
    return cs.ConfigurationSpace({"lr": (0.001, 1.0), "units": (1, 64), "act": ["relu", "tanh"]})


def line_space(m: int) -> cs.ConfigurationSpace:
    return cs.ConfigurationSpace({"i": (0, m - 1)})


def line(m: int) -> list[dict[str, int]]:
    return [{"i": i} for i in range(m)]


@st.composite
def suites(draw: st.DrawFn) -> TableSuite:
    """Any table suite over the mixed space: ragged or shared pools, one or three fidelities, gaps and failures."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    space, k, f = mixed_space(), draw(st.integers(1, 4)), draw(st.sampled_from([1, 3]))
    shared = draw(st.booleans())
    sizes = [draw(st.integers(2, 12))] * k if shared else [draw(st.integers(2, 12)) for _ in range(k)]
    pools = [space.sample(rng, m) for m in sizes]
    kind = draw(st.sampled_from([np.float32, np.float64, np.float16]))

    def values(low: float) -> list[np.ndarray]:
        out = [rng.uniform(low, 1, (m, f)).astype(kind) for m in sizes]
        for a in out:
            a[1:][rng.random(a[1:].shape) < 0.2] = np.nan
        return out

    scores = values(-1)
    for a in scores:
        a[1:][rng.random(a[1:].shape) < 0.2] = -np.inf
    families = [f"family {draw(st.integers(0, 2))}" for _ in range(k)]
    names = [f"t{i}" for i in range(k)]
    side = {g: draw(st.sampled_from(["train", "val", "test"])) for g in families}
    splits = {s: [n for n, g in zip(names, families, strict=True) if side[g] == s] for s in ("train", "val", "test")}
    given_ = {"scores": scores, "costs": values(0), "test_scores": values(-1)}
    given_ = {n: np.stack(a) if shared else a for n, a in given_.items()}
    return table_suite(
        draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._()=+-]{0,20}", fullmatch=True)),
        space,
        pools[0] if shared else pools,
        given_["scores"],
        costs=given_["costs"] if draw(st.booleans()) else None,
        test_scores=given_["test_scores"] if draw(st.booleans()) else None,
        fidelities=[0.1, 0.5, 1.0][-f:],
        tasks=names,
        families=families,
        splits=splits if draw(st.booleans()) else None,
        meta_features=[{"rows": 10 + i, "share": None} for i in range(k)],
        about={"title": "T", "score": {"name": "accuracy", "unit": "share"}, "titles": {"t0": "first"}},
        version=2,
    )


def same(a: TableSuite, b: TableSuite) -> bool:
    arrays = all(
        (u is None and v is None) or (u.dtype == v.dtype and np.array_equal(u, v, equal_nan=True))
        for u, v in ((getattr(a.table, n), getattr(b.table, n)) for n in Table.ARRAYS)
    )
    plain = ("name", "space", "kind", "version", "splits", "about", "data_hash")
    tasks = ("name", "family", "suite", "best", "worst", "fidelities", "meta_features", "index")
    return (
        arrays
        and all(getattr(a, n) == getattr(b, n) for n in plain)
        and a.table.fidelities == b.table.fidelities
        and all(getattr(s, n) == getattr(t, n) for s, t in zip(a.members, b.members, strict=True) for n in tasks)
    )


# ------------------------------------------------------------------------------------------------ served
@pytest.mark.long
@LIGHT
@given(suites())
def test_each_row_is_served_exactly(suite: TableSuite) -> None:
    for task in suite.members:
        score, measured = suite.table.score[task.index], task.measured
        for row, f in itertools.product(np.flatnonzero(measured).tolist(), range(score.shape[1])):
            trial = task.run(suite.space.from_unit(task.pool[row]), suite.table.fidelities[f], failed=-7.0)
            first = int(task.rows(task.pool[row : row + 1])[0])
            assert (task.pool[first] == task.pool[row]).all()
            value = float(score[first, f])
            assert trial.status == (Status.OK if np.isfinite(value) else Status.FAILED)
            assert trial.score == (value if np.isfinite(value) else -7.0)
            assert suite.table.finite[task.index, first, f] == (
                value if np.isfinite(value) else worst(score[measured], f)
            )
            assert trial.config == suite.space.from_unit(task.pool[row])
            assert trial.fidelity == suite.table.fidelities[f]


def worst(score: np.ndarray, f: int) -> float:
    """What judges take a failure for: the lowest success of its fidelity; of all, where there is none."""
    here = score[:, f][np.isfinite(score[:, f])]
    return float(here.min() if here.size else score[np.isfinite(score)].min())


def test_a_failure_is_served_with_the_score_that_its_run_gives_it_and_its_cost() -> None:
    suite = table_suite("Fail", line_space(3), line(3), [[0.5, -np.inf, 0.25]], costs=[[1, 2, 3]])
    trial = suite.members[0].run({"i": 1})
    assert (trial.status, trial.score, trial.cost) == (Status.FAILED, 0.0, 2.0)
    assert suite.members[0].run({"i": 1}, failed=-3.5).score == -3.5
    assert suite.members[0].run({"i": 2}, failed=-3.5).score == 0.25
    assert suite.members[0].evaluations().score.tolist() == [0.5, 0.25, 0.25]  # all of it is known there
    assert (suite.members[0].best, suite.members[0].worst) == (0.5, 0.25)


def test_the_nearest_fidelity_answers() -> None:
    task = table_suite("Fid", line_space(2), line(2), [[[1, 2, 3], [4, 5, 6]]], fidelities=(0.1, 0.4, 1)).members[0]
    assert [task.run({"i": 1}, f).score for f in (0.01, 0.1, 0.25, 0.26, 0.4, 0.69, 0.71, 1)] == [
        4,
        4,
        4,
        5,
        5,
        5,
        6,
        6,
    ]
    assert task.run({"i": 1}, 0.3).cost == pytest.approx(0.4)  # no cost given: the share of a full evaluation


def test_an_unknown_cost_is_the_median_of_the_task_at_that_fidelity() -> None:
    costs = [[[1, 10, np.nan], [np.nan, 20, np.nan], [3, np.nan, np.nan]]]
    scores = np.ones((1, 3, 3))
    suite = table_suite("Costs", line_space(3), line(3), scores, costs=costs, fidelities=(0.1, 0.4, 1.0))
    assert suite.table.costs.tolist() == [[[1, 10, 6.5], [2, 20, 6.5], [3, 15, 6.5]]]


# ------------------------------------------------------------------------------------------------ made
def test_points_are_snapped_and_inputs_are_copied() -> None:
    x, scores = np.array([[0.5, 0.01, 0.3], [0.5, 0.9, 0.8]]), np.array([[0.1, 0.2]])
    suite = table_suite("Copy", flat_space(), x, scores)
    before = suite.table.x.copy(), suite.table.score.copy()
    assert (suite.table.x == suite.space.snap(x)).all()
    x[:], scores[:] = 0, 9
    assert (suite.table.x == before[0]).all() and (suite.table.score == before[1]).all()
    with pytest.raises(ValueError, match="read-only"):
        suite.members[0].pool[0, 0] = 0.5


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.1, 0.2]], np.float32), np.float32),
        (np.array([[0.1, 0.2]], np.float16), np.float32),
        (np.array([[0.1, 0.2]]), np.float64),
        (np.array([[0.5, np.nan]]), np.float32),
        ([[1, 2]], np.float32),
        ([[1, 2**24 + 1]], np.float64),
        ([[1.0, 1e300]], np.float64),
        ([[1.0, 1e-300]], np.float64),
    ],
)
def test_scores_are_kept_in_the_narrowest_type_that_holds_them(values: object, expected: type) -> None:
    suite = table_suite("Type", line_space(2), line(2), values)
    assert suite.table.score.dtype == expected
    assert np.array_equal(suite.table.score[..., 0], np.asarray(values), equal_nan=True)


def test_dictionaries_arrays_and_configurations_make_the_same_suite() -> None:
    space = flat_space()
    space.seed(1)
    configs = space.sample_configuration(5)
    rows = [dict(c) for c in configs]
    x = SearchSpace(space).encode(rows)
    scores = np.arange(5.0)[None]
    made = [table_suite("Same", space, given, scores) for given in (configs, rows, x, x.tolist(), [x], [rows])]
    assert len({(m.table.x.tobytes(), m.table.score.tobytes()) for m in made}) == 1


def test_a_pool_for_each_task_may_have_any_length() -> None:
    suite = table_suite("Ragged", line_space(9), [line(2), line(4)], [[0.1, 0.2], [1, 2, 3, 4]])
    assert suite.table.x.shape == (2, 4, 1)
    assert [t.measured.sum() for t in suite.members] == [2, 4]
    assert [t.run({"i": 8}).score for t in suite.members] == [0.2, 4]


def test_splits_follow_the_family_unless_given() -> None:
    names = [f"d{i}" for i in range(40)]
    common = ("Split", line_space(2), line(2), np.ones((40, 2)))
    suite = table_suite(*common, tasks=names, families=[f"f{i // 2}" for i in range(40)])
    assert all(suite.split(t) == split_of(t.family) for t in suite.members)
    given_ = table_suite(*common, tasks=names, splits={"train": names[:10], "test": names[10:12]})
    assert [t.name for t in given_.tasks("train")] == names[:10]
    assert given_.split(given_.task("d20")) is None


def ok(**change: object) -> dict[str, object]:
    good: dict[str, object] = {"name": "Ok", "space": line_space(3), "x": line(3), "scores": [[1, 2, 3], [4, 5, 6]]}
    return {**good, **change}


BAD = {
    "scores of one dimension": (ok(scores=[1, 2, 3]), "scores.*shape"),
    "scores of another length": (ok(scores=[[1, 2]]), "`x` must have shape"),
    "ragged scores": (ok(scores=[[1, 2, 3], [1]]), "one length"),
    "text scores": (ok(scores=[["a", "b", "c"]]), "numbers.*'a'"),
    "object scores": (ok(scores=[[None, {}, 1]]), "numbers"),
    "no scores": (ok(scores=[]), "scores.*shape"),
    "infinite score": (ok(scores=[[1, 2, np.inf], [1, 2, 3]]), r"\+inf"),
    "no success": (ok(scores=[[1, 2, 3], [np.nan, -np.inf, np.nan]]), "task 1 has none"),
    "no row measured at each fidelity": (
        ok(scores=[[[1, np.nan], [np.nan, 1], [np.nan, 2]]], fidelities=(0.5, 1)),
        "task 0 has none",
    ),
    "x outside the cube": (ok(x=[[0.1], [0.5], [1.5]]), r"\[0, 1\].*nearest"),
    "x that is NaN": (ok(x=[[0.1], [0.5], [np.nan]]), r"\[0, 1\]"),
    "x of another width": (ok(x=np.zeros((3, 2))), r"shape \(n, 1\)"),
    "x of one dimension": (ok(x=np.zeros(3)), r"`x\[0\]`"),
    "x without rows": (ok(x=[]), "at least one row"),
    "x of text": (ok(x="abc"), "array or a list"),
    "unknown hyperparameter": (ok(x=[{"j": 1}] * 3), "Did you mean|Known"),
    "value out of range": (ok(x=[{"i": 0}, {"i": 1}, {"i": 7}]), "nearest is 2"),
    "a configuration twice": (ok(x=[{"i": 0}, {"i": 1}, {"i": 0}]), "rows 0 and 2"),
    "two points of one configuration": (ok(x=[[0.0], [0.5], [0.01]]), "rows 0 and 2"),
    "dictionaries and points": (ok(x=[{"i": 0}, [0.5], [0.9]]), "numbers|dict|configuration"),
    "pools of another count": (ok(x=[line(3)]), "each row of the pools"),
    "pools of another length": (ok(x=[line(3), line(2)], scores=[[1, 2, 3], [4, 5, 6]]), "each row of the pools"),
    "cost of another shape": (ok(costs=[[1, 2, 3]]), "`cost` .*shape"),
    "negative cost": (ok(costs=[[1, 2, 3], [4, -5, 6]]), "negative.*-5"),
    "infinite cost": (ok(costs=[[1, 2, 3], [4, np.inf, 6]]), "finite"),
    "test scores of another shape": (ok(test_scores=[[1, 2, 3]]), "`test_score` .*shape"),
    "infinite test score": (ok(test_scores=[[1, 2, 3], [1, 2, np.inf]]), r"test_scores.*\+inf"),
    "fidelities missing": (ok(scores=np.ones((1, 3, 2))), "`fidelities` must be given"),
    "fidelities too many": (ok(fidelities=(0.5, 1)), "as many"),
    "fidelities descending": (ok(scores=np.ones((1, 3, 2)), fidelities=(1, 0.5)), "ascend"),
    "fidelities equal": (ok(scores=np.ones((1, 3, 2)), fidelities=(1, 1)), "ascend"),
    "fidelities without 1": (ok(scores=np.ones((1, 3, 2)), fidelities=(0.2, 0.5)), "end in 1"),
    "fidelity zero": (ok(scores=np.ones((1, 3, 2)), fidelities=(0, 1)), "0 < fidelities"),
    "fidelity NaN": (ok(scores=np.ones((1, 3, 2)), fidelities=(np.nan, 1)), "NaN"),
    "fidelity text": (ok(scores=np.ones((1, 3, 2)), fidelities=("a", 1)), r"fidelities\.0.*number"),
    "task names too few": (ok(tasks=["a"]), "each of 2 tasks"),
    "task names twice": (ok(tasks=["a", "a"]), "unique.*'a'"),
    "task names one text": (ok(tasks="ab"), "`tasks` must be a list"),
    "families a mapping": (ok(families={"task-0": "a", "task-1": "b"}), "`families` must be a list"),
    "task names numbers": (ok(tasks=[1, 2]), r"tasks\.0\.name.*got 1"),
    "task names unhashable": (ok(tasks=[["a"], "b"]), r"tasks\.0\.name"),
    "task name empty": (ok(tasks=["", "b"]), r"tasks\.0\.name"),
    "families too few": (ok(families=["a"]), "each of 2 tasks"),
    "family on two sides": (ok(families=["a", "a"], splits={"train": ["task-0"], "test": ["task-1"]}), "one side"),
    "unknown split": (ok(splits={"trian": ["task-0"]}), "train"),
    "unknown task in a split": (ok(splits={"train": ["task-9"]}), "task-9"),
    "split of one text": (ok(splits={"train": "task-0"}), r"splits\.train"),
    "meta-features too few": (ok(meta_features=[{}]), "each of 2 tasks"),
    "meta-feature NaN": (ok(meta_features=[{}, {"a": np.nan}]), "finite"),
    "meta-feature text": (ok(meta_features=[{}, {"a": "b"}]), "finite"),
    "about unknown": (ok(about={"tilte": "T"}), "Did you mean 'title'"),
    "about no text": (ok(about={"title": 3}), "`title`.*got 3"),
    "about score no mapping": (ok(about={"score": "accuracy"}), "`score`.*accuracy"),
    "about no JSON": (ok(about={"source": {1, 2}}), "plain JSON"),
    "no space": (ok(space=[("i", (0, 1))]), "ConfigurationSpace"),
    "version zero": (ok(version=0), "version"),
    "name empty": (ok(name=""), "name"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_its_rule(case: str) -> None:
    arguments, message = BAD[case]
    with pytest.raises(HPOGymError, match=message):
        table_suite(**arguments)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ kept
@pytest.mark.long
@LIGHT
@given(suites())
def test_a_saved_suite_is_read_again_as_it_was(tmp_path: Path, suite: TableSuite) -> None:
    suite.save(tmp_path / "s")
    again = load_suite(tmp_path / "s")
    assert isinstance(again, TableSuite)
    assert same(suite, again)
    first = [(tmp_path / "s" / n).read_bytes() for n in ("suite.json", "table.npz")]
    again.save(tmp_path / "s")
    assert first == [(tmp_path / "s" / n).read_bytes() for n in ("suite.json", "table.npz")]
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == ["suite.json", "table.npz"]


@LIGHT
@given(suites(), st.data())
@pytest.mark.long
def test_a_changed_byte_or_a_cut_is_refused_or_harmless(tmp_path: Path, suite: TableSuite, data: st.DataObject) -> None:
    suite.save(tmp_path)
    for name in ("suite.json", "table.npz"):
        whole = (tmp_path / name).read_bytes()
        for _ in range(25):
            at = data.draw(st.integers(0, len(whole) - 1))
            flip = bytes([whole[at] ^ (1 << data.draw(st.integers(0, 7)))])
            for bad in (whole[:at] + flip + whole[at + 1 :], whole[:at], whole + flip):
                (tmp_path / name).write_bytes(bad)
                try:
                    again = load_folder(tmp_path)
                except DamagedDataError as fault:
                    assert str(tmp_path / name) in str(fault)
                else:
                    assert name == "suite.json"  # a blank or a line break
                    assert same(suite, again)
        (tmp_path / name).write_bytes(whole)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    table_suite("Saved", line_space(3), line(3), [[0.1, 0.2, 0.3]], costs=[[1, 2, 3]]).save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "[" * 100000, '{"format": 2}', "\x00\xff", "1" * 5000])
def test_foreign_json_is_refused(saved: Path, text: str) -> None:
    (saved / "suite.json").write_bytes(text.encode("latin1"))
    with pytest.raises(DamagedDataError, match=r"suite\.json"):
        load_folder(saved)


def rewrite(folder: Path, **change: object) -> None:
    """Change suite.json and put the right checksums in, as somebody would who means it."""
    data = {**json.loads((folder / "suite.json").read_text()), **change}
    table = (folder / "table.npz").read_bytes()
    data |= {"sha256": {"table.npz": hashlib.sha256(table).hexdigest()}, "bytes": {"table.npz": len(table)}}
    data["checksum"] = table_files.checksum(data)
    (folder / "suite.json").write_text(json.dumps(data))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 7}, "format.*7"),
        ({"name": 3}, "name"),
        ({"version": True}, "version"),
        ({"colour": "red"}, "colour"),
        ({"tasks": []}, "tasks"),
        ({"tasks": [{"name": "a", "family": "a"}, {"name": "b", "family": "b"}]}, "shape"),
        ({"tasks": [{"name": "a", "family": 5}]}, r"tasks\.0\.family"),
        ({"tasks": [{"name": "a\n", "family": "a"}]}, "printable"),
        ({"fidelities": [0.5]}, "end in 1"),
        ({"fidelities": [0.5, 1.0]}, "shape"),
        ({"splits": {"train": ["b"]}}, "'b'"),
        ({"splits": {"left": []}}, "left"),
        ({"space": {}}, "suite"),
        ({"space": {"hyperparameters": [{"type": "normal_int", "name": "a", "default_value": 1}]}}, "bounds"),
        ({"space": {"hyperparameters": [{"type": "constant", "name": "i", "value": 1}]}}, "canonical"),
    ],
)
def test_a_description_that_breaks_a_rule_is_refused(saved: Path, change: dict[str, object], message: str) -> None:
    rewrite(saved, **change)
    with pytest.raises(DamagedDataError, match=message):
        load_folder(saved)


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": np.zeros((3, 1))},
        {"x": np.full((3, 1), 0.5), "score": np.ones((1, 3)), "evil": np.ones(1)},
        {"x": np.full((3, 1), 0.5), "score": np.array([[1, "a", None]], object)},
        {"x": np.full((3, 1), 0.5), "score": np.ones((1, 3), int)},
        {"x": np.full((3, 1), 0.5), "score": np.ones((1, 3), ">f8")},
        {"x": np.full((3, 1), 0.5), "score": np.ones((1, 2))},
        {"x": np.full((3, 1), 0.5), "score": np.full((1, 3), np.nan)},
        {"x": np.full((3, 1), 7.0), "score": np.ones((1, 3))},
        {"x": np.full((3, 1), 0.5), "score": np.ones((1, 3)), "cost": -np.ones((1, 3))},
    ],
)
def test_arrays_that_break_a_rule_are_refused(saved: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(saved / "table.npz", **arrays)
    rewrite(saved)
    with pytest.raises(DamagedDataError, match=r"table\.npz"):
        load_folder(saved)


def test_compressed_arrays_are_refused_so_none_can_burst(saved: Path) -> None:
    np.savez_compressed(saved / "table.npz", x=np.full((3, 1), 0.5), score=np.ones((1, 3)))
    rewrite(saved)
    with pytest.raises(DamagedDataError, match="not compressed"):
        load_folder(saved)


def test_a_header_that_promises_more_than_there_is_is_refused(saved: Path) -> None:
    path = saved / "table.npz"
    np.savez(path, x=np.full((3, 1), 0.5), score=np.ones((1, 3)))
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data.replace(b"(3, 1), }      ", b"(9999999999,),}"))
    rewrite(saved)
    with pytest.raises(DamagedDataError, match="bytes"):
        load_folder(saved)


def test_a_full_disk_leaves_the_old_suite(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {p.name: p.read_bytes() for p in saved.iterdir()}

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFullError, match="No space left"):
        table_suite("New", line_space(2), line(2), [[1, 2]]).save(saved)
    assert {p.name: p.read_bytes() for p in saved.iterdir()} == before


def test_a_suite_without_a_table_says_so(saved: Path) -> None:
    whole = load_folder(saved)
    plain = Suite(whole.name, whole.space, whole.members, "function")
    with pytest.raises(InvalidValueError, match=r"table.*'function'"):
        plain.save(saved)


def test_the_hash_depends_on_what_decides_the_results_only() -> None:
    base = table_suite(**ok())  # type: ignore[arg-type]
    assert base.data_hash == table_suite(**ok(about={"title": "T"}, name="Other")).data_hash  # type: ignore[arg-type]
    changes = [
        {"scores": [[1, 2, 3], [4, 5, 7]]},
        {"costs": np.ones((2, 3))},
        {"tasks": ["a", "b"]},
        {"families": ["a", "b"]},
        {"splits": MappingProxyType({"train": ["task-0"]})},
        {"x": [[0.0], [1.0], [0.5]]},
        {"space": cs.ConfigurationSpace({"i": (1, 3)}), "x": [{"i": i} for i in (1, 2, 3)]},
    ]
    hashes = {table_suite(**ok(**change)).data_hash for change in changes}  # type: ignore[arg-type]
    assert len(hashes | {base.data_hash}) == len(changes) + 1


# ------------------------------------------------------------------------------------------------ AutoML


@pytest.mark.long
def test_reading_a_suite_loads_no_config_space() -> None:
    code = "import sys; from hpo_gym.suites import load_suite; load_suite('AutoML')"
    code += "; print({'ConfigSpace', 'pandas'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
