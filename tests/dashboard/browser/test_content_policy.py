"""The policy that pages are served with holds: strange scripts, the report beside its form, downloads, uploads.

That no page breaks it by itself is in test_every_page.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect


def test_a_script_that_is_not_ours_is_not_run(tab: Page, refused: list[str], visit: Callable[..., None]) -> None:
    visit(tab, "overview", study="whole")
    add = "document.body.append(document.createRange().createContextualFragment('<script>window.taken = 1</script>'))"
    tab.evaluate(add)
    assert tab.evaluate("window.taken") is None
    assert len(tab.evaluate("refused")) == 1
    refused.clear()


def test_the_report_is_shown_beside_its_form(tab: Page, refused: list[str], visit: Callable[..., None]) -> None:
    visit(tab, "report", study="whole")
    drawn = tab.locator("[data-testid=stBidiComponentIsolated] canvas, [data-testid=stMain] canvas").first
    expect(drawn).to_be_visible()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download").first.click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    assert tab.evaluate("refused") == []
    assert refused == []


def test_tables_and_figures_are_downloaded(tab: Page, refused: list[str], visit: Callable[..., None]) -> None:
    visit(tab, "per_class", study="whole")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="CSV").first.click()
    assert b"Fingerprint" in download.value.path().read_bytes()
    tab.locator(".js-plotly-plot").first.hover()
    with tab.expect_download() as download:
        tab.locator(".modebar-btn[data-title*='ownload']").first.click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    assert tab.evaluate("refused") == []
    assert refused == []


def test_a_scan_is_uploaded_and_read(tab: Page, refused: list[str], visit: Callable[..., None]) -> None:
    visit(tab, "try_scan", study="brain-tumor-mri")
    buffer = io.BytesIO()
    Image.fromarray(np.full((64, 64), 90, np.uint8)).save(buffer, "PNG")
    scan = {"name": "scan.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    tab.locator("input[type=file]").first.set_input_files(scan)  # type: ignore[arg-type]
    expect(tab.get_by_test_id("stMain").locator("img").first).to_be_visible()
    assert tab.evaluate("refused") == []
    assert refused == []


def test_the_menu_of_a_table_offers_no_file_of_its_own(page: Page, visit: Callable[..., None]) -> None:
    """A spreadsheet would run its cells; our own file is below."""
    visit(page, "claims", study="brain-tumor-mri")
    page.get_by_test_id("stDataFrame").first.hover()
    expect(page.get_by_label("Search").first).to_be_visible()
    expect(page.get_by_label("Download as CSV")).to_have_count(1)
    expect(page.get_by_label("Download as CSV")).to_be_hidden()
