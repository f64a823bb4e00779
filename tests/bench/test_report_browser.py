"""The report in a browser: a page of a small comparison in headless Chromium, by its driver.

Skipped where there is none: `apt-get install chromium chromium-driver` (Debian), or any Chromium or Chrome with its
`chromedriver` on PATH.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_gym.bench import Results
from hpo_gym.bench.report.finding import finding
from hpo_gym.bench.runner import benchmark

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install hpo-gym[test]")
By = pytest.importorskip("selenium.webdriver.common.by").By
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        BROWSER is None or DRIVER is None,
        reason="no Chromium with its driver on PATH: apt-get install chromium chromium-driver",
    ),
]
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
DESK = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a comparison of two suites: one with test scores and failed trials, and one without."""
    out = tmp_path_factory.mktemp("browser")
    benchmark(["random", "ga"], ["SVM", "AutoML"], tasks=9, seeds=1, budget=12, out=out)
    return out / "report.html"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium: Any, report: Path, request: pytest.FixtureRequest) -> Any:
    """The page as it opens, on a desk unless the test asks for a phone."""
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", getattr(request, "param", DESK))
    for kind in ("browser", "performance"):
        chromium.get_log(kind)  # what was before
    chromium.get(report.as_uri())
    return chromium


def settle(page: Any) -> None:
    """Wait until what was opened has been drawn: a browser says so a moment later."""
    page.execute_async_script("const done = arguments[0]; setTimeout(() => requestAnimationFrame(() => done()), 200)")


def column(table: Any, number: int) -> list[str]:
    """The texts of a column, without what stands in small print, of rows that are shown."""
    rows = table.find_elements(By.CSS_SELECTOR, "tbody tr")
    return [
        row.find_elements(By.CSS_SELECTOR, "th, td")[number].text.split("\n")[0] for row in rows if row.is_displayed()
    ]


def head(table: Any, title: str) -> Any:
    buttons = table.find_elements(By.CSS_SELECTOR, "thead button")
    return next(b for b in buttons if b.text.replace("\n", "").startswith(title))


def test_nothing_is_fetched_and_nothing_goes_wrong(page: Any) -> None:
    for details in page.find_elements(By.TAG_NAME, "details"):
        page.execute_script("arguments[0].open = true", details)
    settle(page)
    assert len(page.find_elements(By.CSS_SELECTOR, ".run .plot svg")) == 8, "each run was drawn"
    assert page.get_log("browser") == []  # violations of the policy would be here too
    asked = [e["message"] for e in page.get_log("performance") if "Network.requestWillBeSent" in e["message"]]
    assert len(asked) == 1 and "report.html" in asked[0]  # the page itself


@pytest.mark.parametrize("page", [PHONE, DESK], indirect=True)
def test_nothing_is_wider_than_the_screen_but_what_scrolls(page: Any) -> None:
    for details in page.find_elements(By.TAG_NAME, "details"):
        page.execute_script("arguments[0].open = true", details)
    settle(page)
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    wide = page.execute_script("""
        const scrolls = ".scroll, .plot, nav div";
        return [...document.querySelectorAll("body *")]
            .filter((e) => !e.closest(scrolls) && e.getBoundingClientRect().right > innerWidth + 0.5)
            .map((e) => e.outerHTML.slice(0, 80));
    """)
    assert wide == []


def test_a_click_sorts_another_turns_it_and_a_third_restores(page: Any) -> None:
    table = page.find_element(By.CSS_SELECTOR, 'table[aria-label="All columns, SVM"]')
    page.execute_script("arguments[0].closest('details').open = true", table)
    titles = [b.text.replace("\n", "") for b in table.find_elements(By.CSS_SELECTOR, "thead button")]
    place = next(i for i, t in enumerate(titles) if t.startswith("regret@12"))
    names, regrets = column(table, 0), list(map(float, column(table, place)))
    head(table, "regret@12").click()
    assert list(map(float, column(table, place))) == sorted(regrets) != regrets
    assert table.find_element(By.CSS_SELECTOR, '[aria-sort="ascending"]').text.startswith("regret")
    head(table, "regret@12").send_keys(Keys.ENTER)  # the keyboard does the same
    assert list(map(float, column(table, place))) == sorted(regrets, reverse=True)
    head(table, "regret@12").send_keys(Keys.ENTER)
    assert column(table, 0) == names
    head(table, "optimizer").click()
    assert column(table, 0) == sorted(names)


