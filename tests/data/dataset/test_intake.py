import pandas as pd
import pytest

from neuroval.data.dataset.intake import crowded_ids


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
