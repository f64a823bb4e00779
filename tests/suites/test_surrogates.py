"""Surrogates: what a network of plain arrays says by hand, its bits, its files, and how it agrees with its table."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import ConfigSpace as cs
import gymnasium as gym
import numpy as np
import pytest
from reports import left_out
from validity.surrogates import agreed

import hpo_gym
from hpo_builders import files
from hpo_builders.order import Order
from hpo_builders.surrogates.agreement import Foretold, agreement, folds, held_out, summary
from hpo_builders.surrogates.build import trained, write_surrogates
from hpo_builders.surrogates.fit import Plan, fit
from hpo_builders.surrogates.named import builder_of
from hpo_builders.surrogates.optimum import optima
from hpo_builders.surrogates.rows import Rows, levels_of, material
from hpo_builders.surrogates.targets import normal_scores, rising, scale
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.costs import COST, Budget
from hpo_gym.problem.nearest.distance import distances
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Query, Status
from hpo_gym.suites import surrogates
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.suite import TableSuite, table_suite
from hpo_gym.suites.surrogates import ABOUT, ARRAYS, surrogate_suite
from hpo_gym.suites.tasks.surrogate.model import REACH, STEPS, Encoding, SurrogateModel, bent, forward
from hpo_gym.suites.tasks.surrogate.task import SurrogateTask
from hpo_gym.system.storage.whole import sealed

LINE = SearchSpace(cs.ConfigurationSpace({"a": (0.0, 1.0)}))
GRID = np.linspace(-REACH, REACH, STEPS + 1)
SMALL = Plan(networks=2, hidden=16, factors=4, samples=4000, epochs=3, batch=64)


def array(values: Any) -> np.ndarray:
    return np.array(values, np.float32)


def by_hand(rise: bool = False) -> SurrogateModel:
    """Two tasks, two fidelities; at a = .75 the factor is 5.25, at a = .5 it is .3421875."""
    weights = tuple(array([[[w]]]) for w in (2.0, 4.0, 1.0, 2.0))
    offsets = tuple(array([[b]]) for b in (0.0, 0.0, 0.375, 0.0))
    heads = array([[[0.2], [0.0], [0.0], [0.0], [-1.0], [1.0]], [[0.0]] * 6])
    levels = array([[-0.05, 0.5, -1.0, 1.0, 0.0, -5.0], [0.0] * 6])
    scales = array([[[10 * GRID, 10 * GRID], [4 + GRID, 4 + GRID]], [[GRID, GRID], [3 + GRID, 3 + GRID]]])
    return SurrogateModel(LINE, weights, offsets, heads, levels, scales, np.array([[rise, True], [rise, True]]))


def conditional() -> SearchSpace:
    space = cs.ConfigurationSpace()
    space.add(cs.Float("a", (0, 1)), cs.Categorical("c", ["u", "v", "w"]), cs.Categorical("e", ["x", "y"]))
    space.add(b := cs.Float("b", (1e-3, 1), log=True))
    space.add(cs.EqualsCondition(b, space["c"], "v"))
    space.add(cs.ForbiddenAndConjunction(cs.ForbiddenEqualsClause(space["c"], "w"),
                                         cs.ForbiddenEqualsClause(space["e"], "y")))  # fmt: skip
    return SearchSpace(space)


def tiny(m: int = 80, k: int = 6) -> TableSuite:
    """`k` smooth tasks; a trial fails where `a` is above .8."""
    space = conditional()
    x = np.concatenate([space.default_x[None], space.sample(np.random.default_rng(0), m - 1)])
    a, b, c = (x[:, space.names.index(name)] for name in "abc")
    full = np.stack([-((a - 0.2 - 0.05 * j) ** 2) + 0.1 * (np.floor(3 * c) == 1) * b for j in range(k)])
    score = np.stack([full - 0.1, full], 2)
    score[:, a > 0.8, 1] = -np.inf
    cost = np.stack([np.tile(1 + a, (k, 1)), np.tile(2 + 2 * a, (k, 1))], 2)
    splits = {"train": ["task-0", "task-1"], "val": ["task-2"], "test": ["task-3", "task-4"]}
    return table_suite("Tiny", space, x, score, costs=cost, fidelities=(0.5, 1.0), splits=splits)


def random_model(space: SearchSpace, k: int = 5, f: int = 2, e: int = 2) -> SurrogateModel:
    rng = np.random.default_rng(3)
    width = Encoding(space).width
    sizes = [(width, 24), (24, 24), (24, 24), (24, 8)]
    weights = tuple(array(rng.normal(size=(e, *s)) / s[0] ** 0.5) for s in sizes)
    offsets = tuple(array(rng.normal(size=(e, s[1]))) for s in sizes)
    heads, levels = array(rng.normal(size=(k, 3 * f, 8 * e))), array(rng.normal(size=(k, 3 * f)) - 1)
    scales = array(np.sort(rng.normal(size=(k, 2, f, STEPS + 1))) + 9)
    return SurrogateModel(space, weights, offsets, heads, levels, scales, rng.random((k, 2)) < 0.5)


# ---------------------------------------------------------------------------------------------- the network
def test_the_bend_has_its_values_worked_by_hand() -> None:
    assert bent(array([0.0, 1.0, -1.0, 3.0])).tolist() == [0.0, 0.75, -0.25, 2.625]


def test_a_network_has_its_value_worked_by_hand() -> None:
    model = by_hand()
    layers = [(w[0], b[0]) for w, b in zip(model.weights, model.offsets, strict=True)]
    # .75 -> .5 -> 1 -> bent .75 -> 3 -> bent 2.625 -> + .375 = 3 -> bent 2.625 -> 5.25
    assert forward(layers, array([[0.5]])).tolist() == [[5.25]]
    # .375 -> bent .375 (1 + .375 / 1.375) / 2
    assert forward(layers, array([[0.0]]))[0, 0] == pytest.approx(2 * 0.375 * (1 + 3 / 11) / 2, rel=1e-6)


def test_an_outcome_is_that_worked_by_hand() -> None:
    model, x = by_hand(), np.array([[0.75]])
    low, full = (model(np.array([0]), x, np.array([level])) for level in (0, 1))
    assert low.score[0] == pytest.approx(10 * (0.2 * 5.25 - 0.05), rel=1e-6)  # normal score 1
    assert low.cost[0] == pytest.approx(3.0) and low.status[0] == Status.OK  # 4 - 1; failure at -5.25
    assert full.score[0] == -np.inf and full.status[0] == Status.FAILED  # 5.25 - 5 > 0
    assert full.cost[0] == pytest.approx(5.0)
    out, failed = model.apart(np.array([0]), x, np.full(len(x), model.f - 1))
    assert (out.score[0], out.cost[0]) == pytest.approx((5.0, 5.0)) and failed.tolist() == [True]


def test_scores_never_fall_with_the_fidelity_where_the_tables_do_not() -> None:
    x, levels = np.array([[0.75], [0.75]]), np.array([0, 1])
    falling, model = by_hand(), by_hand(rise=True)
    first, last = levels[:1], levels[1:]
    assert falling.apart(np.array([0]), x[:1], last)[0].score[0] < falling(np.array([0]), x[:1], first).score[0]
    assert model.apart(np.array([0]), x[:1], last)[0].score[0] == pytest.approx(10.0)
    other = random_model(conditional())
    every = replace(other, rising=np.ones_like(other.rising))
    points = every.space.sample(np.random.default_rng(0), 200)
    task = np.arange(200) % 5
    low, full = (every(task, points, np.full(200, level)) for level in levels)
    both = np.isfinite(low.score) & np.isfinite(full.score)
    assert (full.score >= low.score)[both].all() and (full.cost >= low.cost).all()


def test_a_value_stays_between_the_ends_of_its_scale() -> None:
    model = by_hand()
    far = replace(model, levels=model.levels + array(100.0))
    assert far(np.array([1]), np.array([[0.5]]), np.array([0])).cost[0] == pytest.approx(3 + REACH)


def test_one_point_has_the_same_bits_as_many() -> None:
    model = random_model(conditional())
    rng = np.random.default_rng(1)
    n = 53
    x, task, level = model.space.sample(rng, n), rng.integers(5, size=n), rng.integers(2, size=n)
    whole, order = model(task, x, level), rng.permutation(n)
    moved = model(task[order], x[order], level[order])
    assert 0 < whole.status.sum() < n
    for name in whole._fields:
        one = [getattr(model(task[i : i + 1], x[i : i + 1], level[i : i + 1]), name)[0] for i in range(n)]
        assert getattr(whole, name).tolist() == one
        assert getattr(moved, name).tolist() == getattr(whole, name)[order].tolist()


def test_inputs_are_signed_one_for_each_of_several_choices_and_0_where_inactive() -> None:
    space = conditional()
    x = space.encode([{"a": 0.25, "c": "v", "b": 1.0, "e": "y"}, {"a": 1.0, "c": "w", "e": "x"}])
    plain = [name for name in space.names if name != "c"]
    found = Encoding(space)(x)
    said = [dict(zip([*plain, "u", "v", "w"], row, strict=True)) for row in found.tolist()]
    assert said[0] == {"a": pytest.approx(-0.5), "b": 1.0, "e": 0.5, "u": 0.0, "v": 1.0, "w": 0.0}
    assert said[1] == {"a": 1.0, "b": 0.0, "e": -0.5, "u": 0.0, "v": 0.0, "w": 1.0}


# ---------------------------------------------------------------------------------------------- what is learned
def test_normal_scores_and_their_scale_are_those_worked_by_hand() -> None:
    assert normal_scores(np.array([3.0, -np.inf, 1.0, 2.0])) == pytest.approx([0.967422, np.nan, -0.967422, 0.0],
                                                                               abs=1e-6, nan_ok=True)  # fmt: skip
    found = scale(np.array([1.0, 0.0, -np.inf]))  # at -.6745 and .6745
    assert found[0] == 0.0 and found[STEPS // 2] == 0.5 and found[-1] == 1.0
    assert np.interp(0.67448975 / 2, GRID, found) == pytest.approx(0.75, abs=1e-6)


def test_what_seldom_falls_is_said_to_rise() -> None:
    up = np.stack([np.arange(100.0), np.arange(100.0) + 1], 1)
    some = up.copy()
    some[:3, 1] = -1
    x = np.zeros((100, 1))
    assert rising([Rows(x, up, some)]).tolist() == [[True, False]]
    assert rising([Rows(x, up[:, :1], up[:, :1])]).tolist() == [[False, False]]


def test_at_most_ten_fidelities_are_learned_the_last_among_them() -> None:
    assert levels_of(3) == [0, 1, 2]
    assert levels_of(50) == [4, 9, 14, 19, 24, 29, 34, 39, 44, 49]


def test_rows_of_further_tables_count_once() -> None:
    suite = tiny()
    other = tiny(90)
    found = material(suite, [other])
    own = {p.tobytes() for p in found.own[0].x}
    assert len(found.own[0]) == 80 and not own & {p.tobytes() for p in found.more[0].x}
    assert len(found.more[0]) == len({p.tobytes() for p in material(other).own[0].x} - own)
    with pytest.raises(InvalidValueError, match="`further` must be tables in the space of 'Tiny'"):
        material(suite, [load_suite("SVM")])


# ---------------------------------------------------------------------------------------------- agreement
def test_agreement_is_that_worked_by_hand() -> None:
    score = np.array([1.0, 2.0, 3.0, 4.0, -np.inf])
    cost = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    rows = Rows(np.zeros((5, 1)), score[:, None], cost[:, None])
    said = Foretold(np.array([1.0, 3.0, 2.0, 4.0, 9.0]), -cost, np.array([False, False, False, False, True]))
    # served -inf below all: 10 pairs, one turned round; 6 pairs without the failure
    found = agreement(rows, said)
    assert [found.tau, found.successes, found.r2] == pytest.approx([0.8, 4 / 6, 1 - 2 / 5])
    assert found.top and found.cost == pytest.approx(-1.0)
    blind = replace(said, failed=np.zeros(5, bool))
    assert not agreement(rows, blind).top and agreement(rows, blind).tau == pytest.approx((5 - 1 - 4) / 10)
    assert summary([agreement(rows, said)] * 3, [said] * 3, [rows] * 3) == {
        "tasks": 3, "tau": 0.8, "successes": 0.6667, "r2": 0.6, "cost": -1.0, "tau of the worst tenth": 0.8, "top": 1.0,
        "failures": 3, "foretold failures": 3, "both": 3,
    }  # fmt: skip


def test_what_one_task_lacks_moves_no_row_of_it_into_another_part() -> None:
    whole = tiny()
    score = whole.table.score.copy()
    score[0, 3] = score[1, [0, 7]] = score[2, 70:] = np.nan
    gaps = table_suite("Gaps", whole.space, whole.members[0].pool, score, fidelities=(0.5, 1.0), splits=whole.splits)
    parts, found = folds(material(whole)), material(gaps)
    assert [len(rows) for rows in found.own] == [79, 78, 70, 80, 80, 80]
    part_of = {point.tobytes(): part for point, part in zip(material(whole).own[0].x, parts[0], strict=True)}
    for rows, part in zip(found.own, folds(found), strict=True):
        assert [part_of[point.tobytes()] for point in rows.x] == part.tolist()


@pytest.mark.long
def test_each_row_is_held_out_once_for_all_tasks_together() -> None:
    found = material(tiny())
    parts = folds(found)
    assert np.bincount(parts[0]).tolist() == [16] * 5
    assert all(np.array_equal(part, parts[0]) for part in parts)
    small = replace(SMALL, networks=1, samples=500, epochs=1)
    *_, said = held_out(found, small)
    assert all(np.isfinite(one.score).all() for one in said)


@pytest.mark.long
def test_a_search_finds_the_top_of_a_model() -> None:
    model = random_model(conditional())
    model = replace(model, heads=model.heads * array([1, 1, 1, 1, 0.2, 0.2])[:, None])
    rows = [model.space.sample(np.random.default_rng(0), 20)] * 5
    x, best, worst = optima(model, rows)
    many = model.space.sample(np.random.default_rng(7), 20_000)
    for task in range(5):
        score = model(np.full(len(many), task), many, np.ones(len(many), np.int64)).score
        assert best[task] >= score.max() - 1e-3 * np.ptp(score[np.isfinite(score)])
        assert best[task] == model(np.array([task]), x[task : task + 1], np.array([1])).score[0]
        assert worst[task] <= np.quantile(score[np.isfinite(score)], 0.01)
    assert np.array_equal(model.space.snap(x), x) and model.space.legal(x).all()


# ---------------------------------------------------------------------------------------------- suites
@pytest.fixture(scope="module")
def base() -> TableSuite:
    return tiny()


@pytest.fixture(scope="module")
def folder(base: TableSuite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    out = tmp_path_factory.mktemp("surrogates")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("hpo_builders.surrogates.build.FLOOR", -1.0)
        write_surrogates(base, [], Order(out, out), SMALL, {"command": "test"})
    return out / "Tiny"


@pytest.mark.long
def test_fitting_twice_gives_the_same_bits(base: TableSuite) -> None:
    pytest.importorskip("torch")
    found = material(base)
    plan = replace(SMALL, samples=200, epochs=1)
    a, b = (fit(found.space, found.own, plan) for _ in range(2))
    assert np.array_equal(a.heads, b.heads) and np.array_equal(a.weights[0], b.weights[0])


@pytest.mark.long
def test_a_suite_of_surrogates_keeps_splits_families_and_names(base: TableSuite, folder: Path) -> None:
    suite = surrogate_suite(base, folder)
    assert (suite.name, suite.kind, suite.splits) == ("Tiny:surrogate", "surrogate", base.splits)
    assert [(t.name, t.family) for t in suite.members] == [(t.name, t.family) for t in base.members]
    task = suite.members[0]
    assert task.pool is None and not task.exact and not task.noisy and task.suite == "Tiny:surrogate"
    assert task.optimum_x is not None and task.noise_free(task.optimum_x[None])[0] == task.best
    assert base.members[0].worst <= task.worst < task.best <= base.members[0].best
    assert surrogate_suite(base, folder).data_hash == suite.data_hash != base.data_hash
    hpo_gym.check_suite(suite)


@pytest.mark.long
@pytest.mark.parametrize("codec", ["box", "move"])
def test_envs_of_surrogates_pass_the_checks(base: TableSuite, folder: Path, codec: str) -> None:
    env = gym.make("hpo_gym/HPO-v0", suite=surrogate_suite(base, folder), codec=codec, budget=4)
    hpo_gym.check_env(env, processes=False, render=False)


def test_a_bank_says_what_tasks_say_and_a_forbidden_point_is_the_nearest_of_the_table(
    base: TableSuite, folder: Path
) -> None:
    suite = surrogate_suite(base, folder)
    batch, rng = batch_of(suite.members), np.random.default_rng(0)
    x, task = suite.space.snap(rng.random((300, suite.space.d))), rng.integers(6, size=300)
    at = batch.place(task, x)
    legal = suite.space.legal(x)
    assert not legal.all() and suite.space.legal(at).all() and np.array_equal(at[legal], x[legal])
    first = suite.members[0]
    assert isinstance(first, SurrogateTask)
    rows = {p.tobytes() for p in first.rows}
    assert {p.tobytes() for p in at[~legal]} <= rows
    every = distances(suite.space, x[~legal], first.rows)  # the rows of all tasks are the same here
    np.testing.assert_array_equal(at[~legal], first.rows[every.argmin(1)])
    score, reported = batch.evaluate(batch.base(task), at, np.full(300, 0.5), np.zeros(300, np.uint64))
    assert reported is not None
    for i in range(0, 300, 17):
        one = suite.members[task[i]].evaluate(at[i : i + 1], np.array([0.5]), np.zeros(1, np.uint64))
        assert (one.score[0], one.cost[0], one.status[0]) == (score[i], reported.cost[i], reported.status[i])


@pytest.mark.long
def test_a_model_that_does_not_agree_is_not_served(base: TableSuite, tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("torch")
    small = replace(SMALL, networks=1, samples=200, epochs=1)
    for floor, there in ((-1.0, True), (2.0, False)):
        monkeypatch.setattr("hpo_builders.surrogates.build.FLOOR", floor)
        write_surrogates(base, [], Order(tmp_path, tmp_path), small, {})
        assert (tmp_path / "Tiny" / ARRAYS).is_file() is there
        listed = files.read_json(tmp_path / files.MANIFEST)
        assert set(listed) == {f"Tiny/{ABOUT}", *([f"Tiny/{ARRAYS}"] if there else [])}
    with pytest.raises(InvalidValueError, match="'Tiny' stays tabular: the median tau"):
        surrogate_suite(base, tmp_path / "Tiny")


def test_damaged_and_foreign_surrogates_are_refused(base: TableSuite, folder: Path, tmp_path: Path) -> None:
    for name in (ABOUT, ARRAYS):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(DamagedDataError, match="`table` must be the hash of 'Tiny'"):
        surrogate_suite(tiny(90), tmp_path)
    data = bytearray((folder / ARRAYS).read_bytes())
    data[1000] ^= 1
    (tmp_path / ARRAYS).write_bytes(data)
    with pytest.raises(DamagedDataError, match="`sha256` must be"):
        surrogate_suite(base, tmp_path)
    (tmp_path / ABOUT).write_text((folder / ABOUT).read_text().replace('"served": true', '"served": false'))
    with pytest.raises(DamagedDataError, match="`checksum` must be"):
        surrogate_suite(base, tmp_path)


def test_a_surrogate_that_no_fit_can_be_is_refused_though_its_checksums_are_right(
    base: TableSuite, folder: Path, tmp_path: Path
) -> None:
    with np.load(folder / ARRAYS) as stored:
        arrays = dict(stored)
    about = json.loads((folder / ABOUT).read_text())

    def read(said: Any = (), **changed: Any) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, **{**arrays, **changed})
        (tmp_path / ARRAYS).write_bytes(buffer.getvalue())
        head = {**about, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(), **dict(said)}
        (tmp_path / ABOUT).write_bytes(sealed({k: v for k, v in head.items() if v is not None}))
        surrogate_suite(base, tmp_path)

    read()
    for name in ("w1", "heads", "levels", "scales", "optimum", "worst"):
        spoilt = arrays[name].astype(np.float64 if name == "worst" else arrays[name].dtype)
        spoilt.reshape(-1)[0] = np.nan
        with pytest.raises(DamagedDataError, match=rf"`{name}` must be finite numbers"):
            read(**{name: spoilt})
    for odd in ({"w1": arrays["w1"][:, :3]}, {"b1": arrays["b1"][:, :1]}, {"optimum": arrays["optimum"][:, :1]},
                {"levels": arrays["levels"][0]}, {"scales": arrays["scales"][..., :5]},
                {"rising": arrays["rising"][:1]}):  # fmt: skip
        with pytest.raises(DamagedDataError, match=ARRAYS):
            read(**odd)
    with pytest.raises(DamagedDataError, match=r"`w1` must be .*little-endian floats"):  # nothing in it is run
        read(w1=np.array([print], object))
    for said in ({"served": 1}, {"agreement": {}}, {"table": None}, {"fidelities": 3}, {"version": "1"},
                 {"agreement": {**about["agreement"], "top": "nan"}}):  # fmt: skip
        with pytest.raises(DamagedDataError, match=ABOUT):
            read(said)


def test_a_surrogate_is_no_larger_in_memory_than_its_file(base: TableSuite, folder: Path, tmp_path: Path) -> None:
    with np.load(folder / ARRAYS) as stored:
        arrays = dict(stored)

    def read(data: bytes) -> None:
        (tmp_path / ARRAYS).write_bytes(data)
        head = {**json.loads((folder / ABOUT).read_text()), "sha256": hashlib.sha256(data).hexdigest()}
        (tmp_path / ABOUT).write_bytes(sealed(head))
        surrogate_suite(base, tmp_path)

    packed, lying = io.BytesIO(), io.BytesIO()
    np.savez_compressed(packed, **{**arrays, "w1": np.zeros((1, 1 << 12, 1 << 12), np.float32)})
    with zipfile.ZipFile(lying, "w") as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            np.save(member, values)
            said = str(values.shape[0]).encode() + b", "
            much = str(values.shape[0] * 10**9).encode() + b", "
            data = member.getvalue()
            head = data[:128].replace(said, much, 1).replace(b" " * (len(much) - len(said)) + b"\n", b"\n")
            archive.writestr(f"{name}.npy", head + data[128:] if name == "w1" else data)
    tracemalloc.start()
    try:
        for data, rule in ((packed, "stored, not compressed"), (lying, "`w1` must have as many bytes as its shape")):
            with pytest.raises(DamagedDataError, match=rule):
                read(data.getvalue())
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    with (tmp_path / ARRAYS).open("wb") as file:
        file.truncate(1 << 27)
    with pytest.raises(DamagedDataError, match=r"must have at most 67,108,864 bytes, got 134,217,728"):
        surrogate_suite(base, tmp_path)


def test_suites_without_surrogates_and_unknown_ones_are_named() -> None:
    with pytest.raises(InvalidValueError, match="must be a table with a surrogate, got 'Schedules'"):
        load_suite("Schedules:surrogate")
    with pytest.raises(UnknownNameError, match="Did you mean 'SVM'"):
        load_suite("SVN:surrogate")
    with pytest.raises(UnknownNameError):
        builder_of("SVN:surrogate", Order(Path("archives")))


@pytest.mark.parametrize(
    ("name", "given", "rule"),
    [
        ("FCNet", {}, "`suites` must have a builder in this checkout, that of FCNet is at commit [0-9a-f]{40}"),
        ("FCNet:surrogate", {"rows": 25}, "`suites` must have a builder in this checkout, that of FCNet is at commit"),
        ("SVM", {"rows": 0}, "`rows` of SVM must be at least 1, got 0"),
    ],
)
def test_what_a_builder_would_ignore_is_refused(name: str, given: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidValueError, match=rule):
        builder_of(name, Order(Path("archives"), **given))


def test_a_surrogate_for_which_nothing_is_trained_can_be_ordered() -> None:
    builder_of("SVM:surrogate", Order(Path("archives"), rows=0))
    builder_of("FCNet:surrogate", Order(Path("archives"), rows=0))


SHIPPED = surrogates.served()


@pytest.mark.long
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_surrogate_has_an_id_and_agrees(name: str) -> None:
    suite, said = load_suite(name), surrogates.read_about(surrogates.DATA / name.partition(":")[0])
    assert said["agreement"]["tau"] >= surrogates.FLOOR and suite.name == name
    envs = gym.make_vec(f"hpo_gym/{name.partition(':')[0]}Surrogate-v0", num_envs=8)
    envs.reset(seed=0)
    _, reward, *_ = envs.step(envs.action_space.sample())
    assert np.isfinite(reward).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_the_agreement_of_a_shipped_surrogate_is_found_again_by_a_smaller_one(name: str) -> None:
    base = load_suite(name.partition(":")[0])
    assert isinstance(base, TableSuite)
    further = [load_suite(n) for n in surrogates.read_about(surrogates.DATA / base.name)["built"]["further tables"]]
    found = material(base, further)
    said = next(held_out(found, replace(Plan(), networks=1, samples=600_000, epochs=5)))
    taus = []
    for rows, one in zip(found.own, said, strict=True):
        there = np.flatnonzero(np.isfinite(one.score))
        taus.append(agreement(rows.take(there), Foretold(one.score[there], one.cost[there], one.failed[there])).tau)
    assert np.median(taus) >= surrogates.FLOOR - 0.12


def test_the_report_of_agreement_says_what_was_measured(
    base: TableSuite, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert agreed(base) is None
    monkeypatch.setattr("validity.surrogates.DATA", folder.parent)
    found, said = agreed(base), surrogates.read_about(folder)["agreement"]
    assert found is not None and (found.tau, found.failures) == (said["tau"], said["failures"])
    assert f"tau {said['tau']:.2f}" in found.words() and "stays tabular" not in found.words()
    assert "Tau is below 0.8: the suite stays tabular." in replace(found, served=False).words()
    assert f"of costs tau {said['cost']:.2f}. The row" in found.words()
    free = table_suite("Tiny", base.space, base.members[0].pool, base.table.score, fidelities=(0.5, 1.0))
    about = {**surrogates.read_about(folder), "table": free.data_hash}
    monkeypatch.setattr("validity.surrogates.read_about", lambda _: about)
    reported = agreed(free)
    assert reported is not None and reported.cost is None and f"R^2 {reported.r2:.2f}. The row" in reported.words()
    assert agreed(tiny(90)) is None  # another table


@pytest.mark.long
def test_configurations_of_their_own_are_trained_for_surrogates(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    order = Order(tmp_path, tmp_path / "out", tmp_path / "work", engine="serial", tasks=("iris", "wine"))
    with pytest.raises(InvalidValueError, match="`rows` must be a multiple of 25, got 30"):
        trained("SVM", 30, order)
    suite = load_suite("SVM")
    assert isinstance(suite, TableSuite)
    found = material(suite, [trained("SVM", 25, order)])
    more = {task.name: rows for task, rows in zip(suite.members, found.more, strict=True) if len(rows)}
    assert {name: len(rows) for name, rows in more.items()} == {"iris": 24, "wine": 24}  # the default is known
    assert not {p.tobytes() for p in more["iris"].x} & {p.tobytes() for p in more["wine"].x}
    assert np.isfinite(more["iris"].score[:, -1]).any()


# ---------------------------------------------------------------------------------------------- a budget in cost
def priced(index: int, *, priced: bool = True) -> SurrogateTask:
    """At a = .75 and .5 the factor is 5.25 and .375 (1 + 3 / 11); the head of the cost in full is .2."""
    model = by_hand()
    heads = model.heads.copy()
    heads[:, 3, 0] = 0.2
    model, rows = replace(model, heads=heads), np.array([[0.75], [0.5]])
    return SurrogateTask(
        f"t{index}", "f", "S", LINE, 1.0, 0.0, (0.5, 1.0), {}, model, index, rows, rows[0], priced
    )  # fmt: skip


def test_a_unit_is_the_mean_cost_that_the_model_says_of_the_rows() -> None:
    """In full 4 + 1 + .2 x 5.25 and 4 + 1 + .2 x .4773; at the lower fidelity 4 - 1, whatever the point."""
    high, low = 5 + 0.2 * 5.25, 5 + 0.2 * 0.375 * (1 + 3 / 11)
    task = priced(0)
    assert task.cost_unit == pytest.approx((high + low) / 2, rel=1e-6)
    assert task.least_costs == pytest.approx((3.0, low), rel=1e-6)
    units = Budget(33.0, COST).units([task])
    assert units is not None and units.tolist() == [task.cost_unit]
    with pytest.raises(InvalidValueError, match=r"must pay for the cheapest trial of each task, got 0.5; .* 0\.5384 "):
        Budget(0.5, COST).units([task])  # 3 / 5.57273


def test_costs_that_were_not_measured_or_may_be_0_are_refused_by_name() -> None:
    with pytest.raises(InvalidValueError, match="`budget_cost` needs measured costs, 'S' has none"):
        Budget(33.0, COST).units([priced(0, priced=False)])
    assert priced(1).least_costs == (0.0, 0.0)  # its scale begins at 3 - 3
    with pytest.raises(InvalidValueError, match="`budget_cost` needs costs above 0, got 0 on 't1' of 'S'"):
        Budget(33.0, COST).units([priced(1)])


WITHOUT_COSTS = ["Pipelines:surrogate"]


@pytest.mark.parametrize("name", WITHOUT_COSTS)
def test_where_the_table_has_no_costs_a_trial_is_one_evaluation_and_budgets_in_cost_are_refused(name: str) -> None:
    suite = load_suite(name)
    x = suite.space.sample(np.random.default_rng(0), 300)
    for task in suite.tasks("val"):
        assert (task.evaluate(x, np.ones(len(x)), np.zeros(len(x), np.uint64)).cost == 1.0).all()
        assert np.isnan(task.cost_unit)
    with pytest.raises(InvalidValueError, match=f"`budget_cost` needs measured costs, '{name}' has none"):
        hpo_gym.HPOEnv(suite, budget_cost=3.0)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in surrogates.served() if name not in WITHOUT_COSTS])
def test_units_of_what_ships_are_near_those_of_the_tables(name: str) -> None:
    suite, table = load_suite(name), load_suite(name.removesuffix(":surrogate"))
    tasks = suite.tasks("val")
    units, measured = (Budget(33.0, COST).units([s.task(t.name) for t in tasks]) for s in (suite, table))
    assert (np.abs(np.log(units / measured)) < np.log(1.25)).all()
    x = suite.space.sample(np.random.default_rng(0), 300)
    for task in tasks:
        out = [task.evaluate(x, np.full(len(x), f), np.zeros(len(x), np.uint64)).cost for f in task.fidelities]
        lowest = task.surrogate.lowest_costs(task.index)
        assert all((cost >= low).all() and low > 0.0 for cost, low in zip(out, lowest, strict=True))


def test_an_env_of_a_surrogate_is_paid_in_cost_trial_by_trial() -> None:
    env = hpo_gym.HPOEnv("SVM:surrogate", task="sonar", codec="box", budget_cost=3.0, reward="regret_rate")
    unit, spent = env.suite.task("sonar").cost_unit, 0.0
    env.reset(seed=1)
    rng, ended, info = np.random.default_rng(0), False, {}
    while not ended:
        _, reward, ended, _, info = env.step(rng.uniform(-1, 1, env.action_space.shape).astype(np.float32))
        spent += info["cost"] / unit
        assert -1.0 <= reward <= 0.0
    assert spent == pytest.approx(3.0) and info["status"] == "timeout"
    task = env.suite.task("sonar")
    again = Run(task, Context.of(task, 3.0, unit=unit), env.kernel.runs.instance.item(0))
    for trial in env.history():
        again.submit(Query(trial.config, trial.fidelity))
    assert [(t.cost, t.status) for t in again.trials] == [(t.cost, t.status) for t in env.history()]
    assert again.over


@pytest.mark.long
def test_optimizers_are_compared_on_surrogates_by_spent_cost(tmp_path: Path) -> None:
    with left_out():
        results = hpo_gym.benchmark(
            ["random", "portfolio-per-cost"], "SVM:surrogate", split="val", tasks=2, seeds=1, budget_cost=4,
            engine="serial", out=tmp_path,
        )  # fmt: skip
    assert results.failed_cells == 0
    frame = results.trials()
    assert (frame.groupby(["optimizer", "task"])["spent"].max() <= 4.0 + 1e-6).all()
    reported = results.data["suites"]["SVM:surrogate"]["optimizers"]
    assert reported["portfolio-per-cost"]["trials"] > reported["random"]["trials"]  # it begins with what is cheap
    assert results.data["memory"]["suites"]["SVM:surrogate"][0]["cost"] > 0
