"""Similar training cases of a study, and cases of any split as the study lists them."""

from pathlib import Path

import numpy as np
import pytest

from neuroval.dashboard.cases.any_case import listed_case
from neuroval.dashboard.cases.similar_cases import lookalikes
from neuroval.data.study.folder import Study, read_study


@pytest.fixture
def study(dashboard_home: Path) -> Study:
    return read_study(dashboard_home / "studies" / "copies")


def test_only_training_cases_are_found_nearest_first(study: Study) -> None:
    found = lookalikes(study, judged=study.predictions["case_id"])
    assert found is not None
    like = found.nearest_to(f"{24:016x}", number=3)
    assert like is not None
    assert [one.case_id for one in like] == [f"{number:016x}" for number in (19, 18, 17)]
    assert like[0].distance == pytest.approx(5 / 14)  # of 20 distances, 5 to 24, the lower of the middle two is 14


def test_a_training_case_is_not_its_own_lookalike(study: Study) -> None:
    found = lookalikes(study, judged=study.predictions["case_id"])
    assert found is not None
    like = found.nearest_to(f"{0:016x}", number=2)
    assert like is not None
    assert [one.case_id for one in like] == [f"{1:016x}", f"{2:016x}"]
    assert found.nearest_to("nobody", number=2) is None


def test_without_embeddings_there_are_none(dashboard_home: Path) -> None:
    study = read_study(dashboard_home / "studies" / "normal")
    assert lookalikes(study, judged=study.predictions["case_id"]) is None


def test_near_another_scan_only_evaluated_cases_are_found(study: Study) -> None:
    found = lookalikes(study, judged=study.predictions["case_id"])
    assert found is not None
    like = found.near(np.array([21.4, 0.0]), number=3)
    assert like is not None
    assert [one.case_id for one in like] == [f"{number:016x}" for number in (21, 22, 20)]
    assert found.near(np.zeros(3), number=3) is None


def test_a_case_of_any_split_is_listed(study: Study, dashboard_home: Path) -> None:
    case = listed_case(study, f"{3:016x}")
    assert case is not None
    assert (case.label, case.facts["split"], case.group_size) == ("pituitary", "train", 2)
    assert "plane" not in case.facts
    assert (case.out_of_fold, case.out_of_fold_class) == (None, None)
    assert listed_case(study, "nobody") is None
    folded = listed_case(read_study(dashboard_home / "studies" / "folded"), f"{0:016x}")
    assert folded is not None
    assert folded.out_of_fold_class == "meningioma"
