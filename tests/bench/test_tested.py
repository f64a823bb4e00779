"""Test scores: read at report time alone, of the incumbents that validation chose, never told to an optimizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
from reports import left_out

import hpo_gym
from hpo_gym.bench.incumbent import incumbents, incumbents_on_test
from hpo_gym.bench.results import Results
from hpo_gym.bench.runner import benchmark, remake
from hpo_gym.problem.costs import Budget
from hpo_gym.problem.trial import Status
from hpo_gym.suites.own.suite import TableSuite
from hpo_gym.system.storage.store import Store

LEVELS = (1 / 3, 1.0)
INF, NAN = np.inf, np.nan


def suite_of(
    test: Any = None, *, levels: int = 2, noisy: bool = False, families: list[str] | None = None
) -> TableSuite:
    """Eight tasks of twelve configurations; test scores are unlike the validation scores, at full fidelity only."""
    rng, space, k = np.random.default_rng(8), toys.conditional_space(), len(toys.NAMES)
    x = space.sample(rng, 12)
    scores = rng.integers(-64, 64, (k, 12, levels)) / 64
    scores[:, 3, -1] = -INF
    if test is None:
        test = np.full((k, 12, levels), NAN)
        test[..., -1] = rng.integers(-64, 64, (k, 12)) / 64
        test[:, 3, -1] = -INF
        test[:, 5, -1] = -INF  # failed on the test only
    repeats = np.where(np.isfinite(scores), scores, np.nan)[..., None] + [-0.25, 0.25] if noisy else None
    return hpo_gym.table_suite(
        "Tested", space, x, scores, test_scores=test, repeats=repeats, tasks=toys.NAMES, splits=toys.SPLITS,
        fidelities=LEVELS if levels == 2 else None, families=families,
    )  # fmt: skip


def expected_range(suite: TableSuite, name: str) -> tuple[float, float]:
    task = suite.task(name)
    column = suite.table.test_score[task.index, :, -1].tolist()  # type: ignore[index,attr-defined]
    good = [v for v in column if v > -INF]
    return max(good), min(good)


def test_a_task_knows_its_test_scores_at_full_fidelity() -> None:
    suite = suite_of()
    for name in toys.NAMES:
        task = suite.task(name)
        assert task.test_range == expected_range(suite, name)
        column = suite.table.test_score[task.index, :, -1]  # type: ignore[index]
        worst = task.test_range[1]  # type: ignore[index]
        assert task.test_scores(task.pool).tolist() == [worst if v == -INF else v for v in column.tolist()]  # type: ignore[arg-type, union-attr]


@pytest.mark.parametrize("kind", ["none", "gap", "failures"])
def test_a_task_without_a_test_score_of_each_configuration_has_none(kind: str) -> None:
    test = np.zeros((8, 12, 2))
    test[6, 2, -1] = {"none": 0.0, "gap": NAN, "failures": -INF}[kind]
    if kind == "failures":
        test[6, :, -1] = -INF
    suite = suite_of(test)
    task, other = suite.task("g"), suite.task("h")
    assert (task.test_range is None) == (task.test_scores(task.pool) is None) == (kind != "none")  # type: ignore[arg-type]
    assert other.test_range == (0.0, 0.0)


def test_a_row_that_was_not_measured_needs_no_test_score() -> None:
    scores = np.arange(24.0).reshape(8, 3)
    test = scores[:, ::-1].copy()
    scores[:, 1], test[:, 1] = NAN, NAN
    space = toys.conditional_space()
    x = space.sample(np.random.default_rng(0), 3)
    suite = hpo_gym.table_suite("Gap", space, x, scores, test_scores=test, tasks=toys.NAMES, splits=toys.SPLITS)
    assert suite.task("a").test_range == (2.0, 0.0)


def test_formulas_and_tables_without_have_none() -> None:
    for suite in (toys.formulas(), toys.plain()):
        task = suite.tasks("test")[0]
        assert task.test_range is None and task.test_scores(task.space.spread(3)) is None


def places(fidelity: list[float], good: list[bool], score: list[float]) -> list[int]:
    return [max(range(t + 1), key=lambda i: (fidelity[i], good[i], score[i], -i)) for t in range(len(score))]


@pytest.mark.parametrize("n_init", [0, 2])
@pytest.mark.parametrize("noisy", [False, True])
def test_the_incumbent_is_that_of_validation(noisy: bool, n_init: int) -> None:
    suite = suite_of(noisy=noisy)
    task, rng = suite.task("g"), np.random.default_rng(3)
    history = hpo_gym.rollout(hpo_gym.make_optimizer("hyperband"), task, 9, seed=int(rng.integers(9)), n_init=n_init)
    arrays = {
        "x": np.pad(task.space.encode(history.configs), ((0, 0), (0, 1))),
        "score": np.array(history.scores),
        "fidelity": np.array(history.fidelities),
        "status": np.array(history.statuses),
    }
    found = incumbents_on_test(task, arrays, Budget(9), n_init)
    column = suite.table.test_score[task.index, :, -1].tolist()  # type: ignore[index]
    best, worst = expected_range(suite, "g")
    rows = [task.row_of(c) for c in history.configs]  # type: ignore[attr-defined]
    good = [status == Status.OK for status in history.statuses]
    at = places(list(history.fidelities), good, list(history.scores))
    expected, spent = [-INF] * 9, 0.0
    for i, f in enumerate(history.fidelities):
        spent += f * (i >= n_init)
        value = max(column[rows[at[i]]], worst) if good[at[i]] else -INF
        expected = [value if spent <= k + 1 + 1e-6 else e for k, e in enumerate(expected)]
    assert found is not None and found.tolist() == expected
    assert (found <= best).all()
    assert not np.array_equal(found, incumbents(task, arrays, Budget(9), n_init))


# ---------------------------------------------------------------------- the whole way
@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison on a suite with test scores and one without."""
    out = tmp_path_factory.mktemp("tested") / "out"
    with left_out():
        benchmark(["random", "ga"], [suite_of(levels=1), toys.plain()], budget=6, seeds=3, out=out)
    return out


