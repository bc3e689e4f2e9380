"""The pages keep the policy that they are served with: figures, the report beside it, downloads, uploads."""

import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from neuroval.dashboard.pages import PAGES

# The browser tells the page what it has refused; a worker or a frame says so on the console alone.
LISTEN = """window.refused = [];
addEventListener('securitypolicyviolation', event =>
    window.refused.push([event.violatedDirective, event.blockedURI, event.sample, event.sourceFile].join(' ')));"""


@pytest.fixture(scope="module")
def tab(desk: BrowserContext) -> Iterator[tuple[Page, list[str]]]:
    page, refused = desk.new_page(), list[str]()
    page.add_init_script(LISTEN)
    page.on("console", lambda message: refused.append(message.text) if "Security Policy" in message.text else None)
    yield page, refused
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_does_what_its_policy_forbids(
    tab: tuple[Page, list[str]], visit: Callable[..., None], name: str
) -> None:
    page, refused = tab
    visit(page, name, study="whole")
    assert page.evaluate("refused") == []
    assert refused == []


def test_a_script_that_is_not_ours_is_not_run(tab: tuple[Page, list[str]], visit: Callable[..., None]) -> None:
    page, refused = tab
    visit(page, "overview", study="whole")
    add = "document.body.append(document.createRange().createContextualFragment('<script>window.taken = 1</script>'))"
    page.evaluate(add)
    assert page.evaluate("window.taken") is None
    assert len(page.evaluate("refused")) == 1
    refused.clear()


def test_the_report_is_shown_beside_its_form(tab: tuple[Page, list[str]], visit: Callable[..., None]) -> None:
    page, refused = tab
    visit(page, "report", study="whole")
    drawn = page.locator("[data-testid=stBidiComponentIsolated] canvas, [data-testid=stMain] canvas").first
    expect(drawn).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").first.click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    assert page.evaluate("refused") == []
    assert refused == []


def test_tables_and_figures_are_downloaded(tab: tuple[Page, list[str]], visit: Callable[..., None]) -> None:
    page, refused = tab
    visit(page, "per_class", study="whole")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    assert b"Fingerprint" in download.value.path().read_bytes()
    page.locator(".js-plotly-plot").first.hover()
    with page.expect_download() as download:
        page.locator(".modebar-btn[data-title*='ownload']").first.click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    assert page.evaluate("refused") == []
    assert refused == []


def test_a_scan_is_uploaded_and_read(tab: tuple[Page, list[str]], visit: Callable[..., None]) -> None:
    page, refused = tab
    visit(page, "try_scan", study="brain-tumor-mri")
    buffer = io.BytesIO()
    Image.fromarray(np.full((64, 64), 90, np.uint8)).save(buffer, "PNG")
    scan = {"name": "scan.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    page.locator("input[type=file]").first.set_input_files(scan)  # type: ignore[arg-type]
    expect(page.get_by_test_id("stMain").locator("img").first).to_be_visible()
    assert page.evaluate("refused") == []
    assert refused == []


def test_the_menu_of_a_table_offers_no_file_of_its_own(page: Page, visit: Callable[..., None]) -> None:
    """A spreadsheet would run its cells; our own file is below."""
    visit(page, "claims", study="brain-tumor-mri")
    page.get_by_test_id("stDataFrame").first.hover()
    expect(page.get_by_label("Search").first).to_be_visible()
    expect(page.get_by_label("Download as CSV")).to_have_count(1)
    expect(page.get_by_label("Download as CSV")).to_be_hidden()
