"""The built pages: all is there, links lead somewhere; phones, the dark, keyboards and screen readers are thought of.

`HPO_GYM_SITE` names a folder that was built before; without it, the pages are built, with warnings as errors.
"""

from __future__ import annotations

import ast
import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from site_pages import Page, broken, inventory, pages, read

import hpo_gym
from hpo_gym.base.registry import scan_names
from hpo_gym.env.codecs import CODECS
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.rewards import REWARDS
from hpo_gym.env.scales import SCORES
from hpo_gym.optimize.protocol import OPTIMIZERS

TOP = Path(__file__).resolve().parents[2]
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
NO_CHECKS = ("search.html", "genindex.html", "py-modindex.html")  # made by Sphinx, without a text of ours


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages."""
    if "HPO_GYM_SITE" in os.environ:
        return Path(os.environ["HPO_GYM_SITE"])
    for package in ("sphinx", "myst_nb", "furo", "sphinx_copybutton"):
        pytest.importorskip(package, reason="the documentation needs: pip install 'hpo-gym[docs]'")
    out = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-d",
        f"{out}/trees",
        TOP / "docs",
        out / "html",
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out / "html"


@pytest.fixture(scope="module")
def found(site: Path) -> dict[str, Page]:
    return pages(site)


def texts(found: dict[str, Page]) -> dict[str, Page]:
    """The pages that have a text of ours."""
    return {k: p for k, p in found.items() if k not in NO_CHECKS and not k.startswith("_modules/")}


# ---------------------------------------------------------------------- the reader itself
def test_what_is_read_of_a_page_by_hand() -> None:
    page = read(
        '<html lang="en"><title>A</title><img src="a.png"><article id="x"><h1>A</h1><h3>B</h3><img src="b.png" alt="c">'
        '<table><tr><th>d</th></tr></table><table><tr><td><a href="#y">e</a></td></tr></table></article>'
    )
    assert page == Page("en", "A", ["x"], ["a.png", "b.png", "#y"], ["c"], [1, 3], [True, False])


def test_broken_links_by_hand(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.html").write_text(
        '<a href="in/b.html#there"></a><a href="in/b.html#no"></a><a href="c%20d.txt"></a>'
    )
    (tmp_path / "in" / "b.html").write_text(
        '<p id="there"><a href="../a.html"></a><a href="#no"></a><a href="x.html"></a>'
    )
    (tmp_path / "c d.txt").write_text("")
    assert sorted(broken(tmp_path, pages(tmp_path))) == [
        "a.html: in/b.html#no: no such anchor", "in/b.html: #no: no such anchor", "in/b.html: x.html: no such file",
    ]  # fmt: skip


# ---------------------------------------------------------------------- what there is
@pytest.mark.long
def test_there_is_a_page_for_every_text_notebook_and_env(found: dict[str, Page]) -> None:
    written = {p.relative_to(TOP / "docs").with_suffix(".html").as_posix() for p in (TOP / "docs").rglob("[a-z]*.md")}
    notebooks = {f"notebooks/{p.stem}.html" for p in (TOP / "notebooks").glob("*.ipynb")}
    envs = {f"envs/{name.lower()}.html" for name in scan_names("hpo_gym.suites", "SUITES")}
    assert written | notebooks | envs <= set(found)


@pytest.mark.long
def test_every_public_name_has_an_entry(site: Path) -> None:
    known = inventory(site)
    names = {f"hpo_gym.{name}" for name in hpo_gym.__all__}
    for registry in (OPTIMIZERS, OBSERVERS, CODECS, REWARDS, SCORES):
        names |= {f"{entry.module}.{entry.maker}" for entry in registry.entries().values()}
    bridge = ast.parse((TOP / "hpo_gym" / "sb3.py").read_text(encoding="utf-8")).body
    names |= {
        f"hpo_gym.sb3.{n.name}" for n in bridge if isinstance(n, (ast.ClassDef, ast.FunctionDef)) and n.name[0] != "_"
    }
    assert len(names) > 150 and sorted(names - known) == []


@pytest.mark.long
def test_every_link_and_anchor_leads_somewhere(site: Path, found: dict[str, Page]) -> None:
    assert sum(len(page.links) for page in found.values()) > 5_000
    assert sorted(set(broken(site, found))) == []


@pytest.mark.long
def test_no_page_shows_what_sphinx_keeps_of_a_text(site: Path, found: dict[str, Page]) -> None:
    shown = [name for name in texts(found) if "&lt;inline" in (site / name).read_text(encoding="utf-8")]
    assert shown == []


@pytest.mark.long
def test_every_page_is_in_the_sidebar(found: dict[str, Page]) -> None:
    front = {link.split("#")[0] for link in found["index.html"].links}
    assert sorted(set(texts(found)) - front - {"index.html"}) == []
    assert "zh/index.html" in front


@pytest.mark.long
@pytest.mark.parametrize("name", ["index.html", "zh/index.html", "reference/env.html"])
def test_the_sidebar_shows_at_most_twenty_entries_unopened(site: Path, name: str) -> None:
    tree = (
        (site / name)
        .read_text(encoding="utf-8")
        .split('class="sidebar-tree"')[1]
        .split("</nav>")[0]
        .split("</aside>")[0]
    )
    assert 12 <= tree.count('class="toctree-l1') <= 20


@pytest.mark.long
def test_a_page_with_pages_below_has_a_line_for_each(site: Path) -> None:
    for name, below in {"notebooks": "notebooks/*.ipynb", "optimizers": "docs/optimizers/*.md"}.items():
        text = (site / f"{name}.html").read_text(encoding="utf-8").split('class="children')[1]
        for path in TOP.glob(below):
            assert re.search(rf'<li><p><a [^>]*href="{name}/{path.stem}\.html"[^>]*>.+?</a>: \S', text, re.S), path


@pytest.mark.long
def test_every_floor_of_the_reference_is_listed_with_links_to_its_names(site: Path) -> None:
    text = (site / "api.html").read_text(encoding="utf-8")
    for name in hpo_gym.__all__:
        assert re.search(rf'href="reference/\w+\.html#hpo_gym\.{name}"', text), name


@pytest.mark.long
def test_the_search_knows_every_page(site: Path, found: dict[str, Page]) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert all(f'"{name.removesuffix(".html")}"' in index for name in texts(found))
    assert "portfolio" in index


@pytest.mark.long
def test_outputs_of_notebooks_are_shown(site: Path) -> None:
    for path in (TOP / "notebooks").glob("*.ipynb"):
        text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert 'class="cell_output' in text and "<img" in text and "Traceback" not in text


@pytest.mark.long
def test_formulas_need_no_script_and_no_network(site: Path) -> None:
    text = (site / "notebooks" / "04_maml.html").read_text(encoding="utf-8")
    assert "<math" in text and "\\theta" not in text
    for page in site.rglob("*.html"):
        assert '<script src="http' not in page.read_text(encoding="utf-8")


# ---------------------------------------------------------------------- who reads it
@pytest.mark.long
def test_pages_say_language_and_title(found: dict[str, Page]) -> None:
    for name, page in found.items():
        assert page.language == ("zh-CN" if name.startswith("zh/") else "en"), name
        assert page.title.strip(), name


@pytest.mark.long
def test_images_have_words(found: dict[str, Page]) -> None:
    for name, page in found.items():
        assert all(alt and not alt.endswith((".png", ".svg")) for alt in page.alternatives), (name, page.alternatives)
    assert sum(len(page.alternatives) for page in found.values()) > 20


@pytest.mark.long
def test_headings_go_down_one_at_a_time(found: dict[str, Page]) -> None:
    for name, page in texts(found).items():
        assert page.headings[0] == 1 and page.headings.count(1) == 1, (name, page.headings)
        assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False)), (name, page.headings)


@pytest.mark.long
def test_tables_have_header_cells(found: dict[str, Page]) -> None:
    assert {name: page.headed for name, page in texts(found).items() if not all(page.headed)} == {}


@pytest.mark.long
def test_no_id_stands_twice(found: dict[str, Page]) -> None:
    for name, page in texts(found).items():
        assert sorted({i for i in page.ids if page.ids.count(i) > 1}) == [], name


# ---------------------------------------------------------------------- in a browser
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install hpo-gym[test]")
    if BROWSER is None or DRIVER is None:
        pytest.skip("no Chromium with its driver on PATH: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


def sized(driver: Any, width: int, height: int, scheme: str = "light") -> Any:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    return driver


@pytest.fixture
def phone(browser: Any) -> Any:
    return sized(browser, 390, 844)


@pytest.fixture
def desktop(browser: Any) -> Any:
    return sized(browser, 1300, 900)


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The address of the site, served: a search reads the pages that it finds."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def until(check: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What a check returns, once that is true."""
    end = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def press(driver: Any, key: str) -> str:
    """Press a key and return the link or the class of what has the focus then."""
    from selenium.webdriver import ActionChains, Keys

    ActionChains(driver).send_keys(getattr(Keys, key)).perform()
    ask = "const e = document.activeElement; return e.getAttribute('href') || e.className || e.tagName"
    return str(driver.execute_script(ask))


