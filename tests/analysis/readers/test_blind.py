"""Scripted readers with known error rates on labels that are planted wrong: the numbers are what theory says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neuroval.analysis.readers.blind import BlindNumbers, blind_numbers
from neuroval.analysis.readers.lists import Read, ReadingList, reading_lists
from neuroval.analysis.readers.state import Opinion
from neuroval.data.reviews.event import Event

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
K, N = len(CLASSES), 3000
PLANTED, MODEL = 0.06, 0.08  # shares of wrong labels and of wrong calls
ERRORS = {"ann": 0.05, "bob": 0.15}


def mistaken(truth: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """The truth with errors at a rate, each to one of the other classes alike."""
    wrong = rng.random(len(truth)) < rate
    return np.where(wrong, (truth + rng.integers(1, K, len(truth))) % K, truth)


class Scripted:
    """Cases with planted labels, a model, two readers who err by chance, and a third who knows and decides."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        self.truth = rng.integers(0, K, N)
        self.label = mistaken(self.truth, PLANTED, rng)
        self.model = mistaken(self.truth, MODEL, rng)
        self.reads = {who: mistaken(self.truth, rate, rng) for who, rate in ERRORS.items()}
        self.ids = [f"{number:05d}" for number in range(N)]

    def events(self, *, decided: bool) -> list[Event]:
        def event(kind: Any, case_id: str = "", who: str = "max", **parts: Any) -> Event:
            return Event(who=who, study="f" * 64, case_id=case_id, kind=kind, **parts)

        events = [event("list", id="L", payload={"name": "all", "source": "gallery"})]
        events += [event("listed", case_id, payload={"list": "L"}) for case_id in self.ids]
        events += [event("assign", payload={"list": "L", "reader": who}) for who in self.reads]
        for who, reads in self.reads.items():
            for case_id, choice in zip(self.ids, reads.tolist(), strict=True):
                payload = {"list": "L", "class": CLASSES[choice], "confidence": 3, "seconds": 10.0}
                events.append(event("read", case_id, who, payload=payload))
        if decided:
            ann, bob = self.reads.values()
            for row in np.flatnonzero(ann != bob).tolist():
                payload = {"list": "L", "class": CLASSES[self.truth[row]], "by": "third"}
                events.append(event("decide", self.ids[row], "carl", payload=payload, reason="known"))
        return events

    def numbers(self, lists: tuple[ReadingList, ...], opinions: dict[str, tuple[Opinion, ...]]) -> BlindNumbers:
        return blind_numbers(
            lists,
            opinions,
            case_ids=self.ids,
            reference=self.label,
            predicted=self.model,
            groups=np.arange(N),
            classes=CLASSES,
            rng=np.random.default_rng(0),
            resamples=40,
        )


@pytest.fixture(scope="module")
def scripted() -> Scripted:
    return Scripted()


@pytest.fixture(scope="module")
def numbers(scripted: Scripted) -> BlindNumbers:
    return scripted.numbers(reading_lists(scripted.events(decided=True)), {})


def near(value: float | None, expected: float) -> bool:
    """Within four standard errors of a share of N cases."""
    assert value is not None
    return abs(value - expected) < 4 * np.sqrt(expected * (1 - expected) / N)


def both(first: float, second: float) -> float:
    """How often two give the same class, who err independently at these rates, to each other class alike."""
    return (1 - first) * (1 - second) + first * second / (K - 1)


def test_readers_agree_as_often_as_theory_says(numbers: BlindNumbers) -> None:
    assert numbers.agreement is not None
    expected = both(*ERRORS.values())
    assert near(numbers.agreement.observed.plain.value, expected)
    kappa = (expected - 1 / K) / (1 - 1 / K)  # classes are alike: chance agreement is 1 / k
    for name in ("fleiss_kappa", "gwet_ac1", "krippendorff_alpha", "cohen_kappa"):
        assert getattr(numbers.agreement, name).plain.value == pytest.approx(kappa, abs=0.04)


