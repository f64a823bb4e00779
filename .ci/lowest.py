"""Prints the lower bounds in pyproject.toml as pins, of the core and of extras: `python .ci/lowest.py rl,optuna`."""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).resolve().parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BOUNDED = re.compile(r"([\w.-]+(?:\[[\w,-]+\])?)>=([\w.]+)(?:,.*)?")


def pins(extras: list[str]) -> list[str]:
    """The pins of the core and of extras, those of an extra within an extra among them."""
    found: set[str] = set()
    todo = [*PROJECT["dependencies"], *(r for extra in extras for r in PROJECT["optional-dependencies"][extra])]
    while todo:
        requirement = todo.pop()
        if inner := re.match(r"hpo-gym\[(.+)\]", requirement):
            todo += [r for extra in inner[1].split(",") for r in PROJECT["optional-dependencies"][extra]]
            continue
        name, lowest = re.fullmatch(
            r"([\w.-]+(?:\[[\w,-]+\])?)>=([\w.]+)(?:,.*)?", requirement
        ).groups()  # no bound is an error
        found.add(f"{name}=={lowest}")
    return sorted(found, key=str.lower)


if __name__ == "__main__":
    print("\n".join(pins([extra for extra in "".join(sys.argv[1:]).split(",") if extra])))
