"""Who may import whom: upwards only, and some rooms not at all. See "Who may import whom" in docs/architecture.md."""

import ast
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "hpo_gym": ROOT,
    "hpo_agents": ROOT / "agents",
    "hpo_baselines": ROOT / "baselines",
    "hpo_builders": ROOT / "benchmarks" / "builders",
}

# From the ground up; a file imports what stands on a lower line only, or what is in its own room.
LAYERS = """
arrays errors interrupt finite
budget
checkout
seeding registry trial objectives
storage jobs
space
nearest
evaluations
optimizer
task
tasks
transfer
state suite
score_scales tables
codecs observers rewards suites
learning
engine
env vector
sb3
forms
terminal
bench checks
tuning validity
app
__main__
"""
RANK = {name: rank for rank, line in enumerate(LAYERS.strip().splitlines()) for name in line.split()}
OF_BASELINES = {
    "arrays", "budget", "errors", "evaluations", "finite", "learning", "nearest", "objectives", "optimizer", "registry",
    "seeding", "space", "state", "transfer", "trial",
}  # fmt: skip
NOT_OF_AGENTS = {"bench", "app", "checks", "terminal", "validity"}


@functools.cache
def files(package: str) -> list[Path]:
    return sorted((FOLDERS[package] / package).rglob("*.py"))


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """What a file imports, dotted, late or not; not what only a type checker reads."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    typing = {id(n) for node in nodes if _is_typing(node) for n in ast.walk(node)}
    for node in nodes:
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            assert node.module is not None
            yield from (f"{node.module}.{a.name}" if _is_package(node.module) else node.module for a in node.names)


def _is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _is_package(module: str) -> bool:
    package, *rest = module.split(".")
    return package in FOLDERS and (FOLDERS[package] / package).joinpath(*rest).is_dir()


def ours(path: Path) -> set[str]:
    """The rooms of hpo_gym that a file imports: `tasks` for `hpo_gym.tasks.table`."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("hpo_gym.")}


def room(path: Path) -> str | None:
    """The room of a file of hpo_gym; None for the other packages."""
    inner = path.is_relative_to(ROOT / "hpo_gym")
    return path.relative_to(ROOT / "hpo_gym").parts[0].removesuffix(".py") if inner else None


def module(path: Path, package: str) -> str:
    parts = path.relative_to(FOLDERS[package]).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


ROOMS = sorted({room(p) for p in files("hpo_gym")} - {"__init__"})


@pytest.mark.parametrize("here", ROOMS)
def test_a_file_imports_from_below_only(here):
    assert here in RANK, f"`{here}` must have a place in LAYERS"
    for path in (p for p in files("hpo_gym") if room(p) == here):
        for name in ours(path):
            place = path.relative_to(ROOT)
            assert name == here or RANK[name] < RANK[here], f"{place} must not import hpo_gym.{name}"


@pytest.mark.parametrize("package", FOLDERS)
def test_no_file_is_imported_by_what_it_imports(package):
    graph: dict[str, set[str]] = {}
    for path in files(package):
        known = graph.setdefault(module(path, package), set())
        for name in imports(path):
            if name.split(".")[0] == package:
                known.add(name if _is_module(name) else name.rpartition(".")[0])
    assert _circle({k: v - {k} for k, v in graph.items() if k != "hpo_gym"}) == []


def _is_module(name: str) -> bool:
    package, *rest = name.split(".")
    base = (FOLDERS[package] / package).joinpath(*rest)
    return base.is_dir() or base.with_suffix(".py").is_file()


