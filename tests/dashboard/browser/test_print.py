"""A printed page holds what the page says, whole, and names its study; what only a screen can use is left out."""

import io
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader


@pytest.mark.parametrize("name", ["per_class", "confidence"])
def test_a_page_is_printed_whole(
    page: Page, visit: Callable[..., None], settled: Callable[[Page], None], name: str
) -> None:
    visit(page, name, study="normal")
    settled(page)
    fingerprint = page.get_by_test_id("stSidebar").locator("code").inner_text()
    page.emulate_media(media="print")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    assert page.get_by_role("button", name="CSV").first.is_hidden()
    printed = PdfReader(io.BytesIO(page.pdf(format="A4", print_background=True)))
    words = " ".join(" ".join(sheet.extract_text().split()) for sheet in printed.pages)
    assert len(printed.pages) > 1
    assert page.get_by_role("heading", level=1).inner_text() in words
    assert f"fingerprint {fingerprint}. Research use only." in words
