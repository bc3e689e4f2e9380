"""Names that run from right to left stand between marks in all that is printed: numbers beside them stay forwards."""

import unicodedata
from pathlib import Path

import pytest

from neuroval.dashboard.documents.study_document import as_text, sections
from neuroval.dashboard.words.intake import as_table
from neuroval.data.classes import END, ISOLATE, RIGHT_TO_LEFT
from neuroval.data.dataset.intake import from_document
from neuroval.data.study.folder import Study
from neuroval.data.study.import_predictions import study_of_predictions

NAMES = {"Arabic": ("ورم دبقي", "لا ورم"), "Hebrew": ("גליומה", "ללא גידול"), "Persian": ("گلیوما", "بدون تومور")}


@pytest.fixture(params=NAMES)
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Study:
    tumour, nothing = NAMES[request.param]
    rows = [f"label,site,{tumour}x,prob_{tumour},prob_{nothing}"]
    for number in range(12):
        chance = 0.9 if number % 2 else 0.2
        chance = 1 - chance if number < 3 else chance
        label = tumour if number % 2 else nothing
        rows.append(f"{label},{tumour if number < 6 else 'north'},{number // 6},{chance:.2f},{1 - chance:.2f}")
    (tmp_path / "p.csv").write_text("\n".join(rows), encoding="utf-8")
    return study_of_predictions(
        tmp_path / "p.csv", out=tmp_path / "study", title=tumour, negative=nothing, keep=[f"{tumour}x"]
    )


def unmarked(lines: list[str]) -> list[str]:
    """The lines with a letter of such a name outside its marks."""
    bad = []
    for line in lines:
        depth = 0
        for letter in line:
            depth += (letter == ISOLATE) - (letter == END)
            if not depth and unicodedata.bidirectional(letter) in RIGHT_TO_LEFT:
                bad.append(line)
                break
    return bad


def test_printed_numbers_stay_beside_their_names(study: Study) -> None:
    assert unmarked(as_text(sections(study)).splitlines()) == []


def test_the_table_of_what_was_read_does_too(study: Study) -> None:
    assert unmarked(as_table(from_document(study.manifest.provenance["intake"]))) == []
