"""Judgement of an objective's result: a number, or a mapping of a score and further measurements.

`verdict` alone decides the status of a trial: all code that runs, stores or reads trials asks it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hpo_gym.problem import Status

KEYS = ("score", "cost", "constraints", "test_score")


@dataclass(frozen=True)
class Measured:
    """An evaluation.

    Attributes:
        status: How it ended.
        reason: Why it was no success; empty if it was.
        score: As the objective gave it; NaN where it gave none. Without a success it counts for nothing.
        cost: In the objective's own unit; None if it told none.
        constraints: Each is met where it is at most 0.
        test_score: Of the same model on data that no choice sees; None if the objective told none.
    """

    status: Status
    reason: str = ""
    score: float = math.nan
    cost: float | None = None
    constraints: tuple[float, ...] = ()
    test_score: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; a score that is NaN is None."""
        score = None if math.isnan(self.score) else self.score
        constraints = list(self.constraints)
        tested = {} if self.test_score is None else {"test_score": self.test_score}
        return {"status": int(self.status), "reason": self.reason, "score": score, "cost": self.cost,
                "constraints": constraints, **tested}  # fmt: skip


def verdict(measured: Measured, *, stopped: bool = False) -> Measured:
    """Return the status of a trial: a success ran to its end and met each constraint.

    Args:
        measured: The objective's last result, as `judged` returns it.
        stopped: Whether the trial was ended before its last step.
    """
    if measured.status is not Status.OK:
        return measured
    broken = [f"{i + 1} ({c:g} > 0)" for i, c in enumerate(measured.constraints) if c > 0.0]
    if broken:
        return replace(measured, status=Status.INFEASIBLE, reason=f"it breaks constraint {', '.join(broken)}"[:500])
    if stopped:
        return replace(measured, status=Status.STOPPED, reason="it was stopped early: others were ahead of it")
    return measured


def judged(value: object) -> Measured:
    """Read an objective's result: a finite number, or a mapping with a `score` and, optionally, others of `KEYS`.

    It may be one step of many, so its constraints decide nothing yet: see `verdict`.
    """
    if not isinstance(value, Mapping):
        return _scored(value)
    unknown = [key for key in value if key not in KEYS]
    if unknown or "score" not in value:
        wrong = f"{unknown[0]!r}" if unknown else "no 'score'"
        known = f"a score, and may have {', '.join(KEYS[1:-1])} and {KEYS[-1]}"
        return Measured(Status.INVALID, f"a result that is a mapping must have {known}, got {wrong}"[:500])
    found = _scored(value["score"])
    if found.status is not Status.OK:
        return found
    cost, tested = value.get("cost"), value.get("test_score")
    if cost is not None and not (is_number(cost) and math.isfinite(float(cost)) and float(cost) >= 0):
        return Measured(Status.INVALID, f"the cost must be finite and not negative, got {cost!r}"[:500])
    if tested is not None and _scored(tested).status is not Status.OK:
        return Measured(Status.INVALID, f"the test score must be a finite number, got {tested!r}"[:500])
    try:
        constraints = tuple(float(c) for c in value.get("constraints") or ())
    except (TypeError, ValueError, OverflowError):
        return Measured(Status.INVALID, f"constraints must be numbers, got {value['constraints']!r}"[:500])
    if not all(map(math.isfinite, constraints)):
        return Measured(Status.INVALID, f"constraints must be finite, got {constraints}"[:500])
    numbers = [None if known is None else float(known) for known in (cost, tested)]
    return Measured(Status.OK, "", found.score, numbers[0], constraints, numbers[1])


def result_of(
    objective: Callable[..., Any], config: Mapping[str, Any], named: Mapping[str, Any],
    goes_on: Callable[[Any, float], bool],
) -> Measured:  # fmt: skip
    """Call an objective; judge its result, of one that yields the last result, or the first one without success.

    Args:
        objective: It returns what `judged` reads, or yields pairs of a step and such a result.
        goes_on: Asked after each step with its score.
    """
    steps = Steps(objective(config, **named))
    while (step := steps.next()) is not None and goes_on(*step):
        pass
    return verdict(judged(steps.result))


class Steps:
    """The return value of an objective: a result, or steps that each replace it."""

    def __init__(self, value: Any) -> None:
        yields = hasattr(value, "__next__")
        self.result, self._left = (None, iter(value)) if yields else (value, iter(()))

    def next(self) -> tuple[Any, float] | None:
        """Run to the next step; return it with its score, or None at the end or without success."""
        for step, result in self._left:
            self.result, found = result, judged(result)
            return (step, found.score) if found.status is Status.OK else None
        return None


def kind_of(fault: BaseException) -> Status:
    """Return the status of a trial that raised."""
    if isinstance(fault, TimeoutError):
        return Status.TIMEOUT
    return Status.MEMORYOUT if isinstance(fault, MemoryError) else Status.FAILED


def _scored(value: Any) -> Measured:
    try:
        number = float(value) if is_number(value) else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None:
        return Measured(Status.INVALID, f"the score must be a number, got {value!r}"[:500])
    if not math.isfinite(number):
        return Measured(Status.DIVERGED, f"the score must be finite, got {number}")
    return Measured(Status.OK, "", number)


def is_number(value: object) -> bool:
    """Return whether a value is a real number."""
    return hasattr(value, "__float__") and not isinstance(value, complex)
