from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from neuroval.data.exceptions import ContractError
from neuroval.data.study.folder import Study


def with_value(table: pd.DataFrame, row: int, column: str, value: Any) -> pd.DataFrame:
    changed = table.copy()
    changed.loc[row, column] = value
    return changed


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (4, "case_id", "b2", "cases.parquet: column 'case_id', row 4 is 'b2'; expected each case once (1 such row)."),
        (1, "split", "validation", "cases.parquet: column 'split', row 1 is 'validation'; expected one of ['train',"),
        (2, "label", "Glioma", "cases.parquet: column 'label', row 2 is 'Glioma'; expected one of ['glioma', 'not"),
        (0, "label", None, "cases.parquet: column 'label', row 0 is empty; expected string."),
        (3, "image_path", "/etc/passwd", "cases.parquet: column 'image_path', row 3 is '/etc/passwd'; expected a path"),
        (3, "image_path", "a/../../b", "cases.parquet: column 'image_path', row 3 is 'a/../../b'; expected a path in"),
    ],
)
def test_a_wrong_case_is_named(
    write: Callable[..., Study], cases: pd.DataFrame, row: int, column: str, value: Any, message: str
) -> None:
    with pytest.raises(ContractError) as caught:
        write(cases=with_value(cases, row, column, value))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (1, "case_id", "b1", "predictions.parquet: column 'case_id', row 1 is 'b1'; expected each case once"),
        (3, "case_id", "zz", "predictions.parquet: column 'case_id', row 3 is 'zz'; expected a case_id of cases.parq"),
        (0, "case_id", "a1", "predictions.parquet: column 'case_id', row 0 is 'train'; expected a case of split"),
        (2, "prob_glioma", np.nan, "predictions.parquet: column 'prob_glioma', row 2 is empty; expected double."),
        (2, "prob_glioma", np.inf, "predictions.parquet: column 'prob_glioma', row 2 is inf; expected a finite number"),
        (2, "prob_glioma", -0.1, "predictions.parquet: column 'prob_glioma', row 2 is -0.1; expected a probability"),
        (
            2,
            "prob_glioma",
            0.52,
            "predictions.parquet: column 'prob_*', row 2 is 1.02; expected a sum of 1 within 0.01",
        ),
    ],
)
def test_a_wrong_prediction_is_named(
    write: Callable[..., Study], predictions: pd.DataFrame, row: int, column: str, value: Any, message: str
) -> None:
    with pytest.raises(ContractError) as caught:
        write(predictions=with_value(predictions, row, column, value))
    assert message in str(caught.value)


def test_a_missing_column_is_named(write: Callable[..., Study], predictions: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match=r"predictions\.parquet: column 'prob_notumor' is missing; found"):
        write(predictions=predictions.drop(columns="prob_notumor"))


def test_an_unknown_column_is_named(write: Callable[..., Study], predictions: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match=r"predictions\.parquet: unknown column 'prob_meningioma'"):
        write(predictions=predictions.assign(prob_meningioma=0.0))


def test_a_column_of_the_wrong_type_is_named(write: Callable[..., Study], predictions: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match=r"column 'prob_glioma' has type .*, expected double"):
        write(predictions=predictions.assign(prob_glioma=["a", "b", "c", "d"]))


def test_a_small_deviation_of_the_sum_is_kept_as_given(write: Callable[..., Study], predictions: pd.DataFrame) -> None:
    study = write(predictions=with_value(predictions, 2, "prob_glioma", 0.505))
    assert study.predictions["prob_glioma"].iloc[2] == 0.505


def test_a_study_without_cases_or_predictions_is_refused(
    write: Callable[..., Study], cases: pd.DataFrame, predictions: pd.DataFrame
) -> None:
    with pytest.raises(ContractError, match=r"cases\.parquet: no rows"):
        write(cases=cases.iloc[:0], predictions=predictions.iloc[:0])
    with pytest.raises(ContractError, match=r"predictions\.parquet: no rows"):
        write(predictions=predictions.iloc[:0])


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (("t1", "zz", "exact", 1.0), "column 'case_b', row 0 is 'zz'; expected a case_id of cases.parquet"),
        (("t1", "t2", "similar", 1.0), "column 'kind', row 0 is 'similar'; expected one of ['exact'"),
        (("t1", "t1", "exact", 1.0), "column 'case_b', row 0 is 't1'; expected another case than case_a"),
    ],
)
def test_a_wrong_pair_is_named(write: Callable[..., Study], pair: tuple[Any, ...], message: str) -> None:
    pairs = pd.DataFrame([pair], columns=["case_a", "case_b", "kind", "score"])
    with pytest.raises(ContractError) as caught:
        write(optional={"pairs": pairs})
    assert message in str(caught.value)


def test_an_unknown_run_is_named(write: Callable[..., Study]) -> None:
    numbers = ["loss", "accuracy", "tuning_loss", "tuning_accuracy", "learning_rate"]
    history = pd.DataFrame({"run": ["finale"], "epoch": [1]} | dict.fromkeys(numbers, 0.5))
    with pytest.raises(ContractError, match=r"history\.parquet: column 'run', row 0 is 'finale'"):
        write(optional={"history": history})


def test_a_group_on_both_sides_of_a_split_is_no_error(write: Callable[..., Study]) -> None:
    study = write()
    assert study.cases.groupby("group_id")["split"].nunique().max() == 2
