"""Play episodes with an optimizer: its proposals become actions of the env's codec, for many runs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, Keys, Mask, seeding
from hpo_gym.env import CODECS, HPOVectorEnv, Proposal, Runs
from hpo_gym.optimize.fitting import check_onward
from hpo_gym.optimize.protocol import BatchOptimizer, Context, Optimizer
from hpo_gym.optimize.rollouts import REFUSED, placed
from hpo_gym.problem import Evaluations, PoolBatch, Refusal, nearest_levels

Arrays = dict[str, NDArray[Any]]
OBSERVATIONS = "observations"
_NEAR = 1e-6
"""A box holds points of the unit cube as float32: a decoded one may be that far from the proposal in each column."""


@dataclass(frozen=True)
class Starts:
    """Beginnings of `n` episodes.

    Attributes:
        seeds: For `HPOEnv.reset`, ``(n,)``.
        tasks: Names.
        streams: Seeds of the optimizer's choices.
        priors: Earlier tasks that it may know.
    """

    seeds: Keys
    tasks: Sequence[str]
    streams: Sequence[int]
    priors: Sequence[Sequence[Evaluations]]


def play(env: HPOVectorEnv, optimizer: object, starts: Starts) -> Arrays:
    """Play an episode in each run of an env, and return it; an optimizer without `ask_batch` needs an env of one run.

    Returns:
        Of `h` steps: ``observations`` ``(n, h + 1, ..)``, or one such array ``observations/NAME`` for each of a
        dictionary; ``actions`` ``(n, h, ..)``, ``rewards``, ``score``, ``cost``, ``status``, ``fidelity``, ``at``;
        ``steps``, ``count`` (steps with a trial) and ``terminated`` ``(n,)``.
    """
    first, _ = env.reset(seed=starts.seeds.tolist(), options={"task": list(starts.tasks)})
    kernel, runs, codec = env.kernel, env.kernel.runs, env.kernel.parts.codec
    asked = _Asked(optimizer, env, starts)
    parts, seen = list[Arrays](), [first]
    while True:
        at, level, stop = asked.proposals()
        over = kernel.over.copy() if codec.stop else kernel.over | stop
        if over.all():
            break
        wanted = Proposal(at, level, stop if codec.stop else None)
        actions = codec.encode(kernel.contexts, runs, wanted)
        rewards = kernel.step(actions, over if over.any() else None)
        trial, ended = ~(over | stop), kernel.ended()
        _check(env, wanted, trial)
        terminated = ended.mask(runs.n) & ~over
        kernel.finish(ended)
        seen.append(kernel.observe())
        cost, status = runs.last_outcome()
        parts.append({
            "actions": actions, "rewards": rewards, "steps": ~over, "count": trial, "terminated": terminated,
            "at": runs.last_at(), "score": runs.last.astype(np.float64), "cost": cost, "status": status,
            "fidelity": runs.last_fidelity(),
        })  # fmt: skip
        asked.report(trial)
    out = {name: np.stack([part[name] for part in parts], 1) for name in (parts[0] if parts else ())}
    out |= {name: out[name].sum(1) for name in ("steps", "count", "terminated") if name in out}
    for name in first if isinstance(first, dict) else [""]:
        whole = np.stack([obs[name] if name else obs for obs in seen], 1)
        out[f"{OBSERVATIONS}/{name}" if name else OBSERVATIONS] = whole
    return out


class _Asked:
    """An optimizer at work in the runs of an env: many runs by `ask_batch`, a single one by `ask` and `tell`."""

    def __init__(self, optimizer: Any, env: HPOVectorEnv, starts: Starts) -> None:
        self.optimizer, self.env, self.runs = optimizer, env, env.kernel.runs
        kernel, runs = env.kernel, env.kernel.runs
        own = list(map(kernel.batch.tasks.__getitem__, runs.task.tolist()))
        priors = dict(zip(own, starts.priors, strict=True))
        known = {task: Context.of(task, kernel.contexts.limit, prior) for task, prior in priors.items()}
        points = map(seeding.starts_seed, runs.instance.tolist())
        contexts = [replace(known[task], starts=seed) for task, seed in zip(own, points, strict=True)]
        rngs = list(map(seeding.generator, starts.streams))
        if runs.batch.signals:
            check_onward(optimizer, own[0])
        self.alone = isinstance(optimizer, Optimizer) and not isinstance(optimizer, BatchOptimizer)
        if not self.alone:
            optimizer.reset_batch(contexts, rngs)
            return
        if runs.batch.signals:
            contexts = [replace(contexts[0], signals=self._signals())]
        optimizer.reset(contexts[0], rngs[0])
        for trial in runs.view(0):
            optimizer.tell(trial)

    def _signals(self) -> dict[str, float]:
        return dict(zip(self.runs.batch.signals, self.runs.signals[0].tolist(), strict=True))

    def proposals(self) -> tuple[NDArray[Any], NDArray[np.float64] | None, Mask]:
        """Return the next evaluations of all runs, their fidelities, None for full ones, and who stops."""
        env, runs = self.env, self.runs
        chosen, fidelity = self._asked_alone(runs) if self.alone else self.optimizer.ask_batch(runs)
        at, stop, refused = placed(runs, np.asarray(chosen))
        if refused is not None:
            raise InvalidValueError(
                "A proposal must be a configuration of the space, since an env has no other; one was refused."
            )
        levels, low = np.asarray(env.kernel.contexts.fidelities), np.zeros(runs.n, bool)
        if fidelity is not None:
            fidelity = levels[nearest_levels(levels, fidelity)]
            low = (fidelity < levels[-1]) & ~stop & ~env.kernel.over
        if env.kernel.parts.codec.fidelity:
            return at, np.ones(runs.n) if fidelity is None else fidelity, stop
        if low.any():
            raise InvalidValueError(
                f"`fidelity` of the codec must be True for {type(self.optimizer).__name__}, which proposes lower ones, "
                "such as {'name': 'box', 'fidelity': True}, got False."
            )
        return at, None, stop

    def _asked_alone(self, runs: Runs) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        batch, stopped = self.env.kernel.batch, -1 if runs.tabular else np.full((1, runs.d), np.nan)
        query = None if self.env.kernel.over[0] else self.optimizer.ask()
        if query is None:
            return np.atleast_1d(stopped), None
        task, fidelity = runs.task.item(0), np.array([query.fidelity])
        if isinstance(query, Refusal):
            return np.atleast_1d(np.full_like(stopped, REFUSED if runs.tabular else np.inf)), None
        if isinstance(batch, PoolBatch):
            return np.array([batch.row_of(task, query.config)]), fidelity
        x = np.full((1, runs.d), 0.5)
        point = batch.tasks[task].space.to_unit(query.config)
        x[0, : len(point)] = point
        return x, fidelity

    def report(self, trial: Mask) -> None:
        """Tell the outcome of a step to the optimizer of a single run; others read the runs."""
        if self.alone and trial[0]:
            self.optimizer.tell(self.runs.last_trial(0))


def _check(env: HPOVectorEnv, wanted: Proposal, trial: Mask) -> None:
    """Refuse a codec without an action for a proposal."""
    runs, codec = env.kernel.runs, env.kernel.parts.codec
    far = np.abs(runs.batch.points(runs.task, wanted.at) - runs.last_x()) > _NEAR
    lost = np.flatnonzero(far.any(1) & trial)
    if len(lost):
        name = CODECS.name_of(type(codec)) or type(codec).__name__
        near = "pool" if runs.tabular and name != "pool" else "box"
        raise InvalidValueError(
            f"`codec` must have an action for each proposal, {name!r} has none for one on task "
            f"{runs.batch.tasks[runs.task.item(lost[0])].name!r}; the nearest that has is {near!r}."
        )
