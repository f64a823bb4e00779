"""The validity report: each statistic on a small suite of which the answer is known."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
import validity as study
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, EqualsCondition, UniformFloatHyperparameter
from scipy import stats
from validity import page as validity_page
from validity import signs as validity_signs
from validity import transfer as validity_transfer
from validity.choice import best_of, lost, spearman, spearman_top
from validity.examine import Noise, Validity, full_scores, suites_of, validity
from validity.importance import bins, effects
from validity.order import Order, auc_of, order, random_auc
from validity.resolution import Resolution, resolution, resolution_of
from validity.signs import EXTREME, LOWEST, Crippled, OneOf, Sign, masks_of, sign_of
from validity.transfer import kept_rows, transfer

from hpo_builders.files import DATA
from hpo_gym import app
from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.bench.metrics import Curves
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.suite import SUITES, Suite
from hpo_gym.problem.task import Evaluated, Task
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.suite import TableSuite, table_suite

pytestmark = pytest.mark.usefixtures("all_undrawn")  # reference runs are read by a comparison
SPACE = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0), "b": (0.0, 1.0)}))
SPLITS = {"train": ["t0", "t1"], "test": ["t2", "t3"]}


def grid(m: int) -> np.ndarray:
    """`m` points; `a` goes up from row to row, `b` goes up and down."""
    return SPACE.snap(np.stack([(np.arange(m) + 0.5) / m, (np.arange(m) * 7 % m + 0.5) / m], 1))


def statistics(found: Validity) -> dict[str, str]:
    return dict(validity_page.tables_of([found])[found.suite].rows)


def suite_of(scores: Any, *, splits: dict[str, list[str]] | None = None, **more: Any) -> TableSuite:
    k, m = len(scores), len(scores[0])
    x = more.pop("x", grid(m))
    tasks = [f"t{i}" for i in range(k)]
    return table_suite(more.pop("name", "Small"), more.pop("space", SPACE), x, scores, tasks=tasks,
                       splits=splits, **more)  # fmt: skip


# ---------------------------------------------------------------------------------------------- size, ties, flat tasks
def test_size_counts_what_is_measured_and_of_it_what_failed() -> None:
    size = validity(suite_of([[0.1, np.nan, -np.inf, 0.4], [0.1, 0.2, 0.3, 0.4]])).size
    assert (size.tasks, size.rows, size.fidelities) == (2, (4, 4), 1)
    assert (size.measured, size.failed) == (7 / 8, 1 / 7)


def test_a_pool_per_task_has_as_many_rows_as_were_given() -> None:
    size = validity(toys.ragged()).size
    assert (size.rows, size.measured) == ((8, 15), 1.0)


def test_ties_are_the_rows_at_the_optimum() -> None:
    scores = [[1, 1, 0, 0], [1, 0, 0, 0], [1, 0.5, np.nan, np.nan]]
    assert validity(suite_of(scores)).ties == (0.5, 0.5)
    assert validity(suite_of([[1, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]])).ties == (0.25, 0.75)


def test_a_task_is_flat_where_random_search_leaves_nothing_to_gain() -> None:
    level = [0.5] * 9
    scores = [[*level, 0.509], [*level, 0.6], [*level, 0.52]]  # after 5 of 10: half of the lead is left
    flat = validity(suite_of(scores, splits={"train": ["t1"], "test": ["t2"]})).flat
    assert (flat.tasks, flat.left_out) == (1, 1)


# ---------------------------------------------------------------------------------------------- noise
def test_noise_is_the_spread_of_repeats_at_full_fidelity() -> None:
    scores = np.array([[0.0, 1.0, 2.0], [0.0, 3.0, 6.0]])
    repeats = scores[..., None] + np.array([-0.1, 0.0, 0.1])
    repeats[0, 0] = [0.0, np.nan, np.nan]  # one seed has no spread
    noise = validity(suite_of(scores, repeats=repeats)).noise
    assert noise is not None
    assert (noise.cells, noise.range) == (5, (3, 3))
    assert noise.seeds == pytest.approx(0.1)
    assert noise.configurations == pytest.approx(np.sqrt(2 / 3) * 2)  # of 1 and 3 times that, the median
    assert noise.ratio == pytest.approx(noise.configurations / 0.1)


def test_noise_of_lower_fidelities_does_not_count() -> None:
    scores = np.zeros((1, 3, 2)) + np.arange(3.0)[None, :, None]
    repeats = scores[..., None] + np.array([[-9.0, 9.0], [-0.5, 0.5]])
    noise = validity(suite_of(scores, repeats=repeats, fidelities=(0.5, 1.0))).noise
    assert noise is not None and noise.seeds == pytest.approx(0.5 * np.sqrt(2))


def test_a_seed_study_is_used_where_there_is_one() -> None:
    study = {"sd_between_seeds": 0.25, "tasks": 24, "rows": 10, "seeds": 4}
    found = validity(suite_of([[0.0, 1.0], [0.0, 1.0]], about={"built": {"seed_study": study}}))
    assert found.noise is not None and (found.noise.seeds, found.noise.ratio) == (0.25, 2.0)
    assert "24 tasks, 10 rows, 4 seeds" in validity_page.page([found])


def test_without_repeats_and_study_nothing_is_said_of_noise() -> None:
    found = validity(suite_of([[0.0, 1.0], [0.0, 1.0]]))
    assert found.noise is None
    tables = validity_page.tables_of([found])
    cells = dict(zip(tables["summary"].columns, tables["summary"].rows[0], strict=True))
    assert (cells["signal to noise"], cells["tasks"], cells["configurations"]) == ("-", "2", "2")
    assert dict(tables["Small"].rows)["noise between seeds"] == "no scores of single seeds"


# ---------------------------------------------------------------------------------------------- importance
def full_grid(levels: int) -> np.ndarray:
    u = (np.arange(levels) + 0.5) / levels
    return SPACE.snap(np.array(list(itertools.product(u, u))))


def test_what_decides_the_score_explains_it_and_what_does_not_explains_nothing() -> None:
    x = full_grid(10)
    found = validity(suite_of([np.round(x[:, 0] * 10), -(np.round(x[:, 0] * 10) ** 2)], x=x)).importance
    assert found is not None and found.names == ("a", "b") and found.tasks == 2
    assert found.shares[0] == pytest.approx(1.0, abs=1e-6)
    assert found.shares[1] == pytest.approx(0.0, abs=0.12)  # (0 - 9 e) / (1 + e), e the variance of all
    assert found.matters == (2, 0)


@pytest.mark.long
def test_noise_is_explained_by_nothing_in_the_mean() -> None:
    rng = np.random.default_rng(0)
    found = validity(suite_of(rng.normal(size=(600, 100)), x=full_grid(10))).importance
    assert found is not None
    assert np.abs(found.shares).max() < 0.006 and abs(found.together) < 0.009  # three standard errors
    naive = 9 / 99  # what an uncorrected share would be
    assert max(found.shares) < naive / 10


def test_a_sum_is_explained_by_main_effects_and_an_interaction_is_not() -> None:
    x = full_grid(10)
    left, up = x[:, 0] < 0.5, x[:, 1] < 0.5
    rng = np.random.default_rng(1)
    added = validity(suite_of([left * 1.0 + up, left * 1.0 - up], x=x)).importance
    crossed = validity(suite_of([left ^ up ^ (rng.random(100) < 0.05) for _ in range(20)], x=x)).importance
    assert added is not None and crossed is not None
    assert added.together == pytest.approx(1.0) and added.shares == pytest.approx((0.5, 0.5), abs=0.06)
    assert crossed.together < 0.05 and max(crossed.shares) < 0.05


def branches() -> tuple[SearchSpace, np.ndarray]:
    space = ConfigurationSpace()
    kind = CategoricalHyperparameter("kind", ["x", "y"])
    rate = UniformFloatHyperparameter("rate", 0.0, 1.0)
    space.add(kind, rate, EqualsCondition(rate, kind, "y"), UniformFloatHyperparameter("other", 0.0, 1.0))
    search = SearchSpace(space)
    u = (np.arange(10) + 0.5) / 10
    configs = [{"kind": "y", "rate": r, "other": o} for r in u for o in u] + [{"kind": "x", "other": o} for o in u]
    return search, search.encode(configs)


def test_credit_for_a_branch_is_told_from_effect_inside_it() -> None:
    space, x = branches()
    y = np.where(space.active(x)[:, space.names.index("rate")], 1.0, 0.0)
    noise = np.random.default_rng(2).normal(size=(40, len(x))) * 0.01
    found = validity(suite_of(y + noise, x=x, space=space)).importance
    assert found is not None
    j = found.names.index("rate")
    assert found.shares[j] > 0.9 and abs(found.active[j]) < 0.05 and found.matters[j] < 20


def slow_omega(groups: Sequence[Any], y: Sequence[float]) -> float:
    """The textbook's formula, one task and one column."""
    values = np.asarray(y)
    parts = [values[[g == c for g in groups]] for c in dict.fromkeys(groups)]
    between = sum(len(p) * (p.mean() - values.mean()) ** 2 for p in parts)
    within = sum(((p - p.mean()) ** 2).sum() for p in parts) / (len(values) - len(parts))
    return float((between - (len(parts) - 1) * within) / (((values - values.mean()) ** 2).sum() + within))


