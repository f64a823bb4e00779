"""Specs of optimizers; every function with an optimizer argument accepts each of them.

| spec | meaning |
|---|---|
| ``"random"`` | a registered name; ``hpo-gym list --all`` shows them |
| ``"ppo-pool-tables"``, ``"my-ppo"`` | the name of a shipped trained optimizer, the output folder of `hpo_gym.train` |
| ``"my-ppo.hpo"``, ``"hf:OWNER/NAME"`` | a trained optimizer in a file of `hpo-gym pack`, or on the Hugging Face Hub |
| ``"module:Name"``, ``"file.py:Name"`` | your own class, or a function that makes an optimizer |
| ``"cmd:python my_agent.py"`` | a program that reads messages and answers: `hpo_gym.optimize.outside` |
| ``"file.py:Name@folder"`` | a trained optimizer of such a class |
| a class or a function, an optimizer | the objects themselves; an optimizer is copied |
| a model of Stable-Baselines3, ``(model, env)`` | its policy, with the observer and codec of its env |
| ``{"name": spec, "setting": value}`` | with arguments for its class |

A policy of Stable-Baselines3 is sampled over a `Box`, else greedy; ``{"name": model, "deterministic": True}`` or False
decides. A function may return a model, too: ``"file.py:function"`` is its word in a command line.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo_gym.base import InvalidValueError, UnknownNameError, made, making, shown, unknown
from hpo_gym.optimize.learning.folders import shipped
from hpo_gym.optimize.learning.saved import content_of, load, trained_name
from hpo_gym.optimize.outside.messages import CMD
from hpo_gym.optimize.protocol import OPTIMIZERS, Optimizer, Trainable
from hpo_gym.optimize.sharing.places import is_saved, parted, similar, title_of
from hpo_gym.suites import is_shipped
from hpo_gym.system import Carried

SAVED, OWN = "saved:", "own:"


@dataclass(frozen=True)
class Form:
    """A recipe for an optimizer.

    Attributes:
        spec: A registered name, "module:Name", "file.py:Name", "saved:" and a name or folder, "own:" and a name, or
            "cmd:" and a command; the last two are made by `maker` alone.
        settings: Arguments of its maker; for a trained optimizer, the hash of its content; for a command, of its files.
        maker: Makes an optimizer if no text does.
    """

    name: str
    spec: str
    settings: Mapping[str, Any]
    maker: Carried | None = None

    def make(self) -> Optimizer:
        """Return a new optimizer.

        Raises:
            UnknownNameError: No such optimizer, or no such setting.
            InvalidValueError: It was an object, and is not here; or its maker fails, or makes no optimizer.
            MissingExtraError: It needs an optional package; the message is the install command.
        """
        with making(self.name, self.settings):
            found = _policy(self._made(), {})
        if not isinstance(found, Optimizer) or isinstance(found, type):
            raise InvalidValueError(
                f"{self.name!r} must make an optimizer with `reset`, `ask` and `tell`, got {shown(found)}."
            )
        return found

    def _made(self) -> Any:
        if self.spec.startswith(SAVED):
            return load(self.spec.removeprefix(SAVED))
        if not self.spec.startswith((OWN, CMD)):
            if ":" not in self.spec and self.spec not in OPTIMIZERS.entries():
                if is_shipped(self.spec):
                    order = "an optimizer comes first, such as benchmark(optimizers, suites)"
                    raise UnknownNameError(f"No optimizer {self.spec!r}: it is a suite; {order}.")
                raise unknown("optimizer", self.spec, OPTIMIZERS.entries(), similar(self.spec))
            return made(OPTIMIZERS.resolve(self.spec), self.name, self.settings)
        if self.maker is None:
            what = "a command" if self.spec.startswith(CMD) else "an object"
            raise InvalidValueError(f"{self.name!r} was {what} of another process: give it again.")
        maker = self.maker.maker
        return maker() if isinstance(maker, _Copies) else made(maker, self.name, self.settings)


def form_of(given: object) -> Form:
    """Return the form of a user's optimizer.

    Raises:
        InvalidValueError: It is no optimizer, or it takes no settings.
        UnknownNameError: No such module or file.
    """
    settings: dict[str, Any] = {}
    while isinstance(given, Mapping) and "name" in given:
        settings = {**{str(key): value for key, value in given.items() if key != "name"}, **settings}
        given = given["name"]
    if isinstance(given, (str, Path)):
        return _named(str(given), settings)
    if (callable(given) and not isinstance(given, Optimizer)) or isinstance(given, type):
        return _made_by(given, settings)
    optimizer = _policy(given, settings)
    if not isinstance(optimizer, Optimizer):
        raise InvalidValueError(
            "An optimizer must be a name, a class, an object with `reset`, `ask` and `tell`, a folder of one that is "
            f'trained, a model of Stable-Baselines3, or {{"name": any of these, setting: value}}, got '
            f"{shown(given, 80)}."
        )
    name = str(getattr(optimizer, "name", type(optimizer).__name__))
    if optimizer is given:
        _no_settings(name, settings)
    return Form(name, f"{OWN}{name}", settings or _learned(optimizer), Carried(_Copies(optimizer), name))


def make_optimizer(optimizer: object, **settings: object) -> Optimizer:
    """Make an optimizer.

    Args:
        optimizer: In any form: a name from ``hpo-gym list --all``, ``"file.py:Name"``, a class, the folder of a trained
            one, a model of Stable-Baselines3 (`hpo_gym.optimize.forms`). An optimizer is copied.
        settings: Arguments of its class.

    Raises:
        UnknownNameError: No such optimizer, or no such setting.
        InvalidValueError: No form of an optimizer.
        MissingExtraError: It needs an optional package; the message is the install command.
    """
    return form_of({**settings, "name": optimizer}).make()


def optimizer_of(given: object) -> Optimizer:
    """Return an optimizer object itself, not a copy; make one from any other form."""
    return given if isinstance(given, Optimizer) and not isinstance(given, type) else make_optimizer(given)


class _Copies:
    """Makes copies of an optimizer."""

    def __init__(self, optimizer: object) -> None:
        self.optimizer = optimizer

    def __call__(self) -> object:
        return copy.deepcopy(self.optimizer)


# ---------------------------------------------------------------------- the forms
def _named(text: str, settings: Mapping[str, Any]) -> Form:
    if text.startswith(CMD):
        from hpo_gym.optimize.outside.command import Command, checksum_of, name_of

        command = text.removeprefix(CMD).strip()
        agent = made(Command, text, {"command": command, **settings})
        known = {**settings, "checksum": checksum_of(command)}
        return Form(name_of(command), text, known, Carried(_Copies(agent), text))
    entry = OPTIMIZERS.entries().get(text)
    if entry is not None:
        if entry.package in OPTIMIZERS.packages:
            return Form(text, text, settings)
        return _made_by(OPTIMIZERS.get(text), settings, text)
    if is_saved(text):
        _no_settings(text, settings)
        spec, folder = parted(text)
        entry = OPTIMIZERS.entries().get(trained_name(folder)) if spec is None else None
        if entry is not None and entry.package not in OPTIMIZERS.packages:  # as by a script or a notebook
            name = title_of(folder)
            return Form(name, f"{OWN}{name}", {"checksum": content_of(folder)}, Carried(_Copies(load(text)), name))
        place = str(folder.resolve())  # in full, so that it is found from anywhere; what ships has its name everywhere
        said = text if text in shipped() else place if spec is None else f"{spec}@{place}"
        return Form(title_of(folder), f"{SAVED}{said}", {"checksum": content_of(folder)})
    if text.endswith(".zip"):
        raise InvalidValueError(
            f"{text!r} may hold code, so it is not read by name: `hpo_gym.sb3.load_weights({text!r}, PPO, env)` reads "
            "its weights alone, into the class that you name; give the model, or a `file.py:function` that returns it."
        )
    return Form(text.rpartition(":")[2], text, settings)


def _made_by(maker: Callable[..., Any], settings: Mapping[str, Any], name: str | None = None) -> Form:
    """Return the form of a class or a function: by its place, if it can be found from anywhere."""
    place = OPTIMIZERS.place_of(maker)
    label = name or str(getattr(maker, "__name__", type(maker).__name__))
    if place is None:
        return Form(label, f"{OWN}{label}", settings, Carried(maker, label))
    return Form(name or place.rpartition(":")[2], place, settings)


def _policy(given: object, settings: Mapping[str, Any]) -> object:
    """Return a model of Stable-Baselines3, or ``(model, env)``, as an optimizer; anything else unchanged."""
    if not is_model(given):
        return given
    from hpo_gym.optimize.forms.sb3_policy import SB3Policy

    model, env = given if isinstance(given, tuple) else (given, None)
    return made(SB3Policy, type(model).__name__, settings, given={"model": model, "env": env})


def is_model(given: object) -> bool:
    """Return whether it is a model of Stable-Baselines3, or ``(model, env)``."""
    model = given[0] if isinstance(given, tuple) and len(given) == 2 else given
    bases = type(model).__mro__
    return any(c.__name__ == "BaseAlgorithm" and c.__module__.startswith("stable_baselines3") for c in bases)


def _learned(optimizer: object) -> dict[str, Any]:
    """Return the hash of an optimizer's learned content; empty without learning."""
    if not isinstance(optimizer, Trainable) or not optimizer.seen:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        optimizer.save(Path(folder))
        return {"checksum": content_of(Path(folder))}


def _no_settings(name: str, settings: Mapping[str, Any]) -> None:
    if settings:
        raise InvalidValueError(f"{name!r} has its settings already: give it none, got {dict(settings)}.")
