"""The finding of a comparison in words: who leads, by how much, and who cannot be told apart from the leader.

The terminal, table.md and the page say the same. Each sentence holds for every outcome: it follows from the stored
estimates, p-values and letters alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_gym.bench.metrics import CONTROLS, TEST
from hpo_gym.bench.report.words import counted, holds, interval, joined, number

Results = Mapping[str, Any]


@dataclass(frozen=True)
class _Found:
    """An optimizer as the sentence sees it.

    Attributes:
        value: AUC or pooled ratio; the lowest leads.
        effect: Its distance to the anchor in words; empty for the anchor, and without one.
        verdict: Against the anchor, after Holm's correction: 1 better, -1 worse, 0 not told apart; None untested.
    """

    name: str
    value: float
    effect: str
    verdict: int | None
    letters: str


def finding(results: Results) -> str:
    """Return the finding over all suites: of the pooled ones, of the only one, or who leads where."""
    if shows_pooled(results):
        return pooled_finding(results)
    suites = {name: _of_suite(part) for name, part in results["suites"].items()}
    if len(suites) == 1:
        return suite_finding(results, next(iter(suites)))
    lowest, gains = dict[str, list[str]](), dict[str, list[str]]()
    for suite, found in suites.items():
        for f in found:
            if f.value == found[0].value:
                lowest.setdefault(f.name, []).append(suite)
            if f.verdict == 1:
                gains.setdefault(f.name, []).append(suite)
    (first, where), *others = lowest.items()
    led = "; ".join([f"{first} has the lowest regret on {joined(where)}", *(f"{n} on {joined(s)}" for n, s in others)])
    won = "; ".join(f"{name} on {joined(where)}" for name, where in gains.items())
    return f"{led}. {'Better than' if won else 'None is found to be better than'} the portfolio{won and ': '}{won}."


def suite_finding(results: Results, suite: str) -> str:
    """Return the finding of one suite."""
    part = results["suites"][suite]
    found, first = _of_suite(part), next(iter(part["optimizers"].values()))
    what = "test AUC" if part["score"] == TEST else overall(part)
    runs = counted(first["cells"] // part["n_tasks"], "run") + " each"
    over = f"Means over {counted(part['n_tasks'], 'task')} of {counted(part['n_families'], 'family')}, {runs}."
    lead = f"the lowest {what}: {number(found[0].value)}"
    return f"{_said(found, lead, 'the portfolio', part['n_families'])} {over}"


def pooled_finding(results: Results) -> str:
    """Return the finding of the pooled suites, against the first anchor."""
    pool = results["pooled"]
    anchor, part = next(iter(pool["anchors"].items()))
    lead = f"the lowest AUC over {counted(len(pool['suites']), 'suite')} of {counted(pool['families'], 'family')}"
    whole = {n: s for n, s in part["optimizers"].items() if s["n_suites"] == len(pool["suites"])}
    found = []
    for name, s in sorted(whole.items(), key=lambda item: (item[1]["ratio"][0], item[0])):
        effect = "" if name == anchor else f", {interval(s['ratio'], 3)} times that of {_the(anchor)}, a difference"
        verdict = _verdict(s["p_holm"], better=s["ratio"][0] < 1.0)
        found.append(_Found(name, s["ratio"][0], effect, verdict, pool.get("groups", {}).get(name) or ""))
    return _said(found, lead, _the(anchor), pool["families"])


def grouped(letters: Mapping[str, str | None], families: int) -> str:
    """Say how to read the letters of a table, or why it has none."""
    k = len(letters)
    pairs = f"{counted(k * (k - 1) // 2, 'pair')}, Holm, 5 %"
    if any(letters.values()):
        return f"Optimizers that share a letter cannot be told apart ({pairs})."
    few = f"{counted(families, 'family')} {'is' if families == 1 else 'are'} too few to tell any two apart ({pairs})."
    return f"No groups: {few}" if k > 1 else ""


def groups(letters: Mapping[str, str | None]) -> list[tuple[str, list[str]]]:
    """Return each letter with the optimizers that have it, in their order; `letters` has the leader first."""
    found: dict[str, list[str]] = {}
    for name, text in letters.items():
        for mark in _marks(text or ""):
            found.setdefault(mark, []).append(name)
    return list(found.items())


def overall(part: Mapping[str, Any]) -> str:
    """Return the compared quantity of a suite: the mean regret over the trials, or the last, if only the end counts."""
    return "last regret" if part.get("end") else "AUC"


def shows_pooled(results: Results) -> bool:
    """Return whether there are two suites to pool and an anchor."""
    found = results.get("pooled")
    return found is not None and len(found["suites"]) > 1 and bool(found["anchors"])


def _of_suite(part: Mapping[str, Any]) -> list[_Found]:
    """Return the optimizers of a suite, the lowest AUC first."""
    found = []
    for name, s in sorted(part["optimizers"].items(), key=lambda item: (item[1]["auc"][0], item[0])):
        known = name != CONTROLS[0] and s["gain"][0] is not None
        effect = f", a gain of {interval(s['gain'], sign=True)} over the portfolio" if known else ""
        verdict = _verdict(s["p_holm"], better=(s["gain"][0] or 0.0) > 0.0)
        found.append(_Found(name, s["auc"][0], effect, verdict, s.get("group") or ""))
    return found


def _verdict(p: float | None, *, better: bool) -> int | None:
    return None if p is None else 0 if not holds(p) else 1 if better else -1


def _said(found: Sequence[_Found], lead: str, anchor: str, families: int) -> str:
    """Say who leads, who differs from the anchor, and who is in the group of the leader."""
    best = [f for f in found if f.value == found[0].value]
    if len(found) == 1:
        return f"{found[0].name} has {lead}, with nobody to compare it with."
    names = [f"{f.name}, a control," if f.name in CONTROLS and len(best) == 1 else f.name for f in best]
    text = f"{joined(names)} {'has' if len(best) == 1 else 'share'} {lead}"
    told = len(best) == 1 and bool(best[0].effect)
    if told:
        does = {None: "", 0: " that does not survive Holm's correction", 1: " that survives Holm's correction"}
        text += best[0].effect + does[best[0].verdict]
    parts = (f"{text}.", _against(found, anchor, best if told else []), _group(found, best, families))
    return " ".join(filter(None, parts))


def _against(found: Sequence[_Found], anchor: str, told: Sequence[_Found]) -> str:
    """Say who else is better or worse than the anchor."""
    better, worse = ([f.name for f in found if f.verdict == v and f not in told] for v in (1, -1))
    won = any(f.verdict == 1 for f in told)
    if all(f.verdict is None for f in found):
        return ""
    if not (better or worse or won):
        return f"None is told apart from {anchor}."
    if better:
        lost = f"; worse: {joined(worse)}" if worse else ""
        return f"{'Also better' if won else 'Better'} than {anchor}: {joined(better)}{lost}."
    are = f"{joined(worse)} {'is' if len(worse) == 1 else 'are'} worse" if worse else ""
    if won:
        return f"{are} than {anchor}." if are else ""
    return f"None is found to be better than {anchor}; {are}."


def _group(found: Sequence[_Found], best: Sequence[_Found], families: int) -> str:
    """Say who shares a letter with the leader."""
    letters = {f.name: f.letters for f in found}
    if not any(letters.values()):
        return grouped(letters, families)
    pairs = f"corrected for {counted(len(found) * (len(found) - 1) // 2, 'pair')}"
    if len(set(letters.values())) == 1:
        return f"All {len(found)} are in group {found[0].letters}: {pairs}, no two can be told apart."
    own = {mark for f in best for mark in _marks(f.letters)}
    mates = [f.name for f in found if f not in best and own & {*_marks(f.letters)}]
    of = f"group{'s' * (len(own) > 1)} {joined(sorted(own))}"
    who, share, them = (best[0].name, "shares", "it") if len(best) == 1 else ("They", "share", "them")
    if not mates:
        return f"No other one is in {of} ({pairs})."
    return f"{who} {share} {of} with {joined(mates)}: {pairs}, these cannot be told apart from {them}."


def _marks(letters: str) -> list[str]:
    return re.findall(r"\(\d+\)|.", letters)


def _the(anchor: str) -> str:
    return f"the {anchor}" if anchor == CONTROLS[0] else anchor
