"""Reading lists folded from events: order, what counts as blind, corrections, decisions, and other studies."""

from typing import Any

import pytest

from neuroval.analysis.readers.adjudicated_labels import adjudicated, blind_reads
from neuroval.analysis.readers.lists import ReadingList, events_of_lists, lists_in, reading_lists
from neuroval.analysis.readers.state import Subject, opinions
from neuroval.data.reviews.event import Event, Kind

STUDY = "f" * 64
CASES = tuple(f"case {number}" for number in range(8))


def event(kind: Kind, case_id: str = "", *, who: str = "max", image: str = "", **parts: Any) -> Event:
    return Event(who=who, study=STUDY, case_id=case_id, kind=kind, image_sha256=image, **parts)


def made(*, reveal: str = "end", readers: tuple[str, ...] = ("ann", "bob"), image: str = "") -> list[Event]:
    first = event("list", payload={"name": "June", "source": "sample", "reveal": reveal, "seed": 3}, id="L")
    listed = [event("listed", case_id, payload={"list": "L"}, image=image) for case_id in CASES]
    return [first, *listed, *(event("assign", payload={"list": "L", "reader": who}) for who in readers)]


def read(who: str, case_id: str, choice: str | None, *, kind: Kind = "read", reason: str = "", **more: Any) -> Event:
    payload = {"list": "L", "class": choice, "confidence": more.get("confidence", 3), "seconds": more.get("seconds", 9)}
    return event(kind, case_id, who=who, payload=payload, reason=reason, image=more.get("image", ""))


def folded(*events: Event) -> ReadingList:
    (reading_list,) = reading_lists(events)
    return reading_list


def test_a_list_is_what_its_events_say() -> None:
    reading_list = folded(*made())
    assert (reading_list.name, reading_list.made_by, reading_list.source, reading_list.seed) == (
        "June",
        "max",
        "sample",
        3,
    )
    assert tuple(reading_list.cases) == CASES
    assert reading_list.readers == ("ann", "bob")
    assert reading_list.standing_at("pending") == CASES


def test_each_reader_has_an_order_that_stays() -> None:
    reading_list = folded(*made())
    orders = {who: reading_list.order(who) for who in ("ann", "bob", "carl")}
    assert len(set(orders.values())) == 3
    assert all(sorted(order) == sorted(CASES) for order in orders.values())
    started = folded(*made(), read("ann", orders["ann"][0], "glioma"))
    assert started.order("ann") == orders["ann"]
    assert started.left("ann") == orders["ann"][1:]
    assert started.busy("ann")
    assert not started.busy("carl")


def test_only_a_first_read_of_an_assigned_reader_counts() -> None:
    reading_list = folded(
        *made(),
        read("ann", CASES[0], "glioma"),
        read("ann", CASES[0], "notumor"),  # a second one of another tab: no change in silence
        read("carl", CASES[0], "notumor"),
        read("ann", "elsewhere", "notumor"),
        read("ann", CASES[1], "glioma", image="ab" * 32),  # another image under this id
    )
    assert [each.choice for each in reading_list.given(CASES[0], "ann")] == ["glioma"]
    assert reading_list.given(CASES[0], "carl") == reading_list.given(CASES[1], "ann") == ()


def test_a_correction_needs_a_reason_and_both_stay() -> None:
    events = [*made(), read("ann", CASES[0], "glioma")]
    silent = folded(*events, read("ann", CASES[0], "notumor", kind="correct"))
    assert silent.blind(CASES[0])["ann"].choice == "glioma"
    corrected = folded(*events, read("ann", CASES[0], "notumor", kind="correct", reason="wrong key"))
    assert [each.choice for each in corrected.given(CASES[0], "ann")] == ["glioma", "notumor"]
    assert corrected.blind(CASES[0])["ann"].choice == "notumor"
    assert folded(*made(), read("ann", CASES[0], "notumor", kind="correct", reason="x")).left("ann") == folded(
        *made()
    ).order("ann")


@pytest.mark.parametrize(("reveal", "counts"), [("end", "notumor"), ("once", "glioma")])
def test_a_correction_after_the_model_was_shown_is_not_blind(reveal: str, counts: str) -> None:
    """With ``end`` it is blind until the last case was read; with ``once`` the model is shown after each read."""
    events = [*made(reveal=reveal), read("ann", CASES[0], "glioma")]
    early = [*events, read("ann", CASES[0], "notumor", kind="correct", reason="wrong key")]
    assert folded(*early).blind(CASES[0])["ann"].choice == counts
    late = [*early, *(read("ann", case_id, "glioma") for case_id in CASES[1:])]
    late.append(read("ann", CASES[0], "pituitary", kind="correct", reason="now I see it"))
    assert folded(*late).blind(CASES[0])["ann"].choice == counts
    assert folded(*late).given(CASES[0], "ann")[-1].aided


