"""Recorded columns as levels: bins of ages and numbers, sizes, the order in which a clinic asks."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.performance.subgroup_columns import column, column_names
from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import GradCams, Study, write_study
from neuroval.data.study.manifest import About, DataFacts, Manifest


@pytest.fixture
def manifest() -> Manifest:
    classes = ClassOrder(names=("glioma", "notumor"), negative="notumor")
    return Manifest(about=About(name="small", title="Small"), classes=classes, data=DataFacts(name="drawn"))


@pytest.fixture
def predictions() -> pd.DataFrame:
    return pd.DataFrame({"case_id": ["c2", "c3"], "prob_glioma": [0.9, 0.2], "prob_notumor": [0.1, 0.8]})


@pytest.fixture
def cases() -> pd.DataFrame:
    ids = [f"c{place}" for place in range(6)]
    splits = ["train", "train", "test", "test", "train", "train"]
    return pd.DataFrame({"case_id": ids, "split": splits, "label": "glioma", "group_id": ids})


@pytest.fixture
def write(tmp_path: Path, predictions: pd.DataFrame) -> Callable[..., Study]:
    def write_with(**parts: Any) -> Study:
        return write_study(tmp_path / "study", **{"predictions": predictions, **parts})

    return write_with


@pytest.fixture
def study(write: Callable[..., Study], cases: pd.DataFrame, manifest: Manifest) -> Study:
    masks = np.zeros((2, 56, 56), dtype=np.uint8)
    masks[1, 10:20, 30:40] = 1
    gradcam = GradCams(
        case_ids=pd.Index(["c2", "c3"]),
        maps=np.ones((2, 2, 3, 5), dtype=np.float16),
        masks=masks,
        has_mask=np.array([False, True]),
    )
    further = {
        "dose": [0.5, 1.5, None, 2.5, 3.5, 9.0],
        "patient_age": [3, 17, 18, 59, 60, 91],
        "sex": ["F", "M", "F", None, "M", "F"],
    }
    sizes = {"width": [256, 256, 512, 512, None, 256], "height": [256, 256, 512, 512, None, 256]}
    named = replace(manifest, data=replace(manifest.data, columns=tuple(sorted(further))))
    table = cases.assign(**further, **sizes, site=["b", "a", "a", "b", "c", None])
    return write(cases=table, manifest=named, gradcam=gradcam)


def shown(study: Study, name: str) -> list[str | None]:
    part = column(study, name, rows=np.arange(len(study.cases)))
    return [None if code < 0 else part.levels[code] for code in part.codes.tolist()]


def test_what_a_clinic_asks_for_comes_first(study: Study) -> None:
    assert column_names(study) == ("sex", "patient_age", "site", "tumour_size", "dose", "image_size")


def test_text_and_few_numbers_are_levels_themselves(study: Study) -> None:
    assert shown(study, "sex") == ["F", "M", "F", None, "M", "F"]
    assert shown(study, "dose") == ["0.5", "1.5", None, "2.5", "3.5", "9"]
    assert shown(study, "image_size") == ["256 x 256", "256 x 256", "512 x 512", "512 x 512", None, "256 x 256"]


def test_ages_and_many_numbers_are_put_into_bins(
    write: Callable[..., Study], cases: pd.DataFrame, manifest: Manifest
) -> None:
    ids = [f"x{place:02}" for place in range(14)]
    more = pd.DataFrame({"case_id": ids, "split": "train", "label": "glioma", "group_id": ids})
    table = pd.concat([cases, more], ignore_index=True).sort_values("case_id", ignore_index=True)
    table["age"] = [0, 17, 18, 39, 40, 59, 60, 79, 80, 99, *range(20, 30)]
    table["te"] = np.arange(20) * 10.0
    named = replace(manifest, data=replace(manifest.data, columns=("age", "te")))
    study = write(cases=table, manifest=named)
    ages = shown(study, "age")
    assert ages[:10] == [
        *("0 to 17", "0 to 17", "18 to 39", "18 to 39", "40 to 59", "40 to 59", "60 to 79", "60 to 79"),
        *("80 and over", "80 and over"),
    ]
    assert pd.Series(shown(study, "te")).value_counts(sort=False).to_dict() == {
        "up to 40": 5,
        "above 40 to 90": 5,
        "above 90 to 140": 5,
        "above 140": 5,
    }


def test_tumour_size_is_of_the_cases_with_an_outline(study: Study) -> None:
    sizes = shown(study, "tumour_size")
    assert [size is None for size in sizes] == [True, True, True, False, True, True]


def test_a_column_that_is_not_recorded_is_refused(study: Study) -> None:
    with pytest.raises(InputError, match=r"no column 'scanner' is recorded; there are \['sex'"):
        column(study, "scanner", rows=np.arange(6))
