"""The page of what is out of date: shipped results and those of studies, and what they were made of.

It is no study: nothing is stored, the files are compared with the code and the tables of the build.
"""

from __future__ import annotations

from collections.abc import Mapping

from stored import Grid

from hpo_builders.outdated import out_of_date


def stored() -> Mapping[str, tuple[str, ...]]:
    """Return what has moved on, by result."""
    return out_of_date()


def tables(found: Mapping[str, tuple[str, ...]]) -> dict[str, Grid]:
    """Return the list as one table."""
    rows = tuple((what, ", ".join(words)) for what, words in found.items())
    return {"results": Grid(("result", "has moved on since"), rows or (("nothing", ""),))}
