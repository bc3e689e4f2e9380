"""Times of the pages in headless Chromium: ``python -m tests.benchmarks.pages STUDY [STUDY ...] [--plain]``.

Studies are named as the dashboard finds them (``NEUROVAL_HOME``). Printed are seconds from a click, or from asking for
the first page, until the last thing of the page is drawn, and until the last of what is on the screen without scrolling
is; with the server's processor seconds and memory; of the first page also until its answer can be read. With
``--plain`` the same of a Streamlit script that does the same work without caches. The browser itself notes the times:
asking it again and again, as Playwright does, would slow what is measured and see the end late. A benchmark, not a
test: times differ from machine to machine, ratios less.
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

from neuroval.data.images.linking import linked_images
from neuroval.data.storage.home import studies
from neuroval.data.study.folder import read_manifest

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
QUIET_AFTER: Final = 1000  # milliseconds without a change, after which a page counts as drawn
WATCH: Final = """
const main = () => document.querySelector("[data-testid=stMain]");
window.seen = {began: 0, changed: 0, onScreen: 0, answered: 0};
const shown = (node) => main()?.contains(node) && !node.parentElement?.closest("canvas");  // a table for screen readers
const block = (node) => {  // a part of an element counts where the element begins
    const element = node.closest ? node : node.parentElement;
    return element?.closest("[data-testid=stElementContainer]") ?? element;
};
const answers = (paragraph) => /\\d/.test(paragraph.textContent);  // the note on synthetic scans has no number
const drawn = (nodes) => requestAnimationFrame(() => {
    seen.changed = performance.now();
    if ([...new Set(nodes.map(block))].some((one) => one?.isConnected && one.getBoundingClientRect().top < innerHeight))
        seen.onScreen = seen.changed;
});
new MutationObserver((changes) => {
    const inMain = changes.filter((one) => one.target.tagName !== "CANVAS" && shown(one.target));
    if (!inMain.length) return;
    if (!seen.answered && main().querySelector("h1") && [...main().querySelectorAll("p")].some(answers))
        requestAnimationFrame(() => { seen.answered = performance.now(); });
    drawn(inMain.flatMap((one) => one.addedNodes.length ? [...one.addedNodes] : [one.target]));
}).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
addEventListener("load", (event) => { if (event.target.tagName === "IMG") drawn([event.target]); }, true);
addEventListener("click", () => { seen.began = seen.changed = seen.onScreen = performance.now(); }, true);
window.finished = (heading, last, quiet) => performance.now() - seen.changed > quiet
    && main()?.querySelector("h1")?.textContent.trim() === heading
    && (!last || main().textContent.includes(last))
    && !document.querySelector("[data-testid=stApp][data-test-script-state=running]")
    && !main().querySelector("[data-stale=true], [data-testid=stSkeleton]")
    && [...main().querySelectorAll("img")].every((one) => one.complete);
"""
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


def timed(server: Server, page: Page, what: str, act: Callable[[], object], heading: str, last: str = LAST) -> None:
    """Do something, wait until a page is drawn and nothing of it changes any more, and print what that took."""
    cpu = server.cpu
    act()
    page.wait_for_function(
        "([heading, last, quiet]) => finished(heading, last, quiet)", arg=[heading, last, QUIET_AFTER], polling=200
    )
    seen = page.evaluate("seen")
    took, on_screen, answered = ((seen[key] - seen["began"]) / 1000 for key in ("changed", "onScreen", "answered"))
    drawn = f"{took:7.2f} s, on screen {on_screen:5.2f} s"
    first = "" if seen["began"] else f", its answer {answered:.2f} s"
    used = f"server {server.cpu - cpu:6.2f} s CPU, {server.memory:5.2f} GB"
    print(f"  {what:28} {drawn}, {used}{first}", flush=True)  # noqa: T201 - this is what it is for


def dashboard(page: Page, study: str) -> None:
    """Time the dashboard on a study, from a fresh server."""
    with serving("dashboard/server.py") as server:
        timed(server, page, "first page", lambda: page.goto(f"{server.url}/?study={study}"), PAGES["Overview"])
        links = page.get_by_test_id("stSidebar")
        for turn in ("first visit", "again", "third"):
            for name, heading in PAGES.items():
                link = links.get_by_role("link", name=name, exact=True)
                timed(server, page, f"{name}, {turn}", link.click, heading)
        links.get_by_role("link", name="Errors", exact=True).click()
        expect(page.get_by_role("heading", name=PAGES["Errors"])).to_be_visible()
        for turn in ("first", "again"):
            page.get_by_role("combobox", name="Reference").click()
            option = page.get_by_role("option").nth(1 if turn == "first" else 2)
            timed(server, page, f"filter to gallery, {turn}", option.click, PAGES["Errors"])


def plain(page: Page, study: str) -> None:
    """Time the plain script on a study."""
    folder = studies()[study]
    images = linked_images(read_manifest(folder).data.name)
    more = {} if images is None else {"PLAIN_IMAGES": str(images.folder)}
    with serving("tests/benchmarks/plain_page.py", PLAIN_STUDY=str(folder), **more) as server:
        timed(server, page, "first page", lambda: page.goto(server.url), "overview", "done")
        for name in PLAIN:
            choice = page.get_by_test_id("stRadio").get_by_text(name, exact=True)
            timed(server, page, name, choice.click, name, "done")


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
                    page.add_init_script(WATCH)
                    time_of(page, study)
                    page.close()
        browser.close()


if __name__ == "__main__":
    main()
