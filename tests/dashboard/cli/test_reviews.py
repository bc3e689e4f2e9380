"""The commands of the store of reviews: a way out and back, and the check of the record."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from neuroval.dashboard.cases.reading import Wanted, decide, make_list, record_read
from neuroval.dashboard.cases.reviews import event_on, record, reviews_of
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


MAKE = ("reviews", "make-list", "normal", "--who", "max", "--reader", "ann", "--reader", "bob")


@pytest.fixture
def linked(study: Study, dashboard_home: Path, tmp_path: Path) -> Study:
    shutil.copytree(dashboard_home / "links", tmp_path / "home" / "links")
    return study


@pytest.mark.usefixtures("linked")
def test_a_list_is_made_printed_and_exported_with_its_study(neuroval: Run, tmp_path: Path) -> None:
    assert neuroval("reviews", "lists", "normal").out == "no reading lists\n"
    assert "6 cases for ann, bob" in neuroval(*MAKE, "--name", "June", "--size", "6").out
    (told,) = json.loads(neuroval("reviews", "lists", "normal", "--json").out)
    assert (told["name"], told["source"], told["seed"], told["shown"]) == ("June", "sample", 1, "end")
    assert told["readers"] == [{"who": "ann", "read": 0}, {"who": "bob", "read": 0}]
    shown = neuroval("reviews", "lists", "normal").out
    assert "a sample, errors and correct calls alike; made by max" in shown
    assert "ann 0 of 6, bob 0 of 6. No scan has been read by all of them yet." in shown
    neuroval("reviews", "export", tmp_path / "out.json", "--study", "normal")
    kinds = [event["kind"] for event in json.loads((tmp_path / "out.json").read_text())["events"]]
    assert kinds[6:] == ["list", *["listed"] * 6, "assign", "assign"]


def test_a_list_of_the_gallery_holds_what_passes_its_filters(neuroval: Run, linked: Study) -> None:
    neuroval(*MAKE, "--name", "all", "--from", "gallery", "--where", "reference=meningioma", "--size", "100")
    (reading_list,) = reviews_of(linked).lists
    labels = linked.cases.set_index("case_id")["label"]
    assert {labels[case_id] for case_id in reading_list.cases} == {"meningioma"}
    assert len(reading_list.cases) == 7
    ended = neuroval(*MAKE, "--name", "all", "--from", "gallery", "--where", "reference=lymphoma")
    assert (ended.code, "is not known" in ended.err) == (2, True)


@pytest.mark.usefixtures("linked")
def test_the_metadata_takes_the_adjudicated_label_first(neuroval: Run, linked: Study, tmp_path: Path) -> None:
    """Ann and Bob read four cases blind: on the first they agree on another class, the second carl calls unusable."""
    ids = linked.predictions["case_id"].tolist()[:4]
    labels = linked.cases.set_index("case_id")
    wanted = Wanted(name="June", readers=("ann", "bob"), source="gallery")
    make_list(linked, wanted, ids, who="max")
    (made,) = reviews_of(linked).lists
    other = "pituitary" if labels["label"][ids[0]] != "pituitary" else "glioma"
    for who in made.readers:
        choices = [other, other if who == "ann" else labels["label"][ids[1]], *labels["label"][ids[2:]]]
        for case_id, choice in zip(ids, choices, strict=True):
            record_read(linked, made, case_id, who=who, choice=choice, confidence=4, seconds=1.0)
    (read,) = reviews_of(linked).lists
    decide(linked, read, ids[1], who="carl", choice=None, by="third", reason="cut off")
    neuroval("reviews", "export", tmp_path / "metadata.csv", "--study", "normal", "--what", "metadata")
    written = {row["image_path"]: row["label"] for row in rows(tmp_path / "metadata.csv")}
    assert written[labels["image_path"][ids[0]]] == other
    assert labels["image_path"][ids[1]] not in written
    assert written[labels["image_path"][ids[2]]] == labels["label"][ids[2]]


@pytest.mark.usefixtures("study")
def test_a_copy_of_the_store_comes_back(neuroval: Run, tmp_path: Path) -> None:
    ended = neuroval("reviews", "backup", tmp_path / "kept.sqlite")
    assert "6 events, the record holds" in ended.out
    assert neuroval("reviews", "restore", tmp_path / "kept.sqlite").code == 2
    record(Event(who="ann", study="0" * 64, case_id="elsewhere", kind="agree"))
    ended = neuroval("reviews", "restore", tmp_path / "kept.sqlite", "--replace")
    assert (ended.code, "The former store is" in ended.err) == (0, True)
    assert "6 events, the record holds" in neuroval("reviews", "verify").out
    assert neuroval("reviews", "backup", tmp_path / "home" / "reviews.sqlite").code == 2


@pytest.mark.usefixtures("linked")
def test_analyze_has_the_lists_and_what_blind_reads_say(neuroval: Run, linked: Study) -> None:
    """By hand: three scans, both readers give the label, but bob calls the last one something else."""
    ids = linked.predictions["case_id"].tolist()[:3]
    make_list(linked, Wanted(name="June", readers=("ann", "bob"), source="gallery"), ids, who="max")
    labels = linked.cases.set_index("case_id")["label"]
    for case_id in ids:
        for who in ("ann", "bob"):
            (reading_list,) = reviews_of(linked).lists
            right = who == "ann" or case_id != ids[-1]
            choice = (
                labels[case_id] if right else next(name for name in linked.classes.names if name != labels[case_id])
            )
            record_read(linked, reading_list, case_id, who=who, choice=choice, confidence=4, seconds=8.0)
    told = json.loads(neuroval("analyze", "normal", "--section", "reviews", "--json").out)["sections"]["reviews"]
    (listed,) = told["lists"]
    assert (listed["agree"], listed["differ"], listed["decided"]) == (2, 1, 0)
    blind = told["blind"]
    assert [(reader["who"], reader["right"]["count"]) for reader in blind["readers"]] == [("ann", 3), ("bob", 2)]
    assert blind["readers"][0]["median_seconds"] == 8
    assert (blind["agreement"]["cases"], blind["agreement"]["observed"]["value"]) == (3, pytest.approx(2 / 3))
    assert (blind["adjudicated"]["open"], blind["adjudicated"]["changed"]) == (1, 0)
    assert blind["adjudicated"]["least"]["count"] <= blind["adjudicated"]["before"]["count"]
    # Of the three both have called the label of the first wrong before, with the model in sight.
    both_ways = [
        (each["who"], each["n"], each["blind"]["value"], each["with_model"]["value"]) for each in blind["with_model"]
    ]
    assert both_ways == [("ann", 1, 1, 0), ("bob", 1, 1, 0)]
    assert [reader["seen_before"] for reader in blind["readers"]] == [1, 1]
