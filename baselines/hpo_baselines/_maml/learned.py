"""`Learned`: shared parts of optimizers whose networks read encoded configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpo_baselines._maml.tasks import Encoding
from hpo_baselines._runs.trained import Trained
from hpo_gym.optimize import Arrays, Context


class Learned(Trained):
    """Trained on tasks of one encoding. Its subclasses name it before the class that says how they choose."""

    networks = True
    _encoding: Encoding

    def _encoded_by(self, encoding: Encoding) -> None:
        self._encoding, self._space = encoding, encoding.space

    def fits(self, context: Context) -> None:
        if self._space is not None:
            self._encoding.check(context.space)

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs.

        Raises:
            StateError: Neither trained nor loaded.
            InvalidValueError: A space is not the one trained on.
        """
        encoding: Encoding = self._needed(getattr(self, "_encoding", None), "reset")
        for context in contexts:
            encoding.check(context.space)
        super().reset_batch(contexts, rngs)  # type: ignore[misc]  # of the class that chooses

    def about(self) -> dict[str, Any]:
        return {**super().about(), "least": self._encoding.least}

    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        assert self._space is not None
        self._encoding = Encoding(self._space, int(about["least"]))
