"""Experts of earlier tasks weighted by pairwise rankings, beside the run's own process."""

from __future__ import annotations

from typing import ClassVar

from hpo_baselines._models.columns import Columns
from hpo_baselines._models.experts import Experts, experts_of
from hpo_baselines._models.gaussian_process import GaussianProcess
from hpo_baselines._models.model_based import Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines.gp_ei import GPModel
from hpo_gym.base import Floats, InvalidValueError

FEWEST = 3  # trials of the run's own process


class OwnProcess:
    """The process of a run's own standardised scores, whose search goes on where the last one ended."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._learned: Floats | None = None

    def fit(self, seen: Place, y: Floats) -> GaussianProcess:
        """Return the process of trials at `seen`, with scores ``(n,)``."""
        process = GaussianProcess.fit(self._columns(seen.x), y, start=self._learned, iterations=5)
        self._learned = process.log_parameters
        return process


class RankedModel(Model):
    """A model of experts with an Epanechnikov kernel of a bandwidth for their weights."""

    def __init__(self, run: Run, experts: Experts, bandwidth: float) -> None:
        super().__init__(run, experts.pool)
        self._experts, self._bandwidth, self._own = experts, bandwidth, OwnProcess(experts.columns)


class RankedExperts(ModelBased):
    """A baseline of a `RankedModel`; without a prior: `gp-ei`.

    Args:
        bandwidth: Share of discordant pairs at which a task's weight is 0.
        rows: Points that the process of an earlier task learns from.
        draw: Seed of the draw of these points.
        one_hot: Whether a categorical has a column for each choice (see `Columns`).

    Attributes:
        model: The kind of the model.
    """

    model: ClassVar[type[RankedModel]]

    def __init__(self, bandwidth: float = 0.5, rows: int = 80, draw: int = 0, one_hot: bool = True) -> None:
        self.bandwidth, self.rows, self.draw = bandwidth, rows, draw
        self.one_hot = one_hot

    def begin(self, run: Run) -> Model:
        check_experts(self.rows, self.draw, self.bandwidth)
        experts = experts_of(run, self.rows, self.draw, self.one_hot)
        return GPModel(run, one_hot=self.one_hot) if experts is None else self.model(run, experts, self.bandwidth)


def check_experts(rows: int, draw: int, bandwidth: float = 1.0) -> None:
    """Refuse settings of experts that have no meaning."""
    if rows < 1 or draw < 0 or not bandwidth > 0:
        raise InvalidValueError(
            f"`rows >= 1`, `draw >= 0` and `bandwidth > 0` must hold, got ({rows=}, {draw=}, {bandwidth=}); "
            f"the nearest are ({max(rows, 1)}, {max(draw, 0)}, {bandwidth if bandwidth > 0 else 'any above 0'})."
        )