def test_planted_labels_take_from_every_reader_and_from_the_model(numbers: BlindNumbers) -> None:
    assert numbers.against_reference is not None
    for rates in numbers.against_reference.readers:
        assert near(rates.right.plain.value, both(ERRORS[rates.who], PLANTED))
    assert near(numbers.against_reference.model.plain.value, both(MODEL, PLANTED))


def test_adjudicated_labels_are_wrong_only_where_both_err_alike(scripted: Scripted, numbers: BlindNumbers) -> None:
    ann, bob = ERRORS.values()
    alike = ann * bob / (K - 1)
    labels = np.array([CLASSES.index(numbers.labels.labels[case_id]) for case_id in scripted.ids])
    assert abs((labels != scripted.truth).mean() - alike) < 4 * np.sqrt(alike / N)
    assert near(numbers.labels.decided / N, 1 - both(ann, bob))
    assert numbers.against_adjudicated is not None
    assert near(numbers.against_adjudicated.model.plain.value, 1 - MODEL)
    for rates in numbers.against_adjudicated.readers:
        assert near(rates.right.plain.value, 1 - ERRORS[rates.who] + alike)


def test_accuracy_with_adjudicated_labels_stands_beside_that_with_the_labels_there_are(numbers: BlindNumbers) -> None:
    told = numbers.with_adjudicated
    assert told is not None
    assert near(told.before.plain.value, both(MODEL, PLANTED))
    assert told.least.plain.value == told.most.plain.value
    assert near(told.least.plain.value, 1 - MODEL)
    assert near(told.changed / N, PLANTED)
    assert (told.open, told.left_out) == (0, 0)


def test_what_nobody_decided_is_a_range_that_holds_the_truth(scripted: Scripted, numbers: BlindNumbers) -> None:
    undecided = scripted.numbers(reading_lists(scripted.events(decided=False)), {})
    told = undecided.with_adjudicated
    assert told is not None
    assert near(told.open / N, 1 - both(*ERRORS.values()))
    assert numbers.with_adjudicated is not None
    decided = numbers.with_adjudicated.least.plain.value
    assert told.least.plain.value is not None
    assert told.most.plain.value is not None
    assert decided is not None
    assert told.least.plain.value < decided < told.most.plain.value


def test_help_is_the_difference_of_the_same_reader_on_the_same_cases(scripted: Scripted) -> None:
    """Ann looks again at 400 cases with the label in sight and follows it; on the first ten by a correction."""
    (reading_list,) = reading_lists(scripted.events(decided=False))
    reads = {case_id: dict(given) for case_id, given in reading_list.reads.items()}
    for row, case_id in enumerate(scripted.ids[:10]):
        first: Read = reads[case_id]["ann"][0]
        again = replace(first, choice=CLASSES[scripted.label[row]], aided=True, reason="saw it")
        reads[case_id]["ann"] = (first, again)
    opinions = {
        case_id: (Opinion(who="ann", case_id=case_id, judgement="agree", choice=CLASSES[scripted.label[row]]),)
        for row, case_id in enumerate(scripted.ids[:400])
        if row >= 10
    }
    (helped,) = scripted.numbers((replace(reading_list, reads=reads),), opinions).helped
    assert (helped.who, helped.n) == ("ann", 400)
    blind = (scripted.reads["ann"][:400] == scripted.label[:400]).mean()
    assert helped.compared.a.plain.value == 1
    assert helped.compared.b.plain.value == blind
    assert helped.compared.difference.plain.value == pytest.approx(1 - blind)


def test_who_reads_how_long(numbers: BlindNumbers) -> None:
    assert [(times.who, times.reads, times.median, times.seen) for times in numbers.times] == [
        ("ann", N, 10.0, 0),
        ("bob", N, 10.0, 0),
    ]


def test_without_reads_there_is_nothing_to_say(scripted: Scripted) -> None:
    nothing = scripted.numbers((), {})
    assert (nothing.readers, nothing.cases, nothing.agreement, nothing.against_reference) == ((), 0, None, None)
    assert (nothing.helped, nothing.with_adjudicated, nothing.against_adjudicated) == ((), None, None)
