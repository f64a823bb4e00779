"""Renews the tables of `docs/agents.md` by the shipped reference runs: `python benchmarks/studies/agents.py [--check]`.

With `--check` nothing is written, and a page that is out of date is named.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from marks import ratio, renewed, standing
from runs import ratios, reference_runs

from hpo_gym.bench.results import Results
from hpo_gym.optimizer import OPTIMIZERS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "agents.md"
BESIDE = ("random", "default", "portfolio", "gp-ei", "transfer-mix")
"""Who stands beside the agents."""


def table(results: Results) -> Iterator[str]:
    """Pooled ratios to the portfolio and to random search, and the AUC of each suite's headline; the best first."""
    suites = results.data["suites"]
    by = {anchor: part["optimizers"] for anchor, part in ratios(results, list(suites))["anchors"].items()}
    heads = [f"{suite} ({part['n_tasks']})" for suite, part in suites.items()]
    yield f"| optimizer | {' | '.join(f'ratio to `{a}`' for a in by)} | suites | {' | '.join(heads)} |"
    yield "|---|" + "---|" * len(by) + "---:|" * (1 + len(heads))
    for name in standing(by["portfolio"]):
        if not (is_agent(name) or name in BESIDE):
            continue
        cells = [f"{p['optimizers'][name]['auc'][0]:.3f}" if name in p["optimizers"] else "" for p in suites.values()]
        held = [ratio(rows[name]) for rows in by.values()]
        shown = f"**`{name}`**" if is_agent(name) else f"`{name}`"
        yield f"| {shown} | {' | '.join(held)} | {by['portfolio'][name]['n_suites']} | {' | '.join(cells)} |"


def is_agent(name: str) -> bool:
    """Those that are shipped trained are agents too."""
    known = OPTIMIZERS.entries().get(name)
    return known is None or known.package == "hpo_agents"


def main(*, check: bool) -> None:
    """Write the page, or end with a word that it is out of date."""
    before = PAGE.read_text(encoding="utf-8")
    text = renewed(before, ((f"agents {start}", table(one)) for start, one in reference_runs().items()))
    if check:
        sys.exit(f"out of date: {PAGE.name}; run `python benchmarks/studies/agents.py`" if text != before else 0)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(check="--check" in sys.argv[1:])
