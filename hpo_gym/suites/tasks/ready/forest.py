"""Random forests of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.problem import AnySpace
from hpo_gym.suites.tasks.ready import READY
from hpo_gym.suites.tasks.ready._data import OnRows, rows_of

_TREES = 100


@READY.register("breast-cancer-forest", extra="build", data="breast-cancer")
@READY.register("diabetes-forest", extra="build", data="diabetes")
@READY.register("digits-forest", extra="build", data="digits")
@READY.register("wine-forest", extra="build", data="wine")
class Forest(OnRows):
    """Choose how the trees of a random forest grow. **Fidelity**: share of its 100 trees.

    The seed draws rows and columns of the trees.
    """

    library = "sklearn.ensemble"
    fidelities = (0.1, 0.3, 1.0)

    def space(self) -> AnySpace:
        from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

        space = ConfigurationSpace()
        space.add(
            Float("max_features", (0.01, 1.0), log=True, default=0.1),
            Integer("max_depth", (1, 30), log=True, default=30),
            Integer("min_samples_split", (2, 50), log=True, default=2),
            Integer("min_samples_leaf", (1, 50), log=True, default=1),
            Categorical("bootstrap", [True, False], default=True),
        )  # fmt: skip
        return space

    def __call__(self, config: Mapping[str, Any], seed: int = 0, fidelity: float = 1.0) -> dict[str, float]:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        rows = rows_of(self.data)
        kind = RandomForestClassifier if rows.classes else RandomForestRegressor

        def fit(x: Floats, y: NDArray[Any]) -> Callable[[Floats], NDArray[Any]]:
            model = kind(max(1, round(fidelity * _TREES)), **config, random_state=seed, n_jobs=1).fit(x, y)
            return lambda new: model.predict(new)

        return rows.cross_validated(fit)
