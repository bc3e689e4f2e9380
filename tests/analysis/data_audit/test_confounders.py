import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.data_audit.confounders import Level, confounding


def cases_of(*strata: tuple[str | None, int, int], slices: int = 1, **columns: object) -> pd.DataFrame:
    """Cases by source: with and without a tumour; ``slices`` cases of each patient follow each other."""
    rows = [
        (source, label)
        for source, tumour, none in strata
        for label, number in (("glioma", tumour), ("notumor", none))
        for _ in range(number)
    ]
    table = pd.DataFrame(rows, columns=["source", "label"])
    table["group_id"] = [f"g{number // slices}" for number in range(len(table))]
    for name in ("site", "plane", "file_format", "width", "height"):
        table[name] = columns.get(name)
    return table


def test_sources_that_hold_one_answer_give_it_away() -> None:
    (found,) = confounding(cases_of(("a", 60, 0), ("b", 0, 30), ("c", 6, 4)), negative="notumor")
    assert found.factor == "source"
    assert (found.share.count, found.share.n, found.share.value) == (90, 100, 0.9)
    assert found.accuracy == pytest.approx(0.96)
    assert found.base_rate == pytest.approx(0.66)
    assert found.explained == pytest.approx(30 / 34)
    assert found.levels[0] == Level(name="a", tumour=60, no_tumour=0, pure=True)
    assert [level.pure for level in found.levels] == [True, True, False]


def test_one_case_of_the_other_answer_is_not_pure_and_still_explains() -> None:
    (found,) = confounding(cases_of(("a", 60, 1), ("b", 1, 60)), negative="notumor")
    assert found.share.value == 0
    assert found.explained == pytest.approx(59 / 61)


def test_a_small_level_is_not_pure() -> None:
    (found,) = confounding(cases_of(("a", 19, 0), ("b", 30, 40)), negative="notumor")
    assert found.share.count == 0


def test_slices_of_few_patients_are_pure_by_chance() -> None:
    strata = (("a", 0, 30), ("b", 50, 50))
    assert confounding(cases_of(*strata), negative="notumor")[0].share.count == 30
    assert confounding(cases_of(*strata, slices=10), negative="notumor")[0].share.count == 0


@pytest.mark.parametrize(("patients", "pure"), [(6, 0), (7, 28)])
def test_chance_is_the_share_to_the_power_of_the_patients(patients: int, pure: int) -> None:
    """Half of all have a tumour: six patients of one answer come by chance in 1.6 of 100, seven in 0.8."""
    alone = 4 * patients
    strata = (("a", 0, alone), ("b", 20 + alone, 20))
    assert confounding(cases_of(*strata, slices=4), negative="notumor")[0].share.count == pure


def test_a_frequent_answer_is_pure_by_chance() -> None:
    (found,) = confounding(cases_of(("a", 100, 0), ("b", 880, 20)), negative="notumor")
    assert found.share.count == 0


def test_unknown_values_are_left_out() -> None:
    (found,) = confounding(cases_of(("a", 60, 0), ("b", 0, 30), (None, 50, 50)), negative="notumor")
    assert (found.share.count, found.share.n) == (90, 90)


def test_size_and_other_factors_are_looked_at() -> None:
    cases = cases_of((None, 40, 40))
    known = cases["label"] == "glioma"
    cases = cases.assign(
        width=np.where(known, 512.0, 224.0), height=224.0, site=np.where(known, "x", "y"), plane="axial"
    )
    found = {one.factor: one for one in confounding(cases, negative="notumor")}
    assert list(found) == ["site", "size"]
    assert [level.name for level in found["size"].levels] == ["224 x 224", "512 x 224"]
    assert found["size"].share.value == 1


def test_without_the_question_there_is_nothing_to_confound() -> None:
    cases = cases_of(("a", 60, 0), ("b", 0, 30))
    assert confounding(cases, negative=None) == ()
    assert confounding(cases.iloc[:0], negative="notumor") == ()
    assert confounding(cases_of(("a", 60, 0), ("b", 30, 0)), negative="notumor") == ()


def test_the_order_of_rows_does_not_matter() -> None:
    cases = cases_of(("a", 60, 0), ("b", 0, 30), ("c", 6, 4))
    shuffled = cases.sample(frac=1, random_state=1)
    assert confounding(shuffled, negative="notumor") == confounding(cases, negative="notumor")
