"""Subgroups: the planted cell is named on the overview and on the page, and its scans are one click away."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from neuroval.data.study.import_predictions import study_of_predictions

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]
CELL = "site=north&sex=F"


@pytest.fixture
def open_planted(open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A page of the study ``planted``: 960 scans; women at the site north are called at random."""
    rng = np.random.default_rng(3)
    sex = np.arange(960) % 2
    site = np.repeat(np.arange(4), 240)
    sick = np.arange(960) // 2 % 2
    wrong = rng.random(960) < np.where((site == 1) & (sex == 0), 0.55, 0.15)
    score = np.where((sick == 1) != wrong, 0.9, 0.1)
    table = pd.DataFrame({"label": np.array(["well", "sick"])[sick], "prob_sick": score, "prob_well": 1 - score})
    table["site"] = np.array(["east", "north", "south", "west"])[site]
    table["sex"] = np.array(["F", "M"])[sex]
    table["ward"] = ["rare" if row < 5 else "usual" for row in range(960)]
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    table.to_parquet(tmp_path / "predictions.parquet")
    study_of_predictions(tmp_path / "predictions.parquet", out=tmp_path / "studies" / "planted", negative="well")
    return lambda page, **query: open_page(page, "planted", **query)


def test_the_overview_names_it_first_and_leads_to_it(open_planted: Open) -> None:
    app = open_planted("overview")
    findings = [str(element.value) for element in app.main.markdown if "-badge[" in str(element.value)]
    assert "red-badge[Critical]" in findings[0]
    assert "north" in findings[0]
    assert "fares worse than the rest" in findings[0]


def test_crossed_the_cell_is_the_answer_and_its_scans_stand_below(open_planted: Open, said: Said) -> None:
    app = open_planted("subgroups", by="site", cross="sex")
    assert not app.exception
    assert "Site north, sex F fares worse: accuracy" in said(app)
    assert app.main.selectbox(key="level").value == CELL
    assert len(app.main.get("plotly_chart")) == 1
    app.main.selectbox(key="number").set_value("any_tumour.specificity").run()
    assert app.query_params["number"] == "any_tumour.specificity"
    assert "specificity" in said(app)
    app.main.selectbox(key="cross").set_value("all").run()
    assert "cross" not in app.query_params
    assert app.main.selectbox(key="level").value == "site=north"


def test_a_gallery_of_a_subgroup_has_a_chip_that_takes_it_away(open_planted: Open, said: Said) -> None:
    app = open_planted("errors", cases="all", subgroup=CELL)
    assert "of 120 shown" in said(app)
    (chip,) = [button for button in app.main.button if button.label == "Site north, sex F"]
    chip.click().run()
    assert "subgroup" not in app.query_params
    assert "960 scans" in said(app)
    odd = open_planted("errors", cases="all", subgroup="site=nowhere")
    assert not odd.exception
    assert "of 120 shown" not in said(odd)


def test_a_level_of_few_scans_is_not_worth_a_column(open_planted: Open) -> None:
    app = open_planted("subgroups")
    assert app.main.button_group(key="by").options == ["Sex", "Site"]
