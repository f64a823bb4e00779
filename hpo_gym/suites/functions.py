"""The suite `Functions`: classic test functions under seeded transformations, without end."""

from __future__ import annotations

from collections.abc import Iterator

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.problem import SUITES, Suite
from hpo_gym.suites.tasks.function import SUITE, FunctionTask, function_name, function_task, unit_space

_D = 6  # columns of the suite's space
_ANY = (2, 3, 4, 6)

# Per function its dimensions and the number of seeds. Kin stand on one side: bowls, valleys, cosines, camels, wells.
_SPLITS: dict[str, dict[str, tuple[tuple[int, ...], int]]] = {
    "train": {
        "ackley": (_ANY, 3),
        "dixon-price": (_ANY, 3),
        "drop-wave": ((2,), 4),
        "ellipsoid": (_ANY, 3),
        "levy": (_ANY, 3),
        "rastrigin": (_ANY, 3),
        "rosenbrock": (_ANY, 3),
        "salomon": (_ANY, 3),
        "six-hump-camel": ((2,), 4),
        "sphere": (_ANY, 3),
        "styblinski-tang": (_ANY, 3),
        "three-hump-camel": ((2,), 4),
        "zakharov": (_ANY, 3),
    },
    "val": {"beale": ((2,), 5), "griewank": (_ANY, 4), "himmelblau": ((2,), 5), "powell": ((4,), 5)},
    "test": {
        "branin": ((2,), 10),
        "goldstein-price": ((2,), 8),
        "hartmann": ((3, 6), 8),
        "schwefel": ((2, 4), 4),
        "shekel": ((4,), 8),
    },
}


@SUITES.register("Functions", kind="function")
def functions() -> Suite:
    """Find the top of a classic test function that was shifted, rotated, warped and zoomed by a seed."""
    splits = {split: tuple(_names(split)) for split in _SPLITS}
    members = tuple(function_task(name) for names in splits.values() for name in names)
    about = {
        "title": "Classic test functions",
        "description": "Shifted, rotated, warped and zoomed test functions with known optima; unlimited tasks by name.",
        "score": "height below the optimum, scaled, with a seeded offset",
        "unit": "none",
        "licence": "MIT",
        "source": "https://www.sfu.ca/~ssurjano/optimization.html",
    }
    digest = f"{seeding.key(SUITE, 1, splits):016x}"
    return Suite(SUITE, unit_space(_D), members, "function", 1, splits, about, digest, _make)


def _names(split: str) -> Iterator[str]:
    for function, (dims, seeds) in _SPLITS[split].items():
        for d in dims:
            yield from (function_name(function, d, seed) for seed in range(seeds))


def _make(name: str) -> FunctionTask:
    task = function_task(name)
    if task.space.d > _D:
        raise InvalidValueError(f"The suite {SUITE!r} has at most {_D} dimensions, got {name!r} with {task.space.d}.")
    return task
