"""The vertical axis of a race: regret on a logarithmic axis of three decades, scores on a linear one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpo_gym.app.play.race import REGRET, Race

FLOOR = 1e-3
"""What is below it stands on the lowest line."""
DECADES = 3


@dataclass(frozen=True)
class Scale:
    """An axis: 0 at the top, 1 at the bottom.

    Attributes:
        low, high: Of a linear axis; None of regret.
        share: Of a logarithmic axis, how much of it the three decades take; below is what counts as 0.
    """

    low: float | None = None
    high: float | None = None
    share: float = 0.9

    @classmethod
    def of(cls, race: Race, share: float) -> Scale:
        """Return the axis of a race so far."""
        if race.measure == REGRET:
            return cls(share=share)
        known = [value for lane in race.lanes for value in lane.values if math.isfinite(value)] or [0.0]
        low, high = min(known), max(known)
        return cls(low, high) if high > low else cls(low - 0.5, high + 0.5)

    def place(self, value: float) -> float:
        """Return the position of a value, in [0, 1]."""
        if self.low is not None and self.high is not None:
            return (self.high - value) / (self.high - self.low)
        return 1.0 if value < FLOOR else self.share * min(max(-math.log10(value) / DECADES, 0.0), 1.0)

    @property
    def ticks(self) -> Sequence[tuple[float, str]]:
        """Values to be marked, with their labels."""
        if self.low is not None and self.high is not None:
            return [(v, f"{v:.3g}") for v in (self.high, (self.low + self.high) / 2, self.low)]
        return [(1.0, "1"), (0.1, ".1"), (0.01, ".01"), (0.001, ".001"), (0.0, "<.001")]


def shown_score(value: float) -> str:
    """Return a value in few characters."""
    return "-" if math.isnan(value) else f"{value:.4f}" if abs(value) < 10 else f"{value:.4g}"
