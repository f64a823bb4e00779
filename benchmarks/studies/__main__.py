"""Measure, show or draw a study.

python benchmarks/studies NAME [TEXT ..] [--out FOLDER] [--part 1/2]   # measure the cells that are missing
python benchmarks/studies NAME --show                                  # print the tables of the stored results
python benchmarks/studies NAME --draw                                  # draw the figure, where there is one
python benchmarks/studies --stale                                      # list results of other sources or data
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import frame


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing cells of a study, draw its figure and print its tables; or one of these."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=frame.names(), metavar="NAME", help="%(choices)s")
    parser.add_argument("only", nargs="*", metavar="TEXT", help="measure the cells whose path has one of these texts")
    parser.add_argument("--out", type=Path, help="folder of runs; results/NAME by default")
    parser.add_argument("--part", default="1/1", help="measure one of several parts of the cells: 1/2")
    parser.add_argument("--show", action="store_true", help="print the stored tables, and measure nothing")
    parser.add_argument("--draw", action="store_true", help="draw the figure, and measure nothing")
    parser.add_argument("--stale", action="store_true", help="list results of other sources or data")
    given = parser.parse_args(arguments)
    if given.stale:
        for name in (n for n in frame.names() if frame.path_of(n).is_file()):
            for word in frame.stale(name):
                print(f"{name}: {word}")
        return
    if given.name is None:
        parser.error("NAME must be given: a study.")
    study = frame.module(given.name)
    if not (given.show or given.draw) and hasattr(study, "cells"):
        frame.measure(given.name, given.only, given.part, given.out or Path("results") / given.name)
    if not given.show and hasattr(study, "draw"):
        study.draw(frame.stored(given.name))
    if not given.draw:
        for title, table in frame.tables(given.name).items():
            print(f"\n{title}\n", *table.lines(), sep="\n")


if __name__ == "__main__":
    main()
