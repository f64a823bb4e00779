"""Known answers of regret, its statistics and their intervals, each worked by hand."""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np
import pytest
from scipy import stats

import hpo_gym
from hpo_gym.base import seeding
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench.incumbent import incumbents
from hpo_gym.bench.intervals import OF_MEANS, OF_RATIOS, Resamples, edges, equal_families, plain, subsets
from hpo_gym.bench.metrics import (
    Curves,
    auc,
    better,
    cliques,
    critical_difference,
    friedman,
    iqm,
    log_auc,
    normalised_regret,
    performance_profile,
    ranks,
    regret_at,
    solved,
    summarise,
)
from hpo_gym.bench.repeats import Repeats, mean_share, remarks, repeated, repeats_of
from hpo_gym.bench.significance import mean_p
from hpo_gym.problem.costs import Budget
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import History, Query, Status, Trial

COLUMN = {"type": "uniform_float", "name": "u", "lower": 0.0, "upper": 1.0, "default_value": 0.5, "log": False}
SPACE = SearchSpace({"hyperparameters": [COLUMN], "conditions": [], "forbiddens": []})
U = (0.0, 0.25, 0.5, 0.75, 1.0)
FULL = (0.0, 8.0, 16.0, 12.0, 4.0)  # regrets 1, 1/2, 0, 1/4, 3/4
LEVELS = (0.25, 0.5, 1.0)


def task(*, noise: bool = False, fidelity: bool = False) -> hpo_gym.Task:
    """Five rows on a line; with `noise`, each score is the mean of one 1 below and one 1 above it."""
    scores = np.array([[[s - 2, s - 1, s] for s in FULL]]) if fidelity else np.array([FULL])
    repeats = np.stack([scores - 1.0, scores + 1.0], -1) if noise else None
    suite = hpo_gym.table_suite(
        "Line", SPACE, np.array(U)[:, None], scores, repeats=repeats, fidelities=LEVELS if fidelity else None,
        splits={"train": ["task-0"]},
    )  # fmt: skip
    return suite.task("task-0")


def arrays(
    rows: list[int], scores: list[float], fidelities: list[float] | None = None, failed: tuple[int, ...] = ()
) -> dict[str, np.ndarray]:
    """What is stored of a run; points have one column more than the space, as in a suite of mixed dimension."""
    x = np.array([[U[r], 0.5] for r in rows]).reshape(-1, 2)
    status = np.array([i in failed for i in range(len(rows))], np.int8)
    score, fidelity = np.array(scores, float), np.array(fidelities or [1.0] * len(rows))
    return {"x": x, "score": score, "status": status, "fidelity": fidelity}


def history(rows: list[int], fidelities: list[float], n_init: int = 0) -> History:
    level = {0.25: 2, 0.5: 1, 1.0: 0}
    trials = [Trial(Query({"u": U[r]}, f), FULL[r] - level.get(f, 0)) for r, f in zip(rows, fidelities, strict=True)]
    return History(tuple(trials), n_init)


def curves(regret: list[list[list[float]]], optimizer: str = "a", tasks: str | None = None, suite: str = "S") -> Curves:
    return Curves(suite, optimizer, tuple(tasks or "xyz"[: len(regret)]), np.array(regret, float))


# ---------------------------------------------------------------------------------------------- repeats
def test_a_repeat_is_the_same_configuration_at_the_same_fidelity() -> None:
    run = arrays([1, 0, 1, 1, 0], [8, 0, 8, 8, 0])
    assert repeated(run, 1).tolist() == [False, False, True, True, True]
    assert repeats_of(run, task(), 0) == (3 / 5, 3 / 5)
    run["x"][:, 1] = U  # no column of the space
    assert repeats_of(run, task(), 0) == (3 / 5, 3 / 5)
    by_fidelity = arrays([1, 1, 1, 1], [6, 7, 8, 8], [0.25, 0.5, 1.0, 1.0])
    assert repeated(by_fidelity, 1).tolist() == [False, False, False, True]


