"""Fronts and hypervolumes by hand, and the hypervolume regret of runs against a table's own front."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpo_gym
from hpo_gym.base.errors import HPOGymError
from hpo_gym.bench.hypervolume import Front, hypervolume_regret, hypervolume_regret_of
from hpo_gym.problem.objectives.front import hypervolume, nondominated
from hpo_gym.problem.trial import History, Query, Status, Trial
from hpo_gym.suites.own.constrained import constrained
from hpo_gym.suites.own.suite import TableSuite, table_suite

pytestmark = pytest.mark.usefixtures("all_undrawn")


# ------------------------------------------------------------------------------------------------ by hand
@pytest.mark.parametrize(
    ("values", "reference", "volume"),
    [
        ([[3.0]], [1.0], 2.0),
        ([[3.0], [2.0]], [1.0], 2.0),
        ([[2, 3]], [0, 0], 6.0),
        ([[1, 3], [2, 2], [3, 1]], [0, 0], 6.0),  # 3 + 2 + 1
        ([[1, 3], [2, 2], [3, 1], [1, 1], [2, 2]], [0, 0], 6.0),  # dominated and equal ones add nothing
        ([[1, 3], [2, 2], [3, 1]], [1, 1], 1.0),  # only (2, 2) is above it in both
        ([[-1, -4], [-2, -1]], [-3, -5], 5.0),  # 2 x 1 + 1 x 3
        ([[0, 5], [5, 0]], [0, 0], 0.0),
        ([[2, 3, 4]], [0, 0, 0], 24.0),
        ([[1, 1, 1]], [0.5, 0.5, 0.5], 0.125),
        ([[3, 1, 1], [1, 3, 1], [1, 1, 3]], [0, 0, 0], 7.0),  # 3 boxes of 3, of which 1 is in all: 9 - 3 + 1
        ([[2, 2, 1], [1, 1, 2]], [0, 0, 0], 5.0),  # 4 + 2 - 1
        ([[4, 1, 2], [2, 3, 2], [1, 1, 5]], [0, 0, 0], 19.0),  # (4 + 6 - 2) x 2 + 1 x 3
        ([[2, 1, 1, 1], [1, 2, 1, 1]], [0, 0, 0, 0], 3.0),
    ],
)
def test_hypervolumes_worked_out_by_hand(values: Any, reference: Any, volume: float) -> None:
    for order in itertools.islice(itertools.permutations(values), 24):
        assert hypervolume(list(order), reference) == pytest.approx(volume)


def test_no_point_has_no_volume() -> None:
    assert hypervolume(np.empty((0, 2)), [0, 0]) == 0.0


@pytest.mark.parametrize(
    ("values", "reference"), [([[1, 2]], [0]), ([[1, np.nan]], [0, 0]), ([1, 2], [0, 0]), ([[1, 2]], [0, np.inf])]
)
def test_what_is_no_points_is_refused(values: Any, reference: Any) -> None:
    with pytest.raises(HPOGymError, match="finite numbers"):
        hypervolume(values, reference)


@pytest.mark.long
@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=8))
def test_the_volume_of_three_objectives_is_the_number_of_unit_boxes_below_some_point(points: Any) -> None:
    boxes = sum(any(all(p[j] > b[j] for j in range(3)) for p in points) for b in itertools.product(range(5), repeat=3))
    assert hypervolume(points, [0, 0, 0]) == pytest.approx(boxes)


@pytest.mark.long
@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=10))
def test_the_front_is_what_no_other_row_dominates(points: Any) -> None:
    a = np.array(points)
    beats = (a[:, None] >= a[None]).all(2) & (a[:, None] > a[None]).any(2)
    assert nondominated(a).tolist() == (~beats.any(0)).tolist()


# ------------------------------------------------------------------------------------------------ of a task
#         score  size      in ranges: score (s - .1) / .8, size (50 - z) / 40
# row 0     .9    50                   1     0            on the front
# row 1     .5    30                  .5    .5            on the front
# row 2     .1    10                   0     1            on the front
# row 3     .3    40                  .25   .25           below row 1
# row 4   failed   5                                      counts nothing
SIZES = [[50.0, 30.0, 10.0, 40.0, 5.0]]


def tiny() -> TableSuite:
    return table_suite(
        "Tiny", {"i": (0, 4)}, [{"i": i} for i in range(5)], [[0.9, 0.5, 0.1, 0.3, -np.inf]], tasks=["t"],
        objectives={"size": {"values": SIZES, "direction": "minimize"}}, splits={"test": ["t"]},
    )  # fmt: skip


# With a margin of .1: (1.1, .1), (.6, .6), (.1, 1.1): .1 x 1.1 + .5 x .6 + .5 x .1
WHOLE = 0.11 + 0.30 + 0.05


def test_the_front_of_a_table() -> None:
    front = Front.of(tiny().task("t"), ["score", "size"])
    assert sorted(front.points.round(9).tolist()) == [[0.1, 1.1], [0.6, 0.6], [1.1, 0.1]]
    assert front.volume == pytest.approx(WHOLE)


def trials(*rows: int, fidelity: float = 1.0, status: Status = Status.OK) -> History:
    return History(tuple(Trial(Query({"i": i}, fidelity), 0.0, status=status) for i in rows))


@pytest.mark.parametrize(
    ("rows", "volumes"),
    [
        ((3,), [0.35 * 0.35]),
        ((3, 1), [0.35 * 0.35, 0.36]),
        ((1, 0, 2), [0.36, 0.36 + 0.05, WHOLE]),  # row 0 adds .5 x .1, row 2 .5 x .1
        ((0, 3, 3, 2), [0.11, 0.11 + 0.25 * 0.35, 0.11 + 0.25 * 0.35, 0.11 + 0.25 * 0.35 + 0.1 * 0.75]),
    ],
)
def test_the_regret_of_a_run_is_the_share_that_it_lacks(rows: Any, volumes: Any) -> None:
    regret = hypervolume_regret_of(trials(*rows), tiny().task("t"), ["score", "size"])
    assert regret == pytest.approx([1 - v / WHOLE for v in volumes], abs=1e-6)


def test_what_failed_or_was_evaluated_in_part_counts_nothing_and_a_run_that_ended_keeps_what_it_found() -> None:
    task = tiny().task("t")
    both = ["score", "size"]
    assert hypervolume_regret_of(trials(1, status=Status.INFEASIBLE), task, both, 2).tolist() == [1.0, 1.0]
    assert hypervolume_regret_of(trials(1, 1, fidelity=0.5), task, both, 2).tolist() == [1.0, 1.0]
    assert hypervolume_regret_of(History(), task, both, 2).tolist() == [1.0, 1.0]
    assert hypervolume_regret_of(trials(1), task, both, 3) == pytest.approx([1 - 0.36 / WHOLE] * 3, abs=1e-6)
    given = History(trials(1, 0).trials, 1)
    assert hypervolume_regret_of(given, task, both) == pytest.approx([1 - 0.41 / WHOLE], abs=1e-6)


def test_partial_evaluations_are_charged_in_part() -> None:
    arrays = {"x": tiny().space.encode([{"i": 3}, {"i": 3}, {"i": 1}]), "status": np.zeros(3, np.int8),
              "fidelity": np.array([0.5, 0.5, 1.0])}  # fmt: skip
    task = tiny().task("t")
    regret = hypervolume_regret(task, arrays, Front.of(task, ["score", "size"]), 2)
    assert regret == pytest.approx([1.0, 1 - 0.36 / WHOLE], abs=1e-6)


def test_a_constraint_leaves_the_front_of_what_is_feasible() -> None:
    suite = constrained(tiny(), {"size": 40.0})  # rows 1, 2, 3; score .1 .. .5, size 10 .. 40
    front = Front.of(suite.task("t"), ["score", "size"])
    assert sorted(front.points.round(6).tolist()) == [[0.1, 1.1], [1.1, round(1 / 3 + 0.1, 6)]]
    assert hypervolume_regret_of(trials(1, 2), suite.task("t"), ["score", "size"])[1] == pytest.approx(0.0, abs=1e-9)


def test_an_objective_that_never_varies_is_at_its_best() -> None:
    suite = table_suite("F", {"i": (0, 1)}, [{"i": 0}, {"i": 1}], [[0.0, 1.0]], tasks=["t"],
                        objectives={"size": {"values": [[3.0, 3.0]], "direction": "minimize"}})  # fmt: skip
    assert Front.of(suite.task("t"), ["score", "size"]).points.tolist() == [[1.1, 1.1]]


def test_noisy_scores_are_judged_by_their_means_and_cost_can_be_an_objective() -> None:
    suite = table_suite("N", {"i": (0, 1)}, [{"i": 0}, {"i": 1}], [[0.0, 1.0]], costs=[[1.0, 3.0]], tasks=["t"],
                        repeats=[[[-0.5, 0.5], [0.5, 1.5]]])  # fmt: skip
    task = suite.task("t")
    front = Front.of(task, ["score", "cost"])
    assert sorted(front.points.tolist()) == [[0.1, 1.1], [1.1, 0.1]]
    regret = hypervolume_regret_of(trials(0, 1), task, ["score", "cost"])
    assert regret == pytest.approx([1 - 0.11 / 0.21, 0.0])


@pytest.mark.parametrize(
    ("task", "objectives", "message"),
    [
        (("NASBench201", "cifar10"), ["score", "sise"], "Did you mean 'size'"),
        (("NASBench201", "cifar10"), [], "must be a list"),
        (("Functions", None), ["score", "cost"], "has none"),
    ],
)
def test_a_front_that_is_not_known_is_refused(task: Any, objectives: Any, message: str) -> None:
    suite = hpo_gym.load_suite(task[0])
    with pytest.raises(HPOGymError, match=message):
        Front.of(suite.task(task[1] or suite.members[0].name), objectives)


# ------------------------------------------------------------------------------------------------ of results
@pytest.mark.long
def test_results_tell_hypervolumes_of_stored_trials(tmp_path: Path) -> None:
    results = hpo_gym.benchmark(
        ["random"], [tiny()], budget=4, seeds=2, engine="serial", out=tmp_path / "r", progress=False
    )
    frame = results.hypervolume(["score", "size"])
    assert set(frame["optimizer"]) == {"random", "default", "portfolio"}
    assert len(frame) == 6
    task = tiny().task("t")
    runs = results.trials()
    for row in frame.itertuples():
        of = runs[(runs["optimizer"] == row.optimizer) & (runs["replicate"] == row.replicate)]
        reported = zip(of["config"], of["status"], strict=True)
        history = History(tuple(Trial(Query(c), 0.0, status=Status[s.upper()]) for c, s in reported))
        regret = hypervolume_regret_of(history, task, ["score", "size"], 4)
        assert row.hypervolume_regret == pytest.approx(regret[-1])
        assert row.hypervolume_auc == pytest.approx(regret.mean())
    again = hpo_gym.Results.load(tmp_path / "r").hypervolume(["score", "size"])
    assert again.equals(frame)


@pytest.mark.long
def test_a_constrained_suite_is_benchmarked_by_the_regret_of_what_is_feasible(tmp_path: Path) -> None:
    suite = constrained(tiny(), {"size": 40.0})
    results = hpo_gym.benchmark(["random"], [suite], budget=5, seeds=2, engine="process", workers=1, out=tmp_path / "r",
                                progress=False)  # fmt: skip
    runs = results.trials()
    assert set(runs[runs["config"].map(lambda c: c["i"] == 0)]["status"]) == {"infeasible"}
    frame = results.runs()
    assert (frame[frame["optimizer"] == "random"]["regret"] == 0.0).all()  # it tried all 5
