"""Optimizers that are programs: ``"cmd:python my_agent.py"``."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, digest, real
from hpo_gym.optimize.outside.messages import CMD, Wording
from hpo_gym.optimize.outside.outside import Outside
from hpo_gym.optimize.outside.process import Process
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem import Query, Trial
from hpo_gym.system import posix, sha256

SECONDS = 60.0
_MOST = 86_400.0


class Command:
    """Ask a program that reads messages from its input and writes answers to its output, see `Outside`.

    Each run has a process of its own, so that no run depends on those before it. It ends once the agent stops or is
    gone, before the next run, and with this object.

    Args:
        command: Its words, as in a shell; none starts one.
        seconds: Limit of an answer. The first one begins with the program.
        form, names, advice: As of `Wording`.
    """

    def __init__(
        self, command: str, seconds: float = SECONDS, form: str = "plain", names: bool = True,
        advice: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.words = words_of(command)
        self.seconds = real("seconds", seconds, 0.0, _MOST, ", of an answer", above=True)
        self.wording = Wording(form, names, tuple(advice))
        self._process: Process | None = None
        self._stopped = False

    @property
    def settings(self) -> dict[str, Any]:
        """Return everything but the command."""
        return {"seconds": self.seconds, **vars(self.wording)}

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        posix("fcntl", f"An agent of `{CMD}`")
        if self._process is not None:
            self._process.close()
        try:
            self._process = Process(self.words, self.seconds)
        except OSError as fault:
            raise InvalidValueError(f"`{CMD}` must name a program that runs, got {self.words}: {fault}.") from fault
        self._agent, self._stopped = Outside(self._process, self.wording), False
        self._agent.reset(context, rng)

    def ask(self) -> Query | None:
        if self._stopped:
            return None
        query = self._agent.ask()
        self._stopped = query is None
        if self._process is not None and (self._stopped or self._agent.gone):
            self._process.close()
        return query

    def tell(self, trial: Trial) -> None:
        if not self._stopped:
            self._agent.tell(trial)


def words_of(command: str) -> list[str]:
    """Return the words of a command.

    Raises:
        InvalidValueError: A quotation does not end, or there is no such program.
    """
    try:
        words = shlex.split(command)
    except ValueError as fault:
        raise InvalidValueError(
            f"`{CMD}` must be followed by words as in a shell, got {command!r}: {fault}."
        ) from fault
    if not words or shutil.which(words[0]) is None:
        raise InvalidValueError(f"`{CMD}` must be followed by a program, such as `{CMD}python my_agent.py`, got "
                                f"{command!r}.")  # fmt: skip
    return words


def files_of(command: str) -> list[Path]:
    """Return the files that the words of a command name: a changed one is another optimizer."""
    return [path for path in map(Path, words_of(command)) if path.is_file()]


def name_of(command: str) -> str:
    """Return the name of a command in tables: that of its script, or of its program."""
    words = words_of(command)
    return next((path for path in map(Path, words[1:]) if path.is_file()), Path(words[0])).stem


def checksum_of(command: str) -> str:
    """Return the hash of a command and its files."""
    return digest([command, *(sha256(path) for path in files_of(command))])
