"""Shards: a collection is cut into parts of a thousand episodes, each played by itself and written whole.

Instance, task, behaviour and choices of an episode follow from hashes of the collection's seed and the episode's
number alone, so that neither workers nor order change a byte.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import HPOGymError, Ints, Keys, seeding
from hpo_gym.env import HPOVectorEnv, drawn
from hpo_gym.optimize.collecting.episodes import Episodes
from hpo_gym.optimize.collecting.play import Arrays, Starts, play
from hpo_gym.optimize.forms import Form
from hpo_gym.optimize.protocol import BatchOptimizer
from hpo_gym.problem import Evaluations, Suite, Task, family_id
from hpo_gym.suites import load_suite
from hpo_gym.system import keep_memory, whole_files

REPLAY = "replay"
SHARD = 1000
"""Episodes of a shard."""
PARTS = 4
_BEHAVIOUR = 3  # salt


@dataclass(frozen=True)
class Plan:
    """The content of a collection.

    Attributes:
        spec: Keywords of the env, its suite as text.
        forms, shares: Behaviours, and the share of each in the episodes. Without any, recorded choices are played.
        seed: Seed of all episodes.
    """

    spec: Mapping[str, Any]
    forms: tuple[Form, ...]
    shares: tuple[float, ...]
    episodes: int
    seed: int

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.episodes // SHARD)

    def seeds(self, shard: int) -> Keys:
        """Return the seeds of the episodes of a shard, ``(n,)``."""
        numbers = np.arange(shard * SHARD, min((shard + 1) * SHARD, self.episodes), dtype=np.uint64)
        return seeding.mix(np.array([seeding.key("collect", self.seed)], np.uint64), numbers)

    def behaviours(self, seeds: Keys) -> Ints:
        """Return the position in `forms` of the behaviour of each episode, ``(n,)``."""
        return np.searchsorted(np.cumsum(self.shares)[:-1], seeding.uniform(seeding.mix(seeds, _BEHAVIOUR)), "right")


class Recorded:
    """An optimizer that repeats the choices of collected episodes at positions `which`."""

    def __init__(self, episodes: Episodes, which: Ints) -> None:
        self.at, self.fidelity, self.count = episodes.at[which], episodes.fidelity[which], episodes.count[which]

    def reset_batch(self, contexts: Sequence[Any], rngs: Sequence[Any]) -> None:
        """Begin the runs."""
        self._t = 0

    def ask_batch(self, runs: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Return the next choice of each run; none after its last."""
        t, none = min(self._t, self.at.shape[1] - 1), -1 if self.at.ndim == 2 else np.nan
        ended = (self._t >= self.count).reshape(-1, *[1] * (self.at.ndim - 2))
        self._t += 1
        return np.where(ended, none, self.at[:, t]), self.fidelity[:, t]


def make_shard(plan: Plan, shard: int, path: Path, recorded: Episodes | None = None) -> HPOGymError | None:
    """Play a shard and write it to a file; return a refusal rather than raise it, since it comes from a worker."""
    keep_memory()
    try:
        arrays = played(plan, plan.seeds(shard) if recorded is None else recorded.seed, recorded)
        with whole_files(path.parent, path.name) as (part,), part.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
    except HPOGymError as fault:
        return fault
    return None


def played(plan: Plan, seeds: Keys, recorded: Episodes | None = None) -> Arrays:
    """Return episodes in the order of their seeds: the arrays of `play`, and `seed`, `returns`, `lines` as bytes."""
    suite, probe = load_suite(plan.spec["suite"]), HPOVectorEnv(1, **plan.spec)
    tasks = probe.kernel.batch.tasks
    names, (instances, task) = [t.name for t in tasks], drawn(seeds, 1, len(tasks))
    behaviour = plan.behaviours(seeds) if recorded is None else np.zeros(len(seeds), int)
    if recorded is not None:
        task = np.array([names.index(name) for name in recorded.tasks])[recorded.task]
    part, priors = _priors(suite, plan.spec, tasks)
    groups, envs = list[tuple[Ints, Arrays]](), {1: probe}
    for b, form in enumerate(plan.forms or (None,)):
        mine = np.flatnonzero(behaviour == b)
        mine = mine[np.argsort(part[task[mine]], kind="stable")]  # optimizers keep models of the last priors
        optimizer: Any = None if form is None else form.make()
        together = form is None or (isinstance(optimizer, BatchOptimizer) and len({t.space for t in tasks}) == 1)
        for some in np.split(mine, [] if together else range(1, len(mine))) if len(mine) else ():
            if len(some) not in envs:
                envs[len(some)] = HPOVectorEnv(len(some), **plan.spec)
            who = (REPLAY, {}) if form is None else (form.name, form.settings)
            streams = [seeding.optimizer_seed(instance, *who) for instance in instances[some].tolist()]
            where = task[some].tolist()
            starts = Starts(seeds[some], [names[j] for j in where], streams, [priors[part[j]] for j in where])
            made = play(envs[len(some)], optimizer if recorded is None else Recorded(recorded, some), starts)
            groups.append((some, made))
    out = _joined(groups, len(seeds))
    beyond = np.arange(out["at"].shape[1]) >= out["count"][:, None]
    for name, end in (
        ("at", -1 if out["at"].ndim == 2 else np.nan),
        ("score", np.nan),
        ("cost", np.nan),
        ("status", 0),
    ):
        out[name][beyond] = end
    out["fidelity"][beyond] = 1.0
    out["rewards"][np.arange(out["rewards"].shape[1]) >= out["steps"][:, None]] = 0.0
    called = np.array([f.name for f in plan.forms])[behaviour] if recorded is None else recorded.behaviour
    returns, names_of = out["rewards"].sum(1), ("count", "at", "fidelity", "score", "cost", "status")
    columns: dict[str, Any] = {name: out[name] for name in names_of}
    episodes = Episodes(suite, plan.spec, tuple(names), task, seeds, called, returns=returns, **columns)
    lines = "".join(episodes.lines())
    told = {"seed": seeds, "task": np.array(names)[task], "returns": returns}
    return out | told | {"lines": np.frombuffer(lines.encode(), np.uint8)}


def _priors(suite: Suite, spec: Mapping[str, Any], tasks: Sequence[Task]) -> tuple[Ints, list[tuple[Evaluations, ...]]]:
    """Return the part of each task, ``(k,)``, and the earlier tasks known in each.

    On meta-train these are the tasks of other parts: families are cut into four by a hash of their names, since a task
    must know none of its relatives.
    """
    prior = suite.prior(spec.get("fold"))
    if spec["split"] != "train":
        return np.zeros(len(tasks), int), [prior]
    of = functools.cache(lambda family: seeding.key("part of meta-train", family_id(family)) % PARTS)
    return np.array([of(t.family) for t in tasks]), [tuple(e for e in prior if of(e.family) != p) for p in range(PARTS)]


def _joined(groups: Sequence[tuple[Ints, Arrays]], n: int) -> Arrays:
    """Return the arrays of groups of episodes at their positions; the end of shorter ones is 0."""
    out = Arrays()
    for name in groups[0][1]:
        parts = [part[name] for _, part in groups]
        shape = (n, *(max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)))
        out[name] = np.zeros(shape, parts[0].dtype)
        for (which, _), part in zip(groups, parts, strict=True):
            place: Any = (which, *(slice(size) for size in part.shape[1:]))
            out[name][place] = part
    return out
