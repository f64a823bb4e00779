"""The codec `candidates`: an action is one of a short list of configurations, the same on all tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask
from hpo_gym.env.codecs import CODECS, Decoder, DecoderOne, as_batch
from hpo_gym.env.codecs._one_choice import OneChoice
from hpo_gym.env.codecs.checks import choice_of
from hpo_gym.env.listed import Listed, OverList, Tried, check_count
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
        return _Rows(self.listed, self.decoder(contexts))

    def choice(self, contexts: Contexts, runs: Runs, at: NDArray[Any]) -> Ints:
        return np.asarray(self.listed.same(runs, at).argmax(1))

    def good(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        mask = ~self.listed.tried(runs) if untried else np.ones((runs.n, len(self.listed)), bool)
        mask[~mask.any(1)] = True  # all tried: an agent must still be able to act
        return mask


class _Rows:
    """Decodes the actions of the only run; remembers what it has tried in its episode."""

    def __init__(self, listed: Listed, decode: Decoder) -> None:
        self._listed, self._decode, self._tried, self._count = listed, decode, Tried(), len(listed)
        self._at: list[int] = []

    def __call__(self, runs: Runs, action: object) -> int:
        """Decode one number; whatever is no integer in range is left to the decoder of many."""
        number, tried = choice_of(action, self._count), self._tried
        if number is None:
            return int(self._decode(runs, as_batch(action))[0].item())
        if tried.look(runs):
            self._at = self._listed.at(runs.batch)[runs.task.item(0)].tolist()
        row = self._at[number]
        if row not in tried.rows:
            return row
        near = (self._at[i] for i in self._listed.near[number].tolist())
        return next((other for other in near if other not in tried.rows), row)
