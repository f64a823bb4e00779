"""Agents that are trained on tasks that mislead: their tasks by hand, and what they are shown."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.suite import TableSuite, table_suite

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
SMOKE = {"candidates": 16, "budget": 6, "steps": 2000}

pytest.importorskip("stable_baselines3")


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("misled_agents")


def toy(name: str, scores: list[list[float]]) -> TableSuite:
    """Tasks of three rows; the first two are trained on."""
    names = [f"{name}-{i}" for i in range(len(scores))]
    splits = {"train": names[:2], "val": names[2:]}
    return table_suite(
        name, {"depth": (1, 3)}, [{"depth": d} for d in (1, 2, 3)], scores, costs=[[1.0, 2.0, 4.0]] * len(scores),
        tasks=names, families=[f"of {n}" for n in names], splits=splits, meta_features=[{"rows": 7.0}] * len(scores),
    )  # fmt: skip


@pytest.fixture
def toys(study: Any, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, TableSuite]:
    """In the place of the four suites."""
    suites = {
        name: toy(name, [[1.0 + i, 2.0 + i, 6.0 + i], [0.0, 4.0 + i, -np.inf], [9.0, 8.0, 7.0]])
        for i, name in enumerate(study.SUITES)
    }
    for module in (study, importlib.import_module("robustness")):
        monkeypatch.setattr(module, "load_suite", suites.__getitem__)
    return suites


# ---------------------------------------------------------------------- tasks, by hand
def test_flipped_scores_are_mirrored_at_the_mean_of_the_task(study: Any, toys: Mapping[str, TableSuite]) -> None:
    """Of 1, 2, 6 the mean is 3. A failure counts as the worst success: of 0, 4, 0 the mean is 4/3."""
    first, second = study.misled("SVM", "flipped", 0)
    assert first.table.score[0, :, 0].tolist() == [5.0, 4.0, 0.0] and (first.best, first.worst) == (5.0, 0.0)
    assert second.table.score[1, :, 0].tolist() == pytest.approx([8 / 3, -4 / 3, 8 / 3])


@pytest.mark.parametrize("kind", ["as they are", "shuffled", "flipped", "foreign"])
def test_only_the_scores_change(study: Any, toys: Mapping[str, TableSuite], kind: str) -> None:
    own, other = toys["SVM"], study.misled("SVM", kind, 0)
    for a, b in zip(own.tasks("train"), other, strict=True):
        assert (a.name, a.family, a.suite, a.space, a.meta_features) == (
            b.name, b.family, b.suite, b.space, b.meta_features,
        )  # fmt: skip
        assert np.array_equal(a.pool, b.pool)
        assert b.table.costs[b.index, :, 0].tolist() == [1.0, 2.0, 4.0]


def test_shuffled_scores_are_those_of_the_task_in_another_order(study: Any, toys: Mapping[str, TableSuite]) -> None:
    drawn = [study.misled("SVM", "shuffled", seed)[0].table.score[..., 0] for seed in range(6)]
    for score in drawn:
        assert np.sort(score).tolist() == [[1.0, 2.0, 6.0], [-np.inf, 0.0, 4.0]]
    assert len({score.tobytes() for score in drawn}) > 1


def test_foreign_scores_are_those_of_the_next_suite(study: Any, toys: Mapping[str, TableSuite]) -> None:
    theirs = {2.0, 3.0, 7.0, 0.0, 5.0, -np.inf}  # of Linear
    for seed in range(6):
        score = study.misled("SVM", "foreign", seed)[0].table.score
        assert set(score.ravel().tolist()) <= theirs


def test_tasks_as_they_are_teach_what_those_of_the_suite_teach(study: Any) -> None:
    """On a real suite, whose points and scores pass through the prior."""
    tables = []
    for tasks in (load_suite("SVM").tasks("train"), study.misled("SVM", "as they are", 0)):
        agent: Any = make_optimizer("q-learning", **SMOKE)
        agent.train(tasks, np.random.default_rng(0))
        tables.append(agent.arrays())
    assert tables[0].keys() == tables[1].keys()
    assert all(np.array_equal(tables[0][name], tables[1][name]) for name in tables[0])


# ---------------------------------------------------------------------- what agents are shown
@pytest.mark.long
def test_no_agent_has_seen_a_family_that_judges_it(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor any validation task, unless it chooses by right ones; what it is told in a run is the training split's."""
    shown = list[tuple[frozenset[str], frozenset[str]]]()

    def auc_of(agent: Any, task: Any, prior: Any, seed: int) -> float:
        shown.append((agent.seen, frozenset(e.family for e in prior)))
        return 0.0

    monkeypatch.setattr(study, "make_optimizer", lambda who, **settings: make_optimizer(who, **SMOKE))
    monkeypatch.setattr(study, "auc_of", auc_of)
    suite = load_suite("SVM")
    train, judged = ({t.family for t in tasks} for tasks in (suite.tasks("train"), study.judged("SVM")))
    others = {t.family for t in suite.tasks("val")} - judged
    for kind in (*study.KINDS, study.CHOSEN):
        shown.clear()
        study.trained_and_judged.__wrapped__("q-learning", kind, "SVM", 0)
        seen = train | others if kind == study.CHOSEN else train
        assert set(shown) == {(frozenset(seen), frozenset(train))}, kind
    assert others and not others & judged


