"""Of the guide: what to do next, from what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import schedule_agents
import sequence
import time_parts

from hpo_gym.bench import interval

Found = Mapping[str, Any]
SMALL = ("Vision", "NAS", "LM", "Text")
WHOLE = "transfer-time"


def after(suites: Found, parts: Found, runs: list[Any], schedules: Found) -> Iterator[str]:
    """Five things that the numbers ask for."""
    trained = [suites[s]["table"]["train"] for s in SMALL]
    families = [len(set(suites[s]["families"])) for s in SMALL]
    left = ", ".join(f"{np.mean(suites[s]['auc']['portfolio']):.4f} on `{s}`" for s in SMALL)
    yield (
        f"- **More data sets of vision and language before larger agents.** {', '.join(f'`{s}`' for s in SMALL)} have "
        f"{min(trained)} to {max(trained)} training tasks and {min(families)} to {max(families)} test families. The "
        f"portfolio's test AUC is {left}: where it is nearly 0, no method has anything to gain."
    )
    without = _both(parts, "without lower fidelities")
    yield (
        "- **Larger models: first measure what a cheaper training tells.** Without the lower fidelities of earlier "
        f"tasks `{WHOLE}` has {without} ([parts](seconds.md#what-each-part-is-worth)): on these suites they add "
        "nothing that shows. Where an evaluation takes hours, little else can be bought."
    )
    count, means = sequence.pooled(sequence.ratios(runs))
    test = schedules["Schedules"]["test"]
    paid = schedule_agents.ratio(test["found"], test["families"], "regret", "ppo", "ppo discount 0")
    yield (
        "- **Learn where sequence matters.** Where configurations are searched, credit for later rewards does not pay: "
        f"discount 0 has {means['discount 0']:.2f} of the validation regret of discount 1, the geometric mean of "
        f"{count} suites ([sequence](sequence.md)). While a network trains it pays: on `Schedules` discount 1 has "
        f"{interval(paid, 2)} of the test regret of discount 0 ([schedules](schedules.md#what-learning-adds))."
    )
    yield (
        "- **More families where policies gain.** Trainings of `ppo-time` are ahead of their baseline on `Control`, of "
        "one validation and two test families; over suites with more families, on whole pools, none is "
        "([in seconds](seconds.md#on-whole-pools))."
    )
    two, sixteen = (_both(parts, f"true best of {k}") for k in (2, 16))
    yield (
        f"- **Choose better among the best.** To take the truly better of the two configurations that `{WHOLE}` values "
        f"most would bring it to {two}; of sixteen, to {sixteen}. Where the two differ, the validation score cannot "
        "tell which configuration is the better one."
    )


def _both(parts: Found, variant: str) -> str:
    """A ratio of AUCs by both scores."""
    validation, test = (time_parts.ratio_of(parts, variant, WHOLE, score) for score in (0, 1))
    return f"{validation} of its AUC by the validation score and {test} by the test score"