def test_of_a_given_configuration_only_the_choice_that_repeats_it_counts() -> None:
    run = arrays([1, 1, 1, 0], [8, 8, 8, 0])
    assert repeats_of(run, task(), 2) == (1 / 2, 1 / 2)
    assert repeats_of(run, task(), 4) is None and repeats_of(arrays([], []), task(), 0) is None


def test_a_refused_proposal_is_no_repeat_and_is_not_repeated() -> None:
    run = {**arrays([2, 2, 2, 2], [0, 0, 16, 16]), "refused": np.array([1, 1, 0, 0], np.int8)}
    assert repeated(run, 1).tolist() == [False, False, False, True]


def test_repeats_are_vain_without_noise_and_while_something_is_left() -> None:
    run = arrays([1, 1, 1, 1], [9, 7, 9, 7])
    assert repeats_of(run, task(), 0) == (3 / 4, 3 / 4) and repeats_of(run, task(noise=True), 0) == (3 / 4, 0.0)
    whole = arrays([0, 1, 2, 3, 4, 0, 1], [0, 8, 16, 12, 4, 0, 8])  # five rows, so two of seven must repeat
    assert repeats_of(whole, task(), 0) == (2 / 7, 0.0)
    lazy = arrays([0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 8])
    assert repeats_of(lazy, task(), 0) == (5 / 7, 3 / 7)


def test_more_than_half_is_remarked_on_by_name() -> None:
    half, more = [Repeats(0.5, 0.5)], [Repeats(0.5, 0.5), Repeats(0.75, 0.75)]
    pays = [Repeats(1.0, 0.0)]
    (said,) = remarks("S", {"a": half, "b": more, "c": pays, "d": []})
    assert said.startswith("More than half of the trials of a run on S repeat") and "there: b (62 %)." in said
    assert not [*remarks("S", {"a": half, "c": pays})]
    assert (mean_share(more), mean_share([])) == (0.625, None)


# ---------------------------------------------------------------------------------------------- incumbents
def test_without_noise_the_incumbent_is_the_best_score_so_far() -> None:
    run = arrays([1, 0, 3, 4, 2], [8, 0, 12, 4, 16])
    assert incumbents(task(), run, Budget(5), 0).tolist() == [8, 8, 12, 12, 16]
    assert incumbents(task(), run, Budget(7), 0).tolist() == [
        8,
        8,
        12,
        12,
        16,
        16,
        16,
    ]  # it had ended
    assert incumbents(task(), run, Budget(2), 0).tolist() == [8, 8]
    del run["x"]  # nothing is looked up again
    assert incumbents(task(), run, Budget(5), 0).tolist() == [8, 8, 12, 12, 16]


def test_given_points_count_for_the_incumbent_and_not_for_the_budget() -> None:
    run = arrays([1, 0, 3, 4, 2], [8, 0, 12, 4, 16])
    assert incumbents(task(), run, Budget(3), 2).tolist() == [12, 12, 16]
    assert incumbents(task(), run, Budget(4), 3).tolist() == [12, 16, 16, 16]
    assert incumbents(task(), arrays([3], [12]), Budget(2), 1).tolist() == [12, 12]


def test_a_failure_is_the_incumbent_of_nothing_and_counts_as_nothing_while_all_have_failed() -> None:
    """Whatever it was served: 9 before any success, above the 4 and the 8 that come later, then the worst so far."""
    run = arrays([2, 1, 0, 1, 3], [9, 9, 4, 4, 8], failed=(0, 1, 3))
    assert incumbents(task(), run, Budget(5), 0).tolist() == [-math.inf, -math.inf, 4, 4, 8]
    by_fidelity = arrays([0, 1, 3], [5.0, 5.0, 12.0], [0.5, 0.5, 1.0], failed=(0,))
    assert incumbents(task(fidelity=True), by_fidelity, Budget(2), 0).tolist() == [8, 12]
    trials = [Trial(Query({"u": U[r]}), s, status=Status(r == 2)) for r, s in ((2, 9.0), (0, 0.0), (3, 12.0))]
    assert hpo_gym.regret_of(History(tuple(trials)), task()).tolist() == [1.0, 1.0, 0.25]