def test_no_score_of_a_validation_task_is_read(study: Any, toys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other scores on the validation tasks, and all agents are trained on the same."""
    before = {kind: [t.table.score for t in study.misled("SVM", kind, 0)] for kind in study.KINDS}
    other = {n: toy(n, [s.table.score[i, :, 0].tolist() for i in (0, 1)] + [[0.0, 5.0, 1.0]]) for n, s in toys.items()}
    for module in (study, importlib.import_module("robustness")):
        monkeypatch.setattr(module, "load_suite", other.__getitem__)
    for kind, scores in before.items():
        assert np.array_equal(scores, [t.table.score for t in study.misled("SVM", kind, 0)]), kind


# ---------------------------------------------------------------------- tables
def test_agents_stand_beside_what_reads_such_tasks(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two families: the agent doubles its AUC and has that of `gp-ei`, the portfolio has thrice its own."""
    part = {"tasks": ["a", "b"], "families": ["f", "g"]}
    known = {
        "robustness": {"evaluations": {"S": {"gp-ei, as they are": {"auc": [0.4, 0.4]}}}},
        "stress": {"S": {**part, "auc": {"portfolio, as they are": [0.1, 0.1], "portfolio, flipped": [0.3, 0.3]}}},
    }
    monkeypatch.setattr(importlib.import_module("frame"), "stored", known.__getitem__)
    learned = {
        "maml, as they are": [[0.1, 0.1], [0.3, 0.3]],
        "maml, flipped": [[0.4, 0.4]],
        "maml, shuffled": [[0.8, 0.8]],
    }
    found = study.tables({"S": {**part, "auc": learned}})
    harm, agents = ({row[0]: row[1:] for row in found[name].rows} for name in ("harm", "agents"))
    assert harm["`maml`"][:3] == ("1", "4.00", "2.00")
    assert harm["`portfolio`"][1:3] == ("not measured", "3.00")
    reported = dict(zip(found["agents"].columns[2:], agents["`maml`"][1:], strict=True))
    assert reported["as they are"] == "0.50" and reported["wrong sign"] == "1.00"


def test_the_page_says_which_policy_was_kept(study: Any) -> None:
    found = {suite: {"kept": {"ppo": [5_000 * i]}} for i, suite in enumerate(study.SUITES)}
    assert study.values(found) == {f"kept.ppo.{suite}": 5_000 * i for i, suite in enumerate(study.SUITES)}
