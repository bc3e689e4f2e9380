"""A reading list from its making to the file: two readers, one of them with keys alone, an adjudicator and an auditor.

The list has scans of a small phantom cohort: a few each time, 30 where slow tests are run. Each of them signs in by
the cookie that a sign-in leaves. At the end the report holds what they said, the record verifies, and one changed byte
of the database is found.
"""

import csv
import io
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from typer.testing import CliRunner

from neuroval.analysis.readers.lists import ReadingList
from neuroval.dashboard.access.streamlit_private import USER_COOKIE_NAME
from neuroval.dashboard.cases.reviews import reviews_of
from neuroval.dashboard.cli.main import app
from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words import readers as text_readers
from neuroval.dashboard.words import reading as text
from neuroval.dashboard.words import roles as text_roles
from neuroval.data.images.linking import link
from neuroval.data.phantom.cohort import Cohort
from neuroval.data.reviews.store import forget_stores
from neuroval.data.storage.access_log import Wanted, accesses
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.folder import Study
from neuroval.model.evaluation.to_study import evaluate

ROOT = Path(__file__).parents[3]
SECRET = "s" * 40
ANN, BOB, CARL, DORA, EVE = (f"{name}@hospital.example" for name in ("ann", "bob", "carl", "dora", "eve"))
ROLES = {"READER": f"{ANN},{BOB}", "ADJUDICATOR": CARL, "ADMINISTRATOR": DORA, "AUDITOR": EVE}
REASON = "enhancing rim seen"
PRESSES = 3
DIFFERENT = 3  # scans on which bob gives another class


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with somebody of each role."""
    place = tmp_path / "home"
    monkeypatch.setenv("NEUROVAL_HOME", str(place))
    monkeypatch.setenv("NEUROVAL_LOGIN", "required")
    for role, emails in ROLES.items():
        monkeypatch.setenv(f"NEUROVAL_{role}_EMAILS", emails)
    current_settings.cache_clear()
    yield place
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


@contextmanager
def served(home: Path) -> Iterator[str]:
    """A server on which one has to sign in; its provider is not asked, since all come with a cookie."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, place = f"http://127.0.0.1:{port}", home.parent
    (place / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "{url}/oauth2callback"\ncookie_secret = "{SECRET}"\nclient_id = "neuroval"\n'
        'client_secret = "x"\nserver_metadata_url = "http://127.0.0.1:1/.well-known/openid-configuration"\n'
    )
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/server.py", "--server.port", str(port)]
    variables = {**os.environ, "STREAMLIT_SECRETS_FILES": str(place / "secrets.toml")}
    with (place / "log").open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=stream, env=variables)
    try:
        for _ in range(600):
            assert process.poll() is None, (place / "log").read_text()
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                    break
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def comes(browser: Browser) -> Iterator[Callable[[str, str], Page]]:
    """Let somebody come to a server who has signed in there; each has a browser of the own."""
    contexts = []

    def opened(url: str, email: str) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(90_000)
        user = {"origin": url, "is_logged_in": True, "email": email, "email_verified": True}
        value = create_signed_value(SECRET, USER_COOKIE_NAME, json.dumps(user)).decode()
        context.add_cookies([{"name": USER_COOKIE_NAME, "value": value, "url": url, "httpOnly": True}])
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def neuroval(*words: str | Path) -> str:
    """Run a command on the server's machine; it must end well."""
    ended = CliRunner().invoke(app, [str(word) for word in words])
    assert ended.exit_code == 0, (words, ended.output, ended.exception)
    return ended.stdout


def now(study: Study) -> ReadingList:
    (reading_list,) = reviews_of(study).lists
    return reading_list


def waits_for(page: Page, number: int, size: int) -> None:
    """Wait until the scan of that place is to be read, its picture too."""
    expect(page.get_by_text(text.place(number, size), exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name=text.SAVE_NEXT)).to_be_disabled()
    picture = page.locator("[data-testid=stMain] img[src*='/blind/']").first
    picture.evaluate("image => image.decode()")


def by_keys(page: Page, *keys: str) -> None:
    for key in keys:
        chosen = page.get_by_role("button", name=re.compile(rf"Shortcut {key}$", re.IGNORECASE)).locator("strong")
        pressed(page, key, until=lambda chosen=chosen: expect(chosen).to_be_visible(timeout=10_000))
    save = page.get_by_role("button", name=text.SAVE_NEXT)
    expect(save).to_be_enabled()
    ready = page.get_by_role("button", name=text.SAVE_NEXT, disabled=False)  # after the last scan there is none
    pressed(page, "Enter", until=lambda: expect(ready).to_have_count(0, timeout=10_000))


def pressed(page: Page, key: str, *, until: Callable[[], None]) -> None:
    """Press a key, and again where nothing follows: one that comes while a page is drawn can be lost."""
    for _ in range(PRESSES):
        page.keyboard.press(key)
        with suppress(AssertionError):
            return until()
    return until()


def by_pointer(page: Page, class_name: str) -> None:
    page.get_by_role("button", name=class_name).click()
    page.get_by_role("button", name=text.CONFIDENCE[3]).click()
    save = page.get_by_role("button", name=text.SAVE_NEXT)
    expect(save).to_be_enabled()
    save.click()


