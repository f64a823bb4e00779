r"""Numbers and claims of the text, by name: `\num{name}` and `\claim{name}{words}` in paper.tex.

A number is a key of stored results as on the pages of the site (`docs/_ext/stored.py`), or a function of this file. A
claim is a condition on such keys. `build.py` writes the numbers and refuses a false claim.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from string import ascii_letters
from typing import Any

import stored

WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
WORD = "word"
"""The format of a small number that stands in the text as a word."""
AGENTS = (
    "ppo-pool-tables; ppo-bare; maskable-ppo; a2c; ppo; q-learning; q-portfolio; dqn; ppo-pool; recurrent-ppo; td3; sac"
)
COLD, INIT5 = "standings/pooled-cold", "standings/pooled-init5"
TO, TO_RANDOM = "ratio to portfolio", "ratio to random"
MEMORIES = "meta_or_transfer/memories"
TRAINED = "[weights of these spaces, the same space][trained, of untrained]"

NUMBERS: Mapping[str, tuple[str, str]] = {
    "optimizers": ("standings.optimizers", ""),
    "results-set": ("standings.set", ""),
    "pooled": ("standings.pooled", WORD),
    "families": ("standings.families", ""),
    "portfolio-random": (f"{COLD}[portfolio][{TO_RANDOM}]", ".2f"),
    "mix-random": (f"{COLD}[transfer-mix][{TO_RANDOM}]", ".2f"),
    "gp-random": (f"{COLD}[gp-ei][{TO_RANDOM}]", ".2f"),
    "mix-cold": (f"{COLD}[transfer-mix][{TO}]", ".2f"),
    "ppo-cold": (f"{COLD}[ppo-pool-tables][{TO}]", ".2f"),
    "untrained-cold": (f"{COLD}[untrained][{TO}]", ".2f"),
    "adds-cold": ("standings.ppo-pool-tables-to-untrained-cold", ".2f"),
    "adds-init": ("standings.ppo-pool-tables-to-untrained-init5", ".2f"),
    "mix-init": (f"{INIT5}[transfer-mix][{TO}]", ".2f"),
    "ppo-init": (f"{INIT5}[ppo-pool-tables][{TO}]", ".2f"),
    "trained-untrained": (f"{MEMORIES}{TRAINED}", ".2f"),
    "coverage-ours": ("covered/least[8][ours]", ".2f"),
    "coverage-percentile": ("covered/least[8][percentile]", ".2f"),
    "told-automl": ("evidence/told[AutoML][told apart]", ".3f"),
    "auc-automl": ("evidence/told[AutoML][portfolio AUC]", ".3f"),
    "itself-least": ("faithfulness.itself-least", ".2f"),
    "itself-most": ("faithfulness.itself-most", ".2f"),
    "tau-svm": ("faithfulness/faithfulness[SVM, surrogate, validation][tau of configurations]", ".2f"),
    "tau-boosting": ("faithfulness/faithfulness[Boosting, surrogate, validation][tau of configurations]", ".2f"),
    "tau-nearest-svm": ("faithfulness/faithfulness[SVM, box, validation][tau of configurations]", ".2f"),
    "tau-nearest-boosting": ("faithfulness/faithfulness[Boosting, box, validation][tau of configurations]", ".2f"),
    "looks": ("looks.looks", ""),
    "looking-studies": ("looks.studies", ""),
    "seconds-portfolio": ("seconds/ratios[pooled][to portfolio]", ".2f"),
    "seconds-without": ("seconds/ratios[pooled without AutoML, MLP][to portfolio]", ".2f"),
    "seconds-suites": ("seconds.suites", WORD),
    "autopilot": ("control_pays/pays[24, autopilot][/ polynomial]", ".3f"),
    "gap": ("control_pays/pays[24, gap][/ polynomial]", ".3f"),
    "ppo-gap": ("fit_agents/learning[test, 24, PPO from gap][/ gap]", ".3f"),
    "ppo-chance": ("fit_agents/learning[test, 24, PPO from chance][/ gap]", ".3f"),
    "agreement-pairs": ("agreement/agreement[all][pairs]", ""),
    "agreement-same": ("agreement/agreement[all][same order]", ""),
    "agreement-least": ("agreement.least", ".2f"),
    "agreement-most": ("agreement.most", ".2f"),
    "agreement-trainings": ("agreement.trainings", ""),
    "agreement-sets": ("agreement.data-sets", ""),
    "torch-tuned": ("torch_control.tuned", ".2f"),
    "torch-worst": ("torch_control.worst", ".2f"),
    "outside-problems": ("outside.problems", ""),
    "outside-auto": ("outside.auto_to_optuna-tpe.auc", ".2f"),
    "outside-tau": ("outside_shared.tau.groups", ".2f"),
    "outside-known": ("outside.auto-7_to_auto.auc", ".2f"),
    "outside-tpe": ("outside.auto-7_to_optuna-tpe-7.auc", ".2f"),
}  # fmt: skip

CLAIMS: Mapping[str, str] = {
    "earlier-help": f"{COLD}[portfolio; transfer-mix; transfer-time; ppo-pool-tables; ebgp][{TO_RANDOM}] contains '*'",
    "agents-beat-random": f"standings/agents-cold[{AGENTS}][{TO_RANDOM}] contains '*'",
    "halves": f"{COLD}[portfolio; transfer-mix][{TO_RANDOM}] < .55 and "
    f"{COLD}[portfolio; transfer-mix][{TO_RANDOM}] > .4",
    "no-agent-cold": f"standings/agents-cold[{AGENTS}][{TO}] lacks '*'",
    "two-init": f"{INIT5}[transfer-mix; ppo-pool-tables][{TO}] contains '*'",
    "training-adds-nothing": f"{MEMORIES}{TRAINED}.high > 1 and standings.ppo-pool-tables-to-untrained-cold.high > 1",
    "training-adds-little": "standings.ppo-pool-tables-to-untrained-init5.high < 1",
    "random-level": f"{COLD}[gp-ei][{TO_RANDOM}] > .9 and {COLD}[gp-ei][{TO_RANDOM}].high > 1",
    "seconds-two": "seconds/ratios[pooled][to portfolio] contains '*' and "
    "seconds/ratios[pooled without AutoML, MLP][to portfolio].high > 1",
    "control-pays": "control_pays/pays[12, autopilot; 24, autopilot; 48, autopilot][/ polynomial].high < 1",
    "rule-ships": "fit_agents.level-low < 1 and fit_agents.level-high > 1",
    "hardly-orders": "faithfulness.itself-most < .7",
    "torch-level": "torch_control.tuned.low < 1 and torch_control.tuned.high > 1",
    "in-part": "agreement.tau < .8 and agreement.least < .6",
    "auto-ahead": "outside.auto_to_optuna-tpe.auc.high < 1 and outside.auto_to_optuna-tpe.33.high > 1",
    "known-helps": "outside.auto-7_to_auto.auc.high < 1",
    "known-ahead": "outside.auto-7_to_optuna-tpe-7.auc.high < 1",
}  # fmt: skip


def pair_claims() -> dict[str, bool]:
    """Return claims on pairs of optimizers: whether each holds."""
    mix, ppo = "transfer-mix", "ppo-pool-tables"
    return {
        "ppo-level": not any(told(of, ppo, other) for of in (COLD, INIT5) for other in (mix, "untrained")),
        "mix-alone": told(INIT5, mix, "portfolio") and not told(INIT5, ppo, "portfolio"),
    }


def told(table: str, one: str, other: str) -> bool:
    """Tell whether two optimizers of a pooled table share no letter."""
    a, b = (letters(group) for group in stored.cells(f"{table}[{one}; {other}][group]"))
    return not a & b


# ---------------------------------------------------------------------- numbers that no study has
def computed() -> dict[str, str]:
    """Return numbers of the package and of several tables, as text."""
    import hpo_gym
    from hpo_gym.bench import named_protocol, shipped_protocols

    sizes = stored.table("listings/counts").rows
    told = stored.cells("evidence/told[*][told apart]")
    tables = named_protocol("tables-v1").given
    entries = list((stored.TOP / "benchmarks" / "leaderboard" / "entries").rglob("*.json"))
    chosen = [look for look in looks() if not look["chosen"].startswith("nothing")]
    pays = [stored.lookup(f"control_pays/pays[{n}, autopilot][/ polynomial].mean")[0] for n in (12, 24, 48)]
    return {
        "version": hpo_gym.__version__,
        "suites": str(len(sizes)),
        "tasks": f"{sum(int(row[1].replace(',', '')) for row in sizes):,}",
        "budget": str(tables["budget"]),
        "seeds": word(tables["seeds"]),
        "protocols": word(len(shipped_protocols())),
        "entries": word(len(entries)),
        "grouped": str(sum(bool(letters(group)) for group in stored.cells(f"{COLD}[*][group]"))),
        "pairs-cold": share_told(COLD),
        "pairs-init": share_told(INIT5),
        "untold-suites": word(sum(cell == "nothing" for cell in told)),
        "told-suites": str(len(told)),
        "looks-chosen": word(len(chosen)),
        "observers": word(len(stored.table("listings/observers").rows)),
        "codecs": word(len(stored.table("listings/codecs").rows)),
        "rewards": word(len(stored.table("listings/rewards").rows)),
        "control-most": f"{1 - min(pays):.1%}",
        "epochs": str(named_protocol("training-v1").given["budget"]),
        "ahead-cold": ahead(COLD),
        "ahead-init": ahead(INIT5),
    }


def looks() -> list[dict[str, Any]]:
    """Return the counted looks at test data."""
    found: list[dict[str, Any]] = json.loads((stored.STUDIES / "test_looks.json").read_text(encoding="utf-8"))
    return found


def ahead(table: str) -> str:
    """Return the number of optimizers of a pooled table that are better than the portfolio after Holm's correction."""
    return word(sum("*" in cell and stored.numbers(cell)[0] < 1 for cell in stored.cells(f"{table}[*][{TO}]")))


