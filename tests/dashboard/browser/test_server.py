"""The running server: it serves pictures, shows names as they are, and loads no TensorFlow."""

import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from neuroval.dashboard.pages import PAGES
from neuroval.data.images.linking import link
from neuroval.data.study.import_predictions import study_of_predictions

CASE = f"{20:016x}"
MARKUP = ("$x^2$", "[x](javascript:a)", "<b>c</b>", ":red[d]", ":smile:", "50% a/b?#")
# Nothing of an import is shown there.
WITHOUT_NAMES = (
    "training",
    "cross_validation",
    "subgroups",  # six scans make none: see below
    "shortcuts",
    "robustness",
    "map",
    "readers",
    "claims",
    "compare",
    "report",
    "try_scan",
    "run",
    "access_log",
)
IN_COMPONENTS = """main => [...main.querySelectorAll("*")].filter(element => element.shadowRoot)
    .map(element => element.shadowRoot.querySelector("div")?.innerText ?? "").join(" ")"""
NAME_SOME = ("overview", "per_class", "confidence")
WITHOUT_PICTURES = ("per_class", "model_card")


def test_the_server_serves_pictures_beside_the_pages(server: str) -> None:
    with urllib.request.urlopen(f"{server}/images/normal/{CASE}.webp", timeout=20) as answer:
        assert answer.headers["content-type"] == "image/webp"


def test_the_overview_has_an_address_of_its_name(server: str, settled: Callable[[Page], None], page: Page) -> None:
    page.goto(f"{server}/overview?study=normal&case=x")
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES["overview"].question)
    settled(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)
    assert query == {"study": ["normal"], "case": ["x"]}


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
    study = study_of_predictions(folder / "predictions.csv", out=out, title="$x^2$ **b**")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(dashboard_home))
        link(folder, data_name=study.manifest.data.name, cases=study.cases)
    return out.name


@pytest.fixture(scope="module")
def marked_up_page(desk: BrowserContext, visit: Callable[..., None], marked_up: str) -> Iterator[Page]:
    page = desk.new_page()
    visit(page, "overview", study=marked_up)
    yield page
    page.close()


@pytest.mark.parametrize("name", [name for name in PAGES if name not in WITHOUT_NAMES])
def test_names_are_shown_as_they_are(marked_up_page: Page, turn: Callable[[Page, str], None], name: str) -> None:
    page = marked_up_page
    turn(page, name)
    main = page.locator("[data-testid=stMain]")
    words = f"{main.inner_text()} {main.evaluate(IN_COMPONENTS)}"
    assert main.locator(".katex, a[href^=javascript]").count() == 0
    assert [one for one in MARKUP if one not in words] == [] or name in NAME_SOME
    assert "$x^2$" in words
    pictures = main.locator("img[src*='/images/']")
    if name not in WITHOUT_PICTURES:
        expect(pictures.first).to_be_visible()
    loaded = "all => Promise.all(all.map(i => i.decode().then(() => i.naturalWidth)))"
    assert set(pictures.evaluate_all(loaded)) <= {40, 84}


def test_names_of_subgroups_are_shown_as_they_are(
    dashboard_home: Path, visit: Callable[..., None], page: Page, tmp_path: Path
) -> None:
    rows = ["label,site,prob_$x^2$,prob_b"]
    rows += [f"{'$x^2$' if number % 3 else 'b'},{MARKUP[number % 2 + 2]},0.8,0.2" for number in range(48)]
    (tmp_path / "predictions.csv").write_text("\n".join(rows))
    study_of_predictions(tmp_path / "predictions.csv", out=dashboard_home / "studies" / "odd-sites")
    visit(page, "subgroups", study="odd-sites")
    main = page.locator("[data-testid=stMain]")
    assert main.locator(".katex, b").count() == 0
    for name in MARKUP[2:4]:
        expect(main.get_by_role("cell", name=f"{name}, n = 24", exact=True)).to_be_visible()
        expect(main.locator(".js-plotly-plot .ytick").filter(has_text=name)).to_have_count(1)


def test_no_tensorflow_is_loaded(server: str, server_pid: int) -> None:
    """Runs after pages were opened; without a browser a study is read and an image drawn."""
    with urllib.request.urlopen(f"{server}/images/normal/{CASE}.webp", timeout=20) as answer:
        assert answer.status == 200
    maps = Path(f"/proc/{server_pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not list what a process has loaded")
    loaded = maps.read_text()
    assert "pyarrow" in loaded
    assert "tensorflow" not in loaded