def test_who_judged_the_scan_before_has_seen_its_label() -> None:
    events = [event("agree", CASES[0], who="ann", payload={"label": "glioma"}), *made()]
    reading_list = folded(*events, read("ann", CASES[0], "glioma"), read("ann", CASES[1], "glioma"))
    assert [reading_list.given(case_id, "ann")[0].seen for case_id in CASES[:2]] == [True, False]


def test_cases_stand_where_their_readers_leave_them() -> None:
    events = [
        *made(),
        read("ann", CASES[0], "glioma"),
        read("bob", CASES[0], "glioma"),
        read("ann", CASES[1], "glioma"),
    ]
    events += [read("bob", CASES[2], None), read("ann", CASES[2], "glioma")]
    reading_list = folded(*events)
    assert [reading_list.standing(case_id) for case_id in CASES[:4]] == ["agree", "pending", "differ", "pending"]
    third = read("carl", CASES[0], "glioma")
    assigned = event("assign", payload={"list": "L", "reader": "carl"})
    assert folded(*events, assigned).standing(CASES[0]) == "pending"
    assert folded(*events, assigned, third).standing(CASES[0]) == "agree"
    gone = event("unassign", payload={"list": "L", "reader": "carl"}, reason="on leave")
    assert folded(*events, assigned, gone).standing(CASES[0]) == "agree"


def test_a_decision_needs_a_reason_and_the_last_stands() -> None:
    events = [*made(), read("ann", CASES[0], "glioma"), read("bob", CASES[0], "notumor")]
    payload = {"list": "L", "class": "glioma", "by": "third"}
    assert folded(*events, event("decide", CASES[0], who="carl", payload=payload)).standing(CASES[0]) == "differ"
    events.append(event("decide", CASES[0], who="carl", payload=payload, reason="rim"))
    events.append(
        event("decide", CASES[0], who="ann", payload=payload | {"class": None, "by": "consensus"}, reason="x")
    )
    reading_list = folded(*events)
    assert [decision.choice for decision in reading_list.decisions[CASES[0]]] == ["glioma", None]
    assert reading_list.standing(CASES[0]) == "decided"
    assert adjudicated([reading_list]).unusable == {CASES[0]}


def test_labels_are_what_is_decided_else_what_all_readers_say() -> None:
    events = made()
    for case_id, answers in zip(CASES, (("a", "a"), ("a", "b"), ("a", "b"), (None, None), ("a",)), strict=False):
        events += [read(who, case_id, choice) for who, choice in zip(("ann", "bob"), answers, strict=False)]
    events.append(event("decide", CASES[2], payload={"list": "L", "class": "c"}, reason="third"))
    labels = adjudicated(reading_lists(events))
    assert labels.labels == {CASES[0]: "a", CASES[2]: "c"}
    assert (labels.unusable, labels.open, labels.decided) == ({CASES[3]}, {CASES[1]}, 1)


def test_over_two_lists_the_later_read_counts() -> None:
    second = event("list", payload={"name": "July"}, id="M")
    again = [second, event("listed", CASES[0], payload={"list": "M"})]
    again += [event("assign", payload={"list": "M", "reader": "ann"})]
    events = [*made(), read("ann", CASES[0], "glioma"), *again]
    events.append(event("read", CASES[0], who="ann", payload={"list": "M", "class": "notumor", "confidence": 4}))
    assert blind_reads(reading_lists(events))[CASES[0], "ann"].choice == "notumor"


def test_a_list_follows_its_images_into_a_later_study() -> None:
    image = "ab" * 32
    lists = reading_lists([*made(image=image), read("ann", CASES[0], "glioma", image=image)])
    same = {CASES[0]: Subject(case_id=CASES[0], image_sha256=image, label="x")}
    other = {CASES[0]: Subject(case_id=CASES[0], image_sha256="cd" * 32, label="x")}
    (there,) = lists_in(lists, same, fingerprint="0" * 64)
    assert (tuple(there.cases), there.blind(CASES[0])["ann"].choice) == ((CASES[0],), "glioma")
    assert lists_in(lists, other, fingerprint=STUDY) == ()
    unhashed = {CASES[0]: Subject(case_id=CASES[0], image_sha256="", label="x")}
    assert lists_in(reading_lists(made()), unhashed, fingerprint="0" * 64) == ()
    assert len(lists_in(reading_lists(made()), unhashed, fingerprint=STUDY)) == 1


def test_events_of_a_list_are_all_of_them() -> None:
    events = [*made(), read("ann", CASES[0], "glioma"), event("agree", CASES[0], payload={"label": "x"})]
    assert events_of_lists(events, ["L"]) == {each.id for each in events[:-1]}


def test_a_blind_read_is_no_opinion_on_the_label() -> None:
    subjects = {CASES[0]: Subject(case_id=CASES[0], image_sha256="", label="glioma")}
    assert opinions(subjects, [*made(), read("ann", CASES[0], "glioma")], fingerprint=STUDY) == {}
