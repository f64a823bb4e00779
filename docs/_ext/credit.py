"""No sentence credits training unless it paid: what pages may say of methods that learn.

Such a method has a *control*, what it is before its training: its untrained twin (`hpo_gym.optimize.control_of`). What
decides is what stands in a sentence, not how it is put. One that names a method that learns, or learning, is a
**result** if it has a figure, another method or an outcome beside it. A result is **bound**: the twin, or a key of the
stored results that names it, stands in its paragraph, list item, caption or table. One that credits training, or sets
the method before its twin, stands under the condition ``KEY.high < 1``, where KEY is a stored ratio to the twin:

    {claim}`standings.ppo-pool-tables-to-untrained-cold.high < 1 "Training pays: `ppo-pool-tables` is the better one."`

An outcome is a word of `PRAISE` that no word of `DENIAL` in its clause takes back. What learns and has no twin among
the stored results, such as the agent `ppo`, is not held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import static

from hpo_gym.optimize import OPTIMIZERS, control_of, shipped

CONTROLS = {name: c for name in (*OPTIMIZERS.entries(), *shipped()) if (c := control_of(name)) is not None}
"""By policy its control."""
_NAMES = "|".join(sorted(map(re.escape, CONTROLS), key=len, reverse=True))
_CONTROLS = "|".join(sorted(map(re.escape, set(CONTROLS.values()))))
APART = {"speed.md"}
"""Pages of seconds, whose figures are no results."""
_RIVALS = "|".join(name for name, entry in OPTIMIZERS.entries().items() if entry.module.startswith("hpo_baselines"))
POLICY = re.compile(
    rf"(?<![\w-])(?:`{{1,2}}|\\code\{{)(?:{_NAMES})[`}}]|(?<![\w`-])(?:PPO|A2C|DQN)(?![\w`(-])|"
    r"\b(?:trained|shipped|learned|learning|pool) (?:\w+ )?(?:polic(?:y|ies)|agents?|networks?|models?)\b|"
    r"(?:`|\b(?:the|PPO in) )one file\b|\b(?:policy|agent|network),? (?:once )?trained\b|"
    r"训练(?:后|过|好)?的(?:策略|智能体|网络)|学习策略|一个文件",
    re.I,
)
CONTROL = re.compile(
    rf"(?<![\w-])(?:{_CONTROLS})(?![\w-])|\bbefore (?:(?:its|the|any) )?(?:first step|training)|未经?训练|训练前|"
    rf"-to-(?:{_CONTROLS})\b|\bwithout (?:its )?training\b|\bthe same (?:policy|agent|network) before\b",
    re.I,
)
PRAISE = re.compile(
    r"\b(?:best|better|lowe(?:st|r)|highe(?:st|r)|beat(?:s|en)?|ahead|wins?|won|gains?|improv\w+|help(?:s|ed|ful)?|pays?|"
    r"paid|outperform\w*|outdo(?:es|ne)?|leads?|survives?|superior|halve[sd]|first (?:of|on|place)|learns(?: to)?|"
    r"learn(?:ed)? to|succeeds?|thanks to|owing to|because of|due to|surpass\w*|exceed\w*|overtak\w+|strong(?:er|est)|"
    r"fixes|reduc\w+|sav(?:es?|ed)|shrink\w*|past|masters?|mastered|solv(?:es?|ed))\b|"
    r"最低|更低|最好|更好|最优|优于|胜过|领先|增益|显著|学会|超过|得益于|归功于|降低|有效|有用",
    re.I,
)
DENIAL = re.compile(
    r"\b(?:no|not|none|nothing|neither|never|nor|hardly|nobody|cannot|little|whether|if|that beats|fails?)\b[^,;:]*$|"
    r"(?:没有|不|未|无|失败|很少)[^，；：]*$",
    re.I,
)
TRAINED = re.compile(
    r"(?<!meta-)(?<!before )(?<!before its )(?<!before the )(?<!without )\b(?:trained|training|trains|learned|"
    r"learning|learns|learnt)\b(?! (?:suites?|tasks?|famil|data|spaces?|rates?|rows?|set|curve?|seconds|loss|split))|"
    r"(?<!未)(?<!未经)训练(?!任务|数据|集|前)|学会|学习",
    re.I,
)
LEARNING = re.compile(
    r"\b(?:training|learning) (?:\w+ )?(?:pays|paid|helps|helped|gains?|improves|wins|halves|reduces|saves|works|"
    r"succeeds|is worth|beats|puts|brings|lifts|makes)\b|\b(?:thanks|owing|due) to (?:\w+ )?(?:training|learning)\b|"
    r"\b(?:by|from|after) (?:its |the )?(?:training|learning)(?=[,;.]|$)|\blearn(?:s|ed|t)? to\b|"
    r"训练(?:有用|有效|带来)|得益于训练|归功于训练|(?:通过|经过|靠)(?:训练|学习)|学会",
    re.I,
)
RIVAL = re.compile(
    r"\b(?:random (?:search|choice|trials?)|portfolio|the defaults?(?! view)|closed form|hand-written rules?|TPE|"
    rf"Bayesian optimi[sz]ation)\b|`(?:{_RIVALS})`|随机搜索|配置组合|默认值|闭式",
    re.I,
)
FIGURE = re.compile(
    r"(?<![\w.])[+-]?\d*\.\d+(?!\w|\.\d)|\d ?(?:%|percent|per cent|倍)|\b(?:half|third|twice|double)\b|0{6,}|一半"
)
OVER = re.compile(
    rf"\b(?:than|of|over|against|beats?|from|past|by) (?:an? |the |its |his )?[`{{\\code]*(?:{_CONTROLS}|start)\b|"
    r"(?:比|优于|胜过|超过)[^，。；]*未经?训练"
)
PAID = re.compile(rf"\S.*(?:{_CONTROLS}).*\.high < 1(?:\.0*)?")
_CLAIM = re.compile(r"\{claim\}(`{1,2})(?P<conditions>[^\"]+?)\s\"(?P<sentence>.+?)\"\1(?!`)", re.S)
_ROLE = re.compile(r"\{\w+\}(`{1,2})[^`]+\1")
_TEX = re.compile(r"\\claim\{(?P<name>[\w-]+)\}\{(?P<sentence>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_BLOCK = re.compile(r"(?:(?<=\n)\|[^\n]*(?:\n|$))+|(?:(?!\n\s*\n|\n\s*(?:[-*]|\d+\.) |\n#|\n\||(?<=\n)\|).)+", re.S)
_SENTENCE = re.compile(r".+?(?:[.!?](?=[\s*)]*\s+[\"`*\[A-Z{\\]|[\s*)]*$)|[;。；]|$)", re.S)


class Text(NamedTuple):
    """The words of a page, the page itself with as many characters, and keys below some words: from, to, key."""

    words: str
    whole: str
    under: Sequence[tuple[int, int, str]]


def faults(page: Path, claims: Callable[[str], str] = str) -> Iterator[str]:
    """Yield the sentences of a page that credit training without a reason, with file and line; none of `APART`.

    Args:
        page: Markdown, or LaTeX.
        claims: From the name of a claim in LaTeX to its conditions.
    """
    if page.name in APART:
        return
    text = page.read_text(encoding="utf-8")
    read = _of_tex(text, claims) if page.suffix == ".tex" else _of_markdown(text)
    for block in _BLOCK.finditer(read.words):
        below = [(start, end, of) for start, end, of in read.under if start < block.end() and end > block.start()]
        bound = bool(CONTROL.search(" ".join([read.whole[slice(*block.span())], *(of for *_, of in below)])))
        row = block[0].startswith("|")
        for found in re.finditer(r".+", block[0]) if row else _SENTENCE.finditer(block[0]):
            start, end = (block.start() + at for at in found.span())
            keys = [of for first, last, of in below if first < end and last > start]
            fault = _wrong(" ".join(found[0].split()), bound, " and ".join(keys))
            if fault:
                yield f"{page.name}:{read.words.count(chr(10), 0, start) + 1}: {fault}"


def _wrong(sentence: str, bound: bool, conditions: str) -> str:
    """Return what is wrong with a sentence whose block names the twin or does not, or ""."""
    if sentence.endswith("?"):
        return ""
    learns = TRAINED.search(sentence)
    praised = any(not DENIAL.search(sentence[: m.start()]) for m in PRAISE.finditer(sentence))
    told = FIGURE.search(sentence) or RIVAL.search(sentence)
    if not (POLICY.search(sentence) or LEARNING.search(sentence)):
        return ""
    if any(PAID.fullmatch(one.strip()) for one in conditions.split(" and ")):
        return ""
    if praised and (learns or OVER.search(sentence)):
        return f"credits training without the condition that a ratio to its control has `.high < 1`: {sentence!r}"
    if not bound and (praised or told):
        return f"tells a result of a method that learns, and nothing beside it what its control does: {sentence!r}"
    return ""


def _of_markdown(text: str) -> Text:
    """Return the prose of a page with the sentences of its claims; it has the lines of the page."""
    given = [(line.start, line.end, line.of) for line in static.lines(text) if line.how != "by" and line.end >= 0]
    return _with_claims(static.prose(text), _CLAIM, lambda m: m["conditions"], given)


def _of_tex(text: str, claims: Callable[[str], str]) -> Text:
    return _with_claims(re.sub(r"(?<!\\)%.*", "", text), _TEX, lambda m: claims(m["name"]), [])


def _with_claims(
    text: str, claim: re.Pattern[str], of: Callable[[re.Match[str]], str], given: Sequence[tuple[int, int, str]]
) -> Text:
    """Return a text with the sentences of claims in their place, filled with blanks to the same length."""
    under = list(given)

    def said(m: re.Match[str]) -> str:
        start, end = m.span("sentence")
        under.append((start, end, " ".join(of(m).split())))
        blank = re.sub(r"[^\n]", "\0", text[m.start() : start])
        return blank + m["sentence"] + re.sub(r"[^\n]", "\0", text[end : m.end()])

    words = claim.sub(said, text)
    words = re.sub(r"(?<=\])\([^)\s]*\)", lambda m: "\0" * len(m[0]), words)
    words = _ROLE.sub(lambda m: re.sub(r"[^\n]", "0", m[0]), words)
    return Text(words.replace("\0", " "), text, under)
