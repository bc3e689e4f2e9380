"""Times of the pages in headless Chromium: ``python -m tests.benchmarks.pages STUDY [STUDY ...] [--plain]``.

Studies are named as the dashboard finds them (``NEUROVAL_HOME``). Printed are seconds on the clock from a click, or
from the server's first answer, until the last thing of the page is drawn, with the server's processor seconds and
memory; with ``--plain`` the same of a Streamlit script that does the same work without caches, and the ratio.
A benchmark, not a test: times differ from machine to machine, ratios less.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect, sync_playwright

from data.home import linked_images, studies
from data.study import read_manifest

ROOT: Final = Path(__file__).parents[2]
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT: Final = 300_000  # milliseconds
LAST: Final = "How this was computed"
PAGES: Final = {
    "Data set": "What was it tested on?",
    "Training": "How was it trained?",
    "Cross-validation": "Is it stable?",
    "Per class": "How good is it on each class?",
    "Confusion": "What is mistaken for what?",
    "Errors": "Where is it wrong?",
    "Confidence": "Does 90% mean 90%?",
    "Overview": "Can this model be trusted?",
}
PLAIN: Final = ("per_class", "confusion", "confidence", "errors", "overview")


class Server:
    """A running server and what it has used so far."""

    def __init__(self, script: str, environment: dict[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
        command += ["--server.headless", "true"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, **quiet)

    def ready(self) -> None:
        for _ in range(1200):
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.05)
        raise SystemExit("no server after a minute")

    @property
    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


@contextmanager
def serving(script: str, **environment: str) -> Iterator[Server]:
    server = Server(script, environment)
    try:
        server.ready()
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


def timed(server: Server, what: str, act: Callable[[], None], seen: Callable[[], None]) -> float:
    """Do something, wait until its result is seen, and print what that took."""
    cpu, start = server.cpu, time.perf_counter()
    act()
    seen()
    took = time.perf_counter() - start
    print(f"  {what:28} {took:7.2f} s, server {server.cpu - cpu:6.2f} s CPU, {server.memory:5.2f} GB", flush=True)  # noqa: T201 - this is what it is for
    return took


def drawn(page: Page, heading: str) -> Callable[[], None]:
    def wait() -> None:
        expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=WAIT)
        expect(page.get_by_text(LAST)).to_have_count(1, timeout=WAIT)  # not that of the page before, still there
        expect(page.locator("[data-testid=stApp][data-test-script-state=running]")).to_have_count(0, timeout=WAIT)

    return wait


def loaded(page: Page) -> None:
    """Wait for the gallery's pictures, if there are any."""
    page.wait_for_function("[...document.querySelectorAll('[data-testid=stMain] img')].every(one => one.complete)")


def dashboard(page: Page, study: str) -> list[float]:
    """Time the dashboard on a study, from a fresh server."""
    took = []
    with serving("dashboard/server.py") as server:
        opened = lambda: page.goto(f"{server.url}/?study={study}")  # noqa: E731 - said in one place
        took.append(timed(server, "first page", opened, drawn(page, PAGES["Overview"])))
        for turn in ("first visit", "again"):
            for name, heading in PAGES.items():
                link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
                took.append(timed(server, f"{name}, {turn}", link.click, drawn(page, heading)))
        page.get_by_test_id("stSidebar").get_by_role("link", name="Errors", exact=True).click()
        drawn(page, PAGES["Errors"])()
        for turn in ("first", "again"):
            page.get_by_role("combobox", name="Reference").click()
            option = page.get_by_role("option").nth(1 if turn == "first" else 2)

            def seen() -> None:
                drawn(page, PAGES["Errors"])()
                loaded(page)

            took.append(timed(server, f"filter to gallery, {turn}", option.click, seen))
    return took


def plain(page: Page, study: str) -> list[float]:
    """Time the plain script on a study."""
    folder = studies()[study]
    images = linked_images(read_manifest(folder).data.name)
    more = {} if images is None else {"PLAIN_IMAGES": str(images.folder)}
    took = []

    def seen() -> None:
        expect(page.get_by_text("done", exact=True)).to_be_visible(timeout=WAIT)
        expect(page.locator("[data-stale=true]")).to_have_count(0, timeout=WAIT)
        expect(page.locator("[data-testid=stApp][data-test-script-state=running]")).to_have_count(0, timeout=WAIT)
        loaded(page)

    with serving("tests/benchmarks/plain_page.py", PLAIN_STUDY=str(folder), **more) as server:
        took.append(timed(server, "first page", lambda: page.goto(server.url), seen))
        for name in PLAIN:
            choice = page.get_by_test_id("stRadio").get_by_text(name, exact=True)

            def shown(heading: str = name) -> None:
                expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=WAIT)
                seen()

            took.append(timed(server, name, choice.click, shown))
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="+")
    parser.add_argument("--plain", action="store_true", help="time the script without caches too")
    given = parser.parse_args()
    browser_path = next(path for path in map(shutil.which, BROWSERS) if path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=QUIET)
        for study in given.studies:
            for name, time_of in (("dashboard", dashboard), ("plain script", plain)):
                if name == "dashboard" or given.plain:
                    print(f"{study}, {name}")  # noqa: T201 - this is what it is for
                    page = browser.new_page(viewport={"width": 1440, "height": 900})
                    page.set_default_timeout(WAIT)
                    time_of(page, study)
                    page.close()
        browser.close()


if __name__ == "__main__":
    main()
