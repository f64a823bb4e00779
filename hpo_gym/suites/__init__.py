"""Suites: the registered ones, one file each; the kinds of tasks in `tasks`; your own tables in `own`."""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.suites.live import LIVE as LIVE
    from hpo_gym.suites.live import describe_live as describe_live
    from hpo_gym.suites.live import from_description as from_description
    from hpo_gym.suites.live import identified as identified
    from hpo_gym.suites.live import live_suite as live_suite
    from hpo_gym.suites.load import is_several as is_several
    from hpo_gym.suites.load import is_shipped as is_shipped
    from hpo_gym.suites.load import load_suite as load_suite
    from hpo_gym.suites.load import registered as registered
    from hpo_gym.suites.own.constrained import constrained as constrained
    from hpo_gym.suites.own.files import PROPOSED as PROPOSED
    from hpo_gym.suites.own.files import little as little
    from hpo_gym.suites.own.files import write_folder as write_folder
    from hpo_gym.suites.own.files import write_npz as write_npz
    from hpo_gym.suites.own.hpob import hpob_suites as hpob_suites
    from hpo_gym.suites.own.input import values_of as values_of
    from hpo_gym.suites.own.optuna import constraints_of as constraints_of
    from hpo_gym.suites.own.optuna import suite_from_optuna as suite_from_optuna
    from hpo_gym.suites.own.reading import TrialRows as TrialRows
    from hpo_gym.suites.own.reading import of_frame as of_frame
    from hpo_gym.suites.own.reading import read_rows as read_rows
    from hpo_gym.suites.own.roles import COLUMNS as COLUMNS
    from hpo_gym.suites.own.roles import PARAMS as PARAMS
    from hpo_gym.suites.own.roles import TASK as TASK
    from hpo_gym.suites.own.roles import WEIGHT as WEIGHT
    from hpo_gym.suites.own.roles import Roles as Roles
    from hpo_gym.suites.own.space import widened as widened
    from hpo_gym.suites.own.suite import TableSuite as TableSuite
    from hpo_gym.suites.own.suite import load_folder as load_folder
    from hpo_gym.suites.own.suite import table_suite as table_suite
    from hpo_gym.suites.own.trials import Source as Source
    from hpo_gym.suites.own.trials import suite_from_csv as suite_from_csv
    from hpo_gym.suites.own.trials import suite_of as suite_of
    from hpo_gym.suites.own.trials import warn as warn
    from hpo_gym.suites.ready import NAME as NAME
    from hpo_gym.suites.ready import ready_suite as ready_suite
    from hpo_gym.suites.sets import SETS as SETS
    from hpo_gym.suites.sets import each as each
    from hpo_gym.suites.sets import suites_in as suites_in
    from hpo_gym.suites.surrogates import ABOUT as ABOUT
    from hpo_gym.suites.surrogates import ARRAYS as ARRAYS
    from hpo_gym.suites.surrogates import FLOOR as FLOOR
    from hpo_gym.suites.surrogates import FORMAT as FORMAT
    from hpo_gym.suites.surrogates import SUFFIX as SUFFIX
    from hpo_gym.suites.surrogates import read_about as read_about
    from hpo_gym.suites.surrogates import served as served
    from hpo_gym.suites.tasks.live import ObjectiveTask as ObjectiveTask
    from hpo_gym.suites.tasks.surrogate.model import LAYERS as LAYERS
    from hpo_gym.suites.tasks.surrogate.model import REACH as REACH
    from hpo_gym.suites.tasks.surrogate.model import STEPS as STEPS
    from hpo_gym.suites.tasks.surrogate.model import Encoding as Encoding
    from hpo_gym.suites.tasks.surrogate.model import SurrogateModel as SurrogateModel

__getattr__, __dir__, __all__ = offer(__name__)
