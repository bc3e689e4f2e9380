"""The commands of the store of reviews: a way out and back, and the check of the record."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from neuroval.dashboard.cases.reviews import event_on, record
from neuroval.data.reviews.event import Event
from neuroval.data.reviews.store import forget_stores, open_store
from neuroval.data.study.folder import Study, read_study

Run = Callable[..., Any]
CASE, OTHER = f"{20:016x}", f"{24:016x}"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    forget_stores()


@pytest.fixture
def study(neuroval: Run, dashboard_home: Path, tmp_path: Path) -> Study:  # noqa: ARG001 - it sets the home
    """A study in the home of the command, two labels disputed by ann and one of these by bob too."""
    shutil.copytree(dashboard_home / "studies" / "normal", tmp_path / "home" / "studies" / "normal")
    study = read_study(tmp_path / "home" / "studies" / "normal")
    said = (
        (CASE, "ann", "label-wrong", {"class": "pituitary"}),
        (CASE, "bob", "label-wrong", {"class": "pituitary"}),
        (OTHER, "ann", "label-wrong", {"class": "notumor"}),
        (OTHER, "bob", "agree", {}),
        (f"{25:016x}", "ann", "unusable", {}),
        (f"{26:016x}", "=cmd()", "note", {"text": "=HYPERLINK(1)"}),
    )
    for case_id, who, kind, payload in said:
        record(event_on(study, case_id, who=who, kind=kind, payload=payload))  # type: ignore[arg-type]
    return study


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_disputed_label_is_in_the_csv(neuroval: Run, study: Study, tmp_path: Path) -> None:
    assert neuroval("reviews", "export", tmp_path / "out.csv").out == f"{tmp_path}/out.csv: 6 events\n"
    first = rows(tmp_path / "out.csv")[0]
    assert (first["who"], first["case_id"], first["kind"]) == ("ann", CASE, "label-wrong")
    assert json.loads(first["payload"]) == {"label": "glioma", "class": "pituitary"}
    assert first["study"] == study.fingerprint


@pytest.mark.usefixtures("study")
def test_no_cell_is_run_by_a_spreadsheet(neuroval: Run, tmp_path: Path) -> None:
    neuroval("reviews", "export", tmp_path / "out.csv")
    neuroval("reviews", "export", tmp_path / "now.csv", "--study", "normal", "--what", "opinions")
    assert rows(tmp_path / "out.csv")[-1]["who"] == "'=cmd()"
    assert rows(tmp_path / "now.csv")[-1]["note"] == "'=HYPERLINK(1)"


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_events_come_back_as_they_were_and_only_once(
    neuroval: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    file = tmp_path / f"out.{kind}"
    neuroval("reviews", "export", file)
    before = open_store()
    assert before is not None
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "elsewhere"))
    assert "6 events added, 0 there already" in neuroval("reviews", "import", file, "--who", "dora").out
    assert "0 events added, 6 there already" in neuroval("reviews", "import", file, "--who", "dora").out
    after = open_store()
    assert after is not None
    first, *others = [entry.event for entry in after.entries()]
    assert (first.who, first.kind, first.payload["events"]) == ("dora", "import", 6)
    assert others == [entry.event for entry in before.entries()]
    assert after.verified().broken is None


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_file_that_was_changed_is_refused_as_a_whole(
    neuroval: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    file = tmp_path / f"out.{kind}"
    neuroval("reviews", "export", file)
    file.write_text(file.read_text().replace("bob", "rob", 1))
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "elsewhere"))
    ended = neuroval("reviews", "import", file, "--who", "dora")
    assert ended.code == 2
    assert "event 2 is not as it was exported" in ended.err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("name", "text"), [("a.json", "{}"), ("a.csv", "x,y\n1,2\n"), ("b.json", '{"events": [{}]}')])
def test_another_file_is_refused_in_one_line(neuroval: Run, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    ended = neuroval("reviews", "import", tmp_path / name, "--who", "dora")
    assert ended.code == 2
    assert "expected a file of" in ended.err
    assert neuroval("reviews", "import", tmp_path / "none.csv", "--who", "dora").code == 2


@pytest.mark.usefixtures("study")
def test_of_one_study_only(neuroval: Run, tmp_path: Path) -> None:
    record(Event(who="ann", study="0" * 64, case_id="elsewhere", kind="agree"))
    neuroval("reviews", "export", tmp_path / "out.json", "--study", "normal")
    assert len(json.loads((tmp_path / "out.json").read_text())["events"]) == 6


def test_the_metadata_has_the_labels_that_readers_agree_on(neuroval: Run, study: Study, tmp_path: Path) -> None:
    """Both give the first case another class; on the second they differ; the third cannot be used."""
    ended = neuroval("reviews", "export", tmp_path / "metadata.csv", "--study", "normal", "--what", "metadata")
    assert "1 label changed" in ended.out
    assert "1 case that readers cannot use: not listed" in ended.err
    labels = {row["image_path"]: row["label"] for row in rows(tmp_path / "metadata.csv")}
    before = dict(zip(study.cases["image_path"], study.cases["label"], strict=True))
    left_out = study.cases.loc[study.cases["case_id"] == f"{25:016x}", "image_path"].item()
    changed = study.cases.loc[study.cases["case_id"] == CASE, "image_path"].item()
    assert before.keys() - labels.keys() == {left_out}
    assert {path for path in labels if labels[path] != before[path]} == {changed}
    assert labels[changed] == "pituitary"


@pytest.mark.usefixtures("study")
def test_the_record_is_checked(neuroval: Run, tmp_path: Path) -> None:
    ended = neuroval("reviews", "verify")
    assert ended.code == 0
    assert "6 events, the record holds" in ended.out
    end = ended.out.split()[-1]
    assert neuroval("reviews", "verify", "--noted", end).code == 0
    assert neuroval("reviews", "verify", "--noted", "ab" * 32).code == 1
    forget_stores()
    with sqlite3.connect(tmp_path / "home" / "reviews.sqlite") as connection:
        connection.execute("DROP TRIGGER review_events_no_update")
        connection.execute("UPDATE review_events SET who = 'carl' WHERE number = 4")
    connection.close()
    ended = neuroval("reviews", "verify")
    assert ended.code == 1
    assert ended.out == "Event 4 is not as it was appended.\n"


def test_without_reviews_there_is_nothing_to_check(neuroval: Run, tmp_path: Path) -> None:
    assert neuroval("reviews", "verify").out == "no reviews yet\n"
    assert not (tmp_path / "home").exists()


@pytest.mark.usefixtures("study")
def test_analyze_has_the_reviews(neuroval: Run) -> None:
    """By hand: the model is wrong on five of 40, cases 20 to 24. Case 20 becomes another class and stays an error, 24
    is open, and 25, a right one, is left out: 34 of 39 are right where the open one counts as wrong, else 35."""
    told = json.loads(neuroval("analyze", "normal", "--section", "reviews", "--json").out)["sections"]["reviews"]
    assert told["status"] == {"agree": 0, "label-wrong": 1, "unsure": 0, "unusable": 1, "differ": 1}
    assert [(reader["who"], reader["judged"]) for reader in told["readers"]] == [("=cmd()", 0), ("ann", 3), ("bob", 2)]
    assert [case["case_id"] for case in told["disputed"]] == [CASE, OTHER]
    assert (told["agreement"]["cases"], told["agreement"]["observed"]["value"]) == (2, 0.5)
    assert told["corrected"]["changed"] == 1
    assert told["events"] == 6
    assert (told["corrected"]["before"]["count"], told["corrected"]["before"]["n"]) == (35, 40)
    counts = [told["corrected"][name] for name in ("least", "most")]
    assert [(rate["count"], rate["n"]) for rate in counts] == [(34, 39), (35, 39)]


def test_numbers_of_the_study_stay(neuroval: Run, study: Study) -> None:
    told = json.loads(neuroval("analyze", "normal", "--section", "per-class", "--json").out)
    forget_stores()
    for file in (study.path.parents[1]).glob("reviews.sqlite*"):
        file.unlink()
    assert json.loads(neuroval("analyze", "normal", "--section", "per-class", "--json").out) == told
