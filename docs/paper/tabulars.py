"""Tables of the text, from stored results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import stored
from macros import latex

KINDS: Mapping[str, tuple[str, ...]] = {
    "Tables that others measured": ("AutoML", "Pipelines", "FineTune", "Curves", "FCNet", "MLPGrid", "NASBench201"),
    "Tables of our own training": (
        "SVM", "Linear", "Boosting", "Studies", "MLP", "Text", "Control", "NAS", "Vision", "LM",
    ),
    "Formulas": ("Functions",),
    "Trainings under control": ("Trainings",),
}  # fmt: skip
HEADS = ("suite", "tasks", "families", "$d$", "rows", "fid.", "test", r"$\Delta$")
TRAININGS = ("usual cosine", "plateau", "gap", "autopilot")
AGENTS = ("PPO from gap", "PPO from chance")


def tables() -> dict[str, str]:
    """Return the LaTeX of each table by the name of its file."""
    return {
        "suites": tabular("lrrrrrcr", HEADS, suites()),
        "protocols": tabular("lrrrl", ("name", "suites", "tasks", "seeds", "budget"), protocols()),
        "control": tabular("lr", ("controller", "ratio"), control()),
    }


def tabular(align: str, heads: Sequence[str], lines: Iterator[str]) -> str:
    """Return a table of lines between rules."""
    begin = f"\\begin{{tabular}}{{@{{}}{align}@{{}}}}\n\\toprule\n{' & '.join(heads)} \\\\\n"
    return begin + "\n".join(lines) + "\n\\bottomrule\n\\end{tabular}\n"


def heading(text: str, columns: int) -> str:
    """Return a line that heads those below it."""
    return f"\\midrule\n\\multicolumn{{{columns}}}{{@{{}}l}}{{\\emph{{{text}}}}} \\\\"


def suites() -> Iterator[str]:
    """Yield a line for each suite, by kind."""
    found = {stored.plain(row[0]).split(",")[0]: row for row in stored.table("listings/counts").rows}
    if set(found) != {name for names in KINDS.values() for name in names}:
        raise SystemExit(f"`KINDS` of tabulars.py must name each suite once; the suites are {', '.join(sorted(found))}")
    smallest = zip(stored.cells("evidence/told[*][suite]"), stored.cells("evidence/told[*][told apart]"), strict=True)
    told = {name: latex(stored.shown(cell, ".3f")) for name, cell in smallest if cell != "nothing"}
    for kind, names in KINDS.items():
        yield heading(kind, len(HEADS))
        for name in names:
            _, tasks, _, families, _, _, rows, columns, fidelities, tested, _ = found[name]
            cells = (tasks, families.replace(" / ", "/"), columns, "--" if rows == "unlimited" else rows)
            dot = r"$\bullet$" if tested == "yes" else ""
            levels = "" if fidelities == "1" else fidelities
            yield f"{name} & {' & '.join(cells)} & {levels} & {dot} & {told.get(name, '')} \\\\"


def protocols() -> Iterator[str]:
    """Yield a line for each named protocol."""
    from hpo_gym.bench import named_protocol, shipped_protocols

    yield "\\midrule"
    for name in sorted(shipped_protocols()):
        named = named_protocol(name)
        plan = named.plan()
        tasks = sum(len({cell.task for cell in plan.cells(spec)}) for spec in plan.suites)
        trainings = all(suite.kind == "training" for suite in plan.suites.values())
        budget = f"{named.given['budget_cost']} c" if "budget_cost" in named.given else str(named.given["budget"])
        unit = " e" if trainings else ""
        yield f"\\code{{{name}}} & {len(plan.suites)} & {tasks} & {named.given['seeds']} & {budget}{unit} \\\\"


def control() -> Iterator[str]:
    """Yield the ratios of controllers to the open loop."""
    yield heading(r"Trainings: loss, of \code{polynomial}'s", 2)
    for name in TRAININGS:
        yield line(name, f"control_pays/pays[24, {name}][/ polynomial]")
    for name in AGENTS:
        yield line(name, f"fit_agents/learning[test, 24, {name}][/ polynomial]")


def line(name: str, key: str) -> str:
    """Return the line of one controller."""
    (value,) = stored.lookup(key)
    return f"{name} & {latex(stored.shown(value, '.3f'))} \\\\"
