"""`Recipe`: settings shared by all trainings of one batch: the network, the optimizer, and the length of an epoch."""

from __future__ import annotations

from dataclasses import dataclass

from hpo_gym.base import InvalidValueError, unknown, whole_fields

ACTIVATIONS = ("relu", "tanh")
OPTIMIZERS = ("sgd", "adam")
INPUTS = 16
"""Columns of a row: 15 that tell something, and a 1 in place of a bias."""
LARGEST = 8
"""Slots of the largest batch."""
CLASSES = 4
"""Outputs of a network; a task of fewer classes leaves the last ones out."""


@dataclass(frozen=True)
class Recipe:
    """A network of one hidden layer and its training.

    Attributes:
        hidden: Units of the hidden layer: 16 make 324 weights, 32 make 644.
        activation: "relu" or "tanh".
        optimizer: "sgd" with momentum, or "adam".
        slot: Rows of the smallest batch, a power of two.
        slots: Of an epoch, a power of two.
        chunks: Slots of fresh rows before rows come again, a power of two.
        validation: Rows for the validation of each epoch.
        cap: The highest loss, in losses of a guess: values above it, or not finite, become it.
        momentum: Used if it is not controlled; of Adam the decay of the first moment.
        drift: Whether the stream changes within an episode.
    """

    hidden: int = 16
    activation: str = "relu"
    optimizer: str = "sgd"
    slot: int = 16
    slots: int = 16
    chunks: int = 512
    validation: int = 256
    cap: float = 2.0
    momentum: float = 0.9
    drift: bool = False

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise unknown("activation", self.activation, ACTIVATIONS)
        if self.optimizer not in OPTIMIZERS:
            raise unknown("optimizer of a network", self.optimizer, OPTIMIZERS)
        whole_fields(self, 1, "hidden", "validation", "slot", "slots", "chunks")
        for name in ("slot", "slots", "chunks"):
            value = getattr(self, name)
            if value & (value - 1):
                raise InvalidValueError(
                    f"`{name}` must be a power of two, got {value}; the nearest below is {1 << value.bit_length() - 1}."
                )
        if self.chunks < self.slots:
            raise InvalidValueError(f"`slots <= chunks` must hold, got ({self.slots=}, {self.chunks=}).")

    @property
    def weights(self) -> int:
        """Return the number of weights."""
        return self.hidden * INPUTS + CLASSES * (self.hidden + 1)
