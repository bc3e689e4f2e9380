from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from neuroval.analysis.core.confusion import (
    ConfusionMatrix,
    TwoByTwo,
    any_tumour,
    confusion_matrix,
    predicted_class,
    two_by_two,
)
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
labelled = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=50)


def matrix_of(*rows: list[int]) -> ConfusionMatrix:
    return ConfusionMatrix(classes=CLASSES[: len(rows)], counts=np.array(rows))


def test_the_matrix_of_the_golden_cases(oracles: dict[str, Any], four_class: pd.DataFrame) -> None:
    matrix = confusion_matrix(four_class["reference"].to_numpy(), four_class["predicted"].to_numpy(), classes=CLASSES)
    expected = oracles["four_class_160"]["confusion_rows_true"]
    assert matrix.counts.tolist() == [expected[name] for name in CLASSES]
    assert (matrix.n, matrix.errors) == (160, 55)
    assert matrix.support == (36, 44, 50, 30)
    assert matrix.predicted == (36, 44, 41, 39)


@given(labelled)
def test_the_matrix_agrees_with_sklearn(cases: list[tuple[int, int]]) -> None:
    reference, predicted = np.array(cases).T
    matrix = confusion_matrix(reference, predicted, classes=CLASSES)
    assert np.array_equal(matrix.counts, metrics.confusion_matrix(reference, predicted, labels=range(4)))


@given(labelled)
def test_exchanging_reference_and_prediction_transposes_the_matrix(cases: list[tuple[int, int]]) -> None:
    reference, predicted = np.array(cases).T
    one = confusion_matrix(reference, predicted, classes=CLASSES)
    other = confusion_matrix(predicted, reference, classes=CLASSES)
    assert np.array_equal(one.counts, other.counts.T)


def test_counts_are_a_read_only_copy() -> None:
    given_counts = np.array([[3, 1], [0, 2]])
    matrix = ConfusionMatrix(classes=("a", "b"), counts=given_counts)
    given_counts[0, 0] = 99
    assert matrix.counts[0, 0] == 3
    with pytest.raises(ValueError, match="read-only"):
        matrix.counts[0, 0] = 5


@pytest.mark.parametrize("counts", [np.zeros((2, 3), dtype=int), np.array([[1, -1], [0, 2]]), np.eye(2)])
def test_counts_that_are_no_matrix_of_counts_are_refused(counts: np.ndarray) -> None:
    with pytest.raises(InputError, match="expected 2 x 2 whole numbers"):
        ConfusionMatrix(classes=("a", "b"), counts=counts)


def test_labels_that_cannot_be_used_are_refused() -> None:
    good = np.array([0, 1])
    with pytest.raises(InputError, match=r"predicted: index 4 of case 1 .* must be 0 to 3"):
        confusion_matrix(good, np.array([0, 4]), classes=CLASSES)
    with pytest.raises(InputError, match="reference: index -1"):
        confusion_matrix(np.array([-1, 0]), good, classes=CLASSES)
    with pytest.raises(InputError, match="found 3 indices for 2 reference labels"):
        confusion_matrix(good, np.array([0, 1, 2]), classes=CLASSES)
    with pytest.raises(InputError, match="reference: expected class indices"):
        confusion_matrix(np.array([0.0, 1.0]), good, classes=CLASSES)


def test_no_cases_make_an_empty_matrix() -> None:
    none = np.array([], dtype=np.int64)
    assert confusion_matrix(none, none, classes=CLASSES).n == 0


def test_ties_go_to_the_lower_index_and_nothing_is_rounded() -> None:
    probabilities = np.array([[0.4, 0.4, 0.2], [0.1, 0.45, 0.45], [0.33, 0.33 + 1e-15, 0.33]])
    assert predicted_class(probabilities).tolist() == [0, 1, 1]


def test_probabilities_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected shape \(n, k\), found \(3,\)"):
        predicted_class(np.array([0.2, 0.3, 0.5]))


def test_one_class_against_the_others_by_hand() -> None:
    matrix = matrix_of([5, 1, 2], [0, 7, 3], [4, 0, 8])
    assert two_by_two(matrix, index=0) == TwoByTwo(tp=5, fp=4, fn=3, tn=18)
    assert two_by_two(matrix, index=2) == TwoByTwo(tp=8, fp=5, fn=4, tn=13)


def test_the_published_matrix_against_epir(oracles: dict[str, Any]) -> None:
    published = oracles["published_confusion_matrix"]
    matrix = matrix_of(*published["rows_true_glioma_mening_notumor_pituitary"])
    for index, name in enumerate(CLASSES):
        expected = {key: published["per_class"][name][key] for key in ("tp", "fp", "fn", "tn")}
        assert two_by_two(matrix, index=index) == TwoByTwo(**expected)
    tumour = any_tumour(matrix, negative=2)
    assert [tumour.tp, tumour.tp + tumour.fn] == published["any_tumour"]["sens"][:2]
    assert [tumour.tn, tumour.tn + tumour.fp] == published["any_tumour"]["spec"][:2]


def test_a_tumour_taken_for_another_tumour_is_found() -> None:
    tumour = any_tumour(matrix_of([0, 9, 1], [9, 0, 0], [2, 0, 5]), negative=2)
    assert tumour == TwoByTwo(tp=18, fp=2, fn=1, tn=5)


@given(labelled, st.integers(0, 3))
def test_each_case_is_counted_once(cases: list[tuple[int, int]], index: int) -> None:
    reference, predicted = np.array(cases).T
    matrix = confusion_matrix(reference, predicted, classes=CLASSES)
    assert two_by_two(matrix, index=index).n == any_tumour(matrix, negative=index).n == len(cases)
