"""Ten classes on a laptop of 1280 pixels: nothing is cut off, and no number lies over another."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

LAPTOP: ViewportSize = {"width": 1280, "height": 800}
BEYOND = """all => all.filter(one => {
    const [text, figure] = [one, one.closest('.js-plotly-plot')].map(part => part.getBoundingClientRect());
    return one.textContent.trim() && text.width && (text.right > figure.right + 1 || text.left < figure.left - 1);
}).map(one => one.textContent)"""
OVER = """all => {
    const boxes = all.map(one => [one.textContent, one.getBoundingClientRect()]).filter(([text]) => text.trim());
    return boxes.flatMap(([text, a], place) => boxes.slice(place + 1)
        .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        .map(([other]) => `${text} over ${other}`));
}"""


@pytest.mark.parametrize("name", ["data_set", "per_class", "confusion", "confidence"])
def test_nothing_is_cut_off_on_a_laptop(visit: Callable[..., None], page: Page, name: str) -> None:
    page.set_viewport_size(LAPTOP)
    visit(page, name, study="ten-classes")
    figures = page.locator(".js-plotly-plot")
    expect(figures).not_to_have_count(0)
    assert page.locator(".js-plotly-plot .main-svg text").evaluate_all(BEYOND) == []
    wide = f"all => all.filter(one => one.getBoundingClientRect().right > {LAPTOP['width']}).map(one => one.innerText)"
    assert page.locator("[data-testid=stMain] :is(table, p, button, .js-plotly-plot)").evaluate_all(wide) == []
    if name == "confusion":
        numbers = figures.first.locator(".textpoint text")
        expect(numbers).not_to_have_count(0)
        assert numbers.evaluate_all(OVER) == []
        assert figures.first.locator(".xtick text").evaluate_all(OVER) == []
