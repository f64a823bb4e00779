"""The reference is made of the registries and of `hpo_gym.__all__`; lists of pages are made of the pages."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import hpo_gym
from hpo_gym.optimize import OPTIMIZERS

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    return importlib.import_module


# ---------------------------------------------------------------------- a page for each floor
def test_every_public_name_is_in_the_reference_once(made: Any) -> None:
    listed = [name for page in made("api_pages").entries().values() for name in page]
    assert set(hpo_gym.__all__) <= set(listed)
    assert sorted(listed) == sorted(set(listed))


def test_a_name_that_no_list_mentions_is_on_the_page_of_its_floor(made: Any) -> None:
    pages = made("api_pages").entries()
    assert set(pages["checks"]) == {"check_env", "check_optimizer", "check_suite"}
    assert list(pages["problem"])[-1] == "hypervolume"


def test_members_may_go_on_in_the_next_line(made: Any) -> None:
    assert made("api_pages").entries()["bench"]["Results"].endswith("plot_ranks, plot_profile, plot_task, plot_run, "
                                                                    "to_markdown, to_latex, write")  # fmt: skip


@pytest.mark.parametrize(
    ("name", "members", "lines"),
    [
        ("HPOEnv", "reset, step", [".. autoclass:: hpo_gym.HPOEnv", "   :members: reset, step"]),
        ("Optimizer", "*", [".. autoclass:: hpo_gym.Optimizer", "   :members:"]),
        ("train", "", [".. autofunction:: hpo_gym.train"]),
        ("SUITES", "", [".. autodata:: hpo_gym.SUITES", "   :no-value:"]),
        ("SplitError", "", [".. autoexception:: hpo_gym.SplitError", "   :show-inheritance:"]),
    ],
)
def test_a_name_is_documented_as_what_it_is(made: Any, name: str, members: str, lines: list[str]) -> None:
    assert list(made("api_pages").directive(name, members)) == lines


@pytest.mark.long
def test_links_of_the_list_are_those_of_one_folder_up(made: Any) -> None:
    text = "\n".join(made("api_pages").listing())
    links = re.findall(r"\]\(([^)#]+)", text)
    assert len(links) > 20 and all(link.startswith("reference/") or (DOCS / link).is_file() for link in links)
    assert "- {py:obj}`hpo_gym.Trial`: A query and its outcome\n" in text


# ---------------------------------------------------------------------- a page for each group of optimizers
def test_every_family_has_a_page(made: Any) -> None:
    groups = set(made("registered").GROUPS)
    assert groups == {entry.about["family"] for entry in OPTIMIZERS.entries().values()}
    listed = re.findall(r"^optimizers/(.+)$", (DOCS / "optimizers.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(groups)


@pytest.mark.long
def test_every_member_of_a_family_is_on_its_page(made: Any) -> None:
    registered = made("registered")
    for group in registered.GROUPS:
        shown = {cells[0] for cells in registered.grid(group).rows}
        assert {f"[`{name}`](#{name})" for name in registered.members(group)} <= shown


@pytest.mark.long
def test_a_table_of_a_group_begins_with_its_best_result(made: Any) -> None:
    rows = made("registered").grid("rl").rows
    assert rows[0][0] == "[`ppo-pool-tables`](#ppo-pool)" and rows[0][-1] == "`ppo-pool`, trained; it ships"
    ratios = [float(cells[1].split(" ")[0].removesuffix("\\*")) for cells in rows if cells[2] == "8"]
    assert ratios == sorted(ratios) and len(ratios) > 5
    assert rows[-1][1] == ""  # without reference runs


# ---------------------------------------------------------------------- lists of pages
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# T\n\nUnbuilt, tables are keys.\n\nOne [link](a.md)\nof two. And more.\n", "One link of two"),
        ("# T\n\n```python\nx = 1\n```\n\n![a](b.png)\n\n    command\n\n| a |\n|---|\n\nShort: yes.\n", "Short: yes"),
        (f"# T\n\nA head that says enough for a line: {'long ' * 40}end.\n", "A head that says enough for a line"),
        (f"# T\n\nThree things: {'long ' * 40}end.\n", f"Three things: {'long ' * 40}end"),
        ("# T\n\nThis notebook shows one run. And more.\n", "Shows one run"),
        ("# T\n\nIt has {num}`a/b[c][d]` of it.\n", ""),
        ("# T\n\n## U\n", ""),
        ("# T\n\nIs .5 GB, 3.2 of it v0. Then.\n", "Is .5 GB, 3.2 of it v0"),
    ],
)
def test_the_sentence_of_a_page_by_hand(made: Any, text: str, sentence: str) -> None:
    pytest.importorskip("sphinx", reason="the documentation needs: pip install 'hpo-gym[docs]'")
    assert made("sentences").sentence_of(text) == sentence


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("tune", (None, None, "tune", None)),
        ("reference/*", (None, None, "reference/*", None)),
        ("faq: Answers: many", (None, None, "faq", "Answers: many")),
        ("Folder a/b <repository/a-b>", ("Folder a/b", "repository/a-b", None, None)),
        ("The sampler <optuna>: of ours", ("The sampler", "optuna", None, "of ours")),
    ],
)
def test_a_line_of_a_list_is_read(made: Any, line: str, parts: tuple[str | None, ...]) -> None:
    pytest.importorskip("sphinx", reason="the documentation needs: pip install 'hpo-gym[docs]'")
    found = made("sentences").ENTRY.fullmatch(line)
    assert found is not None and found.group("title", "page", "plain", "words") == parts
