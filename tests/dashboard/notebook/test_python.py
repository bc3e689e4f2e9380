"""NeuroVal in Python: the page of documentation runs, and the numbers are those of the command line."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import neuroval as nv
from neuroval.data.exceptions import InputError

PAGE = Path(__file__).parents[3] / "docs" / "python.md"


@pytest.fixture
def df(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Sixty radiographs of two classes; the model is right in 50."""
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    y = np.repeat(["normal", "pneumonia"], 30)
    right = np.arange(60) % 6 != 0
    sure = rng.uniform(0.6, 0.99, 60)
    pneumonia = np.where((y == "pneumonia") == right, sure, 1 - sure)
    return pd.DataFrame(
        {
            "y": y,
            "prob_normal": 1 - pneumonia,
            "prob_pneumonia": pneumonia,
            "sex": np.tile(["F", "M"], 30),
            "site": np.tile(["north", "south", "east"], 20),
            "note": "free text",
        }
    )


def test_the_page_runs(df: pd.DataFrame, tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 5
    room = {"df": df}
    for block in blocks:
        exec(block, room)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    cells = json.loads((PAGE.parent / "first-look.ipynb").read_text(encoding="utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    room: dict[str, object] = {}
    shown = []
    for code in codes:
        *before, last = ast.parse(code).body
        exec(compile(ast.Module(body=before, type_ignores=[]), "cell", "exec"), room)
        if isinstance(last, ast.Expr):  # what a notebook shows below the cell
            shown.append(eval(compile(ast.Expression(body=last.value), "cell", "eval"), room))
        else:
            exec(compile(ast.Module(body=[last], type_ignores=[]), "cell", "exec"), room)
    pictures = [value for value in shown if hasattr(value, "to_plotly_json")]
    tables = [value for value in shown if not hasattr(value, "to_plotly_json") and hasattr(value, "_repr_html_")]
    assert (len(codes), len(pictures), len(tables)) == (8, 2, 4)
    assert all("</table>" in value._repr_html_() for value in tables)
    assert all(not cell.get("outputs") for cell in cells)  # numbers that are kept would grow old
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_numbers_are_counted_as_by_hand(df: pd.DataFrame) -> None:
    results = nv.results(nv.from_frame(df, label="y", negative="normal", keep=["sex"]))
    overall = results.overall.to_frame().set_index("metric")
    assert overall.loc["accuracy", ["count", "n"]].tolist() == [50, 60]
    assert results.confusion.to_frame().to_numpy().tolist() == [[25, 5], [5, 25]]
    classes = results.per_class.to_frame()
    assert set(classes["subject"]) == {"any_tumour", "normal", "pneumonia"}
    sensitivity = classes[(classes["subject"] == "pneumonia") & (classes["metric"] == "sensitivity")]
    assert sensitivity["value"].tolist() == [25 / 30]
    assert "0.833 (" in results.per_class._repr_html_()
    subgroups = results.subgroups("sex").to_frame()
    women = subgroups[(subgroups["subgroup"] == "sex=F") & (subgroups["metric"] == "sensitivity")]
    assert women["n"].gt(0).all()
    assert "sex=F" in results.subgroups("sex")._repr_html_()
    assert "basis" in results.to_frame()
    assert "pneumonia" in results._repr_html_()


def test_columns_by_list_and_a_kept_study(df: pd.DataFrame) -> None:
    given = df.rename(columns={"prob_normal": "p0", "prob_pneumonia": "p1", "y": "label"})
    study = nv.from_frame(given, prob=["p0", "p1"], classes=["normal", "pneumonia"], out="kept")
    assert study.classes == ("normal", "pneumonia")
    assert nv.read_study("kept").fingerprint == study.fingerprint
    assert "normal" in study._repr_html_()
    bare = df.rename(columns={"prob_normal": "normal", "prob_pneumonia": "pneumonia"})
    assert nv.from_frame(bare, label="y", prob="{class}", classes=["normal", "pneumonia"]).classes == study.classes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "gone"}, "column 'gone' is missing"),
        ({"label": "y", "prob": "p"}, "lacks {class}"),
        ({"label": "y", "prob": "chance_{class}"}, "no column is as"),
        ({"label": "y", "prob": ["prob_normal"]}, "needs classes"),
        ({"label": "y", "negative": "healthy"}, "healthy"),
    ],
)
def test_what_does_not_fit_is_said(df: pd.DataFrame, options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        nv.from_frame(df, **options)


def test_figures_and_subgroups_name_what_there_is(df: pd.DataFrame) -> None:
    results = nv.results(nv.from_frame(df, label="y", negative="normal"))
    for kind in ("roc", "precision-recall", "confusion", "reliability", "referral", "decision-curve"):
        assert results.figure(kind).data
    with pytest.raises(InputError, match="expected one of"):
        results.figure("pie")
    with pytest.raises(InputError, match="is not a class"):
        results.figure("roc", class_name="fracture")
    with pytest.raises(InputError, match=r"there are \['sex', 'site'\]"):
        results.subgroups("age")


def test_importing_loads_nothing() -> None:
    script = "import neuroval, sys; assert 'pandas' not in sys.modules; assert 'from_frame' in dir(neuroval)"
    subprocess.run([sys.executable, "-c", script], check=True)
