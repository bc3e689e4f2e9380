from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics

from neuroval.analysis.performance import summaries

full = hnp.arrays(np.int64, (3, 3), elements=st.integers(1, 40))
OVER_ALL = (
    summaries.macro_sensitivity,
    summaries.macro_ppv,
    summaries.macro_f1,
    summaries.weighted_f1,
    summaries.mcc,
    summaries.kappa,
)


def cases_of(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices(counts.shape)
    return np.repeat(rows.ravel(), counts.ravel()), np.repeat(columns.ravel(), counts.ravel())


def test_the_published_matrix_gives_the_values_of_caret(oracles: dict[str, Any]) -> None:
    published = oracles["published_confusion_matrix"]
    counts = np.array(published["rows_true_glioma_mening_notumor_pituitary"])
    assert summaries.kappa(counts) == pytest.approx(published["kappa"], abs=1e-11)
    assert summaries.mcc(counts) == pytest.approx(published["mcc"], abs=1e-11)
    assert summaries.macro_f1(counts) == pytest.approx(published["macro_f1"], abs=1e-11)
    assert summaries.weighted_f1(counts) == pytest.approx(published["weighted_f1"], abs=1e-11)
    assert summaries.macro_sensitivity(counts) == pytest.approx(published["balanced_acc"], abs=1e-11)
    f1 = [values["f1"] for values in published["per_class"].values()]
    assert summaries.f1_per_class(counts) == pytest.approx(f1, abs=5.1e-9)


@given(full)
def test_every_summary_agrees_with_sklearn(counts: np.ndarray) -> None:
    reference, predicted = cases_of(counts)
    expected = {
        summaries.macro_sensitivity: metrics.balanced_accuracy_score(reference, predicted),
        summaries.macro_ppv: metrics.precision_score(reference, predicted, average="macro"),
        summaries.macro_f1: metrics.f1_score(reference, predicted, average="macro"),
        summaries.weighted_f1: metrics.f1_score(reference, predicted, average="weighted"),
        summaries.mcc: metrics.matthews_corrcoef(reference, predicted),
        summaries.kappa: metrics.cohen_kappa_score(reference, predicted),
    }
    for summary, value in expected.items():
        assert float(summary(counts)) == pytest.approx(value, abs=1e-12)


@given(full)
def test_exchanging_reference_and_prediction(counts: np.ndarray) -> None:
    swapped = counts.T
    assert summaries.macro_sensitivity(counts) == pytest.approx(summaries.macro_ppv(swapped))
    for symmetric in (summaries.mcc, summaries.kappa, summaries.macro_f1):
        assert symmetric(counts) == pytest.approx(symmetric(swapped), abs=1e-12)


@given(full, st.permutations(range(3)))
def test_renaming_classes_changes_no_summary(counts: np.ndarray, order: list[int]) -> None:
    renamed = counts[np.ix_(order, order)]
    for summary in OVER_ALL:
        assert summary(renamed) == pytest.approx(summary(counts), abs=1e-12)


@given(hnp.arrays(np.int64, (5, 3, 3), elements=st.integers(0, 6)))
def test_a_stack_of_matrices_gives_the_value_of_each(stack: np.ndarray) -> None:
    for summary in OVER_ALL:
        np.testing.assert_array_equal(summary(stack), [summary(counts) for counts in stack])


@given(hnp.arrays(np.int64, (3, 3), elements=st.integers(0, 1_000_000)))
def test_summaries_stay_in_their_range_or_are_undefined(counts: np.ndarray) -> None:
    assume(counts.sum() > 0)
    for summary in OVER_ALL:
        value = float(summary(counts))
        assert np.isnan(value) or -1 <= value <= 1


def test_an_empty_class_leaves_averages_over_classes_undefined_but_not_the_weighted_one() -> None:
    counts = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
    assert np.isnan(summaries.macro_sensitivity(counts))
    assert np.isnan(summaries.macro_f1(counts))
    assert summaries.weighted_f1(counts) == pytest.approx((2 * 8 / 19 + 2 * 9 / 21) / 2)


def test_a_class_never_predicted_has_f1_zero_and_no_ppv() -> None:
    counts = np.array([[8, 0], [3, 0]])
    assert summaries.f1_per_class(counts)[1] == 0
    assert np.isnan(summaries.ppv_per_class(counts)[1])
    assert np.isnan(summaries.mcc(counts))
    assert summaries.kappa(counts) == 0


def test_one_class_only_leaves_kappa_undefined() -> None:
    assert np.isnan(summaries.kappa(np.array([[8, 0], [0, 0]])))


def test_perfect_and_reversed_predictions_are_one_and_minus_one() -> None:
    assert summaries.mcc(np.array([[3, 0], [0, 7]])) == pytest.approx(1, abs=1e-15)
    assert summaries.mcc(np.array([[0, 3], [7, 0]])) == pytest.approx(-1, abs=1e-15)


@given(st.lists(st.integers(1, 100_000), min_size=2, max_size=6))
def test_without_an_error_mcc_is_1(support: list[int]) -> None:
    assert float(summaries.mcc(np.diag(support))) == 1.0
