import numpy as np

from neuroval.analysis.core.clusters import group_types
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import ConfusionMatrix, confusion_matrix
from neuroval.analysis.core.proportions import clustered_proportion, proportion
from neuroval.analysis.performance.error_pairs import ConfusionPair, confusion_pairs, ranked_by_harm

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
G, M, N, P = range(4)


def matrix_of(*rows: list[int]) -> ConfusionMatrix:
    return ConfusionMatrix(classes=CLASSES[: len(rows)], counts=np.array(rows))


def with_errors(*errors: tuple[int, int]) -> tuple[ConfusionPair, ...]:
    """The pairs of a matrix of ten correct cases a class and the named errors."""
    reference = np.array([index for index in range(4) for _ in range(10)] + [row for row, _ in errors])
    predicted = np.array([index for index in range(4) for _ in range(10)] + [column for _, column in errors])
    return confusion_pairs(confusion_matrix(reference, predicted, classes=CLASSES))


def names(pairs: tuple[ConfusionPair, ...]) -> list[tuple[str, str]]:
    return [(pair.reference, pair.predicted) for pair in pairs]


def test_pairs_are_ranked_by_count_and_then_by_how_bad_it_may_be() -> None:
    pairs = confusion_pairs(matrix_of([90, 3, 0], [3, 7, 0], [0, 5, 20]))
    assert [(pair.reference, pair.predicted, pair.count) for pair in pairs] == [
        ("notumor", "meningioma", 5),
        ("meningioma", "glioma", 3),  # 3 of 10 before 3 of 93
        ("glioma", "meningioma", 3),
        ("meningioma", "notumor", 0),  # 0 of 10 before 0 of 25 before 0 of 93
        ("notumor", "glioma", 0),
        ("glioma", "notumor", 0),
    ]
    assert (pairs[0].rate.plain.count, pairs[0].rate.plain.n) == (5, 25)


def test_pairs_of_an_empty_class_come_last_and_are_undefined() -> None:
    pairs = confusion_pairs(matrix_of([0, 0], [0, 4]))
    assert [pair.reference for pair in pairs] == ["meningioma", "glioma"]
    assert pairs[1].rate.plain.reason == Reason("no_reference_cases", of="glioma")


def test_the_rate_of_a_pair_counts_the_wider_of_two_intervals() -> None:
    # Glioma: four patients of five slices; one patient's slices are all called meningioma.
    reference = np.zeros(20, dtype=np.int64)
    predicted = np.repeat([1, 0, 0, 0], 5)
    groups = np.repeat(["a", "b", "c", "d"], 5)
    matrix = confusion_matrix(reference, predicted, classes=("glioma", "meningioma"))
    types = group_types(reference, predicted, groups, k=2)
    pair = confusion_pairs(matrix, types=types)[0]
    assert pair.rate.plain == proportion(5, 20)
    assert pair.rate.clustered == clustered_proportion(predicted == 1, groups)
    assert pair.rate.headline == pair.rate.clustered
    assert pair.rate.headline.width > pair.rate.plain.width


def test_groups_of_one_case_leave_the_plain_interval() -> None:
    reference, predicted = np.array([0, 0, 1]), np.array([0, 1, 1])
    types = group_types(reference, predicted, np.array(["a", "b", "c"]), k=2)
    pairs = confusion_pairs(confusion_matrix(reference, predicted, classes=("a", "b")), types=types)
    assert all(pair.rate.clustered is None for pair in pairs)


def test_a_pair_that_never_occurred_may_still_occur_in_a_class_of_few_groups() -> None:
    reference, predicted = np.zeros(300, dtype=np.int64), np.zeros(300, dtype=np.int64)
    types = group_types(reference, predicted, np.repeat(np.arange(10), 30), k=2)
    pair = confusion_pairs(confusion_matrix(reference, predicted, classes=("a", "b")), types=types)[0]
    assert pair.rate.plain.high == proportion(0, 300).high
    assert pair.rate.headline.high == proportion(0, 10).high


def test_an_error_without_harm_ranks_last_however_often_it_happens() -> None:
    harm = ((0, 0, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0))
    ranked = ranked_by_harm(with_errors((G, M), (G, M), (G, M), (P, N)), harm=harm, classes=CLASSES)
    assert (names(ranked)[0], names(ranked)[-1]) == (("pituitary", "notumor"), ("glioma", "meningioma"))


def test_a_rare_grave_error_ranks_above_a_frequent_light_one() -> None:
    harm = ((0, 1, 9, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0))
    ranked = ranked_by_harm(with_errors((G, M), (G, M), (G, N)), harm=harm, classes=CLASSES)
    assert ranked[0].predicted == "notumor"


def test_harm_ranks_by_the_upper_bound_of_the_wider_interval() -> None:
    # Both pairs occur 0 times among 30 cases; those of class a are of one patient.
    reference = np.repeat([0, 1], 30)
    groups = np.array(["p"] * 30 + [f"q{i}" for i in range(30)])
    matrix = confusion_matrix(reference, reference, classes=("a", "b"))
    pairs = confusion_pairs(matrix, types=group_types(reference, reference, groups, k=2))
    assert names(ranked_by_harm(pairs, harm=((0, 1), (1.5, 0)), classes=("a", "b")))[0] == ("a", "b")


def test_without_harm_the_number_of_errors_ranks() -> None:
    pairs = with_errors((G, N), (P, M), (P, M))
    assert names(ranked_by_harm(pairs, harm=(), classes=CLASSES))[:2] == [
        ("pituitary", "meningioma"),
        ("glioma", "notumor"),
    ]


def test_an_empty_class_has_no_cases_to_count() -> None:
    assert confusion_pairs(matrix_of([0, 0], [0, 4]))[1].rate.plain.n == 0
