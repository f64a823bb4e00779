"""Observers: what an agent sees. Named, stateless, batch-first functions of contexts and runs; one file each.

Configurations are shown in [-1, 1], an inactive hyperparameter as 0, scores on the served scale, all as float32.
An observer that takes `context` shows meta-features of the data set too, standardised with meta-train statistics, an
unknown one as 0, with a flag for each that is known.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Registry
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import Raw, ServedScores
from hpo_gym.problem import Suite

Observation = NDArray[Any] | dict[str, NDArray[Any]] | tuple[str, ...]
MAX = float(np.finfo(np.float32).max)

OBSERVERS: Registry[Observer] = Registry("observer", ("hpo_gym.env.observers",), variable="OBSERVERS")


class Observer(ABC):
    """Shows runs to an agent. Called when every run has a trial, or none has.

    Attributes:
        fused: Whether a table's rows are gathered at each step: see `Runs.block`.
        keeps: Names of the columns that it reads: see `hpo_gym.env.runs.columns`.
        candidates: Rows drawn for each episode, or None.
        blank: Whether runs without a trial all look alike.
        outcomes: Whether it shows costs and statuses of trials.
        remembers: What it shows of earlier tasks beside statistics of their scores: see
            `hpo_gym.optimize.protocol.remembers`.
        reads: Signals that it shows of trials that go on from each other; None: all.
    """

    fused = False
    keeps: tuple[str, ...] = ()
    candidates: int | None = None
    blank = False
    outcomes = False
    remembers: tuple[str, ...] = ()
    reads: tuple[str, ...] | None = ()
    served: ServedScores
    context: bool

    def __init__(self, context: bool = False, served: ServedScores | None = None) -> None:
        self.context, self.served = context, served or Raw()

    def of_suite(self, suite: Suite, fold: int | None) -> Observer:
        """Return the observer for an env of a suite: itself, unless what it shows is made from the meta-train tasks."""
        return self

    @abstractmethod
    def space(self, contexts: Contexts) -> gym.Space[Any]:
        """Return the observation space of one run."""

    @abstractmethod
    def __call__(self, contexts: Contexts, runs: Runs) -> Observation:
        """Fresh observations of `n` runs: an array ``(n, ...)``, a dictionary of such, or `n` texts."""

    def one(self, contexts: Contexts, runs: Runs) -> Any:
        """Return the observation of the only run after a trial, in the form of `HPOEnv`."""
        return first(self(contexts, runs))

    def viewer_one(self, contexts: Contexts) -> Callable[[Runs], Any]:
        """Return `one` for these contexts; it may remember what it has shown of the episode."""
        return functools.partial(self.one, contexts)

    def serve(self, contexts: Contexts, runs: Runs, scores: NDArray[Any]) -> NDArray[Any]:
        """Scores on the served scale, within the range of float32."""
        if self.served.plain and scores.dtype == np.float32:
            return scores
        with np.errstate(over="ignore"):
            out = self.served.serve(contexts, runs, scores)
        return out if out.dtype == np.float32 else np.clip(out, -MAX, MAX)


def first(batch: Observation) -> Any:
    """Return the observation of the first run."""
    return {name: value[0] for name, value in batch.items()} if isinstance(batch, dict) else batch[0]
