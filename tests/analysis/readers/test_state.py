from typing import Any

import pytest

from neuroval.analysis.readers.state import Opinion, Subject, agreed_class, left_out, opinions, status_of
from neuroval.data.reviews.event import Event

STUDY = "f" * 64
HASH = "ab" * 32
SUBJECTS = {"c1": Subject(case_id="c1", image_sha256=HASH, label="glioma")}


def event(kind: str, who: str = "ann", **parts: Any) -> Event:
    values = {"case_id": "c1", "study": STUDY, "image_sha256": HASH, **parts}
    return Event(who=who, kind=kind, **values)  # type: ignore[arg-type]


def agree(who: str = "ann", label: str = "glioma", **parts: Any) -> Event:
    return event("agree", who, payload={"label": label}, **parts)


def wrong(choice: str | None, who: str = "ann", label: str = "glioma", **parts: Any) -> Event:
    return event("label-wrong", who, payload={"label": label, "class": choice}, **parts)


def ann(*events: Event, subjects: dict[str, Subject] = SUBJECTS) -> Opinion:
    (opinion,) = opinions(subjects, events, fingerprint=STUDY)["c1"]
    return opinion


def test_the_last_judgement_counts() -> None:
    told = ann(agree(), event("unsure"), wrong("pituitary", reason="sella"))
    assert (told.judgement, told.choice, told.reason) == ("label-wrong", "pituitary", "sella")


def test_undo_takes_back_one_event_at_a_time() -> None:
    first, second = agree(), wrong("pituitary")
    assert ann(first, second).last == second.id
    once = ann(first, second, event("undo", payload={"event": second.id}))
    assert (once.judgement, once.last) == ("agree", first.id)
    twice = ann(first, second, event("undo", payload={"event": second.id}), event("undo", payload={"event": first.id}))
    assert (twice.judgement, twice.last) == (None, "")


def test_an_undo_by_somebody_else_changes_nothing() -> None:
    first = agree()
    given = opinions(SUBJECTS, [first, event("undo", "bob", payload={"event": first.id})], fingerprint=STUDY)["c1"]
    assert [opinion.judgement for opinion in given] == ["agree", None]


def test_notes_and_tags() -> None:
    told = ann(
        event("note", payload={"text": "first"}),
        event("note", payload={"text": "second"}),
        event("tag", payload={"text": "artefact"}),
        event("tag", payload={"text": "teaching"}),
        event("untag", payload={"text": "artefact"}),
    )
    assert (told.judgement, told.note, told.tags) == (None, "second", ("teaching",))


def test_a_review_follows_the_image_into_another_study_and_no_other_image() -> None:
    told = opinions(SUBJECTS, [agree(study="0" * 64)], fingerprint=STUDY)
    assert [opinion.judgement for opinion in told["c1"]] == ["agree"]
    other = {"c1": Subject(case_id="c1", image_sha256="cd" * 32, label="glioma")}
    assert opinions(other, [agree()], fingerprint=STUDY) == {}


def test_without_a_hash_it_stays_with_its_study() -> None:
    bare = {"c1": Subject(case_id="c1", image_sha256="", label="glioma")}
    assert opinions(bare, [agree(image_sha256="")], fingerprint=STUDY)["c1"][0].judgement == "agree"
    assert opinions(bare, [agree(image_sha256="", study="0" * 64)], fingerprint=STUDY) == {}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (agree(label="notumor"), ("label-wrong", "notumor")),
        (wrong("glioma", label="notumor"), ("agree", "glioma")),
        (wrong("pituitary", label="notumor"), ("label-wrong", "pituitary")),
        (wrong(None, label="notumor"), (None, None)),
        (wrong(None), ("label-wrong", None)),
        (event("unsure"), ("unsure", None)),
    ],
)
def test_a_judgement_is_carried_over_to_the_label_of_today(
    made: Event, expected: tuple[str | None, str | None]
) -> None:
    told = ann(made)
    assert (told.judgement, told.choice) == expected


@pytest.mark.parametrize(
    ("events", "status", "choice", "out"),
    [
        ([], "none", None, False),
        ([event("note", payload={"text": "x"})], "none", None, False),
        ([agree()], "agree", "glioma", False),
        ([agree(), agree("bob")], "agree", "glioma", False),
        ([agree(), wrong("pituitary", "bob")], "differ", None, False),
        ([wrong("pituitary"), wrong("pituitary", "bob")], "label-wrong", "pituitary", False),
        ([wrong("pituitary"), wrong("notumor", "bob")], "differ", None, False),
        ([wrong("pituitary"), wrong(None, "bob")], "label-wrong", None, False),
        ([wrong("pituitary"), event("unsure", "bob")], "differ", "pituitary", False),
        ([event("unusable"), event("unusable", "bob")], "unusable", None, True),
        ([event("unusable"), agree("bob")], "differ", "glioma", False),
    ],
)
def test_where_a_case_stands(events: list[Event], status: str, choice: str | None, out: bool) -> None:
    given = opinions(SUBJECTS, events, fingerprint=STUDY).get("c1", ())
    assert (status_of(given), agreed_class(given), left_out(given)) == (status, choice, out)
