"""Control of anybody's training: a rule or an agent sets the learning rate, and more, before each epoch.

`Control` takes numbers and returns settings, and needs no PyTorch; `Controller` and `AutoRate` set them there, and
`LightningControl` and `KerasControl` are callbacks.
"""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.control.auto_rate import AutoRate as AutoRate
    from hpo_gym.control.control import Control as Control
    from hpo_gym.control.controller import Controller as Controller
    from hpo_gym.control.guard import Guard as Guard
    from hpo_gym.control.in_keras import KerasControl as KerasControl
    from hpo_gym.control.in_lightning import LightningControl as LightningControl

_EXTRA = {"AutoRate": "torch", "Controller": "torch", "KerasControl": "keras", "LightningControl": "lightning"}
__getattr__, __dir__, __all__ = offer(__name__, _EXTRA)
