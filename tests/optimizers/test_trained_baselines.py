"""Baselines that are trained keep the contract of the others, once they are trained on the space of a context."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import test_baselines as contract

from hpo_gym.optimizer import Context, make_optimizer
from hpo_gym.task import Task

pytest.importorskip("torch", reason="trained baselines need: pip install 'hpo-gym[rl]'")

from test_fsbo import SMALL as SMALL_FSBO
from test_maml import SMALL, SMALL_RL

SETTINGS: dict[str, dict[str, Any]] = {"maml": SMALL, "maml-rl": SMALL_RL, "fsbo": SMALL_FSBO}
"""`fomaml` and `reptile` differ from `maml` in training only; `ga-evolved` has its tests in `test_genetic.py`."""
SPACES = ("floats", "conditional", "finite", "one value", "many choices")


@functools.cache
def trained(name: str, of: str) -> Any:
    """Trained a little on tasks of one space of the contract tests."""
    optimizer = make_optimizer(name, **SETTINGS[name])
    spaces = ("floats", "narrow") if of == "floats" else (of,)
    tasks = [contract.objective(s, "peak", name=f"{s}-{i}") for s in spaces for i in range(3)]
    optimizer.train(tasks, np.random.default_rng(0))  # type: ignore[attr-defined]
    return optimizer


class Anywhere:
    """A trained optimizer for whatever space a context has."""

    def __init__(self, name: str) -> None:
        self.name, self.inner = name, make_optimizer(name, **SETTINGS[name])

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.reset_batch([context], [rng])

    def reset_batch(self, contexts: Any, rngs: Any) -> None:
        widest = max((c.space for c in contexts), key=lambda s: s.d)
        of = next(n for n in SPACES if contract.space(n).hyperparameters[: widest.d] == widest.hyperparameters)
        self.inner = trained(self.name, of)
        self.inner.reset_batch(contexts, rngs)  # type: ignore[attr-defined]

    def ask(self) -> Any:
        return self.inner.ask()

    def tell(self, trial: Any) -> None:
        self.inner.tell(trial)

    def ask_batch(self, runs: Any) -> Any:
        return self.inner.ask_batch(runs)  # type: ignore[attr-defined]


@pytest.fixture(params=sorted(SETTINGS))
def anywhere(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The name under which the contract tests make a trained one."""
    monkeypatch.setattr(contract, "make_optimizer", lambda name, **settings: Anywhere(name))
    return str(request.param)


@pytest.mark.parametrize("of", contract.ALL, ids=contract.NAMES)
def test_the_contract_of_baselines_is_kept(anywhere: str, of: Task) -> None:
    contract.test_proposals_are_legal_configurations_of_active_hyperparameters(anywhere, of)
    contract.test_no_configuration_is_tried_twice_not_even_a_given_one(anywhere, of)
    contract.test_the_same_seed_gives_the_same_trials(anywhere, of)


def test_pools_and_small_spaces_are_tried_to_the_last(anywhere: str) -> None:
    contract.test_a_pool_is_tried_to_its_last_available_row_and_then_the_run_ends(anywhere)
    contract.test_a_finite_space_is_tried_to_its_last_configuration_and_then_the_run_ends(anywhere)
    contract.test_a_space_of_one_value_gives_one_trial(anywhere)
    contract.test_a_pool_without_an_available_row_gives_no_trial(anywhere)
    contract.test_a_pool_of_a_thousand_equal_rows_gives_one_trial(anywhere)
    contract.test_a_budget_of_one_is_enough(anywhere)
    contract.test_another_seed_gives_other_trials(anywhere)
    contract.test_a_batch_of_another_size_than_the_runs_is_an_error(anywhere)


@pytest.mark.parametrize("score", sorted(contract.SCORES))
def test_degenerate_scores_do_no_harm(anywhere: str, score: str) -> None:
    for of in ("floats", "conditional"):
        contract.test_degenerate_scores_do_no_harm(anywhere, score, of)


@pytest.mark.parametrize("g", [0, 2])
@pytest.mark.parametrize("tasks", contract.MIXED.values(), ids=list(contract.MIXED))
def test_a_batch_chooses_as_ask_and_tell_do(anywhere: str, tasks: list[Task], g: int) -> None:
    contract.test_a_batch_chooses_as_ask_and_tell_do(anywhere, tasks, g)
