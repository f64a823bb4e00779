"""Compare the READMEs' table with the output of their command: `readme.py FOLDER [--check]`.

    hpo-gym bench                                                # as the README says; it writes `hpo-gym-results`
    python benchmarks/studies/readme.py hpo-gym-results [--check]

The table of the Chinese README has the same numbers. With `--check` nothing is written, and an out-of-date table ends
the script with the first line that differs.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import looks
from looks import Look

from hpo_gym.bench import NARROW, SKEWED, compared, interval, narrow, ranged, rows

TOP = Path(__file__).resolve().parents[2]
SUITE = "AutoML"
LOOKS = Look("the table of the README", "what the README says that its command prints", (SUITE,))
TRIALS = ("10", "33")
WORDS: Mapping[str, tuple[str, str, str]] = {
    "README.md": (
        f"| optimizer | gain over the portfolio | AUC | group | regret after {' | '.join(TRIALS)} trials |",
        "Means over {n_tasks} test data sets of {n_families} families, {seeds} runs each; "
        "[95 % intervals] over families.\n{compared}\n"
        "Optimizers that share a letter cannot be told apart ({pairs} pairs, Holm, 5 %).",
        NARROW,
    ),
    "README.zh-CN.md": (
        f"| 优化器 | 相对配置组合（portfolio）的增益 | AUC | 组别 | {TRIALS[0]} 次试验后的遗憾值 | "
        f"{' | '.join(f'{t} 次后' for t in TRIALS[1:])} |",
        "在 {n_families} 个族（family）的 {n_tasks} 个测试数据集上取平均，各运行 {seeds} 次；"
        "方括号内为按族计算的 95% 区间。"
        "与配置组合比较 {comparisons} 次；带 * 的差异经 Holm 校正后在 5% 水平上显著。"
        "共用一个字母的优化器无法区分（{pairs} 对，经 Holm 校正，5% 水平）。",
        f"‡ 各族增益的偏度绝对值大于 {SKEWED:g}，区间可能过窄。",
    ),
}
"""The head of the table on each page, the sentence that says what it is made of, and that of a skewed gain."""


def renewed(text: str, mark: str, lines: Iterable[str]) -> str:
    """Return a page with other lines between ``<!-- mark -->`` and ``<!-- /mark -->``."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    head, rest = text.split(begin)
    return "\n".join([head + begin, "", *lines, "", end + rest.split(end)[1]])


def table(results: Mapping[str, Any], head: str, made_of: str, skew: str) -> Iterator[str]:
    """Yield the table in the words of a page, see `WORDS`."""
    part, protocol = results["suites"][SUITE], results["protocol"]
    yield head
    yield "|---" * (4 + len(TRIALS)) + "|"
    for row in rows(results, SUITE):
        s = row.summary
        cells = [
            row.optimizer,
            interval(s["gain"], sign=True, mark=row.verdict in ("better", "worse"), skewness=s["skewness"]),
            interval(s["auc"]),
            ranged(s["group"]),
        ]
        yield f"| {' | '.join([*cells, *(format(s['regret'][t][0], '.3f') for t in TRIALS)])} |"
    yield ""
    said = compared(part["comparisons"], "the portfolio")
    counts = {"seeds": protocol["seeds"], "pairs": math.comb(len(part["optimizers"]), 2)}
    yield made_of.format_map({**part, **counts, "compared": said})
    yield from [skew] if narrow(part["optimizers"]) else []


def main(folder: Path, *, check: bool) -> None:
    """Write the table, or end with the first line that is out of date."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if set(results["suites"]) != {SUITE}:
        sys.exit(f"{folder} must hold what `hpo-gym bench` writes without options, got {list(results['suites'])}")
    before = {name: (TOP / name).read_text(encoding="utf-8") for name in WORDS}
    after = {name: renewed(text, "table", table(results, *WORDS[name])) for name, text in before.items()}
    if not check:
        looks.count(f"hpo-gym bench; python benchmarks/studies/readme.py {folder}", [SUITE], LOOKS.what, LOOKS.why)
        for name, text in after.items():
            (TOP / name).write_text(text, encoding="utf-8")
        return
    for name in WORDS:
        pairs = itertools.zip_longest(before[name].splitlines(), after[name].splitlines(), fillvalue="")
        for old, new in pairs:
            if old != new:
                sys.exit(f"out of date: {name} says\n  {old}\nthe command prints\n  {new}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), check="--check" in sys.argv[2:])
