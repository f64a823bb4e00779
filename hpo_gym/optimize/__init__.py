"""Optimizers: their protocol, rollouts, transfer from earlier tasks, learning, and their specs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.optimize.forms import OWN as OWN
    from hpo_gym.optimize.forms import SAVED as SAVED
    from hpo_gym.optimize.forms import Form as Form
    from hpo_gym.optimize.forms import form_of as form_of
    from hpo_gym.optimize.forms import is_model as is_model
    from hpo_gym.optimize.forms import make_optimizer as make_optimizer
    from hpo_gym.optimize.forms.policy_optimizer import Policy as Policy
    from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer as PolicyOptimizer
    from hpo_gym.optimize.learning.made_of import UNKNOWN as UNKNOWN
    from hpo_gym.optimize.learning.made_of import MadeOf as MadeOf
    from hpo_gym.optimize.learning.made_of import joined as joined
    from hpo_gym.optimize.learning.made_of import made_of as made_of
    from hpo_gym.optimize.learning.made_of import moved as moved
    from hpo_gym.optimize.learning.made_of import optimizer_now as optimizer_now
    from hpo_gym.optimize.learning.made_of import stale as stale
    from hpo_gym.optimize.learning.made_of import stamp_of_data as stamp_of_data
    from hpo_gym.optimize.learning.made_of import suite_stamp as suite_stamp
    from hpo_gym.optimize.learning.networks import load_weights as load_weights
    from hpo_gym.optimize.learning.networks import one_thread as one_thread
    from hpo_gym.optimize.learning.networks import own_randomness as own_randomness
    from hpo_gym.optimize.learning.networks import weights_of as weights_of
    from hpo_gym.optimize.learning.resuming import Checkpoint as Checkpoint
    from hpo_gym.optimize.learning.resuming import read_checkpoint as read_checkpoint
    from hpo_gym.optimize.learning.resuming import write_checkpoint as write_checkpoint
    from hpo_gym.optimize.learning.saved import ABOUT as ABOUT
    from hpo_gym.optimize.learning.saved import Arrays as Arrays
    from hpo_gym.optimize.learning.saved import check_finite as check_finite
    from hpo_gym.optimize.learning.saved import check_like as check_like
    from hpo_gym.optimize.learning.saved import check_saved as check_saved
    from hpo_gym.optimize.learning.saved import content_of as content_of
    from hpo_gym.optimize.learning.saved import is_saved as is_saved
    from hpo_gym.optimize.learning.saved import load as load
    from hpo_gym.optimize.learning.saved import parted as parted
    from hpo_gym.optimize.learning.saved import read_about as read_about
    from hpo_gym.optimize.learning.saved import read_saved as read_saved
    from hpo_gym.optimize.learning.saved import shipped as shipped
    from hpo_gym.optimize.learning.saved import stale_since as stale_since
    from hpo_gym.optimize.learning.saved import write_saved as write_saved
    from hpo_gym.optimize.learning.train import summary as summary
    from hpo_gym.optimize.learning.train import train as train
    from hpo_gym.optimize.learning.trained import Trained as Trained
    from hpo_gym.optimize.learning.validate import mean_regret as mean_regret
    from hpo_gym.optimize.learning.validate import mean_regret_in_cost as mean_regret_in_cost
    from hpo_gym.optimize.protocol import OPTIMIZERS as OPTIMIZERS
    from hpo_gym.optimize.protocol import BatchOptimizer as BatchOptimizer
    from hpo_gym.optimize.protocol import Context as Context
    from hpo_gym.optimize.protocol import Optimizer as Optimizer
    from hpo_gym.optimize.protocol import Resumable as Resumable
    from hpo_gym.optimize.protocol import Trainable as Trainable
    from hpo_gym.optimize.protocol import reads_belief as reads_belief
    from hpo_gym.optimize.protocol import remembers as remembers
    from hpo_gym.optimize.rollouts import Run as Run
    from hpo_gym.optimize.rollouts import choices_of as choices_of
    from hpo_gym.optimize.rollouts import rollout as rollout
    from hpo_gym.optimize.rollouts import run_batch as run_batch
    from hpo_gym.optimize.rollouts import run_one as run_one
    from hpo_gym.optimize.rollouts import turns as turns
    from hpo_gym.optimize.transfer.acquisition import best_of as best_of
    from hpo_gym.optimize.transfer.acquisition import expected_improvement as expected_improvement
    from hpo_gym.optimize.transfer.acquisition import floored_log_improvement as floored_log_improvement
    from hpo_gym.optimize.transfer.acquisition import log_expected_improvement as log_expected_improvement
    from hpo_gym.optimize.transfer.acquisition import standardised as standardised
    from hpo_gym.optimize.transfer.acquisition import weighted_gain as weighted_gain
    from hpo_gym.optimize.transfer.columns import Columns as Columns
    from hpo_gym.optimize.transfer.columns import one_hot as one_hot
    from hpo_gym.optimize.transfer.costs import log_cost_of as log_cost_of
    from hpo_gym.optimize.transfer.ensemble import EXPONENT as EXPONENT
    from hpo_gym.optimize.transfer.ensemble import FIRST as FIRST
    from hpo_gym.optimize.transfer.ensemble import NOISE as NOISE
    from hpo_gym.optimize.transfer.ensemble import PROCESSES as PROCESSES
    from hpo_gym.optimize.transfer.ensemble import SHRINKAGE as SHRINKAGE
    from hpo_gym.optimize.transfer.ensemble import Ensemble as Ensemble
    from hpo_gym.optimize.transfer.ensemble import Member as Member
    from hpo_gym.optimize.transfer.ensemble import members_of as members_of
    from hpo_gym.optimize.transfer.ensemble import names_of as names_of
    from hpo_gym.optimize.transfer.gaussian_process import GaussianProcess as GaussianProcess
    from hpo_gym.optimize.transfer.gaussian_process import matern52 as matern52
    from hpo_gym.optimize.transfer.gaussian_process import prior_centre as prior_centre
    from hpo_gym.optimize.transfer.incremental import IncrementalPosterior as IncrementalPosterior
    from hpo_gym.optimize.transfer.incremental import Matern as Matern
    from hpo_gym.optimize.transfer.incremental import RowProcess as RowProcess
    from hpo_gym.optimize.transfer.matching import foreign_units as foreign_units
    from hpo_gym.optimize.transfer.matching import matched as matched
    from hpo_gym.optimize.transfer.memory import Memory as Memory
    from hpo_gym.optimize.transfer.memory import memory_of as memory_of
    from hpo_gym.optimize.transfer.meta_features import MAX_LEVELS as MAX_LEVELS
    from hpo_gym.optimize.transfer.meta_features import MAX_SKEWNESS as MAX_SKEWNESS
    from hpo_gym.optimize.transfer.meta_features import describe as describe
    from hpo_gym.optimize.transfer.meta_features import heavy_tailed as heavy_tailed
    from hpo_gym.optimize.transfer.meta_features import levels as levels
    from hpo_gym.optimize.transfer.meta_features import numbers as numbers
    from hpo_gym.optimize.transfer.mixture import TEMPERATURE as TEMPERATURE
    from hpo_gym.optimize.transfer.mixture import Mixture as Mixture
    from hpo_gym.optimize.transfer.mixture import order_weights as order_weights
    from hpo_gym.optimize.transfer.pool_prior import PoolPrior as PoolPrior
    from hpo_gym.optimize.transfer.portfolio import Portfolio as Portfolio
    from hpo_gym.optimize.transfer.posterior import PoolPosterior as PoolPosterior
    from hpo_gym.optimize.transfer.posterior import TaskPosterior as TaskPosterior
    from hpo_gym.optimize.transfer.posterior import TaskPrior as TaskPrior
    from hpo_gym.optimize.transfer.posterior import TaskProcess as TaskProcess
    from hpo_gym.optimize.transfer.surrogate import candidates_of as candidates_of
    from hpo_gym.optimize.transfer.surrogate import scores_at as scores_at
    from hpo_gym.optimize.transfer.surrogate import table_at as table_at

__getattr__, __dir__, __all__ = offer(__name__)
