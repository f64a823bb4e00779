"""The validity report: each statistic on a small suite of which the answer is known."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, EqualsCondition, UniformFloatHyperparameter
from validity import page as validity_page
from validity import signs as validity_signs
from validity.choice import lost
from validity.examine import full_scores, validity
from validity.order import Order, order
from validity.resolution import resolution_of
from validity.signs import EXTREME, LOWEST, Crippled, OneOf, Sign, masks_of, sign_of
from validity.transfer import transfer

from hpo_gym import app
from hpo_gym.bench.metrics import Curves
from hpo_gym.problem.space import SearchSpace
from hpo_gym.suites.own.suite import TableSuite, table_suite

pytestmark = pytest.mark.usefixtures("all_undrawn")  # reference runs are read by a comparison
SPACE = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0), "b": (0.0, 1.0)}))
SPLITS = {"train": ["t0", "t1"], "test": ["t2", "t3"]}


def grid(m: int) -> np.ndarray:
    """`m` points; `a` goes up from row to row, `b` goes up and down."""
    return SPACE.snap(np.stack([(np.arange(m) + 0.5) / m, (np.arange(m) * 7 % m + 0.5) / m], 1))


def suite_of(scores: Any, *, splits: dict[str, list[str]] | None = None, **more: Any) -> TableSuite:
    k, m = len(scores), len(scores[0])
    x = more.pop("x", grid(m))
    tasks = [f"t{i}" for i in range(k)]
    return table_suite(more.pop("name", "Small"), more.pop("space", SPACE), x, scores, tasks=tasks,
                       splits=splits, **more)  # fmt: skip


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


def branches() -> tuple[SearchSpace, np.ndarray]:
    space = ConfigurationSpace()
    kind = CategoricalHyperparameter("kind", ["x", "y"])
    rate = UniformFloatHyperparameter("rate", 0.0, 1.0)
    space.add(kind, rate, EqualsCondition(rate, kind, "y"), UniformFloatHyperparameter("other", 0.0, 1.0))
    search = SearchSpace(space)
    u = (np.arange(10) + 0.5) / 10
    configs = [{"kind": "y", "rate": r, "other": o} for r in u for o in u] + [{"kind": "x", "other": o} for o in u]
    return search, search.encode(configs)


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


# ---------------------------------------------------------------------------------------------- page and command


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["hpo-gym", "validity", *arguments])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as stop:
        app.main()
    return int(stop.value.code or 0)


def saved(folder: Path, scores: Any) -> str:
    suite_of(scores, name="Signed").save(folder)
    return str(folder)


def test_the_command_fails_where_a_sign_is_flipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(validity_signs, "CRIPPLED", {"Signed": (Crippled("low a", {"a": LOWEST}),)})
    folder, out = saved(tmp_path / "s", [-np.arange(20.0)] * 3), tmp_path / "page.md"
    assert run(monkeypatch, folder, "--out", str(out)) == 1
    assert "failed: Signed: `low a` must score below the others" in capsys.readouterr().out
    assert "| FAILED |" in out.read_text("utf-8")


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


def test_the_best_rows_stored_last_are_found() -> None:
    scores, x = scattered(400)
    found = ordered(own_points(np.sort(scores, 1), x))
    assert found.last == 0.0 and found.first > 1.1 and not found.passed
    faults = validity_page.failures([validity(own_points(np.sort(scores[:9], 1), x[:9]))])
    assert any(
        re.fullmatch(r"Own: rows last to first must have 0\.9 to 1\.1 of the AUC of .*, got 0\.00", f) for f in faults
    )


@pytest.mark.long
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
