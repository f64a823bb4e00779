"""Languages by program: every line is a string of the language, drawn from a generator that is passed in."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

import numpy as np

Line = Callable[[np.random.Generator], str]


def text(name: str, length: int, rules: np.random.Generator, lines: np.random.Generator) -> str:
    """Lines of the language `name`, at least `length` characters with the ends of lines.

    Args:
        name: A key of `GRAMMARS`.
        length: In characters.
        rules: Draws what the language leaves open.
        lines: Draws the lines.
    """
    line = GRAMMARS[name](rules)
    found: list[str] = []
    while length > 0:
        found.append(line(lines))
        length -= len(found[-1]) + 1
    return "\n".join(found) + "\n"


# ---------------------------------------------------------------------------------------------- sums
def sums(generator: np.random.Generator) -> Line:
    """Expressions of whole numbers below 20 with + - * and brackets, and their value: `(3+4)*2=14`."""
    return lambda rng: _solved(*_expression(rng, 2))


def _solved(expression: str, value: int) -> str:
    return f"{expression}={value}"


def _expression(rng: np.random.Generator, depth: int) -> tuple[str, int]:
    if depth == 0 or rng.random() < 0.25:
        number = int(rng.integers(20))
        return str(number), number
    (left, a), (right, b) = _expression(rng, depth - 1), _expression(rng, depth - 1)
    sign = "+-*"[rng.choice(3, p=[0.45, 0.35, 0.2])]
    value = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](a, b)
    if sign == "*":
        return f"{_bracketed(left)}*{_bracketed(right)}", value
    return f"{left}{sign}{_bracketed(right) if sign == '-' else right}", value


def _bracketed(expression: str) -> str:
    return expression if expression.isdigit() else f"({expression})"


# ---------------------------------------------------------------------------------------------- brackets
PAIRS = ("()", "[]", "{}", "<>")


def brackets(generator: np.random.Generator) -> Line:
    """Balanced brackets of four kinds (a Dyck language), each kind with letters of its own inside."""

    def line(rng: np.random.Generator) -> str:
        out: list[str] = []
        stack: list[int] = []
        while len(out) < 60 or stack:
            u = rng.random()
            if stack and (u < 0.3 or len(out) >= 60):
                out.append(PAIRS[stack.pop()][1])
            elif u < 0.6 and len(out) < 60 and len(stack) < 8:
                stack.append(int(rng.choice(4, p=[0.4, 0.3, 0.2, 0.1])))
                out.append(PAIRS[stack[-1]][0])
            elif stack:
                out.append("abcdefgh"[2 * stack[-1] + int(rng.integers(2))])
        return "".join(out)

    return line


# ---------------------------------------------------------------------------------------------- records
def records(generator: np.random.Generator) -> Line:
    """JSON objects of a drawn schema; some values depend on the value before, some fields are missing at times."""
    names = _words(generator, 24)
    kinds = names[:6]
    places = {kind: [names[6 + int(i)] for i in generator.choice(18, 3, replace=False)] for kind in kinds}

    def line(rng: np.random.Generator) -> str:
        kind = kinds[int(rng.choice(6, p=np.array([32, 16, 8, 4, 2, 1]) / 63))]
        count = int(rng.integers(1, 10))
        price = 5 * (kinds.index(kind) + 1)
        fields = [
            f'"id":{int(rng.integers(1000, 10000))}',
            f'"kind":"{kind}"',
            f'"place":"{places[kind][int(rng.integers(3))]}"',
            f'"count":{count}',
            f'"total":{count * price}',
        ]
        if rng.random() < 0.5:
            fields.append(f'"open":{"true" if count > 5 else "false"}')
        return "{" + ",".join(fields) + "}"

    return line


# ---------------------------------------------------------------------------------------------- phrases
def phrases(generator: np.random.Generator) -> Line:
    """Sentences of a probabilistic context-free grammar with drawn words; a verb ends as its subject does."""
    rules = phrase_rules(generator)
    return lambda rng: " ".join(_derived("s", rules, rng)) + "."


Rules = Mapping[str, tuple[tuple[tuple[str, ...], float], ...]]
"""From a symbol to what it may become, each with its probability; what is no key is a word."""


def phrase_rules(generator: np.random.Generator) -> Rules:
    """Draw the words of the grammar, of each class common and rare ones."""
    words = iter(_words(generator, 76))
    lexicon: dict[str, tuple[tuple[tuple[str, ...], float], ...]] = {}
    for symbol, count, ends in (("n", 24, ("", "im")), ("v", 16, ("a", "ur")), ("adj", 24, ("",)), ("p", 6, ("",))):
        stems = [next(words) for _ in range(count)]
        share = 1.0 / np.arange(1, count + 1)
        share /= share.sum()
        for end, number in zip(ends, ("1", "2") if len(ends) == 2 else ("",), strict=True):
            lexicon[symbol + number] = tuple(((stem + end,), float(q)) for stem, q in zip(stems, share, strict=True))
    one, two, that = (next(words) for _ in range(3))
    grammar: dict[str, tuple[tuple[tuple[str, ...], float], ...]] = {"s": ((("s1",), 0.6), (("s2",), 0.4))}
    for number, article in (("1", one), ("2", two)):
        noun, verb = f"n{number}", f"v{number}"
        grammar |= {
            f"s{number}": (((f"np{number}", f"vp{number}"), 1.0),),
            f"np{number}": (
                ((article, noun), 0.5),
                ((article, "adj", noun), 0.3),
                ((article, noun, "p", "np"), 0.1),
                ((article, noun, that, f"vp{number}"), 0.1),
            ),
            f"vp{number}": (((verb,), 0.3), ((verb, "np"), 0.7)),
        }
    grammar["np"] = ((("np1",), 0.6), (("np2",), 0.4))
    return grammar | lexicon


def _derived(symbol: str, rules: Rules, rng: np.random.Generator) -> list[str]:
    if symbol not in rules:
        return [symbol]
    options = rules[symbol]
    chosen = options[int(rng.choice(len(options), p=[q for _, q in options]))][0]
    return [word for part in chosen for word in _derived(part, rules, rng)]


# ---------------------------------------------------------------------------------------------- numerals
_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def numerals(generator: np.random.Generator) -> Line:
    """Whole numbers below a million, of one to six digits alike, and their names in English: `42 forty-two`."""

    def line(rng: np.random.Generator) -> str:
        number = int(rng.integers(10 ** int(rng.integers(1, 7))))
        return f"{number} {numeral(number)}"

    return line


def numeral(number: int) -> str:
    """Return the English name of a whole number from 0 to 999,999."""
    if number < 20:
        return _UNITS[number]
    if number < 100:
        ten, one = divmod(number, 10)
        return _TENS[ten - 2] + (f"-{_UNITS[one]}" if one else "")
    size, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    many, rest = divmod(number, size)
    return f"{numeral(many)} {name}" + (f" {numeral(rest)}" if rest else "")


# ---------------------------------------------------------------------------------------------- words
def _words(generator: np.random.Generator, count: int) -> list[str]:
    """Distinct words of one to three syllables."""
    found: dict[str, None] = {}
    while len(found) < count:
        syllables = generator.integers(1, 4)
        word = "".join(
            "bdfgklmnprstvz"[generator.integers(14)] + "aeiou"[generator.integers(5)] for _ in range(syllables)
        )
        found[word + "lnrst"[generator.integers(5)]] = None
    return list(found)


GRAMMARS: Mapping[str, Callable[[np.random.Generator], Line]] = {
    "sums": sums,
    "brackets": brackets,
    "records": records,
    "phrases": phrases,
    "numerals": numerals,
}
"""Languages by name: each draws its rules and gives what draws a line."""
