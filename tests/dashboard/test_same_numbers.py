"""Pages and command line show the same digits: every number on a page is one of ``neuroval analyze --json``."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.estimate import Estimate
from dashboard.figures.formats import full

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@pytest.fixture(scope="module")
def document(dashboard_home: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", "from dashboard.cli import main; main()", "analyze", "normal", "--json"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(dashboard_home))
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    parsed: dict[str, Any] = json.loads(answer.stdout)
    return parsed


def estimates(value: Any) -> Iterator[Estimate]:
    if isinstance(value, dict) and "method" in value and "level" in value:
        yield Estimate(**value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from estimates(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from estimates(inner)


def numbers(value: Any) -> Iterator[str]:
    """Each number of the document as it may be written, those within sentences and methods included."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        yield str(len(value))
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, str):
        yield from NUMBER.findall(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from (f"{value:,}", f"{value:.3f}", f"{value:.2f}")


def shown(app: AppTest) -> Iterator[str]:
    for kind in (app.main.markdown, app.main.caption, app.main.metric, app.main.subheader):
        yield from (str(element.value) for element in kind)
    for table in (*app.main.table, *app.main.dataframe):
        frame: pd.DataFrame = table.value
        yield from (str(cell) for cell in frame.to_numpy().ravel())
    for chart in app.main.get("plotly_chart"):
        figure = json.loads(chart.proto.spec)
        yield from (note["text"] for note in figure["layout"].get("annotations", ()))
        yield from (text for trace in figure["data"] for text in trace.get("customdata", ()))


@pytest.mark.parametrize("page", ["overview", "per_class"])
def test_every_number_of_a_page_is_in_the_document(
    open_page: Callable[..., AppTest], document: dict[str, Any], page: str
) -> None:
    app = open_page(page, "normal")
    how = {element.value for expander in app.main.expander for element in expander.markdown}
    known = set(numbers(document))
    found = [number for text in shown(app) if text not in how for number in NUMBER.findall(text)]
    accuracy = document["sections"]["audit"]["without_leaks"][0]
    gap = 100 * abs(accuracy["all"]["value"] - accuracy["without"]["value"])
    derived = {"95", f"{gap:.1f}"}  # the level in percent, and the difference of two numbers
    assert len(found) > 20
    assert [number for number in found if number not in known | derived] == []


@pytest.mark.parametrize(("page", "least"), [("overview", 1), ("per_class", 8)])
def test_every_rate_has_its_very_interval_and_counts(
    open_page: Callable[..., AppTest], document: dict[str, Any], page: str, least: int
) -> None:
    rate = re.compile(r"\d\.\d{3} \(\d\.\d{3}\N{EN DASH}\d\.\d{3}\), [\d,]+/[\d,]+")
    known = {full(estimate) for estimate in estimates(document)}
    found = {match for text in shown(open_page(page, "normal")) for match in rate.findall(text)}
    assert len(found) >= least
    assert found <= known
