"""Random search spaces of every kind of hyperparameter, condition and forbidden clause; points with many ties."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_gym.problem.space import Points, SearchSpace

KINDS = ("float", "log float", "int", "log int", "one value", "categorical", "ordinal", "constant", "flag")


def odd_space(rng: np.random.Generator, d: int = 6, *, kinds: tuple[str, ...] = KINDS, conditions: float = 0.5) -> Any:
    """`d` hyperparameters; each after the first hangs on earlier ones with the probability `conditions`."""
    columns = [_column(rng, f"h{j}", str(rng.choice(kinds))) for j in range(d)]
    clauses = [_condition(rng, columns[:j], f"h{j}") for j in range(1, d) if rng.random() < conditions]
    forbidden = [] if rng.random() < 0.5 else [_forbidden(rng, columns)]
    return SearchSpace({"hyperparameters": columns, "conditions": clauses, "forbiddens": forbidden})


def tied_points(rng: np.random.Generator, space: SearchSpace, n: int) -> Points:
    """Canonical points, half of them on a coarse grid, some of them equal, ``(n, d)``."""
    grid = rng.integers(0, 5, (n, space.d)) / 4.0
    x = space.snap(np.where(rng.random((n, 1)) < 0.5, grid, rng.random((n, space.d))))
    x[n // 2 :: 7] = x[rng.integers(0, n, len(x[n // 2 :: 7]))]
    return x


def _column(rng: np.random.Generator, name: str, kind: str) -> dict[str, Any]:
    if kind == "constant":
        return {"type": "constant", "name": name, "value": "only"}
    if kind == "categorical" or kind == "flag":
        choices: list[Any] = [True, False] if kind == "flag" else list("abcde"[: rng.integers(2, 6)])
        return {"type": "categorical", "name": name, "choices": choices, "default_value": choices[0]}
    if kind == "ordinal":
        values = [1, 2, 5, 10][: rng.integers(2, 5)]
        return {"type": "ordinal", "name": name, "sequence": values, "default_value": values[0]}
    log = kind.startswith("log")
    low = float(rng.uniform(1e-6, 1.0)) if log else float(rng.uniform(-5.0, 5.0))
    low, high = low, low * float(rng.uniform(2.0, 1e6)) if log else low + float(rng.uniform(0.01, 9.0))
    if kind.endswith("int"):
        low, high = int(rng.integers(1, 9)), int(rng.integers(9, 10 ** rng.integers(1, 6) + 9))
    high = low if kind == "one value" else high
    kind = "uniform_int" if kind.endswith("int") else "uniform_float"
    return {"type": kind, "name": name, "lower": low, "upper": high, "default_value": low, "log": log}


def _condition(rng: np.random.Generator, parents: list[dict[str, Any]], child: str) -> dict[str, Any]:
    leaves = [{**_leaf(rng, p), "child": child, "parent": p["name"]} for p in rng.choice(parents, rng.integers(1, 3))]
    if len(leaves) == 1:
        return leaves[0]
    return {"type": str(rng.choice(["AND", "OR"])), "child": child, "conditions": leaves}


def _leaf(rng: np.random.Generator, parent: dict[str, Any]) -> dict[str, Any]:
    values = parent.get("choices") or parent.get("sequence") or [parent.get("value")]
    if "lower" in parent:
        middle = parent["lower"] + 0.37 * (parent["upper"] - parent["lower"])
        return {"type": str(rng.choice(["LT", "GT"])), "value": middle}
    kind = str(rng.choice(["EQ", "NEQ", "IN"]))
    return {"type": kind, "values": values[:2]} if kind == "IN" else {"type": kind, "value": values[-1]}


def _forbidden(rng: np.random.Generator, columns: list[dict[str, Any]]) -> dict[str, Any]:
    clauses = []
    for column in rng.choice(columns, 2):
        leaf = _leaf(rng, column)
        clauses.append({**leaf, "type": f"CLAUSE_{leaf['type']}", "name": column["name"]})
    return {"type": "AND", "clauses": clauses}
