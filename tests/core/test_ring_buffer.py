"""`Runs` against a list of trials for each run: episodes that begin at other times, given points, runs that idle."""

import numpy as np
import pytest
from toys import formulas, gappy, plain

from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.runs.which import ALL_RUNS, Which
from hpo_gym.problem.batches import batch_of

N, H = 4, 5


class Staggered:
    """Runs that begin anew at random, and by hand what each was told, as (at, score, fidelity)."""

    def __init__(self, suite, fidelity: bool, fused: bool) -> None:
        self.batch, self.rng = batch_of(suite.tasks("train"), suite.space.d), np.random.default_rng(5)
        self.levels = suite.tasks("train")[0].fidelities if fidelity else (1.0,)
        self.runs = Runs(self.batch, N, H, budget=H, fidelity=fidelity, fused=fused)
        self.reported: list[list[tuple]] = [[] for _ in range(N)]
        self.over = np.zeros(N, bool)
        self.begin(np.arange(N), ALL_RUNS)

    def begin(self, who, which) -> None:
        tasks = self.rng.integers(len(self.batch.tasks), size=len(who))
        self.runs.begin(which, tasks, self.rng.integers(0, 2**63, len(who)).astype(np.uint64))
        self.over[who] = False
        for i in who:
            self.reported[i] = []

    def give(self, who, count: int) -> None:
        task = self.runs.task[who]
        at = np.stack([self.batch.place(task, self.rng.random((len(who), self.batch.d))) for _ in range(count)])
        self.runs.give(at, who)
        for row in at:
            scores, _ = self.batch.evaluate(self.runs.base[who], row, None, self.runs.instance[who])
            for i, a, s in zip(who.tolist(), row, scores, strict=True):
                self.reported[i].append((a.tolist(), float(s), 1.0))

    def submit(self, stops) -> None:
        runs, self.over = self.runs, self.over | stops
        idle = self.over
        at = self.batch.place(runs.task, self.rng.random((N, self.batch.d)))
        fidelity = self.rng.choice(self.levels, N) if "fidelity" in runs else None
        scores, _ = self.batch.evaluate(runs.base, at, fidelity, runs.instance)
        runs.submit(at, fidelity, idle if idle.any() else None)
        for i in np.flatnonzero(~idle):
            self.reported[i].append((at[i].tolist(), float(scores[i]), 1.0 if fidelity is None else float(fidelity[i])))


def went_on(suite, fidelity: bool, steps: int, fused: bool = False) -> Staggered:
    """Some steps, after which some runs have begun anew, others idle, and the buffer has gone round."""
    one = Staggered(suite, fidelity, fused)
    for _ in range(steps):
        full = np.array([len(reported) >= H for reported in one.reported])  # a full run has no room to idle
        anew = np.flatnonzero(full | one.over & (one.rng.random(N) < 0.4) | (one.rng.random(N) < 0.1))
        if anew.size:
            one.begin(anew, Which(anew))
            if one.rng.random() < 0.5:
                one.give(anew, 2)
        one.submit(one.rng.random(N) < 0.15)
    return one


CASES = [(plain, False, False), (plain, False, True), (gappy, True, True), (formulas, False, False)]
PARTS = pytest.mark.parametrize(("suite", "fidelity", "fused"), CASES, ids=["rows", "lockstep", "levels", "points"])


@PARTS
@pytest.mark.parametrize("steps", [3, 11, 20])
def test_views_tell_what_was_told(suite, fidelity, fused, steps):
    one = went_on(suite(), fidelity, steps, fused)
    runs = one.runs
    for i, reported in enumerate(one.reported):
        assert runs.count(i) == len(reported) == np.broadcast_to(runs.t, N)[i]
        found = runs.arrays(i)
        assert found["score"].tolist() == [score for _, score, _ in reported]
        assert found["fidelity"].tolist() == [f for _, _, f in reported]
        history = runs.view(i)
        assert (list(history.scores), list(history.costs)) == (found["score"].tolist(), found["cost"].tolist())
        space = runs.batch.tasks[runs.task[i]].space
        assert np.array_equal(space.encode(history.configs).reshape(-1, space.d), space.snap(found["x"][:, : space.d]))
    having = [i for i, reported in enumerate(one.reported) if reported]
    assert [runs.last_at()[i].tolist() for i in having] == [one.reported[i][-1][0] for i in having]
    for i in having:
        config, fidelity_, cost, status = runs.outcome_of(i)
        last = runs.view(i)[-1]
        assert (config, fidelity_, cost, status) == (dict(last.config), last.fidelity, last.cost, int(last.status))


@PARTS
@pytest.mark.parametrize("known", [0, 1, 3])
def test_since_tells_each_trial_once_and_in_order(suite, fidelity, fused, known):
    one = went_on(suite(), fidelity, 12, fused)
    before = np.array([min(known, len(reported)) for reported in one.reported])
    heard: list[list[tuple]] = [[] for _ in range(N)]
    for new in one.runs.since(before):
        assert len(set(new.who.tolist())) == len(new.who)
        for i, *trial in zip(new.who.tolist(), new.at.tolist(), new.score.tolist(), new.fidelity.tolist(), strict=True):
            heard[i].append(tuple(trial))
    assert heard == [reported[b:] for reported, b in zip(one.reported, before.tolist(), strict=True)]
    assert list(one.runs.since(np.array([len(reported) for reported in one.reported]))) == []