@pytest.fixture(scope="module")
def reported(ran: Path) -> Results:
    """Its results; the report of them is written beside."""
    return remake(ran)


@pytest.mark.long
def test_headline_and_validation_are_those_of_the_stored_trials(ran: Path, reported: Results) -> None:
    results, suite = reported, suite_of(levels=1)
    part = results.data["suites"]["Tested"]
    assert (part["score"], part["tested_tasks"], part["n_tasks"]) == ("test", 2, 2)
    regrets: dict[str, dict[str, list[Any]]] = {}
    with Store(ran / "store.sqlite", write=False) as store:
        for record in store.records():
            if record.identity["suite"] != "Tested":
                continue
            task = suite.task(str(record.identity["task"]))
            best, worst = expected_range(suite, task.name)
            column = suite.table.test_score[task.index, :, 0].tolist()  # type: ignore[index]
            rows = task.rows(record.arrays["x"]).tolist()  # type: ignore[attr-defined]
            score, good = record.arrays["score"].tolist(), (record.arrays["status"] == Status.OK).tolist()
            at = places([1.0] * 6, good, score)
            tested = [(best - max(column[rows[i]], worst)) / (best - worst) if good[i] else 1.0 for i in at]
            seen = [(task.best - score[i]) / (task.best - task.worst) if good[i] else 1.0 for i in at]
            place = regrets.setdefault(record.identity["optimizer"]["name"], {"test": [], "validation": []})  # type: ignore[index, call-overload]
            place["test"].append(tested)
            place["validation"].append(seen)
    assert set(regrets) == {"random", "ga", "default", "portfolio"}
    for name, found in regrets.items():
        summary = part["optimizers"][name]
        for own, kind in ((summary, "test"), (summary["validation"], "validation")):
            assert own["auc"][0] == pytest.approx(np.mean(found[kind]), abs=1e-6), (name, kind)
            assert own["regret"]["5"][0] == pytest.approx(np.mean([run[4] for run in found[kind]]), abs=1e-6)
        falls = [run[-1] - min(run) for run in found["test"]]
        assert summary["overtuned"][0] == pytest.approx(np.mean([f > 1e-12 for f in falls]), abs=1e-6)
        some = [f for f in falls if f > 1e-12]
        assert summary["overtuned_by"][0] == (pytest.approx(np.mean(some), abs=1e-6) if some else None)
        gain = np.mean(regrets["portfolio"]["test"]) - np.mean(found["test"])
        assert summary["gain"][0] == pytest.approx(gain, abs=2e-6)
    by = {c.optimizer: c for c in results.curves["Tested"]}
    beside = {c.optimizer: c for c in results.validation["Tested"]}
    assert {c.score for c in by.values()} == {"test"} and {c.score for c in beside.values()} == {"validation"}
    assert by["ga"].mean.mean() == pytest.approx(np.mean(regrets["ga"]["test"]))
    assert beside["ga"].mean.mean() == pytest.approx(np.mean(regrets["ga"]["validation"]))
    assert any(r["test"] != r["validation"] for r in regrets.values())


@pytest.mark.long
def test_a_suite_without_test_scores_says_so(ran: Path, reported: Results) -> None:
    part = reported.data["suites"]["Plain"]
    assert (part["score"], part["tested_tasks"]) == ("validation", 0)
    assert not any("validation" in s or "overtuned" in s for s in part["optimizers"].values())
    assert reported.curves["Plain"][0].regret.tolist() == reported.validation["Plain"][0].regret.tolist()
    assert "No test scores: regret is on the validation score." in (ran / "table.md").read_text()


@pytest.mark.long
def test_the_store_holds_no_test_score(ran: Path) -> None:
    """A store of before test scores were read is what is written today: the report looks them up in the suite."""
    with Store(ran / "store.sqlite", write=False) as store:
        names = {name for record in store.records() for name in record.arrays}
    assert names == {"x", "score", "cost", "status", "fidelity", "incumbent"}


def test_runs_do_not_depend_on_test_scores(tmp_path: Path) -> None:
    """Other test scores, other headline, the same trials."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(2):
        suite = suite_of(rng.integers(-64, 64, (8, 12, 2)) / 64)
        made = [hpo_gym.rollout(hpo_gym.make_optimizer(n), suite.task("g"), 6, prior=suite.prior())
                for n in ("ga", "portfolio", "hyperband")]  # fmt: skip
        found.append((suite.task("g").test_range, [(h.configs, h.scores) for h in made]))
    assert found[0][0] != found[1][0] and found[0][1] == found[1][1]


@pytest.mark.long
def test_where_some_tasks_have_none_the_headline_is_validation(tmp_path: Path) -> None:
    test = np.zeros((8, 12, 2))
    test[6, 2, -1] = NAN
    results = benchmark("random", suite_of(test), budget=3, seeds=1, out=tmp_path)
    part = results.data["suites"]["Tested"]
    assert (part["score"], part["tested_tasks"]) == ("validation", 1)
    assert "Only 1 of 2 tasks has test scores" in (tmp_path / "table.md").read_text()