@pytest.mark.long
def test_no_page_scrolls_sideways_on_a_phone(site: Path, found: dict[str, Page], phone: Any) -> None:
    wide = {}
    for name in texts(found):
        phone.get((site / name).as_uri())
        width = phone.execute_script("return document.documentElement.scrollWidth")
        if width > 390:
            wide[name] = width
    assert wide == {}


@pytest.mark.long
def test_the_front_fits_a_desktop_and_its_code_does_not_scroll(site: Path, desktop: Any) -> None:
    for name in ("index.html", "zh/index.html"):
        desktop.get((site / name).as_uri())
        assert desktop.execute_script("return document.documentElement.scrollWidth") <= 1300
        ask = "return [...document.querySelectorAll('.front pre')].map(e => e.scrollWidth - e.clientWidth)"
        assert desktop.execute_script(ask) == [0, 0, 0, 0]


@pytest.mark.long
def test_who_asks_for_the_dark_gets_it(site: Path, browser: Any) -> None:
    sized(browser, 390, 844, "dark").get((site / "index.html").as_uri())
    ask = "const c = getComputedStyle(document.querySelector(arguments[0])); return [c.backgroundColor, c.color]"
    for part in ("body", ".front .door"):
        back, text = ([int(n) for n in c.strip("rgba()").split(",")[:3]] for c in browser.execute_script(ask, part))
        assert max(back) < 60 and min(text) > 180


