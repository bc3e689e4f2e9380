"""Every page in a browser: nothing leaves this machine, its policy holds, and everybody can read all of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from neuroval.dashboard.figures.look import contrast
from neuroval.dashboard.pages import PAGES

WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
AA_TEXT = 4.5
REAL = "brain-tumor-mri"  # shipped; its images are not
CASE = f"{20:016x}"
FIGURE_TEXT = ", ".join(
    f".js-plotly-plot {kind}"
    for kind in (".xtick text", ".ytick text", ".legendtext", ".annotation-text", ".xtitle", ".ytitle", ".gtitle")
)
GROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
BRIGHT = "colour => { const [r, g, b] = colour.match(/\\d+/g); return 0.2126 * r + 0.7152 * g + 0.0722 * b > 128; }"

# What axe reports and we cannot mend: rule, what the selector holds, reason. Nothing else may be reported.
EXCEPTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "scrollable-region-focusable",
        "stBidiComponentIsolated",
        "the viewer of streamlit-pdf cannot be scrolled by keyboard; the download above it opens in any reader",
    ),
)


@dataclass(frozen=True)
class Place:
    """A page as its address opens it."""

    page: str
    study: str = "whole"
    query: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return "-".join((self.page, self.study, *(key for key, _ in self.query)))


TEXTS = {"per_class": 40, "confusion": 12, "training": 20}  # of figures, at least
MORE = {  # what an address adds to a page
    "per_class": (("prevalence", "0.01"), ("threshold", "0.5"), ("curves", "shown")),
    "confusion": (("decision", "shown"),),
}
# Every page of the navigation, what else an address shows, and the real study where its pages differ.
PLACES = (
    *(Place(name, query=MORE.get(name, ())) for name in PAGES),
    Place("errors", query=(("case", CASE), ("cells", "shown"))),
    Place("data_set", query=(("pairs", "across"),)),
    *(Place(name, REAL) for name in ("overview", "data_set", "errors", "claims")),
)


@dataclass(frozen=True)
class Shown:
    place: Place
    page: Page
    asked: list[str]
    refused: list[str]


@pytest.fixture(scope="module")
def asked(tab: Page) -> list[str]:
    """All that the tab ever asked for."""
    addresses = list[str]()
    tab.on("request", lambda request: addresses.append(request.url))
    tab.on("websocket", lambda socket: addresses.append(socket.url))
    return addresses


@pytest.fixture(scope="module", params=PLACES, ids=str)
def shown(
    request: pytest.FixtureRequest,
    tab: Page,
    asked: list[str],
    refused: list[str],
    visit: Callable[..., None],
    turn: Callable[[Page, str], None],
) -> Shown:
    """A page is opened once for all that is looked at: by its link where its study is open already."""
    place = request.param
    tab.set_viewport_size(WIDE)
    tab.emulate_media(color_scheme="light")
    listed = PAGES[place.page].only is None
    if f"study={place.study}" in tab.url and listed and not place.query:
        turn(tab, place.page)
    else:
        visit(tab, place.page, study=place.study, **dict(place.query))
    return Shown(place=place, page=tab, asked=asked, refused=refused)


def test_no_request_leaves_this_machine(shown: Shown) -> None:
    addresses = [urlsplit(url) for url in shown.asked]
    hosts = {address.hostname for address in addresses if address.scheme not in ("data", "blob")}
    assert len(shown.asked) > 5
    assert hosts == {"127.0.0.1"}


def test_no_page_does_what_its_policy_forbids(shown: Shown) -> None:
    assert shown.page.evaluate("refused") == []
    assert shown.refused == []


def test_the_text_of_figures_is_readable(shown: Shown) -> None:
    for scheme in ("dark", "light"):  # turned while it is shown
        light_up(shown.page, scheme)
        assert len(contrasts(shown.page)) >= TEXTS.get(shown.place.page, 0)
        assert [ratio for ratio in contrasts(shown.page) if ratio < AA_TEXT] == []


def test_figures_have_the_room_that_their_text_needs(shown: Shown) -> None:
    """Else Plotly makes room and draws them again."""
    rooms = "all => all.map(one => [one.layout.margin, one._fullLayout._size].map(({l, r, t, b}) => [l, r, t, b]))"
    if shown.place.page in TEXTS:
        expect(shown.page.locator(".js-plotly-plot")).not_to_have_count(0)
    for given, taken in shown.page.locator(".js-plotly-plot").evaluate_all(rooms):
        assert given == taken


def test_axe_reports_nothing(shown: Shown) -> None:
    # axe judges what is on the screen: all of the page has to be.
    height = shown.page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
    shown.page.set_viewport_size({"width": WIDE["width"], "height": height})
    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        light_up(shown.page, scheme)
        found = Axe().run(shown.page, options={"resultTypes": ["violations"], **rules}).response
        assert [
            f"{scheme}: {rule['id']} ({rule['impact']}): {' '.join(map(str, node['target']))}: {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
            if not any(rule["id"] == known and part in str(node["target"]) for known, part, _ in EXCEPTIONS)
        ] == []


def light_up(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Choose a theme and wait until the page has it."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"bright => ({BRIGHT})({GROUND}) === bright", arg=scheme == "light")


def contrasts(page: Page) -> list[float]:
    """The contrast of each text of a figure with the page."""
    ground = as_hex(page.evaluate(GROUND))
    inks = page.locator(FIGURE_TEXT).evaluate_all("all => all.map(e => getComputedStyle(e).fill)")
    return [contrast(as_hex(ink), ground) for ink in inks]


def as_hex(colour: str) -> str:
    """``rgb(1, 2, 3)`` as ``#010203``."""
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def test_nothing_is_cut_off_on_a_phone(shown: Shown) -> None:
    page = shown.page
    page.set_viewport_size(PHONE)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    wide = (
        "() => [...document.querySelectorAll('[data-testid=stMain] :is(table, p, img, button, .js-plotly-plot)')]"
        f".every(element => element.getBoundingClientRect().right <= {PHONE['width']})"
    )
    page.wait_for_function(wide)  # figures are drawn again
    scrolled = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.innerText)"
    assert page.locator("[data-testid=stMain] :has(> table)").evaluate_all(scrolled) == []
    assert page.locator("[data-testid=stMain] :is(a, button) *:has(> p)").evaluate_all(scrolled) == []
    beyond = (
        "all => all.filter(one => one.textContent.trim() && one.getBoundingClientRect().right > 1 + "
        "one.closest('.js-plotly-plot').getBoundingClientRect().right).map(one => one.textContent)"
    )
    assert page.locator(".js-plotly-plot .main-svg text").evaluate_all(beyond) == []


def test_the_columns_of_a_matrix_have_their_names_on_a_phone(visit: Callable[..., None], page: Page) -> None:
    page.set_viewport_size(PHONE)
    visit(page, "confusion", study="whole")
    names = page.locator(".js-plotly-plot .xtick text")
    expect(names).to_have_text(["Glioma", "Meningioma", "No tumour", "Pituitary"])
    assert names.evaluate_all("all => all.map(one => one.checkVisibility({opacityProperty: true}))") == [True] * 4
