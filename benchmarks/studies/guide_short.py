"""Of the guide: the answers in short, each with its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from earlier_tasks import COST, FIRST
from guide_learning import BASE, CLOSED, GROUPS, LEARNED, told
from guide_limits import LABELS, PAID, RIVAL, TRIALS, break_even, saved, training_of, trials_to
from guide_ratios import against, joined, shown
from guide_when import standing
from meta_or_transfer import MEMORIES
from pool_seeds import TAUGHT
from robustness import DOUBTS

from hpo_gym.bench import interval

Found = Mapping[str, Any]


def choose(earlier: Found, seconds: Found) -> Iterator[str]:
    """Which method: without, with few, with many earlier tasks, and in cost."""
    alone = against(earlier["33"]["0"], "random")
    first, plain = (shown(alone, name) for name in (FIRST, "gp-ei"))
    yield (
        f"- **No earlier tasks**: begin with the default configuration. Over 33 evaluations `{FIRST}` has {first} "
        f"of the AUC of random search, `gp-ei` without that start {plain}."
    )
    for known, what in (("5", "Five earlier tasks"), ("50", "Fifty"), ("all", "All, 61 to 80")):
        best, rows, near = standing(joined(earlier["33"]["0"], earlier["33"][known]))
        others = ", ".join(f"`{n}` {shown(rows, n)}" for n in near) or "nobody"
        yield f"- **{what}**: `{best}` {shown(rows, best)}; not told apart from it: {others}."
    held = seconds["test"]["pooled"]["anchors"]
    to = {a: interval(held[a]["optimizers"][DOUBTS]["ratio"], 2) for a in ("portfolio", "transfer-mix")}
    rows = against(joined(earlier[COST]["0"], earlier[COST]["all"]), "random")
    tests = f"{to['portfolio']} of the portfolio's AUC and {to['transfer-mix']} of that of `transfer-mix`"
    yield (
        f"- **A budget in cost**: `{DOUBTS}` has {tests} on test tasks of nine suites ([in seconds](seconds.md)), and "
        f"{shown(rows, DOUBTS)} of that of random search on the validation tasks of the table below."
    )


def learned(found: Found) -> Iterator[str]:
    """What memory is worth, and what weights are worth."""
    none, other, same = (found[memory] for memory in MEMORIES)
    for what, suites in GROUPS.items():
        near, far = (_of_none(none, {s: p for s, p in of.items() if s in suites}, suites) for of in (same, other))
        parts = {s: same[s] for s in suites}
        gain, closed = (told(against(parts, anchor)[LEARNED]["ratio"], parts) for anchor in (BASE, CLOSED))
        yield (
            f"- **{what[0].upper()}{what[1:]}** ({', '.join(suites)}): memory of the same space brings the untrained "
            f"policy to {near} of its AUC without memory, that of another space to {far}. With equal memory, of the "
            f"same space, the trained policy has {gain} of the AUC of the untrained one and {closed} of that of "
            f"`{CLOSED}`."
        )


def _of_none(none: Found, parts: Found, suites: Sequence[str]) -> str:
    """The AUC of the untrained policy with some memory, of that with none."""
    both = {s: {**p, "auc": {**p["auc"], "without": none[s]["auc"][BASE]}} for s, p in parts.items()}
    ratio = told(against(both, "without")[BASE]["ratio"], parts)
    return ratio if len(parts) == len(suites) else f"{ratio} (on {', '.join(parts)} alone)"


def paid(suites: Found) -> Iterator[str]:
    """Tunings that pay for a training."""
    agent = "maskable-ppo"
    answers = []
    for suite in PAID:
        part = suites[suite]
        k = trials_to(part["course"][agent], part["course"][RIVAL][TRIALS - 1])
        if k is None:
            answers.append(f"{suite} never")
            continue
        own, rival = (k, part["ms"][agent][0] / 1e3), (TRIALS, part["ms"][RIVAL][0] / 1e3)
        less = saved(part["table"]["evaluation"], own, rival)
        both = [break_even(training_of(agent, part) + more, less) for more in (0.0, part["table"]["seconds"])]
        cells = ["never" if n is None else f"{n:,}" for n in both]
        answers.append(f"{suite} {cells[0]} ({cells[1]})")
    yield (
        f"- **Tunings that pay for training `{agent}`**, against 33 trials of random search, and in parentheses for "
        f"the tables that it learned from as well: {', '.join(answers)}."
    )
    rows = against({s: p for s, p in suites.items() if s in TAUGHT or s == "AutoML"}, "portfolio")
    names = ("q-learning", agent, LEARNED, CLOSED)
    ratios = ", ".join(f"`{n}` {shown(rows, n)}" for n in names)
    where = ", ".join((*TAUGHT, "AutoML"))
    yield f"- **The portfolio needs no training.** Of its AUC, on test tasks of {where}: {ratios}."


def robust(ratios: Mapping[str, Any]) -> Iterator[str]:
    """Where each optimizer is worst."""
    for who, row in ratios.items():
        worst = max(row, key=lambda kind: row[kind][0])
        above = [k for k in row if row[k][1] is not None and row[k][1] > 1.0]
        labels = ", ".join(_label(k) for k in above) or "none"
        most = f"{interval(row[worst], 2)} of the AUC of `gp-ei` ({_label(worst)})"
        yield f"- `{who}`: at most {most}; surely behind it: {labels}."


def _label(kind: str) -> str:
    return LABELS[kind].replace("\n", " ")