def test_a_run_without_trials_has_no_incumbent() -> None:
    assert incumbents(task(), arrays([], []), Budget(2), 0).tolist() == [-math.inf, -math.inf]


def test_with_noise_the_incumbent_is_chosen_by_what_was_seen_and_reported_by_what_is_true() -> None:
    run = arrays([1, 3, 2, 3], [9.0, 11.0, 15.0, 13.0])
    assert incumbents(task(noise=True), run, Budget(4), 0).tolist() == [8, 12, 16, 16]
    lucky = arrays([3, 2, 1], [13.0, 12.5, 20.0])
    assert incumbents(task(noise=True), lucky, Budget(3), 0).tolist() == [12, 12, 8]


def test_of_fidelities_the_highest_counts_then_the_score_and_its_full_score_is_reported() -> None:
    run = arrays([0, 2, 3, 1], [-2.0, 15.0, 10.0, 8.0], [0.25, 0.5, 0.25, 1.0])
    assert incumbents(task(fidelity=True), run, Budget(3), 0).tolist() == [16, 8, 8]  # .25, .75, 1 and 2 evaluations
    given = arrays([1, 0, 2, 3, 3], [8.0, -2.0, 15.0, 10.0, 12.0], [1.0, 0.25, 0.5, 0.25, 1.0])
    assert incumbents(task(fidelity=True), given, Budget(2), 1).tolist() == [8, 12]
    late = arrays([3, 2], [11.0, 15.0], [0.5, 0.5])
    assert incumbents(task(fidelity=True), late, Budget(2), 0).tolist() == [16, 16]
    short = arrays([3, 2, 1], [11.0, 16.0, 8.0], [0.5, 1.0, 1.0])
    assert incumbents(task(fidelity=True), short, Budget(2), 0).tolist() == [12, 16]  # 1.5 evaluations are more than 1


def test_an_equal_score_leaves_the_earlier_incumbent() -> None:
    run = arrays([3, 1, 2], [10.0, 10.0, 9.0])
    assert incumbents(task(noise=True), run, Budget(3), 0).tolist() == [12, 12, 12]


def test_nothing_has_been_tried_while_the_first_full_evaluation_lasts() -> None:
    run = arrays([2], [16.0], [1.5])
    assert incumbents(task(), run, Budget(2), 0).tolist() == [-math.inf, 16.0]


def test_sums_of_fidelities_that_round_above_an_evaluation_still_fit_into_it() -> None:
    shares = [1 / 3, *[1 / 9] * 6]
    assert np.cumsum(shares)[-1] > 1.0
    run = arrays([0, 0, 0, 0, 0, 0, 3, 1], [10.0, *[9.0] * 5, 8.0, 20.0], [*shares, 1.0])
    assert incumbents(task(fidelity=True), run, Budget(2), 0).tolist() == [0, 8]
    run = arrays([0, 3, 0, 0, 0, 0, 0, 1], [9.0] * 8, [1 / 9, 1 / 3, *[1 / 9] * 5, 1.0])
    assert incumbents(task(fidelity=True), run, Budget(1), 0).tolist() == [12]


