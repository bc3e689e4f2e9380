"""Cases without a result: the table of a study that holds them, and what it refuses."""

import pandas as pd
import pytest

from neuroval.data.exceptions import ContractError
from neuroval.data.study.contract import check_no_result

CASES = pd.DataFrame({"case_id": ["a", "b", "c", "d"], "split": ["test", "test", "tuning", "train"]})
PREDICTIONS = pd.DataFrame({"case_id": ["a"]})


def check(case_ids: list[str], reasons: list[str]) -> list[int]:
    table = pd.DataFrame({"case_id": case_ids, "reason": reasons})
    return check_no_result(table, CASES, PREDICTIONS).tolist()


def test_the_rows_of_the_cases_are_returned() -> None:
    assert check(["b", "c"], ["motion", "time out"]) == [1, 2]


@pytest.mark.parametrize(
    ("case_ids", "reasons", "message"),
    [
        (["x"], ["motion"], "'case_id', row 0 is 'x'; expected a case_id of cases.parquet"),
        (["d"], ["motion"], "row 0 is 'train'; expected a case of split"),
        (["a"], ["motion"], "row 0 is 'a'; expected a case without a prediction"),
        (["b"], [" "], "'reason', row 0 is ' '; expected why there is no result"),
        (["b", "b"], ["motion", "motion"], "expected each case once"),
    ],
)
def test_what_contradicts_the_study_is_refused(case_ids: list[str], reasons: list[str], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check(case_ids, reasons)
