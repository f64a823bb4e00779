"""The built pages: all is there, links lead somewhere, and a phone, the dark and a screen reader are thought of.

`HPO_GYM_SITE` names a folder that was built before; without it, the pages are built, with warnings as errors.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
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
    for package in ("sphinx", "myst_nb", "furo"):
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
def phone() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install hpo-gym[test]")
    if BROWSER is None or DRIVER is None:
        pytest.skip("no Chromium with its driver on PATH: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    yield driver
    driver.quit()


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
def test_who_asks_for_the_dark_gets_it(site: Path, phone: Any) -> None:
    phone.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    phone.get((site / "index.html").as_uri())
    ask = "const c = getComputedStyle(document.body); return [c.backgroundColor, c.color]"
    back, text = ([int(n) for n in c.strip("rgba()").split(",")[:3]] for c in phone.execute_script(ask))
    assert max(back) < 60 and min(text) > 180
