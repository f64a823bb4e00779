"""`Setup`: settings shared by all policy trainings of one batch, and the search space of their controls."""

from __future__ import annotations

from dataclasses import dataclass

from hpo_gym.base import InvalidValueError, whole_fields
from hpo_gym.problem import SearchSpace

RATE, SIGMA = "learning_rate", "sigma"


@dataclass(frozen=True)
class Setup:
    """An evolution strategy.

    Attributes:
        pairs: Antithetic pairs of a generation.
        starts: Start states for judging the mean, the same for all generations of a run.
        steps: Of an episode of control.
        effort: Share of a reward that the largest actions cost.
        decades: Largest deviation of the sensors' unit from the usual one, in powers of ten up and down.
    """

    pairs: int = 8
    starts: int = 8
    steps: int = 100
    effort: float = 0.5
    decades: float = 1.0

    def __post_init__(self) -> None:
        whole_fields(self, 1, "pairs", "starts", "steps")
        if not 0 <= self.effort <= 1:
            raise InvalidValueError(f"`0 <= effort <= 1` must hold, got {self.effort}.")
        if not 0 <= self.decades <= 3:
            raise InvalidValueError(f"`0 <= decades <= 3` must hold, got {self.decades}.")


def policy_space() -> SearchSpace:
    """`learning_rate` in [1e-3, 30] and `sigma` in [1e-3, 10]."""
    common = {"type": "uniform_float", "lower": 1e-3, "log": True, "meta": None}
    columns = [
        {**common, "name": RATE, "upper": 30.0, "default_value": 0.3},
        {**common, "name": SIGMA, "upper": 10.0, "default_value": 0.3},
    ]
    return SearchSpace({"hyperparameters": columns, "conditions": [], "forbiddens": []})
