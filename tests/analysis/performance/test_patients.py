from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.performance.comparison import PairedCounts, mcnemar, paired_difference
from neuroval.analysis.performance.patients import PatientClass, Patients, PatientTumour, compare_patients, per_patient
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor")
G, M, N = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]  # slices called glioma, meningioma, no tumour


def judged(
    slices: Sequence[tuple[Any, int, Sequence[float]]], *, negative: str | None = "notumor", **options: Any
) -> Patients:
    """Return the result on slices given as patient, reference class and probabilities."""
    return per_patient(
        np.array([reference for _, reference, _ in slices], dtype=int),
        np.array([probabilities for *_, probabilities in slices], dtype=float).reshape(-1, 3),
        pd.Series([patient for patient, *_ in slices], dtype="object"),
        classes=CLASSES,
        negative=negative,
        **options,
    )


def tumour(found: Patients, rule: str) -> PatientTumour:
    return next(one for one in found.tumour if one.rule == rule)


def of_class(found: Patients, rule: str) -> PatientClass:
    return next(one for one in found.classes if one.rule == rule)


FIVE = [
    # One of three slices finds the glioma of p.
    ("p", 0, N),
    ("p", 0, G),
    ("p", 0, N),
    # One of two finds the meningioma of q: a tie, and the sure slice decides the mean.
    ("q", 1, [0.0, 1.0, 0.0]),
    ("q", 1, N),
    # A healthy patient with one false alarm in three.
    ("h", 2, N),
    ("h", 2, G),
    ("h", 2, N),
    # Tumours of two classes, and one slice of nobody known.
    ("mixed", 0, G),
    ("mixed", 1, M),
    (None, 0, G),
    # A patient of one slice.
    ("s", 0, G),
]


def test_any_tumour_by_three_rules_by_hand() -> None:
    found = judged(FIVE)
    assert [one.rule for one in found.tumour] == ["any_slice", "majority", "mean_probability"]
    any_slice, majority, mean = found.tumour
    assert (any_slice.counts, any_slice.ties) == (TwoByTwo(tp=4, fp=1, fn=0, tn=0), 0)
    assert (any_slice.sensitivity.plain, any_slice.specificity.plain) == (proportion(4, 4), proportion(0, 1))
    assert (majority.counts, majority.ties) == (TwoByTwo(tp=3, fp=0, fn=1, tn=1), 1)
    assert (majority.sensitivity.plain, majority.specificity.plain) == (proportion(3, 4), proportion(1, 1))
    # Means: p (0.33, 0.1, 0.57) is missed, q (0.05, 0.55, 0.4) is found.
    # The mean of "mixed" is a tie of two tumour classes.
    assert (mean.counts, mean.ties) == (TwoByTwo(tp=3, fp=0, fn=1, tn=1), 1)
    assert mean.sensitivity.clustered is None


def test_the_class_by_two_rules_by_hand() -> None:
    found = judged(FIVE)
    majority, mean = found.classes
    # q is a tie of meningioma and no tumour: the lower index, meningioma, counts.
    assert majority.matrix.counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]
    assert (majority.accuracy.plain, majority.ties) == (proportion(3, 4), 1)
    assert mean.matrix.counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]
    assert (mean.accuracy.plain, mean.ties) == (proportion(3, 4), 0)


def test_who_is_left_out_is_counted() -> None:
    found = judged(FIVE)
    assert (found.n, found.slices, found.without_id) == (5, 11, 1)
    assert {one.matrix.n for one in found.classes} == {4}
    assert (found.mixed, found.mixed_slices) == (("mixed",), 2)


def test_a_tie_of_two_tumour_classes_goes_to_the_lower_index() -> None:
    found = judged([("p", 1, G), ("p", 1, M)])
    assert of_class(found, "majority").matrix.counts[1].tolist() == [1, 0, 0]
    assert of_class(found, "mean_probability").matrix.counts[1].tolist() == [1, 0, 0]
    assert of_class(found, "majority").ties == of_class(found, "mean_probability").ties == 1
    assert tumour(found, "majority").ties == 0  # both slices are called a tumour


