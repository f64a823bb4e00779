"""Answers of the observer `text`: the runs of `answers.episodes` in words, with a budget of 4."""

from __future__ import annotations

from answers import Case
from answers.episodes import INITIAL, PARTIAL, TWO
from toy_suite import Episode, gaps, levels

AIM = "Find the configuration of hyperparameters with the highest score."
SPACE = """\
Hyperparameters:
- depth: integer 1 to 4
- kernel: linear, poly, rbf, sigmoid
- rate: 1 to 16, log scale
Only if kernel = poly or rbf:
- shape: 0 to 8"""
HIDDEN = """\
Hyperparameters:
- h1: integer 1 to 4
- h2: a, b, c, d
- h3: 1 to 16, log scale
Only if h2 = b or c:
- h4: 0 to 8"""
FORM = 'Answer with {"stop": true}, or one JSON object of this form (the default configuration): '
DEFAULT = '{"depth": 2, "kernel": "poly", "rate": 4.0, "shape": 2.0}'
ANSWER = FORM + f'{{"config": {DEFAULT}}}'
ANSWER_AT = FORM + f'{{"config": {DEFAULT}, "fidelity": 1.0}}'
ROWS = (
    "depth 1, kernel linear, rate 1", "depth 2, kernel poly, rate 4, shape 2", "depth 4, kernel rbf, rate 16, shape 8",
    "depth 3, kernel sigmoid, rate 2", "depth 2, kernel poly, rate 8, shape 6",
)  # fmt: skip
FIDELITIES = "Fidelities (the share of a full evaluation and its price): 0.25, 0.5, 1."


def _run(budget: str, trials: list[str], best: str, *more: str, answer: str = ANSWER) -> str:
    shown = ["Trials:", *trials] if trials else []
    return "\n".join([AIM, f"Budget: {budget}.", *more, SPACE, *shown, best, answer])


def _walk(rows: list[tuple[str, int]], best: list[int], total: int = 4, given: int = 0) -> list[str]:
    """Texts before the first trial, unless it is given, and after each; `best` is the incumbent after each trial."""
    lines = [f"Trial {i}: score {score}, {ROWS[row]}." for i, (score, row) in enumerate(rows, 1)]
    said = ["No trial so far.", *(f"Best so far: trial {i}, score {rows[i - 1][0]}." for i in best)]
    return [
        _run(f"{total} full evaluations; {t - given} spent, {total - t + given} left", lines[:t], said[t])
        for t in range(given, len(rows) + 1)
    ]


A, B = [("0.5", 0), ("0.75", 4), ("0.5", 0), ("0.625", 1)], [("0.375", 2), ("0.75", 3), ("1.25", 0), ("0.75", 3)]
EPISODES = (_walk(A, [1, 2, 2, 2]), _walk(B, [1, 2, 3, 3]))
GIVEN = (_walk(A, [1, 2, 2, 2], 2, given=2), _walk(B, [1, 2, 3, 3], 2, given=2))

LOW, HALF, FULL = (f", fidelity {share}, " for share in ("0.25", "0.5", "1"))
PARTIAL_LINES = (
    [f"Trial 1: score 1.125{LOW}{ROWS[2]}.", f"Trial 2: score 0.375{HALF}{ROWS[0]}.",
     f"Trial 3: score 0.75{FULL}{ROWS[4]}.", f"Trial 4: score 0.875{LOW}{ROWS[1]}."],  # the last is lowered to 1/4
    [f"Trial 1: score 1.5{LOW}{ROWS[0]}.", f"Trial 2: score -0.75{FULL}{ROWS[1]}.",
     f"Trial 3: score 0.625{HALF}{ROWS[3]}.", f"Trial 4: score 1{LOW}{ROWS[3]}."],
)  # fmt: skip
SPENT = (["0", "0.25", "0.75", "1.75", "2"], ["0", "0.25", "1.25", "1.75", "2"])
LEFT = (["2", "1.75", "1.25", "0.25", "0"], ["2", "1.75", "0.75", "0.25", "0"])
BEST = (["1, score 1.125", "2, score 0.375", "3, score 0.75", "3, score 0.75"],
        ["1, score 1.5", "2, score -0.75", "2, score -0.75", "2, score -0.75"])  # fmt: skip
