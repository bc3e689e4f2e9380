"""The running server: it loads no TensorFlow, and the pages work in a browser, on any screen, without the internet."""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from dashboard.figures.look import contrast
from data.home import link
from data.predictions import import_predictions

ROOT = Path(__file__).parents[2]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
CASE = f"{20:016x}"
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
WAIT = 20_000  # milliseconds
FIGURE_TEXT = ", ".join(
    f".js-plotly-plot {kind}"
    for kind in (".xtick text", ".ytick text", ".legendtext", ".annotation-text", ".xtitle", ".ytitle", ".gtitle")
)
PAGES = {
    "": "Can this model be trusted?",
    "data_set": "What was it tested on?",
    "training": "How was it trained?",
    "cross_validation": "Is it stable?",
    "per_class": "How good is it on each class?",
    "confusion": "What is mistaken for what?",
    "errors": "Where is it wrong?",
}


@dataclass(frozen=True)
class Server:
    url: str
    pid: int


@pytest.fixture(scope="module")
def server(dashboard_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
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
        yield Server(url=url, pid=process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(150):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"no server after 30 seconds: {log.read_text()}")


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport=WIDE)
    page.set_default_timeout(WAIT)
    yield page
    page.close()


def open_page(page: Page, server: Server, name: str, query: str = "study=normal") -> None:
    page.goto(f"{server.url}/{name}?{query}")
    expect(page.get_by_role("heading", name=PAGES[name])).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("How this was computed")).to_be_visible(timeout=WAIT)  # the last thing drawn


def test_the_server_serves_pictures_beside_the_pages(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/images/normal/{CASE}.webp", timeout=20) as answer:
        assert answer.headers["content-type"] == "image/webp"


def test_from_the_overview_to_a_case(server: Server, page: Page) -> None:
    open_page(page, server, "")
    page.get_by_role("link", name="Errors", exact=True).click()
    expect(page.get_by_role("heading", name="Where is it wrong?")).to_be_visible(timeout=WAIT)
    picture = page.locator("img[src*='/images/normal/']").first
    expect(picture).to_be_visible(timeout=WAIT)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 84
    page.get_by_role("button", name="Glioma \N{RIGHTWARDS ARROW} Meningioma").first.click()
    expect(page.get_by_role("heading", name="Glioma called Meningioma")).to_be_visible(timeout=WAIT)
    page.goto(page.url)  # the address is a link to the case
    expect(page.get_by_role("heading", name="Glioma called Meningioma")).to_be_visible(timeout=WAIT)


def test_the_overview_has_an_address_of_its_name(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/overview?study=normal&case=x")
    expect(page.get_by_role("heading", name=PAGES[""])).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("How this was computed")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("dialog")).to_have_count(0)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)
    assert query == {"study": ["normal"], "case": ["x"]}


MARKUP = ("$x^2$", "[x](javascript:a)", "<b>c</b>", ":red[d]", ":smile:", "50% a/b?#")


@pytest.fixture(scope="module")
def marked_up(dashboard_home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A study with linked images of which every name is markup or has a meaning in an address."""
    folder = tmp_path_factory.mktemp("marked-up")
    rows = ["label,case_id,image_path,source," + ",".join(f'"prob_{name}"' for name in MARKUP)]
    for place, name in enumerate(MARKUP):
        chances = ["0.9" if place == (other - 1) % len(MARKUP) else "0.02" for other in range(len(MARKUP))]
        rows.append(f'"{name}",{place}/#?%,{place}.png,**{name}**,' + ",".join(chances))
        Image.new("L", (40, 30), 90).save(folder / f"{place}.png")
    (folder / "predictions.csv").write_text("\n".join(rows))
    out = dashboard_home / "studies" / "odd #1 ?%"
    study = import_predictions(folder / "predictions.csv", out=out, title="$x^2$ **b**")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(dashboard_home))
        link(folder, data_name=study.manifest.data.name, cases=study.cases)
    return out.name


@pytest.mark.parametrize("name", [name for name in PAGES if name not in ("training", "cross_validation")])
def test_names_are_shown_as_they_are(server: Server, page: Page, marked_up: str, name: str) -> None:
    open_page(page, server, name, urllib.parse.urlencode({"study": marked_up}))
    page.wait_for_load_state("networkidle")
    main = page.locator("[data-testid=stMain]")
    words = main.inner_text()
    assert main.locator(".katex, a[href^=javascript]").count() == 0
    assert [one for one in MARKUP if one not in words] == [] or name in ("", "per_class")  # they name some of them
    assert "$x^2$" in words
    pictures = main.locator("img[src*='/images/']")
    if name != "per_class":
        expect(pictures.first).to_be_visible(timeout=WAIT)
    loaded = "all => Promise.all(all.map(i => i.decode().then(() => i.naturalWidth)))"
    assert set(pictures.evaluate_all(loaded)) <= {40, 84}


def test_a_click_on_a_cell_lists_its_cases(server: Server, page: Page) -> None:
    open_page(page, server, "confusion")
    cells = page.locator(".js-plotly-plot .scatterlayer .trace").nth(3).locator("path.point")
    expect(cells).to_have_count(16, timeout=WAIT)
    box = cells.nth(15).bounding_box()  # reference and prediction pituitary
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text("9 cases, the most confident first")).to_be_visible(timeout=WAIT)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)
    assert (query["row"], query["column"]) == (["pituitary"], ["pituitary"])


@pytest.mark.parametrize("name", PAGES)
def test_no_request_leaves_this_machine(server: Server, page: Page, name: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    open_page(page, server, name)
    page.wait_for_load_state("networkidle")
    addresses = [urllib.parse.urlsplit(url) for url in asked]
    hosts = {address.hostname for address in addresses if address.scheme not in ("data", "blob")}
    assert len(asked) > 5
    assert hosts == {"127.0.0.1"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["data_set", "per_class", "confusion"])
def test_the_text_of_figures_is_readable(server: Server, browser: Browser, name: str, scheme: str) -> None:
    page = browser.new_page(viewport=WIDE, color_scheme="dark" if scheme == "dark" else "light")
    open_page(page, server, name)
    texts = page.locator(FIGURE_TEXT)
    expect(texts.first).to_be_visible(timeout=WAIT)
    ground = page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor")
    inks = texts.evaluate_all("all => all.map(e => getComputedStyle(e).fill)")
    page.close()
    assert len(inks) > 5
    assert min(contrast(as_hex(ink), as_hex(ground)) for ink in inks) >= 4.5


def as_hex(colour: str) -> str:
    """``rgb(1, 2, 3)`` as ``#010203``."""
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone(server: Server, browser: Browser, name: str) -> None:
    page = browser.new_page(viewport=PHONE)
    open_page(page, server, name)
    main = page.locator("[data-testid=stMain]")
    right = main.evaluate(
        "main => Math.max(...[...main.querySelectorAll('table, p, img, button, .js-plotly-plot')]"
        ".map(element => element.getBoundingClientRect().right))"
    )
    page.close()
    assert right <= PHONE["width"]


def test_no_tensorflow_is_loaded(server: Server) -> None:
    """Runs after pages were opened; without a browser a study is read and an image drawn."""
    with urllib.request.urlopen(f"{server.url}/images/normal/{CASE}.webp", timeout=20) as answer:
        assert answer.status == 200
    maps = Path(f"/proc/{server.pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not list what a process has loaded")
    loaded = maps.read_text()
    assert "pyarrow" in loaded
    assert "tensorflow" not in loaded
