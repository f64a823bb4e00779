"""The reference of the optimizers: a page for each group (`family` in the registry), from their docstrings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listings import said, stated
from made import write_pages
from stored import Grid, plain, table

from hpo_gym.base import Entry
from hpo_gym.optimize import OPTIMIZERS, read_about, shipped

if TYPE_CHECKING:
    from sphinx.application import Sphinx

GROUPS = {
    "rl": (
        "Reinforcement learning",
        "They learn a policy on the training tasks of a suite and keep it. How to train one: "
        "[agents](../agents.md#train-compare-deploy).",
    ),
    "transfer": (
        "Transfer and meta-learning",
        "They read earlier tasks: by a formula while they tune, or by a model that was fitted before. Take one if you "
        "have tuned similar models: [guide](../guide.md).",
    ),
    "no-transfer": (
        "Without earlier tasks",
        "They know the search space and the trials of the run, nothing else: random search, designs, Bayesian "
        "optimisation, local search.",
    ),
    "multi-fidelity": (
        "Several fidelities",
        "They try many configurations cheaply and few at full cost. Take one where a short training tells much of a "
        "long one.",
    ),
    "evolutionary": ("Evolution", "They keep a population and vary its best members."),
    "multi-objective": (
        "Several objectives",
        "They look for a front: score against size, latency or cost "
        "([objectives](../environment.md#several-objectives)).",
    ),
    "schedule": (
        "Schedules",
        "They set the hyperparameters of a network before each epoch, on `Trainings` and in loops of your own. "
        "Results: [trainings](../trainings.md).",
    ),
    "control": (
        "The control",
        "`default` tries the default configuration and its neighbours. Every comparison includes it and the "
        "[portfolio](transfer.md#portfolio): [controls](../benchmark.md#controls).",
    ),
}
"""Title and purpose of each group."""
RESULTS = "standings/pooled-cold"
HOW_TO_READ = (
    "AUC of the regret over 33 evaluations of test tasks, from a cold start, as a ratio to the portfolio's; lower is "
    "better, \\* survives Holm's correction. Compare over equally many suites. Without a number: no reference runs. "
    "All results: [baselines](../baselines.md), [agents](../agents.md)."
)


def members(group: str) -> Mapping[str, Entry]:
    """Return the optimizers of a group."""
    return {name: entry for name, entry in OPTIMIZERS.entries().items() if entry.about["family"] == group}


def results(group: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, optimizer, ratio of AUCs and number of suites of what has reference runs, the best first.

    The name of a policy that ships trained is not that of its optimizer.
    """
    found, known = table(RESULTS), members(group)
    ratio, suites = (list(map(plain, found.columns)).index(head) for head in ("ratio to portfolio", "suites"))
    policies = {name: str(read_about(folder)["optimizer"]) for name, folder in shipped().items()}
    for cells in found.rows:
        name = plain(cells[0])
        if (optimizer := policies.get(name, name)) in known:
            yield name, optimizer, cells[ratio], cells[suites]


def row(name: str, entry: Entry) -> tuple[str, str]:
    """Return the cells of a member that need no results; those of a policy lead to its optimizer."""
    trained = "yes" if stated(entry, "trainable") == "True" else ""
    return trained, said(entry) if name == entry.name else f"`{entry.name}`, trained; it ships"


def grid(group: str) -> Grid:
    """Return the table of a group."""
    known, reported = members(group), list(results(group))
    heads, tail = ("optimizer", "AUC, of the portfolio's", "suites"), ("trained", "description")
    if not reported:
        rows = tuple((f"[`{name}`](#{name})", *row(name, entry)) for name, entry in known.items())
        return Grid((*heads[:1], *tail), rows)
    listed = [(f"[`{n}`](#{of})", ratio, suites, *row(n, known[of])) for n, of, ratio, suites in reported]
    others = sorted(set(known) - {name for name, *_ in reported})
    return Grid(
        (*heads, *tail), (*listed, *((f"[`{n}`](#{n})", "", "", *row(n, known[n])) for n in others)), HOW_TO_READ
    )


def tables(stored: Any) -> dict[str, Grid]:
    """Return the tables of all groups."""
    return {group: grid(group) for group in GROUPS}


def page(group: str) -> Iterator[str]:
    """Yield the lines of a page: the purpose, a row for each member, its class."""
    title, purpose = GROUPS[group]
    yield from (f"# {title}", "", purpose, "", f"```{{table}} registered/{group}", "```", "")
    yield '`hpo_gym.make_optimizer("NAME", setting=value)` makes one; its settings are the arguments below.'
    for name, entry in members(group).items():
        facts = [f"{fact.capitalize()}: {entry.about[fact]}." for fact in ("state", "action") if fact in entry.about]
        facts += [f"Needs `pip install 'hpo-gym[{entry.extra}]'`."] * bool(entry.extra)
        yield from ("", f"## {name}", "", " ".join(facts), "")
        yield from ("```{eval-rst}", f".. autoclass:: {entry.module}.{entry.maker}", "```")


def write_groups(app: Sphinx) -> None:
    """Write the pages."""
    pages = {f"{group}.md": "\n".join([*page(group), ""]).encode() for group in GROUPS}
    write_pages(Path(app.srcdir) / "optimizers", pages)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", write_groups)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
