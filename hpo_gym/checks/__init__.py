"""Contract tests for everyone: does an env, an optimizer, a suite do what it says? Every fault is named, not the first.

from hpo_gym import check_env
check_env(gym.make("hpo_gym/AutoML-v0"))  # raises CheckFailed, or says nothing
"""

from hpo_gym.checks.env import check_env
from hpo_gym.checks.optimizer import check_optimizer
from hpo_gym.checks.suite import check_suite

__all__ = ["check_env", "check_optimizer", "check_suite"]
