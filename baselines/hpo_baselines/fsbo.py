"""Few-shot Bayesian optimization: a Gaussian process with a deep kernel learned on the meta-train tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hpo_baselines._maml.few_shot import encoding_of
from hpo_baselines._maml.learned import Learned
from hpo_baselines._maml.tasks import Encoding, Known
from hpo_baselines._models.acquisition import log_expected_improvement
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines._transfer.earlier import Place, scaled
from hpo_baselines._transfer.tables import Prior, evaluations_of
from hpo_baselines.greedy_portfolio import normalised, portfolio_of
from hpo_gym.base import InvalidValueError, whole_fields
from hpo_gym.optimize import OPTIMIZERS, Arrays, Context
from hpo_gym.problem import Points, Pool, SearchSpace
from hpo_gym.system import one_blas_thread

if TYPE_CHECKING:
    from torch import Tensor

    from hpo_baselines._models.deep_kernel import DeepKernel
    from hpo_gym.problem import Task

_WARM = 64  # points of the warm start that are kept
_KEPT = 8  # encoded pools


@OPTIMIZERS.register("fsbo", extra="rl", family="transfer", trainable=True)
@dataclass(eq=False, repr=False)
class FewShotBO(Learned, ModelBased):
    """Bayesian optimization by a deep kernel, learned on many tasks and adapted to the run by few steps.

    **Training**. A network maps the encoded configuration (`maml_tasks.Encoding`) to the features of a Matern-5/2
    kernel. Each step takes some tasks and some points of each, puts the scores of each task on a random scale, and
    lowers the negative log marginal likelihood; so the kernel learns the structure common to all tasks, not a task's
    level. Of six moments of the training, the one with the best likelihood on validation tasks is kept.

    **Choice**. The first trials, the initial design counted, are a greedy portfolio of the training tasks. Then the
    kernel is adapted to the run's trials, with scores scaled to [0, 1], by steps of Adam from its trained state; the
    candidate of the highest expected improvement is tried. For the candidates, see `ModelBased`.

    **Reference**: Wistuba and Grabocka, "Few-shot Bayesian optimization with deep kernel surrogates", ICLR 2021,
    https://arxiv.org/abs/2101.07667

    **Differs from the paper**: the batches of a step are of several tasks, not of one; the ends of a random scale are
    at least a tenth of the task's range apart; adaptation starts from the trained state at each trial; the warm start
    minimises the paper's loss greedily, not by an evolutionary algorithm.

    Args:
        hidden: Width of both hidden layers.
        tasks: Tasks of one training step.
        points: Points of each.
        outer_steps: Training steps.
        outer_lr: Their size; it falls to 0 as a cosine.
        inner_steps: Steps of the adaptation; 0 keeps the trained state.
        inner_lr: Their size.
        warm_start: Trials of the portfolio; the initial design counts.
    """

    version = 1
    smoke: ClassVar[Mapping[str, Any]] = {
        "hidden": 8, "tasks": 3, "points": 6, "outer_steps": 4, "inner_steps": 2, "warm_start": 2,
    }  # fmt: skip
    name = "fsbo"
    kernel: DeepKernel | None = field(default=None, init=False)
    _warm: Points = field(init=False)
    _pools: tuple[tuple[Pool, Tensor], ...] = field(default=(), init=False)

    hidden: int = 64
    tasks: int = 16
    points: int = 40
    outer_steps: int = 2000
    outer_lr: float = 0.002
    inner_steps: int = 10
    inner_lr: float = 0.002
    warm_start: int = 5

    # ------------------------------------------------------------------ training
    def learn(
        self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int | None
    ) -> None:
        """On one thread. A step is a point drawn in training; a task without a pool is first scored at 512 points."""
        from hpo_baselines._models.deep_kernel import Plan, train_kernel

        self._check()
        encoding = encoding_of([*tasks, *validation])
        tables = evaluations_of(tasks, rng)
        known = _known(tasks, tables, encoding)
        held = _known(validation, evaluations_of(validation, rng), encoding)
        if not known:
            raise InvalidValueError("At least one task must have a success, got none.")
        per = min(self.tasks, len(known)) * self.points
        count = self.outer_steps if steps is None else min(self.outer_steps, steps // per)
        self.kernel = train_kernel(known, held, rng, Plan(self.hidden, self.tasks, self.points, count, self.outer_lr))
        self._warm = warm_points(encoding.space, tables)
        self._encoded_by(encoding)
        self._runs, self._pools = (), ()

    def _check(self) -> None:
        least = {"hidden": 1, "tasks": 1, "points": 2, "outer_steps": 0, "inner_steps": 0, "warm_start": 0}
        for name, low in least.items():
            whole_fields(self, low, name)
        if self.warm_start > _WARM:
            raise InvalidValueError(
                f"`warm_start <= {_WARM}` must hold, got {self.warm_start}; the nearest is {_WARM}."
            )
        if not (self.outer_lr > 0.0 and self.inner_lr > 0.0):
            raise InvalidValueError(
                f"`outer_lr > 0` and `inner_lr > 0` must hold, got ({self.outer_lr}, {self.inner_lr})."
            )

    # ------------------------------------------------------------------ choosing
    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` runs, like `Learned`; raise `InvalidValueError` also for a setting out of its range."""
        self._check()
        super().reset_batch(contexts, rngs)

    @one_blas_thread("scipy.linalg")
    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the warm start's next point, then the candidate of the highest expected improvement."""
        return [run.follow(self._plan) if len(run.score) < self.warm_start else self._next(run) for run in runs]

    def begin(self, run: Run) -> Model | None:
        return DeepKernelModel(run, self._needed(self.kernel, "asked"), self)

    def encoded(self, run: Run, x: Points) -> Tensor:
        """Return points as inputs of the network; those of a pool are kept for later runs."""
        import torch

        if run.pool is None or x is not run.pool.x:
            return torch.from_numpy(self._encoding(run.space, x).astype(np.float64))
        for pool, known in self._pools:
            if pool is run.pool:
                return known
        known = torch.from_numpy(self._encoding(run.space, x).astype(np.float64))
        self._pools = ((run.pool, known), *self._pools[: _KEPT - 1])
        return known

    def _plan(self, run: Run) -> Iterator[Choice]:
        """Return the points of the warm start in the run's space, without unmeasured ones."""
        x = run.space.snap(self._warm[:, : run.space.d])
        for point in x[run.space.legal(x)]:
            row = -1 if run.pool is None else run.exact(point)
            yield row if row >= 0 else point

    # ------------------------------------------------------------------ files
    def arrays(self) -> Arrays:
        from hpo_baselines._models.networks import weights_of

        assert self.kernel is not None
        return {**weights_of(self.kernel), "warm": self._warm}

    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        from hpo_baselines._models.deep_kernel import kernel_from

        super().restore(about, arrays)
        self._check()
        self._warm = _checked_points(arrays.pop("warm"), self._encoding.space)
        self.kernel = kernel_from(arrays, self._encoding.e, self.hidden)


