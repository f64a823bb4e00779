"""`check_env` finds parts whose numbers are wrong in one run and in many alike: one planted fault a class.

Every registered observer, score scale, codec and reward has one, and what a table answers with.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from planted import faults_of

from hpo_gym.env.codecs.box import Box
from hpo_gym.env.codecs.move import Move
from hpo_gym.env.codecs.pool import Pool
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.observers import first
from hpo_gym.env.observers.blind import Blind
from hpo_gym.env.observers.history import HistoryObserver
from hpo_gym.env.observers.last import Last
from hpo_gym.env.observers.losses import Losses
from hpo_gym.env.observers.pool import PoolObserver
from hpo_gym.env.observers.progress import Progress
from hpo_gym.env.observers.summary import Summary
from hpo_gym.env.observers.text import InWords
from hpo_gym.env.observers.tokens import Tokens
from hpo_gym.env.rewards.final import Final
from hpo_gym.env.rewards.improvement import NormalizedImprovement
from hpo_gym.env.rewards.regret_rate import RegretRate
from hpo_gym.env.rewards.score import Score
from hpo_gym.env.scales import Global, Rank, Raw
from hpo_gym.env.vector import HPOVectorEnv

FAULTS: dict[str, tuple[str, dict[str, Any]]] = {}
"""By name: words that the checker must say, and the keywords of the env."""

GAPPY = {"suite": "ToyGappy", "budget": 4}
FIDELITY = {"suite": "ToyGappy", "budget": 2}
COST = {"suite": "ToyGappy", "budget": None, "budget_cost": 3}


def seen(words: str, kind: type, change: Callable[[Any, int], None], options: Any = None, **keywords: Any) -> None:
    """Plant an observer whose observations are changed in place, by `change(obs, d)` of all runs."""

    class Off(kind):  # type: ignore[misc, valid-type]
        def __call__(self, contexts: Any, runs: Any) -> Any:
            out = super().__call__(contexts, runs)
            change(out, contexts.space.d)
            return out

        def one(self, contexts: Any, runs: Any) -> Any:
            return first(self(contexts, runs))

    FAULTS[f"{kind.__name__}: {words}"] = (words, {"observer": Off(**(options or {})), **keywords})


def put(key: Any, change: Callable[[Any], Any]) -> Callable[[Any, int], None]:
    """Change a part of an observation: a key of a dictionary, or a slice that may depend on `d`."""

    def changed(out: Any, d: int) -> None:
        part = out[key] if isinstance(key, str) else out[:, key(d)]
        part[...] = change(part)

    return changed


# ---------------------------------------------------------------------- observers
seen("as the last configuration", Last, put(lambda d: slice(0, d), lambda x: (x + 1) / 2), **GAPPY)
seen("as the share of the budget left", Last, put(lambda d: d + 2, lambda x: x / 2), **GAPPY)
seen("as the incumbent's score", Last, put(lambda d: d + 1, lambda x: x + 0.25), **GAPPY)
seen("as the meta-features", Last, put(lambda d: slice(d + 3, None), lambda x: x * 2), {"context": True}, **GAPPY)
seen("as the last move", Blind, put(lambda d: slice(2 + d, None), np.negative), **GAPPY)
seen("as whether nothing was tried", Blind, put(lambda d: 1, lambda x: 1 - x), **GAPPY)
seen("as the fidelities of the trials", HistoryObserver, lambda out, d: _full(out, d), **FIDELITY,
     codec={"name": "box", "fidelity": True})  # fmt: skip
seen("as the configurations of the trials", HistoryObserver, lambda out, d: _turned(out, d), **GAPPY)
seen("as the incumbent", Summary, put(lambda d: slice(0, d), lambda x: x / 2), **GAPPY)
seen("as the share of trials since the incumbent", Summary, put(lambda d: -1, lambda x: (1 - x) / 2), **GAPPY)
seen("as the share of trials", Summary, put(lambda d: -2, lambda x: x / 2), **GAPPY)
seen("as the mask of the trials", Tokens, put("mask", np.ones_like), **GAPPY)
seen("as the active hyperparameters", Tokens, put("active", lambda x: 1 - x), {"hyperparameters": True}, **GAPPY)
seen("as what the trials took", Tokens, put("history_c", lambda x: x.cumsum(1)), **COST)
seen("as the candidates", PoolObserver, put("candidates", np.negative), **GAPPY)
seen("as which candidates were tried", PoolObserver, lambda out, d: _feature(out, 0), **GAPPY)
seen("as the scores of candidates", PoolObserver, lambda out, d: _feature(out, 1), **GAPPY)
seen("as the distance of candidates to the incumbent", PoolObserver, lambda out, d: _feature(out, 2), **GAPPY)
seen("as the distance of candidates to the nearest trial", PoolObserver, lambda out, d: _feature(out, 3), **GAPPY)
seen("as the mask of the candidates", PoolObserver, put("action_mask", np.ones_like), **GAPPY)
seen("as what candidates cost on earlier tasks", PoolObserver, lambda out, d: _feature(out, 4), **COST)
ONWARD = {"suite": "Trainings", "budget": None}
seen("as whether nothing was tried", Progress, put(lambda d: 1, lambda x: 1 - x), **ONWARD)
seen(
    "as the last move", Losses, put(lambda d: slice(2 + d, 2 + 2 * d), lambda x: x / 2), suite="Trainings", budget=None
)


class OneTrialMore(InWords):
    def __call__(self, contexts: Any, runs: Any) -> Any:
        return tuple(text.replace("Trial 1", "Trial 2") for text in super().__call__(contexts, runs))

    def one(self, contexts: Any, runs: Any) -> Any:
        return self(contexts, runs)[0]


FAULTS["InWords: another text"] = ("is another text", {"observer": OneTrialMore(), **GAPPY})


def _feature(out: Any, number: int) -> None:
    out["candidate_features"][..., number] = 0.5


def _full(out: Any, d: int) -> None:
    table = out.reshape(len(out), -1, d + 2)
    table[..., -1] = table[..., -1] > 0


def _turned(out: Any, d: int) -> None:
    table = out.reshape(len(out), -1, d + 2)
    table[..., :d] = table[..., :d][..., ::-1]


# ---------------------------------------------------------------------- scales
def shown(words: str, kind: type, change: Callable[[Any], Any], **keywords: Any) -> None:
    """Plant a scale whose scores are changed."""

    class Off(kind):  # type: ignore[misc, valid-type]
        plain = False

        def serve(self, contexts: Any, runs: Any, scores: Any) -> Any:
            return change(super().serve(contexts, runs, scores))

    FAULTS[f"{kind.__name__}: {words}"] = (words, {"observer": Last(served=Off()), **keywords})


shown("as the last score", Raw, lambda x: x * 2, **GAPPY)
shown("as the last score", Global, lambda x: x - 0.5, **GAPPY)
shown("as the last score", Rank, lambda x: (x + 1) / 2, **GAPPY)


# ---------------------------------------------------------------------- codecs
def asked(words: str, kind: type, change: Callable[[Any, Any], Any], options: Any = None, **keywords: Any) -> None:
    """Plant a codec whose actions are changed, by `change(actions, contexts)`, where they are good."""

    class Off(kind):  # type: ignore[misc, valid-type]
        def decode(self, contexts: Any, runs: Any, actions: Any) -> Any:
            super().decode(contexts, runs, actions)
            return super().decode(contexts, runs, change(np.array(actions), contexts))

        def decoder(self, contexts: Any) -> Any:
            return lambda runs, actions: self.decode(contexts, runs, actions)

        def decoder_one(self, contexts: Any) -> Any:
            return lambda runs, action: int(self.decode(contexts, runs, np.asarray(action)[None])[0].item())

    FAULTS[f"{kind.__name__}: {words}"] = (words, {"codec": Off(**(options or {})), **keywords})


asked(" evaluates ", Box, lambda a, _: -a, **GAPPY)
asked(" evaluates ", Move, lambda a, contexts: np.where(a < 2 * contexts.space.d, a ^ 1, a), **GAPPY)
asked(" evaluates ", Pool, lambda a, contexts: (a + 1) % contexts.batch.m, suite="ToyPlain")
asked(" is evaluated at fidelity ", Box, lambda a, _: _lowest(a), {"fidelity": True}, **FIDELITY)
asked(" at fidelity ", Box, lambda a, _: _lowest(a), {"fidelity": True}, **COST)


def _lowest(a: Any) -> Any:
    a[:, -1] = -1
    return a


class Answers(Box):
    """A box whose proposals are answered by another row than the nearest."""

    def __init__(self, choose: Callable[[Any, Any, Any], Any]) -> None:
        super().__init__()
        self.choose = choose

    def decode(self, contexts: Any, runs: Any, actions: Any) -> Any:
        proposal = super().decode(contexts, runs, actions)
        batch, asked_ = contexts.batch, contexts.space.snap((np.asarray(actions, float) + 1) / 2)
        pool = batch.points(np.zeros(batch.m, int), np.arange(batch.m))
        at = [self.choose(contexts.space, x, np.where(batch.measured[j][:, None], pool, np.nan))
              for x, j in zip(asked_, runs.task, strict=True)]  # fmt: skip
        return proposal._replace(at=np.array(at))


def second(space: Any, x: Any, pool: Any) -> Any:
    return np.argsort(np.nansum((pool - x) ** 2, 1) + 99 * np.isnan(pool[:, 0]), kind="stable")[1]


def by_all_columns(space: Any, x: Any, pool: Any) -> Any:
    """As if inactive columns and categories were numbers."""
    return np.nanargmin(((pool - x) ** 2).sum(1))


def unmeasured(space: Any, x: Any, pool: Any) -> Any:
    return int(np.isnan(pool[:, 0]).argmax())


for _choose in (second, by_all_columns, unmeasured):
    FAULTS[f"Answers: {_choose.__name__}"] = (" evaluates ", {"codec": Answers(_choose), **GAPPY})


# ---------------------------------------------------------------------- rewards
class HalfFinal(Final):
    def __call__(self, contexts: Any, runs: Any) -> Any:
        return super().__call__(contexts, runs) / 2

    def one(self, contexts: Any, runs: Any) -> float:
        return float(super().one(contexts, runs)) / 2


class HalfNormalized(NormalizedImprovement):
    def __call__(self, contexts: Any, runs: Any) -> Any:
        return super().__call__(contexts, runs) / 2

    def one(self, contexts: Any, runs: Any) -> float:
        return float(super().one(contexts, runs)) / 2


class HalfRegretRate(RegretRate):
    def judge(self, contexts: Any, runs: Any, oracle: Any) -> Any:
        return super().judge(contexts, runs, oracle) / 2

    def judge_one(self, contexts: Any, runs: Any, oracle: Any) -> float:
        return float(super().judge_one(contexts, runs, oracle)) / 2


class Meddles(Score):
    """Changes what the run is told."""

    def __call__(self, contexts: Any, runs: Any) -> Any:
        out = super().__call__(contexts, runs)
        runs.last = runs.last + 0.25
        return out

    def one(self, contexts: Any, runs: Any) -> float:
        return float(self(contexts, runs).item())


for _reward, _words in (
    (HalfFinal(), "is not the rise of the score in standard deviations"),
    (HalfNormalized(), "is not the improvement in standard deviations"),
    (HalfRegretRate(), "is not the negative regret over the share of the budget"),
    (Meddles(), "not what the task gives"),
):
    FAULTS[type(_reward).__name__] = (_words, {"reward": _reward, **GAPPY})


IN_VECTORS = {"Meddles": "as the last score"}
"""Words of a fault in a vector env, where they are others: observations are compared first there."""


# ---------------------------------------------------------------------- all are found
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.long
def test_a_planted_fault_is_found_and_named(name, monkeypatch):
    words, keywords = FAULTS[name]
    monkeypatch.setattr("hpo_gym.checks.copies._ways", lambda env: [("A deep copy", __import__("copy").deepcopy)])
    faults = faults_of(HPOEnv(**{"suite": "ToyPlain", "budget": 5, **keywords}))
    assert any(words in fault for fault in faults), faults


@pytest.mark.parametrize("name", [name for i, name in enumerate(FAULTS) if i % 6 == 0])
@pytest.mark.long
def test_it_is_found_in_a_vector_env_too(name, monkeypatch):
    words, keywords = FAULTS[name]
    monkeypatch.setattr("hpo_gym.checks.copies._ways", lambda env: [("A deep copy", __import__("copy").deepcopy)])
    faults = faults_of(HPOVectorEnv(2, **{"suite": "ToyPlain", "budget": 5, **keywords}))
    assert any(IN_VECTORS.get(name, words) in fault for fault in faults), faults
