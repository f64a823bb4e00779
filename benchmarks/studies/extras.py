"""What each extra brings, measured in the environment that runs it: `python benchmarks/studies/extras.py`.

Renews the table of docs/install.md. A package counts with all that it needs in turn, and only what the package without
extras does not bring already; sizes are those of the installed files. The row of an extra that is not all installed
stays as it is. With `--check` it only looks whether each extra has a row: sizes differ between platforms and releases.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from marks import renewed
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "install.md"
COMMAND = "python benchmarks/studies/extras.py"
FOR = {
    "rl": "agents of reinforcement learning, `maml` and its kin, `fsbo`, the bridge to Stable-Baselines3, TensorBoard",
    "optuna": "`HPOGymSampler`, `HPOGymPruner`, the baseline `tpe`, `suite_from_optuna`",
    "parquet": "tables and trials as Parquet files",
    "sklearn": "`HPOGymSearchCV`, the baseline `meta-predict`, the ready tasks of scikit-learn",
    "bo": "the baselines `cma-es` and `tpe`, and `gp-ei` with the process of BoTorch",
    "build": "`hpo-gym build`: training the tables anew",
    "smac": "the baseline `smac`",
    "moo": "the baseline `nsga2`",
    "dask": "`--engine dask`",
    "ray": "`--engine ray`",
    "notebooks": "running the notebooks",
    "docs": "building these pages",
    "test": "running the tests",
    "dev": "tests, linter, types: for work on the package",
    "all": "all but tests, linter and pages",
}


def project() -> dict[str, Any]:
    """What `pyproject.toml` says of the package."""
    return tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def needed(requirements: Iterable[str], known: dict[str, Distribution]) -> tuple[set[str], set[str]]:
    """The packages that requirements bring with all that those need: installed ones, and names of others."""
    extras: dict[str, list[str]] = project()["optional-dependencies"]
    left, done = [(Requirement(r), "") for r in requirements], set[tuple[str, str]]()
    found, absent = set[str](), set[str]()
    while left:
        requirement, extra = left.pop()
        name = canonicalize_name(requirement.name)
        if (requirement.marker and not requirement.marker.evaluate({"extra": extra})) or (
            str(requirement),
            extra,
        ) in done:
            continue
        done.add((str(requirement), extra))
        if name == "hpo-gym":
            left += [(Requirement(r), "") for e in requirement.extras for r in extras[e]]
        elif name not in known:
            absent.add(name)
        else:
            found.add(name)
            wanted = ("", *requirement.extras)
            left += [(Requirement(r), e) for r in known[name].requires or () for e in wanted]
    return found, absent


def megabytes(packages: Iterable[str], known: dict[str, Distribution]) -> int:
    """What the files of packages take."""
    paths = (Path(str(known[name].locate_file(file))) for name in packages for file in known[name].files or ())
    return round(sum(path.stat().st_size for path in paths if path.is_file()) / 1e6)


def table(page: str) -> Iterator[str]:
    """A row for each extra; of those that are not installed, the row of the page."""
    before = dict(re.findall(r"^\| `(\w+)` \| .* \| (\d+ \| [\d,]+) \|$", page, re.M))
    known = {canonicalize_name(d.metadata["Name"]): d for d in distributions()}
    about = project()
    base, _ = needed(about["dependencies"], known)
    ours = sum(f.stat().st_size for f in (TOP / "hpo_gym").rglob("*") if f.is_file() and f.suffix != ".pyc") / 1e6
    yield from ("| extra | for | packages | MB |", "|---|---|---:|---:|")
    size = f"{len(base)} | {megabytes(base, known)} + {ours:.0f}"
    yield f"| none | envs, vector envs, comparisons, most baselines, `tune` | {size} |"
    for extra, requirements in about["optional-dependencies"].items():
        found, absent = needed(requirements, known)
        new = found - base
        cells = f"{len(new)} | {megabytes(new, known):,}"
        if absent:
            less = ", ".join(f"`{name}`" for name in sorted(absent))
            cells = before.get(extra, f"{cells}, without {less}" if new else "not measured | not measured")
        yield f"| `{extra}` | {FOR[extra]} | {cells} |"


def main(*, check: bool) -> None:
    """Write the table, or end with what lacks a row."""
    text = PAGE.read_text(encoding="utf-8")
    if check:
        rows = set(re.findall(r"^\| `(\w+)` \|", text, re.M))
        if lacking := sorted(set(project()["optional-dependencies"]) ^ rows):
            sys.exit(f"docs/install.md: rows and extras differ: {', '.join(lacking)}; run `{COMMAND}`")
    else:
        PAGE.write_text(renewed(text, [("extras", table(text))]), encoding="utf-8")


if __name__ == "__main__":
    main(check="--check" in sys.argv[1:])
