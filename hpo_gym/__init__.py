"""Hyperparameter optimisation as a Gymnasium environment.

`import hpo_gym` registers the env ids ``hpo_gym/<Suite>-v0``, ``hpo_gym/<Suite>Surrogate-v0`` where a suite has
surrogates, ``hpo_gym/HPO-v0`` and ``hpo_gym/Live-v0``, and loads gymnasium and NumPy only; every public name below is
loaded when it is first used.
"""

from __future__ import annotations

from hpo_gym import interrupt as _interrupt  # noqa: F401 - first of all: Ctrl-C while the rest is imported  # isort: skip

import importlib
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hpo_gym.errors import (
    CheckFailed,
    DamagedDataError,
    HPOGymError,
    InvalidValueError,
    MissingExtraError,
    SplitError,
    StateError,
    StorageFullError,
    StorageLostError,
    TrialsFailedError,
    UnknownNameError,
)

if TYPE_CHECKING:
    from hpo_gym.bench.incumbents import regret_of
    from hpo_gym.bench.results import Results
    from hpo_gym.bench.rollout import rollout
    from hpo_gym.bench.runner import benchmark
    from hpo_gym.checks import check_env, check_optimizer, check_suite
    from hpo_gym.codecs import CODECS, Codec, Proposal
    from hpo_gym.env import HPOEnv
    from hpo_gym.evaluations import Evaluations, Measurement
    from hpo_gym.forms import make_optimizer
    from hpo_gym.forms.policy_optimizer import PolicyOptimizer
    from hpo_gym.jobs.progress import Callback, TensorBoard
    from hpo_gym.learning.saved import load
    from hpo_gym.learning.train import train
    from hpo_gym.objectives.front import hypervolume
    from hpo_gym.observers import OBSERVERS, Observer
    from hpo_gym.optimizer import OPTIMIZERS, BatchOptimizer, Context, Optimizer, Trainable
    from hpo_gym.rewards import REWARDS, Reward
    from hpo_gym.space import SearchSpace
    from hpo_gym.suite import SUITES, Suite
    from hpo_gym.suites import load_suite
    from hpo_gym.suites.leave_one_out import leave_suite_out
    from hpo_gym.suites.live import live_suite
    from hpo_gym.tables.constrained import constrained
    from hpo_gym.tables.csv import suite_from_csv
    from hpo_gym.tables.optuna import suite_from_optuna
    from hpo_gym.tables.suite import table_suite
    from hpo_gym.task import Task
    from hpo_gym.tasks.augment import augment
    from hpo_gym.trial import History, Query, Status, Trial
    from hpo_gym.tuning.optuna_pruner import HPOGymPruner
    from hpo_gym.tuning.optuna_sampler import HPOGymSampler
    from hpo_gym.tuning.search_cv import HPOGymSearchCV
    from hpo_gym.tuning.tune import tune
    from hpo_gym.tuning.tuned import Tuned
    from hpo_gym.vector import HPOVectorEnv

__version__ = "0.1.0"

_LAZY = {
    "BatchOptimizer": "optimizer",
    "CODECS": "codecs",
    "Callback": "jobs.progress",
    "Codec": "codecs",
    "Context": "optimizer",
    "Evaluations": "evaluations",
    "HPOEnv": "env",
    "HPOGymSearchCV": "tuning.search_cv",
    "HPOGymPruner": "tuning.optuna_pruner",
    "HPOGymSampler": "tuning.optuna_sampler",
    "HPOVectorEnv": "vector",
    "History": "trial",
    "OBSERVERS": "observers",
    "OPTIMIZERS": "optimizer",
    "Measurement": "evaluations",
    "Observer": "observers",
    "Optimizer": "optimizer",
    "PolicyOptimizer": "forms.policy_optimizer",
    "Proposal": "codecs",
    "Query": "trial",
    "REWARDS": "rewards",
    "Results": "bench.results",
    "Reward": "rewards",
    "SUITES": "suite",
    "SearchSpace": "space",
    "Status": "trial",
    "Suite": "suite",
    "Task": "task",
    "TensorBoard": "jobs.progress",
    "Trainable": "optimizer",
    "Trial": "trial",
    "Tuned": "tuning.tuned",
    "augment": "tasks.augment",
    "benchmark": "bench.runner",
    "check_env": "checks",
    "check_optimizer": "checks",
    "check_suite": "checks",
    "constrained": "tables.constrained",
    "hypervolume": "objectives.front",
    "leave_suite_out": "suites.leave_one_out",
    "live_suite": "suites.live",
    "load": "learning.saved",
    "load_suite": "suites",
    "make_optimizer": "forms",
    "regret_of": "bench.incumbents",
    "rollout": "bench.rollout",
    "suite_from_csv": "tables.csv",
    "suite_from_optuna": "tables.optuna",
    "table_suite": "tables.suite",
    "train": "learning.train",
    "tune": "tuning.tune",
}

