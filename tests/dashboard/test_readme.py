"""The map of the dashboard names every page and module there is, and no other."""

import inspect
import re
from pathlib import Path

import pytest

from neuroval import analysis, dashboard
from neuroval.dashboard.components.frame import PAGE_FILES
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.words import general as text

FOLDER = Path(str(dashboard.__file__)).parent
MAP = (FOLDER / "README.md").read_text(encoding="utf-8")
TABLES = "\n".join(line for line in MAP.splitlines() if line.startswith("|"))
NAMED = set(re.findall(r"`([a-z_/]+)`", TABLES))


def modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_every_module_is_named() -> None:
    within = {
        f"{part}/{name}" for part in ("components", "figures", "report", "app_pages") for name in modules(FOLDER / part)
    }
    assert (modules(FOLDER) | within) - NAMED == set()


def test_every_name_is_a_module() -> None:
    root = Path(str(analysis.__file__)).parents[1]
    files = {name: (root if name.startswith("analysis/") else FOLDER) / f"{name}.py" for name in NAMED}
    assert [name for name, path in files.items() if not path.is_file()] == []


@pytest.mark.parametrize("page", PAGE_FILES)
def test_a_page_stands_beside_its_question_with_what_it_imports(page: str) -> None:
    (row,) = [line for line in TABLES.splitlines() if f"`app_pages/{page}`" in line]
    assert row.startswith(f"| {text.TITLES[page]} |")
    code = (FOLDER / "app_pages" / f"{page}.py").read_text(encoding="utf-8")
    shared = set(re.findall(r"`([a-z_/]+)`", TABLES.partition("| what all pages share")[2]))
    drawn = "".join(inspect.getsource(getattr(charts, name)) for name in re.findall(r"\bcharts\.([a-z]\w*)\(", code))
    figures = {f"figures/{name}" for name in re.findall(r"from dashboard\.figures\.(\w+) import", code)}
    for module, names in re.findall(r"from dashboard\.figures\.(\w+) import (.*)", inspect.getsource(charts)):
        if any(re.search(rf"figure\({name}\b", drawn) for name in names.split(", ")):
            figures.add(f"figures/{module}")
    words = set(re.findall(r"\btext_\w+", "\n".join(re.findall(r"^from dashboard import .*", code, re.MULTILINE))))
    assert (figures | words) - shared - set(re.findall(r"`([a-z_/]+)`", row)) == set()