def test_effects_agree_with_the_textbook_where_rows_are_missing() -> None:
    rng, space = np.random.default_rng(3), toys.conditional_space()
    x = space.sample(rng, 300)
    codes, active = bins(space, x)
    scores = np.stack([codes[0] + rng.normal(size=300), np.where(active[:, 2], x[:, 2], 2) + rng.normal(size=300)])
    scores[rng.random(scores.shape) < 0.2] = np.nan
    alone, inside, together = effects(codes, active, scores)
    for i, j in itertools.product(range(2), range(space.d)):
        there = ~np.isnan(scores[i])
        assert alone[i, j] == pytest.approx(slow_omega(codes[j][there].tolist(), scores[i][there]))
        awake = there & active[:, j]
        if awake.sum() >= 2 * len(set(codes[j][awake].tolist())):
            assert inside[i, j] == pytest.approx(slow_omega(codes[j][awake].tolist(), scores[i][awake]))
    for i in range(2):
        there = ~np.isnan(scores[i])
        z = np.concatenate([np.eye(c.max() + 1)[c[there]] for c in codes], 1)
        y = scores[i][there] - scores[i][there].mean()
        fit, _, rank, _ = np.linalg.lstsq(z, y, rcond=None)
        error = ((y - z @ fit) ** 2).sum() / (len(y) - rank)
        assert together[i] == pytest.approx((((z @ fit) ** 2).sum() - (rank - 1) * error) / ((y**2).sum() + error))


