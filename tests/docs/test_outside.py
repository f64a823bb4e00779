"""Real problems outside: no two share a seed, and so the draws of a start."""

from __future__ import annotations

import importlib
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("outside")


def test_each_problem_has_a_seed_of_its_own(study: Any) -> None:
    problems = list(itertools.product(study.LEARNERS, study.DATA_SETS, range(5)))
    seeds = [study.drawn(*problem) for problem in problems]
    assert len(set(seeds)) == len(problems) == 240 and all(0 <= seed < 2**32 for seed in seeds)
    assert study.drawn("SVM", "ames", 0) == study.drawn("SVM", "ames", 0)


@pytest.mark.parametrize("arm", ["random", "optuna-tpe"])
def test_two_data_sets_begin_with_other_draws(
    study: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arm: str
) -> None:
    """Of an objective that tells the configuration: the first of both are not the same."""
    if arm != "random":
        pytest.importorskip("optuna", reason="optuna is in the extra `optuna`")
    monkeypatch.setattr(study, "BUDGET", 2)
    monkeypatch.setattr(study, "objective", lambda *_: lambda config: {"score": config["C"], "test_score": config["C"]})
    first, second = (study.trials("SVM", arm, name, 0, tmp_path) for name in ("ames", "fishing"))
    assert len(first) == len(second) == 2 and first[0] != second[0] and first[1] != second[1]


@pytest.mark.long
def test_tables_show_who_has_run_everywhere(study: Any) -> None:
    found = json.loads((STUDIES / "outside_shared.json").read_text(encoding="utf-8"))["found"]
    some = {learner: {arm: of[arm] for arm in ("auto", "random", "optuna-tpe")} for learner, of in found.items()}
    assert [row[0] for row in study.tables(some)["pairs"].rows] == [
        "`auto`, nothing / `random`, nothing",
        "`auto`, nothing / `optuna-tpe`, nothing",
    ]
    assert "tau.groups" in study.values(found) and "tau.groups" not in study.values(some)
