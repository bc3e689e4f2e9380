"""A description put into a study later: what it changes, what stays, and what is refused."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.study.describing import describe, template
from neuroval.data.study.folder import read_study
from neuroval.data.study.import_predictions import study_of_predictions
from neuroval.data.study.manifest import CRITERIA_SET

ABOUT = """
[study]
title = "Pneumonia on chest radiographs"
limitations = ["One hospital"]

[classes.display]
ill = "Pneumonia"
well = "No finding"

[thresholds]
review = 0.7

[harm]
matrix = [[0, 9], [1, 0]]

[[acceptance]]
metric = "any_tumour.sensitivity"
at_least = 0.9
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "p.csv").write_text("label,prob_ill,prob_well\nill,0.9,0.1\nwell,0.2,0.8\n", encoding="utf-8")
    study_of_predictions(tmp_path / "p.csv", out=tmp_path / "study", negative="well")
    return tmp_path / "study"


def test_a_description_changes_the_words_and_not_the_tables(place: Path) -> None:
    before = read_study(place)
    changed = describe(place, tomllib.loads(ABOUT), where="about.toml")
    manifest = changed.manifest
    assert manifest.about.title == "Pneumonia on chest radiographs"
    assert manifest.about.name == before.manifest.about.name
    assert manifest.classes.display["ill"] == "Pneumonia"
    assert manifest.thresholds.review == 0.7
    assert manifest.thresholds.high_confidence == 0.9
    assert manifest.harm == ((0, 9), (1, 0))
    assert [criterion.at_least for criterion in manifest.acceptance] == [0.9]
    assert manifest.files == before.manifest.files
    assert changed.fingerprint != before.fingerprint
    assert manifest.provenance[CRITERIA_SET].startswith("20")
    assert manifest.criteria_set is not None
    assert manifest.criteria_set.isoformat() == manifest.provenance[CRITERIA_SET][:10]
    assert read_study(place).fingerprint == changed.fingerprint


def test_criteria_that_stay_have_no_new_date(place: Path) -> None:
    changed = describe(place, {"study": {"title": "Another"}}, where="about.toml")
    assert CRITERIA_SET not in changed.manifest.provenance
    assert changed.manifest.criteria_set is None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"model": {"name": "x"}}, "unknown table 'model'"),
        ({"study": {"name": "x"}}, "'name' is not described"),
        ({"classes": {"order": ["well", "ill"]}}, "'order' is not described"),
        ({"acceptance": [{"metric": "lung.ppv", "at_least": 0.9}]}, "lung"),
        ({"harm": {"matrix": [[0]]}}, "expected 2 x 2"),
    ],
)
def test_what_is_no_description_is_refused_and_nothing_changes(
    place: Path, document: dict[str, Any], message: str
) -> None:
    before = read_study(place).fingerprint
    with pytest.raises(InputError, match=message) as refused:
        describe(place, document, where="about.toml")
    assert str(refused.value).startswith("about.toml: ")
    assert read_study(place).fingerprint == before


@pytest.mark.parametrize("names", [("ill", "well"), ("a b", 'c"d', "e")])
def test_the_template_fits_as_it_is_and_filled_in(place: Path, names: tuple[str, ...]) -> None:
    order = ClassOrder(names=names, negative=names[-1])
    text = template(order)
    assert describe(place, tomllib.loads(text), where="about.toml").fingerprint == read_study(place).fingerprint
    filled = "\n".join(
        line.removeprefix("# ") if " = " in line or "[" in line or "]" in line else line
        for line in text.splitlines()[3:]
    )
    tables = tomllib.loads(filled.replace("\n#   [", "\n  ["))
    assert set(tables) == {"study", "classes", "thresholds", "harm", "acceptance", "impact"}
    assert tables["classes"]["display"] == {name: name for name in names}
    if names == ("ill", "well"):
        tables["harm"]["matrix"] = [[0, 1], [1, 0]]
        assert describe(place, tables, where="about.toml").manifest.impacts[0].predicted == "well"
