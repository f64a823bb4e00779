"""A stranger's text in what we write for other tools: it stays text in each language, or is refused."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import toys
import yaml

import hpo_gym
from hpo_gym import base
from hpo_gym.base import DamagedDataError, InvalidValueError
from hpo_gym.suites import load_folder, suite_from_csv, table_suite
from hpo_gym.system.storage.whole import sealed
from hpo_gym.tuning.export.policy import model_card, pack_policy

MARKDOWN = pytest.importorskip("markdown_it", reason="comes with the extra 'docs'").MarkdownIt(
    "gfm-like", {"linkify": False}
)

HOSTILE = (
    'SVM") and open("RAN", "w") and print("', '"""\nopen("RAN", "w")\n"""', "'''+open('RAN','w')+'''", "\\", "\\\"",
    "{{ 7 * 7 }}", "${raw:load}", "$name", "%(x)s", "x\\", "---\nlicense: mit\n---", ": - [a, {b", "!!python/name:os.x",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;", "](https://evil.example)", "`a` ``",
    "`", "![i](https://evil.example/x.png)", "a|b\n| c |", "# head\n\n- list", "**b** _i_ ~~s~~", "[^1]: x",
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1", "\\input{/etc/passwd}", "$\\immediate\\write18{x}$",
    "{x}_y^z#~%&", "a\u202egnp.exe", "a\u200bb\u2066c", "\x1b[31m\x00\x07", "\ud7ff\ue000", "漢字 ä", "",
)  # fmt: skip


class Tags(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags += [tag, *(name for name, _ in attrs)]

    def handle_data(self, data: str) -> None:
        self.text += data


def kinds(text: str) -> list[str]:
    """The structure of a page of Markdown: the types of its tokens, texts aside."""
    return [t.type for token in MARKDOWN.parse(text) for t in (token, *(token.children or ())) if t.type != "text"]


# ---------------------------------------------------------------------- the doors
@pytest.mark.parametrize("text", HOSTILE)
def test_each_door_keeps_a_text_a_text(text: str) -> None:
    plain = base.printable(text)
    assert plain.isprintable() and len(plain) == len(text)
    assert yaml.safe_load(base.as_yaml({"a": text, "b": [text], "c": 1})) == {"a": plain, "b": [plain], "c": 1}
    shown = Tags(f'<p title="{base.as_html(text)}">{base.as_html(text)}</p>')
    assert shown.tags == ["p", "title"] and shown.text == base.printable(text, lines=True)
    (paragraph,) = MARKDOWN.render(f"x{base.as_markdown(text)}x").splitlines()
    assert Tags(paragraph).tags == ["p"] and Tags(paragraph).text == f"x{plain}x"
    if plain.strip() == plain:
        assert Tags(MARKDOWN.render(f"x {base.as_code(text)} x")).text.strip() == f"x {plain or ' '} x"
    assert kinds(f"x {base.as_code(text)} x") == ["paragraph_open", "inline", "code_inline", "paragraph_close"]
    assert kinds(f"x {base.as_link(text)} x") == ["paragraph_open", "inline", "paragraph_close"]
    left = re.sub(
        r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater)\{\}|\\[&%$#_{}]",
        "",
        base.as_latex(text),
    )
    assert not re.search(r"[\\&%$#_{}~^<>\n]", left)
    stream = io.StringIO()
    csv.writer(stream).writerow([base.as_cell(text), 1])
    (cell, _) = next(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝")) and base.of_cell(cell) == text


def test_an_address_is_a_link_and_nothing_else() -> None:
    assert base.as_link("https://example.org/a_b?c=1") == "<https://example.org/a_b?c=1>"
    for text in ("https://a b", "https://a>x", "javascript:alert(1)", "http://a", "https://a)[x](y"):
        assert base.as_link(text) == base.as_markdown(text)


def test_a_table_has_no_formulas_and_reads_back_as_it_was(tmp_path: Path) -> None:
    texts = [text for text in HOSTILE if text.strip() == text and text and "\x00" not in text]
    frame = pd.DataFrame({"=kind": texts, "lr": [-0.5] * len(texts), "score": 1.0})
    (tmp_path / "t.csv").write_bytes(base.as_csv(frame).encode())
    (head, *lines) = csv.reader((tmp_path / "t.csv").open(newline="", encoding="utf-8"))
    assert head == ["'=kind", "lr", "score"] and {line[1] for line in lines} == {"-0.5"}
    assert not any(line[0].startswith(("=", "+", "-", "@")) for line in lines)
    assert hpo_gym.suites.read_rows(tmp_path / "t.csv")["=kind"].tolist() == texts


# ---------------------------------------------------------------------- one pattern of names
BAD = [text for text in HOSTILE if text]


def saved_suite(name: str, folder: Path) -> Path:
    toys.plain().save(folder / "suite")
    said = json.loads((folder / "suite" / "suite.json").read_text())
    said.pop("checksum")
    (folder / "suite" / "suite.json").write_bytes(sealed({**said, "name": name}))
    return folder / "suite"


@pytest.mark.parametrize("name", BAD)
def test_one_pattern_of_names_is_for_suites_policies_and_entries(name: str, tmp_path: Path) -> None:
    rule = "must be 1 to 64 letters, digits and"
    with pytest.raises(InvalidValueError, match=rule) as fault:
        base.name_checked("its name", name)
    near = str(fault.value).rpartition("the nearest is '")[2].removesuffix("'.")
    assert base.name_checked("its name", near) == near
    with pytest.raises(InvalidValueError, match=rule):
        table_suite(name, {"a": (0.0, 1.0)}, [[0.0], [1.0]], [[0.0, 1.0]])
    (tmp_path / "my trials.csv").write_text("a,score\n1,2\n2,3\n")
    assert suite_from_csv(tmp_path / "my trials.csv").name == "my-trials"
    with pytest.raises(InvalidValueError, match=rule):
        suite_from_csv(tmp_path / "my trials.csv", name=name)
    folder = saved_suite(name, tmp_path)
    for taken in (load_folder, hpo_gym.load_suite):
        with pytest.raises(DamagedDataError, match=f"suite.json: `name` {rule}"):
            taken(folder)
    with pytest.raises(InvalidValueError, match=rule):
        model_card(name, tmp_path, {})
    if "/" not in name:
        with pytest.raises(InvalidValueError, match=rule):
            pack_policy("q-learning-automl", {}, f"{name}.hpo")
    assert not (tmp_path / "new").exists()


# ---------------------------------------------------------------------- exports
@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return the folder of a policy whose description says something else too."""
    home = tmp_path_factory.mktemp("theirs")
    hpo_gym.load("q-learning-automl").save(home / "agent")  # type: ignore[attr-defined]

    def changed(folder: Path, **said: Any) -> Path:
        folder.mkdir(parents=True)
        for file in (home / "agent").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        head = json.loads((folder / "optimizer.json").read_text())
        head.pop("checksum")
        (folder / "optimizer.json").write_bytes(sealed({**head, **said}))
        return folder

    return changed