def test_one_sure_slice_may_outweigh_two_unsure_ones_in_the_mean() -> None:
    found = judged([("p", 0, [0.4, 0.25, 0.35]), ("p", 0, [0.4, 0.25, 0.35]), ("p", 0, [0.0, 0.0, 1.0])])
    assert tumour(found, "majority").counts == TwoByTwo(tp=1, fp=0, fn=0, tn=0)
    assert tumour(found, "mean_probability").counts == TwoByTwo(tp=0, fp=0, fn=1, tn=0)
    assert of_class(found, "majority").accuracy.plain == proportion(1, 1)
    assert of_class(found, "mean_probability").accuracy.plain == proportion(0, 1)


def test_the_method_and_the_level_are_those_asked_for() -> None:
    found = judged(FIVE, method="jeffreys", level=0.9)
    assert of_class(found, "majority").accuracy.plain == proportion(3, 4, method="jeffreys", level=0.9)


def test_without_patient_ids_everything_is_undefined() -> None:
    found = judged([(None, 0, G), (np.nan, 2, N)])
    assert (found.n, found.slices, found.without_id, found.mixed) == (0, 0, 2, ())
    for one in found.tumour:
        assert one.sensitivity.plain.reason == one.specificity.plain.reason == Reason("no_patient_ids")
        assert one.sensitivity.plain.value is None
    assert {one.accuracy.plain.reason for one in found.classes} == {Reason("no_patient_ids")}


def test_no_cases() -> None:
    found = judged([])
    assert (found.n, found.without_id) == (0, 0)
    assert tumour(found, "any_slice").sensitivity.plain.reason == Reason("no_patient_ids")


def test_only_tumours_leave_specificity_undefined() -> None:
    one = tumour(judged([("p", 0, G)]), "majority")
    assert (one.sensitivity.plain, one.specificity.plain.reason) == (
        proportion(1, 1),
        Reason("no_patient_without_tumour"),
    )
    healthy = tumour(judged([("p", 2, N)]), "majority")
    assert healthy.sensitivity.plain.reason == Reason("no_patient_with_tumour")


def test_when_no_patient_has_a_single_class_only_the_tumour_is_judged() -> None:
    found = judged([("b", 0, G), ("b", 1, G), ("a", 1, G), ("a", 0, N), ("a", 2, G)])
    assert (found.n, found.mixed, found.mixed_slices) == (2, ("a", "b"), 5)
    assert of_class(found, "majority").accuracy.plain.reason == Reason("no_patient_of_one_class")
    assert tumour(found, "any_slice").sensitivity.plain == proportion(2, 2)


def test_a_patient_with_tumour_and_tumour_free_slices_has_a_tumour() -> None:
    """25 patients with both kinds of slices and 15 without a tumour: 40 patients, 25 with one."""
    with_both = [(f"p{n}", *part) for n in range(25) for part in ((0, G), (2, N), (2, N))]
    found = judged([*with_both, *[(f"h{n}", 2, N) for n in range(15) for _ in range(3)]])
    assert (found.n, found.mixed, found.slices) == (40, (), 120)
    any_slice, majority = tumour(found, "any_slice"), tumour(found, "majority")
    assert (any_slice.sensitivity.plain, any_slice.specificity.plain) == (proportion(25, 25), proportion(15, 15))
    assert majority.sensitivity.plain == proportion(0, 25)  # outvoted, though every slice is right
    assert of_class(found, "majority").matrix.support == (25, 0, 15)
    without_question = judged(with_both, negative=None)
    assert (without_question.n, len(without_question.mixed)) == (25, 25)


