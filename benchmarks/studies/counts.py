"""The figures that pages count from the shipped tables; `rows.py` writes them.

`docs/suites.md` has the counts of all suites and, in each card, those of its splits; the README of the builders has
the sizes of the tables of our own training.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from marks import renewed

from hpo_builders.order import BUILDERS
from hpo_gym.suite import FOLDS, SPLITS, SUITES, Suite
from hpo_gym.suites import load_suite

TOP = Path(__file__).resolve().parents[2]
SUITES_PAGE, BUILDERS_PAGE = TOP / "docs" / "suites.md", TOP / "benchmarks" / "builders" / "README.md"


def pages() -> dict[Path, str]:
    """The pages as they should be."""
    suites = [load_suite(name) for name in sorted(SUITES.entries())]
    text = renewed(SUITES_PAGE.read_text(encoding="utf-8"), [("counts", _counts(suites))])
    for suite in suites:
        text = _card(text, suite)
    builders = renewed(BUILDERS_PAGE.read_text(encoding="utf-8"), [("sizes", _sizes())])
    return {SUITES_PAGE: text, BUILDERS_PAGE: builders}


def _counts(suites: list[Suite]) -> Iterator[str]:
    yield (
        "| suite | tasks | families | train / val / test | flat, in no split | configurations | columns | fidelities "
        "| test scores | seeds kept |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for suite in suites:
        table = getattr(suite, "table", None)
        cells = [
            f"[`{suite.name}`](#{suite.name.lower()})",
            f"{len(suite.members):,}",
            str(len({t.family for t in suite.members})),
            " / ".join(str(len(suite.tasks(s))) for s in SPLITS),
            str(sum(suite.split(t) is None for t in suite.members)),
            "no end" if table is None else f"{table.m:,}",
            str(suite.space.d),
            "1" if table is None else str(len(table.fidelities)),
            "yes" if table is not None and table.test_score is not None else "",
            "yes" if table is not None and table.repeats is not None else "",
        ]
        yield f"| {' | '.join(cells)} |"


def _card(text: str, suite: Suite) -> str:
    """The page with the lines `split` and `folds` of a suite's card; a card without such a line is left as it is."""
    parts = {s: suite.tasks(s) for s in SPLITS}
    families = {s: len({t.family for t in tasks}) for s, tasks in parts.items()}
    words = ("function", "functions") if suite.kind == "function" else ("family", "families")
    counts = [f"{len(parts[s])} {s} ({families[s]}" for s in SPLITS]
    split = f"{counts[0]} {words[families['train'] != 1]}), {counts[1]}), {counts[2]})"
    *most, last = (str(len(suite.tasks("test", fold))) for fold in range(FOLDS))
    head, card = text.split(f"\n## {suite.name}\n")
    card, *rest = card.split("\n## ", 1)
    card = re.sub(r"(\| \*\*split\*\* \| )\d+ train \(.*\), \d+ val \(\d+\), \d+ test \(\d+\)", rf"\g<1>{split}", card)
    card = re.sub(r"(\| \*\*folds\*\* \| test parts of ).*( tasks)", rf"\g<1>{', '.join(most)} and {last}\g<2>", card)
    return "\n## ".join([f"{head}\n## {suite.name}\n{card}", *rest])


def _sizes() -> Iterator[str]:
    yield "| suite | data sets | configurations | fidelities | failed | processor seconds | command |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for name, builder in BUILDERS.entries().items():
        if builder.about.get("kind") != "trained" or name not in SUITES.names():
            continue
        suite = load_suite(name)
        built, (k, m, f) = suite.about["built"], suite.table.score.shape  # type: ignore[attr-defined]
        failed = 100 * built["failed share at full fidelity"]
        seconds = built["timings"]["processor seconds"]
        yield f"| `{name}` | {k} | {m} | {f} | {failed:.1f}% | {seconds:,} | `{built['command']}` |"
