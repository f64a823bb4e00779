"""Population-based training: who copies whom, and that what it claims was trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpo_baselines.population_based import Bred, population_based
from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.suites.schedules import schedules_with

TASK = "moons-s0"


def envs_of(suite: Any = "Schedules", members: int = 8, **options: Any) -> HPOVectorEnv:
    return HPOVectorEnv(members, suite, **{"budget": 9, "codec": "box", **options})


def rates(bred: Bred) -> list[float]:
    return [t.config["learning_rate"] for t in bred.history]


@pytest.mark.long
@pytest.mark.parametrize(("suite", "counts"), [("Schedules", "last"), ("Drift", "mean")])
def test_the_best_member_is_one_training_that_anybody_can_repeat(suite: str, counts: str) -> None:
    bred = population_based(envs_of(suite), TASK, seed=4, every=2, factor=2.0)
    assert bred.epochs == 8 * 9 and bred.copies == 4 * 2 and len(bred.history) == 9
    scores = bred.history.scores
    assert bred.score == pytest.approx(scores[-1] if counts == "last" else np.mean(scores), abs=1e-12)
    env = HPOEnv(suite, budget=9, codec="box")
    env.reset(seed=4, options={"task": TASK})
    for trial in bred.history:
        env.step((env.suite.space.to_unit(trial.config) * 2 - 1).astype(np.float32))
    assert env.history().scores == pytest.approx(scores, abs=1e-4)
    found = np.array(rates(bred))
    assert 1e-3 <= found[0] <= 0.3
    steps = np.log2(found[1:] / found[:-1])
    assert np.abs(steps - np.rint(steps)).max() < 1e-5 and np.abs(steps).max() < 1.01
    assert (np.rint(steps[[0, 2, 4, 6]]) == 0).all()  # only after each second epoch


def test_the_worst_quarter_copies_the_best_and_is_perturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    envs, seen = envs_of(), list[tuple[str, int]]()
    order: list[list[int]] = []
    saved: dict[bytes, int] = {}
    snapshot, restore, step = envs.snapshot, envs.restore, envs.step
    asked: list[Any] = []

    def keep(i: int) -> bytes:
        if not seen or seen[-1][0] == "restore":
            order.append(np.argsort([-envs.history(j).scores[-1] for j in range(8)], kind="stable").tolist())
        seen.append(("snapshot", i))
        data = snapshot(i)
        saved[data] = i
        return data

    def put(i: int, data: bytes) -> None:
        assert saved[data] in order[-1][:2] and i in order[-1][-2:]
        seen.append(("restore", i))
        asked.append((len(order), i, saved[data]))
        restore(i, data)

    taken: list[Any] = []

    def watch(actions: Any) -> Any:
        taken.append(actions[:, 0].copy())
        return step(actions)

    monkeypatch.setattr(envs, "snapshot", keep)
    monkeypatch.setattr(envs, "restore", put)
    monkeypatch.setattr(envs, "step", watch)
    population_based(envs, TASK, seed=1, every=3, factor=2.0)
    assert len(order) == 2 and len(asked) == 4 and len(taken) == 9
    doubled = np.log10(2.0) / 6 * 2  # of six decades in [-1, 1]
    for k in (1, 2):
        before, after = taken[3 * k - 1], taken[3 * k]
        copied = {i: source for turn, i, source in asked if turn == k}
        for i in range(8):
            if i in copied:
                assert abs(after[i] - before[copied[i]]) == pytest.approx(doubled, abs=1e-6)
            else:
                assert after[i] == before[i]


@pytest.mark.long
def test_one_seed_is_one_population_and_without_copies_each_keeps_its_rate() -> None:
    first, again = (population_based(envs_of(), TASK, seed=2, every=2) for _ in range(2))
    assert first == again != population_based(envs_of(), TASK, seed=3, every=2)
    alone = population_based(envs_of(), TASK, seed=2, every=9)
    assert alone.copies == 0 and len(set(rates(alone))) == 1 and alone.epochs == first.epochs


@pytest.mark.long
def test_an_env_that_is_made_anew_or_controls_more_serves_too() -> None:
    suite = schedules_with(("momentum", "batch"))
    for mode in ("NEXT_STEP", "DISABLED"):
        envs = envs_of(suite, 4, autoreset_mode=mode)
        first, again = (population_based(envs, TASK, seed=0, every=4, share=0.5) for _ in range(2))
        assert first == again and first.copies == 2 * 2
        assert {t.config["batch"] for t in first.history} == {16}
        assert [t.config["momentum"] for t in first.history] == pytest.approx([0.9] * 9)


@pytest.mark.parametrize(
    ("options", "settings", "match"),
    [
        ({"codec": "move"}, {}, r"`codec` of the env must be 'box', whose actions are \(1,\), got Discrete\(5\)"),
        ({"autoreset_mode": "SAME_STEP"}, {}, "`autoreset_mode` must be 'NEXT_STEP' or 'DISABLED', got 'SAME_STEP'"),
        ({"members": 1}, {}, r"`envs\.num_envs` must be an integer >= 2, got 1"),
        ({}, {"every": 0}, "`every` must be an integer >= 1, got 0"),
        ({}, {"share": 0.6}, r"`0 <= share <= 0\.5` must hold, got 0\.6; the nearest is 0\.5"),
        ({}, {"factor": 0.5}, "`1 <= factor <= 100` must hold"),
        ({}, {"low": 0.1, "high": 0.01}, r"`1e-12 <= low <= 0\.01` must hold, got 0\.1"),
        ({"suite": "Functions"}, {}, "A search space must have `learning_rate`"),
    ],
)
def test_what_has_no_meaning_is_refused(options: dict[str, Any], settings: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidValueError, match=match):
        population_based(envs_of(**options), TASK, **settings)


def test_a_task_of_another_split_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="moons"):
        population_based(envs_of(), "moon-s0")
    with pytest.raises(UnknownNameError, match="waveform-s0"):
        population_based(envs_of(), "waveform-s0")
