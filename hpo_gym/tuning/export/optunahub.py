"""Packages in the form of the OptunaHub registry: samplers of our optimizers, benchmarks of our suites."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna

from hpo_gym.base import InvalidValueError, as_python, name_checked, name_near
from hpo_gym.optimize import ABOUT, OPTIMIZERS, SAVED, parted, read_about, read_bytes, shipped
from hpo_gym.suites import load_suite, registered
from hpo_gym.tuning.arguments import ready
from hpo_gym.tuning.auto import AUTO
from hpo_gym.tuning.export import filled, requirement, write_folder
from hpo_gym.tuning.suite_problem import SuiteProblem


def write_sampler(optimizer: str, registry: Path) -> Path:
    """Write ``registry/package/samplers/hpo_gym_NAME``, and return it.

    Args:
        optimizer: "auto", a name, or the folder of a trained optimizer, which is copied; no schedule.
    """
    name, spec = (AUTO, AUTO) if optimizer == AUTO else ((form := ready(optimizer)[0]).name, form.spec)
    if ":" in spec.removeprefix(SAVED):
        raise InvalidValueError(f"`optimizer` must be registered, or trained and in a folder, got {optimizer!r}.")
    source = parted(optimizer)[1] if spec.startswith(SAVED) else None
    head: Mapping[str, Any] = read_about(source) if source else {"optimizer": spec, "suites": []}
    entry, suites = OPTIMIZERS.entries().get(head["optimizer"]), registered(head.get("suites", ()))
    if head.get("signals") or (entry and entry.about.get("family") == "schedule"):
        raise InvalidValueError(f"`optimizer` must propose trials that stand alone, {name!r} is a schedule.")
    copied = [file for file in (ABOUT, head["arrays"]) if file] if source and optimizer not in shipped() else []
    return _write(registry, {f"trained/{file}": read_bytes(parted(optimizer)[1] / file) for file in copied}, {
        "name": name, "kind": "Sampler", "bases": "hpo_gym.HPOGymSampler", "sampler": "package.Sampler",
        "problem": f"hpo_gym.tuning.SuiteProblem({as_python((suites or ['SVM'])[0])})",
        "arguments": "budget=33, space=None, prior=(), constraints_func=None, seed=None",
        "what": f"an optimizer trained on {', '.join(suites)}" if suites else "an optimizer",
        "spec": 'str(FOLDER / "trained")' if copied else as_python(spec.removeprefix(SAVED)),
        "requirement": requirement("optuna", entry.extra if entry else None),
    })  # fmt: skip


def write_problem(suite: str, registry: Path) -> Path:
    """Write ``registry/package/benchmarks/hpo_gym_NAME``, and return it; a suite in a folder is copied."""
    SuiteProblem(suite)  # refuses what is none
    copied = [path for path in (Path(suite, "suite.json"), Path(suite, "table.npz")) if path.is_file()]
    return _write(registry, {f"suite/{path.name}": path.read_bytes() for path in copied}, {
        "name": name_near(load_suite(suite).name), "kind": "Problem", "what": "a suite of tasks",
        "bases": "hpo_gym.tuning.SuiteProblem, optunahub.benchmarks.BaseProblem", "arguments": "task=None, seed=0",
        "problem": "package.Problem()", "sampler": "hpo_gym.HPOGymSampler",
        "spec": 'str(FOLDER / "suite")' if copied else as_python(suite), "requirement": requirement("optuna"),
    })  # fmt: skip


def _write(registry: Path, files: Mapping[str, bytes], said: Mapping[str, str]) -> Path:
    kind = {"Sampler": "sampler", "Problem": "benchmark"}[said["kind"]]
    name_checked(f"The name of a {kind}", said["name"])
    package = f"{kind}s/hpo_gym_{re.sub(r'[^a-z0-9]+', '_', said['name'].lower())}"
    online = filled("example.txt", {**said, "load": f'load_module("{package}")'})
    here = f'load_local_module("{package}", registry_root=str(Path(__file__).parents[2]))'
    front = {
        "author": "The hpo-gym developers", "title": f"{said['name']} of hpo-gym",
        "description": f"{said['name']} is {said['what']} of hpo-gym.", "tags": [kind, "hyperparameter optimization"],
        "optuna_versions": [optuna.__version__], "license": "MIT License",
    }  # fmt: skip
    write_folder(registry / "package" / package, {
        "__init__.py": filled("package.txt", said),
        "README.md": filled("readme.txt", {**said, "example": online}, front),
        "example.py": f"from pathlib import Path\n\n{filled('example.txt', {**said, 'load': here})}",
        "requirements.txt": f"{said['requirement']}\n", "LICENSE": filled("licence.txt", {}), **files,
    })  # fmt: skip
    return registry / "package" / package
