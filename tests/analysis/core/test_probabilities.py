import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.core.probabilities import assign_bins, group_numbers, read_predictions
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor")
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.4, 0.4, 0.2], [0.25, 0.25, 0.5]])
REFERENCE = np.array([0, 2, 1, 0])
unit = st.lists(st.integers(0, 40).map(lambda i: i / 40), max_size=60)


def test_cases_are_read_by_argmax_with_ties_for_the_lower_index() -> None:
    cases = read_predictions(REFERENCE, PROBABILITIES, classes=CLASSES, negative="notumor")
    assert (cases.n, cases.k, cases.negative) == (4, 3, 2)
    assert cases.predicted.tolist() == [0, 2, 0, 2]
    assert cases.confidence.tolist() == [0.7, 0.8, 0.4, 0.5]
    assert cases.correct.tolist() == [True, True, False, False]
    assert cases.tumour.tolist() == [True, False, True, True]
    assert cases.missed.tolist() == [False, False, False, True]
    assert cases.any_tumour_probability == pytest.approx([0.9, 0.2, 0.8, 0.5])


def test_without_a_negative_class_there_is_no_question_of_any_tumour() -> None:
    cases = read_predictions(REFERENCE, PROBABILITIES, classes=CLASSES)
    assert (cases.negative, cases.tumour, cases.missed, cases.any_tumour_probability) == (None, None, None, None)


def test_nothing_is_renormalised_and_the_arrays_given_stay_writeable() -> None:
    given_values = PROBABILITIES * 0.995
    cases = read_predictions(REFERENCE, given_values, classes=CLASSES, negative="notumor")
    assert np.array_equal(cases.probabilities, given_values)
    assert cases.any_tumour_probability[0] == 1 - 0.1 * 0.995
    assert given_values.flags.writeable
    assert not any(
        values.flags.writeable for values in (cases.reference, cases.probabilities, cases.predicted, cases.confidence)
    )


def test_single_precision_is_compared_in_double_precision() -> None:
    single = np.array([[0.9, 0.05, 0.05]], dtype=np.float32)
    cases = read_predictions(np.array([0], dtype=np.int8), single, classes=CLASSES)
    assert cases.confidence[0] == float(np.float32(0.9)) < 0.9
    assert cases.reference.dtype == np.int64


def test_no_cases_can_be_read() -> None:
    cases = read_predictions(np.zeros(0, dtype=int), np.zeros((0, 3)), classes=CLASSES, negative="notumor")
    assert (cases.n, len(cases.correct), len(cases.missed)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("reference", "probabilities", "negative", "said"),
    [
        (REFERENCE[:3], PROBABILITIES, None, r"found \(3,\) and \(4, 3\)"),
        (REFERENCE, PROBABILITIES[:, :2], None, r"probabilities \(n, 3\)"),
        (REFERENCE, PROBABILITIES[:, 0], None, r"and \(4,\)"),
        (REFERENCE.astype(float), PROBABILITIES, None, "reference: expected class indices, found float64"),
        (np.array([0, 3, 1, 0]), PROBABILITIES, None, "index 3 of case 1 .* must be 0 to 2"),
        (np.array([0, 2, -1, 0]), PROBABILITIES, None, "index -1 of case 2"),
        (REFERENCE, PROBABILITIES + np.array([[0], [0], [0.7], [0]]), None, "of case 2 .* must lie in"),
        (REFERENCE, PROBABILITIES - np.array([[0], [0.2], [0], [0]]), None, "of case 1 "),
        (REFERENCE, np.where(PROBABILITIES == 0.5, np.nan, PROBABILITIES), None, "nan.* of case 3 "),
        (REFERENCE, PROBABILITIES, "none", "negative: 'none' is not a class"),
    ],
)
def test_input_that_cannot_be_used_is_refused(
    reference: np.ndarray, probabilities: np.ndarray, negative: str | None, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read_predictions(reference, probabilities, classes=CLASSES, negative=negative)


def test_groups_become_numbers() -> None:
    assert group_numbers(None, n=3) is None
    assert group_numbers(pd.Series(["b", "a", "b"]), n=3).tolist() == [0, 1, 0]
    with pytest.raises(InputError, match="found 1 ids for 3 cases"):
        group_numbers(np.array(["a"]), n=3)


def test_equal_width_bins_are_closed_above_and_the_first_holds_zero() -> None:
    values = np.array([0.0, 0.1, 0.1000001, 0.3, 0.6, 0.7, 0.9, 0.95, 1.0])
    bin_of, edges = assign_bins(values, bins=10)
    assert bin_of.tolist() == [0, 0, 1, 2, 5, 6, 8, 9, 9]
    assert edges.tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]


def test_equal_mass_bins_without_equal_values_differ_by_one_case_at_most() -> None:
    values = np.random.default_rng(1).random(100)
    bin_of, edges = assign_bins(values, bins=15, scheme="equal-mass")
    assert set(np.bincount(bin_of).tolist()) == {6, 7}
    for index in range(15):
        own = values[bin_of == index]
        assert edges[index] <= own.min()
        assert own.max() < edges[index + 1]
    even, _ = assign_bins(values[:90], bins=15, scheme="equal-mass")
    assert (np.bincount(even) == 6).all()


def test_equal_values_stay_in_one_bin_of_equal_mass() -> None:
    values = np.array([0.1, 0.5, 0.5, 0.5, 0.5, 0.9])
    bin_of, edges = assign_bins(values, bins=3, scheme="equal-mass")
    assert bin_of.tolist() == [0, 0, 0, 0, 0, 2]  # one value is smaller than 0.5: floor(1 * 3 / 6) = 0
    assert edges.tolist() == [0, 0.9, 0.9, 1]
    every, edges = assign_bins(np.ones(4), bins=3, scheme="equal-mass")
    assert every.tolist() == [0, 0, 0, 0]
    assert edges.tolist() == [0, 1, 1, 1]


@given(unit, st.integers(1, 20))
def test_a_bin_of_equal_mass_follows_from_the_number_of_smaller_values(values: list[float], bins: int) -> None:
    array = np.array(values)
    bin_of, edges = assign_bins(array, bins=bins, scheme="equal-mass")
    assert bin_of.tolist() == [int((array < value).sum()) * bins // len(array) for value in array]
    assert edges.shape == (bins + 1,)
    assert (np.diff(edges) >= 0).all()


@given(unit, st.integers(1, 20))
def test_a_value_lies_within_the_edges_of_its_bin_of_equal_width(values: list[float], bins: int) -> None:
    array = np.array(values)
    bin_of, edges = assign_bins(array, bins=bins)
    assert ((edges[bin_of] < array) | (bin_of == 0)).all()
    assert (array <= edges[bin_of + 1]).all()


def test_bins_that_cannot_be_made_are_refused() -> None:
    with pytest.raises(InputError, match="bins: 0 must be 1 or more"):
        assign_bins(np.array([0.5]), bins=0)
    with pytest.raises(InputError, match="scheme: 'quantile' is not known"):
        assign_bins(np.array([0.5]), scheme="quantile")
