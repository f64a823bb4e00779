"""Cells that go wrong in a build by the process engine: each is lost alone, for a reason that is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import bad_cells
import numpy as np
import pytest
import tiny_recipe
from processes import lasting
from test_build import shards_of

from hpo_builders.order import BUILDERS, Order
from hpo_builders.training import build as training
from hpo_builders.training import cells, workers
from hpo_builders.training.recipe import Recipe
from hpo_builders.training.shards import Shards
from hpo_builders.training.workers import _groups
from hpo_gym.problem import SearchSpace
from hpo_gym.suites import load_suite

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="guards need POSIX")
TRAINED = [name for name, entry in BUILDERS.entries().items() if entry.about.get("kind") == "trained"]
GOOD = [name for name, (_, reason) in bad_cells.WAYS.items() if reason is None]
LATE = [name for name, (_, reason) in bad_cells.WAYS.items() if reason == bad_cells.LATE]
OTHERS = [name for name in bad_cells.WAYS if name not in LATE]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "STUDY_SEEDS", ())
    monkeypatch.setattr(workers, "MEMORY", 256 * bad_cells.MEGABYTE)


def order(folder: Path, **changes: object) -> Order:
    options: dict[str, object] = {"engine": "process", "workers": 2, "tasks": ("iris",), **changes}
    return Order(folder / "none", folder / "out", folder / "work", **options)  # type: ignore[arg-type]


def sleepers(mark: str, patience: float = 5.0) -> list[int]:
    """Processes of a marked environment that are still there after a while, but for the tracker of resources."""
    return lasting(f"BAD_CELLS={mark}", lambda command: b"resource_tracker" not in command, patience)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory has no limit, and /proc is read")
@pytest.mark.parametrize("ways, seconds", [(OTHERS, 120.0), (["behaves", *LATE], 1.5)], ids=["others", "late"])
def test_a_bad_cell_is_lost_alone_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ways: list[str], seconds: float
) -> None:
    monkeypatch.setenv("BAD_CELLS", str(tmp_path))
    monkeypatch.setattr(training, "CHUNK_SECONDS", seconds)
    monkeypatch.setattr(training, "CELL_SECONDS", seconds)
    recipe = bad_cells.recipe(ways=ways)
    training.build(recipe, order(tmp_path))
    assert not sleepers(str(tmp_path))
    suite = load_suite(tmp_path / "out" / "Tiny")
    rows = [str(config["way"]) for config in suite.space.decode(suite.table.x.astype(np.float64))]
    assert sorted(rows) == sorted(ways)
    lost = {rows[c["configuration"]]: c["reason"] for c in suite.about["built"]["lost cells"]}
    assert lost == {name: bad_cells.WAYS[name][1] for name in ways if name not in GOOD}
    problem = cells.load(recipe, "iris", tmp_path, 0)
    expected = tiny_recipe.train(problem, {"shift": 0.0, "way": "nearest"}, 0).score
    for row, name in enumerate(rows):
        score = suite.table.score[0, row]
        assert np.isneginf(score).all() if name in lost else score == pytest.approx(expected, abs=1e-7), name


def test_a_cell_that_dies_is_tried_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = tmp_path / "tries"
    tries.mkdir()
    monkeypatch.setenv("BAD_CELLS", str(tries))
    training.build(bad_cells.recipe(bad_cells.die_twice, ["behaves", "dies"]), order(tmp_path, workers=1))
    suite = load_suite(tmp_path / "out" / "Tiny")
    assert len(list(tries.iterdir())) == 3, "with its chunk, alone, and alone again"
    assert suite.about["built"]["lost cells"] == [] and not suite.table.failed.any()


@pytest.mark.long
def test_parts_share_a_process_and_what_is_lost_behind_others_is_tried_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHUNK", 1)
    recipe = tiny_recipe.recipe(_die_behind_another)
    space, x = SearchSpace(recipe.space()), cells.configurations(recipe, 12)
    deadly = space.decode(space.snap(x.astype(np.float64)))[1]["shift"]
    monkeypatch.setenv("BAD_CELLS", f"{tmp_path / 'log'}:{deadly}")
    training.build(recipe, order(tmp_path, workers=1, rows=12))
    training.build(tiny_recipe.recipe(), order(tmp_path / "serial", engine="serial", rows=12))
    assert shards_of(tmp_path / "work") == shards_of(tmp_path / "serial" / "work")
    trained = Counter(line.split()[0] for line in (tmp_path / "log").read_text().splitlines())
    # of 12 parts 6 share a process, 3 and 3 times one; of the 6 one is done, one dies, and four are left
    assert list(trained.values()) == [2, 3, 1, 1, 1, 1, 2, 1, 1]


def _die_behind_another(problem, config, seed):
    path, deadly = os.environ["BAD_CELLS"].rsplit(":", 1)
    if problem.name != "toy":
        with Path(path).open("a+") as log:
            log.seek(0)
            first = all(line.split()[0] != str(os.getpid()) for line in log)
            log.write(f"{os.getpid()} {config['shift']}\n")
        if not first and config["shift"] == float(deadly):
            os._exit(1)
    return tiny_recipe.train(problem, config, seed)


@pytest.mark.parametrize(
    ("parts", "workers", "sizes"),
    [(1, 1, [1]), (12, 1, [6, 3, 1, 1, 1]), (12, 2, [3, 2, 1, 1, 1, 1, 1, 1, 1]), (100, 2, [16, 16, 16])],
)
def test_fewer_parts_share_a_process_towards_the_end(
    tmp_path: Path, parts: int, workers: int, sizes: list[int]
) -> None:
    recipe = tiny_recipe.recipe()
    every = [cells.Part(recipe, "iris", (row,), 0, tmp_path, Shards(tmp_path)) for row in range(parts)]
    groups = _groups(every, workers)
    assert [len(group) for group in groups][: len(sizes)] == sizes
    assert [part for group in groups for part in group] == every and len(groups[-1]) == 1


@pytest.mark.long
def test_parts_are_told_as_they_end(tmp_path: Path) -> None:
    """The first part waits for a file that is written when another one was told."""
    reported: list[int] = []

    def tell(done: int, total: int, what: str) -> None:
        reported.append(done)
        if done:
            (tmp_path / "go").touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAD_CELLS", str(tmp_path))
        training.build(_waiting(), order(tmp_path, tasks=("iris", "wine"), rows=3, progress=tell))
    assert reported == [0, 3, 6]


def _wait_for_wine(problem, config, seed):
    while problem.name == "iris" and not (Path(os.environ["BAD_CELLS"]) / "go").exists():
        time.sleep(0.01)
    return tiny_recipe.train(problem, config, seed)


def _waiting() -> Recipe:
    return tiny_recipe.recipe(_wait_for_wine)


@pytest.mark.long
def test_dask_limits_memory_as_well(tmp_path: Path) -> None:
    recipe = tiny_recipe.recipe(tiny_recipe.misbehave)
    configs = SearchSpace(recipe.space()).decode(cells.configurations(recipe, 60).astype(np.float64))
    hungry = next(i for i, c in enumerate(configs) if -0.8 < c["shift"] < 0 and c["way"] == "mean")
    parts = [cells.Part(recipe, "iris", (row,), 0, tmp_path, Shards(tmp_path)) for row in (hungry, 0)]
    with workers.workers(order(tmp_path, engine="dask", workers=1), parts[0]) as run:
        lost = dict(run(parts, 60.0, 0))
    assert [lost[part] for part in parts] == ["out of memory", None]


IMPORTS = """
import sys, tempfile
from pathlib import Path
from hpo_builders.order import BUILDERS
from hpo_builders.training import cells, workers
from hpo_builders.training.shards import Shards

