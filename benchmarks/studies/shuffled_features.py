"""Controls of `meta-knn` and `meta-predict`, for `hpo-gym bench --optimizers FILE:NAME`: see docs/baselines.md.

`Near` is `meta-knn` whose portfolio begins at once. The others are told the meta-features of the earlier tasks in
another order, always the same, so that what they gain is not of meta-features.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hpo_baselines._runs.baseline import Planned
from hpo_baselines.meta_knn import BANDWIDTH, MetaKNN
from hpo_baselines.meta_predict import MetaPredict
from hpo_gym.optimize import Context
from hpo_gym.problem import Evaluations


@functools.lru_cache(maxsize=16)
def shuffled(prior: tuple[Evaluations, ...]) -> tuple[Evaluations, ...]:
    """Earlier tasks with each other's meta-features, made once, since models are kept by the identity of a prior."""
    order = np.random.default_rng(0).permutation(len(prior))
    return tuple(replace(e, meta_features=prior[i].meta_features) for e, i in zip(prior, order, strict=True))


class _Shuffled(Planned):
    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        super().reset_batch([replace(c, prior=shuffled(tuple(c.prior))) for c in contexts], rngs)


class Near(MetaKNN):
    def __init__(self, k: int = 0, bandwidth: float = BANDWIDTH) -> None:
        super().__init__(k, bandwidth)


class NearShuffled(_Shuffled, Near):
    pass


class PredictShuffled(_Shuffled, MetaPredict):
    pass
