"""The observer `text` in the envs: one run, many runs, tables, live tasks and trainings; answers by hand stand in
tests/parts/answers/observers/text.py.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - its suites
from gymnasium.utils.env_checker import check_env as check_by_gymnasium

import hpo_gym
from hpo_gym.checks.env import check_env
from hpo_gym.text import parse

FREELY = {"name": "box", "fidelity": True, "stop": True}


def many(n: int = 3, suite: Any = "ToyPlain", **options: Any) -> Any:
    return gym.make_vec("hpo_gym/HPO-v0", num_envs=n, suite=suite, **{"observer": "text", "budget": 3, **options})


def trials_in(text: str) -> int:
    return sum(line.startswith("Trial ") for line in text.splitlines())


def test_an_agent_that_reads_plays_an_episode() -> None:
    env = gym.make("hpo_gym/HPO-v0", suite="ToyPlain", observer="text", budget=3)
    text, _ = env.reset(seed=0)
    space, ended = env.unwrapped.suite.space, False
    while not ended:
        assert text in env.observation_space and type(text) is str
        query = parse(text, space)  # the default, as the text has it
        assert query is not None
        text, _, ended, _, info = env.step(np.float32(2.0 * space.to_unit(query.config) - 1.0))
    assert trials_in(text) == 3 and "3 spent, 0 left" in text
    assert f"score {info['score']:.5g}" in text


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
        ("Schedules", {"codec": "box"}),
        ("Trainings", {"observer": {"name": "text", "form": "compact"}}),
        ("Policies", {}),
        ("Learners", {}),
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
def test_a_training_shows_its_signals_as_they_are_now() -> None:
    env = gym.make("hpo_gym/HPO-v0", suite="Schedules", observer="text", budget=3)
    first, _ = env.reset(seed=0)
    assert first.startswith("Choose the values for each part of a training")
    second, *_ = env.step(env.action_space.sample())
    runs = env.unwrapped.kernel.runs
    now = dict(zip(runs.batch.signals, runs.signals[0].tolist(), strict=True))
    for text in (first, second):
        assert "Signals now: validation_loss" in text or "Signals now: training_loss" in text
    assert f"validation_loss {now['validation_loss']:.4g}" in second
    assert parse(first, env.unwrapped.suite.space) is not None


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


def test_names_with_any_characters_are_in_the_space() -> None:
    columns = [{"type": "categorical", "name": "größe\u2028x", "choices": ["naïve\n", "東"], "default_value": "東"}]
    space = hpo_gym.SearchSpace({"hyperparameters": columns})
    rows = [{"größe\u2028x": "東"}, {"größe\u2028x": "naïve\n"}]
    suite = hpo_gym.table_suite("Odd", space, rows, np.array([[0.0, 1.0]]), tasks=["a"], splits={"train": ["a"]})
    env = gym.make("hpo_gym/HPO-v0", suite=suite, observer="text", codec="pool", budget=2)
    text, _ = env.reset(seed=0)
    assert text in env.observation_space and parse(text, space).config == rows[0]  # type: ignore[union-attr]
    assert env.step(1)[0] in env.observation_space
    text, _ = gym.make("hpo_gym/HPO-v0", suite=suite, observer={"name": "text", "names": False}, codec="pool").reset(
        seed=0
    )
    assert text.isascii()


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


def test_an_env_with_it_has_a_spec_of_plain_words() -> None:
    env = gym.make("hpo_gym/HPO-v0", suite="ToyPlain", observer={"name": "text", "form": "table"}, budget=3)
    assert env.spec is not None
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.observation_space == env.observation_space
    assert again.reset(seed=3)[0] == env.reset(seed=3)[0]
    assert json.dumps(env.reset(seed=3)[0])
