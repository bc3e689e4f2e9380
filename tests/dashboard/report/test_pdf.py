"""The validation report: every number is one of ``neuroval analyze``, and nothing a person wrote is markup."""

import csv
import dataclasses
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, enclosing
from neuroval.analysis.performance.ranked_errors import ErrorCase
from neuroval.analysis.study.results import results_of
from neuroval.dashboard.documents.study_document import document_of
from neuroval.dashboard.report.chapters import errors
from neuroval.dashboard.report.options import SECTIONS, Options
from neuroval.dashboard.report.pdf import report
from neuroval.dashboard.words import interval_methods, reasons
from neuroval.dashboard.words import report as text_report
from neuroval.dashboard.words.ai_checklists import STARD_AI_ITEMS, TRIPOD_AI_ITEMS
from neuroval.dashboard.words.checklists import CLAIM_ITEMS, STARD_ITEMS
from neuroval.dashboard.words.formats import DASH, MINUS, area, fine, full, ratio, short
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import SHIPPED_STUDIES
from neuroval.data.study.folder import Study, read_study
from neuroval.data.study.import_predictions import study_of_predictions
from neuroval.data.study.manifest import About

REAL = SHIPPED_STUDIES / "brain-tumor-mri"
SEVERAL = Options(reviewer="Dr A. Example", site="Example Hospital", remarks="First remark.\nSecond remark.")
NUMBER = rf"[-{MINUS}]?\d[\d,]*(?:\.\d+)?"
PRINTED = re.compile(rf"(?<![\d.,{MINUS}-]){NUMBER} \({NUMBER}(?:{DASH}| to ){NUMBER}\)")
NAMES = ("#let x = 1", "胶质瘤 $a$", "*bold* <b>@ref</b>", "none " + "x" * 70)

Reader = Callable[..., PdfReader]


def squeezed(words: str) -> str:
    """Text without spaces: where a line or a word is broken does not matter."""
    return re.sub(r"[\s\u200b]+", "", words)


@cache
def said(pdf: PdfReader) -> str:
    return squeezed("".join(page.extract_text() for page in pdf.pages))


class Told(Reason):
    """A reason that a document has in words."""

    __slots__ = ()
    KNOWN: ClassVar = {"told": ("text",)}


class ToldMethod(Method):
    """A method that a document has in words."""

    __slots__ = ()
    KNOWN: ClassVar = {"told": ("text",)}


@pytest.fixture(autouse=True)
def _words_of_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reasons.REASONS, "told", "{text}")
    monkeypatch.setitem(interval_methods.METHODS, "told", "{text}")


def estimate(value: dict[str, Any]) -> Estimate:
    reason = None if value["reason"] is None else Told("told", text=value["reason"])
    return Estimate(**{**value, "method": ToldMethod("told", text=value["method"]), "reason": reason})


