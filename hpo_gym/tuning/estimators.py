"""Ready search spaces of well-known estimators, each a file of YAML in ``hpo_gym/data/spaces``.

A file has `classes`, by package and name; `source`, of the ranges; `space`, as a file of `tune` has it; and, if any,
`defaults`, where an estimator's own are outside; `at_most`, ranges that end at a share of the rows; `per_scale`, ranges
in multiples of scikit-learn's "scale"; `prior`, the suite of this estimator.
"""

from __future__ import annotations

import contextlib
import functools
import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import DATA, InvalidValueError, UnknownNameError, unknown
from hpo_gym.problem import SearchSpace, read_space
from hpo_gym.suites import load_suite
from hpo_gym.tuning.auto import READY
from hpo_gym.tuning.earlier import earlier_tasks
from hpo_gym.tuning.matching import Matched, common
from hpo_gym.tuning.meta_features import Data, shape_of

if TYPE_CHECKING:
    from scipy.sparse import sparray
    from sklearn.base import BaseEstimator

_ROWS = 20_000


def space_for(
    estimator: BaseEstimator | type[BaseEstimator],
    *,
    rows: int | None = None,
    columns: int | None = None,
    variance: float | None = None,
) -> SearchSpace:
    """Return the ready search space of an estimator; the default configuration is the nearest to its own parameters.

    The `gamma` of a support vector machine is between .001 and 100 times scikit-learn's "scale", 1 / (columns *
    variance). Its values are plain ones, for `SVC(**config)`; its unit says how many multiples one is, so that earlier
    tasks of other data match.

    Args:
        estimator: An estimator of a known class, or the class; or a pipeline; its last step is tuned, by names such
            as ``svc__C``.
        rows, columns: Of the data that reach this step; None where unknown: then ranges end without regard to them.
        variance: Of all numbers of these data, ``X.var()``; None: 1, as of standardised columns.

    Raises:
        UnknownNameError: No such class has a space; the message has the nearest one.
    """
    prefix, last = _last(estimator)
    said = _said(last)
    scale = float((columns or 1) * (variance or 1.0))
    data = read_space({prefix + name: _range(name, said, rows, scale) for name in said["space"]}).to_json()
    own, per = dict(last.get_params()), said.get("per_scale", ())
    own |= {k: 1.0 / (columns or 1) for k in per if own.get(k) == "auto"}  # scikit-learn's
    defaults = {k: v / scale if k in per else v for k, v in said.get("defaults", {}).items()}
    for part, h in zip(data["hyperparameters"], SearchSpace(data).hyperparameters, strict=True):
        name = h.name.removeprefix(prefix)
        for value in (defaults.get(name), own.get(name)):
            nearest = value
            if isinstance(value, (int, float)) and not isinstance(value, bool) and not h.choices:
                nearest = min(max(value, h.low), h.high)
            with contextlib.suppress(InvalidValueError):
                h.position(nearest)
                part["default_value"] = nearest
    return SearchSpace({**data, "name": READY})


def sizes_for(estimator: BaseEstimator, x: Data, y: ArrayLike | None) -> dict[str, Any]:
    """Return `rows`, `columns` and `variance` of data for `space_for`.

    Only where the space needs the variance, the steps of a pipeline before the last are fitted, once, on all rows (of
    more than 20,000, on as many, evenly spaced): the last step never sees other data. If that fails, sizes are of the
    data as they are, and the variance is unknown.
    """
    rows, columns = (*(shape_of(x) or ()), None, None)[:2]
    found = {"rows": rows, "columns": columns}
    if not _said(_last(estimator)[1]).get("per_scale"):
        return found
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # the first trial will tell
        warnings.simplefilter("ignore")
        reached = _before_last(estimator, x, y)
        return found | {"columns": int(reached.shape[1]), "variance": _variance(reached)}
    return found


def prior_for(estimator: BaseEstimator, space: SearchSpace) -> Matched:
    """Return the suite of an estimator in terms of a space; no task, and the reason, where none fits."""
    last, name = _last(estimator)[1], None
    with contextlib.suppress(UnknownNameError):
        name = _said(last).get("prior")
    if name is None:
        return Matched(space.names, lacking=f"no suite is known of {type(last).__name__}")
    suite = load_suite(name)
    if all(space.hyperparameters[j].size == 1 for _, j in common(suite.space, space)):
        return Matched(space.names, lacking=f"nothing of {name} matched, the suite of {type(last).__name__}")
    return earlier_tasks(suite, space)


@functools.cache
def _files() -> dict[str, Mapping[str, Any]]:
    """Return what is said of each class."""
    import yaml

    said = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((DATA / "spaces").glob("*.yaml"))]
    return {name: one for one in said for name in one["classes"]}


def _last(estimator: BaseEstimator | type[BaseEstimator]) -> tuple[str, BaseEstimator]:
    """Return the prefix of names, and the estimator that is tuned."""
    prefix, made = "", estimator() if isinstance(estimator, type) else estimator
    while type(made).__name__ == "Pipeline" and made.steps:
        prefix, made = f"{prefix}{made.steps[-1][0]}__", made.steps[-1][1]
    return prefix, made


def _before_last(estimator: BaseEstimator, x: Data, y: ArrayLike | None) -> NDArray[np.float64] | sparray:
    """Return the data that reach the estimator that is tuned."""
    from sklearn import clone
    from sklearn.utils import _safe_indexing
    from sklearn.utils.validation import _num_samples

    if (size := _num_samples(x)) > _ROWS:
        some = np.linspace(0, size - 1, _ROWS).astype(np.int64)
        x, y = _safe_indexing(x, some), None if y is None else _safe_indexing(y, some)
    while type(estimator).__name__ == "Pipeline" and estimator.steps:
        if len(estimator.steps) > 1:
            x = clone(estimator[:-1]).fit_transform(x, y)
        estimator = estimator.steps[-1][1]
    return x if hasattr(x, "multiply") else np.asarray(x, np.float64)


def _variance(x: NDArray[np.float64] | sparray) -> float | None:
    """Return the variance of all numbers of a matrix, also of a sparse one; None if there is none to scale by."""
    value = float(x.multiply(x).mean() - x.mean() ** 2 if hasattr(x, "multiply") else x.var())
    return value if math.isfinite(value) and value > 0.0 else None


def _said(made: BaseEstimator) -> Mapping[str, Any]:
    """Return what is said of an estimator."""
    known = _files()
    packages = {name.partition(".")[0] for name in known}
    names = [f"{c.__module__.partition('.')[0]}.{c.__qualname__}" for c in type(made).__mro__]
    name = next((name for name in names if name.partition(".")[0] in packages), names[0])  # a subclass of yours counts
    if name not in known:
        raise unknown("ready space of", names[0], known)
    return known[name]


def _range(name: str, said: Mapping[str, Any], rows: int | None, scale: float) -> Any:
    given = said["space"][name]
    if name in said.get("per_scale", ()) and scale != 1.0:
        ends = {end: given[end] / scale for end in ("low", "high")}
        return {**given, **ends, "unit": f"{scale!r} * {given['unit']}"}
    if name in said.get("at_most", {}) and rows:
        most = type(given["high"])(max(given["low"] * 2, said["at_most"][name] * rows))
        return {**given, "high": min(given["high"], most)}
    return given
