"""Registered optimizers in the small: made with the `smoke` of their class, and trained once in a process."""

from __future__ import annotations

import contextlib
import functools
import importlib
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from drawn import EVERY, HEAVY  # noqa: F401 - HEAVY is for tests

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.base.registry import EXTRAS
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import OPTIMIZERS
from hpo_gym.problem.suite import Suite
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.tasks.fits.signals import SIGNALS

ENTRIES = {name: e for name, e in EVERY.items() if e.about["family"] != "schedule"}
"""Those that tune: they look for the best of many configurations, of a table too."""
RULES = [name for name in EVERY if name not in ENTRIES]
"""Those that set the learning rate of one training from epoch to epoch."""
SCHEDULES = [name for name in RULES if set(OPTIMIZERS.get(name).reads) <= set(SIGNALS)]
"""Those that need no more than `Trainings` measures."""
TRAINABLE = [name for name, e in ENTRIES.items() if e.about["trainable"]]
HERE = [name for name in EVERY if OPTIMIZERS.installed(name)]
PATIENCE = 3.0
"""Seconds of the processor that a training may take in a test; those here take up to half of one."""

Maker = Callable[[], Any]


@dataclass(frozen=True)
class Training:
    """What a training left.

    Attributes:
        optimizer: To be used by many tests: a run begins with `reset`.
        folder: Where it was saved.
        disturbed: Global generators that the training moved.
    """

    optimizer: Any
    folder: Path
    disturbed: tuple[str, ...]


def need(name: str) -> str:
    """The name, unless an optional package is missing."""
    if name not in HERE:
        pytest.skip(f"needs the extra {EVERY[name].extra!r}")
    return name


def registered(kind: type, extra: str | None = None) -> list[str]:
    """Names of one kind of agent among those of an extra; no other is imported."""
    agents = [n for n, e in ENTRIES.items() if e.package == "hpo_agents" and e.extra == extra and n in HERE]
    return [name for name in agents if issubclass(OPTIMIZERS.get(name), kind)]  # type: ignore[arg-type]


def smoke_of(name: str) -> dict[str, Any]:
    """Return the tiny settings `smoke` in the class of an optimizer; empty if its defaults are tiny enough."""
    return dict(getattr(OPTIMIZERS.get(name), "smoke", {}))


def made(name: str, **settings: Any) -> Any:
    return make_optimizer(name, **{**smoke_of(name), **settings})


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# ---------------------------------------------------------------------- training
def train(optimizer: Any, suite: Suite, seed: int = 0, seconds: float = PATIENCE) -> Any:
    """Train as far as the optimizer's own settings say, which must not be far."""
    with within(seconds, f"The training of {type(optimizer).__name__}"):
        optimizer.train(suite.tasks("train"), rng(seed), validation=suite.tasks("val"))
    return optimizer


def import_packages(name: str) -> None:
    """Import what an optimizer needs, so that the time of its training is its own."""
    for package in EXTRAS.get(ENTRIES[name].extra or "", ()):
        importlib.import_module(package)


@contextlib.contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Raise `TimeoutError` after so many seconds of the processor, which a busy machine does not make more of."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"{what} must end within {seconds} seconds in a test: its class needs a smaller `smoke`.")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


def trained(name: str, suite: str = "ToyGappy") -> Training:
    """A registered optimizer that was trained on a toy suite; one that failed to fails each test that asks for it."""
    found = _tried(name, suite)
    if isinstance(found, Exception):
        raise found
    return found


def ready(name: str, suite: str = "ToyGappy") -> Maker:
    """Makes a registered optimizer that can tune a toy suite: a new one, or one that was trained on it and loaded."""
    if name not in TRAINABLE:
        return functools.partial(made, name)
    folder = trained(name, suite).folder

    def loaded() -> Any:
        optimizer: Any = make_optimizer(name)
        optimizer.load(folder)
        return optimizer

    return loaded


def ready_without_tables(name: str) -> Maker:
    """The same on functions, which not everything can be trained on."""
    try:
        return ready(name, "ToyFormulas")
    except InvalidValueError as refusal:
        if "trained on tables" not in str(refusal):
            raise
        pytest.skip(f"needs a table: {refusal}")


@functools.cache
def _tried(name: str, suite: str) -> Training | Exception:
    import_packages(name)
    optimizer, before = made(name), generators()
    try:
        train(optimizer, load_suite(suite))
        after = generators()
        folder = _folder() / name / suite
        folder.mkdir(parents=True)
        optimizer.save(folder)
    except Exception as fault:
        return fault
    return Training(optimizer, folder, tuple(key for key in before if before[key] != after[key]))


@functools.cache
def _keeper() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def _folder() -> Path:
    return Path(_keeper().name)


def generators() -> dict[str, str]:
    """The state of each global generator; of torch, once it is imported."""
    torch = sys.modules.get("torch")
    states = {"random": random.getstate(), "numpy": np.random.get_state()[1].tolist()}  # noqa: NPY002
    return {k: repr(v) for k, v in states.items()} | ({"torch": repr(torch.get_rng_state().tolist())} if torch else {})


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
