"""Through `tune`, each bad objective has its status and reason in time, nothing is left, and the others go on."""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

import pytest
from bad_objectives import BAD
from left_behind import left_running
from ordinary_objectives import ORDINARY

from hpo_gym import Status, tune
from hpo_gym.tuning.tuned import Tuned

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is left"),
]
LIMIT, AFTER = 0.5, 1.0


def bad_or_good(config: dict[str, Any]) -> Any:
    return BAD[config["name"]].objective(config) if config["name"] in BAD else 2.0


def ordinary(config: dict[str, Any]) -> float:
    return ORDINARY[config["name"]](config)


def tuned(objective: Any, names: list[str], n_jobs: int, **limits: float) -> Tuned:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that trials fail is what is tried
        return tune(
            objective, {"name": sorted(set(names))}, init=[{"name": name} for name in names], budget=len(names),
            optimizer="random", n_jobs=n_jobs, seed=0, stopping=False, **limits,
        )  # fmt: skip


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_objective_is_told_in_time_and_the_others_go_on(name: str, n_jobs: int) -> None:
    seconds = LIMIT if BAD[name].status is Status.TIMEOUT else 30.0
    found = tuned(bad_or_good, ["good", name, "good", name], n_jobs, trial_timeout=seconds, memory=1 << 28)
    assert not left_running()
    by_name: dict[str, list[Any]] = {"good": [], name: []}
    for ended in found.ended:
        by_name[str(ended.config["name"])].append(ended)
    assert [e.measured.score for e in by_name["good"]] == [2.0, 2.0]
    assert len(by_name[name]) == 2
    for ended in by_name[name]:
        assert ended.measured.status is BAD[name].status, ended.measured
        assert re.search(BAD[name].reason, ended.measured.reason), ended.measured.reason
        assert ended.measured.status is not Status.TIMEOUT or ended.seconds < LIMIT + AFTER


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_objective_succeeds(name: str, n_jobs: int) -> None:
    found = tuned(ordinary, [name, name], n_jobs, trial_timeout=240.0)
    assert [e.measured.score for e in found.ended] == [6.0, 6.0], [e.measured.reason for e in found.ended]
    assert not left_running()
