"""MAML-RL: a policy that adapts to a task by a policy gradient on the first trials of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._maml.few_shot import candidate_points, encoding_of
from hpo_baselines._maml.learned import Learned
from hpo_baselines._maml.tasks import Encoding, Scaling, scaling_of, tables_of
from hpo_baselines._runs.baseline import Choice
from hpo_baselines._runs.multi_fidelity import Ask, FidelityRun, MultiFidelity, Tried
from hpo_baselines._transfer.earlier import scaled
from hpo_baselines._transfer.tables import scores_at
from hpo_gym.base import Floats, InvalidValueError, whole_fields
from hpo_gym.optimize import OPTIMIZERS, Arrays

if TYPE_CHECKING:
    from hpo_baselines._maml.maml import MetaLearner
    from hpo_baselines._maml.policy import PolicyPlan
    from hpo_baselines._maml.policy_training import Arms
    from hpo_gym.problem import Task

_DECIMALS = 9  # of logits: what differs by rounding only is equal, and the first counts
_GOOD = 0.1  # share of a task's points that count as good

Parameters = Any
"""Parameters of the policy by name; None: its initialisation."""


@OPTIMIZERS.register("maml-rl", extra="rl", family="transfer", trainable=True)
@dataclass(eq=False, repr=False)
class MAMLPolicySearch(Learned, MultiFidelity):
    """A policy with an initialisation meta-learned by policy gradients, so that one step on a few trials adapts it.

    One network scores each candidate from its encoding (`maml_tasks.Encoding`) and from features of the history
    (`maml_policy.features`); the softmax over the candidates is the policy. So it accepts a pool of any size.

    **Run**. The first `support` trials are drawn from the policy at its initialisation. Then `inner_steps` steps of
    REINFORCE on these trials adapt it, with their scores less their mean as advantages. From there on, the most
    probable candidate is tried. The support belongs to the run: its cost is part of the budget. If the task has
    fidelities, it is at the one nearest to `fidelity`, and its configurations may be tried again in full. For the end
    of a run, see `MultiFidelity`.

    **Training**. Runs of `support` and `query` trials on the meta-train tasks are drawn by the policy, before and after
    its inner steps. The return of a run is the mean of the best score so far over its full evaluations. Its gradient is
    taken in the surrogate-loss form, with the second derivatives through the inner step (`maml_policy.surrogate`).

    **Reference**: Finn, Abbeel and Levine, "Model-agnostic meta-learning for fast adaptation of deep networks", ICML
    2017, section 5.3, https://arxiv.org/abs/1703.03400; the term for the draw of the support (without it, the gradient
    is biased) from Al-Shedivat et al., "Continuous adaptation via meta-learning in nonstationary and competitive
    environments", ICLR 2018, https://arxiv.org/abs/1710.03641. With it, the estimate needs no DiCE (Foerster et al.,
    ICML 2018): for given trials the inner step is a function of the initialisation.

    **Differs from the paper**: the query continues with the history of the support instead of beginning anew; Adam
    instead of TRPO; learned step sizes; the baseline is the mean of other runs on the same task; in the inner step,
    trials count by their own score, in the outer one by the incumbent; after the inner steps the choice is greedy in
    use, drawn in training.

    Args:
        hidden: Width of both hidden layers.
        support: Trials before the inner steps.
        query: Trials after them, in training.
        inner_steps: Gradient steps on the support.
        inner_lr: Start of the learned step sizes.
        outer_lr: Step size of Adam; it falls to 0 as a cosine.
        tasks, episodes: Tasks of one outer step, and runs on each.
        sample: Candidates of a run in training.
        outer_steps: Outer steps.
        fidelity: Of the support, if the task has fidelities.
        candidates: Upper limit of scored configurations for one trial.
    """

    version = 1
    smoke: ClassVar[Mapping[str, Any]] = {
        "hidden": 8, "outer_steps": 3, "tasks": 3, "support": 3, "query": 4, "episodes": 2, "sample": 12,
    }  # fmt: skip
    name = "maml-rl"
    policy: MetaLearner | None = field(default=None, init=False)
    _scalings: tuple[Scaling, Scaling] = field(init=False)
    _width: float = field(init=False)

    hidden: int = 32
    support: int = 5
    query: int = 10
    inner_steps: int = 1
    inner_lr: float = 1.0
    outer_lr: float = 0.02
    tasks: int = 8
    episodes: int = 8
    sample: int = 64
    outer_steps: int = 400
    fidelity: float = 1 / 3
    candidates: int = 8192

    @property
    def _training(self) -> dict[str, Any]:
        names = ("hidden", "support", "query", "inner_steps", "inner_lr", "outer_lr", "tasks", "episodes", "sample")
        return {name: getattr(self, name) for name in (*names, "outer_steps")}

    # ------------------------------------------------------------------ training
    def learn(
        self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int | None
    ) -> None:
        """Train on one thread. A step is a trial; a task without a pool is first scored at 512 random points, then its
        only choices.
        """
        from hpo_baselines._maml.policy_training import train_policy

        self.plan_of(trials=steps)  # refuses settings before anything is scored
        encoding = encoding_of([*tasks, *validation])
        scored, low = _scored(tasks, self.fidelity, rng)
        scalings = scaling_of(low), scaling_of(scored)
        arms = _arms(scored, low, encoding, scalings)
        held = _arms(*_scored(validation, self.fidelity, rng), encoding, scalings)
        width = _spread(arms)
        plan = self.plan_of(width=width, cheap=any(t.level(self.fidelity) < 1.0 for t in tasks), trials=steps)
        self.policy = train_policy(arms, held, rng, plan).double()
        self._scalings, self._width, self._runs = scalings, width, ()
        self._encoded_by(encoding)

    def plan_of(self, **more: Any) -> PolicyPlan:
        """Return the training plan from the settings; refuse settings out of their range."""
        from hpo_baselines._maml.policy import PolicyPlan

        whole_fields(self, 1, "candidates")
        if not 0.0 < self.fidelity <= 1.0:
            raise InvalidValueError(f"`0 < fidelity <= 1` must hold, got {self.fidelity}.")
        return PolicyPlan(**self._training, **more)

    # ------------------------------------------------------------------ choosing
    def plan(self, run: FidelityRun) -> Iterator[Ask]:
        """Yield the support, then the preferences of the adapted policy."""
        level = min(int(np.abs(np.subtract(run.levels, self.fidelity)).argmin()), run.top)
        seen: list[NDArray[np.float64]] = []
        chosen: list[tuple[int, Tried]] = []
        for _ in range(self.support):
            found = self._next(run, None, level, seen)
            if found is None:
                break
            place, choice = found
            yield choice, level
            chosen.append((place, run.entry(choice)))
        adapted = self._adapt(run, seen, chosen) if seen else None
        while (found := self._next(run, adapted, run.top, None)) is not None:
            yield found[1], run.top

    def _next(
        self, run: FidelityRun, parameters: Parameters, level: int, seen: list[NDArray[np.float64]] | None
    ) -> tuple[int, Choice] | None:
        """Claim a candidate, and return its place; drawn if `seen` is given, and then recorded there."""
        import torch

        from hpo_baselines._maml.policy import features, kernel

        policy, again = self._needed(self.policy, "asked"), [] if level < run.top else _stopped(run)
        choices, codes, closed = self._candidates(run, again)
        trials = list(run.tried.values())
        reported = [t for t in trials if t.scores]
        past = self._codes(run, reported)
        k = kernel(codes, past, self._width)
        y = self._standing(run, reported)
        x = features(codes, k, y, np.ones(len(reported), bool), closed)
        with torch.no_grad():
            theta = policy.theta() if parameters is None else parameters
            logits = np.round(policy.predict(theta, torch.from_numpy(x)).numpy(), _DECIMALS)
        order = np.argsort(-(logits if seen is None else logits + run.rng.gumbel(size=len(logits))), kind="stable")
        for place in order[: len(order) - int(closed.sum())].tolist():
            new = len(choices) - len(again)
            choice = run.take(choices[place]) if place < new else again[place - new].choice
            if choice is not None:
                if seen is not None:
                    seen.append(x)
                return place, choice
        return None

    def _adapt(
        self, run: FidelityRun, seen: Sequence[NDArray[np.float64]], chosen: Sequence[tuple[int, Tried]]
    ) -> Parameters:
        """Return the parameters after the inner steps on the support; those of the start if they do not stay finite."""
        import torch

        from hpo_baselines._maml.policy import advantages, padded

        policy = self._needed(self.policy, "asked")
        x = padded(seen)
        y = self._standing(run, [tried for _, tried in chosen])
        inner = advantages(y, np.array([place for place, _ in chosen]), x.shape[1])
        with torch.no_grad():
            adapted = policy.adapt(torch.from_numpy(x), torch.from_numpy(inner))
        return adapted if all(bool(p.isfinite().all()) for p in adapted.values()) else None

    def _candidates(
        self, run: FidelityRun, again: Sequence[Tried]
    ) -> tuple[list[Choice], NDArray[np.float64], NDArray[np.bool_]]:
        """Return the claimable candidates, and at the end those to try `again`; their codes; and a mask of excluded
        ones."""
        if run.pool is None:
            x = candidate_points(run, self.candidates)
            choices, codes, closed = list(x), self._encoding(run.space, x), np.zeros(len(x), bool)
        else:
            rows = np.flatnonzero(run.available)
            if len(rows) > self.candidates:
                rows = np.flatnonzero(run.open)
                rows = np.sort(run.rng.choice(rows, min(self.candidates, len(rows)), replace=False))
            choices, codes, closed = rows.tolist(), self._encoding.of_pool(run.pool)[rows], ~run.open[rows]
        every = np.concatenate([codes, self._codes(run, again)]).astype(np.float64)
        return [*choices, *(t.x for t in again)], every, np.append(closed, np.zeros(len(again), bool))

    def _codes(self, run: FidelityRun, tried: Sequence[Tried]) -> NDArray[np.float64]:
        x = np.stack([t.x for t in tried]) if tried else np.empty((0, run.space.d))
        return np.asarray(self._encoding(run.space, x), np.float64)

    def _standing(self, run: FidelityRun, tried: Sequence[Tried]) -> Floats:
        """Scores at the highest level of each, standardised by that of the support or of full evaluations, ``(h,)``."""
        cheap, full = self._scalings
        standing = [t.standing for t in tried]
        return np.array([float((full if level >= run.top else cheap)(s)) for level, s in standing])

    # ------------------------------------------------------------------ files
    def about(self) -> dict[str, Any]:
        return {**super().about(), "scalings": [[s.mean, s.sd] for s in self._scalings], "width": self._width}

    def arrays(self) -> Arrays:
        from hpo_baselines._models.networks import weights_of

        assert self.policy is not None
        return weights_of(self.policy)

    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        from hpo_baselines._maml.policy import policy_from

        super().restore(about, arrays)
        cheap, full = (Scaling(float(mean), float(sd)) for mean, sd in about["scalings"])
        self._scalings, self._width = (cheap, full), float(about["width"])
        self.policy = policy_from(arrays, self.plan_of(), self._encoding.e)


def _stopped(run: FidelityRun) -> list[Tried]:
    """Return the configurations tried below the top that can be proposed there."""
    return [t for t in run.tried.values() if 0 <= t.level < run.top and t.choice is not None]


def _scored(tasks: Sequence[Task], fidelity: float, rng: np.random.Generator) -> tuple[list[Any], list[Any]]:
    """Return the tables of some tasks, at full evaluations and at the fidelity of the support."""
    full = tables_of(tasks, rng)
    low = []
    for task, (space, x, score, good) in zip(tasks, full, strict=True):
        level = task.level(fidelity)
        low.append((space, x, scores_at(task, x, level)[0] if level < 1.0 else score, good))
    return full, low


def _arms(full: Sequence[Any], low: Sequence[Any], encoding: Encoding, scalings: tuple[Scaling, Scaling]) -> list[Arms]:
    """Return tables as training tasks of a policy."""
    from hpo_baselines._maml.policy_training import Arms
    from hpo_baselines._maml.tasks import known_of

    cheap, out = known_of(low, encoding, scalings[0]), []
    for (_, _, score, good), of, k in zip(full, known_of(full, encoding, scalings[1]), cheap, strict=True):
        out.append(Arms(of.x, of.y, k.y, scaled(score, good), of.good))
    return out


def _spread(arms: Sequence[Arms]) -> float:
    """Return the mean squared distance of encoded points of a task, at least a little."""
    return max(2.0 * float(np.mean([arm.x.var(0).sum() for arm in arms])), 1e-6)
