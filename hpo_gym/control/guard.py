"""`Guard`: the rule that tells an accident of a training; `Watch`: a training as it sees it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from hpo_gym.base import real
from hpo_gym.control.signals import MOST

_RECENT, _RISES, _NOISE, _CALM = 5, 8, 4.0, 8


@dataclass(frozen=True)
class Guard:
    """An accident is a loss that is not finite, or a jump of both losses above `rise` times their lowest of the last
    five epochs and `slack`: where the validation loss rises alone, below three guesses, a network overfits. Without a
    training loss the jump must be four times the noise too: the root mean square of the last eight rises, falls as 0.

    Then no learning rate is above `cut` times that of the accident. After eight epochs without another this limit rises
    as much, and so on; twice as many epochs with each further accident.

    Attributes:
        slack: In losses of a guess; a low loss may rise by much of itself and mean nothing.
        restores: Whether the training goes back to its best epoch.
    """

    rise: float = 1.3
    cut: float = 0.5
    slack: float = 0.05
    restores: bool = True

    def __post_init__(self) -> None:
        real("rise", self.rise, 1.0, above=True)
        real("cut", self.cut, 0.0, 1.0, above=True)
        real("slack", self.slack, 0.0)


class Watch:
    """Count the epochs to the `best` validation loss, `start` before the first, or the most after it that is none of an
    accident; limit the learning rate by `cap` after accidents, if there is a guard."""

    def __init__(self, guard: Guard | None, start: float) -> None:
        self.best, self.cap, self._lowest = 0, math.inf, (start, start)
        self._guard, self._epochs, self._calm, self._wait = guard, 0, 0, 0
        self._recent, self._rises = deque([self._lowest], _RECENT), deque([0.0], _RISES)

    def take(self, loss: float, train_loss: float | None, rate: float, unit: float) -> str:
        """Take an epoch; return why it was an accident, and what follows, or "". `unit` is the loss of a guess."""
        both, guard = (loss, math.inf if train_loss is None else train_loss), self._guard
        self._epochs, self._calm = self._epochs + 1, self._calm + 1
        if guard is not None and (why := self._accident(guard, loss, train_loss, unit)):
            self.cap, self._wait, self._calm = guard.cut * rate, 2 * self._wait or _CALM, 0
            if guard.restores or math.isfinite(loss):
                self._recent = deque([self._lowest if guard.restores else both], _RECENT)
            back = f"back to the weights after {self.best} epochs, and " if guard.restores else ""
            return f"{why}: {back}no learning rate above {self.cap:.3g} for {self._wait} epochs"
        if loss < self._lowest[0]:
            self.best, self._lowest = self._epochs, both
        self._rises.append(max(loss - self._recent[-1][0], 0.0))
        self._recent.append(both)
        if guard is not None and self._wait and self._calm % self._wait == 0:
            self.cap /= guard.cut
        return ""

    def _accident(self, guard: Guard, loss: float, train_loss: float | None, unit: float) -> str:
        if not math.isfinite(loss + (train_loss or 0.0)):
            return "a loss is not finite"
        low, low_train = map(min, zip(*self._recent, strict=True))
        most = guard.rise * low + (slack := guard.slack * unit)
        if train_loss is None:
            most = max(most, low + _NOISE * math.hypot(*self._rises) / math.sqrt(len(self._rises)))
        elif train_loss <= guard.rise * low_train + slack:
            most = max(most, MOST * unit)
        return f"the validation loss {loss:.4g} is above {most:.4g}" if loss > most else ""
