"""The comparison that names no optimizer: eight, and the shipped policy where it has seen no family that is judged."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from hpo_gym.base import EXTRAS
from hpo_gym.bench import FIRST, SHIPPED, Protocol, load_suites, runner
from hpo_gym.optimize import OPTIMIZERS

HAS_TORCH = all(importlib.util.find_spec(package) for package in EXTRAS["rl"])


def test_the_first_eight_are_registered_and_one_transfers() -> None:
    assert len(FIRST) == 8 and "transfer-mix" in FIRST and set(FIRST) <= set(OPTIMIZERS.entries())


@pytest.mark.skipif(not HAS_TORCH, reason="the policy needs the extra `rl`")
@pytest.mark.parametrize(
    ("suite", "fold", "joins"),
    [("AutoML", None, True), ("SVM", None, True), ("SVM", 0, False), ("Functions", None, False)],
)
def test_the_policy_joins_on_tables_without_a_family_of_its_training(
    suite: str, fold: int | None, joins: bool, tmp_path: Any
) -> None:
    suites, _ = load_suites(suite, tmp_path)
    found = runner._shipped(Protocol(fold=fold), suites.values())
    assert [e.name for e in found] == [SHIPPED] * joins


@pytest.mark.parametrize("lacking", ["torch", "sb3_contrib", "safetensors"])
def test_without_a_package_that_it_needs_there_is_no_policy(
    lacking: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    suites, _ = load_suites("SVM", tmp_path)
    real: Callable[..., Any] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == lacking else real(name, *more))
    assert runner._shipped(Protocol(), suites.values()) == []
