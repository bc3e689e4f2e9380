"""The map of the dashboard has every page beside its question, and every room."""

import re
from pathlib import Path

import pytest

from neuroval import analysis, dashboard
from neuroval.dashboard.pages import PAGES

FOLDER = Path(str(dashboard.__file__)).parent
MAP = (FOLDER / "README.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in MAP.splitlines() if line.startswith("| ")]
NAMED = set(re.findall(r"`([a-z_/]+)`", MAP))


def rooms(folder: Path) -> set[str]:
    """The folders with code in them."""
    return {path.parent.name for path in folder.glob("*/*.py")}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_stands_beside_its_question(page: str) -> None:
    (row,) = [row for row in ROWS if row[1] == f"`app_pages/{page}`"]
    assert row[0] == PAGES[page].question


def test_no_page_is_named_that_is_not_there() -> None:
    assert {name.partition("/")[2] for name in NAMED if name.startswith("app_pages/")} == set(PAGES)


def test_every_room_is_named() -> None:
    assert rooms(FOLDER) - {row[0].strip("`") for row in ROWS} == set()


def test_every_file_beside_the_rooms_is_named() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} - {"__init__"} - NAMED == set()


def test_the_rooms_that_numbers_come_from_are_there() -> None:
    assert set(re.findall(r"`analysis/([a-z_]+)`", MAP)) - rooms(Path(str(analysis.__file__)).parent) == set()
