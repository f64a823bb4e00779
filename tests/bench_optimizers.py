"""Optimizers that users of the benchmark might bring: honest, slow, crashing, dying, peeking."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from hpo_gym.env.runs.runs import Runs
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.task import Task
from hpo_gym.problem.trial import Query, Trial


class Draws:
    """Random configurations, one at a time."""

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.space, self.rng, self.context = context.space, rng, context

    def ask(self) -> Query | None:
        return Query(self.space.from_unit(self.space.sample(self.rng, 1)[0]))

    def tell(self, trial: Trial) -> None:
        pass


class Slow(Draws):
    """Takes 2 ms for a suggestion, so that there is time to be killed."""

    def ask(self) -> Query | None:
        time.sleep(0.002)
        return super().ask()


class Crasher(Draws):
    """Crashes at its first suggestion."""

    def ask(self) -> Query | None:
        raise RuntimeError("boom")


class Moody(Draws):
    """Crashes in about half of all runs."""

    how: Any = staticmethod(lambda: 1 / 0)

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        super().reset(context, rng)
        if rng.random() < 0.5:
            self.how()


class Dies(Moody):
    """Takes its process down in the same runs."""

    how = staticmethod(lambda: os._exit(7))


class Exits(Moody):
    """Calls `sys.exit` in the same runs."""

    @staticmethod
    def how() -> None:
        raise SystemExit(5)


class Brief(Draws):
    """Has nothing more to try after three suggestions."""

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        super().reset(context, rng)
        self.left = 3

    def ask(self) -> Query | None:
        self.left -= 1
        return super().ask() if self.left >= 0 else None


class Silent(Draws):
    """Never proposes anything."""

    def ask(self) -> Query | None:
        return None


class Shares(Draws):
    """Random fidelities, one at a time or for many runs at once: the same choices either way."""

    def ask(self) -> Query | None:
        x = self.space.sample(self.rng, 1)[0]
        return Query(self.space.from_unit(x), 1.0 - self.rng.random())

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        self.runs = list(zip(contexts, rngs, strict=True))

    def ask_batch(self, runs: Runs) -> tuple[Any, Any]:
        x, share = np.full((runs.n, runs.d), 0.5), np.ones(runs.n)
        for i, (context, rng) in enumerate(self.runs):
            x[i, : context.space.d] = context.space.sample(rng, 1)[0]
            share[i] = 1.0 - rng.random()
        return x, share


class WrongType(Draws):
    """Returns a dictionary where a `Query` is due."""

    def ask(self) -> Any:
        return {"C": 1.0}


class NeedsArguments(Draws):
    def __init__(self, what: str) -> None:
        self.what = what


class Trained(Draws):
    """Remembers the families of what it was trained and validated on, and nothing else."""

    peeks = False

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.families: dict[str, list[str]] = {"train": [], "validation": []}

    @property
    def seen(self) -> frozenset[str]:
        every = frozenset(self.families["train"] + self.families["validation"])
        return every | {"g", "h"} if self.peeks else every

    def train(
        self, tasks: Sequence[Task], rng: Any, *, validation: Sequence[Task] = (), steps: int | None = None
    ) -> None:
        if self.fails:
            raise RuntimeError("no lesson was learned")
        self.families = {"train": [t.family for t in tasks], "validation": [t.family for t in validation]}

    def save(self, folder: Path) -> None:
        (folder / "families.json").write_text(json.dumps(self.families))

    def load(self, folder: Path) -> None:
        self.families = json.loads((folder / "families.json").read_text())


class Drilled(Trained):
    """Tries a configuration that its training drew, and tells how the training went."""

    number = 0.0

    def train_in(
        self, folder: Path | None, tasks: Sequence[Task], rng: Any, *, validation: Sequence[Task] = (),
        steps: int | None = None, progress: Any = None,
    ) -> list[list[float]]:  # fmt: skip
        super().train(tasks, rng, validation=validation)
        self.number = float(rng.random())
        return [[0, 1.0], [5, self.number]]

    def ask(self) -> Query | None:
        return Query(self.space.from_unit(np.full(self.space.d, self.number)))

    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "number.json").write_text(json.dumps(self.number))

    def load(self, folder: Path) -> None:
        super().load(folder)
        self.number = json.loads((folder / "number.json").read_text())


class Peeks(Trained):
    """Has seen the families of the test tasks."""

    peeks = True


class Filed(Drilled):
    """Has a setting that nobody gives: it stands in a file, which may change."""

    settings: Any = MappingProxyType({"pace": 1})


class Listed:
    """Tries rows, each with its fidelity, in an order, again and again."""

    version = 1

    def __init__(self, *tried: tuple[int, float]) -> None:
        self.tried = tried

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.context, self.spent, self.reported = context, 0.0, 0

    def ask(self) -> Query:
        row, fidelity = self.tried[self.reported % len(self.tried)]
        return Query({"row": row}, fidelity)

    def tell(self, trial: Trial) -> None:
        self.reported += 1
        self.spent += self.context.charge(trial)


def rows(order: str) -> Listed:
    """Full evaluations of some rows."""
    return Listed(*((int(row), 1.0) for row in order))
