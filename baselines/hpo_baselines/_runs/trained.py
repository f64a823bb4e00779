"""Shared parts of trained optimizers: begin and end of a training, the families seen, and the files."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, SplitError, StateError, blame
from hpo_gym.optimize import ABOUT, Arrays, Context, read_saved, stale_since, write_saved
from hpo_gym.problem import SearchSpace
from hpo_gym.system import MADE_OF

if TYPE_CHECKING:
    from hpo_gym.problem import Task

T = TypeVar("T")


class Trained(ABC):
    """A `Trainable` optimizer: `learn` trains it, `about` and `arrays` export the result, and `restore` imports it.

    Attributes:
        name: The registered name.
        version: Raised when its behaviour changes.
        networks: Whether `arrays` are weights of networks.
        stale: Parts that have moved on since its training, such as ``("MLP 1 -> 2",)``.
    """

    name: str
    version: int = 1
    networks: ClassVar[bool] = False
    stale: tuple[str, ...] = ()
    _origin: Mapping[str, Any] = MappingProxyType({})  # of a loaded one, what its file says of its training
    _seen: frozenset[str] = frozenset()
    _suites: tuple[str, ...] = ()
    _space: SearchSpace | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of the constructor, plain JSON."""
        return {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}

    @property
    def seen(self) -> frozenset[str]:
        """Families of the tasks that it was trained (or chosen by validation) on."""
        return self._seen

    def fits(self, context: Context) -> None:
        """Refuse a space with other columns than the one of its training, if that matters to it."""
        if self._space is not None:
            check_space(self._space, context.space)

    # ------------------------------------------------------------------ training
    def train(
        self,
        tasks: Sequence[Task],
        rng: np.random.Generator,
        *,
        validation: Sequence[Task] = (),
        steps: int | None = None,
    ) -> None:
        """Learn from `tasks`, and select the result on `validation`.

        Args:
            tasks: Meta-train tasks; their search spaces are one, or the first columns of the widest.
            rng: All random numbers are drawn from it.
            validation: Held-out tasks; none of a family in `tasks`.
            steps: Upper limit of trials; default: the setting. `learn` defines a trial.

        Raises:
            InvalidValueError: No tasks, tasks that do not go together, or a setting out of its range.
            SplitError: A family stands in both.
        """
        with self._sides(tasks, validation) as sides:
            self.learn(*sides, rng, steps)

    @abstractmethod
    def learn(
        self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int | None
    ) -> None:
        """Learn from tasks that `train` has checked."""

    @contextmanager
    def _sides(self, tasks: Sequence[Task], validation: Sequence[Task]) -> Iterator[tuple[list[Task], list[Task]]]:
        """Check the tasks; once the block has learned from them, they are remembered."""
        if not tasks:
            raise InvalidValueError("At least one task is needed to train on, got none.")
        seen, held = ({t.family for t in part} for part in (tasks, validation))
        if seen & held:
            raise SplitError(f"A family must be trained or validated on, not both, got {sorted(seen & held)}.")
        yield list(tasks), list(validation)
        self._seen, self._suites = frozenset(seen | held), tuple(sorted({t.suite for t in tasks}))
        self.stale, self._origin = (), {}

    def _needed(self, learned: T | None, what: str) -> T:
        """Return the learned state, ready for use; raise `StateError` without any."""
        if learned is None:
            raise StateError(f"{self.name!r} must be trained or loaded before it is {what}: call `train` or `load`.")
        return learned

    # ------------------------------------------------------------------ files
    def about(self) -> dict[str, Any]:
        """Return the content of the JSON file, in this order."""
        return {
            "version": self.version,
            "settings": self.settings,
            "suites": list(self._suites),
            "seen": sorted(self._seen),
            "space": None if self._space is None else self._space.to_json(),
        }

    def arrays(self) -> Arrays | None:
        """Return the content of the other file, None without one."""
        return None

    @abstractmethod
    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        """Import the output of `about` and `arrays`; the settings and the training's suites are already in place."""

    def save(self, folder: Path) -> None:
        """Write the learned state.

        Raises:
            StateError: Neither trained nor loaded.
        """
        self._needed(self._seen or None, "saved")
        write_saved(folder, self.name, {**self.about(), **self._origin}, self.arrays(), weights=self.networks)

    def load(self, folder: Path) -> None:
        """Read a folder of `save`; its settings replace this optimizer's, and current runs end.

        Raises:
            DamagedDataError: A file is missing, damaged, not of this optimizer, or of a later version of it.
        """
        about, arrays = read_saved(folder, self.name)
        with blame(Path(folder) / ABOUT):
            if about["version"] > self.version:
                raise InvalidValueError(
                    f"`version` must be at most {self.version}, got {about['version']}: a later release wrote it."
                )
            other = type(self)(**about["settings"])
            other._seen, other._suites = frozenset(about["seen"]), tuple(about["suites"])
            other._origin = {key: about[key] for key in ("version", "data", MADE_OF) if key in about}
            other.stale = stale_since(about)
            other._space = SearchSpace(about["space"]) if about.get("space") else None
            other.restore(about, arrays)
        self.__dict__.clear()
        self.__dict__.update(other.__dict__)


def check_space(trained: SearchSpace, given: SearchSpace) -> None:
    """Refuse a space whose columns have another meaning than those of the training."""
    if any(a != b for a, b in zip(trained.hyperparameters, given.hyperparameters, strict=False)):
        raise InvalidValueError(
            f"The search space must be the one trained on, or share its first columns: {trained}, got {given}."
        )


def check_like(arrays: Mapping[str, NDArray[Any]], wanted: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays with names, shapes or types other than the expected ones, and numbers that are not finite.

    Raises:
        InvalidValueError: The first of them.
    """
    if arrays.keys() != wanted.keys():
        raise InvalidValueError(f"Arrays must be {sorted(wanted)}, got {sorted(arrays)}.")
    for name, own in wanted.items():
        found = arrays[name]
        if (found.shape, found.dtype) != (own.shape, own.dtype) or not np.isfinite(found).all():
            raise InvalidValueError(
                f"`{name}` must be finite {own.dtype} {own.shape}, got {found.dtype} {found.shape}."
            )


def check_finite(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that hold NaN or infinity; raises `InvalidValueError` of the first of them."""
    for name, found in arrays.items():
        if not np.isfinite(found).all():
            raise InvalidValueError(f"`{name}` must be finite, got NaN or infinity among its {found.size} numbers.")
