"""The file of trials that `hpo-gym tune` writes, `trials.csv`: all but seven of its columns are hyperparameters."""

from __future__ import annotations

from hpo_gym.suites.own.columns import TableColumn, TableColumns

COLUMNS = ("trial", "status", "reason", "score", "stopped", "cost", "seconds")
"""Columns of such a file before the hyperparameters."""


def of_tuning(table: TableColumns) -> tuple[TableColumns, set[str]]:
    """Return the table of such a file, its cost as reported by the objective or else the seconds, and its
    hyperparameters.

    Another table is unchanged, and has none.
    """
    names = [name for name in table.names if name != ""]
    if tuple(names[: len(COLUMNS)]) != COLUMNS:
        return table, set()
    reported, took = table["cost"], table["seconds"]
    cost = (
        reported.texts[i] or took.texts[j] for i, j in zip(reported.codes.tolist(), took.codes.tolist(), strict=True)
    )
    return table.changed({**table.by_name, "cost": TableColumn.of(cost)}), set(names[len(COLUMNS) :])
