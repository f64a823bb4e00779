"""What every batch of tasks with a pool says of its rows: measured or not, where they are, what answers for them."""

import numpy as np
import pytest
from toys import gappy, noisy, plain, ragged

from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.table import TableTask
from hpo_gym.problem.task import PoolBatch, pooled
from hpo_gym.problem.trial import Status

TABLES = {"gappy": gappy, "plain": plain, "ragged": ragged, "noisy": noisy}


def table_batch(name: str, some: bool = False) -> PoolBatch:
    suite = TABLES[name]()
    return pooled(batch_of(suite.tasks("train" if some else "val") if some else suite.members, suite.space.d))


def reported_batch(name: str) -> PoolBatch:
    """The batch of a run whose scores are told."""
    optimizer = PolicyOptimizer(lambda observation, rng: 0, "last", "pool")
    optimizer.reset(Context.of(TABLES[name]().tasks("test")[0], 5), np.random.default_rng(0))
    return pooled(optimizer._batch)


BANKS = {
    **{name: lambda name=name: table_batch(name) for name in TABLES},
    **{f"{name}, some": lambda name=name: table_batch(name, some=True) for name in TABLES},
    **{f"{name}, told": lambda name=name: reported_batch(name) for name in TABLES},
}


@pytest.fixture(params=BANKS.values(), ids=BANKS)
def batch(request) -> PoolBatch:
    return request.param()


def every_row(batch: PoolBatch) -> tuple[np.ndarray, np.ndarray]:
    """Each task with each row."""
    k = len(batch.tasks)
    return np.repeat(np.arange(k), batch.m), np.tile(np.arange(batch.m), k)


def test_what_is_measured_is_said_in_three_ways(batch):
    assert batch.measured.shape == (len(batch.tasks), batch.m)
    assert batch.complete == batch.measured.all()
    rows, count = batch.measured_first
    for j, (order, c) in enumerate(zip(rows, count, strict=True)):
        assert sorted(order[:c].tolist()) == order[:c].tolist() == np.flatnonzero(batch.measured[j]).tolist()
        assert sorted(order.tolist()) == list(range(batch.m))
    for j, t in enumerate(batch.tasks):
        if t.measured is not None:
            assert np.array_equal(t.measured, batch.measured[j])


def test_a_measured_row_answers_for_itself_and_any_other_is_answered_by_one(batch):
    task, row = every_row(batch)
    answer = batch.measured_rows(task, row)
    there = batch.measured[task, row]
    assert np.array_equal(answer[there], row[there]) and batch.measured[task, answer].all()
    spaces = [t.space for t in batch.tasks]
    x = np.stack([np.pad(spaces[k].snap(p[None, : spaces[k].d])[0], (0, batch.d - spaces[k].d), constant_values=0.5)
                  for k, p in zip(task, batch.points(task, row), strict=True)])  # fmt: skip
    assert np.array_equal(batch.points(task, batch.nearest(task, x)), batch.points(task, row))  # equal rows: the lowest
    assert batch.measured[task, batch.place(task, x)].all()


def test_what_is_at_hand_is_the_pool(batch):
    task, row = every_row(batch)
    signed = np.asarray(batch.points(task, row) * 2.0 - 1.0, np.float32)
    if batch.signed is not None:
        assert batch.signed.ndim == (2 if batch.one_pool else 3)
        assert np.array_equal(batch.signed[row] if batch.one_pool else batch.signed[task, row], signed)
    if batch.frames is not None:
        place = row if len(batch.frames) == batch.m else batch.base(task) + row
        assert np.array_equal(batch.frames[place, : batch.d], signed)
    if batch.fused is not None:
        fused = batch.fused[batch.base(task) + row]
        assert np.array_equal(fused[:, : batch.d], signed)
        assert np.array_equal(fused[:, batch.d], batch.scores[task, row])


@pytest.mark.parametrize("name", TABLES)
def test_scores_of_the_pool_are_the_tasks_own(name):
    batch = table_batch(name)
    for j, t in enumerate(batch.tasks):
        x = t.space.snap(t.pool)
        assert np.array_equal(t.measured_pool, t.pool[batch.measured[j]])
        known, there = t.evaluations(), batch.measured[j]
        assert np.array_equal(np.isfinite(known.score), there)
        assert np.array_equal(known.score[there], t.noise_free(x[there]))
        lost = there & (known.status != Status.OK)
        assert np.isneginf(batch.scores[j][lost]).all() and (known.score[lost] == t.worst).all()
        assert np.array_equal(batch.scores[j][there & ~lost], known.score[there & ~lost])


def test_proposals_on_all_tasks_at_once_are_answered_as_each_alone(batch):
    rng, n = np.random.default_rng(4), 90
    task, x = rng.integers(0, len(batch.tasks), n), rng.random((n, batch.d))
    x[: n // 3] = batch.points(task, rng.integers(0, batch.m, n))[: n // 3]  # rows, measured on their task or not
    together = batch.place(task, x)
    assert together.tolist() == [int(batch.place(task[i : i + 1], x[i : i + 1])[0]) for i in range(n)]
    assert batch.measured[task, together].all()
    for k, t in enumerate(batch.tasks):
        if isinstance(t, TableTask):
            assert t.rows(t.space.snap(x[task == k])).tolist() == together[task == k].tolist()
