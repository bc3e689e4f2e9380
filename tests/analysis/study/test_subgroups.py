"""A subgroup that the averages hide is the first finding; criteria on subgroups; hand counts of the shipped study."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.study.results import Results, results_of
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import SHIPPED_STUDIES
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.evaluated_cases import out_of_fold
from neuroval.data.study.folder import read_study, write_study
from neuroval.data.study.import_predictions import study_of_predictions

CELLS = [(site, sex) for site in ("east", "north", "south", "west") for sex in "FM"]
RATES = (0.83, 0.85, 0.45, 0.88, 0.84, 0.86, 0.87, 0.83)
EACH = 150  # scans of a cell


@pytest.fixture
def planted(tmp_path: Path) -> Callable[..., Results]:
    """1,200 cases of four sites and two sexes, one cell (or, not crossed, one site) with an accuracy of 0.45."""

    def make(*, crossed: bool = True, slices: int = 1, criteria: Sequence[Acceptance] = ()) -> Results:
        rng, rows = np.random.default_rng(5), []
        for (site, sex), rate in zip(CELLS, RATES, strict=True):
            accuracy = 0.45 if site == "north" and not crossed else rate
            wrong = rng.permutation(EACH) < round(EACH * (1 - accuracy))
            for place, is_wrong in enumerate(wrong.tolist()):
                sick = place % 2
                called = sick != is_wrong
                person = f"{site}-{sex}-{place // slices}"
                rows.append(("sick" if sick else "well", 0.9 if called else 0.1, site, sex, 20 + place % 60, person))
        table = pd.DataFrame(rows, columns=["label", "prob_sick", "site", "sex", "age", "patient_id"])
        table["prob_well"] = 1 - table["prob_sick"]
        table.to_parquet(tmp_path / "predictions.parquet")
        study = study_of_predictions(tmp_path / "predictions.parquet", out=tmp_path / "study", negative="well")
        if criteria:
            manifest = replace(study.manifest, acceptance=tuple(criteria), files={})
            study = write_study(
                tmp_path / "judged", manifest=manifest, cases=study.cases, predictions=study.predictions
            )
        return results_of(study)

    return make


@pytest.mark.parametrize("slices", [1, 3])
def test_the_planted_cell_is_the_first_finding(planted: Callable[..., Results], slices: int) -> None:
    first = planted(slices=slices).findings[0]
    assert (first.code, first.severity) == ("subgroup_worse", "critical")
    assert dict(zip(first.facts["by"], first.facts["values"], strict=True)) == {"site": "north", "sex": "F"}


@pytest.mark.parametrize("slices", [1, 3])
def test_the_planted_site_is_the_first_finding(planted: Callable[..., Results], slices: int) -> None:
    first = planted(crossed=False, slices=slices).findings[0]
    assert (first.code, first.severity) == ("subgroup_worse", "critical")
    assert dict(zip(first.facts["by"], first.facts["values"], strict=True)) == {"site": "north"}


def test_a_table_is_computed_once_and_an_unknown_column_refused(planted: Callable[..., Results]) -> None:
    results = planted()
    assert results.subgroups.columns == ("sex", "age", "site")
    assert results.subgroups.by(("site", "sex")) is results.subgroups.by(("site", "sex"))
    with pytest.raises(InputError, match="no column 'scanner' is recorded"):
        results.subgroups.by(("scanner",))


def test_a_subgroup_is_found_by_its_name(planted: Callable[..., Results]) -> None:
    results = planted()
    assert results.subgroups.named("site=north&sex=F") == (("site", "sex"), ("north", "F"))
    assert results.subgroups.cases_of("site=north&sex=F").sum() == EACH
    assert results.subgroups.cases_of("site=north").sum() == 2 * EACH
    for name in ("", "site", "site=nowhere", "site=north&sex=X", "label=sick"):
        assert results.subgroups.named(name) is None


def test_criteria_name_a_subgroup_or_each_level(planted: Callable[..., Results]) -> None:
    results = planted(
        criteria=[
            Acceptance(metric="accuracy", at_least=0.7),
            Acceptance(metric="accuracy", at_least=0.7, subgroup={"site": "north", "sex": "F"}),
            Acceptance(metric="accuracy", at_least=0.7, subgroup={"site": "south"}),
            Acceptance(metric="accuracy", at_least=0.7, each=("site", "sex")),
            Acceptance(metric="accuracy", at_least=0.7, each=("scanner",)),
            Acceptance(metric="accuracy", at_least=0.7, subgroup={"site": "nowhere"}),
        ]
    )
    whole, cell, south, each, scanner, nowhere = results.criteria
    assert [criterion.met for criterion in results.criteria] == [True, False, True, False, None, None]
    assert cell.on_all.estimate.count == round(0.45 * EACH) or cell.on_all.estimate.n == EACH
    assert each.decisive.values == cell.decisive.values == ("north", "F")
    assert south.on_all.estimate.n == 2 * EACH
    assert scanner.on_all.reason == Reason("not_recorded")
    assert nowhere.on_all.reason == Reason("no_cases")
    assert whole.decisive.values == ()
    codes = [finding.code for finding in results.findings]
    assert codes[:2] == ["subgroup_worse", "subgroup_misses_criterion"]


def test_criteria_survive_the_study_file(planted: Callable[..., Results]) -> None:
    asked = (
        Acceptance(metric="accuracy", at_least=0.7, subgroup={"site": "north"}),
        Acceptance(metric="accuracy", at_least=0.7, each=("site", "sex")),
    )
    assert read_study(planted(criteria=asked).study.path).manifest.acceptance == asked


def rates(results: Results, column: str) -> dict[str, tuple[Any, ...]]:
    table = results.subgroups.by((column,))
    keys = ("any_tumour.sensitivity", "any_tumour.specificity")
    return {
        level.values[0]: tuple((n.count, n.n) for n in (level.numbers[key].rate.plain for key in keys))
        for level in table.levels
    }


@pytest.mark.parametrize("column", ["source", "plane"])
def test_the_rates_of_the_shipped_study_agree_with_a_count_by_hand(column: str) -> None:
    study = read_study(SHIPPED_STUDIES / "brain-tumor-mri")
    pooled = out_of_fold(study)
    assert pooled is not None
    results = replace(results_of(study), evaluated=pooled)  # out-of-fold predictions are evaluated cases like others
    table = pooled.cases
    names = list(study.classes.names)
    called = table[[f"prob_{name}" for name in names]].to_numpy().argmax(axis=1) != names.index("notumor")
    tumour = (table["label"] != "notumor").to_numpy()
    for name, shown in rates(results, column).items():
        there = (table[column] == name).to_numpy()
        for (count, n), among, right in zip(shown, (tumour, ~tumour), (called, ~called), strict=True):
            expected = int((there & among).sum())
            assert n == expected
            assert count is None or count == int((there & among & right).sum())


def test_where_training_shares_cases_the_subgroups_of_the_folds_count_too() -> None:
    study = read_study(SHIPPED_STUDIES / "brain-tumor-mri")
    asked = Acceptance(metric="any_tumour.sensitivity", at_least=0.9, each=("plane",))
    judged = replace(study, manifest=replace(study.manifest, acceptance=(asked,)))
    (on_test,), (on_new,) = (results_of(judged, basis=basis).criteria for basis in ("test", "new-patients"))
    by_plane = results_of(study, basis="new-patients").subgroups.by(("plane",)).levels
    lows = {level.values: level.numbers["any_tumour.sensitivity"].rate.headline.low or 0.0 for level in by_plane}
    assert on_test.unleaked is not None
    for on_folds in (on_test.unleaked, on_new.on_all):
        assert on_folds.basis == "folds"
        assert on_folds.values == min(lows, key=lows.__getitem__)
        assert on_folds.estimate.low == pytest.approx(min(lows.values()))
