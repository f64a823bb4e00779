"""Environments: runs, one transition, observers, codecs and rewards, and the Gymnasium API around them."""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.env.codecs import CODECS as CODECS
    from hpo_gym.env.codecs import Codec as Codec
    from hpo_gym.env.codecs import Proposal as Proposal
    from hpo_gym.env.codecs._one_choice import OneChoice as OneChoice
    from hpo_gym.env.codecs.checks import points_of as points_of
    from hpo_gym.env.default import default_view as default_view
    from hpo_gym.env.env import HPOEnv as HPOEnv
    from hpo_gym.env.kernel import drawn as drawn
    from hpo_gym.env.kernel import make_runs as make_runs
    from hpo_gym.env.keywords import given as given
    from hpo_gym.env.keywords import keywords_checked as keywords_checked
    from hpo_gym.env.observers import MAX as MAX
    from hpo_gym.env.observers import OBSERVERS as OBSERVERS
    from hpo_gym.env.observers import Observer as Observer
    from hpo_gym.env.observers.last import Last as Last
    from hpo_gym.env.parts import Part as Part
    from hpo_gym.env.parts import make_part as make_part
    from hpo_gym.env.pending import PendingEnv as PendingEnv
    from hpo_gym.env.pending import PendingVectorEnv as PendingVectorEnv
    from hpo_gym.env.render import brief as brief
    from hpo_gym.env.render import short as short
    from hpo_gym.env.rewards import REWARDS as REWARDS
    from hpo_gym.env.rewards import Judge as Judge
    from hpo_gym.env.rewards import judge_of as judge_of
    from hpo_gym.env.rewards.score import Score as Score
    from hpo_gym.env.runs.contexts import Contexts as Contexts
    from hpo_gym.env.runs.oracle import Oracle as Oracle
    from hpo_gym.env.runs.runs import Runs as Runs
    from hpo_gym.env.runs.view import view_of as view_of
    from hpo_gym.env.runs.which import ALL_RUNS as ALL_RUNS
    from hpo_gym.env.scales import SCORES as SCORES
    from hpo_gym.env.scales import Bounded as Bounded
    from hpo_gym.env.scales import Raw as Raw
    from hpo_gym.env.scales import ServedScores as ServedScores
    from hpo_gym.env.transition import Transition as Transition
    from hpo_gym.env.vector import HPOVectorEnv as HPOVectorEnv

__getattr__, __dir__, __all__ = offer(__name__)