def opened_by_keys(page: Page, name: str) -> None:
    """Go to a button by Tab alone and press it."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").strip().endswith(name):
            page.keyboard.press("Enter")
            return
    pytest.fail(f"Tab leads to no button {name}")


@pytest.mark.parametrize("size", [6, pytest.param(30, marks=pytest.mark.slow)])
def test_a_list_is_read_adjudicated_audited_and_filed(
    home: Path, study: Study, comes: Callable[[str, str], Page], tmp_path: Path, size: int
) -> None:
    named = ("reviews", "make-list", "read", "--name", "List 1", "--size", str(size))
    refused = CliRunner().invoke(app, [*named, "--reader", ANN, "--who", ANN])
    assert "may not make or change a reading list" in str(refused.exception)
    neuroval(*named, "--reader", ANN, "--reader", BOB, "--who", DORA)
    made, labels = now(study), study.cases.set_index("case_id")["label"]
    assert len(made.cases) == size
    names, display = study.classes.names, study.classes.display
    differ = sorted(made.cases)[:DIFFERENT]
    other = {case_id: next(name for name in names if name != labels[case_id]) for case_id in differ}
    with served(home) as url:
        address = f"{url}/readers?study=read"
        ann, bob = comes(url, ANN), comes(url, BOB)
        ann.goto(address)
        expect(ann.get_by_role("button", name=text.READ, exact=True)).to_be_visible()
        expect(ann.get_by_text(text_roles.MAY_NOT["make-list"])).to_be_visible()
        opened_by_keys(ann, text.READ)
        bob.goto(address)
        bob.get_by_role("button", name=text.READ, exact=True).click()
        orders = zip(made.order(ANN), made.order(BOB), strict=True)
        for number, (hers, his) in enumerate(orders, start=1):
            waits_for(ann, number, size)
            by_keys(ann, str(names.index(labels[hers]) + 1), "s")
            waits_for(bob, number, size)
            by_pointer(bob, display[other.get(his, labels[his])])
        for page in (ann, bob):
            expect(page.get_by_role("heading", level=1)).to_have_text(text.DONE_TITLE)
        assert set(now(study).standing_at("differ")) == set(differ)
        assert [len(now(study).left(who)) for who in (ANN, BOB)] == [0, 0]

        carl = comes(url, CARL)
        carl.goto(f"{address}&list={made.id}&do=decide")
        for left in range(DIFFERENT, 0, -1):
            expect(carl.get_by_text(text.to_decide(left, DIFFERENT - left))).to_be_visible()
            (case_id,) = shown(carl, now(study))
            carl.get_by_role("button", name=display[labels[case_id]]).click()
            reason = carl.get_by_role("textbox", name=text.DECIDE_REASON)
            reason.fill(REASON)
            reason.press("Enter")
            save = carl.get_by_role("button", name=text.DECIDE)
            expect(save).to_be_enabled()
            save.click()
            expect(carl.get_by_text(REASON).first).to_be_visible()
            if left > 1:
                carl.get_by_role("button", name=text.NEXT_SCAN).click()
                expect(carl.get_by_text(REASON)).to_have_count(0)
        assert set(now(study).standing_at("decided")) == set(differ)

        eve = comes(url, EVE)
        eve.goto(address)
        expect(eve.get_by_text(text_readers.OPEN_NONE)).to_be_visible()
        expect(eve.get_by_text(text_roles.MAY_NOT["make-list"])).to_be_visible()
        eve.get_by_role("button", name=text.ADJUDICATE).click()
        expect(eve.get_by_text(text_roles.MAY_NOT["decide"])).to_be_visible()
        expect(eve.get_by_role("button", name=text.DECIDE)).to_have_count(0)
        eve.goto(f"{url}/access_log")
        expect(eve.get_by_role("button", name=text_roles.CSV)).to_be_visible()
        with eve.expect_download() as download:
            eve.get_by_role("button", name=text_roles.CSV).click()
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    saw = {row["what"] for row in rows if (row["who"], row["kind"]) == (ANN, "view")}
    assert saw >= {f"scan {case_id}, blind" for case_id in made.cases}
    assert {row["who"] for row in rows if row["kind"] == "sign-in"} == {ANN, BOB, CARL, EVE}
    patients = set(study.cases["patient_id"].dropna())
    assert patients
    assert not [row for row in rows if patients & set(re.findall(r"[\w-]+", row["what"]))]
    assert [access.what for access in accesses(Wanted(who=EVE, kind="export"))] == ["the access log"]

    neuroval("report", "read", "-o", tmp_path / "report.pdf", "--section", "errors")
    filed = re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(tmp_path / "report.pdf").pages))
    assert f"2readersread{size}evaluatedscansblind.{DIFFERENT}scansdecided" in filed
    assert REASON.replace(" ", "") in filed
    assert "Adjudicatedby" in filed
    told = neuroval("reviews", "verify")
    assert "the record holds" in told
    assert told.split()[-1] in filed
    changed_byte(home / "reviews.sqlite")
    ended = CliRunner().invoke(app, ["reviews", "verify"])
    assert ended.exit_code == 1
    assert re.search(r"Event \d+ is not as it was appended\.", ended.stdout)


def shown(page: Page, reading_list: ReadingList) -> list[str]:
    """The case of the list whose picture is on the page."""
    from neuroval.dashboard.access.address_names import name_in_list

    source = page.locator("[data-testid=stMain] img[src*='/blind/']").first.get_attribute("src") or ""
    return [case_id for case_id in reading_list.cases if name_in_list(reading_list.id, case_id) in source]


def changed_byte(file: Path) -> None:
    """Change one letter of a reason in the database, past every guard of it."""
    forget_stores()
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    place = content.index(REASON.encode())
    content[place] ^= 1
    file.write_bytes(content)