def test_an_inactive_hyperparameter_has_a_bin_of_its_own_and_a_choice_one_each() -> None:
    space, x = branches()
    codes, active = bins(space, x)
    number = {name: len(set(code.tolist())) for name, code in zip(space.names, codes, strict=True)}
    assert number == {"kind": 2, "rate": 11, "other": 10}
    j = space.names.index("rate")
    assert set(codes[j][~active[:, j]].tolist()) == {10}


@pytest.mark.parametrize("rows", [[0.5] * 40, np.arange(19.0)])
def test_equal_scores_and_too_few_rows_explain_nothing(rows: Any) -> None:
    found = validity(suite_of([rows, rows], x=grid(len(rows))))
    assert found.importance is None
    assert "Small-hyperparameters" not in validity_page.tables_of([found])


# ---------------------------------------------------------------------------------------------- validation and test
@pytest.mark.parametrize("trials", [1, 3, 6])
def test_the_loss_of_choosing_by_validation_is_that_of_all_draws(trials: int) -> None:
    validation, test = np.array([1.0, 2.0, 2.0, 0.0, 3.0, 0.5]), np.array([0.3, 0.9, 0.1, 1.0, 0.2, 0.6])
    losses = []
    for drawn in itertools.combinations(range(6), trials):
        top = max(validation[list(drawn)])
        chosen = [test[i] for i in drawn if validation[i] == top]
        losses.append(max(test[list(drawn)]) - np.mean(chosen))
    assert lost(validation, test, trials) == pytest.approx(np.mean(losses))


@pytest.mark.parametrize(("n", "trials"), [(1, 1), (5, 1), (5, 5), (5, 9), (60_000, 33)])
def test_some_row_is_the_best(n: int, trials: int) -> None:
    chance = best_of(n, trials)
    assert chance.shape == (n,) and chance.sum() == pytest.approx(1.0) and (chance >= 0).all()
    assert (chance[: min(trials, n) - 1] == 0).all()


def test_choice_by_validation_on_a_suite() -> None:
    scores = np.tile(np.arange(40.0), (3, 1))
    test = scores.copy()
    test[1] = -scores[1]
    test[2, -1], test[2, 0] = -np.inf, np.nan  # chosen by validation and failed on test: the worst of the test scores
    found = validity(suite_of(scores, test_scores=test)).choice
    assert found is not None and found.tasks == 3
    assert found.spearman == pytest.approx(stats.spearmanr(scores[2, 1:], [*test[2, 1:-1], 1.0]).statistic)
    assert found.loss == pytest.approx((0 + 39 + (38 - 1)) / 3)
    assert found.regret == pytest.approx((0 + 1 + 1) / 3)
    assert found.spearman_top == pytest.approx(1.0)  # 1, -1 and, without the failure, 1
    assert 0 < found.loss_few < found.loss


