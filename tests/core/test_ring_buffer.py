"""`Runs` against a list of trials for each run: episodes that begin at other times, given points, runs that idle."""

import numpy as np
import pytest
from toys import formulas, gappy, plain

from hpo_gym.state.runs import Runs
from hpo_gym.task import bank_of

N, H = 4, 5


class Staggered:
    """Runs that begin anew at random, and by hand what each was told, as (at, score, fidelity)."""

    def __init__(self, suite, fidelity: bool) -> None:
        self.bank, self.rng = bank_of(suite.tasks("train"), suite.space.d), np.random.default_rng(5)
        self.levels = suite.tasks("train")[0].fidelities if fidelity else (1.0,)
        self.runs = Runs(self.bank, N, H, budget=H, fidelity=fidelity)
        self.told: list[list[tuple]] = [[] for _ in range(N)]
        self.over = np.zeros(N, bool)
        self.begin(np.arange(N), None)

    def begin(self, who, which) -> None:
        tasks = self.rng.integers(len(self.bank.tasks), size=len(who))
        self.runs.begin(which, tasks, self.rng.integers(0, 2**63, len(who)).astype(np.uint64))
        self.over[who] = False
        for i in who:
            self.told[i] = []

    def give(self, who, count: int) -> None:
        task = self.runs.task[who]
        at = np.stack([self.bank.place(task, self.rng.random((len(who), self.bank.d))) for _ in range(count)])
        self.runs.give(at, who)
        for row in at:
            scores, _ = self.bank.evaluate(self.runs.base[who], row, None, self.runs.world[who])
            for i, a, s in zip(who.tolist(), row, scores, strict=True):
                self.told[i].append((a.tolist(), float(s), 1.0))

    def submit(self, stops) -> None:
        runs, self.over = self.runs, self.over | stops
        idle = self.over
        at = self.bank.place(runs.task, self.rng.random((N, self.bank.d)))
        fidelity = self.rng.choice(self.levels, N) if runs.fidelity is not None else None
        scores, _ = self.bank.evaluate(runs.base, at, fidelity, runs.world)
        runs.submit(at, fidelity, idle if idle.any() else None)
        for i in np.flatnonzero(~idle):
            self.told[i].append((at[i].tolist(), float(scores[i]), 1.0 if fidelity is None else float(fidelity[i])))


def went_on(suite, fidelity: bool, steps: int) -> Staggered:
    """Some steps, after which some runs have begun anew, others idle, and the buffer has gone round."""
    one = Staggered(suite, fidelity)
    for _ in range(steps):
        full = np.array([len(told) >= H for told in one.told])  # a full run has no room to idle
        anew = np.flatnonzero(full | one.over & (one.rng.random(N) < 0.4) | (one.rng.random(N) < 0.1))
        if anew.size:
            one.begin(anew, anew)
            if one.rng.random() < 0.5:
                one.give(anew, 2)
        one.submit(one.rng.random(N) < 0.15)
    return one


CASES = [(plain, False), (gappy, True), (formulas, False)]


@pytest.mark.parametrize(("suite", "fidelity"), CASES, ids=lambda v: getattr(v, "__name__", str(v)))
@pytest.mark.parametrize("steps", [3, 11, 20])
def test_views_tell_what_was_told(suite, fidelity, steps):
    one = went_on(suite(), fidelity, steps)
    runs = one.runs
    for i, told in enumerate(one.told):
        assert runs.count(i) == len(told) == np.broadcast_to(runs.t, N)[i]
        found = runs.arrays(i)
        assert found["score"].tolist() == [score for _, score, _ in told]
        assert found["fidelity"].tolist() == [f for _, _, f in told]
        history = runs.view(i)
        assert (list(history.scores), list(history.costs)) == (found["score"].tolist(), found["cost"].tolist())
        space = runs.bank.tasks[runs.task[i]].space
        assert np.array_equal(space.encode(history.configs).reshape(-1, space.d), space.snap(found["x"][:, : space.d]))
    having = [i for i, told in enumerate(one.told) if told]
    assert [runs.last_at()[i].tolist() for i in having] == [one.told[i][-1][0] for i in having]
    for i in having:
        config, fidelity_, cost, status = runs.outcome_of(i)
        last = runs.view(i)[-1]
        assert (config, fidelity_, cost, status) == (dict(last.config), last.fidelity, last.cost, int(last.status))


@pytest.mark.parametrize(("suite", "fidelity"), CASES, ids=lambda v: getattr(v, "__name__", str(v)))
@pytest.mark.parametrize("known", [0, 1, 3])
def test_since_tells_each_trial_once_and_in_order(suite, fidelity, known):
    one = went_on(suite(), fidelity, 12)
    before = np.array([min(known, len(told)) for told in one.told])
    heard: list[list[tuple]] = [[] for _ in range(N)]
    for new in one.runs.since(before):
        assert len(set(new.who.tolist())) == len(new.who)
        for i, *trial in zip(new.who.tolist(), new.at.tolist(), new.score.tolist(), new.fidelity.tolist(), strict=True):
            heard[i].append(tuple(trial))
    assert heard == [told[b:] for told, b in zip(one.told, before.tolist(), strict=True)]
    assert list(one.runs.since(np.array([len(told) for told in one.told]))) == []
