"""Codecs: what an action means. Named, stateless, batch-first functions of contexts, runs and actions; one file each.

Every codec takes two options: `fidelity`, so that an action also chooses how far to train, and `stop`, so that it can
end the episode. An action outside the action space is refused, and nothing is changed.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import Floats, InvalidValueError, Mask, Registry
from hpo_gym.env.codecs.checks import array_of
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import Suite


class Proposal(NamedTuple):
    """Decoded actions: rows ``(n,)`` or points ``(n, d)`` in `at`, fidelities and stops ``(n,)`` or None."""

    at: NDArray[Any]
    fidelity: Floats | None = None
    stop: Mask | None = None


Decoder = Callable[[Runs, ArrayLike], tuple[NDArray[Any], Floats | None, Mask | None]]
"""From runs and actions to the parts of a `Proposal`."""

DecoderOne = Callable[[Runs, Any], int]
"""From the only run and its action to a row."""

CODECS: Registry[Codec] = Registry("codec", ("hpo_gym.env.codecs",), variable="CODECS")


class Codec(ABC):
    """Maps actions to proposals.

    Attributes:
        fidelity, stop: Whether an action also chooses a fidelity, and can end the episode.
        keeps: Names of the columns that `decode` reads: see `hpo_gym.env.runs.columns`.
        pool: Whether an action is a row, so that the tasks must have a pool and repeats can be masked.
    """

    keeps: tuple[str, ...] = ()
    pool = False
    fidelity: bool
    stop: bool

    @abstractmethod
    def space(self, contexts: Contexts) -> gym.Space[Any]:
        """Return the action space of one run."""

    @abstractmethod
    def decode(self, contexts: Contexts, runs: Runs, actions: ArrayLike) -> Proposal:
        """Map the actions of `n` runs; raises `InvalidValueError` where one is outside the action space."""

    def of_suite(self, suite: Suite, fold: int | None) -> Codec:
        """Return the codec for an env of a suite: itself, unless its actions are made from the meta-train tasks."""
        return self

    def encode(self, contexts: Contexts, runs: Runs, wanted: Proposal) -> NDArray[Any]:
        """Return the actions of `n` runs that stand for proposals, where the codec has them; else others.

        Raises:
            InvalidValueError: The codec has no inverse.
        """
        raise InvalidValueError(f"The codec must have `encode`, {type(self).__name__} has none; use 'box' or 'pool'.")

    def decoder(self, contexts: Contexts) -> Decoder:
        """`decode` for these contexts, with what does not change from step to step looked up once."""
        return functools.partial(self.decode, contexts)

    def decoder_one(self, contexts: Contexts) -> DecoderOne:
        """Return `decoder` for the only run on a pool, if an action chooses neither a fidelity nor a stop."""
        return functools.partial(_decode_one, self.decoder(contexts))

    def masks(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        """Return the sensible actions, ``(n, a)``, or the sides of each part one after the other; all, by default."""
        space = self.space(contexts)
        width = int(space.n) if isinstance(space, gym.spaces.Discrete) else int(np.sum(getattr(space, "nvec", 0)))
        if not width:
            raise InvalidValueError(f"Only discrete actions have masks, this codec has {space}.")
        return np.ones((runs.n, width), bool)


def as_batch(action: object) -> NDArray[Any]:
    """Return an action of one run as a batch of one; raise `InvalidValueError` unless it is an array of numbers."""
    return array_of(action, "An action must be a number or an array of numbers")[None]


def _decode_one(decode: Decoder, runs: Runs, action: object) -> int:
    return int(decode(runs, as_batch(action))[0].item())
