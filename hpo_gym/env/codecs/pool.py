"""The codec `pool`: an action is a row of the task's pool."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import Ints, InvalidValueError, Mask
from hpo_gym.env.codecs import CODECS, Decoder, DecoderOne, as_batch
from hpo_gym.env.codecs._one_choice import OneChoice
from hpo_gym.env.codecs.checks import choices_of
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import PoolBatchView, pooled

MOST_CANDIDATES = 65_536


@CODECS.register("pool")
class Pool(OneChoice):
    """``Discrete(m)``: a row of the task's pool; with `candidates`, one of that many rows drawn for each episode.

    A row that was not measured on the task is masked; chosen all the same, its nearest measured row answers.
    """

    pool = True

    def __init__(self, candidates: int | None = None, fidelity: bool = False, stop: bool = False) -> None:
        super().__init__(fidelity, stop)
        if candidates is not None and not 2 <= candidates <= MOST_CANDIDATES:
            raise InvalidValueError(f"`2 <= candidates <= {MOST_CANDIDATES}` must hold, got {candidates}.")
        self.candidates = candidates

    def count(self, contexts: Contexts) -> int:
        if not contexts.batch.m:
            raise InvalidValueError("The `pool` codec needs tasks with a pool of configurations; use 'box' or 'grid'.")
        return self.candidates or contexts.batch.m

    def place(self, contexts: Contexts, runs: Runs, choice: Ints) -> NDArray[Any]:
        if self.candidates is not None:
            return contexts.rows(runs.task, runs.instance)[np.arange(runs.n), choice]
        batch = pooled(runs.batch)
        return choice if batch.complete else batch.measured_rows(runs.task, choice)

    def decoder(self, contexts: Contexts) -> Decoder:
        count, batch = self.count(contexts), pooled(contexts.batch)
        if self.fidelity or self.stop or self.candidates is not None:
            return super().decoder(contexts)
        return (_Rows(count) if batch.complete else _MeasuredRows(count, batch)).__call__

    def decoder_one(self, contexts: Contexts) -> DecoderOne:
        if self.candidates is not None:
            return super().decoder_one(contexts)
        batch = pooled(contexts.batch)
        return _Row(self.decoder(contexts), self.count(contexts), None if batch.complete else batch).__call__

    def good(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        batch = pooled(runs.batch)
        measured = batch.measured[runs.task]
        if untried:
            n, t = np.nonzero(runs.exists())
            measured[n, runs.ordered(runs.at)[n, t]] = False
        if self.candidates is None:
            mask = np.asarray(measured)
        else:
            rows = contexts.rows(runs.task, runs.instance)
            mask = measured[np.arange(runs.n)[:, None], rows]
            size = batch.measured.sum(1)[runs.task]
            mask &= np.arange(rows.shape[1]) < size[:, None]  # the rest repeats
        mask[~mask.any(1)] = True  # all tried: an agent must still be able to act
        return mask


class _Rows:
    """From rows to what is evaluated, where every task has all rows."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, runs: Runs, actions: ArrayLike) -> tuple[Ints, None, None]:
        return choices_of(actions, runs.n, self.count), None, None


class _MeasuredRows(_Rows):
    """`_Rows` of a pool with rows that were not measured."""

    def __init__(self, count: int, batch: PoolBatchView) -> None:
        super().__init__(count)
        self.batch = batch

    def __call__(self, runs: Runs, actions: ArrayLike) -> tuple[Ints, None, None]:
        at = choices_of(actions, runs.n, self.count)
        there = self.batch.there.take(runs.base + at)
        return (at if there.item(there.argmin()) else self.batch.measured_rows(runs.task, at)), None, None


class _Row:
    """From one row to what is evaluated; whatever is no integer in range is left to the batch form."""

    def __init__(self, decode: Decoder, count: int, batch: PoolBatchView | None) -> None:
        self.decode, self.count, self.batch = decode, count, batch

    def __call__(self, runs: Runs, action: object) -> int:
        if isinstance(action, np.integer):
            action = int(action)
        if type(action) is not int or not 0 <= action < self.count:
            return int(self.decode(runs, as_batch(action))[0].item())
        return action if self.batch is None else self.batch.measured_row(runs.task.item(0), action)
