"""`Guard`: the rule that tells an accident of a training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpo_gym.base import real


@dataclass(frozen=True)
class Guard:
    """An accident is a loss that is not finite, or a validation loss of `rise` times the lowest so far.

    From then on no learning rate is above `cut` times that of the accident.

    Attributes:
        restores: Whether the training goes back to the last epoch without an accident.
    """

    rise: float = 1.3
    cut: float = 0.5
    restores: bool = True

    def __post_init__(self) -> None:
        real("rise", self.rise, 1.0, above=True)
        real("cut", self.cut, 0.0, 1.0, above=True)

    def accident(self, best: float, validation_loss: float, train_loss: float | None) -> str:
        """Return the reason why an epoch was an accident; empty if it was none."""
        if not math.isfinite(validation_loss + (train_loss or 0.0)):
            return "a loss is not finite"
        most = self.rise * best
        return f"the validation loss {validation_loss:.4g} is above {most:.4g}" if validation_loss > most else ""
