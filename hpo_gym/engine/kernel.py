"""The transition: decode, evaluate, account, end of episode. `HPOEnv` is this with one run, `HPOVectorEnv` with `n`."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym import seeding
from hpo_gym.budget import affordable, over
from hpo_gym.engine.parts import Parts
from hpo_gym.state.contexts import Contexts, given_points
from hpo_gym.state.runs import Runs
from hpo_gym.task import Ints, Keys

_AHEAD = 32  # episodes


class Kernel:
    """`n` runs on tasks, with an agent's view of them.

    Args:
        contexts: The tasks.
        parts: What an agent sees, does and gets.
        n: Number of runs.

    Attributes:
        runs: The state.
        over, waiting: Whose episode is over, ``(n,)``, and whether anybody's is.
        idle, quit: Who evaluated nothing in the last step, and whose action said so, ``(n,)``, or None: nobody.
        seeds: Each run's seed, ``(n,)``; with the number of the episode it makes the world of an episode.
    """

    def __init__(self, contexts: Contexts, parts: Parts, n: int) -> None:
        self.contexts, self.parts, self.n = contexts, parts, n
        observer, codec = parts.observer, parts.codec
        self.runs = Runs(
            contexts.bank,
            n,
            contexts.horizon,
            budget=contexts.budget,
            fidelity=codec.fidelity,
            history=observer.needs_history,
            fused=observer.fused,
            track=observer.needs_incumbent or codec.needs_incumbent,
            repeats=parts.duplicates == "penalize",
        )
        self.seeds: Keys = np.zeros(n, np.uint64)
        self.episode = np.zeros(n, np.int64)
        self._worlds = np.zeros((_AHEAD, n), np.uint64)
        self._foreseen = np.zeros(n, np.int64)  # the first episode of each run that is drawn
        self._tasks = np.zeros((_AHEAD, n), np.int64)
        self._everyone = np.arange(n)
        self.over, self.waiting = np.ones(n, bool), True
        self._blank: Any = None
        self._by_spent = codec.fidelity  # else a calendar says when the budget is spent
        self._decode = codec.decoder(contexts)
        self.idle: NDArray[np.bool_] | None = None
        self.quit: NDArray[np.bool_] | None = None
        self._blanks = False  # whether some runs, not all, may have no trial
        self._ends: Ints | int = -1
        self._calendar: dict[int, list[Ints | None]] = {}

    # ------------------------------------------------------------------ episodes
    def begin(self, which: Ints | None, tasks: Ints | None = None) -> None:
        """Start the next episode of all runs (None) or of those at `which`, on drawn or on given `tasks`."""
        worlds, drawn = self._next(self._everyone if which is None else which)
        if tasks is None:
            tasks = drawn
        self.runs.begin(which, tasks, worlds)
        self._blanks = which is not None
        if self.contexts.n_init:
            at = given_points(self.contexts.bank, tasks, worlds, self.contexts.n_init)
            self.runs.give(at, self._everyone if which is None else which)
        if which is None:
            self.over, self.waiting = np.zeros(self.n, bool), False
        elif self.waiting:
            self.over[which] = False
            self.waiting = bool(self.over.any())
        if not self.parts.codec.fidelity:
            self._enter(which)

    def finish(self, which: Ints | None) -> None:
        """Mark episodes as over, of all runs (None) or of those at `which`."""
        self.over[slice(None) if which is None else which] = True
        self.waiting = True

    def seed(self, which: Ints, seeds: Keys) -> None:
        """Give runs new seeds; their next episode is the first."""
        self.seeds[which], self.episode[which] = seeds, 0
        self._foresee(which)

    def _next(self, which: Ints) -> tuple[Keys, Ints]:
        """Worlds of the next episodes, hashes of a run's seed and the number of its episode, and their tasks."""
        episode = self.episode[which] + 1
        self.episode[which] = episode
        place = episode - self._foreseen[which]
        if place[place.argmax()] >= _AHEAD:
            self._foresee(self._everyone)
            place = episode - self._foreseen[which]
        cell = place * self.n + which
        return self._worlds.take(cell), self._tasks.take(cell)

    def _foresee(self, which: Ints) -> None:
        """Draw several episodes at once: to hash a few numbers costs as much as to hash many."""
        self._foreseen[which] = self.episode[which]
        episodes = (self.episode[which] + np.arange(_AHEAD)[:, None]).astype(np.uint64)
        self._worlds[:, which] = worlds = seeding.mix(self.seeds[which], episodes)
        self._tasks[:, which] = seeding.below(worlds, len(self.contexts.bank.tasks))

    def _enter(self, which: Ints | None) -> None:
        """Write into the calendar when episodes that begin now will have spent their budget."""
        end = self.runs.clock + int(self.contexts.budget)
        if which is None:
            self._ends, self._calendar = end, {end: [None]}
            return
        if isinstance(self._ends, int):
            self._ends = np.full(self.n, self._ends)
        self._ends[which] = end
        self._calendar.setdefault(end, []).append(which)

    def step(self, actions: Any, skip: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """Advance all runs by one action each; returns rewards ``(n,)``. `ended` says whose episode is over.

        Args:
            actions: One action per run.
            skip: Runs whose action is ignored, ``(n,)``: they are between episodes.
        """
        contexts, runs, parts = self.contexts, self.runs, self.parts
        at, fidelity, stop = self._decode(runs, actions)  # raises before anything is changed
        self.idle = idle = self._idle(stop, skip) if stop is not None or skip is not None else None
        self.quit, runs.leaving = stop if idle is not None and idle is not skip else None, skip
        self._blanks = self.quit is not None or (self._blanks and skip is not None)
        if fidelity is not None:
            fidelity = self._affordable(fidelity)
        runs.submit(at, fidelity, idle)
        rewards = parts.reward(contexts, runs)
        if runs.repeated is not None:
            rewards = rewards - np.where(runs.repeated, contexts.scale.sd, 0.0)
        if idle is not None:
            rewards = np.where(idle, 0.0, rewards)
        return rewards

    @staticmethod
    def _idle(stop: NDArray[np.bool_] | None, skip: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """Who evaluates nothing: `skip` itself where nobody stops, which is cheaper to go on with."""
        if stop is None or not stop.any():
            return skip
        return stop if skip is None else stop | skip

    @property
    def stopped(self) -> bool:
        """Whether the last action of the only run stopped it, so that nothing was evaluated."""
        return self.idle is not None and bool(self.idle[0])

    @property
    def improved(self) -> bool:
        """Whether the last trial of the only run became its incumbent."""
        runs = self.runs
        if runs.fidelity is None or runs.best_fidelity is None:
            return bool(runs.best[0] > runs.previous[0])
        return int(runs.incumbent()[0]) == int(np.broadcast_to(runs.t, 1)[0]) - 1

    def ended(self) -> Ints | bool | None:
        """Whose episode the last step ended: False (nobody's), None (everybody's), or positions ``(b,)``."""
        runs, stopped = self.runs, self.idle
        if stopped is None and runs.clock not in self._calendar and not self._by_spent:
            return False
        if self._by_spent:
            least = self.contexts.fidelities[0]
            done = over(np.asarray(self.contexts.budget - runs.spent), least)
        elif stopped is None:
            return self._due()
        else:
            due, done = self._due(), stopped
            if due is not False:
                done = stopped.copy()
                done[slice(None) if due is None else due] = True
            return self._new(done)
        return self._new(done if stopped is None else done | stopped)

    def _new(self, done: NDArray[np.bool_]) -> Ints | bool:
        """Whose episode ends now, of those that are over by now."""
        if self.waiting:
            done = done & ~self.over
        which = np.flatnonzero(done)
        return which if which.size else False

    def _due(self) -> Ints | bool | None:
        entries = self._calendar.pop(self.runs.clock, None)
        if entries is None:
            return False
        if isinstance(self._ends, int):
            return None
        whole = any(e is None for e in entries)
        which = self._everyone if whole else np.concatenate(entries) if len(entries) > 1 else entries[0]  # type: ignore[arg-type]
        which = which[self._ends[which] == self.runs.clock]  # type: ignore[index]  # stopped before: a stale entry
        if self.waiting:
            which = which[~self.over[which]]
        return which if which.size else False

    def _affordable(self, fidelity: NDArray[np.float64]) -> NDArray[np.float64]:
        """Lower fidelities to the largest that the budget left pays for."""
        most = affordable(self.contexts.fidelities, self.contexts.budget - self.runs.spent)
        return np.asarray(np.minimum(fidelity, most))

    # ------------------------------------------------------------------ views
    def observe(self) -> Any:
        """Fresh observations of all runs; one that stopped before its first trial looks as if it had just begun."""
        if not self._blanks or not np.equal(self.runs.t, 0).any():
            return self.parts.observer(self.contexts, self.runs)
        with np.errstate(all="ignore"):  # scores of no trial
            obs = self.parts.observer(self.contexts, self.runs)
        blank = np.flatnonzero(self.runs.t == 0)
        return put(obs, blank, self.observe_some(blank))

    def observe_some(self, which: Ints) -> Any:
        """Observations of runs that have just begun; where all begin alike, one for all of them."""
        if not self.parts.observer.blank or self.contexts.n_init:
            return self.parts.observer(self.contexts, self.runs.select(which))
        if self._blank is None:
            self._blank = self.parts.observer(self.contexts, self.runs.select(which[:1]))
        return self._blank

    def masks(self) -> NDArray[np.bool_]:
        """Which actions make sense, ``(n, a)``."""
        return self.parts.codec.masks(self.contexts, self.runs, untried=self.parts.duplicates == "mask")

    def spaces(self) -> tuple[gym.Space[Any], gym.Space[Any]]:
        """Observation and action space of one run."""
        return self.parts.observer.space(self.contexts), self.parts.codec.space(self.contexts)


def put(whole: Any, which: Ints, part: Any) -> Any:
    """Write the observations of some runs into those of all."""
    if isinstance(whole, dict):
        for name, value in part.items():
            whole[name][which] = value
    else:
        whole[which] = part
    return whole


def pick(whole: Any, which: Ints | None) -> Any:
    """The observations of some runs, copied; of all runs (None), themselves."""
    if which is None:
        return whole
    return {name: value[which] for name, value in whole.items()} if isinstance(whole, dict) else whole[which]
