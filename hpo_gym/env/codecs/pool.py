"""The codec `pool`: an action is a row of the task's pool."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import Ints, InvalidValueError, Mask
from hpo_gym.env.codecs import CODECS, Decoder, DecoderOne, as_batch
from hpo_gym.env.codecs._one_choice import OneChoice
from hpo_gym.env.codecs.checks import choice_of, choices_of
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import PoolBatchView, pooled

MOST_CANDIDATES = 65_536


@CODECS.register("pool")
class Pool(OneChoice):
    """``Discrete(m)``: a row of the task's pool; with `candidates`, one of that many rows drawn for each episode.

    A shared pool that ships is offered in an order by key, the same on all tasks: action 0 is no default configuration.
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
            raise InvalidValueError("The `pool` codec needs tasks with a pool of configurations; use 'box' or 'move'.")
        return self.candidates or contexts.batch.m

    def place(self, contexts: Contexts, runs: Runs, choice: Ints) -> NDArray[Any]:
        if self.candidates is not None:
            return contexts.rows(runs.task, runs.instance)[np.arange(runs.n), choice]
        batch = pooled(runs.batch)
        rows = batch.rows_at(runs.task, choice)
        return rows if batch.complete else batch.measured_rows(runs.task, rows)

    def choice(self, contexts: Contexts, runs: Runs, at: NDArray[Any]) -> Ints:
        if self.candidates is None:
            return pooled(runs.batch).places_of(runs.task, np.asarray(at, np.int64))
        return np.asarray((contexts.rows(runs.task, runs.instance) == at[:, None]).argmax(1))

    def decoder(self, contexts: Contexts) -> Decoder:
        if self.fidelity or self.stop or self.candidates is not None:
            return super().decoder(contexts)
        return functools.partial(_rows, self.count(contexts), pooled(contexts.batch))

    def decoder_one(self, contexts: Contexts) -> DecoderOne:
        if self.candidates is not None:
            return super().decoder_one(contexts)
        return functools.partial(_row, self.count(contexts), pooled(contexts.batch))

    def good(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        batch = pooled(runs.batch)
        measured = batch.measured[runs.task]
        if untried:
            n, t = np.nonzero(runs.exists())
            measured[n, runs.ordered(runs.at)[n, t]] = False
        if self.candidates is None:
            mask = batch.by_place(runs.task, np.asarray(measured))
        else:
            rows = contexts.rows(runs.task, runs.instance)
            mask = measured[np.arange(runs.n)[:, None], rows]
            size = batch.measured.sum(1)[runs.task]
            mask &= np.arange(rows.shape[1]) < size[:, None]  # the rest repeats
        mask[~mask.any(1)] = True  # all tried: an agent must still be able to act
        return mask


def _rows(count: int, batch: PoolBatchView, runs: Runs, actions: ArrayLike) -> tuple[Ints, None, None]:
    """Decode rows, of which each has a fidelity of 1 and none stops."""
    at = batch.rows_at(runs.task, choices_of(actions, runs.n, count))
    return at if batch.complete else batch.measured_rows(runs.task, at), None, None


def _row(count: int, batch: PoolBatchView, runs: Runs, action: object) -> int:
    """Decode one row; whatever is no integer in range is left to `_rows`."""
    row = choice_of(action, count)
    if row is None:
        return int(_rows(count, batch, runs, as_batch(action))[0].item())
    if batch.offered is not None:
        row = batch.offered.item(row) if batch.one_pool else batch.offered.item(runs.task.item(0), row)
    return row if batch.complete else batch.measured_row(runs.task.item(0), row)
