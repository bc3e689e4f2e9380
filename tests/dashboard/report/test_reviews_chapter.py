"""The chapter of reviews: nothing without any, else who read what, and the end of the record."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuroval.dashboard.cases.evidence import evidence_of
from neuroval.dashboard.cases.reviews import event_on, record, review_store
from neuroval.dashboard.report.chapters.reviews import chapter
from neuroval.dashboard.report.options import Options
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.settings import current_settings
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
