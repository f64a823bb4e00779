"""Renews the tables of `docs/evidence.md` by the shipped tables and reference runs: `evidence.py [--check]`.

With `--check` nothing is written, and a page that is out of date is named.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from marks import renew

from hpo_gym.suites import load_suite
from hpo_gym.validity.choice import choice_of
from hpo_gym.validity.examine import full_scores, suites_of, table_of
from hpo_gym.validity.page import AGREES
from hpo_gym.validity.resolution import Resolution, resolution

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence.md"
OWN = ("SVM", "Linear", "Boosting", "Studies", "MLP")
"""Suites of our own training."""


def told() -> Iterator[str]:
    """What each suite can tell."""
    yield "| suite | test tasks | families | headline | portfolio AUC | told apart | pairs that differ | ranks alike |"
    yield "|---|---:|---:|---|---:|---:|---:|---:|"
    for name in suites_of([])[0]:
        suite = load_suite(name)
        found = resolution(suite)
        if found is None:
            test = suite.tasks("test")
            yield f"| `{name}` | {len(test)} | {len({t.family for t in test})} | no reference runs yet | | | | |"
            continue
        yield f"| `{name}` | {len(suite.tasks('test'))} | {found.families} | {' | '.join(_cells(found))} |"


def _cells(found: Resolution) -> Sequence[str]:
    difference = "nothing" if found.difference is None else f"{found.difference:.4f}"
    share = "" if found.told is None else f"{100 * found.told:.0f} %"
    tau = "" if found.tau is None else f"{found.tau:.2f}" + (" (too low)" if found.tau < AGREES else "")
    return f"{found.score} regret", f"{found.portfolio:.4f}", difference, share, tau


def tested() -> Iterator[str]:
    """How validation and test go together in the suites of our own training."""
    yield "| suite | test rows | families with 1,000 or more | all configurations | best tenth | validation optimum |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name in OWN:
        suite = load_suite(name)
        table, test = table_of(suite), suite.tasks("test")
        assert table is not None
        choice = choice_of(table, full_scores(table))
        rows = suite.about["built"].get("test rows") or {
            task.name: (task.meta_features["n_rows"] or 0) / 4 for task in test
        }
        assert choice is not None
        large = {task.family for task in test if rows[task.name] >= 1000}
        yield (
            f"| `{name}` | {np.median([rows[task.name] for task in test]):,.0f} | {len(large)} of "
            f"{len({task.family for task in test})} | {choice.spearman:.2f} | {choice.spearman_top:.2f} | "
            f"{choice.regret:.3f} |"
        )


def main(*, check: bool) -> None:
    """Write the page, or end with a word that it is out of date."""
    renew(PAGE, [("told", told()), ("tested", tested())], "evidence.py", check=check)


if __name__ == "__main__":
    main(check="--check" in sys.argv[1:])
