import numpy as np
import pytest

from neuroval.analysis.readers.against_reference import as_ratings, corrected, corrected_rates, readers_against
from neuroval.data.exceptions import InputError

REFERENCE = np.array([0, 0, 0, 1, 1, 1, 2, 2])
PREDICTED = np.array([0, 0, 1, 1, 1, 2, 2, 2])  # 6 of 8


def test_each_reader_beside_the_model_on_the_cases_that_he_read() -> None:
    """Counted by hand. Ann reads six, five rightly; of these the model has four. Bob reads none."""
    ann = np.array([0, 0, 0, 1, 0, 1, -1, -1])
    table = np.stack([ann, np.full(8, -1)], axis=1)
    (rates,) = readers_against(table, REFERENCE, PREDICTED, readers=("ann", "bob"))
    assert (rates.who, rates.n) == ("ann", 6)
    assert (rates.right.plain.count, rates.right.plain.n) == (5, 6)
    assert rates.right.clustered is None
    difference = rates.against_model.difference.plain
    assert difference.value == pytest.approx(1 / 6)
    assert rates.against_model.b.plain.count == 4


def test_cases_of_one_patient_are_allowed_for() -> None:
    table = np.array([0, 0, 0, 1, 0, 1, -1, -1])[:, None]
    groups = np.array(["p", "p", "p", "q", "q", "r", "r", "s"])
    (rates,) = readers_against(table, REFERENCE, PREDICTED, readers=("ann",), groups=groups)
    assert rates.right.clustered is not None
    assert (rates.right.clustered.count, rates.right.clustered.n) == (5, 6)


def test_corrected_labels_give_a_range_where_cases_are_open() -> None:
    """By hand: row 2 becomes right, row 0 wrong; row 5 is open, row 7 cannot be used: 5 or 6 of 7 right."""
    open_rows, out = np.zeros(8, dtype=np.bool_), np.zeros(8, dtype=np.bool_)
    open_rows[5], out[7] = True, True
    told = corrected(PREDICTED, REFERENCE, {2: 1, 0: 2, 1: 0}, open_rows=open_rows, left_out=out)
    assert (told.n, told.changed, told.left_out, told.open) == (7, 2, 1, 1)
    assert (told.before.plain.count, told.before.plain.n) == (6, 8)
    assert (told.least.plain.count, told.most.plain.count) == (5, 6)
    assert told.least.plain.n == told.most.plain.n == 7


def test_rates_of_a_question_with_corrected_labels_are_a_range() -> None:
    """By hand: row 2 is none after all, row 3 has it; row 4, called, and row 5, not called, are open; row 7 is out."""
    called = np.array([1, 1, 1, 0, 1, 0, 0, 0], dtype=np.bool_)
    labelled = np.array([1, 1, 1, 0, 1, 1, 0, 0], dtype=np.bool_)
    open_rows, out = np.zeros(8, dtype=np.bool_), np.zeros(8, dtype=np.bool_)
    open_rows[[4, 5]], out[7] = True, True
    sensitivity, specificity = corrected_rates(called, labelled, {2: False, 3: True}, open_rows=open_rows, left_out=out)
    parts = [
        [(part.plain.count, part.plain.n) for part in (rate.before, rate.least, rate.most)]
        for rate in (sensitivity, specificity)
    ]
    # Least: 0 and 1 found, 3 and 5 missed; 6 cleared, 2 and 4 false alarms. Most: 4 found too; 5 cleared too.
    assert parts == [[(4, 5), (2, 4), (3, 4)], [(3, 3), (1, 3), (2, 3)]]


def test_classes_become_numbers() -> None:
    table = as_ratings(
        {("b", "ann"): "y", ("a", "bob"): "x", ("a", "ann"): "gone", ("z", "ann"): "x"},
        cases=("a", "b"),
        readers=("ann", "bob"),
        classes=("x", "y"),
    )
    assert table.tolist() == [[-1, 0], [1, -1]]


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(InputError, match="do not fit 8 labels"):
        readers_against(np.zeros((7, 1), dtype=np.int64), REFERENCE, PREDICTED, readers=("ann",))
