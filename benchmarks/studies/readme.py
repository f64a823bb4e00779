"""Holds the README's table and picture against what its command prints: `readme.py FOLDER [--check]`.

    hpo-gym bench                                                # as the README says; it writes `hpo-gym-results`
    python benchmarks/studies/readme.py hpo-gym-results [--check]

With `--check` nothing is written, and an out-of-date table ends the script with the first line that differs.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import looks
from marks import renewed

from hpo_gym.bench.report.tables import compared, rows
from hpo_gym.bench.report.words import interval
from hpo_gym.bench.runner import report

TOP = Path(__file__).resolve().parents[2]
PAGE, FIGURE = TOP / "README.md", TOP / "docs" / "figures" / "AutoML-regret.png"
SUITE = "AutoML"
TRIALS = ("1", "5", "10", "33")


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The table, and the sentence that says what it is made of."""
    part, protocol = results["suites"][SUITE], results["protocol"]
    yield f"| optimizer | gain over the portfolio | AUC | rank | regret after {' | '.join(TRIALS)} trials |"
    yield "|---" * (4 + len(TRIALS)) + "|"
    for row in rows(results, SUITE):
        s = row.summary
        cells = [
            row.optimizer,
            interval(s["gain"], sign=True, mark=row.holds),
            interval(s["auc"]),
            f"{s['rank'][0]:.2f}",
        ]
        yield f"| {' | '.join([*cells, *(format(s['regret'][t][0], '.3f') for t in TRIALS)])} |"
    yield ""
    yield (
        f"Means over {part['n_tasks']} test data sets of {part['n_families']} families, {protocol['seeds']} runs each; "
        f"95 % intervals by a bootstrap over families."
    )
    yield f"{compared(part['comparisons'], 'the portfolio')}"


def main(folder: Path, *, check: bool) -> None:
    """Write the table and the picture, or end with the first line that is out of date."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if set(results["suites"]) != {SUITE}:
        sys.exit(f"{folder} must hold what `hpo-gym bench` writes without options, got {list(results['suites'])}")
    before = PAGE.read_text(encoding="utf-8")
    after = renewed(before, [("table", table(results))])
    if not check:
        what, why = "the table and the picture of the README", "what the README says that its command prints"
        looks.count(f"hpo-gym bench; {looks.typed(__file__, [str(folder)])}", [SUITE], what, why)
        PAGE.write_text(after, encoding="utf-8")
        FIGURE.write_bytes(picture(folder))
    elif before != after:
        pairs = itertools.zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
        old, new = next((a, b) for a, b in pairs if a != b)
        sys.exit(f"out of date: {PAGE.name} says\n  {old}\nthe command prints\n  {new}")


def picture(folder: Path) -> bytes:
    """Regret over trials."""
    from hpo_gym.bench.report.figures import draw
    from hpo_gym.bench.report.style import png_bytes, styles

    curves = report(folder).curves[SUITE]
    return png_bytes(draw(curves, styles({SUITE: curves}))["regret"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), check="--check" in sys.argv[2:])
