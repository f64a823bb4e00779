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

import hpo_gym
from hpo_builders import files
from hpo_builders.order import Order
from hpo_builders.surrogates.agreement import Foretold, agreement, summary
from hpo_builders.surrogates.build import write_surrogates
from hpo_builders.surrogates.fit import Plan, fit
from hpo_builders.surrogates.named import builder_of
from hpo_builders.surrogates.rows import Rows, material
from hpo_builders.surrogates.targets import normal_scores, scale
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
    with pytest.raises(InvalidValueError, match="must be a table with a surrogate, got 'Trainings'"):
        load_suite("Trainings:surrogate")
    with pytest.raises(UnknownNameError, match="Did you mean 'SVM'"):
        load_suite("SVN:surrogate")
    with pytest.raises(UnknownNameError):
        builder_of("SVN:surrogate", Order(Path("archives")))


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


def test_tasks_of_one_pool_share_what_the_networks_say_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = load_suite("SVM:surrogate").members[:2]
    model, calls = replace(first.surrogate), []
    asked = type(model).factors
    monkeypatch.setattr(type(model), "factors", lambda self, x: [calls.append(len(x)), asked(self, x)][1])
    for task in (first, second):
        here, own = replace(task, surrogate=model), replace(task, surrogate=replace(model), rows=task.rows.copy())
        np.testing.assert_array_equal(here.evaluations().score, own.evaluations().score)
    assert calls == 3 * [len(first.rows)]  # once where shared, and once for each writable copy
