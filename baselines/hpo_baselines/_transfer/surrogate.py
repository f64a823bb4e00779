"""`Surrogate`: the score of an earlier task at any point. It is made once for a task, not for a run."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hpo_gym
from hpo_baselines._models.columns import one_hot
from hpo_baselines._models.gaussian_process import GaussianProcess, matern52
from hpo_baselines._transfer.earlier import scores_of
from hpo_baselines._transfer.kept import read, write
from hpo_gym.base import Floats, seeding
from hpo_gym.problem import Evaluations, Points, Pool, SearchSpace, keys, successes
from hpo_gym.system import libraries, one_blas_thread, steps

_LEARNED = 500  # points of a task that its process learns from, drawn once
_SEARCHED = 200  # of these, with which its hyperparameters are searched for where the task is of another space
_ITERATIONS = 5  # of the search for its hyperparameters
_SLICE = 2048  # points predicted at once: they stay in the processor's cache
DEAR = 1.0  # seconds from which on scores are kept on the disk
_FEW = 500  # points of all tasks together, of fewer it is not asked whether they are there
_OWN = ("_models/columns.py", "_models/gaussian_process.py", "_transfer/earlier.py", "_transfer/surrogate.py")
_PACKAGE = ("problem/prior.py", "base/scores.py", "problem/space/*.py")
_BEST = 256  # candidates that are the best points of the tasks
_CANDIDATES = 1000  # the rest of so many are drawn


class Surrogate:
    """The scores of one earlier task as a function of points.

    At a measured point it is the score (of several there, the first). Elsewhere a Gaussian process predicts ranks:
    scores become normal quantiles for the fit, and its mean becomes a score again by the same curve, so that one very
    bad score bends nothing and no prediction leaves the task's range. A column of `Evaluations.x` that is NaN
    throughout is no hyperparameter of that task: the process ignores it, and no point counts as measured. Then
    200 points decide on the process's hyperparameters, since each such task needs a process: on held-out points it is
    as good, in a quarter of the time.

    **Reference**: ranks as in Salinas, Shen and Perrone, "A quantile-based approach for hyperparameter transfer
    learning", ICML 2020, https://proceedings.mlr.press/v119/salinas20a.html

    **Differs from the paper**: a Gaussian process of each task instead of one network of all.

    Args:
        space: The search space.
        e: The task; at least one of its points succeeded.
    """

    def __init__(self, space: SearchSpace, e: Evaluations) -> None:
        y = scores_of(e)
        there = np.flatnonzero(~np.isnan(y))
        self._space, self._seen = space, ~np.isnan(e.x).all(0)
        x = space.snap(np.where(self._seen, e.x[there], space.default_x))
        self._pool = Pool(space, x) if self._seen.all() else None
        self._score = y[there]
        some = _drawn(len(there), _LEARNED)
        self._quantile, self._worth = _quantiles(self._score)
        z = np.interp(self._score[some], self._worth, self._quantile)
        points, few = self._columns(x[some]), _drawn(len(some), len(some) if self._seen.all() else _SEARCHED)
        process = GaussianProcess.fit(points[few], z[few], iterations=_ITERATIONS)
        if len(few) < len(some):
            process = GaussianProcess(points, z, process.log_parameters)
        self._x, self._length = process.x, process.length  # all that a mean needs
        self._weight, self._mean = process.weight * process.scale, process.mean

    def __call__(self, x: Points) -> Floats:
        """Scores at canonical points ``(c, d)``, ``(c,)``."""
        out = np.empty(len(x))
        for start in range(0, len(x), _SLICE):
            part = slice(start, start + _SLICE)
            k = matern52(self._x, self._columns(x[part]), self._length)
            out[part] = np.interp(self._weight @ k + self._mean, self._quantile, self._worth)
        if self._pool is not None:
            row = self._pool.exact(x)
            out = np.where(row >= 0, self._score[row], out)
        return out

    def _columns(self, x: Points) -> Floats:
        return one_hot(self._space, np.where(self._seen, x, self._space.default_x))


def _drawn(n: int, most: int) -> NDArray[np.int64]:
    """Return places of `n` points, of more than `most` as many, drawn always alike; ascending."""
    return np.arange(n) if n <= most else np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def _quantiles(y: Floats) -> tuple[Floats, Floats]:
    """Return normal quantiles of the distinct scores, by their mean rank, and these scores; both ascend."""
    from scipy.special import ndtri

    worth, count = np.unique(y, return_counts=True)
    middle = np.cumsum(count) - count / 2
    return np.asarray(ndtri(middle / len(y))), worth


@functools.lru_cache(maxsize=1024)
def surrogate_of(space: SearchSpace, e: Evaluations) -> Surrogate:
    """Return the surrogate of a task, made once; `Evaluations` are identified by object."""
    return Surrogate(space, e)


def scores_at(space: SearchSpace, e: Evaluations, x: Points) -> Floats:
    """Return scores of a known task at canonical points ``(m, d)``, ``(m,)``: its own, gaps NaN, if these are all of
    its points in their order, else those of its surrogate.
    """
    return scores_of(e) if _stands_on(space, e.x, x) else surrogate_of(space, e)(x)


def table_at(space: SearchSpace, tasks: Sequence[Evaluations], x: Points) -> Floats:
    """`scores_at` of known tasks, ``(k, m)``, as `foretold` where surrogates are needed."""
    own = {id(e.x): e.x for e in tasks}  # tasks of one pool share one array
    stands = {key: _stands_on(space, points, x) for key, points in own.items()}
    rest = iter(foretold(space, [e for e in tasks if not stands[id(e.x)]], x))
    return np.array([scores_of(e) if stands[id(e.x)] else next(rest) for e in tasks]).reshape(len(tasks), len(x))


def _stands_on(space: SearchSpace, own: Points, x: Points) -> bool:
    whole = own.shape == x.shape and not np.isnan(own).any()  # NaN: of another space
    return own is x or bool(whole and np.array_equal(space.snap(own), x))


def foretold(space: SearchSpace, tasks: Sequence[Evaluations], x: Points) -> Floats:
    """Return the predictions of tasks' surrogates at canonical points ``(m, d)``, ``(k, m)``.

    Work of more than a second shows its progress (`jobs.progress.steps`), and its result is kept on the disk
    (`kept`) for the next process with the same tasks.
    """
    if not tasks:
        return np.empty((0, len(x)))
    shape, name = (len(tasks), len(x)), _name(space, tasks, x)
    found = None if name is None else read(name, shape)
    if found is not None:
        return found
    began, out = time.perf_counter(), np.empty(shape)
    with steps("learning from earlier tasks", len(tasks), "earlier tasks") as tell:
        for i, e in enumerate(tasks):
            out[i] = surrogate_of(space, e)(x)
            tell(i + 1)
    if name is not None and time.perf_counter() - began > DEAR:
        write(name, out)
    return out


@one_blas_thread("scipy.linalg")
def _name(space: SearchSpace, tasks: Sequence[Evaluations], x: Points) -> str | None:
    """Return a hash of all inputs of the predictions, to the last bit: evaluations, code, and numerical libraries; None
    for so few points that computing is quicker.
    """
    if sum(len(e.x) for e in tasks) < _FEW:
        return None
    arrays = [x, *(part for e in tasks for part in (e.x, e.score, e.status))]
    hashes = {id(array): _hash(array) for array in arrays}
    said = [space.to_json(), [hashes[id(array)] for array in arrays], _code(), np.__version__, *libraries()]
    return hashlib.sha256(seeding.canonical(said).encode()).hexdigest()


def _hash(array: NDArray[Any]) -> str:
    said = hashlib.sha256(f"{array.shape} {array.dtype}".encode())
    said.update(np.ascontiguousarray(array).data)
    return said.hexdigest()


@functools.cache
def _code() -> str:
    """Return a hash of the files that predict scores, and of the release of the hyperparameter search."""
    import scipy

    places = ((Path(__file__).resolve().parents[1], _OWN), (Path(hpo_gym.__file__).resolve().parent, _PACKAGE))
    files = [file for folder, patterns in places for name in patterns for file in sorted(folder.glob(name))]
    said = hashlib.sha256(scipy.__version__.encode())
    for path in files:
        said.update(path.read_bytes())
    return said.hexdigest()


def candidates_of(space: SearchSpace, tasks: Sequence[Evaluations]) -> Points:
    """Points to choose among where tasks share none and there is no pool, ``(c, d)``: the best of each task, at most
    256 in all but at least one of each, and random ones that are always the same, until there are 1,000."""
    count = max(1, _BEST // len(tasks))
    best = [e.x[np.argsort(np.where(successes(e), -e.score, np.inf), kind="stable")[:count]] for e in tasks]
    found = np.concatenate(best)
    x = space.snap(np.where(np.isnan(found), space.default_x, found))
    drawn = space.sample(np.random.default_rng(0), max(0, _CANDIDATES - len(x)))
    x = np.concatenate([x[space.legal(x)], drawn])
    return np.array(list(dict(zip(keys(x), x, strict=True)).values()))
