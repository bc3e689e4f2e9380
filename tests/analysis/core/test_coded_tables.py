"""Every analysis of the cases table gives the same with numbers in the place of names."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.core.coded_tables import class_codes, coded, levels
from neuroval.analysis.data_audit.composition import describe
from neuroval.analysis.data_audit.confounders import confounding
from neuroval.analysis.data_audit.image_contents import describe_images
from neuroval.analysis.data_audit.leak_steps import without_leaks
from neuroval.analysis.data_audit.training_overlap import compared_with_training, leakage, shown_images
from neuroval.analysis.data_audit.twins import twins_across

CLASSES = ("glioma", "meningioma", "notumor")
PAIRS = pd.DataFrame({"case_a": ["c00", "c03", "c10"], "case_b": ["c40", "c33", "c11"], "kind": "exact", "score": 1.0})


@pytest.fixture
def cases() -> pd.DataFrame:
    rng, n = np.random.default_rng(4), 60
    patient = rng.integers(12, size=n)
    known = rng.random(n) < 0.7
    table = pd.DataFrame(
        {
            "case_id": [f"c{number:02d}" for number in range(n)],
            "split": rng.choice(["train", "tuning", "test"], size=n),
            "label": rng.choice(CLASSES, size=n),
            "group_id": [f"g{number}" for number in patient],
            "patient_id": pd.Series([f"P{number}" for number in patient]).where(known),
            "plane": "axial",
            "source": pd.Series(rng.choice(["a", "b"], size=n)).where(rng.random(n) < 0.9),
            "site": None,
            "width": 224,
            "height": rng.choice([224, 256], size=n),
            "file_format": rng.choice(["PNG", "JPEG"], size=n),
            "file_bytes": rng.integers(100, size=n),
            "mean_intensity": rng.random(n),
            "sd_intensity": rng.random(n),
            "sha256": [f"h{number}" for number in rng.integers(50, size=n)],
            "phash": None,
        }
    )
    text = ("patient_id", "source", "site", "phash")
    return table.astype(dict.fromkeys(text, "str"))


def as_values(found: Any) -> Any:
    if dataclasses.is_dataclass(found):
        return {field.name: as_values(getattr(found, field.name)) for field in dataclasses.fields(found)}
    if isinstance(found, (tuple, list)):
        return [as_values(one) for one in found]
    return found.tolist() if isinstance(found, np.ndarray) else found


@pytest.mark.parametrize(
    "of",
    [
        lambda cases: describe(cases, classes=CLASSES, pairs=PAIRS),
        lambda cases: describe_images(cases, classes=CLASSES),
        lambda cases: leakage(cases, classes=CLASSES, pairs=PAIRS),
        lambda cases: without_leaks(cases, classes=CLASSES, pairs=PAIRS),
        lambda cases: confounding(cases, negative="notumor"),
        lambda cases: twins_across(cases, PAIRS, split="test", against=("train", "tuning")),
        lambda cases: compared_with_training(cases, split="test"),
    ],
)
def test_numbers_in_the_place_of_names_change_nothing(cases: pd.DataFrame, of: Any) -> None:
    assert as_values(of(coded(cases))) == as_values(of(cases))


def test_images_that_are_known_already_change_nothing(cases: pd.DataFrame) -> None:
    images = shown_images(cases, PAIRS)
    for of in (describe, leakage, without_leaks):
        assert as_values(of(cases, classes=CLASSES, images=images, pairs=PAIRS)) == as_values(
            of(cases, classes=CLASSES, pairs=PAIRS)
        )


def test_levels_are_sorted_and_a_missing_value_can_have_a_name() -> None:
    values = pd.Series(["b", None, "a", "b"])
    assert [*map(list, levels(values))] == [["a", "b"], [1, -1, 0, 1]]
    assert [*map(list, levels(values, missing="unknown"))] == [["a", "b", "unknown"], [1, 2, 0, 1]]


def test_a_label_that_is_no_class_has_no_number() -> None:
    assert class_codes(pd.Series(["b", "x", None, "a"]), ["a", "b"]).tolist() == [1, -1, -1, 0]
