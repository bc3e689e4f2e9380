"""The chapter of reviews: nothing without any, else who read what, and the end of the record."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuroval.dashboard.cases.evidence import evidence_of
from neuroval.dashboard.cases.reading import Wanted, decide, make_list, record_read
from neuroval.dashboard.cases.reviews import event_on, record, review_store, reviews_of
from neuroval.dashboard.report.chapters.reviews import chapter
from neuroval.dashboard.report.options import Options
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words.readers_report import NOT_READ
from neuroval.data.reviews.store import forget_stores
from neuroval.data.study.folder import read_study


@pytest.fixture
def subject(dashboard_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    shutil.copytree(dashboard_home / "studies" / "normal", tmp_path / "studies" / "normal")
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    study = read_study(tmp_path / "studies" / "normal")
    yield Subject(evidence=evidence_of(study), options=Options(), images=None, pictures={})
    forget_stores()


def test_without_reviews_there_is_no_chapter(subject: Subject) -> None:
    assert chapter(subject) == []


def test_it_says_who_read_what_and_where_the_record_ends(subject: Subject) -> None:
    for number in range(20, 30):
        case_id = f"{number:016x}"
        record(event_on(subject.study, case_id, who="ann", kind="agree"))
        kind = "label-wrong" if number == 22 else "agree"
        record(event_on(subject.study, case_id, who="bob", kind=kind, payload={"class": "glioma"}))
    blocks = chapter(subject)
    tables = {block["label"]: block for block in blocks if block["kind"] == "table"}
    assert [row[:3] for row in tables["readers"]["rows"]] == [["ann", "10", "10"], ["bob", "10", "9"]]
    assert tables["readers"]["rows"][1][6].startswith("0.900 (")
    assert tables["agreement"]["rows"][0][1].startswith("0.900 (")
    assert [row[0] for row in tables["agreement"]["rows"]][-1] == "Cohen's kappa"
    assert [row[0] for row in tables["disputed"]["rows"]] == [f"{22:016x}"]
    store = review_store()
    assert store is not None
    assert store.head().hash in blocks[-1]["text"]
    assert "1 scan still open" in " ".join(block.get("text", "") for block in blocks)


def test_a_store_that_is_away_is_said(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv("NEUROVAL_REVIEWS", "postgresql+psycopg://ann:secret@127.0.0.1:1/none")
    current_settings.cache_clear()
    heading, paragraph = chapter(subject)
    assert heading["kind"] == "heading"
    assert "cannot be used" in paragraph["text"]


def read_by(subject: Subject, choices: dict[str, tuple[str, ...]], *, decided: dict[str, str]) -> list[str]:
    """Make a list of four cases, have ann and bob read it and carl decide; return its cases."""
    study = subject.study
    ids = study.predictions["case_id"].tolist()[:4]
    make_list(study, Wanted(name="List 1", readers=tuple(choices), source="sample", seed=7), ids, who="max")
    (made,) = reviews_of(study).lists
    for who, given in choices.items():
        for case_id, choice in zip(ids, given, strict=True):
            record_read(study, made, case_id, who=who, choice=choice, confidence=3, seconds=4.0)
    (read,) = reviews_of(study).lists
    for case_id, choice in decided.items():
        decide(study, read, case_id, who="carl", choice=choice, by="third", reason="rim")
    return ids


def test_blind_reads_adjudicated_labels_and_open_disagreements(subject: Subject) -> None:
    ids = subject.study.predictions["case_id"].tolist()[:4]
    labels = subject.study.cases.set_index("case_id")["label"][ids].tolist()
    other = ["pituitary" if label != "pituitary" else "glioma" for label in labels]
    ann = (*labels[:3], other[3])
    bob = (labels[0], other[1], other[2], other[3])
    read_by(subject, {"ann": ann, "bob": bob}, decided={ids[1]: other[1]})
    blocks = chapter(subject)
    tables = {block["label"]: block["rows"] for block in blocks if block["kind"] == "table"}
    assert tables["reading-lists"][0][3:] == ["ann 4\nbob 4", "agree 2, differ 1, decided 1"]
    assert "seed 7" in tables["reading-lists"][0][1]
    assert [(row[0], row[1], row[3][:5]) for row in tables["blind-readers"][:2]] == [
        ("ann", "4", "0.750"),
        ("bob", "4", "0.250"),
    ]
    # Where both differ from the label, and where carl decided: both are named, the agreed label is not.
    assert {(row[0], row[3]) for row in tables["adjudicated-labels"]} == {
        (ids[1], "carl, a further reader"),
        (ids[3], "All readers"),
    }
    assert [row[0] for row in tables["open-disagreements"]] == [ids[2]]
    assert tables["blind-agreement"][0][1].startswith("0.500 (")
    said = " ".join(block["text"] for block in blocks if isinstance(block.get("text"), str))
    assert "2 labels changed by adjudication, and 1 scan still open, it lies between" in said
    (sign,) = (block for block in blocks if block["kind"] == "sign-off")
    assert sign["fields"][:2] == [("Readers", "ann, bob"), ("Adjudicated by", "carl")]


def test_a_list_that_nobody_has_read_is_in_the_report(subject: Subject) -> None:
    study = subject.study
    ids = study.predictions["case_id"].tolist()[:2]
    make_list(study, Wanted(name="List 1", readers=("ann",), source="gallery"), ids, who="max")
    blocks = chapter(subject)
    assert [block["label"] for block in blocks if block["kind"] == "table"] == ["reading-lists"]
    assert NOT_READ in [block.get("text") for block in blocks]
