"""One number everywhere: JSON, CSV, pages and report show each entry of the registry with the same digits.

What is no entry of the registry (tiers, copies, prevalences, folds) is an estimate of the JSON wherever a page prints
one. The words around the numbers are in the snapshots.
"""

import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from neuroval.analysis.core.codes import Method
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.metrics import METRICS
from neuroval.analysis.study.results import results_of
from neuroval.dashboard.cli.main import main
from neuroval.dashboard.documents.plain_values import estimate_of
from neuroval.dashboard.documents.table import COLUMNS, NEW, Number, numbers
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.report.options import Options
from neuroval.dashboard.report.pdf import report
from neuroval.dashboard.words.formats import area, fine, full, ratio, short
from neuroval.dashboard.words.overview import HEADLINES
from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.study.evaluated_cases import NEW_PATIENTS
from neuroval.data.study.folder import read_study

STUDY = "whole"
ARROW = "\N{RIGHTWARDS ARROW}"
NAMES = {"overall": "", "any_tumour": "Any tumour", "confidence": "", **BRAIN_TUMOR.display}
REGISTRY = {(one.scope, one.key): one for one in METRICS}
NUMBER = r"[-\u2212]?\d[\d,]*(?:\.\d+)?"
PRINTED = re.compile(rf"(?<![\d.,\u2212-]){NUMBER} \({NUMBER}(?:\u2013| to ){NUMBER}\)")
ELSEWHERE = ("compare", "report")  # pages of other documents: a comparison, a file
Document = dict[str, Any]
Cells = dict[tuple[str, str], str]  # by subject and label


@pytest.fixture(scope="module")
def printed(dashboard_home: Path) -> Callable[..., str]:
    """What a command prints."""

    def run(*arguments: str) -> str:
        with pytest.MonkeyPatch.context() as patch, io.StringIO() as out:
            patch.setenv("NEUROVAL_HOME", str(dashboard_home))
            patch.setattr(sys, "argv", ["neuroval", *arguments])
            patch.setattr(sys, "stdout", out)
            with pytest.raises(SystemExit):
                main()
            return out.getvalue()

    return run


@pytest.fixture(scope="module")
def document(printed: Callable[..., str]) -> Document:
    parsed: Document = json.loads(printed("analyze", STUDY, "--json", "--all"))["sections"]
    return parsed


@pytest.fixture(scope="module")
def registry(dashboard_home: Path) -> list[Number]:
    return list(numbers(results_of(read_study(dashboard_home / "studies" / STUDY))))


@pytest.fixture
def page_of(open_page: Callable[..., AppTest]) -> Callable[[str], AppTest]:
    """A page with what is folded away on it opened."""

    def page(name: str) -> AppTest:
        app = open_page(name, STUDY)
        for key in ("ranking", "averages", "intervals", "scores"):
            app.session_state[key] = True
        return app.run()

    return page


def section(document: Document, number: Number) -> Any:
    """Where the JSON holds the number."""
    if number.subject in ("confidence", "errors"):
        return document["confidence" if number.subject == "confidence" else "error-rates"]
    if REGISTRY.get(("trial", number.metric)) is not None:
        return document["trial"]["subjects"][number.subject]
    folds = document["folds"]
    owner = {NEW_PATIENTS: document["per-class"], "folds_ungrouped": folds["ungrouped"]}[number.basis]
    return owner[number.subject] if number.subject in owner else owner["classes"][number.subject]


def headline(estimates: Sequence[Document]) -> Document:
    """What is shown of the two estimates of a number: the wider, with the end of the other that reaches farther."""
    if any(each["low"] is None for each in estimates):
        return next(each for each in estimates if each["low"] is None)
    wide = max(estimates, key=lambda each: each["high"] - each["low"])
    lower = min([wide, *estimates], key=lambda each: each["low"])
    upper = max([wide, *estimates], key=lambda each: each["high"])
    if lower is wide and upper is wide:
        return wide
    ends = {"lower": bound(lower, "lower"), "upper": bound(upper, "upper")}
    method = "; ".join(f"{end} bound: {name}" for end, name in ends.items())
    return {**wide, "low": lower["low"], "high": upper["high"], "method": method}


def bound(estimate: Document, end: str) -> str:
    """The method of one end of an interval: one of two, where each end has its own."""
    both = re.fullmatch("lower bound: (?P<lower>.*); upper bound: (?P<upper>.*)", estimate["method"])
    return both[end] if both else str(estimate["method"])


