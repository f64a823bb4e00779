"""Agents of tests: programs that read messages, with one fault each."""

from __future__ import annotations

import importlib.util
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.optimize import Context, Wording
from hpo_gym.optimize.outside.messages import Telling, answer_of
from hpo_gym.problem import Query, Trial

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
ANSWERS = """
import json, os, signal, subprocess, sys, time
for line in sys.stdin:
    message = json.loads(line)
    kind = message["type"]
    if kind == "reset":
        config = {{h["name"]: h["default"] for h in message["space"]}}
    if kind == "ask":
        {0}
        print(json.dumps({{"config": config}}), flush=True)
"""
"""Always the defaults, after the statement that is put in."""


def command(path: Path) -> str:
    return f"cmd:{shlex.quote(sys.executable)} {shlex.quote(str(path))}"


def example(name: str) -> str:
    return command(EXAMPLES / f"client_{name}.py")


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return command(path)


class InProcess:
    """A client of the examples, asked in this process: its own code, without pipes."""

    def __init__(self, name: str) -> None:
        sys.path.insert(0, str(EXAMPLES))
        spec = importlib.util.spec_from_file_location(f"client_{name}", EXAMPLES / f"client_{name}.py")
        assert spec and spec.loader
        self.module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        sys.path.remove(str(EXAMPLES))
        self.agent = getattr(self.module, name.capitalize())()
        self.words = getattr(self.module, "words", json.dumps)

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.telling, self.asked = Telling(context, Wording()), False
        self.agent.reset(json.loads(json.dumps(self.telling.reset())))

    def ask(self) -> Query | None:
        self.asked = True
        line = self.words(self.agent.ask(json.loads(json.dumps(self.telling.ask()))))
        answer = answer_of(line, self.telling.context, Wording())
        assert answer is None or isinstance(answer, Query)
        return answer

    def tell(self, trial: Trial) -> None:
        self.agent.trial(json.loads(json.dumps(self.telling.trial(trial, given=not self.asked))))