def estimates(value: Any) -> Iterator[Estimate]:
    """Every estimate in a document of ``neuroval analyze``, and what is shown of those that stand in it twice."""
    if isinstance(value, dict):
        if {"value", "method", "reason"} <= set(value):
            yield estimate(value)
        if value.keys() == {"plain", "clustered"} and value["clustered"] is not None:
            yield enclosing(estimate(value["plain"]), estimate(value["clustered"]))
        yield from (headline(value, name) for name in value if f"{name}_clustered" in value)
        for inner in value.values():
            yield from estimates(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from estimates(inner)


def spreads(value: Any) -> Iterator[str]:
    """Every median with its quartiles, as it is, as a whole number, and in thousands."""
    if isinstance(value, dict):
        if value.get("median") is not None:
            ends = [value[key] for key in ("median", "lower_quartile", "upper_quartile")]
            for unit, digits in ((1, 1), (1, 0), (1000, 1)):
                middle, low, high = (f"{end / unit:,.{digits}f}" for end in ends)
                yield f"{middle} ({low}{DASH}{high})"
        for inner in value.values():
            yield from spreads(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from spreads(inner)


def headline(owner: dict[str, Any], name: str) -> Estimate:
    return enclosing(*(estimate(owner[key]) for key in (name, f"{name}_clustered") if key in owner))


@cache
def document(study: Path, level: float = 0.95) -> dict[str, Any]:
    return document_of(results_of(read_study(study), level=level), everything=True)


@pytest.fixture(scope="module")
def filed(dashboard_home: Path) -> Iterator[Reader]:
    """A report, made once: of a study of the small ones by its name, or of the shipped one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(dashboard_home))

        @cache
        def make(name: str, options: Options = SEVERAL) -> PdfReader:
            folder = REAL if name == "real" else dashboard_home / "studies" / name
            return PdfReader(io.BytesIO(report(read_study(folder), options)))

        yield make


def place(home: Path, name: str) -> Path:
    return REAL if name == "real" else home / "studies" / name


@pytest.mark.parametrize("name", ["whole", "real"])
def test_every_printed_estimate_is_one_of_analyze(filed: Reader, dashboard_home: Path, name: str) -> None:
    numbers = document(place(dashboard_home, name))
    known = {form(one) for one in estimates(numbers) for form in (short, ratio, fine, area) if one.low is not None}
    known |= set(spreads(numbers["sections"]["dataset"]["images"]))
    known |= {one.removeprefix("> ") for one in known}  # of an area that is nearly 1
    known |= set(PRINTED.findall(json.dumps(numbers, ensure_ascii=False)))  # in the arithmetic of claims
    words = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in filed(name).pages))
    printed = set(PRINTED.findall(words.replace("\u200b", "").replace(f"{DASH} ", DASH)))
    assert len(printed) > 60
    assert printed - known == set()


@pytest.mark.parametrize("name", ["whole", "real"])
def test_the_rates_of_analyze_are_printed_with_their_counts(filed: Reader, dashboard_home: Path, name: str) -> None:
    found, sections = said(filed(name)).replace("),", ")"), document(place(dashboard_home, name))["sections"]
    per_class = sections["per-class"]
    owners = [per_class["any_tumour"], *per_class["classes"].values()]
    wanted = [headline(owner, rate) for owner in owners for rate in ("sensitivity", "specificity", "ppv", "npv")]
    wanted += [headline(pair, "rate") for pair in sections["confusion"]["pairs"]]
    wanted += [headline(sections["error-rates"], "rate"), headline(per_class["overall"], "accuracy")]
    wanted += [headline(tier, key) for tier in sections["confidence"]["tiers"] for key in ("share", "accuracy")]
    assert [full(one) for one in wanted if squeezed(full(one)).replace("),", ")") not in found] == []


def test_the_matrix_is_printed(filed: Reader, dashboard_home: Path) -> None:
    matrix = document(place(dashboard_home, "real"))["sections"]["confusion"]["matrix"]
    page = next(page for page in filed("real").pages if "Confusion matrix." in page.extract_text())
    numbers = re.findall(r"[\d,]+", page.extract_text().partition("predicted")[2])
    assert [f"{n:,}" for row in matrix for n in row] == [n for n in numbers if n != ","][:16]


def test_a_table_can_be_computed_again_from_the_attached_cases(filed: Reader, dashboard_home: Path) -> None:
    pdf = filed("real")
    attached = {name: content[0] for name, content in pdf.attachments.items()}
    assert set(attached) == {"numbers.json", "numbers.csv", "cases.csv"}
    numbers = json.loads(attached["numbers.json"])
    assert numbers["report"]["reviewer"] == "Dr A. Example"
    assert {key: numbers[key] for key in numbers if key != "report"} == json.loads(
        json.dumps(document(place(dashboard_home, "real")))
    )
    cases = list(csv.DictReader(io.StringIO(attached["cases.csv"].decode())))
    classes = numbers["sections"]["confusion"]["classes"]
    again = np.zeros((len(classes), len(classes)), dtype=int)
    for case in cases:
        chances = [float(case[f"prob_{name}"]) for name in classes]
        assert case["predicted"] == classes[int(np.argmax(chances))]
        again[classes.index(case["label"]), int(np.argmax(chances))] += 1
    assert again.tolist() == numbers["sections"]["confusion"]["matrix"]
    found = said(pdf)
    for row, name in enumerate(classes):
        hits, of = int(again[row, row]), int(again[row].sum())
        assert f"{hits:,}/{of:,}" in found, name


PLACES = {  # item of STARD, what its row says, and what is on the page that it names
    "4": ("Objectives and hypotheses", "Verdict against the acceptance criteria"),
    "3": ("Background, intended use and clinical role of the index test", "Intended use"),
    "19": ("Flow of participants, as a diagram", "Flow of scans (STARD)"),
    "23": ("Cross tabulation of index test against reference standard", "Calls against the reference standard"),
    "26": ("Limitations: bias, uncertainty, to whom it applies", "Audit of the data"),
}


def test_the_checklists_name_the_pages_on_which_an_item_is_answered(filed: Reader) -> None:
    pdf = filed("real")
    texts = [page.extract_text() for page in pdf.pages]
    found = said(pdf)
    for number, (asked, there) in PLACES.items():
        row = re.search(re.escape(squeezed(asked)) + r"((?:\d+,)*\d+?)(?=\D|\d{1,2}[a-b]?[A-Z])", found)
        assert row is not None, number
        pages = [int(page) for page in row[1].split(",")]
        assert any(squeezed(there).lower() in squeezed(texts[page - 1]).lower() for page in pages), (number, pages)


def test_a_reference_leads_to_the_page_that_it_names(filed: Reader) -> None:
    pdf = filed("real")
    lists = [page for page in pdf.pages if "Not reported" in page.extract_text()]
    targets = {
        pdf.get_destination_page_number(pdf.named_destinations[note["/Dest"]]) + 1
        if isinstance(note.get("/Dest"), str)
        else _page_of(pdf, note)
        for page in lists
        for note in (item.get_object() for item in page.get("/Annots", ()))
    }
    assert len(targets) > 8
    assert max(targets) <= len(pdf.pages)


def _page_of(pdf: PdfReader, note: Any) -> int:
    target = (note["/A"]["/D"] if "/A" in note else note["/Dest"])[0]
    return next(index for index, page in enumerate(pdf.pages, 1) if page.indirect_reference == target)


def test_every_item_of_the_checklists_is_there(filed: Reader) -> None:
    assert [item.number for item in STARD_ITEMS if not item.number.endswith("b")][:3] == ["1", "2", "3"]
    assert len({item.number.rstrip("ab") for item in STARD_ITEMS}) == 30
    assert [item.number for item in CLAIM_ITEMS] == [str(number) for number in range(1, 45)]
    found = said(filed("real"))
    for items in (STARD_ITEMS, STARD_AI_ITEMS, CLAIM_ITEMS, TRIPOD_AI_ITEMS):
        assert all(squeezed(item.asked) in found for item in items)


def test_it_is_an_archivable_and_accessible_pdf(filed: Reader) -> None:
    pdf = filed("whole")
    root = pdf.trailer["/Root"].get_object()
    metadata = root["/Metadata"].get_object().get_data().decode()
    for mark in ("<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"):
        assert mark in metadata
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Validation report: Study whole"
    titles = [entry.title for entry in pdf.outline if not isinstance(entry, list)]
    assert "1 Summary" in titles
    assert "Sign-off" in titles[-1]
    figures = [element for element in _elements(root["/StructTreeRoot"]) if element.get("/S") == "/Figure"]
    assert len(figures) >= 7
    assert all(str(element.get("/Alt", "")).strip() for element in figures)
    kinds = {element.get("/S") for element in _elements(root["/StructTreeRoot"])}
    assert {"/Table", "/TH", "/TD", "/H1", "/Caption", "/L"} <= kinds


def _elements(root: Any) -> Iterator[Any]:
    waiting = [root]
    while waiting:
        element = waiting.pop().get_object()
        if isinstance(element, list):
            waiting += element
        elif isinstance(element, dict):
            if "/S" in element:
                yield element
            if "/K" in element:
                waiting.append(element["/K"])


def test_the_fonts_travel_with_it(filed: Reader) -> None:
    names = set()
    for page in filed("whole").pages:
        for font in page["/Resources"]["/Font"].values():
            (inner,) = font.get_object()["/DescendantFonts"]
            descriptor = inner.get_object()["/FontDescriptor"]
            assert any(key.startswith("/FontFile") for key in descriptor)
            names.add(str(descriptor["/FontName"]).partition("+")[2].partition("-")[0])
    assert "SourceSansPro" in names


def test_page_numbers_and_the_fingerprint_are_on_every_page(filed: Reader, dashboard_home: Path) -> None:
    pdf, fingerprint = filed("whole"), document(place(dashboard_home, "whole"))["study"]["fingerprint"]
    for number, page in enumerate(pdf.pages, start=1):
        words = page.extract_text()
        assert f"Page {number} of {len(pdf.pages)}" in words
        assert "Research use only. Not a medical device." in words
        assert f"Fingerprint {fingerprint[:16]}" in words or number == 1
    assert fingerprint in said(pdf)


def test_equal_choices_give_equal_bytes_in_another_process(
    filed: Reader, studies_at_home: Path, tmp_path: Path
) -> None:
    options = ["--reviewer", SEVERAL.reviewer, "--site", SEVERAL.site, "--remarks", SEVERAL.remarks]
    out = tmp_path / "report.pdf"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from neuroval.dashboard.cli.main import main; main()",
            "report",
            "whole",
            "-o",
            str(out),
            *options,
        ],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    stream = filed("whole").stream
    stream.seek(0)
    assert out.read_bytes() == stream.read()
    assert done.stdout.startswith(f"report {out}")
    assert studies_at_home.is_dir()


def test_high_confidence_errors_have_their_pictures(filed: Reader, dashboard_home: Path) -> None:
    pdf = filed("whole")
    wrong = document(place(dashboard_home, "whole"))["sections"]["errors"]
    pictures = sum(len(page.images) for page in pdf.pages)
    assert pictures == len(wrong) > 0
    found = said(pdf)
    assert all(case["case_id"] in found for case in wrong)


def test_without_images_errors_are_listed_and_that_is_said(filed: Reader, dashboard_home: Path) -> None:
    found = said(filed("real"))
    assert squeezed(text_report.NO_IMAGES) in found
    wrong = document(place(dashboard_home, "real"))["sections"]["errors"]
    high = [case["case_id"] for case in wrong if case["tier"] == "high"]
    assert high
    assert all(case in found for case in high)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("normal", "This study holds no cross-validation."),
        ("no-errors", "No errors in 40 scans: an error rate up to 9.5% is still compatible"),
        ("no-errors", "This study holds no Grad-CAM."),
        ("empty-class", "No scans of Pituitary: its sensitivity is not estimable."),
        ("no-training", "the study holds no training cases"),
        ("two-classes", "the study names no negative class"),
        ("ten-classes", "This study holds no Grad-CAM."),
    ],
)
def test_what_a_study_lacks_is_said(filed: Reader, name: str, told: str) -> None:
    found = said(filed(name, Options()))
    assert squeezed(told) in found
    assert squeezed("17 Sign-off") in found


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study whose names are full of what would be markup, and of letters that no font has."""
    folder = tmp_path_factory.mktemp("odd")
    label = np.arange(60) % 4
    chances = np.random.default_rng(0).dirichlet(np.full(4, 0.3), 60)
    table = pd.DataFrame(chances, columns=[f"prob_{name}" for name in NAMES])
    table.insert(0, "label", [NAMES[index] for index in label])
    table["source"] = 'src #eval("1+1") $x$'
    table.to_csv(folder / "odd.csv", index=False)
    study = study_of_predictions(folder / "odd.csv", out=folder / "study", negative=NAMES[3])
    about = About(name="odd", title="A long title with #emph[x] and $y$ " * 10)
    return dataclasses.replace(study, manifest=dataclasses.replace(study.manifest, about=about))


@pytest.mark.usefixtures("usual_fonts")
def test_names_and_remarks_are_never_markup(odd: Study) -> None:
    remarks = "Line #panic()\n= no heading\n- `no list` \\ _x_ \u202e\ue000"
    pdf = PdfReader(io.BytesIO(report(odd, Options(reviewer="*Dr* <x> 医生", site="@site $1$", remarks=remarks))))
    found = said(pdf)
    for words in (NAMES[0], NAMES[2], NAMES[3], "*Dr* <x>", "@site $1$", "Line #panic()", "= no heading", "_x_"):
        assert squeezed(words) in found, words
    assert squeezed(odd.manifest.about.title) in found
    assert "[U+80F6][U+8D28][U+7624]$a$" in found
    assert "[U+202E][U+E000]" in found
    listed = found.partition(squeezed(text_report.STAND_INS))[2]
    assert listed.startswith("U+202E,U+533B,U+751F,U+7624,U+80F6,U+8D28,U+E000")
    assert not [one for one in pdf.outline if not isinstance(one, list) and "no heading" in str(one.title)]


def test_long_names_stay_on_the_page(odd: Study) -> None:
    pdf = PdfReader(io.BytesIO(report(odd, Options(sections=("per-class", "confusion")))))
    starts: list[tuple[float, float]] = []

    def visit(words: str, _: Any, matrix: list[float], *__: Any) -> None:
        if words.strip():
            starts.append((matrix[4], matrix[5]))

    for page in pdf.pages:
        page.extract_text(visitor_text=visit)
    width, height = (float(side) for side in (pdf.pages[0].mediabox.width, pdf.pages[0].mediabox.height))
    assert starts
    assert all(0 <= x <= width and 0 <= y <= height for x, y in starts)


def test_another_setting_is_marked_post_hoc_and_leaves_the_verdict(filed: Reader, dashboard_home: Path) -> None:
    changed = Options(level=0.9, prevalence=0.01, threshold=0.3, sections=("per-class",))
    pdf = filed("whole", changed)
    cover, found = squeezed(pdf.pages[0].extract_text()), said(pdf)
    assert squeezed("Post hoc Level of the intervals: 90%. Prevalence for PPV and NPV: 0.01.") in cover
    assert found.count("Posthoc") >= 6
    own, protocol = (document(place(dashboard_home, "whole"), level)["sections"] for level in (0.9, 0.95))
    for rate in ("sensitivity", "specificity"):
        assert squeezed(short(headline(own["per-class"]["any_tumour"], rate))) in found
    assert squeezed(short(next(estimates(protocol["acceptance"])))) in cover
    assert own["acceptance"] == protocol["acceptance"]
    usual = squeezed(filed("whole").pages[0].extract_text())
    assert "Posthoc" not in usual
    for word in ("Notdecidable", "Fails", "Passes"):
        assert (word in cover) == (word in usual)


def test_a_section_that_is_left_out_is_named(filed: Reader) -> None:
    kept = tuple(name for name in SECTIONS if name not in ("folds", "data"))
    found = said(filed("whole", Options(sections=kept)))
    assert squeezed("Sections left out What was tested, and on whom, Cross-validation") in found
    assert squeezed("Flow of participants, as a diagram Section left out of this report") in found
    assert squeezed("Limitations") in found


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sections": ("data", "x")}, "section: 'x' is not known; expected one of"),
        ({"level": 0.2}, "level: 0.2 is not between 0.5 and 0.999."),
        ({"prevalence": 1.0}, "prevalence: 1 is not above 0 and below 1."),
        ({"threshold": 0.0}, "threshold: 0 is not above 0 and below 1."),
        ({"reviewer": "x" * 201}, "reviewer: 201 letters, at most 200 are printed."),
    ],
)
def test_a_choice_that_cannot_be_is_one_message(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        Options(**changed)


def test_a_split_without_predictions_is_one_message(dashboard_home: Path) -> None:
    with pytest.raises(InputError, match="external"):
        report(read_study(dashboard_home / "studies" / "normal"), Options(basis="external"))


def _errors(high: int, low: int) -> list[ErrorCase]:
    return [
        ErrorCase(
            case_id=str(number),
            reference="a",
            predicted="b",
            confidence=1 - number / 100_000,
            reference_probability=0.0,
            tier="high" if number < high else "expert",
        )
        for number in range(high + low)
    ]


def test_errors_are_bounded_and_the_others_sampled_evenly() -> None:
    high, rest = errors.chosen(_errors(10, 240), everything=False)
    assert [one.case_id for one in high] == [str(number) for number in range(10)]
    assert [int(one.case_id) for one in rest] == [10 + 20 * step for step in range(errors.SAMPLE)]
    high, rest = errors.chosen(_errors(10, 240), everything=True)
    assert (len(high), len(rest)) == (10, 240)
    high, rest = errors.chosen(_errors(10_000, 5), everything=True)
    assert (len(high), len(rest)) == (errors.MOST, 0)


@pytest.mark.slow
def test_ten_thousand_errors_stay_under_two_hundred_pages(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    label = np.arange(20_000) % 4
    chances = rng.dirichlet(np.full(4, 0.05), 20_000)
    chances = np.where(
        (np.arange(20_000) < 10_000)[:, None], np.roll(np.eye(4), 1, axis=1)[label] * 0.97 + 0.0075, chances
    )
    table = pd.DataFrame(chances, columns=[f"prob_class {number}" for number in range(4)])
    table.insert(0, "label", [f"class {number}" for number in label])
    table.to_csv(tmp_path / "many.csv", index=False)
    study = study_of_predictions(tmp_path / "many.csv", out=tmp_path / "study", negative="class 0")
    pdf = PdfReader(io.BytesIO(report(study, Options(all_errors=True))))
    assert len(pdf.pages) < 200
    found = said(pdf)
    assert squeezed(f"{errors.MOST:,} of ") in found
    assert squeezed("The others are in the attached file of cases.") in found
