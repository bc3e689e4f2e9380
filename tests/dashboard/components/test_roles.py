"""Pages as each role sees them: what a role may not do is hidden or disabled and said, and the log of an auditor."""

import shutil
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from neuroval.dashboard import permissions
from neuroval.dashboard.access import sign_in
from neuroval.dashboard.cases.reading import Wanted as WantedList
from neuroval.dashboard.cases.reading import decide, make_list, record_read
from neuroval.dashboard.cases.reviews import event_on, record, reviews_of
from neuroval.dashboard.components import exports, run
from neuroval.dashboard.session import cache
from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words import roles as text
from neuroval.dashboard.words import run as text_run
from neuroval.data.exceptions import InputError
from neuroval.data.reviews.store import forget_stores
from neuroval.data.storage.access_log import Wanted, accesses
from neuroval.data.study.folder import Study, read_study

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]
WHO = {name: f"{name}@hospital.example" for name in ("ann", "bob", "carl", "dora", "eve")}
ROLES = {"reader": ("ann", "bob"), "adjudicator": ("carl",), "administrator": ("dora",), "auditor": ("eve",)}


@pytest.fixture(autouse=True)
def home(dashboard_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One study with its images, two readers, an adjudicator, an administrator and an auditor."""
    permissions._last.clear()
    for part in ("studies/normal", "links"):
        shutil.copytree(dashboard_home / part, tmp_path / "home" / part)
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", tmp_path / "none")
    monkeypatch.setenv("NEUROVAL_LOGIN", "required")
    for role, names in ROLES.items():
        monkeypatch.setenv(f"NEUROVAL_{role.upper()}_EMAILS", ",".join(WHO[name] for name in names))
    current_settings.cache_clear()
    monkeypatch.setattr(sign_in.streamlit_private, "can_sign_in", lambda: True)
    yield tmp_path / "home"
    forget_stores()


@pytest.fixture
def study(home: Path) -> Study:
    return read_study(home / "studies" / "normal")


@pytest.fixture
def comes(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let somebody be the one who has signed in."""

    def signed(name: str) -> None:
        user = {"is_logged_in": True, "email": WHO[name], "email_verified": True}
        monkeypatch.setattr(st, "user", types.SimpleNamespace(to_dict=lambda: user))

    return signed


@pytest.fixture
def page(comes: Callable[[str], None]) -> Open:
    def opened(who: str, name: str, **query: str) -> AppTest:
        comes(who)
        app = AppTest.from_file(str(Path(cache.__file__).parents[1] / "app.py"), default_timeout=120)
        app.query_params["study"] = "normal"
        app.switch_page(f"app_pages/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return app

    return opened


@pytest.fixture
def list_id(study: Study) -> str:
    """A list of two scans; the readers differ on the first, and agree on the second."""
    ids = study.predictions["case_id"].tolist()[:2]
    readers = (WHO["ann"], WHO["bob"])
    made = make_list(study, WantedList(name="List 1", readers=readers, source="sample"), ids, who=WHO["dora"])
    (reading_list,) = reviews_of(study).lists
    for who, choices in zip(readers, (("glioma", "notumor"), ("pituitary", "notumor")), strict=True):
        for case_id, choice in zip(ids, choices, strict=True):
            record_read(study, reading_list, case_id, who=who, choice=choice, confidence=2, seconds=1.0)
    return made


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def log() -> list[tuple[str, str, str]]:
    return [(access.who, access.kind, access.what) for access in accesses(Wanted())]


def test_lists_are_changed_by_the_administrator_and_seen_by_all(page: Open, list_id: str, said: Said) -> None:
    app = page("eve", "readers")
    assert text.MAY_NOT["make-list"] in said(app)
    assert not {key for key in keys(app) if key.startswith(("new-list", "assign", "take"))}
    assert f"decide-{list_id}" in keys(app)
    app = page("dora", "readers")
    assert {"new-list-make", f"assign-{list_id}"} <= keys(app)
    assert text.MAY_NOT["make-list"] not in said(app)


def test_a_disagreement_is_decided_by_the_adjudicator_and_seen_by_all(
    page: Open, study: Study, list_id: str, said: Said
) -> None:
    for who in ("ann", "eve"):
        app = page(who, "readers", list=list_id, do="decide")
        assert text.MAY_NOT["decide"] in said(app)
        assert "decide-save" not in keys(app)
    assert "decide-save" in keys(page("carl", "readers", list=list_id, do="decide"))
    # The page is not what holds it: the same call without it is refused, and nothing is kept.
    (reading_list,) = reviews_of(study).lists
    (case_id,) = reading_list.standing_at("differ")
    with pytest.raises(InputError, match="may not adjudicate, only adjudicator or administrator"):
        decide(study, reading_list, case_id, who=WHO["ann"], choice="glioma", by="consensus", reason="rim")
    assert reviews_of(study).lists[0].decision(case_id) is None


def test_an_auditor_sees_what_readers_say_and_says_nothing(page: Open, study: Study, said: Said) -> None:
    case_id = f"{20:016x}"
    record(event_on(study, case_id, who=WHO["ann"], kind="agree"))
    app = page("eve", "errors", case=case_id)
    judging = [button for button in app.button if str(button.key).startswith("review-") and button.key != "review-next"]
    assert len(judging) == 5
    assert all(button.disabled for button in judging)
    assert text.MAY_NOT["judge"] in said(app)
    assert "agree with the label" in said(app)
    assert not app.button(key="review-agree").proto.label.startswith("**")


def test_an_evaluation_is_started_and_cancelled_by_the_administrator(
    page: Open, comes: Callable[[str], None], said: Said
) -> None:
    assert text_run.OTHERS_MAY in said(page("ann", "run"))
    done = list[str]()
    with pytest.raises(InputError, match="may not start or stop an evaluation, only administrator"):
        run._allowed("cancel", "normal", lambda: done.append("cancelled"))
    comes("dora")
    run._allowed("start", "new", lambda: done.append("started"))
    assert done == ["started"]
    assert log()[:2] == [
        (WHO["dora"], "start", "evaluation"),
        (WHO["ann"], "refusal", "start or stop an evaluation"),
    ]


def test_the_log_is_for_the_auditor(page: Open, said: Said) -> None:
    app = page("ann", "access_log")
    assert text.MAY_NOT["see-log"] in said(app)
    assert not app.table
    assert "Access log" not in [link.proto.label for link in app.sidebar.get("page_link")]
    app = page("eve", "access_log")
    assert "Access log" in [link.proto.label for link in app.sidebar.get("page_link")]
    assert app.selectbox(key="log-person").options == [text.ALL, WHO["ann"], WHO["eve"]]
    (shown,) = app.table
    assert shown.value["What happened"].tolist() == [text.KINDS["view"], text.KINDS["refusal"]]
    app.selectbox(key="log-kind").set_value("sign-out").run()
    assert text.NONE_PASS in said(app)
    assert log()[:2] == [(WHO["eve"], "view", "the access log"), (WHO["ann"], "refusal", "see the access log")]


def test_who_takes_a_file_away_is_written_down_first(study: Study, comes: Callable[[str], None], home: Path) -> None:
    comes("bob")
    made = exports.noted(study, "cases", lambda: b"content")
    assert log() == []
    assert made() == b"content"
    assert log() == [(WHO["bob"], "export", "cases")]
    shutil.rmtree(home / "access")
    (home / "access").write_text("no folder")
    with pytest.raises(InputError, match="nothing is shown or done without it"):
        made()
