"""Freeze-thaw."""

from __future__ import annotations

from collections.abc import Iterator
import os
import numpy as np

from hpo_baselines.acquisition import log_expected_improvement
from hpo_baselines.brackets import check_eta, rungs
from hpo_baselines.curve_process import MEDIAN, CurveProcess, Seen
from hpo_baselines.multi_fidelity import Ask, FidelityRun, MultiFidelity
from hpo_baselines.pool import _embed
from hpo_gym.optimizer import OPTIMIZERS

NEW = 256
OLD = 64
MOST = int(os.environ.get("MOST", "160"))
COST = float(os.environ.get("COST", "0"))
NI = int(os.environ.get("NI", "3"))
HIGHLOW = os.environ.get("TGT", "best")


def normal(s):
    m = np.abs(s).max()
    u = s / m if m > 0 else s
    med = np.median(u)
    q = np.percentile(u, [25, 75])
    spread = max(q[1] - q[0], 0.5*u.std())
    if spread < 1e-12:
        return np.zeros_like(u)
    return np.clip((u - med) / spread, -3, 10)


@OPTIMIZERS.register("freeze-thaw", family="multi-fidelity", trainable=False)
class FreezeThaw(MultiFidelity):
    """x

    **Reference**: x

    **Differs from the paper**: x
    """

    version = 1

    def __init__(self, eta: int = 3) -> None:
        self.eta = eta

    def plan(self, run: FidelityRun) -> Iterator[Ask]:
        ladder = rungs(run.levels[: run.top + 1], self.eta)
        probe = _embed(run.space, run.space.sample(np.random.default_rng(0), 64) if run.pool is None else run.pool.x[:: max(1, len(run.pool.x) // 64)])
        d = np.sqrt(((probe[:, None] - probe) ** 2).sum(-1))
        scale = d[d > 0].mean() if (d > 0).any() else 1.0
        shape, fitted = MEDIAN, 0
        while True:
            told = [(t, l) for t in run.tried.values() for l in t.scores]
            if len(run.tried) < NI:
                c = run.uniform()
                if c is None:
                    return
                yield c, ladder[0]
                continue
            ids = {id(t): i for i, t in enumerate(run.tried.values())}
            if len(told) > MOST:
                ok = [(t, l) for t, l in told if l == run.top]
                rest = sorted([(t, l) for t, l in told if l != run.top], key=lambda tl: (-tl[0].standing[0], -tl[0].standing[1]))
                told = (ok + rest)[:MOST]
            fx = lambda xs: _embed(run.space, np.array(xs)) / scale
            seen = Seen(fx([t.x for t, l in told]), np.array([run.levels[l] for t, l in told]), np.array([ids[id(t)] for t, l in told]))
            z = normal(np.array([t.scores[l] for t, l in told]))
            if len(told) >= 1.5 * fitted:
                p = CurveProcess.fit(seen, z, shape, 4 if not fitted else 2)
                fitted = len(told)
                shape = p.shape
            else:
                p = CurveProcess(seen, z, shape)
            old = [t for t in run.tried.values() if t.level < run.top and t.choice is not None]
            old = sorted(old, key=lambda t: t.standing, reverse=True)[:OLD]
            if run.pool is not None:
                rows = np.flatnonzero(run.open)
                if len(rows) > NEW:
                    rows = np.sort(run.rng.choice(rows, NEW, replace=False))
                nx = run.pool.x[rows]
                new = rows.tolist()
            else:
                nx = run.space.sample(run.rng, NEW)
                new = list(nx)
            if not old and not len(new):
                return
            xs = [t.x for t in old] + list(nx)
            cand = Seen(fx(xs), np.ones(len(xs)), np.r_[np.array([ids[id(t)] for t in old], int), -1 - np.arange(len(nx))])
            mu, sd = p.at_top(cand)
            full = [zz for (t, l), zz in zip(told, z) if l == run.top]
            if full: best = max(full)
            else:
                best = mu[: len(old)].max() if old else 0.0
            ei = log_expected_improvement(mu, sd, best)
            nxt = [ladder[int(np.searchsorted(ladder, t.level, side="right"))] for t in old]
            price = np.array([run.levels[l] for l in nxt] + [run.levels[ladder[0]]] * len(nx))
            val = ei - COST * np.log(price)
            for i in np.argsort(-val, kind="stable"):
                if i < len(old):
                    yield old[i].choice, nxt[i]
                    break
                c = run.take(new[i - len(old)])
                if c is not None:
                    yield c, ladder[0]
                    break
            else:
                return
