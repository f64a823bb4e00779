"""Who may import whom: upwards only, and some rooms not at all. See "Who may import whom" in docs/architecture.md."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"hpo_gym": ROOT, "hpo_agents": ROOT / "agents", "hpo_baselines": ROOT / "baselines"}

# From the ground up; a file imports what stands on a lower line only, or what is in its own package.
LAYERS = """
errors seeding infos memory
conditions registry blocks pool
space trial store engines
task optimizer
runs tasks
contexts
scores
codecs observers rewards suite
table_input csv_space table_files splits flat
tables saved
csv_import
suites kernel
settings policy training
render
env vector
sb3
bench builders checks catalogue validity
cli
"""
RANK = {name: rank for rank, line in enumerate(LAYERS.strip().splitlines()) for name in line.split()}
LATER = {("suite", "tables")}  # imported inside a function: what a folder holds is a table's business
OF_BASELINES = {"optimizer", "space", "trial", "runs", "registry", "errors", "seeding", "saved"}
NOT_OF_AGENTS = {"bench", "cli", "builders", "checks", "catalogue", "validity"}


def files(package: str) -> list[Path]:
    return sorted((FOLDERS[package] / package).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """What a file imports, dotted, and whether inside a function; not what only a type checker reads."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = {id(n) for node in ast.walk(tree) if _is_typing(node) for n in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.col_offset > 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            assert node.module is not None
            if node.module in FOLDERS:
                yield from ((f"{node.module}.{alias.name}", node.col_offset > 0) for alias in node.names)
            else:
                yield node.module, node.col_offset > 0


def _is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def ours(path: Path) -> list[tuple[str, bool]]:
    """The modules of hpo_gym that a file imports, by their room: `tasks` for `hpo_gym.tasks.table`."""
    return [(name.split(".")[1], late) for name, late in imports(path) if name.startswith("hpo_gym.")]


def room(path: Path) -> str:
    return path.relative_to(ROOT / "hpo_gym").parts[0].removesuffix(".py")


CORE = [p for p in files("hpo_gym") if room(p) != "__init__"]


@pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_from_below_only(path):
    here = room(path)
    assert here in RANK, f"`{here}` must have a place in LAYERS"
    for name, late in ours(path):
        below = name == here or RANK[name] < RANK[here] or (late and (here, name) in LATER)
        assert below, f"{path.name} must not import hpo_gym.{name}"


@pytest.mark.parametrize("package", FOLDERS)
def test_the_three_packages_know_each_other_one_way(package):
    forbidden = {"hpo_gym": {"hpo_agents", "hpo_baselines"}, "hpo_agents": {"hpo_baselines"},
                 "hpo_baselines": {"hpo_agents"}}[package]  # fmt: skip
    for path in files(package):
        found = {name.split(".")[0] for name, _ in imports(path)} & (forbidden | {"agents", "baselines"})
        assert not found, f"{path} imports {found}"


def test_baselines_know_the_protocol_only_and_agents_no_bench():
    for path in files("hpo_baselines"):
        assert {name for name, _ in ours(path)} <= OF_BASELINES, path.name
    for path in files("hpo_agents"):
        assert not {name for name, _ in ours(path)} & NOT_OF_AGENTS, path.name


def test_metrics_need_numpy_and_scipy_only_and_the_report_reads_records_only():
    bench = ROOT / "hpo_gym" / "bench"
    for name in ("metrics.py", "bootstrap.py"):
        roots = {module.split(".")[0] for module, _ in imports(bench / name)} - set(sys.stdlib_module_names)
        assert roots <= {"numpy", "scipy", "hpo_gym"}, name
    for path in [bench / "metrics.py", bench / "bootstrap.py", *(bench / "report").glob("*.py")]:
        assert {name for name, _ in ours(path)} <= {"bench", "errors", "seeding"}, path.name


def test_no_file_runs_code_from_a_file():
    """No unpickling but of our own bytes (marked S301, or between our own processes), no unsafe YAML, no eval."""
    # nothing is called here: these are the words that no file may have without a reason
    words = ("pickle.load", "allow_pickle=True", "yaml.load(", " eval(", "torch.load(", "joblib.load")
    for path in (p for package in FOLDERS for p in files(package)):
        if path.parts[-2:] == ("checks", "env.py"):  # hands an env to the process that it starts, through a pipe
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert "S301" in line or not any(word in line for word in words), f"{path}:{number}: {line.strip()}"


def test_the_layers_name_no_room_twice():
    assert len(RANK) == len(LAYERS.split())