def headlines(value: Any) -> Iterator[Document]:
    """What is shown of every number of a document that stands in it twice, plain and clustered."""
    if isinstance(value, dict):
        if value.keys() == {"plain", "clustered"} and value["clustered"] is not None:
            yield headline([value["plain"], value["clustered"]])
        for key in [name for name in value if f"{name}_clustered" in value]:
            yield headline([value[key], value[f"{key}_clustered"]])
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from headlines(inner)


def plain(words: object) -> str:
    """What a reader sees of Markdown."""
    return re.sub(r"\\(?=[!-/:-@\[-`{-~])|\u2060", "", str(words))


def figures(app: AppTest) -> list[Document]:
    return [json.loads(chart.proto.spec) for chart in app.main.get("plotly_chart")]


def tables(app: AppTest) -> list[pd.DataFrame]:
    return [one.value.map(plain) for one in (*app.main.table, *app.main.dataframe)]


def shown(app: AppTest) -> Cells:
    """The numbers of a page by subject and label: cells of tables, points of forests."""
    found: Cells = {}
    for frame in tables(app):
        for first, *rest in frame.itertuples(index=False, name=None):
            if frame.columns[0] == "Class":
                found |= {(first, label): cell for label, cell in zip(frame.columns[1:], rest, strict=True)}
            else:
                found["", first] = rest[0]
    for spec in figures(app):
        heading, headings = "", {}
        axis = spec["layout"].get("yaxis", {})
        for row, label in zip(axis.get("tickvals", ()), axis.get("ticktext", ()), strict=True):
            bold = re.fullmatch("<b>(.*)</b>", label)
            heading = bold[1] if bold else heading
            headings[row] = heading
        for trace in (one for one in spec["data"] if heading and "customdata" in one):
            for row, (text, *name) in zip(trace["y"], trace["customdata"], strict=True):
                found["".join(name), headings[round(row)]] = text  # marks may lie beside their row
    return found


def expected(registry: list[Number], tables: tuple[str, ...]) -> Cells:
    """What the numbers of these tables are written as."""
    found: Cells = {}
    for number in registry:
        scope = number.subject if number.subject in ("overall", "confidence", "errors", "maps") else "class"
        if ("trial", number.metric) in REGISTRY or number.subgroup:
            continue  # of tables of their own
        metric, estimate = REGISTRY[scope, number.metric], number.estimate
        if number.basis == NEW_PATIENTS and metric.shown in tables:
            written = ratio if metric.unit == "ratio" else area if metric.unit == "area" else full
            if metric.shown == "averages" and estimate.count is None:
                written = area
            found[NAMES[number.subject], metric.name if scope == "overall" else metric.label] = written(estimate)
    return found


def test_json_and_csv_hold_the_same_numbers(
    document: Document, registry: list[Number], printed: Callable[..., str]
) -> None:
    text = printed("analyze", STUDY, "--csv")
    csv = pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str).to_dict("records")
    assert len(csv) == len(registry) > 150
    for row, number in zip(csv, registry, strict=True):
        values = estimate_of(number.estimate)
        assert [row[name] for name in ("metric", "subject", "basis")] == [number.metric, number.subject, number.basis]
        known = {name: values[name] for name in values if name in COLUMNS}
        assert {name: row[name] for name in known} == {name: "" if v is None else str(v) for name, v in known.items()}
        if not number.subgroup and number.basis not in (NEW, "test"):  # of these the JSON holds the headlines
            owner = section(document, number)
            both = [owner[key] for key in (number.metric, f"{number.metric}_clustered") if key in owner]
            assert headline(both) == json.loads(json.dumps(values)), number


@pytest.mark.parametrize(
    ("page", "tables"), [("per_class", ("rates", "averages", "ratios")), ("confidence", ("scores",))]
)
def test_a_page_shows_the_numbers_of_the_registry(
    page_of: Callable[[str], AppTest], registry: list[Number], page: str, tables: tuple[str, ...]
) -> None:
    found, wanted = shown(page_of(page)), expected(registry, tables)
    assert wanted
    assert {key: found.get(key) for key in wanted} == wanted


def test_the_overview_sets_the_bases_beside_each_other(
    page_of: Callable[[str], AppTest], registry: list[Number]
) -> None:
    found = {(one.subject, one.metric, one.basis): one.estimate for one in registry if not one.subgroup}
    (table,) = (one for one in tables(page_of("overview")) if one.columns[0] == "Number")
    assert table.to_numpy().tolist() == [
        [label, *(full(found[(*key.split("."), basis)]) for basis in ("test", NEW, NEW_PATIENTS))]
        for key, label in HEADLINES.items()
    ]


