"""A reader's tasks are done from the front page in few clicks, and the code that is found runs; see readers.py."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import readers
from readers import TASKS, Found, Step, Task, pictures, play, served
from test_site import site  # noqa: F401  # a fixture

pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install hpo-gym[test]")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(readers.BROWSER is None or readers.DRIVER is None, reason=readers.MISSING),
]
FRONT = """<meta charset="utf-8"><h1>Top<a>#</a></h1><p><a href="b.html">Below</a>
<a href="b.html" hidden>Hidden</a></p>
<form action="b.html"><input name="q"></form>"""
BELOW = """<h1>Other</h1><h2>First</h2><pre>one</pre><h3>In it</h3><pre>two</pre><h2>Second</h2><pre>three</pre>
<a href="#a">Hit</a><p id="search-results"><a href="b.html">Hit</a></p>
<div style="height: 9000px"></div>"""


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with readers.browser() as started:
        yield started


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site of two pages."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "index.html").write_text(FRONT, encoding="utf-8")
    (folder / "b.html").write_text(BELOW, encoding="utf-8")
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def found(site: Path, driver: Any) -> dict[str, Found | LookupError]:  # noqa: F811
    """What each task finds."""

    def outcome(address: str, task: Task) -> Found | LookupError:
        try:
            return play(driver, address, task)
        except LookupError as error:
            return error

    with served(site) as address:
        return {task.name: outcome(address, task) for task in TASKS}


# ---------------------------------------------------------------------- the site
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_is_done_in_three_clicks(found: dict[str, Any], task: Task) -> None:
    assert getattr(found[task.name], "done", False), found[task.name]


@pytest.mark.parametrize("task", [task for task in TASKS if task.run], ids=lambda task: task.name)
def test_the_code_that_is_found_runs(found: dict[str, Any], task: Task, tmp_path: Path) -> None:
    if task.missing:
        pytest.skip(f"the code needs {', '.join(task.missing)}: pip install 'hpo-gym[rl,sklearn]'")
    assert task.run is not None and task.run(found[task.name].texts, tmp_path)


# ---------------------------------------------------------------------- the reader, on two pages by hand
@pytest.mark.parametrize(
    ("step", "search", "clicks", "text"),
    [
        (Step("Below", "First", "o"), "", 1, "one"),
        (Step("Below", "First", "w"), "", 1, "two"),
        (Step("Below", "Second", "e"), "", 1, "three"),
        (Step("", "First", "one"), "words", 1, "one"),
        (Step("Hit", "First", "one"), "words", 2, "one"),
    ],
)
def test_what_is_read_below_a_heading(driver: Any, small: str, step: Step, search: str, clicks: int, text: str) -> None:
    read = play(driver, small, Task("t", (step,), search))
    assert (read.clicks, read.page.split("?")[0], read.texts) == (clicks, "b.html", [text])
    assert read.seconds > 0 and read.done


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Step("Hidden", "First", "one"), "t: no visible link 'Hidden' on .*index.html"),
        (Step("Below", "First", "three"), "t: no 'three' below 'First' on .*b.html"),
        (Step("Below", "Third", "three"), "t: no 'three' below 'Third'"),
    ],
)
def test_what_is_missing_is_named(driver: Any, small: str, step: Step, error: str) -> None:
    with pytest.raises(LookupError, match=error):
        play(driver, small, Task("t", (step,)), patience=0.5)


def test_many_clicks_are_fine_within_a_minute_only() -> None:
    assert [Found(c, s, "", []).done for c, s in ((3, 61.0), (4, 60.0), (4, 61.0))] == [True, True, False]


def test_a_page_has_four_pictures(driver: Any, small: str, tmp_path: Path) -> None:
    drawn = pictures(driver, {"a/b": f"{small}/b.html"}, tmp_path / "new")
    assert [p.name for p in drawn] == [f"a-b-{w}-{s}.png" for w in (1300, 390) for s in ("light", "dark")]
    sizes = [struct.unpack(">II", p.read_bytes()[16:24]) for p in drawn]
    assert sizes == [(1300, 4000), (1300, 4000), (390, 4000), (390, 4000)]
