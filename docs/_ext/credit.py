"""No sentence credits training unless it paid: what pages may say of policies whose control is known.

Such a policy has a *control*, an optimizer that it is before its training (`hpo_gym.optimize.control_of`). A sentence
that praises it names the control in the same paragraph. One that praises its training, or praises it over its control,
stands under the condition ``KEY.high < 1``, where KEY is a stored ratio that names the control:

    {claim}`standings.ppo-pool-tables-to-untrained-cold.high < 1 "Training pays: `ppo-pool-tables` is the better one."`

A praise is a word of `PRAISE` that no word of `DENIAL` in its clause takes back.
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
POLICY = re.compile(
    rf"(?<![\w-])(?:`{{1,2}}|\\code\{{)(?:{_NAMES})[`}}]|\b(?:trained|shipped|learned|pool) polic(?:y|ies)\b|"
    r"\bpolicy(?:,)? trained\b|训练的策略|学习策略",
    re.I,
)
CONTROL = re.compile(rf"(?<![\w-])(?:{_CONTROLS})(?![\w-])|before (?:its|the) (?:first step|training)|未经?训练")
PRAISE = re.compile(
    r"\b(?:best|better|lowest|highest|beats?|ahead|wins?|won|gains?|improves?d?|helps?|helped|pays?|paid|outperforms?|"
    r"leads?|survives?|superior|halves|first (?:of|on|place))\b|最低|最好|最优|优于|胜过|领先|增益|显著",
    re.I,
)
DENIAL = re.compile(
    r"\b(?:no|not|none|nothing|neither|never|nor|hardly|nobody|cannot|little|whether|if|that beats)\b[^,;:]*$|"
    r"(?:没有|不|未|无)[^，；：]*$",
    re.I,
)
TRAINED = re.compile(
    r"(?<!meta-)(?<!before )(?<!before its )(?<!before the )\b(?:trained|training|trains|learned|learning|learns)\b"
    r"(?! (?:suites?|tasks?|famil|data|spaces?|rates?|curves?|seconds))|(?<!未)(?<!未经)训练(?!任务)",
    re.I,
)
OVER = re.compile(rf"\b(?:than|of|over|against|beats?|from) (?:an? |the )?[`{{\\code]*(?:{_CONTROLS})\b")
PAID = re.compile(rf"\S.*(?:{_CONTROLS}).*\.high < 1(?:\.0*)?")
_CLAIM = re.compile(r"\{claim\}(`{1,2})(?P<conditions>[^\"]+?)\s\"(?P<sentence>.+?)\"\1(?!`)", re.S)
_ROLE = re.compile(r"\{\w+\}(`{1,2})[^`]+\1")
_TEX = re.compile(r"\\claim\{(?P<name>[\w-]+)\}\{(?P<sentence>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_BLOCK = re.compile(r"(?:(?!\n\s*\n|\n\s*(?:[-*]|\d+\.) |\n#|\n\|).)+", re.S)
_SENTENCE = re.compile(r".+?(?:[.!?](?=[\s*)]*\s+[\"`*\[A-Z{\\]|[\s*)]*$)|[;。；]|$)", re.S)


class Text(NamedTuple):
    """The words of a page, and conditions of some of them: from, to, condition."""

    words: str
    under: Sequence[tuple[int, int, str]]


def faults(page: Path, claims: Callable[[str], str] = str) -> Iterator[str]:
    """Yield the sentences of a page that credit training without a reason, with file and line.

    Args:
        page: Markdown, or LaTeX.
        claims: From the name of a claim in LaTeX to its conditions.
    """
    text = page.read_text(encoding="utf-8")
    read = _of_tex(text, claims) if page.suffix == ".tex" else _of_markdown(text)
    for block in _BLOCK.finditer(read.words):
        for found in _SENTENCE.finditer(block[0]):
            at = block.start() + found.start()
            under = [of for start, end, of in read.under if start < block.start() + found.end() and end > at]
            fault = _wrong(" ".join(found[0].split()), block[0], " and ".join(under))
            if fault:
                yield f"{page.name}:{read.words.count(chr(10), 0, at) + 1}: {fault}"


def _wrong(sentence: str, block: str, conditions: str) -> str:
    """Return what is wrong with a sentence, or ""."""
    praised = any(not DENIAL.search(sentence[: m.start()]) for m in PRAISE.finditer(sentence))
    if not praised or not POLICY.search(sentence):
        return ""
    if any(PAID.fullmatch(one.strip()) for one in conditions.split(" and ")):
        return ""
    if TRAINED.search(sentence) or OVER.search(sentence):
        return f"credits training without the condition that a ratio to its control has `.high < 1`: {sentence!r}"
    if not CONTROL.search(block):
        return f"praises a trained policy, and its paragraph does not say how its control does: {sentence!r}"
    return ""


def _of_markdown(text: str) -> Text:
    """Return the prose of a page with the sentences of its claims; it has the lines of the page."""
    given = [(line.start, line.end, line.of) for line in static.lines(text) if line.how == "if" and line.end >= 0]
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
    words = _ROLE.sub(lambda m: re.sub(r"[^\n]", "0", m[0]), words)
    return Text(words.replace("\0", " "), under)