def test_regret_of_a_run() -> None:
    assert hpo_gym.regret_of(history([1, 0, 3, 2], [1.0] * 4), task()).tolist() == [0.5, 0.5, 0.25, 0.0]
    assert hpo_gym.regret_of(history([1, 0, 3, 2], [1.0] * 4), task(), 2).tolist() == [0.5, 0.5]
    assert hpo_gym.regret_of(history([4], [1.0]), task(), 3).tolist() == [0.75, 0.75, 0.75]
    assert hpo_gym.regret_of(history([1, 0, 3, 2], [1.0] * 4, 2), task()).tolist() == [0.25, 0.0]
    assert hpo_gym.regret_of(History(), task(), 2).tolist() == [1.0, 1.0]
    mixed = history([0, 2, 3, 1], [0.25, 0.5, 0.25, 1.0])
    assert hpo_gym.regret_of(mixed, task(fidelity=True)).tolist() == [0.0, 0.5]
    sums_to_less = history([1] * 10, [0.1] * 10)
    assert list(accumulate([0.1] * 10))[-1] < 1.0  # `sum` is exact from Python 3.12
    assert hpo_gym.regret_of(sums_to_less, task(fidelity=True)).tolist() == [0.5]


def test_regret_by_the_test_score_is_that_of_the_incumbents_by_validation() -> None:
    tested = (4.0, 0.0, 2.0, 1.0, 3.0)  # regrets 0, 1, 1/2, 3/4, 1/4
    suite = hpo_gym.table_suite(
        "Line", SPACE, np.array(U)[:, None], np.array([FULL]), test_scores=[tested], costs=[[1.0] * 5],
        splits={"train": ["task-0"]},
    )  # fmt: skip
    one, run = suite.task("task-0"), history([0, 3, 1, 2], [1.0] * 4)
    assert hpo_gym.regret_of(run, one).tolist() == [1.0, 0.25, 0.25, 0.0]
    assert hpo_gym.regret_of(run, one, score="test").tolist() == [0.0, 0.75, 0.75, 0.5]
    assert hpo_gym.regret_of(run, one, 2, score="test").tolist() == [0.0, 0.75]
    with pytest.raises(InvalidValueError, match="`score` must be 'validation' on 'task-0', which has no test scores"):
        hpo_gym.regret_of(run, task(), score="test")
    with pytest.raises(hpo_gym.UnknownNameError, match="Did you mean 'test'"):
        hpo_gym.regret_of(run, one, score="tests")


def test_a_run_of_less_than_one_evaluation_needs_a_budget() -> None:
    with pytest.raises(InvalidValueError, match="`budget` must be an integer >= 1, got 0; the nearest is 1"):
        hpo_gym.regret_of(history([1], [0.5]), task(fidelity=True))
    assert hpo_gym.regret_of(history([1], [0.5]), task(fidelity=True), 1).tolist() == [0.5]


# ---------------------------------------------------------------------------------------------- normalised regret
def test_regret_of_scores_whose_span_no_float_has() -> None:
    found = normalised_regret([[0.0, 1.7e308, -1.7e308, 0.85e308]], [1.7e308], [-1.7e308])
    assert found.tolist() == [[0.5, 0.0, 1.0, 0.25]]


def test_regret_of_each_task_is_on_the_scale_of_that_task() -> None:
    scores = [[[0.0, 4.0], [6.0, 8.0]], [[-8.0, -6.0], [-5.0, -4.0]]]  # (tasks, replicates, trials)
    got = normalised_regret(scores, [8.0, -4.0], [0.0, -8.0])
    assert got.tolist() == [[[1.0, 0.5], [0.25, 0.0]], [[1.0, 0.5], [0.25, 0.0]]]


def test_before_a_success_regret_is_one_and_of_a_failed_cell_it_is_nan() -> None:
    got = normalised_regret([-math.inf, 2.0, math.nan], 4.0, 0.0)
    assert got[:2].tolist() == [1.0, 0.5] and math.isnan(got[2])


def test_a_flat_task_has_no_regret_once_anything_has_succeeded() -> None:
    got = normalised_regret([[-math.inf, 3.0], [3.0, math.nan]], [3.0, 3.0], [3.0, 3.0])
    assert got[0].tolist() == [1.0, 0.0] and got[1, 0] == 0.0 and math.isnan(got[1, 1])
    both = normalised_regret([[3.0], [5.0]], [3.0, 6.0], [3.0, 4.0])
    assert both.tolist() == [[0.0], [0.5]]  # a flat task leaves its neighbour alone


