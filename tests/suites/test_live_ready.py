"""Ready tasks really train: seeded, better than chance, at a cost in seconds."""

from __future__ import annotations

import sys
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from hpo_gym.base.errors import InvalidValueError, MissingExtraError, UnknownNameError
from hpo_gym.base.registry import missing
from hpo_gym.problem.suite import split_of
from hpo_gym.problem.trial import Status
from hpo_gym.suites.ready import ready_suite
from hpo_gym.suites.tasks.ready import READY
from hpo_gym.suites.tasks.ready._data import SOURCES, rows_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="guards need POSIX")
ID = "hpo_gym/Live-v0"
NOT_HERE = {name for name, entry in READY.entries().items() if missing(str(entry.extra))}
FAST = ("breast-cancer-lightgbm", "wine-svm")
NAMES = [
    pytest.param(
        name,
        marks=[
            *([] if name in FAST else [pytest.mark.long]),
            *([pytest.mark.skip(reason="an extra is missing")] if name in NOT_HERE else []),
        ],
    )
    for name in READY.names()
]
needs_all = pytest.mark.skipif(bool(NOT_HERE), reason="an extra is missing")


def chance(name: str) -> float:
    """The score of a guess: of one class, of the mean, or of the mean return of drawn actions with its spread."""
    source = SOURCES.get(str(READY.entries()[name].about["data"]))
    return 30.0 if source is None else 1.0 / source.classes if source.classes else 0.0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.long
def test_a_ready_task_trains_by_its_seed_better_than_chance_in_seconds(name: str) -> None:
    (task,) = ready_suite([name], trial_timeout=120.0).members
    some = {"bagging_fraction": 0.5} if name.endswith("lightgbm") else {}
    x, least = np.repeat(task.space.to_unit({**task.space.default, **some})[None], 3, 0), task.fidelities[0]
    out = task.evaluate(x, np.full(3, least), np.array([7, 7, 8], np.uint64))
    tested = task.test_scores(x[:1]) if name in FAST else None
    task.close()
    assert out.status.tolist() == [0, 0, 0], task.faults
    assert out.score[0] == out.score[1]
    assert task.noisy == ("svm" not in name) == (out.score[0] != out.score[2])
    top = 500.0 if name.endswith("ppo") else 1.0
    assert (out.score > chance(name) + 0.1 * (top - chance(name))).all() and (out.score <= top).all()
    assert (out.cost > 0.0).all()
    assert tested is None or chance(name) < tested[0] <= top


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.long
def test_the_corners_of_a_search_space_are_scored_or_diverge(name: str) -> None:
    (task,) = ready_suite([name], cost="fidelity").members
    space = task.space
    x = space.snap(np.stack([np.zeros(space.d), np.ones(space.d), *space.sample(np.random.default_rng(1), 2)]))
    out = task.evaluate(x, np.full(4, task.fidelities[0]), np.arange(4, dtype=np.uint64))
    task.close()
    fine = {
        Status.OK,
        Status.DIVERGED,
        *([Status.FAILED] if name.endswith("ppo") else []),
    }  # PPO refuses NaN by raising
    assert {Status(int(s)) for s in out.status} <= fine, task.faults
    assert np.isfinite(out.score[out.status == 0]).all() and (out.status == 0).any()


@needs_all
def test_scores_are_those_of_hand_worked_predictions() -> None:
    rows = rows_of("iris")
    truth = np.array([0, 0, 0, 0, 1, 1, 2])
    assert rows.score(truth, np.array([0, 0, 0, 1, 1, 0, 0])) == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)
    plain = rows_of("diabetes")
    assert plain.score(np.array([0.0, 2.0]), np.array([0.5, 2.0])) == pytest.approx(1 - 0.25 / 2)
    assert plain.score(np.array([0.0, 2.0]), np.array([9.0, -9.0])) == -1.0

    def fit(x: Any, y: Any) -> Any:
        return lambda new: np.zeros(len(new), int)

    assert rows.cross_validated(fit) == {"score": pytest.approx(1 / 3), "test_score": pytest.approx(1 / 3)}


# ---------------------------------------------------------------------- the suite
@needs_all
def test_the_suite_is_split_by_data_set_as_every_suite_is() -> None:
    suite = ready_suite()
    assert suite.kind == "live" and [t.name for t in suite.members] == list(READY.names())
    assert {t.family: suite.split(t) for t in suite.members} == {t.family: split_of(t.family) for t in suite.members}
    assert all(suite.tasks(split) for split in ("train", "val", "test"))
    assert suite.prior() == () and len({t.runner for t in suite.members}) == 1
    assert suite.space.names == tuple(f"x{j}" for j in range(max(t.space.d for t in suite.members)))
    assert ready_suite(["digits-svm", "wine-svm"]).space == suite.task("wine-svm").space
    assert ready_suite().data_hash == suite.data_hash


def test_names_are_looked_up_and_extras_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'digits-svm'"):
        ready_suite(["digit-svm"])
    for names in ("digits-svm", []):
        with pytest.raises(InvalidValueError, match="`names` must hold names"):
            ready_suite(names)
    with pytest.raises(UnknownNameError, match="cost 'time'"):
        ready_suite(["digits-svm"], cost="time")
    monkeypatch.setattr("hpo_gym.base.registry._importable", lambda package: package != "stable_baselines3")
    with pytest.raises(MissingExtraError, match=r"Not installed: stable_baselines3. Run: pip install 'hpo-gym\[rl\]'"):
        gym.make(ID, task="cartpole-ppo")