def test_the_best_tenth_has_a_rank_correlation_of_its_own() -> None:
    validation = np.arange(40.0)
    test = validation.copy()
    test[36:] = [3.0, 1.0, 2.0, 0.0]  # ranks 4 2 3 1 against 1 2 3 4: 1 - 6 * (9 + 0 + 0 + 9) / (4 * 15)
    assert spearman_top(validation, test) == pytest.approx(-0.8)
    tied = np.minimum(validation, 36.0)  # four are the best: all count, and none differs
    assert math.isnan(spearman_top(tied, test))
    assert math.isnan(spearman_top(validation[:20], test[:20]))  # two rows


def test_without_differences_on_test_nothing_is_lost() -> None:
    scores = np.tile(np.arange(40.0), (2, 1))
    test = scores.copy()
    test[1] = 0.5
    found = validity(suite_of(scores, test_scores=test)).choice
    assert found is not None and (found.regret, found.loss) == (0.0, 0.0)


def test_spearman_is_scipys_with_ties() -> None:
    a, b = np.random.default_rng(4).integers(0, 5, (2, 60)).astype(float)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)
    assert math.isnan(spearman(a, np.ones(60)))


# ---------------------------------------------------------------------------------------------- what can be told
FAMILIES = tuple("ffghijklm")  # eight


def aucs_of(optimizer: str, *aucs: float, score: str = "test") -> Curves:
    return Curves("S", optimizer, tuple("abcdefghi"), np.array(aucs)[:, None, None], FAMILIES, score)


def test_what_can_be_told_is_half_the_interval_of_a_paired_difference() -> None:
    portfolio, random = np.array([0.1] * 9), np.array([0.2, 0.4, *[0.1] * 7])
    test = [aucs_of("portfolio", *portfolio), aucs_of("random", *random), aucs_of("of no interest", *[0] * 9)]
    validation = [replace(c, score="validation") for c in test]
    found = resolution_of(test, validation)
    assert (found.optimizers, found.tasks, found.families, found.score) == (("random", "portfolio"), 9, 8, "test")
    assert found.portfolio == pytest.approx(0.1)
    # by family: .4 over the two tasks of f, 0 elsewhere; of all subsets the lowest is 0, the highest f alone with .2,
    # the next one f and another family with .4 / 3; .002 of 253 steps is .506
    assert found.difference == pytest.approx((0.2 - 0.506 * (0.2 - 0.4 / 3)) / 2, abs=1e-6)
    assert found.told == 0.0  # the other 127 subsets differ by nothing


def test_a_difference_on_every_task_is_told() -> None:
    test = [aucs_of("portfolio", *[0.1] * 9), aucs_of("random", *[0.2] * 9)]
    found = resolution_of(test, test)
    assert (found.difference, found.told, found.tau) == (0.0, 1.0, 1.0)


def test_ranks_alike_is_kendalls_tau_of_the_means() -> None:
    names = ("portfolio", "random", "default", "gp-ei")
    test = [aucs_of(name, *[value] * 9) for name, value in zip(names, (0.1, 0.2, 0.3, 0.4), strict=True)]
    validation = [aucs_of(n, *[v] * 9, score="validation") for n, v in zip(names, (0.1, 0.3, 0.2, 0.4), strict=True)]
    assert resolution_of(test, validation).tau == pytest.approx((5 - 1) / 6)  # one of six pairs is turned


def test_seven_families_tell_nothing_and_a_suite_without_runs_says_so() -> None:
    both = [aucs_of(n, *[v] * 9) for n, v in (("portfolio", 0.1), ("random", 0.2))]
    seven = [replace(c, families=tuple("ffghijkll")) for c in both]
    found = resolution_of(seven, seven)
    assert (found.difference, found.told) == (None, None)
    scores = np.tile(np.arange(40.0), (3, 1))
    assert statistics(validity(suite_of(scores)))["reference runs"] == "none"
    reported = statistics(replace(validity(suite_of(scores)), resolution=found))
    assert reported["smallest difference told at 95 %"] == "none: too few families for intervals"


def test_the_page_says_where_validation_ranks_otherwise() -> None:
    scores = np.tile(np.arange(40.0), (3, 1))
    test = [aucs_of("portfolio", *[0.1] * 9), aucs_of("random", *[0.2] * 9)]
    found = resolution_of(test, [aucs_of(c.optimizer, *c.mean[:, 0][::-1] * s, score="validation")
                                 for c, s in zip(test, (3, 1), strict=True)])  # fmt: skip
    assert found.tau == -1.0
    reported = statistics(replace(validity(suite_of(scores)), resolution=found))
    assert reported["ranks on validation and on test"] == "-1.0 (Kendall's tau, below 0.8)"


