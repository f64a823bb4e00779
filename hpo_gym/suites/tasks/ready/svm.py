"""Support vector machines of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.problem import AnySpace
from hpo_gym.suites.tasks.ready import READY
from hpo_gym.suites.tasks.ready._data import OnRows, rows_of, standardised

_UNIT = {"unit": "multiple of scale"}  # of gamma, as in the suite `SVM`
_ITERATIONS = 20_000  # of libsvm; one that needs more ends there, and no clock decides


@READY.register("breast-cancer-svm", extra="build", data="breast-cancer")
@READY.register("diabetes-svm", extra="build", data="diabetes")
@READY.register("digits-svm", extra="build", data="digits")
@READY.register("iris-svm", extra="build", data="iris")
@READY.register("wine-svm", extra="build", data="wine")
class SVM(OnRows):
    """Choose kernel, its parameters, C and scaling of a support vector machine (`SVC`, or `SVR` in regression).

    `gamma` is a multiple of scikit-learn's "scale", so that 1 is its default. Nothing is random.
    """

    library = "sklearn.svm"

    def space(self) -> AnySpace:
        from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, InCondition, Integer

        kernel = Categorical("kernel", ["linear", "rbf", "poly", "sigmoid"], default="rbf")
        gamma, degree = (
            Float("gamma", (1e-3, 1e3), log=True, default=1.0, meta=_UNIT),
            Integer("degree", (2, 5), default=3),
        )
        space = ConfigurationSpace()
        space.add(kernel, gamma, degree, Float("C", (1e-3, 1e3), log=True, default=1.0))
        space.add(Categorical("scaling", ["standard", "none"], default="standard"))
        space.add(InCondition(gamma, kernel, ["rbf", "poly", "sigmoid"]), EqualsCondition(degree, kernel, "poly"))
        return space

    def __call__(self, config: Mapping[str, Any]) -> dict[str, float]:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import SVC, SVR

        rows = rows_of(self.data)

        def fit(x: Floats, y: NDArray[Any]) -> Callable[[Floats], NDArray[Any]]:
            scaled = standardised(x)[0] if config["scaling"] == "standard" else x
            options = {
                "C": config["C"], "kernel": config["kernel"], "degree": config.get("degree", 3),
                "gamma": config.get("gamma", 1.0) / (x.shape[1] * scaled.var()), "max_iter": _ITERATIONS,
            }  # fmt: skip
            model = (SVC if rows.classes else SVR)(**options).fit(scaled, y)
            return lambda new: model.predict(standardised(x, new)[1] if config["scaling"] == "standard" else new)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return rows.cross_validated(fit)
