"""Tuning of your own models: `tune`, Optuna, scikit-learn."""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.tuning.allowance import Allowance as Allowance
    from hpo_gym.tuning.auto import AUTO as AUTO
    from hpo_gym.tuning.auto import taken as taken
    from hpo_gym.tuning.earlier import earlier_tasks as earlier_tasks
    from hpo_gym.tuning.export.policy import pack_policy as pack_policy
    from hpo_gym.tuning.export.studies import write_studies as write_studies
    from hpo_gym.tuning.export.table import write_table as write_table
    from hpo_gym.tuning.folder import about as about
    from hpo_gym.tuning.folder import is_tuning as is_tuning
    from hpo_gym.tuning.folder import watch as watch
    from hpo_gym.tuning.folder import write as write
    from hpo_gym.tuning.matching import matched as matched
    from hpo_gym.tuning.meta_features import MAX_LEVELS as MAX_LEVELS
    from hpo_gym.tuning.meta_features import MAX_SKEWNESS as MAX_SKEWNESS
    from hpo_gym.tuning.meta_features import describe as describe
    from hpo_gym.tuning.meta_features import heavy_tailed as heavy_tailed
    from hpo_gym.tuning.meta_features import levels as levels
    from hpo_gym.tuning.meta_features import numbers as numbers
    from hpo_gym.tuning.proposals import Proposer as Proposer
    from hpo_gym.tuning.spaces import read_file as read_file
    from hpo_gym.tuning.study import Ended as Ended
    from hpo_gym.tuning.study import Study as Study
    from hpo_gym.tuning.study import StudyPlan as StudyPlan
    from hpo_gym.tuning.tuned import Tuned as Tuned
    from hpo_gym.tuning.tuner import tune as tune

_EXTRA = {"write_studies": "optuna"}
__getattr__, __dir__, __all__ = offer(__name__, _EXTRA)
