"""`cheap_first`: random configurations, drawn with chances in inverse proportion to their cost on earlier tasks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.log_cost import LogCost
from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines._transfer.earlier import Place

_DRAWN = 64  # configurations of a space without a pool, of which one is tried


def cheap_first(run: Run, stream: Iterator[Choice], exponent: float = 1.0) -> Iterator[Choice]:
    """Yield the configurations of a `stream` in the order of `RandomCheapest`; without costs, in their own."""
    cost = LogCost(run)
    if cost.table is None or not exponent:
        yield from stream
    elif run.pool is not None:
        rows = np.array(list(stream), np.int64)
        late = exponent * cost.earlier(Place(run.pool.x[rows], rows)) + _lateness(len(rows))
        yield from rows[np.argsort(late, kind="stable")].tolist()
    else:
        while block := list(itertools.islice(stream, _DRAWN)):
            x = np.array(block)
            late = exponent * cost.earlier(Place(x, np.zeros(len(x), np.int64), exact=False)) + _lateness(len(x))
            yield x[int(late.argmin())]


def _lateness(m: int) -> NDArray[np.float64]:
    """Return the logarithm of the expected time of the first, second, .. ring among `m` exponential clocks."""
    return np.log(np.cumsum(1.0 / np.arange(m, 0, -1)))