_EXTRA = {"HPOGymPruner": "optuna", "HPOGymSampler": "optuna", "HPOGymSearchCV": "sklearn"}
"""What has bases in an optional package: the extra, and the package, by name."""

__all__ = [
    "CODECS",
    "OBSERVERS",
    "OPTIMIZERS",
    "REWARDS",
    "SUITES",
    "BatchOptimizer",
    "Callback",
    "CheckFailed",
    "Codec",
    "Context",
    "DamagedDataError",
    "Evaluations",
    "HPOEnv",
    "HPOGymError",
    "HPOGymPruner",
    "HPOGymSampler",
    "HPOGymSearchCV",
    "HPOVectorEnv",
    "History",
    "InvalidValueError",
    "Measurement",
    "MissingExtraError",
    "Observer",
    "Optimizer",
    "PolicyOptimizer",
    "Proposal",
    "Query",
    "Results",
    "Reward",
    "SearchSpace",
    "SplitError",
    "StateError",
    "Status",
    "StorageFullError",
    "StorageLostError",
    "Suite",
    "Task",
    "TensorBoard",
    "Trainable",
    "Trial",
    "TrialsFailedError",
    "Tuned",
    "UnknownNameError",
    "augment",
    "benchmark",
    "check_env",
    "check_optimizer",
    "check_suite",
    "constrained",
    "hypervolume",
    "leave_suite_out",
    "live_suite",
    "load",
    "load_suite",
    "make_optimizer",
    "regret_of",
    "rollout",
    "suite_from_csv",
    "suite_from_optuna",
    "table_suite",
    "train",
    "tune",
]

for _name, _package in _EXTRA.items():
    if find_spec(_package) is None:  # `from hpo_gym import *` goes without them
        __all__.remove(_name)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'hpo_gym' has no attribute {name!r}")
    if name in _EXTRA:
        importlib.import_module("hpo_gym.registry").require(_EXTRA[name])
    value = getattr(importlib.import_module(f"hpo_gym.{_LAZY[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    rooms = (name.rpartition(".") for name in list(sys.modules))
    return sorted({*__all__, *(name for package, _, name in rooms if package == __name__)})


def _register() -> None:
    """Register the env ids, by names only: the files of the suites are read with `ast`, not imported."""
    from pathlib import Path

    import gymnasium as gym

    from hpo_gym.registry import scan_names

    entry: dict[str, Any] = {"entry_point": "hpo_gym.env:HPOEnv", "vector_entry_point": "hpo_gym.vector:HPOVectorEnv"}
    if "hpo_gym/HPO-v0" in gym.registry:
        return
    gym.register("hpo_gym/HPO-v0", **entry)
    gym.register(
        "hpo_gym/Live-v0", entry_point="hpo_gym.env:LiveEnv", vector_entry_point="hpo_gym.vector:LiveVectorEnv"
    )
    data = Path(__file__).parent / "data"
    for name in scan_names("hpo_gym.suites", "SUITES"):
        gym.register(f"hpo_gym/{name}-v0", kwargs={"suite": name}, **entry)
        if (data / name / "surrogate.npz").is_file():
            gym.register(f"hpo_gym/{name}Surrogate-v0", kwargs={"suite": f"{name}:surrogate"}, **entry)


_register()