def test_statistics_are_stored_as_json_and_read_again() -> None:
    suites = [toys.gappy(), toys.plain(), toys.ragged(), toys.formulas()]
    found = {s.name: json.loads(json.dumps(study.dataclasses.asdict(validity(s)))) for s in suites}
    own = validity_page.tables_of([validity(s) for s in sorted(suites, key=lambda s: s.name)])
    assert {name: table for name, table in study.tables(found).items() if name in own} == own


@pytest.mark.long
def test_reference_runs_of_a_shipped_suite_are_read() -> None:
    found = resolution(load_suite("MLP"))
    assert found is not None and found.score == "test" and {"random", "portfolio", "taf-r"} <= set(found.optimizers)
    assert found.difference is not None and 0 < found.difference < 0.2


# ---------------------------------------------------------------------------------------------- fidelities
def test_fidelities_are_compared_by_rank() -> None:
    full = np.arange(12.0)
    scores = np.stack([-full, np.exp(full), full], 1)
    found = validity(suite_of([scores, scores], fidelities=(1 / 9, 1 / 3, 1.0))).fidelities
    assert [(round(f, 3), round(s, 9)) for f, s in found] == [(0.111, -1.0), (0.333, 1.0)]


# ---------------------------------------------------------------------------------------------- transfer
def test_a_portfolio_of_equal_tasks_finds_the_best_at_once() -> None:
    scores = np.tile(np.arange(10.0), (4, 1))
    suite = suite_of(scores, splits=SPLITS)
    found = transfer(suite, full_scores(suite.table))
    assert found is not None and (found.split, found.tasks, found.earlier, found.rows) == ("test", 2, 2, 10)
    assert found.portfolio == found.portfolio_share == (0.0, 0.0, 0.0)
    assert found.random[:2] == pytest.approx((4.5, np.mean([9 - max(c) for c in itertools.combinations(range(10), 5)])))
    assert found.random[2] == 0.0  # 25 trials of 10 rows
    assert found.random_share == pytest.approx(tuple(r / 9 for r in found.random))


def test_a_portfolio_of_opposite_tasks_starts_with_the_worst() -> None:
    up = np.arange(60.0)
    suite = suite_of([up, up, -up, -2 * up], splits=SPLITS)
    found = transfer(suite, full_scores(suite.table))
    assert found is not None
    assert found.portfolio == (1.5 * 59, 1.5 * 55, 1.5 * 35) and found.portfolio_share[0] == 1.0


def test_transfer_is_measured_without_noise() -> None:
    scores = np.tile(np.arange(30.0), (4, 1))
    repeats = scores[..., None] + np.array([-50.0, 50.0])
    suite = suite_of(scores, repeats=repeats, splits=SPLITS)
    found = transfer(suite, full_scores(suite.table))
    assert found is not None and found.portfolio == (0.0, 0.0, 0.0)


def test_unmeasured_rows_are_not_asked_for() -> None:
    scores = np.tile(np.arange(30.0), (4, 1))
    scores[2, 20:] = np.nan
    suite = suite_of(scores, splits=SPLITS)
    found = transfer(suite, full_scores(suite.table))
    assert found is not None and found.portfolio == (0.0, 0.0, 0.0)


def test_of_a_large_pool_some_rows_are_drawn_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validity_transfer, "MOST_ROWS", 8)
    rows = kept_rows("Small", 40)
    assert len(rows) == 8 and (np.diff(rows) > 0).all()
    assert (rows == kept_rows("Small", 40)).all() and (rows != kept_rows("Other", 40)).any()
    suite = suite_of(np.tile(np.arange(40.0), (4, 1)), splits=SPLITS)
    found = validity(suite).transfer
    assert found is not None and found.rows == 8
    assert found.portfolio == pytest.approx((39.0 - rows[-1],) * 3)
    assert "8 candidates" in validity_page.tables_of([validity(suite)])["Small-transfer"].note


def test_validation_tasks_stand_in_for_missing_test_tasks() -> None:
    scores = np.tile(np.arange(10.0), (3, 1))
    suite = suite_of(scores, splits={"train": ["t0", "t1"], "val": ["t2"]})
    found = transfer(suite, full_scores(suite.table))
    assert found is not None and (found.split, found.tasks) == ("val", 1)
    for splits in ({"train": ["t0"]}, {"test": ["t0"]}):
        alone = suite_of(scores, splits=splits)
        assert transfer(alone, full_scores(alone.table)) is None