@pytest.mark.parametrize(
    ("best", "worst", "within", "beyond"),
    [
        (1.0, 0.0, 0.9e-6, 1.1e-6),
        (100.0, 99.0, 0.9e-4, 1.1e-4),  # of the score's size
        (-100.0, -101.0, 0.9e-4, 1.1e-4),
        (0.5, -9.5, 0.9e-5, 1.1e-5),  # or of the span, the larger of both
    ],
)
def test_a_millionth_above_the_best_is_rounding_and_more_is_an_error(
    best: float, worst: float, within: float, beyond: float
) -> None:
    assert normalised_regret([best + within], best, worst).tolist() == [0.0]
    with pytest.raises(InvalidValueError, match="`score <= best` must hold"):
        normalised_regret([best + beyond], best, worst)


def test_best_and_worst_may_be_equal_and_not_the_other_way_round() -> None:
    assert normalised_regret([1.0], 1.0, 1.0).tolist() == [0.0]
    with pytest.raises(InvalidValueError, match="`worst <= best` must hold"):
        normalised_regret([1.0], 1.0, 1.5)
    with pytest.raises(InvalidValueError, match=r"got a score of 0\.5 above it"):
        normalised_regret([[1.0, math.nan, 4.5]], [4.0], [0.0])


# ---------------------------------------------------------------------------------------------- values by task
TWO = [[[0.5, 0.25], [1.0, 0.0]], [[math.nan, math.nan], [0.5, 0.125]]]  # two tasks, two replicates, two trials


def test_a_failed_cell_has_regret_one() -> None:
    c = curves(TWO)
    assert c.failed.tolist() == [[False, False], [True, False]]
    assert c.filled.tolist() == [[[0.5, 0.25], [1.0, 0.0]], [[1.0, 1.0], [0.5, 0.125]]]
    assert c.mean.tolist() == [[0.75, 0.125], [0.75, 0.5625]]


def test_values_by_task() -> None:
    c = curves(TWO)
    assert auc(c).tolist() == [0.4375, 0.65625]
    assert regret_at(c, 1).tolist() == [0.75, 0.75]
    assert regret_at(c, 2).tolist() == regret_at(c, 33).tolist() == [0.125, 0.5625]
    assert solved(c).tolist() == [0.5, 0.0]
    logs = [math.log10(v + 0.001) for v in (0.5, 0.25, 1.0, 0.0)]
    assert logs == pytest.approx([-0.300162, -0.600326, 0.000434, -3.0], abs=1e-6)
    assert log_auc(c)[0] == pytest.approx(-0.975014, abs=1e-6)
    assert log_auc(c)[1] == pytest.approx((0.000434 + 0.000434 - 0.300162 - 0.899629) / 4, abs=1e-6)


def test_where_only_the_end_counts_values_are_those_of_the_last_trial() -> None:
    c = Curves("S", "a", ("x", "y"), np.array(TWO), end=True)
    assert auc(c).tolist() == [0.125, 0.5625]
    ends = [math.log10(v + 0.001) for v in (0.25, 0.0, 1.0, 0.125)]
    assert log_auc(c).tolist() == pytest.approx([(ends[0] + ends[1]) / 2, (ends[2] + ends[3]) / 2])


def test_curves_keep_names_as_a_tuple_and_say_what_they_refuse() -> None:
    assert Curves("S", "a", ["x"], np.zeros((1, 1, 1))).tasks == ("x",)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match=r"got \(1, 1\) for 1 tasks \('S', 'a'\)"):
        Curves("S", "a", ("x",), np.zeros((1, 1)))


