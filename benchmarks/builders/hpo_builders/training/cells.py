"""A cell: one configuration trained on one task, at all fidelities. Its result depends on nothing else."""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.training.recipe import CHUNK, Measured, Recipe, TrainingFailed, unmeasured
from hpo_builders.training.shards import Shards
from hpo_gym.base import InvalidValueError, StateError, seeding
from hpo_gym.problem import Points, SearchSpace
from hpo_gym.system import limit_memory

MEMORY = 8 << 30
"""Bytes that training a part may take, beyond what its imports hold."""

LOST = {"crashed": "its worker died", "timeout": "out of time", "memory": "out of memory"}
"""What may become of a cell besides a score; a shard has 0 for a score, or the place of the reason, from 1."""


@dataclass(frozen=True)
class Part:
    """Work of one worker: some configurations on one task.

    Attributes:
        recipe: How they are trained.
        task: Its name.
        rows: Positions of the configurations.
        seed: 0 for the table; others for the seed study.
        archives, shards: Folders.
    """

    recipe: Recipe
    task: str
    rows: tuple[int, ...]
    seed: int
    archives: Path
    shards: Shards

    @property
    def chunk(self) -> str:
        """Name of the shard."""
        return f"{self.seed}-{self.rows[0]:05d}-{self.rows[-1]:05d}"

    @property
    def key(self) -> str:
        """Name of the job."""
        return f"{self.task}/{self.chunk}"

    @property
    def stored(self) -> bool:
        """Return whether its shard is there, undamaged."""
        return self.shards.read(self.task, self.chunk) is not None


def perform(part: Part) -> str | None:
    """`train`, as a job of an engine. "memory": there was too little."""
    try:
        train(part)
    except MemoryError:
        return "memory"
    return None


def perform_within_limits(part: Part) -> str | None:
    """`perform`, in a worker of an engine whose memory nobody else limits."""
    _limit_once()
    return perform(part)


@functools.cache
def _limit_once() -> None:
    limit_memory(MEMORY)


def train(part: Part) -> None:
    """Train the configurations of a part, and store the shard.

    Raises:
        MemoryError: There was too little.
    """
    recipe = part.recipe
    problem = load(recipe, part.task, part.archives, part.seed)
    space = SearchSpace(recipe.space())
    _warm_up(recipe, space)
    x = points(part)
    configs = space.decode(space.snap(x.astype(np.float64)))
    results = [_measure(recipe, problem, config, part.seed) for config in configs]
    arrays: dict[str, NDArray[Any]] = {
        name: np.array([getattr(r, name) for r in results], np.float32) for name in ("score", "test_score", "cost")
    }
    seconds = arrays.pop("cost")
    for name in beside(recipe):
        arrays[name] = np.stack([getattr(r, name) for r in results]).astype(np.float32)
    arrays |= {"lost": np.zeros(len(results), np.uint8), "problem": digest(recipe, problem)}
    if recipe.search is not None:
        arrays["x"] = x
    part.shards.write(part.task, part.chunk, arrays, seconds)


def _measure(recipe: Recipe, problem: Any, config: Mapping[str, Any], seed: int) -> Measured:
    """Train one cell; `TrainingFailed` is its failure, anything else that is raised is ours."""
    number = seeding.key("train", recipe.suite, problem.name, dict(config), seed) & 0x7FFFFFFF
    start = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return recipe.train(problem, config, number)
    except TrainingFailed:
        failed = np.full(len(recipe.fidelities), -np.inf)
        spent = time.process_time() - start
        each = spent if recipe.cumulative else spent / len(failed)
        whole = Measured(failed, unmeasured(len(failed), -np.inf), np.full_like(failed, each))
        return replace(whole, **{name: np.full(shape, np.nan) for name, shape in beside(recipe).items()})


