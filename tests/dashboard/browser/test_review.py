"""A reviewer disputes a label with one key in a browser; it is in the file that the command line writes."""

import csv
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[3]
CASE = f"{20:016x}"


@pytest.fixture
def home(dashboard_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: what is reviewed here, other tests do not see."""
    shutil.copytree(dashboard_home / "studies" / "normal", tmp_path / "home" / "studies" / "normal")
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def address(home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = home.parent / "log"
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/server.py", "--server.port", str(port)]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=stream)
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                    break
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_a_label_is_disputed_with_one_key_and_is_in_the_csv(
    page: Page, home: Path, address: str, settled: Callable[[Page], None]
) -> None:
    page.goto(f"{address}/errors?study=normal&case={CASE}")
    settled(page)
    name = page.get_by_role("textbox", name="Your name")
    name.fill("Ann Watt")  # letters that are keys outside a field
    name.press("Enter")
    expect(page.get_by_text("You have not reviewed this scan.")).to_be_visible()
    name.blur()
    page.keyboard.press("w")
    expect(page.get_by_text("Saved: label wrong, class not named.")).to_be_visible()
    page.keyboard.press("3")
    expect(page.get_by_text("Saved: label wrong, Pituitary.")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_text("You have not reviewed this scan.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("4 of 5 scans not yet looked at")).to_be_visible()
    file = home.parent / "out.csv"
    code = "import sys; from neuroval.dashboard.cli.main import main; sys.argv = ['neuroval', *sys.argv[1:]]; main()"
    command = [sys.executable, "-c", code, "reviews", "export", str(file)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["who"], row["case_id"], row["kind"]) for row in rows] == [("Ann Watt", CASE, "label-wrong")] * 2
    assert rows[1]["payload"] == '{"class":"pituitary","label":"glioma"}'
