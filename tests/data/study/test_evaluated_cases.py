from collections.abc import Callable

import pandas as pd
import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.study.evaluated_cases import evaluated, evaluated_splits
from neuroval.data.study.folder import Study


def test_rows_agree_and_are_in_order_of_case_id(write: Callable[..., Study]) -> None:
    found = evaluated(write())
    assert found.cases["case_id"].tolist() == ["b2", "t1", "t2"]
    assert found.reference.tolist() == [0, 1, 1]
    assert found.probabilities.tolist() == [[0.9, 0.1], [0.5, 0.5], [0.95, 0.05]]
    assert found.cases["group_id"].tolist() == ["a1", "t1", "t1"]
    assert (found.n, found.basis) == (3, "test")
    assert not found.reference.flags.writeable
    assert not found.probabilities.flags.writeable


def test_only_cases_with_a_prediction_count(write: Callable[..., Study], predictions: pd.DataFrame) -> None:
    study = write(predictions=predictions[predictions["case_id"] != "t1"])
    assert evaluated(study).cases["case_id"].tolist() == ["b2", "t2"]
    assert evaluated_splits(study) == {"tuning": 1, "test": 2}


def test_a_split_without_predictions_names_those_that_have(write: Callable[..., Study]) -> None:
    with pytest.raises(
        InputError, match=r"split 'external' has no predictions; evaluated are: tuning \(1 cases\), test \(3 cases\)"
    ):
        evaluated(write(), "external")