def test_ranks_and_wins_share_ties_of_twelve_decimals() -> None:
    assert ranks(np.array([[0.5, 0.25, 0.5, 0.125], [1.0, 2.0, 3.0, 4.0]])).tolist() == [[3.5, 2, 3.5, 1], [1, 2, 3, 4]]
    assert ranks(np.array([0.5, 0.5 + 4e-13, 0.5 + 2e-12])).tolist() == [1.5, 1.5, 3.0]
    assert better(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0 + 4e-13, 2.0])).tolist() == [1.0, 0.5, 0.0]
    assert better(np.array([1.0]), np.array([1.0 + 2e-12])).tolist() == [1.0]


def test_interquartile_mean() -> None:
    assert iqm(np.array([8.0, 0.0, 4.0, 2.0])) == 3.0  # the middle two
    assert iqm(np.array([6.0, 0.0, 4.0])) == pytest.approx(11 / 3)  # the middle, and a quarter of either side
    assert iqm(np.array([8.0, 0.0, 4.0, 0.0])) == 2.0  # half of it is 0, half is 4
    assert iqm(np.array([100.0, 1.0])) == 50.5  # half of each
    x = np.random.default_rng(0).random(40)
    assert iqm(x) == pytest.approx(stats.trim_mean(x, 0.25))


def test_performance_profile() -> None:
    got = performance_profile(np.array([0.25, 0.5, 0.5, 1.0]), np.array([0.125, 0.25, 0.75, 1.0]))
    assert got.tolist() == [0.0, 0.25, 0.75, 1.0]


def test_friedman_of_ranks_worked_by_hand() -> None:
    statistic, p = friedman(np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 3.0]]))  # rank sums 3, 3, 6
    assert statistic == pytest.approx(12 / (2 * 3 * 4) * (9 + 9 + 36) - 3 * 2 * 4)
    assert p == pytest.approx(math.exp(-1.5))  # chi squared with two degrees of freedom
    nearly = np.array([[1.0, 1.0 + 4e-13, 1.0], [1.0, 1.0, 1.0]])
    assert all(math.isnan(v) for v in friedman(nearly))
    assert all(math.isnan(v) for v in friedman(np.ones((2, 2)) * [[1.0, 2.0]]))
    assert all(math.isnan(v) for v in friedman(np.eye(3)[:1]))  # one family
    assert friedman(np.array([[1.0, 1.0, 2.0], [1.0, 1.0, 2.0]]))[0] == pytest.approx(4.0)  # ties corrected


def test_nemenyis_critical_difference() -> None:
    assert critical_difference(3, 10) == pytest.approx(2.343 * math.sqrt(3 * 4 / 60), abs=1e-3)  # q of Demsar's table 5
    with pytest.raises(InvalidValueError, match="`n_optimizers >= 2` and `n_families >= 1` must hold"):
        critical_difference(2, 0)
    with pytest.raises(InvalidValueError, match="`n_optimizers >= 2`"):
        critical_difference(1, 3)


def test_cliques_by_hand() -> None:
    assert cliques([4.0, 1.0, 2.0, 2.5], 1.5) == [(0, 2), (2, 3)]
    assert cliques([1.0, 2.0, 3.0], 1.0) == [(0, 1), (1, 2)]
    assert cliques([1.0, 2.0, 3.0], 0.5) == []


# ---------------------------------------------------------------------------------------------- intervals
def chosen(k: int, subset: int) -> list[int]:
    """Which of `k` families a keyed subset holds: the highest bit of each."""
    salt = seeding.key("subsets", k)
    return [seeding.mix_int(subset * k + i, salt) >> 63 for i in range(k)]


def test_up_to_ten_families_every_subset_is_taken_once() -> None:
    assert subsets(2).tolist() == [[1, 0], [0, 1]]
    assert subsets(3).tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1]]
    ten = subsets(10)
    assert ten.shape == (1022, 10) and len(np.unique(ten, axis=0)) == 1022