def beside(recipe: Recipe) -> dict[str, tuple[int, ...]]:
    """Return the further results of a cell of this recipe, with their shapes."""
    found: dict[str, tuple[int, ...]] = {}
    if recipe.repeats:
        found["repeats"] = (len(recipe.fidelities), recipe.repeats)
    if recipe.objectives:
        found["objectives"] = (len(recipe.objectives),)
    return found


_WARM: set[str] = set()


def _warm_up(recipe: Recipe, space: SearchSpace) -> None:
    """Train the default on a toy once in each process, so that no cell is charged for what libraries do at first."""
    if recipe.suite not in _WARM:
        _measure(recipe, recipe.material.toy(), space.from_unit(space.default_x), 0)
        _WARM.add(recipe.suite)


@functools.lru_cache(maxsize=4)
def load(recipe: Recipe, task: str, archives: Path, seed: int) -> Any:
    """Return the problem of a task; see `Material.problem`."""
    return recipe.material.problem(recipe.material.entry(task), archives, seed)


def digest(recipe: Recipe, problem: Any) -> NDArray[np.uint8]:
    """Return a mark of the numbers of a problem ``(32,)``."""
    return np.frombuffer(recipe.material.digest(problem), np.uint8)


def points(part: Part) -> NDArray[np.float32]:
    """Return the configurations of a part, ``(rows, d)``.

    Raises:
        StateError: They are proposed by what an earlier chunk found, and that is not there.
    """
    recipe, (first, last) = part.recipe, (part.rows[0], part.rows[-1])
    if recipe.search is None:
        return configurations(recipe, last + 1)[list(part.rows)]
    if last < recipe.search.drawn:
        return configurations(recipe, last + 1, part.task)[list(part.rows)]
    start = first - first % CHUNK
    tried, score = _tried(part, start)
    space, seed = SearchSpace(recipe.space()), seeding.key("search", recipe.suite, part.task, start)
    proposed = recipe.search.propose(space, space.snap(tried), score, last + 1 - start, seed)
    return proposed.astype(np.float32)[[row - start for row in part.rows]]


def _tried(part: Part, count: int) -> tuple[Points, NDArray[np.float64]]:
    """Return the first configurations of the part's task ``(count, d)``, and their scores at full fidelity."""
    x, score = [], []
    for start in range(0, count, CHUNK):
        chunk = replace(part, rows=(start, start + CHUNK - 1))
        shard = part.shards.read(part.task, chunk.chunk)
        if shard is None:
            raise StateError(f"Shard {chunk.key} must be there before row {count} is proposed; build it first.")
        x.append(shard["x"])
        score.append(shard["score"][:, -1])
    return np.concatenate(x).astype(np.float64), np.concatenate(score).astype(np.float64)


@functools.lru_cache(maxsize=4)
def configurations(recipe: Recipe, m: int, task: str | None = None) -> NDArray[np.float32]:
    """Return configurations of a table, ``(m, d)``: the default, then uniform draws by key, none twice.

    Fewer rows are the first of more.

    Args:
        task: Whose own they are; None: those of all tasks.
    """
    space = SearchSpace(recipe.space())
    own = () if task is None else (task,)
    base = np.array([seeding.key("configurations", recipe.suite, *own)], np.uint64)
    found = [space.default_x.astype(np.float32)[None]]
    for start in range(0, 8 * m, m):
        keys = seeding.mix(seeding.mix(base, np.arange(start, start + m).astype(np.uint64))[:, None],
                           np.arange(space.d).astype(np.uint64)[None])  # fmt: skip
        drawn = space.snap(seeding.uniform(keys))
        found.append(drawn[space.legal(drawn)].astype(np.float32))
        x = np.concatenate(found)
        _, first = np.unique(x, axis=0, return_index=True)
        if len(first) >= m:
            x = x[np.sort(first)[:m]]
            x.flags.writeable = False
            return x
    raise InvalidValueError(f"`rows` must be at most the number of configurations, got {m}, drawn {len(first)}.")
