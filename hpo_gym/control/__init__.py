"""Control of anybody's training: a rule or an agent sets the learning rate, and more, before each epoch.

`Control` takes numbers and returns settings.
"""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.control.control import Control as Control
    from hpo_gym.control.guard import Guard as Guard

__getattr__, __dir__, __all__ = offer(__name__)