def test_of_more_families_a_thousand_are_keyed_and_the_others_stand_beside_them() -> None:
    some = subsets(44)
    assert some.shape == (2000, 44) and (some[:1000] + some[1000:] == 1).all()
    for i in (0, 1, 777, 999):
        assert some[i].tolist() == chosen(44, i)
    assert subsets(44, 1)[0].tolist() == chosen(44, 1000)
    eleven = subsets(11)  # the few that are empty or whole are left out
    assert 1990 < len(eleven) <= 2000 and set(eleven.sum(axis=1).tolist()) == set(range(1, 11))


def test_subsets_follow_the_names_whatever_their_order() -> None:
    ordered, turned = Resamples.of(("a", "b", "c")), Resamples.of(("c", "a", "b"))
    assert turned.resampled.tolist() == ordered.resampled[:, [2, 0, 1]].tolist()
    long = Resamples.of(("t10", "t9", "t1"))  # by text, not by number
    assert long.resampled.tolist() == ordered.resampled[:, [1, 2, 0]].tolist()


def test_a_family_is_in_a_subset_with_all_its_tasks_and_each_sums_to_one() -> None:
    got = Resamples.of(("a", "b", "c", "c")).resampled
    third = [1 / 3, 0, 1 / 3, 1 / 3]
    assert got[[0, 2, 3, 4]] == pytest.approx(
        np.array([[1, 0, 0, 0], [1 / 2, 1 / 2, 0, 0], [0, 0, 1 / 2, 1 / 2], third])
    )


def test_a_mean_rests_on_as_many_families_as_of_equal_size_would_vary_alike() -> None:
    assert equal_families(("a", "b", "c")) == equal_families(("a", "a", "b", "b", "c", "c")) == 3.0
    assert equal_families(("a", "b", "c", "c")) == pytest.approx(16 / 6)  # 4 tasks; 1 + 1 + 4
    assert equal_families(("a", "a")) == 1.0


V = np.array([0.1, 0.7, 0.2, 0.9, 0.4, 0.3, 0.8, 0.5])  # mean .4875


def test_intervals_of_eight_families() -> None:
    sample = Resamples.of(tuple("abcdefgh"))
    assert sample.resampled.shape == (254, 8)
    # .002 of 253 steps is .506: the lowest means are .1 (a), .15 (a and c), the highest .9 (d), .85 (d and g)
    assert sample.mean(V) == [0.4875, 0.1253, 0.8747]
    both = sample.estimate(np.stack([V, V[::-1]], 1))
    assert [part.round(6).tolist() for part in both] == [[0.4875] * 2, [0.1253] * 2, [0.8747] * 2]
    assert sample.ratio(V, 2 * V) == [0.5, 0.5, 0.5]


def test_an_interval_is_what_the_exchange_test_leaves() -> None:
    """Without the calibration: a value is inside if, with the value taken off, p is above .05."""
    sample, families = Resamples.of(tuple("abcdefgh")), tuple("abcdefgh")
    means = np.sort(sample.resampled @ V)
    low, high = means[5], means[-6]  # six of 127 exchanges, and none: p = 7 / 128
    for inside, outside in ((low + 1e-6, low - 1e-6), (high - 1e-6, high + 1e-6)):
        assert mean_p(V - inside, families) > 0.05 >= mean_p(V - outside, families)  # type: ignore[operator]


def test_seven_families_have_no_interval() -> None:
    for families in ("a", "aa", "ab", "abcdefg", "aabbccddeeffgg"):
        values = np.linspace(0.0, 1.0, len(families))
        assert Resamples.of(tuple(families)).mean(values)[1:] == [None, None]
        assert Resamples.of(tuple(families)).ratio(values + 1, np.ones(len(families)))[1:] == [None, None]
    assert Resamples.of(("a", "a")).mean(np.array([0.25, 0.75])) == [0.5, None, None]
    assert Resamples.of(tuple("abcdefgh")).mean(V)[1] is not None