def _circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that wait for each other, [] where there are none."""
    left = dict(graph)
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    return sorted(n for n in left if any(n in needs for needs in left.values()))


def test_a_circle_is_found():
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["a", "b", "c"]
    assert _circle({"a": {"b"}, "b": set()}) == []


@pytest.mark.parametrize("package", FOLDERS)
def test_the_packages_know_each_other_one_way(package):
    """Each may import `hpo_gym` and itself; the commands of the builders import them, in a checkout."""
    others = set(FOLDERS) - {"hpo_gym", package}
    for path in files(package):
        known = {"hpo_builders"} if room(path) == "app" else set()
        found = {name.split(".")[0] for name in imports(path)} & (others - known | {"agents", "baselines"})
        assert not found, f"{path} imports {found}"


def test_baselines_know_the_protocol_only_and_agents_no_bench():
    for path in files("hpo_baselines"):
        assert ours(path) <= OF_BASELINES | {"jobs"}, path.name
        jobs = {name for name in imports(path) if name.startswith("hpo_gym.jobs")}
        assert jobs <= {"hpo_gym.jobs.threads"}, path.name
    for path in files("hpo_agents"):
        assert not ours(path) & NOT_OF_AGENTS, path.name


def test_metrics_need_numpy_and_scipy_only_and_the_report_reads_records_only():
    bench = ROOT / "hpo_gym" / "bench"
    statistics = ("metrics.py", "bootstrap.py", "significance.py", "pooling.py")
    for name in statistics:
        roots = {name.split(".")[0] for name in imports(bench / name)} - set(sys.stdlib_module_names)
        assert roots <= {"numpy", "scipy", "hpo_gym"}, name
    for path in [*(bench / name for name in statistics), *(bench / "report").glob("*.py")]:
        other = {name for name in imports(path) if name.startswith("hpo_gym.transfer")}
        assert ours(path) <= {"arrays", "bench", "errors", "seeding", "terminal", "transfer"}, path.name
        assert other <= {"hpo_gym.transfer.regret"}, path.name


def test_what_says_nothing_of_tasks_needs_numpy_and_scipy_only():
    for name in ("acquisition", "regret"):
        found = {n.split(".")[0] for n in imports(ROOT / "hpo_gym" / "transfer" / f"{name}.py")}
        assert found - set(sys.stdlib_module_names) <= {"numpy", "scipy", "hpo_gym"}, name
        assert ours(ROOT / "hpo_gym" / "transfer" / f"{name}.py") <= {"arrays", "finite"}, name


def test_no_file_runs_code_from_a_file():
    """No unpickling but of our own bytes (each line marked S301, with its reason), no unsafe YAML, no eval."""
    # nothing is called here: these are the words that no file may have without a reason
    words = ("pickle.load", "allow_pickle=True", "yaml.load(", " eval(", "torch.load(", "joblib.load")
    for path in (p for package in FOLDERS for p in files(package)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert "S301" in line or not any(word in line for word in words), f"{path}:{number}: {line.strip()}"


def lines_of_code() -> Iterator[tuple[Path, int, str]]:
    for path in (p for package in FOLDERS for p in files(package)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield path, number, line


def test_only_the_budget_allows_for_rounding():
    """What pays for what is decided in `budget.py`; another tolerance of this size has a name that says of what."""
    named = re.compile(r"_(EQUAL|LEAST|NEAR|ROUNDING|SAME) = 1e-9\b")
    for path, number, line in lines_of_code():
        fine = "1e-9" not in line or named.match(line) or path == ROOT / "hpo_gym" / "budget.py"
        assert fine, f"{path}:{number}: {line.strip()}"


def test_only_the_state_knows_where_a_trial_is_kept():
    """Slots and starts of the ring buffer stay in `state/`: `Runs.since`, `last_at` and `arrays` tell what is in it."""
    inside = re.compile(r"% (self\.)?(_?runs\.)?h\b(?!\.)|isinstance\([\w.]*start, int\)|runs\.start\b|\bclock %")
    for path, number, line in lines_of_code():
        if path.parent != ROOT / "hpo_gym" / "state":
            assert not inside.search(line), f"{path}:{number}: {line.strip()}"


def test_what_a_pool_has_is_typed():
    """`PoolBank` and `Task` have a word for each; nothing is looked for by its name in what may be anything."""
    guess = re.compile(
        r"getattr\([^()]*, \"(measured|fused|frames|signed|there|complete|optimum_x|table|pool)\"|\b\w*bank: Any"
    )
    for path, number, line in lines_of_code():
        of_a_codec = "codec" in line  # whether its actions are rows, of an env that may not be ours
        assert of_a_codec or not guess.search(line), f"{path}:{number}: {line.strip()}"


def test_the_layers_name_no_room_twice():
    assert len(RANK) == len(LAYERS.split())


def test_the_house_stays_small():
    rooms = {room(p) for p in files("hpo_gym")} - {"__init__", "__main__"}
    assert len(list((ROOT / "hpo_gym").glob("*.py"))) <= 20
    assert len(rooms) <= 39
