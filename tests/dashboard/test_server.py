"""The running server: it loads no TensorFlow, and the way from the overview to a case works in a browser."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
CASE = f"{20:016x}"


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


def test_the_server_serves_pictures_beside_the_pages(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/images/normal/{CASE}.webp", timeout=20) as answer:
        assert answer.headers["content-type"] == "image/webp"


def test_from_the_overview_to_a_case(server: Server, chromium: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = browser.new_page()
        page.set_default_timeout(20_000)
        page.goto(f"{server.url}/?study=normal")
        expect(page.get_by_role("heading", name="Can this model be trusted?")).to_be_visible(timeout=20_000)
        page.get_by_role("link", name="Errors", exact=True).click()
        expect(page.get_by_role("heading", name="Where is it wrong?")).to_be_visible(timeout=20_000)
        picture = page.locator("img[src*='/images/normal/']").first
        expect(picture).to_be_visible(timeout=20_000)
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 84
        page.goto(f"{server.url}/errors?study=normal&case={CASE}")
        expect(page.get_by_role("heading", name="Glioma called Meningioma")).to_be_visible(timeout=20_000)
        browser.close()


def test_no_tensorflow_is_loaded(server: Server) -> None:
    """Runs after pages were opened; without a browser the warm start has read and judged a study."""
    maps = Path(f"/proc/{server.pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not list what a process has loaded")
    loaded = maps.read_text()
    assert "pyarrow" in loaded
    assert "tensorflow" not in loaded
