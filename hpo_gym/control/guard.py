"""`Guard`: the rule that tells an accident of a training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpo_gym.base import real


@dataclass(frozen=True)
class Guard:
    """An accident is a loss that is not finite, or a validation loss above `rise` times the lowest so far and `slack`.

    From then on no learning rate is above `cut` times that of the accident.

    Attributes:
        slack: In losses of a guess; a low loss may rise by much of itself and mean nothing.
        restores: Whether the training goes back to the last epoch without an accident.
    """

    rise: float = 1.3
    cut: float = 0.5
    slack: float = 0.05
    restores: bool = True

    def __post_init__(self) -> None:
        real("rise", self.rise, 1.0, above=True)
        real("cut", self.cut, 0.0, 1.0, above=True)
        real("slack", self.slack, 0.0)

    def accident(self, best: float, validation_loss: float, train_loss: float | None, unit: float) -> str:
        """Return the reason why an epoch was an accident; empty if it was none. `unit` is the loss of a guess."""
        if not math.isfinite(validation_loss + (train_loss or 0.0)):
            return "a loss is not finite"
        most = self.rise * best + self.slack * unit
        return f"the validation loss {validation_loss:.4g} is above {most:.4g}" if validation_loss > most else ""
