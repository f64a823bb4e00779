"""The evolved controller of a training: first settings from the recipe, then feedback."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpo_baselines._schedules import shapes
from hpo_baselines._schedules.schedule import Epoch, Schedule
from hpo_baselines.gap import DECAYS
from hpo_baselines.polynomial import LARGEST_DROPOUT, Polynomial
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS

FILE = Path(__file__).with_name("autopilot.json")
"""The evolved numbers, the range of recipes in which they were evolved, and how."""

SCALES: Mapping[str, tuple[float, float]] = {
    "rows": (9.0, 3.0), "weights": (11.5, 5.0), "batch": (4.5, 2.0), "layers": (1.0, 1.0), "epochs": (4.6, 1.0),
    "classes": (1.5, 1.0),
}  # fmt: skip
"""Of the logarithms to base 2 of these facts: what is subtracted, and what they are divided by then."""
LEAST = 0.01
"""What is added to a loss before its logarithm."""
FLAGS = ("adaptive", "normalised")
SIZES: Mapping[str, int] = {
    "rate": 1 + len(FLAGS) + len(SCALES), "decay": 1 + len(FLAGS) + len(SCALES),
    "dropout": 1 + len(FLAGS) + len(SCALES), "power": 2, "warm": 1, "feedback": 8, "up": 1, "down": 1,
    "dropout_up": 1, "dropout_down": 1, "rise": 1, "cut": 1, "patience": 1, "late": 1,
}  # fmt: skip
"""Numbers of the rule by name: how many each has."""


@OPTIMIZERS.register("autopilot", family="schedule", trainable=False)
class Autopilot(Schedule):
    """Settings of learning rate, weight decay and dropout, evolved on trainings of the suite `Trainings`.

    The first settings are linear in facts about the training: optimizer, batch norm, and the logarithms of rows,
    weights, batch, layers, epochs and classes, clipped to the range in which the rule was evolved. From there on:

    - the learning rate falls as a power of the epochs that are left, after a first epoch of its own;
    - it is cut for good when the validation loss rises by more than a share, and again after so many epochs without a
      better one;
    - weight decay and dropout rise or fall by tanh of a weighted sum (`feedback`) of: 1, the gap between the losses on
      validation and training rows in parts of the former, the gap itself, the level of the validation loss, its last
      rise, its distance from the best one, the share of epochs done, and decades of weight decay since the start.

    **Reference**: none; the search is a cross-entropy method (Rubinstein, "The cross-entropy method for combinatorial
    and continuous optimization", Methodology and Computing in Applied Probability 1, 1999).

    **Differs from the paper**: there is none.

    Args:
        numbers: By name, as in `SIZES`: each a number, or as many as it has, or arrays with a row for each run. None:
            the shipped ones.
    """

    reads: ClassVar[tuple[str, ...]] = (
        *FLAGS, "rows", "weights", "batch", "layers", "classes", "validation_loss", "validation_loss_before",
        "training_loss", "best_validation_loss", "since_best",
    )  # fmt: skip

    controls = Polynomial.controls

    version = 1

    def __init__(self, numbers: Mapping[str, Any] | None = None) -> None:
        self.numbers = numbers

    def check(self) -> None:
        """Check that all numbers are there, each as many as it has, all finite."""
        self._numbers = {name: np.asarray(values, np.float64) for name, values in self._given().items()}
        if self._numbers.keys() != SIZES.keys():
            raise InvalidValueError(f"`numbers` must have the names {list(SIZES)}, got {list(self._numbers)}.")
        for name, values in self._numbers.items():
            if values.shape[-1:] != ((SIZES[name],) if SIZES[name] > 1 else values.shape[-1:]):
                raise InvalidValueError(f"`numbers[{name!r}]` must be {SIZES[name]} numbers, got {values.shape[-1:]}.")
            if not np.isfinite(values).all():
                raise InvalidValueError(f"`numbers[{name!r}]` must be finite, got {values}.")

    @property
    def ranges(self) -> Mapping[str, tuple[float, float]]:
        """Facts that are clipped: the lowest and the highest value of each."""
        ranges: Mapping[str, tuple[float, float]] = shipped()["range"]
        return ranges

    @property
    def fully_connected(self) -> bool:
        """Whether it was evolved on fully connected networks alone, as the shipped numbers were."""
        return self.numbers is None

    def _given(self) -> Mapping[str, Any]:
        return shipped()["numbers"] if self.numbers is None else self.numbers

    def log_rate(self, now: Epoch) -> Floats:
        """Return the first rate times the shape, less the cuts so far."""
        p, memory, signals = self._numbers, now.memory, now.signals
        if "first" not in memory:
            facts = self._facts(now)
            memory["first"] = self._linear("rate", facts)
            memory["decay"], memory["dropout"] = self._linear("decay", facts), self._linear("dropout", facts)
            memory["start"] = memory["decay"]
            memory["cuts"] = np.zeros(len(now.t))
        valid, late = signals["validation_loss"], signals["since_best"]
        rise = (now.t > 0) & (valid > signals["validation_loss_before"] * (1.0 + np.abs(p["rise"])))
        patience = np.maximum(np.round(p["patience"]), 1.0)
        waited = (late > 0) & (late % patience == 0)
        memory["cuts"] = memory["cuts"] - rise * np.abs(p["cut"]) - waited * np.abs(p["late"])
        power = np.abs(p["power"][..., 0] + p["power"][..., 1] * (signals["adaptive"] - 0.5))
        warm = np.where(now.t == 0, -np.abs(p["warm"]), 0.0)
        return memory["first"] + memory["cuts"] + warm + shapes.polynomial(now, power)

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """Return both, moved by the feedback on the epoch before."""
        p, memory = self._numbers, now.memory
        move = (now.t > 0) * np.tanh((p["feedback"] * self._felt(now)).sum(-1))
        memory["decay"] = np.clip(memory["decay"] + _moved(move, p["up"], p["down"]), *DECAYS)
        dropout = memory["dropout"] + _moved(move, p["dropout_up"], p["dropout_down"])
        memory["dropout"] = np.clip(dropout, 0.0, LARGEST_DROPOUT)
        return {"weight_decay": 10.0 ** memory["decay"], "dropout": memory["dropout"]}

    def _felt(self, now: Epoch) -> Floats:
        """Return what the feedback weighs, ``(n, 8)``."""
        signals = now.signals
        valid, gap = signals["validation_loss"], signals["validation_loss"] - signals["training_loss"]
        level, before, best = (
            np.log(signals[name] + LEAST)
            for name in ("validation_loss", "validation_loss_before", "best_validation_loss")
        )
        return np.stack(
            [
                np.ones(len(now.t)), np.clip(gap / np.maximum(valid, LEAST), -1.0, 1.0), np.clip(gap, -1.0, 1.0),
                level / 3.0, 3.0 * np.clip(level - before, -0.5, 0.5), np.clip(level - best, 0.0, 1.0),
                now.t / now.epochs, now.memory["decay"] - now.memory["start"],
            ],
            1,
        )  # fmt: skip

    def _facts(self, now: Epoch) -> Floats:
        """Return what is known of each training, ``(n, 9)``: 1, flags, and scaled logarithms within the range."""
        known = {**now.signals, "epochs": now.epochs}
        columns = [np.ones(len(now.t)), *(known[name] - 0.5 for name in FLAGS)]
        for name, (middle, width) in SCALES.items():
            low, high = self.ranges[name]
            columns.append((np.log2(np.clip(known[name], low, high)) - middle) / width)
        return np.stack(columns, 1)

    def _linear(self, name: str, facts: Floats) -> Floats:
        return np.asarray((facts * self._numbers[name]).sum(-1))


def _moved(move: Floats, up: Floats, down: Floats) -> Floats:
    """Return the change for moves in [-1, 1], with the largest rise and the largest fall."""
    return np.asarray(np.where(move > 0, np.abs(up), np.abs(down)) * move)


@functools.cache
def shipped() -> Mapping[str, Any]:
    """Return what the file of the rule holds: `numbers`, `range`, `evolved`."""
    read: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read
