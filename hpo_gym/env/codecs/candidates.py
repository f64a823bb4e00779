"""The codec `candidates`: an action is one of a short list of configurations, the same on all tasks."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask
from hpo_gym.env.codecs import CODECS, Decoder, DecoderOne, as_batch
from hpo_gym.env.codecs._one_choice import OneChoice
from hpo_gym.env.codecs.checks import choice_of
from hpo_gym.env.listed import OverList, check_count
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


@CODECS.register("candidates")
class CandidatesCodec(OverList, OneChoice):
    """``Discrete(c)``: one of `count` configurations around the default, the same ones in every env of a suite.

    They are chosen without a look at scores (`hpo_gym.env.listed`). Each number means one configuration on all tasks,
    and no two mean the same one. None is tried twice, unless `repeats` (always with `fidelity`): a number that was
    tried stands for the nearest one that was not, until all were.
    """

    def __init__(self, count: int = 128, repeats: bool = False, fidelity: bool = False, stop: bool = False) -> None:
        super().__init__(fidelity, stop)
        self.length, self.repeats = check_count(count), repeats or fidelity

    def count(self, contexts: Contexts) -> int:
        return len(self.listed)

    def place(self, contexts: Contexts, runs: Runs, choice: Ints) -> NDArray[Any]:
        if not self.repeats and not runs.fresh:
            choice = self._untried(runs, choice)
        return np.asarray(self.listed.at(runs.batch)[runs.task, choice])

    def _untried(self, runs: Runs, choice: Ints) -> Ints:
        """Return the choices, or the nearest untried ones."""
        again = np.flatnonzero(self.listed.met(runs, self.listed.at(runs.batch)[runs.task, choice]))
        if len(again):
            tried = self.listed.tried(runs)[again]
            near = self.listed.near[choice[again]]
            first = np.take_along_axis(tried, near, 1).argmin(1)  # the choice itself if all were tried
            choice = choice.copy()
            choice[again] = near[np.arange(len(again)), first]
        return choice

    def decoder_one(self, contexts: Contexts) -> DecoderOne:
        if self.repeats:
            return super().decoder_one(contexts)
        return functools.partial(self._row, self.decoder(contexts))

    def _row(self, decode: Decoder, runs: Runs, action: object) -> int:
        """Decode one number; whatever is no integer in range is left to `decode`."""
        listed = self.listed
        number = choice_of(action, len(listed))
        if number is None:
            return int(decode(runs, as_batch(action))[0].item())
        task, tried = runs.task.item(0), runs.of_one(runs.at).tolist()
        row: int = listed.at(runs.batch).item(task, number)
        return listed.untried_one(runs.batch, task, number, tried) if row in tried else row

    def choice(self, contexts: Contexts, runs: Runs, at: NDArray[Any]) -> Ints:
        return np.asarray(self.listed.same(runs, at).argmax(1))

    def good(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        mask = ~self.listed.tried(runs) if untried else np.ones((runs.n, len(self.listed)), bool)
        mask[~mask.any(1)] = True  # all tried: an agent must still be able to act
        return mask