FIDELITIES_WANTED = tuple(
    [
        _run(f"2 full evaluations; {spent} spent, {left} left", lines[:t], said, FIDELITIES, answer=ANSWER_AT)
        for t, (spent, left, said) in enumerate(
            zip(spending, rest, ["No trial so far.", *(f"Best so far: trial {one}." for one in best)], strict=True)
        )
    ]
    for lines, spending, rest, best in zip(PARTIAL_LINES, SPENT, LEFT, BEST, strict=True)
)

# row 4 of task a fails, and has the score of a random failure before any success: -.1875
FAILED = f"Trial 1: score -0.1875, {ROWS[4]}; failed, so the score is the worst so far."
FAILED_AGAIN = f"Trial 3: score 0.5, {ROWS[4]}; failed, so the score is the worst so far."
FIRST = [FAILED, f"Trial 2: score 0.5, {ROWS[0]}.", FAILED_AGAIN]
FAILURES = [
    _run("3 full evaluations; 0 spent, 3 left", [], "No trial so far."),
    _run("3 full evaluations; 1 spent, 2 left", FIRST[:1], "No trial has succeeded so far."),
    _run("3 full evaluations; 2 spent, 1 left", FIRST[:2], "Best so far: trial 2, score 0.5."),
    _run("3 full evaluations; 3 spent, 0 left", FIRST, "Best so far: trial 2, score 0.5."),
]

# scores of a in standard deviations of meta-train: row 4 .5, row 1 .25
HIDDEN_ANSWER = FORM + '{"config": {"h1": 2, "h2": "b", "h3": 4.0, "h4": 2.0}}'
TABLE = [
    "\n".join([AIM, "Budget: 2 full evaluations; 0 spent, 2 left.", HIDDEN, "No trial so far.", HIDDEN_ANSWER]),
    "\n".join(
        [AIM, "Budget: 2 full evaluations; 1 spent, 1 left.", HIDDEN, "Trials:", "trial,score,h1,h2,h3,h4",
         "1,0.5,2,b,8,6", "Best so far: trial 1, score 0.5.", HIDDEN_ANSWER]
    ),
    "\n".join(
        [AIM, "Budget: 2 full evaluations; 2 spent, 0 left.", HIDDEN, "Trials:", "trial,score,h1,h2,h3,h4",
         "1,0.5,2,b,8,6", "2,0,1,a,1,", "Best so far: trial 1, score 0.5.", HIDDEN_ANSWER]
    ),
]  # fmt: skip
DATA = f"The data: columns 7, rows 9.\n{ANSWER}"
COMPACT = [
    _run("1 full evaluations; 0 spent, 1 left", [], "No trial so far.", answer=DATA),
    _run("1 full evaluations; 1 spent, 0 left", ["1 score=0.75 depth=2 kernel=poly rate=8 shape=6"],
         "Best so far: trial 1, score 0.75.", answer=DATA),
]  # fmt: skip
FREELY = {"name": "pool", "fidelity": True}

CASES = {
    "two episodes": Case("text", TWO, EPISODES),
    "initial design": Case("text", INITIAL, GIVEN, options={"budget": 2, "n_init": 2}),
    "fidelities": Case("text", PARTIAL, FIDELITIES_WANTED, levels, {"codec": FREELY, "budget": 2}),
    "failures": Case("text", [Episode("a", (4, 0, 4))], [FAILURES], gaps, {"budget": 3}),
    "hidden names in a table on the global scale": Case(
        {"name": "text", "form": "table", "names": False}, [Episode("a", (4, 0))], [TABLE],
        options={"budget": 2, "scores": "global"},
    ),
    "compact with the context": Case(
        {"name": "text", "form": "compact", "context": True}, [Episode("a", (4,))], [COMPACT], options={"budget": 1}
    ),
}  # fmt: skip
