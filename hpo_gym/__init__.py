"""Hyperparameter optimisation as a Gymnasium environment.

`import hpo_gym` registers the env ids ``hpo_gym/<Suite>-v0``, ``hpo_gym/<Suite>Surrogate-v0`` where a suite has
surrogates, ``hpo_gym/HPO-v0`` and ``hpo_gym/Live-v0``. Gymnasium and NumPy are loaded now, the rest at first use.
"""

from __future__ import annotations

from hpo_gym.base import interrupt as _interrupt  # noqa: F401 - first of all: Ctrl-C while the rest is imported  # isort: skip

from typing import TYPE_CHECKING, Any

from hpo_gym.base.lazy import offer as _offer
from hpo_gym.base.version import DATA as _DATA
from hpo_gym.base.version import __version__ as __version__

if TYPE_CHECKING:
    from hpo_gym import text as text
    from hpo_gym.base.errors import CheckFailed as CheckFailed
    from hpo_gym.base.errors import DamagedDataError as DamagedDataError
    from hpo_gym.base.errors import HPOGymError as HPOGymError
    from hpo_gym.base.errors import InvalidValueError as InvalidValueError
    from hpo_gym.base.errors import MissingExtraError as MissingExtraError
    from hpo_gym.base.errors import ProposalsRefusedError as ProposalsRefusedError
    from hpo_gym.base.errors import SplitError as SplitError
    from hpo_gym.base.errors import StateError as StateError
    from hpo_gym.base.errors import StorageFullError as StorageFullError
    from hpo_gym.base.errors import StorageLostError as StorageLostError
    from hpo_gym.base.errors import TrialsFailedError as TrialsFailedError
    from hpo_gym.base.errors import UnknownNameError as UnknownNameError
    from hpo_gym.bench.incumbent import regret_of as regret_of
    from hpo_gym.bench.results import Results as Results
    from hpo_gym.bench.runner import benchmark as benchmark
    from hpo_gym.checks.env import check_env as check_env
    from hpo_gym.checks.optimizer import check_optimizer as check_optimizer
    from hpo_gym.checks.suite import check_suite as check_suite
    from hpo_gym.env.codecs import CODECS as CODECS
    from hpo_gym.env.codecs import Codec as Codec
    from hpo_gym.env.codecs import Proposal as Proposal
    from hpo_gym.env.env import HPOEnv as HPOEnv
    from hpo_gym.env.observers import OBSERVERS as OBSERVERS
    from hpo_gym.env.observers import Observer as Observer
    from hpo_gym.env.rewards import REWARDS as REWARDS
    from hpo_gym.env.rewards import Reward as Reward
    from hpo_gym.env.vector import HPOVectorEnv as HPOVectorEnv
    from hpo_gym.optimize.collecting.collect import collect as collect
    from hpo_gym.optimize.collecting.episodes import Episodes as Episodes
    from hpo_gym.optimize.forms import make_optimizer as make_optimizer
    from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer as PolicyOptimizer
    from hpo_gym.optimize.learning.saved import load as load
    from hpo_gym.optimize.learning.train import train as train
    from hpo_gym.optimize.protocol import OPTIMIZERS as OPTIMIZERS
    from hpo_gym.optimize.protocol import BatchOptimizer as BatchOptimizer
    from hpo_gym.optimize.protocol import Context as Context
    from hpo_gym.optimize.protocol import Optimizer as Optimizer
    from hpo_gym.optimize.protocol import Trainable as Trainable
    from hpo_gym.optimize.rollouts import rollout as rollout
    from hpo_gym.problem.earlier import Evaluations as Evaluations
    from hpo_gym.problem.earlier import Measurement as Measurement
    from hpo_gym.problem.objectives.front import hypervolume as hypervolume
    from hpo_gym.problem.space import SearchSpace as SearchSpace
    from hpo_gym.problem.suite import SUITES as SUITES
    from hpo_gym.problem.suite import Suite as Suite
    from hpo_gym.problem.task import Task as Task
    from hpo_gym.problem.trial import History as History
    from hpo_gym.problem.trial import Query as Query
    from hpo_gym.problem.trial import Refusal as Refusal
    from hpo_gym.problem.trial import Status as Status
    from hpo_gym.problem.trial import Trial as Trial
    from hpo_gym.suites.live import live_suite as live_suite
    from hpo_gym.suites.load import leave_suite_out as leave_suite_out
    from hpo_gym.suites.load import load_suite as load_suite
    from hpo_gym.suites.own.constrained import constrained as constrained
    from hpo_gym.suites.own.optuna import suite_from_optuna as suite_from_optuna
    from hpo_gym.suites.own.suite import table_suite as table_suite
    from hpo_gym.suites.own.trials import suite_from_csv as suite_from_csv
    from hpo_gym.system.jobs.progress import Callback as Callback
    from hpo_gym.system.jobs.progress import TensorBoard as TensorBoard
    from hpo_gym.tuning.estimators import space_for as space_for
    from hpo_gym.tuning.open_study import OpenStudy as OpenStudy
    from hpo_gym.tuning.optuna_sampler import HPOGymSampler as HPOGymSampler
    from hpo_gym.tuning.search_cv import HPOGymSearchCV as HPOGymSearchCV
    from hpo_gym.tuning.tuned import Tuned as Tuned
    from hpo_gym.tuning.tuner import tune as tune


_EXTRA = {"HPOGymSampler": "optuna", "HPOGymSearchCV": "sklearn"}
__getattr__, __dir__, __all__ = _offer(__name__, _EXTRA)


def _register() -> None:
    """Register the env ids, by names only: the files of the suites are read with `ast`, not imported."""
    import gymnasium as gym

    from hpo_gym.base.registry import scan_names

    entry: dict[str, Any] = {"entry_point": "hpo_gym.env:HPOEnv", "vector_entry_point": "hpo_gym.env:HPOVectorEnv"}
    if "hpo_gym/HPO-v0" in gym.registry:
        return
    gym.register("hpo_gym/HPO-v0", **entry)
    live, many = "hpo_gym.env.env:LiveEnv", "hpo_gym.env.vector:LiveVectorEnv"
    gym.register("hpo_gym/Live-v0", entry_point=live, vector_entry_point=many)
    for name in scan_names("hpo_gym.suites", "SUITES"):
        gym.register(f"hpo_gym/{name}-v0", kwargs={"suite": name}, **entry)
        if (_DATA / name / "surrogate.npz").is_file():
            gym.register(f"hpo_gym/{name}Surrogate-v0", kwargs={"suite": f"{name}:surrogate"}, **entry)


_register()
