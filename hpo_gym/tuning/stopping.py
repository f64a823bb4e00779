"""When to stop a trial before its end: asynchronous successive halving over the steps that trials report."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hpo_gym.base import InvalidValueError, whole_fields

Steps = Sequence[tuple[int, float]]
"""Reports of a trial: steps, ascending, and the value at each."""


@dataclass(frozen=True)
class Halving:
    """Stop a trial outside the best 1 / eta of the trials that came as far.

    Rungs are the steps ``min_steps``, ``min_steps eta``, ``min_steps eta^2``, ... A trial reaches a rung with its first
    report at that step or later, and the value of that report is its value there. It continues if it is at least as
    good as the ``floor(n / eta)``-th best of the `n` trials at the rung, itself among them; with fewer than `eta`, if
    it is the best. A value that is no finite number stops. Later arrivals at a rung change nothing for trials beyond
    it.

    **Reference**: Li, Jamieson, Rostamizadeh, Gonina, Ben-Tzur, Hardt, Recht and Talwalkar, "A system for massively
    parallel hyperparameter tuning", MLSys 2020, Algorithm 2, https://arxiv.org/abs/1810.05934

    **Differs from the paper**: a trial below the cut is stopped for good, where the paper's waits and may continue
    later, since running code cannot be frozen; so the best continues also if fewer than `eta` came as far; there is no
    highest rung.

    Args:
        eta: One of so many trials continues.
        min_steps: The lowest rung.
    """

    eta: int = 3
    min_steps: int = 1

    def __post_init__(self) -> None:
        whole_fields(self, 2, "eta")
        whole_fields(self, 1, "min_steps")

    def stops(self, trials: Mapping[int, Steps], number: int, direction: str = "maximize") -> bool:
        """Return whether a trial stops at its last report.

        Args:
            trials: The reports of each trial, ended or running, by its number; the judged one too.
            direction: "maximize" or "minimize".

        Raises:
            InvalidValueError: No such direction.
        """
        if direction not in ("maximize", "minimize"):
            raise InvalidValueError(f"`direction` must be 'maximize' or 'minimize', got {direction!r}.")
        own, sign = trials[number], 1.0 if direction == "maximize" else -1.0
        return not all(
            self._goes_on([sign * v for steps in trials.values() for v in _at(steps, rung)], sign * _at(own, rung)[0])
            for rung in self._rungs(own)
        )

    def ends(self, trials: Mapping[int, Steps], whole: Collection[int], number: int) -> bool:
        """Return whether a trial is likely at its own end at its last report, so that stopping it would save nothing.

        It is at a rung where most others ended by themselves: of those that came as far, more than half of the ones
        with a known fate. One trial that ends early decides that for the next one only.

        Args:
            whole: Numbers of trials that ended by themselves, with a score.
        """
        rungs = self._rungs(trials[number])
        if not rungs:
            return False
        there = [(n, steps) for n, steps in trials.items() if n != number and _at(steps, rungs[-1])]
        beyond = [n for n, steps in there if len(steps) > 1 and steps[-2][0] >= rungs[-1]]
        return sum(n in whole and n not in beyond for n, _ in there) > len(beyond)

    def _rungs(self, own: Steps) -> list[int]:
        """Return the rungs that a trial has reached with its last report."""
        rung, out = self.min_steps, list[int]()
        while own and rung <= own[-1][0]:
            if len(own) == 1 or rung > own[-2][0]:
                out.append(rung)
            rung *= self.eta
        return out

    def _goes_on(self, values: Sequence[float], own: float) -> bool:
        if not math.isfinite(own):
            return False
        ranked = sorted((v for v in values if math.isfinite(v)), reverse=True)
        return own >= ranked[max(len(values) // self.eta, 1) - 1]


def _at(steps: Steps, rung: int) -> list[float]:
    """Return the value at a rung, as a list of one; empty for a trial that has not reached it."""
    return [next(value for step, value in steps if step >= rung)] if steps and steps[-1][0] >= rung else []
