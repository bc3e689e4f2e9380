"""The report with the fonts that it always has, whether or not the optional one is installed here."""

from collections.abc import Iterator

import pytest

from neuroval.dashboard.report import letters


@pytest.fixture
def usual_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No font for Chinese, Japanese and Korean letters, as without the extra ``cjk``."""
    monkeypatch.setattr(letters, "CJK", "not_installed")
    for cached in (letters.fonts, letters._without_glyph):
        cached.cache_clear()
    yield
    for cached in (letters.fonts, letters._without_glyph):
        cached.cache_clear()
