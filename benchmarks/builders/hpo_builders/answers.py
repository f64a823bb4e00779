"""`data/SUITE/answers.npz`: the rows that answer those that a shipped table lacks, so that no step has to look for one.

`python -m hpo_builders.answers` writes the file of each table with such rows; a new table needs it anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hpo_builders.files import DATA, update_manifest
from hpo_gym.problem import ANSWERS, Table, answers_of
from hpo_gym.suites import TableSuite, load_suite, write_npz
from hpo_gym.system import whole_files


def write_answers(folder: Path, table: Table) -> Path:
    """Write the file of a table into its folder."""
    rows = replace(table, answers=None).gaps.every()
    with whole_files(folder, ANSWERS) as (path,):
        write_npz(path, answers_of(table.space, table.x, table.measured, rows))
    return folder / ANSWERS


def main() -> None:
    """Write the files of all tables that ship and have gaps."""
    found = {name: load_suite(name) for name in sorted(path.parent.name for path in DATA.glob("*/table.npz"))}
    tables = {name: suite.table for name, suite in found.items() if isinstance(suite, TableSuite)}
    gappy = {name: table for name, table in tables.items() if not table.measured.all()}
    update_manifest(DATA, [write_answers(DATA / name, table) for name, table in gappy.items()])


if __name__ == "__main__":
    main()
