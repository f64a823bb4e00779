"""Gradient boosting of LightGBM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.problem import AnySpace
from hpo_gym.suites.tasks.ready import READY
from hpo_gym.suites.tasks.ready._data import OnRows, rows_of

_ROUNDS = 100


@READY.register("breast-cancer-lightgbm", extra="build", data="breast-cancer")
@READY.register("diabetes-lightgbm", extra="build", data="diabetes")
@READY.register("wine-lightgbm", extra="build", data="wine")
class LightGBM(OnRows):
    """Choose how LightGBM grows and shrinks its trees. **Fidelity**: share of its 100 rounds.

    The seed draws the rows and columns of each round.
    """

    library = "lightgbm"
    fidelities = (0.1, 0.3, 1.0)

    def space(self) -> AnySpace:
        from ConfigSpace import ConfigurationSpace, Float, Integer

        space = ConfigurationSpace()
        space.add(
            Float("learning_rate", (1e-3, 1.0), log=True, default=0.1),
            Integer("num_leaves", (2, 128), log=True, default=31),
            Integer("min_data_in_leaf", (1, 100), log=True, default=20),
            Float("feature_fraction", (0.1, 1.0), default=1.0), Float("bagging_fraction", (0.1, 1.0), default=1.0),
            Float("lambda_l2", (1e-6, 1e3), log=True, default=1e-6),
        )  # fmt: skip
        return space

    def __call__(self, config: Mapping[str, Any], seed: int = 0, fidelity: float = 1.0) -> dict[str, float]:
        import lightgbm

        rows, rounds = rows_of(self.data), max(1, round(fidelity * _ROUNDS))
        kind = {"objective": "multiclass", "num_class": rows.classes} if rows.classes else {"objective": "regression"}
        given = {
            **kind, **config, "bagging_freq": 1, "seed": seed % 2**31, "deterministic": True, "force_row_wise": True,
            "num_threads": 1, "verbosity": -1,
        }  # fmt: skip

        def fit(x: Floats, y: NDArray[Any]) -> Callable[[Floats], NDArray[Any]]:
            model = lightgbm.train(given, lightgbm.Dataset(x, y), rounds)

            def predict(new: Floats) -> NDArray[Any]:
                found = np.asarray(model.predict(new))
                return found.argmax(1) if rows.classes else found

            return predict

        return rows.cross_validated(fit)