# ---------------------------------------------------------------------------------------------- signs
def test_crippled_rows_are_compared_with_those_of_the_same_branch() -> None:
    space, x = branches()
    bad, others = masks_of(Crippled("slow", {"rate": LOWEST}), space, x)
    rate = space.active(x)[:, space.names.index("rate")]
    assert bad.sum() == 10 and (bad | others == rate).all() and not (bad & others).any()
    assert x[bad, space.names.index("rate")].max() < 0.1
    bad, others = masks_of(Crippled("kind", {"kind": OneOf(("x",)), "other": EXTREME}), space, x)
    assert (bad.sum(), others.sum()) == (2, 108)


def test_the_sign_check_passes_or_fails_by_the_median_task() -> None:
    up = np.arange(20.0)
    crippled = Crippled("low a", {"a": LOWEST})
    suite = suite_of([up, up * 3, -up])
    found = sign_of(crippled, suite.table, full_scores(suite.table))
    assert found == Sign("low a", 2, 3, 10.5 - 0.5, 2 / 3) and found.passed
    flipped = suite_of([-up, -up, up])
    assert not sign_of(crippled, flipped.table, full_scores(flipped.table)).passed


def test_tasks_without_both_sides_are_left_out_of_a_sign_check() -> None:
    up = np.arange(20.0)
    gone = up.copy()
    gone[:2] = np.nan
    suite = suite_of([up, gone])
    assert sign_of(Crippled("low a", {"a": LOWEST}), suite.table, full_scores(suite.table)).tasks == 1


def test_a_fidelity_is_crippled_where_the_lowest_is_worse() -> None:
    scores = np.stack([np.arange(5.0), np.arange(5.0) + 2], 1)
    suite = suite_of([scores], fidelities=(0.5, 1.0))
    found = sign_of(Crippled("small", fidelity=True), suite.table, full_scores(suite.table))
    assert (found.loss, found.worse, found.rows) == (2.0, 1.0, 0)


def test_a_declared_name_or_value_that_the_suite_has_not_is_an_error() -> None:
    suite = suite_of([[0.0, 1.0]])
    full = full_scores(suite.table)
    with pytest.raises(UnknownNameError, match="No hyperparameter 'c'"):
        sign_of(Crippled("c", {"c": LOWEST}), suite.table, full)
    with pytest.raises(InvalidValueError, match="`a` must be a number"):
        sign_of(Crippled("a", {"a": OneOf((7,))}), suite.table, full)


@pytest.mark.parametrize("name", validity_signs.CRIPPLED)
def test_declared_settings_are_found_in_the_suite(name: str) -> None:
    if name not in SUITES.names() or not (DATA / name).is_dir():
        pytest.skip(f"the table of {name} is not shipped")
    suite = load_suite(name)
    for crippled in validity_signs.CRIPPLED[name]:
        if crippled.fidelity:
            assert len(suite.table.fidelities) > 1  # type: ignore[attr-defined]
            continue
        bad, others = masks_of(crippled, suite.space, suite.table.points(0))  # type: ignore[attr-defined]
        assert bad.any() and others.any(), crippled.what


# ---------------------------------------------------------------------------------------------- page and command
def test_every_toy_has_a_page_and_the_same_twice() -> None:
    suites = [toys.gappy(), toys.plain(), toys.ragged(), toys.formulas()]
    texts = [validity_page.page([validity(s) for s in suites]) for _ in range(2)]
    assert texts[0] == texts[1]
    for word in ("nan", "None", "inf ", "array("):
        assert word not in texts[0]
    for suite in suites:
        assert f"## {suite.name}\n" in texts[0]


def test_names_reach_the_page_as_text() -> None:
    bad = "<img src=x onerror=alert(1)>|[a](javascript:1)`"
    found = validity(toys.plain())
    effects = replace(found.importance, names=(bad, *found.importance.names[1:]))
    reported = replace(
        found, suite=bad, title=bad, score=bad, importance=effects,
        noise=Noise(1.0, 2.0, 3, (2, 2), study=bad),
        resolution=Resolution((bad, "random"), 3, 3, "test", 0.1, 0.2, 0.3, 0.4),
    )  # fmt: skip
    text = validity_page.page([reported], [bad])
    code = "`<img src=x onerror=alert(1)>\\|[a](javascript:1)'`"  # as code it is shown as it is
    assert text.count(code) == 1
    rest = text.replace(code, "")
    assert "<" not in rest.replace("< .01 %", "") and not re.search(r"(?<!\\)\]\(java", rest)
    assert (
        rest.count(r"&lt;img src=x onerror=alert(1)&gt;\|\[a\](javascript:1)\`") == 10
    )  # one of them in the table of orders
    for line in text.splitlines():
        if line.startswith("|") and "img" in line:
            assert line.replace(r"\|", "").count("|") in (3, 5, 7, 19)  # columns of a table, and one


