"""Servers for agents that call us."""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.serve.stdio import Plays as Plays
    from hpo_gym.serve.stdio import serve_stdio as serve_stdio

__getattr__, __dir__, __all__ = offer(__name__)
