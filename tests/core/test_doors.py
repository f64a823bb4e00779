"""Doors of the public API: what is taken in every form, and what is refused in words before anything runs."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import HPOGymError, InvalidValueError
from hpo_gym.base.registry import missing
from hpo_gym.optimize.learning.folders import shipped
from hpo_gym.problem.trial import Status

TASK = hpo_gym.load_suite("SVM").tasks("test")[0]


def _lift(contexts: Any, runs: Any) -> Any:
    return runs.best - runs.previous


# ---------------------------------------------------------------------- ids and specs
@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_an_id_that_names_a_suite_takes_no_other(make: Any) -> None:
    with pytest.raises(
        InvalidValueError, match=r"`suite` must be 'SVM' in 'hpo_gym/SVM-v0', got 'MLP': use 'hpo_gym/MLP-v0'"
    ):
        make("hpo_gym/SVM-v0", suite="MLP")
    assert make("hpo_gym/HPO-v0", suite="SVM").unwrapped.suite.name == "SVM"


@pytest.mark.parametrize(
    "name", ["hpo_gym/SVM-v0", "hpo_gym/HPO-v0", "hpo_gym/Trainings-v0", "hpo_gym/BoostingSurrogate-v0"]
)
@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_a_spec_makes_the_same_env(make: Any, name: str) -> None:
    env = make(name, budget=5, **({"suite": "SVM"} if "HPO" in name else {}))
    again = make(env.spec)
    assert again.spec == env.spec and again.spec.kwargs["budget"] == 5
    assert again.unwrapped.suite.data_hash == env.unwrapped.suite.data_hash
    assert again.observation_space == env.observation_space and again.action_space == env.action_space
    first, second = (made.reset(seed=7 if make is gym.make else [7]) for made in (env, again))
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1]["task"], second[1]["task"])


def test_a_limit_of_steps_at_the_end_of_the_budget_truncates_in_one_env_as_in_many() -> None:
    single = gym.make("hpo_gym/SVM-v0", codec="pool", budget=3, max_episode_steps=3)
    many = gym.make_vec("hpo_gym/SVM-v0", codec="pool", budget=3, max_episode_steps=3, num_envs=2)
    single.reset(seed=0)
    many.reset(seed=[0, 1])
    ends = [single.step(0)[2:4] for _ in range(3)]
    rows = [many.step(np.zeros(2, int))[2:4] for _ in range(3)]
    assert ends == [(False, False), (False, False), (True, True)]
    assert [(bool(a[0]), bool(b[0])) for a, b in rows] == ends


# ---------------------------------------------------------------------- rewards
@pytest.mark.parametrize("n", [None, 2])
def test_a_reward_that_is_not_finite_is_an_error_with_its_name(n: int | None) -> None:
    env: Any = hpo_gym.HPOEnv("SVM", codec="pool", reward=_lift)
    if n is not None:
        env = hpo_gym.HPOVectorEnv(n, "SVM", codec="pool", reward=_lift)
    env.reset(seed=0)
    with pytest.raises(InvalidValueError, match=r"The reward `_lift` must be finite, got inf.*`runs.previous` is -inf"):
        env.step(0 if n is None else np.zeros(n, int))


# ---------------------------------------------------------------------- scores that are told
SCORES = [1, True, np.int64(1), np.float32(0.5), np.bool_(True)]


def _trained() -> list[str]:
    return [] if missing("rl") else sorted(shipped())


@pytest.mark.long
@pytest.mark.parametrize("name", _trained())
def test_a_trained_policy_is_told_scores_of_any_kind_of_number(name: str) -> None:
    optimizer = hpo_gym.load(name)
    suite = getattr(optimizer, "suites", None) or ("SVM",)
    task = hpo_gym.load_suite(next(iter(suite)) if not isinstance(suite, str) else suite).tasks("test")[0]
    context = hpo_gym.Context.of(task, 9)
    if task.alone.signals:
        pytest.skip("trials go on from each other: scores come with signals")
    try:
        optimizer.reset(context, np.random.default_rng(0))
    except HPOGymError as fault:
        pytest.skip(f"another suite: {fault}")
    for score in SCORES:
        query = optimizer.ask()
        assert query is not None
        optimizer.tell(hpo_gym.Trial(query, score))


def test_a_score_is_kept_as_a_float_and_one_that_is_not_finite_is_refused() -> None:
    query = hpo_gym.Query({"x": 1})
    assert [hpo_gym.Trial(query, score).score for score in SCORES] == [1.0, 1.0, 1.0, 0.5, 1.0]
    assert {type(hpo_gym.Trial(query, score).score) for score in SCORES} == {float}
    for wrong in (float("nan"), float("inf"), "1", None):
        for status in (Status.OK, Status.FAILED):
            with pytest.raises(InvalidValueError, match=r"`Trial.score` must be a finite number, got"):
                hpo_gym.Trial(query, wrong, status=status)  # type: ignore[arg-type]


# ---------------------------------------------------------------------- optimizers in every form
@pytest.mark.parametrize(
    "form", ["random", {"name": "random"}, type(hpo_gym.make_optimizer("random")), hpo_gym.make_optimizer("random")]
)
def test_rollout_takes_every_form_of_an_optimizer(form: Any) -> None:
    assert hpo_gym.rollout(form, TASK, 3).configs == hpo_gym.rollout(hpo_gym.make_optimizer("random"), TASK, 3).configs


# ---------------------------------------------------------------------- refused in words
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hpo_gym.load_suite(["SVM", "Boosting"]), "got ['SVM', 'Boosting']; the nearest is 'SVM,Boosting'"),
        (lambda: hpo_gym.load_suite(None), "`suite` must be a name, a folder or a Suite, got None"),
        (lambda: hpo_gym.SearchSpace({"x": (0, 1)}), "`config_space` must be a ConfigurationSpace or its JSON"),
        (lambda: hpo_gym.check_env("SVM"), "`env` must be an env of hpo_gym"),
        (lambda: hpo_gym.check_env(gym.make("CartPole-v1")), "`env` must be an env of hpo_gym"),
        (lambda: hpo_gym.PolicyOptimizer(None), "`policy` must be a function"),
        (lambda: hpo_gym.rollout("random", "SVM"), "`task` must be a task"),
        (lambda: hpo_gym.regret_of("x", TASK), "`history` must be what `rollout` returns"),
        (lambda: hpo_gym.rollout("random", TASK, prior="SVM"), "`prior` must hold `Evaluations`"),
    ],
)  # fmt: skip
def test_what_is_of_another_kind_is_refused_in_words(call: Any, words: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        call()
    assert words in str(caught.value)


def test_the_package_lists_its_public_names() -> None:
    names = set(dir(hpo_gym))
    assert set(hpo_gym.__all__) <= names
    assert not names & {"Any", "TYPE_CHECKING", "annotations", "find_spec", "importlib", "_LAZY", "base", "problem"}