folder = tempfile.mkdtemp()
recipe = sys.modules[BUILDERS.get(sys.argv[1]).__module__].RECIPE
part = cells.Part(recipe, "wine", (0, 1, 2), 0, Path(folder), Shards(Path(folder)))
workers._Training(part).prepare()
before = set(sys.modules)
cells.train(part)
small = ("sklearn.datasets.", "importlib.", "encodings.")
print(*sorted(m for m in set(sys.modules) - before if not m.startswith(small)))
"""


@pytest.mark.long
@pytest.mark.parametrize("name", TRAINED)
def test_recipes_name_all_modules_that_training_imports(name: str) -> None:
    command = [sys.executable, "-c", IMPORTS, name]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=True)
    assert done.stdout.split() == []


DRIVER = """
import os
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
import bad_cells
from hpo_builders.order import BUILDERS, Order
from hpo_builders.training import build

def train(problem, config, seed):
    if problem.name != "toy":
        (Path(sys.argv[1]) / f"begun-{os.getpid()}").touch()
        bad_cells.ignores_signals_and_has_children()
    return bad_cells.train(problem, config, seed)

folder = Path(sys.argv[1])
try:
    order = Order(folder, folder / "out", folder / "work", tasks=("iris", "wine"), rows=3, workers=2)
    build.build(bad_cells.recipe(train), order)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_ends_all_workers_and_what_their_cells_have_started(tmp_path: Path) -> None:
    paths = [str(Path(module.__file__).parent) for module in (bad_cells, tiny_recipe)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "BAD_CELLS": str(tmp_path)}
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path), *paths], env=environment, stdout=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while len(list(tmp_path.glob("begun-*"))) < 2:  # both workers train
            assert driver.poll() is None and time.monotonic() < until
            time.sleep(0.01)
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: to the whole group
        output, _ = driver.communicate(timeout=60)
        assert output == "interrupted\n"
        assert not sleepers(str(tmp_path))
    finally:  # a failure must not leave them
        for pid in sleepers(str(tmp_path), 0.0):
            os.kill(pid, signal.SIGKILL)
