"""The command line: what it prints, its exit codes, and one clear line for every kind of bad input."""

import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from syrupy.assertion import SnapshotAssertion

from neuroval.data.exceptions import InputError

CSV = "label,case_id,prob_a,prob_b\na,1,0.9,0.1\na,2,0.4,0.6\nb,3,0.02,0.98\n"


Neuroval = Callable[..., Any]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.csv"
    path.write_text(CSV)
    return path


def test_import_then_analyze(neuroval: Neuroval, predictions: Path, tmp_path: Path) -> None:
    done = neuroval("import", predictions, "--out", tmp_path / "study", "--negative", "b")
    assert done.code == 0
    assert done.out.startswith("Imported 3 predictions.")
    shown = neuroval("analyze", tmp_path / "study", "--json")
    document = json.loads(shown.out)
    assert document["schema"] == 1
    assert document["study"]["fingerprint"] in done.out
    accuracy = document["sections"]["per-class"]["overall"]["accuracy"]
    assert (accuracy["count"], accuracy["n"]) == (2, 3)
    assert document["sections"]["confusion"]["matrix"] == [[1, 1], [0, 1]]
    only = json.loads(neuroval("analyze", tmp_path / "study", "--section", "errors", "--json").out)
    assert [error["case_id"] for error in only["sections"]["errors"]] == ["2"]
    assert "0.667" in neuroval("analyze", tmp_path / "study").out