def test_without_a_negative_class_there_is_no_any_tumour() -> None:
    found = judged(FIVE, negative=None)
    assert found.tumour == ()
    assert of_class(found, "majority").accuracy.plain == proportion(3, 4)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="patients: found 1 ids for 2 cases"):
        per_patient(np.array([0, 1]), np.array([G, M]), np.array(["p"]), classes=CLASSES, negative=None)
    with pytest.raises(InputError, match="negative: 'healthy' is not a class"):
        judged(FIVE, negative="healthy")


slices = st.lists(
    st.tuples(
        st.sampled_from(["p", "q", "r", "s", None]),
        st.integers(0, 2),
        st.tuples(*[st.integers(0, 10)] * 3).filter(any).map(lambda parts: [part / sum(parts) for part in parts]),
    ),
    max_size=30,
)


@given(slices)
def test_the_rules_are_those_of_a_loop_over_patients(cases: list[tuple[Any, int, list[float]]]) -> None:
    found = judged(cases)
    called: dict[str, list[tuple[bool, bool]]] = {"any_slice": [], "majority": []}
    classes, ties = [], 0
    for name in sorted({patient for patient, *_ in cases if patient is not None}):
        own = [(reference, int(np.argmax(p))) for patient, reference, p in cases if patient == name]
        references, votes = {reference for reference, _ in own}, [vote for _, vote in own]
        flagged, tumours = sum(vote != 2 for vote in votes), references - {2}
        called["any_slice"].append((bool(tumours), flagged > 0))
        called["majority"].append((bool(tumours), flagged >= len(votes) / 2))
        if len(tumours) > 1:
            continue
        (reference,) = tumours or {2}
        most = max(votes.count(index) for index in range(3))
        best = [index for index in range(3) if votes.count(index) == most]
        ties += len(best) > 1
        classes.append((reference, best[0]))
    for rule, answers in called.items():
        counts = tumour(found, rule).counts
        assert (counts.tp, counts.fp) == (answers.count((True, True)), answers.count((False, True)))
        assert (counts.fn, counts.tn) == (answers.count((True, False)), answers.count((False, False)))
    expected = np.zeros((3, 3), dtype=int)
    for reference, vote in classes:
        expected[reference, vote] += 1
    assert of_class(found, "majority").matrix.counts.tolist() == expected.tolist()
    assert of_class(found, "majority").ties == ties


@given(slices, st.randoms())
def test_the_order_of_slices_and_the_names_of_patients_do_not_matter(
    cases: list[tuple[Any, int, list[float]]], random: Any
) -> None:
    renamed = [(patient and patient.upper(), *rest) for patient, *rest in random.sample(cases, len(cases))]
    one, other = judged(cases), judged(renamed)
    assert other.tumour == one.tumour
    assert [x.matrix.counts.tolist() for x in other.classes] == [x.matrix.counts.tolist() for x in one.classes]
    assert [(x.accuracy, x.ties) for x in other.classes] == [(x.accuracy, x.ties) for x in one.classes]
    assert [name.lower() for name in other.mixed] == list(one.mixed)


@given(slices)
def test_any_slice_finds_at_least_what_the_majority_finds(cases: list[tuple[Any, int, list[float]]]) -> None:
    found = judged(cases)
    any_slice, majority = tumour(found, "any_slice").counts, tumour(found, "majority").counts
    assert any_slice.tp >= majority.tp
    assert any_slice.tn <= majority.tn


def test_patients_of_one_slice_are_judged_as_slices() -> None:
    rng = np.random.default_rng(1)
    probabilities, reference = rng.dirichlet(np.ones(3), 200), rng.integers(0, 3, 200)
    found = per_patient(reference, probabilities, np.arange(200), classes=CLASSES, negative="notumor")
    right = int((probabilities.argmax(axis=1) == reference).sum())
    assert {one.accuracy.plain for one in found.classes} == {proportion(right, 200)}
    assert len({one.counts for one in found.tumour}) == 1
    assert found.n == found.slices == 200


