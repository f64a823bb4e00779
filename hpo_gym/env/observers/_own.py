"""Observations of a run's own actions, whatever their results."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection

import numpy as np

from hpo_gym.base import InvalidValueError, Singles
from hpo_gym.env.observers._flat import Flat, Limits
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


class Own(Flat):
    """The share of the budget spent, whether nothing was tried, values, their last move, and what is `seen` beside.

    Values are those of the last configuration (at first the default) in [-1, 1], the move is their last change.
    """

    alike = False

    def limits(self, contexts: Contexts) -> Limits:
        d = contexts.space.d
        return [(0, 1, 2), (-1, 1, d), (-2, 2, d)]

    @abstractmethod
    def seen(self, contexts: Contexts, runs: Runs) -> Singles:
        """Return further numbers of each run, ``(n, s)``."""

    def __call__(self, contexts: Contexts, runs: Runs) -> Singles:
        d, default, seen = contexts.space.d, contexts.space.default_x, self.seen(contexts, runs)
        out = np.zeros((runs.n, 2 + 2 * d + seen.shape[1]), np.float32)
        out[:, 0] = 1.0 - np.asarray(runs.left)
        out[:, 1] = none = runs.untried()
        if runs.fresh:
            out[:, 2 : 2 + d] = default * 2.0 - 1.0
        else:
            now = np.where(none[:, None], default, runs.last_x())
            out[:, 2 : 2 + d] = now * 2.0 - 1.0
            moved = now - runs.x_before(default)
            moved[none] = 0.0
            out[:, 2 + d : 2 + 2 * d] = moved * 2.0
        out[:, 2 + 2 * d :] = seen
        return self.finish(contexts, runs, out)


def check_signals(contexts: Contexts, name: str, needed: Collection[str] = ()) -> None:
    """Refuse tasks without signals, or without one that is `needed`; `name` is the observer's."""
    if not contexts.batch.signals:
        raise InvalidValueError(
            f"The `{name}` observer needs tasks whose trials go on from each other, as of the suite 'Trainings'; "
            "use 'last'."
        )
    missing = sorted(set(needed) - set(contexts.batch.signals))
    if missing:
        raise InvalidValueError(
            f"The `{name}` observer shows the signals {sorted(needed)}, the tasks lack {missing}; use 'last'."
        )
