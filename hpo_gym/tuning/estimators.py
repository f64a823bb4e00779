"""Ready search spaces of well-known estimators, each a file of YAML in ``hpo_gym/data/spaces``.

A file has `classes`, by package and name; `source`, of the ranges; `space`, as a file of `tune` has it; and, if any,
`defaults`, where an estimator's own are outside; `at_most`, ranges that end at a share of the rows; `per_column`,
ranges to divide by the number of columns; `prior`, the suite of this estimator.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from typing import Any

from hpo_gym.base import DATA, InvalidValueError, UnknownNameError, unknown
from hpo_gym.problem import SearchSpace, read_space
from hpo_gym.suites import load_suite
from hpo_gym.tuning.earlier import earlier_tasks
from hpo_gym.tuning.matching import Matched, common


def space_for(estimator: Any, *, rows: int | None = None, columns: int | None = None) -> SearchSpace:
    """Return the ready search space of an estimator; its own parameters are the default configuration.

    Args:
        estimator: An estimator of a known class, or the class; or a pipeline, whose last step is tuned, by names such
            as ``svc__C``.
        rows, columns: Of the data; None where unknown: then ranges end without regard to them.

    Raises:
        UnknownNameError: No such class has a space; the message has the nearest one.
    """
    prefix, last = _last(estimator)
    said = _said(last)
    data = read_space({prefix + name: _range(name, said, rows, columns) for name in said["space"]}).to_json()
    own, per = dict(last.get_params()), said.get("per_column", ())
    defaults = {k: v / (columns or 1) if k in per else v for k, v in said.get("defaults", {}).items()}
    for part, h in zip(data["hyperparameters"], SearchSpace(data).hyperparameters, strict=True):
        name = h.name.removeprefix(prefix)
        for value in (defaults.get(name), own.get(name)):
            with contextlib.suppress(InvalidValueError):
                h.position(value)
                part["default_value"] = value
    return SearchSpace(data)


def prior_for(estimator: Any, space: SearchSpace) -> Matched:
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


def _last(estimator: Any) -> tuple[str, Any]:
    """Return the prefix of names, and the estimator that is tuned."""
    prefix, made = "", estimator() if isinstance(estimator, type) else estimator
    while type(made).__name__ == "Pipeline" and made.steps:
        prefix, made = f"{prefix}{made.steps[-1][0]}__", made.steps[-1][1]
    return prefix, made


def _said(made: Any) -> Mapping[str, Any]:
    """Return what is said of an estimator."""
    known = _files()
    packages = {name.partition(".")[0] for name in known}
    names = [f"{c.__module__.partition('.')[0]}.{c.__qualname__}" for c in type(made).__mro__]
    name = next((name for name in names if name.partition(".")[0] in packages), names[0])  # a subclass of yours counts
    if name not in known:
        raise unknown("ready space of", names[0], known)
    return known[name]


def _range(name: str, said: Mapping[str, Any], rows: int | None, columns: int | None) -> Any:
    given = said["space"][name]
    if name in said.get("per_column", ()) and columns:
        return {**given, "low": given["low"] / columns, "high": given["high"] / columns}
    if name in said.get("at_most", {}) and rows:
        most = type(given["high"])(max(given["low"] * 2, said["at_most"][name] * rows))
        return {**given, "high": min(given["high"], most)}
    return given