def test_a_suite_of_functions_says_why_it_has_little_to_show() -> None:
    found = validity(toys.formulas())
    assert (found.size.tasks, found.ties, found.importance, found.transfer) == (6, None, None, None)
    assert "cells measured" not in statistics(found) and statistics(found)["configurations"] == "no end"


class Slope(Task):
    """A score of 0 to .001, whatever the task's best is."""

    prior_evaluations = 1000  # they are free

    def evaluate(self, x: np.ndarray, fidelity: np.ndarray, key: np.ndarray) -> Evaluated:
        return Evaluated(x[:, 0] / 1000, np.ones(len(x)), np.zeros(len(x), np.int8))


def test_functions_are_flat_by_their_known_best() -> None:
    members = tuple(Slope(name, name, "Slopes", SPACE, best, 0.0) for name, best in (("low", 0.001), ("high", 0.02)))
    assert validity(Suite("Slopes", SPACE, members, "function")).flat.tasks == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.012345, "0.0123"), (1234567.0, "1,230,000"), (99.96, "100"), (2.5e-9, "2.50e-09"), (-0.5, "-0.500"),
     (math.nan, "-"), (math.inf, "no noise")],
)  # fmt: skip
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert validity_page._number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "100 %"), (0.5, "50.0 %"), (-0.02, "0 %"), (1e-5, "< .01 %"), (0.00034, "0.0340 %")]
)
def test_shares_are_per_cent(value: float, text: str) -> None:
    assert validity_page._share(value) == text


def test_by_default_all_suites_with_known_scores_are_examined() -> None:
    names, left_out = suites_of(())
    assert {"AutoML", "Functions"} <= set(names) and not set(names) & set(left_out)
    assert set(names) | set(left_out) == set(SUITES.names())
    assert suites_of(["one", "two"]) == (["one", "two"], [])
    assert "Not examined: Live." in validity_page.page([validity(toys.plain())], ["Live"])


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["hpo-gym", "validity", *arguments])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as stop:
        app.main()
    return int(stop.value.code or 0)


def saved(folder: Path, scores: Any) -> str:
    suite_of(scores, name="Signed").save(folder)
    return str(folder)


@pytest.mark.long
def test_the_command_writes_the_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(validity_signs, "CRIPPLED", {"Signed": (Crippled("low a", {"a": LOWEST}),)})
    folder, out = saved(tmp_path / "s", [np.arange(20.0)] * 3), tmp_path / "new" / "page.md"
    assert run(monkeypatch, folder, "Functions", "--out", str(out)) == 0
    text = out.read_text("utf-8")
    assert "## Signed" in text and "## Functions" in text and "| passed |" in text
    assert "2 suites examined, 0 sign checks failed" in capsys.readouterr().out


def test_the_command_fails_where_a_sign_is_flipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(validity_signs, "CRIPPLED", {"Signed": (Crippled("low a", {"a": LOWEST}),)})
    folder, out = saved(tmp_path / "s", [-np.arange(20.0)] * 3), tmp_path / "page.md"
    assert run(monkeypatch, folder, "--out", str(out)) == 1
    assert "failed: Signed: `low a` must score below the others" in capsys.readouterr().out
    assert "| FAILED |" in out.read_text("utf-8")


def test_the_command_refuses_unknown_suites(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "AutoMl", "--out", str(tmp_path / "page.md")) == 2
    assert "Did you mean 'AutoML'?" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


@pytest.mark.long
def test_automl_has_the_signs_and_the_transfer_that_it_should() -> None:
    found = validity(load_suite("AutoML"))
    assert len(found.signs) == 4 and all(s.passed and s.worse > 0.9 for s in found.signs)
    assert found.transfer is not None
    assert all(a < b for a, b in zip(found.transfer.portfolio_share, found.transfer.random_share, strict=True))
    assert found.importance is not None and found.importance.names[np.argmax(found.importance.shares)] == "estimator"