def test_compare_two_imports(neuroval: Neuroval, predictions: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(CSV.replace("0.4,0.6", "0.7,0.3"))
    for name, file in (("one", predictions), ("two", other)):
        assert neuroval("import", file, "--out", name, "--negative", "b").code == 0
    done = neuroval("compare", "one", "two", "--json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert [document["studies"][side]["name"] for side in ("a", "b")] == ["one", "two"]
    accuracy = document["sections"]["numbers"][0]
    assert (accuracy["both"], accuracy["only_a"], accuracy["only_b"]) == (2, 0, 1)
    assert [case["case_a"] for case in document["sections"]["discordant"]["only_b"]] == ["2"]
    shown = neuroval("compare", "one", "two")
    assert shown.code == 0
    assert "Of 3 common scans, A is right on 0 that B calls wrongly, B on 1 that A calls wrongly" in shown.out
    missing = neuroval("compare", "one", "two", "--split", "external")
    assert (missing.code, missing.out) == (2, "")
    assert missing.err == "neuroval: one: basis 'external' has no predictions; evaluated are: test (3 cases).\n"


def test_compare_cuts_long_lists_unless_told_not_to(neuroval: Neuroval, tmp_path: Path) -> None:
    for name, right in (("one", "0.9,0.1"), ("two", "0.1,0.9")):
        (tmp_path / "p.csv").write_text("label,prob_a,prob_b\n" + f"a,{right}\n" * 1001 + "b,0.2,0.8\n")
        neuroval("import", tmp_path / "p.csv", "--out", name)
    cut = json.loads(neuroval("compare", "one", "two", "--json").out)["sections"]["discordant"]["only_a"]
    assert (len(cut), cut[-1]) == (1001, {"cut": True, "total": 1001})
    whole = json.loads(neuroval("compare", "one", "two", "--json", "--all").out)["sections"]["discordant"]["only_a"]
    assert len(whole) == 1001
    assert "... 1,001 in all; --all lists them" in neuroval("compare", "one", "two").out


def test_the_shipped_study_is_found_by_name(neuroval: Neuroval) -> None:
    document = json.loads(neuroval("analyze", "brain-tumor-mri", "--json").out)
    assert (document["study"]["basis"], document["study"]["n"]) == ("new-patients", 7019)
    document = json.loads(neuroval("analyze", "brain-tumor-mri", "--basis", "test", "--json").out)
    assert (document["study"]["basis"], document["study"]["n"]) == ("test", 1311)


def test_strict_fails_on_a_critical_finding(neuroval: Neuroval, predictions: Path, tmp_path: Path) -> None:
    assert neuroval("analyze", "brain-tumor-mri", "--section", "audit", "--strict").code == 1
    other = neuroval("analyze", "brain-tumor-mri", "--section", "per-class", "--strict")
    assert (other.code, "audit" in other.out) == (1, False)
    neuroval("import", predictions, "--out", tmp_path / "study")
    passed = neuroval("analyze", tmp_path / "study", "--strict")
    assert passed.code == 0
    assert "This study names no acceptance criteria, so there is nothing to pass or to fail." in passed.err


def test_strict_fails_on_a_missed_criterion_and_says_which(
    neuroval: Neuroval, predictions: Path, tmp_path: Path
) -> None:
    neuroval("import", predictions, "--out", tmp_path / "study")
    missed, met, open_ = (
        '{metric = "overall.accuracy", bound = "value", at_least = 0.9}',
        '{metric = "a.specificity", bound = "value", at_least = 0.9}',
        '{metric = "b.sensitivity", at_least = 0.98}',
    )
    file = tmp_path / "study" / "study.toml"
    before = file.read_text()

    def strict(*criteria: str) -> Any:
        file.write_text(before.replace("acceptance = []", f"acceptance = [{', '.join(criteria)}]"))
        return neuroval("analyze", tmp_path / "study", "--strict")

    failed = strict(missed, met, open_)
    assert failed.code == 1
    assert (
        "neuroval: missed: \u00d7 Accuracy, value at least 0.9: fails, not shown to reach it All scans: 0.667"
        in failed.err
    )
    assert "neuroval: not decidable: ? Sensitivity, b" in failed.err
    assert "pecificity" not in failed.err
    assert strict(met).code == 0
    refused = strict('{metric = "overall.accuracyy", at_least = 0.9}')
    assert (refused.code, refused.err.count("\n"), "'overall.accuracyy' is no metric" in refused.err) == (2, 1, True)


def test_link_says_what_it_found(neuroval: Neuroval, tmp_path: Path) -> None:
    table = "label,image_path,prob_a,prob_b\na,a/1.png,0.9,0.1\nb,b/2.png,0.2,0.8\n"
    (tmp_path / "predictions.csv").write_text(table)
    out = tmp_path / "home" / "studies" / "mine"
    assert neuroval("import", tmp_path / "predictions.csv", "--out", out, "--data", "mine").code == 0
    (tmp_path / "images" / "a").mkdir(parents=True)
    Image.new("L", (8, 8), 90).save(tmp_path / "images" / "a" / "1.png")
    done = neuroval("data", "link", tmp_path / "images", "--data", "mine")
    assert (done.code, "1 of 2" in done.out) == (0, True), done


def test_check_lists_what_cannot_be_used(neuroval: Neuroval, tmp_path: Path) -> None:
    for label, name in (("a", "1.png"), ("b", "2.png")):
        (tmp_path / "set" / label).mkdir(parents=True)
        Image.new("L", (8, 8), 90).save(tmp_path / "set" / label / name)
    (tmp_path / "set" / "a" / "text.jpg").write_text("not a picture")
    done = neuroval("data", "check", tmp_path / "set", "--classes", "a,b")
    assert done.code == 0
    assert "2 images, 1 rejected" in done.out
    assert "rejected a/text.jpg: " in done.out
    assert "1 pair of copies with two labels: at least one label of each is wrong." in done.out


BAD = {
    "no such study": (("analyze", "nowhere"), "nowhere"),
    "no such section": (("analyze", "brain-tumor-mri", "--section", "poetry"), "poetry"),
    "no such split": (("analyze", "brain-tumor-mri", "--split", "external"), "external"),
    "compared with itself": (("compare", "brain-tumor-mri", "brain-tumor-mri"), "are the same study"),
    "compared with nothing": (("compare", "brain-tumor-mri", "nowhere"), "nowhere"),
    "no such file": (("import", "gone.csv", "--out", "study"), "gone.csv"),
    "no such model": (("evaluate", "--model", "none", "--images", ".", "--out", "study"), "none"),
    "no such folder": (("evaluate", "--model", "brain-tumor-mri", "--images", "gone", "--out", "study"), "gone"),
    "train is not predicted": (
        ("evaluate", "--model", "brain-tumor-mri", "--images", ".", "--out", "study", "--split", "train"),
        "--split 'train' is unknown",
    ),
    "no such data set": (("data", "link", ".", "--data", "none"), "no study of data set 'none'"),
    "no such address": (("serve", "--address", "256.0.0.1"), "cannot listen on 256.0.0.1, port 8501"),
    "a name that is too long": (("analyze", "x" * 300), "File name too long"),
    "a name that is none": (("import", "gone.csv", "--out", ".."), "no name for a study"),
    "the name of a shipped study": (("import", "gone.csv", "--out", "brain-tumor-mri"), "name of a shipped study"),
    "nothing to check": (("data", "check", "gone"), "gone"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(
    neuroval: Neuroval, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    arguments, word = BAD[case]
    done = neuroval(*arguments)
    assert (done.code, done.out) == (2, "")
    message = done.err.strip().splitlines()[-1]
    assert message.startswith("neuroval: ")
    assert word in message
    assert "Traceback" not in done.err
    assert list(empty.iterdir()) == []
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("prob_b\n", "prob_c\n", "prob_c"),
        ("label,", "labels,", "column 'label' is missing"),
        ("0.9,0.1", "0.9,0.3", "expected a sum"),
        ("0.9,0.1", "nan,0.1", "expected a probability"),
        ("a,2,", "a,1,", "expected each case once"),
    ],
)
def test_wrong_predictions_are_one_line_and_leave_nothing(
    neuroval: Neuroval, tmp_path: Path, old: str, new: str, word: str
) -> None:
    (tmp_path / "predictions.csv").write_text(CSV.replace(old, new))
    done = neuroval("import", tmp_path / "predictions.csv", "--out", tmp_path / "study", "--classes", "a,b")
    assert (done.code, done.out) == (2, "")
    assert word in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("place", ["/proc/study", "/dev/null/study", "file/study"])
def test_a_place_that_cannot_be_written_is_one_line(
    neuroval: Neuroval, predictions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    done = neuroval("import", predictions, "--out", place)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert f"{place}: cannot be written (" in done.err
    assert "choose another place" in done.err


def test_a_study_that_cannot_be_read_is_one_line(neuroval: Neuroval, predictions: Path, tmp_path: Path) -> None:
    neuroval("import", predictions, "--out", tmp_path / "study")
    (tmp_path / "study" / "study.toml").unlink()
    (tmp_path / "study" / "study.toml").symlink_to("study.toml")
    done = neuroval("analyze", tmp_path / "study" / ".." / "study")
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("port", [0, 99999])
def test_a_port_that_cannot_be_is_refused(neuroval: Neuroval, port: int) -> None:
    done = neuroval("serve", "--port", port)
    assert (done.code, done.out) == (2, "")
    assert "Invalid value for '--port'" in done.err


def test_a_port_in_use_is_one_line(neuroval: Neuroval) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = neuroval("serve", "--port", port)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert f"cannot listen on 127.0.0.1, port {port} (Address already in use); choose another with --port" in done.err


def test_a_bare_name_is_written_where_the_dashboard_looks(
    neuroval: Neuroval, predictions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = neuroval("import", predictions, "--out", "my study")
    assert (tmp_path / "home" / "studies" / "my study" / "study.toml").is_file()
    assert "Open it: neuroval serve, then http://127.0.0.1:8501/?study=my+study" in done.out
    assert neuroval("analyze", "my study").code == 0
    elsewhere = neuroval("import", predictions, "--out", "./my-study")
    assert (tmp_path / "my-study" / "study.toml").is_file()
    assert "The dashboard lists the studies in" in elsewhere.out


def test_one_is_one(neuroval: Neuroval, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("label,prob_a,prob_b\na,0.9,0.1\n")
    assert "Imported 1 prediction.\n" in neuroval("import", tmp_path / "p.csv", "--out", tmp_path / "study").out
    (tmp_path / "set" / "a").mkdir(parents=True)
    Image.new("L", (8, 8), 90).save(tmp_path / "set" / "a" / "1.png")
    (tmp_path / "set" / "a" / ".hidden").write_text("")
    done = neuroval("data", "check", tmp_path / "set", "--classes", "a,b")
    assert "1 image, 0 rejected, 1 hidden file skipped." in done.out


@pytest.mark.parametrize("broken", ["study.toml", "cases.parquet"])
def test_a_broken_study_does_not_stop_the_linking_of_another(neuroval: Neuroval, tmp_path: Path, broken: str) -> None:
    (tmp_path / "p.csv").write_text("label,image_path,prob_a,prob_b\na,a/1.png,0.9,0.1\n")
    for name in ("a-broken", "mine"):
        assert neuroval("import", tmp_path / "p.csv", "--out", name, "--data", "mine").code == 0
    (tmp_path / "home" / "studies" / "a-broken" / broken).write_text("cut")
    (tmp_path / "images" / "a").mkdir(parents=True)
    Image.new("L", (8, 8), 90).save(tmp_path / "images" / "a" / "1.png")
    done = neuroval("data", "link", tmp_path / "images", "--data", "mine")
    assert (done.code, "1 of 1" in done.out) == (0, True), done
    assert "neuroval: study a-broken is left out: " in done.err


def test_a_file_name_that_is_not_utf_8_is_listed(neuroval: Neuroval, tmp_path: Path) -> None:
    (tmp_path / "set" / "a").mkdir(parents=True)
    for name in (b"1.png", b"bad\xff\xfe.png"):
        Image.new("L", (8, 8), 90).save(tmp_path / "set" / "a" / os.fsdecode(name))
    done = neuroval("data", "check", tmp_path / "set", "--classes", "a,b")
    assert done.code == 0
    assert r"rejected a/bad\xff\xfe.png: its name is not UTF-8" in done.out


def test_a_study_of_a_newer_schema_says_so(neuroval: Neuroval, predictions: Path, tmp_path: Path) -> None:
    neuroval("import", predictions, "--out", tmp_path / "study")
    manifest = tmp_path / "study" / "study.toml"
    manifest.write_text(manifest.read_text().replace("schema = 1", "schema = 99"))
    done = neuroval("analyze", tmp_path / "study")
    assert done.code == 2
    assert f"{tmp_path}/study/study.toml: schema 99 is newer than this program reads" in done.err


def test_a_class_without_cases_and_one_never_predicted_are_not_estimable(neuroval: Neuroval, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("label,prob_a,prob_b,prob_c\na,0.9,0.1,0\nb,0.8,0.2,0\n")
    neuroval("import", tmp_path / "p.csv", "--out", tmp_path / "study")
    classes = json.loads(neuroval("analyze", tmp_path / "study", "--json").out)["sections"]["per-class"]["classes"]
    assert classes["c"]["sensitivity"]["value"] is None
    assert classes["c"]["sensitivity"]["reason"]
    assert classes["b"]["ppv"]["value"] is None
    assert classes["b"]["sensitivity"]["value"] == 0


CLAIMS = """schema = 1
[source]
title = "A paper"
where = "Table 2"
dataset = "imported"
classes = ["a", "b"]
[[claim]]
id = "accuracy"
kind = "rate"
text = "Accuracy 66.7%"
metric = "overall.accuracy"
value = "66.7%"
count = "2"
n = "3"
[[claim]]
id = "none-wrong"
kind = "errors"
text = "No errors"
count = "0"
"""


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    file = tmp_path / "claims.toml"
    file.write_text(CLAIMS)
    return file


def test_claims_are_imported_and_printed(neuroval: Neuroval, predictions: Path, claims: Path, tmp_path: Path) -> None:
    done = neuroval("import", predictions, "--out", tmp_path / "study", "--claims", claims)
    assert done.code == 0
    shown = neuroval("analyze", tmp_path / "study", "--section", "claims").out
    assert "  Source: A paper (Table 2).\n  Of 2 published claims, 2 are contradicted" in shown
    assert 'Contradicted: No errors [none-wrong]\n    All errors: 1 by "accuracy" (3 - 2)' in shown
    neuroval("import", predictions, "--out", tmp_path / "other")
    assert neuroval("analyze", tmp_path / "other", "--section", "claims").out.endswith("\nclaims\n  none\n")


def test_claims_are_put_into_a_study(neuroval: Neuroval, predictions: Path, claims: Path, tmp_path: Path) -> None:
    direct = neuroval("import", predictions, "--out", tmp_path / "direct" / "study", "--claims", claims)
    neuroval("import", predictions, "--out", tmp_path / "study")
    done = neuroval("claims", tmp_path / "study", claims)
    assert done.code == 0
    fingerprint = done.out.split("fingerprint ")[1].split()[0]
    assert fingerprint in neuroval("analyze", tmp_path / "study").out
    assert fingerprint in direct.out.replace("direct/", "")


@pytest.mark.parametrize("command", ["import", "claims", "evaluate"])
def test_claims_that_cannot_be_read_are_one_line(
    neuroval: Neuroval, predictions: Path, claims: Path, tmp_path: Path, command: str
) -> None:
    claims.write_text(CLAIMS.replace('"2"', "2"))
    neuroval("import", predictions, "--out", tmp_path / "there")
    done = {
        "import": lambda: neuroval("import", predictions, "--out", tmp_path / "study", "--claims", claims),
        "claims": lambda: neuroval("claims", tmp_path / "there", claims),
        "evaluate": lambda: neuroval(
            *("evaluate", "--model", "phantom", "--images", tmp_path, "--out", tmp_path / "study", "--claims", claims)
        ),
    }[command]()
    assert done.code == 2
    line = done.err.strip().splitlines()[-1]
    assert line.startswith(f"neuroval: {claims}: claim 'accuracy', count: found 2, expected a number in quotes")
    assert not (tmp_path / "study").exists()


def test_a_shipped_study_is_not_changed(neuroval: Neuroval, claims: Path) -> None:
    done = neuroval("claims", "brain-tumor-mri", claims)
    assert (done.code, "a shipped study is not changed" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("--data", "brain-tumor-mri"), "brain-tumor-readme-claims.toml"),
        (("--data", "brain-tumor-mri", "--claims", "own.toml"), "own.toml"),
        (("--data", "another"), None),
        (("--data", "brain-tumor-mri", "--about", "about.toml"), None),
    ],
)
def test_the_claims_about_a_data_set_go_with_its_wording(
    neuroval: Neuroval, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: tuple[str, ...], name: str | None
) -> None:
    given: dict[str, Path | None] = {}

    def stopped(*_: object, claims: Path | None, **__: object) -> None:
        given["claims"] = claims
        raise InputError("stopped")

    monkeypatch.setattr("neuroval.model.evaluation.to_study.evaluate", stopped)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "about.toml").write_text("")
    done = neuroval("evaluate", "--model", "brain-tumor-mri", "--images", ".", "--out", "study", *options)
    assert "stopped" in done.err
    assert (None if given["claims"] is None else given["claims"].name) == name


def test_the_shipped_study_holds_the_shipped_claims() -> None:
    from neuroval.data.storage.home import SHIPPED_STUDIES
    from neuroval.model.evaluation.description import CLAIMS as SHIPPED

    assert (SHIPPED_STUDIES / "brain-tumor-mri" / "claims.toml").read_bytes() == SHIPPED.read_bytes()


def test_report_writes_a_pdf(neuroval: Neuroval, predictions: Path, tmp_path: Path) -> None:
    assert neuroval("import", predictions, "--out", tmp_path / "study", "--negative", "b").code == 0
    out = tmp_path / "report.pdf"
    done = neuroval("report", tmp_path / "study", "-o", out, "--section", "per-class", "--reviewer", "Dr A. Example")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"report {out}")
    assert out.read_bytes().startswith(b"%PDF-1.7")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--section", "x"), "section: 'x' is not known; expected one of"),
        (("--level", "95"), "level: 95 is not between 0.5 and 0.999."),
        (("--prevalence", "2"), "prevalence: 2 is not above 0 and below 1."),
        (("--split", "external"), "external"),
        (("-o", "none/report.pdf"), "none/report.pdf: the folder is not there"),
    ],
)
def test_a_report_that_cannot_be_made_is_one_line(
    neuroval: Neuroval, predictions: Path, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    assert neuroval("import", predictions, "--out", tmp_path / "study").code == 0
    out = () if "-o" in options else ("-o", tmp_path / "report.pdf")
    done = neuroval("report", tmp_path / "study", *out, *options)
    assert done.code == 2
    assert told in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "report.pdf").exists()


def table(out: str) -> list[list[str]]:
    """The cells of the table that a command ends with."""
    return [re.split(r"\s{2,}", line) for line in out.rstrip().rpartition("\n\n")[2].splitlines()]


def test_import_ends_with_what_was_read_missing_kept_and_ignored(
    neuroval: Neuroval, tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    (tmp_path / "p.csv").write_text(
        ",label,prob_a,prob_b,split,patient_id,site,comment\n"
        "1,a,1,0,val,7,NA,x\n2,a,1,0,test,nan,unknown,y\n3,b,0,1,train,-,A,z\n"
    )
    done = neuroval("import", tmp_path / "p.csv", "--out", tmp_path / "study")
    assert done.out.replace(str(tmp_path), "FOLDER") == snapshot


def test_data_check_ends_with_what_was_read_and_what_was_not(
    neuroval: Neuroval, tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    place = tmp_path / "set"
    for name in ("train/a/1.png", "val/a/2.png", "Test/b/3.png", "Test/b/3_mask.png", "more/x.png"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 40), len(name)).save(place / name)
    (place / "Test" / "b" / "empty.png").write_bytes(b"")
    (place / "Test" / "b" / "loop").symlink_to("..")
    (place / "README.md").write_text("about")
    (place / "metadata.csv").write_text("image_path,patient_id,weight\ntrain\\a\\1.png,7,80\n./val/a/2.png,n/a,\n")
    done = neuroval("data", "check", place, "--classes", "a,b")
    assert done.out.replace(str(tmp_path), "FOLDER") == snapshot


def test_columns_that_stand_for_nothing_are_the_same_study(neuroval: Neuroval, tmp_path: Path) -> None:
    """What pandas, R and people write for an unknown patient neither is one nor leaks."""
    header = "case_id,label,prob_a,prob_b,split,patient_id\n"
    documents = {}
    for written in ("", "NA", "nan", "None", "unknown"):
        rows = [f"{n},a,0.9,0.1,{split},{written}\n" for n, split in enumerate(["train", "train", "test", "test"])]
        (tmp_path / "p.csv").write_text(header + "".join(rows))
        assert neuroval("import", tmp_path / "p.csv", "--out", tmp_path / "study", "--data", "d").code == 0
        documents[written] = neuroval("analyze", tmp_path / "study", "--section", "audit", "--json").out
    assert set(documents.values()) == {documents[""]}


def test_ids_in_two_forms_and_permuted_columns_are_findings(neuroval: Neuroval, tmp_path: Path) -> None:
    rows = [f"{'ab'[n % 2]},{(n % 2):.1f},{1 - n % 2:.1f},train,{n}\n" for n in range(20)]
    rows += [f"{'ab'[n % 2]},{(n % 2):.1f},{1 - n % 2:.1f},test,{n:03}\n" for n in range(20)]
    (tmp_path / "p.csv").write_text("label,prob_a,prob_b,split,patient_id\n" + "".join(rows))
    assert neuroval("import", tmp_path / "p.csv", "--out", tmp_path / "study").code == 0
    found = json.loads(neuroval("analyze", tmp_path / "study", "--section", "audit", "--json").out)
    texts = {one["code"]: one["text"] for one in found["sections"]["audit"]["findings"]}
    assert "20 patient ids are written in more than one form" in texts["ids_differ_in_form"]
    assert "20 of 20 test cases have an id of which another form is in the training data" in texts["ids_differ_in_form"]
    assert texts["worse_than_chance"].startswith("Worse than chance: 0 of 20 test cases are called correctly")
    assert "The classes look permuted: 20 (100.0%) would be correct" in texts["worse_than_chance"]
    assert neuroval("analyze", tmp_path / "study", "--strict").code == 1


@pytest.mark.parametrize(
    "command",
    ["analyze whole --section acceptance --section audit", "compare whole other"],
    ids=lambda command: command.split()[0],
)
def test_what_is_printed(
    neuroval: Neuroval,
    studies_at_home: Path,
    command: str,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(studies_at_home))
    done = neuroval(*command.split())
    assert "\n".join((done.out, done.err)) == snapshot
