"""Chinese pages say what the English ones say, section by section: blocks, pictures, links, code and numbers.

Comments in blocks are in Chinese, except commands; all else of a block is equal byte for byte, so that it runs as that
of the English page does. A link leads to the Chinese page where there is one. What is for readers of
Chinese alone stands between `<!-- zh -->` and `<!-- /zh -->`.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from reports import left_out

from hpo_gym.bench.runner import benchmark

TOP = Path(__file__).resolve().parents[2]
CHINESE = {"README.md": "README.zh-CN.md", "docs/index.md": "docs/zh/index.md"}
PAGES = [pytest.param(*pair, id=pair[1]) for pair in CHINESE.items()]
WORDS = dict(zip(["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], range(2, 11), strict=True))
WORDS |= {"eleven": 11, "twelve": 12, "thirteen": 13, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
WORDS |= {"twice": 2, "half": 0.5, "tenth": 0.1}

BLOCK = re.compile(r"(^```.*?^```$|(?:^    [^\n]+\n)+)", re.M | re.S)
COMMENT = re.compile(r"(?<=  )# .*")
DIGITS = r"(?<![A-Za-z0-9_.])[+-]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
NUMBER = re.compile(rf"{DIGITS}|\b(?:{'|'.join(WORDS)})\b|两", re.A | re.I)
HAN = r"[\u4e00-\u9fff]"


@dataclass
class Section:
    """What stands below a heading, up to the next one."""

    heading: str = ""
    blocks: list[str] = field(default_factory=list)
    prose: str = ""


def text_of(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def sections(text: str) -> list[Section]:
    """The sections of a page; what stands before its first heading is one."""
    found = [Section()]
    for i, piece in enumerate(BLOCK.split(re.sub(r"<!-- zh -->.*?<!-- /zh -->", "", text, flags=re.S))):
        if i % 2:
            found[-1].blocks += [] if piece.startswith("```{toctree}") else [piece]
            continue
        for part in re.split(r"^(?=#)", piece, flags=re.M):
            heading, _, rest = part.partition("\n") if part.startswith("#") else ("", "", part)
            if heading:
                found.append(Section(heading, prose=heading))
            found[-1].prose += rest
    return found


def numbers(text: str) -> Counter[float]:
    """The numbers of prose and tables and how often they stand there.

    They are digits, with a sign, thousands and decimals, and the English words of `WORDS`. A Chinese page writes
    digits for them, or 两. Digits of a name (SB3), of code and of the target of a link do not count.
    """
    bare = re.sub(r"`[^`]*`|\]\([^)]*\)|<!--.*?-->", " ", text, flags=re.S)
    found = [m[0].lower() for m in NUMBER.finditer(bare)]
    return Counter(2.0 if n == "两" else float(WORDS[n] if n in WORDS else n.replace(",", "")) for n in found)


def links(name: str, prose: str) -> Counter[str]:
    """Where links and pictures of a page lead, from the top of the repository; to Chinese pages where there are any."""
    found: Counter[str] = Counter()
    for mark, target in re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", prose):
        if not re.match(r"https?://|#|mailto:", target):
            path, _, anchor = target.partition("#")
            path = ((TOP / name).parent / path).resolve().relative_to(TOP).as_posix()
            target = CHINESE.get(path, path) + ("#" + anchor) * bool(anchor)
        found[mark + target] += 1
    return found


def translated(one: str, other: str) -> bool:
    """Whether a comment is in Chinese; commands stay what they are."""
    return one == other if one.startswith("# pip ") else bool(re.search(HAN, other)) and numbers(one) == numbers(other)


def differences(english: str, chinese: str, texts: dict[str, str] | None = None) -> Iterator[str]:
    """What a Chinese page says otherwise than the English one, given their names."""
    texts = texts or {name: text_of(name) for name in (english, chinese)}
    ours, theirs = sections(texts[english]), sections(texts[chinese])
    levels = [[s.heading.partition(" ")[0] for s in page] for page in (ours, theirs)]
    if levels[0] != levels[1]:
        yield f"headings: {' '.join(levels[0])} and {' '.join(levels[1])}"
        return
    for one, other in zip(ours, theirs, strict=True):
        where = f"{one.heading or 'the top'}:"
        if [COMMENT.sub("#", b) for b in one.blocks] != [COMMENT.sub("#", b) for b in other.blocks]:
            yield f"{where} blocks"
        comments = [COMMENT.findall("\n".join(s.blocks)) for s in (one, other)]
        yield from (f"{where} comment {b}" for a, b in zip(*comments, strict=False) if not translated(a, b))
        pairs = {
            "links": (links(english, one.prose), links(chinese, other.prose)),
            "code": tuple(Counter(re.findall(r"`[^`]+`", s.prose)) for s in (one, other)),
            "numbers": (numbers(one.prose), numbers(other.prose)),
        }
        for what, (a, b) in pairs.items():
            if a != b:
                yield f"{where} {what} {sorted((a - b).elements())} and {sorted((b - a).elements())}"


# ---------------------------------------------------------------------- the pages
@pytest.mark.parametrize(("english", "chinese"), PAGES)
def test_a_chinese_page_says_what_the_english_one_says(english: str, chinese: str) -> None:
    assert list(differences(english, chinese)) == []


@pytest.mark.parametrize(("_", "chinese"), PAGES)
def test_links_lead_somewhere(_: str, chinese: str) -> None:
    for target in (link.lstrip("!") for link in links(chinese, BLOCK.sub("", text_of(chinese)))):
        assert "://" in target or (TOP / target.partition("#")[0]).exists(), f"{chinese} links to {target}"


@pytest.mark.parametrize(("_", "chinese"), PAGES)
def test_chinese_is_set_as_chinese(_: str, chinese: str) -> None:
    """Spaces beside Latin, marks that are Chinese, a paragraph on a line, as the end of a line is shown as a space."""
    text = re.sub(r"<!--.*?-->\n*", "", BLOCK.sub("", text_of(chinese)))
    plain = re.sub(r"`[^`]*`", "x", re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text.replace("**", "")))
    for rule in (
        rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9%]{HAN}",
        rf"{HAN} ?[,;:?!()]|[,;:?!()] ?{HAN}",
        rf"{HAN} {HAN}",
        r" [，。；：、（）]|[，。；：、（）] (?!\|)",
    ):
        assert re.findall(rf".{{0,9}}(?:{rule}).{{0,9}}", plain) == []
    assert re.findall(r"^[^\n|#-].*\n[^\n|#-].*", plain, re.M) == []


# ---------------------------------------------------------------------- what is noticed
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("has .67 [.53,\n.75] of it", [0.67, 0.53, 0.75]),
        ("是它的 0.67 [0.53, 0.75]", [0.67, 0.53, 0.75]),
        ("| -0.0336* [-0.0485, +0.0118] | 6.17 |", [-0.0336, -0.0485, 0.0118, 6.17]),
        ("5,856 pipelines, 95 % of Eight, a tenth, twice", [5856, 95, 8, 0.1, 2]),
        ("5856 条、95%、8 个、0.1、两次，共33种", [5856, 95, 8, 0.1, 2, 33]),
        ("SB3 and `x = 4` in [v0](a/07_b.md), often <!-- 9 -->", []),
        ("0, 1, 2.5, then 33.", [0, 1, 2.5, 33]),
    ],
)
def test_numbers_are_found(text: str, found: list[float]) -> None:
    assert numbers(text) == Counter(found)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("是 0.96 [", "是 0.97 [", r"numbers \[0.96\] and \[0.97\]"),
        ("-0.0336*", "0.0336*", r"numbers \[-0.0336\] and \[0.0336\]"),
        ("各运行 5 次，保", "各运行 5 次、5 次，保", r"numbers \[\] and \[5.0\]"),
        ("    pip install -e . && hpo-gym bench\n", "", "blocks"),
        ("seed=0)  # 随机", "seed=1)  # 随机", "blocks"),
        ("  # 0.949；SVC 的默认配置是 0.912", "", "blocks"),
        ("目前最好的流水线", "the best so far", "comment # the best"),
        ("24 个超参数", "23 个超参数", "comment # 23"),
        ('# pip install -e ".[sklearn]"', "# 先安装", "comment # 先安装"),
        ("\n## 测试与引用\n", "\n", "headings"),
        ("\n## 测试与引用\n", "\n### 测试与引用\n", "headings"),
        ("](docs/faq.md)", "](docs/guide.md)", r"links \['docs/faq.md'\] and \['docs/guide.md'\]"),
        ("#a-baseline", "", r"links \['docs/extending.md#a-baseline'\]"),
        ("![迁移方法", "[迁移方法", r"links \['!docs/figures/demo.svg'\]"),
        ("](docs/zh/index.md)。", "](docs/speed.md)。", r"links \['docs/zh/index.md'\]"),
        ("方法 `transfer-mix` 的", "方法 transfer-mix 的", r"code \['`transfer-mix`'\] and \[\]"),
    ],
)
def test_what_is_otherwise_is_noticed(old: str, new: str, said: str) -> None:
    english, chinese = next(iter(CHINESE.items()))
    texts = {english: text_of(english), chinese: text_of(chinese)}
    assert texts[chinese].count(old) == 1
    texts[chinese] = texts[chinese].replace(old, new)
    found = list(differences(english, chinese, texts))
    assert len(found) == 1 and re.search(said, found[0]), found


# ---------------------------------------------------------------------- the table
@pytest.mark.long
def test_both_tables_are_made_of_the_same_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(TOP / "benchmarks" / "studies"))
    script: Any = importlib.import_module("readme")
    with left_out():
        benchmark(["random"], ["AutoML"], split="val", seeds=1, tasks=2, out=tmp_path / "out")
    for name in script.WORDS:
        (tmp_path / name).write_text("<!-- table -->\n<!-- /table -->\n")
    monkeypatch.setattr(script, "TOP", tmp_path)
    monkeypatch.setattr(script.looks, "count", lambda *given: True)
    with pytest.raises(SystemExit, match=r"out of date: README\.md says"):
        script.main(tmp_path / "out", check=True)
    script.main(tmp_path / "out", check=False)
    script.main(tmp_path / "out", check=True)
    texts = {name: (tmp_path / name).read_text(encoding="utf-8") for name in script.WORDS}
    assert list(differences("README.md", "README.zh-CN.md", texts)) == []
    assert len(numbers(texts["README.zh-CN.md"])) > 15 and texts["README.zh-CN.md"].count("\n|") == 2 + 3
    (tmp_path / "README.zh-CN.md").write_text(texts["README.zh-CN.md"].replace("| 优化器", "| 方法"), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"out of date: README\.zh-CN\.md says\n  \| 方法"):
        script.main(tmp_path / "out", check=True)
