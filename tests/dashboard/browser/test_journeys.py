"""What a reviewer does, from the question to the image, in a browser."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

CASE = f"{20:016x}"
ARROW = "\N{RIGHTWARDS ARROW}"
PICTURE = "[data-testid=stMain] img[src*='/images/']:not([hidden])"
Visit = Callable[..., None]
Settled = Callable[[Page], None]


@pytest.fixture(autouse=True)
def _quiet(page: Page) -> None:
    """A page error of the browser fails the journey."""
    page.on("pageerror", lambda error: pytest.fail(f"the page failed: {error}"))


def query(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def title(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a selector, as a reader with a mouse does."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def pictures(page: Page) -> list[str]:
    """The addresses of the pictures, once each is drawn."""
    expect(page.locator(PICTURE).first).to_be_visible()
    widths = "all => Promise.all(all.map(one => one.decode().then(() => one.naturalWidth)))"
    assert min(page.locator(PICTURE).evaluate_all(widths)) > 1
    return [str(one) for one in page.locator(PICTURE).evaluate_all("all => all.map(one => one.src)")]


def test_the_worst_error_of_a_class_is_sent_to_a_colleague(
    page: Page, visit: Visit, settled: Settled, browser: Browser
) -> None:
    visit(page, "overview", study="whole", basis="test")
    page.get_by_role("link", name="Errors", exact=True).click()
    expect(title(page)).to_have_text("Where is it wrong?")
    choose(page, "Reference", "Meningioma")
    expect(page.get_by_text("1 of 1 shown")).to_be_visible()
    settled(page)
    page.get_by_role("link", name=f"Meningioma {ARROW} No tumour").click()
    expect(title(page)).to_have_text("Meningioma called No tumour")
    slider = page.get_by_role("slider", name="Opacity of the map")
    slider.focus()
    slider.press("ArrowRight")
    expect(page).to_have_url(re.compile("opacity=70"))  # it is sent a moment after the key
    page.get_by_text("Cells of the grid").click()
    expect(page.locator(PICTURE + "[src*='cells=1']")).to_have_count(1)
    settled(page)
    page.get_by_role("button", name="Copy link").click()
    link = page.get_by_role("dialog").locator("code").or_(page.locator("[data-testid=stPopoverBody] code")).first
    expect(link).to_have_text(re.compile("cells=shown"))
    address, shown = link.inner_text(), pictures(page)
    facts = page.get_by_role("table").first.inner_text()

    colleague = browser.new_context()
    other = colleague.new_page()
    other.goto(address)
    expect(title(other)).to_have_text("Meningioma called No tumour")
    settled(other)
    assert pictures(other) == shown
    assert other.get_by_role("table").first.inner_text() == facts
    expect(other.get_by_role("slider", name="Opacity of the map")).to_have_value("70")
    assert query(other) == query(page) == {**query(page), "reference": "meningioma", "cells": "shown"}
    expect(other.get_by_text("1 of 1 error")).to_be_visible()
    colleague.close()


def test_a_scan_is_magnified_windowed_and_seen_without_its_map(page: Page, visit: Visit, settled: Settled) -> None:
    visit(page, "errors", study="whole", basis="test", case=CASE)
    settled(page)
    stage = page.get_by_role("group", name="Scan. Keys")
    maps = page.locator("img.map[src*='layer=map']:not([hidden])")
    expect(maps).to_have_count(1)
    stage.focus()
    stage.press("m")
    expect(maps).to_have_count(0)
    stage.press("m")
    stage.press("3")
    expect(page.get_by_text("3.0\N{MULTIPLICATION SIGN}").first).to_be_visible()
    shown = page.locator("img.scan")
    moved = "all => all.map(image => image.style.transform)"
    before = shown.evaluate_all(moved)
    assert before[0] == before[1]  # both pictures move together
    stage.press("ArrowRight")  # moves the picture, and does not open the next case
    after = shown.evaluate_all(moved)
    assert after != before
    assert query(page)["case"] == CASE
    stage.press("0")
    assert set(shown.evaluate_all(moved)) == {""}
    box = stage.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] + 100, steps=3)
    page.mouse.up()
    expect(page.get_by_text("window 195 level 128").first).to_be_visible()
    stage.press("i")
    expect(page.get_by_text("inverted").first).to_be_visible()
    page.get_by_role("button", name="Similar scan 1").click()
    expect(page.locator("figcaption", has_text="Similar scan 1")).to_be_visible()
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator("figure:visible")).to_have_count(1)


def test_the_gallery_is_walked_by_keys_and_back_leads_to_its_place(page: Page, visit: Visit, settled: Settled) -> None:
    visit(page, "errors", study="whole", basis="test", cases="all")
    settled(page)
    tiles = page.get_by_role("list").filter(has=page.locator("img")).get_by_role("link")
    expect(tiles.nth(1)).to_be_visible()
    tiles.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(tiles.nth(1)).to_be_focused()
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ ")
    expect(page.get_by_role("button", name="CSV of 2 selected")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of 2 selected").click()
    assert len(download.value.path().read_text().splitlines()) >= 3
    page.get_by_role("button", name="Scan", exact=True).click()
    expect(tiles.nth(8).locator("img")).not_to_have_attribute("src", re.compile("size=pair"))
    tiles.nth(8).scroll_into_view_if_needed()
    shown = tiles.nth(8).locator("img")
    tiles.nth(8).hover()
    expect(shown).to_have_attribute("src", re.compile("class="))  # pointing at a scan shows its map
    tiles.nth(8).click()
    expect(title(page)).not_to_have_text("Where is it wrong?")
    expect(title(page)).to_be_in_viewport()  # a case opens at its top
    page.get_by_role("button", name="Back to gallery").click()
    expect(tiles.nth(8)).to_be_focused()
    expect(tiles.nth(8)).to_be_in_viewport()


def test_from_a_cell_of_the_matrix_to_a_case(page: Page, visit: Visit) -> None:
    visit(page, "confusion", study="whole", basis="test")
    cells = page.locator(".js-plotly-plot .scatterlayer .trace").nth(3).locator("path.point")
    expect(cells).to_have_count(16)
    box = cells.nth(1).bounding_box()  # reference glioma, predicted meningioma
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text("2 cases, the most confident first")).to_be_visible()
    assert query(page) == {"study": "whole", "basis": "test", "row": "glioma", "column": "meningioma"}
    page.get_by_role("link", name=f"Glioma {ARROW} Meningioma").first.click()
    expect(title(page)).to_have_text("Glioma called Meningioma")
    assert urlsplit(page.url).path == "/errors"
    assert len(pictures(page)) > 2


def test_from_the_finding_of_leakage_to_two_twins_side_by_side(page: Page, visit: Visit, settled: Settled) -> None:
    visit(page, "overview", study="whole")
    finding = page.get_by_test_id("stHorizontalBlock").filter(has_text=re.compile("^Critical.*share a patient"))
    page.get_by_role("link", name="See the scans").first.click()  # one
    expect(title(page)).to_have_text("Which scans belong together?")
    settled(page)
    pair = page.get_by_test_id("stMain").locator("[data-testid=stVerticalBlock]").filter(has_text="Exact copy").last
    boxes = [one.bounding_box() for one in pair.locator("img").all()]
    assert len(boxes) == 2
    left, right = boxes
    assert left is not None
    assert right is not None
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    assert finding.count() == 0
    assert {part.split("/")[-1].split(".")[0] for part in pictures(page)} >= {f"{0:016x}", f"{44:016x}"}
    pair.get_by_role("link").first.click()  # two: the case in full
    expect(page.get_by_role("heading", name="Copies of this image")).to_be_visible()


def test_another_prevalence_changes_what_a_call_is_worth(page: Page, visit: Visit) -> None:
    visit(page, "per_class", study="whole", basis="test")
    ppv = (
        page.get_by_role("row").filter(has=page.get_by_role("cell", name="PPV", exact=True)).get_by_role("cell").nth(1)
    )
    before = ppv.inner_text()
    post_hoc = page.get_by_text("The prevalence was set on this page. What follows from it is exploratory.")
    expect(post_hoc).to_have_count(0)
    slider = page.get_by_role("slider", name="Prevalence")
    slider.focus()
    slider.press("Home")
    expect(ppv).not_to_have_text(before)
    expect(post_hoc).to_have_text(re.compile("post hoc", re.IGNORECASE))
    assert float(ppv.inner_text().split()[0]) < float(before.split()[0])
    assert query(page)["prevalence"] == "0.001"
    expect(page.get_by_text("Of 1,000 scans, 1 has a tumour")).to_be_visible()


def test_another_class_has_another_curve(page: Page, visit: Visit) -> None:
    page.set_viewport_size({"width": 1440, "height": 2400})  # scrolling closes a selector
    visit(page, "per_class", study="whole", basis="test")
    curve = page.get_by_label("PPV and NPV over prevalence").locator(".scatterlayer .js-line").first
    before = curve.get_attribute("d")
    assert before
    choose(page, "Class", "Glioma")
    expect(page.get_by_text(re.compile("^Of 1,000 scans, .* are glioma"))).to_be_visible()
    expect(curve).not_to_have_attribute("d", before)


def test_two_models_are_compared_down_to_a_scan(page: Page, visit: Visit) -> None:
    visit(page, "compare", study="whole", **{"with": "normal"})
    choose(page, "B, compared with", "Study other")
    expect(page.get_by_role("heading", name="B right, A wrong: 2 scans")).to_be_visible()
    expect(page.get_by_role("heading", name="A right, B wrong: 0 scans")).to_be_visible()
    assert query(page)["with"] == "other"
    page.get_by_role("link", name=re.compile("^A")).first.click()
    expect(title(page)).to_have_text(re.compile("called"))
    assert query(page)["study"] == "whole"


def test_a_case_is_read_with_the_keyboard_only(page: Page, visit: Visit) -> None:
    visit(page, "errors", study="whole", basis="test")
    first = page.get_by_role("link", name=f"Glioma {ARROW} Meningioma").first
    for _ in range(60):
        page.keyboard.press("Tab")
        if first.evaluate("link => link.getRootNode().activeElement === link"):
            break
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(title(page)).to_have_text("Glioma called Meningioma")
    expect(page.get_by_text("1 of 5 errors")).to_be_visible()
    opened = query(page)["case"]
    expect(page.get_by_role("button", name="Next Shortcut")).to_be_enabled()  # its key works from then on
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 of 5 errors")).to_be_visible()
    assert query(page)["case"] != opened
    expect(page.get_by_role("button", name="Previous")).to_be_enabled()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("1 of 5 errors")).to_be_visible()
    assert query(page)["case"] == opened
    page.keyboard.press("Escape")
    expect(title(page)).to_have_text("Where is it wrong?")
    expect(first).to_be_visible()
    assert "case" not in query(page)
