"""Dependencies: what pyproject.toml asks for, what messages name, and what the code imports are the same."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from hpo_gym.registry import EXTRAS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ROOMS = ("hpo_gym", "agents", "baselines", "tests", "docs")
IMPORT_NAMES = {"scikit-learn": "sklearn", "pyyaml": "yaml", "configspace": "ConfigSpace"}
FOR_PEOPLE = {"test", "dev", "docs", "all"}  # tools and unions of extras: no code asks for them


def import_name(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)[0].lower()
    return IMPORT_NAMES.get(name, name.replace("-", "_"))


def imported() -> set[str]:
    """The packages that the code imports, late or by `import_module` too."""
    found = set()
    for path in (p for room in ROOMS for p in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "importorskip")):
                found |= {a.value.split(".")[0] for a in node.args if isinstance(a, ast.Constant)}
    return found


IMPORTED = imported() | {"tensorboard", "ipykernel"}  # loaded by torch.utils.tensorboard, and by Jupyter's kernel
OPTIONAL = {k: v for k, v in PROJECT["optional-dependencies"].items() if k not in FOR_PEOPLE}


def test_messages_know_the_extras_of_the_project():
    assert {extra: sorted(map(import_name, needs)) for extra, needs in OPTIONAL.items()} == {
        extra: sorted(needs) for extra, needs in EXTRAS.items()
    }


@pytest.mark.parametrize("requirement", [*PROJECT["dependencies"], *(r for needs in OPTIONAL.values() for r in needs)])
def test_what_is_asked_for_is_imported_and_has_a_lower_bound(requirement):
    assert import_name(requirement) in IMPORTED
    assert ">=" in requirement


def test_the_union_of_extras_names_each():
    (every,) = PROJECT["optional-dependencies"]["all"]
    assert set(re.search(r"\[(.+)\]", every)[1].split(",")) == set(OPTIONAL)