def share_told(table: str) -> str:
    """Return "12 % of 946": of the pairs with a group in a pooled table those that share no letter."""
    groups = [group for group in map(letters, stored.cells(f"{table}[*][group]")) if group]
    pairs = [not (a & b) for a, b in combinations(groups, 2)]
    return f"{sum(pairs) / len(pairs):.0%} of {len(pairs):,}"


def letters(text: str) -> set[str]:
    """Return the letters of a group such as `a-dg`: a, b, c, d and g."""
    spans = re.findall(r"([A-Za-z])(?:-([A-Za-z]))?", text)
    places = ((ascii_letters.index(first), ascii_letters.index(last or first)) for first, last in spans)
    return {letter for first, last in places for letter in ascii_letters[first : last + 1]}


def word(number: int) -> str:
    """Return a number up to twelve as a word, a larger one in digits."""
    return WORDS[number] if 0 <= number < len(WORDS) else f"{number:,}"


# ---------------------------------------------------------------------- as LaTeX
def latex(text: str) -> str:
    r"""Return a result as LaTeX: no zero before the point, a thin space before `\%`, a real minus."""
    text = re.sub(r"(?<![\d.])0\.(?=\d+\b(?!\.\d))", ".", text.replace("*", ""))
    text = re.sub(r"(?<![\w.])-(?=[.\d])", r"$-$", text)
    return re.sub(r"\s?%", r"\\,\\%", text)


def names() -> set[str]:
    """Return the names of all numbers; those of `computed` are read off its source, as it takes seconds."""
    import inspect

    return {*NUMBERS, *re.findall(r'^        "([\w-]+)": ', inspect.getsource(computed), re.MULTILINE)}


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name of each number and its LaTeX."""
    for name, (key, form) in NUMBERS.items():
        (value,) = stored.lookup(key)
        yield name, latex(word(int(value)) if form == WORD else stored.shown(value, form))
    yield from ((name, latex(text)) for name, text in computed().items())


def false_claims(check: Callable[[str], Iterator[str]] = stored.faults) -> list[str]:
    """Return the faults of claims that do not hold, with their names."""
    of_pairs = [f"{name}: the groups say otherwise" for name, holds in pair_claims().items() if not holds]
    return [f"{name}: {fault}" for name, condition in CLAIMS.items() for fault in check(condition)] + of_pairs