# ---------------------------------------------------------------------------------------------- orders of rows
def own_points(scores: Any, x: Any, name: str = "Own") -> TableSuite:
    return suite_of(scores, x=[np.asarray(part) for part in x], name=name)


def scattered(k: int, m: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Scores of `k` tasks, and points of their own that know nothing of them."""
    rng = np.random.default_rng(0)
    return rng.random((k, m)), np.stack([SPACE.snap(rng.random((m, 2))) for _ in range(k)])


def ordered(suite: TableSuite) -> Order:
    found = order(suite, suite.table, full_scores(suite.table))
    assert found is not None
    return found


def test_the_auc_of_an_order_is_worked_out_by_hand() -> None:
    assert auc_of(np.array([0.0, np.nan, 1.0, 0.5])) == pytest.approx(1 / 33), "one trial at the worst, then the best"
    assert auc_of(np.array([2.0, 4.0, 1.0])) == pytest.approx((2 / 3) / 33)
    assert random_auc(np.array([0.0, 1.0])) == pytest.approx(0.5 / 33), "half of the first trials"
    assert random_auc(np.arange(3.0)) == pytest.approx((0.5 + 1 / 6) / 33)


def test_points_of_their_own_in_any_order_tell_nothing() -> None:
    found = ordered(own_points(*scattered(400)))
    assert found.own and found.passed and list(found.judged.values()) == pytest.approx([1.0] * 4, abs=0.1)


def test_the_best_rows_stored_last_are_found() -> None:
    scores, x = scattered(400)
    found = ordered(own_points(np.sort(scores, 1), x))
    assert found.last == 0.0 and found.first > 1.1 and not found.passed
    faults = validity_page.failures([validity(own_points(np.sort(scores[:9], 1), x[:9]))])
    assert any(
        re.fullmatch(r"Own: rows last to first must have 0\.9 to 1\.1 of the AUC of .*, got 0\.00", f) for f in faults
    )


def test_good_rows_that_lie_close_together_are_found_wherever_they_stand() -> None:
    """Six of 60 rows are what an optimizer proposed: beside the best, and each better than any other."""
    scores, x = scattered(400)
    rng = np.random.default_rng(1)
    for row, points in zip(scores, x, strict=True):
        who = rng.choice(60, 6, replace=False)
        row[who], points[who] = 1.0 + rng.random(6), points[who[0]] + 1e-3 * rng.random((6, 2))
    found = ordered(own_points(scores, SPACE.snap(x.reshape(-1, 2)).reshape(x.shape)))
    assert found.dense < 0.5 and found.sparse > 1.1 and not found.passed
    assert (found.first, found.last) == pytest.approx((1.0, 1.0), abs=0.1)


def test_what_is_served_of_a_shared_pool_is_judged_and_can_fail() -> None:
    """Stored from the worst to the best on all tasks: knowledge of the space."""
    scores, _ = scattered(5)
    suite = suite_of(np.sort(scores, 1))
    table = suite.table
    mine = ordered(suite)
    assert not mine.own and not mine.judged and mine.passed, "the order of a table of one's own is its maker's"
    assert mine.last == mine.stored_last == 0.0
    offered = [order(suite, replace(table, order=("T", n)), full_scores(table)) for n in range(200)]
    assert all(found is not None and found.stored_last == 0.0 for found in offered)
    passed = [found.passed for found in offered if found is not None]
    assert any(passed) and not all(passed)
    for found in offered:
        assert found is not None and set(found.judged) == {"first to last", "last to first"}


@pytest.mark.parametrize("name", ["LM", "Vision"])
def test_the_stored_order_of_suites_that_ship_would_fail(name: str) -> None:
    suite = load_suite(name)
    assert isinstance(suite, TableSuite)
    found = ordered(suite)
    assert found.passed and found.keyed
    assert found.stored_first < 0.5


def test_an_order_of_level_tasks_is_none() -> None:
    suite = suite_of([[1.0, 1.0, 1.0]])
    assert order(suite, suite.table, full_scores(suite.table)) is None


@pytest.mark.long
def test_version_1_of_studies_fails_and_what_ships_passes() -> None:
    """In version 1 the 25 rows of TPE were candidates, and stood last."""
    suite = load_suite("Studies")
    assert isinstance(suite, TableSuite) and suite.table.proposed is not None
    now = ordered(suite)
    before = suite.table.whole
    found = order(suite, before, full_scores(before))
    assert now.passed and found is not None and not found.passed
    assert found.last < 0.4 and found.dense < 0.4 and found.sparse > 1.9
