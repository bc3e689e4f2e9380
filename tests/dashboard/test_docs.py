"""README and docs: their commands do what they say, their names exist, their links lead somewhere.

Every command in a block is run, or is in ``NOT_RUN`` with the reason; even then its name and options are checked.
"""

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import typer
from PIL import Image

from neuroval.analysis.core.metrics import METRICS
from neuroval.analysis.study.comparison import comparisons
from neuroval.analysis.study.results import StudyResults
from neuroval.dashboard.api.app import PATH, create
from neuroval.dashboard.cli.main import app, main
from neuroval.dashboard.documents.comparison_document import document_of
from neuroval.dashboard.documents.study_document import SECTIONS, sections
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.settings import Settings
from neuroval.dashboard.words import claims as text_claims
from neuroval.data.claims.reading import KINDS
from neuroval.data.dataset.folder import METADATA_COLUMNS
from neuroval.data.storage.home import SHIPPED_STUDIES
from neuroval.data.study.folder import Study, read_study
from neuroval.data.study.import_predictions import REASON, TEXT_COLUMNS

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in (README, *DOCS)}
TOP = [ROOT / name for name in ("CONTRIBUTING.md", "DEPLOYMENT.md", "DECISIONS.md", "CHANGELOG.md")]
MAPS = [ROOT / top / "README.md" for top in ("analysis", "dashboard", "model")]

NOT_RUN: Final = {  # by command; dots stand for the rest of one
    "make run": "serves until it is stopped; CI builds and serves the same from the container",
    "make test": "runs these tests; CI calls it",
    "neuroval model add ...": "needs a trained network; tests/model/adapters and tests/dashboard/cli add some",
    "neuroval model check ...": "checks the network of the line before it",
    "neuroval heatmaps add ...": "needs maps; tests/dashboard/cli/test_heatmaps.py adds some",
    "neuroval data link FOLDER": "needs all images of the public data set; the line after it links others",
    "neuroval reviews make-list ...": "needs images that are linked; tests/dashboard/cli/test_reviews.py makes lists",
    "neuroval train ...": "trains for hours; tests/model trains toy networks",
    "neuroval cross-validate ...": "trains for hours; tests/model cross-validates toy networks",
    "neuroval evaluate --model brain-tumor-mri --images FOLDER --data brain-tumor-mri ...": "writes a shipped study",
    "neuroval evaluate --model brain-tumor-b3 ...": "writes a shipped study",
    "mlflow ui ...": "serves until it is stopped",
    "uvicorn ...": "serves until it is stopped; tests/benchmarks/api_load.py starts it",
    "curl ...": "needs the server; tests/dashboard/api sends the same requests",
}
PREDICTIONS = "label,prob_glioma,prob_notumor\nglioma,0.9,0.1\nnotumor,0.2,0.8\n"


