"""Optimizers: their protocol, rollouts, learning, and their specs."""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.optimize.collecting.collect import collect as collect
    from hpo_gym.optimize.collecting.episodes import Episodes as Episodes
    from hpo_gym.optimize.collecting.standard import collect_standard as collect_standard
    from hpo_gym.optimize.collecting.standard import standard_sets as standard_sets
    from hpo_gym.optimize.fitting import check_fits as check_fits
    from hpo_gym.optimize.forms import OWN as OWN
    from hpo_gym.optimize.forms import SAVED as SAVED
    from hpo_gym.optimize.forms import Form as Form
    from hpo_gym.optimize.forms import form_of as form_of
    from hpo_gym.optimize.forms import is_model as is_model
    from hpo_gym.optimize.forms import make_optimizer as make_optimizer
    from hpo_gym.optimize.forms import optimizer_of as optimizer_of
    from hpo_gym.optimize.forms.policy_optimizer import Policy as Policy
    from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer as PolicyOptimizer
    from hpo_gym.optimize.in_flight import Desk as Desk
    from hpo_gym.optimize.in_flight import ask_beside as ask_beside
    from hpo_gym.optimize.in_flight import check_in_flight as check_in_flight
    from hpo_gym.optimize.in_flight import lie_of as lie_of
    from hpo_gym.optimize.learning.control import control_of as control_of
    from hpo_gym.optimize.learning.folders import ABOUT as ABOUT
    from hpo_gym.optimize.learning.folders import CHECKPOINTS as CHECKPOINTS
    from hpo_gym.optimize.learning.folders import held as held
    from hpo_gym.optimize.learning.folders import is_plain as is_plain
    from hpo_gym.optimize.learning.folders import read_about as read_about
    from hpo_gym.optimize.learning.folders import shipped as shipped
    from hpo_gym.optimize.learning.made_of import UNKNOWN as UNKNOWN
    from hpo_gym.optimize.learning.made_of import MadeOf as MadeOf
    from hpo_gym.optimize.learning.made_of import joined as joined
    from hpo_gym.optimize.learning.made_of import made_of as made_of
    from hpo_gym.optimize.learning.made_of import moved as moved
    from hpo_gym.optimize.learning.made_of import optimizer_now as optimizer_now
    from hpo_gym.optimize.learning.made_of import stale as stale
    from hpo_gym.optimize.learning.made_of import stamp_of_data as stamp_of_data
    from hpo_gym.optimize.learning.made_of import suite_stamp as suite_stamp
    from hpo_gym.optimize.learning.saved import Arrays as Arrays
    from hpo_gym.optimize.learning.saved import check_saved as check_saved
    from hpo_gym.optimize.learning.saved import content_of as content_of
    from hpo_gym.optimize.learning.saved import load as load
    from hpo_gym.optimize.learning.saved import read_saved as read_saved
    from hpo_gym.optimize.learning.saved import stale_since as stale_since
    from hpo_gym.optimize.learning.saved import write_saved as write_saved
    from hpo_gym.optimize.learning.train import summary as summary
    from hpo_gym.optimize.learning.train import train as train
    from hpo_gym.optimize.outside.messages import BYE as BYE
    from hpo_gym.optimize.outside.messages import CMD as CMD
    from hpo_gym.optimize.outside.messages import Message as Message
    from hpo_gym.optimize.outside.messages import Telling as Telling
    from hpo_gym.optimize.outside.messages import Wording as Wording
    from hpo_gym.optimize.outside.messages import line_of as line_of
    from hpo_gym.optimize.outside.outside import Gone as Gone
    from hpo_gym.optimize.outside.outside import Outside as Outside
    from hpo_gym.optimize.outside.outside import Silent as Silent
    from hpo_gym.optimize.outside.session import Session as Session
    from hpo_gym.optimize.outside.stream import Lines as Lines
    from hpo_gym.optimize.protocol import OPTIMIZERS as OPTIMIZERS
    from hpo_gym.optimize.protocol import BatchOptimizer as BatchOptimizer
    from hpo_gym.optimize.protocol import Context as Context
    from hpo_gym.optimize.protocol import Optimizer as Optimizer
    from hpo_gym.optimize.protocol import Resumable as Resumable
    from hpo_gym.optimize.protocol import Trainable as Trainable
    from hpo_gym.optimize.protocol import asked as asked
    from hpo_gym.optimize.protocol import prior_weight as prior_weight
    from hpo_gym.optimize.protocol import reads_belief as reads_belief
    from hpo_gym.optimize.protocol import remembers as remembers
    from hpo_gym.optimize.rollouts import REFUSED as REFUSED
    from hpo_gym.optimize.rollouts import Run as Run
    from hpo_gym.optimize.rollouts import begun as begun
    from hpo_gym.optimize.rollouts import choices_of as choices_of
    from hpo_gym.optimize.rollouts import rollout as rollout
    from hpo_gym.optimize.rollouts import run_batch as run_batch
    from hpo_gym.optimize.rollouts import run_one as run_one
    from hpo_gym.optimize.rollouts import turns as turns
    from hpo_gym.optimize.sharing.packed import PACKED as PACKED
    from hpo_gym.optimize.sharing.packed import write_packed as write_packed
    from hpo_gym.optimize.sharing.places import is_saved as is_saved
    from hpo_gym.optimize.sharing.places import parted as parted

__getattr__, __dir__, __all__ = offer(__name__)