def test_the_mean_rule_is_the_argmax_of_the_mean() -> None:
    rng = np.random.default_rng(2)
    owner = rng.integers(0, 60, 400)
    reference, probabilities = rng.integers(0, 3, 60)[owner], rng.dirichlet(np.ones(3), 400)
    found = per_patient(reference, probabilities, owner, classes=CLASSES, negative="notumor")
    means = pd.DataFrame(probabilities).groupby(owner).mean()
    truth = pd.Series(reference).groupby(owner).first()
    right = int((means.to_numpy().argmax(axis=1) == truth.to_numpy()).sum())
    assert of_class(found, "mean_probability").accuracy.plain == proportion(right, len(means))


def test_two_models_by_patient_by_hand() -> None:
    """p: only the first finds the tumour; h: only the second clears it; "mixed" has no single class."""
    names = ["p", "p", "p", "h", "h", "mixed", "mixed", None]
    reference = np.array([0, 0, 2, 2, 2, 0, 1, 0])
    first = np.array([G, N, N, N, G, G, M, G])
    second = np.array([N, N, N, N, N, G, G, N])
    found = compare_patients(reference, first, second, pd.Series(names), classes=CLASSES, negative="notumor")
    assert (found.n, found.without_id, found.mixed) == (3, 1, 1)
    numbers = {one.name: one for one in found.numbers}
    sensitivity, specificity = numbers["any_slice.sensitivity"], numbers["any_slice.specificity"]
    assert sensitivity.counts == PairedCounts(both=1, only_a=1, only_b=0, neither=0)
    assert specificity.counts == PairedCounts(both=0, only_a=0, only_b=1, neither=0)
    assert sensitivity.difference.plain == paired_difference(sensitivity.counts)
    assert sensitivity.test == mcnemar(1, 0)
    assert (sensitivity.a.plain, sensitivity.b.plain) == (proportion(2, 2), proportion(1, 2))
    # By most slices both models miss p; in h one of two slices is a tie, which counts as a tumour, and as the lower
    # class. The class leaves "mixed" out.
    assert numbers["majority.sensitivity"].counts == PairedCounts(both=1, only_a=0, only_b=0, neither=1)
    assert numbers["majority.accuracy"].counts == PairedCounts(both=0, only_a=0, only_b=1, neither=1)
    assert len(found.numbers) == 8


def test_two_models_by_patient_are_each_as_alone() -> None:
    rng = np.random.default_rng(0)
    reference, names = rng.integers(3, size=200), rng.integers(30, size=200)
    chances = [rng.dirichlet([1, 1, 1], 200) for _ in range(2)]
    found = compare_patients(reference, *chances, names, classes=CLASSES, negative="notumor")
    numbers = {one.name: one for one in found.numbers}
    for side, probabilities in zip("ab", chances, strict=True):
        alone = per_patient(reference, probabilities, names, classes=CLASSES, negative="notumor")
        for one in alone.tumour:
            assert getattr(numbers[f"{one.rule}.sensitivity"], side) == one.sensitivity
            assert getattr(numbers[f"{one.rule}.specificity"], side) == one.specificity
        for by_class in alone.classes:
            assert getattr(numbers[f"{by_class.rule}.accuracy"], side) == by_class.accuracy


def test_two_models_without_patient_ids() -> None:
    found = compare_patients(
        np.array([0, 2]), *[np.array([G, N])] * 2, pd.Series([None, None]), classes=CLASSES, negative=None
    )
    assert (found.n, found.without_id) == (0, 2)
    assert {one.difference.plain.reason for one in found.numbers} == {Reason("no_patient_of_one_class")}
    with pytest.raises(InputError, match="patients: found 1 ids for 2 cases"):
        compare_patients(np.array([0, 2]), *[np.array([G, N])] * 2, np.array(["p"]), classes=CLASSES, negative=None)
