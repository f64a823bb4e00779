"""Floors and doors: imports go down only, across floors by the `__init__` of the floor (docs/architecture.md)."""

import ast
import functools
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"hpo_gym": ROOT, "hpo_agents": ROOT / "agents", "hpo_baselines": ROOT / "baselines",
           "hpo_builders": ROOT / "benchmarks" / "builders"}  # fmt: skip
FLOORS = (
    "base", "problem", "text", "system", "suites", "env", "optimize", "bench", "checks", "tuning", "control", "serve",
    "app",
)  # fmt: skip
"""From the ground up: a file imports from lower floors, or from its own."""
RANK = {name: rank for rank, name in enumerate((*FLOORS[:7], "sb3", *FLOORS[7:], "__main__"))}
OF_BASELINES = {"base", "problem", "system", "env", "optimize"}
SYSTEM_OF_BASELINES = {f"hpo_gym.system.{name}" for name in ("jobs.threads", "jobs.progress", "storage.whole")}
BUILT_ON_BASELINES = ("hpo_agents", "hpo_builders")
NOT_OF_AGENTS = {"bench", "checks", "tuning", "app"}


@functools.cache
def files(package: str) -> list[Path]:
    return sorted((FOLDERS[package] / package).rglob("*.py"))


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the modules that a file imports, late and for type checkers too, dotted."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            assert node.module is not None
            yield from (_module_of(node.module, alias.name) for alias in node.names)


def _module_of(module: str, name: str) -> str:
    """Return the module that `from module import name` reads: a submodule, the file behind a door, or the module."""
    if _is_module(f"{module}.{name}"):
        return f"{module}.{name}"
    return offered(module).get(name, module) if module.count(".") == 1 else module


@functools.cache
def offered(floor: str) -> dict[str, str]:
    """Return the names that a floor's `__init__` offers, each with its module."""
    path = ROOT.joinpath(*floor.split("."), "__init__.py")
    if not path.is_file() or not floor.startswith("hpo_gym."):
        return {}
    blocks = [n for n in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(n, ast.If)]
    lines = [n for block in blocks for n in block.body if isinstance(n, ast.ImportFrom)]
    return {a.asname or a.name: str(n.module) for n in lines for a in n.names}


def ours(path: Path) -> set[str]:
    """The rooms of hpo_gym that a file imports: `tasks` for `hpo_gym.problem.table`."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("hpo_gym.")}


def room(path: Path) -> str | None:
    """The room of a file of hpo_gym; None for the other packages."""
    inner = path.is_relative_to(ROOT / "hpo_gym")
    return path.relative_to(ROOT / "hpo_gym").parts[0].removesuffix(".py") if inner else None


def module(path: Path, package: str) -> str:
    parts = path.relative_to(FOLDERS[package]).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_files() -> list[Path]:
    """Return the files of all floors; a floor's `__init__` only offers."""
    doors = {ROOT / "hpo_gym" / floor / "__init__.py" for floor in FLOORS}
    return [p for p in files("hpo_gym") if p not in doors and p.parent != ROOT / "hpo_gym"]


@pytest.mark.parametrize("floor", FLOORS)
def test_a_file_imports_from_lower_floors_only(floor):
    for path in (p for p in floor_files() if room(p) == floor):
        for name in ours(path):
            assert RANK[name] <= RANK[floor], f"{path.relative_to(ROOT)} must not import hpo_gym.{name}"


def test_across_floors_names_come_through_the_door():
    for package in FOLDERS:
        for path in files(package) if package != "hpo_gym" else floor_files():
            for module, names in _from(path):
                parts = module.split(".")
                inside = package == "hpo_gym" and parts[1:2] == [room(path)]
                past = parts[0] == "hpo_gym" and len(parts) > 2 and not inside
                assert not past, f"{path.relative_to(ROOT)}: from {module} import {', '.join(names)}"


def _from(path: Path) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_offers_its_own_names_and_hides_no_module(floor):
    package = importlib.import_module(f"hpo_gym.{floor}")
    for name, module in offered(f"hpo_gym.{floor}").items():
        assert module.startswith(f"hpo_gym.{floor}."), name
        assert not _is_module(f"hpo_gym.{floor}.{name}"), f"hpo_gym.{floor}.{name} is a module too"
        assert name in dir(package)


