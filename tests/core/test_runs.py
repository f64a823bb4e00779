"""Known answers of `Runs`: what is written down of each trial, in step and staggered, on tables and off them."""

from __future__ import annotations

from typing import Any

import core_toys as toys
import numpy as np
import pytest

import hpo_gym
from hpo_gym.env.runs.paths import FramedRows
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.runs.which import ALL_RUNS, Which
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.trial import Query, Status, Trial

A, B = 0, 1  # tasks


def start(suite: Any, tasks: list[int], h: int, **keep: Any) -> Runs:
    """Runs that have just begun, on instances 10, 11, .."""
    runs = Runs(batch_of(suite.members), len(tasks), h, budget=keep.pop("budget", float(h)), **keep)
    runs.begin(ALL_RUNS, np.array(tasks), instances(*range(10, 10 + len(tasks))))
    return runs


def instances(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


def some(*numbers: int) -> Which:
    return Which(np.array(numbers))


def which(*numbers: int) -> np.ndarray:
    return np.array(numbers)


def mask(*flags: int) -> np.ndarray:
    return np.array(flags, bool)


def points(*xs: tuple[float, float]) -> np.ndarray:
    return np.array(xs)


def shown(runs: Runs) -> dict[str, list[Any]]:
    """What is known of each run, as lists."""
    values = {name: getattr(runs, name) for name in ("t", "spent", "left", "last", "best", "previous")}
    return {name: np.broadcast_to(v, runs.n).tolist() for name, v in values.items()}


def scores(runs: Runs) -> list[list[float]]:
    """Scores of the trials of each run, in order."""
    return [list(runs.view(i).scores) for i in range(runs.n)]


NEVER = -np.inf


# ---------------------------------------------------------------------------------------------- in step
def test_runs_in_step_on_a_table() -> None:
    runs = start(toys.square(), [A, B, A], 3)
    assert shown(runs) == {
        "t": [0, 0, 0], "spent": [0, 0, 0], "left": [1, 1, 1], "last": [0, 0, 0], "best": [NEVER] * 3,
        "previous": [NEVER] * 3,
    }  # fmt: skip
    assert runs.fresh and runs.incumbent().tolist() == [-1, -1, -1] and scores(runs) == [[], [], []]
    assert not runs.exists().any()
    runs.submit(which(0, 1, 3))
    assert shown(runs) == {
        "t": [1, 1, 1], "spent": [1, 1, 1], "left": [1 - 1 / 3] * 3, "last": [2, 4, 4], "best": [2, 4, 4],
        "previous": [NEVER] * 3,
    }  # fmt: skip
    assert not runs.fresh
    runs.submit(which(1, 2, 2))
    assert shown(runs) == {
        "t": [2, 2, 2], "spent": [2, 2, 2], "left": [1 - 2 / 3] * 3, "last": [6, 10, 0], "best": [6, 10, 4],
        "previous": [2, 4, 4],
    }  # fmt: skip
    assert runs.incumbent().tolist() == [1, 1, 0]
    assert runs.exists().tolist() == [[True, True, False]] * 3
    runs.submit(which(2, 0, 1))
    assert shown(runs) == {
        "t": [3, 3, 3], "spent": [3, 3, 3], "left": [0, 0, 0], "last": [0, 8, 6], "best": [6, 10, 6],
        "previous": [6, 10, 4],
    }  # fmt: skip
    assert runs.incumbent().tolist() == [1, 1, 2]
    assert scores(runs) == [[2, 6, 0], [4, 10, 8], [4, 0, 6]] == runs.scores().tolist()
    assert runs.ordered(runs.at).tolist() == [[0, 1, 2], [1, 2, 0], [3, 2, 1]]
    assert runs.exists().all()
    assert runs.last_x().tolist() == [[1, 0.75], [0, 0.25], [0.5, 0.5]]
    assert runs.last_fidelity().tolist() == [1, 1, 1]


def test_a_second_episode_begins_anew_where_the_clock_stands() -> None:
    runs = start(toys.square(), [A, B], 3)
    runs.submit(which(1, 2))
    runs.submit(which(3, 3))
    runs.begin(ALL_RUNS, which(B, A), instances(20, 21))
    assert shown(runs) == {
        "t": [0, 0], "spent": [0, 0], "left": [1, 1], "last": [4, 6], "best": [NEVER] * 2, "previous": [NEVER] * 2,
    }  # fmt: skip
    assert runs.fresh and runs.instance.tolist() == [20, 21] and runs.task.tolist() == [B, A]
    runs.submit(which(0, 0))
    runs.submit(which(1, 1))  # the clock goes round
    runs.submit(which(2, 2))
    assert scores(runs) == [[8, 4, 10], [2, 6, 0]] == runs.scores().tolist()
    assert runs.ordered(runs.at).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert runs.incumbent().tolist() == [2, 1]
    assert runs.last_x().tolist() == [[1, 0.75], [1, 0.75]]


def test_a_view_holds_the_trials_of_one_run() -> None:
    runs = start(toys.levels(), [A, B], 2, fidelity=True)
    runs.submit(which(2, 0), np.array([0.5, 0.25]))
    history = runs.view(0, 1)
    assert history.n_init == 1 and runs.view(1).n_init == 0
    assert history.trials == (Trial(Query({"u": 1.0, "v": 0.75}, 0.5), 0.0, 5.0, Status.FAILED),)
    assert runs.view(1).trials == (Trial(Query({"u": 0.0, "v": 0.25}, 0.25), 7.0, 2.0, Status.OK),)
    cost, status = runs.last_outcome()
    assert (cost.tolist(), status.tolist()) == ([5, 2], [1, 0])
    full = start(toys.levels(), [A, B], 2)
    full.submit(which(2, 0))
    assert full.view(0).trials == (Trial(Query({"u": 1.0, "v": 0.75}, 1.0), 0.0, 7.0, Status.FAILED),)
    assert [a.tolist() for a in full.last_outcome()] == [[7, 5], [1, 0]]


@pytest.mark.parametrize(
    "keep", [{"fused": True, "keep": ["incumbent_at"]}, {"keep": ["incumbent_at"], "fidelity": True}, {}]
)
def test_what_was_handed_out_is_not_written_again(keep: dict[str, bool]) -> None:
    runs = start(toys.square(), [A, B, A], 3, **keep)
    share = np.full(3, 0.5) if keep.get("fidelity") else None
    names = ("last", "best", "previous", "block", "task", "base", "cell")
    for act in (
        lambda: runs.submit(which(0, 1, 3), share),
        lambda: runs.submit(which(1, 2, 2), share),
        lambda: runs.begin(some(1), which(A), instances(99)),
        lambda: runs.give(np.array([[2], [1]]), which(1)),
        lambda: runs.submit(which(2, 2, 1), share, mask(1, 0, 0)),
        lambda: runs.submit(which(1, 1, 1), share, mask(0, 1, 1)),
        lambda: runs.begin(ALL_RUNS, which(B, B, B), instances(7, 8, 9)),
        lambda: runs.give(np.array([[2, 2, 1], [1, 0, 0]]), which(0, 1, 2)),
        lambda: runs.submit(which(3, 3, 3), share),
    ):
        held = {name: getattr(runs, name) for name in names if getattr(runs, name) is not None} | runs.kept
        held = {name: value for name, value in held.items() if name not in runs.by_trial}
        kept = {name: value.copy() for name, value in held.items()}
        act()
        for name, value in held.items():
            np.testing.assert_array_equal(value, kept[name], err_msg=name)


# ---------------------------------------------------------------------------------------------- staggered
def test_runs_that_begin_at_different_times() -> None:
    runs = start(toys.square(), [A, B, A], 3)
    runs.submit(which(0, 1, 3))
    runs.submit(which(1, 0, 3))
    runs.begin(some(1), which(A), instances(99))
    assert shown(runs) == {
        "t": [2, 0, 2], "spent": [2, 0, 2], "left": [1 - 2 / 3, 1, 1 - 2 / 3], "last": [6, 8, 4],
        "best": [6, NEVER, 4], "previous": [2, 4, 4],
    }  # fmt: skip
    assert not runs.fresh
    assert (runs.task.tolist(), runs.instance.tolist(), runs.base.tolist()) == ([A, A, A], [10, 99, 12], [0, 0, 0])
    runs.submit(which(2, 3, 1))
    assert shown(runs) == {
        "t": [3, 1, 3], "spent": [3, 1, 3], "left": [0, 1 - 1 / 3, 0], "last": [0, 4, 6], "best": [6, 4, 6],
        "previous": [6, NEVER, 4],
    }  # fmt: skip
    assert scores(runs) == [[2, 6, 0], [4], [4, 4, 6]]
    assert runs.incumbent().tolist() == [1, 0, 2]
    runs.begin(some(0, 2), which(B, B), instances(97, 98))
    assert runs.base.tolist() == [4, 0, 4]
    runs.submit(which(0, 1, 2))
    runs.submit(which(1, 2, 3))
    assert scores(runs) == [[8, 4], [4, 6, 0], [10, 6]]
    assert runs.ordered(runs.at)[1].tolist() == [3, 1, 2]
    assert runs.exists().tolist() == [[1, 1, 0], [1, 1, 1], [1, 1, 0]]
    assert shown(runs)["left"] == [1 - 2 / 3, 0, 1 - 2 / 3]


# ---------------------------------------------------------------------------------------------- the block of a step


@pytest.mark.parametrize("make", [toys.odd, toys.levels, toys.noisy, toys.pools])
def test_frames_serve_tables_that_cannot_be_fused(make: Any) -> None:
    runs = start(make(), [A, B, A], 3, fused=True, fidelity=True)
    assert isinstance(runs._path, FramedRows)
    runs.submit(which(0, 0, 1), np.array([1.0, 1.0, 1.0]))
    assert runs.block is not None and runs.cell is None
    own = make is toys.pools
    second = toys.SIGNED[3] if own else toys.SIGNED[0]  # the pool of b begins with the last row
    assert runs.block[:, :2].tolist() == [[-1, -0.5], second, [0, 0]]
    assert runs.block[:, 2].tolist() == runs.last.astype(np.float32).tolist()
    expected = {toys.odd: [2.1, 8.1, 6.1], toys.levels: [2, 8, 6], toys.pools: [2, 8, 6]}
    if make is toys.noisy:
        assert set((runs.last - [2, 8, 6]).tolist()) <= {-1, 1}
    else:
        assert runs.last.tolist() == expected[make]
    assert runs.view(1).configs[0] == ({"u": 0.25, "v": 1.0} if own else {"u": 0.0, "v": 0.25})


def test_without_a_block_the_last_configuration_is_looked_up() -> None:
    for suite in (toys.square(), toys.levels()):
        runs = start(suite, [A, B], 3)
        runs.submit(which(0, 2))
        assert runs.block is None
        out = runs.last_signed(2)
        assert out.dtype == np.float32 and out.shape == (2, 5)
        assert out[:, :3].tolist() == [[-1, -0.5, 2], [1, 0.5, 10]]
    runs = start(toys.slopes(), [A, B], 3)
    runs.submit(points((0.5, 1.0), (0.25, 0.0)))
    assert runs.last_signed(0).tolist() == [[0, 1, 1], [-0.5, -1, -1]]
    runs = start(toys.pools(), [A, B], 3)
    runs.submit(which(0, 0))
    assert runs.last_signed(0).tolist() == [[-1, -0.5, 2], [-0.5, 1, 8]]
    assert runs.last_x().tolist() == [[0, 0.25], [0.25, 1]]


def test_the_last_configuration_but_one_is_that_before_or_the_first() -> None:
    first = np.array([0.125, 0.875])
    runs = start(toys.square(), [A, B, A], 4)
    runs.submit(which(0, 1, 3))
    assert runs.x_before(first).tolist() == [[0.125, 0.875]] * 3
    runs.begin(some(1), which(A), instances(99))
    runs.submit(which(2, 3, 1))
    assert runs.x_before(first).tolist() == [[0, 0.25], [0.125, 0.875], [0.25, 1]]
    runs.submit(which(3, 2, 0))
    assert runs.x_before(first).tolist() == [[1, 0.75], [0.25, 1], [0.5, 0.5]]
    runs = start(toys.slopes(), [A], 2)
    runs.submit(points((0.5, 1.0)))
    assert runs.x_before(first).tolist() == [[0.125, 0.875]]
    runs.submit(points((0.25, 0.5)))
    assert runs.x_before(first).tolist() == [[0.5, 1.0]]


def test_a_score_beyond_float32_is_shown_as_infinite() -> None:
    huge = hpo_gym.table_suite("Huge", toys.SPACE, np.array(toys.X), np.array([[1e300, 0.0, -1e300, 1.0]]))
    runs = start(huge, [0, 0], 2)
    runs.submit(which(0, 2))
    with np.errstate(over="raise"):
        assert runs.last_signed(0)[:, 2].tolist() == [np.inf, -np.inf]
    assert runs.last.tolist() == [1e300, -1e300]


# ---------------------------------------------------------------------------------------------- the incumbent's place
def test_the_incumbents_place_is_tracked_on_a_table() -> None:
    runs = start(toys.square(), [A, B, A], 3, keep=("incumbent_at", "incumbent_trial"))
    assert runs["incumbent_trial"].tolist() == [-1, -1, -1]
    runs.submit(which(0, 1, 3))
    assert runs["incumbent_at"].tolist() == [0, 1, 3] and runs["incumbent_trial"].tolist() == [0, 0, 0]
    runs.submit(which(1, 2, 2))
    assert runs["incumbent_at"].tolist() == [1, 2, 3] and runs["incumbent_trial"].tolist() == [1, 1, 0]
    assert runs.incumbent_x().tolist() == [[0.5, 0.5], [1, 0.75], [0.25, 1]]
    assert shown(runs)["best"] == [6, 10, 4] and shown(runs)["spent"] == [2, 2, 2]
    runs.begin(some(0), which(A), instances(9))
    runs.submit(which(2, 2, 3))
    assert runs["incumbent_at"].tolist() == [2, 2, 3]  # anew; an equal score; an equal score
    assert runs["incumbent_trial"].tolist() == [0, 1, 0]


def test_an_equal_score_elsewhere_leaves_the_incumbent() -> None:
    runs = start(toys.slopes(), [A], 2, keep=("incumbent_at",))
    runs.submit(points((0.25, 0.0)))  # 1
    runs.submit(points((0.5, 1.0)))  # 1
    assert runs.incumbent_x().tolist() == [[0.25, 0.0]] and runs.incumbent().tolist() == [0]


# ---------------------------------------------------------------------------------------------- fidelities
def test_the_incumbent_is_the_highest_fidelitys_and_then_the_score() -> None:
    runs = start(toys.levels(), [A, B, B], 4, budget=2.0, fidelity=True, keep=("incumbent_at",))
    assert shown(runs)["spent"] == [0, 0, 0] and isinstance(runs.spent, np.ndarray)
    runs.submit(which(1, 2, 0), np.array([0.25, 0.5, 0.25]))
    assert shown(runs) == {
        "t": [1, 1, 1], "spent": [0.25, 0.5, 0.25], "left": [0.875, 0.75, 0.875], "last": [5, 9.5, 7],
        "best": [5, 9.5, 7], "previous": [NEVER] * 3,
    }  # fmt: skip
    runs.submit(which(0, 0, 2), np.array([0.5, 0.25, 0.25]))  # a rise; lower; better at the same
    assert shown(runs) == {
        "t": [2, 2, 2], "spent": [0.75, 0.75, 0.5], "left": [0.625, 0.625, 0.75], "last": [1.5, 7, 9],
        "best": [1.5, 9.5, 9], "previous": [5, 9.5, 7],
    }  # fmt: skip
    assert runs["best_fidelity"].tolist() == [0.5, 0.5, 0.25]
    assert runs.incumbent().tolist() == [1, 0, 1]
    assert runs["incumbent_at"].tolist() == [0, 2, 2]
    runs.submit(which(2, 2, 1), np.array([0.5, 0.5, 0.25]))  # as good; as good; worse
    assert shown(runs)["best"] == [1.5, 9.5, 9] and runs["incumbent_at"].tolist() == [0, 2, 2]
    assert runs.incumbent().tolist() == [1, 0, 1]
    assert runs.last_fidelity().tolist() == [0.5, 0.5, 0.25]
    runs.submit(which(1, 1, 0))  # without a fidelity: full
    assert shown(runs)["best"] == [6, 4, 8] and shown(runs)["spent"] == [2.25, 2.25, 1.75]
    assert shown(runs)["left"] == [0, 0, 0.125]  # never below nothing
    assert [runs.view(i).fidelities for i in range(3)] == [
        (0.25, 0.5, 0.5, 1.0), (0.5, 0.25, 0.5, 1.0), (0.25, 0.25, 0.25, 1.0),
    ]  # fmt: skip
    assert runs.view(0).incumbents == (0, 1, 1, 3)


def test_fidelities_begin_anew_with_an_episode() -> None:
    runs = start(toys.levels(), [B, B], 2, fidelity=True)
    runs.submit(which(2, 2), np.array([1.0, 0.5]))
    runs.begin(some(0), which(B), instances(9))
    assert runs["best_fidelity"].tolist() == [0, 0.5]
    runs.submit(which(0, 0), np.array([0.25, 0.25]))
    assert shown(runs)["best"] == [7, 9.5] and shown(runs)["spent"] == [0.25, 0.75]
    runs.begin(ALL_RUNS, which(B, B), instances(1, 2))
    assert runs["best_fidelity"].tolist() == [0, 0] and shown(runs)["spent"] == [0, 0]
    runs.submit(which(3, 3), np.array([0.25, 0.25]))
    assert shown(runs)["best"] == [5, 5] and shown(runs)["previous"] == [NEVER, NEVER]


# ---------------------------------------------------------------------------------------------- off a table
def test_outcomes_that_cannot_be_looked_up_are_kept() -> None:
    runs = start(toys.slopes(), [A, B], 2)
    runs.submit(points((0.5, 1.0), (1.0, 1.0)))
    assert [a.tolist() for a in runs.last_outcome()] == [[2, 3], [0, 1]]
    runs.submit(points((1.0, 0.0), (0.25, 0.0)))
    assert [a.tolist() for a in runs.last_outcome()] == [[2, 3], [1, 0]]
    assert runs.view(1).trials == (
        Trial(Query({"u": 1.0, "v": 1.0}), 4.0, 3.0, Status.FAILED),
        Trial(Query({"u": 0.25, "v": 0.0}), -1.0, 3.0, Status.OK),
    )
    held = runs.last_outcome()[0], runs.last_x()
    runs.begin(ALL_RUNS, which(A, A), instances(1, 2))
    runs.submit(points((0.25, 0.25), (0.25, 0.25)))
    runs.submit(points((0.5, 0.5), (0.5, 0.5)))
    assert held[0].tolist() == [2, 3] and held[1].tolist() == [[1.0, 0.0], [0.25, 0.0]]


# ---------------------------------------------------------------------------------------------- idle runs
@pytest.mark.parametrize("keep", [{}, {"fused": True}, {"keep": ["incumbent_at", "history"]}])
def test_an_idle_run_keeps_its_trials_and_its_budget(keep: dict[str, bool]) -> None:
    runs = start(toys.square(), [A, B, A], 4, **keep)
    runs.submit(which(0, 1, 3))
    runs.submit(which(1, 2, 2))
    runs.submit(which(2, 0, 1), None, mask(0, 1, 0))
    assert shown(runs) == {
        "t": [3, 2, 3], "spent": [3, 2, 3], "left": [0.25, 0.5, 0.25], "last": [0, 10, 6], "best": [6, 10, 6],
        "previous": [6, 10, 4],
    }  # fmt: skip
    assert scores(runs) == [[2, 6, 0], [4, 10], [4, 0, 6]]
    assert runs.ordered(runs.at)[1, :2].tolist() == [1, 2]
    assert runs.incumbent().tolist() == [1, 1, 2]
    assert runs.last_x().tolist() == [[1, 0.75], [1, 0.75], [0.5, 0.5]]
    assert runs.last_signed(2)[:, :3].tolist() == [[1, 0.5, 0], [1, 0.5, 10], [0, 0, 6]]
    if runs.cell is not None:
        assert runs.cell.tolist() == [2, 6, 1]
    runs.submit(which(0, 0, 0), None, mask(0, 1, 1))
    assert scores(runs) == [[2, 6, 0, 2], [4, 10], [4, 0, 6]]
    assert shown(runs)["spent"] == [4, 2, 3] and shown(runs)["t"] == [4, 2, 3]
    assert shown(runs)["last"] == [2, 10, 6]
    if "incumbent_at" in runs:
        assert runs["incumbent_at"].tolist() == [1, 2, 1]
    if "history" in runs:
        assert runs["history"][1].tolist() == [[0, 0, 4, 1], [1, 0.5, 10, 1], [0] * 4, [0] * 4]
        assert runs["history"][0, 3].tolist() == [-1, -0.5, 2, 1] and runs["history"][2, 3].tolist() == [0] * 4


def test_an_idle_run_with_fidelities_keeps_its_highest() -> None:
    runs = start(toys.levels(), [A, B], 4, fidelity=True, keep=("incumbent_at", "incumbent_trial"))
    runs.submit(which(1, 2), np.array([0.25, 0.5]))
    runs.submit(which(1, 0), np.array([1.0, 1.0]), mask(1, 0))
    assert shown(runs)["best"] == [5, 8] and shown(runs)["spent"] == [0.25, 1.5]
    assert runs["best_fidelity"].tolist() == [0.25, 1.0]
    assert runs["incumbent_at"].tolist() == [1, 0] and runs["incumbent_trial"].tolist() == [0, 1]
    assert [runs.view(i).fidelities for i in (0, 1)] == [(0.25,), (0.5, 1.0)]
    assert runs.last_fidelity().tolist() == [0.25, 1.0]
    assert [a.tolist() for a in runs.last_outcome()] == [[2, 5], [0, 0]]


def test_off_a_table_an_idle_run_is_not_evaluated() -> None:
    suite = toys.slopes()
    a, b = suite.members
    runs = start(suite, [A, B], 3, keep=("incumbent_at",))
    runs.submit(points((0.5, 1.0), (1.0, 1.0)))  # 1; 4, failed
    runs.submit(points((0.75, 0.0), (0.25, 0.0)), None, mask(0, 1))
    assert (a.asked, b.asked) == ([[0.5, 1.0], [0.75, 0.0]], [[1.0, 1.0]])
    assert scores(runs) == [[1, 3], [4]] and shown(runs)["spent"] == [2, 1]
    assert shown(runs)["last"] == [3, 4] and shown(runs)["best"] == [3, 4]
    assert [c.tolist() for c in runs.last_outcome()] == [[2, 3], [0, 1]]
    assert runs.last_x().tolist() == [[0.75, 0.0], [1.0, 1.0]] == runs.incumbent_x().tolist()
    runs.submit(points((0.25, 0.0), (0.25, 0.0)), None, mask(1, 1))
    assert (len(a.asked), len(b.asked), scores(runs)) == (2, 1, [[1, 3], [4]])
    shares = start(toys.slopes(toys.LEVELS), [A, B], 3, fidelity=True)
    shares.submit(points((0.5, 1.0), (0.5, 0.0)), np.array([0.5, 0.25]), mask(1, 0))
    assert scores(shares) == [[], [-0.5]] and [c.tolist() for c in shares.last_outcome()] == [[0, 0.75], [0, 0]]


def test_the_trials_of_runs_that_leave_are_not_moved_for_anybody() -> None:
    runs = start(toys.square(), [A, B, B], 4)
    runs.submit(which(0, 1, 0))
    runs.renewed = idle = mask(1, 0, 0)
    runs.submit(which(1, 2, 1), None, idle)
    assert runs.last.tolist() == [6, 10, 4] and runs.at[1].tolist() == [1, 2, 1]  # as if it had gone on
    assert shown(runs)["t"] == [1, 2, 2]
    runs.submit(which(2, 3, 2), None, mask(1, 0, 1))  # the third one stops, the first one leaves
    assert runs.last.tolist() == [0, 6, 4]
    assert scores(runs)[1:] == [[4, 10, 6], [8, 4]]


# ---------------------------------------------------------------------------------------------- repeats
def test_a_row_that_was_tried_is_a_repeat() -> None:
    runs = start(toys.square(), [A, B], 4, keep=("repeated",))
    assert runs["repeated"].tolist() == [False, False]
    for rows, repeated in (((0, 1), (0, 0)), ((1, 1), (0, 1)), ((0, 2), (1, 0)), ((3, 1), (0, 1))):
        runs.submit(which(*rows))
        assert runs["repeated"].tolist() == [bool(r) for r in repeated]
    runs.begin(some(1), which(B), instances(9))
    runs.submit(which(1, 1))
    assert runs["repeated"].tolist() == [True, False]
    runs.begin(ALL_RUNS, which(B, B), instances(9, 8))
    runs.submit(which(1, 1))
    assert runs["repeated"].tolist() == [False, False]


def test_a_repeat_is_of_the_same_fidelity() -> None:
    runs = start(toys.levels(), [B, B], 4, fidelity=True, keep=("repeated",))
    runs.submit(which(0, 0), np.array([0.5, 1.0]))
    runs.submit(which(0, 1), np.array([0.25, 1.0]))
    assert runs["repeated"].tolist() == [False, False]
    runs.submit(which(0, 0), np.array([0.5, 0.5]))
    assert runs["repeated"].tolist() == [True, False]
    runs.submit(which(0, 0))  # full
    assert runs["repeated"].tolist() == [False, True]


# ---------------------------------------------------------------------------------------------- the history buffer
@pytest.mark.parametrize("fused", [True, False])
def test_the_history_holds_every_trial_in_order(fused: bool) -> None:
    runs = start(toys.square(), [A, B], 3, fused=fused, keep=("history",))
    assert not runs["history"].any()
    runs.submit(which(0, 1))
    runs.submit(which(3, 2))
    assert runs["history"].tolist() == [
        [[-1, -0.5, 2, 1], [-0.5, 1, 4, 1], [0] * 4],
        [[0, 0, 4, 1], [1, 0.5, 10, 1], [0] * 4],
    ]
    runs.begin(some(0), which(B), instances(9))
    assert not runs["history"][0].any() and runs["history"][1, 1].tolist() == [1, 0.5, 10, 1]
    runs.submit(which(2, 3))
    assert runs["history"][0].tolist() == [[1, 0.5, 10, 1], [0] * 4, [0] * 4]
    assert runs["history"][1, 2].tolist() == [-0.5, 1, 6, 1]
    runs.begin(ALL_RUNS, which(A, A), instances(1, 2))
    assert not runs["history"].any()


@pytest.mark.parametrize("fused", [True, False])
def test_the_history_holds_fidelities(fused: bool) -> None:
    runs = start(toys.levels(), [A, B], 3, fused=fused, fidelity=True, keep=("history",))
    runs.submit(which(0, 1), np.array([0.25, 0.5]))
    assert runs["history"][:, 0].tolist() == [[-1, -0.5, 1, 0.25], [0, 0, 3.5, 0.5]]
    runs.submit(which(1, 2), np.array([0.5, 1.0]), mask(1, 0))
    assert runs["history"][:, 1].tolist() == [[0] * 4, [1, 0.5, 10, 1]]
    runs.submit(which(1, 2), np.array([0.5, 0.25]))
    assert runs["history"][0, 1].tolist() == [0, 0, 5.5, 0.5]
    assert runs["history"][1, 2].tolist() == [1, 0.5, 9, 0.25]


# ---------------------------------------------------------------------------------------------- given points
def test_given_points_are_trials_that_cost_nothing() -> None:
    runs = start(toys.square(), [A, B], 5, budget=3.0, fused=True, keep=("history", "incumbent_at"))
    runs.give(np.array([[0, 2], [1, 1]]), which(0, 1))
    assert shown(runs) == {
        "t": [2, 2], "spent": [0, 0], "left": [1, 1], "last": [6, 4], "best": [6, 10], "previous": [6, 10],
    }  # fmt: skip
    assert not runs.fresh and scores(runs) == [[2, 6], [10, 4]]
    assert runs["incumbent_at"].tolist() == [1, 2]
    assert runs.incumbent().tolist() == [1, 0]
    assert runs["history"][0].tolist() == [[-1, -0.5, 2, 1], [0, 0, 6, 1], [0] * 4, [0] * 4, [0] * 4]
    assert runs["history"][1, :2].tolist() == [[1, 0.5, 10, 1], [0, 0, 4, 1]]
    runs.submit(which(3, 3))
    assert scores(runs) == [[2, 6, 4], [10, 4, 6]] and shown(runs)["spent"] == [1, 1] and shown(runs)["t"] == [3, 3]
    assert runs["history"][:, 2].tolist() == [[-0.5, 1, 4, 1], [-0.5, 1, 6, 1]]


def test_given_points_of_runs_that_begin_later() -> None:
    runs = start(toys.square(), [A, B], 4, budget=2.0, keep=("history", "incumbent_at"))
    runs.give(np.array([[0, 2], [1, 1]]), which(0, 1))
    runs.submit(which(3, 3))
    runs.begin(some(1), which(A), instances(9))
    runs.give(np.array([[3], [2]]), which(1))
    assert shown(runs) == {
        "t": [3, 2], "spent": [1, 0], "left": [0.5, 1], "last": [4, 0], "best": [6, 4], "previous": [6, 4],
    }  # fmt: skip
    assert scores(runs) == [[2, 6, 4], [4, 0]]
    assert runs["incumbent_at"].tolist() == [1, 3]
    assert runs["history"][1].tolist() == [[-0.5, 1, 4, 1], [1, 0.5, 0, 1], [0] * 4, [0] * 4]
    runs.begin(some(0, 1), which(B, B), instances(8, 7))
    runs.give(np.array([[0, 1], [2, 3]]), which(0, 1))
    assert scores(runs) == [[8, 10], [4, 6]] and shown(runs)["t"] == [2, 2]


def test_given_points_are_full_evaluations() -> None:
    runs = start(toys.levels(), [A, B], 6, budget=1.0, fidelity=True)
    runs.give(np.array([[0, 2]]), which(0, 1))
    assert shown(runs)["best"] == [2, 10] and shown(runs)["spent"] == [0, 0]
    assert runs["best_fidelity"].tolist() == [1, 1]
    assert runs.view(1).fidelities == (1.0,)
    runs.submit(which(1, 1), np.array([0.5, 0.5]))
    assert shown(runs)["best"] == [2, 10] and shown(runs)["last"] == [5.5, 3.5]
    for _ in range(2):
        runs.submit(which(1, 1), np.array([0.25, 0.25]))
    runs.begin(ALL_RUNS, which(B, B), instances(1, 2))
    runs.give(np.array([[0, 1], [2, 3]]), which(0, 1))  # in slots whose fidelity was another
    assert runs.view(0).fidelities == (1.0, 1.0) and scores(runs) == [[8, 10], [4, 6]]


# ---------------------------------------------------------------------------------------------- noise
def test_one_world_draws_the_same_repeat_of_a_row_and_another_may_draw_another() -> None:
    suite = toys.noisy()
    n = 40
    runs = start(suite, [A] * n, 3)
    for row in (1, 1, 2):
        runs.submit(np.full(n, row))
    seen = np.array(scores(runs))
    assert (seen[:, 0] == seen[:, 1]).all()
    assert set(seen[:, 0]) == {5, 7} and set(seen[:, 2]) == {-1, 1}
    config = {"u": 0.5, "v": 0.5}
    assert seen[:, 0].tolist() == [suite.task("a").run(config, 1.0, 10 + i).score for i in range(n)]


# ---------------------------------------------------------------------------------------------- a copy of some runs
def test_a_selection_holds_what_observers_read() -> None:
    runs = start(toys.levels(), [A, B, B], 4, budget=2.0, fidelity=True, keep=("history", "incumbent_at", "repeated"))
    runs.submit(which(0, 1, 2), np.array([0.25, 0.5, 1.0]))
    runs.begin(some(1), which(A), instances(9))
    runs.submit(which(1, 1, 2), np.array([0.5, 1.0, 1.0]))
    part = runs.select(which(2, 1))
    assert part.n == 2 and part.block is None
    assert shown(part) == {
        "t": [2, 1], "spent": [2, 1], "left": [0, 0.5], "last": [10, 6], "best": [10, 6], "previous": [10, NEVER],
    }  # fmt: skip
    assert (part.task.tolist(), part.instance.tolist(), part.base.tolist()) == ([B, A], [12, 9], [4, 0])
    assert scores(part) == [[10, 10], [6]] and [part.view(i).fidelities for i in (0, 1)] == [(1, 1), (1,)]
    assert part.incumbent_x().tolist() == [[1, 0.75], [0.5, 0.5]] and part.incumbent().tolist() == [0, 0]
    assert part["repeated"].tolist() == [True, False]
    assert part["history"][1, 0].tolist() == [0, 0, 6, 1]
    assert part["best_fidelity"].tolist() == [1, 1]
    assert part.last_signed(2).shape == (2, 5)
    assert runs.n == 3 and shown(runs)["last"] == [5.5, 6, 10]


def test_a_selection_of_runs_that_began_together_is_in_step() -> None:
    runs = start(toys.square(), [A, B, B], 3)
    runs.submit(which(0, 1, 2))
    runs.begin(some(1, 2), which(A, A), instances(8, 9))
    assert isinstance(runs.start, np.ndarray)
    part = runs.select(which(1, 2))
    assert part.fresh and part.t == 0 and shown(part)["spent"] == [0, 0]
    assert not runs.select(which(0)).fresh and runs.select(which(0)).t == 1
    assert isinstance(runs.select(which(0, 1)).start, np.ndarray)
    whole = start(toys.square(), [A, B], 3, fused=True)
    whole.submit(which(0, 1))
    one = whole.select(which(1))
    assert shown(one) == {
        "t": [1], "spent": [1], "left": [1 - 1 / 3], "last": [4], "best": [4], "previous": [NEVER],
    }  # fmt: skip
    assert one.last_signed(2)[:, :3].tolist() == [[0, 0, 4]]