class DeepKernelModel(Model):
    """The process of a run, adapted anew after each trial."""

    def __init__(self, run: Run, kernel: DeepKernel, of: FewShotBO) -> None:
        super().__init__(run)
        self._kernel, self._of = kernel, of

    def fit(self, seen: Place, y: np.ndarray[Any, np.dtype[np.float64]]) -> Acquisition | None:
        import torch

        if not len(y):
            return None
        z = torch.from_numpy(scaled(y) if y.max() > y.min() else np.full(len(y), 0.5))
        x, best = self._of.encoded(self.run, seen.x), float(z.max())
        kernel = self._kernel.adapted(x, z, self._of.inner_steps, self._of.inner_lr)

        def value(at: Place) -> Any:
            with torch.no_grad():
                mean, sd = kernel.posterior(x, z, self._of.encoded(self.run, at.x))
            return log_expected_improvement(mean.numpy(), sd.numpy(), best)

        return value


def warm_points(space: SearchSpace, tables: Prior) -> Points:
    """Return the first points of the greedy portfolio of tasks of the whole space, ``(c, d)``."""
    portfolio = portfolio_of(space, tables)
    return space.default_x[None] if portfolio is None else portfolio.first(_WARM)


def _known(tasks: Sequence[Task], tables: Prior, encoding: Encoding) -> list[Known]:
    """Tables as numbers for the network, scores scaled to [0, 1]; tasks without a success teach nothing."""
    out, pool, last = [], None, None
    for task, e in zip(tasks, tables, strict=True):
        there = np.flatnonzero(~np.isnan(e.score))
        if not (e.status[there] == 0).any():
            continue
        if last is None or e.x is not pool:  # tasks of one pool share its encoding
            pool, last = e.x, encoding(task.space, task.space.snap(e.x))
        out.append(Known(last[there], normalised(e)[there].astype(np.float32), there[:0]))
    return out


def _checked_points(x: Points, space: SearchSpace) -> Points:
    if x.ndim != 2 or x.shape[1] != space.d or x.dtype != np.float64 or not ((x >= 0) & (x <= 1)).all():
        raise InvalidValueError(
            f"`warm` must be points ({space.d} columns in [0, 1], float64), got {x.dtype} {x.shape}."
        )
    return np.asarray(x)
