"""Objectives of Optuna whose trials lack some of the parameters of their space."""

from __future__ import annotations

from typing import Any

import pytest

optuna = pytest.importorskip("optuna", reason="needs Optuna")


def unused(trial: Any) -> float:
    return -float((trial.suggest_float("x", 0, 1) - 0.7) ** 2)


def conditional(trial: Any) -> float:
    if trial.suggest_categorical("kind", ["a", "b"]) == "a":
        return float(trial.suggest_float("x", 0, 1))
    return 0.2


def pruned(trial: Any) -> float:
    if trial.suggest_float("x", 0, 1) < 0.9:
        raise optuna.TrialPruned
    return float(trial.suggest_float("y", 0, 1))
