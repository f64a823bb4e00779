"""One run without arrays: known answers, and on every kind of table the batch form of each part beside it."""

from __future__ import annotations

import ast
import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import core_toys
import numpy as np
import pytest
import toys

import hpo_gym
from hpo_gym.env.codecs import CODECS
from hpo_gym.env.infos import TrialInfo
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.observers.last import Last
from hpo_gym.env.rewards import REWARDS
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.env.scales import SCORES
from hpo_gym.env.single import Single
from hpo_gym.problem.regret import relative_regret_of

TABLES = {
    "fused": toys.plain, "gaps and levels": toys.gappy, "a pool per task": toys.ragged, "repeats": toys.noisy,
    "float64": core_toys.odd, "float32": core_toys.square,
}  # fmt: skip
POOL_STOP = {"name": "pool", "stop": True}


def env(suite: Any, **options: Any) -> hpo_gym.HPOEnv:
    return hpo_gym.HPOEnv(suite, **{"codec": "pool", "budget": 5, **options})


def typed(value: Any) -> Any:
    """A value with its types and bits, to compare."""
    if isinstance(value, dict):
        return {key: typed(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, (list, tuple)):
        return [typed(one) for one in value]
    return type(value), repr(value)


def beside(suite: Any, steps: int = 40, **options: Any) -> tuple[hpo_gym.HPOEnv, int]:
    """Step an env and one that takes the batch path, on the same actions; all that they give must be the same."""
    fast, slow = env(suite, **options), env(suite, **options)
    slow._single = None
    rng, ends = np.random.default_rng(3), 0
    fast.action_space.seed(3)
    assert typed(fast.reset(seed=7)) == typed(slow.reset(seed=7))
    for i in range(steps):
        action = rng.integers(fast.action_space.n) if fast.kernel.parts.codec.pool else fast.action_space.sample()
        given = int(action) if i % 2 and np.ndim(action) == 0 else action
        one, other = fast.step(given), slow.step(action)
        assert typed(one) == typed(other), (i, one, other)
        if fast.kernel.parts.codec.pool:
            assert fast.action_masks().tolist() == slow.action_masks().tolist()
        if one[2]:
            ends += 1
            assert fast.history() == slow.history()
            assert typed(fast.reset()) == typed(slow.reset())
    return fast, ends


# ---------------------------------------------------------------------------------------------- known answers
def test_an_episode_by_hand() -> None:
    one = env(core_toys.square(), task="a", budget=3, reward="improvement")
    one.reset(seed=0)
    assert one._single is not None
    floor, best = one.kernel.contexts.scale.mean, -np.inf
    for t, action in enumerate([2, np.int64(0), np.uint8(3)], 1):
        row = int(action)
        score = float(np.float32(core_toys.SCORE[0][row]))
        obs, reward, ended, late, info = one.step(action)
        gain = np.float32(max(best, score, floor)) - np.float32(max(best, floor))
        best = max(best, score)
        assert obs.tolist() == [*core_toys.SIGNED[row], score, best, np.float32(1 - t / 3)]
        assert (type(reward), reward, ended, late) == (float, float(gain), t == 3, False)
        assert (info["score"], info["incumbent_score"], info["t"], info["cost"]) == (score, best, t, 1.0)
        assert info["config"] == dict(zip("uv", core_toys.X[row], strict=True)) and info["status"] == "ok"
        assert info["config"] is not info["incumbent"]


def test_a_row_that_was_not_measured_is_answered_by_its_nearest() -> None:
    suite = hpo_gym.table_suite(
        "Line", core_toys.square().space, [[0.0, 0.0], [0.1, 0.0], [1.0, 1.0]], [[np.nan, 2.0, 3.0]], tasks=["a"],
        splits={"train": ["a"]},
    )  # fmt: skip
    one = env(suite)
    one.reset(seed=0)
    assert [one.step(row)[4]["score"] for row in (0, 1, 2, 0)] == [2.0, 2.0, 3.0, 2.0]
    assert one.history().configs[0] == one.history().configs[1]


def test_a_repeat_is_drawn_by_the_world_as_a_batch_draws_it() -> None:
    one = env(core_toys.noisy(), budget=8)
    one.reset(seed=1)
    batch, runs = one.kernel.batch, one.kernel.runs
    for row in range(4):
        whole, _ = batch.evaluate(runs.base, np.array([row]), None, runs.instance)
        assert one.step(row)[4]["score"] == whole[0]
        below, above = core_toys.SCORE[int(runs.task[0])][row] - 1, core_toys.SCORE[int(runs.task[0])][row] + 1
        assert below - 1e-6 <= whole[0] <= above + 1e-6


def test_regret_of_one_score_by_hand() -> None:
    assert [relative_regret_of(s, 1.0, -1.0) for s in (1.0, 0.5, 0.0, -1.0, -9.0, 7.0)] == [0, 0.25, 0.5, 1, 1, 0]
    assert Oracle(np.array([4.0, 1.0]), np.array([0.0, 0.0])).regret_of(0, 1.0) == 0.75


# ---------------------------------------------------------------------------------------------- its info
def trial(one: hpo_gym.HPOEnv, row: int = 2) -> dict[str, Any]:
    """The info of a trial of which nobody has asked anything yet."""
    info = one.step(row)[4]
    assert type(info) is TrialInfo
    return info


@pytest.fixture
def known() -> tuple[hpo_gym.HPOEnv, dict[str, Any]]:
    """An env, and the info that its next trial has."""
    one = env(core_toys.square(), task="a")
    one.reset(seed=0)
    config = dict(zip("uv", core_toys.X[2], strict=True))
    score = float(np.float32(core_toys.SCORE[0][2]))
    made = {
        "task": "a", "task_index": 0, "t": 1, "config": config, "score": score, "fidelity": 1.0, "cost": 1.0,
        "status": "ok", "incumbent": config, "incumbent_score": score,
    }  # fmt: skip
    return one, made


READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "equality": lambda info: info, "a dictionary of it": dict, "as keywords": lambda info: {**info},
    "copy": lambda info: info.copy(), "copy.copy": copy.copy, "copy.deepcopy": copy.deepcopy,
    "a pickle": lambda info: pickle.loads(pickle.dumps(info)),  # noqa: S301 - bytes of this line
    "json": lambda info: json.loads(json.dumps(info)),
    "keys": lambda info: {key: info[key] for key in info.keys()},  # noqa: SIM118
    "items": lambda info: dict(info.items()),
    "a loop": lambda info: {key: info[key] for key in info},
    "values": lambda info: dict(zip(info, info.values(), strict=True)),
    "or": lambda info: info | {}, "or from the right": lambda info: {} | info,
    "repr": lambda info: ast.literal_eval(repr(info)),
    "a comparison after one key": lambda info: info if info["score"] == info.get("score") else None,
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
def test_an_info_is_a_dictionary_to_all_that_ask(known: Any, reader: str) -> None:
    one, made = known
    info = trial(one)
    one.step(0)  # what is read late tells of its own trial
    assert READERS[reader](info) == made and list(info) == list(made) and len(info) == len(made) and info


WRITERS: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "a key": (lambda info: info.__setitem__("episode", 7), {"episode": 7}),
    "another value": (lambda info: info.update(score=7), {"score": 7}),
    "|=": (lambda info: info.__ior__({"t": 7}), {"t": 7}),
    "setdefault of what it has": (lambda info: info.setdefault("t", 7), {}),
    "setdefault of what it has not": (lambda info: info.setdefault("new", 7), {"new": 7}),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_written_into_an_info_stays(known: Any, writer: str) -> None:
    one, made = known
    info = trial(one)
    write, more = WRITERS[writer]
    write(info)
    later = copy.deepcopy(info)
    assert info == later == made | more


def test_what_is_removed_from_an_info_is_gone(known: Any) -> None:
    one, made = known
    info = trial(one)
    assert info.pop("score") == made.pop("score") and info.pop("score", 7) == 7
    del info["config"]
    assert info.popitem() == ("incumbent_score", made["incumbent_score"])
    assert sorted(info) == sorted(set(made) - {"config", "incumbent_score"}) and "score" not in info
    with pytest.raises(KeyError):
        info["config"]
    info.clear()
    assert info == {} and "task" not in info


def test_a_deep_copy_and_its_original_share_nothing(known: Any) -> None:
    one, made = known
    info = trial(one)
    other = copy.deepcopy(info)
    other["config"]["u"] = 7
    assert info == made and other["incumbent"] == made["incumbent"]


# ---------------------------------------------------------------------------------------------- the batch form
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("reward", REWARDS.names())
def test_every_reward_on_every_kind_of_table(table: str, reward: str) -> None:
    one, ends = beside(TABLES[table](), reward=reward)
    assert isinstance(one._single, Single) and ends > 5


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("observer", sorted(set(OBSERVERS.names()) - {"pool", "training", "losses", "progress"}))
@pytest.mark.parametrize("scores", SCORES.names())
def test_every_observer_on_every_scale(table: str, observer: str, scores: str) -> None:
    part = {"name": observer, "context": scores == "rank"}
    one, _ = beside(TABLES[table](), observer=part, scores=scores, n_init=1)
    observed = one.kernel.parts.observer
    assert (one._single is None) == bool(observed.keeps)


@pytest.mark.parametrize("codec", CODECS.names())
@pytest.mark.parametrize("table", TABLES)
def test_every_codec(table: str, codec: str) -> None:
    one, _ = beside(TABLES[table](), codec=codec, n_init=2, reward="improvement")
    assert (one._single is None) == bool(one.kernel.parts.codec.keeps)


@pytest.mark.parametrize(
    "options",
    [{"codec": POOL_STOP}, {"codec": {"name": "pool", "fidelity": True}}, {"duplicates": "penalize"},
     {"observer": "history"}],
    ids=str,
)  # fmt: skip
def test_what_keeps_more_takes_the_batch_path(options: dict[str, Any]) -> None:
    assert env(toys.gappy(), **options)._single is None


def test_what_has_no_pool_takes_the_batch_path() -> None:
    assert hpo_gym.HPOEnv(toys.formulas())._single is None


class Own(Last):
    """An observer that knows nothing of scalar forms of its own."""

    def __call__(self, contexts: Any, runs: Any) -> Any:
        return super().__call__(contexts, runs) * np.float32(0.5)

    def one(self, contexts: Any, runs: Any) -> Any:
        return hpo_gym.env.observers.Observer.one(self, contexts, runs)


def test_a_part_without_a_scalar_form_is_asked_in_a_batch() -> None:
    plain, own = env(toys.plain()), env(toys.plain(), observer=Own())
    for one in (plain, own):
        one.reset(seed=0)
    assert own._single is not None
    assert (own.step(5)[0] * 2).tolist() == plain.step(5)[0].tolist()