def blocks(page: str) -> Iterator[str]:
    """The lines of the blocks without a language, comments taken off."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", TEXTS[page], flags=re.DOTALL | re.MULTILINE):
        if not language:
            yield from (line.split("  #")[0].strip().removeprefix(".venv/bin/") for line in block.splitlines())


def prose(page: str) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```", "", TEXTS[page], flags=re.DOTALL | re.MULTILINE)


def is_one(command: str, pattern: str) -> bool:
    return command.startswith(pattern[:-3]) if pattern.endswith(" ...") else command == pattern


def is_run(command: str) -> bool:
    return not any(is_one(command, pattern) for pattern in NOT_RUN)


def named(words: list[str]) -> tuple[list[str], set[str]]:
    """Return the command that words of ``neuroval`` name, and its options. Fails where there is none."""
    place: Any = typer.main.get_command(app)
    path = []
    while hasattr(place, "commands"):
        path.append(words[len(path)])
        place = place.commands[path[-1]]
    return path, {option for one in place.params for option in (*one.opts, *one.secondary_opts)}


def rows(page: str, heading: str = "") -> list[list[str]]:
    """The cells of the tables of a page, or of those below one heading, without the names of the columns."""
    part = TEXTS[page]
    if heading:
        _, found, part = part.partition(f"\n## {heading}\n")
        assert found, heading
        part = part.split("\n## ")[0]
    lines = re.findall(r"^\| (.*) \|$(?!\n\|---)", part, re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def quoted(text_: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text_))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands of a page are run: predictions, claims, eight images, and a home of its own."""
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "predictions.csv").write_text(PREDICTIONS)
    (example,) = re.findall(r"```toml\n(.*?)```", TEXTS["docs/claims.md"], flags=re.DOTALL)
    (tmp_path / "claims.toml").write_text(example)
    (tmp_path / "about.toml").write_text('[study]\ntitle = "Mine"\n')
    rng = np.random.default_rng(1)
    for number, label in enumerate(("glioma", "meningioma", "notumor", "pituitary") * 2):
        path = tmp_path / "FOLDER" / ("Training", "Testing")[number // 4] / label / f"{number}.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (64, 64), dtype=np.uint8)).save(path)
    (tmp_path / "scans").mkdir()
    for number in range(2):
        Image.fromarray(rng.integers(0, 256, (64, 64), dtype=np.uint8)).save(tmp_path / "scans" / f"{number}.png")
    (tmp_path / "images.csv").write_text("file,y,pid\n0.png,0,p1\n1.png,1,p2\n")
    return tmp_path


@pytest.fixture
def neuroval(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Run a command as it is printed; it must end well. Returns what it says."""

    def run(command: str) -> str:
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr()
        assert code == 0, (command, said.err)
        return said.out

    return run


@pytest.mark.parametrize("page", [name for name in TEXTS if any(map(is_run, blocks(name)))])
@pytest.mark.usefixtures("folder")
def test_the_commands_of_a_page_do_what_they_say(page: str, neuroval: Callable[[str], str]) -> None:
    lines = list(blocks(page))
    if not any(line.startswith("neuroval import") for line in lines):  # the page goes on where another ended
        neuroval("neuroval import predictions.csv --out my-study --negative notumor")
    for line in filter(is_run, lines):
        assert neuroval(line), line


def test_each_reason_is_of_a_command_that_is_printed() -> None:
    lines = [line for page in TEXTS for line in blocks(page)]
    assert [pattern for pattern in NOT_RUN if not any(is_one(line, pattern) for line in lines)] == []


def test_every_command_that_is_named_is_there_with_its_options() -> None:
    lines = [line for page in TEXTS for line in blocks(page) if line.startswith("neuroval ")]
    lines += re.findall(r"`((?:\.venv/bin/)?neuroval\s[^`]+)`", "\n".join(map(prose, TEXTS)))
    for line in lines:
        words = re.sub(r"[][]", " ", line).split()[1:]
        if words[0] == "COMMAND":
            continue
        path, options = named(words)
        assert {word for word in words[len(path) :] if word.startswith("-")} - options == set(), line
        for word in words:
            if word.startswith("model/recipes/"):
                assert (ROOT / word).is_file(), word


def test_every_option_that_stands_alone_is_one_of_some_command() -> None:
    every = set().union(*(named(words)[1] for words in commands()))
    for page in TEXTS:
        for option in (span.split()[0] for span in quoted(prose(page)) if span.startswith("--")):
            assert option in every, (page, option)


def commands() -> list[list[str]]:
    """Every command of the program, groups resolved."""
    listed: list[list[str]] = []
    for name, one in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        listed += [[name, inner] for inner in one.commands] if hasattr(one, "commands") else [[name]]
    return listed


def test_the_table_lists_every_command() -> None:
    told = [
        named(re.sub(r"[][]", " ", cells[0].strip("`")).split()[1:])[0]
        for cells in rows("docs/commands.md")
        if cells[0].startswith("`neuroval")
    ]
    assert sorted(told) == sorted(commands())


def test_make_has_the_targets_that_are_named() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in TEXTS.values():
        assert set(re.findall(r"(?:^|`)make ([a-z-]+)", page, re.MULTILINE)) <= targets


def test_the_module_that_is_served_is_there() -> None:
    (module,) = re.findall(r"uvicorn neuroval\.([\w.]+):app ", TEXTS["docs/api.md"])
    assert module == create.__module__.removeprefix("neuroval.")


def test_the_addresses_of_the_api_are_those_it_has() -> None:
    served = {path.removeprefix(PATH) for path in create(Settings(model="phantom")).openapi()["paths"]}
    assert {cells[0].strip("`") for cells in rows("docs/api.md")} == served
    asked = re.findall(r"8501/api/v1(/[\w/]+)", TEXTS["docs/api.md"])
    assert len(asked) == 2
    assert set(asked) <= served


def test_the_columns_are_those_that_are_read() -> None:
    told = set().union(*(quoted(cells[0]) for cells in rows("docs/own-data.md", "Predictions")))
    assert told == {*TEXT_COLUMNS, REASON, "prob_<class>"}
    told = set().union(*(quoted(cells[0]) for cells in rows("docs/own-data.md", "Images")))
    assert told == {*METADATA_COLUMNS, "image_path"}


def test_kinds_and_verdicts_of_claims_are_those_there_are() -> None:
    assert {cells[0].strip("`") for cells in rows("docs/claims.md", "Kinds")} == set(KINDS)
    assert {cells[0].strip("`") for cells in rows("docs/claims.md", "Verdicts")} == set(text_claims.VERDICTS)


def test_the_two_claims_contradict_each_other(folder: Path, neuroval: Callable[[str], str]) -> None:
    arguments = "--out study --data my-data --negative notumor --claims claims.toml"
    neuroval(f"neuroval import {folder / 'predictions.csv'} {arguments}")
    shown = json.loads(neuroval("neuroval analyze study --section claims --json"))
    verdicts = {claim["id"]: (claim["verdict"], claim["against"]) for claim in shown["sections"]["claims"]}
    assert verdicts == {
        "accuracy": ("contradicted_internally", [["missed"]]),
        "missed": ("contradicted_internally", [["accuracy"]]),
    }


def test_the_questions_are_the_pages() -> None:
    told = {cells[0]: cells[1] for cells in rows("README.md", "Questions")}
    assert told == {page.question: page.label for page in PAGES.values()}


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    assert len(TEXTS["README.md"].splitlines()) < 150
    for page in TEXTS:
        if page != "README.md":
            assert f"]({page})" in TEXTS["README.md"], page
            assert page == "docs/README.md" or f"]({Path(page).name})" in TEXTS["docs/README.md"], page


@pytest.mark.parametrize("top", ["data", "model", "analysis", "dashboard"])
def test_the_rooms_are_those_there_are(top: str) -> None:
    (told,) = [cells[2] for cells in rows("README.md", "Where things are") if cells[0] == f"`{top}/`"]
    there = {path.parent.name for path in (ROOT / top).glob("*/*.py")}
    assert quoted(told.partition(";")[0]) == there


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", [README, *DOCS, *TOP, *MAPS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        place = (path.parent / file) if file else path
        assert place.is_file(), target
        assert not anchor or anchor in anchors(place), target


# The keys of the JSON ------------------------------------------------------------------------------------------------

ESTIMATE: Final = {"value", "low", "high", "level", "method", "n", "count", "reason"}
ANYWHERE: Final = {"cut", "total", "plain", "clustered", "reason"}  # said once, before the sections
FREE: Final = {  # by class, setting, metric, column
    *("counts", "shares", "recipe", "folds_recipe", "by_fold", "known_patient"),
    *("columns", "values"),
}
ALSO: Final = {  # sections that a section refers to
    "folds": ("per-class", "Comparison"),
    "audit": ("per-class",),
    "trial": ("Comparison",),
}


def keys(value: Any, classes: frozenset[str]) -> set[str]:
    """Every key in a document but those of estimates, classes and numbers (``any_tumour.sensitivity``) and ``FREE``."""
    if isinstance(value, list):
        return set().union(*(keys(inner, classes) for inner in value)) if value else set()
    if not isinstance(value, Mapping) or set(value) >= ESTIMATE:
        return set()
    named_here = {name for name in value if name not in classes and not name.endswith("_clustered") and "." not in name}
    within = (keys(inner, classes) for name, inner in value.items() if name not in FREE)
    return named_here.union(*within) - ANYWHERE


@pytest.fixture(scope="module")
def shipped() -> Study:
    return read_study(SHIPPED_STUDIES / "brain-tumor-mri")


@pytest.fixture(scope="module")
def document(shipped: Study, dashboard_home: Path) -> dict[str, Any]:
    """The sections of the shipped study, which holds no trial, and the trial of one that does."""
    tried = read_study(dashboard_home / "studies" / "whole")
    return {**sections(shipped)["sections"], **sections(tried, names=["trial"])["sections"]}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_of_a_section_is_told_and_there(section: str, document: dict[str, Any], shipped: Study) -> None:
    found = keys(document[section], frozenset(shipped.classes.names))
    table = rows("docs/json.md", section)
    told = quoted(" ".join(map(" ".join, table)))
    for other in ALSO.get(section, ()):
        told |= quoted(" ".join(map(" ".join, rows("docs/json.md", other))))
    assert found - told - {metric.key for metric in METRICS} == set()
    assert quoted(" ".join(cells[0] for cells in table)) - found - ANYWHERE == set()


def test_every_key_of_a_comparison_is_told(shipped: Study) -> None:
    other = read_study(SHIPPED_STUDIES / "brain-tumor-mri-b3")
    compared = document_of(comparisons(*(StudyResults(study=study) for study in (shipped, other))))
    _, _, told = TEXTS["docs/json.md"].partition("\n## Comparison\n")
    assert keys(compared, frozenset(shipped.classes.names)) - set(re.findall(r"\w+", told)) == set()
    assert list(compared["sections"]) == [cells[0].strip("`") for cells in rows("docs/json.md", "Comparison")]