@pytest.mark.parametrize("text", BAD)
def test_a_card_of_a_strangers_policy_has_the_structure_of_ours(
    text: str, theirs: Callable[..., Path], tmp_path: Path
) -> None:
    """Whatever stands in its description and in the words of its authors."""
    words = ("authors", "licence", "about", "chosen", "code")
    ours = model_card("a", theirs(tmp_path / "ours"), {**dict.fromkeys(words, "x"), "test_evaluations": 1})
    settings = {**json.loads((tmp_path / "ours" / "optimizer.json").read_text())["settings"], text: text}
    said = {"version": text, "seen": [text], "suites": [text, "AutoML"], "data": {"AutoML": text}, "settings": settings}
    folder = theirs(tmp_path / "theirs", **said, made_of={"package": text, "optimizers": {text: text}})
    card = model_card("a", folder, {**dict.fromkeys(words, text), "test_evaluations": 1})
    (_, head, page), (_, own, other) = (one.split("---\n", 2) for one in (card, ours))
    assert kinds(page) == kinds(other) and page.count("\n") == other.count("\n")
    front = yaml.safe_load(head)
    assert front.keys() == yaml.safe_load(own).keys() and front["license"] == base.printable(text)
    assert f"- Trained on the training tasks of: AutoML (data {base.as_markdown(text[:8])})." in page


def test_templates_name_a_language_for_every_value() -> None:
    """What goes in as it is was written by us."""
    raw = set[str]()
    for file in (Path(hpo_gym.__file__).parent / "tuning" / "export" / "templates").iterdir():
        places = re.findall(r"\{\{ (.*?) \}\}", file.read_text())
        assert all(re.fullmatch(r"[a-z_]+ \| (md|link|code|name|raw)", place) for place in places), file.name
        raw |= {place.removesuffix(" | raw") for place in places if place.endswith(" | raw")}
    assert raw == {"front", "requirement", "maker"}
