"""`Recipe`: all of a fit that is not controlled, drawn for each episode by its key; and the ranges that it is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple, TypeVar

from hpo_gym.base import InvalidValueError, Keys, real, seeding, unknown
from hpo_gym.suites.tasks.fits.keyed import uniforms
from hpo_gym.suites.tasks.fits.network import Shape
from hpo_gym.suites.tasks.fits.tables import FitTable
from hpo_gym.suites.tasks.fits.taught import TAUGHT, taught

ACTIVATIONS = ("relu", "tanh", "gelu")
OPTIMIZERS = ("sgd", "adamw")
WIDTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256)
LARGEST = 2e7
"""Rows times weights of the largest fit."""
RECIPE = 21
"""The purpose of random numbers."""
_T = TypeVar("_T")
_TRIES = 40
_LARGE, _JUDGES, _VALID = 2000, 512, 256  # rows of a large table, and those that judge and validate there


class Recipe(NamedTuple):
    """All of a fit that is not controlled; `noise` is the share of wrong labels, `scale` a factor of the inputs."""

    width: int
    depth: int
    activation: str
    normalised: bool
    optimizer: str
    batch: int
    rows: int
    noise: float
    scale: float = 1.0

    def shape(self, table: FitTable) -> Shape:
        """Return the network's shape on a table."""
        kinds = ACTIVATIONS.index(self.activation), int(self.normalised), int(self.optimizer == "adamw")
        return table.x.shape[1], self.width, self.depth, table.classes, *kinds

    def weights(self, table: FitTable) -> int:
        """Return the number of weights on a table."""
        of_a_unit = table.x.shape[1] + (self.depth - 1) * self.width + self.depth * (1 + self.normalised)
        return int(self.width * of_a_unit + (self.width + 1) * table.classes)


@dataclass(frozen=True)
class Recipes:
    """Ranges of recipes: each choice has equal odds, the number of rows is even in its logarithm.

    Attributes:
        width, depth: Units of a hidden layer, multiples of 4, and hidden layers.
        activation: Of "relu", "tanh", "gelu".
        normalised: Whether layers have batch norm.
        optimizer: Of "sgd", with momentum, and "adamw".
        batch: Rows of an update.
        rows: The fewest and the most to train on, as far as a table has them.
        noise: The largest share of wrong labels; half of the episodes have none.
        largest: The most rows times weights.
        scale: Whether inputs have a factor of .1 to 10 that nobody is told.
        taught: The share of episodes on clean labels of a random network (`hpo_gym.suites.tasks.fits.taught`).
    """

    width: tuple[int, ...] = WIDTHS
    depth: tuple[int, ...] = (1, 2, 3)
    activation: tuple[str, ...] = ACTIVATIONS
    normalised: tuple[bool, ...] = (False, False, True)
    optimizer: tuple[str, ...] = OPTIMIZERS
    batch: tuple[int, ...] = (8, 16, 32, 64)
    rows: tuple[int, int] = (64, 4096)
    noise: float = 0.2
    largest: float = LARGEST
    scale: bool = False
    taught: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self)[:7]:
            if not isinstance(chosen := getattr(self, field.name), tuple) or not chosen:
                raise InvalidValueError(f"`{field.name}` of recipes must be a tuple of choices, got {chosen!r}.")
        for name, known in (("activation", ACTIVATIONS), ("optimizer", OPTIMIZERS)):
            if odd := [one for one in getattr(self, name) if one not in known]:
                raise unknown(f"{name} of a network", odd[0], known)
        for holds, rule in (
            (all(w >= 4 and w % 4 == 0 for w in self.width), "4 <= width, width % 4 == 0"),
            (min(self.depth) >= 1, "1 <= depth"),
            (len(self.rows) == 2, "rows = (fewest, most)"),
            (2 <= min(self.batch) <= max(self.batch) <= self.rows[0] <= self.rows[-1], "2 <= batch <= rows"),
            (0 <= real("noise", self.noise) < 1, "0 <= noise < 1"),
            (0 <= real("taught", self.taught) <= 1, "0 <= taught <= 1"),
        ):
            if not holds:
                raise InvalidValueError(f"`{rule}` must hold, got {self}.")

    def decides(self) -> dict[str, object]:
        """Return what the bits of an episode depend on; `taught`, which came later, only where it is not 0."""
        return {name: value for name, value in asdict(self).items() if name != "taught" or value}

    def table(self, key: Keys, of: FitTable) -> FitTable:
        """Return the table of an episode's key, ``(1,)``: the task's own, or a taught one."""
        if self.taught == 0 or uniforms(key, TAUGHT, 1)[0, 0] >= self.taught:
            return of
        return taught(seeding.mix(key, TAUGHT), of)

    def draw(self, key: Keys, table: FitTable) -> Recipe:
        """Return the recipe of an episode's key, ``(1,)``; too large ones are drawn again, at last with fewer rows."""
        for attempt in range(_TRIES):
            recipe = self._drawn(uniforms(seeding.mix(key, attempt), RECIPE, 10)[0].tolist(), table)
            if recipe.rows * recipe.weights(table) <= self.largest:
                return recipe
        rows = int(self.largest / recipe.weights(table))
        return recipe._replace(rows=max(rows, recipe.batch))

    def _drawn(self, u: list[float], table: FitTable) -> Recipe:
        most = len(table.y) - sum(apart(table))
        low, high = min(self.rows[0], most), min(self.rows[1], most)
        rows, noise = int(low * (high / low) ** u[6]), max(2 * u[7] - 1, 0.0) * self.noise
        scale = 10.0 ** (2 * u[8] - 1) if self.scale else 1.0
        return Recipe(
            _one(self.width, u[0]), _one(self.depth, u[1]), _one(self.activation, u[2]), _one(self.normalised, u[3]),
            _one(self.optimizer, u[4]), _one(self.batch, u[5]), rows, noise, scale,
        )  # fmt: skip


def _one(choices: Sequence[_T], share: float) -> _T:
    """Return the choice at a share of all in [0, 1)."""
    return choices[int(share * len(choices))]


def apart(table: FitTable) -> tuple[int, int]:
    """Return the rows of a table that judge, and those that validate."""
    return (_JUDGES, _VALID) if len(table.y) >= _LARGE else (_JUDGES // 2, _VALID // 2)
