"""`Advice`: further lines of a text, the next configuration as optimizers of ours would choose it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from hpo_gym.base import seeding
from hpo_gym.optimize.protocol import OPTIMIZERS, Context, Optimizer
from hpo_gym.problem import Refusal, Trial
from hpo_gym.text import renamed, value_of

_SAYS: Mapping[str, str] = {"gp-ei": "a Gaussian process", "transfer-mix": "models of the earlier tasks"}


class Advice:
    """The advice of some optimizers in one run: each hears all trials, whoever proposed them, and is asked in turn.

    Args:
        names: Registered optimizers, such as "gp-ei" and "transfer-mix".
        shown: Whether hyperparameters have their names.
    """

    def __init__(self, names: Sequence[str], context: Context, shown: bool) -> None:
        self._space, self._shown = context.space, shown
        self._advisers: dict[str, Optimizer] = {name: OPTIMIZERS.get(name)() for name in names}
        for name, adviser in self._advisers.items():
            adviser.reset(context, np.random.default_rng(seeding.key("advice", name, context.starts)))

    def lines(self) -> list[str]:
        """Return a line for each adviser that has something left to propose; ask once before each `tell`."""
        asked = {name: adviser.ask() for name, adviser in self._advisers.items()}
        return [
            f"Advice of {_SAYS.get(name, name)}: {self._words(query.config)}"
            for name, query in asked.items()
            if query is not None and not isinstance(query, Refusal)
        ]

    def tell(self, trial: Trial) -> None:
        """Report a trial; one that was refused has nothing to learn from."""
        if not isinstance(trial.query, Refusal):
            for adviser in self._advisers.values():
                adviser.tell(trial)

    def _words(self, config: Mapping[str, object]) -> str:
        said = renamed(self._space, self._shown, config)
        short = {h.name: float(value_of(h, v)) if isinstance(v, float) and not h.choices else v for h, v in said}
        return json.dumps(short, default=str)
