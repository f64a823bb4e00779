"""Renews the tables and the figure of `docs/guide.md` by what studies and reference runs have stored.

    python benchmarks/studies/guide.py --collect    # first read the shipped reference runs, some two minutes
    python benchmarks/studies/guide.py              # write the page from what is stored
    python benchmarks/studies/guide.py --check      # write nothing; name a page, or collected runs, out of date

What it shows stands in the files of the other guide scripts, one for each part of the page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import guide_learning
import guide_limits
import guide_misled
import guide_next
import guide_short
import guide_when
import sequence
import tuning
from guide_figure import draw, words
from guide_reference import FOUND, collect, version
from marks import renew

from hpo_gym.system import write_files

HERE = Path(__file__).resolve().parent
PAGE, FIGURE = HERE.parents[1] / "docs" / "guide.md", HERE.parents[1] / "docs" / "figures" / "robustness.png"


def stored(name: str) -> dict[str, Any]:
    """What a study has found."""
    found: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return found


def parts() -> Iterator[tuple[str, Iterable[str]]]:
    """The parts of the page, by their marks."""
    suites = stored("guide")["suites"]
    yield "choose", guide_short.choose(stored("earlier_tasks"), stored("seconds"))
    yield "when", guide_when.when(stored("earlier_tasks"))
    yield "kinds", guide_when.kinds(suites)
    yield "fidelities", guide_when.fidelities(suites)
    yield "times", guide_when.times(suites)
    yield "learned", guide_short.learned(stored("meta_or_transfer"))
    yield "memories", guide_learning.memories(stored("meta_or_transfer"))
    yield "weights", guide_learning.weights(stored("pool_seeds"), stored("time_agent"))
    yield "loops", guide_learning.loops()
    yield "results", guide_learning.results(suites)
    yield "paid", guide_short.paid(suites)
    yield "paying", guide_limits.paying(suites)
    yield "sensitivity", guide_limits.sensitivity(tunings(), stored("learning"), stored("meta_train_tasks"))
    ratios = disturbances()
    yield "figure", [f"![{words(ratios)}](figures/{FIGURE.name})"]
    yield "robust", guide_short.robust(ratios)
    yield "disturbances", guide_limits.disturbances(ratios)
    trained = stored("misled_agents")
    misled = guide_misled.measured(trained, stored("robustness"), stored("stress"))
    yield "misled", [*guide_short.robust(guide_misled.by_agent(misled)), *guide_misled.kept(trained)]
    yield "agents", guide_misled.agents(misled)
    yield "harm", guide_misled.harm(misled)
    yield "next", guide_next.after(suites, stored("time_parts"), sequence.stored(), stored("schedule_agents"))


def disturbances() -> Mapping[str, Any]:
    """The ratios of the heat map."""
    return guide_limits.disturbed(stored("robustness"), stored("stress"))


def tunings() -> dict[str, Any]:
    """By agent, the trials of its tuning."""
    return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted(tuning.FOUND.glob("*.json"))}


def main(arguments: Iterable[str]) -> None:
    """Write the page and the figure, or end with a word that something is out of date."""
    given = set(arguments)
    if "--collect" in given:
        text = json.dumps(collect(), separators=(",", ":"), sort_keys=True) + "\n"
        write_files(FOUND.parent, {FOUND.name: text.encode()})
    if stored("guide")["of"] != version():
        sys.exit(f"{FOUND.name} is of other reference runs; run `python benchmarks/studies/guide.py --collect`")
    renew(PAGE, parts(), "guide.py", check="--check" in given)
    draw(disturbances(), FIGURE)


if __name__ == "__main__":
    main(sys.argv[1:])
