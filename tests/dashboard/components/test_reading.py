"""A reading list from its making to its adjudication, on the page: what is kept, and what a blind reader cannot see."""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from neuroval.analysis.readers.lists import ReadingList
from neuroval.dashboard.cases.evidence import evidence_of
from neuroval.dashboard.cases.reading import Wanted, make_list, numbers_of, record_read
from neuroval.dashboard.cases.reviews import event_on, record, reviews_of
from neuroval.dashboard.server import ROUTES
from neuroval.dashboard.session import cache
from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words import reading as text
from neuroval.data.reviews.store import forget_stores, open_store
from neuroval.data.study.folder import Study, read_study, write_study

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]
NAMES = ("glioma", "meningioma", "notumor", "pituitary")


@pytest.fixture(autouse=True)
def home(dashboard_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One study with its images in a home of its own, without reviews."""
    for part in ("studies/normal", "links"):
        shutil.copytree(dashboard_home / part, tmp_path / "home" / part)
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", tmp_path / "none")
    yield tmp_path / "home"
    forget_stores()


@pytest.fixture
def study(home: Path) -> Study:
    return read_study(home / "studies" / "normal")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the page Readers as somebody."""

    def opened(who: str, **query: str) -> AppTest:
        monkeypatch.setenv("NEUROVAL_REVIEWER", who)
        current_settings.cache_clear()
        app = AppTest.from_file(str(Path(cache.__file__).parents[1] / "app.py"), default_timeout=90)
        app.query_params["study"] = "normal"
        app.switch_page("app_pages/readers.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    return opened


def now(study: Study) -> ReadingList:
    (reading_list,) = reviews_of(study).lists
    return reading_list


def label_of(study: Study, case_id: str) -> str:
    label: str = study.cases.set_index("case_id")["label"][case_id]
    return label


def made(study: Study, *, reveal: str = "end", readers: tuple[str, ...] = ("ann", "bob"), size: int = 4) -> str:
    ids = study.predictions["case_id"].tolist()[:size]
    wanted = Wanted(name="June", readers=readers, source="suspects", reveal=reveal)  # type: ignore[arg-type]
    return make_list(study, wanted, ids, who="max")


def read(app: AppTest, choice: str, *, step: int = 3) -> AppTest:
    app.button(key=f"blind-class-{choice}").click().run()
    if choice != "unreadable":
        app.button(key=f"blind-confidence-{step}").click().run()
    app.button(key="blind-save").click().run()
    assert not app.exception
    return app


def everything(block: Block) -> Iterator[str]:
    """What is sent to the browser for a part of the page."""
    for element in block.children.values():
        yield str(getattr(element, "proto", ""))
        if isinstance(element, Block):
            yield from everything(element)


def tree(app: AppTest) -> str:
    return "\n".join((*everything(app.main), *everything(app.sidebar), str(dict(app.query_params))))


def test_two_readers_read_and_a_third_decides(page: Open, study: Study, said: Said) -> None:
    """From the making of the list on the page to numbers, with the record whole at the end."""
    app = page("ann")
    assert "No scan has been read blind yet." in said(app)
    app.text_input(key="new-list-readers-1").set_value("ann, bob")
    app.number_input(key="new-list-size-1").set_value(6)
    app.button(key="new-list-make").click().run()
    reading_list = now(study)
    assert (reading_list.name, reading_list.source, reading_list.seed, reading_list.reveal) == (
        "List 1",
        "sample",
        1,
        "end",
    )
    assert (len(reading_list.cases), reading_list.readers, reading_list.made_by) == (6, ("ann", "bob"), "ann")
    predicted = dict(
        zip(study.predictions["case_id"], study.predictions.iloc[:, 1:5].to_numpy().argmax(1), strict=True)
    )
    wrong = [NAMES[predicted[case_id]] != label_of(study, case_id) for case_id in reading_list.cases]
    assert sum(wrong) == 3
    app.button(key=f"read-{reading_list.id}").click().run()
    for number, case_id in enumerate(reading_list.order("ann"), start=1):
        assert f"Scan {number} of 6" in str(list(everything(app.main)))
        read(app, label_of(study, case_id))
    assert app.title[0].value == text.DONE_TITLE
    assert "Your class is the label on 6 of 6, and the model's on 3 of 6." in said(app)
    app = page("bob", list=reading_list.id, do="read")
    first, second, *_ = reading_list.order("bob")
    for case_id in reading_list.order("bob"):
        read(
            app,
            "unreadable"
            if case_id == second
            else other(study, first)
            if case_id == first
            else label_of(study, case_id),
        )
    assert set(now(study).standing_at("differ")) == {first, second}
    app = page("carl")
    assert "2 disagreements are open, 0 decided." in said(app)
    app = page("carl", list=reading_list.id, do="decide")
    for reason in ("rim at the dura", "clear enough"):
        (case_id, *_) = now(study).standing_at("differ")
        app.button(key=f"blind-class-{label_of(study, case_id)}").click().run()
        field = next(each for each in app.text_input if each.label == text.DECIDE_REASON)
        field.set_value(reason)
        app.button(key="decide-save").click().run()
        assert f"({reason})." in said(app).replace("\\", "")
        if now(study).standing_at("differ"):
            app.button(key="decide-next").click().run()
    numbers = numbers_of(evidence_of(study).results, reviews_of(study))
    assert numbers.labels.labels == {case_id: label_of(study, case_id) for case_id in reading_list.cases}
    assert numbers.agreement is not None
    assert (numbers.agreement.cases, numbers.agreement.observed.plain.value) == (5, 0.8)  # one of six is unreadable
    assert {times.who: times.reads for times in numbers.times} == {"ann": 6, "bob": 6}
    app = page("carl")
    assert "No disagreement is open, 2 decided." in said(app)
    assert app.get("plotly_chart")
    store = open_store()
    assert store is not None
    verified = store.verified()
    assert (verified.broken, verified.head.number) == (None, 1 + 6 + 2 + 12 + 2)


def other(study: Study, case_id: str) -> str:
    return next(name for name in NAMES if name != label_of(study, case_id))


def test_a_blind_page_is_the_same_whatever_model_and_label_say(
    page: Open, study: Study, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With other labels, other calls and other maps, each byte of the page and of the image is the same."""
    hashes = [hashlib.sha256(case_id.encode()).hexdigest() for case_id in study.cases["case_id"]]
    cases = study.cases.assign(sha256=hashes)  # by these the list follows the scans into the other study
    study = write_study(study.path, manifest=study.manifest, cases=cases, predictions=study.predictions)
    list_id = made(study, readers=("ann",), size=3)
    first = blind_answers(page, study, list_id)
    shutil.copytree(home, tmp_path / "other")
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "other"))
    forget_stores()
    other_study = turned(read_study(tmp_path / "other" / "studies" / "normal"))
    assert other_study.fingerprint != study.fingerprint
    assert blind_answers(page, other_study, list_id) == first
    whole, address, _, _ = first
    assert not [case_id for case_id in study.cases["case_id"] if case_id in whole]
    assert not [word for word in ("June", "suspect", "predicted", "reference=") if word in whole]
    assert re.fullmatch(r"/images/normal/blind/[0-9a-f]{32}/[0-9a-f]{24}\.webp", address)


def turned(study: Study) -> Study:
    """The same scans with other labels, other calls and other maps."""
    names = list(NAMES)
    labels = study.cases["label"].map(dict(zip(names, [*names[1:], names[0]], strict=True)))
    columns = [f"prob_{name}" for name in names]
    predictions = study.predictions.copy()
    predictions[columns] = predictions[columns].to_numpy()[:, [2, 3, 1, 0]]
    return write_study(
        study.path, manifest=study.manifest, cases=study.cases.assign(label=labels), predictions=predictions
    )


def blind_answers(page: Open, study: Study, list_id: str) -> tuple[str, str, bytes, dict[str, str]]:
    """The tree of a blind page, the address of its image, and what the server answers, also when asked for the map."""
    app = page("ann", list=list_id, do="read")
    assert app.title[0].value == text.QUESTION
    whole = tree(app).replace(study.fingerprint[:12], "")
    (image,) = app.get("image")
    address = image.proto.imgs[0].url.partition("localhost")[2]
    with TestClient(Starlette(routes=ROUTES)) as client:
        plain, mapped = (client.get(f"{address}{tail}") for tail in ("", "?class=0&of=network&size=pair"))
    assert plain.status_code == 200
    assert plain.content == mapped.content
    return whole, address, plain.content, dict(plain.headers)


def test_the_image_is_that_of_the_scan_and_of_no_other_address(page: Open, study: Study) -> None:
    list_id = made(study, readers=("ann",), size=3)
    app = page("ann", list=list_id, do="read")
    address = app.get("image")[0].proto.imgs[0].url.partition("localhost")[2]
    case_id = now(study).left("ann")[0]
    with TestClient(Starlette(routes=ROUTES)) as client:
        assert client.get(address).content == client.get(f"/images/normal/{case_id}.webp").content
        for wrong in (
            address.replace("/normal/", "/gone/"),
            address.replace(list_id, "0" * 32),
            f"{address[:-9]}.webp",
        ):
            assert client.get(wrong).status_code == 404
        assert client.get(f"/images/normal/blind/{list_id}/{case_id}.webp").status_code == 404
        assert client.get(address, headers={"If-None-Match": client.get(address).headers["etag"]}).status_code == 304


def test_what_the_model_says_comes_after_the_read_where_the_list_says_so(page: Open, study: Study, said: Said) -> None:
    app = page("ann", list=made(study, reveal="once", readers=("ann",)), do="read")
    case_id = now(study).left("ann")[0]
    assert "The model says" not in said(app)
    read(app, label_of(study, case_id))
    assert "The model says" in said(app)
    assert "the label is" in said(app)
    app.button(key="blind-next").click().run()
    assert "The model says" not in said(app)


def test_a_read_is_corrected_with_a_reason_and_both_are_shown(page: Open, study: Study, said: Said) -> None:
    app = page("ann", list=made(study), do="read")
    case_id = now(study).left("ann")[0]
    read(app, "glioma", step=1)
    picker = next(box for box in app.selectbox if box.label == text.AGAIN)
    picker.set_value(1).run()
    assert "Your read: Glioma, guess." in said(app)
    read(app, "notumor", step=4)
    assert "the reason is missing; nothing was saved" in said(app)
    assert len(now(study).given(case_id, "ann")) == 1
    next(field for field in app.text_input if field.label == text.REASON).set_value("wrong key")
    app.button(key="blind-save").click().run()
    first, second = now(study).given(case_id, "ann")
    assert (first.choice, second.choice, second.reason, second.aided) == ("glioma", "notumor", "wrong key", False)
    picker = next(box for box in app.selectbox if box.label == text.AGAIN)
    picker.set_value(1).run()
    assert "Glioma, guess; corrected to No tumour, certain (wrong key)" in said(app).replace("\\", "")


def test_time_is_kept_and_nothing_is_saved_before_class_and_confidence(page: Open, study: Study) -> None:
    app = page("ann", list=made(study), do="read")
    assert app.button(key="blind-save").disabled
    app.button(key="blind-class-glioma").click().run()
    assert app.button(key="blind-save").disabled
    case_id = now(study).left("ann")[0]
    read(app, "pituitary", step=2)
    (first,) = now(study).given(case_id, "ann")
    assert (first.choice, first.confidence) == ("pituitary", 2)
    assert first.seconds is not None
    assert 0 < first.seconds < 90
    assert not app.button(key="blind-class-pituitary").label.startswith("**")  # nothing is chosen for the next scan


def test_keys_stand_at_the_buttons(page: Open, study: Study) -> None:
    app = page("ann", list=made(study), do="read")
    keys = {button.key: button.proto.shortcut for button in app.button if (button.key or "").startswith("blind-")}
    assert [keys[f"blind-class-{name}"] for name in (*NAMES, "unreadable")] == ["1", "2", "3", "4", "x"]
    assert [keys[f"blind-confidence-{step}"] for step in (1, 2, 3, 4)] == ["a", "s", "d", "f"]
    assert keys["blind-save"] == "enter"


def test_a_reader_with_scans_left_sees_no_read_of_others(page: Open, study: Study, said: Said) -> None:
    list_id = made(study)
    for who, choice in (("ann", "glioma"), ("bob", "notumor")):
        for case_id in now(study).order(who)[: 4 if who == "ann" else 3]:
            record_read(study, now(study), case_id, who=who, choice=choice, confidence=2, seconds=1)
    for query in ({}, {"list": list_id, "do": "decide"}):
        shown = said(page("bob", **query))
        assert "ann: Glioma" not in shown
        assert "suspect" not in shown.lower()
    assert "suspect labels" in said(page("carl"))


def test_who_has_not_the_list_reads_nothing(page: Open, study: Study, said: Said) -> None:
    app = page("carl", list=made(study), do="read")
    assert text.NOT_YOURS in said(app)
    assert not app.get("image")


def test_a_list_is_made_of_the_gallery_as_it_stands(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_REVIEWER", "ann")
    app = AppTest.from_file(str(Path(cache.__file__).parents[1] / "app.py"), default_timeout=90)
    app.query_params["study"] = "normal"
    app.switch_page("app_pages/errors.py")
    app.query_params["reference"] = "glioma"
    app.run()
    app.button(key="gallery-list-make").click().run()
    assert not app.exception
    assert {label_of(study, case_id) for case_id in now(study).cases} == {"glioma"}
    assert (len(now(study).cases), now(study).source) == (2, "gallery")


def test_a_list_is_made_of_scans_on_which_readers_differ(page: Open, study: Study) -> None:
    case_id = study.predictions["case_id"].tolist()[3]
    for who, kind in (("ann", "agree"), ("bob", "unsure")):
        record(event_on(study, case_id, who=who, kind=kind))  # type: ignore[arg-type]
    app = page("carl")
    next(each for each in app.button_group if each.label == text.FROM).set_value("differ").run()
    app.button(key="new-list-make").click().run()
    assert tuple(now(study).cases) == (case_id,)


def test_the_study_stays_as_it_is(study: Study, home: Path, page: Open) -> None:
    files = {path: path.read_bytes() for path in (home / "studies").rglob("*") if path.is_file()}
    read(page("ann", list=made(study), do="read"), "glioma")
    assert {path: path.read_bytes() for path in (home / "studies").rglob("*") if path.is_file()} == files
