"""The observer `text`: the run in words, for an agent that reads."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, unknown
from hpo_gym.env.observers import OBSERVERS, Observer
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import ServedScores
from hpo_gym.problem import FULL
from hpo_gym.text import FORMS, MOST_BYTES, describe


@OBSERVERS.register("text")
class InWords(Observer):
    """Text: the space, the budget, the trials, and the form of an answer, in at most 4,096 characters.

    `form` is "plain", "compact" or "table". Without `names`, hyperparameters are `h1`, `h2`, .., choices `a`, `b`, ...
    `hpo_gym.text.parse` reads an answer. A long run loses its least informative trials, and the text counts them.
    A vector env gives a tuple of `n` texts.
    """

    outcomes = True
    reads = None

    def __init__(
        self, form: str = "plain", names: bool = True, context: bool = False, served: ServedScores | None = None
    ) -> None:
        if form not in FORMS:
            raise unknown("form of a text", form, FORMS)
        if context and not names:
            raise InvalidValueError("`context` of the `text` observer needs `names`: meta-features name the data set.")
        super().__init__(context, served)
        self.form, self.names = form, names

    def space(self, contexts: Contexts) -> gym.Space[str]:
        batch = contexts.batch
        spaces = {id(t.space): t.space.to_json() for t in batch.tasks}.values()  # equal ones may differ in units
        about = (name for t in batch.tasks for name in t.meta_features)
        known = json.dumps([*batch.signals, *(o.name for o in batch.objectives), *about, *spaces], ensure_ascii=False)
        return gym.spaces.Text(MOST_BYTES, charset=frozenset({*string.printable[:95], "\n", *known}))

    def __call__(self, contexts: Contexts, runs: Runs) -> tuple[str, ...]:
        scores = None if self.served.plain or runs.fresh else self.serve(contexts, runs, runs.scores())
        return tuple(self._text(contexts, runs, i, None if scores is None else scores[i]) for i in range(runs.n))

    def _text(self, contexts: Contexts, runs: Runs, i: int, scores: NDArray[Any] | None) -> str:
        task, trials = contexts.batch.tasks[runs.task.item(i)], runs.view(i).trials
        if scores is not None:
            shown = zip(trials, scores[: len(trials)].tolist(), strict=True)
            trials = tuple(replace(trial, score=score) for trial, score in shown)
        signals = dict(zip(contexts.batch.signals, runs.signals[i].tolist(), strict=True)) if "signals" in runs else {}
        about = task.meta_features.items() if self.context else ()
        known = ", ".join(f"{name} {value:.4g}" for name, value in about if value is not None)
        return describe(
            task.space, trials, budget=contexts.budget, spent=np.broadcast_to(runs.spent, runs.n).item(i),
            fidelities=contexts.fidelities if "fidelity" in runs else FULL,
            unit=runs.payment.units.item(runs.task.item(i)) if contexts.in_cost else None,
            objectives=contexts.batch.objectives, signals=signals, form=self.form, names=self.names,
            notes=[f"The data: {known}."] if known else (),
        )  # fmt: skip