def test_the_filter_leaves_the_rows_that_have_all_words(page: Any) -> None:
    page.execute_script("document.querySelectorAll('#tasks details').forEach((d) => { d.open = true; })")
    table = page.find_element(By.CSS_SELECTOR, 'table[aria-label="AUC by task, SVM"]')
    field = page.find_element(By.CSS_SELECTOR, '[aria-label="Filter rows: AUC by task, SVM"]')
    names = column(table, 0)
    assert len(names) == 9
    field.send_keys(names[3].upper())
    assert column(table, 0) == [n for n in names if names[3].lower() in n.lower()]
    assert " of 9" in field.find_element(By.XPATH, "following-sibling::*").text
    field.send_keys(" nothing-of-that-name")
    assert column(table, 0) == []
    field.clear()
    field.send_keys(Keys.SPACE)
    assert column(table, 0) == names


def test_what_the_script_adds_is_not_needed_to_read(chromium: Any, report: Path) -> None:
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chromium.get(report.as_uri())
        assert chromium.find_elements(By.CSS_SELECTOR, "thead button, .filter, .tip") == []
        assert "has the lowest" in chromium.find_element(By.CSS_SELECTOR, "header p").text
        run = chromium.find_element(By.CSS_SELECTOR, "details.run")
        run.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
        rows = run.find_elements(By.CSS_SELECTOR, "tbody tr")
        assert len(rows) == 12 and rows[0].is_displayed()
        assert "All numbers are here without it" in chromium.find_element(By.TAG_NAME, "header").text
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


# ---------------------------------------------------------------------- the front, and a phone
def test_the_finding_and_the_groups_stand_before_any_table_or_figure(page: Any, report: Path) -> None:
    lead = page.find_element(By.CSS_SELECTOR, "header p")
    assert lead.text == finding(Results.load(report.parent).data) and "has the lowest" in lead.text
    before = "return !!(arguments[0].compareDocumentPosition(arguments[1]) & Node.DOCUMENT_POSITION_FOLLOWING)"
    assert page.execute_script(before, lead, page.find_element(By.CSS_SELECTOR, "table, figure"))
    found = Results.load(report.parent).data
    rows = page.find_elements(By.CSS_SELECTOR, '[aria-label="Groups, SVM"] li')
    letters = {name: s["group"] for name, s in found["suites"]["SVM"]["optimizers"].items()}
    assert [row.find_element(By.TAG_NAME, "i").text for row in rows] == sorted(set("".join(letters.values())))
    for row in rows:
        mark, names = row.find_element(By.TAG_NAME, "i").text, row.find_element(By.TAG_NAME, "span").text
        assert {n for n, own in letters.items() if mark in own} == set(names.replace(" and ", ", ").split(", "))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_light_and_dark(page: Any, scheme: str) -> None:
    """At least 4.5, as WCAG 2.2 demands of text of this size."""
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    try:
        ratios = page.execute_script("""
            const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
            const light = (text) => rgb(text).map((v) => v / 255)
                .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
                .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
            const ground = (e) => {
                const own = getComputedStyle(e).backgroundColor;
                return own.startsWith("rgba") && own.endsWith(" 0)") ? ground(e.parentElement) : own;
            };
            return [...document.querySelectorAll("header p, .note, .groups i, .groups span, th, td")]
                .filter((e) => e.offsetParent)
                .map((e) => [light(getComputedStyle(e).color), light(ground(e))].sort((a, b) => b - a))
                .map(([high, low]) => (high + 0.05) / (low + 0.05));
        """)
        assert len(ratios) > 50 and min(ratios) >= 4.5
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
