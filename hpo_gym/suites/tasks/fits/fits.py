"""`Fits`: many fits of mixed recipes at once, each computed by itself, so that its bits depend on no neighbour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, Mask, Singles, seeding
from hpo_gym.problem import Evaluated, Points, SearchSpace, Status, TaskProgress
from hpo_gym.suites.tasks.fits.controls import numbers
from hpo_gym.suites.tasks.fits.fit import Fit
from hpo_gym.suites.tasks.fits.keyed import ORDER
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.tasks.fits.signals import AT, SIGNALS, after, at_start, bounded

MASKS = 23
"""The purpose of random numbers."""
LEAST = 0.01
"""Part of a score: it is minus the logarithm of this and the loss."""


def score_of(loss: Singles) -> Floats:
    """Return the score of losses, in losses of a guess."""
    return np.asarray(-np.log(np.asarray(loss, np.float64) + LEAST))


class World(NamedTuple):
    """What runs can be of.

    Attributes:
        names: The tables of the tasks.
        salts: Distinguish the tasks' random numbers, ``(k,)``.
        recipes: The ranges of recipes.
        space: The space of the controls.
    """

    names: Sequence[str]
    salts: Keys
    recipes: Recipes
    space: SearchSpace


class Fits(TaskProgress):
    """`n` networks in training.

    Args:
        world: What the runs are of.
        n: Runs.
        horizon: Trials of a run: the last one is judged on the test rows.

    Attributes:
        fits: Of each run; before its first episode nothing that can be used.
    """

    fits: list[Fit]

    def __init__(self, world: World, n: int, horizon: int) -> None:
        self._world, self._horizon = world, horizon
        self.fits = [None] * n  # type: ignore[list-item]
        self._task, self._key = np.zeros(n, np.int64), np.zeros(n, np.uint64)
        self._epoch, self._tested = np.zeros(n, np.int64), np.full(n, np.nan)
        self.signals = np.zeros((n, len(SIGNALS)), np.float32)

    # ------------------------------------------------------------------ episodes
    def begin(self, which: Ints | None, task: Ints, instance: Keys) -> None:
        who = np.arange(len(self.fits)) if which is None else which
        self._task[who], self._key[who] = task, seeding.mix(instance, self._world.salts[task])
        self._epoch[who], self._tested[who] = 0, np.nan
        loss, accuracy, traits = np.empty(len(who)), np.empty(len(who)), []
        for j, i in enumerate(who.tolist()):
            self.fits[i] = fit = self._fit(i, self._key.item(i))
            loss[j], accuracy[j] = fit.validated()
            traits.append(fit.traits)
        self.signals = self.signals.copy()
        self.signals[who] = at_start(bounded(loss), accuracy, np.array(traits, np.float64))

    def _fit(self, i: int, key: int) -> Fit:
        """Return run `i` at its start, with a key."""
        return Fit(key, self._world.names[self._task[i]], self._world.recipes)

    # ------------------------------------------------------------------ an epoch
    def advance(self, at: Points, idle: Mask | None) -> Evaluated:
        busy = np.ones(len(at), bool) if idle is None else ~idle
        signals = self.signals.copy()
        signals[busy] = self._trained(busy.nonzero()[0], at[busy])
        self._epoch += busy
        self.signals = signals
        score = score_of(signals[:, AT["best_validation_loss"]])
        last = busy & (self._epoch == self._horizon)
        if last.any():
            score[last] = self._judged(last.nonzero()[0])
        dead = signals[:, AT["diverged"]] > 0
        return Evaluated(score, np.ones(len(score)), np.where(dead, np.int8(Status.DIVERGED), np.int8(Status.OK)))

    def _trained(self, who: Ints, at: Points) -> Singles:
        """Train runs for an epoch; return their signals, ``(m, 15)``."""
        before, controls = self.signals[who], numbers(self._world.space, at)
        losses, accuracy, dead = np.zeros((len(who), 2)), np.zeros(len(who)), before[:, AT["diverged"]] > 0
        epoch = self._epoch[who].astype(np.uint64)
        order, masks = (seeding.mix(seeding.mix(self._key[who], use), epoch) for use in (ORDER, MASKS))
        with np.errstate(all="ignore"):  # a run may blow up
            for j in np.flatnonzero(~dead).tolist():
                fit = self.fits[who[j]]
                losses[j, 0] = fit.epoch(controls[j], order[j], masks[j])
                dead[j] = fit.dead()
                losses[j, 1], accuracy[j] = fit.validated()
        signals = after(before, bounded(losses), accuracy, dead)
        for i in who[signals[:, AT["since_best"]] == 0].tolist():
            self.fits[i].keep()
            self._tested[i] = np.nan
        return signals

    @property
    def tested(self) -> Floats:
        """Return the test scores of the checkpoints, ``(n,)``: for studies, and shown to nobody."""
        return self._judged(np.arange(len(self.fits))).copy()

    def _judged(self, who: Ints) -> Floats:
        """Return the test scores of the checkpoints of runs, ``(m,)``."""
        for i in who[np.isnan(self._tested[who])].tolist():
            self._tested[i] = score_of(bounded(self.fits[i].tested()))
        return self._tested[who]

    # ------------------------------------------------------------------ one run
    def save(self, i: int) -> dict[str, NDArray[Any]]:
        own = {"key": self._key[i].copy(), "epoch": self._epoch[i].copy(), "signals": self.signals[i].copy()}
        return own | self.fits[i].save()

    def like(self, i: int, saved: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        own, key = self.save(i), saved.get("key")
        if key is None or (key.dtype, key.shape) != (own["key"].dtype, ()):
            return own
        return own | self._fit(i, int(key)).save()

    def load(self, i: int, saved: Mapping[str, NDArray[Any]]) -> None:
        self._key[i], self._epoch[i], self._tested[i] = saved["key"], saved["epoch"], np.nan
        self.fits[i] = self._fit(i, int(saved["key"]))
        self.fits[i].load(saved)
        self.signals = self.signals.copy()
        self.signals[i] = saved["signals"]
