import numpy as np
import pandas as pd
import pytest

from neuroval.data.dataset.intake import Intake, Missing, Unused, _median_of_others, crowded_ids, from_document


@pytest.mark.parametrize(
    ("ids", "crowded"),
    [
        (["k\u00fcl\u00f6n"] * 24, ["k\u00fcl\u00f6n"]),  # a word for "not known" of any language
        (["0"] * 40 + ["P1", "P1", "P2"], ["0"]),
        (["9999999"] * 30 + [f"P{number % 15}" for number in range(30)], ["9999999"]),
        (["P1"] * 10 + ["P2"] * 10, []),
        (["P1"] * 20 + [f"P{number}" for number in range(2, 20) for _ in range(2)], []),
        (["P1"] * 2, []),
        ([None] * 40, []),
    ],
)
def test_an_id_that_stands_in_most_rows_is_said(ids: list[str | None], crowded: list[str]) -> None:
    notes = crowded_ids(pd.Series(ids, dtype="str"))
    assert len(notes) == len(crowded)
    for note, written in zip(notes, crowded, strict=True):
        assert note.startswith(f"patient_id {written!r} stands in {ids.count(written)} of {len(ids)} rows")


def test_the_median_of_the_others_is_that_of_the_others() -> None:
    rng = np.random.default_rng(4)
    for number in (*range(1, 9), 40, 41):
        counts = np.sort(rng.integers(1, 30, number))[::-1]
        others = [np.delete(counts, place) for place in range(number)]
        expected = [float(np.median(rest)) if len(rest) else 0.0 for rest in others]
        np.testing.assert_array_equal(_median_of_others(counts), expected)


def test_a_study_keeps_all_of_it() -> None:
    intake = Intake(
        unit="image",
        read=7,
        unused=(Unused(reason="a link that leads nowhere", count=2, names=("a", "b")),),
        missing=(Missing(column="patient_id", count=3, n=7, written=("NA",)),),
        kept=("label",),
        ignored={"age": "no column that a study keeps"},
        notes=("no image of glioma",),
    )
    assert from_document(intake.to_document()) == intake
