"""The finding in words, the same in terminal, table.md and page: who leads, and who cannot be told apart from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hpo_gym.bench.metrics import CONTROLS, PORTFOLIO, TEST
from hpo_gym.bench.report.words import counted, interval, joined, number, verdict

Results = Mapping[str, Any]


class _Found(NamedTuple):
    """An optimizer: its AUC or ratio, of which the lowest leads, and in words its gain over the anchor."""

    value: float
    name: str
    gain: str
    verdict: str
    letters: str


def finding(results: Results) -> str:
    """Return the finding of the pooled suites or of the only one; of others, who leads where."""
    found = {suite: _of_suite(part) for suite, part in results["suites"].items()}
    if shows_pooled(results) or len(found) == 1:
        return pooled_finding(results) if shows_pooled(results) else suite_finding(results, *found)
    better = joined([f"{f.name} on {suite}" for suite, of in found.items() for f in of if f.verdict == "better"])
    won = f"Better than the portfolio: {better}" if better else "None is found to be better than the portfolio"
    return f"Lowest regret: {joined([f'{of[0].name} on {suite}' for suite, of in found.items()])}. {won}."


def suite_finding(results: Results, suite: str) -> str:
    """Return the finding of one suite."""
    part = results["suites"][suite]
    found, tasks, families = _of_suite(part), part["n_tasks"], part["n_families"]
    lead = f"the lowest {'test AUC' if part['score'] == TEST else overall(part)}: {number(found[0].value)}"
    runs = counted(part["optimizers"][found[0].name]["cells"] // tasks, "run")
    over = f"{counted(tasks, 'task')} of {counted(families, 'family')}, {runs} each"
    return f"{_said(found, lead, 'the portfolio', families)} Means over {over}."


def pooled_finding(results: Results) -> str:
    """Return the finding of the pooled suites, against the first anchor."""
    pool, found = results["pooled"], []
    suites, (first, part) = len(pool["suites"]), next(iter(pool["anchors"].items()))
    anchor, letters = f"the {first}" if first == PORTFOLIO else first, pool.get("groups", {})
    for name, s in part["optimizers"].items():
        gain = f", {interval(s['ratio'], 3)} times that of {anchor}, a difference" if name != first else ""
        if s["n_suites"] == suites:
            to, judged = s["ratio"][0], verdict(s["p_holm"], better=s["ratio"][0] < 1)
            found.append(_Found(to, name, gain, judged, letters.get(name) or ""))
    lead = f"the lowest AUC over {counted(suites, 'suite')} of {counted(pool['families'], 'family')}"
    return _said(sorted(found), lead, anchor, pool["families"])


def grouped(letters: Mapping[str, str | None], families: int) -> str:
    """Say how to read the letters of a table, or why it has none."""
    k = len(letters)
    pairs = f"{counted(k * (k - 1) // 2, 'pair')}, Holm, 5 %"
    if any(letters.values()):
        return f"Optimizers that share a letter cannot be told apart ({pairs})."
    few = f"{counted(families, 'family')} {'is' if families == 1 else 'are'} too few to tell any two apart ({pairs})."
    return f"No groups: {few}" if k > 1 else "There is nobody to compare it with."


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
    for name, s in part["optimizers"].items():
        by = None if name == PORTFOLIO else s["gain"][0]
        gain = "" if by is None else f", a gain of {interval(s['gain'], sign=True)} over the portfolio"
        found.append(_Found(s["auc"][0], name, gain, verdict(s["p_holm"], better=(by or 0) > 0), s.get("group") or ""))
    return sorted(found)


def _said(found: Sequence[_Found], lead: str, anchor: str, families: int) -> str:
    """Say who leads, who differs from the anchor, and who is in the group of the leader."""
    first, best = found[0], [f for f in found if f.value == found[0].value]
    won = len(best) == 1 and first.verdict == "better"
    survives = f" that {'survives' if won else 'does not survive'} Holm's correction" if first.verdict else ""
    led = f"{first.name}{', a control,' * (first.name in CONTROLS)} has {lead}{first.gain and first.gain + survives}."
    parts = [led if len(best) == 1 else f"{joined([f.name for f in best])} share {lead}."]
    better, worse = (joined([f.name for f in found[won:] if f.verdict == v]) for v in ("better", "worse"))
    if better:
        parts.append(f"{'Also better' if won else 'Better'} than {anchor}: {better}.")
    elif not won and any(f.verdict for f in found):
        parts.append(f"None is {'found to be better than' if worse else 'told apart from'} {anchor}.")
    parts += [f"Worse than {'it' if len(parts) > 1 else anchor}: {worse}."] if worse else []
    return " ".join([*parts, _group(found, best, families)])


def _group(found: Sequence[_Found], best: Sequence[_Found], families: int) -> str:
    """Say who shares a letter with the leader."""
    letters, k = {f.name: f.letters for f in found}, len(found)
    own = {letter for f in best for letter in f.letters if letter.isalpha()}
    if not own:
        return grouped(letters, families)
    of = f"group{'s' * (len(own) > 1)} {joined(sorted(own))}"
    pairs = f"corrected for {counted(k * (k - 1) // 2, 'pair')}"
    if len(set(letters.values())) == 1:
        return f"All {k} are in {of}: {pairs}, no two can be told apart."
    mates = [f.name for f in found if f not in best and own & {*f.letters}]
    if not mates:
        return f"No other one is in {of} ({pairs})."
    who, them = (f"{best[0].name} shares", "it") if len(best) == 1 else ("They share", "them")
    return f"{who} {of} with {joined(mates)}: {pairs}, these cannot be told apart from {them}."
