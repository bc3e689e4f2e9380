"""Further columns of the cases: named in the manifest, typed, of few values; which an import keeps."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from neuroval.data.exceptions import ContractError, InputError
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.folder import Study, read_study
from neuroval.data.study.import_predictions import study_of_predictions
from neuroval.data.study.manifest import DataFacts, Manifest, to_document

HEAD = "label,prob_a,prob_b,sex,Age,field strength,accession,remark,patient name\n"
ROWS = "".join(
    f"{'ab'[row % 2]},0.5,0.5,{'FM'[row % 2]},{40 + row % 5:03}Y,{3 if row % 3 else 1.5},{row},text {row},P{row % 3}\n"
    for row in range(20)
)


def imported(tmp_path: Path, content: str = HEAD + ROWS, **options: Any) -> Study:
    file = tmp_path / "predictions.csv"
    file.write_text(content, encoding="utf-8")
    return study_of_predictions(file, out=tmp_path / "study", **options)


def test_columns_of_few_values_and_numbers_are_kept_and_typed(tmp_path: Path) -> None:
    study = imported(tmp_path)
    assert study.manifest.data.columns == ("Age", "field strength", "sex")
    assert study.cases["Age"].dtype == "int64"
    assert sorted(study.cases["Age"].unique()) == [40, 41, 42, 43, 44]
    assert sorted(study.cases["field strength"].unique()) == [1.5, 3.0]
    ignored = study.manifest.provenance["intake"]["ignored"]
    assert ignored["remark"] == "holds text that hardly repeats; --keep takes it"
    assert ignored["accession"] == "may name a person; --keep takes it"
    assert ignored["patient name"] == "may name a person; --keep takes it"
    assert read_study(study.path).fingerprint == study.fingerprint


def test_keep_names_what_is_kept(tmp_path: Path) -> None:
    study = imported(tmp_path, keep=["SEX", "accession"])
    assert study.manifest.data.columns == ("accession", "sex")
    assert study.manifest.provenance["intake"]["ignored"]["Age"] == "not named by --keep"
    assert imported(tmp_path, keep=[]).manifest.data.columns == ()


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--keep names 'scanner', which is no further column; found \\['sex'"):
        imported(tmp_path, keep=["scanner"])


def test_text_of_many_values_is_never_kept(tmp_path: Path) -> None:
    rows = "".join(f"{'ab'[row % 2]},0.5,0.5,name {row % 60}\n" for row in range(600))
    content = f"label,prob_a,prob_b,ward\n{rows}"
    assert "60 different texts" in imported(tmp_path, content).manifest.provenance["intake"]["ignored"]["ward"]
    with pytest.raises(InputError, match="cannot be kept: it holds 60 different texts"):
        imported(tmp_path, content, keep=["ward"])


def test_the_fingerprint_covers_further_columns(tmp_path: Path) -> None:
    other = HEAD + ROWS.replace(",F,", ",M,", 1)
    assert imported(tmp_path).fingerprint != imported(tmp_path, other).fingerprint


def test_a_study_without_them_keeps_its_document(manifest: Manifest) -> None:
    assert "columns" not in to_document(manifest)["data"]
    criterion = Acceptance(metric="accuracy", at_least=0.9)
    (written,) = to_document(replace(manifest, acceptance=(criterion,)))["acceptance"]
    assert written == {"metric": "accuracy", "at_least": 0.9, "bound": "low"}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("split",), "'split', which is the name of something else"),
        (("prob_x",), "is the name of something else"),
        (("a,b",), "without commas"),
        (("sex", "sex"), "'sex' twice"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(columns: tuple[str, ...], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        DataFacts(name="drawn", columns=columns)


def test_the_contract_says_what_is_wrong(write: Callable[..., Study], cases: pd.DataFrame, manifest: Manifest) -> None:
    named = replace(manifest, data=DataFacts(name="drawn", columns=("sex",)))
    with pytest.raises(ContractError, match="column 'sex', named under \\[data\\] columns, is missing"):
        write(manifest=named)
    with pytest.raises(ContractError, match="unknown column 'sex'"):
        write(cases=cases.assign(sex="F"))
    with pytest.raises(ContractError, match="column 'sex' has type bool, expected text or numbers"):
        write(cases=cases.assign(sex=True), manifest=named)
    many = pd.concat([cases.assign(case_id=cases["case_id"] + str(part)) for part in range(10)], ignore_index=True)
    many["sex"] = [str(row) for row in range(60)]
    with pytest.raises(ContractError, match="column 'sex' has 60 different texts; expected up to 50"):
        write(cases=pd.concat([cases.assign(sex=None), many]), manifest=named)


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ({"subgroup": {"site": "north"}, "each": ("sex",)}, "names a subgroup and each level"),
        ({"each": ("a", "b", "c")}, "expected up to two"),
        ({"each": ("a", "a")}, "expected up to two"),
        ({"subgroup": {"age": 3}}, "the subgroup age is 3; expected a text"),
        ({"metric": "any_tumour.need", "each": ("site",)}, "is of a trial"),
    ],
)
def test_a_criterion_on_subgroups_that_cannot_be_is_refused(criterion: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        Acceptance(**{"metric": "any_tumour.sensitivity", "at_least": 0.9, **criterion})