@pytest.mark.long
def test_doors_are_reached_by_keyboard(site: Path, desktop: Any) -> None:
    desktop.get((site / "index.html").as_uri())
    ask = "return [...document.querySelectorAll('.front .door')].map(d => d.querySelector('li a').getAttribute('href'))"
    doors = desktop.execute_script(ask)
    assert len(doors) == 3
    assert "skip-to-content" in desktop.execute_script(
        "return document.querySelector('.skip-to-content').className"
    ) and "#" in press(desktop, "TAB")
    press(desktop, "ENTER")  # past the sidebar
    reached = [press(desktop, "TAB") for _ in range(36)]
    assert set(doors) <= set(reached)
    assert any("copybtn" in focus for focus in reached)


@pytest.mark.long
def test_a_copy_button_that_has_the_focus_is_seen(site: Path, desktop: Any) -> None:
    desktop.get((site / "index.html").as_uri())
    until(lambda: desktop.execute_script("return document.querySelectorAll('.copybtn').length"))
    desktop.execute_script("document.querySelector('.door h2 a').focus()")
    for _ in range(12):
        if "copybtn" in press(desktop, "TAB"):
            break
    seen = "return getComputedStyle(document.activeElement).opacity"
    assert until(lambda: desktop.execute_script(seen) == "1")


@pytest.mark.long
def test_code_can_be_copied_and_outputs_have_no_button(site: Path, desktop: Any) -> None:
    count = "return document.querySelectorAll(arguments[0]).length"
    for name, code in {"index.html": ".door pre", "notebooks/01_quickstart.html": ".cell_input pre"}.items():
        desktop.get((site / name).as_uri())
        until(lambda: desktop.execute_script(count, ".copybtn"))
        assert desktop.execute_script(count, ".copybtn") >= desktop.execute_script(count, code) >= 3
    assert desktop.execute_script(count, ".cell_output pre") > 0
    assert desktop.execute_script(count, ".cell_output .copybtn") == 0
    desktop.get((site / "tutorials" / "train-ppo.html").as_uri())
    until(lambda: desktop.execute_script(count, ".copybtn"))
    assert desktop.execute_script(count, ".highlight-console pre") > 0
    assert desktop.execute_script(count, ".highlight-console .copybtn") == 0


@pytest.mark.long
def test_a_search_finds_what_an_observer_is(address: str, desktop: Any) -> None:
    desktop.get(f"{address}/search.html?q=observer")
    links = "[...document.querySelectorAll('#search-results li a')]"
    ask = f"return {links}.map(a => a.getAttribute('href').split(/[#?]/)[0])"
    assert until(lambda: "environment.html" in desktop.execute_script(ask))
    assert "reference/env.html" in desktop.execute_script(ask)
