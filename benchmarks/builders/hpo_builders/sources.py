"""`data/results/sources.json`: hashes of the code of an optimizer's version that were found to do the same.

    python -m hpo_builders.sources    # once `benchmarks/digest.py --against` has shown that nothing moved

Shipped agents, reference runs and results of studies name the code that they were made of. A refactoring gives it
another hash under the same version; one that is recorded here is not listed by `hpo-gym verify`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hpo_builders.files import DATA, read_json, update_manifest, write_json
from hpo_gym.bench import FOLDER
from hpo_gym.optimize import ABOUT, UNKNOWN, made_of, shipped
from hpo_gym.system import MADE_OF

FILE = DATA / "results" / "sources.json"
STUDIES = tuple(Path(__file__).resolve().parents[2].joinpath("studies").glob("*.json"))

Sources = Mapping[str, Mapping[str, Iterable[str]]]


def with_todays(known: Sources, results: Iterable[Mapping[str, Any]], today: Mapping[str, str]) -> dict[str, Any]:
    """Return what was recorded, and for each result of a version of today its code and that of today.

    Args:
        results: The optimizers' stamps of each result, by name.
        today: The stamps of today.
    """
    found = {name: {v: set(codes) for v, codes in versions.items()} for name, versions in known.items()}
    for stamps in results:
        for name, stamp in stamps.items():
            (version, code), (now, code_now) = stamp.split("@"), today.get(name, "@").split("@")
            if version == now and code not in (code_now, UNKNOWN):
                found.setdefault(name, {}).setdefault(version, set()).update((code, code_now))
    return {n: {v: sorted(codes) for v, codes in sorted(found[n].items())} for n in sorted(found)}


def main() -> None:
    """Record the code of today beside that of the results of the same versions."""
    paths: list[Path] = [*FOLDER.glob("*.json"), *(folder / ABOUT for folder in shipped().values()), *STUDIES]
    read = [read_json(path) for path in sorted(paths)]
    results = [said[MADE_OF]["optimizers"] for said in read if isinstance(said, dict) and MADE_OF in said]
    registered = {name for stamps in results for name in stamps} - set(shipped())
    today = made_of(optimizers=sorted(registered))["optimizers"]
    write_json(FILE, with_todays(read_json(FILE), results, today))
    update_manifest(DATA, [FILE])


if __name__ == "__main__":
    main()
