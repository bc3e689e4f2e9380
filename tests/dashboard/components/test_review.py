"""A review of a case on the page: what a button saves, what an undo takes back, and what the gallery shows of it."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from neuroval.dashboard.cases.reviews import Reviews, reviews_of
from neuroval.dashboard.session import cache
from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words import reviews as text
from neuroval.data.reviews.event import Event
from neuroval.data.reviews.store import forget_stores, open_store
from neuroval.data.study.folder import read_study

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]
CASE, NEXT = f"{20:016x}", f"{24:016x}"  # glioma called meningioma; the next error


@pytest.fixture(autouse=True)
def home(dashboard_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One study in a home of its own, without reviews."""
    shutil.copytree(dashboard_home / "studies" / "normal", tmp_path / "home" / "studies" / "normal")
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", tmp_path / "none")
    yield tmp_path / "home"
    forget_stores()


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of the study as ann."""
    monkeypatch.setenv("NEUROVAL_REVIEWER", "ann")

    def opened(**query: str) -> AppTest:
        app = AppTest.from_file(str(Path(cache.__file__).parents[1] / "app.py"), default_timeout=90)
        app.query_params["study"] = "normal"
        app.switch_page("app_pages/errors.py")
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return opened


def now(home: Path) -> Reviews:
    return reviews_of(read_study(home / "studies" / "normal"))


def events() -> list[Event]:
    store = open_store(create=False)
    return [] if store is None else [entry.event for entry in store.entries()]


def tag_field(app: AppTest) -> Any:
    return next(field for field in app.text_input if field.label == text.TAGS)


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=f"review-{key}").click().run()


def test_looking_alone_makes_no_store(page: Open, home: Path) -> None:
    page(case=CASE)
    page()
    assert not (home / "reviews.sqlite").exists()


def test_the_label_is_disputed_with_one_button_and_the_class_named_with_another(
    page: Open, said: Said, home: Path
) -> None:
    app = page(case=CASE)
    assert "You have not reviewed this scan." in said(app)
    press(app, "label-wrong")
    (first,) = events()
    assert (first.who, first.case_id, first.kind) == ("ann", CASE, "label-wrong")
    assert dict(first.payload) == {"label": "glioma", "class": None}
    assert first.study == read_study(home / "studies" / "normal").fingerprint
    assert "Saved: label wrong, class not named." in said(app)
    press(app, "class-pituitary")
    assert "Saved: label wrong, Pituitary." in said(app)
    assert now(home).status(CASE) == "label-wrong"
    assert not app.exception


def test_keys_stand_at_the_buttons(page: Open) -> None:
    app = press(page(case=CASE), "label-wrong")
    keys = {button.key: button.proto.shortcut for button in app.button if (button.key or "").startswith("review-")}
    assert {name.removeprefix("review-"): key for name, key in keys.items()} == {
        "agree": "a",
        "label-wrong": "w",
        "unsure": "u",
        "unusable": "x",
        "undo": "z",
        "next": "n",
        "class-meningioma": "1",
        "class-notumor": "2",
        "class-pituitary": "3",
        "save": "",
    }


def test_undo_takes_back_and_says_so(page: Open, said: Said, home: Path) -> None:
    app = press(press(page(case=CASE), "agree"), "unsure")
    assert "Saved: unsure." in said(app)
    assert "Saved: agree with the label." in said(press(app, "undo"))
    assert "You have not reviewed this scan." in said(press(app, "undo"))
    assert app.button(key="review-undo").disabled
    assert [event.kind for event in events()] == ["agree", "unsure", "undo", "undo"]
    assert now(home).status(CASE) == "none"


def test_the_same_judgement_twice_is_one_event(page: Open) -> None:
    press(press(page(case=CASE), "agree"), "agree")
    assert len(events()) == 1


def test_a_scan_that_cannot_be_used_says_why(page: Open, said: Said) -> None:
    app = press(press(page(case=CASE), "unusable"), "reason-artefact")
    assert "Saved: cannot be used (artefact)." in said(app)


def test_a_note_and_tags_are_saved(page: Open, said: Said, home: Path) -> None:
    app = page(case=CASE)
    app.text_area[0].set_value("Rim at the dura.")
    tag_field(app).set_value("teaching, teaching")
    press(app, "save")
    assert "tagged teaching; note: Rim at the dura." in said(app)
    assert [(event.kind, event.payload["text"]) for event in events()] == [
        ("note", "Rim at the dura."),
        ("tag", "teaching"),
    ]
    tag_field(app).set_value("")
    press(app, "save")
    assert now(home).tags == ()


def test_next_goes_to_what_this_reader_has_not_judged(page: Open, said: Said) -> None:
    app = press(press(page(case=CASE), "agree"), "next")
    opened = app.query_params["case"]
    assert opened not in ([CASE], CASE)
    for _ in range(4):
        press(app, "agree")
        if not app.button(key="review-next").disabled:
            press(app, "next")
    assert text.ALL_SEEN in said(app)
    assert len({event.case_id for event in events()}) == 5


def test_the_gallery_counts_down_and_filters(page: Open, said: Said) -> None:
    assert "5 of 5 scans not yet looked at" in said(page())
    press(page(case=CASE), "label-wrong")
    app = page()
    assert "4 of 5 scans not yet looked at" in said(app)
    app.selectbox(key="review").set_value("label-wrong").run()
    assert "1\N{EN DASH}1 of 1 shown" in said(app)
    assert app.query_params["review"] in (["label-wrong"], "label-wrong")
    assert "1\N{EN DASH}4 of 4 shown" in said(page(review="none"))
    assert "None of 5 errors matches." in said(page(review="unusable"))


def test_a_reader_stands_in_the_address_by_a_key(page: Open, said: Said) -> None:
    press(page(case=CASE), "unsure")
    app = page()
    app.selectbox(key="reader").set_value("ann").run()
    assert "1 of 1 shown" in said(app)
    assert "ann" not in str(app.query_params["reader"])


def test_what_others_say_is_shown_to_who_has_judged(page: Open, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    press(page(case=CASE), "agree")
    monkeypatch.setenv("NEUROVAL_REVIEWER", "bob")
    current_settings.cache_clear()
    app = page(case=CASE)
    assert "ann:" not in said(app)
    assert "ann: agree with the label." in said(press(app, "unsure"))
    assert "1 of 1 shown" in said(page(review="differ")).replace("1\N{EN DASH}1 of", "1 of")


def test_without_a_name_nothing_can_be_said(page: Open, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROVAL_REVIEWER")
    app = page(case=CASE)
    assert app.button(key="review-agree").disabled
    assert text.NAME_FIRST in said(app)
    app.text_input(key="reviewer").set_value("  Carla ").run()
    press(app, "agree")
    assert [event.who for event in events()] == ["Carla"]


def test_nothing_is_pretended_to_be_saved(page: Open, home: Path, said: Said) -> None:
    app = press(page(case=CASE), "agree")
    with sqlite3.connect(home / "reviews.sqlite") as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON review_events BEGIN SELECT RAISE(ABORT, 'full'); END")
    connection.close()
    press(app, "unsure")
    assert "nothing was saved" in said(app)
    assert "Saved: agree with the label." in said(app)
    assert len(events()) == 1


def test_a_store_that_is_away_says_so_and_the_page_goes_on(
    page: Open, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv("NEUROVAL_REVIEWS", "postgresql+psycopg://ann:secret@127.0.0.1:1/none")
    app = page(case=CASE)
    assert "the store of reviews cannot be used" in said(app)
    assert "secret" not in said(app)
    assert not app.exception
    assert "review-agree" not in {button.key for button in app.button}


def test_the_study_stays_as_it_is(page: Open, home: Path) -> None:
    files = {path: path.read_bytes() for path in (home / "studies").rglob("*") if path.is_file()}
    press(press(page(case=CASE), "label-wrong"), "class-pituitary")
    assert {path: path.read_bytes() for path in (home / "studies").rglob("*") if path.is_file()} == files