def test_no_name_is_offered_that_nobody_takes():
    taken = {
        (module, name)
        for base in (*FOLDERS.values(), ROOT / "benchmarks", ROOT / "tests", ROOT / "docs")
        for path in base.rglob("*.py")
        for module, names in _from(path)
        for name in names
    }
    for floor in FLOORS:
        unused = sorted(n for n in offered(f"hpo_gym.{floor}") if (f"hpo_gym.{floor}", n) not in taken)
        assert unused == [], floor


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
    if package not in FOLDERS:
        return False
    base = (FOLDERS[package] / package).joinpath(*rest)
    return base.is_dir() or base.with_suffix(".py").is_file()


def _circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that wait for each other, [] where there are none."""
    left = dict(graph)
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    return sorted(n for n in left if any(n in needs for needs in left.values()))


@pytest.mark.parametrize("package", FOLDERS)
def test_the_packages_know_each_other_one_way(package):
    """Each may import `hpo_gym` and itself, some also models of baselines, and commands of builders the builders."""
    others = set(FOLDERS) - {"hpo_gym", package}
    for path in files(package):
        known = {"hpo_builders"} if room(path) == "app" else set()
        known |= {"hpo_baselines"} if package in BUILT_ON_BASELINES else set()
        found = {name.split(".")[0] for name in imports(path)} & (others - known | {"agents", "baselines"})
        assert not found, f"{path} imports {found}"


def test_baselines_know_the_core_only_and_agents_no_bench():
    for path in files("hpo_baselines"):
        assert ours(path) <= OF_BASELINES, path.name
        system = {name for name in imports(path) if name.startswith("hpo_gym.system")}
        assert system <= SYSTEM_OF_BASELINES, path.name
    for path in files("hpo_agents"):
        assert not ours(path) & NOT_OF_AGENTS, path.name
    for path in (path for package in BUILT_ON_BASELINES for path in files(package)):
        shared = [name for name in imports(path) if name.startswith("hpo_baselines.")]
        assert all(name.startswith("hpo_baselines._") for name in shared), path.name


def test_metrics_need_numpy_and_scipy_only_and_the_report_reads_records_only():
    bench = ROOT / "hpo_gym" / "bench"
    statistics = ("metrics.py", "intervals.py", "significance.py", "pooling.py")
    for name in statistics:
        roots = {name.split(".")[0] for name in imports(bench / name)} - set(sys.stdlib_module_names)
        assert roots <= {"numpy", "scipy", "hpo_gym"}, name
    for path in [*(bench / name for name in statistics), *(bench / "report").glob("*.py")]:
        assert ours(path) <= {"base", "problem", "system", "bench"}, path.name
        problem = {name for name in imports(path) if name.startswith("hpo_gym.problem")}
        assert problem <= {f"hpo_gym.problem.{name}" for name in ("costs", "regret", "space")}, path.name


def test_no_file_runs_code_from_a_file():
    """No unpickling but of our own bytes (each line marked S301, with its reason), no unsafe YAML, no eval."""
    # nothing is called here: these are the words that no file may have without a reason
    words = ("pickle.load", "allow_pickle=True", "yaml.load(", " eval(", "torch.load(", "joblib.load")
    for path in (p for package in FOLDERS for p in files(package)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert "S301" in line or not any(word in line for word in words), f"{path}:{number}: {line.strip()}"


def test_functions_of_many_parameters_are_the_ones_for_users():
    """No more functions of over five parameters than there are: an object that exists is handed over whole."""
    many = [at for package in ("hpo_gym", "hpo_agents", "hpo_baselines") for p in files(package) for at in crowded(p)]
    assert len(many) <= 42, many


def crowded(path: Path) -> Iterator[str]:
    """Yield the places of functions of over five parameters, `self` and `cls` aside."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            if len(names) - (names[:1] in (["self"], ["cls"])) > 5:
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
