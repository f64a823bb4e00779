"""Play a reader's tasks on the built site, in headless Chromium: `python tests/docs/readers.py SITE`.

A reader begins at the front page, follows visible links by their words or asks the search, and reads below a heading
down to a block of code or a row. Code so found is run, in a small size. `--pictures FOLDER` also draws pages.
"""

from __future__ import annotations

import argparse
import base64
import functools
import http.server
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
MISSING = "needs selenium, and Chromium with its driver on PATH: apt-get install chromium chromium-driver"
CLICKS, SECONDS = 3, 60.0
PAGES = ("index", "install", "tutorials/train-ppo", "tune", "environment")
LINK = """
const [text, part] = arguments, all = [...document.querySelectorAll(`${part} a[href]`)];
return all.find((a) => a.innerText.trim() === text && a.checkVisibility());
"""
READ = """
const [heading, answer] = arguments, words = (e) => e.innerText.replace(/[#¶\\s]+$/, "").trim();
const level = (e) => +e.tagName[1], all = [...document.querySelectorAll("h1, h2, h3, h4, pre, tr")];
const top = all.findIndex((e) => /^H/.test(e.tagName) && words(e) === heading);
for (const e of top < 0 ? [] : all.slice(top + 1)) {
    if (/^H/.test(e.tagName) && level(e) <= level(all[top])) break;
    if (!/^H/.test(e.tagName) && e.innerText.includes(answer) && e.checkVisibility()) {
        e.scrollIntoView();
        return e.innerText;
    }
}
"""


@dataclass(frozen=True)
class Step:
    """A link to click, if any, and the answer to read below a heading of the page that it leads to."""

    link: str
    heading: str
    answer: str


@dataclass(frozen=True)
class Task:
    """A reader's task: words to search for, if any; steps; a function that runs what they find, and what that needs."""

    name: str
    steps: tuple[Step, ...]
    search: str = ""
    run: Callable[[list[str], Path], str] | None = None
    needs: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        """Packages that the code needs and that are not installed."""
        return [name for name in self.needs if find_spec(name) is None]


@dataclass(frozen=True)
class Found:
    """What a task took, and the texts that it ends with."""

    clicks: int
    seconds: float
    page: str
    texts: list[str]

    @property
    def done(self) -> bool:
        """Whether it was quick enough."""
        return self.clicks <= CLICKS or self.seconds <= SECONDS


# ---------------------------------------------------------------------- what is found is run
def _run(words: list[str], folder: Path) -> None:
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(words)[:200]} ended with {done.returncode}: {done.stderr[-2000:]}")


def run_command(command: str, folder: Path) -> str:
    """Run a line `hpo-gym bench ..` on two tasks, once each."""
    small = f"{command.strip()} --tasks 2 --seeds 1 --quiet"
    _run(["-m", "hpo_gym", *shlex.split(small.replace("\\\n", " "))[1:]], folder)
    return small


def run_first(texts: list[str], folder: Path) -> str:
    """Run the command beside the installation."""
    parts = [part.strip() for part in re.split(r"&&|\n", texts[0])]
    if not parts[0].startswith("pip install"):
        raise LookupError(f"no installation before {parts[-1]!r}")
    return run_command(next(part for part in parts if part.startswith("hpo-gym ")), folder)


def run_ppo(texts: list[str], folder: Path) -> str:
    """Run the training for one rollout."""
    small, count = re.subn(r"\.learn\([\d_]+\)", ".learn(2_112)", texts[0])
    if count != 1:
        raise LookupError(f"no training in {texts[0]!r}")
    _run(["-c", small], folder)
    return "model.learn(2_112)"


def run_code(texts: list[str], folder: Path) -> str:
    """Run the code as it is."""
    _run(["-c", texts[0]], folder)
    return "as it is"


def run_class(texts: list[str], folder: Path) -> str:
    """Run the command with the template as `mine.py`."""
    command, template = texts
    (folder / "mine.py").write_text(template, encoding="utf-8")
    return run_command(command, folder)


OBSERVERS = Step("Observations, actions, rewards", "Observers", "history")
TASKS = (
    Task("install, and a first table", (Step("", "hpo-gym", "hpo-gym bench"),), run=run_first),
    Task("PPO on the env", (Step("PPO in five minutes", "Train", "PPO("),), run=run_ppo, needs=("stable_baselines3",)),
    Task("tune an SVC", (Step("An SVC", "Tune your own model", "SVC("),), run=run_code, needs=("sklearn",)),
    Task(
        "compare my own class",
        (Step("", "Compare methods", "mine.py:Nudge"), Step("Your own class", "A baseline", "def ask")),
        run=run_class,
    ),
    Task("what an observer shows", (OBSERVERS,)),
    Task("the same by search", (Step("Environment", "Observers", "history"),), search="observer"),
)


