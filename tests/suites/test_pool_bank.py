"""What every bank of tasks with a pool says of its rows: measured or not, where they are, what answers for them."""

import numpy as np
import pytest
from toys import formulas, gappy, noisy, plain, ragged

from hpo_gym.base.errors import InvalidValueError, StateError
from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.batches import bank_of
from hpo_gym.problem.table import TableTask
from hpo_gym.problem.task import PoolBank, TaskBank, pooled
from hpo_gym.problem.trial import Status
from hpo_gym.suites.own.suite import TableSuite

TABLES = {"gappy": gappy, "plain": plain, "ragged": ragged, "noisy": noisy}


def table_bank(name: str, some: bool = False) -> PoolBank:
    suite = TABLES[name]()
    return pooled(bank_of(suite.tasks("train" if some else "val") if some else suite.members, suite.space.d))


def told_bank(name: str) -> PoolBank:
    """The bank of a run whose scores are told."""
    optimizer = PolicyOptimizer(lambda observation, rng: 0, "last", "pool")
    optimizer.reset(Context.of(TABLES[name]().tasks("test")[0], 5), np.random.default_rng(0))
    return pooled(optimizer._bank)


BANKS = {
    **{name: lambda name=name: table_bank(name) for name in TABLES},
    **{f"{name}, some": lambda name=name: table_bank(name, some=True) for name in TABLES},
    **{f"{name}, told": lambda name=name: told_bank(name) for name in TABLES},
}


@pytest.fixture(params=BANKS.values(), ids=BANKS)
def bank(request) -> PoolBank:
    return request.param()


def every_row(bank: PoolBank) -> tuple[np.ndarray, np.ndarray]:
    """Each task with each row."""
    k = len(bank.tasks)
    return np.repeat(np.arange(k), bank.m), np.tile(np.arange(bank.m), k)


def test_what_is_measured_is_said_in_four_ways(bank):
    task, row = every_row(bank)
    assert bank.measured.shape == (len(bank.tasks), bank.m)
    assert np.array_equal(bank.there[bank.base(task) + row], bank.measured[task, row])
    assert bank.complete == bank.measured.all()
    rows, count = bank.measured_first
    for j, (order, c) in enumerate(zip(rows, count, strict=True)):
        assert sorted(order[:c].tolist()) == order[:c].tolist() == np.flatnonzero(bank.measured[j]).tolist()
        assert sorted(order.tolist()) == list(range(bank.m))
    for j, t in enumerate(bank.tasks):
        if t.measured is not None:
            assert np.array_equal(t.measured, bank.measured[j])


def test_a_measured_row_answers_for_itself_and_any_other_is_answered_by_one(bank):
    task, row = every_row(bank)
    answer = bank.measured_rows(task, row)
    there = bank.measured[task, row]
    assert np.array_equal(answer[there], row[there]) and bank.measured[task, answer].all()
    spaces = [t.space for t in bank.tasks]
    x = np.stack([np.pad(spaces[k].snap(p[None, : spaces[k].d])[0], (0, bank.d - spaces[k].d), constant_values=0.5)
                  for k, p in zip(task, bank.points(task, row), strict=True)])  # fmt: skip
    assert np.array_equal(bank.points(task, bank.nearest(task, x)), bank.points(task, row))  # equal rows: the lowest
    assert bank.measured[task, bank.place(task, x)].all()


def test_what_is_at_hand_is_the_pool(bank):
    task, row = every_row(bank)
    signed = np.asarray(bank.points(task, row) * 2.0 - 1.0, np.float32)
    if bank.signed is not None:
        assert bank.signed.ndim == (2 if bank.one_pool else 3)
        assert np.array_equal(bank.signed[row] if bank.one_pool else bank.signed[task, row], signed)
    if bank.frames is not None:
        place = row if len(bank.frames) == bank.m else bank.base(task) + row
        assert np.array_equal(bank.frames[place, : bank.d], signed)
    if bank.fused is not None:
        fused = bank.fused[bank.base(task) + row]
        assert np.array_equal(fused[:, : bank.d], signed)
        assert np.array_equal(fused[:, bank.d], bank.scores[task, row])


@pytest.mark.parametrize("name", TABLES)
def test_scores_of_the_pool_are_the_tasks_own(name):
    bank = table_bank(name)
    for j, t in enumerate(bank.tasks):
        x = t.space.snap(t.pool)
        assert np.array_equal(t.measured_pool, t.pool[bank.measured[j]])
        known, there = t.evaluations(), bank.measured[j]
        assert np.array_equal(np.isfinite(known.score), there)
        assert np.array_equal(known.score[there], t.noise_free(x[there]))
        lost = there & (known.status != Status.OK)
        assert np.isneginf(bank.scores[j][lost]).all() and (known.score[lost] == t.worst).all()
        assert np.array_equal(bank.scores[j][there & ~lost], known.score[there & ~lost])


def test_where_there_is_no_pool_nothing_is_said_of_rows():
    tasks = formulas().members
    bank = bank_of(tasks, 3)
    assert not isinstance(bank, PoolBank) and not isinstance(TaskBank(gappy().members, 6), PoolBank)
    with pytest.raises(InvalidValueError, match="tasks with a pool"):
        pooled(bank)
    assert all((t.measured, t.measured_pool, t.pool) == (None, None, None) for t in tasks)
    assert all(t.noise_free(t.optimum_x[None])[0] == pytest.approx(t.best) for t in tasks)
    assert TableSuite is type(gappy()) and gappy().task("a").optimum_x is None


def test_scores_that_are_told_are_not_looked_up():
    with pytest.raises(StateError, match="told"):
        told_bank("gappy").scores  # noqa: B018 - it is looked up


def test_proposals_on_all_tasks_at_once_are_answered_as_each_alone(bank):
    rng, n = np.random.default_rng(4), 90
    task, x = rng.integers(0, len(bank.tasks), n), rng.random((n, bank.d))
    x[: n // 3] = bank.points(task, rng.integers(0, bank.m, n))[: n // 3]  # rows, measured on their task or not
    together = bank.place(task, x)
    assert together.tolist() == [int(bank.place(task[i : i + 1], x[i : i + 1])[0]) for i in range(n)]
    assert bank.measured[task, together].all()
    for k, t in enumerate(bank.tasks):
        if isinstance(t, TableTask):
            assert t.rows(t.space.snap(x[task == k])).tolist() == together[task == k].tolist()
