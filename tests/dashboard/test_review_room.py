"""Scripted readers from a list to the file, without a browser: the report holds it, and a changed byte is found.

``browser/test_review_room.py`` does the same by pointer and keys. Here ann gives the label on all 30 scans, bob another
class on three of them; carl decides these, and calls one unusable.
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from neuroval.analysis.readers.lists import ReadingList
from neuroval.dashboard.cases.reading import decide, record_read
from neuroval.dashboard.cases.reviews import reviews_of
from neuroval.dashboard.cli.main import app
from neuroval.dashboard.permissions import NotAllowedError
from neuroval.dashboard.settings import current_settings
from neuroval.data.images.linking import link
from neuroval.data.phantom.cohort import Cohort
from neuroval.data.reviews.store import forget_stores
from neuroval.data.storage.access_log import Wanted, accesses
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.folder import Study
from neuroval.model.evaluation.to_study import evaluate

SIZE, DIFFERENT = 30, 3
ANN, BOB, CARL, DORA, EVE = (f"{name}@hospital.example" for name in ("ann", "bob", "carl", "dora", "eve"))
ROLES = {"READER": f"{ANN},{BOB}", "ADJUDICATOR": CARL, "ADMINISTRATOR": DORA, "AUDITOR": EVE}
REASON = "enhancing rim seen"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with somebody of each role."""
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NEUROVAL_LOGIN", "required")
    for role, emails in ROLES.items():
        monkeypatch.setenv(f"NEUROVAL_{role}_EMAILS", emails)
    current_settings.cache_clear()
    yield tmp_path / "home"
    forget_stores()
    current_settings.cache_clear()


@pytest.fixture
def study(clean_phantom: Cohort, home: Path) -> Study:
    """The shipped phantom model on all scans of a small cohort: those of its test split alone are fewer than 30."""
    folder = home.parent / "cohort"
    shutil.copytree(clean_phantom.folder, folder)
    clean_phantom.metadata.assign(split="test").to_csv(folder / "metadata.csv", index=False)
    out = home / "studies" / "read"
    made = evaluate(SHIPPED_MODELS / "phantom", folder, out=out, data_name="read", embeddings=False).study
    link(folder, data_name="read", cases=made.cases)
    return made


@pytest.fixture
def neuroval() -> Callable[..., str]:
    def run(*words: str | Path) -> str:
        ended = CliRunner().invoke(app, [str(word) for word in words])
        assert ended.exit_code == 0, (words, ended.output, ended.exception)
        return ended.stdout

    return run


def now(study: Study) -> ReadingList:
    (reading_list,) = reviews_of(study).lists
    return reading_list


def changed_byte(file: Path) -> None:
    """Change one letter of a reason in the database, past every guard of it."""
    forget_stores()
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[content.index(REASON.encode())] ^= 1
    file.write_bytes(content)


def test_a_list_is_read_adjudicated_and_filed(
    home: Path, study: Study, neuroval: Callable[..., str], tmp_path: Path
) -> None:
    named = ("reviews", "make-list", "read", "--name", "List 1", "--size", str(SIZE))
    refused = CliRunner().invoke(app, [*named, "--reader", ANN, "--who", ANN])
    assert isinstance(refused.exception, NotAllowedError)
    neuroval(*named, "--reader", ANN, "--reader", BOB, "--who", DORA)
    made, labels = now(study), study.cases.set_index("case_id")["label"]
    assert len(made.cases) == SIZE
    differ = sorted(made.cases)[:DIFFERENT]
    for who in (ANN, BOB):
        for case_id in made.order(who):
            wrong = who == BOB and case_id in differ
            other = next(name for name in study.classes.names if name != labels[case_id])
            choice = other if wrong else labels[case_id]
            record_read(study, made, case_id, who=who, choice=choice, confidence=3, seconds=5.0)
    assert set(now(study).standing_at("differ")) == set(differ)
    ruling = {"by": "third", "reason": REASON}
    for who in (ANN, EVE):
        with pytest.raises(NotAllowedError):
            decide(study, now(study), differ[0], who=who, choice=None, by="consensus", reason=REASON)
    decide(study, now(study), differ[0], who=CARL, choice=None, **ruling)  # type: ignore[arg-type]
    for case_id in differ[1:]:
        decide(study, now(study), case_id, who=CARL, choice=labels[case_id], **ruling)  # type: ignore[arg-type]
    assert {access.who for access in accesses(Wanted(kind="refusal"))} == {ANN, EVE}

    told = json.loads(neuroval("analyze", "read", "--section", "reviews", "--json"))["sections"]["reviews"]["blind"]
    assert [(reader["who"], reader["right"]["count"]) for reader in told["readers"]] == [(ANN, SIZE), (BOB, SIZE - 3)]
    assert (told["agreement"]["observed"]["value"], told["open"]) == (pytest.approx((SIZE - 3) / SIZE), [])
    assert (told["adjudicated"]["left_out"], told["adjudicated"]["changed"]) == (1, 0)

    neuroval("report", "read", "-o", tmp_path / "report.pdf", "--section", "errors")
    filed = re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(tmp_path / "report.pdf").pages))
    assert f"2readersread{SIZE}evaluatedscansblind." in filed
    assert REASON.replace(" ", "") in filed
    assert "Adjudicatedby" in filed
    verified = neuroval("reviews", "verify")
    assert "the record holds" in verified
    assert verified.split()[-1] in filed
    changed_byte(home / "reviews.sqlite")
    ended = CliRunner().invoke(app, ["reviews", "verify"])
    assert ended.exit_code == 1
    assert re.search(r"Event \d+ is not as it was appended\.", ended.stdout)
