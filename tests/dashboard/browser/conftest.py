"""One server for all journeys, and a browser for each file; the small studies and the shipped ones are there."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from neuroval.dashboard.pages import PAGES

ROOT = Path(__file__).parents[3]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WIDE: ViewportSize = {"width": 1440, "height": 900}
# Figures and tables are drawn after the script has ended, and each loads code of its own; pictures come one by one.
DRAWN = """() => !document.querySelector('[data-testid=stMain] [data-testid=stSkeleton]')
    && [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(one => one.querySelector('.main-svg text'))
    && [...document.querySelectorAll('[data-testid=stMain] img')].every(one => one.complete)"""
WAIT = 90_000  # milliseconds: a slow machine is no failure
# The browser tells the page what it has refused; a worker or a frame says so on the console alone.
LISTEN = """window.refused = [];
addEventListener('securitypolicyviolation', event =>
    window.refused.push([event.violatedDirective, event.blockedURI, event.sample, event.sourceFile].join(' ')));"""


@pytest.fixture(scope="session")
def running(dashboard_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/server.py", "--server.port", str(port)]
    with pytest.MonkeyPatch.context() as patch, log.open("wb") as stream:
        patch.setenv("NEUROVAL_HOME", str(dashboard_home))
        process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=stream)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def server(running: tuple[str, int]) -> str:
    """The address of the server."""
    return running[0]


@pytest.fixture(scope="session")
def server_pid(running: tuple[str, int]) -> int:
    return running[1]


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"no server after 60 seconds: {log.read_text()}")


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """Closed after each file: while it is open an event loop runs, and tests that start another one fail."""
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """The browser of one reader: what a page has loaded once need not be loaded again."""
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    context.set_default_timeout(WAIT)
    yield context
    context.close()


@pytest.fixture
def page(desk: BrowserContext) -> Iterator[Page]:
    page = desk.new_page()
    yield page
    page.close()


@pytest.fixture(scope="module")
def tab(desk: BrowserContext) -> Iterator[Page]:
    """One tab for the tests of a file; what the policy of a page refuses there is in ``window.refused``."""
    page = desk.new_page()
    page.add_init_script(LISTEN)
    yield page
    page.close()


@pytest.fixture(scope="module")
def refused(tab: Page) -> list[str]:
    """What the console of the tab says of refusals, from the first page on."""
    words = list[str]()
    tab.on("console", lambda message: words.append(message.text) if "Security Policy" in message.text else None)
    return words


@pytest.fixture(scope="session")
def visit(server: str) -> Callable[..., None]:
    """Open a page of a study, by the name of its file, and wait for all of it."""

    def visit(page: Page, name: str, study: str = "normal", **query: str) -> None:
        address = "" if name == "overview" else name
        page.goto(f"{server}/{address}?{urlencode({'study': study, **query})}")
        _settled(page)
        if not {"case", "pairs"} & query.keys():
            expect(page.get_by_role("heading", level=1)).to_have_text(PAGES[name].question)

    return visit


@pytest.fixture(scope="session")
def turn() -> Callable[[Page, str], None]:
    """Go on to another page of the same study by its link, which is faster than an address."""

    def turn(page: Page, name: str) -> None:
        page.get_by_test_id("stSidebar").get_by_role("link", name=PAGES[name].label, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(PAGES[name].question)
        _settled(page)

    return turn


@pytest.fixture(scope="session")
def settled() -> Callable[[Page], None]:
    return _settled


def _settled(page: Page) -> None:
    """Wait until the script has run to its end: its last words are there and nothing is under way."""
    expect(page.get_by_text("How this was computed").last).to_be_visible()  # the former run may still be there
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_function(DRAWN)