# ---------------------------------------------------------------------- the browser
@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium; raise ImportError where it or its driver is missing."""
    from selenium import webdriver

    if BROWSER is None or DRIVER is None:
        raise ImportError(MISSING)
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield sized(driver, 1300, 900, "light")
    finally:
        driver.quit()


def sized(driver: Any, width: int, height: int, scheme: str) -> Any:
    """Set the window and the colours asked for."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    return driver


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder and yield its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def wait_for(driver: Any, script: str, *arguments: str, seconds: float = 30.0) -> Any:
    """Return what a script finds, None if it finds nothing in time."""
    end = time.monotonic() + seconds
    while (found := driver.execute_script(script, *arguments)) is None and time.monotonic() < end:
        time.sleep(0.1)
    return found


# ---------------------------------------------------------------------- a task
def play(driver: Any, address: str, task: Task, patience: float = 30.0) -> Found:
    """Play a task from the front page; raise LookupError where a link or an answer is missing."""
    from selenium.webdriver.common.keys import Keys

    start, clicks, texts = time.monotonic(), 0, []
    driver.get(f"{address}/index.html")
    if task.search:
        field = driver.find_element("css selector", "input[name=q]")
        field.send_keys(task.search, Keys.ENTER)
        clicks += 1
    for number, step in enumerate(task.steps):
        if step.link:
            part = "#search-results" if task.search and not number else "body"
            link = wait_for(driver, LINK, step.link, part, seconds=patience)
            if link is None:
                raise LookupError(f"{task.name}: no visible link '{step.link}' on {driver.current_url}")
            driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", link)
            link.click()  # the theme scrolls smoothly, and a click does not wait for that
            clicks += 1
        text = wait_for(driver, READ, step.heading, step.answer, seconds=patience)
        if text is None:
            raise LookupError(f"{task.name}: no '{step.answer}' below '{step.heading}' on {driver.current_url}")
        texts.append(text)
    page = driver.current_url.removeprefix(f"{address}/")
    return Found(clicks, time.monotonic() - start, page, texts)


def pictures(driver: Any, pages: dict[str, str], folder: Path) -> list[Path]:
    """Draw pages, given by name and address, on a desktop and a phone, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, address in pages.items():
        for width, height in ((1300, 900), (390, 844)):
            for scheme in ("light", "dark"):
                sized(driver, width, height, scheme).get(address)
                long = driver.execute_script("return document.documentElement.scrollHeight")
                clip = {"x": 0, "y": 0, "width": width, "height": min(long, 4000), "scale": 1}
                asked = {"captureBeyondViewport": True, "clip": clip}
                data = driver.execute_cdp_cmd("Page.captureScreenshot", asked)["data"]
                drawn.append(folder / f"{name.replace('/', '-')}-{width}-{scheme}.png")
                drawn[-1].write_bytes(base64.b64decode(data))
    return drawn


def main(site: Path, drawn: Path | None) -> int:
    """Print a table of all tasks; return 1 if one is not done, or its code fails."""
    failed = 0
    print(f"{'task':<28}{'clicks':>6}{'seconds':>9}  page; run")
    with tempfile.TemporaryDirectory() as work, served(site) as address, browser() as driver:
        for number, task in enumerate(TASKS):
            folder = Path(work, str(number))
            folder.mkdir()
            try:
                found = play(driver, address, task)
                ran = f"not run, without {', '.join(task.missing)}" if task.missing else "nothing to run"
                if task.run and not task.missing:
                    ran = task.run(found.texts, folder)
            except (LookupError, RuntimeError) as error:
                failed += 1
                print(f"{task.name}: {error}")
                continue
            failed += not found.done
            print(f"{task.name:<28}{found.clicks:>6}{found.seconds:>9.1f}  {found.page}; {ran}", flush=True)
        if drawn is not None:
            pages = {name: f"{address}/{name}.html" for name in PAGES}
            if (report := Path(work, "0", "hpo-gym-results", "report.html")).exists():
                pages["report"] = report.as_uri()
            print(f"{len(pictures(driver, pages, drawn))} pictures in {drawn}")
    return int(failed > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="the folder of the built pages")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw pages into this folder")
    asked = parser.parse_args()
    sys.exit(main(asked.site, asked.pictures))