def test_the_report_prints_the_numbers_of_the_registry(dashboard_home: Path, registry: list[Number]) -> None:
    pdf = PdfReader(io.BytesIO(report(read_study(dashboard_home / "studies" / STUDY), Options())))
    words = re.sub(r"[\s\u200b]+", "", "".join(page.extract_text() for page in pdf.pages)).replace("),", ")")
    rows: dict[str, str] = {}
    for group in (("rates",), ("averages",), ("ratios",), ("scores",)):
        for (subject, label), text in expected(registry, group).items():
            name = f"{subject}, {group[0]}" if subject else label
            rows[name] = rows.get(name, subject or label) + text
    assert len(rows) > 20
    squeezed = {name: re.sub(r"\s+", "", row).replace("),", ")") for name, row in rows.items()}
    assert {name: row for name, row in squeezed.items() if row not in words} == {}


def estimates(value: Any) -> Iterator[Estimate]:
    """Every estimate of the JSON that has an interval."""
    if isinstance(value, dict) and value.get("low") is not None and "method" in value:
        yield Estimate(**{**value, "method": Method("given")})
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from estimates(inner)


@pytest.mark.parametrize("page", [name for name, page in PAGES.items() if page.needs_study and name not in ELSEWHERE])
def test_every_estimate_of_a_page_is_one_of_the_json(
    page_of: Callable[[str], AppTest], document: Document, page: str
) -> None:
    app = page_of(page)
    known = {
        write(each)
        for each in (*estimates(document), *estimates(list(headlines(document))))
        for write in (short, ratio, fine, area)
    }
    known |= set(PRINTED.findall(json.dumps(document, ensure_ascii=False)))  # in the sentences of claims
    words = [plain(one.value) for kind in (app.main.markdown, app.main.caption) for one in kind]
    words += [*(frame.to_csv(sep="\t") for frame in tables(app)), *shown(app).values()]
    assert set(PRINTED.findall("\n".join(words))) - known == set()


def matrix_of(app: AppTest) -> dict[tuple[str, ...], int]:
    """The cells of the matrix of a page, by reference and call."""
    drawn = [one for spec in figures(app) for one in spec["data"] if "customdata" in one and "text" in one]
    pairs = [pair for one in drawn for pair in zip(one["customdata"], one["text"], strict=True)]
    return {tuple(cell): int(text.rpartition(": ")[2].replace(",", "")) for cell, text in pairs}


def test_the_matrix_of_the_page_is_that_of_the_json(page_of: Callable[[str], AppTest], document: Document) -> None:
    matrix, names = document["confusion"]["matrix"], document["confusion"]["classes"]
    wanted = {(row, column): matrix[i][j] for i, row in enumerate(names) for j, column in enumerate(names)}
    assert matrix_of(page_of("confusion")) == wanted


def test_the_errors_come_in_the_order_of_the_json(page_of: Callable[[str], AppTest], document: Document) -> None:
    given = json.loads(next(drawn.proto.json for drawn in page_of("errors").get("bidi_component")))
    pairs = [" ".join((NAMES[one["reference"]], ARROW, NAMES[one["predicted"]])) for one in document["errors"]]
    assert [tile["caption"] for tile in given["tiles"]] == pairs


def test_the_folds_of_the_page_are_those_of_the_json(page_of: Callable[[str], AppTest], document: Document) -> None:
    rows = {row[0]: row[1:] for row in tables(page_of("cross_validation"))[0].itertuples(index=False, name=None)}
    parts = [document["folds"]["by_fold"], document["folds"]["ungrouped"]["by_fold"]]
    for key, label in (("accuracy", "Accuracy"), ("glioma.sensitivity", "Sensitivity, glioma")):
        means = [next(estimates(part[key]["mean"])) for part in parts]
        assert rows[label] == tuple(f"{short(one)}, {p[key]['sd']:.3f}" for one, p in zip(means, parts, strict=True))


def test_the_epochs_of_the_page_are_those_of_the_json(page_of: Callable[[str], AppTest], document: Document) -> None:
    (run,), loss = document["training"]["runs"], figures(page_of("training"))[0]["data"]
    assert [one["y"] for one in loss] == [[epoch[key] for epoch in run["epochs"]] for key in ("loss", "tuning_loss")]