def test_the_share_beyond_an_end_is_calibrated_by_the_number_of_families() -> None:
    steps = np.arange(1001.0) / 1000
    means = [float(edges(steps, k, OF_MEANS)[0]) for k in (8, 10, 12, 20, 32, 44, 400)]
    assert means == pytest.approx([0.002, 0.0035, 0.0045, 0.008, 0.0115, 0.0145, 0.0145])
    ratios = [float(edges(steps, k, OF_RATIOS)[0]) for k in (8, 10, 12, 400)]
    assert ratios == pytest.approx([0.014, 0.01575, 0.0175, 0.025])
    assert edges(steps, 12, OF_MEANS)[1] == pytest.approx(0.9955)


def test_a_ratio_to_nothing_does_not_exist() -> None:
    sample, own = Resamples.of(tuple("abcdefgh")), V
    assert sample.ratio(own, np.zeros(8)) == [None, None, None]
    assert sample.ratio(own, np.array([0.0, 0, 0, 0, 0, 0, 0, 3.9])) == [
        1.0,
        None,
        None,
    ]  # every second subset has none
    assert sample.ratio(np.zeros(8), own) == [0.0, 0.0, 0.0]
    neither = np.array([0.0, *[0.5] * 7])  # of a alone there is no regret of either: it says nothing
    assert sample.ratio(neither / 2, neither) == [0.5, 0.5, 0.5]


def test_numbers_have_six_decimals() -> None:
    assert [plain(v) for v in (0.12345649, 0.1234565001, 2.0, -math.inf, math.nan)] == [
        0.123456, 0.123457, 2.0, None, None,
    ]  # fmt: skip
    assert str(plain(-1e-9)) == "0.0"


# ---------------------------------------------------------------------------------------------- summaries
PORTFOLIO = [[[0.5, 0.25]], [[0.25, 0.0]], [[1.0, 0.5]]]  # AUC 3/8, 1/8, 3/4
OTHER = [[[0.25, 0.0]], [[0.25, 0.25]], [[1.0, 0.5]]]  # AUC 1/8, 1/4, 3/4


def test_a_summary_holds_each_optimizer_against_the_portfolio() -> None:
    got = summarise([curves(OTHER, "other"), curves(PORTFOLIO, "portfolio")])
    assert list(got) == ["other", "portfolio"]
    other, portfolio = got["other"], got["portfolio"]
    assert [other[k][0] for k in ("auc", "rank", "gain", "solved", "p_better", "ratio")] == [
        0.375, 1.5, 0.041667, 0.333333, 0.5, 0.9,
    ]  # fmt: skip
    assert [portfolio[k][0] for k in ("auc", "rank", "gain", "solved", "p_better", "ratio")] == [
        0.416667, 1.5, 0.0, 0.333333, 0.5, 1.0,
    ]  # fmt: skip
    assert other["regret"]["1"][0] == 0.5 and other["regret"]["2"][0] == 0.25 == other["regret"]["33"][0]
    assert list(other["regret"]) == ["1", "2", "5", "10", "15", "33"]
    assert (other["cells"], other["failed_cells"], other["n_tasks"]) == (3, 0, 3)


def test_a_failed_cell_is_counted() -> None:
    got = summarise([curves(TWO)])["a"]
    assert (got["cells"], got["failed_cells"], got["n_tasks"]) == (4, 1, 2)
    assert got["log_auc"][0] == pytest.approx((-0.975014 - 0.299731) / 2, abs=2e-6)


def test_what_does_not_belong_together_says_what_differs() -> None:
    with pytest.raises(
        InvalidValueError, match=r"got 'T', validation, 3 tasks and 2 trials for 'b', and 'S', validation, 3 and 2"
    ):
        summarise([curves(OTHER), curves(OTHER, "b", suite="T")])
    with pytest.raises(InvalidValueError, match="must be unique, got"):
        summarise([curves(OTHER), curves(OTHER)])
    with pytest.raises(InvalidValueError, match="must not be empty"):
        summarise([])
