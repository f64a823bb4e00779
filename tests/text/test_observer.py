"""The observer `text` in the envs: one run, many runs, tables, live tasks and trainings; answers by hand stand in
tests/parts/answers/observers/text.py.
"""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - its suites
from gymnasium.utils.env_checker import check_env as check_by_gymnasium

import hpo_gym
from hpo_gym.checks.env import check_env

FREELY = {"name": "box", "fidelity": True, "stop": True}


def many(n: int = 3, suite: Any = "ToyPlain", **options: Any) -> Any:
    return gym.make_vec("hpo_gym/HPO-v0", num_envs=n, suite=suite, **{"observer": "text", "budget": 3, **options})


@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP", "DISABLED"])
def test_many_runs_have_a_tuple_of_texts_equal_to_those_of_one(mode: str) -> None:
    envs = many(autoreset_mode=mode, codec=FREELY, suite="ToyGappy")
    ones = [gym.make("hpo_gym/HPO-v0", suite="ToyGappy", observer="text", budget=3, codec=FREELY) for _ in range(3)]
    seen, _ = envs.reset(seed=[0, 1, 2])
    assert isinstance(envs.observation_space, gym.spaces.Tuple)
    alone = [one.reset(seed=i)[0] for i, one in enumerate(ones)]
    over, rng, ends = np.zeros(3, bool), np.random.default_rng(0), 0
    for _ in range(30):
        assert seen in envs.observation_space and seen == tuple(alone)
        if mode == "DISABLED" and over.any():
            seen, _ = envs.reset(options={"reset_mask": over})
            alone = [one.reset()[0] if over[i] else alone[i] for i, one in enumerate(ones)]
            over = np.zeros(3, bool)
            continue
        actions = rng.uniform(-1, 1, (3, *ones[0].action_space.shape)).astype(np.float32)
        begins = over & (mode == "NEXT_STEP")
        seen, _, over, _, infos = envs.step(actions)
        alone = [ones[i].reset()[0] if begins[i] else ones[i].step(actions[i])[0] for i in range(3)]
        ends += int(over.sum())
        if mode == "SAME_STEP" and over.any():
            assert [infos["final_obs"][i] for i in np.flatnonzero(over)] == [alone[i] for i in np.flatnonzero(over)]
            alone = [ones[i].reset()[0] if over[i] else alone[i] for i in range(3)]
    assert ends > 5


@pytest.mark.long
@pytest.mark.parametrize(
    "suite, options",
    [
        ("ToyGappy", {"codec": "pool", "duplicates": "mask"}),
        ("ToyGappy", {"codec": {"name": "pool", "fidelity": True}, "budget_cost": 2, "budget": None}),
        ("ToyFormulas", {"scores": "rank", "n_init": 2}),
        ("FCNet", {"objectives": ["score", "size"], "weights": [1.0, 1e-6]}),
        ("SVM", {"observer": {"name": "text", "form": "table", "names": False}}),
        ("Trainings", {"codec": "box"}),
        ("Trainings", {"observer": {"name": "text", "form": "compact"}}),
    ],
)  # fmt: skip
def test_the_checkers_find_no_fault(suite: str, options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is slow, so the check left out.*")  # `filterwarnings` are errors here
        env = gym.make("hpo_gym/HPO-v0", suite=suite, **{"observer": "text", "budget": 3, **options})
        check_by_gymnasium(env.unwrapped, skip_render_check=True)
        check_env(env, processes=False, render=False)
        check_env(many(suite=suite, **options), processes=False, render=False)


@pytest.mark.long
def test_a_live_task_shows_its_failures() -> None:
    env = gym.make("hpo_gym/Live-v0", objective=fails_at_one, space={"x": (0.0, 1.0)}, observer="text", budget=2)
    env.reset(seed=0)
    good, *_ = env.step(np.zeros(1, np.float32))
    bad, *_ = env.step(np.ones(1, np.float32))
    env.close()
    assert "Trial 1: score 0.5, x 0.5." in good
    assert "Trial 2: score 0.5, x 1; failed, so the score is the worst so far." in bad


def fails_at_one(config: dict[str, Any]) -> float:
    if config["x"] == 1.0:
        raise ValueError("no")
    return float(config["x"])


def test_scores_stand_on_the_served_scale() -> None:
    texts = {}
    for scores in ("raw", "rank"):
        env = gym.make("hpo_gym/HPO-v0", suite="ToyPlain", observer="text", codec="pool", budget=3, scores=scores)
        env.reset(seed=1)
        env.step(0)
        texts[scores] = env.step(1)[0]
    best = [t.score for t in env.unwrapped.history()]
    assert f"score {max(best):.5g}" in texts["raw"]
    assert "Trial 1: score -0.5" in texts["rank"] or "Trial 1: score 0.5" in texts["rank"]


@pytest.mark.parametrize(
    "part, why",
    [
        ({"form": "plane"}, "No form of a text 'plane'. Did you mean 'plain'"),
        ({"names": False, "context": True}, "`context` of the `text` observer needs `names`"),
        ({"names": 1}, "`names` of observer 'text' must be bool, got 1"),
        ({"form": None}, "`form` of observer 'text' must be str, got None"),
    ],
)  # fmt: skip
def test_options_that_are_none_are_refused(part: dict[str, Any], why: str) -> None:
    with pytest.raises(hpo_gym.HPOGymError) as refused:
        gym.make("hpo_gym/HPO-v0", suite="ToyPlain", observer={"name": "text", **part})
    assert why in str(refused.value)
