import pandas as pd
import pytest

from neuroval.analysis.data_audit.id_forms import IdForms, forms_of_ids


def of(train: list[str | None], test: list[str | None]) -> IdForms:
    cases = pd.DataFrame({"split": ["train"] * len(train) + ["test"] * len(test), "patient_id": [*train, *test]})
    return forms_of_ids(cases)


@pytest.mark.parametrize(
    "written", ["007", "7.0", "7.", "7,0", "P7", "p7", "P007", "P-7", "p_7", "Patient 7", "sub-07", "7\u00a0", "\uff17"]
)
def test_forms_of_one_id_are_alike(written: str) -> None:
    found = of(["7", "8"], [written, "9"])
    assert found.alike == (tuple(sorted(("7", written))),)
    assert (found.across, found.n) == (1, 2)


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("12", "\u0661\u0662"),
        ("100000", "1e5"),
        ("100000", "1E+05"),
        ("1000", "1,000"),
        ("1234567", "1,234,567.0"),
        ("2020-01-07", "2020-01-07 00:00:00"),
        ("2020-01-07", "2020-01-07T00:00:00.000Z"),
    ],
)
def test_digits_powers_thousands_and_midnight_are_form(plain: str, written: str) -> None:
    assert [set(forms) for forms in of([plain], [written]).alike] == [{plain, written}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("7", "70"),
        ("1-23", "12-3"),
        ("P7", "Q7"),
        ("7.5", "75"),
        ("A1", "B1"),
        ("10", "1"),
        ("0", ""),
        ("1", "1,000"),
        ("12e4", "12"),
    ],
)
def test_other_ids_are_not(one: str, other: str) -> None:
    assert of([one], [other]).alike == ()


def test_accents_and_capitals_are_form() -> None:
    assert of(["Z\u00fc-1"], ["zu\u0308-01"]).alike == (("Z\u00fc-1", "zu\u0308-01"),)


def test_forms_within_one_split_hide_nothing_from_the_other() -> None:
    found = of(["7", "007"], ["8", None])
    assert (found.alike, found.across, found.n) == ((("007", "7"),), 0, 2)


def test_the_same_form_on_both_sides_is_a_shared_patient_and_no_matter_of_form() -> None:
    assert of(["7"], ["7"]).alike == ()


def test_ids_that_lost_digits_are_named() -> None:
    assert of(["7.20576E+17", "7"], ["7,2E+17", "E12", "7.2E1"]).powers == ("7,2E+17", "7.20576E+17")


def test_floats_beyond_what_they_hold_exactly_have_lost_digits_too() -> None:
    assert of(["9007199254740993.0", "9007199254740991.0"], ["9007199254740993", "7.0"]).powers == (
        "9007199254740993.0",
    )
